"""Why a file was refused for its drift, in the language of the department."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.contracts.model import Contract, Language
from jobs.readers.drift import LONGEST, SHOWN, Event

REFUSED = ("new_column", "missing_column", "retyped_column")


def refusal(contract: Contract, reason: str | None, events: Sequence[Event], language: Language) -> str:
    """Empty where the reason is no drift, or where the message of the ledger says it in the language."""
    if language != "zh" or reason not in REFUSED:
        return ""
    mine = [event for event in events if event.kind == reason]
    if not mine:
        return ""
    if reason == "retyped_column":
        return f"字段 {_listed([f'{e.header[:LONGEST]}({e.found:,}/{e.looked_at:,} 个值)' for e in mine])} 的值与约定类型不符。"
    names = [contract.column(e.column).source if reason == "missing_column" else e.header for e in mine]
    said = "缺少约定的字段" if reason == "missing_column" else "出现未约定的字段"
    return f"{said}:{_listed(names)}。{_suggested(contract, events)}"


def _suggested(contract: Contract, events: Sequence[Event]) -> str:
    pairs = [(e.header, contract.column(e.suggestion).source) for e in events if e.kind == "new_column" and e.suggestion]
    return "".join(f"“{header[:LONGEST]}”是否即“{source}”?" for header, source in pairs[:SHOWN])


def _listed(names: Sequence[str]) -> str:
    return "、".join(name[:LONGEST] for name in names[:SHOWN]) + (f" 等 {len(names)} 个" if len(names) > SHOWN else "")
