"""Regexes that people write in contracts."""

from __future__ import annotations

import re


def bad_regex(pattern: str) -> str:
    """Why it is none; empty where it is one."""
    try:
        re.compile(pattern)
    except re.error as problem:
        return f"{pattern!r} is not a regex: {problem}"
    return ""
