"""What runs beside what when `./lake test` uses two processes: tests that share a stack run one after another, beside those with a stack of their own or none.

pytest-xdist's own groups (`--dist loadgroup`) are read from the node ids, which pytest 9.2 no longer lets it rename; so the group comes from the file.
"""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling

OWN_STACK = ("test_kills", "test_quarantine_kills", "test_second_checkout")
SHARED_STACK = ("tests/integration/", "tests/e2e/", "tests/corpus/")
GROUPS = ("shared stack", "own stack")  # in the order of their start: the longest first


def group_of(nodeid: str) -> str:
    """The group of a test: tests of one group never run at the same time."""
    path = nodeid.split("::")[0]
    if any(path.endswith(f"/{name}.py") for name in OWN_STACK):
        return "own stack"
    return "shared stack" if path.startswith(SHARED_STACK) else path


def rank(nodeid: str) -> int:
    """Where a test's group comes in the order of work."""
    group = group_of(nodeid)
    return GROUPS.index(group) if group in GROUPS else len(GROUPS)


class ByStack(LoadScopeScheduling):
    """Hands out whole groups, in the order of the collection."""

    def __init__(self, config: Any, log: Any = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
