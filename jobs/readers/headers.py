"""Headers of several lines: cells merged over columns are filled to the right, then the lines of a column are joined by a space."""

from __future__ import annotations

from collections.abc import Sequence


def joined(lines: Sequence[Sequence[str]], *, fill: bool = True) -> list[str]:
    """`lines`: the cells of each header line as sent. A single line is left as it is. `fill`: what is merged is not known, an empty cell belongs to its left."""
    if len(lines) == 1:
        return list(lines[0])
    width = max(len(line) for line in lines)
    full = [[*line, *[""] * (width - len(line))] for line in lines]
    return [_name(cells) for cells in zip(*(_filled(full) if fill else full), strict=True)]


def _filled(lines: list[list[str]]) -> list[list[str]]:
    """Every line but the last may have cells merged over columns: their text stands in the first. One never reaches beyond the cell above it."""
    filled: list[list[str]] = []
    for line in lines[:-1]:
        above, cells = (filled[-1] if filled else None), list(line)
        for at in range(1, len(cells)):
            if not cells[at].strip() and (above is None or above[at] == above[at - 1]):
                cells[at] = cells[at - 1]
        filled.append(cells)
    return [*filled, lines[-1]]


def _name(cells: Sequence[str]) -> str:
    """The distinct texts of a column's header cells, from the top."""
    texts = [cell.strip() for cell in cells if cell.strip()]
    return " ".join(text for at, text in enumerate(texts) if at == 0 or text != texts[at - 1])
