"""The procurement office: OCDS 1.1 release packages, a file a month, with bids by the bids extension."""

from __future__ import annotations

import datetime as dt
import json
from functools import lru_cache
from typing import Any

import polars as pl

from jobs.sample.city.dataset import Dataset, Truth, resent
from jobs.sample.city.events import tenders
from jobs.sample.city.events.companies import companies
from jobs.sample.city.events.scene import Scene, delivered, scene
from jobs.sample.city.events.tenders import BUYERS, SUBJECTS, Tender, ocid
from jobs.sample.city.plan import Period, Plan

AMENDED_AFTER = 45
HEAD = {
    "uri": "https://ggzy.example.org/ocds/releases.json", "version": "1.1", "extensions": ["https://raw.githubusercontent.com/open-contracting-extensions/ocds_bid_extension/v1.1.5/extension.json"],
    "publisher": {"name": "市公共资源交易中心"}, "license": "https://creativecommons.org/licenses/by/4.0/",
}  # fmt: skip


def _value(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "CNY"}


def _at(day: dt.date, hour: int = 9) -> str:
    return f"{day}T{hour:02d}:00:00+08:00"


def _party(code: str, name: str, role: str) -> dict[str, Any]:
    return {"id": f"CN-USCC-{code}", "name": name, "identifier": {"scheme": "CN-USCC", "id": code, "legalName": name}, "roles": [role]}


def _opened(tender: Tender, district: str) -> dict[str, Any]:
    buyer = {"id": f"CN-BUYER-{tender.buyer:03d}", "name": BUYERS[tender.buyer]}
    subject, category = SUBJECTS[tender.trade]
    said = {
        "id": f"{ocid(tender)}-tender", "title": f"{district}{subject}", "status": "active", "mainProcurementCategory": category, "procurementMethod": tender.method,
        "value": _value(tender.estimate), "tenderPeriod": {"startDate": _at(tender.opened), "endDate": _at(tender.opened + dt.timedelta(days=tender.days), 17), "durationInDays": tender.days},
        "procuringEntity": buyer,
    } | ({"procurementMethodRationale": tender.rationale} if tender.rationale else {})  # fmt: skip
    return {"ocid": ocid(tender), "id": f"{ocid(tender)}-1", "date": _at(tender.opened), "tag": ["tender"], "initiationType": "tender", "language": "zh", "buyer": buyer, "parties": [buyer | {"roles": ["buyer"]}],
            "tender": said}  # fmt: skip


def _awarded(tender: Tender, district: str, codes: list[str], names: list[str]) -> dict[str, Any]:
    first = _opened(tender, district)
    bids = [
        {"id": f"B{k + 1}", "date": _at(tender.opened + dt.timedelta(days=tender.days), 16), "status": "valid", "tenderers": [{"id": f"CN-USCC-{codes[bid.company]}", "name": names[bid.company]}], "value": _value(bid.amount)}
        for k, bid in enumerate(tender.bids)
    ]  # fmt: skip
    who = {"id": f"CN-USCC-{codes[tender.winner]}", "name": names[tender.winner]}
    award = {"id": f"{ocid(tender)}-award", "title": first["tender"]["title"], "status": "active", "date": _at(tender.awarded), "value": _value(tender.price), "suppliers": [who]}
    contract = {"id": f"{ocid(tender)}-contract", "awardID": award["id"], "status": "active", "value": _value(tender.price), "dateSigned": _at(tender.awarded, 15)}
    parties = first["parties"] + [_party(codes[bid.company], names[bid.company], "tenderer") for bid in tender.bids]
    return first | {"id": f"{ocid(tender)}-2", "date": _at(tender.awarded), "tag": ["award", "contract"], "parties": parties, "awards": [award], "contracts": [contract], "bids": {"details": bids},
                    "tender": first["tender"] | {"status": "complete", "numberOfTenderers": len(bids)}}  # fmt: skip


def _amended(tender: Tender, district: str, codes: list[str], names: list[str]) -> dict[str, Any]:
    before = _awarded(tender, district, codes, names)
    on = tender.awarded + dt.timedelta(days=AMENDED_AFTER)
    contract = before["contracts"][0] | {"value": _value(tender.final), "amendments": [{"id": "1", "date": _at(on), "rationale": "设计变更增加工程量"}]}
    return before | {"id": f"{ocid(tender)}-3", "date": _at(on), "tag": ["contractAmendment"], "contracts": [contract]}


@lru_cache(maxsize=4)
def _all(city: Scene) -> pl.DataFrame:
    """Every release ever made: its day, and itself as JSON."""
    table = companies(city)
    codes, names, rows = table["credit_code"].to_list(), table["name"].to_list(), []
    for tender in tenders.tenders(city):
        district = city.districts[tender.district][1]
        made = [(tender.opened, _opened(tender, district)), (tender.awarded, _awarded(tender, district, codes, names))]
        if tender.final > tender.price:
            made.append((tender.awarded + dt.timedelta(days=AMENDED_AFTER), _amended(tender, district, codes, names)))
        rows += [(on, release["ocid"], release["id"], json.dumps(release, ensure_ascii=False)) for on, release in made]
    return pl.DataFrame(rows, schema={"on": pl.Date, "ocid": pl.String, "id": pl.String, "$row": pl.String}, orient="row").sort("on", "id")


def _releases(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    return delivered(_all(scene(plan)), "on", period).drop("on")


def _package(rows: pl.DataFrame) -> bytes:
    """The releases stand in the package as they are."""
    head = json.dumps(HEAD, ensure_ascii=False)[:-1]
    return (head + ', "publishedDate": "2025-01-01T00:00:00Z", "releases": [\n' + ",\n".join(rows["$row"].to_list()) + "\n]}\n").encode()


def _truth(plan: Plan, part: int) -> Truth:
    yield "procurement_collusion", tenders.truth(scene(plan))


class _Ocds(Dataset):
    @property
    def folder(self) -> str:
        """Releases and records of all publishers come into one folder."""
        return "procurement/ocds"


DATASETS = (_Ocds("procurement.ocds_release", _releases, _package, "month", "events", file="ggzy/releases.json", file_faults=(resent(-1, "ggzy/releases_again.json"),), truth=_truth),)
