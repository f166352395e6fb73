"""A door in front of the object store that counts the writes and strikes at the k-th of them.

Requests pass through as they are (the Host header too, so signatures still hold). `strike` is called while nothing else passes the
door: after the store has done the write and before its answer goes back, which is the moment that leaves a client knowing least, or
before the store has seen the write.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal

import h11

Moment = Literal["before", "after"]
Message = tuple[Any, bytes]  # head (h11.Request or h11.Response) and body


@dataclass
class Strike:
    """`closes`: with the strike the store is gone, so its door shuts until `open` is called."""

    at: int
    moment: Moment
    act: Callable[[], None]
    closes: bool = False
    done: threading.Event = field(default_factory=threading.Event)


class WriteCounter:
    """Listens on the loopback (port 0: a free one); `writes` names the write requests since the last `count`."""

    def __init__(self, store_port: int, port: int = 0) -> None:
        self._store_port, self._strike = store_port, Strike(0, "after", lambda: None)
        self.writes: list[str] = []
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True, name="write-counter").start()
        self.port = port
        self.open()

    def count(self, strike: Strike | None = None) -> None:
        """Count from nought again, and strike once."""
        self.writes, self._strike = [], strike or Strike(0, "after", lambda: None)

    def open(self) -> None:
        self._run(self._open())

    def close(self) -> None:
        self._run(self._shut())
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
        front = h11.Connection(h11.SERVER)
        self._clients.add(writer)
        try:
            while (request := await _receive(front, reader, writer)) is not None:
                answer = await self._pass(request)
                if answer is None:
                    return
                writer.write(_sent(front, answer))
                await writer.drain()
                if front.our_state is not h11.DONE or front.their_state is not h11.DONE:
                    return
                front.start_next_cycle()
        except (OSError, h11.ProtocolError):
            pass  # one of the two ends has died: the other sees its connection end
        finally:
            self._clients.discard(writer)
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    async def _pass(self, request: Message) -> Message | None:
        """The store's answer; None when the door shut meanwhile."""
        strike = self._counted(request[0])
        if strike and strike.moment == "before":
            await self._hit(strike)
        answer = await _ask(self._store_port, request) if not (strike and strike.moment == "before" and strike.closes) else None
        if strike and strike.moment == "after":
            await self._hit(strike)
        return None if strike and strike.closes else answer

    def _counted(self, head: Any) -> Strike | None:
        if head.method not in (b"PUT", b"POST", b"DELETE"):
            return None
        self.writes.append(f"{head.method.decode()} {head.target.decode()}")
        return self._strike if len(self.writes) == self._strike.at else None

    async def _hit(self, strike: Strike) -> None:
        strike.act()
        if strike.closes:
            await self._shut()
        strike.done.set()


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
