"""A door in front of the object store that counts the writes of each run and strikes after one of them.

Requests pass through as they are (the Host header too, so signatures still hold). The strike falls after the store has done the write
and before its answer goes back: the moment that leaves a client knowing least.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import h11

Message = tuple[Any, bytes]  # head (h11.Request or h11.Response) and body
WRITES = (b"PUT", b"POST", b"DELETE")
LOCKED = "-__PLACEHOLDER__"  # in the name of what Spark writes while it holds the metastore's lock: a run held there holds all that come after it


@dataclass
class Watch:
    """The writes of one run: those that name its `token`. The strike comes after the first one for which `at` (all of them so far) holds.

    The strike is `act`, while nothing passes the door; without it the run is held there, unanswered, until `release`.
    """

    token: bytes
    at: Callable[[list[str]], bool] = lambda _: False
    act: Callable[[], None] | None = None
    writes: list[str] = field(default_factory=list)
    struck: threading.Event = field(default_factory=threading.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Connection:
    """A client's connection; a write that names no run is of the run that the last one before it named."""

    writer: asyncio.StreamWriter
    watch: Watch | None = None


class WriteCounter:
    """Listens on the loopback (port 0: a free one)."""

    def __init__(self, store_port: int, port: int = 0) -> None:
        self._store_port, self.port = store_port, port
        self._watches: list[Watch] = []
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True, name="write-counter").start()
        self.open()

    def watch(self, *watches: Watch) -> None:
        """Watch these runs from now on, and no others."""
        self._watches = list(watches)

    def release(self) -> None:
        for watch in self._watches:
            self._loop.call_soon_threadsafe(watch.released.set)

    def open(self) -> None:
        self._run(self._open())

    def shut(self) -> None:
        """As when the store is gone: connections break, new ones are refused."""
        self._run(self._shut())

    def close(self) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for client in list(self._clients):
            client.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        front, connection = h11.Connection(h11.SERVER), Connection(writer)
        self._clients.add(writer)
        try:
            while (request := await _receive(front, reader, writer)) is not None:
                answer = await self._pass(request, connection)
                writer.write(_sent(front, answer))
                await writer.drain()
                if front.our_state is not h11.DONE or front.their_state is not h11.DONE:
                    return
                front.start_next_cycle()
        except (OSError, h11.ProtocolError):
            pass  # one of the two ends has died: the other sees its connection end
        finally:
            self._clients.discard(writer)
            writer.transport.abort()

    async def _pass(self, request: Message, connection: Connection) -> Message:
        watch = self._whose(request, connection)
        if watch is None:
            return await _ask(self._store_port, request)
        write = f"{request[0].method.decode()} {request[0].target.decode()}"
        if watch.struck.is_set() and watch.act is None and LOCKED not in write:
            await watch.released.wait()  # a client that tries again while it is held, or another thread of the run
        answer = await _ask(self._store_port, request)
        if answer[0].status_code < 300:  # a refused one wrote nothing: how many commits lose a race differs from run to run
            watch.writes.append(write)
            if not watch.struck.is_set() and watch.at(watch.writes):
                await _strike(watch)
        return answer

    def _whose(self, request: Message, connection: Connection) -> Watch | None:
        head, body = request
        if head.method not in WRITES:
            return None
        named = [w for w in self._watches if w.token in head.target] or [w for w in self._watches if w.token in body]
        if len(named) == 1:
            connection.watch = named[0]
        return connection.watch if connection.watch in self._watches else None


async def _strike(watch: Watch) -> None:
    if watch.act:
        watch.act()
    watch.struck.set()
    if watch.act is None:
        await watch.released.wait()


async def _ask(port: int, request: Message) -> Message:
    head, body = request
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        back = h11.Connection(h11.CLIENT)
        headers = [(name, value) for name, value in head.headers.raw_items() if name.lower() != b"expect"]
        writer.write(_sent(back, (h11.Request(method=head.method, target=head.target, headers=headers), body)))
        answer = await _receive(back, reader, writer)
        if answer is None:
            raise OSError("the store closed the connection without an answer")
        return answer
    finally:
        writer.close()


def _sent(side: h11.Connection, message: Message) -> bytes:
    head, body = message
    if isinstance(head, h11.Response):
        head = h11.Response(status_code=head.status_code, headers=head.headers.raw_items(), reason=head.reason)
    parts = [side.send(head), side.send(h11.Data(data=body)) if body else b"", side.send(h11.EndOfMessage())]
    return b"".join(part or b"" for part in parts)


async def _receive(side: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Message | None:
    head, body = None, bytearray()
    while True:
        event = side.next_event()
        if event is h11.NEED_DATA:
            if side.they_are_waiting_for_100_continue:
                writer.write(side.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            side.receive_data(await reader.read(1 << 16))
        elif isinstance(event, h11.Request | h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return head, bytes(body)
        elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
            return None
