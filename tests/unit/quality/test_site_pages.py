"""The pages of the quality site, from ledger rows to HTML: what they say, what they hide, and that nothing a department sent becomes part of the page."""

from __future__ import annotations

import datetime as dt
import json
from html.parser import HTMLParser
from typing import Any

import pytest

from jobs.contracts.model import Column, Contract, Reader
from jobs.quality.compile import MASK
from jobs.quality.rules import Rule
from jobs.quality.site.addresses import OVERVIEW, dataset_key, delivery_key, href
from jobs.quality.site.failing import failing_rows, ragged, results
from jobs.quality.site.history import histories
from jobs.quality.site.pages import DatasetFacts, DeliveryFacts, dataset_page, delivery_page, overview_page
from jobs.quality.site.summary import Line, line_of

ZONE = "Asia/Shanghai"
COLUMNS = (Column("id", "编号", "integer"), Column("name", "姓名", "string", classification="personal"))
CONTRACT = Contract("water", "站点", "t", "1.0.0", "水站 <b>", "", "Water & drains", "increment", "water/s", r".*\.csv", Reader("csv"), COLUMNS)
BETWEEN = Rule("between:id", "expect_column_values_to_be_between", {"column": "id", "max_value": 9}, "critical", "row", "suite")
LIKE = Rule("match_regex:name", "expect_column_values_to_match_regex", {"column": "name", "regex": "^a"}, "warning", "row", "suite")
DAY = dt.datetime(2025, 3, 1, 20, tzinfo=dt.UTC)


def delivery(number: int = 1, **changes: Any) -> dict[str, Any]:
    row = {
        "dataset": "water.站点", "delivery": f"2025-0{number}/abc", "period": f"2025-0{number}", "name": f"dump{number}.csv", "sha256": "ab" * 32, "outcome": "landed", "reason": None,
        "message": None, "rows": 100, "quarantined": 5, "quarantined_rows": None, "silver": 95, "duplicate": 0, "superseded": 0, "held": 0, "landed_at": DAY, "updated_at": DAY,
    }  # fmt: skip
    return row | changes


def check(rule: Rule, number: int = 1, /, **changes: Any) -> dict[str, Any]:
    row = {
        "delivery": f"2025-0{number}/abc", "rule": rule.id, "type": rule.type, "column": rule.kwargs["column"], "severity": rule.severity, "evaluated": 100, "unexpected": 2, "success": False,
        "engine": "fused", "observed": None, "fingerprint": rule.fingerprint, "sample": json.dumps([[7, "99"], [3, None]]), "checked_at": DAY + dt.timedelta(hours=number),
    }  # fmt: skip
    return row | changes


class Read(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[str]:
        return [str(attrs["href"]) for tag, attrs in self.tags if tag == "a"]


def test_failing_rows_are_by_line_and_a_personal_value_is_masked() -> None:
    rejected = [{"record": 3, "rule": "unique:id", "severity": "critical", "column": "id", "message": "another row has the same value"}]
    lines = failing_rows([check(BETWEEN), check(LIKE, sample=json.dumps([[7, "bo"], [3, None]]))], rejected, (BETWEEN, LIKE), CONTRACT.personal_columns)
    assert [(line, [(p.rule, p.value) for p in problems]) for line, problems in lines] == [
        (3, [("between:id", ""), ("match_regex:name", MASK), ("unique:id", None)]),
        (7, [("between:id", "99"), ("match_regex:name", MASK)]),
    ]


def test_where_nobody_knows_what_is_personal_no_value_is_shown() -> None:
    assert {p.value for _, problems in failing_rows([check(BETWEEN)], [], (BETWEEN,), None) for p in problems} == {MASK}


def test_a_rule_that_was_changed_since_is_not_put_into_the_words_of_today() -> None:
    [now, then] = results([check(BETWEEN), check(BETWEEN, rule="between:other", fingerprint="0" * 16)], (BETWEEN,))
    assert now.wrong == "must be at most 9"
    assert then.wrong == "column values to be between (as it was then)"


def test_a_history_shows_where_a_rule_was_changed_and_where_it_was_not_judged() -> None:
    rows = [delivery(n) for n in (1, 2, 3, 4)]
    checks = [check(BETWEEN, 1, fingerprint="old", unexpected=0, success=True), check(BETWEEN, 3), check(BETWEEN, 4)]
    [found] = histories(checks, rows, (BETWEEN,))
    assert [cell and (cell.unexpected, cell.changed) for cell in found.cells] == [(0, False), None, (2, True), (2, False)]
    assert found.versions == 2


@pytest.mark.parametrize(
    ("measures", "rows", "lines"), [(None, 5, 0), ('{"rows": 3, "rules": {"r": {"evaluated": 3, "ignored": 0, "unexpected": 0, "samples": []}}}', 5, 2), ("", None, 0)]
)
def test_lines_that_could_not_be_taken_apart_are_those_no_rule_judged(measures: str | None, rows: int | None, lines: int) -> None:
    assert ragged(measures, rows) == lines


def test_the_line_of_a_dataset_tells_of_the_file_that_came_last() -> None:
    rows = [delivery(1), delivery(2, landed_at=DAY + dt.timedelta(days=1), outcome="rejected", rows=None, quarantined=None, message="The file is empty.")]
    line = line_of(CONTRACT, rows, 3, ZONE)
    assert (line.files, line.landed, line.rejected, line.newest_outcome, line.newest_at, line.newest_message) == (2, 1, 1, "rejected", "2025-03-03 04:00", "The file is empty.")
    assert (line.rejected_share, line.failing_rules) == (0.05, 3)
    assert line_of(CONTRACT, [], 0, ZONE) == Line("water.站点", "water__站点", "water", "水站 <b>")


HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


def hostile_pages() -> list[str]:
    row = delivery(name=HOSTILE, message=HOSTILE, outcome="held")
    checks = [check(BETWEEN, rule=HOSTILE, column=HOSTILE, observed=HOSTILE, sample=json.dumps([[1, HOSTILE]]))]
    drift = [{"period": "2025-01", "name": HOSTILE, "kind": HOSTILE, "column": HOSTILE, "header": HOSTILE, "done": HOSTILE}]
    line = line_of(CONTRACT, [row], 1, ZONE)
    facts = DatasetFacts(CONTRACT, line, [row], {}, histories(checks, [row], ()), drift, [], [f"gx/water__站点/{HOSTILE}.html"], HOSTILE)
    lines = failing_rows(checks, [], (), ())
    return [
        overview_page(HOSTILE, [line], [HOSTILE], "now"), dataset_page(facts, ZONE), delivery_page(DeliveryFacts(CONTRACT, [row], results(checks, ()), lines, 2, {HOSTILE: HOSTILE}, HOSTILE), ZONE),
    ]  # fmt: skip


def test_what_a_department_sent_stays_text() -> None:
    for page in hostile_pages():
        read = Read(page)
        assert HOSTILE in read.text
        assert not {"script", "img"} & {tag for tag, _ in read.tags}
        assert not [attrs for _, attrs in read.tags if any(name.startswith("on") for name in attrs)]


def test_pages_need_nothing_from_elsewhere_and_name_their_parts() -> None:
    for page in hostile_pages():
        read = Read(page)
        assert not [attrs for _, attrs in read.tags if "src" in attrs or str(attrs.get("href", "")).startswith(("http", "//"))]
        assert ("html", {"lang": "en"}) in read.tags
        tables, captions = (sum(tag == name for tag, _ in read.tags) for name in ("table", "caption"))
        assert tables == captions
        assert all("scope" in attrs for tag, attrs in read.tags if tag == "th")


def test_links_of_names_in_any_alphabet_lead_where_the_page_stands() -> None:
    assert href(OVERVIEW, dataset_key("water__站点")) == "water__%E7%AB%99%E7%82%B9/index.html"
    assert href(delivery_key("t", "2025 #1/ab?c"), dataset_key("t")) == "../../index.html"
    assert href(dataset_key("t"), delivery_key("t", "2025 #1/ab?c")) == "deliveries/2025%20%231/ab%3Fc.html"
    assert href(delivery_key("t", "2025/ab"), "gx/t/2025/ab.html") == "../../../../gx/t/2025/ab.html"
    line = line_of(CONTRACT, [delivery()], 0, ZONE)
    assert "water__%E7%AB%99%E7%82%B9/index.html" in Read(overview_page("c", [line], [], "now")).links()
