"""The finance bureau: budgets, special funds, what was allocated, paid and built. Workbooks, GB18030 text, dBASE and JSON."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Dataset, Repeats, Truth, resent
from jobs.sample.city.draws import normal
from jobs.sample.city.events import funds
from jobs.sample.city.events.chance import between
from jobs.sample.city.events.companies import companies
from jobs.sample.city.events.formats import dbf
from jobs.sample.city.events.funds import FUNDS, projects
from jobs.sample.city.events.scene import Scene, delivered, scene
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.writers import csv, excel, json_document

TRANCHES = ((0.5, -18), (0.3, 70), (0.2, 140))  # of the planned amount, days after the start
ADJUSTED_AFTER = 100
ALLOCATION = ("拨款单号", "文号", "类型", "专项代码", "项目编号", "收款单位", "金额(万元)", "拨付日期")
PAYMENT_FIELDS = {
    "ZFPZH": ("C", 16, 0), "XMBH": ("C", 18, 0), "ZXDM": ("C", 4, 0), "FKDW": ("C", 50, 0), "SKR": ("C", 80, 0), "SKRDM": ("C", 18, 0), "JE": ("N", 14, 2), "YT": ("C", 60, 0),
    "ZFRQ": ("D", 8, 0), "ZFFS": ("C", 8, 0),
}  # fmt: skip
PROJECT = {
    "projectCode": pl.String, "projectName": pl.String, "fundCode": pl.String, "implementer.name": pl.String, "implementer.district": pl.String, "contract.supplier": pl.String,
    "contract.amount": pl.Float64, "startDate": pl.String, "progress.percent": pl.Float64, "progress.status": pl.String, "progress.acceptedOn": pl.String, "progress.remark": pl.String,
    "beneficiaries": pl.Int64, "matchedProject": pl.String,
}  # fmt: skip


def _special_funds(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Budgets of a year: what its projects cost, and a reserve."""
    totals = np.array([sum(p.amount for p in projects(scene(plan)) if p.fund == k) for k in range(len(FUNDS))])
    reserve = between(plan.seed, "fund/reserve", 1.02, 1.15, np.arange(len(FUNDS)), period.first.year)
    return pl.DataFrame({
        "专项代码": [f[0] for f in FUNDS], "专项资金名称": [f[1] for f in FUNDS], "主管部门": [f[2] for f in FUNDS], "功能分类": [f[5] for f in FUNDS],
        "使用范围": ["、".join(f[3]) for f in FUNDS], "预算数(万元)": np.round(totals * reserve / 10_000, 2),
    })  # fmt: skip


def _budgets(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """A department's budget by function class; special funds are a fifth of it."""
    grouped = _special_funds(plan, part, period).group_by("主管部门", "功能分类", maintain_order=True).agg(pl.col("预算数(万元)").sum().alias("sum"))
    of = np.arange(grouped.height)
    first = grouped["sum"].to_numpy() * between(plan.seed, "budget", 4.0, 6.0, of, period.first.year)
    adjusted = first * normal(plan.seed, "budget/adjusted", 1.0, 0.03, of, period.first.year)
    return grouped.select(pl.col("主管部门").alias("部门"), pl.col("功能分类").alias("功能分类科目"), pl.Series("年初预算数", np.round(first, 2)), pl.Series("调整预算数", np.round(adjusted, 2)))


@lru_cache(maxsize=4)
def _all_allocations(city: Scene) -> pl.DataFrame:
    rows: list[tuple[object, ...]] = []
    by_code = {p.code: p for p in projects(city)}
    for p in projects(city):
        for k, (share, days) in enumerate(TRANCHES):
            on = p.start + dt.timedelta(days=days)
            rows.append((f"BK{p.number:05d}{k + 1:02d}", f"财专〔{on.year}〕{p.number % 97 + 1}号", "拨付", FUNDS[p.fund][0], p.code, p.unit, round(p.amount * share / 10_000, 2), on))
        if p.adjusted_to:
            on, amount, other = p.start + dt.timedelta(days=ADJUSTED_AFTER), round(p.payments[2].amount / 10_000, 2), by_code[p.adjusted_to]
            document = f"财调〔{on.year}〕{p.number % 53 + 1}号"
            rows.append((f"BK{p.number:05d}90", document, "调减", FUNDS[p.fund][0], p.code, p.unit, -amount, on))
            rows.append((f"BK{p.number:05d}91", document, "调增", FUNDS[other.fund][0], other.code, other.unit, amount, on))
    return pl.DataFrame(rows, schema=list(ALLOCATION), orient="row").sort("拨付日期", "拨款单号")


def _allocations(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    found = delivered(_all_allocations(scene(plan)), "拨付日期", period)
    amounts = [f"{amount:,.2f}" for amount in found["金额(万元)"].to_list()]
    return found.with_columns(pl.Series("金额(万元)", amounts, dtype=pl.String), pl.col("拨付日期").dt.strftime("%Y年%m月%d日"))


@lru_cache(maxsize=4)
def _all_payments(city: Scene) -> pl.DataFrame:
    rows = [
        (f"ZF{p.number:06d}{k + 1:03d}", p.code, FUNDS[p.fund][0], p.unit, x.payee, float(x.amount), x.purpose, x.on, "直接支付" if x.payee >= 0 else "授权支付")
        for p in projects(city) for k, x in enumerate(p.payments)
    ]  # fmt: skip
    table = pl.DataFrame(rows, schema=["ZFPZH", "XMBH", "ZXDM", "FKDW", "number", "JE", "YT", "ZFRQ", "ZFFS"], orient="row")
    named = table.join(companies(city).select("number", "name", "credit_code"), on="number", how="left", maintain_order="left")
    return named.with_columns(SKR=pl.coalesce("name", "FKDW"), SKRDM=pl.col("credit_code")).select(*PAYMENT_FIELDS).sort("ZFRQ", "ZFPZH")


def _payments(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    return delivered(_all_payments(scene(plan)), "ZFRQ", period)


def _projects(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Every project that has begun, as its unit reports it on the last day."""
    city, rows = scene(plan), []
    codes = companies(city)["credit_code"].to_list()
    for p in projects(city):
        if p.start > period.last:
            continue
        done = funds.progress(p, period.last)
        accepted = p.start + dt.timedelta(days=int(185 / p.speed)) if done >= 100 and p.accepted else None
        accepted = accepted if accepted and accepted <= period.last else None
        status = "停工" if p.halted else "验收" if accepted else "完工" if done >= 100 else "在建"
        rows.append((p.code, p.name, FUNDS[p.fund][0], p.unit, city.districts[p.district][1], codes[p.contractor], round(p.amount / 10_000, 2), str(p.start), done, status,
                     str(accepted) if accepted else None, p.halted or None, p.beneficiaries, p.matched_with or None))  # fmt: skip
    return pl.DataFrame(rows, schema=PROJECT, orient="row")


def _truth(plan: Plan, part: int) -> Truth:
    yield "fund_diversion", funds.truth(scene(plan))


DATASETS = (
    Dataset("finance.special_fund", _special_funds, excel("目录", "市级专项资金目录"), "year", "snapshot", ("专项代码",), file="专项资金目录.xlsx"),
    Dataset("finance.budget", _budgets, excel("预算", "部门预算（单位：万元）"), "year", "snapshot", ("部门", "功能分类科目"), file="部门预算.xlsx"),
    Dataset("finance.allocation", _allocations, csv("gb18030"), "month", "increment", ("拨款单号",), file="拨款明细.csv", repeats=Repeats(2), file_faults=(resent(-1),)),
    Dataset("finance.payment", _payments, dbf(PAYMENT_FIELDS), "month", "increment", ("ZFPZH",), file="ZF{period}.DBF", truth=_truth),
    Dataset("finance.project", _projects, json_document("data.projects", {"source": "专项资金项目管理系统"}), "month", "snapshot", ("projectCode",), file="projects.json"),
)  # fmt: skip
