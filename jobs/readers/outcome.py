"""Why a delivery is refused, in words a clerk can act on."""

from __future__ import annotations

MOST = 900  # characters of a message: what a file holds may be quoted in it, and a header may be megabytes long


class Refused(Exception):
    """This file cannot be landed. `reason` is a fixed word for counting, the message says what to do."""

    def __init__(self, reason: str, message: str) -> None:
        message = message if len(message) <= MOST else f"{message[:MOST]} …"
        super().__init__(message)
        self.reason = reason
        self.message = message

    def __reduce__(self) -> tuple[type[Refused], tuple[str, str]]:
        return Refused, (self.reason, self.message)
