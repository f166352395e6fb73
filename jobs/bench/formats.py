"""`lake bench formats`: how fast each format is read and typed, beside the fastest library that reads the same file by itself.

Both sides end with Arrow tables of one schema and write nothing. Ours is what a landing task does with a byte range: cut as registering cuts it, read by the
format's reader, typed by the contract; WORKERS processes share the pieces, each with one thread for Polars, as Spark's Python workers have it. The library
has the whole machine.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from jobs.bench.dumps import MEGABYTE, Dump, written
from jobs.bench.local_files import content, cut, values
from jobs.bench.processor import family
from jobs.bench.rounds import Contender, Timing, measured, ratios
from jobs.contracts.model import Contract
from jobs.platform.errors import LakeError
from jobs.readers.delivery import Piece

WORKERS = 2
ALONE_ROWS = 1_000_000  # of a format that one task reads whole, or that no library reads into rows by itself
BY_ONE_TASK = ("fixed_width", "json", "xml", "orc", "avro", "excel", "sqlite")
AIM = 1.3  # times the fastest library
ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}  # as jobs.platform.components gives Spark


@dataclass(frozen=True)
class Measured:
    """One format: `timings` are ours, then each library's; `counted`: registering's count of the records in bounded memory, one process."""

    dump: Dump
    timings: Sequence[Timing]
    counted: Timing

    @property
    def fastest(self) -> Timing | None:
        return min(self.timings[1:], key=lambda timing: timing.median, default=None)

    @property
    def ratio(self) -> Sequence[float]:
        """Ours against the fastest library, a round."""
        return ratios(self.timings[0], self.fastest) if self.fastest else ()


def run(forms: Sequence[str], megabytes: float, rounds: int, folder: Path | None, tell: Callable[[str], None]) -> list[Measured]:
    """Files of at least so many megabytes, below `folder`; they are deleted. Raises LakeError where a side read another number of rows."""
    found = []
    with tempfile.TemporaryDirectory(dir=folder, prefix="lake-bench-") as place, _workers() as pool:
        for form in forms:
            tell(f"making {form}")
            dump = written(form, Path(place), megabytes, ALONE_ROWS if form in BY_ONE_TASK else None)
            found.append(_measured(dump, pool, rounds, tell))
            dump.path.unlink()
    return found


def _measured(dump: Dump, pool: ProcessPoolExecutor, rounds: int, tell: Callable[[str], None]) -> Measured:
    from jobs.bench.libraries import LIBRARIES

    pieces = cut(dump.contract, dump.path)
    contenders = [Contender("ours", f"civiclake: {dump.form}", lambda tag: _checked(dump, _ours(pool, dump.contract, pieces)))]
    contenders += [Contender(name, f"{name}: {dump.form}", _their(dump, read)) for name, read in LIBRARIES.get(dump.form, {}).items()]
    timings = measured(contenders, rounds, lambda: family(os.getpid()), tell)
    [counted] = measured([Contender("counted", f"counting {dump.form}", lambda tag: _noted(dump))], rounds, lambda: family(os.getpid()), tell)
    return Measured(dump, timings, counted)


def _their(dump: Dump, read: Callable[[Dump], int]) -> Callable[[str], Mapping[str, float]]:
    return lambda tag: _checked(dump, read(dump))


def _checked(dump: Dump, rows: int) -> Mapping[str, float]:
    if rows != dump.rows:
        raise LakeError(f"{rows} of {dump.rows} rows of {dump.form} were read", "this is a bug")
    return {}


def _noted(dump: Dump) -> Mapping[str, float]:
    content(dump.contract, dump.path)
    return {}


def _ours(pool: ProcessPoolExecutor, contract: Contract, pieces: Sequence[Piece]) -> int:
    return sum(pool.map(read_and_typed, [contract] * len(pieces), pieces))


def read_and_typed(contract: Contract, piece: Piece) -> int:
    """Rows of a piece, once they are Arrow of the contract's types."""
    return sum(frame.to_arrow().num_rows for frame in values(contract, piece))


@contextmanager
def _workers() -> Iterator[ProcessPoolExecutor]:
    """Fresh processes: a fork would have Polars' threads in an unknown state."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
            list(pool.map(_warm, range(2 * WORKERS)))
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.update({name: value})
            yield pool
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _warm(_: int) -> None:
    """Long enough for every worker to be started by one of these."""
    time.sleep(0.2)


def rates(one: Measured, timing: Timing) -> tuple[float, float]:
    """Megabytes (10^6 bytes) and rows a second."""
    return one.dump.size / MEGABYTE / timing.median, one.dump.rows / timing.median
