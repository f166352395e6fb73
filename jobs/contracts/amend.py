"""Changes of a contract's columns, written into its YAML where they belong: everything else of the file stays as it is, comments too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")  # a YAML reader takes them for something else


class CannotAmend(Exception):
    """The file is written in a way that nothing can be put into without writing it anew."""


class Change(Protocol):
    def into(self, text: str) -> str:
        """The YAML with the change. Raises CannotAmend."""

    def __str__(self) -> str: ...


@dataclass(frozen=True)
class AddColumn:
    """A column after the last one. `formats` of a date; `personal`: why it likely is about a person."""

    name: str
    header: str
    kind: str
    physical: str | None = None
    formats: tuple[str, ...] = ()
    personal: str | None = None
    why: str = ""

    def into(self, text: str) -> str:
        properties = _properties(text)
        last = properties.value[-1]
        dash = _dash(text, last)
        lines = [f"- name: {said(self.name)}", f"  physicalName: {said(self.header)}", f"  logicalType: {self.kind}"]
        lines += [f"  physicalType: {self.physical}"] if self.physical else []
        lines += [f"  classification: {'personal' if self.personal else 'internal'}", f"  description: {said(f'TODO: what it means, and its unit ({self.why})')}"]
        lines += ["  customProperties:"]
        lines += ["    - property: optional", "      value: true"]
        lines += ["    - property: formats", f"      value: [{', '.join(map(said, self.formats))}]"] if self.formats else []
        return _inserted(text, _next_line(text, _end(last)), "".join(f"{' ' * dash}{line}\n" for line in lines))

    def __str__(self) -> str:
        return f"new column {self.name} from {self.header!r}"


@dataclass(frozen=True)
class AddSynonym:
    column: str
    header: str

    def into(self, text: str) -> str:
        return _with_items(text, self.column, "synonyms", [{"synonym": self.header}])

    def __str__(self) -> str:
        return f"{self.header!r} is a synonym of {self.column}"


@dataclass(frozen=True)
class AddCodes:
    """Values of an enum."""

    column: str
    codes: tuple[str, ...]

    def into(self, text: str) -> str:
        return _with_items(text, self.column, "enum", [{"value": code} for code in self.codes])

    def __str__(self) -> str:
        return f"{self.column} takes {', '.join(map(repr, self.codes))}"


@dataclass(frozen=True)
class SetCustom:
    """A customProperty of a column; of a list the items that are not there yet."""

    column: str
    name: str
    value: Any

    def into(self, text: str) -> str:
        holder = _child(_property(text, self.column), "customProperties")
        if not isinstance(holder, SequenceNode) or not holder.value:
            return _with_items(text, self.column, "customProperties", [{"property": self.name, "value": self.value}])
        for item in holder.value:
            if (known := _child(item, "property")) is not None and known.value == self.name:
                return self._onto(text, _child(item, "value"))
        return _appended(text, holder, [{"property": self.name, "value": self.value}])

    def _onto(self, text: str, node: Node | None) -> str:
        if isinstance(node, SequenceNode) and isinstance(self.value, list):
            there = [_plain(item) for item in node.value]
            return _appended(text, node, [item for item in self.value if item not in there])
        if node is None:
            raise CannotAmend(f"{self.name} of {self.column} has no value")
        return text[: node.start_mark.index] + said(self.value) + text[_end(node) :]

    def __str__(self) -> str:
        return f"{self.column}: {self.name} {said(self.value)}"


def amended(text: str, changes: Iterable[Change]) -> str:
    """Raises CannotAmend where the file's form does not allow it."""
    for change in changes:
        text = change.into(text)
    return text


def said(value: Any) -> str:
    """A value in YAML's flow style."""
    if isinstance(value, str):
        return value if PLAIN.fullmatch(value) and value.lower() not in WORDS else json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {said(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(said, value)) + "]"
    return json.dumps(value)


def _properties(text: str) -> SequenceNode:
    root: Any = YAML(typ="safe", pure=True).compose(text)
    tables = _child(root, "schema")
    found = _child(tables.value[0], "properties") if isinstance(tables, SequenceNode) and tables.value else None
    if not isinstance(found, SequenceNode) or found.flow_style or not found.value:
        raise CannotAmend("its `properties` are not written line by line")
    return found


def _property(text: str, column: str) -> MappingNode:
    for item in _properties(text).value:
        name = _child(item, "name")
        if isinstance(item, MappingNode) and name is not None and name.value == column:
            return item
    raise CannotAmend(f"it has no column {column!r}")


def _child(node: Node | None, key: str) -> Node | None:
    pairs = node.value if isinstance(node, MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _plain(node: Node) -> Any:
    if isinstance(node, MappingNode):
        return {name.value: _plain(value) for name, value in node.value}
    return [_plain(item) for item in node.value] if isinstance(node, SequenceNode) else node.value


def _end(node: Node) -> int:
    """Where what is written of the node ends; of a block PyYAML's own mark is where the next thing begins."""
    if not isinstance(node, MappingNode | SequenceNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(node, MappingNode) else last)


def _next_line(text: str, at: int) -> int:
    if at and text[at - 1] == "\n":
        return at
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _inserted(text: str, at: int, lines: str) -> str:
    before = text[:at]
    return before + ("\n" if before and not before.endswith("\n") else "") + lines + text[at:]


def _dash(text: str, item: Node) -> int:
    """Column of the dash before an item of a list."""
    start = text.rfind("\n", 0, item.start_mark.index) + 1
    return text[start : item.start_mark.index].rindex("-")


def _with_items(text: str, column: str, key: str, items: list[dict[str, Any]]) -> str:
    """Items onto the list `key` of a column, which is made where it is not there."""
    prop = _property(text, column)
    there = _child(prop, key)
    if isinstance(there, SequenceNode) and there.value:
        return _appended(text, there, items)
    if there is not None:
        return text[: there.start_mark.index] + said(items) + text[_end(there) :]
    if prop.flow_style:
        at = _end(prop.value[-1][1])
        return f"{text[:at]}, {key}: {said(items)}{text[at:]}"
    indent = prop.value[0][0].start_mark.column
    after = (_child(prop, "physicalName") or _child(prop, "name")) if key == "synonyms" else prop.value[-1][1]
    assert after is not None
    return _inserted(text, _next_line(text, _end(after)), f"{' ' * indent}{key}:\n" + _block(items, indent + 2))


def _appended(text: str, there: SequenceNode, items: list[Any]) -> str:
    if not items:
        return text
    if there.flow_style:
        at = _end(there.value[-1])
        return f"{text[:at]}, {', '.join(map(said, items))}{text[at:]}"
    last = there.value[-1]
    return _inserted(text, _next_line(text, _end(last)), _block(items, _dash(text, last)))


def _block(items: list[Any], dash: int) -> str:
    """Items of a list line by line."""
    lines = []
    for item in items:
        pairs = [f"{name}: {said(value)}" for name, value in item.items()] if isinstance(item, Mapping) else [said(item)]
        lines += [f"{' ' * dash}{'- ' if at == 0 else '  '}{pair}\n" for at, pair in enumerate(pairs)]
    return "".join(lines)
