"""Contracts of products: read, their faults, and what they are made from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jobs.contracts import product_reference
from jobs.contracts.load import BrokenContract, load_product, load_products
from jobs.contracts.product import Input, asset_of
from jobs.curate import reached
from jobs.quality.implied import rules_of
from jobs.quality.suites import orphans

ROOT = Path(__file__).parents[3]
EMISSIONS = ROOT / "conf" / "products" / "emissions.yaml"
FAULTS = {
    "personal": ("classification: public", "classification: personal", "nothing personal is in a product"),
    "period": ("    value: reporting_year", "    value: year", "period names 'year', which is no column"),
    "folder": ("s3://curated/emissions", "s3://silver/emissions", "servers of this product should say 's3://curated/emissions'"),
    "header": ("      - name: substance", "      - name: substance\n        physicalName: nazev", "physicalName is of a dump"),
    "custom": ("property: unit", "property: formats", "formats"),
    "misspelt": ("back: 1", "bck: 1", "no such name (did you mean 'back'?)"),
    "described": ("        description: Substance emitted, as the register names it in Czech\n", "", "'substance' needs a description"),
    "unkeyed": ("primaryKey: true", "primaryKey: false", "needs a key"),
}
RELATIONS = {
    "input": ("name: environment.emission\n", "name: environment.emision\n", "'environment.emision', which is neither a dataset nor a product (did you mean 'environment.emission'?)"),
    "column": ("[environment.emission.amount_t]", "[environment.emission.amount]", "'environment.emission.amount', which is no column of an input (did you mean 'environment.emission.amount_t'?)"),
    "itself": ("name: environment.emission\n        period", "name: curated.emissions\n        period", "it is made from itself"),
}


def lake_with(folder: Path, old: str, new: str) -> Path:
    """A checkout whose only product is curated.emissions with a change."""
    shutil.copytree(ROOT / "conf" / "datasets", folder / "conf" / "datasets")
    (folder / "conf" / "products").mkdir()
    (folder / "jobs" / "products").mkdir(parents=True)
    (folder / "jobs" / "products" / "emissions.py").touch()
    text = EMISSIONS.read_text()
    assert old in text
    (folder / "conf" / "products" / "emissions.yaml").write_text(text.replace(old, new))
    return folder / "conf" / "products" / "emissions.yaml"


def test_every_product_of_the_project_is_right() -> None:
    products, findings = load_products(ROOT)
    assert findings == []
    assert {p.name for p in products} == {path.stem for path in (ROOT / "conf" / "products").glob("*.yaml")}
    assert all(c.classification in ("public", "internal") for p in products for c in p.columns)
    assert all(any(rule.origin == "suite" and rule.severity == "critical" for rule in rules_of(p, ROOT)) for p in products)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told(name: str, tmp_path: Path) -> None:
    old, new, said = FAULTS[name]
    with pytest.raises(BrokenContract) as problem:
        load_product(lake_with(tmp_path, old, new))
    assert said in str(problem.value)


@pytest.mark.parametrize("name", RELATIONS)
def test_what_a_product_is_made_from_must_be_there(name: str, tmp_path: Path) -> None:
    old, new, said = RELATIONS[name]
    lake_with(tmp_path, old, new)
    assert said in "\n".join(map(str, load_products(tmp_path)[1]))


def test_a_product_without_a_module_is_told(tmp_path: Path) -> None:
    lake_with(tmp_path, "version: 1.0.0", "version: 1.0.1")
    (tmp_path / "jobs" / "products" / "emissions.py").unlink()
    assert "there is no jobs/products/emissions.py" in str(load_products(tmp_path)[1][0])


def test_a_suite_of_no_product_is_told(tmp_path: Path) -> None:
    (tmp_path / "expectations" / "products").mkdir(parents=True)
    (tmp_path / "expectations" / "products" / "gone.yaml").touch()
    assert "there is no contract conf/products/gone.yaml" in str(orphans(tmp_path)[0])


def test_a_product_is_read_with_its_lineage() -> None:
    product = load_product(EMISSIONS)
    assert (product.dataset, product.curated, product.table, product.key) == ("curated.emissions", "curated.emissions", "curated__emissions", ("reporting_year", "source_id", "substance"))
    assert product.inputs[0] == Input("environment.emission", "silver.environment__emission", "reporting_year", 1)
    assert dict(product.sources)["facility"] == ("environment.emission_source.name",)
    assert (asset_of(product.inputs[0].name), asset_of(product.dataset)) == ("lake://silver/environment__emission", "lake://curated/emissions")


WAS = {"2018": "a", "2019": "b", "2021": "c"}
REACHED = {
    "nothing": (WAS, 1, set()),
    "new": (WAS | {"2022": "d"}, 1, {"2022"}),
    "changed, and the next there is": (WAS | {"2019": "x"}, 1, {"2019", "2021"}),
    "far back": (WAS | {"2018": "x"}, 2, {"2018", "2019", "2021"}),
    "gone": ({"2018": "a", "2021": "c"}, 0, {"2019"}),
    "gone, and the next there is": ({"2018": "a", "2021": "c"}, 1, {"2019", "2021"}),
}


@pytest.mark.parametrize("name", REACHED)
def test_a_change_reaches_its_period_and_those_made_from_it(name: str) -> None:
    now, back, expected = REACHED[name]
    assert reached(Input("a.b", "silver.a__b", "year", back), WAS, now) == expected


def test_a_change_without_a_period_reaches_all() -> None:
    assert reached(Input("a.b", "silver.a__b"), {"": "1"}, {"": "2"}) is None
    assert reached(Input("a.b", "silver.a__b"), {"": "1"}, {"": "1"}) == set()
    assert reached(Input("a.b", "silver.a__b", "year"), WAS, WAS | {"": "rows without a year"}) is None


def test_the_product_reference_is_current() -> None:
    assert product_reference.PATH.read_text() == product_reference.text(), "write it again: python -m jobs.contracts.product_reference"
