"""Releases of one contracting process, as publishers send them → its OCDS 1.1 compiled release. No Spark here."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).parents[2] / "conf" / "standards" / "ocds" / "release-schema.json"
STAGES = ("planning", "tender", "award", "contract", "implementation")
MOST = Decimal(10) ** 18  # an amount beyond it is a slip of the keyboard


@dataclass(frozen=True)
class Process:
    """`release`: the compiled release, None where no release can be read. `conflicting`: ids under which different contents came. `problem`: why it is not a full merge."""

    release: dict[str, Any] | None
    delivered: int
    distinct: int
    conflicting: int
    problem: str | None = None


@lru_cache(maxsize=1)
def merge_rules() -> Mapping[tuple[str, ...], str]:
    from ocdsmerge.rules import get_merge_rules

    return get_merge_rules(json.loads(SCHEMA.read_text(encoding="utf-8")))


def compiled(ocid: str, releases: Iterable[str], stated: Iterable[str]) -> Process:
    """`releases`: JSON of all that came, repeats too; `stated`: compiled releases that records state.

    Of different contents under one id the later dated, then the fuller, stands: publishers send a release again with its parties. A compiled release
    stands for all releases up to its date.
    """
    texts = list(releases)
    by_id: dict[str, dict[str, dict[str, Any]]] = {}
    for text in texts:
        release = json.loads(text)
        by_id.setdefault(str(release.get("id")), {})[_canonical(release)] = release
    each = [max(contents.items(), key=lambda item: (instant(item[1].get("date")), len(item[0]), item[0]))[1] for contents in by_id.values()]
    whole = [json.loads(text) for text in stated]
    conflicting = sum(len(contents) > 1 for contents in by_id.values())
    release, problem = _merged(ocid, _standing([_upgraded(r) for r in each], [_upgraded(r) for r in whole]))
    return Process(release, len(texts), len(by_id), conflicting, problem)


def _canonical(release: Mapping[str, Any]) -> str:
    return json.dumps(release, sort_keys=True, ensure_ascii=False)


def _upgraded(release: dict[str, Any]) -> dict[str, Any]:
    """As OCDS 1.1, with a moment in UTC as its date and a list as its tag."""
    from ocdskit.upgrade import upgrade_10_11

    with suppress(AttributeError, KeyError, TypeError):  # bent so that it fits neither version: it is merged as it is
        release = upgrade_10_11(release, reorder=False)
    tag = release.get("tag")
    return release | {"date": instant(release.get("date")).strftime("%Y-%m-%dT%H:%M:%SZ"), "tag": [tag] if isinstance(tag, str) else tag}


def _standing(releases: Sequence[dict[str, Any]], stated: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those to merge, in order: the latest compiled release, and what came after it."""
    said = [r for r in releases if "compiled" in (r["tag"] or ())]
    whole = sorted([*stated, *said], key=lambda r: (r["date"], _canonical(r)))[-1:]
    later = [r for r in releases if r not in said and (not whole or r["date"] > whole[0]["date"])]
    return whole + sorted(later, key=lambda r: (r["date"], str(r.get("id")), _canonical(r)))


def _merged(ocid: str, releases: list[dict[str, Any]]) -> tuple[dict[str, Any] | None, str | None]:
    from ocdsmerge import Merger
    from ocdsmerge.exceptions import OCDSMergeError

    if not releases:
        return None, "no release came, only links to some"
    head = {"ocid": ocid, "id": f"{ocid}-{releases[-1]['date']}", "tag": ["compiled"]}
    try:
        return Merger(merge_rules=merge_rules()).create_compiled_release(releases) | head, None
    except (OCDSMergeError, AttributeError, TypeError) as problem:
        return releases[-1] | head, f"the latest release alone: {problem}"[:200]


def instant(text: Any) -> dt.datetime:
    """In UTC; a day is its first moment, and what is no date comes before all."""
    try:
        read = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return dt.datetime(1, 1, 1, tzinfo=dt.UTC)
    return read.replace(tzinfo=dt.UTC) if read.tzinfo is None else read.astimezone(dt.UTC)


def day(text: Any) -> dt.date | None:
    """The day as the publisher's clock has it."""
    try:
        return dt.datetime.fromisoformat(str(text)).date()
    except ValueError:
        return None


def at(data: Any, path: str) -> Any:
    """What is at a dotted path; None where anything on the way is no object."""
    for name in path.split("."):
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def each(data: Any, path: str) -> list[Mapping[str, Any]]:
    """The objects of a list; those of one object where the publisher left out the list."""
    found = at(data, path)
    return [item for item in (found if isinstance(found, list) else [found]) if isinstance(item, Mapping)]


def text(value: Any) -> str | None:
    return str(value).strip() or None if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def amount(value: Any) -> Decimal | None:
    """Of an OCDS Value, to the cent; some publishers send text."""
    try:
        read = Decimal(str(at(value, "amount")))
    except InvalidOperation:
        return None
    return read.quantize(Decimal("0.01")) if read.is_finite() and abs(read) < MOST else None


def currency(value: Any) -> str | None:
    return text(at(value, "currency"))


def total(values: Sequence[Any], unit: str | None) -> Decimal | None:
    """Of the values in this currency; None where there is none, or one is in another."""
    known = [(amount(value), currency(value)) for value in values if amount(value) is not None]
    return sum((a for a, _ in known if a is not None), Decimal(0)) if known and all(c in (unit, None) for _, c in known) else None


def stage(release: Mapping[str, Any]) -> str:
    """How far the process is, by what it has."""
    has = {
        "implementation": any(at(contract, "implementation.transactions") for contract in each(release, "contracts")),
        "contract": each(release, "contracts"), "award": each(release, "awards"), "tender": at(release, "tender"), "planning": True,
    }  # fmt: skip
    return next(name for name in reversed(STAGES) if has[name])


def standing(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Awards or contracts that were not cancelled or without success."""
    return [item for item in items if str(item.get("status")).lower() not in ("cancelled", "unsuccessful")]
