"""Encodings of delimited text: stated, marked, told by their bytes, and refused by place and bytes where a character would be lost or invented."""

from __future__ import annotations

from tests.corpus.case import Case, Lands, Refuses, Rows, of, texts
from tests.unit.readers.made import contract

KOREAN = "2,인천광역시 남동구 구월동\n3,광주광역시 서구 치평동\n4,대전광역시 유성구 대학로\n5,울산광역시 남구 삼산동\n6,경기도 수원시 팔달구 효원로\n7,강원도 춘천시 중앙로\n"
# encoding → a text as departments write it
TEXTS: dict[str, str] = {
    "utf-8": "编号,名称\n1,𠮷田\n",
    "utf-8-sig": "编号,名称\n1,𠮷田\n",
    "utf-16": "编号,名称\n1,𠮷田\n",
    "utf-16-le": "编号,名称\n1,𠮷田\n",
    "utf-16-be": "编号,名称\n1,𠮷田\n",
    "utf-32": "编号,名称\n1,𠮷田\n",
    "gb2312": "编号,单位\n1,杭州市西湖区人民政府\n2,浙江省统计局\n",
    "gbk": "编号,单位\n1,朱镕基\n2,黃河水利委員會\n3,广州市越秀区北京路\n",
    "gb18030": "编号,单位,地址\n1,㐀𠮷田,北京市东城区长安街1号\n2,𡋾村,重庆市渝中区解放碑步行街\n",
    "big5": "編號,單位\n1,臺北市政府民政局\n2,新北市板橋區中山路\n",
    "big5hkscs": "編號,單位\n1,鰂魚涌街市\n2,深水埗區議會\n3,香港九龍油麻地彌敦道\n",
    "shift_jis": "番号,住所\n1,京都府京都市中京区\n2,カタカナとひらがな\n",
    "cp932": "番号,住所\n1,髙島屋①ﾃﾞﾊﾟｰﾄ\n2,神奈川県横浜市みなとみらい\n",
    "euc_kr": f"번호,주소\n1,대구광역시 중구 동성로\n{KOREAN}",
    "cp949": f"번호,주소\n1,서울특별시 강남구 똠방각하길\n{KOREAN}",
    "cp1250": "id,obec\n1,Žďár nad Sázavou\n2,Český Těšín\n3,Ústí nad Labem\n",
    "cp1251": "номер,город\n1,Екатеринбург\n2,Нижний Новгород\n",
    "cp1252": "id,commune\n1,Besançon\n2,Orléans\n3,Sète à côté de Nîmes\n",
    "latin_1": "id,gemeinde\n1,Düsseldorf\n2,Größe und Übung\n3,Fürth\n",
    "cp1253": "αριθμός,πόλη\n1,Θεσσαλονίκη\n2,Ηράκλειο\n",
    "cp1254": "no,açıklama\n1,İstanbul'un Avrupa yakası ve çevresi\n2,Şanlıurfa'nın güneydoğu bölgesi\n3,Ağrı Dağı'nın doğu bölgesi\n4,Muğla'nın kıyı şeridi ve köyleri\n5,Eskişehir öğrenci şehri\n",
    "cp1255": "מספר,עיר\n1,ירושלים\n2,תל אביב\n3,באר שבע\n4,ראשון לציון\n",
    "cp1256": "رقم,مدينة\n1,القاهرة\n2,الإسكندرية\n",
}
# written as → told as: the wider of a family, and of code pages in which the text reads the same the commonest
TOLD = {
    "utf-8-sig": ("utf-8", "mark"), "utf-8": ("utf-8", "utf-8"), "utf-16": ("utf-16-le", "mark"), "utf-32": ("utf-32-le", "mark"), "gbk": ("gb18030", "detected"), "gb2312": ("gb18030", "detected"),
    "big5": ("big5hkscs", "detected"), "shift_jis": ("cp932", "detected"), "euc_kr": ("cp949", "detected"), "latin_1": ("cp1252", "detected"),
}  # fmt: skip
STATED = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}  # a mark says which of the two


def rows(text: str) -> Rows:
    return [tuple(line.split(",")) for line in text.splitlines()[1:]]


def told(name: str, encoding: str | None, expected: tuple[str, str]) -> Case:
    text = TEXTS[name]
    asked = contract(texts(*text.splitlines()[0].split(",")), format="csv", encoding=encoding)
    return Case(f"{name}, {'told by its bytes' if encoding is None else 'stated'}", asked, "dump.csv", of(text, name), Lands(rows(text), encoding=expected))


def case(name: str, data: bytes, expected: Lands | Refuses, encoding: str | None = None) -> Case:
    return Case(name, contract(texts("id", "n"), format="csv", encoding=encoding), "dump.csv", of(data), expected)


def at(line: int, byte: int, shown: str) -> Refuses:
    return Refuses("wrong_encoding", (f"near line {line}, at byte {byte}, stand the bytes {shown}.",))


LOSSY = [
    case("a byte that starts no GB18030 character", b"id,n\n1,a\n2,\xff\n", at(3, 11, "ff 0a"), "gb18030"),
    case("a GB18030 character of four bytes that is cut off", b"id,n\n1,\x81\x30\x81", at(2, 7, "81 30 81"), "gb18030"),
    case("half a GBK character before a delimiter", b"id,n\n\xd6,a\n", at(2, 5, "d6 2c 61 0a"), "gbk"),
    case("UTF-8 sent as GBK", "id,n\n1,中\n".encode(), at(2, 9, "ad 0a"), "gbk"),
    case("GBK sent as UTF-8", "id,n\n1,中\n".encode("gbk"), at(2, 7, "d6 d0 0a"), "utf-8"),
    case("GBK in the header, sent as UTF-8", "编号,n\n1,a\n".encode("gbk"), at(1, 0, "b1 e0 ba c5"), "utf-8"),
    case("a character that GB2312 has not", "id,n\n1,镕\n".encode("gbk"), at(2, 7, "e9 46 0a"), "gb2312"),
    case("a character that Big5 has not but Hong Kong's supplement has", "id,n\n1,鰂\n".encode("big5hkscs"), at(2, 7, "91 6f 0a"), "big5"),
    case("a byte that starts no Big5-HKSCS character", b"id,n\n1,\xff\n", at(2, 7, "ff 0a"), "big5hkscs"),
    case("half a Shift-JIS character at the end", b"id,n\n1,\x81", at(2, 7, "81"), "cp932"),
    case("half an EUC-KR character", b"id,n\n1,\xb0\n", at(2, 7, "b0 0a"), "euc_kr"),
    case("a byte that code page 1252 does not use", b"id,n\n1,\x81\n", at(2, 7, "81 0a"), "cp1252"),
    case("a byte beyond ASCII where ASCII was agreed", b"id,n\n1,\xe9\n", at(2, 7, "e9 0a"), "ascii"),
    case("a UTF-8 character written too long", b"id,n\n1,\xc0\xaf\n", at(2, 7, "c0 af 0a"), "utf-8"),
    case("a surrogate written as UTF-8", b"id,n\n1,\xed\xa0\x80\n", at(2, 7, "ed a0 80 0a"), "utf-8"),
    case("a UTF-8 file cut in the middle of a character", b"id,n\n" + "1,水文站\n".encode() * 20 + b"\xe6\xb0", at(22, 5 + 20 * 12, "e6 b0")),
    case("half a pair of surrogates in UTF-16", "\ufeffid,n\n1,a\n2,".encode("utf-16-le") + b"\x00\xd8\n\x00", at(3, 24, "00 d8 0a 00")),
    case("half a unit at the end of UTF-16", "\ufeffid,n\n1,a\n".encode("utf-16-be") + b"\x00", at(3, 20, "00")),
    case("a mark of UTF-16 where GB18030 was agreed", "\ufeffid,n\n1,a\n".encode("utf-16-le"), Refuses("wrong_encoding", ("agreed encoding is gb18030", "marked as utf-16-le")), "gb18030"),
    case("a mark of UTF-32 where UTF-8 was agreed", "\ufeffid,n\n1,a\n".encode("utf-32-be"), Refuses("wrong_encoding", ("agreed encoding is utf-8", "marked as utf-32-be")), "utf-8"),
    case("one letter beyond ASCII tells no code page", b"id,n\n1,caf\xe9\n", Refuses("unknown_encoding", ("cp1252 (reads 'café')", "cp1251 (reads 'cafй')"))),
    case("one Chinese character tells no encoding", "id,n\n1,京\n".encode("gb18030"), Refuses("unknown_encoding", ("gb18030 (reads '京')",))),
    case("two short Korean words could be Chinese ones", "id,n\n1,번호\n".encode("euc_kr"), Refuses("unknown_encoding", ("cp949 (reads '번호')", "gb18030 (reads '锅龋')"))),
    case("a Turkish word could be an Icelandic one", "id,n\n1,Şişli\n".encode("cp1254"), Refuses("unknown_encoding", ("cp1254 (reads 'Şişli')",))),
    case("bytes that no encoding takes", b"id,n\n1," + bytes(range(0x80, 0x100)) + b"\n", Refuses("unknown_encoding")),
]

ODD = [
    case("a mark of GB18030", b"\x84\x31\x95\x33" + "id,n\n1,中\n".encode("gb18030"), Lands([("1", "中")], encoding=("gb18030", "mark"))),
    case("ASCII is UTF-8", b"id,n\n1,a\n", Lands([("1", "a")], encoding=("utf-8", "utf-8"))),
    case("a character of private use out of GBK", b"id,n\n1,\xaa\xa1\n", Lands([("1", "\ue000")], noted={"private_use": 1}), "gb18030"),
    case("characters of private use beyond the first plane", "id,n\n1,\U000f0000\U0010fffd\n".encode(), Lands([("1", "\U000f0000\U0010fffd")], noted={"private_use": 2})),
    case("characters that say that another was lost", "id,n\n1,\ufffd水\ufffd\n".encode(), Lands([("1", "\ufffd水\ufffd")], noted={"replacement": 2})),
    case("a quoted line end and Windows line ends in UTF-16", '\ufeffid,n\r\n1,"a\r\n中"\r\n\r\n2,b\r\n'.encode("utf-16-be"), Lands([("1", "a\r\n中"), ("2", "b")], skipped=(1, 0, 1))),
    case("ASCII written as UTF-16 without a mark", "id,n\n1,a\n".encode("utf-16-le"), Lands([("1", "a")], encoding=("utf-16-le", "detected"))),
    case("a Shift-JIS character whose second byte is a backslash", "id,n\n1,表\n2,ソ\n".encode("cp932"), Lands([("1", "表"), ("2", "ソ")]), "cp932"),
    case("a GBK character whose second byte is a pipe", "id,n\n1,脇\n".encode("gbk"), Lands([("1", "脇")]), "gbk"),
    case("a GB18030 character of four bytes, two of them digits", "id,n\n1,㐀\n".encode("gb18030"), Lands([("1", "㐀")]), "gb18030"),
]

CASES = [
    *(told(name, None, TOLD.get(name, (name, "detected"))) for name in TEXTS),
    *(told(name, name, (STATED.get(name, name), "contract")) for name in TEXTS),
    *LOSSY, *ODD,
]  # fmt: skip
