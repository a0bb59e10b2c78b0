"""Tells what a curation kept and dropped, and why: ``report.json`` for programs, ``report.html`` for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from train.curation.settings import Curation

if TYPE_CHECKING:
    from train.curation.work import Curated

JSON, PAGE = "report.json", "report.html"
TEMPLATE = Path(__file__).with_name("report.html.jinja")

Bars = Mapping[str, int]


def write_report(out: Path, curated: Curated, settings: Curation) -> None:
    """Writes both files into the curated folder."""
    out.mkdir(parents=True, exist_ok=True)
    report = asdict(curated) | {"total": curated.total, "settings": settings.model_dump()}
    (out / JSON).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (out / PAGE).write_text(page(curated, settings), encoding="utf-8")


def page(curated: Curated, settings: Curation) -> str:
    """The report as one page that needs nothing else: plots are SVG inside it, and nothing in it runs."""
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(curated=curated, settings=settings.model_dump(), plots=plots(curated))


def plots(curated: Curated) -> dict[str, Bars]:
    """What is drawn, bar by bar, in order."""
    shown: dict[str, Bars] = {
        "Rows": {f"{folder}, {side}": n for folder, sides in curated.rows.items() for side, n in sides.items()},
        "Attempts by score": {f"{floor} to {floor + 1}": curated.scores.get(floor, 0) for floor in range(10)}
        | {"10": curated.scores.get(10, 0)},
    }
    for kind, reasons in curated.dropped.items():
        if reasons:
            shown[f"Dropped: rows of the {kind}" if kind != "preference" else "Dropped: preferences"] = reasons
    balance: dict[str, int] = {}
    for number, row in sorted(curated.verdicts.items()):
        for name, words in (("true", "success"), ("false", "failure")):
            balance[f"attempt {number + 1}, {words}"] = row[name]
            balance[f"attempt {number + 1}, {words}, kept"] = row[f"kept_{name}"]
    if balance:
        shown["Verdicts before and after balancing"] = balance
    return shown
