"""share: rows or counts of a table → files that one recipient alone may read, while a person's approval holds."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.contracts.load import BrokenContract
from jobs.contracts.model import Contract
from jobs.contracts.product import is_product, table_of
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import emptied, keys, s3
from jobs.publishing import disclosure, files
from jobs.sharing import access, events, pseudonyms
from jobs.sharing.events import CHANGED, GRANTED, Event, Standing, standing
from jobs.sharing.filters import as_checked
from jobs.sharing.history import collect
from jobs.sharing.share import COUNT, Share, checked, load_share, share_paths
from jobs.tables import curated

RECEIPT = "receipt.json"


@dataclass(frozen=True)
class Shared:
    """`waits_for`: why the recipient has nothing, where it has nothing."""

    name: str
    version: int
    rows: int
    changed: bool
    left_out: int = 0
    waits_for: str = ""


@dataclass(frozen=True)
class Given:
    """A share, how it stands, and what is amiss with its declaration."""

    share: Share
    standing: Standing
    problem: str = ""

    @property
    def holds(self) -> bool:
        return self.standing.state == GRANTED and not self.problem


def run(spark: SparkSession, settings: Settings, share: Share) -> Shared:
    """Give the recipient what it may have by now. What it may no longer have goes, of this share and of all others, before anything is written.

    Raises LakeError where the share must not be given as it is declared; the recipient then has nothing.
    """
    settle(settings)
    contract, ledger = checked(settings.root, share), Ledger(settings)
    now = _now(settings, ledger, share)
    if now.state != GRANTED:
        return Shared(share.name, 0, 0, False, waits_for=why(share, now))
    assert now.granted
    found, last = curated.version(settings, table_of(share.source)), _last(ledger, share.name)
    if found is None:
        return Shared(share.name, 0, 0, False, waits_for=f"{table_of(share.source)} is not made yet")
    if last and not last["ended_at"] and (last["source_version"], last["request"]) == (found, now.granted.request):
        return Shared(share.name, last["version"], last["rows"], False)
    rows, report = _extract(spark, settings, share, contract, now.granted, found, last)
    told = tuple(name for name in share.told if name in rows.columns)
    written = files.written(rows, files.Writing(share.name, "shares", share.folder, told, share.partition if share.partition in told else None, share.formats))
    receipt = _receipt(share, contract, now.granted, found, told, written, report, last["version"] + 1 if last else 1)
    if _now(settings, ledger, share).granted != now.granted:  # decided otherwise while it was written
        settle(settings)
        return Shared(share.name, 0, 0, False, waits_for=why(share, _now(settings, ledger, share)))
    _document(settings, share, contract, receipt)
    ledger.merge("share_receipts", [receipt | {"columns": json.dumps(receipt["columns"]), "files": json.dumps([asdict(file) for file in written]), "report": json.dumps(receipt["report"])}])
    emptied(settings, "shares", f"{share.folder}/", keep={file.key for file in written} | {f"{share.folder}/{RECEIPT}", f"{share.folder}/dictionary.csv"})  # of the extract before
    held = report.left_out + report.primary + report.secondary
    return Shared(share.name, receipt["version"], receipt["rows"], True, held)


def settle(settings: Settings) -> list[Given]:
    """Make the store follow the decisions: who may read what until when, and nothing lies there that nobody may read. Safe to run at any time, as often as wanted."""
    ledger = Ledger(settings)
    while True:
        given = all_given(settings, ledger)
        grants = [access.Grant(each.share.recipient, each.share.folder, events.ends_at(settings, each.standing.granted.wanted.until)) for each in given if each.holds and each.standing.granted]
        access.allow(settings, grants)
        for recipient in sorted({grant.recipient for grant in grants}):
            pseudonyms.prepare(settings, recipient)
        if all_given(settings, ledger) == given:  # else somebody decided meanwhile
            break
    _clear_away(settings, ledger)
    collect(ledger)
    _put(settings, access.CATALOGUE, json.dumps(catalogue(settings, given), ensure_ascii=False, indent=1).encode(), "application/json")
    return given


def all_given(settings: Settings, ledger: Ledger) -> list[Given]:
    """Every share of the checkout whose file can be read; one that must not be given holds for nobody."""
    past, today, found = events.all_events(ledger), events.today(settings), []
    for path in share_paths(settings.root):
        try:
            share = load_share(path)
        except LakeError:
            continue  # `lake check` names it; nobody has anything by it
        found.append(Given(share, standing(share, past.get(share.name, ()), today), _problem(settings, share)))
    return found


def catalogue(settings: Settings, given: Iterable[Given]) -> dict[str, Any]:
    """What can be requested, for recipients: every share with the meaning of its columns, and no row."""
    entries = []
    for each in given:
        if each.problem:
            continue
        share, contract = each.share, checked(settings.root, each.share)
        entries.append({
            "name": share.name, "title": share.title.model_dump(), "source": share.source, "provider": share.provider, "recipient": share.recipient, "recipient_kind": share.recipient_kind,
            "purpose": share.purpose, "legal_basis": share.legal_basis, "rows": share.where or "all", "expires_on": share.expires_on.isoformat(), "approver": share.approver, "contact": share.contact,
            "columns": _dictionary(share, contract, share.told),
        })  # fmt: skip
    return {"city": settings.city, "shares": entries}


def why(share: Share, now: Standing) -> str:
    """Why a recipient has nothing."""
    ask = f"./lake share request {share.name} --by NAME --because TEXT"
    said = {
        events.OPEN: f"nobody has asked for it: {ask}", events.REQUESTED: f"{share.approver} has to decide: ./lake share approve {share.name} --by {share.approver!r} --because TEXT",
        events.CHANGED: f"its terms have changed since they were approved: {ask}", events.EXPIRED: f"it ended with {now.granted.wanted.until if now.granted else share.expires_on}: {ask}",
    }  # fmt: skip
    last = now.last
    return said.get(now.state) or (f"{now.state} by {last.by}: {last.because}" if last else now.state)


def _now(settings: Settings, ledger: Ledger, share: Share) -> Standing:
    return standing(share, events.events(ledger, share.name), events.today(settings))


def _problem(settings: Settings, share: Share) -> str:
    try:
        checked(settings.root, share)
    except (LakeError, BrokenContract, FileNotFoundError) as problem:
        return str(problem)
    return ""


def _extract(spark: SparkSession, settings: Settings, share: Share, contract: Contract, granted: Event, version: int, last: dict[str, Any] | None) -> tuple[DataFrame, disclosure.Report]:
    rows = spark.sql(f"SELECT * FROM {table_of(share.source)} VERSION AS OF {version}")
    if not share.history and not is_product(share.source) and contract.mode == "snapshot":
        rows = rows.where("_is_current")
    for condition in filter(None, (share.where, granted.wanted.where)):
        rows = rows.where(as_checked(condition))
    if share.aggregate is None:
        kept = rows.select(*granted.wanted.columns)
        return pseudonyms.pseudonymised(kept, [name for name in share.pseudonyms if name in kept.columns], settings, share.recipient), disclosure.Report("rows", 0, 0)
    counted = F.count_distinct(share.aggregate.of) if share.aggregate.of else F.count(F.lit(1))
    cells = rows.groupBy(*share.aggregate.dimensions).agg(counted.alias(COUNT)).localCheckpoint()
    safe = disclosure.protected(cells, share.aggregate.cells, _had(spark, settings, share, last)).localCheckpoint()
    return safe, disclosure.judged(cells, safe, share.aggregate.cells)


def _had(spark: SparkSession, settings: Settings, share: Share, last: dict[str, Any] | None) -> DataFrame | None:
    """The counts the recipient has: two extracts must tell no more than each."""
    if last is None or last["ended_at"] or last["terms"] != share.terms:
        return None
    found = [f"s3a://{settings.bucket('shares')}/{file['key']}" for file in json.loads(last["files"]) if file["format"] == "parquet"]
    return spark.read.parquet(*found) if found else None


def _receipt(share: Share, contract: Contract, granted: Event, version: int, told: tuple[str, ...], written: list[files.File], report: disclosure.Report, number: int) -> dict[str, Any]:
    return {
        "dataset": share.name, "version": number, "recipient": share.recipient, "source": contract.dataset, "source_version": version, "request": granted.request, "terms": share.terms,
        "columns": list(told), "rows": sum(file.rows for file in written if file.format == share.formats[0]), "report": asdict(report), "made_at": dt.datetime.now(dt.UTC), "ended_at": None,
    }  # fmt: skip


def _document(settings: Settings, share: Share, contract: Contract, receipt: dict[str, Any]) -> None:
    """What lies beside the files: the receipt with the terms, and what the columns mean."""
    said = {name: receipt[name] for name in ("version", "recipient", "source", "source_version", "rows", "columns")} | {
        "share": share.name, "made_at": receipt["made_at"].isoformat(), "purpose": share.purpose, "legal_basis": share.legal_basis, "provider": share.provider, "expires_on": share.expires_on.isoformat(),
        "pseudonyms": [name for name in share.pseudonyms if name in receipt["columns"]],
    }  # fmt: skip
    _put(settings, f"{share.folder}/{RECEIPT}", json.dumps(said, ensure_ascii=False, indent=1).encode(), "application/json")
    _put(settings, f"{share.folder}/dictionary.csv", files.as_bytes(pl.DataFrame(_dictionary(share, contract, tuple(receipt["columns"]))), "csv"), "text/csv; charset=utf-8")


def _dictionary(share: Share, contract: Contract, told: tuple[str, ...]) -> list[dict[str, str]]:
    known = {column.name: column for column in contract.columns}
    said = []
    for name in told:
        if share.aggregate and name == COUNT:
            of = f"different values of {share.aggregate.of}" if share.aggregate.of else "rows"
            said.append({"column": name, "type": "integer", "unit": "", "classification": "internal", "meaning": f"How many {of}; empty where it is left out to protect persons", "as": "count"})
            continue
        column = known[name]
        said.append({"column": name, "type": column.kind, "unit": column.unit, "classification": column.classification, "meaning": column.description, "as": "pseudonym" if name in share.pseudonyms else "value"})
    return said


def _last(ledger: Ledger, name: str) -> dict[str, Any] | None:
    return next(reversed(ledger.rows("share_receipts", dataset=name)), None)


def _clear_away(settings: Settings, ledger: Ledger) -> None:
    """What is left of grants that have ended: files that nobody may read, receipts still open, secrets of pseudonyms.

    The decisions are read after what they are about: whatever lies there was written under a grant that was noted before, so nothing of a grant made meanwhile is taken.
    """
    client, bucket = s3(settings), settings.bucket("shares")
    lying = [item["Key"] for item in keys(client, bucket) if item["Key"] != access.CATALOGUE]
    secrets = pseudonyms.recipients(settings)
    receipts = [row for row in ledger.columns("share_receipts", ["dataset", "version", "ended_at"]) if row["ended_at"] is None]
    given = all_given(settings, ledger)
    folders, names = {each.share.folder for each in given if each.holds}, {each.share.name for each in given if each.holds}
    for key in lying:
        if "/".join(key.split("/")[:2]) not in folders:
            client.delete_object(Bucket=bucket, Key=key)
    if ended := [{"dataset": row["dataset"], "version": row["version"], "ended_at": dt.datetime.now(dt.UTC)} for row in receipts if row["dataset"] not in names]:
        ledger.merge("share_receipts", ended)
    for recipient in secrets - {each.share.recipient for each in given if each.standing.state in (GRANTED, CHANGED)}:
        pseudonyms.destroy(settings, recipient)


def _put(settings: Settings, key: str, body: bytes, kind: str) -> None:
    s3(settings).put_object(Bucket=settings.bucket("shares"), Key=key, Body=body, ContentType=kind)


