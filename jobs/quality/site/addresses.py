"""Where a page stands in the docs bucket, and the way from one page to another."""

from __future__ import annotations

import posixpath
from urllib.parse import quote

ROOT = "quality"
OVERVIEW = f"{ROOT}/index.html"
LINEAGE = f"{ROOT}/lineage/index.html"
STATE = f"{ROOT}/state.json"
DEPARTMENTS_MADE = f"{ROOT}/departments/made.json"


def dataset_key(table: str) -> str:
    return f"{ROOT}/{table}/index.html"


def made_key(table: str) -> str:
    """What the delivery pages of a dataset were made from."""
    return f"{ROOT}/{table}/made.json"


def delivery_key(table: str, delivery: str) -> str:
    return f"{ROOT}/{table}/deliveries/{delivery}.html"


def department_key(department: str) -> str:
    return f"{ROOT}/departments/{department}.html"


def letter_key(department: str) -> str:
    return f"{ROOT}/departments/{department}-letter.html"


def href(page: str, target: str) -> str:
    """A relative link from the page at one key to what stands at another; keys may hold any character."""
    return quote(posixpath.relpath(target, posixpath.dirname(page)))
