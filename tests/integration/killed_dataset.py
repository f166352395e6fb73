"""A dataset that takes every way through the jobs, delivered afresh under as many names as a test needs, and all that the lake holds of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Contract
from jobs.ops.ledger import TABLES, Ledger
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options, keys, s3
from jobs.readers import raw
from jobs.tables import bronze

# Sealed (a personal column); a repeated row, a bad row, a repeated key, a warning; a resend; a bad file; a held delivery.
FILES = {
    "2024/dump.csv": b"id,person,amount\n1,Ann,5\n2,Bo,7\n2,Bo,7\nx,Cy,1\n3,Di,2\n3,Di,9\n4,Ed,1000\n",
    "2024/resent.csv": b"id,person,amount\n1,Ann,5\n2,Bo,7\n2,Bo,7\nx,Cy,1\n3,Di,2\n3,Di,9\n4,Ed,1000\n",
    "2024/columns.csv": b"id,amount\n9,9\n",
    "2025/dump.csv": b"id,person,amount\n7,Hal,8\n",
}
OUTCOMES = {"2024/dump.csv": "landed", "2024/resent.csv": "resent", "2024/columns.csv": "rejected", "2025/dump.csv": "held"}
OF_A_TRY = ("message", "deliveries", "rows_in", "rows_out")  # of ops.runs: what this try still had to do
CLOCKS = {"delivered_at", "registered_at", "landed_at", "updated_at", "checked_at", "noted_at", "first_at", "last_at", "first_seen", "last_seen", "ended_at", "seconds", "spark_session"}


def write_declarations(root: Path, name: str) -> Contract:
    """The contract and the suite of `test.<name>` (JSON is YAML)."""
    column = {"classification": "internal", "description": "a column"}
    properties = [
        {"name": "id", "logicalType": "integer", "primaryKey": True, "primaryKeyPosition": 1, "required": True, **column},
        {"name": "person", "logicalType": "string", **column, "classification": "personal"},
        {"name": "amount", "logicalType": "integer", **column, "logicalTypeOptions": {"minimum": 0}},
    ]
    contract = {
        "apiVersion": "v3.2.0", "kind": "DataContract", "id": f"test.{name}", "name": "Killed", "version": "1.0.0", "status": "active", "domain": "test",
        "description": {"purpose": "Rows for the tests of kills"}, "servers": [{"server": "landing", "type": "s3", "location": f"s3://landing/test/{name}", "format": "csv"}],
        "schema": [{"name": name, "logicalType": "object", "physicalType": "table", "description": "rows", "properties": properties}], "team": {"name": "test"},
        "customProperties": [{"property": "deliveryMode", "value": "increment"}],
    }  # fmt: skip
    expectations = [
        {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 2}, "severity": "critical"},
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "amount", "max_value": 100}, "severity": "warning"},
    ]
    for folder, document in (("conf/datasets", contract), ("expectations", {"name": f"test.{name}", "expectations": expectations})):
        path = root / folder / "test" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(document, indent=1))
    return load_contract(contract_path(root, f"test.{name}"))


def deliver(settings: Settings, contract: Contract) -> None:
    client = s3(settings)
    for name, body in FILES.items():
        client.put_object(Bucket=settings.bucket("landing"), Key=f"{contract.landing}/{name}", Body=body)


def everything(settings: Settings, spark: SparkSession, contract: Contract) -> dict[str, list[Any]]:
    """All that the lake holds of a dataset, less the clocks and the dataset's own name: equal for equal lakes."""
    ledger = Ledger(settings)
    found: dict[str, list[Any]] = {f"ops.{name}": ledger.rows(name, dataset=contract.dataset) for name in TABLES}
    found["ops.runs"] = [row | dict.fromkeys(OF_A_TRY) for row in found["ops.runs"]]
    tables = {layer: DeltaTable(settings.uri(layer, contract.table), storage_options=delta_options(settings)) for layer in ("bronze", "silver")}
    for layer, table in tables.items():
        found[layer] = table.to_pyarrow_table().to_pylist()
        found[f"{layer} columns"] = rows(spark, f"DESCRIBE {layer}.{contract.table}")
    found["commits of deliveries"] = [delivery["delivery"] for commit in bronze.commits(tables["bronze"]) for delivery in commit]
    named = [f"SELECT '{name}' AS name, to_json(struct(*)) AS row FROM {name}.{contract.table}" for name in ("bronze", "silver", "quarantine")]
    found["by name"] = rows(spark, " UNION ALL ".join(named))
    found["raw"] = _evidence(settings, found["ops.receipts"])
    found["docs"] = [item["Key"] for item in keys(s3(settings), settings.bucket("docs"), f"gx/{contract.table}/")]
    found["answers"] = [item["Key"] for item in keys(s3(settings), settings.bucket("docs"), f"answers/{contract.table}/")]
    found["keys"] = [item["Key"] for item in keys(s3(settings), settings.bucket("keys"), f"{contract.dataset}/")]
    return {name: sorted((_plain(item, contract) for item in items), key=repr) for name, items in found.items()}


def rows(spark: SparkSession, query: str) -> list[dict[str, Any]]:
    return spark.sql(query).toArrow().to_pylist()


def _evidence(settings: Settings, receipts: list[dict[str, Any]]) -> list[Any]:
    """What every raw copy says once it is opened."""
    client = s3(settings)
    return [
        (r["name"], raw.read(settings, client, raw.RawObject(r["dataset"], r["delivery"], r["raw_key"], r["bytes"], r["encrypted"]))) for r in receipts
    ]  # fmt: skip


def _plain(item: Any, contract: Contract) -> Any:
    if isinstance(item, dict):
        return {key: _plain(value, contract) for key, value in item.items() if key not in CLOCKS}
    if isinstance(item, list | tuple):
        return [_plain(value, contract) for value in item]
    if isinstance(item, str):
        return item.replace(contract.table, "<table>").replace(contract.dataset, "<dataset>").replace(f"test/{contract.name}", "<folder>")
    return item


def unconserved(deliveries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Deliveries whose records are not all accounted for (law 1): none, in a sound lake."""
    return [
        row for row in deliveries if row["outcome"] in ("landed", "held")
        and (row["records"] - row["skipped_preamble"] - row["skipped_footnotes"] - row["skipped_blank"] != row["records_read"]
             or row["rows"] != sum(row[state] for state in ("silver", "quarantined_rows", "duplicate", "superseded", "held")))
    ]  # fmt: skip


__all__ = ["FILES", "OUTCOMES", "deliver", "everything", "unconserved", "write_declarations"]
