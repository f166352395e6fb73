"""Spark's Python daemon with the libraries loaded: a worker forked from it starts in a second, where one that imports them takes three.

Spark starts it as `python -m jobs.platform.workers <worker module>` (spark.python.daemon.module). Polars stays out: it starts a thread
of its own when it is imported, and threads do not live on in a fork.
"""

from __future__ import annotations

# ruff: noqa: F401
import gc

import boto3.s3.transfer
import charset_normalizer
import cryptography.hazmat.primitives.ciphers.aead
import deltalake
import ijson
import jinja2
import lxml.etree
import numpy
import py7zr
import pyarrow.compute
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet
import pyspark.sql
import pyspark.worker
import tenacity

import jobs.contracts.load
import jobs.platform.keyring

if __name__ == "__main__":
    from pyspark.daemon import manager

    gc.collect()
    gc.freeze()  # a worker collects garbage after every task: not over what all of them share, which costs 70 ms each time
    manager()
