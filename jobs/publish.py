"""publish: a curated product → open files, after disclosure control and with a person's approval; then the catalogue and the feed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass, replace

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.contracts.declaration import path_named
from jobs.contracts.load import load_product, product_path
from jobs.contracts.product import Product
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.spark import fit
from jobs.platform.store import keys, s3
from jobs.publishing import catalogue, charts, files, shelf
from jobs.publishing.disclosure import Blocked, Report, judged, protected
from jobs.publishing.publication import Publication, Things, gate, load_publication, publication_paths
from jobs.publishing.versions import WITHDRAWAL, Approval, Version, approval, kind_of, note, versions
from jobs.tables import curated
from jobs.tables.sizes import read_bytes, read_rows


@dataclass(frozen=True)
class Published:
    """`waits_for`: why nothing was published, where nothing was; `written`: files, of those the version names."""

    name: str
    version: int
    rows: int
    changed: bool
    written: int = 0
    left_out: int = 0
    waits_for: str = ""


def run(spark: SparkSession, settings: Settings, publication: Publication, dry: bool = False, product: Product | None = None) -> Published:
    """Publish what has changed of it. `dry`: all of disclosure control, and nothing leaves; `product`: the one it names, where it is none of the project's.

    Raises Blocked where declarations or rows must not leave, with the reasons; the public then reads what it read before.
    """
    product = product or load_product(product_path(settings.root, publication.product))
    if problems := gate(publication, product):
        raise Blocked(f"{publication.name}: {'; '.join(problems)}", "see docs/how-to/publish.md")
    ledger = Ledger(settings)
    before, found = _last(ledger, publication.name), curated.version(settings, publication.product)
    agreed = approval(ledger, publication)
    if found is None:
        return Published(publication.name, 0, 0, False, waits_for=f"{publication.product} is not made yet")
    if not dry and (waits := _unapproved(publication, agreed)):
        return Published(publication.name, before.version if before else 0, 0, False, waits_for=waits)
    if not dry and before and (before.product_version, before.terms) == (found, publication.terms) and not before.withdrawn:
        _measure(spark, settings, publication, before)
        shelf.write(settings, publication.name)
        return Published(publication.name, before.version, before.rows, False)
    rows = spark.sql(f"SELECT * FROM {publication.product} VERSION AS OF {found}").select(*publication.columns)
    moved = _moved(settings, publication, product, before, found)
    _fit(spark, settings, publication, before, moved)
    if moved is not None and publication.partition:
        rows = rows.where(F.col(publication.partition).cast("string").isin(sorted(moved)))
    safe, report = _controlled(rows, publication, _standing(spark, settings, publication, before))
    partitions = curated.fingerprints(safe, publication.partition)
    if moved is not None and before:
        partitions = {part: was for part, was in before.partitions.items() if part not in moved} | partitions
    report = report or _of_things(partitions)
    if dry:
        return Published(publication.name, before.version if before else 0, report.published, False, left_out=report.left_out + report.primary + report.secondary)
    assert agreed
    made = _version(publication, before, found, agreed, report, partitions)
    if before and made.partitions == before.partitions and made.terms == before.terms and not before.withdrawn:
        note(ledger, replace(before, product_version=found))  # another build of the product, the same rows
        shelf.write(settings, publication.name)
        return Published(publication.name, before.version, before.rows, False)
    written = _write(safe, publication, before, made)
    made = replace(made, files=written)
    _document(settings, publication, product, made)
    _measure(spark, settings, publication, made)
    note(ledger, made)
    shelf.write(settings, publication.name)
    old = {file.key for file in before.files} if before else set()
    return Published(publication.name, made.version, made.rows, True, sum(file.key not in old for file in made.files), report.left_out + report.primary + report.secondary)


def withdraw(settings: Settings, name: str, by: str, because: str) -> int:
    """Take every file of a publication away from the public; its versions stay as notices. Returns how many files went. Raises LakeError where nothing is published."""
    ledger = Ledger(settings)
    last = _last(ledger, name)
    if last is None or last.withdrawn:
        raise LakeError(f"{name} is not published", "see what is: ./lake publish list")
    note(ledger, replace(
        last, version=last.version + 1, kind=WITHDRAWAL, notice=f"withdrawn: {because}", rows=0, files=(), partitions={}, report={}, by=by, because=because, published_at=dt.datetime.now(dt.UTC),
    ))  # fmt: skip
    client, bucket = s3(settings), settings.bucket("open")
    gone = [item["Key"] for item in keys(client, bucket, f"{name}/data/")]
    for key in (*gone, f"{name}/{shelf.CHART}"):
        client.delete_object(Bucket=bucket, Key=key)
    shelf.write(settings, name)
    return len(gone)


def _last(ledger: Ledger, name: str) -> Version | None:
    return next(reversed(versions(ledger, name)), None)


def _unapproved(publication: Publication, agreed: Approval | None) -> str:
    """Why it may not go out for want of an approval; empty where it may."""
    if agreed is None:
        return f"nobody has approved these terms: ./lake publish approve {publication.name} --by NAME --because TEXT"
    return "" if agreed.approved else f"{agreed.by} declined: {agreed.because}"


def _standing(spark: SparkSession, settings: Settings, publication: Publication, before: Version | None) -> DataFrame | None:
    """The rows the public has; None where there are none, or where they went out under other terms."""
    if before is None or before.terms != publication.terms or isinstance(publication.subject, Things):
        return None
    found = [f"s3a://{settings.bucket('open')}/{file.key}" for file in before.files if file.format == "parquet"]
    return spark.read.parquet(*found) if found else None


def _moved(settings: Settings, publication: Publication, product: Product, before: Version | None, found: int) -> set[str] | None:
    """The parts that the product's builds have written since the version before, as their commits say; None where all have to be looked at. Control of rows about persons looks at all."""
    if before is None or before.withdrawn or before.terms != publication.terms or not isinstance(publication.subject, Things):
        return None
    same_parts = publication.partition is not None and publication.partition == product.period
    return curated.periods_between(settings, product, before.product_version, found) if same_parts else None


def _fit(spark: SparkSession, settings: Settings, publication: Publication, before: Version | None, moved: Set[str] | None) -> None:
    """The session to what is looked at: of parts that moved, as much as the parts before held, each."""
    share = len(moved) / max(len(before.partitions), 1) if before and moved is not None else 1.0
    size, rows = read_bytes(settings, [publication.product]), read_rows(settings, [publication.product])
    fit(spark, int(size * share), int(rows * share))


def _of_things(partitions: Mapping[str, str]) -> Report:
    """Of rows about no person nothing is held back; how many there are is in their fingerprints."""
    rows = sum(map(curated.rows_in, partitions.values()))
    return Report("things", rows, rows)


def _controlled(rows: DataFrame, publication: Publication, before: DataFrame | None) -> tuple[DataFrame, Report | None]:
    """No report where there is nothing to control."""
    if isinstance(publication.subject, Things):
        return rows, None
    safe = protected(rows, publication.subject, before).localCheckpoint()  # what is judged is what is written
    return safe, judged(rows, safe, publication.subject)


def _version(publication: Publication, before: Version | None, found: int, agreed: Approval, report: Report, partitions: Mapping[str, str]) -> Version:
    kind, notice = kind_of(before, partitions, publication.terms)
    return Version(
        publication.name, before.version + 1 if before else 1, kind, notice, publication.product, found, publication.terms, report.published, (), partitions, asdict(report), agreed.by, agreed.because,
        dt.datetime.now(dt.UTC),
    )  # fmt: skip


def _write(rows: DataFrame, publication: Publication, before: Version | None, made: Version) -> tuple[files.File, ...]:
    """The files of the version: those of partitions that are as they were are the ones that stand."""
    same = {part for part, was in before.partitions.items() if made.partitions.get(part) == was} if before and before.terms == made.terms and not before.withdrawn else set()
    kept = [file for file in before.files if _partition(file.partition) in same] if before else []
    if publication.partition and same:
        rows = rows.where(~F.coalesce(F.col(publication.partition).cast("string"), F.lit(curated.WHOLE)).isin(sorted(same)))
    written = files.write(rows, publication)
    return tuple(sorted([*kept, *written], key=lambda file: (file.partition, file.format)))


def _partition(of_file: str) -> str:
    """As fingerprints call it."""
    return curated.WHOLE if of_file == files.NONE else of_file


def _document(settings: Settings, publication: Publication, product: Product, version: Version) -> None:
    """What goes beside the files: the version, the columns, the schema.org metadata."""
    said = {
        "name": version.name, "version": version.version, "kind": version.kind, "notice": version.notice, "published_at": version.published_at.isoformat(), "rows": version.rows,
        "licence": publication.licence, "files": [asdict(file) | {"address": settings.public_address(file.key)} for file in version.files],
    }  # fmt: skip
    shelf.put(settings, f"{version.name}/versions/{version.version}.json", json.dumps(said, ensure_ascii=False, indent=1).encode(), "application/json")
    columns = files.as_bytes(pl.DataFrame([dict(row) for row in catalogue.dictionary(publication, product)]), "csv")
    shelf.put(settings, f"{version.name}/dictionary.csv", columns, "text/csv; charset=utf-8")
    shelf.put(settings, f"{version.name}/schema.json", json.dumps(catalogue.schema_org(settings.public_address(), publication, product, version), ensure_ascii=False, indent=1).encode(), "application/ld+json")


def _measure(spark: SparkSession, settings: Settings, publication: Publication, version: Version) -> None:
    """What its chart shows, from the files that the public has; once a version and a way to draw it."""
    chart = publication.chart
    if chart is None:
        return
    made_of = {"version": version.version, "chart": chart.model_dump(mode="json")}
    standing = shelf.chart_of(settings, publication)
    if standing and {name: standing[name] for name in made_of} == made_of:
        return
    parts = charts.parts_of(chart, version.partitions)
    found = [f"s3a://{settings.bucket('open')}/{file.key}" for file in version.files if file.format == "parquet" and (not parts or file.partition in parts)]
    rows = charts.measured(spark.read.parquet(*found), chart) if found else []
    shelf.put(settings, f"{publication.name}/{shelf.CHART}", json.dumps(made_of | {"parts": parts, "rows": rows}, ensure_ascii=False).encode(), "application/json")


def publication_of(settings: Settings, name: str) -> Publication:
    """Raises LakeError naming the publications there are."""
    return load_publication(path_named(publication_paths(settings.root), "publication", name))
