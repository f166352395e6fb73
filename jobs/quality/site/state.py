"""What the site was made from, kept beside it. Two builds at once are told apart by a conditional PUT."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from jobs.quality.site.addresses import STATE


@dataclass(frozen=True)
class State:
    """`datasets`: dataset → `made_from` (a hash) and `line` (of the overview); `unknown`: without a contract; `etag`: of the version that was read, None = there is none."""

    datasets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unknown: Sequence[str] = ()
    etag: str | None = None


def read_state(client: Any, bucket: str) -> State:
    try:
        found = client.get_object(Bucket=bucket, Key=STATE)
    except ClientError as problem:
        if _status(problem) == 404:
            return State(unknown=("",))  # no overview is there: one is written in any case
        raise
    said = json.loads(found["Body"].read())
    return State(said["datasets"], said["unknown"], found["ETag"])


def save_state(client: Any, bucket: str, state: State) -> bool:
    """False: another build saved its own since this one was read."""
    said = {"datasets": state.datasets, "unknown": list(state.unknown), "build": str(uuid.uuid4())}  # of two builds that say the same, the versions still differ
    body = json.dumps(said, ensure_ascii=False).encode()
    condition = {"IfMatch": state.etag} if state.etag else {"IfNoneMatch": "*"}
    try:
        client.put_object(Bucket=bucket, Key=STATE, Body=body, ContentType="application/json", **condition)
    except ClientError as problem:
        if _status(problem) in (404, 409, 412):
            return False
        raise
    return True


def read_json(client: Any, bucket: str, key: str) -> dict[str, str]:
    """What stands at a key, or nothing."""
    try:
        found: dict[str, str] = json.loads(client.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as problem:
        if _status(problem) == 404:
            return {}
        raise
    return found


def _status(problem: ClientError) -> int:
    return int(problem.response["ResponseMetadata"]["HTTPStatusCode"])
