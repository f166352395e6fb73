"""Text cells that a spreadsheet would run as a formula: counted for whoever publishes the data, never changed."""

from __future__ import annotations

import polars as pl

from jobs.contracts.model import Contract
from jobs.readers.cells import Cells

NUMBER = r"^[+-]?[\s ]*[\d.,'\u00a0]*\d[\d.,'\u00a0]*(?:[eE][+-]?\d+)?\s*%?$|^[-+]+$"  # a lone dash is how people write 'nothing'


def formulas(sent: pl.DataFrame | Cells, contract: Contract) -> int:
    """How many text cells start like a formula and are no number. `sent`: one column a contract column, as sent."""
    texts = [column.name for column in contract.columns if column.kind == "string" and not column.enum and sent.schema.get(column.name) == pl.String]
    total = 0
    for name in texts:
        cells = sent[name]
        near = cells.filter((cells >= "+") & (cells < "A"))  # quickly told; all four signs are among these, and digits
        candidates = near.filter(near.str.contains(r"^[=+\-@]"))
        total += int((~candidates.str.contains(NUMBER)).sum()) if len(candidates) else 0
    return total
