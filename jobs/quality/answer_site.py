"""Answers to departments in the docs bucket, a page and a table for each delivered file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobs.contracts.model import Contract
from jobs.ops.drift import events_of
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.platform.store import s3
from jobs.quality.answer import EXAMPLES, answer, csv_of, html_of
from jobs.quality.rules import Rule

ANSWERED = ("landed", "held", "rejected", "waiting")
SOME = 50 * EXAMPLES  # rejections that are looked at for examples


def answer_key(contract: Contract, row: dict[str, Any]) -> str:
    """Of the page in the docs bucket, by delivery and file name; the table beside it ends with .csv."""
    return f"answers/{contract.table}/{row['delivery']}/{row['name']}.html"


def publish_answers(
    settings: Settings, contract: Contract, rules: Sequence[Rule], rows: Sequence[dict[str, Any]], checks: Sequence[dict[str, Any]] = (), drift: Sequence[dict[str, Any]] = (),
) -> None:  # fmt: skip
    """For those of `rows` that have something to mend. Repeating it writes the same answers again.

    `rows`: of ops.deliveries, as they now stand; `checks`: of ops.checks; `drift`: of ops.drift.
    """
    asked = [row for row in rows if row["outcome"] in ANSWERED]
    if not asked:
        return
    client, bucket, ledger = s3(settings), settings.bucket("docs"), Ledger(settings)
    for row in asked:
        mine = [check for check in checks if check["delivery"] == row["delivery"]]
        in_spark = any(check["engine"] == "spark" and check["unexpected"] for check in mine)
        some = ledger.first("rejections", SOME, dataset=contract.dataset, delivery=row["delivery"]) if in_spark else []
        said, key = answer(contract, rules, row, mine, some, events_of([d for d in drift if d["delivery"] == row["delivery"]])), answer_key(contract, row)
        if not (said.faults or said.message):
            if contract.judges_whole:  # there may be an answer from when it waited
                client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}, {"Key": key.removesuffix(".html") + ".csv"}]})
            continue
        client.put_object(Bucket=bucket, Key=key, Body=html_of(said).encode(), ContentType="text/html; charset=utf-8")
        client.put_object(Bucket=bucket, Key=key.removesuffix(".html") + ".csv", Body=csv_of(said), ContentType="text/csv; charset=utf-8")
