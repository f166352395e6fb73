"""Kinds of households and who lives in them, so that sizes and ages come out as the 7th census (2020) found them."""

from __future__ import annotations

from dataclasses import dataclass

MALE, FEMALE, ANY, OTHER = 1, 2, 0, 3  # OTHER: not the sex of the head


@dataclass(frozen=True)
class Member:
    """`role` in the household. Age: between `youngest` and `oldest` years, of the head itself, or as a difference to the member number `of`."""

    role: str
    sex: int
    youngest: int
    oldest: int
    of: int | None = None


@dataclass(frozen=True)
class Kind:
    """`share`: percent of all households."""

    name: str
    share: float
    members: tuple[Member, ...]

    @property
    def size(self) -> int:
        return len(self.members)


def _head(youngest: int, oldest: int, sex: int = ANY) -> Member:
    return Member("head", sex, youngest, oldest)


SPOUSE = Member("spouse", OTHER, -4, 2, 0)
CHILD, SECOND = Member("child", ANY, -33, -23, 0), Member("child", ANY, -37, -27, 0)
FATHER, MOTHER, PARENT = Member("parent", MALE, 22, 32, 0), Member("parent", FEMALE, 20, 30, 0), Member("parent", ANY, 22, 32, 0)
KINDS = (
    Kind("young alone", 6.4, (_head(19, 35),)),
    Kind("alone", 5.6, (_head(36, 59),)),
    Kind("old alone", 10.5, (_head(60, 92),)),
    Kind("old couple", 12.6, (_head(56, 84, MALE), SPOUSE)),
    Kind("young couple", 5.0, (_head(24, 38, MALE), SPOUSE)),
    Kind("couple", 5.2, (_head(39, 55, MALE), SPOUSE)),
    Kind("parent and child", 4.0, (_head(26, 50), CHILD)),
    Kind("with a parent", 4.0, (_head(30, 55), PARENT)),
    Kind("couple and child", 14.5, (_head(25, 46, MALE), SPOUSE, CHILD)),
    Kind("couple and grown child", 5.0, (_head(46, 62, MALE), SPOUSE, CHILD)),
    Kind("couple with a parent", 1.5, (_head(30, 55, MALE), SPOUSE, PARENT)),
    Kind("couple and two children", 9.0, (_head(28, 47, MALE), SPOUSE, CHILD, SECOND)),
    Kind("three generations", 4.7, (_head(27, 48, MALE), SPOUSE, CHILD, PARENT)),
    Kind("three generations, two old", 4.2, (_head(27, 46, MALE), SPOUSE, CHILD, FATHER, MOTHER)),
    Kind("three generations, two young", 3.4, (_head(28, 46, MALE), SPOUSE, CHILD, SECOND, PARENT)),
    Kind("three generations, six", 5.9, (_head(28, 46, MALE), SPOUSE, CHILD, SECOND, FATHER, MOTHER)),
)
SIZES = {1: 25.4, 2: 29.7, 3: 21.0, 4: 13.2, 5: 6.2, 6: 4.6}  # percent of households; six and more are six here
AGES = {"0-14": 17.95, "15-59": 63.35, "60+": 18.70}  # percent of people
