"""The run ledger: the `ops.*` Delta tables, written through delta-rs (a merge by key costs milliseconds, a Spark commit a second)."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, Schema, write_deltalake
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from jobs.platform import delta_sql
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options

S, N, F, B, T = pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class LedgerTable:
    key: tuple[str, ...]
    schema: pa.Schema


TABLES: Mapping[str, LedgerTable] = {
    # one row a delivered file, written when its raw copy is safe; never changed
    "receipts": LedgerTable(
        ("dataset", "period", "name", "sha256", "delivered_at"),
        pa.schema([
            ("dataset", S), ("period", S), ("name", S), ("sha256", S), ("delivery", S), ("landing_key", S), ("raw_key", S),
            ("bytes", N), ("delivered_at", T), ("encrypted", B), ("records", N), ("count_error", S), ("splits", S), ("registered_at", T),
            ("content", S),  # JSON: what the file was found to be, the files inside it, encodings
            ("digests", S),  # JSON: algorithm → hash, beside SHA-256, where the dataset's manifest speaks of another
            ("etag", S),  # of the landing zone: its clock counts whole seconds, and a file may be replaced within one
        ]),
    ),
    # one row a file that a delivered manifest lists: what it promises; one with `problem` where the manifest cannot be read
    "manifests": LedgerTable(
        ("dataset", "period", "name", "sha256", "file"),
        pa.schema([
            ("dataset", S), ("period", S), ("name", S), ("sha256", S), ("file", S), ("rows", N), ("bytes", N), ("hash", S), ("algorithm", S),
            ("totals", S), ("problem", S), ("delivered_at", T),
        ]),
    ),
    # one row a correction: how many rows of the content `delivery` differ from those of `corrects`, under one file name of one period
    "corrections": LedgerTable(
        ("dataset", "period", "name", "corrects", "delivery"),
        pa.schema([
            ("dataset", S), ("period", S), ("name", S), ("corrects", S), ("delivery", S), ("added", N), ("removed", N), ("changed", N), ("unchanged", N), ("delivered_at", T),
        ]),
    ),
    # one row a period of an input that a product was last made from; `input` empty: the build itself, with the version of the product it left
    "products": LedgerTable(
        ("dataset", "input", "period"),
        pa.schema([("dataset", S), ("input", S), ("period", S), ("fingerprint", S), ("version", N), ("built_at", T)]),
    ),
    # one row a version of a product and an input of it: which version of which table it was made from
    "lineage": LedgerTable(
        ("dataset", "version", "input"),
        pa.schema([("dataset", S), ("version", N), ("input", S), ("input_version", N), ("build", S), ("code_version", S), ("made_at", T)]),
    ),
    # one row a delivery that a person let through or not
    "approvals": LedgerTable(
        ("dataset", "delivery"),
        pa.schema([("dataset", S), ("delivery", S), ("approved", B), ("by", S), ("because", S), ("held_for", S), ("decided_at", T)]),
    ),
    # one row a time that somebody asked whom a pseudonym stands for, written before anything is read (`dataset`: grant.<grant>); `found`: records of the person, empty where it did not end
    "reidentifications": LedgerTable(
        ("dataset", "ask"),
        pa.schema([("dataset", S), ("ask", S), ("grant", S), ("pseudonym", S), ("by", S), ("because", S), ("version", N), ("found", N), ("asked_at", T)]),
    ),
    # one row a new secret of a grant's pseudonyms; `residents`: in the map of the version it replaces
    "rotations": LedgerTable(
        ("dataset", "grant", "version"),
        pa.schema([("dataset", S), ("grant", S), ("version", N), ("by", S), ("because", S), ("residents", N), ("rotated_at", T)]),
    ),
    # one row a delivered file: what became of it; a second file of the same content is `resent`
    "deliveries": LedgerTable(
        ("dataset", "delivery", "name"),
        pa.schema([
            ("dataset", S), ("delivery", S), ("period", S), ("name", S), ("sha256", S), ("bytes", N), ("outcome", S), ("reason", S),
            ("message", S), ("encoding", S), ("records", N), ("records_read", N), ("skipped_preamble", N), ("skipped_footnotes", N),
            ("skipped_blank", N), ("rows", N), ("quarantined", N), ("measures", S), ("drift", S), ("landed_at", T), ("checked", B), ("updated_at", T),
            ("silver", N), ("duplicate", N), ("superseded", N), ("held", N), ("quarantined_rows", N),
            ("content", S),  # JSON for people: what the file was found to be, and counts of odd characters and cells
            ("counted_from", S),  # fingerprint of the silver that the counts of states belong to
        ]),
    ),
    # one row a difference between a delivery and its contract
    "drift": LedgerTable(
        ("dataset", "delivery", "event"),
        pa.schema([
            ("dataset", S), ("delivery", S), ("event", S), ("period", S), ("name", S), ("kind", S), ("column", S), ("header", S), ("policy", S), ("done", S),
            ("suggestion", S), ("found", N), ("looked_at", N),
            ("detail", S),  # JSON: what values look like, unknown codes
            ("noted_at", T),
        ]),
    ),
    # one row a job run
    "runs": LedgerTable(
        ("run", "job", "dataset"),
        pa.schema([
            ("run", S), ("job", S), ("dataset", S), ("deliveries", N), ("rows_in", N), ("rows_out", N), ("seconds", F),
            ("airflow_run", S), ("spark_session", S), ("code_version", S), ("outcome", S), ("message", S), ("ended_at", T),
        ]),
    ),
    # one row an expectation result
    "checks": LedgerTable(
        ("dataset", "delivery", "rule"),
        pa.schema([
            ("dataset", S), ("delivery", S), ("rule", S), ("type", S), ("column", S), ("severity", S), ("mostly", F), ("evaluated", N),
            ("unexpected", N), ("success", B), ("engine", S), ("fingerprint", S), ("observed", S), ("sample", S), ("checked_at", T),
        ]),
    ),
    # one row a definition that a rule of a dataset has had, and whether it judged or was on trial; its first and last check
    "rules": LedgerTable(
        ("dataset", "rule", "fingerprint", "status"),
        pa.schema([
            ("dataset", S), ("rule", S), ("fingerprint", S), ("status", S), ("type", S), ("column", S), ("severity", S), ("mostly", F),
            ("definition", S),  # JSON: type, kwargs, severity
            ("origin", S), ("first_seen", T), ("last_seen", T),
        ]),
    ),
    # one row a definition of a rule that judged a delivery: what ops.checks said before a later check took its place
    "judgements": LedgerTable(
        ("dataset", "delivery", "rule", "fingerprint", "engine"),
        pa.schema([
            ("dataset", S), ("delivery", S), ("rule", S), ("fingerprint", S), ("engine", S), ("severity", S), ("evaluated", N), ("unexpected", N), ("success", B), ("first_at", T), ("last_at", T),
        ]),
    ),
    # one row a rule on trial and a delivery that it was tried on
    "trials": LedgerTable(
        ("dataset", "delivery", "rule", "fingerprint"),
        pa.schema([
            ("dataset", S), ("delivery", S), ("rule", S), ("fingerprint", S), ("period", S), ("name", S), ("type", S), ("column", S), ("severity", S), ("evaluated", N),
            ("unexpected", N), ("newly", N), ("would_hold", B), ("why", S), ("observed", S), ("sample", S), ("outcome", S), ("message", S), ("tried_at", T),
        ]),
    ),
    # one row a dataset and month: how its department did (jobs/scorecard)
    "department_scorecard": LedgerTable(
        ("dataset", "month"),
        pa.schema([
            ("dataset", S), ("month", S), ("department", S), ("expected", N), ("present", N), ("on_time", N), ("late_days", F), ("files", N), ("refused", N), ("rows", N),
            ("rejected", N), ("drift", N), ("corrections", N), ("to_correction", F),
            ("reasons", S),  # JSON: rule → rows
            ("made_from", S), ("updated_at", T),
        ]),
    ),
    # one row a trouble of a dataset, open or recovered, and who has been told
    "alerts": LedgerTable(
        ("dataset", "alert"),
        pa.schema([
            ("dataset", S), ("alert", S), ("kind", S), ("subject", S), ("text", S), ("way_out", S), ("state", S), ("opened_at", T), ("seen_at", T), ("recovered_at", T),
            ("told", S),  # JSON: channel → what it was last told, when, and why it could not be told
        ]),
    ),
    # one row the terms of a publication (`dataset`: its name) that a person let out or not; `terms`: fingerprint of columns, protection and licence
    "publication_approvals": LedgerTable(
        ("dataset", "terms"),
        pa.schema([("dataset", S), ("terms", S), ("approved", B), ("by", S), ("because", S), ("definition", S), ("decided_at", T)]),
    ),
    # one row a version of a publication (`dataset`: its name) that the public can read, or its withdrawal
    "publications": LedgerTable(
        ("dataset", "version"),
        pa.schema([
            ("dataset", S), ("version", N), ("kind", S), ("notice", S), ("product", S), ("product_version", N), ("terms", S), ("rows", N),
            ("files", S), ("partitions", S),  # JSON: the files; partition → fingerprint of its rows
            ("report", S),  # JSON: what disclosure control did, in counts
            ("by", S), ("because", S), ("published_at", T),
        ]),
    ),
    # one row a pair of records (`dataset`: prefix of the tables of entity resolution) that a clerk said is of one person or of two; `left` the lesser record_ref
    "link_decisions": LedgerTable(
        ("dataset", "left", "right"),
        pa.schema([("dataset", S), ("left", S), ("right", S), ("same", B), ("by", S), ("because", S), ("decided_at", T), ("applied", B)]),
    ),
    # one row a look at what two records say of their people, and who took it
    "link_looks": LedgerTable(
        ("dataset", "look"),
        pa.schema([("dataset", S), ("look", S), ("pair", S), ("by", S), ("because", S), ("at", T)]),
    ),
    # one row a thing that was asked, decided or ended about a share (`dataset`: its name); never changed
    "share_events": LedgerTable(
        ("dataset", "event"),
        pa.schema([
            ("dataset", S), ("event", S), ("action", S), ("request", S), ("by", S), ("because", S), ("at", T),
            ("terms", S), ("wanted", S),  # fingerprint of the share's terms at that time; JSON: columns, filter, last day
        ]),
    ),
    # one row an extract that a recipient was given: which rows of which version, under which request, in which files; `ended_at`: when they went
    "share_receipts": LedgerTable(
        ("dataset", "version"),
        pa.schema([
            ("dataset", S), ("version", N), ("recipient", S), ("source", S), ("source_version", N), ("request", S), ("terms", S), ("columns", S), ("rows", N),
            ("files", S), ("report", S),  # JSON: the files with their SHA-256; what disclosure control did, in counts
            ("made_at", T), ("ended_at", T),
        ]),
    ),
    # one row a request for what is shared that the store answered or refused (`dataset`: the share whose folder it was for, or "-")
    "share_access": LedgerTable(
        ("dataset", "request"),
        pa.schema([("dataset", S), ("request", S), ("user", S), ("operation", S), ("key", S), ("status", N), ("remote", S), ("at", T)]),
    ),
    # one row a row rejected by a rule that is judged in Spark, before silver
    "rejections": LedgerTable(
        ("dataset", "delivery", "record", "part", "rule"),
        pa.schema([("dataset", S), ("delivery", S), ("record", N), ("part", N), ("rule", S), ("severity", S), ("column", S), ("message", S)]),
    ),
    # one row a step that a person took with quarantined rows; never changed but for `applied`. Its rows are in bronze.<table>__mended
    "quarantine_events": LedgerTable(
        ("dataset", "event"),
        pa.schema([
            ("dataset", S), ("event", S),
            ("number", N),  # of the dataset's events, from 1: of several that touch a row the last counts
            ("action", S), ("by", S), ("because", S), ("at", T),
            ("selection", S), ("source", S),  # JSON: which rows were meant; where corrections came from
            ("rows", N), ("passing", N), ("quarantined", N),  # rows it touched, and of them those that may go on to silver, those that may not
            ("before", S), ("after", S),  # JSON: reason → rows
            ("rules", S),  # JSON: rule → its fingerprint at that time
            ("applied", B),  # silver has followed
        ]),
    ),
}

MOST_FILES = 6  # of one dataset in one table: a merge reads them all, some 15 ms each
CHECKPOINT = 10  # commits; a table is opened far more often than written, and each commit since the last checkpoint is a file to fetch (delta-rs: 100)
again = retry(
    retry=retry_if_exception_type(CommitFailedError), stop=stop_after_attempt(12), wait=wait_random_exponential(multiplier=0.05, max=2), reraise=True
)


FRESH = 600.0  # seconds until a table is opened anew


class _Opened(threading.local):
    """Tables this thread has open. To hear what was written since costs a twentieth of opening one (2026-12-01: 5 ms of 70)."""

    def __init__(self) -> None:
        self.tables: dict[tuple[Any, ...], tuple[float, DeltaTable]] = {}  # (process, address, way in) → (when, table); a fork must not use its parent's

    def table(self, uri: str, options: dict[str, str]) -> DeltaTable:
        """As it stands now. Raises TableNotFoundError."""
        key = (os.getpid(), uri, *sorted(options.items()))
        opened, table = self.tables.get(key, (0.0, None))
        if table is None or time.monotonic() - opened > FRESH:
            self.tables[key] = (time.monotonic(), table := DeltaTable(uri, storage_options=options))
        else:
            table.update_incremental()
        return table


_opened = _Opened()


class Ledger:
    """Reads and merges ledger rows. Every merge is by key, so a repeated run writes the same rows again."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._options = delta_options(settings)

    def uri(self, table: str) -> str:
        return self.settings.uri("ops", table)

    @again
    def create(self) -> None:
        """Make the tables that are not there yet, and add the columns an older version did not have."""
        for name, spec in TABLES.items():
            table = DeltaTable.create(
                self.uri(name), schema=spec.schema, mode="ignore", partition_by=["dataset"], configuration={"delta.checkpointInterval": str(CHECKPOINT)}, storage_options=self._options
            )
            have = {field.name for field in table.schema().fields}
            if new := [field for field in Schema.from_arrow(spec.schema).fields if field.name not in have]:
                table.alter.add_columns(new)

    def table(self, name: str) -> DeltaTable:
        try:
            return _opened.table(self.uri(name), self._options)
        except TableNotFoundError:
            self.create()
            return _opened.table(self.uri(name), self._options)

    def rows(self, name: str, **equals: str) -> list[dict[str, Any]]:
        """Ledger rows with these column values, in the order of the table's key; meant for one dataset's rows, not for a data set."""
        return delta_sql.rows(self.table(name), where=delta_sql.equal(**equals), order=TABLES[name].key)

    def columns(self, name: str, columns: Sequence[str], **equals: str) -> list[dict[str, Any]]:
        """Some columns of every row with these column values; meant for short columns."""
        return delta_sql.rows(self.table(name), columns, delta_sql.equal(**equals))

    def first(self, name: str, most: int, dataset: str, **equals: str) -> list[dict[str, Any]]:
        """At most so many rows of a dataset with these column values: a table may hold more than fits here."""
        return delta_sql.rows(self.table(name), where=delta_sql.equal(dataset=dataset, **equals), most=most)

    def deliveries(self, dataset: str) -> list[dict[str, Any]]:
        return sorted(self.rows("deliveries", dataset=dataset), key=lambda row: row["delivery"])

    def merge(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert these rows, or replace the ones with the same key. Columns a row leaves out become null on insert and stay on update."""
        for columns, group in _by_columns(rows).items():
            self._merge(name, columns, group)

    @again
    def _merge(self, name: str, columns: tuple[str, ...], rows: list[Mapping[str, Any]]) -> None:
        spec = TABLES[name]
        schema = pa.schema([spec.schema.field(column) for column in columns])
        source = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
        datasets = ", ".join(sorted({delta_sql.text(str(row["dataset"])) for row in rows}))
        predicate = f"t.dataset IN ({datasets}) AND " + " AND ".join(f"t.{column} = s.{column}" for column in spec.key)
        values = {column: f"s.{column}" for column in columns}
        table = self.table(name)
        merge = table.merge(source, predicate=predicate, source_alias="s", target_alias="t")
        if name == "receipts":
            merge.when_not_matched_insert(updates=values).execute()
        else:
            changes = {column: value for column, value in values.items() if column not in spec.key} or values
            merge.when_matched_update(updates=changes).when_not_matched_insert(updates=values).execute()
        _compact(table, sorted({str(row["dataset"]) for row in rows}))

    @again
    def replace(self, name: str, rows: Sequence[Mapping[str, Any]], predicate: str) -> None:
        """In one commit: the rows under `predicate` (SQL) go, these come."""
        source = pa.Table.from_pylist([dict(row) for row in rows], schema=TABLES[name].schema)
        self.table(name)
        write_deltalake(self.uri(name), source, mode="overwrite", predicate=predicate, storage_options=self._options)


def _compact(table: DeltaTable, datasets: Sequence[str]) -> None:
    """Each merge leaves a file; those of a dataset become one where they are many. Rows are as they were: who reads meanwhile reads the same."""
    for dataset in datasets:
        here = [("dataset", "=", dataset)]
        if len(table.file_uris(file_pruning_predicate=here)) > MOST_FILES:
            with suppress(CommitFailedError):  # somebody wrote meanwhile: whoever merges next tries again
                table.optimize.compact(partition_filters=here)


def _by_columns(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, ...], list[Mapping[str, Any]]]:
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(sorted(row)), []).append(row)
    return groups
