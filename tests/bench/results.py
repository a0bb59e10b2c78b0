"""Writes ``RESULTS.md``: one section a part, each with when, where and on which revision it was measured.

A section that was not measured again stays as it was, to the letter. Knows no part and measures nothing.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.figures import Figure

PAGE = Path(__file__).parent / "RESULTS.md"
LIBRARIES = ("torch", "transformers", "diffusers", "gradio", "pillow", "sqlalchemy")
HEAD = """# What it costs

Measured by `make bench`, one part by `make bench ARGS="engine"`; on a GPU by `make bench-gpu`. Every figure stands beside a
baseline that was measured in the same run: look at the ratios, for the seconds are one machine's. A section says when and
where it was measured, and stays until its part is measured again.
"""
SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


def where() -> str:
    """This machine, these versions and this revision, as one line."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    today = datetime.now(UTC).date()
    return f"*{today}, revision {_revision()}, {_machine()}; Python {platform.python_version()}, {versions}.*"


def table(figures: Iterable[Figure]) -> str:
    """A Markdown table, a row a figure."""
    rows = ["| what | measured | baseline | measured | ratio | goal | met |", "|---|--:|---|--:|--:|--:|---|"]
    for figure in figures:
        value, base = (f"{number:,.4g} {figure.unit}".strip() for number in (figure.value, figure.base))
        met = {True: "yes", False: "**no**", None: ""}[figure.met]
        cells = (figure.what, value, figure.baseline, base, f"{figure.ratio:.3g}", str(figure.goal or ""), met)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def put(page: Path, measured: Mapping[str, str], order: Sequence[str]) -> None:
    """Puts these sections, by title, into the page, in this order; those of other titles are kept."""
    sections = {**_sections(page), **measured}
    titles = sorted(sections, key=lambda title: order.index(title) if title in order else len(order))
    page.write_text("\n".join([HEAD, *(f"## {title}\n\n{sections[title].strip()}\n" for title in titles)]), encoding="utf-8")


def _sections(page: Path) -> dict[str, str]:
    if not page.exists():
        return {}
    _, *parts = SECTION.split(page.read_text(encoding="utf-8"))
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores of {_processor()}{_accelerator()}, {platform.system()}"


def _accelerator() -> str:
    """The GPU, if what was measured has loaded what would use it."""
    torch = sys.modules.get("torch")
    return f", {torch.cuda.get_device_name()}" if torch and torch.cuda.is_available() else ""


def _processor() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def _revision() -> str:
    """The commit, and whether what was measured differs from it."""
    commit = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--", ":/", f":(exclude){PAGE}")
    return f"{commit} with changes" if changed else commit or "unknown"


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(PAGE.parent), *words], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):  # a copy without its history
        return ""
    return done.stdout.strip()
