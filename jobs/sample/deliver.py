"""Files into the landing zone, as a department would put them there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from jobs.platform.settings import Settings
from jobs.platform.store import s3


@dataclass(frozen=True)
class Put:
    """`new`: files that were put; `known`: files that stood there already with the same content."""

    new: int
    known: int


def deliver(settings: Settings, files: Iterable[tuple[str, bytes | Path]]) -> Put:
    """Put (landing key, content) pairs; a file that stands there with the same content is left alone, so that its time of delivery stays true."""
    client, bucket, new, known = s3(settings), settings.bucket("landing"), 0, 0
    for key, content in files:
        body = content.read_bytes() if isinstance(content, Path) else content
        digest = hashlib.sha256(body).hexdigest()
        if stands(client, bucket, key, digest):
            known += 1
            continue
        client.put_object(Bucket=bucket, Key=key, Body=body, Metadata={"sha256": digest})
        new += 1
    return Put(new, known)


def stands(client: object, bucket: str, key: str, digest: str | None) -> bool:
    """Whether this content is there already; None: any content."""
    try:
        found = client.head_object(Bucket=bucket, Key=key)["Metadata"].get("sha256")  # type: ignore[attr-defined]
        return digest in (None, found)
    except ClientError as problem:
        if problem.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
