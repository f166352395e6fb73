"""Which delivered files have no receipt, where the store's clock counts whole seconds."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.register import Delivered, fresh

NOON = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)


def file(etag: str, second: int = 0, key: str = "water/reading/2026/a.csv") -> Delivered:
    return Delivered(key, etag, 1, "2026", "a.csv", NOON.replace(second=second).isoformat())


def receipt(of: Delivered, **other: Any) -> dict[str, Any]:
    return {"landing_key": of.key, "delivered_at": dt.datetime.fromisoformat(of.delivered_at), "etag": of.etag} | other


def test_what_has_a_receipt_is_not_new() -> None:
    assert fresh([file("x")], [receipt(file("x"))]) == []


def test_another_second_is_another_arrival_whatever_it_holds() -> None:
    assert fresh([file("x", 1)], [receipt(file("x"))]) == [file("x", 1)]


def test_contents_of_one_second_are_in_the_order_they_were_seen() -> None:
    seen: list[dict[str, Any]] = []
    for etag in "xyz":
        (new,) = fresh([file(etag)], seen)
        assert fresh([file(etag)], [*seen, receipt(new)]) == []
        seen.append(receipt(new))
    assert [each["delivered_at"] for each in seen] == [NOON + dt.timedelta(microseconds=number) for number in range(3)]


def test_a_receipt_older_than_the_tag_stands_for_whatever_came_in_its_second() -> None:
    assert fresh([file("y")], [receipt(file("x"), etag=None)]) == []
    assert fresh([file("y", key="water/reading/2026/b.csv")], [receipt(file("x"), etag=None)]) != []
