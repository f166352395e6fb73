"""Every encoding departments use: told, read without loss, or refused by place and bytes."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.contracts.model import Column, Contract, Reader
from jobs.readers import encoding as encoding_module
from jobs.readers.content import Content
from jobs.readers.delimited import read_head, read_range
from jobs.readers.encoding import CONFIDENT, Odd, Probe, as_utf8, odd_characters, wide
from jobs.readers.inspection import archive_content, is_plain_text, text_content
from jobs.readers.outcome import Refused
from jobs.readers.packed import Source, batches
from tests.unit.readers.made import contract, landed, registered
from tests.unit.readers.made import rows_of as found_rows
from tests.unit.readers.packing import outcome, zipped

# encoding → a text as departments write it
TEXTS: dict[str, str] = {
    "gb18030": "编号,名称,地址\n1,张三,北京市海淀区中关村大街1号\n2,𠮷田㐀,上海市浦东新区世纪大道100号\n",
    "gbk": "编号,名称\n1,張三丰\n2,黃河鎮人民政府\n3,广州市天河区体育西路\n",
    "gb2312": "编号,名称\n1,张三\n2,上海市浦东新区\n",
    "big5hkscs": "編號,名稱,地址\n1,張三,臺北市信義區市府路1號\n2,鰂魚涌站,香港東區\n3,深水埗區,九龍尖沙咀\n",
    "big5": "編號,名稱\n1,張三\n2,高雄市苓雅區四維三路\n",
    "cp932": "番号,名前,住所\n1,髙橋,東京都千代田区かすみがせき\n2,ﾃｽﾄ,大阪市北区カタカナ\n",
    "shift_jis": "番号,住所\n1,東京都千代田区かすみがせき\n2,大阪市北区カタカナ\n",
    "cp949": "번호,이름,주소\n1,서울특별시 종로구,가나다\n2,부산광역시 해운대구,똠방각하\n",
    "euc_kr": "번호,이름\n1,서울특별시 종로구\n2,부산광역시 해운대구\n",
    "cp1250": "id,název,město\n1,Žižkov,Příbram\n2,Řeka,Český Krumlov\n",
    "cp1251": "номер,имя,адрес\n1,Москва,улица Ленина\n2,Санкт-Петербург,Невский проспект\n",
    "cp1252": "id,nom,ville\n1,crème brûlée,Orléans\n2,Hélène,Besançon\n3,Noël,Nîmes\n",
    "latin_1": "id,name\n1,Straße\n2,Größe und Übung\n3,Köln\n",
    "cp1253": "αριθμός,όνομα\n1,Αθήνα\n2,Θεσσαλονίκη\n",
    "cp1254": "no,ad\n1,İstanbul Şişli\n2,Iğdır ğüşöç\n",
    "cp1255": "מספר,שם\n1,ירושלים\n2,תל אביב\n" * 3,
    "cp1256": "رقم,اسم\n1,القاهرة\n2,الرياض\n",
    "utf-8": "编号,名称\n1,𠮷\n",
    "utf-8-sig": "编号,名称\n1,𠮷\n",
    "utf-16": "编号,名称\n1,𠮷,一\n",
    "utf-16-le": "编号,名称\n1,𠮷,一\n",
    "utf-16-be": "编号,名称\n1,𠮷,一\n",
    "utf-32": "编号,名称\n1,𠮷\n",
}
# written as → found as: the wider of a family, and of pages that read a text the same the commonest
WIDER = {
    "gbk": "gb18030", "gb2312": "gb18030", "big5": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949", "latin_1": "cp1252", "utf-8-sig": "utf-8",
    "utf-16": "utf-16-le", "utf-32": "utf-32-le",
}  # fmt: skip


def content_of(data: bytes, reader: Reader) -> Content:
    if is_plain_text(data, reader):
        return text_content([data[:7], data[7:]], "x.csv", reader)
    return archive_content(io.BytesIO(data), len(data), "x.csv", reader)


def rows_of(data: bytes, columns: tuple[str, ...], encoding: str | None = None) -> list[tuple[str, ...]]:
    """All rows as landing reads them: in parts from the beginning, by what registering found."""
    reader = Reader("csv", encoding=encoding)
    contract = Contract("d", "n", "i", "1", "", "", "", "events", "d/n", ".*", reader, tuple(Column(c, c, "string") for c in columns))
    content = content_of(data, reader)
    content.require()
    source = Source(io.BytesIO(data), len(data), "x.csv", {})
    return [row for batch in batches(contract, source, content.files) for row in batch.part.frame.select(columns).rows()]


@pytest.mark.parametrize("encoding", TEXTS)
def test_detected_and_read_without_loss(encoding: str) -> None:
    text, data = TEXTS[encoding], TEXTS[encoding].encode(encoding)
    content = content_of(data, Reader("csv"))
    assert content.refused is None
    found = content.files[0].encoding
    assert found is not None
    assert found.name == WIDER.get(encoding, encoding)
    assert found.confidence >= CONFIDENT
    header, *lines = [line.split(",") for line in text.splitlines()]
    assert content.files[0].lines == len(lines) + 1
    wanted = [tuple(line) for line in lines if len(line) == len(header)]
    assert rows_of(data, tuple(header)) == wanted


SHANGHAI = "上海市浦东新区世纪大道"
SOME = {
    "jsonl": (f'{{"id": "1", "name": "{SHANGHAI}"}}\n{{"id": "2", "name": "b"}}\n', {}),
    "json": (f'[{{"id": "1", "name": "{SHANGHAI}"}}, {{"id": "2", "name": "b"}}]', {"rows_at": ("$",)}),
    "sql": (f"INSERT INTO t (id, name) VALUES ('1', '{SHANGHAI}'), ('2', 'b');\n", {}),
    "fixedWidth": (f"1{SHANGHAI}\n2b{' ' * 10}\n", {}),
    "xml": (f"<d><r><id>1</id><name>{SHANGHAI}</name></r><r><id>2</id><name>b</name></r></d>", {"row_element": "r"}),
}
HOW = [(None, "utf-8", ("utf-8", "utf-8")), (None, "gb18030", ("gb18030", "detected")), (None, "utf-8-sig", ("utf-8", "mark")), (None, "utf-16", ("utf-16-le", "mark")), ("gbk", "gbk", ("gbk", "contract"))]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("said", "written", "told"), HOW)
@pytest.mark.parametrize("form", SOME)
def test_every_text_tells_its_encoding_as_delimited_text_does(form: str, said: str | None, written: str, told: tuple[str, str], packed: bool) -> None:  # noqa: FBT001
    text, options = SOME[form]
    if form == "xml" and told[1] == "detected":
        text, told = f'<?xml version="1.0" encoding="{written}"?>{text}', (written, "declared")
    columns = [Column("id", "id", "string", start=1, length=1), Column("name", "name", "string", start=2, length=11)]
    asked = contract(columns, **{"format": form, "encoding": said, **options})
    data = zipped([("x", text.encode(written))]) if packed else text.encode(written)
    (found,) = [file.encoding for file in registered(asked, data).files]
    assert found is not None and (found.name, found.how) == told
    assert found.confidence >= CONFIDENT
    assert found_rows(landed(asked, data)) == [(1, "1", SHANGHAI), (2, "2", "b")]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", [form for form in SOME if form != "xml"])
def test_every_text_is_refused_where_its_encoding_cannot_be_told(form: str, packed: bool) -> None:  # noqa: FBT001
    text, options = SOME[form]
    data = text.replace(SHANGHAI, "中").encode("gb18030")
    content = registered(contract([Column("id", "id", "string", start=1, length=1)], **{"format": form, **options}), zipped([("x", data)]) if packed else data)
    assert content.refused is not None
    assert content.refused[0] == "unknown_encoding"
    assert "gb18030 (reads" in content.refused[1]


@pytest.mark.parametrize(
    ("data", "reads"),
    [
        (b"id,name\n1,caf\xe9\n", ["cp1252 (reads 'caf\xe9')", "cp1251 (reads 'caf\u0439')"]),
        ("id,name\n1,京\n".encode("gb18030"), ["gb18030 (reads '京')"]),
        ("𨋢,㗎,鰂魚涌,啲嘢喺邊度\n".encode("big5hkscs"), ["big5hkscs (reads '𨋢')", "cp949"]),
        ("1,café crème\n".encode("cp1252"), ["cp1252 (reads 'café')", "cp1250"]),
    ],
)
def test_too_little_to_tell_is_refused_with_the_candidates(data: bytes, reads: list[str]) -> None:
    content = content_of(data, Reader("csv"))
    assert content.refused is not None
    reason, message = content.refused
    assert reason == "unknown_encoding"
    for words in reads:
        assert words in message


def test_a_damaged_utf8_file_stays_utf8_and_is_refused_at_the_place() -> None:
    data = ("站点,水位\n" + "水文站甲,1.5\n" * 20).encode() + b"\xe6\xb0"
    assert content_of(data, Reader("csv")).files[0].encoding.name == "utf-8"  # type: ignore[union-attr]
    with pytest.raises(Refused, match=rf"near line 22, at byte {len(data) - 2}, stand the bytes e6 b0") as refused:
        rows_of(data, ("站点", "水位"))
    assert refused.value.reason == "wrong_encoding"


def test_a_character_of_utf8_that_lost_its_end_is_no_word_of_another_encoding() -> None:
    """E4 B8 would be дё in code page 1251."""
    with pytest.raises(Refused, match="near line 2, at byte 7, stand the bytes e4 b8 0a"):
        rows_of(b"id,n\n1,\xe4\xb8\n", ("id", "n"))


@pytest.mark.parametrize(
    ("encoding", "data", "place"),
    [
        ("gb18030", b"id,n\n1,a\n2,\xff\n", "near line 3, at byte 11, stand the bytes ff 0a"),
        ("gb18030", b"id,n\n1,\x81\x30\x81", "near line 2, at byte 7, stand the bytes 81 30 81"),
        ("big5hkscs", b"id,n\n1,\xff\n", "near line 2, at byte 7"),
        ("cp932", b"id,n\n1,\x81", "near line 2, at byte 7, stand the bytes 81"),
        ("cp1252", b"id,n\n1,\x81\n", "near line 2, at byte 7"),
        ("ascii", b"id,n\n1,\xe9\n", "near line 2, at byte 7"),
        ("utf-16-le", "id,n\n1,a\n2,".encode("utf-16-le") + b"\x00\xd8\n\x00", "near line 3, at byte 22, stand the bytes 00 d8 0a 00"),
        ("utf-16-be", "id,n\n1,a\n".encode("utf-16-be") + b"\x00", "near line 3, at byte 18, stand the bytes 00"),
    ],
)
def test_a_lossy_decode_names_line_byte_and_bytes(encoding: str, data: bytes, place: str) -> None:
    with pytest.raises(Refused) as refused:
        rows_of(data, ("id", "n"), encoding)
    assert refused.value.reason == "wrong_encoding"
    assert place in refused.value.message


def test_a_later_range_names_the_byte_of_the_file() -> None:
    reader = Reader("csv", encoding="gb18030")
    with pytest.raises(Refused, match=r"near line 501, at byte 9002"):
        read_range(b"1,\xff\n", reader, read_head(b"id,n\n", reader), 501, last=True, offset=9000)


def test_the_contract_counts_before_anything_is_guessed() -> None:
    data = TEXTS["cp932"].encode("cp932")
    found = content_of(data, Reader("csv", encoding="latin_1")).files[0].encoding
    assert found is not None
    assert (found.name, found.how) == ("latin_1", "contract")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_a_mark_that_contradicts_the_contract_is_refused(encoding: str) -> None:
    data = "\ufeffid,n\n1,a\n".encode(encoding)
    content = content_of(data, Reader("csv", encoding="gb18030"))
    assert content.refused is not None
    assert content.refused[0] == "wrong_encoding"
    assert encoding in content.refused[1]


def test_utf16_without_a_mark_may_be_agreed() -> None:
    for said in ("utf-16", "utf-16-le", "UTF-16LE"):
        assert wide("一,二\n".encode("utf-16-le"), said) == "utf-16-le"
    assert wide("一,二\n".encode("utf-16-be"), "utf-16") == "utf-16-be"
    assert wide(b"id\n", "utf-8") is None


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("", Odd()),
        ("plain", Odd()),
        ("ＡＢ，。\ufb01\uff5e", Odd()),
        ("\ue000\uf8ff", Odd(private_use=2)),
        ("\ud7ff\uf900", Odd()),
        ("\U000f0000\U0010fffd\U000effff", Odd(private_use=2)),
        ("\ufffd水\ufffd", Odd(replacement=2)),
    ],
)
def test_odd_characters_are_counted(text: str, odd: Odd) -> None:
    assert odd_characters(text.encode()) == odd


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("\ue000\uf8ff\ufffd\uefff\U000f0000\U0010fffd一")))
def test_odd_characters_are_what_unicode_says(text: str) -> None:
    private = sum("\ue000" <= c <= "\uf8ff" or c >= "\U000f0000" for c in text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding_module, "BLOCK", 5)
        assert odd_characters(text.encode()) == Odd(private, text.count("\ufffd"))


ENCODINGS = [*TEXTS, "cp1257", "cp1258", "utf-32-be"]


def kept(text: str, encoding: str) -> str:
    """The characters an encoding can hold, and gives back."""

    def holds(c: str) -> bool:
        try:
            return c.encode(encoding).decode(encoding) == c
        except UnicodeError:
            return False

    return "".join(filter(holds, text))


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\ufeff") | st.sampled_from('𠮷㐀鰂埗邨ｱ한é€Ж",\n'), max_size=8)


@settings(max_examples=400)
@given(st.sampled_from(ENCODINGS), st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6))
def test_any_text_comes_through_every_encoding_that_can_hold_it(encoding: str, cells: list[tuple[str, str]]) -> None:
    rows = [(kept(a, encoding), kept(b, encoding)) for a, b in cells]
    sink = io.StringIO(newline="")
    csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("id", "name"), *rows])
    data = sink.getvalue().encode(encoding)
    if data.decode(encoding) != sink.getvalue():  # two characters in a row may share bytes in Big5-HKSCS
        return
    assert rows_of(data, ("id", "name"), encoding) == rows


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le"]), st.integers(1, 9))
def test_wide_text_is_the_same_in_any_chunking(text: str, encoding: str, step: int) -> None:
    data = text.encode(encoding)
    assert b"".join(as_utf8((data[i : i + step] for i in range(0, len(data), step)), encoding)) == text.encode()


@settings(max_examples=300)
@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_are_in_some_encoding_or_refused(data: bytes, step: int) -> None:
    probe = Probe(None)
    for start in range(0, len(data), step):
        probe.feed(data[start : start + step])
    found = outcome(probe.found)
    assert found.reason == "unknown_encoding" if isinstance(found, Refused) else found.confidence >= CONFIDENT


@settings(max_examples=200)
@given(st.sampled_from([b"id,name\n", "\ufeffid,name\n".encode("utf-16-le"), "id,name\n".encode("utf-16-be"), "\ufeffid,name\n".encode(), b""]), st.binary(max_size=300))
def test_any_bytes_as_delimited_text_have_an_outcome(head: bytes, data: bytes) -> None:
    rows = outcome(lambda: rows_of(head + data, ("id", "name")))
    assert rows.message if isinstance(rows, Refused) else all(len(row) == 2 for row in rows)


@pytest.mark.parametrize("step", [1000, 4099, 1 << 16, 1 << 22])
@pytest.mark.parametrize("ends", ["\n", ",", "\r\n"])
def test_a_sample_cuts_no_character(step: int, ends: str) -> None:
    """Lines of odd lengths, longer in all than the sample, some longer than it by themselves."""
    data = ends.join(f"{i},{'国'[: i % 2]}上海市浦东新区世纪大道{i}号" for i in range(9000)).encode("gb18030")
    probe = Probe(None)
    for start in range(0, len(data), step):
        probe.feed(data[start : start + step])
    assert probe.found().name == "gb18030"


def test_a_probe_reads_every_byte_not_only_the_first() -> None:
    probe = Probe(None)
    probe.feed(b"id,name\n" * 100_000)
    probe.feed("1,上海市浦东新区世纪大道\n".encode("gb18030") * 3)
    assert probe.found().name == "gb18030"
