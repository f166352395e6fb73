"""The screen: as wide as the terminal; where there is none (a log, a pipe), wide enough for the tables."""

from __future__ import annotations

import sys

from rich.console import Console

console = Console(width=None if sys.stdout.isatty() else 150)
