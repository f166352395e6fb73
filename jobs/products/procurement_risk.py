"""curated.procurement_risk: which contracting processes show a red flag, by its published definition, with its value, the limit it passed and the processes it was seen in."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.products import red_flags as say

PROCESS = ("source", "ocid")
STANDS = "lower(coalesce(item_status, 'active')) NOT IN ('cancelled', 'unsuccessful', 'pending', 'disqualified', 'withdrawn', 'invited')"


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a process, flag and party. Everything is compared within one source only."""
    processes = inputs["curated.procurement"].drop("compiled_release")
    parties = inputs["curated.procurement_party"].where(STANDS).where("party_id IS NOT NULL")
    bids = parties.where("role = 'bidder'").groupBy(*PROCESS, "party_id").agg(F.min("amount").alias("bid"))
    won = parties.where("role = 'supplier'").select(*PROCESS, F.col("party_id").alias("winner")).distinct()
    of_one = [_single(processes), _short(processes), _near_estimate(processes), _grown(processes), *_gaps(bids, won), _same_price(bids)]
    of_many = [_split(processes, won), _repeated(processes, won), _rotation(bids, won)]
    rows = of_one[0]
    for more in of_one[1:] + of_many:
        rows = rows.unionByName(more)
    return rows.join(processes.select(*PROCESS, "buyer_id", "buyer", F.coalesce("awarded_on", "closed_on", "opened_on").alias("flagged_on")), list(PROCESS), "inner")


def _flagged(rows: DataFrame, flag: str, value: Column, limit: Column, related: Column | None = None, party: str | None = None) -> DataFrame:
    """`related`: ocids of the processes that the flag was seen in; the process itself where it is seen in one."""
    said = say.FLAGS[flag]
    return rows.select(
        *PROCESS, F.lit(flag).alias("flag"), F.coalesce(F.col(party), F.lit("")).alias("party_id") if party else F.lit("").alias("party_id"), value.cast("decimal(18,4)").alias("value"),
        limit.cast("decimal(18,4)").alias("threshold"), F.to_json(F.coalesce(related, F.array("ocid")) if related is not None else F.array("ocid")).alias("evidence"),
        F.lit(said.formula).alias("formula"), F.lit(said.published).alias("published"),
    )  # fmt: skip


def _single(processes: DataFrame) -> DataFrame:
    return _flagged(processes.where("bidders = 1 AND method IN ('open', 'selective')"), "single_bidder", F.col("bidders"), F.lit(1))


def _short(processes: DataFrame) -> DataFrame:
    return _flagged(processes.where(f"method = 'open' AND tender_days >= 0 AND tender_days < {say.SHORT_DAYS}"), "short_tender_period", F.col("tender_days"), F.lit(say.SHORT_DAYS))


def _near_estimate(processes: DataFrame) -> DataFrame:
    share = F.col("awarded_amount") / F.col("estimated_amount")
    return _flagged(processes.where("estimated_amount > 0").where(share.between(1 - say.NEAR, 1 + say.NEAR)), "price_close_to_estimate", share, F.lit(1 - say.NEAR))


def _grown(processes: DataFrame) -> DataFrame:
    """Only the contracts that were amended; works may grow more than goods and services."""
    limit = F.when(F.col("category") == "works", say.GROWN_WORKS).otherwise(say.GROWN)
    growth = F.col("contracted_amount") / F.col("awarded_amount") - 1
    return _flagged(processes.where("amendments > 0 AND awarded_amount > 0").where(growth > limit), "contract_amendment", growth, limit)


def _gaps(bids: DataFrame, won: DataFrame) -> tuple[DataFrame, DataFrame]:
    """How much higher the second bid is, against the fences of all processes of the source; processes with one winner, who bid the least."""
    order = Window.partitionBy(*PROCESS).orderBy("bid", "party_id")
    two = bids.where("bid > 0").withColumn("rank", F.row_number().over(order)).where("rank <= 2").groupBy(*PROCESS)
    least = two.agg(F.min_by("party_id", "rank").alias("lowest"), F.min("bid").alias("first"), F.max("bid").alias("second"), F.count(F.lit(1)).alias("n")).where("n = 2")
    winners = won.groupBy(*PROCESS).agg(F.max("winner").alias("winner"), F.count(F.lit(1)).alias("winners")).where("winners = 1")
    gaps = least.join(winners, list(PROCESS), "inner").where("winner = lowest").withColumn("gap", (F.col("second") / F.col("first") - 1).cast("double"))
    quartiles = gaps.groupBy("source").agg(F.expr("percentile(gap, 0.25)").alias("q1"), F.expr("percentile(gap, 0.75)").alias("q3"))
    fenced = gaps.join(quartiles, "source", "inner").withColumn("low", F.expr("q1 - 1.5 * (q3 - q1)")).withColumn("high", F.expr("q3 + 1.5 * (q3 - q1)"))
    close = _flagged(fenced.where("gap <= low AND q3 > q1"), "price_close_to_winning_bid", F.col("gap"), F.col("low"), party="winner")
    return close, _flagged(fenced.where("gap >= high AND q3 > q1"), "heavily_discounted_bid", F.col("gap"), F.col("high"), party="winner")


def _same_price(bids: DataFrame) -> DataFrame:
    same = bids.where("bid > 0").groupBy(*PROCESS, "bid").agg(F.count(F.lit(1)).alias("n")).where("n > 1").groupBy(*PROCESS).agg(F.max("n").alias("n"))
    return _flagged(same, "identical_bid_prices", F.col("n"), F.lit(2))


def _split(processes: DataFrame, won: DataFrame) -> DataFrame:
    """Purchases without open tender, of one buyer from one supplier within SPLIT_DAYS, each below the limit and together above it. Call-offs of a framework are none."""
    small = processes.where("method IN ('selective', 'limited', 'direct') AND estimated_amount > 0 AND opened_on IS NOT NULL AND buyer_id IS NOT NULL")
    small = small.where("lower(coalesce(method_rationale, '')) NOT RLIKE '框架|framework'")
    limits = small.where("method <> 'direct'").groupBy("source", "currency").agg(F.expr("percentile(estimated_amount, 0.95)").alias("ceiling"))
    below = small.join(limits, ["source", "currency"], "inner").where("estimated_amount <= ceiling").join(won, list(PROCESS), "inner").withColumn("day", F.datediff("opened_on", F.lit("1970-01-01")))
    near = Window.partitionBy("source", "buyer_id", "winner", "currency").orderBy("day").rangeBetween(-say.SPLIT_DAYS, say.SPLIT_DAYS)
    seen = below.withColumn("together", F.sum("estimated_amount").over(near)).withColumn("n", F.count(F.lit(1)).over(near)).withColumn("related", F.sort_array(F.collect_set("ocid").over(near)))
    return _flagged(seen.where("n > 1 AND together > ceiling"), "split_purchase", F.col("together"), F.col("ceiling"), F.col("related"), "winner")


def _repeated(processes: DataFrame, won: DataFrame) -> DataFrame:
    awarded = processes.where("buyer_id IS NOT NULL").select(*PROCESS, "buyer_id", F.coalesce("category", F.lit("")).alias("category")).join(won, list(PROCESS), "inner")
    market, mine = Window.partitionBy("source", "buyer_id", "category"), Window.partitionBy("source", "buyer_id", "category", "winner")
    counted = awarded.withColumn("all", F.size(F.collect_set("ocid").over(market))).withColumn("related", F.sort_array(F.collect_set("ocid").over(mine))).withColumn("n", F.size("related"))
    share = F.col("n") / F.col("all")
    return _flagged(counted.where(f"n >= {say.REPEATED}").where(share >= say.REPEATED_SHARE), "repeated_winner", share, F.lit(say.REPEATED_SHARE), F.col("related"), "winner")


def _rotation(bids: DataFrame, won: DataFrame) -> DataFrame:
    """Three who bid together again and again, win nearly all of it among them, and each wins."""
    one, two, three = (bids.select(*PROCESS, F.col("party_id").alias(name)) for name in ("a", "b", "c"))
    triples = one.join(two, list(PROCESS), "inner").where("a < b").join(three, list(PROCESS), "inner").where("b < c")
    often = triples.groupBy("source", "a", "b", "c").count().where(f"count >= {say.ROTATION}").drop("count")
    seen = triples.join(often, ["source", "a", "b", "c"], "inner").join(won.groupBy(*PROCESS).agg(F.min("winner").alias("winner")), list(PROCESS), "left")
    ring = seen.groupBy("source", "a", "b", "c").agg(
        F.count(F.lit(1)).alias("n"), F.avg(F.expr("CASE WHEN winner IN (a, b, c) THEN 1.0 ELSE 0.0 END")).alias("share"), F.countDistinct(F.expr("CASE WHEN winner IN (a, b, c) THEN winner END")).alias("winners"),
        F.sort_array(F.collect_set("ocid")).alias("related"),
    ).where(f"winners = 3 AND share >= {say.ROTATION_SHARE}")  # fmt: skip
    flagged = seen.join(ring, ["source", "a", "b", "c"], "inner").groupBy(*PROCESS).agg(F.max_by(F.struct("n", "related"), F.struct("n", "related")).alias("ring"))
    return _flagged(flagged, "bid_rotation", F.col("ring.n"), F.lit(say.ROTATION), F.col("ring.related"))
