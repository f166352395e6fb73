"""What runs beside what when `./lake test` uses two processes: the tests of a file, those that look at the demo and Airflow, and those with a stack of their own, run one after another;
files run beside each other, as each has tables of its own.

pytest-xdist's own groups (`--dist loadgroup`) are read from the node ids, which pytest 9.2 no longer lets it rename; so the group comes from the file.
"""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling

OWN_STACK = ("test_kills", "test_quarantine_kills", "test_second_checkout")
ONE_AFTER_ANOTHER = ("tests/e2e/", "own stack")  # groups of many files
ON_THE_STACK = ("tests/integration/", "tests/corpus/")


def group_of(nodeid: str) -> str:
    """The group of a test: tests of one group never run at the same time."""
    path = nodeid.split("::")[0]
    if any(path.endswith(f"/{name}.py") for name in OWN_STACK):
        return "own stack"
    return "tests/e2e/" if path.startswith("tests/e2e/") else path


def rank(nodeid: str) -> int:
    """Where a test's group comes in the order of work: the longest first, so that both processes end at about the same time."""
    group = group_of(nodeid)
    if group in ONE_AFTER_ANOTHER:
        return ONE_AFTER_ANOTHER.index(group)
    return 2 if group.startswith(ON_THE_STACK) else 3


class ByStack(LoadScopeScheduling):
    """Hands out whole groups, in the order of the collection."""

    def __init__(self, config: Any, log: Any = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
