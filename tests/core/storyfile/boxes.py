"""Story files, well made and ill made: takes one apart, and puts it together again in any way one likes."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import pytest

from core.errors import BadFile
from core.store import Store
from core.storyfile import import_story
from core.storyfile.manifest import FACTS, MANIFEST, digest_of

Parts = dict[str, bytes]


def parts(file: Path) -> Parts:
    with ZipFile(file) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def box(out: Path, entries: Parts | list[tuple[str | ZipInfo, bytes]], packing: int = zipfile.ZIP_STORED) -> Path:
    """A zip file of these entries, whatever they are; a name may be there twice."""
    with ZipFile(out, "w", packing) as opened:
        for name, data in entries.items() if isinstance(entries, dict) else entries:
            opened.writestr(name, data)
    return out


def told_again(parts: Parts, change: Callable[[list[dict[str, Any]]], object]) -> Parts:
    """The parts with other facts, of which the manifest says that they are right."""
    facts = [json.loads(line) for line in parts[FACTS].splitlines()]
    change(facts)
    lines = b"".join(json.dumps(fact).encode() + b"\n" for fact in facts)
    return reworded({**parts, FACTS: lines}, lambda said: said["facts"].update(count=len(facts), sha256=digest_of(lines)))


def reworded(parts: Parts, change: Callable[[dict[str, Any]], object]) -> Parts:
    """The parts with another manifest."""
    said = json.loads(parts[MANIFEST])
    change(said)
    return {**parts, MANIFEST: json.dumps(said).encode()}


def repictured(parts: Parts, old: str, data: bytes) -> Parts:
    """The parts with another picture in the place of the one of this hash, named everywhere as if it had always been there."""
    new = digest_of(data)
    text = {name: parts[name].replace(old.encode(), new.encode()) for name in (MANIFEST, FACTS)}
    pictures = {name.replace(old, new): data if old in name else there for name, there in parts.items() if name not in text}

    def says(said: dict[str, Any]) -> None:
        said["facts"]["sha256"] = digest_of(text[FACTS])
        for picture in said["pictures"]:
            if picture["sha256"] == new:
                picture["bytes"] = len(data)

    return reworded({**text, **pictures}, says)


def kept(store: Store) -> tuple[list[str], list[Path]]:
    """All stories and all files of pictures, whatever they are."""
    images = store.images.folder
    return store.ids(), sorted(path for path in images.rglob("*") if path.is_file()) if images.exists() else []


def refused(store: Store, file: Path, why: str) -> None:
    """The file is not taken, for this reason, and leaves no trace."""
    before = kept(store)
    with pytest.raises(BadFile, match=why) as said:
        import_story(store, file, "person:eve")
    sentence = str(said.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 300
    assert kept(store) == before


def a_picture(parts: Parts) -> str:
    return next(name for name in parts if name.startswith("pictures/"))
