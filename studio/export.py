"""Turns a story into one file that needs nothing else: its pictures are inside. Knows no address and no page."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

from studio.storyboard import document_of
from studio.view import View

TYPES = {".jpg": "image/jpeg", ".png": "image/png"}


def document(view: View, path_of: Callable[[str], Path]) -> tuple[str, str]:
    """A file's name and its text. ``path_of`` finds the file of a picture by its content."""
    pictures = {card.picture.sha256 for card in view.cards if card.picture and not card.faded}
    inside = {sha256: _data_address(path_of(sha256)) for sha256 in sorted(pictures)}
    words = re.sub(r"[^a-z0-9]+", "-", view.header.title.lower()).strip("-")[:60]
    return f"{words or 'story'}.html", document_of(view, inside)


def _data_address(path: Path) -> str:
    return f"data:{TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
