"""docs/reference/products.md, written from conf/products. Run: python -m jobs.contracts.product_reference"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from jobs.contracts.load import load_products
from jobs.contracts.product import Product
from jobs.tables.silver import sql_type

ROOT = Path(__file__).parents[2]
PATH = ROOT / "docs" / "reference" / "products.md"
HEAD = """# Curated products

<!-- Written by `python -m jobs.contracts.product_reference`; do not edit. -->

Tables that analysts query, each made from silver tables and other products by `./lake curate`, or by its own DAG when one of them has changed. How to add one:
[Add a product](../how-to/add-a-product.md). What each version was made from is in `ops.lineage`; the expectations it was published under are in `ops.checks`.
"""


def text(root: Path = ROOT) -> str:
    """The page as Markdown."""
    return HEAD + "\n".join(line for product in sorted(load_products(root)[0], key=lambda p: p.name) for line in _section(product)) + "\n"


def _section(product: Product) -> Iterator[str]:
    yield from ("", f"## `{product.dataset}` {product.title}", "", product.description, "")
    if product.notes:
        yield from (product.notes, "")
    whole = f"replaced by `{product.period}`, as far as it changed" if product.period else "replaced whole when it changed"
    yield from (f"Made from {', '.join(f'`{given.name}`' for given in product.inputs)}; {whole}. Key: {', '.join(f'`{name}`' for name in product.key)}. Owner: {product.owner}.", "")
    yield from ("| column | type | unit | meaning | made from |", "|---|---|---|---|---|")
    sources = dict(product.sources)
    for column in product.columns:
        yield f"| `{column.name}` | {sql_type(column).lower()} | {column.unit} | {column.description.replace('|', chr(92) + '|')} | {', '.join(f'`{s}`' for s in sources.get(column.name, ()))} |"


def main() -> None:
    PATH.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{PATH}\n")


if __name__ == "__main__":
    main()
