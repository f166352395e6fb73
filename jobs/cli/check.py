"""lake check: contracts and suites, with file and line"""

from __future__ import annotations

import typer
from rich.console import Console

from jobs.contracts.load import BrokenContract, Finding, load_all
from jobs.platform.settings import load_settings
from jobs.quality.implied import rules_of

console = Console()


def add(app: typer.Typer) -> None:
    app.command("check")(check)


def check() -> None:
    """Check every contract and expectation suite. Example: [bold]./lake check[/]"""
    settings = load_settings()
    contracts, findings = load_all(settings.root)
    rules = 0
    for contract in contracts:
        try:
            rules += len(rules_of(contract, settings.root))
        except BrokenContract as problem:
            findings += problem.findings
    for finding in findings:
        console.print(_shown(finding), highlight=False, soft_wrap=True)
    console.print(f"{len(contracts)} contracts, {rules} rules, {len(findings)} findings")
    raise typer.Exit(1 if findings else 0)


def _shown(finding: Finding) -> str:
    return f"[red]{finding.path}:{finding.line}:{finding.column}[/]: {finding.message}"
