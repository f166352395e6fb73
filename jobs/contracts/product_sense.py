"""What does not fit together in the contract of a product, in itself and with the datasets and products it is made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jobs.contracts.model import Contract
from jobs.contracts.odcs import did_you_mean
from jobs.contracts.product import MADE, PERSONAL, Product
from jobs.contracts.sense import PROPERTIES, Fault

OPEN = ("public", "internal")
OF_DUMPS = ("physicalName", "synonyms")
OF_PRODUCTS = ("unit", "generalised")
TELLING = ("string", "json", "date", "timestamp")  # kinds of columns that may carry a value on; counts, sums and flags do not


def faults(document: Any, product: Product) -> Iterator[Fault]:
    """Of one document, in no order."""
    names = {c.name for c in product.columns}
    if not product.inputs:
        yield Fault(("customProperties",), "a product is made from something: name its datasets in customProperty `inputs`")
    if product.period is not None and product.period not in names:
        yield Fault(("customProperties",), f"period names {product.period!r}, which is no column{did_you_mean(product.period, names)}")
    elif product.period is not None and not product.column(product.period).required:
        yield Fault(PROPERTIES, f"the period column {product.period!r} must be `required: true`: a row without a period would never be replaced")
    for name in product.pseudonyms:
        if name not in names:
            yield Fault(("customProperties",), f"pseudonyms names {name!r}, which is no column{did_you_mean(name, names)}")
    if product.period is None and any(i.period or i.back for i in product.inputs):
        yield Fault(("customProperties",), "an input has a period, and the product none: say in customProperty `period` which column it is")
    if any(i.back and not i.period for i in product.inputs):
        yield Fault(("customProperties",), "`back` counts periods of an input: say in its `period` how to tell them")
    for index, prop in enumerate(document["schema"][0].get("properties") or ()):
        yield from (Fault((*PROPERTIES, index, *path), message) for path, message in _column(prop, product, index))


def _column(prop: Any, product: Product, index: int) -> Iterator[tuple[tuple[str | int, ...], str]]:
    column = product.columns[index]
    if column.classification not in OPEN:
        yield ("classification",), f"{column.name!r} is {column.classification}: nothing personal is in a product; leave it out, or count it"
    if not column.description:
        yield ("name",), f"column {column.name!r} needs a description: it is all that an analyst knows of it"
    for name in OF_DUMPS:
        if name in prop:
            yield (name,), f"{name} is of a dump; a product's column is what jobs/products/{product.module}.py calls it"
    for at, item in enumerate(prop.get("customProperties") or ()):
        if item["property"] not in OF_PRODUCTS:
            yield ("customProperties", at), f"{item['property']} is of a dump; a column of a product has only {' and '.join(f'`{name}`' for name in OF_PRODUCTS)}"


def relations(root: Path, product: Product, known: Mapping[str, Contract]) -> Iterator[str]:
    """What is wrong between a product and what it is made from. `known`: all datasets and products by name."""
    if not (root / "jobs" / "products" / f"{product.module}.py").exists():
        yield f"there is no jobs/products/{product.module}.py to build it"
    for given in product.inputs:
        if given.name not in known and given.name not in MADE:
            yield f"inputs names {given.name!r}, which is neither a dataset nor a product{did_you_mean(given.name, known)}"
    offered = {f"{name}.{column.name}" for given in product.inputs if (name := given.name) in known for column in known[name].columns}
    offered |= {f"{given.name}.{column}" for given in product.inputs for column in MADE.get(given.name, ())}
    for column, sources in product.sources:
        for source in sources:
            if source not in offered:
                yield f"{column}: transformSourceObjects names {source!r}, which is no column of an input{did_you_mean(source, offered)}"
    yield from _personal(product, known)
    if product.dataset in _made_from(product, known):
        yield "it is made from itself"


def _personal(product: Product, known: Mapping[str, Contract]) -> Iterator[str]:
    """Columns that may carry something personal on: made from a personal column, neither a number nor a pseudonym, and nothing said of what keeps it from telling who somebody is."""
    secret = {f"{name}.{column.name}" for name, contract in known.items() for column in contract.columns if column.classification == "personal"}
    secret |= {f"{name}.{column}" for name, columns in MADE.items() for column in columns if column in PERSONAL}
    for name, sources in product.sources:
        column = next((c for c in product.columns if c.name == name), None)
        if column and column.kind in TELLING and name not in product.pseudonyms and not column.generalised and (found := [source for source in sources if source in secret]):
            yield f"{name} is made from {', '.join(found)}, which is personal: leave it out, count it, make it a pseudonym, or say in customProperty `generalised` what keeps it from telling who somebody is"


def _made_from(product: Product, known: Mapping[str, Contract]) -> set[str]:
    """Everything a product is made from, over other products too."""
    found: set[str] = set()
    waiting: list[Contract] = [product]
    while waiting:
        for given in getattr(waiting.pop(), "inputs", ()):
            if given.name not in found and given.name in known:
                found.add(given.name)
                waiting.append(known[given.name])
    return found


def in_order(products: Sequence[Product]) -> list[Product]:
    """What others are made from comes first."""
    left, done = {p.dataset: p for p in sorted(products, key=lambda p: p.name)}, []
    while left:
        ready = [name for name, p in left.items() if not any(i.name in left and i.name != name for i in p.inputs)] or list(left)[:1]
        done += [left.pop(name) for name in ready]
    return done
