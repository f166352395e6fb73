"""A contract and a suite for a profiled sample, with a comment wherever a person should decide."""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from jobs.scaffold.profile import ColumnProfile, Profile
from jobs.scaffold.sample import Sample


def contract_text(department: str, name: str, sample: Sample, profile: Profile) -> str:
    """The ODCS document as YAML."""
    properties = [_property(column, profile, optional=column.header in sample.optional) for column in profile.columns]
    table = {"name": name, "logicalType": "object", "physicalType": "table", "description": "One row a …", "properties": properties}
    custom: list[dict[str, Any]] = [{"property": "deliveryMode", "value": "increment" if profile.key else "events"}]
    if sample.options:
        custom.append({"property": "reader", "value": sample.options})
    if sample.unnamed:
        custom.append({"property": "drift", "value": {"newColumn": "evolve"}})
    document = CommentedMap({
        "apiVersion": "v3.2.0", "kind": "DataContract", "id": f"{department}.{name}", "name": f"{department} {name}", "version": "1.0.0", "status": "draft", "domain": department,
        "description": {"purpose": "What the department sends, and what it is for."},
        "servers": [{"server": "landing", "type": "s3", "location": f"s3://landing/{department}/{name}", **sample.server}],
        "schema": [table], "team": {"name": "data platform"}, "customProperties": custom,
    })  # fmt: skip
    document.yaml_set_start_comment("Made by `./lake new` from a sample. Where a comment says `decide`, a person who knows the data should.")
    document.yaml_set_comment_before_after_key("name", "decide: a title people know it by, and below its purpose and its owner (team)")
    key = f"the key is {', '.join(profile.key)}, which never repeats in the sample" if profile.key else "no column or pair of columns identifies a row in the sample"
    remarks = [f"{key}; snapshot keeps history as SCD2, increment merges by key, events append", *sample.remarks]
    if sample.unnamed:
        remarks.append("a column has no header, so no column of the contract can be it; `evolve` keeps its values in `_extra` of bronze")
    document.yaml_set_comment_before_after_key("customProperties", "\n".join(f"decide: {remark}" for remark in remarks))
    return _written(document)


def suite_text(department: str, name: str, profile: Profile) -> str:
    """Warnings about what the sample suggests and a person has not confirmed: they flag and reject nothing."""
    expectations: list[Any] = [{"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}, "severity": "critical"}]
    for column in profile.columns:
        if column.values:
            expectations.append({"type": "expect_column_values_to_be_in_set", "kwargs": {"column": column.name, "value_set": list(column.values)}, "severity": "warning"})
        if column.length:
            expectations.append({"type": "expect_column_value_lengths_to_equal", "kwargs": {"column": column.name, "value": column.length}, "severity": "warning"})
    document = CommentedMap({"name": f"{department}.{name}", "expectations": expectations})
    document.yaml_set_comment_before_after_key("expectations", "decide: which of these are rules (severity critical rejects the row), and which were only so in the sample")
    return _written(document)


def _property(column: ColumnProfile, profile: Profile, *, optional: bool) -> CommentedMap:
    made: dict[str, Any] = {"name": column.name, "physicalName": column.header, "logicalType": column.kind}
    if column.physical:
        made["physicalType"] = column.physical
    if column.name in profile.key:
        made |= {"primaryKey": True, "primaryKeyPosition": profile.key.index(column.name) + 1}
    if column.nulls == 0 and column.rows:
        made["required"] = True
    made |= {"classification": "personal" if column.personal else "internal", "description": column.header}
    custom: list[dict[str, Any]] = [{"property": name, "value": list(value)} for name, value in (("formats", column.formats), ("nullValues", column.null_values)) if value]
    if optional:
        custom.append({"property": "optional", "value": True})
    if custom:
        made["customProperties"] = custom
    said = CommentedMap(made)
    said.yaml_set_start_comment("; ".join([*_remarks(column), *(["decide: not every file of the sample has it; is it still sent?"] if optional else [])]), indent=6)
    return said


def _remarks(column: ColumnProfile) -> list[str]:
    """What a person needs to decide."""
    seen = f"seen: {column.rows - column.nulls:,} values, {column.distinct:,} different"
    seen += f", {column.lowest} to {column.highest}" if column.lowest is not None and not column.personal else ""
    found = [seen]
    if column.personal:
        found.append(f"decide: personal, because {column.personal}; is it?")
    if column.other_formats:
        found.append(f"decide: {', '.join(column.other_formats)} would fit as well")
    if column.nulls == 0 and column.rows:
        found.append("decide: may it be empty?")
    return found


def _written(document: CommentedMap) -> str:
    yaml, sink = YAML(), io.StringIO()
    yaml.width, yaml.allow_unicode = 160, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(document, sink)
    return sink.getvalue()
