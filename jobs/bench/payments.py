"""The dump that the landing benchmark reads: 8 columns of made-up payments, the same bytes for the same number of rows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Contract
from jobs.quality.implied import rules_of
from jobs.quality.rules import Rule

HERE = Path(__file__).parent
SEED, CHUNK_ROWS = 20240601, 500_000
SPARK_SCHEMA = (
    "payment_id BIGINT, vendor_code STRING, category STRING, amount DECIMAL(12,2), tax_rate DOUBLE, booked_on DATE, paid_at TIMESTAMP, note STRING"
)
POLARS_SCHEMA: dict[str, Any] = {
    "payment_id": pl.Int64, "vendor_code": pl.String, "category": pl.String, "amount": pl.Decimal(12, 2), "tax_rate": pl.Float64, "booked_on": pl.Date,
    "paid_at": pl.Datetime("us"), "note": pl.String,
}  # fmt: skip
FAULTS = 0.0005  # share of rows that each of three rules rejects


def contract(name: str) -> tuple[Contract, tuple[Rule, ...]]:
    """The benchmark's contract as a dataset of its own name, and its ten row rules."""
    loaded = load_contract(contract_path(HERE, "bench.payment"))
    return replace(loaded, name=name, landing=f"bench/{name}"), rules_of(loaded, HERE)


def chunks(rows: int) -> Iterator[bytes]:
    """The CSV, in pieces of CHUNK_ROWS rows; the header comes first."""
    categories = pl.Series(contract("payment")[0].column("category").enum)
    for start in range(0, rows, CHUNK_ROWS):
        sink = io.BytesIO()
        _frame(start, min(rows, start + CHUNK_ROWS), categories).write_csv(sink, include_header=start == 0, datetime_format="%Y-%m-%d %H:%M:%S")
        yield sink.getvalue()


def small_dump(number: int, rows: int) -> bytes:
    """A small CSV of its own: the `number`-th run of `rows` payments, with the header."""
    categories = pl.Series(contract("payment")[0].column("category").enum)
    return _frame(number * rows, (number + 1) * rows, categories).write_csv(datetime_format="%Y-%m-%d %H:%M:%S").encode()


def frame(start: int, end: int) -> pl.DataFrame:
    """Rows [start, end), typed."""
    return _frame(start, end, pl.Series(contract("payment")[0].column("category").enum))


def _frame(start: int, end: int, categories: pl.Series) -> pl.DataFrame:
    dice, count = np.random.default_rng([SEED, start]), end - start
    cents = np.where(dice.random(count) < FAULTS, -100, dice.gamma(1.2, 40_000, count).astype(np.int64))
    day = dice.integers(18_300, 21_500, count)
    seconds = day.astype(np.int64) * 86_400 + dice.integers(0, 86_400, count)
    category = categories.gather(dice.integers(0, len(categories), count).astype(np.uint32))
    columns = {
        "payment_id": np.arange(start, end), "vendor": dice.integers(0, 40_000, count), "category": category, "cents": cents, "tax": dice.integers(0, 20, count),
        "day": day.astype(np.int32), "second": seconds, "kind": dice.integers(0, 1000, count), "street": dice.integers(1, 500, count), "fault": dice.random(count),
    }  # fmt: skip
    return pl.DataFrame(columns).select(
        "payment_id",
        pl.when(pl.col("fault") < FAULTS).then(pl.lit("V?")).otherwise(pl.format("V{}", pl.col("vendor").cast(pl.String).str.zfill(5))).alias("vendor_code"),
        "category", (pl.col("cents") / 100).round(2).cast(pl.Decimal(12, 2)).alias("amount"), (pl.col("tax") / 100).alias("tax_rate"),
        pl.col("day").cast(pl.Date).alias("booked_on"), pl.from_epoch("second").alias("paid_at"), _note().alias("note"),
    )  # fmt: skip


def _note() -> pl.Expr:
    """A text; one in fifty has a comma and so is quoted, one in a hundred is missing."""
    plain, quoted = pl.format("no. {} {}", "street", "category"), pl.format("{}, no. {}", "category", "street")
    faulty = pl.when(pl.col("fault") > 1 - FAULTS).then(pl.lit("test")).otherwise(plain)
    return pl.when(pl.col("kind") < 20).then(quoted).when(pl.col("kind") < 30).then(None).otherwise(faulty)
