"""A recipient's own pseudonyms (jobs/privacy/pseudonym.py): it can join all that it gets, and two recipients together cannot join what they have."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame

from jobs.platform.settings import Settings
from jobs.platform.store import emptied, keys, s3
from jobs.privacy.pseudonym import FOLDER, pseudonym_key, pseudonymise

OUTSIDE = "share_"  # products have pseudonyms of their own; no recipient has theirs, whatever its name


def prepare(settings: Settings, recipient: str) -> None:
    """Make the recipient's secret, where it has none."""
    pseudonym_key(settings, OUTSIDE + recipient)


def destroy(settings: Settings, recipient: str) -> None:
    """Every version of its secret: what was made with it can no longer be made again, by anybody."""
    emptied(settings, "keys", f"{FOLDER}/{OUTSIDE}{recipient}/")


def recipients(settings: Settings) -> set[str]:
    """Those that have a secret."""
    found = (item["Key"].split("/")[1] for item in keys(s3(settings), settings.bucket("keys"), f"{FOLDER}/{OUTSIDE}"))
    return {name.removeprefix(OUTSIDE) for name in found}


def pseudonymised(rows: DataFrame, columns: Sequence[str], settings: Settings, recipient: str) -> DataFrame:
    """The rows with these text columns as the recipient's pseudonyms; what is null stays so."""
    return reduce(lambda frame, column: pseudonymise(frame, column, settings, OUTSIDE + recipient), columns, rows)
