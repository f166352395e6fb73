"""What a recipient may have of a table: `conf/shares/<name>.yaml`. Nothing is given to anybody that such a file does not name."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from jobs.contracts.declaration import Declaration, path_named, read_declaration
from jobs.contracts.load import BrokenContract, Finding, load_named
from jobs.contracts.model import Contract
from jobs.platform.errors import LakeError
from jobs.publishing.publication import Cells, Words
from jobs.sharing.filters import problem_of

HOW_TO = "see docs/how-to/share-with-a-department.md"
COUNT = "count"
Strict = ConfigDict(frozen=True, extra="forbid")


class Aggregate(BaseModel):
    """Counts instead of rows: how many rows (or different values of `of`) there are by `dimensions`. Counts from 1 to below `smallest` are left out, and so many others that no total gives them back."""

    model_config = Strict
    dimensions: tuple[str, ...] = Field(min_length=1)
    of: str | None = None
    smallest: int = Field(10, ge=3)

    @property
    def cells(self) -> Cells:
        return Cells(kind="cells", dimensions=self.dimensions, count=COUNT, smallest=self.smallest)


class Share(Declaration):
    """`source`: `<department>.<dataset>` (its silver table) or `curated.<product>`; `provider`: who owns it. `columns`: what the recipient gets.

    `pseudonyms`: those of them that become the recipient's own pseudonyms; `in_clear`: columns about persons that go out as they are, named a second time so that nobody
    overlooks them. `history`: rows of a snapshot that are no longer current too. `expires_on`: the last day, in the lake's time zone. `approver`: who alone may let it out.
    """

    title: Words
    source: str = Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$")
    provider: str
    recipient: str = Field(pattern=r"^[a-z][a-z0-9_]{2,40}$")
    recipient_kind: Literal["department", "researcher"] = "department"
    contact: str = Field(pattern=r"^mailto:")
    purpose: str = Field(min_length=10)
    legal_basis: str = Field(min_length=5)
    columns: tuple[str, ...] = Field(min_length=1)
    pseudonyms: tuple[str, ...] = ()
    in_clear: tuple[str, ...] = ()
    where: str | None = None
    history: bool = False
    aggregate: Aggregate | None = None
    partition: str | None = None
    formats: tuple[Literal["csv", "jsonl", "parquet"], ...] = ("csv", "parquet")
    expires_on: dt.date
    approver: str

    @property
    def terms(self) -> str:
        """Fingerprint of what was asked for and approved; words for people apart, any other change needs another approval."""
        said = self.model_dump(mode="json", exclude={"title", "contact"})
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def folder(self) -> str:
        """In the bucket `shares`."""
        return f"{self.recipient}/{self.name}"

    @property
    def told(self) -> tuple[str, ...]:
        """Columns of the extract."""
        return (*self.aggregate.dimensions, COUNT) if self.aggregate else self.columns


def gate(share: Share, contract: Contract) -> list[str]:
    """Why this must not be given, in plain words; empty where it may. Looks at declarations only."""
    known = {column.name: column for column in contract.columns}
    out = set(share.columns)
    problems = [f"{contract.dataset} has no column {name!r}" for name in share.columns if name not in known]
    if share.provider != contract.owner:
        problems.append(f"{contract.dataset} is of {contract.owner}, not of {share.provider}")
    problems += _about_persons(share, contract) if share.aggregate is None else _about_counts(share, contract)
    if share.recipient_kind == "researcher" and share.aggregate is None:
        problems.append("a researcher gets counts only: say `aggregate`")
    if share.where and (why := problem_of(share.where, known)):
        problems.append(why)
    if share.partition and (share.partition not in out or share.partition in share.pseudonyms):
        problems.append(f"files cannot be cut by {share.partition!r}: it does not go out as it is")
    return problems


def _about_persons(share: Share, contract: Contract) -> list[str]:
    out, kinds = set(share.columns), {column.name: column.kind for column in contract.columns}
    problems = [f"{name!r} is not among the columns that go out" for name in (*share.pseudonyms, *share.in_clear) if name not in out]
    bare = [name for name in share.columns if name in contract.personal_columns and name not in (*share.pseudonyms, *share.in_clear)]
    problems += [f"{name!r} is {contract.column(name).classification}: it goes out as a pseudonym, or `in_clear` names it" for name in bare]
    problems += [f"{name!r} is {kinds[name]}; a pseudonym is made of a text" for name in share.pseudonyms if kinds.get(name, "string") != "string"]
    return problems + [f"{name!r} cannot go out in clear and as a pseudonym" for name in share.in_clear if name in share.pseudonyms]


def _about_counts(share: Share, contract: Contract) -> list[str]:
    assert share.aggregate
    known = {column.name for column in contract.columns}
    problems = [f"`columns` are the dimensions of the counts: {', '.join(share.aggregate.dimensions)}"] if share.columns != share.aggregate.dimensions else []
    problems += [f"{name!r} is {contract.column(name).classification}: counts are not told by it" for name in share.aggregate.dimensions if name in contract.personal_columns]
    problems += [f"{contract.dataset} has no column {share.aggregate.of!r}"] if share.aggregate.of and share.aggregate.of not in known else []
    problems += ["`pseudonyms` and `in_clear` are for rows, not for counts"] if share.pseudonyms or share.in_clear else []
    return problems + (["parquet is not among the formats: the next extract is compared with it"] if "parquet" not in share.formats else [])


def load_share(path: Path) -> Share:
    """Raises LakeError naming the file and each thing that is wrong."""
    return read_declaration(path, Share, HOW_TO)


def share_paths(root: Path) -> list[Path]:
    return sorted((root / "conf" / "shares").glob("*.yaml"))


def share_named(root: Path, name: str) -> Share:
    """Raises LakeError naming the shares there are."""
    return load_share(path_named(share_paths(root), "share", name))


def checked(root: Path, share: Share) -> Contract:
    """The contract of what is shared. Raises LakeError where the share must not be."""
    contract = load_named(root, share.source)
    if problems := gate(share, contract):
        raise LakeError(f"{share.name}: {'; '.join(problems)}", HOW_TO)
    return contract


def lint(root: Path) -> list[Finding]:
    """What is wrong with the shares of a checkout."""
    findings: list[Finding] = []
    kinds: dict[str, str] = {}
    counted: dict[tuple[str, str], str] = {}
    for path in share_paths(root):
        try:
            share = load_share(path)
            checked(root, share)
            if kinds.setdefault(share.recipient, share.recipient_kind) != share.recipient_kind:
                findings.append(Finding(str(path), 1, 1, f"{share.recipient} is a {kinds[share.recipient]} in another share"))
            if share.aggregate and counted.setdefault((share.recipient, share.source), share.name) != share.name:
                findings.append(Finding(str(path), 1, 1, f"{share.recipient} has counts of {share.source} already by {counted[share.recipient, share.source]}: two tables of the same rows may tell what each leaves out"))
        except (LakeError, BrokenContract, FileNotFoundError) as problem:
            findings.append(Finding(str(path), 1, 1, str(problem).removeprefix(f"{path}: ")))
    return findings

