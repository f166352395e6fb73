"""Clients of the object store, one role each."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from jobs.platform.errors import LakeError
from jobs.platform.secrets import credentials
from jobs.platform.settings import ZONES, Settings

RANGE, AHEAD = 16 << 20, 3


def s3(settings: Settings, role: str = "job") -> Any:
    """A boto3 S3 client, the same one for the same door: making one takes as long as ten requests. A process that was forked has its own."""
    who = credentials(settings, role)
    return _client(settings.endpoint, settings.storage.region, who.access_key, who.secret_key, os.getpid())


@lru_cache(maxsize=16)
def _client(endpoint: str, region: str, access_key: str, secret_key: str, process: int) -> Any:
    """Short connect time-outs: a store that is down is an answer within seconds. Clients of boto3 may be shared by threads."""
    config = Config(s3={"addressing_style": "path"}, connect_timeout=3, read_timeout=120, retries={"max_attempts": 4, "mode": "standard"}, max_pool_connections=32)
    return boto3.client("s3", endpoint_url=endpoint, region_name=region, aws_access_key_id=access_key, aws_secret_access_key=secret_key, config=config)


def delta_options(settings: Settings, role: str = "job") -> dict[str, str]:
    """`storage_options` of delta-rs; it commits by conditional PUT."""
    who = credentials(settings, role)
    return {
        "AWS_ACCESS_KEY_ID": who.access_key, "AWS_SECRET_ACCESS_KEY": who.secret_key, "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_REGION": settings.storage.region, "AWS_ALLOW_HTTP": str(settings.endpoint.startswith("http:")).lower(),
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false", "conditional_put": "etag", "max_retries": "6", "retry_timeout": "20s",
    }


def keys(client: Any, bucket: str, prefix: str = "") -> Iterator[dict[str, Any]]:
    """Objects below a prefix (Key, Size, LastModified), folders' own markers left out."""
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            if not item["Key"].endswith("/"):
                yield item


def emptied(settings: Settings, zone: str, prefix: str, keep: Collection[str] = ()) -> None:
    """Delete every object below a prefix, but the keys of `keep`."""
    client, bucket = s3(settings), settings.bucket(zone)
    for item in list(keys(client, bucket, prefix)):
        if item["Key"] not in keep:
            client.delete_object(Bucket=bucket, Key=item["Key"])


def in_order(client: Any, bucket: str, key: str, etag: str, size: int) -> Iterator[bytes]:
    """The bytes of one version of an object, RANGE at a time; the next ranges are fetched while the caller works, at most AHEAD of them."""

    def fetch(start: int) -> bytes:
        return bytes(client.get_object(Bucket=bucket, Key=key, IfMatch=etag, Range=f"bytes={start}-{min(size, start + RANGE) - 1}")["Body"].read())

    with ThreadPoolExecutor(AHEAD) as pool:
        coming: deque[Future[bytes]] = deque()
        for start in range(0, size, RANGE):
            coming.append(pool.submit(fetch, start))
            if len(coming) > AHEAD:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def make_buckets(settings: Settings) -> None:
    client = s3(settings)
    have = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    for zone in ZONES:
        if settings.bucket(zone) not in have:
            client.create_bucket(Bucket=settings.bucket(zone))


def require_store(settings: Settings) -> None:
    """Raises LakeError in one line where the store does not answer or refuses us."""
    try:
        s3(settings).list_buckets()
    except (BotoCoreError, ClientError) as problem:
        name = os.path.basename(type(problem).__name__)
        raise LakeError(f"the object store at {settings.endpoint} does not answer ({name})", "start it with ./lake up, or look at .lake/logs/store.log") from None
