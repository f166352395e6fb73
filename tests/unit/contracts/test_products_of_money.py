"""What a product's module and its contract say alike must stay alike."""

from __future__ import annotations

from pathlib import Path

from jobs.contracts.load import load_product, product_path
from jobs.products.procurement import SOURCE


def test_a_process_changes_in_the_period_that_its_module_puts_it_in() -> None:
    product = load_product(product_path(Path(__file__).resolve().parents[3], "curated.procurement"))
    assert {given.period for given in product.inputs} == {SOURCE}
