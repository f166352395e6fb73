"""lake check: contracts and suites, with file and line"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from jobs.cli.console import console
from jobs.contracts.load import BrokenContract, Finding, load_all
from jobs.contracts.model import Contract
from jobs.contracts.odcs import did_you_mean
from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings
from jobs.quality.implied import rules_of
from jobs.quality.rules import Rule
from jobs.quality.suites import lint_suite, orphans, suite_path


def add(app: typer.Typer) -> None:
    app.command("check")(check)


def check(only: Annotated[list[str] | None, typer.Argument(metavar="DATASET|FILE", help="check only these; all when left out")] = None) -> None:
    """Check contracts and expectation suites; exit 1 when something is wrong. Example: [bold]./lake check finance.spend conf/datasets/health/covid_case.yaml[/]"""
    root = load_settings().root
    contracts, findings = load_all(root)
    findings += orphans(root)
    wanted = chosen(root, contracts, findings, only or [])
    contracts = [c for c in contracts if _files(root, c) & wanted]
    rules: list[tuple[Contract, Rule]] = []
    for contract in contracts:
        try:
            rules += [(contract, rule) for rule in rules_of(contract, root)]
            findings += lint_suite(contract, root)
        except BrokenContract as problem:
            findings += problem.findings
    findings = [f for f in findings if Path(f.path).resolve() in wanted]
    for finding in findings:
        console.print(_shown(finding), highlight=False, soft_wrap=True)
    unfused = [f"{contract.dataset} {rule.id}: judged in Spark, not while landing: {rule.unfused}" for contract, rule in rules if rule.unfused]
    for line in unfused:
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    console.print(f"{len(contracts)} contracts, {len(rules)} rules ({len(unfused)} unfused), {len(findings)} findings")
    raise typer.Exit(1 if findings else 0)


def chosen(root: Path, contracts: Sequence[Contract], findings: Sequence[Finding], only: Sequence[str]) -> set[Path]:
    """The files `only` names (all when it names none). Raises LakeError for a name that is neither a dataset nor a file of one."""
    files = {c.dataset: _files(root, c) for c in contracts}
    for path in {Path(f.path) for f in findings}:
        files.setdefault(f"{path.parent.name}.{path.stem}", set()).add(path.resolve())
    if not only:
        return set().union(*files.values())
    found: set[Path] = set()
    for name in only:
        here = files.get(name) or next((paths for paths in files.values() if Path(name).resolve() in paths), None)
        if not here:
            raise LakeError(f"{name!r} is neither a dataset nor a file of one{did_you_mean(name, files)}", f"datasets are {', '.join(sorted(files))}")
        found |= here
    return found


def _files(root: Path, contract: Contract) -> set[Path]:
    return {Path(contract.path).resolve(), suite_path(root, contract).resolve()}


def _shown(finding: Finding) -> str:
    return f"[red]{finding.path}:{finding.line}:{finding.column}[/]: {finding.message}"
