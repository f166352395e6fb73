"""Corrections of rejected rows: from a table that a clerk edited, or by SQL. Nothing is judged here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from operator import or_

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

from jobs.contracts.model import Contract
from jobs.platform.errors import LakeError
from jobs.quality.compile import MASK
from jobs.quarantine.selecting import TEXTS, plain_text
from jobs.quarantine.selecting import shown as shown_now
from jobs.readers.values import TEXTS as TEXT_KINDS
from jobs.tables.states import ROW


def edited(rows: DataFrame, edits: DataFrame, contract: Contract) -> DataFrame:
    """`troubled` rows that the table changes, with the changes in `_texts` and `_set`. `edits`: ROW and columns of the contract, all as text.

    A cell that says what the row says, or is masked, changes nothing. A text that was sent is corrected as the department would write it; a value that
    was set is set anew.
    """
    names = [c.name for c in contract.columns if c.name in edits.columns]
    cells = F.array(*[F.struct(F.lit(name).alias("key"), F.coalesce(F.col(f"e.{name}"), F.lit("")).alias("value")) for name in names])
    numbered = edits.select(F.col("_delivery"), F.col("_record").cast("bigint"), F.col("_part").cast("int"), F.struct(*names).alias("e"))
    changed = F.map_from_entries(F.filter(cells, lambda e: (e.value != MASK) & (e.value != F.coalesce(F.element_at("sent", e.key), F.lit("")))))
    found = rows.join(numbered, list(ROW), "inner").withColumn("_new", changed).where(F.size("_new") > 0)
    of_set = F.map_filter("_new", lambda key, _: F.map_contains_key("_set", key))
    of_sent = F.map_filter("_new", lambda key, _: ~F.map_contains_key("_set", key))
    return found.withColumn("_texts", _over("_texts", of_sent)).withColumn("_set", _over("_set", of_set)).drop("_new", "e")


def assigned(rows: DataFrame, assignments: Sequence[str], contract: Contract) -> DataFrame:
    """`troubled` rows with `column = SQL` of each assignment, all of them said of the row as it was.

    Rows that stay as they are are left out. A text for a column that is no text is read as if the department had sent it; anything else is the value itself. Raises LakeError for what cannot be read.
    """
    pairs = [_assignment(text, contract) for text in assignments]
    texts, values = [], []
    for name, sql in pairs:
        kind, is_text = contract.column(name).kind, _is_text(rows, name, sql)
        if is_text and kind not in TEXT_KINDS:
            texts.append((name, F.expr(sql)))
        else:
            values.append((name, plain_text(F.expr(sql).cast("timestamp") if kind == "timestamp" else F.expr(sql), kind)))
    new_texts, new_values = _entries(texts), _entries(values)
    gone = [name for name, _ in texts]
    kept = F.map_filter("_set", lambda key, _: ~key.isin(gone)) if gone else F.col("_set")
    made = rows.withColumn("_new_texts", new_texts).withColumn("_new_set", new_values).withColumn("_texts", _over("_texts", F.col("_new_texts")))
    made = made.withColumn("_set", F.map_concat(F.map_filter(kept, lambda key, _: ~F.map_contains_key("_new_set", key)), "_new_set")).drop("_new_texts", "_new_set")
    return made.where(reduce(or_, [_differs(name) for name, _ in pairs]))


def _differs(name: str) -> Column:
    """Whether a person would see another value in the column than before."""
    before, after = (F.coalesce(F.element_at(shown, name), F.lit("")) for shown in (F.col("sent"), shown_now()))
    return before != after


def _assignment(text: str, contract: Contract) -> tuple[str, str]:
    match = re.fullmatch(r"\s*`?(\w+)`?\s*=\s*(.+)", text, re.DOTALL)
    names = [c.name for c in contract.columns]
    if match is None or match[1] not in names:
        raise LakeError(f"--set {text!r} does not begin with a column of {contract.dataset} and =", f"columns are {', '.join(names)}")
    return match[1], match[2]


def _is_text(rows: DataFrame, name: str, sql: str) -> bool:
    try:
        return isinstance(rows.select(F.expr(sql).alias(name)).schema[name].dataType, StringType)
    except PySparkException as problem:
        raise LakeError(f"--set {name} cannot be read: {str(problem).splitlines()[0][:300]}", "write SQL over the columns of the contract; sent.<column> is the text as sent") from None


def _entries(pairs: Sequence[tuple[str, Column]]) -> Column:
    if not pairs:
        return F.from_json(F.lit("{}"), TEXTS)
    return F.map_from_arrays(F.array(*[F.lit(name) for name, _ in pairs]), F.array(*[F.coalesce(value, F.lit("")) for _, value in pairs]))


def _over(name: str, new: Column) -> Column:
    """A map with other values of these keys."""
    return F.map_concat(F.map_filter(name, lambda key, _: ~F.map_contains_key(new, key)), new)
