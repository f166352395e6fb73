"""What a file really is, told from its content and never from its name.

A kind is a word: `text`, `html`, `xml`, `json`, `jsonl`, `zip`, `xlsx`, `xlsb`, `ods`, `gz`, `bz2`, `zst`, `7z`, `tar`, `xls`, `parquet`, `orc`,
`avro`, `sqlite`, `dbf`, `shapefile` (zipped), `pdf`, `png`, `jpeg`, `empty`, or `unknown` where nothing speaks for any of them.
"""

from __future__ import annotations

import codecs
import re
import struct
import tarfile
from collections.abc import Collection

import numpy as np

from jobs.readers.outcome import Refused

HEAD = 64 << 10  # bytes that are looked at
BLOCK = 512  # of a tar

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"PK\x07\x08PK\x03\x04", "zip"), (b"\x1f\x8b\x08", "gz"), (b"(\xb5/\xfd", "zst"), (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"), (b"PAR1", "parquet"), (b"ORC", "orc"), (b"Obj\x01", "avro"), (b"SQLite format 3\x00", "sqlite"), (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"),
)  # fmt: skip
WORDLIKE, CONTROL = (b"PAR1", b"ORC"), re.compile(rb"[\x00-\x08\x0e-\x1f]")  # a header line may start with these words, but holds no control characters
SHAPES = re.compile(r"\.shp$", re.I)
BZ2 = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")
BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"), (b"\x84\x31\x95\x33", "gb18030"),
)  # fmt: skip
HTML = re.compile(r"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body|table|meta|style)\b", re.I | re.S)
NAME = r"[A-Za-z_\x80-\U0010ffff][\w.\x80-\U0010ffff-]*"  # of an XML element, in any script
XML = re.compile(rf"\s*(<\?xml\s|<!DOCTYPE\s|<!--|<{NAME}(:{NAME})?(\s+{NAME}(:{NAME})?\s*=\s*[\"']|\s*/?>\s*<|\s*/>\s*\Z))")
JSON = re.compile(r'\s*(\{\s*("([^"\\\n]|\\.)*"\s*:|\})|\[\s*([\[\]{"]|-?\d+(\.\d+)?\s*[,\]]|true\b|false\b|null\b))')
JSON_LINE = re.compile(r"\s*\{[^\n]*\}[ \t\r]*\n\s*\{")
DBF_VERSIONS = frozenset(b"\x02\x03\x04\x05\x30\x31\x32\x43\x63\x83\x8b\x8e\xcb\xf5\xfb")
ENDS = [ord(c) for c in "\n\r\t,;|"]
NULS, LATIN_PAIRS = 0.05, 0.5  # UTF-16: at least so many NULs a unit; at most so many units that are two printable ASCII bytes
CONTAINERS = frozenset({"zip", "gz", "bz2", "zst", "7z", "tar"})

WORDS = {
    "text": "plain text", "html": "a web page (HTML)", "xml": "XML", "json": "JSON", "jsonl": "JSON lines", "zip": "a ZIP archive", "xlsx": "an Excel workbook (.xlsx)",
    "xlsb": "an Excel workbook (.xlsb)", "ods": "an OpenDocument spreadsheet (.ods)", "xls": "an old Excel workbook (.xls) or another Office file", "shapefile": "a zipped shapefile", "gz": "a gzip file",
    "bz2": "a bzip2 file", "zst": "a Zstandard file", "7z": "a 7z archive", "tar": "a TAR archive", "parquet": "a Parquet file", "orc": "an ORC file", "avro": "an Avro file",
    "sqlite": "an SQLite database", "dbf": "a dBase table (.dbf)", "pdf": "a PDF document", "png": "a PNG picture", "jpeg": "a JPEG picture",
}  # fmt: skip
# Contract format → the kinds its reader reads; an attachment may be anything. `unknown` and `empty` go on to the reader, which says what it misses.
READS: dict[str, tuple[frozenset[str], str]] = {
    "csv": (frozenset({"text"}), "delimited text"),
    "json": (frozenset({"json", "jsonl"}), "JSON"),
    "jsonl": (frozenset({"jsonl", "json"}), "JSON lines"),
    "parquet": (frozenset({"parquet"}), "Parquet"),
    "orc": (frozenset({"orc"}), "ORC"),
    "avro": (frozenset({"avro"}), "Avro"),
    "fixedWidth": (frozenset({"text"}), "text of fixed width"),
    "xml": (frozenset({"xml"}), "XML"),
    "dbf": (frozenset({"dbf"}), "a dBase table (.dbf)"),
    "shapefile": (frozenset({"shapefile"}), "a shapefile, zipped"),
    "sqlite": (frozenset({"sqlite"}), "an SQLite database"),
    "sql": (frozenset({"text"}), "an SQL dump"),
    "excel": (frozenset({"xlsx", "xlsb", "ods", "xls"}), "a spreadsheet"),
}


def kind_of(head: bytes) -> str:
    """The kind of a file whose first HEAD bytes (or all of them) are `head`. A ZIP stays `zip`: its table of contents tells more, see `kind_of_zip`."""
    if not head:
        return "empty"
    if BZ2.match(head):
        return "bz2"
    for magic, kind in MAGIC:
        if head.startswith(magic) and (magic not in WORDLIKE or CONTROL.search(head, 0, 256)):
            return kind
    if _is_tar(head):
        return "tar"
    if _is_dbf(head):
        return "dbf"
    return _kind_of_text(head)


def kind_of_zip(names: Collection[str], *, shapes: bool = False) -> str:
    """The kind of a ZIP archive with these members: Office files are ZIP archives too. `shapes`: one with a .shp is a `shapefile`, not an archive of files."""
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "mimetype" in names and "content.xml" in names:
        return "ods"
    return "shapefile" if shapes and any(SHAPES.search(name) for name in names) else "zip"


def require(kind: str, contract_format: str, name: str) -> None:
    """Raises Refused where the format's reader cannot read this kind of content."""
    kinds, wanted = READS.get(contract_format, (frozenset(), ""))
    if not wanted or kind in kinds or kind not in WORDS:
        return
    _, dot, ending = name.rpartition(".")
    said = f"is named .{ending}, but it is" if dot and "/" not in ending else f"({name}) is"
    raise Refused("wrong_format", f"The file {said} {WORDS[kind]}. The agreed format is {wanted}: export the data as that and send it again.")


def wide_encoding(head: bytes) -> str | None:
    """`utf-16-le`, `utf-16-be`, `utf-32-le`, `utf-32-be` where a mark or the pattern of NUL bytes says so."""
    marked = bom(head)
    if marked is not None:
        return marked if marked.startswith(("utf-16", "utf-32")) else None
    size = len(head) - len(head) % 2
    if size < 4 or len(head) % 2 and len(head) < HEAD:
        return None
    units = np.frombuffer(head[:size], dtype=np.uint8).reshape(-1, 2)
    # 一 (4E 00) has a NUL on the other side; what stands between values has not
    ends = {name: int(np.isin(units.view(kind), ENDS).sum()) for name, kind in (("utf-16-le", "<u2"), ("utf-16-be", ">u2"))}
    name = max(ends, key=lambda n: ends[n])
    if ends[name] == 0 or (units == 0).mean() * 2 < NULS or ((units >= 0x20) & (units < 0x7F)).all(axis=1).mean() > LATIN_PAIRS:
        return None
    try:
        text = codecs.getincrementaldecoder(name)().decode(head[:size])  # a pair of surrogates may be cut
    except UnicodeDecodeError:
        return None
    return None if re.search(r"[\x00-\x08\x0e-\x1f]", text) else name


def bom(head: bytes) -> str | None:
    """The encoding a byte order mark names."""
    return next((name for mark, name in BOMS if head.startswith(mark)), None)


def _kind_of_text(head: bytes) -> str:
    encoding = wide_encoding(head)
    if encoding is None and _binary(head):
        return "unknown"
    # only ASCII marks are looked for, and these are the same in every encoding that is left
    text = head.decode(encoding or "latin-1", "replace").removeprefix("\ufeff").removeprefix("\xef\xbb\xbf")
    if HTML.match(text[:4096]):
        return "html"
    if XML.match(text[:4096]):
        return "xml"
    if JSON_LINE.match(text):
        return "jsonl"
    return "json" if JSON.match(text[:4096]) else "text"


def _binary(head: bytes) -> bool:
    """More control characters than a text has, damaged ones included."""
    data = np.frombuffer(head, dtype=np.uint8)
    control = (data < 0x20) & (data != 9) & (data != 10) & (data != 13) & (data != 12) & (data != 27)
    return bool(control.mean() > 0.08)


def _is_tar(head: bytes) -> bool:
    if len(head) < BLOCK:
        return False
    try:
        tarfile.TarInfo.frombuf(head[:BLOCK], "utf-8", "surrogateescape")  # compares the checksum
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def _is_dbf(head: bytes) -> bool:
    """dBase has no magic number; its header has a date, and a size that is that of so many 32-byte fields."""
    if len(head) < 32 or head[0] not in DBF_VERSIONS or 0 not in head[12:32]:  # reserved bytes are zeros; a text has none
        return False
    _, month, day, _, header, record = struct.unpack("<3BIHH", head[1:12])
    if not (1 <= month <= 12 and 1 <= day <= 31 and header >= 65 and record >= 2):
        return False
    return header > len(head) or b"\r" in head[64:header] and (header - 1) % 32 in (0, 8)
