"""Resident ids against the rules of GB 11643."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.identity import resident_id
from jobs.identity.persons import born_key, person

EXAMPLE = "11010519491231002X"  # the example that GB 11643-1999 gives
BODIES = st.builds(lambda day, number: f"360102{day:%Y%m%d}{number:03d}", st.dates(dt.date(1920, 1, 1), dt.date(1999, 12, 31)), st.integers(0, 999))


def test_the_standards_own_example() -> None:
    assert resident_id.is_sound(EXAMPLE) and resident_id.sex(EXAMPLE) == "F" and resident_id.birthday(EXAMPLE) == dt.date(1949, 12, 31)
    assert resident_id.written(" 110105 19491231 002x ") == EXAMPLE and resident_id.written("３６０１０２８５０１０１００１") == "360102850101001"
    assert resident_id.written("000000000000000000") is None and resident_id.written("999999999999999") is None  # somebody had to fill the field in


@given(BODIES, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(body: str, place: int, more: int) -> None:
    id_ = body + resident_id.check_digit(body)
    wrong = id_[:place] + str((int(id_[place]) + more) % 10) + id_[place + 1 :]
    assert resident_id.is_sound(id_) and not resident_id.is_sound(wrong)


@given(BODIES)
def test_both_lengths_have_one_short_form(body: str) -> None:
    id_ = body + resident_id.check_digit(body)
    old = id_[:6] + id_[8:17]
    assert resident_id.short(id_) == resident_id.short(old) == old and resident_id.birthday(id_) == resident_id.birthday(old) and resident_id.sex(id_) == resident_id.sex(old)


@pytest.mark.parametrize("text", [None, "", "无", "36010219", "X60102198501010011", "3601021985010100112"])
def test_what_is_no_id_is_none(text: str | None) -> None:
    assert resident_id.written(text) is None


def test_a_record_says_what_its_id_says() -> None:
    found = person("陳　偉", EXAMPLE, None, None, None, None, None)
    assert (found.name, found.sound, found.family, found.born, found.sex, found.id_sound) == ("陈伟", "chen wei", "chen", "1949-12-31", "F", "1") and found.is_told
    unsound = person("王芳", EXAMPLE[:-1] + "1", "1985-11-03", "女", None, None, "138-0000 1111")
    assert (unsound.id_sound, unsound.born, unsound.sex, unsound.phone) == ("0", "1985-11-03", "F", "13800001111")
    assert not person("王芳", None, "1985-11-03", None, None, None, None).is_told


def test_swapped_days_have_one_key() -> None:
    assert born_key("1985-11-03") == born_key("1985-03-11") != born_key("1986-11-03")
