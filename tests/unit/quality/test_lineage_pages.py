"""The lineage pages of the docs site: drawn and in words, from the project's own contracts; every link leads to a page."""

from __future__ import annotations

import posixpath

from lxml import html

from jobs.contracts.load import load_products
from jobs.platform.settings import load_settings
from jobs.quality.site.addresses import LINEAGE, OVERVIEW
from jobs.quality.site.lineage import leaving, lineage_key, pages

SETTINGS = load_settings()
PRODUCTS = load_products(SETTINGS.root)[0]
VERSIONS = {"curated.emissions": [{"version": 3, "input": "environment.emission", "input_version": 7}]}
PAGES = {key: html.fromstring(page.encode()) for key, page in pages("Demo City", PRODUCTS, leaving(SETTINGS), VERSIONS).items()}


def drawn(key: str) -> tuple[set[str], int]:
    """Texts and lines of the picture."""
    [picture] = PAGES[key].xpath("//*[local-name()='svg'][@role='img'][@aria-label]")
    return {text.text_content() for text in picture.xpath(".//*[local-name()='text']")}, len(picture.xpath(".//*[local-name()='path'][@stroke='#8a94a3'][@stroke-opacity]"))


def test_products_stand_between_what_they_are_made_from_and_where_they_go() -> None:
    texts, lines = drawn(LINEAGE)
    assert {"environment.emission", "curated.emissions", "publication emissions", "civil_affairs.low_income_roster", "share support-roster-for-audit"} <= texts
    assert lines == sum(len(product.inputs) for product in PRODUCTS) + len(leaving(SETTINGS))
    assert set(PAGES) == {LINEAGE, *(lineage_key(product.name) for product in PRODUCTS)}


def test_each_column_is_drawn_with_the_columns_it_is_made_from() -> None:
    for product in PRODUCTS:
        if not product.sources:
            continue
        texts, lines = drawn(lineage_key(product.name))
        assert {f"{product.name}.{column.name}" for column in product.columns} <= texts
        assert lines == sum(len(made_from) for _, made_from in product.sources)
    page = PAGES[lineage_key("emissions")].text_content()
    assert "environment.emission.amount_t" in page and "What version 3 was made from" in page


def test_every_link_leads_to_a_page() -> None:
    for key, page in PAGES.items():
        for target in page.xpath("//a/@href"):
            assert target == "#main" or posixpath.normpath(posixpath.join(posixpath.dirname(key), target)) in {*PAGES, OVERVIEW}, (key, target)
