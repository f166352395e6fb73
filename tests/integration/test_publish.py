"""What the public reads: only what was approved, only what disclosure control lets through, whole versions, corrections and withdrawals told."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from products import forget_product
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from ruamel.yaml import YAML

from jobs import publish
from jobs.bench.registers import as_silver, frames
from jobs.contracts.load import contract_path, load_contract, load_product, product_path
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.platform.store import emptied
from jobs.publishing import shelf
from jobs.publishing.disclosure import Blocked
from jobs.publishing.publication import Publication, load_publication
from jobs.publishing.versions import Approval, decide, versions
from jobs.sample.city.plan import Plan
from jobs.tables import curated

NAME = f"open{uuid.uuid4().hex[:8]}"
KINDS = {"string": {"logicalType": "string"}, "integer": {"logicalType": "integer"}, "decimal": {"logicalType": "number", "physicalType": "decimal(14,2)"}}
Maker = Callable[..., Publication]


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    """A checkout with declarations of its own, on the same store."""
    shutil.copytree(settings.root / "conf", tmp_path / "conf")
    shutil.copytree(settings.root / "expectations", tmp_path / "expectations")
    for path in (tmp_path / "conf" / "publications").glob("*.yaml"):
        path.unlink()
    (tmp_path / ".lake").symlink_to(settings.state)
    return settings.model_copy(update={"root": tmp_path})


@pytest.fixture
def made(own: Settings, spark: SparkSession, store: Any) -> Iterator[Maker]:
    """Declares a product and a publication of it. `columns`: name → kind."""
    names: list[str] = []

    def declare(columns: dict[str, str], subject: dict[str, Any], **said: Any) -> Publication:
        name = f"{NAME}{len(names)}{uuid.uuid4().hex[:4]}"
        names.append(name)
        document = YAML(typ="safe", pure=True).load(product_path(own.root, "curated.public_spending").read_text(encoding="utf-8"))
        document |= {"id": f"curated.{name}", "name": name}
        properties = [{"name": c, "classification": "public", "description": f"{c} of a test", "required": i == 0, "primaryKey": i == 0} | KINDS[k] for i, (c, k) in enumerate(columns.items())]
        document["schema"] = [{"name": name, "logicalType": "object", "physicalType": "table", "description": "A test.", "properties": properties}]
        document["servers"][0]["location"] = f"s3://curated/{name}"
        document["customProperties"] = [each for each in document["customProperties"] if each["property"] != "period"]
        YAML().dump(document, product_path(own.root, f"curated.{name}"))
        words = {"en": name, "zh": name}
        publication = {
            "name": name, "product": f"curated.{name}", "title": words, "description": words, "publisher": "Statistics bureau", "contact": "mailto:open@example.org", "columns": list(columns),
            "licence": "https://creativecommons.org/licenses/by/4.0/", "theme": "http://publications.europa.eu/resource/authority/data-theme/GOVE", "subject": subject, **said,
        }  # fmt: skip
        path = own.root / "conf" / "publications" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        YAML().dump(publication, path)
        return load_publication(path)

    yield declare
    for name in names:
        ledger = Ledger(own)
        for table in ("publications", "publication_approvals"):
            ledger.replace(table, [], f"dataset = '{name}'")
        emptied(own, "open", f"{name}/")
        forget_product(spark, own, store, load_product(product_path(own.root, f"curated.{name}")))
    shelf.write(own)


def fill(spark: SparkSession, own: Settings, publication: Publication, rows: list[tuple[Any, ...]]) -> None:
    """The product's rows, all of them."""
    product = load_product(product_path(own.root, publication.product))
    curated.create(spark, own, product)
    frame = spark.createDataFrame([tuple(str(v) if v is not None else None for v in row) for row in rows], ", ".join(f"{c.name} string" for c in product.columns))
    curated.replace(own, product, curated.typed(frame, product), None, {})


def approve(own: Settings, publication: Publication) -> None:
    decide(Ledger(own), publication, Approval(True, "Ann", "council decision 12"))


def public(own: Settings, key: str) -> httpx.Response:
    """As anybody reads it."""
    return httpx.get(own.public_address(key))


def files_of(own: Settings, publication: Publication, kind: str) -> list[str]:
    return [file.key for file in versions(Ledger(own), publication.name)[-1].files if file.format == kind]


def rows_of(own: Settings, publication: Publication) -> list[dict[str, Any]]:
    """All rows the public can read, from JSON lines."""
    return [json.loads(line) for key in files_of(own, publication, "jsonl") for line in public(own, key).text.splitlines()]


def test_payments_are_published_corrected_and_withdrawn(spark: SparkSession, own: Settings, made: Maker) -> None:
    chart = {"kind": "bars", "title": {"en": "Who was paid", "zh": "收款方"}, "by": ["payee"], "amount": "amount"}
    spending = made({"month": "string", "payee": "string", "amount": "decimal"}, {"kind": "things"}, partition="month", chart=chart)
    rows = [("2025-01", "=SUM(A1)", "12.30"), ("2025-01", "东湖茶厂", "-2.30"), ("2025-02", "Ann & Co", "7.00")]
    fill(spark, own, spending, rows)
    waits = publish.run(spark, own, spending)
    assert "nobody has approved" in waits.waits_for and public(own, f"{spending.name}/versions/1.json").status_code == 404

    approve(own, spending)
    done = publish.run(spark, own, spending)
    assert (done.version, done.rows, done.changed, done.written) == (1, 3, True, 6)
    [january, february] = files_of(own, spending, "csv")
    text = public(own, january).content
    assert text.startswith(b"\xef\xbb\xbf") and list(csv.reader(io.StringIO(text.decode("utf-8-sig")))) == [["month", "payee", "amount"], ["2025-01", "'=SUM(A1)", "12.30"], ["2025-01", "东湖茶厂", "-2.30"]]
    assert sum(Decimal(row["amount"]) for row in rows_of(own, spending)) == Decimal("17.00")
    assert not publish.run(spark, own, spending).changed

    fill(spark, own, spending, rows)  # built again, the same rows
    assert not publish.run(spark, own, spending).changed
    fill(spark, own, spending, [*rows[:2], ("2025-02", "Ann & Co", "8.00"), ("2025-03", "Bo", "1.00")])
    done = publish.run(spark, own, spending)
    last = versions(Ledger(own), spending.name)[-1]
    assert (done.version, done.written, last.kind, last.notice) == (2, 6, "correction", "corrected: 2025-02; new: 2025-03")
    assert files_of(own, spending, "csv")[0] == january  # January was not written again
    assert public(own, february).status_code == 200  # the version before can still be read

    entries = {entry["dct:identifier"]: entry for entry in public(own, "catalogue.jsonld").json()["dcat:dataset"]}
    assert len(entries[spending.name]["dcat:distribution"]) == 9 and entries[spending.name]["adms:versionNotes"] == last.notice
    page = public(own, f"{spending.name}/index.html").text
    assert public(own, f"{spending.name}/chart.json").json()["rows"] == [{"from": "=SUM(A1)", "amount": 12.3}, {"from": "Ann & Co", "amount": 8.0}, {"from": "Bo", "amount": 1.0}]  # money that came back has no bar
    assert 'aria-label="Who was paid"' in page and "东湖茶厂" not in page and "Bo" in page and "corrected: 2025-02; new: 2025-03" in page  # a preview of the newest month
    assert spending.name in public(own, "zh/index.html").text
    assert public(own, f"{spending.name}/dictionary.csv").text.count("\n") == 4
    assert public(own, f"{spending.name}/versions/2.json").json()["rows"] == 4

    gone = publish.withdraw(own, spending.name, "Ann", "wrong payees")
    assert gone == 12 and {public(own, key).status_code for key in (january, february, f"{spending.name}/chart.json")} == {404}
    assert "withdrawn: wrong payees" in public(own, "feed.atom").text and public(own, f"{spending.name}/versions/2.json").status_code == 200


def test_pages_of_others_are_made_again_when_they_tell_something_else(spark: SparkSession, own: Settings, made: Maker, store: Any) -> None:
    one, other = (made({"month": "string", "payee": "string", "amount": "decimal"}, {"kind": "things"}) for _ in range(2))
    for each in (one, other):
        fill(spark, own, each, [("2025-01", "Bo", "1.00")])
        approve(own, each)
        assert publish.run(spark, own, each).changed
    mark, page = b"as it was left", f"{one.name}/index.html"
    store.put_object(Bucket=own.bucket("open"), Key=page, Body=mark)
    fill(spark, own, other, [("2025-01", "Bo", "2.00")])
    assert publish.run(spark, own, other).version == 2
    assert public(own, page).content == mark and "2025-01" in public(own, f"{other.name}/index.html").text
    listed = public(own, "index.html").text
    assert f"{one.name}/index.html" in listed and f"{other.name}/index.html" in listed

    path = own.root / "conf" / "publications" / f"{one.name}.yaml"
    path.write_text(path.read_text().replace(f"en: {one.name}", "en: Told anew"))
    shelf.write(own)
    assert "Told anew" in public(own, page).text
    store.put_object(Bucket=own.bucket("open"), Key=page, Body=mark)
    assert not publish.run(spark, own, load_publication(path)).changed
    assert "Told anew" in public(own, page).text  # its own page is made by every run: the product may have been checked since


def test_anybody_reads_what_is_open_and_nothing_else(own: Settings) -> None:
    shelf.write(own)
    assert public(own, "catalogue.jsonld").status_code == 200
    assert httpx.get(f"{own.endpoint}/{own.bucket('ops')}/publications/_delta_log/00000000000000000000.json").status_code == 403
    assert httpx.put(own.public_address("mine.txt"), content=b"x").status_code == 403


def test_other_terms_wait_for_another_approval(spark: SparkSession, own: Settings, made: Maker) -> None:
    columns = {"month": "string", "payee": "string", "amount": "decimal"}
    spending = made(columns, {"kind": "things"})
    fill(spark, own, spending, [("2025-01", "Bo", "1.00")])
    approve(own, spending)
    assert publish.run(spark, own, spending).changed
    fewer = spending.model_copy(update={"columns": ("month", "amount")})
    assert "nobody has approved" in publish.run(spark, own, fewer).waits_for


def test_only_what_a_build_wrote_is_looked_at_again(spark: SparkSession, own: Settings, made: Maker) -> None:
    spending = made({"month": "string", "amount": "decimal"}, {"kind": "things"}, partition="month")
    product = replace(load_product(product_path(own.root, spending.product)), period="month")

    def build(rows: list[tuple[str, str]], periods: list[str] | None, said: dict[str, Any]) -> None:
        curated.replace(own, product, curated.typed(spark.createDataFrame(rows, "month string, amount string"), product), periods, said)

    curated.create(spark, own, product)
    build([("2025-01", "1.00"), ("2025-02", "2.00"), ("2025-03", "4.00")], None, {})
    approve(own, spending)
    publish.run(spark, own, spending, product=product)
    first = versions(Ledger(own), spending.name)[-1]
    build([("2025-02", "2.50"), ("2025-02", "0.50")], ["2025-02"], {"periods": ["2025-02"]})
    build([("2025-04", "8.00")], ["2025-04"], {"periods": ["2025-04"]})
    assert curated.periods_between(own, product, first.product_version, first.product_version + 2) == {"2025-02", "2025-04"}
    done = publish.run(spark, own, spending, product=product)
    second = versions(Ledger(own), spending.name)[-1]
    assert (done.rows, done.written, second.notice) == (5, 6, "corrected: 2025-02; new: 2025-04")
    assert {part: second.partitions[part] == was for part, was in first.partitions.items()} == {"2025-01": True, "2025-02": False, "2025-03": True}
    assert second.partitions == curated.fingerprints(spark.table(product.curated).select("month", "amount"), "month")  # as if all of it had been read

    build([], ["2025-03"], {"periods": ["2025-03"]})
    assert publish.run(spark, own, spending, product=product).rows == 4 and "2025-03" not in versions(Ledger(own), spending.name)[-1].partitions
    build([("2025-09", "1.00")], ["2025-09"], {})  # a commit that does not say what it wrote
    version = curated.version(own, product.curated)
    assert version and curated.periods_between(own, product, version - 1, version) is None
    assert publish.run(spark, own, spending, product=product).rows == 5


CITY = Plan(4_000, dt.date(2025, 1, 1), dt.date(2025, 1, 31))
PERSONS = {"kind": "persons", "quasi_identifiers": ["area", "age", "sex"], "sensitive": ["wage"], "k": 5, "l": 2, "coarse": {"area": {"characters": 6}, "age": {"step": 10}}, "top": {"age": 80}}
WAGES = {"area": "string", "age": "integer", "sex": "string", "wage": "string"}
Person = tuple[str, int, str, str]


def residents(settings: Settings) -> list[Person]:
    """(community, age, sex, wage) of who is in the household register of a sample city, the wage from social insurance: whoever knows a person knows all but the wage."""
    def register(name: str) -> pl.DataFrame:
        rows = as_silver(load_contract(contract_path(settings.root, name)), frames(settings, CITY, name, 0))
        assert rows is not None
        return rows

    wage = pl.when(pl.col("base").cast(pl.Int64) < 5_000).then(pl.lit("low")).when(pl.col("base").cast(pl.Int64) < 8_000).then(pl.lit("middle")).otherwise(pl.lit("high"))
    insured = register("human_resources.social_insurance").select("resident_id", wage=wage).unique("resident_id")
    known = register("public_security.household_register").join(insured, on="resident_id", how="left")
    age = (pl.lit(CITY.last) - pl.col("born_on")).dt.total_days() // 365.25
    sex = pl.col("sex").replace_strict({"男": "M", "女": "F"})
    return known.select("community_code", age.cast(pl.Int64), sex, pl.col("wage").fill_null("none")).rows()


def seen_as(person: Person, coarse: bool) -> tuple[str, int, str]:
    area, age, sex, _ = person
    return (area[:6], min(age, 80) // 10 * 10, sex) if coarse else (area, age, sex)


def found_out(register: list[Person], rows: list[Person], coarse: bool) -> int:
    """Residents of an outside register whose wage the rows tell: all rows that may be theirs say the same (linkage to one row, or homogeneity of several)."""
    may: dict[tuple[str, int, str], set[str]] = {}
    for area, age, sex, wage in rows:
        may.setdefault((area, age, sex), set()).add(wage)
    return sum(len(may.get(seen_as(person, coarse), {"", " "})) == 1 for person in register)


def difference(before: list[Person], after: list[Person]) -> list[Person]:
    """Rows that came between two releases."""
    left = list(before)
    return [row for row in after if row not in left or left.remove(row)]  # type: ignore[func-returns-value]


def test_no_resident_is_found_in_a_published_extract_and_without_control_they_are(spark: SparkSession, own: Settings, made: Maker) -> None:
    people = residents(own)
    county = people[0][0][:6]
    extract = made(WAGES, PERSONS)
    fill(spark, own, extract, people)
    approve(own, extract)
    done = publish.run(spark, own, extract)
    first = [(r["area"], r["age"], r["sex"], r["wage"]) for r in rows_of(own, extract)]
    assert done.rows == len(first) > 1_900
    assert found_out(people, people, coarse=False) > 2_900  # so the attack is one
    assert found_out(people, first, coarse=True) == 0

    newcomer = (f"{county}000001", 33, "F", "low")
    fill(spark, own, extract, [*people, newcomer])
    publish.run(spark, own, extract)
    second = [(r["area"], r["age"], r["sex"], r["wage"]) for r in rows_of(own, extract)]
    assert found_out([newcomer], difference(people, [*people, newcomer]), coarse=False) == 1
    assert found_out([newcomer], difference(first, second), coarse=True) == 0

    many = [(f"{county}000001", 30 + i % 10, "F", ["low", "none"][i % 2]) for i in range(12)]
    fill(spark, own, extract, [*people, newcomer, *many])
    assert publish.run(spark, own, extract).rows == len(second) + 13  # enough came: they go out together


def test_rows_that_would_tell_are_blocked_and_the_public_reads_what_it_read(spark: SparkSession, own: Settings, made: Maker) -> None:
    extract = made(WAGES, PERSONS | {"k": 5_000})
    fill(spark, own, extract, residents(own))
    approve(own, extract)
    with pytest.raises(Blocked, match="no group of persons is large enough"):
        publish.run(spark, own, extract)
    assert versions(Ledger(own), extract.name) == []
    bare = made(WAGES | {"resident_key": "string"}, PERSONS)
    with pytest.raises(Blocked, match="resident_key"):
        publish.run(spark, own, bare)


CELLS = {"kind": "cells", "dimensions": ["area", "illness"], "count": "cases", "smallest": 5}


def ranges(truth: dict[tuple[str, str], int], told: dict[tuple[str, str], int | None]) -> dict[tuple[str, str], tuple[float, float]]:
    """Of each count left out: the least and most that it can be, for one who knows all totals by row and by column (linear programming, the intruder of Hundepool et al. 2012)."""
    from scipy.optimize import linprog

    hidden = [cell for cell, count in told.items() if count is None]
    lines = [[cell for cell in hidden if cell[axis] == name] for axis in (0, 1) for name in {cell[axis] for cell in truth}]
    known = [line for line in lines if line]
    matrix = [[float(cell in line) for cell in hidden] for line in known]
    totals = [sum(truth[cell] for cell in line) for line in known]
    out = {}
    for i, cell in enumerate(hidden):
        goal = [0.0] * len(hidden)
        goal[i] = 1.0
        bounds = [(linprog([sign * g for g in goal], A_eq=matrix, b_eq=totals, bounds=(0, None)).fun) * sign for sign in (1, -1)]
        out[cell] = (bounds[0], bounds[1])
    return out


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_total_gives_a_small_count_back(spark: SparkSession, own: Settings, made: Maker, seed: int) -> None:
    import random

    dice = random.Random(seed)
    truth = {(f"a{a}", f"i{i}"): dice.choice([0, 0, 1, 2, 3, 7, 12, 40, 90]) for a in range(9) for i in range(6)}
    table = made({"area": "string", "illness": "string", "cases": "integer"}, CELLS)
    fill(spark, own, table, [(*cell, count) for cell, count in truth.items()])
    approve(own, table)
    publish.run(spark, own, table)
    told = {(row["area"], row["illness"]): row["cases"] for row in rows_of(own, table)}
    assert all(told[cell] in (None, count) for cell, count in truth.items())
    assert all(told[cell] is None for cell, count in truth.items() if 0 < count < 5)
    for cell, (least, most) in ranges(truth, told).items():
        assert most - least >= 1, (cell, truth[cell], least, most)


def test_a_version_of_the_day_is_noted_with_who_and_why(spark: SparkSession, own: Settings, made: Maker) -> None:
    spending = made({"month": "string", "amount": "decimal"}, {"kind": "things"})
    fill(spark, own, spending, [("2025-01", "1.00")])
    approve(own, spending)
    assert publish.run(spark, own, spending, dry=True).rows == 1 and versions(Ledger(own), spending.name) == []
    publish.run(spark, own, spending)
    [version] = versions(Ledger(own), spending.name)
    assert (version.by, version.because, version.report["published"]) == ("Ann", "council decision 12", 1)
    assert dt.datetime.now(dt.UTC) - version.published_at < dt.timedelta(minutes=5)
    row = spark.table("ops.publications").where(F.col("dataset") == spending.name).first()
    assert row is not None and row["kind"] == "new"
