"""Takes rows out of a curated folder into another format, and back. One row at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.dialect import Pack
from core.errors import StudioError
from train.curation.candidates import FOLDERS, Folder
from train.curation.filters import SIDES, Side
from train.curation.shards import Shards
from train.formats.files import BadRow, Complain, Lines, Pictures, objects
from train.formats.shapes import SHAPES, Record, Shape

ROWS_A_SHARD = 2000


class CannotExchange(StudioError):
    """There is nothing to export or import; the message says why."""


@dataclass
class Exchanged:
    """How many rows were written, by folder, and how many were left out."""

    written: dict[str, int] = field(default_factory=dict)
    left_out: int = 0

    def add(self, folder: str) -> None:
        self.written[folder] = self.written.get(folder, 0) + 1


def export_rows(name: str, curated: Path, out: Path, complain: Complain) -> Exchanged:
    """Writes ``out/<folder>.<suffix>`` (to validate: ``<folder>_validation.<suffix>``) and ``out/images``."""
    shape, done, pictures = SHAPES[name], Exchanged(), Pictures(out)
    for folder in shape.folders:
        for side in SIDES:
            files = sorted((curated / folder).glob(f"{side}-*.parquet"))
            if not files:
                continue
            lines = Lines(out / _file_of(shape, folder, side))
            for number, record in enumerate(records(files), start=1):
                try:
                    lines.add(shape.out(folder, record, pictures))
                    done.add(folder)
                except BadRow as error:
                    complain(f"{folder}, {side}", number, str(error))
                    done.left_out += 1
            lines.close()
    if not done.written:
        raise CannotExchange(f"{curated.name} has no rows that {name} can hold: {', '.join(shape.folders)}.")
    if name == "llamafactory":
        _describe(out, done)
    return done


def import_rows(name: str, file: Path, out: Path, pack: Pack, complain: Complain, rows: Folder | None = None) -> Exchanged:
    """Writes a curated folder from an exported file, or from all of them in a folder.

    ``rows`` says what is in a file whose name does not. ``pack`` is what ``easyr1`` rows are asked in.
    """
    if any(out.glob("*/*.parquet")):
        raise CannotExchange(f"{out.name} has rows already; choose another folder.")
    shape, done = SHAPES[name], Exchanged()
    shards, pictures = Shards(out, ROWS_A_SHARD), Pictures(file if file.is_dir() else file.parent)

    def hear(where: str, line: int, why: str) -> None:
        complain(where, line, why)
        done.left_out += 1

    for path, folder, side in _files(shape, file, rows):
        for number, line in objects(path, hear):
            try:
                shards.add(folder, side, shape.back(folder, line, pictures, pack))
                done.add(folder)
            except BadRow as error:
                hear(path.name, number, str(error))
    shards.close()
    if not done.written:
        raise CannotExchange(f"{file.name} has no row that can be read as {name}.")
    return done


def records(files: list[Path]) -> Iterator[Record]:
    """The rows of parquet files, pictures as the bytes of their files; some at a time."""
    from pyarrow.parquet import ParquetFile

    for path in files:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=50):
                yield from batch.to_pylist()


def _file_of(shape: Shape, folder: Folder, side: Side) -> str:
    return f"{folder}.{shape.suffix}" if side == "train" else f"{folder}_{side}.{shape.suffix}"


def _files(shape: Shape, file: Path, rows: Folder | None) -> Iterator[tuple[Path, Folder, Side]]:
    places: dict[str, tuple[Folder, Side]] = {_file_of(shape, f, side): (f, side) for f in FOLDERS for side in SIDES}
    found = [path for path in sorted(file.iterdir()) if path.name in places] if file.is_dir() else [file]
    for path in found:
        folder, side = places.get(path.name, (rows or shape.folders[0], "train"))
        if rows is None and path.name not in places and len(shape.folders) > 1:
            raise CannotExchange(f"The name {path.name} does not say what rows are in it; say so with --rows.")
        if folder not in shape.folders:
            raise CannotExchange(f"This format has no rows of {folder}.")
        yield path, folder, side


def _describe(out: Path, done: Exchanged) -> None:
    """``dataset_info.json``, by which LLaMA-Factory knows the files."""
    tags = {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    }
    info: dict[str, Any] = {}
    for path in sorted(out.glob("*.json")):
        if path.stem.removesuffix("_validation") in done.written:
            ranked = {"chosen": "chosen", "rejected": "rejected"} if path.stem.startswith("preference") else {}
            columns = {"messages": "messages", "images": "images", **ranked}
            info[path.stem] = {"file_name": path.name, "formatting": "sharegpt", "columns": columns, "tags": tags}
            if ranked:
                info[path.stem]["ranking"] = True
    (out / "dataset_info.json").write_text(json.dumps(info, indent=2) + "\n", encoding="utf-8")
