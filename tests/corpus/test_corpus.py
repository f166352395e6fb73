"""Every file of the corpus goes through register's and land's own code and becomes exactly what its case says; nothing is lost on the way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.corpus import archives, columnar, delimited, encodings, fixed, hostile, nested, tables, values, workbooks
from tests.corpus.case import Case, Lands, Refuses
from tests.corpus.delivery import Outcome, conserved, deliver

MODULES = (delimited, encodings, values, fixed, workbooks, nested, columnar, tables, archives, hostile)
CASES = {f"{module.__name__.rpartition('.')[2]}: {case.name}": case for module in MODULES for case in module.CASES}
MEMORY = Path("/proc/self/status")


def test_there_are_many_cases_and_no_two_of_one_name() -> None:
    assert sum(len(module.CASES) for module in MODULES) == len(CASES) >= 150


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    case = CASES[name]
    data = case.made()
    before = _forget_peak()
    found = deliver(case.contract, case.file, data)
    assert _peak() - before <= case.most << 20
    assert found.raw == data
    if isinstance(case.expected, Refuses):
        _refused(found, case.expected)
    else:
        _landed(found, case, case.expected)


def _refused(found: Outcome, expected: Refuses) -> None:
    row = found.ledger
    assert (row["outcome"], row["reason"]) == ("not_applicable" if expected.reason == "not_applicable" else "rejected", expected.reason), row["message"]
    assert found.frame.is_empty()
    assert [words for words in expected.says if words not in row["message"]] == [], row["message"]
    assert len(row["message"]) < 1000


def _landed(found: Outcome, case: Case, expected: Lands) -> None:
    row = found.ledger
    assert (row["outcome"], row["reason"]) == ("landed", None), row["message"]
    skipped = (row["skipped_preamble"], row["skipped_footnotes"], row["skipped_blank"])
    valid = found.frame.filter(~found.critical).select(column.name for column in case.contract.columns)
    assert (valid.rows() if not isinstance(expected.rows, int) else valid.height) == (expected.rows if isinstance(expected.rows, int) else list(expected.rows))
    assert (found.rules("critical"), found.rules("warning")) == (dict(expected.rejected), dict(expected.flagged))
    assert skipped == expected.skipped
    assert [words for words in expected.says if not any(words in message for message in found.messages)] == [], found.messages
    assert row["drift"] == tuple(sorted(expected.drift))
    assert {name: row["content"].get(name) for name in expected.noted} == dict(expected.noted)
    if expected.encoding:
        assert {(encoding["name"], encoding["how"]) for encoding in row["content"]["encoding"]} == {expected.encoding}
    conserved(found, case.contract)


def _forget_peak() -> int:
    """The kernel starts to measure the peak of this process's memory anew. Returns the bytes it holds now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _status(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", MEMORY.read_text(encoding="ascii"), re.M)
    assert found
    return int(found[1]) << 10
