"""Rows that hold something, and texts that say nothing, of the XML of an .xlsx (ECMA-376 part 1, 18.3.1 and 18.4): by expat's events, so that nothing is kept of what was looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import IO
from xml.parsers import expat

from jobs.readers.outcome import Refused


def rows_that_hold(sheet: IO[bytes], empty: Collection[int]) -> int:
    """Rows with a cell that has a value. `empty`: numbers of the shared texts that say nothing. Raises expat.ExpatError, ValueError and Refused."""
    events = _Sheet(empty)
    _parse(sheet, events, events.interrupted)
    return events.rows


def empty_texts(shared: IO[bytes]) -> set[int]:
    """Numbers of the shared texts without a character. Raises expat.ExpatError and Refused."""
    events = _Shared()
    _parse(shared, events)
    return events.empty


class _Texts:
    """Follows `t` elements. A text of blanks that nobody says are to be kept is none, and how it is pronounced (`rPh`) is not part of it."""

    def __init__(self) -> None:
        self.depth, self.told, self.heard, self.kept, self.listens, self.spoken_at = 0, False, "", False, False, 0

    def begin_text(self, local: str, attributes: dict[str, str]) -> None:
        if local == "rPh" and not self.spoken_at:
            self.spoken_at = self.depth
        elif local == "t" and not self.spoken_at:
            self.heard, self.kept, self.listens = "", attributes.get("xml:space") == "preserve", True

    def end_text(self) -> None:
        if self.depth == self.spoken_at:
            self.spoken_at = 0
        elif self.listens:
            self.told, self.listens = self.told or bool(self.heard if self.kept else self.heard.strip(" \t\r\n")), False

    def characters(self, text: str) -> None:
        if self.listens:
            self.heard += text


class _Shared(_Texts):
    def __init__(self) -> None:
        super().__init__()
        self.empty: set[int] = set()
        self.at = -1

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        local = name.rpartition(":")[2]
        if self.depth == 2 and local == "si":
            self.at, self.told = self.at + 1, False
        else:
            self.begin_text(local, attributes)

    def end(self, name: str) -> None:
        if self.depth == 2 and name.rpartition(":")[2] == "si":
            if not self.told:
                self.empty.add(self.at)
        else:
            self.end_text()
        self.depth -= 1


class _Sheet(_Texts):
    """`data_at`, `row_at`: depths of the sheet's data and of a row in it, 0 outside. A formula that failed (`t` is `e`) leaves a cell without a value."""

    def __init__(self, none: Collection[int]) -> None:
        super().__init__()
        self.none, self.rows, self.data_at, self.row_at, self.holds, self.kind, self.value = none, 0, 0, 0, False, "", ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.holds:
            return
        local = name.rpartition(":")[2]
        if not self.row_at:
            if local == "row" and self.data_at and self.depth == self.data_at + 1:
                self.row_at = self.depth
            elif local == "sheetData" and not self.data_at:
                self.data_at = self.depth
        elif self.depth == self.row_at + 1:
            self.kind, self.value, self.told = attributes.get("t", "") if local == "c" else "e", "", False
        elif self.depth > self.row_at + 2:
            self.begin_text(local, attributes)
        elif local == "v" and not self.value and self.kind not in ("e", "inlineStr"):
            self.heard, self.listens = "", True

    def interrupted(self, *_: object) -> None:
        """By a comment, or by text that is CDATA."""
        if self.row_at and self.depth == self.row_at + 2:
            raise Refused("unreadable", "A value of the workbook is written as CDATA or has a comment inside, which its reader would leave out. Save it again with an office program and send it.")

    def end(self, name: str) -> None:
        if self.row_at and self.depth == self.row_at:
            self.rows, self.row_at, self.holds = self.rows + self.holds, 0, False
        elif self.row_at and not self.holds:
            self._end_inside()
        elif self.depth == self.data_at:
            self.data_at = 0
        self.depth -= 1

    def _end_inside(self) -> None:
        if self.depth == self.row_at + 1:
            if self.value:
                self.holds = self.kind != "s" or int(self.value) not in self.none
            elif self.kind != "e":
                self.holds = self.told
        elif self.depth == self.row_at + 2:
            if self.listens:
                self.value, self.listens = self.heard, False
        else:
            self.end_text()


def _parse(part: IO[bytes], events: _Shared | _Sheet, interrupted: Callable[..., None] | None = None) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = events.start, events.end, events.characters
    parser.StartDoctypeDeclHandler, parser.CommentHandler, parser.StartCdataSectionHandler = _refuse, interrupted, interrupted
    parser.ParseFile(part)


def _refuse(*_: object) -> None:
    raise Refused("unsafe_xml", "A part of the workbook declares a document type, which no office program does. Save it again and send it without a DOCTYPE.")
