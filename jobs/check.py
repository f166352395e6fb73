"""check: the rules that need many rows, then the whole suite by Great Expectations; a delivery that fails is held before silver."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import SparkSession

from jobs.contracts.model import Contract
from jobs.deliveries.holds import Hold, holds, outcome_of, review
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.outage import Outage
from jobs.platform.settings import Settings
from jobs.quality.answer_site import publish_answers
from jobs.quality.compile import fused, reader_rule
from jobs.quality.docs_site import publish, publish_index
from jobs.quality.history import note
from jobs.quality.many import JudgedInSpark, in_order, in_spark, judge_in_spark, rejected_in_spark
from jobs.quality.measures import Measures
from jobs.quality.parameters import parameters
from jobs.quality.plugins import load
from jobs.quality.rules import Rule, columns_of, judging, on_trial
from jobs.quality.shared import condition_of, groups, name_of, said_of_each
from jobs.quality.trial import ENGINE
from jobs.quality.trial_run import trial_results
from jobs.quality.validate import Verdict, validate
from jobs.quality.vocabulary import ORDERED
from jobs.tables.bronze import judged_rows, read


@dataclass(frozen=True)
class Checked:
    dataset: str
    deliveries: int
    held: tuple[tuple[str, str], ...]  # (file, reason)
    failed: int  # results that are not a success, of any severity


def run(spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule]) -> Checked:
    """Check every landed delivery that is not checked yet. Repeating it writes the same rows again.

    Raises LakeError, once the others are checked, naming the deliveries that no verdict could be had on; they wait, with the reason in the ledger.
    Raises Outage at once where a server has gone.
    """
    load(settings.root)
    ledger, every, trials = Ledger(settings), rules, on_trial(rules)
    rules = judging(rules)
    waiting = [row for row in ledger.deliveries(contract.dataset) if row["outcome"] == "landed" and not row["checked"]]
    if not waiting:
        _reviewed(spark, settings, ledger, contract, rules)
        return Checked(contract.dataset, 0, (), 0)
    judged, broken = _judged_in_spark(spark, ledger, contract, rules, waiting)
    held = dict(judged.held)
    rest = sorted((_measured(row, judged) for row in waiting if row["delivery"] not in broken), key=lambda row: str(row["period"]))  # a period is compared with the one before
    asked = contract.tolerated_rejected_share < 1 and in_spark(rules) and ledger.first("rejections", 1, contract.dataset)
    rejected = rejected_in_spark(spark, settings, contract, [row["delivery"] for row in rest]) if asked else {}
    results: list[dict[str, Any]] = []
    passed: list[dict[str, Any]] = []
    for group in groups(rest, rules):
        try:
            verdicts = _validate(spark, settings, contract, rules, group, parameters(ledger, contract, rules, group[0], passed))
        except Outage:
            raise
        except LakeError as problem:
            broken |= {row["delivery"]: problem for row in group}
            continue
        for row in group:
            mine = _results(contract, rules, verdicts, row, alone=len(group) == 1)
            results += mine
            if reason := held.get(row["delivery"]) or _hold(contract, rules, mine, row, rejected.get(row["delivery"], 0)):
                held[row["delivery"]] = reason
            else:
                passed.append(row | {"checked": True})
    publish_index(settings)
    counted = trial_results(spark, ledger, contract, trials, [row for row in rest if row["delivery"] not in broken])
    ledger.merge("checks", [*results, *counted])
    note(ledger, contract, every, [*results, *counted])
    whole = holds(spark, ledger, contract, rest, held, broken)
    outcomes = [_unchecked(row, broken[d]) if (d := row["delivery"]) in broken else outcome_of(row, whole[d]) for row in waiting]
    told = [row | outcome for row, outcome in zip(waiting, outcomes, strict=True) if outcome["checked"]]
    publish_answers(settings, contract, rules, _answered(told), results)  # before the ledger: what is checked is not looked at again
    ledger.merge("deliveries", outcomes)
    _reviewed(spark, settings, ledger, contract, rules)
    names = {row["delivery"]: row["name"] for row in waiting}
    if broken:
        first = next(iter(broken.values()))
        raise LakeError(f"{', '.join(names[d] for d in broken)[:300]} of {contract.dataset} could not be checked: {first.message}", first.way_out)
    return Checked(contract.dataset, len(waiting), _held(names, whole), sum(not r["success"] for r in results))


def _judged_in_spark(
    spark: SparkSession, ledger: Ledger, contract: Contract, rules: Sequence[Rule], rows: Sequence[dict[str, Any]]
) -> tuple[JudgedInSpark, dict[str, LakeError]]:
    """What was judged, and delivery → why it could not be. All at once; where that fails, one by one, so that each fails alone."""
    deliveries = [row["delivery"] for row in rows]
    try:
        landed = {row["delivery"]: Measures.from_json(row["measures"]).keys for row in rows}
        return judge_in_spark(spark, ledger, contract, rules, deliveries, landed), {}
    except Outage:
        raise
    except LakeError as problem:
        if len(deliveries) == 1:
            return JudgedInSpark(), {deliveries[0]: problem}
    parts = [_judged_in_spark(spark, ledger, contract, rules, [row]) for row in rows]
    return sum((judged for judged, _ in parts), JudgedInSpark()), {k: v for _, broken in parts for k, v in broken.items()}


def _measured(row: dict[str, Any], judged: JudgedInSpark) -> dict[str, Any]:
    """The delivery with the counts of its keys beside what landing measured."""
    return row | {"measures": replace(Measures.from_json(row["measures"]), keys=dict(judged.keys.get(row["delivery"], {}))).to_json()}


def _validate(spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule], group: Sequence[dict[str, Any]], said: dict[str, Any]) -> dict[str, Verdict]:
    each = {row["delivery"]: Measures.from_json(row["measures"]) for row in group}
    rows, asked, names = judged_rows(read(spark, settings, contract), list(each)), list(rules), [c.name for c in contract.columns]
    if len(group) > 1:
        asked, names = said_of_each(rules, list(each)), [*names, "_delivery"]
    frame = (in_order(rows) if any(rule.type in ORDERED for rule in rules) else rows).select(*names)
    validation = validate(frame, asked, sum(each.values(), Measures()), contract.dataset, contract.personal_columns, said, {d: (condition_of(d), own) for d, own in each.items()} if len(group) > 1 else None)
    publish(settings, contract, group, validation.result)
    return {verdict.rule.id: verdict for verdict in validation.verdicts}


def _results(contract: Contract, rules: Sequence[Rule], verdicts: dict[str, Verdict], row: dict[str, Any], alone: bool) -> list[dict[str, Any]]:
    """Rows of ops.checks for one delivery. In a shared validation each delivery's own counts are those that were taken of it, and its share decides."""
    measures, native = Measures.from_json(row["measures"]), {rule.id for rule in fused(rules)}
    now = dt.datetime.now(dt.UTC)
    out = []
    for rule in rules:
        verdict, own = verdicts.get(name_of(rule, row["delivery"])) or verdicts[rule.id], measures.all.get(rule.id)
        counted = own is not None and (not alone or verdict.unexpected is None)
        out.append(_check_row(contract, row, rule, now) | {
            "evaluated": own.evaluated if counted and own else verdict.evaluated, "unexpected": own.unexpected if counted and own else verdict.unexpected,
            "success": verdict.success if alone or own is None else own.share_met >= rule.mostly, "engine": "fused" if rule.id in native else "spark", "observed": verdict.observed,
            "sample": json.dumps(own.samples if own else [], ensure_ascii=False, default=str),
        })  # fmt: skip
    for rule_id, measure in measures.rules.items():
        if own_rule := reader_rule(rule_id):
            out.append(_check_row(contract, row, own_rule, now) | {
                "evaluated": measure.evaluated, "unexpected": measure.unexpected, "success": measure.unexpected == 0, "engine": "landing", "observed": None,
                "sample": json.dumps(measure.samples, ensure_ascii=False, default=str),
            })  # fmt: skip
    return out


def _check_row(contract: Contract, row: dict[str, Any], rule: Rule, now: dt.datetime) -> dict[str, Any]:
    return {
        "dataset": contract.dataset, "delivery": row["delivery"], "rule": rule.id, "type": rule.type, "column": ", ".join(columns_of(rule)), "severity": rule.severity,
        "mostly": rule.mostly, "fingerprint": rule.fingerprint, "checked_at": now,
    }  # fmt: skip


def _hold(contract: Contract, rules: Sequence[Rule], results: Sequence[dict[str, Any]], row: dict[str, Any], rejected: int) -> str | None:
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
    share = ((row["quarantined"] or 0) + rejected) / row["rows"] if row["rows"] else 0.0
    if share > contract.tolerated_rejected_share:
        return f"{share:.1%} of the rows are rejected, the contract tolerates {contract.tolerated_rejected_share:.1%}"
    return None


def _expected(rule: Rule) -> str:
    return ", ".join(f"{key} {value}" for key, value in rule.kwargs.items() if key not in ("column", "mostly"))


def _reviewed(spark: SparkSession, settings: Settings, ledger: Ledger, contract: Contract, rules: Sequence[Rule]) -> None:
    """What has come since, or what a person decided, may end a hold."""
    rows = review(spark, ledger, contract)
    if rows:
        publish_answers(settings, contract, rules, _answered(rows), [row for row in ledger.rows("checks", dataset=contract.dataset) if row["engine"] != ENGINE])
        ledger.merge("deliveries", [outcome_of(row, Hold(row["reason"], row["message"])) for row in rows])


def _answered(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Who let a delivery through, and why, is nothing the department has to mend."""
    return [row if row["reason"] else row | {"message": None} for row in rows]


def _held(names: dict[str, str], whole: dict[str, Hold]) -> tuple[tuple[str, str], ...]:
    return tuple((names[delivery], str(hold.message)) for delivery, hold in whole.items() if hold.reason)


def _unchecked(row: dict[str, Any], problem: LakeError) -> dict[str, Any]:
    """It stays landed and waits; conform takes only what was checked."""
    return outcome_of(row, Hold(None, None)) | {"checked": False, "outcome": "landed", "reason": "unchecked", "message": problem.message}


def main() -> None:
    """By spark-submit: `jobs/check.py <dataset> [--period PERIOD]…`"""
    from jobs.cli.submit import submitted

    submitted("check")


if __name__ == "__main__":
    main()
