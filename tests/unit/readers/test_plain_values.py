"""The law of the quick way: a column read in one go has the values, failures, messages and doubts it has when every text is judged by itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal, assert_series_equal

from jobs.contracts.model import Column, Contract, Kind, Numbers, Reader, ValueMap
from jobs.quality.compile import judge
from jobs.quality.implied import rules_of
from jobs.readers.cells import Cells
from jobs.readers.identifiers import start_with_letters, stored_as_number
from jobs.readers.plain_values import read_plainly
from jobs.readers.values import FORMATS, Typed, typed, typed_by_text
from tests.unit.readers.one_column import contract_of

NO_SUITES = Path(__file__).parent  # the rules that the contract implies are all
ISO, WITH_T = "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"
OTHERS = ("%d/%m/%Y", "%Y%m%d", "excel1900", "epochSeconds", "roc:%Y-%m-%d")
STATED: dict[str, list[tuple[str, ...]]] = {
    "date": [(), ("%F",), ("%Y-%m-%d", *OTHERS), ("%Y-%d-%m", "%Y-%m-%d")],
    "timestamp": [(), (ISO,), ("%F %T", "%Y-%m-%dT%H:%M:%S%z"), (WITH_T, "%Y-%m-%d"), ("%Y-%d-%m %H:%M:%S", ISO), ("%Y-%m-%d %H:%M", ISO), (ISO, "epochSeconds")],
}
PLACES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
NULLS: list[tuple[str, ...]] = [("",), (), ("", "NULL"), ("9999", "-1"), ("2024-01-02", "0"), (" ", "-"), ("", " NA ")]
WORDS = [
    "", " ", "0", "-0", "+0", "1", "-1", "007", "9999", " 9999", "12.5", "12.50", "12.500", "12.", ".5", "-.5", "-", ".", "--", "1-", "1,234", "1e3", "1E-2", "1e002", "1E+1", "1.e1", "+1.50", " 1.5", "1e400", "1e-400", "0x1F", "0X1f",
    "-0x1", "1_000", "inf", "-Infinity", "nan", "NaN", "NULL", "null", "n/a", "NA", " NA ", "无", "—", "'5", "５", "−5", "5\u00a0", "\u30005", "\t5", "5\r", "5\n", "\0", "1/2", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "99999999999999999999999999999999999999", "0000000000000000000000000000000000000000001", "1234567890123456.78", "12345678901234567.8",
    "2024-02-29", "2023-02-29", "0000-01-01", "0001-01-01", "9999-12-31", "-001-01-01", "+024-01-01", "2024-1-2", "2024-01-02T", "2024/01/02", "20240102", "2024-13-01", "02/01/2024", "２024-01-02",
    "2024-01-02 10:30:00", "2024-01-02T10:30:00", "2024-01-02t10:30:00", "2024-01-02 10:30", "2024-01-02 10:30:60", "2024-01-02 24:00:00", "2024-01-02 10:30:0", "2024-01-02  10:30:00",
    "2024-01-02 10:30:00Z", "2024-01-02 10:30:00.5", "2024-01-02 10:30Z    ", "2024-01-02 10:30+01", "2024-01-02 10:30-0100", "2024-03-31 02:30:00", "2024-10-27 02:30:00", "2024-03-10 02:30:00",
    "2024-11-03 01:30:00", "1991-04-14 00:30:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "0000-01-01 00:00:00", "2024-01-02\t10:30:00", "2024-01-02_10:30:00", "45000", "45000.5", "1700000000",
]  # fmt: skip
NUMBERS = st.integers(-(10**19), 10**19).map(str) | st.decimals(-(10**16), 10**16, places=2).map(str) | st.floats().map(repr) | st.text("0123456789.-+eE", max_size=12)
TIMES = st.dates().map(str) | st.datetimes().map(lambda at: at.isoformat(" ", "seconds")) | st.datetimes().map(lambda at: at.isoformat("T", "seconds")) | st.datetimes().map(str)
LIKELY: dict[str, Any] = {
    "integer": st.integers(-(2**63), 2**63 - 1).map(str), "decimal": st.decimals(-(10**15), 10**15, places=2).map(str), "double": st.floats(allow_nan=False, allow_infinity=False).map(repr),
    "date": st.dates().map(str), "timestamp": st.datetimes().map(lambda at: at.isoformat(" ", "seconds")), "string": st.sampled_from(["V1", "A", "Z9", "", "~"]), "boolean": st.sampled_from(["yes", "0", ""]),
}  # fmt: skip
KINDS: tuple[Kind, ...] = ("integer", "decimal", "double", "date", "timestamp", "string", "boolean")


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """A text that is nearly one: a character put in or taken out."""
    text = draw(NUMBERS | TIMES | st.sampled_from(WORDS))
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.sampled_from([*" \t\u00a0\u3000'+-.,eExX/_0０−ZT:", "", ""])) + text[at + draw(st.integers(0, 1)) :]


def columns(kind: Kind) -> st.SearchStrategy[Column]:
    numeric, text = kind in ("integer", "decimal", "double"), kind == "string"
    return st.builds(
        Column, st.just("v"), st.just("v"), st.just(kind), precision=st.sampled_from([18, 38, 3]), scale=st.sampled_from([2, 0]), formats=st.sampled_from(STATED.get(kind, [()])),
        null_values=st.sampled_from([(), (), ("77", "N/K")]), null_preset=st.sampled_from([None, None, "common"]), value_map=st.sampled_from([(), (), (ValueMap("^1$", "2"),)]),
        numbers=st.sampled_from([None, None, Numbers(dash="zero"), Numbers(dash="null"), Numbers(thousands=",")]) if numeric else st.none(),
        pattern=st.sampled_from([None, "^[A-Z]"]) if text else st.none(), identifier=st.booleans() if text else st.just(False),  # noqa: FBT003
        required=st.booleans(), minimum=st.sampled_from([None, 0]) if numeric else st.none(), max_length=st.just(4) if text else st.none(), min_length=st.just(4) if text else st.none(),
    )  # fmt: skip


@st.composite
def asked(draw: st.DrawFn, kind: Kind) -> Contract:
    reader = Reader("csv", null_values=draw(st.sampled_from(NULLS)), trim=draw(st.booleans()), null_preset=draw(st.sampled_from(["none", "none", "common"])))
    return replace(contract_of(kind), columns=(draw(columns(kind)),), reader=reader, source_time_zone=draw(st.sampled_from(PLACES)))


def assert_same(quick: Typed, slow: Typed) -> None:
    assert_frame_equal(quick.frame, slow.frame, check_exact=True)
    for one, other in ((quick.failed, slow.failed), (quick.doubtful, slow.doubtful)):
        assert one.keys() == other.keys()
        for name, (mask, texts, *doubt) in one.items():
            assert_series_equal(mask, other[name][0])
            assert_series_equal(texts, other[name][1])
            assert doubt == list(other[name][2:])
    assert quick.messages.keys() == slow.messages.keys()
    for name, said in quick.messages.items():
        assert_series_equal(said, slow.messages[name])


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_in_one_go_is_as_text_by_text(kind: Kind) -> None:
    """Frames, failures, messages, doubts, and so rejections and measures: for plain columns, for spoilt ones, for a column in which one text is spoilt."""
    odd = NUMBERS | TIMES | spoilt() | st.sampled_from(WORDS) | st.text(max_size=6)
    texts = st.lists(LIKELY[kind] | st.just(""), max_size=20) | st.tuples(st.lists(LIKELY[kind], max_size=10), st.lists(st.none() | odd, max_size=2)).map(lambda two: two[0] + two[1]) | st.lists(odd, max_size=6)

    @settings(max_examples=150, deadline=None)
    @given(asked(kind), texts)
    def law(contract: Contract, sent: list[str | None]) -> None:
        raw = pl.DataFrame({"v": pl.Series(sent, dtype=pl.String)})
        quick, slow = typed(raw, contract), typed_by_text(raw, contract)
        assert_same(quick, slow)
        assert_same(typed(parsed(sent), contract), slow)
        rules = rules_of(contract, NO_SUITES)
        numbered = pl.Series("_record", range(len(sent)), dtype=pl.Int64)
        one, other = (judge(v.frame.with_columns(numbered), rules, v.failed, (), v.messages, v.doubtful) for v in (quick, slow))
        assert_series_equal(one.rejections, other.rejections)
        assert_series_equal(one.critical, other.critical)
        assert one.measures == other.measures

    law()


def parsed(texts: list[str | None]) -> Cells:
    """As Arrow's reader gives them: in pieces, one of them cut out of a longer one."""
    middle = len(texts) // 2
    return Cells({"v": pa.chunked_array([pa.array(["1", *texts[:middle]], pa.string())[1:], pa.array(texts[middle:], pa.string())])})


def alone(text: str, contract: Contract) -> pl.Series | None:
    """What the quick way says of a column of this one text."""
    [column] = contract.columns
    return read_plainly(Cells({"v": pl.Series("v", [text])}), column, contract.reader, column.formats or FORMATS.get(column.kind, ()), contract.source_time_zone)


@pytest.mark.parametrize(
    ("kind", "letters", "longest", "options"),
    [("decimal", "01.-/", 5, {"precision": 3, "scale": 1}), ("integer", "01-+x_ ", 4, {}), ("double", "01.-ei", 4, {})],
)  # fmt: skip
def test_every_short_text_is_read_alike(kind: Kind, letters: str, longest: int, options: dict[str, Any]) -> None:
    contract = contract_of(kind, reader={"null_values": ()}, **options)
    texts = ["".join(made) for length in range(longest + 1) for made in product(letters, repeat=length)]
    slow = typed_by_text(pl.DataFrame({"v": texts}), contract).frame["v"].to_list()
    quick = [alone(text, contract) for text in texts]
    read = {text: values[0] for text, values in zip(texts, quick, strict=True) if values is not None}
    assert read == {text: value for text, value in zip(texts, slow, strict=True) if text in read}
    assert len(read) > 50


def test_every_word_is_read_alike_or_not_at_all() -> None:
    for kind, formats in [(each, stated) for each in KINDS for stated in STATED.get(each, [()])]:
        for zone in PLACES if kind == "timestamp" else ("UTC",):
            contract = contract_of(kind, zone, {"null_values": ()}, formats=formats)
            slow = typed_by_text(pl.DataFrame({"v": WORDS}), contract)
            doubted = slow.doubtful["v"][0].to_list() if slow.doubtful else [False] * len(WORDS)
            for text, value, doubt in zip(WORDS, slow.frame["v"].to_list(), doubted, strict=True):
                found = alone(text, contract)
                assert found is None or (found[0] == value is not None and not doubt), (kind, formats, zone, text)


@pytest.mark.parametrize(
    ("kind", "texts", "options"),
    [
        ("integer", ["1", "", "-20", "007"], {}),
        ("integer", ["1", "n/a", "", "-"], {"null_preset": "common"}),
        ("integer", ["1", "9999", ""], {"null_values": ("9999",)}),
        ("double", ["1.5", "", "1e3", "-0"], {}),
        ("decimal", ["1.50", "", "-20", "007.1", ".5"], {}),
        ("date", ["2024-02-29", "", "0001-01-01"], {}),
        ("date", ["2024-02-29"], {"formats": ("%F", "%d/%m/%Y")}),
        ("timestamp", ["2024-02-29 10:00:00", "", "2024-02-29T10:00:00"], {}),
        ("timestamp", ["2024-07-01 10:00:00"], {"zone": "Europe/Berlin"}),
    ],
)  # fmt: skip
def test_plain_columns_take_the_quick_way(kind: Kind, texts: list[str], options: dict[str, Any]) -> None:
    contract = contract_of(kind, **options)
    [column] = contract.columns
    found = read_plainly(Cells({"v": pl.Series("v", texts)}), column, contract.reader, column.formats or FORMATS.get(kind, ()), contract.source_time_zone)
    assert found is not None
    assert_same(Typed(found.to_frame(), {}), typed_by_text(pl.DataFrame({"v": texts}), contract))


def test_a_null_stated_with_blanks_is_no_null_once_they_are_trimmed() -> None:
    contract, raw = contract_of("integer", reader={"null_values": ("", " NA ")}), pl.DataFrame({"v": ["1", " NA "]})
    assert_same(typed(raw, contract), typed_by_text(raw, contract))


@given(st.lists(st.sampled_from(["V1", "A", "1.0", " 2.0", "\u00a03.0", "\u30004.0", "+5.0", "\x00", "~", "é", "", "1E+05", ":", "zz"]), max_size=4))
def test_texts_that_start_with_letters_were_no_numbers(texts: list[str]) -> None:
    column, sent = Column("v", "v", "string", identifier=True, min_length=4, max_length=4), pl.Series("v", texts, dtype=pl.String)
    if start_with_letters(sent):
        assert not sent.to_frame().select(stored_as_number(pl.col("v"), column, typed_as_float=False)).to_series().any()
