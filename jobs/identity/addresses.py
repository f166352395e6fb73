"""Dwellings out of addresses as people write them: 南昌市东湖区阳光路12号锦绣花园3栋2单元501室 and 锦绣花园3-2-501 are one."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

HOME = re.compile(
    r"(?P<before>.*?\D)?(?P<building>\d+)(?:号楼|栋|幢|座|-)(?:(?P<unit>\d+)(?:单元|-))?(?P<room>\d+)(?:室|房|号)?$"
)  # what stands at the end: building, sometimes the unit, room
PLACE = re.compile(r".*(?:省|市|区|县|街道|镇|乡|社区|村|路|街|道|巷|弄|\d+号)(?=.)")  # what stands before the estate, whose own name may end so: 丰源新村


class Dwelling(NamedTuple):
    estate: str | None
    building: str | None
    room: str | None


def dwelling(address: str | None) -> Dwelling:
    """Estate, building and room; nulls where the address does not end in a building and a room."""
    found = HOME.match(re.sub(r"\s+", "", unicodedata.normalize("NFKC", address or "")))
    if not found:
        return Dwelling(None, None, None)
    before = found["before"] or ""
    return Dwelling(PLACE.sub("", before) or before or None, found["building"], found["room"])
