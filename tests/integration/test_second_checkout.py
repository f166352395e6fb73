"""A second checkout runs beside the first, with a lake of its own, starts again what died there, and leaves no process behind."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from own_stack import kill

from jobs.ops.ledger import Ledger
from jobs.platform.components import components
from jobs.platform.settings import Settings
from jobs.platform.store import keys, s3
from jobs.platform.supervise import state
from tests.checkout import Checkout, second_checkout

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
SPEND = """ID,VendorID,Vendor,AccountCode,AccountDescription,DocNo,Amount,Date,Source
0,,JILL BARTLETT & COMPANY LTD,,Catering Charges,,1390.11,2008-04-01,338-april_2008
1,,2CL COMMUNICATIONS LTD,,Postage,,1222.01,2008-04-01,4-april_2008
"""
PARTS = ("store", "metastore", "spark", "spark-analyst")


@pytest.fixture
def second(settings: Settings, tmp_path: Path) -> Iterator[Checkout]:
    with second_checkout(settings, tmp_path) as checkout:
        yield checkout


def test_a_second_checkout_runs_beside_the_first(settings: Settings, second: Checkout, store: Any) -> None:
    first = {part: (settings.state / "run" / f"{part}.json").read_text() for part in PARTS}
    second.lake("up", "--only", "store,metastore,spark")
    assert len(second.processes()) >= len(PARTS)

    theirs, name = second.settings(), f"{uuid.uuid4()}.csv"
    s3(theirs).put_object(Bucket=theirs.bucket("landing"), Key=f"finance/spend/2013/{name}", Body=SPEND.encode())
    second.lake("land", "finance.spend")
    assert second.lake("sql", "--as", "job", "--format", "csv", "SELECT spend_id, amount FROM silver.finance__spend ORDER BY 1") == "spend_id,amount\n0,1390.11\n1,1222.01\n"
    assert [row["outcome"] for row in Ledger(theirs).deliveries("finance.spend") if row["name"] == name] == ["landed"]
    assert name not in {row["name"] for row in Ledger(settings).rows("receipts", dataset="finance.spend")}
    assert name not in " ".join(item["Key"] for item in keys(store, settings.bucket("landing"), "finance/spend/"))

    metastore = next(one for one in components(theirs) if one.name == "metastore")
    dead = state(theirs.state, metastore).pid
    assert dead
    kill(dead)
    second.lake("up", "--only", "store,metastore,spark")
    assert state(theirs.state, metastore).pid not in (None, dead)
    assert second.lake("sql", "--as", "job", "--format", "csv", "SELECT count(*) AS n FROM silver.finance__spend") == "n\n2\n"

    second.lake("down")
    assert second.processes() == []
    for part, noted in first.items():
        assert (settings.state / "run" / f"{part}.json").read_text() == noted and psutil.pid_exists(json.loads(noted)["pid"])
