"""The lineage pages of the docs site: from departments' datasets over products to what is published and shared, and of each product column by column.

As the contracts say it, which is what the OpenLineage events say too; which version of which table a product was last made from is in ops.lineage.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.contracts.load import load_products
from jobs.contracts.product import Product, is_product
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import s3
from jobs.publishing.publication import load_publication, publication_paths
from jobs.quality.site.addresses import LINEAGE, ROOT
from jobs.quality.site.diagram import layered
from jobs.quality.site.pages import render
from jobs.quality.site.state import read_json
from jobs.sharing.share import load_share, share_paths

MADE = f"{ROOT}/lineage/made.json"


@dataclass(frozen=True)
class Leaving:
    """Something that leaves the lake: `name` with what it is before it, the table it is `of`."""

    name: str
    of: str


def lineage_key(product: str) -> str:
    return f"{ROOT}/lineage/{product}.html"


def leaving(settings: Settings) -> list[Leaving]:
    """Publications and shares; a broken declaration gives nothing away and is left out."""
    found = []
    for path in (*publication_paths(settings.root), *share_paths(settings.root)):
        try:
            each = load_publication(path) if path.parent.name == "publications" else load_share(path)
        except LakeError:
            continue
        found.append(Leaving(f"publication {each.name}", each.product) if hasattr(each, "product") else Leaving(f"share {each.name}", each.source))
    return found


def pages(city: str, products: Sequence[Product], out: Sequence[Leaving], versions: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """Key → page. `versions`: product → rows of ops.lineage of its newest version."""
    made = {LINEAGE: _overview(city, products, out)}
    for product in products:
        key = lineage_key(product.name)
        made[key] = render("lineage_product.j2", key, product=product, lineage=LINEAGE, drawn=_columns(product), sources=dict(product.sources), versions=versions.get(product.dataset, ()), leaves=[each.name for each in out if each.of == product.dataset])
    return made


def _overview(city: str, products: Sequence[Product], out: Sequence[Leaving]) -> str:
    used = {given.name for product in products for given in product.inputs} | {each.of for each in out}
    depth = _depths(products)
    levels: dict[int, list[str]] = defaultdict(list)
    for product in products:
        levels[depth[product.dataset]].append(product.dataset)
    columns = [sorted(name for name in used if not is_product(name)), *(sorted(levels[level]) for level in sorted(levels)), sorted(each.name for each in out)]
    links = [(given.name, product.dataset) for product in products for given in product.inputs] + [(each.of, each.name) for each in out]
    drawn = layered(columns, links, "Where products come from and where they go")
    return render("lineage.j2", LINEAGE, city=city, drawn=drawn, products=products, lineage_key=lineage_key, out=out)


def _depths(products: Sequence[Product]) -> dict[str, int]:
    """How many products stand before each, itself counted; an input is before what is made from it."""
    found: dict[str, int] = {}
    for product in products:
        found[product.dataset] = 1 + max((found.get(given.name, 0) for given in product.inputs), default=0)
    return found


def _columns(product: Product) -> Any:
    sources = sorted({source for _, made_from in product.sources for source in made_from})
    links = [(source, f"{product.name}.{name}") for name, made_from in product.sources for source in made_from]
    return layered([sources, [f"{product.name}.{column.name}" for column in product.columns]], links, f"Which columns {product.dataset} is made from") if sources else ""


def write(settings: Settings, ledger: Ledger) -> int:
    """Bring the lineage pages up to date; returns how many were written."""
    client, bucket = s3(settings), settings.bucket("docs")
    products = load_products(settings.root)[0]
    made = pages(settings.city, products, leaving(settings), {product.dataset: _newest(ledger, product) for product in products})
    known, now = read_json(client, bucket, MADE), {key: hashlib.sha256(page.encode()).hexdigest() for key, page in made.items()}
    stale = [key for key in made if known.get(key) != now[key]]
    for key in stale:
        client.put_object(Bucket=bucket, Key=key, Body=made[key].encode(), ContentType="text/html; charset=utf-8")
    if stale:
        client.put_object(Bucket=bucket, Key=MADE, Body=json.dumps(now).encode(), ContentType="application/json")
    return len(stale)


def _newest(ledger: Ledger, product: Product) -> list[dict[str, Any]]:
    rows = ledger.rows("lineage", dataset=product.dataset)
    last = max((row["version"] for row in rows), default=None)
    return [row for row in rows if row["version"] == last]
