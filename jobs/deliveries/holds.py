"""Why a landed delivery must not reach silver for the sake of the whole: promised and not kept, incomplete, shrunk, or declined by a person."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from jobs.contracts.model import Contract
from jobs.deliveries.approvals import DECLINED, Decision, decisions
from jobs.deliveries.complete import File, fits, waits
from jobs.deliveries.manifest import Promise
from jobs.deliveries.promised import listed
from jobs.deliveries.shrink import Sent, Shrunk, shrunk
from jobs.deliveries.waiting import files
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.tables.bronze import read

REVIEWED = ("control_rows", "control_total", "incomplete", "shrunk")  # reasons that what comes later may lift
DOUBLE_SCALE = 12  # digits after the point to which the values of a double column are added up
Sums = Mapping[str, Mapping[str, Decimal]]  # delivery → column → sum


@dataclass(frozen=True)
class Hold:
    """`reason` None: it is not held (any more), and the message says who let it through."""

    reason: str | None
    message: str | None


FREE = Hold(None, None)


def review(spark: SparkSession, ledger: Ledger, contract: Contract) -> list[dict[str, Any]]:
    """Look again at what is held for a reason that may have gone, or that a person has decided about: rows of ops.deliveries that change. Changes nothing itself."""
    asked = decisions(ledger, contract.dataset)
    held = [row for row in ledger.deliveries(contract.dataset) if row["outcome"] == "held"]
    held = [row for row in held if row["reason"] in REVIEWED or row["delivery"] in asked]
    if not held:
        return []
    stopped = {row["delivery"]: str(row["message"]) for row in held if row["reason"] not in (*REVIEWED, DECLINED)}
    found = holds(spark, ledger, contract, held, stopped)
    return [row | outcome_of(row, found[row["delivery"]]) for row in held if found[row["delivery"]] != Hold(row["reason"], row["message"])]


def outcome_of(row: Mapping[str, Any], hold: Hold) -> dict[str, Any]:
    """Of ops.deliveries."""
    return {
        "dataset": row["dataset"], "delivery": row["delivery"], "name": row["name"], "updated_at": dt.datetime.now(dt.UTC),
        "checked": True, "outcome": "held" if hold.reason else "landed", "reason": hold.reason, "message": hold.message,
    }  # fmt: skip


def holds(spark: SparkSession, ledger: Ledger, contract: Contract, rows: Sequence[Mapping[str, Any]], stopped: Mapping[str, str], unchecked: Iterable[str] = ()) -> dict[str, Hold]:
    """For each of `rows` (of ops.deliveries, landed or held). `stopped`: delivery → why its own checks hold it; `unchecked`: no verdict could be had on these."""
    asked = decisions(ledger, contract.dataset)
    found = {row["delivery"]: Hold("held", stopped[row["delivery"]]) if row["delivery"] in stopped else FREE for row in rows}
    if contract.manifest or contract.expected_files:
        found |= {d: hold for d, hold in _whole(spark, ledger, contract, rows).items() if not found[d].reason}
    decided = {name: _decided(hold, asked.get(name)) for name, hold in found.items()}
    if contract.most_shrink is not None:
        lost = _shrunk(ledger, contract, decided, asked, set(unchecked))
        decided |= {d: _decided(_shrunk_hold(contract, what), asked.get(d)) for d, what in lost.items() if d in decided and not decided[d].reason}
    return decided


def _decided(hold: Hold, decision: Decision | None) -> Hold:
    """A person's word counts more, whatever the reason is by now."""
    if decision is None:
        return hold
    if not decision.approved:
        return Hold(DECLINED, f"This delivery was {decision}")
    return Hold(None, f"{str(hold.message).rstrip('.')}; {decision}") if hold.reason else hold


def _shrunk_hold(contract: Contract, lost: Shrunk) -> Hold:
    said = f"The snapshot has {lost.rows:,} rows, {lost.loss:.1%} fewer than the {lost.rows_before:,} of {lost.before}; the contract lets it lose {contract.most_shrink:.1%}."
    return Hold("shrunk", f"{said} Send the whole file again, or confirm that it is whole.")


def _shrunk(ledger: Ledger, contract: Contract, holds: Mapping[str, Hold], asked: Mapping[str, Decision], unchecked: set[str]) -> dict[str, Shrunk]:
    known = {row["delivery"]: row for row in ledger.deliveries(contract.dataset) if row["outcome"] in ("landed", "held")}
    sent = []
    for receipt in ledger.rows("receipts", dataset=contract.dataset):
        row = known.get(receipt["delivery"])
        if row is None or row["delivery"] in unchecked:
            continue
        name, decision = row["delivery"], asked.get(row["delivery"])
        through = (row["outcome"] == "landed" and row["checked"]) or bool(decision and decision.approved)
        if through or (holds[name].reason is None if name in holds else row["outcome"] == "held" and row["reason"] == "shrunk"):
            sent.append(Sent(name, receipt["period"], contract.file_of(receipt["name"]), f"{receipt['delivered_at'].isoformat()} {receipt['sha256']}", row["rows"] or 0, through))
    return shrunk(sent, contract.most_shrink or 0.0)


def _whole(spark: SparkSession, ledger: Ledger, contract: Contract, rows: Sequence[Mapping[str, Any]]) -> dict[str, Hold]:
    """What the manifest or the list of expected files says against these deliveries."""
    known = {(row["delivery"], row["name"]): row for row in ledger.deliveries(contract.dataset)}
    manifests = listed(ledger.rows("manifests", dataset=contract.dataset))
    there = files(contract, ledger.rows("receipts", dataset=contract.dataset), known, ("rejected",))
    missing = waits(contract, there, manifests)
    promises = _promises(there, [(m.period, p) for m in sorted(manifests, key=lambda m: (m.arrived, m.name), reverse=True) for p in m.promises])
    sums = _sums(spark, ledger.settings, contract, [row["delivery"] for row in rows if any(p.totals for p in promises[row["delivery"]])])
    names: dict[str, list[str]] = defaultdict(list)
    for file in there:
        names[file.delivery].append(file.name)
    found = {}
    for row in rows:
        waiting = [missing.get((row["delivery"], name)) for name in names[row["delivery"]]]
        if waiting and all(waiting):
            found[row["delivery"]] = Hold("incomplete", f"Another file of the delivery was not accepted. {waiting[0].message if waiting[0] else ''}")
        elif hold := unkept(row, promises[row["delivery"]], sums.get(row["delivery"], {})):
            found[row["delivery"]] = hold
    return found


def _promises(there: Sequence[File], promised: Iterable[tuple[str, Promise]]) -> dict[str, list[Promise]]:
    """delivery → the promises that mean its content, in the order of `promised`."""
    by_name: dict[tuple[str, str], list[Promise]] = defaultdict(list)
    for period, promise in promised:
        by_name[period, promise.file].append(promise)
    found: dict[str, list[Promise]] = defaultdict(list)
    for file in there:
        found[file.delivery] += [p for p in by_name[file.period, file.name] if fits(file, p)]
    return found


def unkept(row: Mapping[str, Any], promises: Sequence[Promise], sums: Mapping[str, Decimal]) -> Hold | None:
    """Why no promise about a delivery is kept (the words about the first); None where one is, or none was given. `row`: of ops.deliveries."""
    said = [_broken(row, promise, sums) for promise in promises]
    return None if not said or None in said else said[0]


def _broken(row: Mapping[str, Any], promise: Promise, sums: Mapping[str, Decimal]) -> Hold | None:
    if promise.rows not in (None, row["records_read"]):
        return Hold("control_rows", f"The file holds {row['records_read']:,} records, the manifest says {promise.rows:,}. Send the file again, or the manifest that belongs to it.")
    for column, total in promise.totals:
        found = sums.get(column, Decimal(0))
        if found != total:
            unread = f" ({row['quarantined']:,} rows of the file were rejected)" if row["quarantined"] else ""
            return Hold("control_total", f"The sum of {column} is {found:f}, the manifest says {total:f}{unread}. Send the file again, or the manifest that belongs to it.")
    return None


def _sums(spark: SparkSession, settings: Settings, contract: Contract, deliveries: Sequence[str]) -> Sums:
    """Of the columns that have control totals, over every landed row."""
    if not deliveries or not contract.manifest:
        return {}
    names = sorted({total.column for total in contract.manifest.totals})
    rows = read(spark, settings, contract).where(F.col("_delivery").isin(list(deliveries)))
    sums = rows.groupBy("_delivery").agg(*[F.try_sum(_exact(contract, name)).alias(name) for name in names])
    return {row["_delivery"]: {name: row[name] if row[name] is not None else Decimal(0) for name in names} for row in sums.toArrow().to_pylist()}


def _exact(contract: Contract, name: str) -> Column:
    kind = contract.column(name).kind
    return F.col(name) if kind == "decimal" else F.col(name).try_cast("decimal(38,0)" if kind == "integer" else f"decimal(38,{DOUBLE_SCALE})")
