"""Our models of the labelled sets: the machinery of residents, with comparisons for names and addresses in Latin letters. Nothing is tuned by labels."""

from __future__ import annotations

from typing import Any

import polars as pl

from jobs.identity.model import UNIQUE, Model, comparison, level


def _text(name: str, *distances: int, frequency: bool = False) -> dict[str, Any]:
    """The same, or within so many edits."""
    more = {"tf_adjustment_column": name, "tf_adjustment_weight": 1.0} if frequency else {}
    near = [level(f"levenshtein({name}_l, {name}_r) <= {distance}", f"{distance} edits") for distance in distances]
    return comparison(name, f"{name}_l is null or {name}_r is null", level(f"{name}_l = {name}_r", "same", **more), *near)


def _names(first: str, last: str) -> dict[str, Any]:
    """Both names together, as each may stand in the other's column."""
    a, b = first, last
    none = f"({a}_l is null and {b}_l is null) or ({a}_r is null and {b}_r is null)"
    return comparison(
        "names", none,
        level(f"{a}_l = {a}_r and {b}_l = {b}_r", "same"), level(f"{a}_l = {b}_r and {b}_l = {a}_r", "exchanged"),
        level(f"levenshtein({a}_l, {b}_r) <= 2 and levenshtein({b}_l, {a}_r) <= 2", "exchanged, within 2 edits"),
        level(f"levenshtein({a}_l, {a}_r) <= 2 and levenshtein({b}_l, {b}_r) <= 2", "both within 2 edits"),
        level(f"{b}_l = {b}_r", "family name same", tf_adjustment_column=b, tf_adjustment_weight=1.0), level(f"{a}_l = {a}_r", "given name same", tf_adjustment_column=a, tf_adjustment_weight=1.0),
        level(f"levenshtein({b}_l, {b}_r) <= 2 or levenshtein({a}_l, {a}_r) <= 2", "one within 2 edits"),
    )  # fmt: skip


def _day(name: str) -> dict[str, Any]:
    parts = [f"substr({name}_{side}, 1, 4)" for side in "lr"], [f"substr({name}_{side}, 6, 2)" for side in "lr"], [f"substr({name}_{side}, 9, 2)" for side in "lr"]
    (year_l, year_r), (month_l, month_r), (day_l, day_r) = parts
    return comparison(
        name, f"{name}_l is null or {name}_r is null",
        level(f"{name}_l = {name}_r", "same"), level(f"{year_l} = {year_r} and {month_l} = {day_r} and {day_l} = {month_r}", "day and month swapped"),
        level(f"levenshtein({name}_l, {name}_r) <= 1", "1 digit"), level(f"levenshtein({name}_l, {name}_r) <= 2", "2 digits"), level(f"{year_l} = {year_r}", "same year"),
    )  # fmt: skip


def _febrl(_: bool) -> list[Any]:
    place = comparison(
        "address", "(address_1_l is null and suburb_l is null) or (address_1_r is null and suburb_r is null)",
        level("address_1_l = address_1_r and suburb_l = suburb_r", "street and suburb"), level("levenshtein(address_1_l, address_1_r) <= 3", "street within 3 edits"),
        level("suburb_l = suburb_r", "suburb"), level("levenshtein(suburb_l, suburb_r) <= 2", "suburb within 2 edits"), level("address_1_l = suburb_r or suburb_l = address_1_r", "exchanged"),
    )  # fmt: skip
    return [_names("given_name", "surname"), _day("date_of_birth"), _text("soc_sec_id", 1, 2), place, _text("street_number"), _text("postcode", 1)]


FEBRL = Model(
    (UNIQUE, "given_name", "surname", "street_number", "address_1", "suburb", "postcode", "state", "date_of_birth", "soc_sec_id", "given_head", "surname_head", "year"),
    _febrl,
    (("soc_sec_id",), ("date_of_birth",), ("given_name", "surname"), ("surname", "year"), ("given_name", "postcode"), ("surname", "postcode"), ("address_1", "street_number"), ("surname_head", "given_head", "state"),
     ("suburb", "given_name")),
    (("soc_sec_id",), ("date_of_birth",), ("given_name", "surname")),
    ("soc_sec_id",), ("given_name", "surname"),
)  # fmt: skip


def _fake(_: bool) -> list[Any]:
    mail = comparison(
        "email", "email_l is null or email_r is null", level("email_l = email_r", "same"),
        level("mail_name_l = mail_name_r", "same before the @"), level("levenshtein(email_l, email_r) <= 3", "3 edits"),
        level("levenshtein(email_l, email_r) <= 6", "6 edits"),
    )  # fmt: skip
    return [_names("first_name", "surname"), _day("dob"), mail, _text("city", 1, frequency=True)]


FAKE = Model(
    (UNIQUE, "first_name", "surname", "dob", "city", "email", "mail_name", "everybody"), _fake,
    (("everybody",),),  # a thousand records are few enough to compare each with each
    (("dob",), ("first_name", "surname"), ("email",)), ("email",), ("first_name", "surname", "city"),
)  # fmt: skip


def _pseudopeople(_: bool) -> list[Any]:
    place = comparison(
        "address", "street_name_l is null or street_name_r is null",
        level("street_name_l = street_name_r and street_number_l = street_number_r", "same house"),
        level("levenshtein(street_name_l, street_name_r) <= 3 and levenshtein(street_number_l, street_number_r) <= 1", "nearly the same house"),
        level("street_name_l = street_name_r", "same street"),
    )  # fmt: skip
    return [_names("first_name", "last_name"), _text("middle"), _day("born"), _text("ssn", 1, 2), place, _text("sex")]


PSEUDOPEOPLE = Model(
    (UNIQUE, "first_name", "middle", "last_name", "born", "ssn", "sex", "street_number", "street_name", "last_head", "first_head"), _pseudopeople,
    (("ssn",), ("born", "last_head"), ("born", "first_head"), ("first_name", "last_name"), ("last_name", "street_number", "street_name"), ("first_name", "street_number", "street_name")),
    (("ssn",), ("first_name", "last_name"), ("born", "last_head")), ("ssn",), ("first_name", "last_name"),
)  # fmt: skip


def prepared(rows: pl.DataFrame) -> pl.DataFrame:
    """With the columns made for comparing and blocking."""
    made: list[pl.Expr] = []
    if "given_name" in rows.columns:
        made = [pl.col("given_name").str.slice(0, 3).alias("given_head"), pl.col("surname").str.slice(0, 3).alias("surname_head"), pl.col("date_of_birth").str.slice(0, 4).alias("year")]
    if "email" in rows.columns:
        made = [pl.col("email").str.extract("^([^@]+)@").alias("mail_name"), pl.lit("1").alias("everybody")]
    if "ssn" in rows.columns:
        made = [pl.col("first_name").str.slice(0, 3).alias("first_head"), pl.col("last_name").str.slice(0, 3).alias("last_head")]
    return rows.with_columns(made)


MODELS = {"febrl3": FEBRL, "febrl4": FEBRL, "fake_1000": FAKE, "pseudopeople": PSEUDOPEOPLE}
