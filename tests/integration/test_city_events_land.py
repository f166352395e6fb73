"""What happens in the sample city lands as it was written: every file of its dumps, value by value, through register's and land's own code on the real store."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from jobs.contracts.load import load_contract
from jobs.contracts.model import Column, Contract
from jobs.platform.settings import load_settings
from jobs.sample.city.dataset import File
from jobs.sample.city.datasets import commerce, disease, environment, finance, hotline, market, power, procurement, public_life, roads, services
from jobs.sample.city.making import files
from jobs.sample.city.plan import Plan
from tests.corpus.delivery import conserved, deliver

PLAN = Plan(1_000, dt.date(2025, 3, 25), dt.date(2025, 3, 31), 11)
DATASETS = {dataset.id: dataset for module in (commerce, disease, environment, finance, hotline, market, power, procurement, public_life, roads, services) for dataset in module.DATASETS}
MOST_FILES = 3  # of a dataset that comes daily: the first, one between and the last


def contract_of(name: str) -> Contract:
    root = load_settings().root
    return load_contract(root / "conf" / "datasets" / f"{name.replace('.', '/')}.yaml")


@pytest.mark.parametrize("name", DATASETS)
def test_every_file_lands_as_it_was_written(name: str) -> None:
    contract, sent = contract_of(name), _some([file for file in files(PLAN, DATASETS[name], 0) if file.outcome == "landed"])
    assert sent
    for file in sent:
        found = deliver(contract, file.name, file.body)
        assert (found.ledger["outcome"], found.ledger["reason"]) == ("landed", None), found.ledger["message"]
        conserved(found, contract)
        conflicts = DATASETS[name].conflicts
        spoilt = file.spoilt & (file.broken.fill_null("") != (conflicts.rule if conflicts else ""))  # whether a key repeats is judged after landing
        assert found.critical.equals(spoilt.rename(found.critical.name), check_dtypes=False), found.messages[:3]
        good, said = found.frame.filter(~found.critical), file.rows.filter(~spoilt)
        for column in contract.columns:
            if column.source in said.columns and column.source != "$row":  # JSON is kept in an order of its own
                written = said[column.source]
                assert good[column.name].to_list() == [_meant(value, column, contract) for value in written.to_list()], column.name


def _some(sent: list[File]) -> list[File]:
    return sent if len(sent) <= MOST_FILES else [sent[0], sent[len(sent) // 2], sent[-1]]


def _meant(value: Any, column: Column, contract: Contract) -> Any:
    """What the city's value means under the contract: written here anew, not by the lake's readers."""
    if value is None or (isinstance(value, str) and (not value.strip() or value in (column.null_values or ()))):
        return None
    text = f"{value}".strip()
    if column.kind in ("date", "timestamp"):
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        for pattern in column.formats or ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S"):
            try:
                moment = value if isinstance(value, dt.datetime) else dt.datetime.strptime(text, pattern)
            except ValueError:
                continue
            zone = moment.tzinfo or dt.timezone(dt.timedelta(hours=8 if contract.source_time_zone == "Asia/Shanghai" else 0))
            return moment.date() if column.kind == "date" else moment.replace(tzinfo=zone).astimezone(dt.UTC)
        raise AssertionError(f"{text} is written in no format of {column.name}")
    if column.kind == "integer":
        return int(float(text.replace(",", "")))
    if column.kind == "double":
        return float(text.replace(",", ""))
    if column.kind == "decimal":
        return Decimal(text.replace(",", "")).quantize(Decimal(1).scaleb(-column.scale))
    if column.kind == "boolean":
        return {"是": True, "否": False, "true": True, "false": False, "True": True, "False": False, "1": True, "0": False}[text]
    return text
