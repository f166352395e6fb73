"""lake check: contracts and suites, with file and line"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from jobs.cli.console import console
from jobs.contracts.load import BrokenContract, Finding, load_all, load_products
from jobs.contracts.model import Contract
from jobs.contracts.odcs import did_you_mean
from jobs.contracts.product import DEPARTMENT
from jobs.identity import registers
from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings
from jobs.quality.implied import rules_of
from jobs.quality.rules import Rule, on_trial
from jobs.quality.suites import lint_suite, orphans, suite_path
from jobs.rules import model as dated_rules
from jobs.sharing.share import lint, share_paths


def add(app: typer.Typer) -> None:
    app.command("check")(check)


def check(
    only: Annotated[list[str] | None, typer.Argument(metavar="DATASET|FILE", help="check only these; all when left out")] = None,
    trial: Annotated[bool, typer.Option("--trial", help="run the dataset's rules on trial over what has landed")] = False,
    first: Annotated[str | None, typer.Option("--from", help="with --trial: first period")] = None,
    last: Annotated[str | None, typer.Option("--to", help="with --trial: last period")] = None,
    history: Annotated[bool, typer.Option("--history", help="every definition that the dataset's rules have had")] = False,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DAY|DELIVERY[#RECORD]", help="by which rules the dataset was judged by then, or this delivery or row was let in")] = None,
) -> None:
    """Check contracts and expectation suites; exit 1 when something is wrong. With an option: what rules did or would do. Example: [bold]./lake check finance.spend conf/datasets/health/covid_case.yaml[/]; [bold]./lake check --trial finance.spend --from 2013 --to 2014[/]"""
    if trial or history or as_of:
        return _of_one(only or [], trial, (first, last), history, as_of)
    if first or last:
        raise LakeError("--from and --to go with --trial", "e.g. ./lake check --trial finance.spend --from 2013 --to 2014")
    return _lint(only or [])


def _of_one(only: Sequence[str], trial: bool, periods: tuple[str | None, str | None], history: bool, as_of: str | None) -> None:
    from jobs.cli.data import contract_of
    from jobs.cli.rule_history import show_as_of, show_history, show_trial

    if len(only) != 1 or trial + history + bool(as_of) != 1:
        raise LakeError("--trial, --history and --as-of are asked one by one, of one dataset", "e.g. ./lake check --history finance.spend")
    settings = load_settings()
    contract = contract_of(settings, only[0])
    if trial:
        show_trial(settings, contract, *periods)
    elif history:
        show_history(settings, contract)
    elif as_of:
        show_as_of(settings, contract, as_of)


def _lint(only: Sequence[str]) -> None:
    root = load_settings().root
    datasets, findings = load_all(root)
    products, amiss = load_products(root)
    contracts: list[Contract] = [*datasets, *products]
    findings += [*amiss, *orphans(root), *registers.findings(root), *dated_rules.findings(root, [p.dataset for p in products])]
    wanted = chosen(root, contracts, findings, only)
    findings += lint(root)
    wanted |= {path.resolve() for path in share_paths(root) if not only}
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
    unfused = [f"{contract.dataset} {rule.id}: judged in Spark, not while landing: {rule.unfused}" for contract, rule in rules if rule.unfused and contract not in products]
    for line in unfused:
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    trying = f", {len(on_trial([rule for _, rule in rules]))} on trial" if on_trial([rule for _, rule in rules]) else ""
    console.print(f"{len(contracts)} contracts, {len(rules)} rules ({len(unfused)} unfused{trying}), {len(findings)} findings")
    raise typer.Exit(1 if findings else 0)


def chosen(root: Path, contracts: Sequence[Contract], findings: Sequence[Finding], only: Sequence[str]) -> set[Path]:
    """The files `only` names (all when it names none). Raises LakeError for a name that is neither a dataset nor a file of one."""
    files = {c.dataset: _files(root, c) for c in contracts}
    for path in {Path(f.path) for f in findings}:
        department = DEPARTMENT if path.parent.name == "products" else path.parent.name
        files.setdefault(f"{department}.{path.stem}", set()).add(path.resolve())
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
