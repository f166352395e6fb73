"""Pages of the portal: every link leads somewhere, both languages are whole, nothing is fetched from elsewhere, values are shown as they are."""

from __future__ import annotations

import gzip
import posixpath
import re
import sys
from itertools import pairwise
from pathlib import Path

from lxml import html

sys.path.insert(0, str(Path(__file__).parent))
from portal_pages import CHARTS, portal  # noqa: E402

from jobs.publishing.drawing import drawn  # noqa: E402

PAGES = portal(3)


def test_each_publication_has_a_page_in_each_language() -> None:
    assert set(PAGES) == {f"{language}{page}" for language in ("", "zh/") for page in ("index.html", *(f"dataset-{i}/index.html" for i in range(3)), *(f"chart-{kind}/index.html" for kind in CHARTS))}


def test_every_link_leads_to_a_page_or_a_file() -> None:
    for key, page in PAGES.items():
        for href in html.fromstring(page.encode()).xpath("//a/@href | //link/@href"):
            if href.startswith(("https://", "mailto:", "#")):
                continue
            target = posixpath.normpath(posixpath.join(posixpath.dirname(key), href))
            target = "index.html" if target == "." else f"{target}/index.html" if target == "zh" else target
            assert target in PAGES or target in ("catalogue.jsonld", "feed.atom") or "/data/" in target or "/versions/" in target, (key, href)


def test_nothing_comes_from_elsewhere_and_values_are_no_markup() -> None:
    for page in PAGES.values():
        assert not html.fromstring(page.encode()).xpath("//script/@src | //img/@src | //link[@rel='stylesheet']/@href | //iframe")
        assert "<b>Bo" not in page


def test_a_withdrawn_publication_says_so_and_offers_no_file() -> None:
    page = PAGES["dataset-2/index.html"]
    assert "withdrawn: wrong" in page and "/data/" not in page
    assert "Withdrawn" in PAGES["index.html"] and "已撤回" in PAGES["zh/index.html"]


def test_the_first_page_of_a_thousand_is_light() -> None:
    assert len(gzip.compress(portal(1_000)["index.html"].encode())) < 300_000


def test_a_chart_stands_beside_its_numbers() -> None:
    page = html.fromstring(PAGES["chart-flows/index.html"].encode())
    [picture] = page.xpath("//*[local-name()='svg']")
    assert picture.get("role") == "img" and picture.get("aria-label") == "From what money was spent on to who received it"
    drawn = " ".join(picture.itertext())
    assert "all others" in drawn and "供应商 0 & Co" in drawn
    rows = [[cell.text_content() for cell in row.xpath("./td")] for row in page.xpath("//details//tbody/tr")]
    assert ["Category 0", "供应商 0 & Co", "100.50"] in rows and ["Category 4", "all others", "804"] in rows and len(rows) == 20
    assert "<svg" not in PAGES["dataset-0/index.html"]
    assert all("http" not in href for page in PAGES.values() for href in html.fromstring(page.encode()).xpath("//@src"))


def test_names_of_small_flows_do_not_cover_each_other() -> None:
    chart, _ = CHARTS["flows"]
    assert chart
    picture = drawn(chart, [{"from": f"c{i}", "to": f"s{i}", "amount": 1e6 if i == 0 else 1.0} for i in range(11)], "en", "all others")
    for side in ("end", "start"):
        heights = sorted(float(y) for y in re.findall(rf'<text text-anchor="{side}" transform="translate\([\d.]+,([\d.]+)\)"', str(picture)))
        assert len(heights) == 11 and all(below - above >= 13 for above, below in pairwise(heights)), side
