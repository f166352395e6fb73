"""Rows and reach of the tables of an .ods (OpenDocument 1.3 part 3, 9.1), by expat's events, so that nothing is kept of what was looked at. Rows and cells that say the same are written once, with how often they come."""

from __future__ import annotations

from typing import IO
from xml.parsers import expat

TABLE, ROW, CELLS, PARAGRAPH = "table", "table-row", ("table-cell", "covered-table-cell"), "p"  # whatever their prefix: the reader of workbooks asks for no name space


class Tables:
    """`rows`: name → rows with a cell that has a text, of each table; `area`: cells up to the last row and the last column that hold something, of the largest. Raises expat.ExpatError."""

    def __init__(self, content: IO[bytes]) -> None:
        self.rows: dict[str, int] = {}
        self.area = 0
        self._begin_table("")
        self._in_text = 0
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = self._start, self._end, self._characters
        parser.ParseFile(content)

    def _begin_table(self, name: str) -> None:
        self.name, self.row, self.last_row, self.last_cell = name, 0, 0, 0
        self._begin_row(1)

    def _begin_row(self, times: int) -> None:
        self.times, self.cell, self.reach, self.told, self.holds = times, 0, 0, False, False

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        self.holds = True  # the cell that this is in, if it is in one
        if self._in_text:
            self._in_text, self.told = self._in_text + 1, True
        elif name == PARAGRAPH:
            self._in_text = 1
        elif name == ROW:
            self._begin_row(_times(attributes, "rows"))
        elif name in CELLS:
            self.cell, self.holds = self.cell + _times(attributes, "columns"), bool(_said(attributes, "value-type", ""))
        elif name == TABLE:
            self._begin_table(_said(attributes, "name", ""))
            self.rows.setdefault(self.name, 0)

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if self._in_text:
            self._in_text -= 1
        elif name in CELLS:
            self.reach = self.cell if self.holds else self.reach
        elif name == ROW:
            self.row += self.times
            if self.reach:
                self.last_row, self.last_cell = self.row, max(self.last_cell, self.reach)
            if self.told:
                self.rows[self.name] = self.rows.get(self.name, 0) + self.times
        elif name == TABLE:
            self.area = max(self.area, self.last_row * self.last_cell)

    def _characters(self, text: str) -> None:
        self.told = self.told or bool(self._in_text)


def _times(attributes: dict[str, str], what: str) -> int:
    times = _said(attributes, f"number-{what}-repeated", "1")
    return int(times) if times.isdecimal() else 1


def _said(attributes: dict[str, str], name: str, otherwise: str) -> str:
    return next((value for key, value in attributes.items() if key.rpartition(":")[2] == name), otherwise)
