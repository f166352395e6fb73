"""quality pages: one site of the quality of all data, from the whole ledger. Needs no Spark."""

from __future__ import annotations

import sys

from jobs.contracts.load import load_all
from jobs.platform.settings import Settings, load_settings
from jobs.quality.site.build import Built, build


def run(settings: Settings, again: bool = False) -> Built:
    """Bring the pages up to date; what has not changed is not written. Raises LakeError naming datasets whose pages could not be made."""
    return build(settings, load_all(settings.root)[0], again)


def main() -> None:
    """`jobs/quality_pages.py [--again]`"""
    built = run(load_settings(), "--again" in sys.argv[1:])
    print(f"{built.pages} pages of {built.datasets} datasets")  # noqa: T201


if __name__ == "__main__":
    main()
