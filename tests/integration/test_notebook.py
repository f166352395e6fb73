"""The notebooks of the documentation are executed as they stand; their readers agree on a table whose rows the test knows."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from products import forget_product
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.contracts.load import load_product, product_path
from jobs.contracts.product import Product
from jobs.platform.settings import Settings, load_settings
from jobs.tables import curated

NOTEBOOKS = sorted((load_settings().root / "docs" / "notebooks").glob("*.ipynb"))
ROWS = 900
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def spending(spark: SparkSession, settings: Settings, store: Any) -> Iterator[Product]:
    """A table like curated.public_spending under a name of its own."""
    real = load_product(product_path(settings.root, "curated.public_spending"))
    product = dataclasses.replace(real, name=f"notebook{uuid.uuid4().hex[:8]}")
    number = F.col("id")
    values = {"month": F.lit("2025-01"), "payment_id": number, "amount": (number - 5) / 100, "category": F.concat(F.lit("category "), number % 7)}
    rows = spark.range(ROWS)
    for column in product.columns:
        rows = rows.withColumn(column.name, values.get(column.name, F.lit(None)))
    curated.create(spark, settings, product)
    curated.replace(settings, product, curated.typed(rows, product), None, {})
    yield product
    forget_product(spark, settings, store, product)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_does_what_it_says(path: Path, spending: Product, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_NOTEBOOK_TABLE", spending.curated)
    monkeypatch.setenv("PYTHONPATH", str(settings.root))
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit it without outputs: they would be of somebody's lake"
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(settings.root)}}).execute()
    shown = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ()))
    total = sum((Decimal(n - 5) / 100 for n in range(ROWS)), Decimal())
    assert f"7 categories, {total:,.2f} in {ROWS} payments" in shown
    assert "Amount paid; negative where money came back" in shown
    assert "by name: denied" in shown and "by file: denied" in shown, shown
