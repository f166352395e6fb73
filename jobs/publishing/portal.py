"""The portal: what is published, for people. Static pages in two languages in the bucket `open`; nothing on them comes from elsewhere, and they work without a server's help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from jobs.contracts.model import Contract
from jobs.contracts.product import Product
from jobs.ops.description import Described
from jobs.publishing.catalogue import dictionary
from jobs.publishing.charts import OTHERS
from jobs.publishing.drawing import drawn
from jobs.publishing.publication import Cells, Persons, Publication
from jobs.publishing.versions import Version

TEMPLATES = Path(__file__).parent / "templates"
SAID: Mapping[str, Mapping[str, Any]] = {
    "en": {
        "other_code": "zh", "other_name": "中文", "portal": "Open data of {city}", "skip": "To the content", "news": "What is new", "catalogue": "Catalogue", "search": "Search titles, descriptions, columns and publishers",
        "count": "{n} datasets", "rows": "{n} rows", "withdrawn": "Withdrawn", "publisher": "Publisher", "licence": "Licence", "version": "Version", "amount": "Size", "quality": "Quality",
        "met": "{met} of {rules} rules were met when it was last made", "lineage": "Where it comes from", "protection": "Protection of persons", "download": "Download", "files": "Files by part and format",
        "part": "Part", "all": "all rows", "example": "From a program", "preview": "Preview", "first": "The first {n} rows", "columns": "Columns", "column": "Column", "type": "Type", "unit": "Unit",
        "meaning": "What each column means", "chart": "At a glance", "numbers": "The numbers of the chart", "others": "all others", "counted": "rows", "versions": "Versions", "kinds": {"new": "published", "update": "new rows", "correction": "corrected", "withdrawal": "withdrawn"},
        "things": "The rows are about no person.", "persons": "A row is told only with at least {k} persons alike, with {l} or more different values of what is sensitive.",
        "cells": "Counts below {smallest}, and those that would give them back, are left out.",
    },
    "zh": {
        "other_code": "en", "other_name": "English", "portal": "{city}开放数据", "skip": "跳到正文", "news": "最新动态", "catalogue": "数据目录", "search": "搜索标题、说明、字段和发布部门",
        "count": "{n} 个数据集", "rows": "{n} 行", "withdrawn": "已撤回", "publisher": "发布部门", "licence": "许可协议", "version": "版本", "amount": "规模", "quality": "质量",
        "met": "最近一次生成时 {rules} 条规则中有 {met} 条满足", "lineage": "数据来源", "protection": "个人信息保护", "download": "下载", "files": "按分区和格式下载",
        "part": "分区", "all": "全部", "example": "程序调用", "preview": "预览", "first": "前 {n} 行", "columns": "字段", "column": "字段", "type": "类型", "unit": "单位",
        "meaning": "字段含义", "chart": "图表", "numbers": "图中数据", "others": "其他", "counted": "行数", "versions": "历史版本", "kinds": {"new": "首次发布", "update": "新增", "correction": "更正", "withdrawal": "撤回"},
        "things": "数据不涉及个人。", "persons": "每一行至少与其他人共 {k} 人相同，且敏感信息至少有 {l} 种取值。", "cells": "小于 {smallest} 的人数及可反推的数值不予公布。",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """One publication as the portal shows it. `versions`: the oldest first; `sources`: contracts of what the product is made from; `preview`: its first rows; `charted`: what its chart shows."""

    publication: Publication
    product: Product
    versions: Sequence[Version]
    described: Described
    sources: Sequence[Contract]
    preview: Sequence[Mapping[str, Any]]
    charted: Mapping[str, Any] | None = None


def index_pages(city: str, listed: Sequence[tuple[Publication, Sequence[Version]]]) -> dict[str, str]:
    """Key → page: the list of what is published, in each language."""
    made = {}
    for language in SAID:
        key, entries = _index(language), [_entry(publication, versions, language) for publication, versions in listed]
        made[key] = _rendered("index.j2", language, city, up=_up(key), home=".", other_language=_other(key, language), entries=entries)
    return made


def dataset_pages(city: str, base: str, each: Shown) -> dict[str, str]:
    """Key → page of one publication, in each language. `base`: address of the bucket, for examples to copy."""
    made = {}
    for language in SAID:
        key = _page(each.publication.name, language)
        made[key] = _rendered("dataset.j2", language, city, up=_up(key), home=_up(key) + _index(language), other_language=_other(key, language), **_facts(each, base, language))
    return made


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def _rendered(template: str, language: str, city: str, **said: Any) -> str:
    return _environment().get_template(template).render(language=language, t=SAID[language], city=city, **said)


def _index(language: str) -> str:
    return "index.html" if language == "en" else f"{language}/index.html"


def _page(name: str, language: str) -> str:
    return f"{name}/index.html" if language == "en" else f"{language}/{name}/index.html"


def _up(key: str) -> str:
    return "../" * key.count("/")


def _other(key: str, language: str) -> str:
    """The same page in the other language."""
    return f"{_up(key)}zh/{key}" if language == "en" else _up(key) + key.removeprefix("zh/")


def _entry(publication: Publication, versions: Sequence[Version], language: str) -> dict[str, Any]:
    last = versions[-1]
    words = [publication.name, publication.title.en, publication.title.zh, publication.description.en, publication.description.zh, publication.publisher, *publication.keywords, *publication.columns]
    return {
        "title": getattr(publication.title, language), "description": getattr(publication.description, language), "href": f"{publication.name}/index.html", "publisher": publication.publisher,
        "published": f"{last.published_at:%Y-%m-%d}", "rows": f"{last.rows:,}", "withdrawn": last.withdrawn, "words": " ".join(words).lower(),
    }  # fmt: skip


def _facts(each: Shown, base: str, language: str) -> dict[str, Any]:
    last, publication = each.versions[-1], each.publication
    example = next((base + file.key for file in last.files if file.format == "csv"), "")
    return {
        "publication": publication, "title": getattr(publication.title, language), "description": getattr(publication.description, language), "version": last, "published": f"{last.published_at:%Y-%m-%d %H:%M} UTC",
        "described": each.described, "sources": each.sources, "protection": _protection(publication, language), "preview": each.preview, "example": example,
        "parts": [(part, list(files)) for part, files in groupby(last.files, key=lambda file: file.partition)], "dictionary": dictionary(publication, each.product), "chart": _chart(each, language), "versions": list(reversed(each.versions)),
    }  # fmt: skip


def _chart(each: Shown, language: str) -> dict[str, Any] | None:
    """The picture, and the same numbers for a table."""
    chart, found = each.publication.chart, each.charted
    if chart is None or not found or not found["rows"]:
        return None
    others, parts = str(SAID[language]["others"]), found["parts"]
    rows = [([others if name == OTHERS else name for name in (row["from"], row.get("to")) if name is not None], f"{row['amount']:,.2f}".removesuffix(".00")) for row in found["rows"]]
    of = f"{parts[0]} – {parts[-1]}" if len(parts) > 1 else "".join(parts)
    return {"svg": drawn(chart, found["rows"], language, others), "title": getattr(chart.title, language), "names": list(chart.by), "amount": chart.amount or SAID[language]["counted"], "unit": chart.unit, "of": of, "rows": rows}


def _protection(publication: Publication, language: str) -> str:
    subject, said = publication.subject, SAID[language]
    if isinstance(subject, Persons):
        return str(said["persons"].format(k=subject.k, l=subject.l))
    return str(said["cells"].format(smallest=subject.smallest) if isinstance(subject, Cells) else said["things"])
