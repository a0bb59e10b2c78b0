"""Reads a benchmark's rows from files that a person names: JSON, JSON lines, parquet, or a data set of the hub by its id.

What is wrong is said with the file and the line or row where it is. A benchmark with a row that can't be used is not run:
its figures would be another benchmark's. Trusts no path in a row.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import BadImage
from core.images import ImageStore
from core.types import ImageRef
from train.formats.files import objects
from train.runs import RunError

SUFFIXES = (".json", ".jsonl", ".parquet")
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
SPLITS = ("test", "validation", "train")  # of a data set of the hub, the first of these that it has
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,199}")  # what may be part of a file's name


class Row(BaseModel):
    """What a benchmark needs of a row; other fields are left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)


RowT = TypeVar("RowT", bound=Row)


@dataclass(frozen=True)
class Found:
    """A row as it was read, and where it is: in words, for whoever has to mend it."""

    where: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Source:
    """All rows of one benchmark. ``folder`` is where pictures are looked for; None if the rows came from the hub."""

    rows: tuple[Found, ...]
    files: tuple[Path, ...]
    folder: Path | None

    @property
    def digest(self) -> str:
        """Names the rows by what they say: another data set, or another version of one, is another run."""
        whole = hashlib.sha256()
        for row in self.rows:
            whole.update(repr(sorted(row.values.items(), key=lambda item: item[0])).encode())
        return whole.hexdigest()[:16]


def read(names: Sequence[str], folder: Path | None = None) -> Source:
    """The rows of these files, or of one data set of the hub. Raises ``RunError``.

    ``folder`` has the pictures, if they are not beside the first file.
    """
    rows: list[Found] = []
    files: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_file():
            files.append(path)
            rows += _of_file(path)
        elif path.is_dir():
            raise RunError(f"{name} is a folder: name the files with the rows, each with its own --data.")
        elif path.suffix in SUFFIXES or not HUB_ID.fullmatch(name):
            raise RunError(f"There is no file {name}, and no data set of the hub has such an id.")
        else:
            rows += _of_hub(name)
    if not rows:
        raise RunError(f"There are no rows in {', '.join(names)}.")
    return Source(tuple(rows), tuple(files), folder or (files[0].parent if files else None))


def _of_file(path: Path) -> list[Found]:
    match path.suffix:
        case ".json":
            return list(_of_json(path))
        case ".jsonl":
            return [Found(f"{path.name}, line {number}", _clean(row)) for number, row in objects(path, _refuse)]
        case ".parquet":
            return list(_of_parquet(path))
    raise RunError(f"{path.name} is none of {', '.join(SUFFIXES)}.")


def _of_json(path: Path) -> Iterator[Found]:
    try:
        values = json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        raise RunError(f"{path.name}, line {error.lineno}: it is no JSON: {error.msg}.") from error
    except ValueError as error:  # bytes that are no text
        raise RunError(f"{path.name} is no JSON: {error}.") from error
    if not isinstance(values, list):
        raise RunError(f"{path.name}: it is no list of rows.")
    for number, value in enumerate(values, start=1):
        if not isinstance(value, dict):
            raise RunError(f"{path.name}, row {number}: it is no object.")
        yield Found(f"{path.name}, row {number}", _clean(value))


def _refuse(name: str, number: int, why: str) -> NoReturn:
    raise RunError(f"{name}, line {number}: {why}.")


def _of_parquet(path: Path) -> Iterator[Found]:
    import pyarrow as arrow
    from pyarrow import parquet

    try:
        rows = parquet.read_table(path).to_pylist()
    except (arrow.ArrowException, OSError) as error:
        raise RunError(f"{path.name} is no parquet file that can be read.") from error
    for number, row in enumerate(rows, start=1):
        yield Found(f"{path.name}, row {number}", _clean(row))


def _of_hub(name: str) -> Iterator[Found]:
    """As ``datasets`` finds it: on this machine, or (unless ``HF_HUB_OFFLINE`` is set) on the hub. Pictures stay files.

    ``owner/name@revision`` takes that commit, tag or branch; without one, the newest.
    """
    from datasets import Image, disable_progress_bars, get_dataset_split_names, load_dataset
    from datasets.exceptions import DatasetNotFoundError

    disable_progress_bars()  # whoever waits sees the command's own bar
    repository, _, revision = name.partition("@")
    try:
        found = get_dataset_split_names(repository, revision=revision or None)
        split = next((each for each in SPLITS if each in found), found[0])
        rows: Any = load_dataset(repository, split=split, revision=revision or None)
    except (DatasetNotFoundError, OSError, ValueError) as error:
        why = " ".join(str(error).split())[:200].rstrip(".")
        raise RunError(f"The data set {name} can be found neither on this machine nor on the hub: {why}.") from error
    for column, feature in rows.features.items():
        if isinstance(feature, Image):
            rows = rows.cast_column(column, Image(decode=False))
    for number, row in enumerate(rows, start=1):
        yield Found(f"{name}, row {number}", _clean(row))


def _clean(row: dict[str, Any]) -> dict[str, Any]:
    """Without what is not there: null, and the not-a-number that pandas writes for it."""
    return {name: value for name, value in row.items() if value is not None and not (_is_number(value) and math.isnan(value))}


def _is_number(value: Any) -> bool:
    return isinstance(value, float)


# ---------------------------------------------------------------- rows as values


def checked(source: Source, kind: type[RowT]) -> list[tuple[Found, RowT]]:
    """The rows as values. Raises ``RunError`` for the first that is none."""
    made: list[tuple[Found, RowT]] = []
    for row in source.rows:
        try:
            made.append((row, kind.model_validate(row.values)))
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(map(str, fault["loc"]))
            raise RunError(f"{row.where}: {f'{place}: ' if place else ''}{fault['msg'].lower()}.") from error
    return made


def unique(rows: Sequence[tuple[Found, RowT]], ids: Sequence[str]) -> None:
    """Raises ``RunError`` if two rows have one id, or if one could not be part of a file's name."""
    places: dict[str, str] = {}
    for (found, _), name in zip(rows, ids, strict=True):
        if not NAME.fullmatch(name):
            raise RunError(f"{found.where}: the id {name[:60]!r} cannot name a file: letters, digits, spaces and ._- can.")
        if name in places:
            raise RunError(f"{found.where}: the id {name} is that of {places[name]}, too.")
        places[name] = found.where


def kept(pictures: ImageStore, source: Source, found: Found, value: Any, inner: str = "") -> ImageRef:
    """A row's :func:`picture` in the store. Raises ``RunError``."""
    try:
        return pictures.import_upload(picture(source, found, value, inner))
    except BadImage as error:
        raise RunError(f"{found.where}: {error}") from error


def picture(source: Source, found: Found, value: Any, inner: str = "") -> Path | bytes:
    """The file of a picture that a row names, or holds as the hub's data sets do. Raises ``RunError``.

    A name is looked for in the folder of pictures, and in its folder ``inner``.
    """
    if isinstance(value, dict) and isinstance(value.get("bytes"), bytes):
        return value["bytes"]
    name = value.get("path") if isinstance(value, dict) else value
    if not isinstance(name, str) or not name:
        raise RunError(f"{found.where}: a picture is a path, or a picture of a parquet file; this is {type(value).__name__}.")
    if source.folder is None:
        raise RunError(f"{found.where}: the picture {name} is not in the data set: unpack it, and name its folder with --images.")
    for folder in dict.fromkeys((source.folder, source.folder / inner)):
        path = _within(folder, name)
        if path is None:
            raise RunError(f"{found.where}: the picture {name} is outside the folder of pictures.")
        if path.is_file():
            return path
    raise RunError(f"{found.where}: there is no picture {name} in {source.folder}. Another folder is named with --images.")


def _within(folder: Path, name: str) -> Path | None:
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError):  # RuntimeError: a link to itself; ValueError: a null in it
        return None
    return path if path.is_relative_to(folder.resolve()) else None


def evenly(groups: Sequence[str]) -> list[int]:
    """The places of rows in an order that takes one of each group in turn: the first so many are of all of them.

    Each group keeps its own order; groups come in that of their first rows.
    """
    left: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        left.setdefault(group, []).append(place)
    most = max(map(len, left.values()), default=0)
    return [own[turn] for turn in range(most) for own in left.values() if turn < len(own)]
