"""Texts of a rejected row → values and verdicts, by the contract and the rules as they are now. Pure: a frame in, a frame out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from jobs.contracts.model import Column, Contract, Numbers
from jobs.quality.compile import REJECTIONS, Lacking, judge, lacking_column, unknown_column
from jobs.quality.rules import Rule
from jobs.readers.values import Typed, typed

OF_HEADERS = {"unknown_column": ("new_column", unknown_column), "lacking_column": ("missing_column", lacking_column)}  # rule → the policy that makes it critical


@dataclass(frozen=True)
class Reread:
    """`values`: one typed column a contract column; `rejections`: what landing's rules say of each row (null where nothing)."""

    values: pl.DataFrame
    rejections: pl.Series


def reread(contract: Contract, rules: Sequence[Rule], rows: pl.DataFrame) -> Reread:
    """`rows`: `_texts` and `_set` (JSON objects, column → text as the department writes it, and in plain form), `_record`, `_was` (rejections)."""
    sent, plain = _columns(rows["_texts"], contract), _columns(rows["_set"], contract)
    values = _together(typed(sent, contract), typed(plain, plainly(contract)), {name: plain[name].is_not_null() for name in plain.columns})
    frame = values.frame.with_columns(rows["_record"])
    lacking = [found for found in (_of_headers(contract, rows["_was"], rule) for rule in OF_HEADERS) if found is not None]
    judged = judge(frame, rules, values.failed, contract.personal_columns, values.messages, values.doubtful, contract.lenient, lacking)
    return Reread(values.frame, judged.rejections.cast(REJECTIONS))


def plainly(contract: Contract) -> Contract:
    """The contract without a department's style: values as `selecting.plain_text` writes them."""
    reader = replace(
        contract.reader, trim=False, null_values=("",), null_preset="none", numbers=Numbers(), normalize="none", text_mark=False, two_digit_years_from=None,
    )  # fmt: skip
    return replace(contract, reader=reader, source_time_zone="UTC", columns=tuple(_plain(column) for column in contract.columns))


def _plain(column: Column) -> Column:
    formats = ("%Y-%m-%d %H:%M:%S%.f",) if column.kind == "timestamp" else ()
    return replace(column, formats=formats, value_map=(), null_values=(), numbers=None, null_preset=None, normalize=None, two_digit_years_from=None)


def _columns(objects: pl.Series, contract: Contract) -> pl.DataFrame:
    """JSON objects → a text column a contract column."""
    return objects.str.json_decode(pl.Struct({column.name: pl.String() for column in contract.columns})).struct.unnest()


def _together(sent: Typed, plain: Typed, is_set: dict[str, pl.Series]) -> Typed:
    """Of every cell the value that was set, else the one that was sent."""
    height = sent.frame.height
    nothing, texts = pl.repeat(False, height, eager=True), pl.Series([], dtype=pl.String).extend_constant(None, height)
    frame = pl.DataFrame([plain.frame[name].zip_with(is_set[name], sent.frame[name]).alias(name) for name in sent.frame.columns])
    names = {*sent.failed, *plain.failed}
    failed = {n: _chosen(plain.failed.get(n, (nothing, texts)), sent.failed.get(n, (nothing, texts)), is_set[n]) for n in names}
    messages = {n: plain.messages.get(n, texts).zip_with(is_set[n], sent.messages.get(n, texts)) for n in names}
    doubtful = {n: (mask & ~is_set[n], shown, doubt) for n, (mask, shown, doubt) in sent.doubtful.items()}
    return Typed(frame, failed, messages, doubtful)


def _chosen(plain: tuple[pl.Series, pl.Series], sent: tuple[pl.Series, pl.Series], is_set: pl.Series) -> tuple[pl.Series, pl.Series]:
    return plain[0].zip_with(is_set, sent[0]), plain[1].cast(pl.String).zip_with(is_set, sent[1].cast(pl.String))


def _of_headers(contract: Contract, was: pl.Series, rule: str) -> Lacking | None:
    """Rows that were rejected for the columns of their file; they still are where the contract still says so."""
    policy, made = OF_HEADERS[rule]
    if getattr(contract.drift, policy) != "discard_row":
        return None
    said = was.list.eval(pl.element().struct.field("rule") == rule).list.any().fill_null(False)
    return Lacking(made(), said, pl.Series([], dtype=pl.String).extend_constant(None, len(was)))
