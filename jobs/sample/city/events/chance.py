"""Shapes of chance beyond those of `jobs.sample.city.draws`, out of the same hashes: no value depends on the order in which it is drawn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from jobs.sample.city.draws import Floats, Ints, hashes, integers, normal, uniform

# Quantiles of the exponential distribution (mean 1) at 0, 1/32, … 31/32 and the far end: a table, as processors differ in the last bit of a logarithm.
EXPONENTIAL = np.array([round(-math.log(1 - k / 32), 6) for k in range(32)] + [7.0])


def between(seed: int, name: str, low: ArrayLike, high: ArrayLike, *of: ArrayLike) -> Floats:
    """Evenly in [low, high)."""
    least = np.asarray(low, np.float64)
    return least + uniform(seed, name, *of) * (np.asarray(high, np.float64) - least)


def exponential(seed: int, name: str, mean: ArrayLike, *of: ArrayLike) -> Floats:
    """Waiting times, up to seven times the mean."""
    return np.interp(uniform(seed, name, *of) * 32, np.arange(33), EXPONENTIAL) * np.asarray(mean, np.float64)


def poisson(seed: int, name: str, mean: ArrayLike, of: ArrayLike) -> Ints:
    """Counts with a mean of their own: by multiplying up the distribution below a mean of 12, rounded normal above."""
    means = np.broadcast_to(np.asarray(mean, np.float64), np.shape(of))
    low, drawn = np.minimum(means, 12.0), uniform(seed, name, of)
    share: Floats = np.round(np.exp(-low), 12).astype(np.float64)
    found, reached = np.zeros(means.shape, np.int64), share.copy()
    for count in range(1, 50):
        found += drawn >= reached
        share = share * low / count
        reached = reached + share
    return np.where(means < 12.0, found, np.maximum(0, np.rint(normal(seed, f"{name}/many", means, np.sqrt(means), of))).astype(np.int64))


def shuffled(seed: int, name: str, size: int) -> Ints:
    """The numbers from 0, in another order."""
    return np.argsort(hashes(seed, name, np.arange(size)), kind="stable").astype(np.int64)


def one(seed: int, name: str, low: int, high: int, *of: int) -> int:
    """A single whole number from `low` up to and without `high`."""
    return int(integers(seed, name, low, high, *of)[0])


def wave(at: Any, length: float, peak: float) -> Floats:
    """A cosine that is 1 at `peak`, rounded so that it is the same everywhere."""
    return np.asarray(np.round(np.cos(2 * np.pi * (np.asarray(at, np.float64) - peak) / length), 9), np.float64)
