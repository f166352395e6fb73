"""What the contract of a curated product says, once it is loaded."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.contracts.model import Contract

DEPARTMENT = "curated"
# Tables of silver that a job makes, not a delivery: products may be made from them as from datasets.
MADE = {
    "identity.resident_key": ("source_dataset", "source_record", "resident_key", "valid_from", "valid_to"),
    "identity.record": ("source_dataset", "source_record", "profile_id"),
    "identity.link": ("profile_l", "profile_r", "match_weight", "evidence"),
    "identity.profile": ("profile_id", "sound", "id", "born", "sex"),
}
PERSONAL = ("source_record", "resident_key", "profile_id", "profile_l", "profile_r", "sound", "id", "born", "sex")  # of their columns


@dataclass(frozen=True)
class Input:
    """A table that a product is made from.

    `name`: `<department>.<dataset>` or `curated.<product>`; `table`: what Spark calls it. `period`: SQL over its rows that gives the product's period they
    belong to, None where a row may touch any period. `back`: how many periods before its own the rows of a period are made from too. `optional`: the product
    is made without it, as if it were empty, while its table is not there.
    """

    name: str
    table: str
    period: str | None = None
    back: int = 0
    optional: bool = False


@dataclass(frozen=True)
class Product(Contract):
    """A dataset that the lake makes itself. `module`: the one in jobs/products that builds it; `period`: the column it is written by, None = whole."""

    inputs: tuple[Input, ...] = ()
    period: str | None = None
    module: str = ""
    notes: str = ""  # how to use it, and what it cannot tell
    sources: tuple[tuple[str, tuple[str, ...]], ...] = ()  # column → `<input>.<column>` that it is made from
    pseudonyms: tuple[str, ...] = ()  # columns that the module gives as resident keys, and that are written as pseudonyms
    grant: str = ""  # whose secret makes the pseudonyms: products of one grant may be joined by them
    secret: int = 0  # its version, known once the product is built

    @property
    def suite(self) -> str:
        return f"products/{self.name}.yaml"

    @property
    def curated(self) -> str:
        """What Spark calls it."""
        return f"{DEPARTMENT}.{self.name}"


def is_product(name: str) -> bool:
    return name.startswith(f"{DEPARTMENT}.")


def table_of(name: str) -> str:
    """What Spark calls the table of a dataset or a product."""
    return name if is_product(name) else f"silver.{name.replace('.', '__')}"


def asset_of(name: str) -> str:
    """Airflow's asset of a dataset's silver table, or of a product."""
    database, _, table = table_of(name).partition(".")
    return f"lake://{database}/{table}"
