"""Charts of the portal: Vega and Vega-Lite, drawn to SVG here, so that a page needs no script and asks nobody for anything. Colours follow the page's, light or dark."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import vl_convert
from markupsafe import Markup

from jobs.publishing.charts import OTHERS
from jobs.publishing.publication import Chart

BORDERS = Path(__file__).parent / "assets" / "countries-50m.json"  # Natural Earth; see README.md beside it
FONT = "system-ui, Noto Sans CJK SC, sans-serif"
INK, LINE, MARK = "currentColor", "#8a94a3", "#1f77b4"
WIDTH, NODE, PAD, LABEL = 720, 14, 15, 200  # pixels; PAD: between two stacks, whose labels are as high


def drawn(chart: Chart, rows: Sequence[Mapping[str, Any]], language: str, others: str) -> Markup:
    """SVG with a name for screen readers; the same numbers stand in a table beside it. Empty where there is nothing to draw."""
    if not rows:
        return Markup("")
    named = [{key: others if value == OTHERS else value for key, value in row.items()} for row in rows]
    if chart.kind == "flows":
        text = vl_convert.vega_to_svg(_flows(named, others))
    else:
        text = vl_convert.vegalite_to_svg(_map(named) if chart.kind == "map" else _bars(named, others))
    return Markup(_named(str(text), getattr(chart.title, language)))  # noqa: S704 - made by Vega, which escapes what it writes


def _named(svg: str, title: str) -> str:
    """As wide as the page lets it be, never narrower than its letters can be read."""
    label = Markup.escape(title)
    bare = re.sub(r' (?:role="graphics-\w+"|aria-\w+="[^"]*")', "", svg)  # the whole is one picture with one name; its marks have none
    return re.sub(r"<svg ", f'<svg role="img" aria-label="{label}" style="width:100%;min-width:40rem;height:auto" ', bare, count=1)


def _config() -> dict[str, Any]:
    text = {"labelColor": INK, "titleColor": INK, "domainColor": LINE, "tickColor": LINE, "gridColor": LINE, "gridOpacity": 0.4, "labelFontSize": 13, "titleFontSize": 13, "labelLimit": LABEL}
    return {"aria": False, "background": None, "font": FONT, "axis": text, "legend": text, "view": {"stroke": None}, "text": {"fill": INK, "fontSize": 13}}


def _bars(rows: Sequence[Mapping[str, Any]], others: str) -> dict[str, Any]:
    order = [row["from"] for row in sorted(rows, key=lambda row: (row["from"] == others, -row["amount"]))]
    return {
        "config": _config(), "width": WIDTH * 3 // 4, "data": {"values": list(rows)}, "mark": {"type": "bar", "color": MARK},
        "encoding": {"y": {"field": "from", "type": "nominal", "sort": order, "title": None}, "x": {"field": "amount", "type": "quantitative", "title": None, "axis": {"tickCount": 6}}},
    }  # fmt: skip


def _map(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    points = {"type": "MultiPoint", "coordinates": [[row["longitude"], row["latitude"]] for row in rows]}
    projection = {"type": "mercator", "fit": {"type": "Feature", "properties": {}, "geometry": points}, "clipExtent": [[0, 0], [WIDTH, 440]]}
    return {
        "config": _config(), "width": WIDTH, "height": 440, "projection": projection,
        "layer": [
            {"data": {"values": _borders(), "format": {"type": "topojson", "feature": "countries"}}, "mark": {"type": "geoshape", "fill": LINE, "fillOpacity": 0.12, "stroke": LINE, "strokeWidth": 1}},
            {
                "data": {"values": list(rows)}, "mark": {"type": "circle", "color": MARK, "opacity": 0.6},
                "encoding": {
                    "longitude": {"field": "longitude", "type": "quantitative"}, "latitude": {"field": "latitude", "type": "quantitative"},
                    "size": {"field": "amount", "type": "quantitative", "scale": {"rangeMin": 4, "rangeMax": 900}, "legend": {"orient": "bottom", "title": None}},
                },
            },
        ],
    }  # fmt: skip


@lru_cache(maxsize=1)
def _borders() -> Any:
    return json.loads(BORDERS.read_text(encoding="utf-8"))


def _flows(rows: Sequence[Mapping[str, Any]], others: str) -> dict[str, Any]:
    """A Sankey diagram of two sides in Vega's own terms: each side stacked by size, a band from stack to stack."""
    sides = {side: _order(rows, side, others) for side in ("from", "to")}
    values = [dict(row) | {f"{side}_order": sides[side].index(row[side]) for side in sides} for row in rows]
    height = 30 * max(map(len, sides.values())) + 40
    most = max(map(len, sides.values())) - 1
    x = {"from": LABEL, "to": WIDTH - LABEL - NODE}

    def stacked(side: str, other: str) -> list[dict[str, Any]]:
        order = {"field": [f"{side}_order", f"{other}_order"], "order": ["ascending", "ascending"]}
        return [{"type": "stack", "field": "amount", "sort": order, "as": [f"{side}0", f"{side}1"]}] + [
            {"type": "formula", "as": f"{side}_{edge}", "expr": f"scale('y', datum.{side}{edge}) + {PAD} * datum.{side}_order"} for edge in (0, 1)
        ]  # fmt: skip

    a, b, middle = x["from"] + NODE, x["to"], (x["from"] + NODE + x["to"]) / 2
    path = f"'M{a},' + datum.from_0 + 'C{middle},' + datum.from_0 + ' {middle},' + datum.to_0 + ' {b},' + datum.to_0 + 'L{b},' + datum.to_1 + 'C{middle},' + datum.to_1 + ' {middle},' + datum.from_1 + ' {a},' + datum.from_1 + 'Z'"
    nodes = [
        {"name": side, "source": "bands", "transform": [{"type": "aggregate", "groupby": [side], "fields": [f"{side}_0", f"{side}_1"], "ops": ["min", "max"], "as": ["top", "end"]}]} for side in x
    ]  # fmt: skip
    marks: list[dict[str, Any]] = [{
        "type": "path", "from": {"data": "bands"}, "encode": {"enter": {"path": {"field": "path"}, "fill": {"scale": "colour", "field": "from"}, "fillOpacity": {"value": 0.45}}},
    }]  # fmt: skip
    for side, left in x.items():
        box = {"x": {"value": left}, "width": {"value": NODE}, "y": {"field": "top"}, "y2": {"field": "end"}, "fill": {"scale": "colour", "field": side} if side == "from" else {"value": LINE}}
        label = {
            "x": {"value": left - 6 if side == "from" else left + NODE + 6}, "y": {"signal": "(datum.top + datum.end) / 2"}, "align": {"value": "right" if side == "from" else "left"},
            "baseline": {"value": "middle"}, "text": {"field": side}, "limit": {"value": LABEL - 12}, "fill": {"value": INK}, "fontSize": {"value": 13},
        }  # fmt: skip
        marks += [{"type": "rect", "from": {"data": side}, "encode": {"enter": box}}, {"type": "text", "from": {"data": side}, "encode": {"enter": label}}]
    return {
        "$schema": "https://vega.github.io/schema/vega/v5.json", "config": _config(), "width": WIDTH, "height": height + PAD * most, "padding": 4,
        "data": [{"name": "bands", "values": values, "transform": [*stacked("from", "to"), *stacked("to", "from"), {"type": "formula", "as": "path", "expr": path}]}, *nodes],
        "scales": [
            {"name": "y", "type": "linear", "domain": [0, sum(row["amount"] for row in rows)], "range": [0, height]}, {"name": "colour", "type": "ordinal", "domain": sides["from"], "range": {"scheme": "tableau10"}},
        ],
        "marks": marks,
    }  # fmt: skip


def _order(rows: Sequence[Mapping[str, Any]], side: str, others: str) -> list[str]:
    """Names of a side, the largest first; what is added up last."""
    sums: dict[str, float] = {}
    for row in rows:
        sums[row[side]] = sums.get(row[side], 0.0) + row["amount"]
    return sorted(sums, key=lambda name: (name == others, -sums[name], name))
