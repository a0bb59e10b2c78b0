"""Writes rows as parquet files that ``datasets.load_dataset("parquet", …)`` opens with their pictures; holds few at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.dialect import Message
from core.errors import NotFound
from core.images import ImageStore
from train.curation.candidates import Folder
from train.curation.filters import Side
from train.origins import Origin
from train.rows import Blank, CriticPrompt, CriticRow, Picture, PlannerRow, PreferenceRow, Row

if TYPE_CHECKING:
    from datasets import Features
    from pyarrow.parquet import ParquetWriter

GROUP_BYTES = 32 * 2**20  # of pictures in memory before they are written
GROUP_ROWS = 200
SHARD_BYTES = 512 * 2**20

Record = dict[str, Any]


def record_of(row: Row, images: Iterable[ImageStore]) -> Record:
    """The columns of a row, with its pictures' files. ``NotFound`` if one is gone."""
    stores = tuple(images)
    shared = {"prompt": row.prompt, "images": [{"bytes": _file(picture, stores), "path": None} for picture in row.images]}
    origin = row.origin.model_dump()
    match row:
        case PlannerRow() | CriticRow():
            return {**shared, "completion": reply(row.completion), **origin}
        case CriticPrompt():
            marks = {"semantics": row.score and row.score.semantics, "quality": row.score and row.score.quality}
            asked = {"truth": row.truth, "step_prompt": row.step_prompt, "current_prompt": row.current_prompt}
            return {**shared, **asked, **marks, "seed": row.seed, **origin}
        case PreferenceRow():
            return {**shared, "chosen": reply(row.chosen), "rejected": reply(row.rejected), **origin}


def reply(text: str) -> list[Message]:
    """The one message of an answer."""
    return [{"role": "assistant", "content": [{"type": "text", "text": text}]}]


def features_of(folder: Folder) -> Features:
    """The columns of a folder's files, with pictures as pictures. Messages are lists of typed parts."""
    from datasets import Features, Image, List, Value

    messages = List({"role": Value("string"), "content": List({"type": Value("string"), "text": Value("string")})})
    plain = {str: Value("string"), int: Value("int64"), float: Value("float64")}
    own: dict[Folder, dict[str, Any]] = {
        "planner_sft": {"completion": messages},
        "critic_sft": {"completion": messages},
        "critic_rl": {
            "truth": Value("bool"),
            **dict.fromkeys(("step_prompt", "current_prompt"), Value("string")),
            **dict.fromkeys(("semantics", "quality"), Value("float64")),
            "seed": Value("int64"),
        },
        "preference": {"chosen": messages, "rejected": messages},
    }
    origin = {name: plain.get(field.annotation, plain[str]) for name, field in Origin.model_fields.items()}
    return Features({"prompt": messages, "images": List(Image()), **own[folder], **origin})


class Shards:
    """The files of one curated folder, ``<folder>/<side>-00000.parquet`` and on, each of at most so many rows."""

    def __init__(self, out: Path, rows_a_shard: int) -> None:
        self.out = out
        self.rows_a_shard = rows_a_shard
        self.counts: dict[tuple[Folder, Side], int] = defaultdict(int)
        self._files: dict[tuple[Folder, Side], _File] = {}

    def add(self, folder: Folder, side: Side, record: Record) -> None:
        place = folder, side
        if place not in self._files:
            self._files[place] = _File(self.out / folder, side, features_of(folder), self.rows_a_shard)
        self._files[place].add(record)
        self.counts[place] += 1

    def close(self) -> None:
        for file in self._files.values():
            file.close()


class _File:
    """One sequence of parquet files."""

    def __init__(self, folder: Path, side: str, features: Features, rows_a_shard: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.side, self.schema, self.rows_a_shard = folder, side, features.arrow_schema, rows_a_shard
        self._waiting: list[Record] = []
        self._bytes = self._number = self._rows = self._written = 0
        self._writer: ParquetWriter | None = None

    def add(self, record: Record) -> None:
        self._waiting.append(record)
        self._bytes += sum(len(image["bytes"]) for image in record["images"])
        full = self._rows + len(self._waiting) >= self.rows_a_shard
        if full or len(self._waiting) >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()
        if full or self._written >= SHARD_BYTES:
            self._next()

    def close(self) -> None:
        self._flush()
        self._next()

    def _flush(self) -> None:
        import pyarrow
        from pyarrow.parquet import ParquetWriter

        if not self._waiting:
            return
        if self._writer is None:
            self._writer = ParquetWriter(self.folder / f"{self.side}-{self._number:05}.parquet", self.schema)
        self._writer.write_table(pyarrow.Table.from_pylist(self._waiting, schema=self.schema))
        self._rows, self._written = self._rows + len(self._waiting), self._written + self._bytes
        self._waiting, self._bytes = [], 0

    def _next(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._number, self._rows, self._written = self._number + 1, 0, 0


def _file(picture: Picture, stores: tuple[ImageStore, ...]) -> bytes:
    if isinstance(picture, Blank):
        return _white(picture.width, picture.height)
    for store in stores[:-1]:
        try:
            return store.read(picture)
        except NotFound:
            continue
    return stores[-1].read(picture)


@lru_cache(maxsize=8)
def _white(width: int, height: int) -> bytes:
    from PIL import Image as images

    encoded = BytesIO()
    images.new("RGB", (width, height), "white").save(encoded, "PNG")
    return encoded.getvalue()
