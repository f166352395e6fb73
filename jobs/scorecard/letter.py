"""The letter to the head of a department: a month on a page of letter size, in the contracts' language, with what is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from jobs.contracts.model import Contract, Language
from jobs.platform.errors import LakeError
from jobs.quality.answer_words import rule_of
from jobs.quality.compile import reader_rule
from jobs.quality.rules import Rule
from jobs.quality.site.addresses import department_key, letter_key
from jobs.quality.site.pages import render
from jobs.scorecard.chart import chart
from jobs.scorecard.score import Score
from jobs.scorecard.words import WORDS

REASONS, PLACES = 8, 1
LATELY = 12  # months of the table


@dataclass(frozen=True)
class Department:
    """`scores`: dataset → its months, oldest first; `rules`: dataset → its rules."""

    name: str
    contracts: Sequence[Contract]
    scores: Mapping[str, Sequence[Score]]
    rules: Mapping[str, Sequence[Rule]]

    @property
    def language(self) -> Language:
        return Counter(contract.language for contract in self.contracts).most_common(1)[0][0]

    @property
    def months(self) -> list[str]:
        return sorted({score.month for mine in self.scores.values() for score in mine})

    @property
    def owner(self) -> str:
        return Counter(contract.owner for contract in self.contracts).most_common(1)[0][0]

    def of(self, month: str) -> list[tuple[Contract, Score]]:
        found = [(contract, score) for contract in self.contracts for score in self.scores.get(contract.dataset, ()) if score.month == month]
        return sorted(found, key=lambda pair: pair[0].dataset)


def letter(department: Department, month: str | None = None) -> str:
    """HTML by itself. `month`: `YYYY-MM`, the newest where none is said. Raises LakeError for a department or month of which nothing is known."""
    if not department.months:
        raise LakeError(f"nothing of {department.name} has come yet", "the scorecard follows from deliveries; see ./lake status")
    chosen = month or department.months[-1]
    if chosen not in department.months:
        raise LakeError(f"there is no scorecard of {department.name} for {chosen}", f"there are {', '.join(department.months[-LATELY:])}")
    words = WORDS[department.language]
    return render(
        "letter.j2", letter_key(department.name), department=department, month=chosen, rows=department.of(chosen), reasons=_reasons(department, chosen), asks=asks(department, chosen), w=words,
        chart=Markup(chart({d: [s for s in mine if s.month <= chosen] for d, mine in department.scores.items()}, words)), language=department.language,
    )  # fmt: skip


def department_page(department: Department) -> str:
    """The page of the quality site: every month, for operators and so in English."""
    words, key = WORDS["en"], department_key(department.name)
    return render("department.j2", key, department=department, letter=letter_key(department.name), w=words, lately=LATELY, chart=Markup(chart(department.scores, words, 900)))


def asks(department: Department, month: str) -> list[str]:
    """What the department could do better, the weightiest first; one sentence each."""
    w, found = WORDS[department.language], []
    for contract, score in department.of(month):
        about = {"dataset": contract.title, "expected": score.expected}
        if score.expected and score.present is not None and score.present < score.expected:
            found.append(w["ask_missing"].format(**about, count=score.expected - score.present))
        if score.late_days is not None and score.present is not None and score.on_time is not None:
            found.append(w["ask_late"].format(**about, count=score.present - score.on_time, days=f"{score.late_days:.{PLACES}f}"))
        if score.refused:
            found.append(w["ask_refused"].format(**about, count=score.refused))
        if score.rejected and score.rejected_share is not None and score.reasons:
            found.append(w["ask_rows"].format(**about, share=f"{score.rejected_share:.2%}", reason=_words(department, contract, next(iter(score.reasons)))))
        if score.drift:
            found.append(w["ask_drift"].format(**about, count=score.drift))
    return found


def _reasons(department: Department, month: str) -> list[tuple[str, str, int]]:
    """(dataset's title, what was wrong, rows), the most frequent first."""
    found = [(contract.title, _words(department, contract, rule), rows) for contract, score in department.of(month) for rule, rows in score.reasons.items()]
    return sorted(found, key=lambda each: -each[2])[:REASONS]


def _words(department: Department, contract: Contract, rule_id: str) -> str:
    """A rule in words, with the column as the department calls it."""
    rule = next((rule for rule in department.rules.get(contract.dataset, ()) if rule.id == rule_id), None) or reader_rule(rule_id)
    if rule is None:
        return rule_id
    column = next((c for c in contract.columns if c.name == rule.kwargs.get("column")), None)
    name = "" if column is None else column.name if column.source.startswith("$") else column.source
    return (f"{name}: " if name else "") + rule_of(rule, department.language)
