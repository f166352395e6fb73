"""quality pages: the scorecards, and one site of the quality of all data, from the whole ledger. Needs no Spark."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence

from jobs.contracts.load import load_all
from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings, load_settings
from jobs.quality.site import lineage
from jobs.quality.site.build import Built, build
from jobs.scorecard.pages import publish
from jobs.scorecard.record import read, record


def run(settings: Settings, again: bool = False, contracts: Sequence[Contract] | None = None, now: dt.datetime | None = None) -> Built:
    """Bring scorecards and pages up to date; what has not changed is not written. `contracts`: all of conf/ where none are given.

    Raises LakeError naming datasets whose pages could not be made.
    """
    known = load_all(settings.root)[0] if contracts is None else contracts
    record(settings, known, now or dt.datetime.now(dt.UTC))
    letters = publish(settings, known, read(settings), again)
    built = build(settings, known, again)
    return Built(built.datasets, built.pages + letters + lineage.write(settings, Ledger(settings)))


def main() -> None:
    """`jobs/quality_pages.py [--again]`"""
    built = run(load_settings(), "--again" in sys.argv[1:])
    print(f"{built.pages} pages of {built.datasets} datasets")  # noqa: T201


if __name__ == "__main__":
    main()
