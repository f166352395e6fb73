"""JSON lines: values as sent, one record a line, counted by lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.contracts.model import Column, ValueMap
from jobs.readers.values import typed
from tests.unit.readers.made import contract, outcome, refusal

COLUMNS = [Column("a", "a", "string"), Column("b", "b.c", "string", fallback=("d",)), Column("row", "$row", "json")]
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=12)


def text(value: object) -> str | None:
    if value in (None, ""):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize(
    ("data", "rows", "records"),
    [
        ('{"a": "x", "b": {"c": 1}}\n{"a": null, "d": "y"}\n', [("x", "1"), (None, "y")], [1, 2]),
        ('\ufeff{"a": "中"}\r\n\r\n  \n{"a": ""}', [("中", None), (None, None)], [1, 4]),
        ('{"a": 9007199254740993123}\n', [("9007199254740993123", None)], [1]),
        ('{"a": [1, {"z": "\\"q\\""}]}\n', [('[1, {"z": "\\"q\\""}]', None)], [1]),
        ('{"x": 1}\n', [(None, None)], [1]),
        ("", [], []),
        ("\n \n", [], []),
    ],
)
def test_values_and_numbers_of_lines(data: str, rows: list[tuple[str | None, ...]], records: list[int]) -> None:
    found = outcome(contract(COLUMNS[:2], format="jsonl"), data.encode())
    assert (found.rows, found.records) == (rows, records)


def test_a_value_where_others_have_an_object() -> None:
    assert outcome(contract(COLUMNS[:2], format="jsonl"), b'{"b": {"c": "x"}}\n{"b": 3}\n{"b": {"c": 7}}\n').rows == [(None, "x"), (None, None), (None, "7")]


def test_a_member_wanted_whole_and_in_part() -> None:
    columns = [Column("whole", "b", "json"), Column("part", "b.c", "string")]
    assert outcome(contract(columns, format="jsonl"), b'{"b": {"c": "x"}}\n{"b": 3}\n').rows == [('{"c": "x"}', "x"), ("3", None)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a": 1}\n{"a": 2', "unreadable"),
        (b'[1]\n7\n', "unreadable"),
        (b'{"a": 1}{"a": 2}\n', "unreadable"),
        (b"\xff\xfe{\x00", "wrong_encoding"),
        (b'{"a": "' + b"\xe4\xb8" + b'"}\n', "wrong_encoding"),
        (b'{"a":' * 100_000, "unreadable"),
        (b"PK\x03\x04", "unreadable"),
    ],
)
def test_what_is_no_json_lines_is_refused(data: bytes, reason: str) -> None:
    assert refusal(contract(COLUMNS[:2], format="jsonl"), data) == reason


BAD = [
    b"[1]", b"7", b"null", b'"x"', b'{"a": 1}{"a": 2}', b'{"a": 1} {', b'{"a": 2', b"{'a': 2}", b'{"a": NaN}', b'{"a": "\\ud800"}', b'{"a": 01}', b"a,b", b'{"a":' * 5000,
    '{"甲": 1'.encode(),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_a_line_that_is_no_object_is_a_rejected_row(bad: bytes) -> None:
    found = outcome(contract(COLUMNS, format="jsonl"), b'{"a": 1}\n\n' + bad + b'\n{"b": {"c": "x"}}\r\n' + bad + b'\n{"b": 3}\n')
    assert found.rows == [("1", None, '{"a": 1}'), (None, "x", '{"b": {"c": "x"}}'), (None, None, '{"b": 3}')]
    assert found.records == [1, 4, 6]
    assert [(r.record, r.text.encode()) for r in found.part.ragged] == [(3, bad), (5, bad)]
    assert all((r.wrong or "").startswith("the line is no JSON object: ") for r in found.part.ragged)


def test_pairs_of_surrogates_are_characters() -> None:
    found = outcome(contract(COLUMNS[:1], format="jsonl"), rb'{"a": "\ud83d\ude00"}' + b"\n" + rb'{"a": "\\ud83d"}' + b"\n")
    assert (found.rows, found.part.ragged) == ([("\U0001f600",), ("\\ud83d",)], ())


NUMBERS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["7", "x", "", "1e3", "true", " 8 "])
TYPED = [Column("a", "a", "integer"), Column("b", "b", "double"), Column("c", "c", "boolean"), Column("d", "d", "decimal", precision=20, scale=2)]


@given(st.lists(st.fixed_dictionaries(dict.fromkeys("abcd", NUMBERS)), min_size=1, max_size=6))
def test_numbers_read_as_numbers_are_those_read_as_texts(rows: list[dict[str, object]]) -> None:
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    asked, texts = contract(TYPED, format="jsonl"), contract(TYPED, format="jsonl", null_values=("", "no number 1"))  # a digit in it: texts are needed to find it
    found, expected = (typed(outcome(one, data).part.frame, one) for one in (asked, texts))
    assert found.frame.equals(expected.frame)
    assert {name: mask.to_list() for name, (mask, _) in found.failed.items()} == {name: mask.to_list() for name, (mask, _) in expected.failed.items()}


def test_numbers_are_read_as_texts_where_the_contract_looks_into_them() -> None:
    mapped = Column("a", "a", "integer", value_map=(ValueMap("^9$", "1"),))
    for columns, reader in (([mapped], {}), ([Column("a", "a", "integer", null_values=("7",))], {}), ([Column("a", "a", "integer"), Column("t", "a", "string")], {})):
        assert outcome(contract(columns, format="jsonl", **reader), b'{"a": 7}\n').part.frame["a"].to_list() == ["7"]
    assert outcome(contract([Column("a", "a", "integer")], format="jsonl"), b'{"a": 7}\n').part.frame["a"].to_list() == [7]


def test_the_message_says_what_is_wrong_with_the_line() -> None:
    [wrong] = [r.wrong for r in outcome(contract(COLUMNS, format="jsonl"), b'{"a": 1}\n[1]\n').part.ragged]
    assert wrong == "the line is no JSON object: it is a value of another kind"


@given(st.lists(st.fixed_dictionaries({"a": SCALARS, "b": st.fixed_dictionaries({"c": SCALARS})}), max_size=20), st.sampled_from(["\n", "\r\n", "\n\n"]), st.booleans())
def test_rows_written_are_rows_read(rows: list[dict[str, object]], end: str, ascii_only: bool) -> None:  # noqa: FBT001
    lines = [json.dumps(row, ensure_ascii=ascii_only) for row in rows]
    try:
        data = "".join(line + end for line in lines).encode()
    except UnicodeEncodeError:  # lone surrogates are no text
        return
    found = outcome(contract(COLUMNS, format="jsonl"), data)
    assert found.rows == [(text(row["a"]), text(row["b"]["c"]), line) for row, line in zip(rows, lines, strict=True)]  # type: ignore[index]
    assert found.counted == len(rows)


@given(st.lists(st.tuples(st.integers(-(10**19), 10**19), st.text("ab\"\\,1234567890.", max_size=30)), min_size=1, max_size=5))
def test_decimals_keep_every_digit_they_were_written_with(rows: list[tuple[int, str]]) -> None:
    asked = contract([Column("d", "d", "decimal", precision=20, scale=2), Column("t", "t", "string"), Column("row", "$row", "json")], format="jsonl")
    texts = [f"{'-' if n < 0 else ''}{abs(n) // 100}.{abs(n) % 100:02d}" for n, _ in rows]
    lines = [f'{{"d": {text}, "t": {json.dumps(note)}}}' for text, (_, note) in zip(texts, rows, strict=True)]
    frame = outcome(asked, "\n".join(lines).encode()).part.frame
    assert [str(value) for value in typed(frame, asked).frame["d"]] == texts
    assert frame["t"].to_list() == [note or None for _, note in rows]
    assert frame["row"].to_list() == lines
