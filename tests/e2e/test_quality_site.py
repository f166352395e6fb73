"""The quality pages in a real browser, as an operator meets them: from the overview to the failing rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from jobs.platform.settings import Settings
from jobs.sample.city.making import files
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import dataset_of
from jobs.sample.deliver import deliver
from tests.launcher import lake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
DATASET = "civil_affairs.low_income_roster"


@pytest.fixture(scope="module")
def overview(settings: Settings) -> str:
    """The address that `lake docs` prints, once two rosters of the made-up city are in the lake."""
    rosters = files(Plan(20_000, dt.date(2025, 1, 1), dt.date(2025, 3, 1)), dataset_of(DATASET), 0)
    deliver(settings, [(f"civil_affairs/low_income_roster/{file.period.name}/{file.name}", file.body) for file in rosters if not file.replaced_on])
    landed = lake(settings, "land", DATASET)
    assert landed.returncode == 0, landed.stdout + landed.stderr
    said = lake(settings, "docs")
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout.split()[-1]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(60_000)
    yield page
    page.close()


def test_the_failing_rows_of_a_dataset_are_three_clicks_from_the_overview(settings: Settings, page: Page, overview: str) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.goto(overview)
    page.get_by_role("table", name="Datasets of civil_affairs").get_by_role("link", name=DATASET).click()
    page.get_by_role("table", name="Files").get_by_role("link").first.click()
    rows = page.get_by_role("table", name="The first failing rows of each expectation")
    expect(rows).to_be_visible()
    expect(rows.get_by_role("row").filter(has_text="八百").first).to_contain_text("monthly_amount")
    expect(rows.get_by_role("row").filter(has_text="resident_id").first).to_contain_text("•••")
    page.screenshot(path=str(settings.state / "logs" / "failing_rows.png"), full_page=True)
    assert problems == []


def test_the_way_back_and_the_report_of_great_expectations_are_links(page: Page, overview: str) -> None:
    page.goto(overview)
    page.get_by_role("link", name=DATASET).first.click()
    page.get_by_role("table", name="Files").get_by_role("link").first.click()
    page.get_by_role("link", name="Great Expectations' own report").click()
    expect(page.get_by_text("Evaluated Expectations").first).to_be_visible()
    page.get_by_role("link", name="Quality of the dataset").click()
    page.get_by_role("navigation").get_by_role("link", name="Quality of the data").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Quality of the data")


def test_the_scorecard_of_a_department_is_a_chart_and_its_letter_fits_the_sheet(settings: Settings, page: Page, overview: str) -> None:
    page.goto(overview)
    page.get_by_role("link", name="Scorecard of civil_affairs").click()
    picture = page.get_by_role("img", name="Rejected rows, in percent").locator("svg")
    expect(picture).to_be_visible()
    box = picture.bounding_box()
    assert box is not None and box["width"] > 400 and box["height"] > 150
    assert picture.get_by_text("civil_affairs.low_income_roster").count() > 0
    page.set_viewport_size({"width": 816, "height": 1056})  # US letter at 96 pixels an inch
    page.get_by_role("link", name="The letter to the head of the department").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.screenshot(path=str(settings.state / "logs" / "letter.png"), full_page=True)
    sheet = page.pdf(prefer_css_page_size=True)
    assert b"/MediaBox [0 0 612 792]" in sheet
