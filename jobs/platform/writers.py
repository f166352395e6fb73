"""Who may write to the lake. Where the store refuses the second of two commits of one version, anybody with the job role; where it does
not, commits of a second writer would be lost in silence, so there is one writer or none.

The one writer is a process: it holds a lock of its checkout (freed when it ends, however it ends), and its checkout holds the claim, an
object in the lake. Two checkouts that claim at the same moment cannot both keep it: the claim is read again at every admission.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from typing import Any, TextIO

from jobs.platform.errors import LakeError
from jobs.platform.probe import OF_COMMITS, known_conditions
from jobs.platform.settings import Settings
from jobs.platform.store import s3

CLAIM = "_writer.json"
_held: dict[tuple[int, str], TextIO] = {}  # by process, because a fork inherits this table but must ask for itself


def commits_are_safe(settings: Settings) -> bool:
    """Whether several writers may commit to one table of this store."""
    conditions = known_conditions(settings)
    return all(conditions[name] for name in OF_COMMITS)


def admit(settings: Settings) -> None:
    """Let this process write until it ends. Raises LakeError where a second writer could lose commits."""
    if commits_are_safe(settings):
        return
    if not settings.single_writer:
        raise LakeError(
            f"the object store at {settings.endpoint} has no conditional PUT (If-None-Match): with several writers it loses commits in silence",
            "use a store that has it, or say single_writer: true in conf/lake.yaml: then one process at a time may write, and jobs run one after the other",
        )
    _lock(settings)
    _claim(settings)


def _lock(settings: Settings) -> None:
    path = settings.state / "run" / "writer.lock"
    if (os.getpid(), str(path)) in _held:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise LakeError(f"process {lock.read().strip() or 'unknown'} writes to the lake, and its store admits one writer only", "run this again when that process has ended") from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    _held[os.getpid(), str(path)] = lock


def _claim(settings: Settings) -> None:
    """One checkout of one machine has the lake; the object stays until an operator deletes it."""
    client, bucket = s3(settings), settings.bucket("ops")
    mine = {"host": socket.gethostname(), "checkout": str(settings.root)}
    standing = _standing(client, bucket)
    if standing is None:
        client.put_object(Bucket=bucket, Key=CLAIM, Body=json.dumps(mine).encode())
        standing = _standing(client, bucket)
    if standing != mine:
        where = f"{standing['host']}:{standing['checkout']}" if standing else "nobody any more"
        raise LakeError(f"the one writer of this lake is {where}", f"run jobs there; when it is gone for good, delete s3://{bucket}/{CLAIM}")


def _standing(client: Any, bucket: str) -> dict[str, str] | None:
    try:
        found: dict[str, str] = json.loads(client.get_object(Bucket=bucket, Key=CLAIM)["Body"].read())
    except client.exceptions.NoSuchKey:
        return None
    return found
