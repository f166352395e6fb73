"""The docs bucket for a browser of this machine: read with the job's S3 user, on loopback, below an address that only who has the checkout's secrets can make."""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from jobs.platform.components import Component
from jobs.platform.secrets import connect_token
from jobs.platform.settings import Settings, load_settings
from jobs.platform.store import s3
from jobs.quality.site.addresses import OVERVIEW

HOST, NAME = "127.0.0.1", "docs"
FOLDERS = ("quality/", "gx/", "answers/")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
}  # fmt: skip


def key_of(settings: Settings) -> str:
    """First part of every address: other users of this machine can reach the port, and must not read what is not public."""
    return hmac.new(connect_token(settings).encode(), b"quality pages", hashlib.sha256).hexdigest()[:32]


def address(settings: Settings, page: str = OVERVIEW) -> str:
    return f"http://{HOST}:{settings.port('docs')}/{key_of(settings)}/{quote(page)}"


def component(settings: Settings) -> Component:
    """The server as a supervised process; `lake down` stops it with the others."""

    def healthy() -> bool:
        return httpx.get(f"http://{HOST}:{settings.port('docs')}/", timeout=2, trust_env=False).status_code == HTTPStatus.NOT_FOUND

    return Component(
        NAME,
        (sys.executable, "-m", "jobs.quality.site.serve"),
        {**os.environ, "PYTHONPATH": str(settings.root), "LAKE_ROOT": str(settings.root)},
        healthy,
        (settings.port("docs"),),
        60,
    )


class Pages(BaseHTTPRequestHandler):
    """GET and HEAD of objects; everything else is not found."""

    def __init__(self, client: Any, bucket: str, key: str, *args: Any) -> None:
        self._client, self._bucket, self._key = client, bucket, key
        super().__init__(*args)

    def do_GET(self) -> None:  # noqa: N802 - the name http.server calls
        found = self._object()
        self._answer(*found, with_body=True)

    def do_HEAD(self) -> None:  # noqa: N802
        self._answer(*self._object(), with_body=False)

    def _object(self) -> tuple[HTTPStatus, str, bytes]:
        """Status, content type and content. A wrong key is answered like a page that is not there."""
        first, _, rest = unquote(urlsplit(self.path).path).lstrip("/").partition("/")
        if not hmac.compare_digest(first.encode(), self._key.encode()) or not rest.startswith(FOLDERS) or not rest.endswith((".html", ".csv")):
            return HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"There is no such page. ./lake docs says where the pages are.\n"
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=rest)
            return HTTPStatus.OK, found["ContentType"], found["Body"].read()
        except ClientError as problem:
            missing = problem.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_FOUND
            return (HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"There is no such page.\n") if missing else _away()
        except BotoCoreError:
            return _away()

    def _answer(self, status: HTTPStatus, kind: str, body: bytes, with_body: bool) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: an address holds the key."""


def _away() -> tuple[HTTPStatus, str, bytes]:
    return HTTPStatus.SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", b"The object store does not answer: ./lake up\n"


def serve(settings: Settings) -> None:
    """Until it is stopped."""
    handler = partial(Pages, s3(settings), settings.bucket("docs"), key_of(settings))
    with ThreadingHTTPServer((HOST, settings.port("docs")), handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    serve(load_settings())
