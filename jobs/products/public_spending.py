"""curated.public_spending: every payment line with its supplier, category and month, and which lines take others back or repeat them. Nothing is left out: totals stay."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.products.parties import resolved

SOURCE, DEPARTMENT, CURRENCY = "finance.spend", "Greater London Authority", "GBP"
SAME_LINE = ("vendor_id", "vendor", "account_code", "account", "document_no", "amount", "spent_on")


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a payment line of `finance.spend`; amounts in GBP."""
    lines = inputs[SOURCE].select("spend_id", *SAME_LINE, "source_file")
    return _described(_repeated(_taken_back(resolved(lines, "vendor_id", "vendor", "supplier"))))


def _taken_back(lines: DataFrame) -> DataFrame:
    """A negative line takes back the latest payment of its amount to its supplier that no other has taken back: brackets that close.

    Level: how many payments of the amount are open. Within a level opening and closing lines alternate, so each closes the one before it.
    """
    same = ("supplier_id", F.abs("amount"))
    order = ("spent_on", F.desc("amount"), "spend_id")
    opens = F.when(F.col("amount") > 0, 1).when(F.col("amount") < 0, -1).otherwise(0)
    open_after = F.sum(opens).over(Window.partitionBy(*same).orderBy(*order).rowsBetween(Window.unboundedPreceding, Window.currentRow))
    levelled = lines.withColumn("level", F.when(F.col("amount") < 0, open_after + 1).otherwise(open_after))
    line = Window.partitionBy(*same, "level").orderBy(*order)
    closes = (F.col("amount") < 0) & (F.lag("amount").over(line) > 0)
    closed = (F.col("amount") > 0) & (F.lead("amount").over(line) < 0)
    return levelled.withColumn("reverses_id", F.when(closes, F.lag("spend_id").over(line))).withColumn("reversed_by_id", F.when(closed, F.lead("spend_id").over(line))).drop("level")


def _repeated(lines: DataFrame) -> DataFrame:
    """Lines that are equal in all but number and publication: the later ones name the first."""
    same = Window.partitionBy(*SAME_LINE)
    first = F.min("spend_id").over(same)
    return lines.withColumn("copies", F.count(F.lit(1)).over(same)).withColumn("repeats_id", F.when(F.col("spend_id") != first, first))


def _described(lines: DataFrame) -> DataFrame:
    kind = F.when(F.col("amount") >= 0, "payment").when(F.col("reverses_id").isNotNull(), "reversal").otherwise("refund")
    return lines.select(
        F.date_format("spent_on", "yyyy-MM").alias("month"), F.lit(SOURCE).alias("source_dataset"), F.col("spend_id").alias("payment_id"), F.lit(DEPARTMENT).alias("department"),
        category(F.col("account")).alias("category"), "account_code", "supplier_id", "supplier", F.col("vendor").alias("supplier_as_written"), "document_no",
        F.col("spent_on").alias("paid_on"), "amount", F.lit(CURRENCY).alias("currency"), kind.alias("kind"), "reverses_id", "reversed_by_id", "copies", "repeats_id",
    )  # fmt: skip


def category(account: Column) -> Column:
    """Text of the account in one case and spacing; UNSTATED where it is missing or the publisher's 0."""
    plain = F.upper(F.trim(F.regexp_replace(account, r"\s+", " ")))
    return F.when(plain.isNull() | plain.isin("", "0"), "UNSTATED").otherwise(plain)
