"""A file goes from the landing zone to typed, judged rows and its row in the ledger: by the code of register and land, in this process and in memory."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from jobs import land, register
from jobs.contracts.model import Contract
from jobs.platform.settings import load_settings
from jobs.quality.implied import rules_of

PERIOD = "2024"


class Objects:
    """An object store that is a dictionary: what register and land ask of one."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], bytes] = {}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self._objects[Bucket, Key] = Body

    def get_object(self, Bucket: str, Key: str, Range: str, IfMatch: str = "") -> dict[str, Any]:
        """`Range`: `bytes=first-last`."""
        first, last = Range.removeprefix("bytes=").split("-")
        return {"Body": io.BytesIO(self._objects[Bucket, Key][int(first) : int(last) + 1])}

    def copy(self, source: dict[str, str], bucket: str, key: str, **_: Any) -> None:
        self._objects[bucket, key] = self._objects[source["Bucket"], source["Key"]]


@dataclass(frozen=True)
class Outcome:
    """`ledger`: the row of ops.deliveries; `frame`: bronze rows in order, none where the file was refused; `raw`: the evidence as it is kept."""

    ledger: dict[str, Any]
    frame: pl.DataFrame
    raw: bytes

    @property
    def critical(self) -> pl.Series:
        return self._severity("critical").list.len().fill_null(0) > 0

    def rules(self, severity: str) -> dict[str, int]:
        """Rule → rows that fail it with this severity."""
        found = self._severity(severity).drop_nulls().explode().drop_nulls().to_list()
        return dict(Counter(rejection["rule"] for rejection in found))

    @property
    def messages(self) -> list[str]:
        return [rejection["message"] for rejections in self.frame["_rejections"].drop_nulls() for rejection in rejections]

    @property
    def source_records(self) -> int:
        """Records that rows came of: of a record that was made into several rows (unpivoted) one; of two sheets each has its own numbers."""
        return self.frame.select("_record", "_part").n_unique()

    def _severity(self, severity: str) -> pl.Series:
        return self.frame.select(pl.col("_rejections").list.filter(pl.element().struct.field("severity") == severity)).to_series()


def deliver(contract: Contract, name: str, data: bytes) -> Outcome:
    """Registered, then landed. Raises whatever is not a known outcome."""
    settings, store, rules = load_settings(), Objects(), rules_of(contract, load_settings().root)
    key = f"{contract.landing}/{PERIOD}/{name}"
    store.put_object(settings.bucket("landing"), key, data)
    file = register.Delivered(key, hashlib.md5(data, usedforsecurity=False).hexdigest(), len(data), PERIOD, name, "2024-01-01T00:00:00+00:00")
    receipt = register._register(settings, store, contract, file)
    frames, results = [], []
    for piece in land._pieces(receipt):
        for frame, facts, _ in land._land_piece(settings, store, contract, rules, contract.personal_columns, piece):
            results.append({"facts": asdict(facts)})
            if frame is not None:
                frames.append(frame)
    facts, _ = land._collect(contract, results, {receipt["delivery"]: receipt})
    [row] = land._rows({receipt["delivery"]: receipt | {"copies": [receipt]}}, facts)
    landed = row["outcome"] == "landed"
    rows = pl.concat(frames).sort("_part", "_record", maintain_order=True) if landed else pl.DataFrame()
    evidence = store.get_object(settings.bucket("raw"), receipt["raw_key"], f"bytes=0-{max(0, len(data) - 1)}")["Body"].read()
    return Outcome(row | {"content": json.loads(row["content"]), "drift": tuple(json.loads(row["drift"]))}, rows, evidence)


def conserved(found: Outcome, contract: Contract) -> None:
    """Law 1: what the independent counter counted = records that rows were made of + declared skips; every row is valid or quarantined."""
    row = found.ledger
    came = found.frame["_record"].n_unique() if contract.reader.unpivot else found.source_records
    assert row["records"] == came + row["skipped_preamble"] + row["skipped_footnotes"] + row["skipped_blank"]
    assert row["rows"] == found.frame.height
    assert row["quarantined"] == int(found.critical.sum())
