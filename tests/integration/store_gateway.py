"""An HTTP gateway in front of the real store, for what a network or another vendor's store does: it loses answers, holds requests back, or
does not know conditions. Everything it passes on is really done by the store behind it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from jobs.platform.secrets import S3Credentials

CONDITIONS = ("if-match", "if-none-match")
OF_SIGNING = ("authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-decoded-content-length", "x-amz-trailer", "content-length")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def is_commit(self) -> bool:
        return self.method == "PUT" and "/_delta_log/" in self.path and self.path.partition("?")[0].endswith(".json")


@contextmanager
def gateway(store: str, before: Callable[[Request], Request] = lambda r: r, answers: Callable[[Request, int], bool] = lambda r, s: True) -> Iterator[str]:
    """The address of a gateway to `store`. `before` may change a request or hold it back; where `answers` is False, the store has done its
    work and the client gets no answer."""
    upstream = urlsplit(store).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = before(Request(self.command, self.path, {key.lower(): value for key, value in self.headers.items()}, body))
            status, headers, content = _ask(upstream, request)
            if not answers(request, status):
                self.close_connection = True
                return
            self.send_response_only(status)
            for key, value in headers:
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = serve  # noqa: N815 - the names http.server asks for

        def log_message(self, format: str, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _ask(upstream: str, request: Request) -> tuple[int, list[tuple[str, str]], bytes]:
    connection = HTTPConnection(upstream, timeout=60)
    try:
        connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
        for key, value in request.headers.items():
            if key not in ("expect", "connection"):
                connection.putheader(key, value)
        connection.endheaders(request.body)
        answer = connection.getresponse()
        content = answer.read()
        headers = [(key, value) for key, value in answer.getheaders() if key.lower() not in ("transfer-encoding", "connection", "content-length")]
        length = answer.headers.get("Content-Length", "0") if request.method == "HEAD" else str(len(content))
        return answer.status, [*headers, ("Content-Length", length)] if answer.status != 204 else headers, content
    finally:
        connection.close()


def meeting(writers: int) -> Callable[[Request], Request]:
    """For a gateway's `before`: the first try of each writer to commit version 1 waits until every writer is about to do the same."""
    barrier = threading.Barrier(writers, timeout=300)
    places = threading.Semaphore(writers)

    def hold(request: Request) -> Request:
        if request.is_commit and request.path.endswith("/00000000000000000001.json") and places.acquire(blocking=False):
            barrier.wait()
        return request

    return hold


def without_conditions(store: str, who: S3Credentials, region: str) -> Callable[[Request], Request]:
    """For `before`: requests lose their If-Match and If-None-Match, as in a store that does not know them, and are signed anew."""

    def change(request: Request) -> Request:
        if not any(name in request.headers for name in CONDITIONS):
            return request
        body = _plain(request)
        kept = {key: value for key, value in request.headers.items() if key not in (*CONDITIONS, *OF_SIGNING, "expect", "connection")}
        if kept.get("content-encoding") == "aws-chunked":
            del kept["content-encoding"]
        signed = AWSRequest(request.method, f"{store}{request.path}", {**kept, "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}, body)
        S3SigV4Auth(Credentials(who.access_key, who.secret_key), "s3", region).add_auth(signed)
        return replace(request, headers={key.lower(): value for key, value in signed.headers.items()} | {"content-length": str(len(body))}, body=body)

    return change


def _plain(request: Request) -> bytes:
    """The body without the signed chunks (`<size>;chunk-signature=…`) in which Amazon's SDK wraps it."""
    if not request.headers.get("x-amz-content-sha256", "").startswith("STREAMING-"):
        return request.body
    out, rest = b"", request.body
    while rest:
        head, _, rest = rest.partition(b"\r\n")
        size = int(head.partition(b";")[0], 16)
        if size == 0:
            break
        out, rest = out + rest[:size], rest[size + 2 :]
    return out
