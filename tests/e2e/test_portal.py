"""The portal in a real browser, from files alone: found by typing, read on a telephone, by keyboard, and by a screen reader (axe)."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "publishing"))
from portal_pages import portal  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portal of a thousand publications."""
    home = tmp_path_factory.mktemp("portal")
    for key, page in portal(1_000).items():
        (home / key).parent.mkdir(parents=True, exist_ok=True)
        (home / key).write_text(page, encoding="utf-8")
    return home


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 390, "height": 844})  # of a telephone
    yield page
    page.close()


def test_one_of_a_thousand_is_found_by_typing(page: Page, folder: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"file://{folder}/index.html")
    page.get_by_label("Search titles").fill("set-742 公共")
    expect(page.get_by_role("status")).to_have_text("1 datasets")
    took = page.evaluate("() => { const box = document.getElementById('search'), from = performance.now(); box.value = 'supplier 77'; box.dispatchEvent(new Event('input')); return performance.now() - from }")
    print(f"a search among 1,000: {took:.1f} ms")
    page.get_by_label("Search titles").fill("set-742")
    page.get_by_role("link", name="Data set 742").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Data set 742")
    assert all(url.startswith("file://") for url in asked), asked


def test_by_keyboard_to_the_other_language(page: Page, folder: Path) -> None:
    page.goto(f"file://{folder}/dataset-3/index.html")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("公共支出")
    assert page.evaluate("document.documentElement.lang") == "zh"


@pytest.mark.parametrize(("key", "name"), [("chart-flows/index.html", "From what money was spent on to who received it"), ("chart-map/index.html", "The facilities with the largest emissions of the newest year"), ("zh/chart-bars/index.html", "各类风险提示数量")])
def test_a_chart_is_seen_and_read_without_asking_anybody(page: Page, folder: Path, key: str, name: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"file://{folder}/{key}")
    picture = page.get_by_role("img", name=name)
    expect(picture).to_be_visible()
    box = picture.bounding_box()
    assert box and box["width"] >= 600  # its letters stay letters: the figure scrolls, not the page
    drawn = picture.evaluate("svg => [...svg.querySelectorAll('path,rect,text')].filter(mark => { const box = mark.getBoundingClientRect(); return box.width > 0 && box.height > 0 }).length")
    assert drawn > 8
    page.locator("summary").click()
    numbers = page.locator("details table tbody tr")
    assert numbers.count() in (20, 59, 8) and numbers.first.is_visible()
    assert asked == [f"file://{folder}/{key}"]


def test_the_first_page_is_small(folder: Path) -> None:
    for key in ("index.html", "chart-flows/index.html", "chart-map/index.html"):
        size = len(gzip.compress((folder / key).read_bytes()))
        print(f"{key}: {size:,} bytes compressed")
        assert size < 300_000


@pytest.mark.parametrize("key", ["index.html", "dataset-3/index.html", "zh/dataset-999/index.html", "chart-flows/index.html", "zh/chart-map/index.html", "chart-bars/index.html"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_mend(page: Page, folder: Path, key: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(f"file://{folder}/{key}")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")  # a telephone scrolls no page sideways
