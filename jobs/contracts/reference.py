"""Writes docs/reference/contract.md from the models: `python -m jobs.contracts.reference`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from jobs.contracts.customs import (
    ArchiveCustom,
    CaptureCustom,
    ColumnCustom,
    ContractCustom,
    ControlTotalCustom,
    Custom,
    DatabaseCustom,
    DriftCustom,
    ExpectedFilesCustom,
    InputCustom,
    ManifestCustom,
    NamespaceCustom,
    NumbersCustom,
    ProductCustom,
    ReaderCustom,
    UnpivotCustom,
    ValueMapCustom,
    known,
)
from jobs.contracts.load import FORMATS, KINDS
from jobs.contracts.model import Classification

PATH = Path(__file__).parents[2] / "docs" / "reference" / "contract.md"
HEAD = f"""# The contract of a dataset

<!-- Written by `python -m jobs.contracts.reference`; do not edit. -->

`conf/datasets/<department>/<dataset>.yaml` is an [Open Data Contract Standard](https://bitol-io.github.io/open-data-contract-standard/) v3.2.0
document. `./lake check` validates it with the standard's own JSON schema, then what the lake adds, and names file, line and column of every fault.

## What the lake reads of ODCS

| where | meaning |
|---|---|
| `domain`, `schema[0].name` | department and dataset; the file is `<domain>/<name>.yaml`, the table `<domain>__<name>` |
| `id`, `version`, `name` | id and version of the contract, title |
| `description.purpose` | what the dataset is for; the comment of the table |
| `servers[0]` | `type: s3`, `location: s3://landing/<department>/<folder>`; `format` is one of {", ".join(f"`{name}`" for name in FORMATS)}; `delimiter` |
| `schema[0].properties[]` | the columns, in order: see below |
| `team.name` | owner, shown in Airflow |
| `support[]` | where to ask: `url`, or `channel` |
| `slaProperties[]` | `frequency` (how often a period comes) and `latency` (days or weeks after its end by which it is due) are judged in the scorecard; others are shown as they are |
| `roles[]` | a role with `access: read` may read the silver table |

A column:

| where | meaning |
|---|---|
| `name` | column of the table: lower case letters, digits, `_` |
| `physicalName` | header in the dump (left out: as `name`), dotted path inside a JSON row or an XML row element (an attribute is `@name`, the text of the row element `.`), or a source of the lake's: see *Sources* |
| `synonyms` | headers it also came under |
| `logicalType` | {", ".join(f"`{name}`" for name in KINDS)}, or `number`; `object` and `array` are kept as JSON text |
| `physicalType` | of a `number`: `double` or `decimal(p,s)` |
| `required` | never null |
| `unique` | no value twice in a delivery |
| `primaryKey`, `primaryKeyPosition` | the key, positions from 1; needed unless the delivery mode is `events` |
| `enum[].value` | the only values there are |
| `logicalTypeOptions` | `minimum`, `maximum`, `pattern`, `minLength`, `maxLength` |
| `classification` | {", ".join(f"`{name}`" for name in get_args(Classification))}; left out: `internal`. With a `personal` or `sensitive` column, raw files are encrypted and samples masked |
| `description` | comment of the column |

`required`, `unique`, the key, `enum` and `logicalTypeOptions` become expectations of severity `critical`, in the dataset's Great Expectations suite;
other rules are written in `expectations/<department>/<dataset>.yaml`.

## Sources

| `physicalName` | value |
|---|---|
| a header, or a dotted path in a JSON row | the cell, the member |
| `$period` | name of the period folder |
| `$member` | path of the file inside its archive, or of the delivered file where it is no archive |
| `$capture.<group>` | a named group of one of the reader's `captures` |
| `$unpivot.<group>`, `$unpivot.value` | a named group of `unpivot.headers` in the header of the cell, and the cell |
| `$sheet` | name of the sheet a row of a workbook stands in |
| `$geometry`, `$projection` | shapefile: the shape as WKB in hexadecimal, and the coordinate reference system it is in |
| `$row` | the whole JSON row as text |
| `$doc.<path>` | a member of the JSON document the row stands in |

## customProperties
"""
SECTIONS: tuple[tuple[str, str, type[Custom]], ...] = (
    ("On the contract", "", ContractCustom),
    ("`reader`", "How a file is read. Lines and records count from 1.", ReaderCustom),
    ("`reader.captures[]`", "", CaptureCustom),
    ("`reader.unpivot`", "", UnpivotCustom),
    ("`reader.namespaces[]`", "", NamespaceCustom),
    ("`numbers`", "On the reader or on a property: how people write numbers. A style that is not stated is not read: such a value fails.", NumbersCustom),
    ("`reader.archive`", "Archives and compression are told by their content, nested ones too, and opened for every format but attachments; a zipped shapefile is one file.", ArchiveCustom),
    ("`drift`", "What to do when a dump changes its shape.", DriftCustom),
    ("`database`", "A table of a department's own database, fetched over JDBC.", DatabaseCustom),
    ("`manifest`", "The file in which a department says what it sends. It is registered like any file and kept as evidence; what it lists is in `ops.manifests`.", ManifestCustom),
    ("`manifest.totals[]`", "", ControlTotalCustom),
    ("`expectedFiles`", "", ExpectedFilesCustom),
    ("On a property", "", ColumnCustom),
    ("`valueMap[]`", "", ValueMapCustom),
    ("On the contract of a product", "`conf/products/<product>.yaml` is an ODCS document too: see [Add a product](../how-to/add-a-product.md). Its columns have a `unit`, and none of the above.", ProductCustom),
    ("`inputs[]`", "", InputCustom),
)


def text() -> str:
    """The page as Markdown."""
    return HEAD + "\n".join(line for section in SECTIONS for line in _section(*section)) + "\n"


def _section(title: str, words: str, model: type[Custom]) -> Iterator[str]:
    yield from ("", f"### {title}", "")
    if words:
        yield from (words, "")
    yield from ("| name | type | left out | meaning |", "|---|---|---|---|")
    for name, field in known(model).items():
        yield f"| `{name}` | {_cell(_type(field.annotation))} | {_cell(_default(field))} | {_cell(field.description or '')} |"


def _cell(said: str) -> str:
    return said.replace("|", "\\|")


def _type(annotation: Any) -> str:
    """A type as a person writing YAML thinks of it."""
    arguments = [a for a in get_args(annotation) if a is not type(None) and a is not Ellipsis]
    if arguments and all(isinstance(a, str) for a in arguments):
        return ", ".join(f"`{a}`" for a in arguments)
    if get_origin(annotation) is tuple:
        return f"list of {_type(arguments[0])}"
    if arguments:
        return _type(arguments[0])
    names = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return names.get(annotation, "names with values, see below")


def _default(field: Any) -> str:
    if field.is_required():
        return "**needed**"
    if isinstance(field.default, Custom) or field.default in (None, (), ""):
        return ""
    return f"`{json.dumps(field.default, ensure_ascii=False)}`"


def main() -> None:
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{PATH}\n")


if __name__ == "__main__":
    main()
