"""Counts row elements by expat's events; the reader builds elements with libxml2."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any
from xml.parsers import expat

from jobs.contracts.model import Reader
from jobs.readers.encoding import Encoding, as_utf8, wide_told
from jobs.readers.outcome import Refused
from jobs.readers.pieces import chunks
from jobs.readers.sniff import bom, wide_encoding

DECLARED = re.compile(rb"""^\s*<\?xml[^>]*encoding\s*=\s*["']([\w.-]+)["']""")
OWN = ("utf-8", "utf-16", "iso-8859-1", "us-ascii")  # encodings that expat knows


def count_xml(reader: Reader, data: bytes) -> int:
    """A document that is held already."""
    return count_xml_stream(reader, io.BytesIO(data))


def xml_encoding(reader: Reader, head: bytes) -> Encoding | None:
    """By the rules of XML: what its mark says, else what it declares, else UTF-8; the contract before all of them. None where no encoding is called so."""
    if reader.encoding:
        return Encoding(reader.encoding)
    if form := wide_encoding(head):
        return wide_told(form, head, None)
    match = DECLARED.match(head)
    if bom(head) or not match:
        return Encoding("utf-8", 1.0, "mark" if bom(head) else "utf-8")
    try:
        return Encoding(codecs.lookup(match[1].decode()).name, 1.0, "declared")
    except LookupError:
        return None


def count_xml_stream(reader: Reader, stream: Any) -> int:
    """Outermost row elements. Raises Refused where the file declares entities, ValueError where it is not well formed."""
    prefix, colon, local = (reader.row_element or "").rpartition(":")
    wanted = f"{next(s.uri for s in reader.namespaces if s.prefix == prefix)}}}{local}" if colon else local
    rows, depth = 0, 0

    def is_row(name: str) -> bool:
        return name == wanted or (not colon and name.rpartition("}")[2] == wanted)

    def start(name: str, attributes: Any) -> None:
        nonlocal rows, depth
        if is_row(name):
            rows, depth = rows + (depth == 0), depth + 1

    def end(name: str) -> None:
        nonlocal depth
        depth -= is_row(name)

    def declared(*_: Any) -> None:
        raise Refused("unsafe_xml", "the file declares entities")

    pieces, encoding = _known(reader, chunks(stream))
    parser = expat.ParserCreate(encoding, "}")
    parser.StartElementHandler, parser.EndElementHandler, parser.EntityDeclHandler = start, end, declared
    try:
        for piece in pieces:
            parser.Parse(piece, False)  # noqa: FBT003
        parser.Parse(b"", True)  # noqa: FBT003
    except expat.ExpatError as problem:
        raise ValueError(f"not well-formed XML: {problem}") from None
    return rows


def _known(reader: Reader, pieces: Iterator[bytes]) -> tuple[Iterator[bytes], str | None]:
    """Expat knows few encodings: the others come to it as UTF-8."""
    first = next(pieces, b"")
    match, pieces = DECLARED.match(first), chain([first], pieces)
    name = reader.encoding or (match[1].decode() if match else None)
    if name is None or (name.lower() in OWN and not reader.encoding):
        return pieces, None
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError(f"no encoding is called {name}") from None
    return as_utf8(pieces, name), "utf-8"
