"""Writes down what a run was: ``run.json`` in its folder. Knows files and versions, no model and no story.

Two runs with the same command, configuration, revision, data and versions are the same run; whatever else differs is chance.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

RUN = "run.json"
PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "diffusers", "pyarrow", "pillow", "pydantic")
NAMED_BY_CONTENT = re.compile(r"[0-9a-f]{64}\.png")  # a picture of a data folder: its name is its hash
PASSING = frozenset({"lock", "studio.db-shm", "thumbs", "incoming", RUN})  # files and folders that say nothing of the data
ROOT = Path(__file__).parents[1]


def write_run(out: Path, command: str, config: Mapping[str, Any], inputs: Iterable[Path]) -> None:
    """Writes ``out/run.json``, whole or not at all: what was asked, of which data, by which code.

    ``config`` may hold anything; what JSON lacks is written as its text. Seeds are part of it, and are named again under
    ``seeds``. An input that is not there has no hash (null).
    """
    out.mkdir(parents=True, exist_ok=True)
    run = {
        "command": command,
        "config": dict(config),
        "seeds": {name: value for name, value in config.items() if name == "seed" or name.endswith("_seed")},
        "inputs": {str(path): content_hash(path) for path in inputs},
        "revision": revision(),
        "versions": versions(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    part = out / f".{RUN}.part"
    part.write_text(json.dumps(run, indent=2, default=str, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, out / RUN)


def content_hash(path: Path) -> str | None:
    """The sha256 of a file, or of all names and contents below a folder; None if there is nothing."""
    if path.is_file():
        return _hash(path)
    if not path.is_dir():
        return None
    whole = hashlib.sha256()
    for name, file in sorted(_files(path)):
        content = file.stem if NAMED_BY_CONTENT.fullmatch(file.name) else _hash(file)
        whole.update(f"{name}\0{content}\n".encode())
    return whole.hexdigest()


def revision() -> str | None:
    """The commit of the code, with ``+changes`` if files differ from it; None outside a checkout."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return None
    head, changed = _said(git, "rev-parse", "HEAD"), _said(git, "status", "--porcelain", "--untracked-files=no")
    return f"{head}+changes" if head and changed else head or None


def versions() -> dict[str, str]:
    """Of Python and of the packages that change a result, as far as they are installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in folder.rglob("*"):
        inner = file.relative_to(folder)
        if file.is_file() and PASSING.isdisjoint(inner.parts):
            yield inner.as_posix(), file


def _hash(file: Path) -> str:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _said(git: str, *words: str) -> str:
    done = subprocess.run([git, "-C", str(ROOT), *words], capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() if done.returncode == 0 else ""
