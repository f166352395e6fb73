"""The quality site, made from the whole ledger into the docs bucket; a page is written only when what it shows has changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import keys, s3
from jobs.quality.rules import Rule
from jobs.quality.site import reading
from jobs.quality.site.addresses import OVERVIEW, dataset_key, delivery_key, made_key
from jobs.quality.site.failing import failing_rows, ragged, results
from jobs.quality.site.history import histories
from jobs.quality.site.pages import FILES, HISTORY, DatasetFacts, DeliveryFacts, dataset_page, delivery_page, made_with, overview_page
from jobs.quality.site.state import State, read_json, read_state, save_state
from jobs.quality.site.summary import Line, line_of, shown_time
from jobs.quality.trial import ENGINE

TRIES, AT_ONCE, SHOWN = 5, 200, 20  # builds that may run into another's; deliveries read together; rows of a rule that only its record is known of
PAGE = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Built:
    """`datasets`: those whose pages were looked at; `pages`: written."""

    datasets: int
    pages: int


def build(settings: Settings, contracts: Sequence[Contract], again: bool = False) -> Built:
    """Bring the site up to date with the ledger. `contracts`: of every dataset it shows; `again`: make every page anew.

    Repeating it writes nothing. Raises LakeError, once all others are made, naming the datasets whose pages could not be.
    """
    ledger, client, pages = Ledger(settings), s3(settings), 0
    force = {c.dataset for c in contracts} if again else set[str]()
    for _ in range(TRIES):
        state = read_state(client, settings.bucket("docs"))
        stands, problems, touched = dict(state.datasets), {}, set[str]()
        files = reading.fingerprints(ledger)
        for contract in contracts:
            made_from = _made_from(settings, contract, files.get(contract.dataset, ""))
            if contract.dataset not in force and stands.get(contract.dataset, {}).get("made_from") == made_from:
                continue
            try:
                line, written = _dataset(settings, client, ledger, contract, anew=contract.dataset in force)
            except (BotoCoreError, ClientError):
                raise
            except Exception as problem:  # noqa: BLE001 - what stops the pages of one dataset leaves the others alone
                problems[contract.dataset] = f"{type(problem).__name__}: {problem}"
                continue
            pages, touched = pages + written, touched | {contract.dataset}
            stands[contract.dataset] = {"made_from": made_from, "line": line.as_dict()}
        shown = {c.dataset: stands[c.dataset] for c in contracts if c.dataset in stands}
        unknown = sorted(set(files) - {c.dataset for c in contracts})
        if touched or problems or shown.keys() != state.datasets.keys() or unknown != state.unknown:
            made_at = shown_time(dt.datetime.now(dt.UTC), settings.time_zone)
            _write(client, settings.bucket("docs"), OVERVIEW, overview_page(settings.city, [Line(**each["line"]) for each in shown.values()], unknown, made_at))
            pages += 1
            if not save_state(client, settings.bucket("docs"), State(shown, unknown, state.etag)):
                force |= touched  # another build wrote meanwhile, maybe from an older ledger: these are made once more
                continue
        if problems:
            raise LakeError(f"pages of {'; '.join(f'{name} ({why})' for name, why in problems.items())} could not be made", "mend it and run again: ./lake docs --again")
        return Built(len(touched), pages)
    raise LakeError("other builds of the quality pages keep running into this one", "wait for them, then run again")


def _made_from(settings: Settings, contract: Contract, files: str) -> str:
    suite = settings.root / "expectations" / contract.department / f"{contract.name}.yaml"
    said = suite.read_bytes() if suite.exists() else b""
    return hashlib.sha256(repr([files, made_with(), contract, hashlib.sha256(said).hexdigest()]).encode()).hexdigest()


def _dataset(settings: Settings, client: Any, ledger: Ledger, contract: Contract, anew: bool) -> tuple[Line, int]:
    """All pages of a dataset; returns its line in the overview, and how many were written."""
    bucket, zone = settings.bucket("docs"), settings.time_zone
    rows, (rules, note) = reading.deliveries(ledger, contract.dataset), _rules(settings, contract)
    listed = [row["delivery"] for row in rows[-FILES:]]
    checks = reading.checks(ledger, contract.dataset, listed)
    failing: dict[str, int] = defaultdict(int)
    for check in checks:
        failing[check["delivery"]] += bool(check["unexpected"] or not check["success"]) and check["engine"] != ENGINE
    last = max(checks, key=lambda check: check["checked_at"])["delivery"] if checks else ""
    line = line_of(contract, rows, failing.get(last, 0), zone)
    validations = sorted(item["Key"] for item in keys(client, bucket, f"gx/{contract.table}/"))
    newest = [row["delivery"] for row in rows[-HISTORY:]]
    shown = histories([check for check in checks if check["delivery"] in set(newest)], rows[-HISTORY:], rules)
    drift = sorted(reading.drift(ledger, contract.dataset, newest), key=lambda event: (event["period"], event["name"], event["event"]))
    facts = DatasetFacts(contract, line, rows, failing, shown, drift, reading.corrections(ledger, contract.dataset)[-SHOWN:], validations, note)
    written = _deliveries(settings, client, ledger, contract, rules, rows, set(validations), anew)
    _write(client, bucket, dataset_key(contract.table), dataset_page(facts, zone))
    return line, written + 1


def _rules(settings: Settings, contract: Contract) -> tuple[tuple[Rule, ...], str]:
    """The rules, and why there are none where the suite is broken: what was judged by them before is still shown."""
    from jobs.contracts.load import BrokenContract
    from jobs.quality.implied import rules_of  # imports Great Expectations: seconds, and only where a page has changed

    try:
        return rules_of(contract, settings.root), ""
    except BrokenContract as problem:
        return (), f"The expectations of this dataset are broken: {problem.findings[0]}"


def _deliveries(
    settings: Settings, client: Any, ledger: Ledger, contract: Contract, rules: Sequence[Rule], rows: Sequence[dict[str, Any]], validations: Collection[str], anew: bool
) -> int:
    """The pages of deliveries whose rows in the ledger are others than when they were made; what was checked has another row since."""
    bucket, by_delivery = settings.bucket("docs"), _by_delivery(rows)
    known = {} if anew else read_json(client, bucket, made_key(contract.table))
    now = {delivery: hashlib.sha256(repr([made_with(), contract, rules, mine]).encode()).hexdigest()[:24] for delivery, mine in by_delivery.items()}
    stale = [delivery for delivery in now if known.get(delivery) != now[delivery]]
    if not stale and known.keys() == now.keys():
        return 0
    answers = {item["Key"] for item in keys(client, bucket, f"answers/{contract.table}/") if item["Key"].endswith(".html")}
    for start in range(0, len(stale), AT_ONCE):
        for facts in _facts(ledger, contract, rules, {d: by_delivery[d] for d in stale[start : start + AT_ONCE]}, validations, answers):
            _write(client, bucket, delivery_key(contract.table, facts.rows[0]["delivery"]), delivery_page(facts, settings.time_zone))
    client.put_object(Bucket=bucket, Key=made_key(contract.table), Body=json.dumps(now).encode(), ContentType="application/json")
    return len(stale)


def _facts(
    ledger: Ledger, contract: Contract, rules: Sequence[Rule], wanted: Mapping[str, list[dict[str, Any]]], validations: Collection[str], answers: Collection[str]
) -> Iterator[DeliveryFacts]:
    checks, rejected = _by_delivery(reading.checks(ledger, contract.dataset, list(wanted))), _by_delivery(reading.first_rejected(ledger, contract.dataset, list(wanted), SHOWN))
    measures = reading.measured(ledger, contract.dataset, list(wanted))
    for delivery, rows in wanted.items():
        mine = checks.get(delivery, [])
        lines = failing_rows(mine, rejected.get(delivery, []), rules, contract.personal_columns)
        validation, told = f"gx/{contract.table}/{delivery}.html", {row["name"]: f"answers/{contract.table}/{delivery}/{row['name']}.html" for row in rows}
        yield DeliveryFacts(
            contract, rows, results(mine, rules), lines, ragged(measures.get(delivery), rows[0]["rows"]), {name: key for name, key in told.items() if key in answers},
            validation if validation in validations else None,
        )  # fmt: skip


def _by_delivery(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["delivery"]].append(row)
    return found


def _write(client: Any, bucket: str, key: str, page: str) -> None:
    client.put_object(Bucket=bucket, Key=key, Body=page.encode(), ContentType=PAGE)
