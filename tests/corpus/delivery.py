"""A file goes from the landing zone to typed, judged rows and its row in the ledger: by the code that Spark's tasks run in register and land, on the real store."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import polars as pl

from jobs import land, register
from jobs.contracts.model import Contract
from jobs.platform.settings import load_settings
from jobs.platform.store import s3
from jobs.quality.implied import rules_of

PERIOD = "2024"


RUN = f"corpus_{uuid.uuid4().hex[:8]}"  # department and landing folder of this process


@lru_cache(maxsize=1)
def store() -> Any:
    return s3(load_settings())


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
    """Registered, then landed, as a Spark task does it. Raises whatever is not a known outcome."""
    settings, rules = load_settings(), rules_of(contract, load_settings().root)
    mine = replace(contract, department=RUN, landing=f"{RUN}/{contract.name}")
    landing, key = settings.bucket("landing"), f"{mine.landing}/{PERIOD}/{name}"
    tag = store().put_object(Bucket=landing, Key=key, Body=data)["ETag"].strip('"')
    receipt = register._register(settings, store(), mine, register.Delivered(key, tag, len(data), PERIOD, name, "2024-01-01T00:00:00+00:00"))
    kept = {"Bucket": settings.bucket("raw"), "Key": receipt["raw_key"]}
    try:
        frames, results = [], []
        for piece in land._pieces(receipt):
            for frame, facts, _ in land._land_piece(settings, store(), mine, rules, mine.personal_columns, piece):
                results.append({"facts": asdict(facts)})
                if frame is not None:
                    frames.append(frame)
        settled, _ = land._collect(mine, results, {receipt["delivery"]: receipt})
        [row] = land._rows({receipt["delivery"]: receipt | {"copies": [receipt]}}, settled)
        rows = pl.concat(frames).sort("_part", "_record", maintain_order=True) if row["outcome"] == "landed" else pl.DataFrame()
        evidence = store().get_object(**kept)["Body"].read()
    finally:
        store().delete_object(Bucket=landing, Key=key)
        store().delete_object(**kept)
    return Outcome(row | {"content": json.loads(row["content"]), "drift": tuple(json.loads(row["drift"]))}, rows, evidence)


def conserved(found: Outcome, contract: Contract) -> None:
    """Law 1: what the independent counter counted = records that rows were made of + declared skips; every row is valid or quarantined."""
    row = found.ledger
    came = found.frame["_record"].n_unique() if contract.reader.unpivot else found.source_records
    assert row["records"] == came + row["skipped_preamble"] + row["skipped_footnotes"] + row["skipped_blank"]
    assert row["rows"] == found.frame.height
    assert row["quarantined"] == int(found.critical.sum())
