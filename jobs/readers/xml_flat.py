"""Rows whose elements hold nothing but text, as nearly all do: taken by their places, not looked up name by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import methodcaller
from typing import Any

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
MOST_PLANS = 1_000  # orders of elements that are remembered: a document with more has no fixed rows
Paths = Sequence[Sequence[tuple[str, ...]]]
Plan = tuple[tuple[int, ...], ...]  # of each column the places of its sources in a row, in the order in which they are tried

is_nil = methodcaller("get", NIL)


class FlatRows:
    """`paths`: of each column its sources, as lxml's names. Only columns that are all elements of the row have flat rows."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._flat = all(len(steps) == 1 and steps[0][0] not in "$@." for sources in paths for steps in sources)
        self._plans: dict[tuple[Any, ...], Plan | None] = {}

    def row(self, element: Any) -> list[str | None] | None:
        """The texts of the columns; None for a row that has to be looked at more closely (nested, repeated or nil elements, comments)."""
        if not self._flat:
            return None
        tags = tuple([child.tag for child in element])
        if tags not in self._plans:
            self._remember(tags)
        plan = self._plans.get(tags)
        if plan is None or any(map(len, element)) or any(map(is_nil, element)):
            return None
        texts = [child.text for child in element]
        return [(texts[places[0]] or None) if len(places) == 1 else next((text for at in places if (text := texts[at])), None) for places in plan]

    def _remember(self, tags: tuple[Any, ...]) -> None:
        if len(self._plans) >= MOST_PLANS:
            self._plans.clear()
        self._plans[tags] = plan_of(tags, self._paths)


def plan_of(tags: Sequence[Any], paths: Paths) -> Plan | None:
    """None where an element repeats, or is none (a comment)."""
    if not all(isinstance(tag, str) for tag in tags):
        return None
    names = [f"{{*}}{tag.rpartition('}')[2]}" for tag in tags]
    if len(set(names)) < len(names):
        return None
    places: Mapping[str, int] = {**{name: at for at, name in enumerate(names)}, **{tag: at for at, tag in enumerate(tags)}}
    return tuple(tuple(places[steps[0]] for steps in sources if steps[0] in places) for sources in paths)
