"""Records that no values could be taken out of: they are in no measure of a rule, so the first of them are kept beside these."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.quality.compile import MASK
from jobs.quality.measures import SAMPLES, RuleMeasure
from jobs.readers.frames import Ragged

RAGGED = "ragged"  # the rule of a record whose number of fields is not the header's
LONGEST = 200  # characters of a record that are kept: where a quote never closes it may be most of the file


def ragged_measures(ragged: Sequence[Ragged], *, personal: bool) -> dict[str, RuleMeasure]:
    """Nothing where there is none. A sample is the text as sent, the fields (or characters) it has, and those it should have.

    `personal`: a column is; which part of such a text it is nobody can tell, so all of it is masked.
    """
    if not ragged:
        return {}
    some = tuple((r.record, [MASK if personal else _cut(r.text), r.actual, r.expected]) for r in ragged[:SAMPLES])
    return {RAGGED: RuleMeasure(len(ragged), 0, len(ragged), some)}


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
