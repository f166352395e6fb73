"""curate: silver tables and other products → one curated product. Only the periods whose inputs changed are made, all is checked, then it is published in one commit."""

from __future__ import annotations

import ast
import datetime as dt
import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs.contracts.load import load_named
from jobs.contracts.product import Input, Product, is_product
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.privacy.pseudonym import current_version, pseudonym_key, pseudonymise
from jobs.quality.rules import Rule, columns_of, judging
from jobs.rules.model import rules_path
from jobs.tables import curated, files
from jobs.tables.silver import columns, sql_type

log = logging.getLogger("civiclake")
BUILD = ""  # as an input: the build itself
NONE_YET = -1  # version of an optional input that is not there


@dataclass(frozen=True)
class Curated:
    """`periods`: those written; with a dry run, those that would be made. `waits_for`: inputs that are not there yet, nothing was done."""

    dataset: str
    rows: int
    changed: bool
    made: int  # periods that were made again, and compared
    periods: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    failed: int = 0  # expectations of severity warning or info that do not hold


@dataclass(frozen=True)
class Found:
    """What a product is to be made from: `versions` of its inputs' tables, period → fingerprint of each input, and the fingerprint of all this and the code."""

    versions: Mapping[str, int]
    contents: Mapping[str, Mapping[str, str]]
    build: str


def run(spark: SparkSession, settings: Settings, product: Product, rules: Sequence[Rule], dry: bool = False) -> Curated:
    """Make the product follow from its inputs. Raises LakeError where a critical expectation fails: the product then stays as it was, and the results are in ops.checks."""
    product = _with_secret(settings, product)
    versions = {given.name: curated.version(settings, given.table) for given in product.inputs}
    if missing := tuple(given.name for given in product.inputs if versions[given.name] is None and not given.optional):
        log.warning("%s waits for %s", product.dataset, ", ".join(missing))
        return Curated(product.dataset, 0, False, 0, waits_for=missing)
    inputs = {given.name: _read(spark, settings, given, versions[given.name]) for given in product.inputs}  # all readings of one run see the same rows
    ledger = Ledger(settings)
    found = _found(product, inputs, {name: NONE_YET if v is None else v for name, v in versions.items()})
    periods = due(product, found, ledger.rows("products", dataset=product.dataset), curated.version(settings, product.curated))
    if dry or periods == ():
        return Curated(product.dataset, 0, False, 0, periods=("all",) if periods is None else periods)
    curated.create(spark, settings, product)
    shaped = curated.is_shaped(spark, product)
    rows = curated.typed(_pseudonymous(settings, product, import_module(f"jobs.products.{product.module}").build(inputs)), product)
    staged = files.staged(curated.within(rows, product, periods if shaped else None), settings, product.name)
    failed = _checked(spark, settings, ledger, product, rules, staged, periods if shaped else None, found)
    changed = _published(spark, settings, product, staged, periods, shaped, found)
    _noted(settings, ledger, product, found)
    total = int(spark.table(product.curated).count())
    return Curated(product.dataset, total, bool(changed), len(periods) if periods is not None else len(changed), changed, failed=failed)


def _read(spark: SparkSession, settings: Settings, given: Input, version: int | None) -> DataFrame:
    """The input as it was at this version; without rows where it is optional and not there."""
    if version is not None:
        return spark.sql(f"SELECT * FROM {given.table} VERSION AS OF {version}")
    contract = load_named(settings.root, given.name)
    names = {c.name: sql_type(c) for c in contract.columns} if is_product(given.name) else {name: kind for name, (kind, _) in columns(contract).items()}
    return spark.sql("SELECT " + ", ".join(f"CAST(NULL AS {kind}) AS `{name}`" for name, kind in names.items()) + " WHERE false")


def _with_secret(settings: Settings, product: Product) -> Product:
    """With the version of the secret its pseudonyms are made under: another version makes the product again."""
    if not product.pseudonyms:
        return product
    pseudonym_key(settings, product.grant)  # made where there is none yet
    return replace(product, secret=current_version(settings, product.grant))


def _pseudonymous(settings: Settings, product: Product, rows: DataFrame) -> DataFrame:
    for name in product.pseudonyms:
        rows = pseudonymise(rows, name, settings, product.grant, product.secret)
    return rows


def _found(product: Product, inputs: Mapping[str, DataFrame], versions: Mapping[str, int]) -> Found:
    contents = {given.name: curated.fingerprints(_content(inputs[given.name]), given.period) for given in product.inputs}
    facts = [sorted((name, sorted(periods.items())) for name, periods in contents.items()), _code(product)]
    return Found(versions, contents, hashlib.sha256(repr(facts).encode()).hexdigest()[:32])


def _content(rows: DataFrame) -> DataFrame:
    """Without what says only how a row came: a resent file changes no product."""
    return rows.drop("_delivery", "_record", "_part")


def _code(product: Product) -> str:
    """What decides the product beside its inputs."""
    sources = [path.read_bytes() for path in _sources(product.module)]
    rules = rules_path(Path(__file__).resolve().parents[1], product.module)  # those beside this code, as the module reads them
    facts = [product.columns, product.period, product.inputs, *((product.grant, product.secret) if product.pseudonyms else ())]
    return hashlib.sha256(b"".join(sources) + (rules.read_bytes() if rules.exists() else b"") + repr(facts).encode()).hexdigest()[:32]


def _sources(module: str) -> list[Path]:
    """The module of a product and those of jobs/products that it is made of."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = Path(__file__).parent / "products" / f"{name}.py"
        if name not in found and path.exists():
            found[name] = path
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jobs.products"):
                    waiting += [str(node.module).removeprefix("jobs.products").lstrip("."), *(each.name for each in node.names)]
    return [found[name] for name in sorted(found)]


def due(product: Product, found: Found, before: Sequence[Mapping[str, Any]], version: int | None) -> tuple[str, ...] | None:
    """Periods to make again; None for all. `before`: rows of ops.products; they count only while the product is at the version they were written for."""
    built = next((row for row in before if row["input"] == BUILD), None)
    if built is None or version is None or built["version"] != version or built["period"] != _code(product):
        return None
    if built["fingerprint"] == found.build:
        return ()
    touched: set[str] = set()
    for given in product.inputs:
        was = {row["period"]: row["fingerprint"] for row in before if row["input"] == given.name}
        moved = reached(given, was, found.contents[given.name])
        if moved is None:
            return None
        touched |= moved
    return tuple(sorted(touched))


def reached(given: Input, was: Mapping[str, str], now: Mapping[str, str]) -> set[str] | None:
    """Periods of the product that the difference between two states of an input touches; None where it may touch any."""
    moved = {period for period in {*was, *now} if was.get(period) != now.get(period)}
    if moved and (given.period is None or curated.WHOLE in moved):
        return None
    line = sorted({*was, *now})
    return {after for period in moved for after in line[line.index(period) : line.index(period) + given.back + 1]}


def _checked(
    spark: SparkSession, settings: Settings, ledger: Ledger, product: Product, rules: Sequence[Rule], staged: DataFrame, periods: Sequence[str] | None, found: Found
) -> int:
    """The whole product as it would be, by GX. Returns how many warnings fail; raises LakeError where a critical expectation does."""
    from jobs.quality.docs_site import publish, publish_index  # these import Great Expectations, which takes seconds
    from jobs.quality.validate import validate

    kept = spark.table(product.curated).where(f"NOT ({curated.in_periods(product, periods)})") if periods is not None else None
    validation = validate(staged if kept is None else kept.unionByName(staged), judging(rules), None, product.dataset, product.personal_columns)
    now, build = dt.datetime.now(dt.UTC), f"build/{found.build}"
    ledger.merge("checks", [{
        "dataset": product.dataset, "delivery": build, "rule": v.rule.id, "type": v.rule.type, "column": ", ".join(columns_of(v.rule)), "severity": v.rule.severity,
        "mostly": v.rule.mostly, "evaluated": v.evaluated, "unexpected": v.unexpected, "success": v.success, "engine": "spark", "fingerprint": v.rule.fingerprint,
        "observed": v.observed, "sample": "[]", "checked_at": now,
    } for v in validation.verdicts])  # fmt: skip
    publish(settings, product, [{"delivery": build, "period": "all" if periods is None else ", ".join(periods), "name": product.curated}], validation.result)
    publish_index(settings)
    bad = [v for v in validation.verdicts if not v.success]
    if critical := [v for v in bad if v.rule.severity == "critical"]:
        said = "; ".join(f"{v.rule.id} ({v.unexpected:,} rows)" if v.unexpected is not None else f"{v.rule.id} (observed {v.observed})" for v in critical)
        raise LakeError(f"{product.dataset} is as it was before: {said} failed", "see ops.checks; mend the input or the rule, and run curate again")
    return len(bad)


def _published(
    spark: SparkSession, settings: Settings, product: Product, staged: DataFrame, periods: Sequence[str] | None, shaped: bool, found: Found
) -> tuple[str, ...]:
    """Writes the periods whose rows differ from those that stand, in one commit, and returns them."""
    made_from = {"build": found.build, "inputs": {given.table: found.versions[given.name] for given in product.inputs}}
    new = curated.fingerprints(staged, product.period)
    if not shaped:
        curated.replace(settings, product, staged, None, made_from)
        return tuple(sorted(new))
    old = curated.fingerprints(curated.within(spark.table(product.curated), product, periods), product.period)
    changed = tuple(sorted(period for period in {*old, *new} if old.get(period) != new.get(period)))
    if changed:
        curated.replace(settings, product, curated.within(staged, product, changed), changed, made_from | {"periods": list(changed)})
    return changed


def _noted(settings: Settings, ledger: Ledger, product: Product, found: Found) -> None:
    """What it was made from, for the next run, and the lineage of each version: both can be made again from the table's own commits."""
    from jobs.orchestration import code_version

    now, version = dt.datetime.now(dt.UTC), curated.version(settings, product.curated)
    rows: list[dict[str, Any]] = [{"input": name, "period": period, "fingerprint": text, "version": found.versions[name]} for name, periods in found.contents.items() for period, text in periods.items()]
    rows.append({"input": BUILD, "period": _code(product), "fingerprint": found.build, "version": version})
    lineage = [
        {"dataset": product.dataset, "version": at, "input": table, "input_version": read, "build": said["build"], "code_version": code_version(settings.root), "made_at": now}
        for at, said in curated.commits(settings, product).items() for table, read in said["inputs"].items()
    ]  # fmt: skip
    known = {(row["version"], row["input"]) for row in ledger.rows("lineage", dataset=product.dataset)}
    if new := [row for row in lineage if (row["version"], row["input"]) not in known]:
        ledger.merge("lineage", new)
    ledger.replace("products", [row | {"dataset": product.dataset, "built_at": now} for row in rows], f"dataset = '{product.dataset}'")


def main() -> None:
    """By spark-submit: `jobs/curate.py curated.<product>`"""
    from jobs.cli.submit import submitted

    submitted("curate")


if __name__ == "__main__":
    main()
