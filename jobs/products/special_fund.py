"""curated.special_fund: each project of a special fund from budget to beneficiary, how much of the money was used and how late, and signs that it left its purpose."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

WAN = 10_000  # yuan
IDLE_DAYS = 90  # money that reached a unit is to be used within a quarter
TWIN_DAYS = 30  # two claims of one site begin close together
AHEAD = 0.3  # of the contract: what may be paid before the work is done
TOLERATED = 0.01  # of what was allocated: roundings and bank fees
SIGNALS = {
    "paid_to_other": "more than a hundredth of the allocation went to a payee that is neither the contractor nor covered by an approved move of money",
    "kept_by_unit": "the unit paid more than a hundredth of the allocation into its own account",
    "idle": f"nothing was paid within {IDLE_DAYS} days of the first allocation, and no reason is on file",
    "payee_struck_off": "a payee was struck off before it was paid",
    "paid_ahead": f"paid more than {AHEAD:.0%} of the contract beyond the reported progress",
    "done_not_accepted": "the work is reported done and paid in full, for a quarter, and nobody accepted it",
    "claimed_twice": f"another project has the same contractor or name and as many beneficiaries in the district, began within {TWIN_DAYS} days, and neither declares the other",
}


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a project; amounts in CNY."""
    projects = _current(inputs["finance.project"]).withColumn("contract_yuan", F.col("contract_wan_yuan") * WAN)
    allocated, paid = inputs["finance.allocation"], inputs["finance.payment"]
    seen = allocated.select(F.col("allocated_on").alias("day")).unionByName(paid.select(F.col("paid_on").alias("day"))).agg(F.max("day").alias("as_of"))
    rows = projects.join(_allocations(allocated), "project_code", "left").join(_payments(paid, projects, allocated, inputs["market.company"]), "project_code", "left")
    rows = rows.join(_funds(inputs), "fund_code", "left").join(_twins(projects), "project_code", "left").crossJoin(seen)
    zero: dict[str, bool | float | int | str] = dict.fromkeys(("allocated_yuan", "moved_yuan", "paid_yuan", "paid_contractor_yuan", "paid_moved_yuan", "kept_yuan", "unexplained_yuan", "payments", "struck_off_payments"), 0)
    return _signalled(rows.fillna(zero).withColumn("absorption_percent", F.when(F.col("allocated_yuan") > 0, F.col("paid_yuan") / F.col("allocated_yuan") * 100)))


def _current(snapshots: DataFrame) -> DataFrame:
    return snapshots.where("_is_current")


def _funds(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """fund_code → the fund, its budget and that of its department's class."""
    budgets = _current(inputs["finance.budget"]).select("department", "function_class", (F.col("adjusted_wan_yuan") * WAN).alias("department_budget_yuan"))
    funds = _current(inputs["finance.special_fund"]).select("fund_code", "fund", "department", "function_class", "purpose", (F.col("budget_wan_yuan") * WAN).alias("fund_budget_yuan"))
    return funds.join(budgets, ["department", "function_class"], "left")


def _allocations(allocated: DataFrame) -> DataFrame:
    """project_code → allocated_yuan (moves counted in), moved_yuan: what an approved document moved to (+) or away (−)."""
    moved = F.when(F.col("kind") != "拨付", F.col("amount_wan_yuan") * WAN).otherwise(0)
    return allocated.groupBy("project_code").agg(F.sum(F.col("amount_wan_yuan") * WAN).alias("allocated_yuan"), F.sum(moved).alias("moved_yuan"), F.min("allocated_on").alias("first_allocated_on"))


def _payments(paid: DataFrame, projects: DataFrame, allocated: DataFrame, companies: DataFrame) -> DataFrame:
    """project_code → what was paid, and to whom. A payee may be the contractor of the project to which money was moved under the same document."""
    moves = allocated.where("kind = '调减'").select("project_code", "document_no").join(
        allocated.where("kind = '调增'").select("document_no", F.col("project_code").alias("other")), "document_no", "inner"
    ).join(projects.select(F.col("project_code").alias("other"), F.col("contractor_code").alias("payee_code")), "other", "inner").select("project_code", "payee_code").distinct()  # fmt: skip
    of = projects.select("project_code", "contractor_code")
    ended = _current(companies).select(F.col("credit_code").alias("payee_code"), "ended_on")
    lines = paid.join(of, "project_code", "inner").join(moves.withColumn("is_moved", F.lit(True)), ["project_code", "payee_code"], "left").join(ended, "payee_code", "left")
    to = F.when(F.col("payee_code") == F.col("contractor_code"), "contractor").when(F.col("is_moved"), "moved").when(F.col("payee") == F.col("unit"), "unit").otherwise("other")
    lines = lines.withColumn("to", to)
    return lines.groupBy("project_code").agg(
        F.sum("amount_yuan").alias("paid_yuan"), _to("contractor").alias("paid_contractor_yuan"), _to("moved").alias("paid_moved_yuan"), _to("unit").alias("kept_yuan"), _to("other").alias("unexplained_yuan"),
        F.count(F.lit(1)).alias("payments"), F.min("paid_on").alias("first_paid_on"), F.max("paid_on").alias("last_paid_on"),
        F.count(F.when(F.col("ended_on") < F.col("paid_on"), 1)).alias("struck_off_payments"), F.to_json(F.sort_array(F.collect_set(F.when(F.col("to").isin("other", "unit"), F.col("payment_no"))))).alias("questioned_payments"),
    )  # fmt: skip


def _to(who: str) -> Column:
    return F.sum(F.when(F.col("to") == who, F.col("amount_yuan")).otherwise(0))


def _twins(projects: DataFrame) -> DataFrame:
    """project_code → twin_project: the other claim of one site."""
    kept = ("project_code", "project", "district", "contractor_code", "beneficiaries", "started_on", "matched_project")
    one, two = projects.select(*[F.col(n).alias(f"a_{n}") for n in kept]), projects.select(*[F.col(n).alias(f"b_{n}") for n in kept])
    near = (F.col("a_district") == F.col("b_district")) & (F.abs(F.datediff("a_started_on", "b_started_on")) <= TWIN_DAYS) & (F.col("a_project_code") != F.col("b_project_code"))
    alike = (F.col("a_contractor_code") == F.col("b_contractor_code")) | (F.levenshtein("a_project", "b_project") <= F.length("a_project") / 3)
    as_many = (F.col("a_beneficiaries") == F.col("b_beneficiaries")) & (F.col("a_beneficiaries") > 0)
    declared = F.coalesce(F.col("a_matched_project") == F.col("b_project_code"), F.lit(False)) | F.coalesce(F.col("b_matched_project") == F.col("a_project_code"), F.lit(False))
    found = one.join(two, near & as_many & alike, "inner").where(~declared)
    return found.groupBy(F.col("a_project_code").alias("project_code")).agg(F.min("b_project_code").alias("twin_project"))


def _signalled(rows: DataFrame) -> DataFrame:
    limit = F.col("allocated_yuan") * TOLERATED
    waited = F.datediff(F.coalesce("first_paid_on", "as_of"), F.col("first_allocated_on"))
    conditions = {
        "paid_to_other": F.col("unexplained_yuan") > limit, "kept_by_unit": F.col("kept_yuan") > limit, "idle": (waited > IDLE_DAYS) & F.col("halted_because").isNull(),
        "payee_struck_off": F.col("struck_off_payments") > 0, "paid_ahead": F.col("paid_yuan") / F.col("contract_yuan") > F.col("progress_percent") / 100 + AHEAD,
        "done_not_accepted": (F.col("progress_percent") >= 100) & F.col("accepted_on").isNull() & (F.col("paid_yuan") >= F.col("contract_yuan") * (1 - AHEAD)) & (F.datediff("as_of", "last_paid_on") > IDLE_DAYS),
        "claimed_twice": F.col("twin_project").isNotNull(),
    }  # fmt: skip
    names = F.array_compact(F.array(*[F.when(condition, F.lit(name)) for name, condition in conditions.items()]))
    rows = rows.withColumn("days_to_first_payment", F.datediff("first_paid_on", "first_allocated_on")).withColumn("names", names)
    return rows.withColumn("signals", F.to_json("names")).withColumn("signal_count", F.size("names"))
