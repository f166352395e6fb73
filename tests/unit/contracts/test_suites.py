"""Suites: every fault on its line, ids that stay, and what GX itself says."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import pytest

from jobs.contracts.load import BrokenContract, load_all, load_contract
from jobs.contracts.model import Column, Contract
from jobs.quality.implied import implied, rules_of
from jobs.quality.suites import lint_suite, orphans, read_suite
from jobs.quality.vocabulary import REFUSED, core_types, kind_of

ROOT = Path(__file__).parents[3]
GOOD = """name: power.meter_reading
expectations:
  - type: expect_column_values_to_be_between
    kwargs:
      column: kwh
      max_value: 20
    severity: warning
"""


@pytest.fixture(scope="module")
def meter() -> Contract:
    return load_contract(ROOT / "conf/datasets/power/meter_reading.yaml")


def faults(root: Path, contract: Contract, text: str, lint: bool = False) -> list[tuple[int, str]]:
    path = root / "expectations" / contract.department / f"{contract.name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if lint:
        return [(f.line, f.message) for f in lint_suite(contract, root)]
    try:
        read_suite(contract, root)
    except BrokenContract as problem:
        return [(f.line, f.message) for f in problem.findings]
    return []


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("type: expect_column_values_to_be_between", "type: expect_column_values_to_be_betwen", 3, "did you mean 'expect_column_values_to_be_between'?"),
        ("expect_column_values_to_be_between", "expect_column_values_to_match_like_pattern", 3, "on Spark"),
        ("column: kwh", "column: kw", 5, "did you mean 'kwh'?"),
        ("column: kwh", "column: meter_id", 5, "compares no column of type string with bounds"),
        ("severity: warning", "severity: warn", 7, "severity must be one of"),
        ("    severity: warning\n", "", 3, "severity must be one of"),
        ("kwargs:", "kwarg:", 4, "did you mean 'kwargs'?"),
        ("max_value: 20", "max_value: 20\n      row_condition: kw > 3", 7, "did you mean 'kwh'?"),
        ("max_value: 20", "max_value: 20\n      row_condition: kwh > 3\n      condition_parser: pandas", 8, "does not run on Spark"),
        ("max_value: 20", "max_value: 20\n      row_condition: [kwh]", 7, "row_condition is a text"),
        ("name: power.meter_reading", "name: power.meter", 1, "'power.meter_reading'"),
        ("expectations:", "expectation:", 2, "did you mean 'expectations'?"),
    ],
)
def test_a_fault_of_a_suite_is_found_on_its_line(tmp_path: Path, meter: Contract, before: str, after: str, line: int, said: str) -> None:
    assert faults(tmp_path, meter, GOOD) == []
    found = faults(tmp_path, meter, GOOD.replace(before, after, 1))
    assert any(at == line and said in message for at, message in found), found


@pytest.mark.parametrize("type_", REFUSED)
def test_what_is_refused_is_refused_by_name_with_a_way_out(tmp_path: Path, meter: Contract, type_: str) -> None:
    found = faults(tmp_path, meter, GOOD.replace("expect_column_values_to_be_between", type_, 1))
    assert any(line == 3 and type_ in message and REFUSED[type_] in message for line, message in found), found


@pytest.mark.parametrize(("after", "said"), [("max_valu: 20", "did you mean 'max_value'?"), ("mostly: 1", "cannot both be None"), ("max_value: 20\n      mostly: 3", "less than or equal to 1")])
def test_arguments_are_checked_by_gx(tmp_path: Path, meter: Contract, after: str, said: str) -> None:
    assert faults(tmp_path, meter, GOOD, lint=True) == []
    found = faults(tmp_path, meter, GOOD.replace("max_value: 20", after), lint=True)
    assert found
    assert all(line == 3 for line, _ in found)
    assert any(said in message for _, message in found), found


def test_every_suite_of_the_project_is_right() -> None:
    contracts, _ = load_all(ROOT)
    assert [finding for contract in contracts for finding in lint_suite(contract, ROOT)] == []
    assert orphans(ROOT) == []


def test_what_gx_cannot_do_on_spark_is_what_we_refuse() -> None:
    """Against GX's own registry, so that an upgrade of GX shows."""
    import great_expectations.expectations  # noqa: F401 - fills the registry
    from great_expectations.expectations.registry import _registered_metrics, get_expectation_impl, list_registered_expectation_implementations

    def on_spark(metric: str) -> bool:
        return "SparkDFExecutionEngine" in _registered_metrics.get(metric, {}).get("providers", {})

    by_schema = {"expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list"}  # GX asks the schema there
    elsewhere = {"expect_query_results_to_match_comparison", "expect_table_row_count_to_equal_other_table"}  # needs a second data source, a table that only SQL engines find
    runs = set()
    for name in set(list_registered_expectation_implementations()) & core_types():
        made = get_expectation_impl(name)
        metrics = [f"{made.map_metric}.unexpected_count"] if getattr(made, "map_metric", None) else list(getattr(made, "metric_dependencies", ()))
        if name in by_schema or (name not in elsewhere and all(map(on_spark, metrics))):
            runs.add(name)
    assert core_types() - runs == set(REFUSED)
    assert {name for name in core_types() if kind_of(name, {}, {}) == "refused"} == set(REFUSED)
    kinds = {name: kind_of(name, {}, {}) for name in runs if getattr(get_expectation_impl(name), "map_metric", None)}
    assert {name for name, kind in kinds.items() if kind == "aggregate"} == by_schema, "whatever judges single rows marks single rows"


def test_rule_ids_are_unique_and_do_not_move() -> None:
    for contract in load_all(ROOT)[0]:
        ids = [rule.id for rule in rules_of(contract, ROOT)]
        assert [name for name, n in Counter(ids).items() if n > 1] == []
        assert ids == [rule.id for rule in rules_of(contract, ROOT)]


def test_a_contract_implies_its_rules() -> None:
    columns = (
        Column("id", "id", "integer", required=True, primary_key=1),
        Column("code", "code", "string", enum=("a", "b"), pattern="^.$", max_length=1, unique=True),
        Column("share", "share", "double", minimum=0, maximum=1),
    )
    contract = Contract("d", "n", "i", "1", "t", "", "o", "increment", "d/n", ".*", load_contract(ROOT / "conf/datasets/finance/spend.yaml").reader, columns)
    found = {(type_.removeprefix("expect_column_"), kwargs.get("column")) for type_, kwargs, *_ in implied(contract)}
    assert found == {
        ("values_to_not_be_null", "id"), ("values_to_be_unique", "id"), ("values_to_be_in_set", "code"), ("values_to_match_regex", "code"),
        ("value_lengths_to_be_between", "code"), ("values_to_be_unique", "code"), ("values_to_be_between", "share"),
    }  # fmt: skip
    events = dataclasses.replace(contract, mode="events")
    assert ("expect_column_values_to_be_unique", {"column": "id"}) not in [(t, k) for t, k, *_ in implied(events)]
