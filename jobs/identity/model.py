"""The linkage model: which columns are compared and how, which pairs are compared at all. Weights are learnt (Fellegi–Sunter by EM), not set.

One definition for every back end of splink: SQL that Spark and DuckDB both read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from splink import SettingsCreator

UNIQUE = "profile_id"
LINK = 2.0  # bits: pairs worth as much (odds of 4 to 1) are of one person
KEPT = -5.0  # bits: weaker pairs are not kept
REVIEW = (-2.0, 6.0)  # bits: pairs in between are worth a clerk's look
KEYS = ("id_head", "id_tail")  # made for blocking only
BOTH_IDS = "(id_l is not null and id_r is not null)"
TWO_SOUND = "(id_sound_l = '1' and id_sound_r = '1')"  # what is not told is no 1
TWO_WHOLE = f"({TWO_SOUND} and length(id_l) = 18 and length(id_r) = 18)"  # born a century apart
# 15 places: county 1–6, year 7–8, month 9–10, day 11–12, number 13–15
SWAPPED = (
    "substr(id15_l, 1, 8) = substr(id15_r, 1, 8) and substr(id15_l, 9, 2) = substr(id15_r, 11, 2) and substr(id15_l, 11, 2) = substr(id15_r, 9, 2)"
    " and substr(id15_l, 13, 3) = substr(id15_r, 13, 3)"
)


def level(sql: str, label: str, **more: Any) -> dict[str, Any]:
    return {"sql_condition": sql, "label_for_charts": label} | more


def comparison(name: str, null: str, *levels: dict[str, Any]) -> dict[str, Any]:
    return {"output_column_name": name, "comparison_levels": [level(null, "not told", is_null_level=True), *levels, level("ELSE", "differs")]}


ID, NAME, PLACE = (
    comparison(
        "id", "id_l is null or id_r is null",
        level("id_l = id_r", "same"),
        level(f"id15_l = id15_r and not {TWO_WHOLE}", "same but for the century and the check digit"),
        level(SWAPPED, "day and month swapped"),
        level(f"levenshtein(id15_l, id15_r) <= 2 and not {TWO_SOUND}", "one or two places differ, one of them copied wrongly"),
        level(TWO_SOUND, "two sound ids"),
    ),
    comparison(
        "name", "name_l is null or name_r is null",
        level("name_l = name_r", "same", tf_adjustment_column="name", tf_adjustment_weight=1.0),
        level("sound_l = sound_r", "sounds the same", tf_adjustment_column="sound", tf_adjustment_weight=1.0),
        level("look_l = look_r", "looks the same"),
        level("levenshtein(name_l, name_r) = 1 and length(name_l) > 1 and length(name_r) > 1", "one character differs"),
    ),
    comparison(
        "place", "(estate_l is null or estate_r is null) and (community_l is null or community_r is null)",
        level("estate_l = estate_r and building_l = building_r and room_l = room_r", "same dwelling"),
        level("estate_l = estate_r", "same estate"), level("community_l = community_r", "same community"),
    ),
)  # fmt: skip



def comparisons(learning: bool = False) -> list[Any]:
    """An id says birthday and sex too: where both records have one, comparing these again would count them twice. Weights are learnt from all pairs that
    tell them, as birthdays of strangers agree no more often where nobody wrote an id."""
    again = "" if learning else f" or {BOTH_IDS}"
    born = comparison(
        "born", f"born_l is null or born_r is null{again}",
        level("born_l = born_r", "same"), level("born_key_l = born_key_r", "day and month swapped"), level("levenshtein(born_l, born_r) = 1", "one digit differs"),
    )  # fmt: skip
    sex = comparison("sex", f"sex_l is null or sex_r is null{again}", level("sex_l = sex_r", "same"))
    return [ID, NAME, born, sex, PLACE]


# What two records of one person share, whatever was written wrongly; no key is a name alone, so that a name of one in a hundred makes no large block
BLOCKING = (
    ("id15",),
    ("sound", "id_head"),  # an error in the rest of the id
    ("sound", "id_tail"),  # an error in its beginning
    ("sound", "born_key"),
    ("family", "born", "sex"),  # another given name
    ("sound", "estate", "building"),
    ("sound", "phone"),
)
TRAINED_ON = (("id15",), ("sound", "born_key"), ("sound", "community"))




@dataclass(frozen=True)
class Model:
    """What is compared in one kind of register. `columns`: of a record, UNIQUE first; `comparisons(learning)`: splink's, as weights are learnt or pairs are
    scored; `blocking`: sets of columns, of which two records share one to be compared; `trained_on`: sets of columns that EM's pairs share; `alike`:
    columns that two records share almost only where they are of one person; `frequencies`: columns whose rare values say more than common ones."""

    columns: tuple[str, ...]
    comparisons: Callable[[bool], list[Any]]
    blocking: tuple[tuple[str, ...], ...]
    trained_on: tuple[tuple[str, ...], ...]
    alike: tuple[str, ...]
    frequencies: tuple[str, ...]

    def settings(self, learning: bool = False) -> SettingsCreator:
        """Without weights."""
        from splink import SettingsCreator, block_on  # a second of imports, which Python workers need not wait for

        return SettingsCreator(
            link_type="dedupe_only", unique_id_column_name=UNIQUE, comparisons=self.comparisons(learning), blocking_rules_to_generate_predictions=[block_on(*names) for names in self.blocking],
            retain_intermediate_calculation_columns=True, retain_matching_columns=True, max_iterations=30, em_convergence=0.0005,
        )  # fmt: skip

    @property
    def fingerprint(self) -> str:
        asked = [self.columns, self.comparisons(False), self.comparisons(True), self.blocking, self.trained_on, self.alike, self.frequencies]
        return hashlib.sha256(repr(asked).encode()).hexdigest()[:32]


COLUMNS = (UNIQUE, "name", "sound", "look", "family", "id", "id15", "id_sound", "born", "born_key", "sex", "community", "estate", "building", "room", "phone", *KEYS)
RESIDENTS = Model(COLUMNS, comparisons, BLOCKING, TRAINED_ON, ("id15",), ("name", "sound"))
