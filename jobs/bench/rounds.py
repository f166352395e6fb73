"""Rounds of contenders, interleaved so that a busy machine is busy for all of them, and what they come to."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Contender:
    """`run(tag)` does the work under names that carry the tag and may tell the seconds of its steps; `clean(tag)` removes what it wrote and is not timed."""

    name: str
    what: str
    run: Callable[[str], Mapping[str, float] | None]
    clean: Callable[[str], None] = lambda tag: None


@dataclass(frozen=True)
class Timing:
    """One entry a round: seconds by the clock, seconds of processor time of the whole stack, and the seconds of each step."""

    name: str
    what: str
    seconds: tuple[float, ...]
    processor: tuple[float, ...]
    steps: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Round:
    seconds: float
    processor: float
    steps: Mapping[str, float]


def measured(contenders: Sequence[Contender], rounds: int, processor: Callable[[], float], tell: Callable[[str], None]) -> list[Timing]:
    """Every contender once to warm up (thrown away), then `rounds` times in turn. `processor`: seconds of processor time spent so far."""
    found: dict[str, list[Round]] = {c.name: [] for c in contenders}
    for number in range(rounds + 1):
        for contender in contenders:
            tell(f"{f'round {number} of {rounds}' if number else 'warm-up'}: {contender.what}")
            one = _once(contender, f"r{number}", processor)
            if number:
                found[contender.name].append(one)
    return [_timing(contender, found[contender.name]) for contender in contenders]


def ratios(ours: Timing, theirs: Timing) -> tuple[float, ...]:
    """Ours against theirs in each round: both halves of a ratio met the same machine."""
    return tuple(mine / other for mine, other in zip(ours.seconds, theirs.seconds, strict=True))


def _once(contender: Contender, tag: str, processor: Callable[[], float]) -> Round:
    try:
        spent, began = processor(), time.perf_counter()
        steps = contender.run(tag)
        return Round(time.perf_counter() - began, processor() - spent, steps or {})
    finally:
        contender.clean(tag)


def _timing(contender: Contender, rounds: Sequence[Round]) -> Timing:
    steps = {step: tuple(r.steps[step] for r in rounds) for step in (rounds[0].steps if rounds else {})}
    return Timing(contender.name, contender.what, tuple(r.seconds for r in rounds), tuple(r.processor for r in rounds), steps)
