"""OpenLineage events of every step: what it read and wrote, and of products which columns are made from which. https://openlineage.io

They go into `.lake/logs/openlineage.jsonl`, or where OpenLineage's own environment says: OPENLINEAGE_URL, OPENLINEAGE_CONFIG or OPENLINEAGE__TRANSPORT__… (file, HTTP, Kafka).
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import uuid
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jobs.contracts.load import contract_path, load_contract, load_product, product_path
from jobs.contracts.model import Contract
from jobs.contracts.product import Product, table_of
from jobs.platform.settings import Settings
from jobs.steps import CURATE, FETCH, PUBLISH, RESOLVE, SHARE

log = logging.getLogger("civiclake")
PRODUCER = "https://example.org/civiclake"
SPACE = uuid.UUID("0b4c5c58-7a40-4f0b-8a52-6a4a7a7b7f11")
JOBS = "civiclake"  # namespace of jobs
START, COMPLETE, FAIL = "START", "COMPLETE", "FAIL"


def tell(settings: Settings, state: str, step: str, name: str, run: str, rows: int | None = None, problem: str | None = None) -> None:
    """One event. It never stops a job: what cannot be told is a warning in the log."""
    try:
        _client(settings.state / "logs" / "openlineage.jsonl").emit(event(settings, state, step, name, run, rows, problem))
    except Exception as error:  # noqa: BLE001 - whatever the receiver does is no reason for data to wait
        log.warning("no lineage event of %s %s: %s", step, name, type(error).__name__)


@lru_cache(maxsize=1)
def _client(path: Path) -> Any:
    from openlineage.client import OpenLineageClient

    if any(key.startswith("OPENLINEAGE") for key in os.environ):
        return OpenLineageClient()
    return OpenLineageClient(config={"transport": {"type": "file", "log_file_path": str(path), "append": True}})


def event(settings: Settings, state: str, step: str, name: str, run: str, rows: int | None = None, problem: str | None = None) -> Any:
    """`run`: of the DAG or command; the same step of the same run has the same id in its events."""
    from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import error_message_run

    facets: dict[str, Any] = {} if problem is None else {"errorMessage": error_message_run.ErrorMessageRunFacet(problem, "Python")}
    inputs, outputs = _datasets(settings, step, name, rows)
    return RunEvent(
        eventType=RunState[state], eventTime=dt.datetime.now(dt.UTC).isoformat(), run=Run(str(uuid.uuid5(SPACE, f"{run}/{step}/{name}")), facets), job=Job(JOBS, f"{step}.{name}"),
        producer=PRODUCER, inputs=inputs, outputs=outputs,
    )  # fmt: skip


def _datasets(settings: Settings, step: str, name: str, rows: int | None) -> tuple[list[Any], list[Any]]:
    if step == PUBLISH:
        from jobs.publish import publication_of

        publication = publication_of(settings, name)
        return [_of_table(settings, publication.product)], [_out(settings, "open", name, rows)]
    if step == SHARE:
        from jobs.sharing.share import share_named

        share = share_named(settings.root, name)
        return [_of_table(settings, table_of(share.source))], [_out(settings, "shares", share.folder, rows)]
    if step == RESOLVE:
        from jobs.identity.registers import load_registers

        return [_of_table(settings, table_of(register.dataset)) for register in load_registers(settings.root)], [_out(settings, "silver", name.replace(".", "__"), rows)]
    if step == CURATE:
        product = load_product(product_path(settings.root, name))
        made = _out(settings, "curated", product.name, rows, product)
        return [_of_table(settings, given.table) for given in product.inputs], [made]
    contract = load_contract(contract_path(settings.root, name))
    folder, table = f"{contract.department}/{contract.name}", contract.table
    if step == FETCH:
        return [], [_out(settings, "landing", contract.landing, rows)]
    ways = {
        "register": (("landing", contract.landing), ("raw", folder)), "land": (("raw", folder), ("bronze", table)), "check": (("bronze", table), ("ops", "checks")),
        "conform": (("bronze", table), ("silver", table)),
    }  # fmt: skip
    given, made = ways[step]
    return [_in(settings, *given)], [_out(settings, *made, rows, contract if step in ("land", "conform") else None)]


def _space(settings: Settings, zone: str) -> str:
    """OpenLineage's naming of what lies in S3: the bucket is the namespace, the path the name."""
    return f"s3://{settings.bucket(zone)}"


def _in(settings: Settings, zone: str, path: str) -> Any:
    from openlineage.client.event_v2 import InputDataset

    return InputDataset(_space(settings, zone), path)


def _of_table(settings: Settings, table: str) -> Any:
    zone, _, name = table.partition(".")
    return _in(settings, zone, name)


def _out(settings: Settings, zone: str, path: str, rows: int | None, contract: Contract | None = None) -> Any:
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.facet_v2 import output_statistics_output_dataset

    counted: dict[str, Any] = {} if rows is None else {"outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows)}
    return OutputDataset(_space(settings, zone), path, facets=_facets(settings, contract) if contract else {}, outputFacets=counted)


def _facets(settings: Settings, contract: Contract) -> dict[str, Any]:
    from openlineage.client.facet_v2 import schema_dataset

    fields = [schema_dataset.SchemaDatasetFacetFields(c.name, c.kind, c.description) for c in contract.columns]
    facets: dict[str, Any] = {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)}
    return facets | {"columnLineage": _columns(settings, contract.sources)} if isinstance(contract, Product) and contract.sources else facets


def _columns(settings: Settings, sources: Sequence[tuple[str, Sequence[str]]]) -> Any:
    """Column → the columns of the inputs that it is made from, as the product's contract says."""
    from openlineage.client.facet_v2 import column_lineage_dataset as facet

    def field(source: str) -> Any:
        dataset, _, column = source.rpartition(".")
        zone, _, table = table_of(dataset).partition(".")
        return facet.InputField(_space(settings, zone), table, column)

    return facet.ColumnLineageDatasetFacet(fields={name: facet.Fields([field(source) for source in made_from]) for name, made_from in sources})
