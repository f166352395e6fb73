"""Archives: what comes out of each kind, and what a hostile one runs into."""

from __future__ import annotations

import gzip
import io
import random
import stat
import struct
import tarfile
import tracemalloc
import zipfile

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jobs.contracts.model import Archive
from jobs.platform.errors import LakeError
from jobs.readers import streams
from jobs.readers.containers import members
from jobs.readers.outcome import Refused
from jobs.readers.sniff import CONTAINERS, HEAD, kind_of
from jobs.readers.streams import Ranged
from tests.unit.readers.packing import ARCHIVES, CODECS, linked, outcome, sevened, tarred, zipped

CSV, LONG = b"id\n1\n", b"id,name\n" + b"1,some words that repeat\n" * 5_000
FILES = [("a.csv", CSV), ("x/b.csv", LONG), ("readme.txt", b"hello")]
WANTED = Archive(members=r".*\.csv")
Found = list[tuple[str, tuple[str, ...], bytes | None]]


def opened(data: bytes, name: str = "d.bin", limits: Archive = WANTED) -> Found:
    """(name, packed, content or None where not wanted); through a file in memory and through ranges, which must not differ."""
    found = [
        [(m.name, m.packed, None if m.stream is None else m.stream.read()) for m in members(stream, len(data), name, limits)]
        for stream in (io.BytesIO(data), Ranged(lambda start, end: data[start:end], len(data)))
    ]
    assert found[0] == found[1]
    return found[0]


def refused(data: bytes, limits: Archive = WANTED) -> tuple[str, str]:
    with pytest.raises(Refused) as problem:
        opened(data, limits=limits)
    return problem.value.reason, problem.value.message


def test_a_file_that_is_no_archive_is_its_own_member() -> None:
    assert opened(CSV, "x.csv") == [("x.csv", (), CSV)]


@pytest.mark.parametrize("kind", ARCHIVES)
def test_wanted_files_come_in_order_and_the_others_are_named(kind: str) -> None:
    assert opened(ARCHIVES[kind](FILES)) == [("a.csv", (kind,), CSV), ("x/b.csv", (kind,), LONG), ("readme.txt", (kind,), None)]


@pytest.mark.parametrize(("kind", "name"), [("gz", "x/a.csv.gz"), ("bz2", "x/a.csv.BZ2"), ("zst", "x/a.csv.zst"), ("gz", "x/a.csv")])
def test_a_compressed_file_is_wanted_under_its_plain_name(kind: str, name: str) -> None:
    assert opened(CODECS[kind](LONG), name, Archive(members="nothing")) == [("x/a.csv", (kind,), LONG)]


@pytest.mark.parametrize("kind", CODECS)
def test_streams_after_one_another_are_one_file(kind: str) -> None:
    assert opened(CODECS[kind](CSV) + CODECS[kind](LONG)) == [("d.bin", (kind,), CSV + LONG)]


NESTS = {
    "tgz": (gzip.compress(tarred(FILES)), ("gz", "tar"), ""),
    "zip in zip": (zipped([("i.zip", zipped(FILES))]), ("zip", "zip"), "i.zip/"),
    "tar.bz2 in zip": (zipped([("i.tar.bz2", CODECS["bz2"](tarred(FILES)))]), ("zip", "bz2", "tar"), "i.tar/"),
    "7z in tar": (tarred([("i.7z", sevened(FILES))]), ("tar", "7z"), "i.7z/"),
    "zip in 7z": (sevened([("i.zip", zipped(FILES))]), ("7z", "zip"), "i.zip/"),
    "zst in 7z in zip": (zipped([("i.7z", sevened([(f"{n}.zst", CODECS["zst"](d)) for n, d in FILES]))]), ("zip", "7z", "zst"), "i.7z/"),
}


@pytest.mark.parametrize("nest", NESTS)
def test_nests(nest: str) -> None:
    data, packed, folder = NESTS[nest]
    assert opened(data) == [(folder + "a.csv", packed, CSV), (folder + "x/b.csv", packed, LONG), (folder + "readme.txt", packed, None)]


def test_an_office_file_inside_an_archive_is_a_file() -> None:
    book = zipped([("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")])
    assert opened(book, "a.xlsx") == [("a.xlsx", (), book)]
    assert [(m.name, m.kind) for m in members(io.BytesIO(zipped([("a.xlsx", book)])), 999, "d.zip", Archive())] == [("a.xlsx", "xlsx")]
    assert opened(zipped([("a.xlsx", book)]), limits=Archive()) == [("a.xlsx", ("zip",), book)]


def test_what_systems_put_beside_the_files_is_never_data() -> None:
    files = [("__MACOSX/._a.csv", CSV), ("x/.DS_Store", CSV), ("._a.csv", CSV), ("Thumbs.db", CSV), ("a.csv", CSV)]
    assert [name for name, _, content in opened(zipped(files), limits=Archive()) if content is not None] == ["a.csv"]


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("name", ["./x/a.csv", "x\\a.csv", "x//a.csv"])
def test_names_are_written_in_one_way(kind: str, name: str) -> None:
    assert opened(ARCHIVES[kind]([(name, CSV)]), limits=Archive(members=r"x/a\.csv")) == [("x/a.csv", (kind,), CSV)]


def test_names_of_chinese_windows_are_read() -> None:
    data = zipped([("AAAA.csv", CSV)]).replace(b"AAAA.csv", "名单".encode("gb18030") + b".csv")
    assert opened(data) == [("名单.csv", ("zip",), CSV)]


def broken_crc() -> bytes:
    data = bytearray(zipped([("a.csv", CSV)], zipfile.ZIP_STORED))
    data[data.index(CSV)] ^= 1
    return bytes(data)


def encrypted_zip() -> bytes:
    data = bytearray(zipped([("a.csv", CSV)]))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def linked_zip() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        info = zipfile.ZipInfo("a.csv")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return sink.getvalue()


def overlapping_zip() -> bytes:
    """Two entries of the table of contents point at the same bytes."""
    data = zipped([("a.csv", LONG), ("b.csv", LONG)])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        second = archive.infolist()[1].header_offset
    at = data.rindex(b"PK\x01\x02") + 42
    assert struct.unpack("<I", data[at : at + 4])[0] == second
    return data[:at] + struct.pack("<I", 1) + data[at + 4 :]


def quine(depth: int = 6) -> bytes:
    data = CSV
    for _ in range(depth):
        data = zipped([("r.zip", data)])
    return data


def long_named_tar() -> bytes:
    """A header that says that a name of 8 GiB follows."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 8 << 30
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(2048)


TAR = tarred(FILES)
HOSTILE: dict[str, tuple[bytes, str]] = {
    "path that climbs (zip)": (zipped([("../a.csv", CSV)]), "unsafe_path"),
    "path that climbs inside (zip)": (zipped([("x/../../a.csv", CSV)]), "unsafe_path"),
    "path of Windows that climbs (zip)": (zipped([("x\\..\\..\\a.csv", CSV)]), "unsafe_path"),
    "absolute path (zip)": (zipped([("/etc/a.csv", CSV)]), "unsafe_path"),
    "drive letter (zip)": (zipped([("C:\\a.csv", CSV)]), "unsafe_path"),
    "path that climbs (tar)": (tarred([("../a.csv", CSV)]), "unsafe_path"),
    "absolute path (tar)": (tarred([("/a.csv", CSV)]), "unsafe_path"),
    "unwanted path that climbs (tar)": (tarred([("../a.txt", CSV)]), "unsafe_path"),
    "symbolic link (tar)": (linked("a.csv", tarfile.SYMTYPE), "link_in_archive"),
    "hard link (tar)": (linked("a.csv", tarfile.LNKTYPE), "link_in_archive"),
    "device (tar)": (linked("a.csv", tarfile.CHRTYPE), "link_in_archive"),
    "pipe (tar)": (linked("a.csv", tarfile.FIFOTYPE), "link_in_archive"),
    "symbolic link (zip)": (linked_zip(), "link_in_archive"),
    "password (zip)": (encrypted_zip(), "encrypted"),
    "password (7z)": (sevened(FILES, "secret"), "encrypted"),
    "password inside (7z in zip)": (zipped([("i.7z", sevened(FILES, "secret"))]), "encrypted"),
    "bomb (zip)": (zipped([("a.csv", bytes(80 << 20))]), "zip_bomb"),
    "bomb (gz)": (gzip.compress(bytes(80 << 20)), "zip_bomb"),
    "bomb (bz2)": (CODECS["bz2"](bytes(80 << 20)), "zip_bomb"),
    "bomb (zst)": (CODECS["zst"](bytes(80 << 20)), "zip_bomb"),
    "bomb (7z)": (sevened([("a.csv", bytes(80 << 20))]), "zip_bomb"),
    "bomb in a bomb (gz in zip)": (zipped([("a.csv.gz", gzip.compress(bytes(80 << 20)))]), "zip_bomb"),
    "bomb (xlsx)": (zipped([("xl/workbook.xml", b"<x/>"), ("xl/sharedStrings.xml", bytes(80 << 20))]), "zip_bomb"),
    "overlapping members (zip)": (overlapping_zip(), "zip_bomb"),
    "nested without end (zip)": (quine(), "nested_too_deep"),
    "nested without end (gz)": (gzip.compress(gzip.compress(gzip.compress(gzip.compress(CSV)))), "nested_too_deep"),
    "a name without end (tar)": (long_named_tar(), "damaged_archive"),
    "another method (zip)": (zipped([("a.csv", CSV)], zipfile.ZIP_LZMA), "unsupported_archive"),
    "cut off (zip)": (zipped(FILES)[:-9], "damaged_archive"),
    "changed (zip)": (broken_crc(), "damaged_archive"),
    "cut off (7z)": (sevened(FILES)[:-9], "damaged_archive"),
    "cut off in a member (tar)": (TAR[:1600], "damaged_archive"),
    "cut off between members (tar)": (TAR[:1024], "damaged_archive"),
    "damaged header (tar)": (TAR[:1024] + b"?" * 512 + TAR[1536:], "damaged_archive"),
    **{f"cut off ({kind})": (pack(LONG)[:-6], "damaged_archive") for kind, pack in CODECS.items()},
    **{f"followed by rubbish ({kind})": (pack(LONG) + b"rubbish", "damaged_archive") for kind, pack in CODECS.items()},
    "two files of one name (7z)": (sevened([("a.csv", CSV), ("a.csv", LONG)]), "damaged_archive"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_and_damaged_archives_are_refused(case: str) -> None:
    data, reason = HOSTILE[case]
    assert refused(data)[0] == reason


LIMITS: list[tuple[Archive, bytes, str]] = [
    (Archive(most_bytes=1000), gzip.compress(LONG), "zip_bomb"),
    (Archive(most_bytes=1000), zipped(FILES), "zip_bomb"),
    (Archive(most_members=2), zipped(FILES), "too_many_members"),
    (Archive(most_members=2), tarred(FILES), "too_many_members"),
    (Archive(most_members=2), sevened(FILES), "too_many_members"),
    (Archive(most_members=3), zipped([("i.zip", zipped(FILES))]), "too_many_members"),
    (Archive(most_depth=0), zipped(FILES), "nested_too_deep"),
    (Archive(most_depth=1), gzip.compress(tarred(FILES)), "nested_too_deep"),
    (Archive(most_held=1000), sevened(FILES), "too_big_inside"),
    (Archive(most_held=100), zipped([("i.zip", zipped(FILES))]), "too_big_inside"),
]


@pytest.mark.parametrize(("limits", "data", "reason"), LIMITS, ids=[f"{reason}-{i}" for i, (_, _, reason) in enumerate(LIMITS)])
def test_a_contract_lowers_the_limits(limits: Archive, data: bytes, reason: str) -> None:
    assert refused(data, limits)[0] == reason


def test_a_directory_too_large_to_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "DIRECTORY", 1000)
    assert refused(zipped([(f"{i}.csv", b"") for i in range(100)]))[0] == "damaged_archive"


LARGE = random.Random(1).randbytes(1 << 14) * (80 << 6)


@pytest.mark.parametrize("data", [gzip.compress(LARGE), zipped([("a.csv", LARGE)]), tarred([("a.csv", LARGE)])], ids=["gz", "zip", "tar"])
def test_unpacking_streams(data: bytes) -> None:
    """80 MiB come out, and a fraction of that is in memory at any time."""
    tracemalloc.start()
    size = 0
    for member in members(io.BytesIO(data), len(data), "a.csv", Archive()):
        assert member.stream is not None
        while chunk := member.stream.read(1 << 16):
            size += len(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 80 << 20
    assert peak < 24 << 20


@pytest.mark.parametrize("data", [pack(FILES) for pack in ARCHIVES.values()] + [pack(LONG) for pack in CODECS.values()], ids=[*ARCHIVES, *CODECS])
def test_a_store_that_fails_is_not_taken_for_a_bad_archive(data: bytes) -> None:
    """The sender is told nothing; the run fails and is tried again."""
    calls = iter([data[:HEAD]])

    def fetch(start: int, end: int) -> bytes:
        for content in calls:
            return content
        raise LakeError("the store is away")

    with pytest.raises(LakeError):
        [member.stream and member.stream.read() for member in members(Ranged(fetch, len(data) + (10 << 20)), len(data), "d.bin", WANTED)]


NAME = st.text("abé名 _-1", min_size=1, max_size=8).map(lambda name: f"{name}.csv")
LAYERS = st.lists(st.sampled_from([*CODECS, *ARCHIVES]), min_size=1, max_size=3)


@settings(max_examples=100)
@given(st.binary(max_size=300), LAYERS, NAME)
def test_any_bytes_come_through_any_nest(data: bytes, layers: list[str], name: str) -> None:
    assume(kind_of(data) not in CONTAINERS)
    packed = data
    for layer in layers:
        packed = CODECS[layer](packed) if layer in CODECS else ARCHIVES[layer]([(name, packed)])
    [(_, around, content)] = opened(packed, name, Archive())
    assert (around, content) == (tuple(reversed(layers)), data)


CHECKED = [("zip", FILES, zipped(FILES)), ("7z", FILES, sevened(FILES)), *((kind, [("", LONG[:500])], CODECS[kind](LONG[:500])) for kind in ("gz", "bz2"))]
SMALL = Archive(most_bytes=1 << 20, most_held=1 << 20)


@settings(max_examples=400)
@given(st.sampled_from(CHECKED), st.data())
def test_damage_anywhere_is_refused_or_harmless(case: tuple[str, list[tuple[str, bytes]], bytes], data: st.DataObject) -> None:
    """Bytes changed, cut out or put in: what comes out of a format with checksums is what was put in, or a refusal."""
    kind, files, sample = case
    start = data.draw(st.integers(0, len(sample)))
    end = data.draw(st.integers(start, min(len(sample), start + 8)))
    changed = sample[:start] + data.draw(st.binary(max_size=8)) + sample[end:]
    found = outcome(lambda: opened(changed, limits=SMALL))
    if isinstance(found, Refused):
        assert found.message
        return
    for _, packed, content in found:
        assert kind not in packed or content is None or content in [put for _, put in files]


@settings(max_examples=300)
@given(st.sampled_from([tarred(FILES), CODECS["zst"](LONG[:500]), zipped([("i.zip", zipped(FILES[:1]))])]), st.data())
def test_damage_to_formats_without_checksums_has_an_outcome(sample: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(sample)))
    changed = sample[:start] + data.draw(st.binary(max_size=8)) + sample[data.draw(st.integers(start, min(len(sample), start + 8))) :]
    assert outcome(lambda: opened(changed, limits=SMALL)) is not None


@settings(max_examples=300)
@given(st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"BZh91AY&SY", b"(\xb5/\xfd", b"7z\xbc\xaf\x27\x1c\x00\x04"]), st.binary(max_size=200))
def test_any_bytes_open_or_are_refused(magic: bytes, data: bytes) -> None:
    assert outcome(lambda: opened(magic + data, limits=SMALL)) is not None
