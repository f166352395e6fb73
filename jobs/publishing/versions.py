"""Versions of a publication and who let its terms out: read from and noted in the ledger."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from jobs.ops.ledger import Ledger
from jobs.platform.errors import signed
from jobs.publishing.files import File
from jobs.publishing.publication import Publication

NEW, UPDATE, CORRECTION, WITHDRAWAL = "new", "update", "correction", "withdrawal"


@dataclass(frozen=True)
class Version:
    """What the public can read since `published_at`. `kind`: what it is beside the version before; `notice`: the same for people; `partitions`: partition → fingerprint of its rows."""

    name: str
    version: int
    kind: str
    notice: str
    product: str
    product_version: int
    terms: str
    rows: int
    files: tuple[File, ...]
    partitions: Mapping[str, str]
    report: Mapping[str, Any]
    by: str
    because: str
    published_at: dt.datetime

    @property
    def withdrawn(self) -> bool:
        return self.kind == WITHDRAWAL


@dataclass(frozen=True)
class Approval:
    approved: bool
    by: str
    because: str


def approval(ledger: Ledger, publication: Publication) -> Approval | None:
    """The decision about these very terms; None where nobody took one."""
    rows = ledger.rows("publication_approvals", dataset=publication.name, terms=publication.terms)
    return Approval(rows[0]["approved"], rows[0]["by"], rows[0]["because"]) if rows else None


def decide(ledger: Ledger, publication: Publication, decision: Approval) -> None:
    """Raises LakeError for a decision without a name or a reason."""
    signed(decision.by, decision.because)
    ledger.merge("publication_approvals", [{
        "dataset": publication.name, "terms": publication.terms, "definition": publication.model_dump_json(), "decided_at": dt.datetime.now(dt.UTC), **asdict(decision),
    }])  # fmt: skip


def versions(ledger: Ledger, name: str) -> list[Version]:
    """The oldest first."""
    return [_version(row) for row in ledger.rows("publications", dataset=name)]


def all_versions(ledger: Ledger) -> dict[str, list[Version]]:
    """Of each publication, by name; the oldest first."""
    found: dict[str, list[Version]] = {}
    for version in map(_version, ledger.rows("publications")):
        found.setdefault(version.name, []).append(version)
    return found


def _version(row: Mapping[str, Any]) -> Version:
    files = tuple(File(**file) for file in json.loads(row["files"]))
    given = {name: row[name] for name in ("version", "kind", "notice", "product", "product_version", "terms", "rows", "by", "because", "published_at")}
    return Version(name=row["dataset"], files=files, partitions=json.loads(row["partitions"]), report=json.loads(row["report"]), **given)


def note(ledger: Ledger, version: Version) -> None:
    said = {name: getattr(version, name) for name in ("version", "kind", "notice", "product", "product_version", "terms", "rows", "by", "because", "published_at")}
    ledger.merge("publications", [said | {
        "dataset": version.name, "files": json.dumps([asdict(file) for file in version.files]), "partitions": json.dumps(dict(version.partitions)),
        "report": json.dumps(dict(version.report)),
    }])  # fmt: skip


def kind_of(before: Version | None, partitions: Mapping[str, str], terms: str) -> tuple[str, str]:
    """What a version is beside the one before, and its notice."""
    if before is None or before.withdrawn:
        return NEW, "first publication" if before is None else "published again"
    changed = sorted(part for part, was in before.partitions.items() if partitions.get(part) != was)
    added = sorted(set(partitions) - set(before.partitions))
    if before.terms != terms:
        return CORRECTION, "other columns or another protection" + (f"; {len(changed)} parts changed" if changed else "")
    if changed:
        return CORRECTION, f"corrected: {_named(changed)}" + (f"; new: {_named(added)}" if added else "")
    return UPDATE, f"new: {_named(added)}"


def _named(parts: list[str], most: int = 12) -> str:
    said = [part or "all rows" for part in parts]
    return ", ".join(said[:most]) + (f" and {len(said) - most} more" if len(said) > most else "")
