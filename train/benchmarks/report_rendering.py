"""Turns values into pages of one file: Jinja templates that escape everything, styles inside, nothing that runs or is fetched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train.benchmarks.report_plots import said

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent


def write(template: str, out: Path, **values: Any) -> None:
    """Writes a page, whole or not at all, bit by bit: iterators among the values are read as the page comes to them."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    with part.open("w", encoding="utf-8") as file:
        _environment().get_template(template).stream(**values).dump(file)
    os.replace(part, out)


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    environment.filters |= {"said": said}
    return environment
