"""Where an .xlsx keeps its sheets (ECMA-376 part 1, 12.3.23 and part 2, 9)."""

from __future__ import annotations

import zipfile

from lxml import etree

SAFE = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)


def sheets(book: zipfile.ZipFile) -> list[tuple[str, str, str]]:
    """(name, type of its relationship, target) of each sheet, in their order; a chart is one too. Raises KeyError and etree.XMLSyntaxError."""
    related = {each.get("Id"): each for each in etree.fromstring(book.read(member(book, "xl/_rels/workbook.xml.rels")), SAFE)}
    found = etree.fromstring(book.read(member(book, "xl/workbook.xml")), SAFE).iter("{*}sheet")
    of = [(sheet.get("name", ""), related[next((value for name, value in sheet.attrib.items() if name.endswith("}id")), "")]) for sheet in found]
    return [(name, each.get("Type", ""), each.get("Target", "")) for name, each in of]


def member(book: zipfile.ZipFile, name: str) -> str:
    """What is called so, in whatever case: some programs write xl/SharedStrings.xml. `name` itself where there is none."""
    return name if name in book.NameToInfo else next((each for each in book.namelist() if each.lower() == name.lower()), name)
