"""No column of a product carries on what is personal in what it is made from: by the contracts and their lineage, over products of products too."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jobs.contracts.load import load_all, load_product, load_products
from jobs.contracts.product import MADE, PERSONAL, Product

ROOT = Path(__file__).parents[3]


def ends(product: Product, products: dict[str, Product], column: str) -> set[str]:
    """The columns of datasets that a column is made from in the end."""
    found: set[str] = set()
    for source in dict(product.sources).get(column, ()):
        name, _, of = source.rpartition(".")
        found |= ends(products[name], products, of) if name in products else {source}
    return found


def test_what_is_made_from_something_personal_is_a_number_a_pseudonym_or_generalised() -> None:
    personal = {f"{c.dataset}.{column.name}" for c in load_all(ROOT)[0] for column in c.columns if column.classification == "personal"}
    personal |= {f"{name}.{column}" for name in MADE for column in PERSONAL}
    products = {p.dataset: p for p in load_products(ROOT)[0]}
    seen = 0
    for product in products.values():
        for column in product.columns:
            assert column.classification in ("public", "internal"), f"{product.dataset}.{column.name}"
            if ends(product, products, column.name) & personal:
                seen += 1
                told = column.name in product.pseudonyms or column.generalised or column.kind not in ("string", "json", "date", "timestamp")
                through = all(name.rpartition(".")[0] in products for name in dict(product.sources)[column.name])  # the product it comes from answers for it
                assert told or through, f"{product.dataset}.{column.name}"
    assert seen > 10


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  - property: pseudonyms\n    value: [household, resident]\n", "", "resident is made from identity.resident_key.resident_key, which is personal"),
        ("value: [household, resident]", "value: [household, residnt]", "pseudonyms names 'residnt', which is no column (did you mean 'resident'?)"),
        ("public_security.household_register.relation]", "public_security.household_register.name]", "relation is made from public_security.household_register.name, which is personal"),
        ("        classification: internal\n        description: 'To the head", "        classification: personal\n        description: 'To the head", "nothing personal is in a product"),
    ],
)  # fmt: skip
def test_a_personal_column_that_would_get_out_is_told(old: str, new: str, said: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "conf" / "datasets", tmp_path / "conf" / "datasets")
    (tmp_path / "conf" / "products").mkdir()
    (tmp_path / "jobs" / "products").mkdir(parents=True)
    (tmp_path / "jobs" / "products" / "household.py").touch()
    text = (ROOT / "conf" / "products" / "household.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "conf" / "products" / "household.yaml").write_text(text.replace(old, new), encoding="utf-8")
    assert said in "\n".join(map(str, load_products(tmp_path)[1]))


def test_a_grant_is_the_products_own_where_it_says_none() -> None:
    assert load_product(ROOT / "conf" / "products" / "household.yaml").grant == "household"
