"""Rules that products judge people by: data with dates, in conf/rules/<product>.yaml, so that a past month is judged by its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from jobs.contracts.load import BrokenContract, Finding, place_of, read_yaml

Strict = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Version(BaseModel):
    """A rule as it was from a day on, until the next version. `source`: the text it comes from. The other fields are what it compares with; a rule has those it needs."""

    model_config = Strict
    since: dt.date = Field(alias="from")
    source: Annotated[str, Field(min_length=5)]
    urban_standard: Annotated[int, Field(gt=0)] | None = None  # CNY a person and month
    rural_standard: Annotated[int, Field(gt=0)] | None = None
    vehicle_kinds: tuple[str, ...] = ()
    most_vehicles: Annotated[int, Field(ge=0)] | None = None
    most_dwellings: Annotated[int, Field(ge=0)] | None = None
    least_share_percent: Annotated[int, Field(ge=1, le=100)] | None = None
    signals: tuple[str, ...] = ()
    months_after_drawing: Annotated[int, Field(ge=0, le=12)] = 0  # in which a household is not offered what it has drawn


NEEDS = {
    "income": ("urban_standard", "rural_standard"), "vehicle": ("vehicle_kinds", "most_vehicles"), "property": ("most_dwellings", "least_share_percent"), "death": (), "other_region": (), "hardship": ("signals",),
}  # fmt: skip


class Rule(BaseModel):
    """`versions`: at least one, each later than the one before."""

    model_config = Strict
    id: str
    title: Annotated[str, Field(min_length=5)]
    versions: Annotated[tuple[Version, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.id not in NEEDS:
            raise ValueError(f"nobody knows how to judge {self.id!r}; rules are {', '.join(NEEDS)}")
        days = [version.since for version in self.versions]
        if days != sorted(set(days)):
            raise ValueError(f"rule {self.id}: each version begins later than the one before")
        for version in self.versions:
            if missing := [name for name in NEEDS[self.id] if getattr(version, name) in (None, ())]:
                raise ValueError(f"rule {self.id}, from {version.since}: {', '.join(missing)} is missing")
        return self

    def spans(self) -> tuple[tuple[Version, dt.date | None], ...]:
        """Each version with the first day it no longer holds; None for the last."""
        return tuple(zip(self.versions, [*(version.since for version in self.versions[1:]), None], strict=True))


class Rules(BaseModel):
    model_config = Strict
    product: str
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [rule.id for rule in self.rules]
        if len(names) != len(set(names)):
            raise ValueError(f"a rule stands twice: {', '.join(sorted(name for name in set(names) if names.count(name) > 1))}")
        return self

    def of(self, name: str) -> tuple[tuple[Version, dt.date | None], ...]:
        """Versions of a rule with the days they end on; none where it is not judged."""
        return next((rule.spans() for rule in self.rules if rule.id == name), ())


def rules_path(root: Path, product: str) -> Path:
    return root / "conf" / "rules" / f"{product.removeprefix('curated.')}.yaml"


def load_rules(path: Path) -> Rules:
    """Raises BrokenContract with every finding of the file."""
    try:
        document = read_yaml(path)
    except ValueError as problem:  # of the YAML library: a day that the calendar does not have
        raise BrokenContract([Finding(str(path), 1, 1, f"not valid YAML: {problem}")]) from None
    try:
        rules = Rules.model_validate(document)
    except ValidationError as problem:
        raise BrokenContract([Finding(str(path), *place_of(document, error["loc"]), f"{'.'.join(map(str, error['loc']))}: {error['msg'].removeprefix('Value error, ')}".removeprefix(": ")) for error in problem.errors()]) from None
    if rules.product != f"curated.{path.stem}":
        raise BrokenContract([Finding(str(path), 1, 1, f"product of this file should say 'curated.{path.stem}', not {rules.product!r}")])
    return rules


def findings(root: Path, products: Sequence[str]) -> list[Finding]:
    """What is wrong with the rules in conf/rules. `products`: names of those there are."""
    found: list[Finding] = []
    for path in sorted((root / "conf" / "rules").glob("*.yaml")):
        try:
            if load_rules(path).product not in products:
                found.append(Finding(str(path), 1, 1, f"there is no contract conf/products/{path.stem}.yaml"))
        except BrokenContract as problem:
            found += problem.findings
    return found

