"""check: the rules that need many rows, then the whole suite by Great Expectations; a delivery that fails is held before silver."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.quality.compile import fused
from jobs.quality.docs_site import publish
from jobs.quality.engine import columns_of
from jobs.quality.many import MOST, violations
from jobs.quality.measures import Measures
from jobs.quality.rules import Rule
from jobs.quality.validate import Verdict, validate

ONE_BY_ONE = 25


@dataclass(frozen=True)
class Checked:
    dataset: str
    deliveries: int
    held: tuple[tuple[str, str], ...]  # (file, reason)
    failed: int  # results that are not a success, of any severity


def run(spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule]) -> Checked:
    """Check every landed delivery that is not checked yet. Repeating it writes the same rows again."""
    ledger = Ledger(settings)
    waiting = [row for row in ledger.deliveries(contract.dataset) if row["outcome"] == "landed" and not row["checked"]]
    if not waiting:
        return Checked(contract.dataset, 0, (), 0)
    crowded = _many_rows(spark, ledger, contract, rules, waiting)
    results, held = [], {}
    for group in _groups(waiting, rules):
        verdicts = _validate(spark, settings, contract, rules, group)
        for row in group:
            mine = _results(contract, rules, verdicts, row, alone=len(group) == 1)
            results += mine
            reason = crowded.get(row["delivery"]) or _hold(contract, rules, mine, row)
            if reason:
                held[row["delivery"]] = reason
    ledger.merge("checks", results)
    ledger.merge("deliveries", [_outcome(contract, row, held.get(row["delivery"])) for row in waiting])
    names = {row["delivery"]: row["name"] for row in waiting}
    return Checked(contract.dataset, len(waiting), tuple((names[d], reason) for d, reason in held.items()), sum(not r["success"] for r in results))


def _many_rows(spark: SparkSession, ledger: Ledger, contract: Contract, rules: Sequence[Rule], rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Write ops.rejections; a delivery with too many violations is held instead (delivery → reason)."""
    deliveries = [row["delivery"] for row in rows]
    found = [v for rule in rules if rule.scope == "rows" for v in violations(spark, contract, rule, deliveries)]
    if len(found) > MOST:
        reason = f"more than {MOST:,} rows repeat a key with different content: the key or the dump is wrong"
        return {v["delivery"]: reason for v in found}
    if found:
        ledger.merge("rejections", found)
    return {}


def _groups(rows: Sequence[dict[str, Any]], rules: Sequence[Rule]) -> list[list[dict[str, Any]]]:
    """A delivery of its own where there are few, or where something needs a look; the spotless many share one validation."""
    aggregate = any(rule.scope == "aggregate" for rule in rules)
    if len(rows) <= ONE_BY_ONE or aggregate:
        return [[row] for row in rows]
    native = {rule.id for rule in fused(rules)}
    spotless = [row for row in rows if _spotless(Measures.from_json(row["measures"]), native)]
    clean = {row["delivery"] for row in spotless}
    return [*[[row] for row in rows if row["delivery"] not in clean], *([spotless] if spotless else [])]


def _spotless(measures: Measures, native: set[str]) -> bool:
    """Every rule was judged while landing (none is newer than that), and no row failed."""
    return native <= set(measures.rules) and not any(measure.unexpected for measure in measures.rules.values())


def _validate(spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule], group: Sequence[dict[str, Any]]) -> dict[str, Verdict]:
    deliveries = [row["delivery"] for row in group]
    frame = spark.table(f"bronze.{contract.table}").where(F.col("_delivery").isin(deliveries)).select(*[c.name for c in contract.columns])
    measures = sum((Measures.from_json(row["measures"]) for row in group), Measures())
    validation = validate(frame, rules, measures, contract.dataset)
    publish(settings, contract, group, validation.result)
    return {verdict.rule.id: verdict for verdict in validation.verdicts}


def _results(contract: Contract, rules: Sequence[Rule], verdicts: dict[str, Verdict], row: dict[str, Any], alone: bool) -> list[dict[str, Any]]:
    """Rows of ops.checks for one delivery. In a shared validation nothing failed, so each delivery's own counts are those landing made."""
    measures, native = Measures.from_json(row["measures"]), {rule.id for rule in fused(rules)}
    now = dt.datetime.now(dt.UTC)
    out = []
    for rule in rules:
        verdict, own = verdicts[rule.id], measures.rules.get(rule.id)
        counted = own is not None and (not alone or verdict.unexpected is None)
        out.append(_check_row(contract, row, rule, now) | {
            "evaluated": own.evaluated if counted and own else verdict.evaluated, "unexpected": own.unexpected if counted and own else verdict.unexpected,
            "success": verdict.success, "engine": "fused" if rule.id in native else "spark", "observed": verdict.observed,
            "sample": json.dumps(own.samples if own else [], ensure_ascii=False, default=str),
        })  # fmt: skip
    for rule_id, measure in measures.rules.items():
        if rule_id.startswith("castable:"):
            column = rule_id.partition(":")[2]
            rule = Rule(rule_id, "castable", {"column": column}, "critical", "row", "contract")
            out.append(_check_row(contract, row, rule, now) | {
                "evaluated": measure.evaluated, "unexpected": measure.unexpected, "success": measure.unexpected == 0, "engine": "landing", "observed": None,
                "sample": json.dumps(measure.samples, ensure_ascii=False, default=str),
            })  # fmt: skip
    return out


def _check_row(contract: Contract, row: dict[str, Any], rule: Rule, now: dt.datetime) -> dict[str, Any]:
    return {
        "dataset": contract.dataset, "delivery": row["delivery"], "rule": rule.id, "type": rule.type, "column": ", ".join(columns_of(rule)), "severity": rule.severity,
        "mostly": rule.mostly, "fingerprint": rule.fingerprint, "checked_at": now,
    }  # fmt: skip


def _hold(contract: Contract, rules: Sequence[Rule], results: Sequence[dict[str, Any]], row: dict[str, Any]) -> str | None:
    """Why this delivery must not reach silver, in plain words; None when it may."""
    by_id = {rule.id: rule for rule in rules}
    for result in results:
        rule = by_id.get(result["rule"])
        if rule is None or rule.severity != "critical" or result["success"]:
            continue
        if rule.scope == "aggregate":
            return f"{rule.id} failed: observed {result['observed']}, expected {_expected(rule)}"
        if "mostly" in rule.kwargs:
            return f"{rule.id} holds for too few rows: {result['unexpected']:,} of {result['evaluated']:,} fail, at least {rule.mostly:.0%} must hold"
    share = (row["quarantined"] or 0) / row["rows"] if row["rows"] else 0.0
    if share > contract.tolerated_rejected_share:
        return f"{share:.1%} of the rows are rejected, the contract tolerates {contract.tolerated_rejected_share:.1%}"
    return None


def _expected(rule: Rule) -> str:
    return ", ".join(f"{key} {value}" for key, value in rule.kwargs.items() if key not in ("column", "mostly"))


def _outcome(contract: Contract, row: dict[str, Any], reason: str | None) -> dict[str, Any]:
    held = {"outcome": "held" if reason else "landed", "reason": "held" if reason else None, "message": reason}
    return {"dataset": contract.dataset, "delivery": row["delivery"], "name": row["name"], "checked": True, "updated_at": dt.datetime.now(dt.UTC), **held}


def main() -> None:
    """By spark-submit: `jobs/check.py <dataset> [--period PERIOD]…`"""
    from jobs.cli.submit import submitted

    submitted("check")


if __name__ == "__main__":
    main()
