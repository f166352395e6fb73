"""A store or a Spark server that goes away under a running job is one clear line, and the job can be run again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ConnectionError as StoreConnectionError
from botocore.exceptions import HTTPClientError

from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.spark import Door, door_of, require_listening
from jobs.platform.store import require_store

AGAIN = "nothing is lost or loaded twice: run it again"
# Spark's and delta-rs's clients have no class of their own for a connection that broke; they say it in these words.
SPARK_LOST = ("StatusCode.UNAVAILABLE", "UNAVAILABLE:", "Connection reset", "INVALID_HANDLE", "SESSION_CHANGED", "NO_ACTIVE_SESSION", "RESPONSE_ALREADY_RECEIVED")
STORE_LOST = ("Generic S3 error", "error sending request", "S3Exception", "SdkClientException", "AWSClientIOException", "ConnectException", "EndpointConnectionError", "ConnectionClosedError")


class Outage(LakeError):
    """The store or Spark went away under a job: no fault of the data or the rules."""


def lost(text: str) -> bool:
    """Whether these words of a client tell of a server that has gone."""
    return any(words in text for words in (*SPARK_LOST, *STORE_LOST))


def require_lake(settings: Settings, door: Door | None = None) -> None:
    """Raises LakeError where the store or the Spark server (behind `door`, or the profile's) does not answer."""
    require_store(settings)
    require_listening((door or door_of(settings)).url)


@contextmanager
def outages_named(settings: Settings, door: Door | None = None) -> Iterator[None]:
    """Raises LakeError instead of what a client says when its server has gone; every other error passes."""
    try:
        yield
    except Outage as problem:
        raise _outage(settings, door, problem) or problem from None
    except LakeError:
        raise
    except Exception as problem:
        named = _outage(settings, door, problem)
        if named is None:
            raise
        raise named from problem


def _outage(settings: Settings, door: Door | None, problem: Exception) -> Outage | None:
    try:
        require_lake(settings, door)
    except LakeError as down:
        return Outage(down.message, f"{down.way_out}; {AGAIN}")
    text = f"{type(problem).__name__}: {problem}"
    if any(words in text for words in SPARK_LOST):
        return Outage("the Spark server went away for a moment and forgot this session", AGAIN)
    if isinstance(problem, StoreConnectionError | HTTPClientError) or any(words in text for words in STORE_LOST):
        return Outage(f"the connection to the object store at {settings.endpoint} broke", AGAIN)
    return None
