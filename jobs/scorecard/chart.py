"""The months of a department as one chart: Vega-Lite, drawn to SVG here, so that the page needs no script."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert

from jobs.scorecard.score import Score

MOST = 24  # months
BAR = 14  # pixels
ONLY_SERIES = 10  # datasets that colours can tell apart


def chart(scores: Mapping[str, Sequence[Score]], words: Mapping[str, str], width: int = 560) -> str:
    """SVG. `scores`: dataset → its months; empty where no row and no file came."""
    months = sorted({score.month for mine in scores.values() for score in mine if score.files})[-MOST:]
    rows = [_point(score) for mine in scores.values() for score in mine if score.files and score.month in months]
    if not rows:
        return ""
    shown = sorted({row["dataset"] for row in rows}, key=lambda name: -sum(row["files"] for row in rows if row["dataset"] == name))[:ONLY_SERIES]
    base = alt.Chart(alt.Data(values=[row for row in rows if row["dataset"] in shown])).encode(  # type: ignore[no-untyped-call]
        x=alt.X("month:O", sort=months, scale=alt.Scale(domain=months), title=None), color=alt.Color("dataset:N", title=None, scale=alt.Scale(scheme="tableau10"), legend=alt.Legend(orient="bottom", columns=2, labelLimit=260)),
    )  # fmt: skip
    shares = base.mark_line(point=True).encode(y=alt.Y("percent:Q", title=words["percent"], scale=alt.Scale(domainMin=0))).properties(width=width, height=150)
    refused = base.mark_bar(size=BAR).encode(y=alt.Y("refused:Q", title=words["refused_axis"], axis=alt.Axis(tickMinStep=1))).properties(width=width, height=80)
    drawn: str = vl_convert.vegalite_to_svg(json.loads(alt.vconcat(shares, refused).configure(font="system-ui, Noto Sans CJK SC, sans-serif").to_json()))
    return drawn


def _point(score: Score) -> dict[str, Any]:
    share = score.rejected_share
    return {"dataset": score.dataset, "month": score.month, "percent": None if share is None else round(share * 100, 3), "refused": score.refused, "files": score.files}
