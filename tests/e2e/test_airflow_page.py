"""What an operator sees in a browser: the DAGs of Airflow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from jobs.platform.secrets import secret
from jobs.platform.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.usefixtures("demo")]


@pytest.fixture
def page(settings: Settings, browser: Browser) -> Iterator[Page]:
    """A page that has logged in as admin, as a person would."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(60_000)
    page.goto(f"http://127.0.0.1:{settings.port('airflow')}/")
    page.get_by_label("Username").fill("admin")
    page.locator("input[type=password]").fill(secret(settings, "airflow_admin"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    yield page
    page.close()


def test_a_dataset_is_a_dag_with_owner_and_docs(settings: Settings, page: Page) -> None:
    page.goto(f"http://127.0.0.1:{settings.port('airflow')}/dags/civil_affairs__low_income_roster")
    expect(page.get_by_text("Civil affairs bureau").first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Dag Docs").click()
    expect(page.get_by_text("Allowance of the household a month").first).to_be_visible(timeout=60_000)
    page.screenshot(path=str(settings.state / "logs" / "dag.png"))
