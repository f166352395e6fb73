"""Files damaged anywhere, spliced, or made up: whatever is delivered ends in a known outcome, in bounded time, and nothing is lost.

Every reader gets RUNS deliveries, through register's and land's own code; LAKE_FUZZ_RUNS sets another number.
"""

from __future__ import annotations

import io
import os
import signal
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.contracts.model import Column, Contract, Numbers
from jobs.readers.formats import WAYS
from tests.corpus.case import Case, Lands
from tests.corpus.delivery import conserved, deliver
from tests.corpus.test_corpus import MODULES
from tests.unit.readers.made import contract

pytestmark = pytest.mark.slow  # all of it takes some minutes; CI runs it
RUNS = int(os.environ.get("LAKE_FUZZ_RUNS", "60"))
SECONDS = 30  # for one delivery: it hangs
LARGEST = 20_000  # bytes of a file that is mutated
REASONS = {
    "control_count", "count_mismatch", "cut_character", "damaged_archive", "empty", "encrypted", "header_too_long", "link_in_archive", "lost_precision", "missing_column", "missing_member",
    "missing_sheet", "missing_table", "nested_too_deep", "new_column", "no_header", "no_members", "no_rows", "no_value_columns", "not_applicable", "nul_bytes", "record_too_long", "retyped_column",
    "too_big_inside", "too_large", "too_many_columns", "too_many_members", "truncated", "unexpected_preamble", "unknown_encoding", "unreadable", "unsafe_path", "unsafe_xml",
    "unsupported_archive", "wrong_encoding", "wrong_format", "zip_bomb",
}  # fmt: skip


def _seeds() -> dict[str, list[Case]]:
    """Format or topic → the small files of the corpus that land."""
    found: dict[str, list[Case]] = defaultdict(list)
    for module in MODULES:
        topic = module.__name__.rpartition(".")[2]
        for case in module.CASES:
            if isinstance(case.expected, Lands) and topic != "hostile" and len(case.made()) <= LARGEST:
                found[topic if topic in ("archives", "encodings", "values") else case.contract.reader.format].append(case)
    found["attachment"] = [Case("a picture", contract(["a"], format="attachment"), "a.png", lambda: b"\x89PNG\r\n\x1a\n....", Lands(0))]
    return found


SEEDS = _seeds()
PLACE = st.floats(0, 1)
CHANGE = st.tuples(st.sampled_from(["cut", "drop", "flip", "put", "twice", "splice"]), PLACE, PLACE, st.binary(min_size=1, max_size=6))
LIMITED = settings(max_examples=RUNS, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], print_blob=True)


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raises TimeoutError where what is inside takes longer."""

    def hangs(*_: Any) -> None:
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def mutated(data: bytes, other: bytes, changes: list[tuple[str, float, float, bytes]]) -> bytes:
    """`other`: a file of the same kind, of which an end is put in at a splice."""
    for how, first, second, put in changes:
        at, to = sorted((int(first * len(data)), int(second * len(data))))
        head, tail = data[:at], data[at:]
        data = {
            "cut": head, "drop": head + data[to:], "flip": head + put + tail[len(put) :], "put": head + put + tail, "twice": data[:to] + tail, "splice": head + other[int(second * len(other)) :],
        }[how]  # fmt: skip
    return data[: 4 * LARGEST]


def inside(data: bytes, other: bytes, which: float, changes: list[tuple[str, float, float, bytes]]) -> bytes:
    """A ZIP (a workbook, a shapefile) one of whose files was changed, packed again with its checksums in order; another file as `mutated` makes it."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return mutated(data, other, changes)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as packed, zipfile.ZipFile(out, "w") as made:
        names = packed.namelist()
        for name in names:
            content = packed.read(name)
            made.writestr(name, mutated(content, content, changes) if name == names[int(which * (len(names) - 1))] else content)
    return out.getvalue()


def ends_well(asked: Contract, file: str, data: bytes) -> None:
    with within(SECONDS):
        found = deliver(asked, file, data)
    row = found.ledger
    assert found.raw == data
    if row["outcome"] == "landed":
        conserved(found, asked)
        assert found.frame.columns[: len(asked.columns)] == [column.name for column in asked.columns]
    else:
        assert row["outcome"] == ("not_applicable" if row["reason"] == "not_applicable" else "rejected")
        assert row["reason"] in REASONS
        assert 20 < len(row["message"]) < 1000


def test_every_reader_is_fuzzed() -> None:
    assert set(WAYS) | {"archives", "encodings", "values"} == set(SEEDS)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", [pytest.param(kind, id=f"{kind}, {RUNS} runs") for kind in sorted(SEEDS)])
def test_a_mutated_file_has_a_known_outcome(kind: str) -> None:
    @LIMITED
    @given(st.sampled_from(SEEDS[kind]), st.sampled_from(SEEDS[kind]), st.none() | PLACE, st.lists(CHANGE, min_size=1, max_size=4))
    def fuzz(case: Case, other: Case, member: float | None, changes: list[tuple[str, float, float, bytes]]) -> None:
        data = mutated(case.made(), other.made(), changes) if member is None else inside(case.made(), other.made(), member, changes)
        ends_well(case.contract, case.file, data)

    fuzz()


WORDS = ['"', "'", "\\", ",", ";", "\t", "|", "\n", "\r\n", "\r", "\n\n", " ", "\ufeff", "\x00", "a", "中", "𠮷", "1", "-", "{", "}", "[", "]", ":", "<", ">", "&", "<r>", "</r>", "<a>1</a>", '{"a": 1, "b": "x"}', "null", "NULL", "a,b", "a\tb", "1,2", "合计", "\\.", "(", ")", "INSERT INTO t (a, b) VALUES", "COPY t (a, b) FROM stdin;", ";--", "/*", "$$"]  # fmt: skip
TEXT = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=40).map("".join)
AB = [Column("a", "a", "string"), Column("b", "b", "integer")]
PLACED = [Column("a", "a", "string", start=1, length=2), Column("b", "b", "integer", start=3, length=2)]
SOMETIMES: dict[str, Any] = {
    "quote": st.sampled_from(['"', "'", None]), "escape": st.sampled_from([None, "\\"]), "delimiter": st.sampled_from([",", ";", "\t", "||"]), "preamble_lines": st.integers(0, 2), "header_lines": st.integers(1, 2),
    "footnote": st.sampled_from([None, "^[a中]"]), "totals": st.sampled_from([None, "合计"]), "group_rows": st.sampled_from([None, "^-"]), "repeated_header": st.booleans(), "trim": st.booleans(),
    "trailing_delimiter": st.booleans(), "encoding": st.sampled_from([None, "utf-8", "gb18030", "utf-16", "latin_1"]), "null_preset": st.sampled_from(["none", "common"]),
}  # fmt: skip
OPTIONS = {
    "csv": SOMETIMES, "jsonl": {}, "json": {"rows_at": st.sampled_from([("$",), ("a",), ("b", "$")])}, "xml": {"row_element": st.just("r")},
    "sql": {"dialect": st.sampled_from([None, "mysql", "postgres", "tsql"])}, "fixedWidth": {"positions": st.sampled_from(["characters", "bytes"]), "encoding": SOMETIMES["encoding"]},
}  # fmt: skip
STARTS = {"csv": ["a,b\n", "a;b\r\n", ""], "json": ['{"a": [', "[", ""], "xml": ["<d>", '<?xml version="1.0"?><d><r>', ""], "jsonl": ['{"a": 1, "b": 2}\n', ""], "sql": ["INSERT INTO t (a, b) VALUES ", "COPY t (a, b) FROM stdin;\n", ""], "fixedWidth": ["ab 1\n", ""]}  # fmt: skip


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", [pytest.param(kind, id=f"{kind}, {RUNS} runs") for kind in sorted(OPTIONS)])
def test_a_text_made_up_has_a_known_outcome(kind: str) -> None:
    @LIMITED
    @given(st.fixed_dictionaries({}, optional=OPTIONS[kind]), st.sampled_from(STARTS[kind]), TEXT, st.sampled_from(["utf-8", "gb18030", "utf-16"]))
    def fuzz(options: dict[str, Any], start: str, text: str, written: str) -> None:
        needed: dict[str, Any] = {"json": {"rows_at": ("a",)}, "xml": {"row_element": "r"}}.get(kind, {})
        if len(str(options.get("delimiter", ","))) > 1:
            options["quote"] = options["escape"] = None  # as the contract demands
        asked = contract(PLACED if kind == "fixedWidth" else AB, format=kind, **needed | options)
        ends_well(asked, f"dump.{kind}", (start + text).encode(written, "replace"))

    fuzz()


MARKS = "0123456789０１２.,'’ \u00a0-－—+()（）%％万亿千元¥$eE年月日民國:/TZ#无NULL"
VALUES = st.lists(st.text(MARKS, max_size=14) | st.text(max_size=6) | st.dates().map(str) | st.datetimes().map(str) | st.floats().map(str) | st.integers().map(str), min_size=1, max_size=12)
STYLES = st.builds(
    Numbers, thousands=st.sampled_from([None, ",", "'", "space"]), percent=st.sampled_from([None, "divide", "keep"]), negative=st.sampled_from([(), ("parentheses",), ("parentheses", "trailing")]),
    dash=st.sampled_from([None, "null", "zero"]), multipliers=st.sampled_from([(), ("万", "亿", "千")]), currency=st.sampled_from([(), ("¥", "元")]),
)  # fmt: skip
FORMATS = {
    "date": [(), ("%Y年%m月%d日", "%Y%m%d"), ("roc:%Y/%m/%d", "roc:民國%Y年%m月%d日"), ("excel1900",), ("epochSeconds",), ("%d/%m/%y",)],
    "timestamp": [(), ("%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S%z"), ("excel1904",), ("epochMilliseconds",), ("%Y年%m月%d日 %H时%M分",)],
}
KINDS = ("string", "integer", "decimal", "double", "boolean", "date", "timestamp", "json")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", [pytest.param(kind, id=f"{kind}, {RUNS} runs") for kind in KINDS])
def test_values_made_up_have_a_known_outcome(kind: Any) -> None:
    @LIMITED
    @given(VALUES, STYLES, st.sampled_from(FORMATS.get(kind, [()])), st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin"]), st.booleans())
    def fuzz(values: list[str], numbers: Numbers, formats: tuple[str, ...], zone: str, common: bool) -> None:  # noqa: FBT001
        column = Column("v", "v", kind, precision=18, scale=2, formats=formats, numbers=numbers, identifier=kind == "string", two_digit_years_from=1950)
        asked = replace(contract([Column("n", "n", "integer"), column], format="csv", delimiter="\t", quote=None, encoding="utf-8", null_preset="common" if common else "none"), source_time_zone=zone)
        lines = "".join(f"{at}\t{value}\n" for at, value in enumerate(values))
        ends_well(asked, "dump.tsv", f"n\tv\n{lines}".encode("utf-8", "replace"))

    fuzz()
