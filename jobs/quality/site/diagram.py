"""Boxes in columns and the links between them, drawn by Vega to SVG: no script runs on the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import vl_convert
from markupsafe import Markup

ROW, COLUMN, BOX = 24, 330, 240  # pixels
INK, LINE, FILL = "#1d2733", "#8a94a3", "#f1f4f7"


def layered(columns: Sequence[Sequence[str]], links: Sequence[tuple[str, str]], title: str) -> Markup:
    """SVG named by `title`. `columns`: names from left to right, each once; `links`: from a name to one further right. What it says stands in a table beside it too, with what leads on."""
    place = {name: (x * COLUMN, y * ROW) for x, names in enumerate(columns) for y, name in enumerate(names)}
    boxes = [{"name": name, "x": x, "y": y} for name, (x, y) in place.items()]
    drawn = [(place[a], place[b]) for a, b in links if a in place and b in place]
    lines = [{"sourceX": ax + BOX, "sourceY": ay + ROW / 2 - 2, "targetX": bx, "targetY": by + ROW / 2 - 2} for (ax, ay), (bx, by) in drawn]
    spec: dict[str, Any] = {
        "$schema": "https://vega.github.io/schema/vega/v5.json", "width": COLUMN * (len(columns) - 1) + BOX, "height": ROW * max(map(len, columns), default=1), "padding": 4,
        "config": {"aria": False, "background": None, "font": "system-ui, Noto Sans CJK SC, sans-serif"},
        "data": [
            {"name": "boxes", "values": boxes},
            {"name": "lines", "values": lines, "transform": [{"type": "linkpath", "orient": "horizontal", "shape": "diagonal", "sourceX": "sourceX", "sourceY": "sourceY", "targetX": "targetX", "targetY": "targetY"}]},
        ],
        "marks": [
            {"type": "path", "from": {"data": "lines"}, "encode": {"enter": {"path": {"field": "path"}, "stroke": {"value": LINE}, "strokeOpacity": {"value": 0.7}}}},
            {
                "type": "rect", "from": {"data": "boxes"},
                "encode": {"enter": {"x": {"field": "x"}, "y": {"field": "y"}, "width": {"value": BOX}, "height": {"value": ROW - 4}, "fill": {"value": FILL}, "stroke": {"value": LINE}, "cornerRadius": {"value": 3}}},
            },
            {
                "type": "text", "from": {"data": "boxes"},
                "encode": {"enter": {
                    "x": {"signal": "datum.x + 6"}, "y": {"signal": f"datum.y + {ROW / 2 - 2}"}, "text": {"field": "name"}, "baseline": {"value": "middle"}, "limit": {"value": BOX - 12}, "fontSize": {"value": 12},
                    "fill": {"value": INK},
                }},
            },
        ],
    }  # fmt: skip
    svg = str(vl_convert.vega_to_svg(spec)).replace("<svg ", f'<svg role="img" aria-label="{Markup.escape(title)}" ', 1)
    return Markup(svg)  # noqa: S704 - made by Vega, which escapes what it writes
