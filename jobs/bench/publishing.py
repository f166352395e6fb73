"""`lake bench publish`: the change of one month against the whole publication, and against writing all of it anew with Spark."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs import publish
from jobs.bench.processor import spent
from jobs.contracts.load import load_product, product_path
from jobs.contracts.product import Product
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.platform.store import emptied, keys, s3
from jobs.publishing.publication import Publication, Things, load_publication
from jobs.publishing.versions import Approval, decide
from jobs.tables import curated

MONTHS, LAST = 36, "2025-12"
MODEL = "public-spending"
PLAIN = "Spark's writers, all of it"


@dataclass(frozen=True)
class Cost:
    """`written`: files; seconds by the clock and of the stack's processors."""

    name: str
    seconds: float
    processor: float
    rows: int
    written: int


def run(spark: SparkSession, settings: Settings, rows_a_month: int, tell: Callable[[str], None]) -> list[Cost]:
    """A publication of three years by month: all of it, nothing new, one month changed; and Spark's own writers on all of it. Everything it wrote is deleted."""
    product, publication = _declared(settings)
    try:
        for change in (0, 1):
            tell(f"warm-up {change}")
            _fill(spark, settings, product, rows_a_month, change)
            decide(Ledger(settings), publication, Approval(True, "bench", "bench"))
            _published(spark, settings, publication, product)
        forget(settings, publication)
        decide(Ledger(settings), publication, Approval(True, "bench", "bench"))
        found = []
        for name, change in (("all of it", 1), ("nothing new", 1), ("one month changed", 2), ("one month changed again", 3)):
            tell(name)
            if change > 1:
                _fill(spark, settings, product, rows_a_month, change, only=LAST)
            found.append(_timed(settings, name, lambda: _published(spark, settings, publication, product)))
        tell(PLAIN)
        _plain(spark, settings, publication)
        return [*found, _timed(settings, PLAIN, lambda: _plain(spark, settings, publication))]
    finally:
        forget(settings, publication)
        spark.sql(f"DROP TABLE IF EXISTS {product.curated}")
        emptied(settings, "curated", f"{product.name}/")
        publish.write_catalogue(settings)


def _declared(settings: Settings) -> tuple[Product, Publication]:
    model = load_publication(settings.root / "conf" / "publications" / f"{MODEL}.yaml")
    name = f"bench{uuid.uuid4().hex[:8]}"
    product = dataclasses.replace(load_product(product_path(settings.root, model.product)), name=name, id=f"curated.{name}")
    return product, model.model_copy(update={"name": name, "product": product.curated, "subject": Things(kind="things"), "formats": ("csv", "jsonl", "parquet")})


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


def _published(spark: SparkSession, settings: Settings, publication: Publication, product: Product) -> tuple[int, int]:
    done = publish.run(spark, settings, publication, product=product)
    return done.rows, done.written


def _plain(spark: SparkSession, settings: Settings, publication: Publication) -> tuple[int, int]:
    rows: DataFrame = spark.table(publication.product).select(*publication.columns).repartition(MONTHS, "month")
    for kind in ("csv", "json", "parquet"):
        rows.write.partitionBy("month").mode("overwrite").format(kind).save(settings.uri("open", publication.name, "plain", kind, scheme="s3a"))
    return rows.count(), len(list(keys(s3(settings), settings.bucket("open"), f"{publication.name}/plain/")))


def _timed(settings: Settings, name: str, work: Callable[[], tuple[int, int]]) -> Cost:
    began, before = time.monotonic(), spent(settings)
    rows, written = work()
    return Cost(name, time.monotonic() - began, spent(settings) - before, rows, written)


def forget(settings: Settings, publication: Publication) -> None:
    for table in ("publications", "publication_approvals"):
        Ledger(settings).replace(table, [], f"dataset = '{publication.name}'")
    emptied(settings, "open", f"{publication.name}/")
