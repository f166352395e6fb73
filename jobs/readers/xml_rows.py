"""XML: every row element becomes a row, streamed by lxml; nothing outside the file is read and no entity is expanded."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Set
from itertools import chain
from typing import Any

import polars as pl
from lxml import etree

from jobs.contracts.model import Contract, Reader
from jobs.readers.cells import Cells
from jobs.readers.frames import Part, together
from jobs.readers.members import awaited, members
from jobs.readers.outcome import Refused
from jobs.readers.pieces import Pieces, chunks
from jobs.readers.xml_flat import NIL, FlatRows

PART_BYTES = 8 << 20  # of the document in one part


def read_xml(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """A document that is held already."""
    parts = list(xml_parts(contract, io.BytesIO(data), constants))
    return together(parts)


def xml_parts(contract: Contract, stream: Any, constants: Mapping[str, str]) -> Iterator[Part]:
    """Values are the texts of elements (`a.b`), attributes (`a.@b`) or the row element's own text (`.`), PART_BYTES of the document or a little more at a time.

    An element that repeats is a JSON list, one with elements inside a JSON object. Raises Refused for what is no XML or declares entities.
    """
    spaces = {space.prefix: space.uri for space in contract.reader.namespaces}
    paths = [[_steps(source, spaces) for source in (column.source, *column.fallback)] for column in contract.columns]
    flat = FlatRows(paths)
    document, first, began = Pieces(chunks(stream)), 1, 0
    rows: list[list[str | None]] = []
    inside: list[dict[str, Any]] = []  # of each row, where what no column asks for matters
    wanted = frozenset(at for at, column in enumerate(contract.columns) if awaited(column))
    absent = wanted  # places of the columns that no row of the part had yet
    for element in _elements(contract.reader, document):
        rows.append(flat.row(element) or _row(element, paths, constants))
        if contract.drift.new_column != "freeze":
            inside.append(_row_of(element))
        if absent:
            absent = frozenset(at for at in absent if rows[-1][at] is None and not any(_has(element, steps) for steps in paths[at]))
        if document.count - began >= PART_BYTES:
            yield _part(contract, rows, inside, first, absent)
            first, began, rows, inside, absent = first + len(rows), document.count, [], [], wanted
    if rows or first == 1:
        yield _part(contract, rows, inside, first, absent if rows else frozenset())


def _part(contract: Contract, rows: list[list[str | None]], inside: list[dict[str, Any]], first: int, absent: Set[int]) -> Part:
    values = list(zip(*rows, strict=True)) if rows else [()] * len(contract.columns)
    columns = [pl.Series(column.name, cells, dtype=pl.String) for column, cells in zip(contract.columns, values, strict=True)]
    numbers = pl.Series("_record", range(first, first + len(rows)), dtype=pl.Int64)
    frame = pl.DataFrame([*columns, numbers, pl.zeros(len(rows), pl.Int32, eager=True).alias("_part")])
    seen = members(contract, lambda: inside, len(rows), _local, through_lists=True)
    lacking = frozenset(contract.columns[at].name for at in absent)
    return Part(Cells.of(frame), len(rows), drift=seen.words, events=seen.events, beside=seen.beside, absent=lacking)


def _elements(reader: Reader, document: Pieces) -> Iterator[Any]:
    """Row elements, the outermost where they are nested; each is forgotten once it was read."""
    tag = _tag(reader.row_element or "", {space.prefix: space.uri for space in reader.namespaces})
    head = document.read()
    source = Pieces(chain([head], chunks(document)))
    context = etree.iterparse(source, events=("start", "end"), tag=tag, encoding=reader.encoding, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    depth, trusted = 0, False
    try:
        for event, element in context:
            if not trusted:
                refuse_entities(element)
                trusted = True
            depth += 1 if event == "start" else -1
            if depth == 0:
                yield element
                _forget(element)
        if context.root is not None:
            refuse_entities(context.root)
    except (etree.XMLSyntaxError, LookupError) as problem:
        if b"<!ENTITY" in head:  # libxml2 stopped at an entity before there was an element to ask
            raise _unsafe() from None
        raise Refused("unreadable", f"The file is not XML that can be read: {problem}. It may be cut off; send it again.") from None


def refuse_entities(element: Any) -> None:
    """`element`: any of the document."""
    dtd = element.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise _unsafe()


def _unsafe() -> Refused:
    return Refused("unsafe_xml", "The file declares entities (<!ENTITY …>), which can read other files or grow without end. Export it without a DOCTYPE and send it again.")


def _forget(element: Any) -> None:
    """The row, and all that ended before it: also what stands between the elements around it."""
    element.clear(keep_tail=False)
    while (parent := element.getparent()) is not None:
        while element.getprevious() is not None:
            del parent[0]
        element = parent


def _tag(name: str, spaces: Mapping[str, str]) -> str:
    """`prefix:name` → lxml's `{uri}name`; a bare name is one in any namespace."""
    prefix, colon, local = name.partition(":")
    return f"{{{spaces[prefix]}}}{local}" if colon else f"{{*}}{name}"


def _steps(source: str, spaces: Mapping[str, str]) -> tuple[str, ...]:
    """A source as lxml's names; `$…` and `.` as they are."""
    if source.startswith("$") or source == ".":
        return (source,)
    return tuple("@" + _tag(step[1:], spaces) if step.startswith("@") else _tag(step, spaces) for step in source.split("."))


def _row(element: Any, paths: list[list[tuple[str, ...]]], constants: Mapping[str, str]) -> list[str | None]:
    inside = _children(element)
    return [_value(element, inside, sources, constants) for sources in paths]


def _children(element: Any) -> dict[str, list[Any]]:
    """The elements in a row by lxml's name, and by `{*}name`: looked up once, not once a column."""
    found: dict[str, list[Any]] = {}
    for child in element:
        tag = child.tag
        if isinstance(tag, str):
            found.setdefault(f"{{*}}{tag.rpartition('}')[2]}", []).append(child)
            if tag[0] == "{":
                found.setdefault(tag, []).append(child)
    return found


def _value(element: Any, inside: Mapping[str, list[Any]], paths: list[tuple[str, ...]], constants: Mapping[str, str]) -> str | None:
    for steps in paths:
        if steps == ("$row",):
            return str(etree.tostring(element, encoding="unicode", with_tail=False))
        if steps[0].startswith("$"):
            value = constants.get(steps[0])
        else:
            value = _text(_at(element, inside, steps))
        if value not in (None, ""):
            return value
    return None


def _has(element: Any, steps: tuple[str, ...]) -> bool:
    """Whether the row has such an element or attribute, if only an empty one."""
    if not steps[0].startswith("@") and next(element.iterchildren(steps[0]), None) is None:
        return False
    return bool(_at(element, _children(element), steps))


def _at(element: Any, inside: Mapping[str, list[Any]], steps: tuple[str, ...]) -> list[Any]:
    if steps == (".",):
        return [_plain(element, own=True)]
    nodes, rest = ([element], steps) if steps[0].startswith("@") else (inside.get(steps[0], []), steps[1:])
    for step in rest:
        if step.startswith("@"):
            return [value for node in nodes for name, value in node.items() if _same(step[1:], name)]
        nodes = [child for node in nodes for child in node.iterchildren(step)]
    return [_plain(node) for node in nodes]


def _same(wanted: str, name: str) -> bool:
    return name == wanted or (wanted.startswith("{*}") and name.rpartition("}")[2] == wanted[3:])


def _plain(element: Any, *, own: bool = False) -> Any:
    """An element as text, or as an object of its attributes and elements where it has elements. `own`: its own text, whatever else is in it."""
    if element.get(NIL) in ("true", "1"):
        return None
    if not len(element):
        return element.text or ""
    children = [child for child in element if isinstance(child.tag, str)]
    if own or not children:
        return (element.text or "") + "".join(child.tail or "" for child in element)
    found: dict[str, Any] = {f"@{name.rpartition('}')[2]}": value for name, value in element.items()}
    for child in children:
        name, value = child.tag.rpartition("}")[2], _plain(child)
        found[name] = value if name not in found else [*(found[name] if isinstance(found[name], list) else [found[name]]), value]
    return found


def _row_of(element: Any) -> dict[str, Any]:
    inside = _whole(element)
    return inside if isinstance(inside, dict) else {".": inside}


def _whole(element: Any) -> Any:
    """An element with everything in it: its text, or an object of `@attribute`, elements, and `.` for text beside them."""
    children = [child for child in element if isinstance(child.tag, str)]
    if not children and not element.attrib:
        return element.text or ""
    found: dict[str, Any] = {f"@{name.rpartition('}')[2]}": value for name, value in element.items()}
    text = (element.text or "") + "".join(child.tail or "" for child in element)
    if text.strip():
        found["."] = text
    for child in children:
        name, value = child.tag.rpartition("}")[2], _whole(child)
        found[name] = value if name not in found else [*(found[name] if isinstance(found[name], list) else [found[name]]), value]
    return found


def _local(source: str) -> str:
    """A path without the prefixes of its names."""
    if source.startswith("$") or source == ".":
        return source
    return ".".join(("@" if step.startswith("@") else "") + step.lstrip("@").rpartition(":")[2] for step in source.split("."))


def _text(values: list[Any]) -> str | None:
    if not values:
        return None
    value = values[0] if len(values) == 1 else values
    return value if isinstance(value, str) or value is None else json.dumps(value, ensure_ascii=False)
