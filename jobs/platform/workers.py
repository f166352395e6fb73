"""Spark's Python daemon with the jobs loaded: a worker forked from it starts in milliseconds, where one that imports takes two seconds.

Spark starts it as `python -m jobs.platform.workers <worker module>` (spark.python.daemon.module). Nothing here may start a thread: threads
do not live on in a fork.
"""

from __future__ import annotations

import jobs.land
import jobs.register  # noqa: F401

if __name__ == "__main__":
    from pyspark.daemon import manager

    manager()
