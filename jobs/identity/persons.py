"""What a register says of a person, in the forms that are compared. Pure: a record's values in, derived columns out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from functools import cache

from jobs.identity import resident_id
from jobs.identity.addresses import dwelling
from jobs.identity.names import look, simplified, sound, surname

MALE = frozenset(("男", "M", "MALE", "1", "男性"))
FEMALE = frozenset(("女", "F", "FEMALE", "2", "女性"))


@dataclass(frozen=True)
class Person:
    """Derived columns of a record; all texts, null where the record does not tell.

    `name`: simplified; `sound`: its pinyin without tones; `look`: with look-alike characters made one; `family`: the surname's sound. `id`: 15 or 18
    places; `id_sound`: "1" where its check digit and birthday are right, "0" where not; `id15`: the form that both lengths have, of ids that may be wrong too; `born`:
    YYYY-MM-DD, as written, or of a sound id; `born_key`: the same with the smaller of month and day first; `sex`: M or F, as written, or of a sound id.
    """

    name: str | None
    sound: str | None
    look: str | None
    family: str | None
    id: str | None
    id15: str | None
    id_sound: str | None
    born: str | None
    born_key: str | None
    sex: str | None
    community: str | None
    estate: str | None
    building: str | None
    room: str | None
    phone: str | None

    @property
    def is_told(self) -> bool:
        """Whether two records that say the same are surely of one person: an id and a name. Others are compared one by one."""
        return self.name is not None and self.id is not None


@cache
def columns() -> tuple[str, ...]:
    return tuple(field.name for field in fields(Person))


def person(name: str | None, id_: str | None, born: dt.date | str | None, sex: str | None, address: str | None, community: str | None, phone: str | None) -> Person:
    """Of what a record says; anything may be missing."""
    plain = simplified(name) if name else None
    digits = resident_id.written(id_)
    is_sound = digits is not None and resident_id.is_sound(digits)
    day = str(born) if born else None
    if day is None and digits and is_sound:
        day = str(resident_id.birthday(digits))
    home = dwelling(address)
    return Person(
        name=plain or None, sound=sound(plain) if plain else None, look=look(plain) if plain else None, family=sound(surname(plain)) if plain else None,
        id=digits, id15=resident_id.short(digits) if digits else None, id_sound=None if digits is None else "1" if is_sound else "0", born=day, born_key=born_key(day) if day else None,
        sex=_sex(sex) or (resident_id.sex(digits) if digits and is_sound else None), community=community or None, estate=home.estate, building=home.building, room=home.room,
        phone="".join(c for c in phone if c.isdigit()) or None if phone else None,
    )  # fmt: skip


def born_key(day: str) -> str:
    """1985-11-03 and 1985-03-11 have one."""
    year, month, date = day.split("-")
    return "-".join((year, *sorted((month, date))))


def _sex(text: str | None) -> str | None:
    said = (text or "").strip().upper()
    return resident_id.MALE if said in MALE else resident_id.FEMALE if said in FEMALE else None
