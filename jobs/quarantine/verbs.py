"""What can be done with quarantined rows: fix, replay, release, discard."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession

from jobs.contracts.model import Contract
from jobs.platform.settings import Settings
from jobs.quality.rules import Rule
from jobs.quarantine.applying import Taken, take
from jobs.quarantine.deciding import discarded, released
from jobs.quarantine.edit_file import sent
from jobs.quarantine.editing import assigned, edited
from jobs.quarantine.events import Step
from jobs.quarantine.replaying import differing, replayed
from jobs.quarantine.selecting import Shelf, ragged, selected, troubled

DECISIONS = {"release": released, "discard": discarded}


def decide(spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule], step: Step, *, dry_run: bool = False) -> Taken:
    """Release or discard, as the step says."""

    def made(on: Shelf) -> DataFrame:
        return DECISIONS[step.action](selected(troubled(spark, contract, on), step.selection), contract)

    return take(spark, settings, contract, rules, step, made, dry_run=dry_run)


def replay(spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule], step: Step, *, dry_run: bool = False) -> Taken:
    """Read the texts of rows again and judge them, by the contract and the rules as they are now. Rows of which nothing new is said stay as they are, and so do
    records whose fields could not be told apart: only a person can."""

    def made(on: Shelf) -> DataFrame:
        return differing(replayed(spark, contract, rules, selected(troubled(spark, contract, on), step.selection).where(~ragged()), on))

    return take(spark, settings, contract, rules, step, made, dry_run=dry_run)


def fix_by_sql(
    spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule], step: Step, assignments: Sequence[str], *, dry_run: bool = False
) -> Taken:
    """Correct rows by `column = SQL`, and judge them again. What then still fails stays quarantined, with its new reasons."""

    def made(on: Shelf) -> DataFrame:
        rows = selected(troubled(spark, contract, on), step.selection).where(~ragged())
        return replayed(spark, contract, rules, assigned(rows, assignments, contract), on)

    return take(spark, settings, contract, rules, step, made, dry_run=dry_run)


def fix_by_file(spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule], step: Step, *, dry_run: bool = False) -> Taken:
    """Correct rows by the edited table that `step.source` names (see edit_file.send), and judge them again."""

    def made(on: Shelf) -> DataFrame:
        rows = selected(troubled(spark, contract, on), step.selection)
        return replayed(spark, contract, rules, edited(rows, sent(spark, settings, contract, step.source), contract), on)

    return take(spark, settings, contract, rules, step, made, dry_run=dry_run)
