"""The store's messages, whole or in pieces, and what is kept of them."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from jobs.platform.access_log import listen, messages, taken


def message(key: str, bucket: str = "shares") -> str:
    return json.dumps(["s3.access", 1795989088, {"bucket": bucket, "key": key, "request_id": key, "status": 200, "user_agent": "x"}, {}])


def test_messages_come_in_any_pieces() -> None:
    text = message("a") + message("b") + "\n" + message("c")
    for cut in range(len(text)):
        first, rest = messages(text[:cut])
        second, left = messages(rest + text[cut:])
        assert [record["key"] for record in first + second] == ["a", "b", "c"] and left == ""


def test_only_requests_for_the_bucket_are_kept_and_forgotten_once_they_are_put(tmp_path: Path) -> None:
    path = tmp_path / "access.jsonl"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def told() -> None:
        server = asyncio.create_task(listen(port, path, "shares"))
        for _ in range(100):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except OSError:
                await asyncio.sleep(0.02)
        writer.write((message("a/b/c.csv") + message("secret.csv", "raw")).encode())
        await writer.drain()
        writer.close()
        for _ in range(100):
            if path.exists():
                break
            await asyncio.sleep(0.02)
        server.cancel()

    asyncio.run(told())

    def fails(records: list[dict[str, object]]) -> None:
        raise OSError("the ledger is away")

    with pytest.raises(OSError, match="the ledger"):
        taken(path, fails)
    found: list[dict[str, object]] = []
    assert taken(path, found.extend) == 1 and taken(path, found.extend) == 0
    assert [(record["key"], record.get("user_agent")) for record in found] == [("a/b/c.csv", None)]
