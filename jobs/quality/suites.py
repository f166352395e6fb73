"""The hand-written suite of a dataset: `expectations/<department>/<dataset>.yaml`, in Great Expectations' own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.contracts.load import BrokenContract, Finding, read_yaml
from jobs.contracts.model import Contract
from jobs.contracts.odcs import did_you_mean
from jobs.quality.plugins import load, plugin_kinds
from jobs.quality.row_conditions import PARSERS, Unreadable, columns_in, condition_of
from jobs.quality.rules import TRIAL
from jobs.quality.vocabulary import REFUSED, SQL, Kind, core_types

SEVERITIES = ("critical", "warning", "info")
SUITE_KEYS = ("name", "meta", "expectations")
ITEM_KEYS = ("type", "kwargs", "severity", "meta")
BETWEEN, UNORDERED = "expect_column_values_to_be_between", ("string", "json", "boolean")
TEXTUAL = frozenset({"expect_column_values_to_match_strftime_format", "expect_column_values_to_be_json_parseable", "expect_column_values_to_match_json_schema"})
SUM, PAIR_SET = "expect_multicolumn_sum_to_equal", "expect_column_pair_values_to_be_in_set"


@dataclass(frozen=True)
class Expectation:
    """One entry of a suite, and the line it starts in."""

    type: str
    kwargs: dict[str, Any]
    severity: str
    meta: dict[str, Any]
    line: int


def suite_path(root: Path, contract: Contract) -> Path:
    return root / "expectations" / contract.suite


def orphans(root: Path) -> list[Finding]:
    """Suites of no dataset: nobody would ever run them."""
    return [
        Finding(str(path), 1, 1, f"there is no contract {_contract_file(path)}; rename the suite or remove it")
        for path in sorted((root / "expectations").glob("*/*.yaml"))
        if not (root / _contract_file(path)).exists()
    ]


def _contract_file(suite: Path) -> Path:
    folder = Path("conf/products") if suite.parent.name == "products" else Path("conf/datasets") / suite.parent.name
    return folder / suite.name


def read_suite(contract: Contract, root: Path) -> tuple[Expectation, ...]:
    """The suite's entries; none where there is no file. Raises BrokenContract with every finding. Does not import Great Expectations."""
    path = suite_path(root, contract)
    if not path.exists():
        return ()
    document = read_yaml(path)
    findings = [Finding(str(path), line, 1, message) for line, message in _faults(contract, document, plugin_kinds(root))]
    if findings:
        raise BrokenContract(findings)
    items: Any = document.get("expectations") or []
    return tuple(
        Expectation(str(item["type"]), _plain(item.get("kwargs") or {}), str(item["severity"]), _plain(item.get("meta") or {}), _entry_line(items, i)) for i, item in enumerate(items)
    )


def lint_suite(contract: Contract, root: Path) -> list[Finding]:
    """What only Great Expectations itself can tell: unknown and wrong arguments. Imports it (seconds)."""
    from great_expectations.exceptions import GreatExpectationsError

    from jobs.quality.engine import expectation_class

    load(root)
    path, findings = suite_path(root, contract), []
    for entry in read_suite(contract, root):
        made = expectation_class(entry.type)
        try:
            made(**entry.kwargs, severity=entry.severity)
        except (ValueError, TypeError, GreatExpectationsError) as problem:
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


def _faults(contract: Contract, document: Any, plugins: Mapping[str, Kind]) -> Iterator[tuple[int, str]]:
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
        yield from _item_faults(contract, item, line, plugins) if isinstance(item, dict) else [(line, "an expectation has type, kwargs, severity and meta")]


def _item_faults(contract: Contract, item: Any, line: int, plugins: Mapping[str, Kind]) -> Iterator[tuple[int, str]]:
    for key in item:
        if key not in ITEM_KEYS:
            yield _line(item, key, line), f"unknown key {key!r}{did_you_mean(str(key), ITEM_KEYS)}: an expectation has {', '.join(ITEM_KEYS)}"
    if item.get("severity") not in SEVERITIES:
        yield _line(item, "severity", line), f"severity must be one of {', '.join(SEVERITIES)}"
    type_, kwargs = str(item.get("type")), item.get("kwargs") or {}
    if type_ in REFUSED:
        yield _line(item, "type", line), f"Great Expectations cannot do {type_} on Spark: {REFUSED[type_]}"
    elif type_ not in core_types() and type_ not in plugins:
        yield _line(item, "type", line), f"Great Expectations has no expectation {type_!r}{did_you_mean(type_, [*core_types(), *plugins])}"
    if not isinstance(kwargs, dict):
        yield _line(item, "kwargs", line), "kwargs are names with values, e.g. column: amount"
        return
    yield from _column_faults(contract, type_, kwargs, _line(item, "kwargs", line))
    yield from _condition_faults(contract, type_, kwargs, _line(item, "kwargs", line))
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
    if type_ in TEXTUAL and (kind := kinds.get(kwargs.get("column"))) not in ("string", "json", None):
        yield _line(kwargs, "column", line), f"{type_} reads texts; a column of type {kind} was read while landing already"
    for name in kwargs.get("column_list") or () if type_ == SUM else ():
        if kinds.get(name) not in ("integer", "decimal", "double", None):
            yield _line(kwargs, "column_list", line), f"a column of type {kinds[name]} ({name}) cannot be added up"
    if type_ == SQL and "{batch}" not in str(kwargs.get("unexpected_rows_query")):
        yield _line(kwargs, "unexpected_rows_query", line), "the query reads the delivery as {batch}: SELECT * FROM {batch} WHERE …"


def _condition_faults(contract: Contract, type_: str, kwargs: Any, line: int) -> Iterator[tuple[int, str]]:
    parser, condition = kwargs.get("condition_parser"), kwargs.get("row_condition")
    if parser is not None and parser not in PARSERS:
        yield _line(kwargs, "condition_parser", line), f"condition_parser {parser!r} does not run on Spark; use spark (SQL) or great_expectations"
        return
    if condition is None:
        return
    where = _line(kwargs, "row_condition", line)
    if not isinstance(condition, str):
        yield where, "row_condition is a text, with condition_parser: spark (SQL) or great_expectations"
        return
    if type_ == PAIR_SET:
        yield where, f"Great Expectations forgets the row_condition of {PAIR_SET}; put it into an {SQL}"
    names = [c.name for c in contract.columns]
    try:
        found = condition_of(kwargs)
    except Unreadable:
        return  # only Spark can tell
    for name in columns_in(found) if found else ():
        if name not in names:
            yield where, f"row_condition: the contract has no column {name!r}{did_you_mean(name, names)}"


def _line(holder: Any, key: str, fallback: int) -> int:
    return holder.lc.key(key)[0] + 1 if key in holder else fallback


def _entry_line(items: Any, index: int) -> int:
    return int(items.lc.item(index)[0]) + 1


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value
