"""curated.procurement: each contracting process of any publisher, compiled from its releases and records, from planning to contract, with its buyer resolved."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.products import ocds
from jobs.products.parties import resolved

# Who gave the process its number: the registered prefix of the ocid; where the number is only its publisher's own, the folder that all of its files come in,
# as records name their publisher and bare releases do not.
SOURCE = "coalesce(nullif(lower(regexp_extract(ocid, '(?i)^(ocds-[a-z0-9]{6})-', 1)), ''), folder, publisher, 'unknown')"
AMOUNT = pa.decimal128(24, 2)
KINDS = {pa.string(): "string", AMOUNT: "decimal(24,2)", pa.date32(): "date", pa.int64(): "bigint"}
SCHEMA = pa.schema([
    *((name, pa.string()) for name in ("source", "ocid", "publisher", "stage", "title", "category", "method", "method_rationale", "tender_status", "buyer_number", "buyer_as_written", "currency")),
    *((name, AMOUNT) for name in ("planned_amount", "estimated_amount", "awarded_amount", "contracted_amount")),
    *((name, pa.date32()) for name in ("opened_on", "closed_on", "awarded_on", "signed_on", "first_release_on", "last_release_on")),
    *((name, pa.int64()) for name in ("tender_days", "bidders", "awards", "contracts", "amendments", "releases_delivered", "releases_distinct", "releases_conflicting")),
    ("merge_problem", pa.string()), ("compiled_release", pa.string()),
])  # fmt: skip


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a process; amounts in its `currency`."""
    releases = inputs["procurement.ocds_release"].select("ocid", "publisher", "folder", F.col("release_json").alias("content"), F.lit("release").alias("kind"))
    rows = releases.unionByName(_of_records(inputs["procurement.ocds_record"])).withColumn("source", F.expr(SOURCE))
    of_kind = [F.sort_array(F.collect_list(F.when(F.col("kind") == kind, F.col("content")))).alias(kind) for kind in ("release", "stated")]
    processes = rows.groupBy("source", "ocid").agg(F.max("publisher").alias("publisher"), *of_kind)
    made = processes.mapInArrow(_compile, ", ".join(f"{field.name} {KINDS[field.type]}" for field in SCHEMA)).localCheckpoint(eager=False)  # matching names reads it several times
    return resolved(made, "buyer_number", "buyer_as_written", "buyer", within=("source",))


def _of_records(records: DataFrame) -> DataFrame:
    """The compiled release of a record and the releases inside it; a link to a release (it has no ocid) is none."""
    stated = records.where("compiled_release IS NOT NULL").select("ocid", "publisher", "folder", F.col("compiled_release").alias("content"), F.lit("stated").alias("kind"))
    inside = records.select("ocid", "publisher", "folder", F.explode_outer(F.from_json("releases", "array<string>")).alias("content"), F.lit("release").alias("kind"))
    whole = F.get_json_object("content", "$.ocid").isNotNull()
    return stated.unionByName(inside.withColumn("content", F.when(whole, F.col("content"))))


def _compile(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield pa.RecordBatch.from_pylist([_row(given) for given in batch.to_pylist()], schema=SCHEMA)


def _row(given: Mapping[str, Any]) -> dict[str, Any]:
    made = ocds.compiled(given["ocid"], given["release"], given["stated"])
    counts = {"releases_delivered": made.delivered, "releases_distinct": made.distinct, "releases_conflicting": made.conflicting, "merge_problem": made.problem}
    days = sorted(day for text in given["release"] + given["stated"] if (day := ocds.day(json.loads(text).get("date"))))
    known = {"source": given["source"], "ocid": given["ocid"], "publisher": given["publisher"], "stage": "planning"} | counts
    known |= {"first_release_on": days[0] if days else None, "last_release_on": days[-1] if days else None}
    return known if made.release is None else known | _facts(made.release)


def _facts(release: Mapping[str, Any]) -> dict[str, Any]:
    """What the columns say of a compiled release."""
    tender, buyer = ocds.at(release, "tender") or {}, ocds.at(release, "buyer") or ocds.at(release, "tender.procuringEntity")
    awards, contracts = ocds.standing(ocds.each(release, "awards")), ocds.standing(ocds.each(release, "contracts"))
    budget = ocds.at(release, "planning.budget.amount")
    unit = next((c for value in (ocds.at(tender, "value"), *(a.get("value") for a in awards), *(c.get("value") for c in contracts), budget) if (c := ocds.currency(value))), None)
    opened, closed = ocds.day(ocds.at(tender, "tenderPeriod.startDate")), ocds.day(ocds.at(tender, "tenderPeriod.endDate"))
    return {
        "stage": ocds.stage(release), "title": ocds.text(ocds.at(tender, "title")), "category": ocds.text(ocds.at(tender, "mainProcurementCategory")),
        "method": ocds.text(ocds.at(tender, "procurementMethod")), "method_rationale": ocds.text(ocds.at(tender, "procurementMethodRationale")),
        "tender_status": ocds.text(ocds.at(tender, "status")), "buyer_number": ocds.text(ocds.at(buyer, "id")), "buyer_as_written": _buyer_name(release, buyer), "currency": unit,
        "planned_amount": ocds.total([budget], unit), "estimated_amount": ocds.total([ocds.at(tender, "value")], unit),
        "awarded_amount": ocds.total([a.get("value") for a in awards], unit), "contracted_amount": ocds.total([c.get("value") for c in contracts], unit),
        "opened_on": opened, "closed_on": closed, "awarded_on": _first(awards, "date"), "signed_on": _first(contracts, "dateSigned"),
        "tender_days": (closed - opened).days if opened and closed else None, "bidders": _bidders(release), "awards": len(awards), "contracts": len(contracts),
        "amendments": sum(len(ocds.each(contract, "amendments")) for contract in contracts), "compiled_release": json.dumps(release, ensure_ascii=False, sort_keys=True),
    }  # fmt: skip


def _buyer_name(release: Mapping[str, Any], buyer: Any) -> str | None:
    return ocds.text(ocds.at(buyer, "name")) or next((name for party in ocds.each(release, "parties") if party.get("id") == ocds.at(buyer, "id") and (name := ocds.text(party.get("name")))), None)


def _first(items: list[Mapping[str, Any]], name: str) -> dt.date | None:
    return min((day for item in items if (day := ocds.day(item.get(name)))), default=None)


def _bidders(release: Mapping[str, Any]) -> int | None:
    """As the publisher counts them, else those of the valid bids, else the tenderers named."""
    said = ocds.at(release, "tender.numberOfTenderers")
    if isinstance(said, int) and said >= 0:
        return said
    valid = [bid for bid in ocds.each(release, "bids.details") if str(bid.get("status")).lower() not in ("disqualified", "withdrawn", "invited")]
    named = [who for bid in valid for who in ocds.each(bid, "tenderers")] or ocds.each(release, "tender.tenderers")
    return len({str(who.get("id") or who.get("name")) for who in named}) or None
