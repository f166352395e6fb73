"""Resident ids of the People's Republic of China as clerks write them: 18 digits (GB 11643) and the 15 digits in use until 2013.

18 digits: county code (6), birthday (8), sequence number (3, odd for men), check digit (ISO 7064 MOD 11-2). 15 digits: the same without the century
and without the check digit. An id of either length has one form of 15 in common; the check digit tells whether 18 digits were copied as they stand.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
NOT_AN_ID = re.compile(r"[^0-9X]")
MALE, FEMALE = "M", "F"


def written(text: str | None) -> str | None:
    """As digits and X, full-width digits and blanks put right; None where it has neither 15 nor 18 places, or is made of one or two digits only: somebody had to fill the field in."""
    if not text:
        return None
    digits = NOT_AN_ID.sub("", unicodedata.normalize("NFKC", text).upper())
    return digits if len(digits) in (15, 18) and digits[:-1].isdigit() and len(set(digits)) > 2 else None


def check_digit(body: str) -> str:
    """Of the first 17 digits."""
    return CHECKS[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]


def is_sound(digits: str) -> bool:
    """18 digits whose check digit is right and whose birthday is a day; no single wrong digit passes."""
    return len(digits) == 18 and check_digit(digits[:17]) == digits[17] and birthday(digits) is not None


def short(digits: str) -> str:
    """The 15 digits that both lengths have."""
    return digits if len(digits) == 15 else digits[:6] + digits[8:17]


def birthday(digits: str) -> dt.date | None:
    """The day in the id; of 15 digits one of the 20th century, as the last of them were given out in 1999. None where it is no day."""
    text = digits[6:14] if len(digits) == 18 else "19" + digits[6:12]
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


def sex(digits: str) -> str | None:
    """M or F, by the sequence number."""
    last = digits[16] if len(digits) == 18 else digits[14]
    return (MALE if int(last) % 2 else FEMALE) if last.isdigit() else None
