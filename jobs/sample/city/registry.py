"""Every dataset of the city. To add one, declare it in a module of `datasets/` and name the module here; see docs/reference/city.md."""

from __future__ import annotations

from functools import cache

from jobs.platform.errors import LakeError
from jobs.sample.city.dataset import Dataset
from jobs.sample.city.datasets import (
    care,
    commerce,
    disease,
    environment,
    finance,
    hotline,
    livelihood,
    market,
    other_region,
    power,
    procurement,
    public_life,
    public_security,
    roads,
    schools,
    services,
    vital,
    welfare,
    work,
)  # fmt: skip

MODULES = (
    public_security, vital, welfare, work, schools, care, commerce, disease, environment, finance, hotline, livelihood, market, other_region, power, procurement, public_life, roads, services,
)  # fmt: skip


@cache
def datasets() -> dict[str, Dataset]:
    """Id → dataset, in the order of ids."""
    found = [dataset for module in MODULES for dataset in module.DATASETS]
    return {dataset.id: dataset for dataset in sorted(found, key=lambda dataset: dataset.id)}


def dataset_of(name: str) -> Dataset:
    """Raises LakeError naming the datasets of the city."""
    if name not in datasets():
        raise LakeError(f"the city has no dataset {name!r}", f"it has {', '.join(datasets())}")
    return datasets()[name]
