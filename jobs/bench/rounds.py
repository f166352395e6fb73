"""Rounds of contenders, interleaved so that a busy machine is busy for all of them, and what they come to."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Contender:
    """`run(tag)` does the work under names that carry the tag; `clean(tag)` removes what it wrote and is not timed."""

    name: str
    what: str
    run: Callable[[str], Mapping[str, float] | None]
    clean: Callable[[str], None]


@dataclass(frozen=True)
class Timing:
    """Seconds of every round. `parts`: name of a step → its seconds in every round, where a contender tells them."""

    name: str
    what: str
    seconds: tuple[float, ...]
    parts: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def measured(contenders: Sequence[Contender], rounds: int, tell: Callable[[str], None]) -> list[Timing]:
    """Every contender once to warm up (thrown away), then `rounds` times in turn."""
    seconds: dict[str, list[float]] = {c.name: [] for c in contenders}
    parts: dict[str, list[Mapping[str, float]]] = {c.name: [] for c in contenders}
    for number in range(rounds + 1):
        for contender in contenders:
            tell(f"{'warm-up' if number == 0 else f'round {number} of {rounds}'}: {contender.what}")
            took, said = _once(contender, f"r{number}")
            if number:
                seconds[contender.name].append(took)
                parts[contender.name].append(said)
    return [Timing(c.name, c.what, tuple(seconds[c.name]), _by_step(parts[c.name])) for c in contenders]


def _once(contender: Contender, tag: str) -> tuple[float, Mapping[str, float]]:
    try:
        began = time.perf_counter()
        said = contender.run(tag)
        return time.perf_counter() - began, said or {}
    finally:
        contender.clean(tag)


def _by_step(parts: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, ...]]:
    return {step: tuple(part[step] for part in parts) for step in (parts[0] if parts else {})}
