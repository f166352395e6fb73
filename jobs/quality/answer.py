"""The answer to a department about one delivered file: what was accepted, what was not, why, and how to mend it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template

from jobs.contracts.model import Column, Contract, Language
from jobs.quality.answer_message import whole
from jobs.quality.answer_words import mend_of, reason_of, rule_of, words
from jobs.quality.compile import MASK, reader_rule
from jobs.quality.measures import Measures, RuleMeasure
from jobs.quality.ragged import RAGGED
from jobs.quality.rules import Rule, columns_of
from jobs.readers.drift import Event
from jobs.readers.values import why

EXAMPLES = 20
# Spreadsheets take a text that starts like this for a formula and run it: the apostrophe keeps it a text (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Example:
    """`line`: of a text file; the row of a sheet; the number of the record elsewhere. `value` as sent, masked where it is personal, None where it is not kept.

    `why`: what is wrong with this value, where that is known better than of all of them.
    """

    line: int
    value: str | None
    why: str = ""


@dataclass(frozen=True)
class Fault:
    """One reason for which rows were rejected. `column` as the department calls it."""

    rule: str
    severity: str
    column: str
    wrong: str
    mend: str
    rows: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Answer:
    """`message` and `reason` are of a file that was refused or held as a whole."""

    language: Language
    title: str
    dataset: str
    owner: str
    period: str
    file: str
    sha256: str
    outcome: str
    reason: str
    message: str
    rows: int
    rejected: int
    faults: tuple[Fault, ...]


def answer(
    contract: Contract, rules: Sequence[Rule], row: Mapping[str, Any], checks: Sequence[Mapping[str, Any]] = (), in_spark: Sequence[Mapping[str, Any]] = (),
    drift: Sequence[Event] = (),
) -> Answer:  # fmt: skip
    """`row`: of ops.deliveries; `checks`: of ops.checks; `in_spark`: some of ops.rejections; `drift`: of ops.drift. All of this delivery; pure: the ledger says all of it."""
    language = contract.language
    faults = [*_landed(contract, rules, Measures.from_json(row["measures"])), *_ragged(contract, row), *_from_spark(contract, rules, checks, in_spark)]
    message = whole(contract, rules, row, checks, drift)
    return Answer(
        language, contract.title, contract.dataset, contract.owner, row["period"], row["name"], row["sha256"], row["outcome"],
        reason_of(row["reason"], language) if row["reason"] else "", message, row["rows"] or 0, row["quarantined"] or 0,
        tuple(sorted(faults, key=lambda f: (f.severity != "critical", -f.rows, f.rule))),
    )  # fmt: skip


def _landed(contract: Contract, rules: Sequence[Rule], measures: Measures) -> list[Fault]:
    known = {rule.id: rule for rule in rules}
    failed = [(known.get(name) or reader_rule(name), measure) for name, measure in measures.rules.items() if measure.unexpected]
    return [_fault(contract, rule, measure.unexpected, _explained(contract, rule, _examples(measure))) for rule, measure in failed if rule and rule.severity != "info"]


def _ragged(contract: Contract, row: Mapping[str, Any]) -> list[Fault]:
    """Lines that no fields could be taken out of: they are what is quarantined beyond the rows that were judged."""
    measures, said = Measures.from_json(row["measures"]), words(contract.language)
    name = form if (form := f"ragged_{contract.reader.format}") in said else "ragged"
    lines = (row["rows"] or 0) - measures.rows
    some, why = measures.rules.get(RAGGED, RuleMeasure()).samples, said.get(f"why_{name}", "")
    examples = tuple(Example(record, text, why.format(actual=actual, expected=expected)) for record, (text, actual, expected) in some[:EXAMPLES])
    return [Fault(RAGGED, "critical", "", said[name], said[f"mend_{name}"], lines, examples)] if lines > 0 and measures.rules else []


def _from_spark(contract: Contract, rules: Sequence[Rule], checks: Sequence[Mapping[str, Any]], some: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Rules that were judged in Spark: their rows are counted in ops.checks; the values stay in the lake."""
    known = {rule.id: rule for rule in rules if rule.scope != "aggregate" and rule.severity != "info"}
    failed = [(known[c["rule"]], c["unexpected"]) for c in checks if c["engine"] == "spark" and c["unexpected"] and c["rule"] in known]
    return [_fault(contract, rule, count, _lines(some, rule)) for rule, count in failed]


def _lines(some: Sequence[Mapping[str, Any]], rule: Rule) -> tuple[Example, ...]:
    return tuple(Example(line, None) for line in sorted(r["record"] for r in some if r["rule"] == rule.id)[:EXAMPLES])


def _examples(measure: RuleMeasure) -> tuple[Example, ...]:
    return tuple(Example(record, None if value is None else " / ".join(map(str, value)) if isinstance(value, list) else str(value)) for record, value in measure.samples[:EXAMPLES])


def _explained(contract: Contract, rule: Rule, examples: tuple[Example, ...]) -> tuple[Example, ...]:
    """Texts that are no value of their column, each with why; a value that is not shown has none."""
    if rule.type not in ("castable", "retyped"):
        return examples
    told = [e.value if e.value is not None and e.value != MASK else "" for e in examples]
    reasons = why(told, contract.column(columns_of(rule)[0]), contract)
    return tuple(Example(e.line, e.value, said or "") if text else e for e, text, said in zip(examples, told, reasons, strict=True))


def _fault(contract: Contract, rule: Rule, rows: int, examples: tuple[Example, ...]) -> Fault:
    columns = [contract.column(name) for name in columns_of(rule)]
    column = columns[0] if len(columns) == 1 else None
    return Fault(rule.id, rule.severity, ", ".join(map(_as_sent, columns)), rule_of(rule, contract.language), mend_of(rule, column, contract.language), rows, examples)


def _as_sent(column: Column) -> str:
    return column.name if column.source.startswith("$") else column.source


def html_of(said: Answer) -> str:
    """A page of its own: no script, no style sheet, nothing fetched from elsewhere."""
    return _page().render(answer=said, w=words(said.language))


@lru_cache(maxsize=1)
def _page() -> Template:
    return Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template("answer_page.j2")


def csv_of(said: Answer) -> bytes:
    """UTF-8 with BOM, as spreadsheets want it: one line an example, or one for a reason without any."""
    sink, w = io.StringIO(), words(said.language)
    table = csv.writer(sink)
    table.writerow([w[name] for name in ("file", "line", "column", "value", "wrong", "mend", "rows")])
    if said.message:
        table.writerow(_texts(said.file, "", "", "", said.message, said.reason, ""))
    for fault in said.faults:
        for example in fault.examples or (Example(0, None),):
            table.writerow(_texts(said.file, example.line or "", fault.column, example.value or "", example.why or fault.wrong, fault.mend, fault.rows))
    return b"\xef\xbb\xbf" + sink.getvalue().encode()


def _texts(*cells: Any) -> list[str]:
    return [f"'{text}" if (text := str(cell)).startswith(FORMULA) else text for cell in cells]
