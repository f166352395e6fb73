"""Which element of an XML document is a row, and the paths of what its rows hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from lxml import etree

from jobs.contracts.model import Namespace, Reader
from jobs.platform.errors import LakeError
from jobs.readers.outcome import Refused
from jobs.readers.xml_flat import NIL
from jobs.readers.xml_rows import refuse_entities
from jobs.scaffold.paths import check_name, outermost

XML = "http://www.w3.org/XML/1998/namespace"


class Names:
    """What a contract calls the elements of a document: a bare name is one in any namespace, so a prefix stands only where that would be two."""

    def __init__(self, root: Any) -> None:
        prefixes: dict[str, str] = {XML: "xml"}  # namespace → the prefix the document writes, or one of its own
        uris: dict[str, set[str | None]] = {}  # name of elements, @name of attributes → its namespaces
        for element in root.iter(etree.Element):
            for prefix, uri in element.nsmap.items():
                prefixes.setdefault(uri, prefix if prefix and prefix not in prefixes.values() else f"ns{len(prefixes)}")
            for mark, tag in (("", element.tag), *(("@", attribute) for attribute in element.attrib)):
                uris.setdefault(mark + etree.QName(tag).localname, set()).add(etree.QName(tag).namespace)
        self._doubtful, self._prefixes = {name for name, found in uris.items() if len(found) > 1}, prefixes

    def of(self, tag: str, mark: str = "") -> str:
        """`mark`: @ of an attribute. Raises LakeError for a name that no path can say."""
        uri, name = etree.QName(tag).namespace, check_name(etree.QName(tag).localname)
        return f"{mark}{self._prefixes[uri]}:{name}" if uri and mark + name in self._doubtful else mark + name

    def used(self, paths: Sequence[str]) -> tuple[Namespace, ...]:
        """Those whose prefixes stand in the paths."""
        prefixes = {step.lstrip("@").partition(":")[0] for path in paths for step in path.split(".") if ":" in step}
        return tuple(Namespace(prefix, uri) for uri, prefix in self._prefixes.items() if prefix in prefixes)


def xml_layout(name: str, content: bytes, encoding: str | None) -> tuple[Reader, tuple[str, ...], int]:
    """The reader, the paths of its columns, and how many rows stand side by side. Raises LakeError where no element repeats, Refused for what is no XML."""
    parser = etree.XMLParser(encoding=encoding, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, LookupError) as problem:
        raise Refused("unreadable", f"it is no XML that can be read ({problem})") from None
    refuse_entities(root)
    tag, beside = max(_repeated(root), key=lambda found: found[1], default=("", 0))
    if not tag:
        raise LakeError(f"{name} holds no element that repeats, so none is seen to be a row", "write the contract by hand: see `rowElement` in docs/reference/contract.md")
    names = Names(root)
    rows = [element for element in root.iter(tag) if not any(outer.tag == tag for outer in element.iterancestors())]
    row, sources = names.of(tag), _sources(rows, names)
    return Reader("xml", encoding=encoding, row_element=row, namespaces=names.used([row, *sources])), sources, beside


def _repeated(element: Any) -> Iterator[tuple[str, int]]:
    """Elements that stand beside others of their name, and how many do. What lies inside of them is a part of a row."""
    beside = Counter(child.tag for child in element)
    for child in element:
        if beside[child.tag] > 1:
            yield child.tag, beside[child.tag]
        else:
            yield from _repeated(child)


def _sources(rows: Sequence[Any], names: Names) -> tuple[str, ...]:
    """Texts and attributes of the rows by path; an element that repeats in a row is taken whole."""
    elements: dict[str, bool] = {}
    attributes: dict[str, str] = {}  # path → path of its element
    for row in rows:
        for path, element, whole in _inside(row, names, "", whole=False):
            if not whole or not len(element):
                attributes |= {f"{path}.{names.of(a, '@')}".lstrip("."): path for a in element.attrib if a != NIL}
            text = whole or bool((element.text or "").strip())
            if path and (text or not (len(element) or element.attrib)):
                elements[path] = elements.get(path, False) or text
    own = (".",) if any((row.text or "").strip() for row in rows) else ()
    kept = outermost(elements)
    inside = tuple(f"{path}." for path in kept)
    return (*(path for path, around in attributes.items() if not around.startswith(inside)), *kept, *own)


def _inside(element: Any, names: Names, path: str, *, whole: bool) -> Iterator[tuple[str, Any, bool]]:
    """(path, element, whether a column takes it whole) of an element and what is in it."""
    yield path, element, whole
    beside = Counter(child.tag for child in element)
    for child in element if not whole else ():
        yield from _inside(child, names, f"{path}.{names.of(child.tag)}".lstrip("."), whole=beside[child.tag] > 1)
