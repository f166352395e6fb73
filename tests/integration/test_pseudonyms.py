"""Pseudonyms on the stack: two recipients' do not meet, a rotation changes them, a plan never shows the secret."""

from __future__ import annotations

import contextlib
import io
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import emptied
from jobs.privacy.pseudonym import FOLDER, current_version, pseudonym, pseudonym_key, pseudonymise, rotate


@pytest.fixture
def recipient(settings: Settings, store: Any) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:8]}"
    yield name
    emptied(settings, "keys", f"{FOLDER}/{name}")


def test_the_secret_is_made_once_and_lies_wrapped(settings: Settings, store: Any, recipient: str) -> None:
    assert current_version(settings, recipient) == 0
    key = pseudonym_key(settings, recipient)
    assert len(key) == 32 and pseudonym_key(settings, recipient) == key and current_version(settings, recipient) == 1
    assert key not in store.get_object(Bucket=settings.bucket("keys"), Key=f"{FOLDER}/{recipient}/1")["Body"].read()


def test_recipients_do_not_meet_and_rotation_changes_all(spark: SparkSession, settings: Settings, recipient: str) -> None:
    rows = spark.sql("SELECT * FROM VALUES ('a', 1), ('b', 2), (CAST(NULL AS STRING), 3) AS t(resident_key, n)")
    first = pseudonymise(rows, "resident_key", settings, recipient)
    assert {row["n"]: row["resident_key"] for row in first.collect()} == {n: v and pseudonym(pseudonym_key(settings, recipient), v) for n, v in ((1, "a"), (2, "b"), (3, None))}
    both = pseudonymise(pseudonymise(rows, "resident_key", settings, recipient, into="ours"), "resident_key", settings, f"{recipient}_2", into="theirs").where("n < 3").collect()
    assert not {row["ours"] for row in both} & {row["theirs"] for row in both}
    assert rotate(settings, recipient) == 2
    after = {row["resident_key"] for row in pseudonymise(rows, "resident_key", settings, recipient).collect()}
    old = {row["resident_key"] for row in pseudonymise(rows, "resident_key", settings, recipient, version=1).collect()}
    assert after & old == {None} and old == {row["resident_key"] for row in first.collect()}


def test_no_plan_shows_the_secret(spark: SparkSession, settings: Settings, recipient: str) -> None:
    key = pseudonym_key(settings, recipient)
    made = pseudonymise(spark.sql("SELECT 'a' AS resident_key"), "resident_key", settings, recipient)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        made.explain("extended")
    shown = said.getvalue() + repr(made._plan.to_proto(spark.client))  # type: ignore[operator]
    assert "MapInArrow" in said.getvalue() and key.hex() not in shown and repr(key)[2:-1] not in shown
    assert key not in made._plan.to_proto(spark.client).SerializeToString()  # type: ignore[operator]


def test_a_version_that_never_was_is_named(settings: Settings, recipient: str) -> None:
    with pytest.raises(LakeError, match=f"{FOLDER}/{recipient}/7"):
        pseudonym_key(settings, recipient, version=7)
