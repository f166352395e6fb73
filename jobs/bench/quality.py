"""`lake bench quality`: landing with 20 row rules and 10 aggregate expectations, against the same job without rules, and against other judges after it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs import check, land, register
from jobs.bench import payments
from jobs.bench.landing import judged_by_gx
from jobs.bench.ours import Dump, delivered, forget, landed, under
from jobs.bench.peak import most_held
from jobs.bench.processor import spent
from jobs.bench.rounds import Contender, Timing, measured
from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import emptied
from jobs.quality.dialect import unfused
from jobs.quality.rules import Rule
from jobs.quality.vocabulary import scope_of
from jobs.tables.bronze import judged_rows, read

COLUMNS = ("payment_id", "vendor_code", "category", "amount", "tax_rate", "booked_on", "paid_at")
ROW: list[tuple[str, dict[str, Any]]] = [
    *[("expect_column_values_to_not_be_null", {"column": name}) for name in COLUMNS],
    ("expect_column_values_to_match_regex", {"column": "vendor_code", "regex": "^V[0-9]{5}$"}), ("expect_column_values_to_not_match_regex", {"column": "note", "regex": "^(test|none)$"}),
    ("expect_column_values_to_match_regex_list", {"column": "note", "regex_list": ["^no", "no[.] [0-9]+$"]}),
    *[("expect_column_values_to_be_between", kwargs) for kwargs in (
        {"column": "amount", "min_value": 0, "max_value": 1000000}, {"column": "tax_rate", "min_value": 0, "max_value": 0.5}, {"column": "booked_on", "min_value": "2020-01-01", "max_value": "2030-01-01"},
        {"column": "paid_at", "min_value": "2020-01-01T00:00:00", "max_value": "2030-01-01T00:00:00"}, {"column": "payment_id", "min_value": 0},
        {"column": "amount", "max_value": 500000, "row_condition": "category = 'parks'"},
    )],
    ("expect_column_values_to_not_be_in_set", {"column": "note", "value_set": ["test", "unknown"]}), ("expect_column_values_to_not_be_in_set", {"column": "category", "value_set": ["other"]}),
    ("expect_column_value_lengths_to_be_between", {"column": "note", "min_value": 5, "max_value": 60}), ("expect_column_value_lengths_to_equal", {"column": "vendor_code", "value": 6}),
]  # fmt: skip
WHOLE: list[tuple[str, dict[str, Any]]] = [
    ("expect_table_row_count_to_be_between", {"min_value": 1}), ("expect_column_max_to_be_between", {"column": "booked_on", "max_value": "2030-01-01"}),
    ("expect_column_min_to_be_between", {"column": "booked_on", "min_value": "2019-01-01"}), ("expect_column_max_to_be_between", {"column": "payment_id", "min_value": 0}),
    ("expect_column_sum_to_be_between", {"column": "amount", "min_value": 0}), ("expect_column_unique_value_count_to_be_between", {"column": "category", "max_value": 12}),
    ("expect_column_distinct_values_to_be_in_set", {"column": "category", "value_set": list(payments.contract("payment")[0].column("category").enum)}),
    ("expect_column_proportion_of_non_null_values_to_be_between", {"column": "note", "min_value": 0.9}), ("expect_column_mean_to_be_between", {"column": "tax_rate", "max_value": 1}),
    ("expect_column_quantile_values_to_be_between", {"column": "tax_rate", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 1]]}}),
]  # fmt: skip
SHARES = (0.01, 1.0)  # of rows that fail, for the peak of memory


def rules(contract: Contract) -> tuple[Rule, ...]:
    """Twenty row rules, then ten about the whole; all of severity warning, so that nothing is held."""
    columns = {column.name: column for column in contract.columns}
    said = enumerate([*ROW, *WHOLE])
    return tuple(Rule(f"{i}:{type_}", type_, kwargs, "warning", scope_of(type_, kwargs, {}), "suite", {}, unfused(type_, kwargs, columns)) for i, (type_, kwargs) in said)


def run(spark: SparkSession, settings: Settings, rows: int, rounds: int, tell: Callable[[str], None]) -> tuple[list[Timing], dict[str, int]]:
    """Ours, then the same without rules, with GX after it, with cuallee after it; and the client's peak of memory by the share of rows that fail. All is removed again."""
    contract, _ = payments.contract(f"quality_{uuid.uuid4().hex[:8]}")
    tell(f"making a dump of {rows:,} rows")
    try:
        dump = delivered(settings, contract, rows)
        asked = rules(contract)
        contenders = [
            _landing("ours", "civiclake: 20 row rules and 10 aggregate expectations", spark, dump, contract, asked), _landing("without_rules", "the same job without a rule", spark, dump, contract, ()),
            _landing("spark_gx", "the same without a rule, then plain GX with the 30", spark, dump, contract, (), lambda frame: judged_by_gx(frame, asked, whole=len(WHOLE))),
            _landing("cuallee", "the same without a rule, then cuallee with 26 of the 30", spark, dump, contract, (), _by_cuallee),
        ]  # fmt: skip
        return measured(contenders, rounds, lambda: spent(settings), tell), {f"{share:.0%}": _peak(spark, dump, contract, share, tell) for share in SHARES}
    finally:
        emptied(settings, "landing", f"{contract.landing}/")


def _landing(name: str, what: str, spark: SparkSession, dump: Dump, contract: Contract, asked: Sequence[Rule], then: Callable[[DataFrame], None] | None = None) -> Contender:
    def run(tag: str) -> Mapping[str, float]:
        mine = under(contract, f"{contract.name}_{name}_{tag}")
        steps = landed(spark, dump.settings, mine, asked, dump.rows)
        if then:
            deliveries = [row["delivery"] for row in Ledger(dump.settings).deliveries(mine.dataset)]
            then(judged_rows(read(spark, dump.settings, mine), deliveries).select(*[c.name for c in mine.columns]))
        return steps

    return Contender(name, what, run, lambda tag: forget(spark, dump.settings, under(contract, f"{contract.name}_{name}_{tag}")))


def _by_cuallee(frame: DataFrame) -> None:
    """What cuallee has of the thirty: it knows no text lengths, no conditions and no list of patterns."""
    try:
        cuallee = import_module("cuallee")
        vars(import_module("cuallee.pyspark_validation"))["spark_connect"] = frame.sparkSession  # where it looks for a session over Connect
    except ModuleNotFoundError:
        raise LakeError("cuallee is not installed", "uv sync --group dev") from None
    asked = cuallee.Check(cuallee.CheckLevel.WARNING, "payments")
    for name in COLUMNS:
        asked = asked.is_complete(name)
    asked = asked.has_pattern("vendor_code", "^V[0-9]{5}$").is_between("amount", (0, 1000000)).is_between("tax_rate", (0.0, 0.5)).is_between("payment_id", (0, 1 << 40))
    asked = asked.is_between("booked_on", ("2020-01-01", "2030-01-01")).is_between("paid_at", ("2020-01-01", "2030-01-01")).not_contained_in("category", ("other",))
    asked = asked.not_contained_in("note", ("test", "unknown")).has_max("payment_id", 1).has_min("payment_id", 0).has_sum("amount", 1).has_mean("tax_rate", 1).has_cardinality("category", 12)
    asked = asked.has_percentile("tax_rate", 1, 0.5).is_contained_in("category", tuple(payments.contract("payment")[0].column("category").enum))
    asked.validate(frame).collect()


def _peak(spark: SparkSession, dump: Dump, contract: Contract, share: float, tell: Callable[[str], None]) -> int:
    """Most bytes this process, the driver of a run, held while a rule failed that share of the rows, natively and in Spark."""
    tell(f"{share:.0%} of the rows fail")
    mine, least = under(contract, f"{contract.name}_peak{int(share * 100)}"), int(dump.rows * share)
    columns = {column.name: column for column in contract.columns}
    said: list[tuple[str, dict[str, Any]]] = [
        ("expect_column_values_to_be_between", {"column": "payment_id", "min_value": least}),
        ("expect_column_values_to_be_between", {"column": "payment_id", "min_value": least, "row_condition": "payment_id + 0 >= 0"}),
    ]  # fmt: skip
    asked = [Rule(f"{i}:{type_}", type_, kwargs, "warning", "row", "suite", {}, unfused(type_, kwargs, columns)) for i, (type_, kwargs) in enumerate(said)]
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    try:
        register.run(spark, dump.settings, mine)
        land.run(spark, dump.settings, mine, asked)
        check.run(spark, dump.settings, mine, asked)
        return most_held()
    finally:
        forget(spark, dump.settings, mine)
