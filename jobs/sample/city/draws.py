"""Chance without a state: a value is a function of (seed, name of the draw, ids), so it is the same on any machine and in any order.

Hashes are unsigned 64-bit arrays (splitmix64); everything else follows from them by whole numbers and exact divisions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Hashes: TypeAlias = NDArray[np.uint64]
GOLDEN, FIRST, SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
EXACT = 2.0**-53


def hashes(seed: int, name: str, *ids: ArrayLike) -> Hashes:
    """One hash for each place of the ids, which are broadcast together."""
    start = int.from_bytes(hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest(), "big")
    with np.errstate(over="ignore"):
        mixed = np.full((), start, np.uint64)
        for each in ids:
            mixed = _mixed(mixed ^ _mixed(np.asarray(each).astype(np.int64).astype(np.uint64)))
    return np.atleast_1d(mixed)


def _mixed(value: Hashes) -> Hashes:
    value = value + GOLDEN
    value = (value ^ (value >> np.uint64(30))) * FIRST
    value = (value ^ (value >> np.uint64(27))) * SECOND
    return value ^ (value >> np.uint64(31))


def uniform(seed: int, name: str, *ids: ArrayLike) -> Floats:
    """In [0, 1)."""
    return (hashes(seed, name, *ids) >> np.uint64(11)).astype(np.float64) * EXACT


def integers(seed: int, name: str, low: ArrayLike, high: ArrayLike, *ids: ArrayLike) -> Ints:
    """Whole numbers from `low` up to and without `high`, which may be arrays."""
    least = np.asarray(low, np.int64)
    width = np.maximum(np.asarray(high, np.int64) - least, 1)
    return least + (uniform(seed, name, *ids) * width).astype(np.int64)


def chosen(seed: int, name: str, weights: Sequence[float] | Floats, *ids: ArrayLike) -> Ints:
    """Indices into `weights`, each as often as its weight says."""
    bounds = np.cumsum(np.asarray(weights, np.float64))
    return np.minimum(np.searchsorted(bounds / bounds[-1], uniform(seed, name, *ids), side="right"), len(bounds) - 1).astype(np.int64)


def happens(seed: int, name: str, chance: ArrayLike, *ids: ArrayLike) -> NDArray[np.bool_]:
    """True with this chance, which may be an array."""
    return uniform(seed, name, *ids) < np.asarray(chance, np.float64)


def normal(seed: int, name: str, mean: ArrayLike, spread: ArrayLike, *ids: ArrayLike) -> Floats:
    """Nearly normal: the sum of four whole 16-bit numbers, so never further than 3.47 spreads from the mean, and without a logarithm that machines round differently."""
    mixed, total = hashes(seed, name, *ids), np.zeros((), np.int64)
    for shift in (0, 16, 32, 48):
        total = total + ((mixed >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64)
    return np.asarray(mean, np.float64) + np.asarray(spread, np.float64) * ((total - 131070) / 65536.0) * 1.7320508075688772


def counts(seed: int, name: str, mean: float, *ids: ArrayLike) -> Ints:
    """Poisson numbers (mean up to some 30)."""
    share, bounds, step = float(np.exp(-mean)), [], 0
    total = share
    while total < 1 - 1e-12 and step < 200:
        bounds.append(total)
        step += 1
        share *= mean / step
        total += share
    return np.searchsorted(np.round(bounds, 12), uniform(seed, name, *ids), side="right").astype(np.int64)
