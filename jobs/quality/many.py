"""What is judged once in Spark, before silver: rules that need many rows and still decide single rows, and row rules that Polars reads differently."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce

from great_expectations.exceptions import GreatExpectationsError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.outage import AGAIN, Outage, lost
from jobs.platform.settings import Settings
from jobs.quality.conditions import failing, inside
from jobs.quality.keys import countable
from jobs.quality.keys_in_spark import count_keys
from jobs.quality.measures import RuleMeasure
from jobs.quality.plugins import load
from jobs.quality.rules import Rule, columns_of
from jobs.quality.vocabulary import AGAINST_THE_OTHERS, KEYS, ORDERED, SQL
from jobs.quality.words import message_of
from jobs.tables.bronze import judged_rows, read
from jobs.tables.states import ROW, content, critical

BESIDE = ORDERED | AGAINST_THE_OTHERS | {SQL}
MOST = 10_000  # more repeated keys than this are no longer single bad rows: the delivery is held


def in_spark(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules whose failing rows this module finds; what is only for information counts rows and marks none."""
    return tuple(rule for rule in rules if rule.severity != "info" and (rule.scope == "rows" or (rule.scope == "row" and rule.unfused is not None)))


@dataclass(frozen=True)
class JudgedInSpark:
    """`held`: delivery → reason to hold it. `keys`: delivery → rule over a key → its counts, which Great Expectations need not take again."""

    held: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, Mapping[str, RuleMeasure]] = field(default_factory=dict)

    def __add__(self, other: JudgedInSpark) -> JudgedInSpark:
        return JudgedInSpark({**self.held, **other.held}, {**self.keys, **other.keys})


def judge_in_spark(
    spark: SparkSession, ledger: Ledger, contract: Contract, rules: Sequence[Rule], deliveries: Sequence[str], landed: Mapping[str, Mapping[str, RuleMeasure]] | None = None
) -> JudgedInSpark:
    """Write the failing rows of these deliveries into ops.rejections; a delivery with too many repeated keys gets a reason to hold it instead.

    `landed`: delivery → the keys that landing has counted. Raises LakeError naming a rule that Spark cannot judge, Outage where a server has gone.
    """
    if asked := in_spark(rules):
        load(ledger.settings.root)
    overs = countable(rules)
    keys = {delivery: found for delivery, found in (landed or {}).items() if {rule.id for rule in overs} <= set(found)}
    with _named(contract, overs[0] if overs else None):
        keys |= count_keys(judged_rows(read(spark, ledger.settings, contract), deliveries), overs, [delivery for delivery in deliveries if delivery not in keys])
    held: dict[str, str] = {}
    for rule in asked:
        left = [d for d in deliveries if d not in held and (rule not in overs or keys[d][rule.id].shared)]
        with _named(contract, rule):
            held |= _judge(spark, ledger, contract, rule, left) if left else {}
    return JudgedInSpark(held, keys)


@contextmanager
def _named(contract: Contract, rule: Rule | None) -> Iterator[None]:
    """What goes wrong inside is said of the rule: a query or a plugin may be wrong in its own ways."""
    try:
        yield
    except (PySparkException, GreatExpectationsError, LookupError, ValueError) as problem:
        if lost(str(problem)) or rule is None:
            raise Outage("the store or Spark went away while rows were judged", AGAIN) from None
        raise LakeError(f"{rule.id} cannot be judged: {_first_line(problem, contract, rule)}", "mend the expectation, then run check again") from None


def _judge(spark: SparkSession, ledger: Ledger, contract: Contract, rule: Rule, deliveries: Sequence[str]) -> dict[str, str]:
    found = found_in(judged_rows(read(spark, ledger.settings, contract), deliveries), contract, rule, deliveries)
    few = found.limit(MOST + 1).toArrow().to_pylist()
    if len(few) <= MOST:
        if few:
            ledger.merge("rejections", [_facts(contract, rule) | {"delivery": r["_delivery"], "record": r["_record"], "part": r["_part"]} for r in few])
        return {}
    crowded = _crowded(found) if rule.type in KEYS and rule.severity == "critical" else {}
    _write(contract, rule, found.where(~F.col("_delivery").isin(list(crowded))) if crowded else found)
    return crowded


def _facts(contract: Contract, rule: Rule) -> dict[str, str]:
    return {"dataset": contract.dataset, "rule": rule.id, "severity": rule.severity, "column": ", ".join(columns_of(rule)), "message": message_of(rule)}


def _first_line(problem: Exception, contract: Contract, rule: Rule) -> str:
    """Spark's words hold the value it stumbled over; nobody needs to read it where the column is personal."""
    return type(problem).__name__ if contract.personal_columns & set(columns_of(rule)) or (rule.type == SQL and contract.personal) else str(problem).splitlines()[0][:300]


def found_in(rows: DataFrame, contract: Contract, rule: Rule, deliveries: Sequence[str]) -> DataFrame:
    """The failing ones of `rows`, as `ROW`. What a row means beside the others of its delivery is asked of one delivery at a time."""
    if rule.type in KEYS:
        return repeated(rows, contract, rule).select(*ROW)
    if rule.type in BESIDE:
        parts = [_beside(rows.sparkSession, rows.where(F.col("_delivery") == delivery), rule).select(*ROW) for delivery in deliveries]
        return reduce(DataFrame.unionByName, parts) if parts else rows.where("false").select(*ROW)
    return failing(rows, rule).select(*ROW)


def _beside(spark: SparkSession, rows: DataFrame, rule: Rule) -> DataFrame:
    if rule.type == SQL:
        return by_query(spark, rows, rule).distinct()
    return failing(in_order(rows) if rule.type in ORDERED else rows, rule)


def in_order(rows: DataFrame) -> DataFrame:
    """As the file had them, in one piece: Great Expectations looks at the row before without saying which that is."""
    return rows.orderBy("_record", "_part").coalesce(1)


def by_query(spark: SparkSession, rows: DataFrame, rule: Rule) -> DataFrame:
    """The rows a query finds wrong. It reads the delivery as {batch}, as in Great Expectations."""
    view = f"batch_{uuid.uuid4().hex}"
    rows.createOrReplaceTempView(view)
    return spark.sql(str(rule.kwargs["unexpected_rows_query"]).rstrip("; \n\t").format(batch=view))


def repeated(rows: DataFrame, contract: Contract, rule: Rule) -> DataFrame:
    """Rows without a critical rejection whose key repeats inside their delivery with different content.

    Rows that repeat in every column are no violation: conform makes them duplicates of one survivor.
    """
    key = Window.partitionBy("_delivery", *columns_of(rule))
    valid = inside(rows, rule).where(~critical())
    for name in columns_of(rule):
        valid = valid.where(F.col(name).isNotNull())
    marked = valid.withColumn("_content", content(contract))
    return marked.withColumn("_differs", F.min("_content").over(key) != F.max("_content").over(key)).where("_differs")


def rejected_in_spark(spark: SparkSession, settings: Settings, contract: Contract, deliveries: Sequence[str]) -> dict[str, int]:
    """Delivery → rows with a critical rejection of this module and none of landing."""
    found = spark.table("ops.rejections").where((F.col("dataset") == contract.dataset) & F.col("delivery").isin(list(deliveries)) & (F.col("severity") == "critical"))
    rows = found.select(F.col("delivery").alias("_delivery"), F.col("record").alias("_record"), F.col("part").cast("int").alias("_part")).distinct()
    clean = judged_rows(read(spark, settings, contract), deliveries).where(~critical()).select(*ROW)
    return {row["_delivery"]: row["count"] for row in rows.join(clean, list(ROW), "left_semi").groupBy("_delivery").count().collect()}


def _crowded(found: DataFrame) -> dict[str, str]:
    reason = f"more than {MOST:,} rows repeat a key with different content: the key or the dump is wrong"
    return {row["_delivery"]: reason for row in found.groupBy("_delivery").count().where(F.col("count") > MOST).collect()}


def _write(contract: Contract, rule: Rule, found: DataFrame) -> None:
    """Merged by key, so that a repeated run writes nothing new; the rows never leave Spark."""
    row = [F.col("_delivery").alias("delivery"), F.col("_record").alias("record"), F.col("_part").cast("bigint").alias("part")]
    rows = found.select(*row, *[F.lit(value).alias(name) for name, value in _facts(contract, rule).items()]).alias("s")
    keys = [F.col(f"rejections.{name}") == F.col(f"s.{name}") for name in ("delivery", "record", "part", "rule")]
    same = reduce(lambda a, b: a & b, keys, F.col("rejections.dataset") == F.lit(contract.dataset))
    rows.mergeInto("ops.rejections", same).whenNotMatched().insertAll().merge()
