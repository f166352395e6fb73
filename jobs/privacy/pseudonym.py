"""Pseudonyms: HMAC-SHA-256 of a key, under a secret of its own for each recipient. What two recipients hold cannot be joined; what one holds can.

A recipient is a product, a group of products that may be joined, or a body outside. Its secrets are 32 random bytes a version, made once, wrapped by
the master key and kept in the key store as the keys of deliveries are (jobs/platform/keyring.py): a copy of the lake without the master key tells
nobody anything. Python workers fetch the secret themselves: neither it nor anything made from it stands in a query, a plan or a log.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from jobs.platform.errors import LakeError
from jobs.platform.keyring import delivery_key
from jobs.platform.secrets import master_key
from jobs.platform.settings import Settings
from jobs.platform.store import keys, s3

FOLDER = "pseudonym"
RECIPIENT = re.compile(r"[a-z][a-z0-9_]{0,62}")


def pseudonym_key(settings: Settings, recipient: str, version: int | None = None) -> bytes:
    """32 bytes: the secret of a recipient, in its current version, which is made where there is none yet.

    `version`: an older one, to read what was given out before a rotation. Raises LakeError for a name that is none, and for a version that never was or was destroyed.
    """
    wanted = current_version(settings, recipient) if version is None else version
    client = s3(settings)
    return delivery_key(client, settings.bucket("keys"), _name(recipient, max(wanted, 1)), master_key(settings), create=version is None and wanted <= 1)


def current_version(settings: Settings, recipient: str) -> int:
    """The newest version of a recipient's secret; 0 before the first."""
    _name(recipient, 0)
    found = (item["Key"].rpartition("/")[2] for item in keys(s3(settings), settings.bucket("keys"), f"{FOLDER}/{recipient}/"))
    return max((int(number) for number in found), default=0)


def rotate(settings: Settings, recipient: str) -> int:
    """Make the next version, which new pseudonyms are made under from now on; older ones stay, until somebody destroys them. Returns its number."""
    number = current_version(settings, recipient) + 1
    delivery_key(s3(settings), settings.bucket("keys"), _name(recipient, number), master_key(settings), create=True)
    return number


def pseudonym(key: bytes, value: str) -> str:
    """64 hexadecimal digits."""
    return hmac.digest(key, value.encode(), "sha256").hex()


def pseudonymise(frame: DataFrame, column: str, settings: Settings, recipient: str, version: int | None = None, into: str | None = None) -> DataFrame:
    """`frame` with the text `column` replaced by its pseudonym for `recipient` (or that in a new last column `into`, the old one kept). Null stays null.

    Lazy; the secret is made here where the recipient has none, and fetched where the rows are. Raises LakeError as `pseudonym_key` does.
    """
    pseudonym_key(settings, recipient, version)
    number = current_version(settings, recipient) if version is None else version
    kinds = [(field.name, field.dataType.simpleString()) for field in frame.schema]
    if into is not None:
        kinds.append((into, "string"))
    return frame.mapInArrow(_replacing(settings, recipient, number, column, into), ", ".join(f"`{name}` {kind}" for name, kind in kinds))


def _replacing(settings: Settings, recipient: str, version: int, column: str, into: str | None) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Runs in a Python worker; carries the name of the secret, never the secret."""

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        key: bytes | None = None
        for batch in batches:
            key = key or pseudonym_key(settings, recipient, version)
            made = pa.array([None if value is None else pseudonym(key, value) for value in batch.column(column).to_pylist()], pa.string())
            yield _with(batch, column, into, made)

    return task


def _with(batch: pa.RecordBatch, column: str, into: str | None, made: pa.Array) -> pa.RecordBatch:
    columns: dict[str, Any] = dict(zip(batch.schema.names, batch.columns, strict=True))
    return pa.RecordBatch.from_pydict(columns | {into or column: made})


def _name(recipient: str, version: int) -> str:
    """Of a secret in the key store."""
    if not RECIPIENT.fullmatch(recipient):
        raise LakeError(f"{recipient!r} is no name of a recipient", "use small letters, digits and _, a letter first")
    return f"{FOLDER}/{recipient}/{version}"
