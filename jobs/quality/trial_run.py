"""Rules on trial, run over deliveries that are in bronze: what they would have rejected, and which deliveries they would have held."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pyarrow as pa
from great_expectations.exceptions import GreatExpectationsError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.outage import AGAIN, Outage, lost
from jobs.platform.settings import Settings, load_settings
from jobs.quality.compile import MASK, fused, judge
from jobs.quality.conditions import conditions, inside
from jobs.quality.many import found_in, repeated
from jobs.quality.measures import SAMPLES, Measures
from jobs.quality.parameters import parameters
from jobs.quality.plugins import load
from jobs.quality.rules import Rule, columns_of, on_trial
from jobs.quality.trial import ENGINE, Tried, known, words, would_hold
from jobs.quality.validate import validate
from jobs.quality.vocabulary import KEYS
from jobs.readers.values import polars_type
from jobs.tables.bronze import judged_rows, read
from jobs.tables.states import ROW, critical

COUNTS = "delivery string, rule string, evaluated bigint, unexpected bigint, newly bigint, sample array<struct<record: bigint, value: string>>, problem string"
REJECTED = "_rejected"


def run(spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule], first: str | None = None, last: str | None = None) -> list[dict[str, Any]]:
    """Try the rules on trial on the landed and held deliveries of the periods from `first` to `last`. Returns, and merges into ops.trials, a row a rule and delivery.

    Raises LakeError where no rule is on trial or nothing has landed, Outage where a server has gone.
    """
    ledger, asked = Ledger(settings), on_trial(rules)
    if not asked:
        raise LakeError(f"{contract.dataset} has no rule on trial", f"put `meta: {{status: trial}}` to a rule in expectations/{contract.department}/{contract.name}.yaml")
    rows = {row["delivery"]: row for row in ledger.deliveries(contract.dataset) if row["outcome"] in ("landed", "held") and _within(row["period"], first, last)}
    if not rows:
        raise LakeError(f"nothing of {contract.dataset} has landed from {first or 'the first period'} to {last or 'the last'}", f"./lake status {contract.dataset} shows what there is")
    now = dt.datetime.now(dt.UTC)
    load(settings.root)
    found = [_row(contract, tried, rows[tried.delivery], now) for tried in try_out(spark, ledger, contract, asked, list(rows.values()))]
    ledger.merge("trials", found)
    return found


def _within(period: str, first: str | None, last: str | None) -> bool:
    """`last` may be the beginning of a period's name: to 2025 is to the end of 2025."""
    return (first is None or period >= first) and (last is None or period[: len(last)] <= last)


def try_out(spark: SparkSession, ledger: Ledger, contract: Contract, rules: Sequence[Rule], files: Sequence[Mapping[str, Any]]) -> list[Tried]:
    """Each rule on each delivery (`files`: of ops.deliveries), in the rules' order. Row rules go through the expressions that landing would use, in one pass over bronze."""
    native, deliveries = fused(rules), [row["delivery"] for row in files]
    rows = judged_rows(read(spark, ledger.settings, contract), deliveries).withColumn(REJECTED, critical())
    found = {(t.delivery, t.rule.id): t for t in (_natively(rows, contract, native) if native else ())}
    for rule in rules:
        if rule not in native:
            found |= {(t.delivery, t.rule.id): t for t in _in_spark(rows, ledger, contract, rule, files)}
    nothing = {rule.id: Tried("", rule, 0, 0, 0, True) for rule in rules}  # no row of the delivery could be read
    return [found.get((d, rule.id), replace(nothing[rule.id], delivery=d)) for rule in rules for d in deliveries]


def _natively(rows: DataFrame, contract: Contract, rules: Sequence[Rule]) -> list[Tried]:
    names = [c.name for c in contract.columns]
    parts = rows.select("_delivery", "_record", REJECTED, *names).mapInArrow(_judging(contract, rules), COUNTS)
    few = F.slice(F.array_sort(F.flatten(F.collect_list("sample"))), 1, SAMPLES).alias("sample")
    totals = parts.groupBy("delivery", "rule").agg(*[F.sum(name).alias(name) for name in ("evaluated", "unexpected", "newly")], few, F.max("problem").alias("problem"))
    by_id = {rule.id: rule for rule in rules}
    return [_tried(by_id[row["rule"]], row) for row in totals.toArrow().to_pylist()]


def _tried(rule: Rule, row: Mapping[str, Any]) -> Tried:
    if row["problem"]:
        return Tried(row["delivery"], rule, problem=row["problem"])
    sample = tuple((s["record"], s["value"]) for s in row["sample"] or ())
    tried = Tried(row["delivery"], rule, row["evaluated"], row["unexpected"], row["newly"], None, None, sample)
    return replace(tried, success=tried.share_met >= rule.mostly)


def _judging(contract: Contract, rules: Sequence[Rule]) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    kinds, personal = {column.name: polars_type(column) for column in contract.columns}, contract.personal_columns

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            frame = pl.DataFrame(pa.Table.from_batches([batch])).cast(kinds)  # type: ignore[arg-type]
            said = [counts_of(part, rule, personal) | {"delivery": str(name)} for (name,), part in frame.group_by("_delivery", maintain_order=True) for rule in rules]
            yield from pa.Table.from_pylist(said, schema=ANSWER).to_batches()

    return task


ANSWER = pa.schema([
    ("delivery", pa.string()), ("rule", pa.string()), ("evaluated", pa.int64()), ("unexpected", pa.int64()), ("newly", pa.int64()),
    ("sample", pa.list_(pa.struct([("record", pa.int64()), ("value", pa.string())]))), ("problem", pa.string()),
])  # fmt: skip


def counts_of(frame: pl.DataFrame, rule: Rule, personal: frozenset[str]) -> dict[str, Any]:
    """Of one rule on rows of one delivery: what `_rejected` rows and others it would reject, the first few of them masked where the column is personal."""
    try:
        judged = judge(frame, [replace(rule, severity="critical")], {}, personal)
    except Exception as problem:  # noqa: BLE001 - a rule on trial may be wrong: that is what the trial is for
        return {"rule": rule.id, "evaluated": 0, "unexpected": 0, "newly": 0, "sample": [], "problem": words(problem, personal, rule)}
    measure = judged.measures.rules[rule.id]
    sample = [{"record": record, "value": value if value is None or isinstance(value, str) else " / ".join(map(str, value))} for record, value in measure.samples]
    newly = int((judged.critical & ~frame[REJECTED]).sum())
    return {"rule": rule.id, "evaluated": measure.evaluated, "unexpected": measure.unexpected, "newly": newly, "sample": sample, "problem": None}


def _in_spark(rows: DataFrame, ledger: Ledger, contract: Contract, rule: Rule, files: Sequence[Mapping[str, Any]]) -> list[Tried]:
    deliveries = [row["delivery"] for row in files]
    try:
        return [_whole(rows, contract, rule, row["delivery"], parameters(ledger, contract, [rule], row)) for row in files] if rule.scope == "aggregate" else _by_rows(rows, contract, rule, deliveries)
    except Outage:
        raise
    except (PySparkException, GreatExpectationsError, LakeError, ValueError, TypeError, KeyError) as problem:
        if lost(str(problem)):
            raise Outage("the store or Spark went away while rows were judged", AGAIN) from None
        return [Tried(d, rule, problem=words(problem, contract.personal_columns, rule)) for d in deliveries]


def _whole(rows: DataFrame, contract: Contract, rule: Rule, delivery: str, said: Mapping[str, Any]) -> Tried:
    frame = rows.where(F.col("_delivery") == delivery).select(*[c.name for c in contract.columns])
    (verdict,) = validate(frame, [rule], None, contract.dataset, contract.personal_columns, said).verdicts
    return Tried(delivery, rule, verdict.evaluated, verdict.unexpected, None, verdict.success, verdict.observed)


def _by_rows(rows: DataFrame, contract: Contract, rule: Rule, deliveries: Sequence[str]) -> list[Tried]:
    """In one Spark job for all deliveries."""
    asked, bad = _asked(rows, contract, rule, deliveries)
    marked = asked.select(*ROW, REJECTED, _shown(contract, rule).alias("_value"), F.coalesce(bad, F.lit(False)).alias("_bad"))
    order = Window.partitionBy("_delivery").orderBy(F.desc("_bad"), "_record", "_part")
    few = F.when(F.col("_bad") & (F.col("_n") <= SAMPLES), F.struct(F.col("_record").alias("record"), F.col("_value").alias("value")))
    totals = marked.withColumn("_n", F.row_number().over(order)).groupBy(F.col("_delivery").alias("delivery")).agg(
        F.count(F.lit(1)).alias("evaluated"), F.count_if("_bad").alias("unexpected"), F.count_if(F.col("_bad") & ~F.col(REJECTED)).alias("newly"),
        F.array_sort(F.collect_list(few)).alias("sample"), F.lit(None).cast("string").alias("problem"),
    )  # fmt: skip
    return [_tried(rule, row) for row in totals.toArrow().to_pylist()]


def _asked(rows: DataFrame, contract: Contract, rule: Rule, deliveries: Sequence[str]) -> tuple[DataFrame, Column]:
    """The rows that the rule is asked of, and which of them do not meet it."""
    if rule.scope == "row":
        [(unexpected, asked)] = conditions(rows, [rule])
        return asked, unexpected
    if rule.type not in KEYS:
        load(load_settings().root)
        return rows.join(found_in(rows.drop(REJECTED), contract, rule, deliveries).withColumn("_found", F.lit(True)), list(ROW), "left"), F.col("_found")
    found = repeated(rows, contract, rule).select(*ROW).withColumn("_found", F.lit(True))
    there = inside(rows, rule).where(~critical())
    for name in columns_of(rule):
        there = there.where(F.col(name).isNotNull())
    return there.join(found, list(ROW), "left"), F.col("_found")


def _shown(contract: Contract, rule: Rule) -> Column:
    columns = columns_of(rule)
    if not columns or contract.personal_columns & set(columns):
        return F.lit(MASK)
    return F.concat_ws(" / ", *[F.col(name).cast("string") for name in columns])


def trial_results(spark: SparkSession, ledger: Ledger, contract: Contract, rules: Sequence[Rule], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of ops.checks that decide nothing: what landing counted, and for rules that it did not count what Spark finds. `rows`: of ops.deliveries."""
    told: list[Tried] = []
    for row in rows if rules else ():
        told += known(Measures.from_json(row["measures"]), rules, row["delivery"])
    done = {(t.delivery, t.rule.id) for t in told}
    for rule in rules:
        if left := [row for row in rows if (row["delivery"], rule.id) not in done]:
            told += try_out(spark, ledger, contract, [rule], left)
    now = dt.datetime.now(dt.UTC)
    return [_check(contract, tried, now) for tried in told]


def _check(contract: Contract, tried: Tried, now: dt.datetime) -> dict[str, Any]:
    rule = tried.rule
    return {
        "dataset": contract.dataset, "delivery": tried.delivery, "rule": rule.id, "type": rule.type, "column": ", ".join(columns_of(rule)), "severity": rule.severity,
        "mostly": rule.mostly, "evaluated": tried.evaluated, "unexpected": tried.unexpected, "success": tried.success, "engine": ENGINE, "fingerprint": rule.fingerprint,
        "observed": f"could not be judged: {tried.problem}" if tried.problem else tried.observed, "sample": json.dumps(tried.sample, ensure_ascii=False, default=str), "checked_at": now,
    }  # fmt: skip


def _row(contract: Contract, tried: Tried, row: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    """Of ops.trials."""
    rule, why = tried.rule, would_hold(contract, tried, row)
    return {
        "dataset": contract.dataset, "delivery": tried.delivery, "rule": rule.id, "fingerprint": rule.fingerprint, "period": row["period"], "name": row["name"], "type": rule.type,
        "column": ", ".join(columns_of(rule)), "severity": rule.severity, "evaluated": tried.evaluated, "unexpected": tried.unexpected, "newly": tried.newly,
        "would_hold": why is not None, "why": why, "observed": tried.observed, "sample": json.dumps(tried.sample, ensure_ascii=False, default=str),
        "outcome": "failed" if tried.problem else "judged", "message": tried.problem, "tried_at": now,
    }  # fmt: skip
