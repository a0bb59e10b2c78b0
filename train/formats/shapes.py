"""The three forms of curated rows: how a row is written in each, and how it is read back. Pure but for the pictures.

A row is a record: the columns of a curated folder, pictures as the bytes of their files.

========== ============================================== ==================================================================
format     what it is                                     what it can't carry
========== ============================================== ==================================================================
trl        JSON lines with the folder's own columns       nothing
llamafactory ShareGPT ``messages`` (preferences:          where rows come from, and their weight; ``critic_rl``;
           ``chosen``, ``rejected``) and ``images``       a text with ``<image>`` in it
easyr1     ``critic_rl`` lines of the released data       all other folders; where rows come from; the seed; the question's
                                                          wording, which is asked again in the pack that is given
========== ============================================== ==================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from core.dialect import Message, Pack, critic_messages
from train.curation.candidates import FOLDERS, Folder
from train.formats.files import BadRow, Pictures
from train.origins import Origin

Record = dict[str, Any]
MARK = "<image>"
#: Where a row comes from that another tool wrote.
UNKNOWN: Record = dict.fromkeys(Origin.model_fields, "") | {"revision": 0, "number": 0, "votes": 0, "of": 0, "weight": 1.0}
ANSWERS: dict[Folder, tuple[str, ...]] = {
    "planner_sft": ("completion",),
    "critic_sft": ("completion",),
    "critic_rl": (),
    "preference": ("chosen", "rejected"),
}


@dataclass(frozen=True)
class Shape:
    """A format of rows. ``out`` and ``back`` raise ``BadRow``; ``back`` is given the pack to ask in, where nothing else says."""

    suffix: str
    folders: tuple[Folder, ...]
    out: Callable[[Folder, Record, Pictures], Record]
    back: Callable[[Folder, Record, Pictures, Pack], Record]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)
    type: str = Field(pattern="^(text|image)$")
    text: str | None = None


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)
    role: str = Field(pattern="^(system|user|assistant)$")
    content: list[_Part] | str


_MESSAGES = TypeAdapter(list[_Message])


def messages_of(value: Any, what: str) -> list[Message]:
    """Chat messages with typed parts; a plain text is one part. ``BadRow`` if it is none."""
    try:
        read = _MESSAGES.validate_python(value)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise BadRow(f"{what} is no list of messages: {'.'.join(map(str, fault['loc']))}: {fault['msg'].lower()}") from error
    if not read:
        raise BadRow(f"{what} is empty")
    return [{"role": one.role, "content": _parts(one.content)} for one in read]


def _parts(content: list[_Part] | str) -> list[Record]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [{"type": "image"} if part.type == "image" else {"type": "text", "text": part.text or ""} for part in content]


def placed(messages: list[Message], images: list[Any]) -> None:
    """``BadRow`` unless there are as many pictures as places for them."""
    places = sum(part["type"] == "image" for message in messages for part in message["content"])
    if places != len(images):
        raise BadRow(f"{places} places for pictures, but {len(images)} pictures")


def _loaded(names: Any, pictures: Pictures) -> list[Record]:
    if not isinstance(names, list):
        raise BadRow("images is no list")
    return [{"bytes": pictures.load(name), "path": None} for name in names]


def _kept(record: Record, pictures: Pictures) -> list[str]:
    return [pictures.keep(image["bytes"]) for image in record["images"]]


# ---------------------------------------------------------------- trl


def _trl_out(folder: Folder, record: Record, pictures: Pictures) -> Record:
    plain = {name: value for name, value in record.items() if name != "images"}
    for name in ("prompt", *ANSWERS[folder]):
        plain[name] = messages_of(record[name], name)
    return {**plain, "images": _kept(record, pictures)}


def _trl_back(folder: Folder, line: Record, pictures: Pictures, pack: Pack) -> Record:
    record: Record = {"prompt": messages_of(line.get("prompt"), "prompt"), "images": _loaded(line.get("images", []), pictures)}
    if not any(part["type"] == "image" for message in record["prompt"] for part in message["content"]):
        _put_first(record["prompt"], len(record["images"]))
    placed(record["prompt"], record["images"])
    record |= {name: messages_of(line.get(name), name) for name in ANSWERS[folder]}
    if folder == "critic_rl":
        record |= _prompt_columns(line)
    return record | _typed(line)


def _put_first(messages: list[Message], images: int) -> None:
    """Where plain texts say nothing of pictures, TRL puts them before the first of the user's."""
    for message in messages:
        if message["role"] == "user":
            message["content"][:0] = [{"type": "image"}] * images
            return


def _typed(line: Record) -> Record:
    """The provenance that a line has; what it lacks is unknown."""
    found = dict(UNKNOWN)
    for name, usual in UNKNOWN.items():
        value = line.get(name, usual)
        if isinstance(usual, float) and isinstance(value, int):
            value = float(value)
        if type(value) is not type(usual):
            raise BadRow(f"{name} is {value!r}")
        found[name] = value
    return found


class _Prompt(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)
    truth: bool
    step_prompt: str
    current_prompt: str
    semantics: float | None = Field(default=None, ge=0, le=10)
    quality: float | None = Field(default=None, ge=0, le=10)
    seed: int = 0


def _prompt_columns(line: Record) -> Record:
    try:
        return _Prompt.model_validate(line).model_dump()
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise BadRow(f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].lower()}") from error


# ---------------------------------------------------------------- llamafactory


def marked(text: str) -> list[Record]:
    """The parts of a text in which ``<image>`` stands for pictures."""
    pieces = [piece for piece in re.split(f"({MARK})", text) if piece]
    return [{"type": "image"} if piece == MARK else {"type": "text", "text": piece} for piece in pieces]


def _marked(message: Message) -> Message:
    if message["role"] == "assistant":  # an answer has no pictures, whatever it says
        return message
    texts = (part.get("text", MARK) for part in message["content"])
    return {**message, "content": marked("".join(texts))}


def unmarked(messages: list[Message]) -> list[Record]:
    """The messages with their parts as one text. ``BadRow`` if a text has ``<image>`` in it, which would become a picture."""
    told = []
    for message in messages_of(messages, "messages"):
        if any(MARK in part.get("text", "") for part in message["content"]):
            raise BadRow(f"a text has {MARK} in it, which this format takes for a picture")
        told.append({"role": message["role"], "content": "".join(part.get("text", MARK) for part in message["content"])})
    return told


def _llamafactory_out(folder: Folder, record: Record, pictures: Pictures) -> Record:
    told = [unmarked(record[name]) for name in ("prompt", *ANSWERS[folder])]
    if folder == "preference":
        line: Record = {"messages": told[0], "chosen": told[1][0], "rejected": told[2][0]}
    else:
        line = {"messages": [*told[0], *told[1]]}
    return {**line, "images": _kept(record, pictures)}


def _llamafactory_back(folder: Folder, line: Record, pictures: Pictures, pack: Pack) -> Record:
    told = [_marked(message) for message in messages_of(line.get("messages"), "messages")]
    if folder == "preference":
        answers = {name: messages_of([line.get(name)], name) for name in ANSWERS[folder]}
    elif len(told) < 2 or told[-1]["role"] != "assistant":
        raise BadRow("the last message is no answer")
    else:
        answers = {"completion": [told.pop()]}
    images = _loaded(line.get("images", []), pictures)
    placed(told, images)
    return {"prompt": told, "images": images, **answers, **UNKNOWN}


# ---------------------------------------------------------------- easyr1


def _easyr1_out(folder: Folder, record: Record, pictures: Pictures) -> Record:
    before, after = _kept(record, pictures)
    return {
        "origin_prompt": record["step_prompt"],
        "rewritten_prompt": record["current_prompt"],
        "origin_image_path": before,
        "edited_image_path": after,
        "evaluation": {"success": record["truth"], "semantics": record["semantics"], "quality": record["quality"]},
    }


def _easyr1_back(folder: Folder, line: Record, pictures: Pictures, pack: Pack) -> Record:
    said = line.get("evaluation")
    if not isinstance(said, dict):
        raise BadRow("evaluation is no object")
    columns = _prompt_columns(
        {
            "step_prompt": line.get("origin_prompt"),
            "current_prompt": line.get("rewritten_prompt") or "",
            "truth": said.get("success"),
            "semantics": _number(said.get("semantics")),
            "quality": _number(said.get("quality")),
        }
    )
    images = _loaded([line.get("origin_image_path"), line.get("edited_image_path")], pictures)
    prompt = critic_messages(pack, columns["step_prompt"], columns["current_prompt"])
    return {"prompt": prompt, "images": images, **columns, **UNKNOWN}


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


SHAPES: dict[str, Shape] = {
    "trl": Shape("jsonl", FOLDERS, _trl_out, _trl_back),
    "llamafactory": Shape("json", ("planner_sft", "critic_sft", "preference"), _llamafactory_out, _llamafactory_back),
    "easyr1": Shape("jsonl", ("critic_rl",), _easyr1_out, _easyr1_back),
}
