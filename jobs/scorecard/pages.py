"""The scorecards in the quality site: a page and a letter a department, made anew where its scores or contracts have changed."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jobs.contracts.load import BrokenContract
from jobs.contracts.model import Contract
from jobs.platform.settings import Settings
from jobs.platform.store import s3
from jobs.quality.rules import Rule
from jobs.quality.site.addresses import DEPARTMENTS_MADE, department_key, letter_key
from jobs.quality.site.state import read_json
from jobs.scorecard.letter import Department, department_page, letter
from jobs.scorecard.score import Score

PAGE = "text/html; charset=utf-8"


def departments(settings: Settings, contracts: Sequence[Contract], scores: Mapping[str, Sequence[Score]], only: str | None = None) -> list[Department]:
    """Those of which something has come, or the one that is named."""
    by_name: dict[str, list[Contract]] = defaultdict(list)
    for contract in sorted(contracts, key=lambda each: each.dataset):
        if only in (None, contract.department):
            by_name[contract.department].append(contract)
    found = []
    for name, mine in by_name.items():
        known = {c.dataset: scores[c.dataset] for c in mine if c.dataset in scores}
        if known:
            found.append(Department(name, mine, known, {c.dataset: _rules(settings, c) for c in mine if c.dataset in known}))
    return found


def publish(settings: Settings, contracts: Sequence[Contract], scores: Mapping[str, Sequence[Score]], again: bool = False) -> int:
    """Returns how many pages were written. Repeating it writes none."""
    client, bucket = s3(settings), settings.bucket("docs")
    known, now = {} if again else read_json(client, bucket, DEPARTMENTS_MADE), _made_from(contracts, scores)
    stale = {name for name in now if known.get(name) != now[name]}
    for name in sorted(stale):
        for department in departments(settings, contracts, scores, name):
            for key, page in ((department_key(name), department_page(department)), (letter_key(name), letter(department))):
                client.put_object(Bucket=bucket, Key=key, Body=page.encode(), ContentType=PAGE)
    if stale or known.keys() != now.keys():
        client.put_object(Bucket=bucket, Key=DEPARTMENTS_MADE, Body=json.dumps(now).encode(), ContentType="application/json")
    return 2 * len(stale)


def _made_from(contracts: Sequence[Contract], scores: Mapping[str, Sequence[Score]]) -> dict[str, str]:
    here = Path(__file__).parent
    code = hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted([*here.glob("*.py"), *here.glob("templates/*.j2")]))).hexdigest()
    facts: dict[str, list[Any]] = defaultdict(lambda: [code])
    for contract in sorted(contracts, key=lambda each: each.dataset):
        if contract.dataset in scores:
            facts[contract.department] += [contract, scores[contract.dataset]]
    return {name: hashlib.sha256(repr(said).encode()).hexdigest()[:24] for name, said in facts.items()}


def _rules(settings: Settings, contract: Contract) -> tuple[Rule, ...]:
    from jobs.quality.implied import rules_of  # imports Great Expectations: seconds, and only where a page has changed

    try:
        return rules_of(contract, settings.root)
    except BrokenContract:
        return ()
