"""curated.service_gap: how far demand exceeds supply in each community and service, whether that grows, and what to offer first to whom, with the reasons."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.products.near import WALK_KM, within_walk
from jobs.products.residents import GROUP

# The need is one unknown with two indicators: what there is a head (log of reference over access), and how many ask (callers over expected). Each counts by its own error
# (inverse variance), and what a caller more means is learnt from the city itself: a weighted regression of the second on the first, over all communities of the month.
KEY = ("month", "community_code", "service")
WINDOW = 6  # months of calls that a month is judged by: calls are few
ROUNDING = 1 / 12  # variance of a number rounded to whole places
CENSUS_ERROR = 0.02  # of the bureau's yearly estimate of a street, relative
MODEL_ERROR = 0.05  # of the line from supply to callers, in logs
LEAST_RATIO = 0.2  # of callers to expected, for their Poisson variance
SURE = 2.0  # standard errors that tell a change from chance
NO_PLACES = 0.5  # where there is no place at all: less than one, for the logarithm
FAR_KM = WALK_KM


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a month, community and service. `gap`: 0.5 says that half as much again is needed; below 0 there is some to spare."""
    supply, demand = inputs["curated.service_supply"], inputs["curated.service_demand"]
    near = within_walk(inputs["planning.community"].where("_is_current")).select("community_code", "near_code")
    months = demand.select("month").distinct()
    rows = supply.join(_called(demand, near, months), list(KEY), "left").join(_people(demand), list(KEY), "left")
    rows = rows.fillna(0, ["people", "requests", "callers"]).where("catchment_residents > 0 AND reference_per_1000 > 0")
    return _reasons(_ranked(_changing(_estimated(_indicators(rows)))))


def _called(demand: DataFrame, near: DataFrame, months: DataFrame) -> DataFrame:
    """month, community_code, service → requests in the month, callers within a walk in WINDOW months."""
    asked = demand.groupBy(*KEY).agg(F.sum("requests").alias("requests"), F.sum("callers").alias("callers"))
    around = near.join(asked.select("month", F.col("community_code").alias("near_code"), "service", "callers"), "near_code", "inner").groupBy(*KEY).agg(F.sum("callers").alias("callers"))
    back = F.months_between(F.to_date("until", "yyyy-MM"), F.to_date("month", "yyyy-MM"))
    spread = around.crossJoin(F.broadcast(months.withColumnRenamed("month", "until"))).where((back >= 0) & (back < WINDOW))
    summed = spread.groupBy(F.col("until").alias("month"), "community_code", "service").agg(F.sum("callers").alias("callers"))
    return summed.join(asked.drop("callers"), list(KEY), "left")


def _people(demand: DataFrame) -> DataFrame:
    """month, community_code, service → people it is for, and the three groups that most of them are of: those on the allowance first."""
    groups = demand.where("people > 0").select(*KEY, "people", F.struct((F.col("income_band") == "allowance").cast("int").alias("first"), "people", *GROUP).alias("group"))
    top = F.slice(F.sort_array(F.collect_list("group"), asc=False), 1, 3)
    return groups.groupBy(*KEY).agg(F.sum("people").alias("people"), F.to_json(F.transform(top, lambda g: g.dropFields("first"))).alias("first_groups"))


def _indicators(rows: DataFrame) -> DataFrame:
    """x: lack of supply, in logs; y: callers over expected; each with what its error hangs on."""
    service = Window.partitionBy("month", "service")
    each = F.sum(F.col("callers").cast("decimal(38,6)")).over(service) / F.sum(F.col("catchment_residents")).over(service)
    at_hand = F.greatest(F.col("access_per_1000").cast("double"), NO_PLACES * 1000 / F.col("catchment_residents").cast("double"))
    x = F.log(F.col("reference_per_1000").cast("double") / at_hand)
    rows = rows.withColumn("expected", (F.col("catchment_residents") * each).cast("double")).withColumn("x", x)
    return rows.withColumn("y", F.when(F.col("expected") > 0, F.col("callers") / F.col("expected"))).withColumn("x_var", F.lit(ROUNDING) / F.pow(F.greatest("catchment_capacity", F.lit(1)), 2) + CENSUS_ERROR**2)


def _estimated(rows: DataFrame) -> DataFrame:
    """z: the need in logs from both indicators, with its variance. Where callers do not rise as supply falls, supply alone tells."""
    weight, month = F.coalesce("expected", F.lit(0.0)), Window.partitionBy("month")

    def total(value: Column) -> Column:
        return F.sum(F.coalesce(value, F.lit(0.0)).cast("decimal(38,12)")).over(month).cast("double")

    w, wx, wy, wxx, wxy = (total(weight * value) for value in (F.lit(1.0), F.col("x"), F.col("y"), F.col("x") * F.col("x"), F.col("x") * F.col("y")))
    rows = rows.withColumns({"_w": w, "_wx": wx, "_wy": wy, "_wxx": wxx, "_wxy": wxy})
    spread = F.col("_w") * F.col("_wxx") - F.col("_wx") * F.col("_wx")
    rows = rows.withColumn("slope", F.when(spread > 0, (F.col("_w") * F.col("_wxy") - F.col("_wx") * F.col("_wy")) / spread))
    rows = rows.withColumn("start", (F.col("_wy") - F.col("slope") * F.col("_wx")) / F.col("_w")).drop("_w", "_wx", "_wy", "_wxx", "_wxy")
    told = (F.col("slope") > 0) & (F.col("expected") > 0)
    y_var = F.greatest(F.col("start") + F.col("slope") * F.col("x"), F.lit(LEAST_RATIO)) / F.col("expected") / F.pow("slope", 2) + MODEL_ERROR**2
    rows = rows.withColumn("need_by_calls", F.when(told, (F.col("y") - F.col("start")) / F.col("slope"))).withColumn("_yw", F.when(told, 1 / y_var).otherwise(0.0)).withColumn("_xw", 1 / F.col("x_var"))
    z = (F.col("x") * F.col("_xw") + F.coalesce("need_by_calls", F.lit(0.0)) * F.col("_yw")) / (F.col("_xw") + F.col("_yw"))
    return rows.withColumn("z", z).withColumn("error", F.sqrt(1 / (F.col("_xw") + F.col("_yw")))).withColumn("gap", F.round(F.exp(z) - 1, 4))


def _changing(rows: DataFrame) -> DataFrame:
    """Against the month before."""
    before = Window.partitionBy("community_code", "service").orderBy("month")
    rows = rows.withColumn("gap_change", F.round(F.col("gap") - F.lag("gap").over(before), 4)).withColumn("gap_error", F.round(F.exp("z") * F.col("error"), 4))
    sure = F.abs("gap_change") > SURE * F.col("gap_error")
    return rows.withColumn("trend", F.when(F.col("gap_change").isNull(), "unknown").when(sure & (F.col("gap_change") > 0), "growing").when(sure, "shrinking").otherwise("steady"))


def _ranked(rows: DataFrame) -> DataFrame:
    """What to offer first: by the people whose need is not met. `offer_rank` in the city, `service_rank` in the community; none where nothing is short beyond doubt."""
    short = F.col("gap") > SURE * F.col("gap_error")
    unmet = F.when(F.col("gap") > 0, F.col("people") * F.col("gap") / (1 + F.col("gap"))).otherwise(0.0)
    rows = rows.withColumn("is_short", short).withColumn("unmet_people", F.round(unmet, 2))
    city = Window.partitionBy("month", "is_short").orderBy(F.desc("unmet_people"), F.desc("gap"), "community_code", "service")
    community = Window.partitionBy("month", "community_code", "is_short").orderBy(F.desc("unmet_people"), F.desc("gap"), "service")
    return rows.withColumn("offer_rank", F.when(short, F.row_number().over(city))).withColumn("service_rank", F.when(short, F.row_number().over(community)))


def _reasons(rows: DataFrame) -> DataFrame:
    """`reasons`: each with its value and what it is compared with."""

    def reason(holds: Column, name: str, value: Column, limit: Column) -> Column:
        return F.when(holds, F.struct(F.lit(name).alias("reason"), F.round(value.cast("double"), 3).alias("value"), F.round(limit.cast("double"), 3).alias("compared_with")))

    said = F.array(
        reason(F.col("access_per_1000") < F.col("reference_per_1000"), "fewer places than is usual in the city", F.col("access_per_1000"), F.col("reference_per_1000")),
        reason(F.col("callers") > F.col("expected"), "more callers than expected", F.col("callers"), F.col("expected")),
        reason(F.coalesce(F.col("nearest_km") > FAR_KM, F.lit(True)), "no place within a walk", F.col("nearest_km"), F.lit(FAR_KM)),
        reason(F.col("trend") == "growing", "the gap grows", F.col("gap_change"), F.col("gap_error") * SURE),
    )
    return rows.withColumn("reasons", F.when(F.col("is_short"), F.to_json(F.array_compact(said)))).withColumn("expected_callers", F.round("expected", 3)).withColumn(
        "gap_by_supply", F.round(F.exp("x") - 1, 4)).withColumn("gap_by_calls", F.round(F.exp("need_by_calls") - 1, 4))  # fmt: skip
