"""What the public gets of a product: `conf/publications/<name>.yaml`. Nothing is published that such a file does not name."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from jobs.contracts.declaration import Declaration, read_declaration
from jobs.contracts.product import Product

Format = Literal["csv", "jsonl", "parquet", "ocds"]
Strict = ConfigDict(frozen=True, extra="forbid")


class Words(BaseModel):
    """In the languages of the portal."""

    model_config = Strict
    en: str
    zh: str


class Coarse(BaseModel):
    """How a value is made less exact: the first `characters` of a text (a division code of six is a county), or a number rounded down to multiples of `step`."""

    model_config = Strict
    characters: int | None = Field(None, ge=1)
    step: float | None = Field(None, gt=0)


class Persons(BaseModel):
    """Rows about persons. A row goes out only with at least `k` - 1 others that share all its `quasi_identifiers` and have `l` different values of each sensitive column."""

    model_config = Strict
    kind: Literal["persons"]
    quasi_identifiers: tuple[str, ...] = Field(min_length=1)
    sensitive: tuple[str, ...] = ()
    k: int = Field(5, ge=2)
    l: int = Field(2, ge=1)  # noqa: E741 - the method's own name
    coarse: dict[str, Coarse] = {}
    top: dict[str, float] = {}  # column → the highest number that is told; higher ones become it


class Cells(BaseModel):
    """A table of counts: `counts` of persons by `dimensions`. A count from 1 to below `smallest` is left out, and so many others that no total gives it back."""

    model_config = Strict
    kind: Literal["cells"]
    dimensions: tuple[str, ...] = Field(min_length=1)
    count: str
    smallest: int = Field(5, ge=2)


class Things(BaseModel):
    """Rows about no person: payments to companies, contracts, measurements."""

    model_config = Strict
    kind: Literal["things"]


Subject = Annotated[Persons | Cells | Things, Field(discriminator="kind")]


class Chart(BaseModel):
    """A picture on the page of a publication, of its `newest` parts. `amount`: the column that is added up; without one, rows are counted. `unit`: what stands beside its numbers.

    `flows`: from each value of the first of `by` to each of the second, as a Sankey diagram. `bars`: by the one column of `by`. `map`: a point a place, `by` its name.
    """

    model_config = Strict
    kind: Literal["flows", "bars", "map"]
    title: Words
    by: tuple[str, ...] = Field(min_length=1, max_length=2)
    amount: str | None = None
    unit: str = ""
    longitude: str | None = None
    latitude: str | None = None
    newest: int = Field(12, ge=1)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(filter(None, (*self.by, self.amount, self.longitude, self.latitude)))

    @property
    def problem(self) -> str:
        """Why it cannot be drawn; empty where it can."""
        if len(self.by) != (2 if self.kind == "flows" else 1):
            return f"a chart of {self.kind} has {'two columns' if self.kind == 'flows' else 'one column'} in `by`"
        return "a map has `longitude`, `latitude` and `amount`" if self.kind == "map" and not (self.longitude and self.latitude and self.amount) else ""


class Publication(Declaration):
    """`columns`: those of the product that go out; `partition`: the one by which files are cut. `licence` and `theme` are addresses.

    `package`: the column with compiled releases, which is what the format `ocds` is made of and is in no other.
    """

    product: str = Field(pattern=r"^curated\.")
    title: Words
    description: Words
    publisher: str
    contact: str = Field(pattern=r"^mailto:")
    licence: str = Field(pattern=r"^https://")
    theme: str = Field(pattern=r"^http")
    keywords: tuple[str, ...] = ()
    frequency: str = Field("http://publications.europa.eu/resource/authority/frequency/DAILY", pattern=r"^http")
    columns: tuple[str, ...] = Field(min_length=1)
    partition: str | None = None
    package: str | None = None
    formats: tuple[Format, ...] = ("csv", "jsonl", "parquet")
    chart: Chart | None = None
    subject: Subject

    @property
    def terms(self) -> str:
        """Fingerprint of what is approved: which columns, of whom, protected how, under which licence. New rows need no new approval, new terms do."""
        said = self.model_dump(mode="json", include={"product", "columns", "partition", "package", "formats", "subject", "licence"})
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def gate(publication: Publication, product: Product) -> list[str]:
    """Why this must not go out, in plain words; empty where it may. Looks at declarations only: the rows are judged by `disclosure`."""
    known = {column.name: column for column in product.columns}
    problems = [f"{product.dataset} has no column {name!r}" for name in publication.columns if name not in known]
    problems += [f"{name!r} is {known[name].classification}, not public" for name in publication.columns if name in known and known[name].classification != "public"]
    subject, out = publication.subject, set(publication.columns)
    if ("ocds" in publication.formats) != (publication.package is not None):
        problems.append("the format ocds is made of a column that `package` names, and is what that column is for")
    if not isinstance(subject, Things) and "parquet" not in publication.formats:
        problems.append("parquet is not among the formats: the next version is compared with it")
    named: list[str] = []
    if isinstance(subject, Persons):
        named = [*subject.quasi_identifiers, *subject.sensitive, *subject.coarse, *subject.top]
        if both := set(subject.quasi_identifiers) & set(subject.sensitive):
            problems.append(f"{', '.join(sorted(both))} cannot be a quasi-identifier and sensitive at once")
        loose = out - {*subject.quasi_identifiers, *subject.sensitive}
        if loose:
            problems.append(f"{', '.join(sorted(loose))}: a column about a person is a quasi-identifier or sensitive; say which")
    elif isinstance(subject, Cells):
        named = [*subject.dimensions, subject.count]
        if loose := out - {*subject.dimensions, subject.count}:
            problems.append(f"{', '.join(sorted(loose))} is neither a dimension nor the count: what stands beside a count left out may give it back")
    problems += [f"{name!r} is not among the columns that go out" for name in dict.fromkeys([*named, *filter(None, (publication.partition, publication.package))]) if name not in out]
    if publication.chart:
        problems += [f"the chart is of {name!r}, which does not go out" for name in publication.chart.columns if name not in out]
        problems += filter(None, [publication.chart.problem])
        if "parquet" not in publication.formats:
            problems.append("parquet is not among the formats: the chart is made from what is published")
    return problems


def load_publication(path: Path) -> Publication:
    """Raises LakeError naming the file and each thing that is wrong."""
    return read_declaration(path, Publication, "see docs/how-to/publish.md")


def publication_paths(root: Path) -> list[Path]:
    return sorted((root / "conf" / "publications").glob("*.yaml"))
