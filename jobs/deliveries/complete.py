"""Whether the files of a period are all there, as the manifest or the contract says: until then none of them loads.

The answer follows from what has been delivered so far, never from the order or the runs in which it came: every version of a manifest
vouches for the contents it lists, so a file and its correction each load by the manifest that came with them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.contracts.model import Contract, ExpectedFiles
from jobs.deliveries.manifest import Promise

SHOWN = 5
GATED = ("waits_for_manifest", "waits_for_files", "manifest_mismatch", "not_listed")  # reasons that are looked at again whenever something comes


@dataclass(frozen=True)
class File:
    """One version of a delivered file. `hash`: by the manifest's algorithm, None where it was not taken."""

    delivery: str
    period: str
    name: str
    bytes: int
    hash: str | None


@dataclass(frozen=True)
class Listed:
    """One version of a manifest of a period. `problem`: why it cannot be read; `arrived`: orders the versions."""

    period: str
    name: str
    arrived: str
    promises: tuple[Promise, ...]
    problem: str | None = None


@dataclass(frozen=True)
class Wait:
    """Why a file does not load. `outcome`: waiting (for something else to come) or rejected (the file is at fault)."""

    outcome: str
    reason: str
    message: str


def waits(contract: Contract, files: Iterable[File], manifests: Iterable[Listed]) -> dict[tuple[str, str], Wait]:
    """(delivery, name) → why it waits, of those files that do."""
    by_period: dict[str, list[File]] = defaultdict(list)
    for file in files:
        by_period[file.period].append(file)
    lists: dict[str, list[Listed]] = defaultdict(list)
    for manifest in manifests:
        lists[manifest.period].append(manifest)
    found: dict[tuple[str, str], Wait] = {}
    for period, mine in by_period.items():
        if contract.manifest:
            found |= _by_manifest(contract, mine, sorted(lists[period], key=lambda m: (m.arrived, m.name)))
        elif contract.expected_files:
            found |= _by_expectation(contract.expected_files, mine)
    return found


def _by_expectation(expected: ExpectedFiles, files: Sequence[File]) -> dict[tuple[str, str], Wait]:
    names = {file.name for file in files}
    missing = [pattern for pattern in expected.names if not any(re.fullmatch(pattern, name) for name in names)]
    parts = [f"no file like {_some(missing)} is there"] if missing else []
    if len(names) < expected.count:
        parts.append(f"{len(names)} of {expected.count} files are there")
    if not parts:
        return {}
    wait = Wait("waiting", "waits_for_files", f"The delivery is not complete: {' and '.join(parts)}. Nothing of it loads until all is there. Send what is missing.")
    return {(file.delivery, file.name): wait for file in files}


def _by_manifest(contract: Contract, files: Sequence[File], manifests: Sequence[Listed]) -> dict[tuple[str, str], Wait]:
    if not manifests:
        return {(f.delivery, f.name): _no_manifest() for f in files} if contract.manifest and contract.manifest.required else {}
    by_name: dict[str, list[File]] = defaultdict(list)
    for file in files:
        by_name[file.name].append(file)
    vouched: set[tuple[str, str]] = set()
    lacking: dict[tuple[str, str], list[str]] = {}
    for manifest in manifests:
        fitting = {p.file: [f for f in by_name[p.file] if fits(f, p)] for p in manifest.promises if re.fullmatch(contract.file_pattern, p.file)}
        missing = [name for name, there in fitting.items() if not there]
        listed = {(f.delivery, f.name) for there in fitting.values() for f in there}
        if missing:
            lacking |= dict.fromkeys(listed, missing)
        else:
            vouched |= listed
    rest = [file for file in files if (file.delivery, file.name) not in vouched]
    newest = {p.file: p for manifest in manifests for p in manifest.promises}
    broken = manifests[-1].problem
    return {(f.delivery, f.name): wait for f in rest if (wait := _why(contract, f, lacking.get((f.delivery, f.name)), newest.get(f.name), broken))}


def _why(contract: Contract, file: File, missing: list[str] | None, promise: Promise | None, broken: str | None) -> Wait | None:
    if missing:
        return Wait("waiting", "waits_for_files", f"The manifest lists {_some(missing)}, which did not come, or not as listed. Nothing of the delivery loads until all is there. Send what is missing.")
    if promise is not None:
        return Wait("rejected", "manifest_mismatch", f"{difference(file, promise)} Send the file again, or the manifest that belongs to it.")
    if broken:
        return Wait("waiting", "waits_for_manifest", "The manifest of the delivery cannot be read. Nothing of the delivery loads until it is sent again.")
    if contract.manifest and contract.manifest.unlisted == "accept":
        return None
    return Wait("rejected", "not_listed", "No manifest of the delivery lists this file. Send a manifest that does, or take the file away.")


def _no_manifest() -> Wait:
    return Wait("waiting", "waits_for_manifest", "The manifest of the delivery is not there yet. Nothing of the delivery loads until it is. Send it.")


def fits(file: File, promise: Promise) -> bool:
    """Whether the content is the one the manifest means."""
    return promise.bytes in (None, file.bytes) and promise.hash in (None, file.hash)


def difference(file: File, promise: Promise) -> str:
    """In words, where `fits` says no."""
    if promise.bytes not in (None, file.bytes):
        return f"The file has {file.bytes:,} bytes, the manifest says {promise.bytes:,}."
    if file.hash is None:
        return "The file was registered before the contract asked for this kind of hash, so it cannot be compared with the manifest."
    return f"The file is not the one the manifest means: its hash is {file.hash[:16]}…, the manifest says {str(promise.hash)[:16]}…."


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def file_of(receipt: Mapping[str, Any], algorithm: str, digests: Mapping[str, str]) -> File:
    """Of ops.receipts; `digests`: algorithm → hash, beside the receipt's own sha256."""
    return File(receipt["delivery"], receipt["period"], receipt["name"], receipt["bytes"], receipt["sha256"] if algorithm == "sha256" else digests.get(algorithm))
