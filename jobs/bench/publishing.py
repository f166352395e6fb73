"""`lake bench publish`: a day's change against the whole catalogue, and against writing all of it anew with Spark."""

from __future__ import annotations

import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from ruamel.yaml import YAML

from jobs import publish
from jobs.bench.processor import spent
from jobs.contracts.load import load_product, product_path
from jobs.contracts.product import Product
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.platform.store import emptied, keys, s3
from jobs.publishing import shelf
from jobs.publishing.publication import Publication, Things, load_publication
from jobs.publishing.versions import Approval, decide
from jobs.tables import curated

MONTHS, LAST = 36, "2025-12"
MODEL = "public-spending"
WHOLE, PLAIN = "the whole catalogue", "Spark's writers, all of it"


@dataclass(frozen=True)
class Cost:
    """`share`: of the catalogue's parts, those that changed; `written`: files; seconds by the clock and of the stack's processors."""

    name: str
    share: float
    seconds: float
    processor: float
    rows: int
    written: int


@dataclass(frozen=True)
class Catalogue:
    """Publications of one model and their products, declared in a checkout of their own on the same store."""

    settings: Settings
    publications: Sequence[Publication]

    def product(self, publication: Publication) -> Product:
        return load_product(product_path(self.settings.root, publication.product))


def run(spark: SparkSession, settings: Settings, publications: int, rows_a_month: int, tell: Callable[[str], None]) -> list[Cost]:
    """Publications of three years by month: all of them, one of them with nothing new, then a month changed of one, of a quarter and of all of them, as Airflow would publish what changed;
    and Spark's own writers on all. Everything it wrote is deleted.
    """
    with _declared(spark, settings, publications + 1) as catalogue:
        warming, *every = catalogue.publications
        for change in (0, 1):
            tell(f"warm-up {change}")
            _filled(spark, catalogue, [warming], rows_a_month, change, only=LAST if change else None)
            _published(spark, catalogue, [warming])
        tell("making the products")
        _filled(spark, catalogue, every, rows_a_month, 0)
        found = [_timed(settings, WHOLE, 1.0, lambda: _published(spark, catalogue, every))]
        found.append(_timed(settings, "one with nothing new", 0.0, lambda: _published(spark, catalogue, every[:1])))
        for change, count in enumerate(sorted({1, -(-publications // 4), publications}), 1):
            name = f"a month of {count} of {publications}"
            tell(name)
            _filled(spark, catalogue, every[:count], rows_a_month, change, only=LAST)
            found.append(_timed(settings, name, count / publications / MONTHS, lambda some=every[:count]: _published(spark, catalogue, some)))  # type: ignore[misc]
        tell(PLAIN)
        _plain(spark, settings, every[0])
        return [*found, _timed(settings, PLAIN, 1.0, lambda: _summed(_plain(spark, settings, each) for each in every))]


@contextmanager
def _declared(spark: SparkSession, settings: Settings, count: int) -> Iterator[Catalogue]:
    with tempfile.TemporaryDirectory(prefix="lake-bench-") as place:
        root = Path(place)
        for folder in ("conf", "expectations"):
            shutil.copytree(settings.root / folder, root / folder)
        (root / ".lake").symlink_to(settings.state)
        own = settings.model_copy(update={"root": root})
        catalogue = Catalogue(own, [_declare(own) for _ in range(count)])
        try:
            for publication in catalogue.publications:
                decide(Ledger(own), publication, Approval(True, "bench", "bench"))
            yield catalogue
        finally:
            for publication in catalogue.publications:
                _forget(spark, own, publication)
            shelf.write(settings)


def _declare(own: Settings) -> Publication:
    """One more like the model, of a product like the model's."""
    name, folder = f"bench{uuid.uuid4().hex[:8]}", own.root / "conf" / "publications"
    model = load_publication(folder / f"{MODEL}.yaml")
    document = YAML(typ="safe", pure=True).load(product_path(own.root, model.product).read_text(encoding="utf-8"))
    document["schema"][0]["name"] = name
    document["servers"][0]["location"] = f"s3://curated/{name}"
    YAML().dump(document | {"id": f"curated.{name}", "name": name}, product_path(own.root, f"curated.{name}"))
    made = model.model_copy(update={"name": name, "product": f"curated.{name}", "subject": Things(kind="things"), "formats": ("csv", "jsonl", "parquet")})
    YAML().dump(made.model_dump(mode="json", exclude_none=True), folder / f"{name}.yaml")
    return load_publication(folder / f"{name}.yaml")


def _filled(spark: SparkSession, catalogue: Catalogue, publications: Sequence[Publication], rows_a_month: int, change: int, only: str | None = None) -> None:
    for publication in publications:
        _fill(spark, catalogue.settings, catalogue.product(publication), rows_a_month, change, only)


def _fill(spark: SparkSession, settings: Settings, product: Product, rows_a_month: int, change: int, only: str | None = None) -> None:
    """The same rows each time but for the last month, whose amounts hang on `change`. `only`: this month is written, as a build does of which nothing else has changed."""
    number = F.col("id")
    month = F.date_format(F.add_months(F.lit("2023-01-01").cast("date"), (number % MONTHS).cast("int")), "yyyy-MM")
    other = F.when(number % MONTHS == MONTHS - 1, change).otherwise(0)
    values = {
        "month": month, "payment_id": number, "amount": (number * 37 % 1_000_000 + other) / 100, "paid_on": F.lit("2023-01-01"), "copies": F.lit(1), "currency": F.lit("CNY"), "category": F.concat(F.lit("category "), number % 40),
        "supplier": F.concat(F.lit("供应商 "), number % 5_000), "supplier_id": (number % 5_000).cast("string"), "source_dataset": F.lit("bench"),
    }  # fmt: skip
    rows = spark.range(rows_a_month * MONTHS)
    for column in product.columns:
        rows = rows.withColumn(column.name, values.get(column.name, F.lit("x" if column.kind == "string" else None)))
    curated.create(spark, settings, product)
    made = curated.typed(rows, product)
    if only:
        curated.replace(settings, product, curated.within(made, product, [only]), [only], {"periods": [only]})
    else:
        curated.replace(settings, product, made, None, {})


def _published(spark: SparkSession, catalogue: Catalogue, publications: Sequence[Publication]) -> tuple[int, int]:
    done = [publish.run(spark, catalogue.settings, publication) for publication in publications]
    return _summed((each.rows, each.written) for each in done)


def _summed(counts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    rows, written = zip(*counts, strict=True)
    return sum(rows), sum(written)


def _plain(spark: SparkSession, settings: Settings, publication: Publication) -> tuple[int, int]:
    rows: DataFrame = spark.table(publication.product).select(*publication.columns).repartition(MONTHS, "month")
    for kind in ("csv", "json", "parquet"):
        rows.write.partitionBy("month").mode("overwrite").format(kind).save(settings.uri("open", publication.name, "plain", kind, scheme="s3a"))
    return rows.count(), len(list(keys(s3(settings), settings.bucket("open"), f"{publication.name}/plain/")))


def _timed(settings: Settings, name: str, share: float, work: Callable[[], tuple[int, int]]) -> Cost:
    began, before = time.monotonic(), spent(settings)
    rows, written = work()
    return Cost(name, share, time.monotonic() - began, spent(settings) - before, rows, written)


def _forget(spark: SparkSession, settings: Settings, publication: Publication) -> None:
    """What was published, and what it was published from."""
    spark.sql(f"DROP TABLE IF EXISTS {publication.product}")
    for table in ("publications", "publication_approvals"):
        Ledger(settings).replace(table, [], f"dataset = '{publication.name}'")
    emptied(settings, "open", f"{publication.name}/")
    emptied(settings, "open", f"zh/{publication.name}/")
    emptied(settings, "curated", f"{publication.product.removeprefix('curated.')}/")
