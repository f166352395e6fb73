"""The rules of a dataset: what its contract implies, then what its suite adds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from jobs.contracts.model import Column, Contract
from jobs.quality.dialect import unfused
from jobs.quality.plugins import plugin_kinds
from jobs.quality.rules import Rule
from jobs.quality.suites import read_suite
from jobs.quality.vocabulary import scope_of


def rules_of(contract: Contract, root: Path) -> tuple[Rule, ...]:
    """All rules with stable, unique ids. Raises BrokenContract for a suite that cannot be read."""
    raw = [*implied(contract), *suite_rules(contract, root)]
    columns, plugins = {column.name: column for column in contract.columns}, plugin_kinds(root)
    seen: Counter[str] = Counter()
    rules = []
    for type_, kwargs, severity, origin, meta in raw:
        name = _short(type_, kwargs)
        seen[name] += 1
        rule_id = name if seen[name] == 1 else f"{name}#{seen[name]}"
        rules.append(Rule(rule_id, type_, kwargs, severity, scope_of(type_, kwargs, plugins), origin, meta, unfused(type_, kwargs, columns)))
    return tuple(rules)


def implied(contract: Contract) -> list[tuple[str, dict[str, Any], Any, Any, dict[str, Any]]]:
    """required → not null, enum → in set, minimum/maximum → between, pattern → regex, maxLength → length, keys → unique."""
    found = [rule for column in contract.columns for rule in _column_rules(column)]
    if contract.key and contract.mode != "events":
        found.append(_key_rule(contract.key))
    return [(type_, kwargs, "critical", "contract", {}) for type_, kwargs in found]


def _key_rule(key: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    if len(key) == 1:
        return "expect_column_values_to_be_unique", {"column": key[0]}
    return "expect_compound_columns_to_be_unique", {"column_list": list(key)}


def _column_rules(column: Column) -> list[tuple[str, dict[str, Any]]]:
    name = column.name
    found: list[tuple[str, dict[str, Any]]] = []
    if column.required:
        found.append(("expect_column_values_to_not_be_null", {"column": name}))
    if column.enum:
        found.append(("expect_column_values_to_be_in_set", {"column": name, "value_set": list(column.enum)}))
    if column.minimum is not None or column.maximum is not None:
        bounds = {"min_value": column.minimum, "max_value": column.maximum}
        found.append(("expect_column_values_to_be_between", {"column": name, **{k: v for k, v in bounds.items() if v is not None}}))
    if column.pattern:
        found.append(("expect_column_values_to_match_regex", {"column": name, "regex": column.pattern}))
    if column.min_length is not None or column.max_length is not None:
        lengths = {"min_value": column.min_length, "max_value": column.max_length}
        found.append(("expect_column_value_lengths_to_be_between", {"column": name, **{k: v for k, v in lengths.items() if v is not None}}))
    if column.unique:
        found.append(("expect_column_values_to_be_unique", {"column": name}))
    return found


def suite_rules(contract: Contract, root: Path) -> list[tuple[str, dict[str, Any], Any, Any, dict[str, Any]]]:
    return [(entry.type, entry.kwargs, entry.severity, "suite", entry.meta) for entry in read_suite(contract, root)]


def _short(type_: str, kwargs: dict[str, Any]) -> str:
    words = type_.removeprefix("expect_").removeprefix("column_").removeprefix("values_to_").removeprefix("be_")
    columns = kwargs.get("column") or "+".join(kwargs.get("column_list") or [v for k in ("column_A", "column_B") if (v := kwargs.get(k))])
    return f"{words}:{columns}" if columns else words
