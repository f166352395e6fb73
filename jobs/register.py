"""register: a delivered file → a content-addressed raw copy that never changes again, and a receipt.

Runs as a Spark job over the list of new files: each task reads its file once, hashing it and counting its records; the store copies it as soon as its hash is known.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any
from urllib.parse import quote

from boto3.s3.transfer import TransferConfig
from pyspark.sql import SparkSession

from jobs.contracts.model import Contract, Reader
from jobs.deliveries.manifest import is_manifest
from jobs.deliveries.promised import Hashes, taken_up, with_arrival
from jobs.ops.ledger import Ledger
from jobs.platform.keyring import FRAME, delivery_key, seal
from jobs.platform.node_copy import NodeCopy
from jobs.platform.secrets import master_key
from jobs.platform.settings import Settings, load_settings
from jobs.platform.store import in_order, keys, s3
from jobs.platform.writers import commits_are_safe
from jobs.readers.content import Content
from jobs.readers.formats import STREAMS
from jobs.readers.inspection import archive_content, attachment_content, is_plain_text, text_content
from jobs.readers.lined import LINED
from jobs.readers.sniff import HEAD
from jobs.readers.streams import Ranged
from jobs.tables.spread import TASKS, spread

Copy = Callable[[str], None]  # takes the SHA-256 of the file; the copy goes on beside

CHUNK = 8 * FRAME
BITE = 1 << 20  # bytes; what fits a processor's cache is counted quicker
# One CopyObject takes up to 5 GiB, and a store that keeps objects in chunks (SeaweedFS) copies whole chunks instead of cutting them anew.
COPY = TransferConfig(multipart_threshold=4 << 30, multipart_chunksize=1 << 30)


@dataclass(frozen=True)
class Delivered:
    """A file in the landing zone. `delivered_at`: ISO 8601, when the store received it."""

    key: str
    etag: str
    size: int
    period: str
    name: str
    delivered_at: str


@dataclass(frozen=True)
class Registered:
    dataset: str
    new: int  # files


def run(spark: SparkSession, settings: Settings, contract: Contract, periods: Sequence[str] = ()) -> Registered:
    """Register what is new in the landing folder of a dataset; `periods` limits it. Repeating it adds nothing."""
    ledger = Ledger(settings)
    new = [f for f in unregistered(settings, ledger, contract) if not periods or f.period in periods]
    # two tasks may meet at the key of one content; a store that does not refuse the second key gets one task
    most = TASKS if not contract.personal or commits_are_safe(settings) else 1
    receipts = [json.loads(row) for row in spread(spark, new, [f.size for f in new], _registrar(contract), most)]
    promises: list[dict[str, Any]] = []
    for receipt in receipts:
        receipt["delivered_at"] = dt.datetime.fromisoformat(receipt["delivered_at"])
        receipt["registered_at"] = dt.datetime.now(dt.UTC)
        promises += with_arrival(receipt.pop("promises", ()), receipt["delivered_at"])
    if promises:  # before the receipts: what has one is not read again
        ledger.merge("manifests", promises)
    if receipts:
        ledger.merge("receipts", receipts)
    return Registered(contract.dataset, len(receipts))


def unregistered(settings: Settings, ledger: Ledger, contract: Contract) -> list[Delivered]:
    """Delivered files without a receipt."""
    return fresh(delivered(settings, contract), ledger.rows("receipts", dataset=contract.dataset))


def fresh(files: Iterable[Delivered], receipts: Iterable[Mapping[str, Any]]) -> list[Delivered]:
    """Those that no receipt is for. A store's clock counts whole seconds: what replaced a registered file within one came a microsecond later than it."""
    known: dict[tuple[str, dt.datetime], list[str | None]] = defaultdict(list)
    for receipt in receipts:
        known[receipt["landing_key"], receipt["delivered_at"].replace(microsecond=0)].append(receipt.get("etag"))  # none: a receipt older than this column
    found = []
    for file in files:
        came = dt.datetime.fromisoformat(file.delivered_at)
        before = known[file.key, came.replace(microsecond=0)]
        if None not in before and file.etag not in before:
            found.append(replace(file, delivered_at=(came + dt.timedelta(microseconds=len(before))).isoformat()))
    return found


def delivered(settings: Settings, contract: Contract) -> list[Delivered]:
    """Files below the dataset's landing folder whose period and path the contract takes."""
    client, found = s3(settings), []
    for item in keys(client, settings.bucket("landing"), contract.landing + "/"):
        period, _, name = item["Key"].removeprefix(contract.landing + "/").partition("/")
        if name and re.fullmatch(contract.period_pattern, period) and (is_manifest(contract, name) or re.fullmatch(contract.file_pattern, name)):
            found.append(Delivered(item["Key"], item["ETag"].strip('"'), item["Size"], period, name, item["LastModified"].astimezone(dt.UTC).isoformat()))
    return found


def delivery_id(period: str, sha256: str) -> str:
    return f"{period}/{sha256[:16]}"


def _registrar(contract: Contract) -> Any:
    def register(files: Iterator[Delivered]) -> Iterator[str]:
        settings = load_settings()
        client = s3(settings)
        for file in files:
            yield json.dumps(_register(settings, client, contract, file))

    return register


def _register(settings: Settings, client: Any, contract: Contract, file: Delivered) -> dict[str, Any]:
    with ThreadPoolExecutor(1) as beside:
        copied: list[Future[None]] = []

        def copy(sha256: str) -> None:
            copied.append(beside.submit(_copy, settings, client, contract, file, delivery_id(file.period, sha256), _raw_key(contract, file, sha256)))

        sha256, counted = (_manifest if is_manifest(contract, file.name) else _inspect)(settings, client, contract, file, copy)
        copied[0].result()
    return {
        "dataset": contract.dataset, "period": file.period, "name": file.name, "sha256": sha256, "delivery": delivery_id(file.period, sha256), "landing_key": file.key,
        "raw_key": _raw_key(contract, file, sha256), "bytes": file.size, "delivered_at": file.delivered_at, "etag": file.etag, "encrypted": contract.personal, **counted,
    }  # fmt: skip


def _raw_key(contract: Contract, file: Delivered, sha256: str) -> str:
    return f"{contract.department}/{contract.name}/{file.period}/{sha256}"


def _manifest(settings: Settings, client: Any, contract: Contract, file: Delivered, copy: Copy) -> tuple[str, dict[str, Any]]:
    """SHA-256 of a manifest, and what it promises; it is evidence like any file, and no data."""
    assert contract.manifest
    chunks = in_order(client, settings.bucket("landing"), file.key, file.etag, file.size)
    sha256, promises = taken_up(chunks, contract.manifest, contract.dataset, file.period, file.name)
    copy(sha256)
    return sha256, {"records": None, "count_error": None, "content": None, "splits": json.dumps({"blank": 0, "ranges": []}), "digests": None, "promises": promises}


def _inspect(settings: Settings, client: Any, contract: Contract, file: Delivered, copy: Copy) -> tuple[str, dict[str, Any]]:
    """SHA-256 of the file, and what it holds: its records by the counter that no parser takes part in. What the node keeps is counted while the store copies it."""
    bucket, digest = settings.bucket("landing"), Hashes(contract)
    delivered = partial(in_order, client, bucket, file.key, file.etag, file.size)
    whole = partial(Ranged, partial(_range, client, bucket, file), file.size)
    near = NodeCopy(settings, 0 if contract.personal else file.size)
    if near.wanted:
        deque(_hashed(digest, near.through(delivered())), maxlen=0)
        copy(digest.hexdigest())
        with near.keep(digest.hexdigest()) or whole() as stream:
            content = _content(iter(lambda: stream.read(BITE), b""), stream, file, contract.reader)
    else:
        chunks = _hashed(digest, delivered())
        content = _content(chunks, whole(), file, contract.reader)
        deque(chunks, maxlen=0)  # the hash is of all
        copy(digest.hexdigest())
    return digest.hexdigest(), _receipt(content, file.size) | {"digests": digest.others()}


def _content(chunks: Iterator[bytes], stream: Any, file: Delivered, reader: Reader) -> Content:
    """`chunks`: the file in order, not all of it taken where `stream`, the same file, is sought in instead."""
    first = next(chunks, b"")
    chunks = chain([first], chunks)
    if is_plain_text(first[:HEAD], reader):
        return text_content(chunks, file.name, reader)
    if reader.format == "attachment":
        return attachment_content(chunks, file.name)
    if reader.format in LINED or reader.format in STREAMS:
        stream.seek(0)
        return archive_content(stream, file.size, file.name, reader)
    return archive_content(io.BytesIO(b"".join(chunks)), file.size, file.name, reader)


def _hashed(digest: Any, chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _range(client: Any, bucket: str, file: Delivered, start: int, end: int) -> bytes:
    return bytes(client.get_object(Bucket=bucket, Key=file.key, IfMatch=file.etag, Range=f"bytes={start}-{end - 1}")["Body"].read())


def _receipt(content: Content, size: int) -> dict[str, Any]:
    """What landing needs to know. Byte ranges are of the file as delivered, so what has to be read from its beginning is one."""
    problem = next((f.problem for f in content.files if f.problem), content.refused[1] if content.refused else None)
    records = None if problem else sum(f.lines or 0 for f in content.files)
    ranges = [[0, size, 0]] if content.in_order or not content.files or not content.files[0].ranges else [list(r) for r in content.files[0].ranges]
    return {
        "records": records, "count_error": problem, "content": content.to_json(),
        "splits": json.dumps({"blank": sum(f.blank for f in content.files), "ranges": ranges}),
    }  # fmt: skip


def _copy(settings: Settings, client: Any, contract: Contract, file: Delivered, delivery: str, raw_key: str) -> None:
    """Server-side where nothing is sealed; the copy says in its metadata where it came from."""
    target = settings.bucket("raw")
    origin = {"landing-key": quote(file.key), "delivered-at": file.delivered_at}
    if not contract.personal:
        source = {"Bucket": settings.bucket("landing"), "Key": file.key}
        client.copy(source, target, raw_key, ExtraArgs={"Metadata": origin, "MetadataDirective": "REPLACE", "CopySourceIfMatch": file.etag}, Config=COPY)
        return
    key = delivery_key(client, settings.bucket("keys"), f"{contract.dataset}/{delivery}", master_key(settings), create=True)
    body = client.get_object(Bucket=settings.bucket("landing"), Key=file.key, IfMatch=file.etag)["Body"]
    client.upload_fileobj(Sealed(body, key, file.size), target, raw_key, ExtraArgs={"Metadata": origin})


class Sealed(io.RawIOBase):
    """A stream that seals another one frame by frame, so that no file has to fit in memory."""

    def __init__(self, source: Any, key: bytes, size: int) -> None:
        self._source, self._key, self._left, self._frame, self._ready = source, key, size, 0, b""
        self._done = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._done and (size < 0 or len(self._ready) < size):
            content = self._source.read(min(CHUNK, self._left)) if self._left else b""
            self._left -= len(content)
            self._done = self._left == 0
            self._ready += seal(content, self._key, self._frame, self._done)
            self._frame += len(content) // FRAME
        size = len(self._ready) if size < 0 else size
        out, self._ready = self._ready[:size], self._ready[size:]
        return out


def main() -> None:
    """By spark-submit: `jobs/register.py <dataset> [--period PERIOD]…`"""
    from jobs.cli.submit import submitted

    submitted("register")


if __name__ == "__main__":
    main()
