"""The hand-written suite of a dataset: `expectations/<department>/<dataset>.yaml`, in Great Expectations' own words."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jobs.contracts.load import BrokenContract, Finding, read_yaml
from jobs.contracts.model import Contract
from jobs.contracts.odcs import did_you_mean
from jobs.quality.compile import ROW_TYPES
from jobs.quality.rules import TRIAL

SEVERITIES = ("critical", "warning", "info")
SUITE_KEYS = ("name", "meta", "expectations")
ITEM_KEYS = ("type", "kwargs", "severity", "meta")
CONDITIONS = ("row_condition", "condition_parser")
BETWEEN, UNORDERED = "expect_column_values_to_be_between", ("string", "json", "boolean")
NOT_ON_SPARK = frozenset({
    "expect_column_values_to_be_dateutil_parseable", "expect_column_values_to_match_like_pattern", "expect_column_values_to_match_like_pattern_list",
    "expect_column_values_to_not_match_like_pattern", "expect_column_values_to_not_match_like_pattern_list", "expect_query_results_to_match_comparison",
    "expect_table_row_count_to_equal_other_table",
})  # fmt: skip


@dataclass(frozen=True)
class Expectation:
    """One entry of a suite, and the line it starts in."""

    type: str
    kwargs: dict[str, Any]
    severity: str
    meta: dict[str, Any]
    line: int


def suite_path(root: Path, contract: Contract) -> Path:
    return root / "expectations" / contract.department / f"{contract.name}.yaml"


def orphans(root: Path) -> list[Finding]:
    """Suites of no dataset: nobody would ever run them."""
    return [
        Finding(str(path), 1, 1, f"there is no contract conf/datasets/{path.parent.name}/{path.name}; rename the suite or remove it")
        for path in sorted((root / "expectations").glob("*/*.yaml"))
        if not (root / "conf" / "datasets" / path.parent.name / path.name).exists()
    ]


def read_suite(contract: Contract, root: Path) -> tuple[Expectation, ...]:
    """The suite's entries; none where there is no file. Raises BrokenContract with every finding. Does not import Great Expectations."""
    path = suite_path(root, contract)
    if not path.exists():
        return ()
    document = read_yaml(path)
    findings = [Finding(str(path), line, 1, message) for line, message in _faults(contract, document)]
    if findings:
        raise BrokenContract(findings)
    items: Any = document.get("expectations") or []
    return tuple(
        Expectation(str(item["type"]), _plain(item.get("kwargs") or {}), str(item["severity"]), _plain(item.get("meta") or {}), _entry_line(items, i)) for i, item in enumerate(items)
    )


def lint_suite(contract: Contract, root: Path) -> list[Finding]:
    """What only Great Expectations itself can tell: unknown and wrong arguments. Imports it (seconds)."""
    import great_expectations.expectations as gxe

    path, findings = suite_path(root, contract), []
    for entry in read_suite(contract, root):
        made = getattr(gxe, "".join(part.capitalize() for part in entry.type.split("_")))
        try:
            made(**entry.kwargs, severity=entry.severity)
        except (ValueError, TypeError) as problem:
            findings += [Finding(str(path), entry.line, 1, f"{entry.type}: {said}") for said in _gx_words(problem, made)]
    return findings


def _gx_words(problem: Exception, made: Any) -> list[str]:
    """pydantic's v1 errors, one sentence an argument."""
    errors = problem.errors() if hasattr(problem, "errors") else []
    said: dict[str, str] = {}
    for error in errors:
        name = str(error["loc"][0])
        hint = did_you_mean(name, made.__fields__) if error["type"] == "value_error.extra" else ""
        said.setdefault(name, error["msg"] if name == "__root__" else f"argument {name!r}: {error['msg']}{hint}")
    return list(said.values()) or [str(problem).splitlines()[0]]


def _faults(contract: Contract, document: Any) -> Iterator[tuple[int, str]]:
    if not isinstance(document, dict):
        yield 1, "not a suite: it has name, meta and expectations"
        return
    for key in document:
        if key not in SUITE_KEYS:
            yield _line(document, key, 1), f"unknown key {key!r}{did_you_mean(str(key), SUITE_KEYS)}: a suite has {', '.join(SUITE_KEYS)}"
    if document.get("name") != contract.dataset:
        yield _line(document, "name", 1), f"name should be {contract.dataset!r}, the dataset this suite is for"
    items = document.get("expectations") or []
    if not isinstance(items, list):
        yield _line(document, "expectations", 1), "expectations is a list, each with type, kwargs, severity and meta"
        return
    for index, item in enumerate(items):
        line = _entry_line(items, index)
        yield from _item_faults(contract, item, line) if isinstance(item, dict) else [(line, "an expectation has type, kwargs, severity and meta")]


def _item_faults(contract: Contract, item: Any, line: int) -> Iterator[tuple[int, str]]:
    for key in item:
        if key not in ITEM_KEYS:
            yield _line(item, key, line), f"unknown key {key!r}{did_you_mean(str(key), ITEM_KEYS)}: an expectation has {', '.join(ITEM_KEYS)}"
    if item.get("severity") not in SEVERITIES:
        yield _line(item, "severity", line), f"severity must be one of {', '.join(SEVERITIES)}"
    type_, kwargs = str(item.get("type")), item.get("kwargs") or {}
    if type_ in NOT_ON_SPARK:
        yield _line(item, "type", line), f"Great Expectations cannot do {type_} on Spark; use a regex, or write the rule another way"
    elif type_ not in core_types():
        yield _line(item, "type", line), f"Great Expectations has no expectation {type_!r}{did_you_mean(type_, core_types())}"
    if not isinstance(kwargs, dict):
        yield _line(item, "kwargs", line), "kwargs are names with values, e.g. column: amount"
        return
    yield from _column_faults(contract, type_, kwargs, _line(item, "kwargs", line))
    yield from _status_faults(item.get("meta"), _line(item, "meta", line))


def _status_faults(meta: Any, line: int) -> Iterator[tuple[int, str]]:
    """A misspelt status would let a rule judge that is meant to be tried."""
    if isinstance(meta, dict) and "status" in meta and meta["status"] != TRIAL:
        yield _line(meta, "status", line), f"status {meta['status']!r}: it is {TRIAL!r} for a rule that judges nothing yet, and left out for one that judges"


def _column_faults(contract: Contract, type_: str, kwargs: Any, line: int) -> Iterator[tuple[int, str]]:
    names = [c.name for c in contract.columns]
    single = [(key, kwargs[key]) for key in ("column", "column_A", "column_B") if key in kwargs]
    listed = [("column_list", name) for name in kwargs.get("column_list") or ()]
    for key, name in single + listed:
        if name not in names:
            yield _line(kwargs, key, line), f"the contract has no column {name!r}{did_you_mean(str(name), names)}"
    kinds = {c.name: c.kind for c in contract.columns}
    if type_ == BETWEEN and (kind := kinds.get(kwargs.get("column"))) in UNORDERED:
        yield _line(kwargs, "column", line), f"Great Expectations compares no column of type {kind} with bounds; use a regex, a set, or a length"
    for key in CONDITIONS:
        if key in kwargs and type_ in ROW_TYPES:
            yield _line(kwargs, key, line), f"{key} is not possible for a rule that is judged while landing; split the column or the rule"


def _line(holder: Any, key: str, fallback: int) -> int:
    return holder.lc.key(key)[0] + 1 if key in holder else fallback


def _entry_line(items: Any, index: int) -> int:
    return int(items.lc.item(index)[0]) + 1


@lru_cache(maxsize=1)
def core_types() -> frozenset[str]:
    """Great Expectations' core expectations, from the names of its modules: importing them takes seconds."""
    spec = importlib.util.find_spec("great_expectations")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise ModuleNotFoundError("great_expectations is not installed")
    return frozenset(path.stem for path in (Path(folders[0]) / "expectations" / "core").glob("expect_*.py"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value
