"""The one error a person is meant to read."""

from __future__ import annotations


class LakeError(Exception):
    """`message`: what is wrong, in one line; `way_out`: what to do about it."""

    def __init__(self, message: str, way_out: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.way_out = way_out


def signed(by: str, because: str) -> tuple[str, str]:
    """Who decided and why, without blanks around. Raises LakeError where one is missing."""
    if not by.strip() or not because.strip():
        raise LakeError("a decision has a name and a reason", "say --by NAME --because TEXT")
    return by.strip(), because.strip()
