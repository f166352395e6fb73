"""Fixed width: places in characters and bytes, control counts in header and trailer records, lines of another length."""

from __future__ import annotations

from typing import Any

from jobs.contracts.model import Capture, Column
from tests.corpus.case import Case, Lands, Refuses, of
from tests.unit.readers.made import contract

COLUMNS = [Column("id", "id", "integer", start=1, length=3), Column("name", "name", "string", start=4, length=4)]
HEADER, TRAILER = r"^HDR (?P<day>\d+)", r"^TRL *(?P<count>\d+)"
NONE = (0, 0, 0)
ROWS = [(1, "abcd"), (2, "x")]


def case(name: str, text: str | bytes, expected: Lands | Refuses, columns: list[Column] | None = None, **reader: Any) -> Case:
    return Case(name, contract(columns or COLUMNS, format="fixedWidth", **reader), "dump.txt", of(text), expected)


CASES = [
    case("columns at their places", "001abcd\n002x   \n", Lands(ROWS, skipped=NONE)),
    case("Windows line ends, a mark, and a last line without its end", "\ufeff001abcd\r\n002x   ", Lands(ROWS, skipped=NONE)),
    case("places in characters, wide ones too", "001张三丰 \n", Lands([(1, "张三丰")], skipped=NONE)),
    case("places in bytes of GBK", "001张三\n002ab  \n".encode("gbk"), Lands([(1, "张三"), (2, "ab")], skipped=NONE), positions="bytes", encoding="gbk"),
    case("places in bytes that cut a character", "01张三\n".encode("gbk") + b"1" * 6 + b"\n", Refuses("cut_character", ("'id' at bytes 1 to 3 cuts a character in two",)), positions="bytes", encoding="gbk", record_length=6),
    case("a control count in the header record", "HDR 0002\n001abcd\n002x   \n", Lands(ROWS, skipped=(1, 0, 0)), header_record=r"^HDR (?P<count>\d+)"),
    case("a control count in the header record that is too high", "HDR 0003\n001abcd\n002x   \n", Refuses("control_count", ("says 0003 rows", "has 2")), header_record=r"^HDR (?P<count>\d+)"),
    case("a control count in the trailer record", "001abcd\n002x   \nTRL    2\n", Lands(ROWS, skipped=(0, 1, 0)), trailer_record=TRAILER),
    case("a control count in the trailer record that is too low", "001abcd\n002x   \nTRL 1\n", Refuses("control_count", ("says 1 rows", "has 2")), trailer_record=TRAILER),
    case("a trailer record that is cut off with the rows before it", "001abcd\n002x   \n", Refuses("control_count", ("cut off",)), trailer_record=TRAILER),
    case("a control count that is no number", "HDR zwei\n001abcd\n", Refuses("control_count", ("zwei",)), header_record=r"^HDR (?P<count>\w+)"),
    case("a value out of the header record", "HDR 20240105\n001abcd\nTRL 1\n", Lands([(1, "abcd", "20240105")], skipped=(1, 1, 0)), [*COLUMNS, Column("day", "$capture.day", "string")],
         header_record=HEADER, trailer_record=TRAILER, captures=(Capture(HEADER, 1),)),
    case("a header record that is not there", "001abcd\n", Refuses("unexpected_preamble", ("Line 1",)), [*COLUMNS, Column("day", "$capture.day", "string")], header_record=HEADER, captures=(Capture(HEADER, 1),)),
    case("lines that are too short and too long", "001abcd\n002ab\n003abcdx\n004wxyz\n", Lands([(1, "abcd"), (4, "wxyz")], {"ragged": 2}, skipped=NONE, says=("has 5 characters, its columns have 7", "has 8 characters"))),
    case("something not described behind the last column", "001abcdZZ\n002x   ZZ\n", Lands(ROWS, skipped=NONE), record_length=9),
    case("blank lines", "001abcd\n\n\r\n002x   \n", Lands(ROWS, skipped=(0, 0, 2))),
    case("a number that is none", "0x1abcd\n   efgh\n", Lands([(None, "efgh")], {"castable:id": 1}, skipped=NONE)),
    case("bytes that are no text", b"001abcd\n002\xffbcd\n", Refuses("wrong_encoding", ("near line 2, at byte 11",)), encoding="utf-8"),
    case("bytes that may be several texts", b"001abcd\n002\xffbcd\n", Refuses("unknown_encoding", ("cp1252 (reads '002ÿbcd')",))),
    case("places in bytes of GBK, which nobody said", "".join(f"{at:03}上海\n{at + 1:03}浦东\n" for at in range(1, 20, 2)).encode("gbk"),
         Lands([(at + more, name) for at in range(1, 20, 2) for more, name in enumerate(("上海", "浦东"))], skipped=NONE, encoding=("gb18030", "detected")), positions="bytes"),
    case("no row", "HDR 20240105\n", Refuses("no_rows"), header_record=HEADER),
]  # fmt: skip
