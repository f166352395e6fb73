"""A portal of many publications, for tests of its pages."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from jobs.contracts.load import contract_path, load_contract, load_product, product_path
from jobs.ops.description import Described
from jobs.publishing.files import File
from jobs.publishing.portal import Shown, dataset_pages, index_pages
from jobs.publishing.publication import Words, load_publication
from jobs.publishing.versions import CORRECTION, NEW, WITHDRAWAL, Version

ROOT = Path(__file__).resolve().parents[3]
BASE = "https://open.example.org/"
PUBLICATION = load_publication(ROOT / "conf" / "publications" / "public-spending.yaml")
PRODUCT = load_product(product_path(ROOT, PUBLICATION.product))
MONTHS = ("2025-01", "2025-02")


FLOWS = [{"from": f"Category {i}", "to": "…" if j == 3 else f"供应商 {j} & Co", "amount": 100.5 * (i + j + 1)} for i in range(5) for j in range(4)]
PLACES = [{"from": f"Works {i}", "longitude": 12.5 + i % 20 / 4, "latitude": 48.8 + i % 7 / 4, "amount": 1.5 * i} for i in range(1, 60)]
CHARTS = {
    "flows": (PUBLICATION.chart, FLOWS), "map": (load_publication(ROOT / "conf" / "publications" / "emissions.yaml").chart, PLACES),
    "bars": (load_publication(ROOT / "conf" / "publications" / "procurement-risk.yaml").chart, [{"from": f"flag {i}", "amount": float(i)} for i in range(1, 9)]),
}  # fmt: skip


def charted(each: Shown, kind: str) -> Shown:
    """With a chart of this kind."""
    chart, rows = CHARTS[kind]
    return replace(each, publication=each.publication.model_copy(update={"chart": chart}), charted={"parts": list(MONTHS), "rows": rows})


def shown(name: str, title: str, gone: bool = False) -> Shown:
    files = tuple(File(month, kind, f"{name}/data/{kind}/{name}-{month}.{kind}", 1234, 3, "ab" * 32) for month in MONTHS for kind in ("csv", "jsonl", "parquet"))
    first = Version(name, 1, NEW, "first publication", PRODUCT.dataset, 4, "t", 6, files, dict.fromkeys(MONTHS, "x"), {}, "Ann", "why", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    second = replace(first, version=2, kind=WITHDRAWAL if gone else CORRECTION, notice="withdrawn: wrong" if gone else "corrected: 2025-01", files=() if gone else files)
    described = Described(PRODUCT.curated, PRODUCT.title, PRODUCT.owner, 6, None, None, ("finance.spend",), 12, {"r": 3}, ())
    publication = PUBLICATION.model_copy(update={"name": name, "title": Words(en=title, zh="公共支出")})
    preview = [] if gone else [{"month": "2025-02", "supplier": "<b>Bo & Co</b>", "amount": None}]
    return Shown(publication, PRODUCT, [first, second], described, [load_contract(contract_path(ROOT, "finance.spend"))], preview)


def portal(count: int) -> dict[str, str]:
    """Key → page of so many publications, the last of them withdrawn, and one more a kind of chart."""
    every = [shown(f"dataset-{i}", f"Data set {i}", gone=i == count - 1) for i in range(count)]
    every += [charted(shown(f"chart-{kind}", f"Chart {kind}"), kind) for kind in CHARTS]
    made = index_pages("Demo City", [(each.publication, each.versions) for each in every])
    return made | {key: page for each in every for key, page in dataset_pages("Demo City", BASE, each).items()}
