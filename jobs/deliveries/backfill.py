"""What a backfill would do, period by period: read from the landing zone and the ledger, without Spark."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.contracts.model import Contract
from jobs.deliveries.manifest import is_manifest
from jobs.deliveries.periods import expected, within
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings

WORDS = ("new", "corrected", "unfinished", "waiting", "held", "rejected", "landed")  # in the order in which a period is described
TO_DO = frozenset({"new", "corrected", "unfinished", "waiting"})


@dataclass(frozen=True)
class Planned:
    """A period and its files by what they are: `new` and `corrected` are delivered and not registered, `unfinished` are registered and not through all steps."""

    period: str
    files: Mapping[str, int]

    @property
    def missing(self) -> bool:
        return not self.files

    @property
    def landed(self) -> bool:
        return bool(self.files.get("landed"))

    @property
    def to_do(self) -> bool:
        return bool(TO_DO & set(self.files))

    @property
    def words(self) -> str:
        return ", ".join(f"{self.files[word]} {word}" for word in WORDS if word in self.files) or "missing"


def plan(settings: Settings, contract: Contract, first: str, last: str) -> list[Planned]:
    """Every period from `first` to `last`, in order: those that should be there and those that are. Raises LakeError as `expected` does."""
    from jobs.register import delivered, unregistered

    ledger = Ledger(settings)
    fresh = [(f.period, f.name) for f in unregistered(settings, ledger, contract)]
    receipts = ledger.rows("receipts", dataset=contract.dataset)
    names = [f.period for f in delivered(settings, contract)] + [r["period"] for r in receipts]
    states = file_states(contract, fresh, receipts, ledger.deliveries(contract.dataset))
    return [Planned(period, Counter(states.get(period, ()))) for period in within([*names, *expected(contract, first, last)], first, last)]


def chosen(planned: Sequence[Planned], fill_gaps: bool) -> tuple[str, ...]:
    """The periods that are to be run: with something to do and, to fill gaps, without a landed file."""
    return tuple(p.period for p in planned if p.to_do and not (fill_gaps and p.landed))


def file_states(contract: Contract, fresh: Iterable[tuple[str, str]], receipts: Sequence[Mapping[str, Any]], deliveries: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """period → one of WORDS a file. `fresh`: (period, name) of files that are not registered. Manifests that are, resent files and those of sibling datasets are none."""
    rows = {(row["delivery"], row["name"]): row for row in deliveries}
    found: dict[str, list[str]] = defaultdict(list)
    there: set[tuple[str, str]] = set()
    done: set[tuple[str, str]] = set()
    for receipt in receipts:
        file = (receipt["delivery"], receipt["name"])
        if file in done or is_manifest(contract, receipt["name"]):
            continue
        done.add(file)
        row = rows.get(file)
        if word := _word(row):
            found[receipt["period"]].append(word)
        if row and row["outcome"] == "landed":
            there.add((receipt["period"], receipt["name"]))
    for period, name in fresh:
        found[period].append("corrected" if (period, name) in there else "new")
    return found


def _word(row: Mapping[str, Any] | None) -> str | None:
    if row is None:
        return "unfinished"
    if row["outcome"] == "landed":
        return "landed" if row["silver"] is not None else "unfinished"
    return row["outcome"] if row["outcome"] in WORDS else None
