"""The store's record of who read what of the bucket `shares`: a small process that SeaweedFS tells of every request (its audit log, Fluentd's forward protocol as JSON).

It keeps the requests for that bucket and for no other; `collect` brings them into ops.share_access. A store outside this checkout has an access log of its own.
Imports next to nothing: it runs as long as the store does.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MOST = 1 << 20  # bytes of a message; a connection that sends a longer one is closed
KEPT = ("request_id", "time", "requester", "requester_identity", "operation", "bucket", "key", "status", "remote_ip")


def configuration(port: int) -> str:
    """What SeaweedFS reads: where to tell it. Asynchronous: a log that does not listen never holds the store up."""
    return json.dumps({"fluent_host": "127.0.0.1", "fluent_port": port, "fluent_network": "tcp", "marshal_as_json": True, "async": True, "max_retry": 5})


def messages(text: str) -> tuple[list[dict[str, Any]], str]:
    """Records of the whole messages at the beginning of a text, `[tag, time, record, options]` each, and what is left of it."""
    decoder = json.JSONDecoder()
    found: list[dict[str, Any]] = []
    while text := text.lstrip():
        try:
            message, end = decoder.raw_decode(text)
        except json.JSONDecodeError:
            return found, text
        text = text[end:]
        if isinstance(message, list) and len(message) > 2 and isinstance(message[2], dict):
            found.append(message[2])
    return found, ""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def keep(path: Path, bucket: str, records: list[dict[str, Any]]) -> None:
    """Append those about the bucket."""
    lines = [json.dumps({name: record.get(name) for name in KEPT}) + "\n" for record in records if record.get("bucket") == bucket]
    if lines:
        with locked(path), path.open("a", encoding="utf-8") as out:
            out.writelines(lines)


async def listen(port: int, path: Path, bucket: str) -> None:
    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rest = ""
        while (piece := await reader.read(1 << 16)) and len(rest) < MOST:
            records, rest = messages(rest + piece.decode("utf-8", "replace"))
            keep(path, bucket, records)
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def taken(path: Path, put: Callable[[list[dict[str, Any]]], None]) -> int:
    """Hand what was kept to `put` and forget it when that is done. Returns how many."""
    if not path.exists():
        return 0
    with locked(path):
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        if records:
            put(records)
            path.write_text("")
    return len(records)


if __name__ == "__main__":
    asyncio.run(listen(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
