"""Draws the calibration curve as a Vega-Lite chart, which Gradio's plot renders with the Vega that it brings along. Pure.

The chart's text and lines get the page's colours from Gradio; the marks have colours that are seen on light and on dark paper.
"""

from __future__ import annotations

import json
from typing import Any

from core.agreement import Bin, Calibration
from studio.speech import say

HEIGHT = 300  # px
MARK, IDEAL = "#4f8ac0", "#8d8378"  # 3 : 1 or more against the paper of both themes
EVENLY = {"type": "quantitative", "scale": {"domain": [0, 1], "nice": False}}
AXIS = {"format": ".0%", "tickCount": 5, "labelOverlap": True}


def calibration_chart(found: Calibration) -> str:
    """The chart as JSON: a point for each bin with its interval, its size by how many attempts; and where they should lie."""
    across, up = say("the critic's P(success)"), say("found good by people")
    ideal = {"data": {"values": [{"p": 0, "good": 0}, {"p": 1, "good": 1}]}, "mark": _mark("line", IDEAL, strokeDash=[5, 4])}
    told = [("told_p", across), ("told_good", up), ("told_interval", say("95 % interval")), ("of", say("attempts"))]
    tooltip = {"tooltip": [{"field": field, "title": title} for field, title in told]}
    size = {"size": {"field": "of", "type": "quantitative", "legend": None, "scale": {"range": [50, 260]}}}
    chart = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",  # a name: nothing is fetched
        "description": say("How many attempts people found good, by the critic's P(success)"),
        "usermeta": {"embedOptions": {"renderer": "svg", "actions": False}},
        "background": "transparent",
        "height": HEIGHT,
        "data": {"values": [_row(bin) for bin in found.bins]},
        "encoding": {
            "x": {"field": "p", "title": across, "axis": AXIS, **EVENLY},
            "y": {"field": "good", "title": up, "axis": AXIS, **EVENLY},
        },
        "layer": [
            ideal,
            {
                "mark": _mark("rule", MARK, strokeWidth=2, opacity=0.75),
                "encoding": {"y": {"field": "low", **EVENLY}, "y2": {"field": "high"}, **tooltip},
            },
            {"mark": _mark("line", MARK, strokeWidth=2)},
            {"mark": _mark("circle", MARK, fill=MARK, opacity=1), "encoding": {**size, **tooltip}},
        ],
    }
    return json.dumps(chart)


def _mark(kind: str, colour: str, **looks: Any) -> dict[str, Any]:
    return {"type": kind, "stroke": colour, **looks}


def _row(bin: Bin) -> dict[str, Any]:
    low, high = bin.good.interval
    row = {"p": bin.predicted, "good": bin.good.value, "low": low, "high": high, "of": bin.good.of}
    told = {"told_p": _percent(bin.predicted), "told_good": _percent(bin.good.value)}
    return row | told | {"told_interval": say("{low}–{high} %", low=round(low * 100), high=round(high * 100))}


def _percent(share: float) -> str:
    return say("{number} %", number=round(share * 100))
