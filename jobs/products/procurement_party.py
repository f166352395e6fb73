"""curated.procurement_party: who took part in each contracting process, as buyer, bidder or supplier, resolved to one id and name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from jobs.products import ocds
from jobs.products.parties import resolved

AMOUNT = pa.decimal128(24, 2)
TEXTS = ("source", "ocid", "role", "item_id", "number", "party_as_written", "identifier", "currency", "item_status")
SCHEMA = pa.schema([*((name, pa.string()) for name in TEXTS), ("amount", AMOUNT), ("item_on", pa.date32()), ("position", pa.int64())])
KINDS = {pa.string(): "string", AMOUNT: "decimal(24,2)", pa.date32(): "date", pa.int64(): "bigint"}


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a process, role, bid or award, and party."""
    processes = inputs["curated.procurement"].where("compiled_release IS NOT NULL").select("source", "ocid", "compiled_release")
    schema = ", ".join(f"`{field.name}` {KINDS[field.type]}" for field in SCHEMA)
    return resolved(processes.mapInArrow(_parties, schema).localCheckpoint(eager=False), "number", "party_as_written", "party", within=("source",), identifier="identifier")


def _parties(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = [{"source": given["source"], "ocid": given["ocid"]} | row for given in batch.to_pylist() for row in _of(json.loads(given["compiled_release"]))]
        yield pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


def _of(release: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    known = {str(party.get("id")): party for party in ocds.each(release, "parties")}
    buyer = ocds.at(release, "buyer") or ocds.at(release, "tender.procuringEntity")
    places: list[tuple[str, Mapping[str, Any], list[Mapping[str, Any]]]] = [("buyer", {}, [buyer] if isinstance(buyer, Mapping) else [])]
    bids = ocds.each(release, "bids.details")
    places += [("bidder", bid, ocds.each(bid, "tenderers")) for bid in bids] or [("bidder", {}, ocds.each(release, "tender.tenderers"))]
    places += [("supplier", award, ocds.each(award, "suppliers")) for award in ocds.each(release, "awards")]
    position: dict[str, int] = {}
    for role, item, who in places:
        for party in who:
            position[role] = position.get(role, 0) + 1
            yield {"role": role, "position": position[role]} | _facts(item, party, known.get(str(party.get("id")), {}))


def _facts(item: Mapping[str, Any], party: Mapping[str, Any], registered: Mapping[str, Any]) -> dict[str, Any]:
    """`item`: the bid or award; `party`: as it stands there; `registered`: the same in the release's parties."""
    value, identifier = item.get("value"), registered.get("identifier") or party.get("identifier")
    scheme, number = ocds.text(ocds.at(identifier, "scheme")), ocds.text(ocds.at(identifier, "id"))
    return {
        "item_id": ocds.text(item.get("id")), "number": ocds.text(party.get("id")), "party_as_written": ocds.text(party.get("name")) or ocds.text(registered.get("name")),
        "identifier": f"{scheme}-{number}" if scheme and number else None, "amount": ocds.amount(value), "currency": ocds.currency(value), "item_status": ocds.text(item.get("status")),
        "item_on": ocds.day(item.get("date")),
    }  # fmt: skip
