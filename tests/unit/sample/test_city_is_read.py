"""Every file of the city through the steps of landing that need no Spark: rows read, rows rejected, by which rule, or why the file is refused."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import zipfile

import pytest

from jobs.contracts.load import contract_path, load_contract
from jobs.platform.settings import load_settings
from jobs.readers.outcome import Refused
from jobs.sample.city.making import files
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import dataset_of, datasets
from tests.unit.quality.landing import land

PLAN = Plan(4000, dt.date(2025, 1, 1), dt.date(2025, 2, 28))
LARGER = {"public_security.birth": 40_000, "public_security.move": 40_000, "civil_affairs.low_income_roster": 40_000}  # in a smaller town nobody need be born, and few move or are poor
DAYS = 6  # of a dataset of days: the faults of files are within the first


def unpacked(body: bytes) -> bytes:
    """The one file of an archive, which the lake opens before a reader comes; an Excel workbook is none."""
    if body.startswith(b"\x1f\x8b"):
        return gzip.decompress(body)
    if not zipfile.is_zipfile(io.BytesIO(body)):
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = archive.namelist()
        return archive.read(names[0]) if len(names) == 1 else body


@pytest.mark.parametrize("name", sorted(datasets()))
def test_files_are_read_as_the_city_expects(name: str) -> None:
    contract, dataset = load_contract(contract_path(load_settings().root, name)), dataset_of(name)
    people = LARGER.get(name, PLAN.people)
    plan = Plan(people, PLAN.first, PLAN.last if dataset.frequency != "day" else PLAN.first + dt.timedelta(days=DAYS - 1))
    seen, there = 0, set()
    for file in files(plan, dataset, 0):
        there |= {file.fault, *(fault.kind for fault in file.planted)}
        if not file.data or not file.body:  # a file of no bytes is refused before it is read
            continue
        seen += 1
        if file.outcome == "rejected":
            with pytest.raises(Refused) as refused:
                land(contract, unpacked(file.body))
            # that an archive was cut is found by the counter, before a reader sees it
            assert refused.value.reason == file.reason or file.fault == "truncated", file.name
            continue
        landed = land(contract, unpacked(file.body))
        if file.outcome == "resent":
            continue
        by_key = dataset.conflicts.rule if dataset.conflicts else ""  # whether a key repeats is judged in Spark
        assert (len(landed.rows), landed.quarantined) == (file.rows.height, int((file.broken.drop_nulls() != by_key).sum())), file.name
        found: dict[str, int] = {}
        for faults in landed.faults:
            for rule, severity, _ in faults:
                if severity == "critical":
                    found[rule] = found.get(rule, 0) + 1
        planted: dict[str, int] = {}
        for fault in file.planted:
            if fault.rule and fault.rule != by_key:
                planted[fault.rule] = planted.get(fault.rule, 0) + fault.rows
        assert {rule: count for rule, count in found.items() if rule in planted or not rule.startswith("not_be_null:")} == planted, file.name
    assert seen
    periods = len(plan.periods(dataset.frequency))
    assert {fault.kind for fault in dataset.file_faults if -periods <= fault.at < periods} | {fault.kind for fault in dataset.row_faults} | ({"conflicting_key"} if dataset.conflicts else set()) <= there, "what is declared is planted"
