"""Dotted paths into the rows of JSON and XML, as the columns of a contract say them."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.platform.errors import LakeError


def check_name(name: str) -> str:
    """Raises LakeError for a member that no path can lead to."""
    if not name or "." in name or name.startswith("$"):
        raise LakeError(f"the rows have a member {name[:80]!r}, which no path of a contract can say", "write the contract by hand, with a column of physicalName `$row` for the whole row")
    return name


def outermost(found: Mapping[str, bool]) -> tuple[str, ...]:
    """Paths without those that lie inside another. `found`: path → whether a row holds a value there: a null where other rows hold an object is no column."""
    around = {outer for path in found for outer in _around(path)}
    kept = {path for path, holds in found.items() if holds or path not in around}
    return tuple(path for path in found if path in kept and not kept & set(_around(path)))


def _around(path: str) -> list[str]:
    steps = path.split(".")
    return [".".join(steps[:at]) for at in range(1, len(steps))]
