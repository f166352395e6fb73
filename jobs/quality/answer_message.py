"""What is wrong with a file as a whole, for the department that sent it: in its language, without commands, rules' names or places in the lake."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from jobs.contracts.model import Contract, Language
from jobs.quality.answer_words import reason_of, rule_of
from jobs.quality.drift_words import refusal
from jobs.quality.rules import Rule
from jobs.readers.drift import Event

# of this system and of nobody's data: commands, addresses of objects, files of the machine
COMMAND = re.compile(r"[^.!?。]*\./lake\b[^。]*")
PLACE = re.compile(r"\b(?:s3a?|file|https?)://\S+|(?<![\w.])/(?:[\w.@+-]+/)+[\w.@+-]*")
SHARE = re.compile(r"([\d.]+%) of the rows are rejected, the contract tolerates ([\d.]+%)")
OPENS = {  # of a reason whose words for the department do not begin with what is wrong
    "unsafe_xml": "XML 中含有 DTD 或实体声明", "held": "整体校验未通过", "unchecked": "数据已读取,尚未完成校验",
}  # fmt: skip
WHERE = (
    (re.compile(r"\b(?:near )?[Ll]ine (\d+(?:,\d{3})*)"), "第 {} 行"), (re.compile(r"\b(?:[Rr]ow|[Rr]ecord|[Ee]ntry) (\d+(?:,\d{3})*)"), "第 {} 条"), (re.compile(r"\bat byte (\d+(?:,\d{3})*)"), "第 {} 字节"),
    (re.compile(r"\b(?:bytes|stand) ((?:[0-9a-f]{2} )*[0-9a-f]{2})\b"), "字节 {}"),
)  # fmt: skip
QUOTED = re.compile(r"'([^']{1,80})'")
NAMED = 6  # quoted names that are said again


def whole(contract: Contract, rules: Sequence[Rule], row: Mapping[str, Any], checks: Sequence[Mapping[str, Any]] = (), drift: Sequence[Event] = ()) -> str:
    """`row`: of ops.deliveries; `checks`: of ops.checks; `drift`: of ops.drift, all of one delivery. Empty where nothing is to be said of the whole."""
    language, message, reason = contract.language, str(row["message"] or ""), row["reason"]
    if said := refusal(contract, reason, drift, language):
        return said
    if reason == "held":
        return _held(rules, checks, message, language)
    if reason == "unchecked":
        return OPENS["unchecked"] + "。" if language == "zh" else "The data was read, and could not be checked yet."
    if language == "zh" and reason:
        return _chinese(reason, message)
    return plain(message)


def plain(message: str) -> str:
    """A message of the ledger without commands of operators and without places that only they can reach."""
    return PLACE.sub("…", COMMAND.sub("", message)).strip()


def _held(rules: Sequence[Rule], checks: Sequence[Mapping[str, Any]], message: str, language: Language) -> str:
    zh = language == "zh"
    if share := SHARE.search(message):
        return f"被退回的行占 {share[1]},超过约定的 {share[2]}。" if zh else f"{share[1]} of the rows are rejected; at most {share[2]} are agreed."
    by_id = {rule.id: rule for rule in rules}
    failed = [(by_id[c["rule"]], c) for c in checks if not c["success"] and c["severity"] == "critical" and c["rule"] in by_id]
    stopped = [pair for pair in failed if pair[0].scope == "aggregate" or "mostly" in pair[0].kwargs]
    said = [_stopped(rule, check, language) for rule, check in stopped]
    return ("整体校验未通过:" if zh else "A check of the whole failed: ") + (";" if zh else "; ").join(said) + ("。" if zh else ".") if said else reason_of("held", language)


def _stopped(rule: Rule, check: Mapping[str, Any], language: Language) -> str:
    zh = language == "zh"
    said = rule_of(rule, language)
    if rule.scope == "aggregate":
        found = check.get("observed")
        return said + (f"(实际为 {found})" if zh else f" (found: {found})") if found not in (None, "") else said
    return said + (f"({check['evaluated']:,} 行中有 {check['unexpected']:,} 行不符)" if zh else f" ({check['unexpected']:,} of {check['evaluated']:,} rows do not meet it)")


def _chinese(reason: str, message: str) -> str:
    """What is wrong, and where: the places and names in the ledger's message, which is English."""
    what = OPENS.get(reason) or reason_of(reason, "zh").partition(",请")[0].rstrip("。")
    message = plain(message)
    places = [form.format(found) for pattern, form in WHERE for found in pattern.findall(message)[:1]]
    names = [f"“{name}”" for name in dict.fromkeys(QUOTED.findall(message))][:NAMED]
    where = [f"位置:{','.join(places)}"] if places else []
    return "。".join([what, *where, *([f"涉及:{'、'.join(names)}"] if names else [])]) + "。"
