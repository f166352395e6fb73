"""What stands beside the open files: catalogue, feed and portal. They follow the ledger, and a page is made again when what it tells has changed."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from jobs.contracts.load import load_named, load_product, product_path
from jobs.contracts.product import Product
from jobs.ops.description import described
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.platform.store import s3
from jobs.publishing import catalogue, portal
from jobs.publishing.publication import Publication, load_publication, publication_paths
from jobs.publishing.versions import Version, all_versions

PREVIEW = 20  # rows
CHART = "chart.json"
MADE = "pages.json"  # publication → what its pages were made from
MAKERS = sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in (".py", ".j2"))


def write(settings: Settings, name: str = "") -> None:
    """Catalogue, feed and the list of the portal anew; of the publications' pages those of `name`, whose product may be fresher than before, and those that tell something else now."""
    ledger, base = Ledger(settings), settings.public_address()
    known = {path.stem: load_publication(path) for path in publication_paths(settings.root)}
    every = all_versions(ledger)
    listed = [(known[each], load_product(product_path(settings.root, known[each].product)), found) for each, found in every.items() if each in known]
    entries = catalogue.catalogue(settings.city, base, listed)
    put(settings, catalogue.CATALOGUE, json.dumps(entries, ensure_ascii=False, indent=1).encode(), "application/ld+json")
    put(settings, catalogue.FEED, catalogue.feed(settings.city, base, (version for found in every.values() for version in found)), "application/atom+xml")
    before = read(settings, MADE) or {}
    now = {publication.name: _told(settings, publication, product, found) for publication, product, found in listed}
    for publication, product, found in listed:
        if publication.name == name or now[publication.name] != before.get(publication.name):
            _put_pages(settings, portal.dataset_pages(settings.city, base, _shown(settings, ledger, publication, product, found)))
    _put_pages(settings, portal.index_pages(settings.city, [(publication, found) for publication, _, found in listed]))
    put(settings, MADE, json.dumps(now).encode(), "application/json")


def put(settings: Settings, key: str, body: bytes, kind: str) -> None:
    s3(settings).put_object(Bucket=settings.bucket("open"), Key=key, Body=body, ContentType=kind)


def read(settings: Settings, key: str) -> dict[str, Any] | None:
    """A JSON object that stands there; None where it does not."""
    client = s3(settings)
    try:
        found: dict[str, Any] = json.loads(client.get_object(Bucket=settings.bucket("open"), Key=key)["Body"].read())
    except client.exceptions.NoSuchKey:
        return None
    return found


def chart_of(settings: Settings, publication: Publication) -> dict[str, Any] | None:
    """What its chart shows, with what it was made from."""
    return read(settings, f"{publication.name}/{CHART}")


@cache
def _made_with() -> str:
    """A hash of the templates and of this package's code: pages of another version are made again."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in MAKERS)).hexdigest()


def _told(settings: Settings, publication: Publication, product: Product, found: list[Version]) -> str:
    """A fingerprint of what its pages tell, but for what the ledger knows of the product: whatever builds the product publishes it too."""
    return hashlib.sha256(repr([_made_with(), settings.city, settings.public_address(), publication.model_dump_json(), product, found]).encode()).hexdigest()[:24]


def _put_pages(settings: Settings, pages: Mapping[str, str]) -> None:
    for key, page in pages.items():
        put(settings, key, page.encode(), "text/html; charset=utf-8")


def _shown(settings: Settings, ledger: Ledger, publication: Publication, product: Product, found: list[Version]) -> portal.Shown:
    sources = [load_named(settings.root, given.name) for given in product.inputs]
    charted = chart_of(settings, publication) if publication.chart and not found[-1].withdrawn else None
    return portal.Shown(publication, product, found, described(ledger, product), sources, _preview(settings, found[-1]), charted)


def _preview(settings: Settings, version: Version) -> list[dict[str, Any]]:
    """First rows of its newest partition."""
    file = next((file for file in reversed(version.files) if file.format == "parquet"), None)
    if file is None:
        return []
    body = s3(settings).get_object(Bucket=settings.bucket("open"), Key=file.key)["Body"].read()
    return pl.read_parquet(io.BytesIO(body)).head(PREVIEW).to_dicts()
