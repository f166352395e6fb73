"""curated.benefit_review: who draws the minimum living allowance and may not qualify, and who may qualify and does not draw, month by month, each by a dated rule and with the rows it is seen in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.products.by_name import bearers, several_bearers, with_only_bearers
from jobs.products.keyed import LINKS, keyed
from jobs.products.residents import in_month
from jobs.rules.model import Rules, Version, load_rules, rules_path

KEY = ("month", "home")
DRAWS, SHOULD = "may not qualify", "may qualify"
INCOMES = {"human_resources.social_insurance": ("insured_number", "base"), "human_resources.pension": ("benefit_number", "amount"), "tax.declared_income": ("declaration", "amount")}


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    return judged(inputs, load_rules(rules_path(Path(__file__).resolve().parents[2], "benefit_review")))


def judged(inputs: Mapping[str, DataFrame], rules: Rules) -> DataFrame:
    """One row a month, finding, rule and resident (a resident key: the pseudonym is made after). A month that no version of a rule covers is not judged by it."""
    named = bearers(inputs).localCheckpoint(eager=False)
    several = {**inputs, LINKS: several_bearers(named)}
    inputs = {**inputs, LINKS: with_only_bearers(inputs, named)}
    months = inputs["civil_affairs.low_income_payment"].select(F.date_format("paid_on", "yyyy-MM").alias("month")).distinct()
    drawing, members = _drawing(inputs, months), _members(inputs, months)
    unknown = [F.concat(F.lit("?"), "resident_key").alias("home"), F.lit(None).cast("string").alias("community_code")]
    members = members.unionByName(drawing.join(members, ["month", "resident_key"], "left_anti").select("month", "resident_key", *unknown))
    members = members.localCheckpoint(eager=False)  # read by all that follows
    placed = drawing.join(members, ["month", "resident_key"], "inner").localCheckpoint(eager=False)
    drew, perhaps = _drew(placed, rules), _signals(several, months, members, rules).localCheckpoint(eager=False)
    signalled = _together(_signals(inputs, months, members, rules)).join(drew, list(KEY), "left_anti").localCheckpoint(eager=False)
    unsure = _together(perhaps).join(drew, list(KEY), "left_anti").join(signalled, list(KEY), "left_anti").withColumn("is_unsure", F.lit(True))
    subjects = placed.unionByName(signalled, True).unionByName(unsure, True)
    rows = subjects.join(_homes(inputs, months, members, rules), list(KEY), "inner").join(_dead(inputs), "resident_key", "left")
    urban = F.coalesce(F.col("category") == "城市低保", F.col("is_urban"), F.lit(False))
    rows = rows.withColumn("standard", F.when(urban, _said(rules, "income", "urban_standard")).otherwise(_said(rules, "income", "rural_standard")))
    found = rows.withColumn("found", F.explode(F.array_compact(F.array(*_against(rules), _for(rules))))).localCheckpoint(eager=False)
    found = found.where("is_unsure IS NULL").unionByName(found.where("is_unsure").join(_only_one(perhaps, found), list(KEY), "left_semi"))
    places = inputs["planning.community"].where("_is_current").select("community_code", "district")
    said = found.select("month", "found.*", F.col("resident_key").alias("resident"), "category", "community_code", "persons", "income_per_head", "standard").join(places, "community_code", "left")
    counted = said.withColumn("evidence_rows", F.size("evidence")).withColumn("evidence_by_name", F.size(F.filter("evidence", lambda row: row["linked_by"].isNotNull())))
    return counted.withColumn("evidence", F.to_json(F.array_sort("evidence")))


def _in_force(rules: Rules, name: str, value: Callable[[Version], Any]) -> Column:
    """`value` of the version of a rule that is in force on the first day of `month`; null where none is."""
    day, found = F.to_date("month", "yyyy-MM"), F.lit(None)
    for version, until in rules.of(name):
        inside = (day >= F.lit(version.since)) & (F.lit(True) if until is None else day < F.lit(until))
        made = value(version)
        found = F.when(inside, made if isinstance(made, Column) else F.lit(made)).otherwise(found)
    return found


def _said(rules: Rules, name: str, field: str) -> Column:
    return _in_force(rules, name, lambda version: getattr(version, field))


def _one_of(rules: Rules, name: str, field: str, column: str) -> Column:
    """Whether a value is in the version's list."""
    return F.coalesce(_in_force(rules, name, lambda version: F.col(column).isin(*getattr(version, field))), F.lit(False))


def _rows(inputs: Mapping[str, DataFrame], dataset: str, record: str) -> DataFrame:
    """The rows of a dataset with `resident_key` and `row`: what names a row of silver without saying anything of the person, the delivery it came with and its place there, and whether nothing but
    a name that one person bears says whose it is."""
    place = F.struct(F.lit(dataset).alias("dataset"), F.concat_ws("#", "_delivery", "_record").alias("row"), F.col("linked_by"))
    return keyed(inputs, dataset, record, more=("linked_by",)).withColumn("row", place)


def _drawing(inputs: Mapping[str, DataFrame], months: DataFrame) -> DataFrame:
    """month, resident_key → category, draw_rows: who stands in the roster or was paid."""
    roster, paid = "civil_affairs.low_income_roster", "civil_affairs.low_income_payment"
    listed = in_month(_rows(inputs, roster, "resident_id"), months).select("month", "resident_key", "category", "row")
    payments = _rows(inputs, paid, "payment_number").select(F.date_format("paid_on", "yyyy-MM").alias("month"), "resident_key", F.lit(None).cast("string").alias("category"), "row")
    return listed.unionByName(payments).groupBy("month", "resident_key").agg(F.max("category").alias("category"), F.collect_set("row").alias("draw_rows"))


def _members(inputs: Mapping[str, DataFrame], months: DataFrame) -> DataFrame:
    """month, resident_key → home (number of the household), community_code."""
    here = in_month(keyed(inputs, "public_security.household_register", "resident_id"), months)
    return here.groupBy("month", "resident_key").agg(F.min("household_number").alias("home"), F.min_by("community_code", "household_number").alias("community_code"))


def _homes(inputs: Mapping[str, DataFrame], months: DataFrame, members: DataFrame, rules: Rules) -> DataFrame:
    """month, home → persons, is_urban, income_per_head, income_rows, vehicles, vehicle_rows, vehicle_since, dwellings, dwelling_rows, elsewhere_rows, elsewhere_since, as the rules of the
    month count them."""
    of = members.select("month", "resident_key", "home")

    def summed(rows: DataFrame, *counts: Column) -> DataFrame:
        return rows.join(of, ["month", "resident_key"], "inner").groupBy(*KEY).agg(*counts)

    streets = inputs["planning.community"].where("_is_current").select("community_code", F.col("street").endswith("街道").alias("urban"))
    sizes = members.join(streets, "community_code", "left").groupBy(*KEY).agg(F.count(F.lit(1)).alias("persons"), F.max("urban").alias("is_urban"))
    incomes = None
    for dataset, (key, amount) in INCOMES.items():
        more = in_month(_rows(inputs, dataset, key), months).select("month", "resident_key", F.col(amount).alias("amount"), "row")
        incomes = more if incomes is None else incomes.unionByName(more)
    assert incomes is not None
    earned = summed(incomes, F.sum("amount").alias("income"), F.collect_set("row").alias("income_rows"))
    vehicle, dwelling = "public_security.vehicle", "housing.property"
    driven = in_month(_rows(inputs, vehicle, "plate"), months).where(_one_of(rules, "vehicle", "vehicle_kinds", "kind"))
    driven = summed(driven, F.count(F.lit(1)).alias("vehicles"), F.collect_set("row").alias("vehicle_rows"), F.min("registered_on").alias("vehicle_since"))
    owned = in_month(_rows(inputs, dwelling, "title_number"), months).where(F.col("use") == "住宅").where(F.coalesce("share", F.lit(100)) >= _said(rules, "property", "least_share_percent"))
    owned = summed(owned, F.count_distinct("title_number").alias("dwellings"), F.collect_set("row").alias("dwelling_rows"))
    away = summed(_elsewhere(inputs, months), F.collect_set("row").alias("elsewhere_rows"), F.to_date(F.min("since_month"), "yyyy-MM").alias("elsewhere_since"))
    rows = sizes.join(earned, list(KEY), "left").join(driven, list(KEY), "left").join(owned, list(KEY), "left").join(away, list(KEY), "left").fillna(0, ["income", "vehicles", "dwellings"])
    return rows.withColumn("income_per_head", (F.col("income") / F.col("persons")).cast("decimal(14,2)"))


def _elsewhere(inputs: Mapping[str, DataFrame], months: DataFrame) -> DataFrame:
    """month, resident_key, since_month, row: who draws in another city of the province in the month, by the list of that month. Who drew there before is on it too. Those on it are of the whole
    province: a name that one person of the city bears says nothing here."""
    listed = in_month(_rows(inputs, "civil_affairs.other_region_roster", "comparison_number").where("linked_by IS NULL"), months)
    return listed.where(F.col("month").between(F.col("since_month"), F.coalesce("until_month", "month"))).select("month", "resident_key", "since_month", "row")


def _dead(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """resident_key → died_on, death_rows."""
    return _rows(inputs, "public_security.death", "certificate").groupBy("resident_key").agg(F.min("died_on").alias("died_on"), F.collect_set("row").alias("death_rows"))


def _signals(inputs: Mapping[str, DataFrame], months: DataFrame, members: DataFrame, rules: Rules) -> DataFrame:
    """month, home, resident_key, community_code, since_on, row: signals of an office that somebody of a household of the register is in need."""
    seen = in_month(_rows(inputs, "civil_affairs.hardship_signal", "signal_number"), months).where(_one_of(rules, "hardship", "signals", "signal"))
    here = seen.join(members.where("community_code IS NOT NULL"), ["month", "resident_key"], "inner")
    return here.select(*KEY, "resident_key", "community_code", "since_on", "row")


def _together(signals: DataFrame) -> DataFrame:
    """month, home → resident_key, community_code, signal_since, signal_rows."""
    return signals.groupBy(*KEY).agg(F.min("resident_key").alias("resident_key"), F.min("community_code").alias("community_code"), F.min("since_on").alias("signal_since"), F.collect_set("row").alias("signal_rows"))


def _only_one(perhaps: DataFrame, found: DataFrame) -> DataFrame:
    """month, home: of the households that a signal may be of, where several people bear its name, the one that may qualify; where two may, nobody can tell."""
    offered = found.where(F.col("found.finding") == SHOULD).select(*KEY).distinct()
    homes = perhaps.join(offered, list(KEY), "left_semi").groupBy("month", "row").agg(F.collect_set("home").alias("homes")).where("size(homes) = 1")
    return homes.select("month", F.element_at("homes", 1).alias("home")).distinct()


def _drew(placed: DataFrame, rules: Rules) -> DataFrame:
    """month, home: who draws in the month, or did so few months before it that the rule of the month does not offer them the allowance yet."""
    most = max(version.months_after_drawing for version, _ in rules.of("hardship"))
    later = placed.select("month", "home").distinct().withColumn("after", F.explode(F.sequence(F.lit(0), F.lit(most))))
    then = later.select(F.date_format(F.add_months(F.to_date("month", "yyyy-MM"), F.col("after")), "yyyy-MM").alias("month"), "home", "after")
    return then.where(F.col("after") <= F.coalesce(_said(rules, "hardship", "months_after_drawing"), F.lit(0))).select(*KEY).distinct()


def _finding(holds: Column, finding: str, rule: str, rules: Rules, rows: tuple[str, ...], since: str | None = None, value: str | None = None, limit: Column | None = None) -> Column:
    """What is found by a rule where it holds; null where it does not. `rows`: columns with the rows it is seen in."""
    none = F.array().cast("array<struct<dataset:string,row:string,linked_by:string>>")
    return F.when(holds, F.struct(
        F.lit(finding).alias("finding"), F.lit(rule).alias("rule"), (F.col(value) if value else F.lit(None)).cast("decimal(14,2)").alias("value"),
        (limit if limit is not None else F.lit(None)).cast("decimal(14,2)").alias("compared_with"), (F.col(since) if since else F.lit(None)).cast("date").alias("since_on"),
        _in_force(rules, rule, lambda version: version.since).cast("date").alias("rule_from"), _said(rules, rule, "source").cast("string").alias("rule_source"),
        F.array_distinct(F.flatten(F.array(*[F.coalesce(F.col(name), none) for name in rows]))).alias("evidence"),
    ))  # fmt: skip


def _elsewhere_too(rules: Rules) -> Column:
    """Whether somebody of the household draws in another city, and a rule says that it matters."""
    return F.col("elsewhere_rows").isNotNull() & _said(rules, "other_region", "source").isNotNull()


def _against(rules: Rules) -> list[Column]:
    """What speaks against who draws: one finding a rule."""
    draws, ended = F.col("draw_rows").isNotNull(), F.col("died_on") <= F.last_day(F.to_date("month", "yyyy-MM"))
    cars, dwellings = _said(rules, "vehicle", "most_vehicles"), _said(rules, "property", "most_dwellings")
    return [
        _finding(draws & ended & _said(rules, "death", "source").isNotNull(), DRAWS, "death", rules, ("draw_rows", "death_rows"), "died_on"),
        _finding(draws & _elsewhere_too(rules), DRAWS, "other_region", rules, ("draw_rows", "elsewhere_rows"), "elsewhere_since"),
        _finding(draws & (F.col("vehicles") > cars), DRAWS, "vehicle", rules, ("draw_rows", "vehicle_rows"), "vehicle_since", "vehicles", cars),
        _finding(draws & (F.col("dwellings") > dwellings), DRAWS, "property", rules, ("draw_rows", "dwelling_rows"), None, "dwellings", dwellings),
        _finding(draws & (F.col("income_per_head") >= F.col("standard")), DRAWS, "income", rules, ("draw_rows", "income_rows"), None, "income_per_head", F.col("standard")),
    ]


def _for(rules: Rules) -> Column:
    """Whom an office signals as in need, whose household meets every rule, and where nobody draws."""
    cars, dwellings = _said(rules, "vehicle", "most_vehicles"), _said(rules, "property", "most_dwellings")
    free = F.coalesce(F.col("vehicles") <= cars, F.lit(True)) & F.coalesce(F.col("dwellings") <= dwellings, F.lit(True)) & F.col("died_on").isNull() & ~_elsewhere_too(rules)
    short = F.col("signal_rows").isNotNull() & (F.col("income_per_head") < F.col("standard"))
    return _finding(short & free, SHOULD, "hardship", rules, ("signal_rows", "income_rows"), "signal_since", "income_per_head", F.col("standard"))
