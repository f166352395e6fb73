"""YAML → checked → `Contract`. Every finding has a file, a line and what to write instead."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from jobs.contracts import odcs, product_sense, sense
from jobs.contracts.customs import ColumnCustom, ContractCustom, ProductCustom, known, nested_names
from jobs.contracts.model import (
    Archive,
    Capture,
    Classification,
    Column,
    Contract,
    ControlTotal,
    Database,
    Drift,
    ExpectedFiles,
    Kind,
    Manifest,
    Namespace,
    Numbers,
    Reader,
    Unpivot,
    ValueMap,
)
from jobs.contracts.odcs import did_you_mean
from jobs.contracts.product import DEPARTMENT, Input, Product, is_product, table_of
from jobs.contracts.sense import Fault

Loaded = TypeVar("Loaded", Contract, Product)
KINDS = {"string": "string", "integer": "integer", "boolean": "boolean", "date": "date", "timestamp": "timestamp", "object": "json", "array": "json"}
DECIMAL = re.compile(r"decimal\((\d+)(?:, *(\d+))?\)")
FORMATS = {
    "csv": "csv", "tsv": "csv", "txt": "csv", "json": "json", "jsonl": "jsonl", "ndjson": "jsonl", "parquet": "parquet", "orc": "orc", "avro": "avro",
    "xlsx": "excel", "xls": "excel", "xlsb": "excel", "ods": "excel", "excel": "excel", "fixedWidth": "fixedWidth", "xml": "xml", "dbf": "dbf",
    "shapefile": "shapefile", "sqlite": "sqlite", "sql": "sql", "attachment": "attachment",
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """Something wrong with a declaration. Lines and columns count from 1."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class BrokenContract(Exception):
    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = tuple(findings)


def read_yaml(path: Path) -> Any:
    """The document with line numbers (ruamel round-trip types). Raises BrokenContract for bad YAML and duplicate keys."""
    try:
        return YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise BrokenContract([Finding(str(path), line, column, f"not valid YAML: {str(problem.problem or problem).splitlines()[0]}")]) from None
    except UnicodeDecodeError:
        raise BrokenContract([Finding(str(path), 1, 1, "not UTF-8 text")]) from None


def _read(path: Path, make: Callable[[Path, Any], Loaded]) -> Loaded:
    """libyaml reads ten times as fast as what knows the lines, so only a file with findings is read by both: every task of Airflow reads contracts."""
    try:
        return make(path, _document(path, YAML(typ="safe").load(path.read_text(encoding="utf-8"))))
    except (YAMLError, UnicodeDecodeError, BrokenContract):
        return make(path, _document(path, read_yaml(path)))


def _document(path: Path, document: Any) -> Any:
    """An ODCS document that its schema takes. Raises BrokenContract with what the schema finds."""
    if not isinstance(document, dict):
        raise BrokenContract([Finding(str(path), 1, 1, "not an ODCS document: it should start with `apiVersion: v3.2.0`")])
    if found := odcs.faults(document):
        raise BrokenContract(_findings(path, document, found))
    return document


def _loaded(paths: Iterable[Path], load: Callable[[Path], Loaded]) -> tuple[list[Loaded], list[Finding]]:
    """Those that are right, in the order of their paths, and what is wrong with the others."""
    whole: list[Loaded] = []
    findings: list[Finding] = []
    for path in sorted(paths):
        try:
            whole.append(load(path))
        except BrokenContract as problem:
            findings.extend(problem.findings)
    return whole, findings


def load_contract(path: Path) -> Contract:
    """Raises BrokenContract with every finding of this file."""
    return _read(path, _sensible_contract)


def _sensible_contract(path: Path, document: Any) -> Contract:
    contract = _contract(path, document)
    if odd := list(sense.faults(document, contract)):
        raise BrokenContract(_findings(path, document, odd))
    return contract


def load_all(root: Path) -> tuple[list[Contract], list[Finding]]:
    """All contracts under conf/datasets; a broken one becomes findings and leaves the others alone."""
    return _loaded((root / "conf" / "datasets").glob("*/*.yaml"), load_contract)


def load_product(path: Path) -> Product:
    """The contract of a curated product, by itself. Raises BrokenContract with every finding of this file."""
    return _read(path, _sensible_product)


def _sensible_product(path: Path, document: Any) -> Product:
    product = _product(path, document)
    if odd := [*sense.faults(document, product), *product_sense.faults(document, product)]:
        raise BrokenContract(_findings(path, document, odd))
    return product


def load_products(root: Path) -> tuple[list[Product], list[Finding]]:
    """All contracts under conf/products, what others are made from first; a broken one becomes findings and leaves the others alone."""
    products, findings = _loaded((root / "conf" / "products").glob("*.yaml"), load_product)
    known: dict[str, Contract] = {c.dataset: c for c in load_all(root)[0]} | {p.dataset: p for p in products}
    findings += [Finding(product.path, 1, 1, message) for product in products for message in product_sense.relations(root, product, known)]
    return product_sense.in_order(products), findings


def load_named(root: Path, name: str) -> Contract:
    """The contract of a dataset, or of a `curated.<product>`."""
    return load_product(product_path(root, name)) if is_product(name) else load_contract(contract_path(root, name))


def product_path(root: Path, product: str) -> Path:
    """`curated.<product>` or `<product>` → its file."""
    return root / "conf" / "products" / f"{product.removeprefix(f'{DEPARTMENT}.')}.yaml"


def contract_path(root: Path, dataset: str) -> Path:
    """`<department>.<name>` or `<department>__<name>` → its file."""
    department, _, name = dataset.replace("__", ".").partition(".")
    return root / "conf" / "datasets" / department / f"{name}.yaml"


def place_of(document: Any, path: Sequence[Any]) -> tuple[int, int]:
    """Line and column of the value at `path`, or of the nearest thing above it."""
    node, place = document, (1, 1)
    for step in path:
        try:
            place, node = _mark(node, step), node[step]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return place


def _findings(path: Path, document: Any, found: Iterable[Fault]) -> list[Finding]:
    return sorted((Finding(str(path), *place_of(document, fault.path), fault.message) for fault in found), key=lambda f: (f.line, f.column))


def _mark(node: Any, step: str | int) -> tuple[int, int]:
    line, column = node.lc.key(step) if isinstance(step, str) else node.lc.item(step)
    return line + 1, column + 1


def _custom(path: Path, document: Any, where: list[Any], holder: Any, model: Any) -> Any:
    """The customProperties of `holder` as `model`; unknown names and wrong values are findings on their line."""
    values: dict[str, Any] = {}
    findings = []
    for index, item in enumerate(holder.get("customProperties") or ()):
        place = place_of(document, [*where, "customProperties", index])
        if item["property"] not in known(model):
            findings.append(Finding(str(path), *place, f"unknown customProperty {item['property']!r}{did_you_mean(item['property'], known(model))}"))
        values[item["property"]] = item["value"]
    try:
        made = model.model_validate(json.loads(json.dumps(values)))
    except ValidationError as problem:
        findings.extend(_custom_finding(path, document, where, holder, error) for error in problem.errors() if error["type"] != "extra_forbidden" or len(error["loc"]) > 1)
        made = None
    if findings:
        raise BrokenContract(findings)
    return made


def _custom_finding(path: Path, document: Any, where: list[Any], holder: Any, error: Any) -> Finding:
    steps = list(error["loc"])
    items = list(holder.get("customProperties") or ())
    index = next((i for i, item in enumerate(items) if steps and item["property"] == steps[0]), None)
    place = place_of(document, where if index is None else [*where, "customProperties", index, "value", *steps[1:]])
    said = error["msg"]
    if error["type"] == "extra_forbidden":
        said = f"no such name{did_you_mean(str(steps[-1]), nested_names())}"
    return Finding(str(path), *place, f"customProperties.{'.'.join(map(str, steps))}: {said}")


def _contract(path: Path, document: Any) -> Contract:
    custom: ContractCustom = _custom(path, document, [], document, ContractCustom)
    table, server = _one(path, document, "schema"), _one(path, document, "servers")
    columns = _columns(path, document, table)
    department = str(document.get("domain", ""))
    if department != path.parent.name or str(table["name"]) != path.stem:
        raise BrokenContract([Finding(str(path), 1, 1, f"this file should be conf/datasets/{department}/{table['name']}.yaml: `domain` and the schema's `name` say so")])
    description = document.get("description") or {}
    return Contract(
        department=department, name=str(table["name"]), id=str(document["id"]), version=str(document["version"]), title=str(document.get("name") or table["name"]),
        description=str(description.get("purpose") or ""), owner=_owner(document), mode=custom.delivery_mode, landing=str(server["location"]).removeprefix("s3://landing").strip("/"),
        file_pattern=custom.file_pattern, reader=_reader(path, document, server, custom), columns=columns, drift=Drift(**custom.drift.model_dump()),
        source_time_zone=custom.source_time_zone, period_pattern=custom.period_pattern, tolerated_rejected_share=custom.tolerated_rejected_share,
        schedule=custom.schedule, small=custom.small, language=custom.language, granted_roles=tuple(str(role["role"]) for role in document.get("roles") or () if role.get("access") == "read"),
        identity=custom.identity, support=tuple(str(s.get("url") or s.get("channel")) for s in document.get("support") or ()),
        database=Database(**custom.database.model_dump()) if custom.database else None,
        sla=tuple((str(s["property"]), f"{s['value']} {s.get('unit', '')}".strip()) for s in document.get("slaProperties") or ()), path=str(path),
        manifest=_manifest(custom), expected_files=ExpectedFiles(**custom.expected_files.model_dump()) if custom.expected_files else None, most_shrink=custom.most_shrink,
    )  # fmt: skip


def _columns(path: Path, document: Any, table: Any) -> tuple[Column, ...]:
    columns: list[Column] = []
    findings: list[Finding] = []
    for index, prop in enumerate(table.get("properties") or ()):
        try:
            columns.append(_column(path, document, index, prop))
        except BrokenContract as problem:
            findings.extend(problem.findings)
    if findings:
        raise BrokenContract(findings)
    return tuple(columns)


def _product(path: Path, document: Any) -> Product:
    custom: ProductCustom = _custom(path, document, [], document, ProductCustom)
    table, server = _one(path, document, "schema"), _one(path, document, "servers")
    name, said_of_it = str(table["name"]), document.get("description") or {}
    for place, said, right in (("domain", document.get("domain"), DEPARTMENT), ("servers", server.get("location"), f"s3://curated/{name}"), ("schema", name, path.stem)):
        if said != right:
            raise BrokenContract([Finding(str(path), *place_of(document, [place]), f"{place} of this product should say {right!r}, not {said!r}")])
    return Product(
        department=DEPARTMENT, name=name, id=str(document["id"]), version=str(document["version"]), title=str(document.get("name") or name),
        description=str(said_of_it.get("purpose") or ""), owner=_owner(document), mode="increment", landing="", file_pattern="",
        reader=Reader("parquet"), columns=_columns(path, document, table), support=tuple(str(s.get("url") or s.get("channel")) for s in document.get("support") or ()),
        sla=tuple((str(s["property"]), f"{s['value']} {s.get('unit', '')}".strip()) for s in document.get("slaProperties") or ()), path=str(path), module=name,
        notes=" ".join(str(said_of_it[part]) for part in ("usage", "limitations") if part in said_of_it),
        inputs=tuple(Input(i.name, table_of(i.name), i.period, i.back, i.optional) for i in custom.inputs), period=custom.period, pseudonyms=custom.pseudonyms, grant=custom.grant or name,
        sources=tuple((str(p["name"]), tuple(map(str, p["transformSourceObjects"]))) for p in table.get("properties") or () if p.get("transformSourceObjects")),
    )  # fmt: skip


def _manifest(custom: ContractCustom) -> Manifest | None:
    if custom.manifest is None:
        return None
    return Manifest(**custom.manifest.model_dump() | {"totals": tuple(ControlTotal(t.field, t.column) for t in custom.manifest.totals)})


def _one(path: Path, document: Any, name: str) -> Any:
    found = document.get(name) or []
    if len(found) != 1:
        raise BrokenContract([Finding(str(path), *place_of(document, [name]), f"a dataset has exactly one entry in `{name}`, not {len(found)}")])
    return found[0]


def _owner(document: Any) -> str:
    team = document.get("team") or {}
    return str(team.get("name", "") if isinstance(team, dict) else (team[0].get("name") or team[0].get("username", "")))


def _reader(path: Path, document: Any, server: Any, custom: ContractCustom) -> Reader:
    said = str(server.get("format", "csv"))
    if said not in FORMATS:
        raise BrokenContract([Finding(str(path), *place_of(document, ["servers", 0, "format"]), f"format {said!r} is not one of {', '.join(FORMATS)}")])
    values = custom.reader.model_dump()
    values["captures"] = tuple(Capture(**item) for item in values["captures"])
    values["namespaces"] = tuple(Namespace(**item) for item in values["namespaces"])
    values["unpivot"] = Unpivot(**values["unpivot"]) if values["unpivot"] else None
    values["numbers"] = Numbers(**values["numbers"])
    values["archive"] = Archive(**values["archive"])
    return Reader(format=FORMATS[said], delimiter=str(server.get("delimiter") or ("\t" if said == "tsv" else ",")), **values)  # type: ignore[arg-type]


def _column(path: Path, document: Any, index: int, prop: Any) -> Column:
    where = ["schema", 0, "properties", index]
    custom: ColumnCustom = _custom(path, document, where, prop, ColumnCustom)
    options = prop.get("logicalTypeOptions") or {}
    kind, precision, scale = _kind(path, document, where, prop)
    classification = str(prop.get("classification", "internal"))
    if classification not in get_args(Classification):
        words = f"classification {classification!r} is not one of {', '.join(get_args(Classification))}"
        raise BrokenContract([Finding(str(path), *place_of(document, [*where, "classification"]), words)])
    maps = tuple(ValueMap(m.pattern, m.value) for m in custom.value_map)
    return Column(
        name=str(prop["name"]), source=str(prop.get("physicalName") or prop["name"]), kind=kind, synonyms=tuple(_text(s, "synonym", "name", "value") for s in prop.get("synonyms") or ()),
        precision=precision, scale=scale, required=bool(prop.get("required")), unique=bool(prop.get("unique")),
        primary_key=int(prop.get("primaryKeyPosition") or 1) if prop.get("primaryKey") else 0, enum=tuple(_text(v, "value") for v in prop.get("enum") or ()),
        minimum=options.get("minimum"), maximum=options.get("maximum"), pattern=options.get("pattern"), max_length=options.get("maxLength"),
        classification=classification, description=str(prop.get("description", "")), unit=custom.unit, generalised=custom.generalised, null_values=custom.null_values,  # type: ignore[arg-type]
        formats=custom.formats or ((options["format"],) if options.get("format") else ()), value_map=maps, optional=custom.optional, fallback=custom.fallback,
        start=custom.start, length=custom.length,
        min_length=options.get("minLength"), identifier=custom.identifier, numbers=Numbers(**custom.numbers.model_dump()) if custom.numbers else None,
        null_preset=custom.null_preset, normalize=custom.normalize, two_digit_years_from=custom.two_digit_years_from,
    )  # fmt: skip


def _text(value: Any, *names: str) -> str:
    return str(next(value[n] for n in names if n in value)) if isinstance(value, dict) else str(value)


def _kind(path: Path, document: Any, where: list[Any], prop: Any) -> tuple[Kind, int, int]:
    logical, physical = str(prop.get("logicalType", "string")), str(prop.get("physicalType", ""))
    if logical == "number":
        if decimal := DECIMAL.fullmatch(physical):
            return "decimal", int(decimal[1]), int(decimal[2] or 0)
        if physical not in ("", "double"):
            raise BrokenContract([Finding(str(path), *place_of(document, [*where, "physicalType"]), f"physicalType {physical!r} of a number is double or decimal(p,s), e.g. decimal(18,2)")])
        return "double", 0, 0
    if logical not in KINDS:
        raise BrokenContract([Finding(str(path), *place_of(document, [*where, "logicalType"]), f"logicalType {logical!r} is not one of number, {', '.join(KINDS)}")])
    return KINDS[logical], 0, 0  # type: ignore[return-value]
