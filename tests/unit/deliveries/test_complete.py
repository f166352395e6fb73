"""When the files of a period are complete, and what each that is not loaded waits for."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.contracts.model import Contract, ExpectedFiles, Manifest
from jobs.deliveries.complete import File, Listed, waits
from jobs.deliveries.manifest import Promise
from tests.unit.readers.made import contract

BY_LIST = replace(contract(["a"], format="csv"), file_pattern=r".*\.csv", manifest=Manifest("SUMS", "checksums"))
FREE = replace(BY_LIST, manifest=Manifest("SUMS", "checksums", required=False, unlisted="accept"))
PAIR = replace(contract(["a"], format="csv"), expected_files=ExpectedFiles((r"east.*", r"west.*")))
THREE = replace(contract(["a"], format="csv"), expected_files=ExpectedFiles(count=3))


def file(name: str, hash_: str = "1", period: str = "2024") -> File:
    return File(f"{period}/{name}{hash_}", period, name, 10, hash_)


def listed(*names: str, arrived: str = "1", period: str = "2024", name: str = "SUMS") -> Listed:
    """`a.csv=2` promises the hash 2."""
    parts = [text.partition("=") for text in names]
    return Listed(period, name, arrived, tuple(Promise(n, hash=h or "1") for n, _, h in parts))


CASES: dict[str, tuple[Contract, list[File], list[Listed], dict[str, str]]] = {
    "all there": (BY_LIST, [file("a.csv"), file("b.csv")], [listed("a.csv", "b.csv")], {}),
    "no manifest yet": (BY_LIST, [file("a.csv")], [], {"2024/a.csv1": "waits_for_manifest"}),
    "no manifest, none needed": (FREE, [file("a.csv")], [], {}),
    "one is missing": (BY_LIST, [file("a.csv")], [listed("a.csv", "b.csv")], {"2024/a.csv1": "waits_for_files"}),
    "one is damaged": (BY_LIST, [file("a.csv"), file("b.csv", "9")], [listed("a.csv", "b.csv")], {"2024/a.csv1": "waits_for_files", "2024/b.csv9": "manifest_mismatch"}),
    "damaged, and sent again": (BY_LIST, [file("a.csv"), file("b.csv", "9"), file("b.csv")], [listed("a.csv", "b.csv")], {"2024/b.csv9": "manifest_mismatch"}),
    "one is not listed": (BY_LIST, [file("a.csv"), file("c.csv")], [listed("a.csv")], {"2024/c.csv1": "not_listed"}),
    "one is not listed and may be": (FREE, [file("a.csv"), file("c.csv")], [listed("a.csv")], {}),
    "what is not this dataset's is listed too": (BY_LIST, [file("a.csv")], [listed("a.csv", "readme.txt")], {}),
    "a correction with its own manifest": (BY_LIST, [file("a.csv"), file("a.csv", "2")], [listed("a.csv"), listed("a.csv=2", arrived="2")], {}),
    "a correction before its manifest": (BY_LIST, [file("a.csv"), file("a.csv", "2")], [listed("a.csv")], {"2024/a.csv2": "manifest_mismatch"}),
    "one manifest a file": (BY_LIST, [file("a.csv"), file("b.csv")], [listed("a.csv", name="a.SUMS"), listed("b.csv=2", name="b.SUMS")], {"2024/b.csv1": "manifest_mismatch"}),
    "a manifest of another period": (BY_LIST, [file("a.csv")], [listed("a.csv", period="2025")], {"2024/a.csv1": "waits_for_manifest"}),
    "a manifest that cannot be read": (BY_LIST, [file("a.csv")], [Listed("2024", "SUMS", "1", (), "bad")], {"2024/a.csv1": "waits_for_manifest"}),
    "read, then one that cannot be": (BY_LIST, [file("a.csv")], [listed("a.csv"), Listed("2024", "SUMS", "2", (), "bad")], {}),
    "expected, half": (PAIR, [file("east.csv")], [], {"2024/east.csv1": "waits_for_files"}),
    "expected, all": (PAIR, [file("east.csv"), file("west_2.csv"), file("more.csv")], [], {}),
    "expected, each period by itself": (PAIR, [file("east.csv"), file("west.csv"), file("west.csv", period="2025")], [], {"2025/west.csv1": "waits_for_files"}),
    "too few": (THREE, [file("a"), file("b"), file("b", "2")], [], {"2024/a1": "waits_for_files", "2024/b1": "waits_for_files", "2024/b2": "waits_for_files"}),
    "enough": (THREE, [file("a"), file("b"), file("c")], [], {}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_waits_whatever_the_order(case: str) -> None:
    made, files, manifests, expected = CASES[case]
    for some, lists in itertools.product(itertools.permutations(files), itertools.permutations(manifests)):
        assert {delivery: wait.reason for (delivery, _), wait in waits(made, some, lists).items()} == expected


@pytest.mark.parametrize(
    ("made", "files", "manifests", "said"),
    [
        (PAIR, [file("east.csv")], [], "no file like west.* is there"),
        (THREE, [file("a")], [], "1 of 3 files are there"),
        (BY_LIST, [file("a.csv")], [listed("a.csv", *(f"{i}.csv" for i in range(9)))], "0.csv, 1.csv, 2.csv, 3.csv, 4.csv and 4 more"),
        (BY_LIST, [file("a.csv", "2")], [listed("a.csv")], "its hash is 2…, the manifest says 1…"),
        (BY_LIST, [file("a.csv")], [Listed("2024", "SUMS", "1", (Promise("a.csv", bytes=11),))], "The file has 10 bytes, the manifest says 11."),
    ],
)
def test_the_words_say_what_is_missing(made: Contract, files: list[File], manifests: list[Listed], said: str) -> None:
    (wait,) = waits(made, files, manifests).values()
    assert said in wait.message
    assert wait.message.endswith(".")


NAMES, HASHES = st.sampled_from(["a.csv", "b.csv", "c.csv"]), st.sampled_from("123")


@given(
    there=st.lists(st.tuples(NAMES, HASHES), unique=True, max_size=6), lists=st.lists(st.dictionaries(NAMES, HASHES, min_size=1), max_size=3), later=st.tuples(NAMES, HASHES),
)
def test_what_loads_is_vouched_for_as_a_whole_and_stays_so(there: list[tuple[str, str]], lists: list[dict[str, str]], later: tuple[str, str]) -> None:
    manifests = [Listed("2024", "SUMS", str(i), tuple(Promise(n, hash=h) for n, h in said.items())) for i, said in enumerate(lists)]
    files = [file(*each) for each in there]
    held = waits(BY_LIST, files, manifests)
    loads = {(f.name, str(f.hash)) for f in files if (f.delivery, f.name) not in held}
    assert loads == {each for said in lists for each in said.items() if set(said.items()) <= set(there)}
    more = waits(BY_LIST, [*files, file(*later)], manifests)
    assert not {key for key in more if key not in held} - {(file(*later).delivery, later[0])}
