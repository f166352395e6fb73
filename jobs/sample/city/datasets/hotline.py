"""The 12345 hotline: one JSON document a day."""

from __future__ import annotations

import polars as pl

from jobs.sample.city.dataset import Dataset, RowFault, Truth, late, resent
from jobs.sample.city.events import happenings, hotline
from jobs.sample.city.events.scene import scene
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.writers import json_document


def _requests(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    return hotline.requests(scene(plan), period.index).drop("event")


def _truth(plan: Plan, part: int) -> Truth:
    city = scene(plan)
    yield "joint_event", happenings.truth(city)
    yield "service_gap", hotline.gap_truth(city)
    behind = [hotline.requests(city, day).select(pl.col("id").alias("request_id"), pl.col("event").alias("event_id")).drop_nulls() for day in range(city.days)]
    yield "request_event", pl.concat(behind)


ANSWERED_FIRST = RowFault("handling.answered_at", "2000-01-01 08:00:00", "pair_values_a_to_be_greater_than_b:answered_at+received_at", 1, "wrong_order")
DATASETS = (
    Dataset(
        "hotline.request", _requests, json_document("data.requests", {"city": "市民服务热线"}), "day", "events", file="requests.json",
        row_faults=(RowFault("channel", "传真", "in_set:channel", 1, "orphan_code"), ANSWERED_FIRST), file_faults=(resent(2), late(4, 3)), truth=_truth,
    ),
)  # fmt: skip
