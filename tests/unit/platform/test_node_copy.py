"""What a node keeps of a delivery between registering and landing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jobs.platform.node_copy import LEAST, NodeCopy, bytes_of, forget
from jobs.platform.settings import Settings, load_settings

SHA = "ab" * 32


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("LAKE_STATE", str(tmp_path))
    return load_settings()


def passed(settings: Settings, data: bytes, size: int | None = None, sha256: str = SHA) -> bytes:
    copy = NodeCopy(settings, len(data) if size is None else size)
    out = b"".join(copy.through(data[i : i + (1 << 20)] for i in range(0, len(data), 1 << 20)))
    copy.keep(sha256)
    return out


def folder(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.state / "node").glob("*"))


def test_what_went_through_is_there_by_its_hash(settings: Settings) -> None:
    data = os.urandom(LEAST + 5)
    assert passed(settings, data) == data
    assert bytes_of(settings, SHA, len(data), 3, 1_000) == data[3:1_000]
    assert bytes_of(settings, SHA, len(data), LEAST, len(data)) == data[LEAST:]
    assert bytes_of(settings, SHA, len(data) + 1, 0, 10) is None, "another size is another file"
    assert bytes_of(settings, "cd" * 32, len(data), 0, 10) is None
    forget(settings, [SHA, "cd" * 32])
    assert bytes_of(settings, SHA, len(data), 0, 10) is None


def test_nothing_is_kept_of_a_small_file_of_one_cut_off_or_where_it_is_off(settings: Settings) -> None:
    passed(settings, b"small")
    passed(settings, os.urandom(LEAST), size=LEAST + 1)  # the stream ended early
    passed(settings.model_copy(update={"node_copies_gib": 0}), os.urandom(LEAST))
    assert folder(settings) == []


def test_a_task_that_dies_leaves_nothing_that_is_read(settings: Settings) -> None:
    copy = NodeCopy(settings, LEAST)
    next(copy.through(iter([b"x" * 1_000])))
    assert [name.endswith(".part") for name in folder(settings)] == [True]


def test_the_oldest_make_room(settings: Settings) -> None:
    settings = settings.model_copy(update={"node_copies_gib": 1})
    (settings.state / "node").mkdir(parents=True)
    for i, name in enumerate(("old", "new")):
        path = settings.state / "node" / name
        with path.open("wb") as file:
            file.truncate(600 << 20)
        os.utime(path, (i, i))
    passed(settings, os.urandom(LEAST))
    assert folder(settings) == [SHA, "new"]


def test_a_disk_that_cannot_be_written_stops_nothing(settings: Settings) -> None:
    (settings.state / "node").write_text("a file where the folder should be")
    data = os.urandom(LEAST)
    assert passed(settings, data) == data
    assert bytes_of(settings, SHA, len(data), 0, 10) is None
