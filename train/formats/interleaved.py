"""Stories as one interleaved text: ``{"id", "user_input", "text", "images"}`` lines. Pure but for the pictures.

``<gthink>thought</gthink>``, then for each step ``<plan>{…}</plan>``, its pictures, and ``<info>caption</info>`` if it has one.
**Easy** shows the picture that was kept, as ``<image>``; **hard** every attempt, as ``<image>`` and
``<critic><think>…</think>{…}</critic>``, whose object says the prompt, the verdict and what was kept. Pictures are in the
order of their marks, after those of the request.

Can't carry, besides what a tale can't (:mod:`train.formats.tales`): a thought or caption with one of these marks in it. Easy
has no verdicts and no other attempts: each picture counts as drawn from its step's prompt, and as judged by nobody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from core.types import ImageRef
from train.formats.files import BadRow
from train.formats.tales import Keep, Load, Part, Tale, Tried, usual_choice

Record = dict[str, Any]
MARKS = re.compile(r"</?(?:gthink|plan|info|critic|think|image)>")
PIECE = re.compile(r"<(gthink|plan|info|critic)>(.*?)</\1>|(<image>)", re.DOTALL)
FIELDS = ("title", "instruction", "prompt")


def line_of(name: str, tale: Tale, keep: Keep, hard: bool) -> Record:
    """The tale as one line. ``BadRow`` if the format can't carry it."""
    shown: list[ImageRef] = [*tale.images]
    text = "".join(_pieces(tale, shown, hard))
    return {"id": name, "user_input": tale.text, "text": text, "images": [keep(ref) for ref in shown]}


def _pieces(tale: Tale, shown: list[ImageRef], hard: bool) -> Iterator[str]:
    yield f"<gthink>{_plain(tale.thought)}</gthink>"
    for part, kept in zip(tale.parts, tale.chosen, strict=True):
        yield f"<plan>{_json({name: getattr(part, name) for name in FIELDS})}</plan>"
        if kept is not None and not hard:
            shown.append(part.tries[kept].image)
            yield "<image>"
        elif hard:
            for number, tried in enumerate(part.tries):
                shown.append(tried.image)
                yield f"<image>{_verdict(tried, number == kept)}"
        if part.caption is not None:
            yield f"<info>{_plain(part.caption)}</info>"


def _verdict(tried: Tried, kept: bool) -> str:
    said = {"prompt": tried.prompt, "success": tried.success, "refine_prompt": tried.refined, "kept": kept}
    return f"<critic><think>{_plain(tried.thought)}</think>{_json(said)}</critic>"


def _plain(text: str) -> str:
    if found := MARKS.search(text):
        raise BadRow(f"a text has {found[0]} in it, which this format takes for a mark")
    return text


def _json(value: Record) -> str:
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def tale_in(line: Record, load: Load, hard: bool) -> Tale:
    """The tale that a line tells. ``BadRow`` if it tells none."""
    text, asked, images = line.get("text"), line.get("user_input"), line.get("images", [])
    if not isinstance(text, str) or not isinstance(asked, str) or not isinstance(images, list):
        raise BadRow("user_input and text must be texts, and images a list")
    pieces = _split(text)
    places = sum(name == "image" for name, _ in pieces)
    if places > len(images):
        raise BadRow(f"{places} places for pictures, but {len(images)} pictures")
    refs = [load(name) for name in images]
    before, shown = refs[: len(refs) - places], iter(refs[len(refs) - places :])
    thought = "".join(inner for name, inner in pieces if name == "gthink")
    parts = [_part(own, shown, hard) for own in _by_step(pieces)]
    return Tale(asked, tuple(before), thought, tuple(part for part, _ in parts), tuple(kept for _, kept in parts))


def _split(text: str) -> list[tuple[str, str]]:
    """The marks in order, with what is inside them. ``BadRow`` if anything stands between them."""
    pieces, at = list[tuple[str, str]](), 0
    for found in PIECE.finditer(text):
        if text[at : found.start()].strip():
            raise BadRow(f"{text[at : found.start()].strip()[:60]!r} stands outside all marks")
        pieces.append(("image", "") if found[3] else (found[1], found[2]))
        at = found.end()
    if text[at:].strip():
        raise BadRow(f"{text[at:].strip()[:60]!r} stands outside all marks")
    return pieces


def _by_step(pieces: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    steps: list[list[tuple[str, str]]] = []
    for piece in pieces:
        if piece[0] == "plan":
            steps.append([piece])
        elif piece[0] != "gthink":
            if not steps:
                raise BadRow(f"<{piece[0]}> comes before the first <plan>")
            steps[-1].append(piece)
    return steps


def _part(pieces: list[tuple[str, str]], shown: Iterator[ImageRef], hard: bool) -> tuple[Part, int | None]:
    """A step, and which of its attempts was kept."""
    (_, planned), *others = pieces
    words = _object(planned, "plan")
    title, instruction, prompt = (words.get(name) for name in FIELDS)
    if not all(isinstance(word, str | None) for word in (title, instruction, prompt)):
        raise BadRow("a plan's title, instruction and prompt are texts")
    tries: list[Tried] = []
    caption: str | None = None
    kept: int | None = None
    for name, inner in others:
        if name == "image":
            tries.append(Tried(prompt or "", next(shown)))
        elif name == "critic" and hard and tries:
            tries[-1], is_kept = _judged(inner, tries[-1].image)
            kept = len(tries) - 1 if is_kept else kept
        elif name == "info":
            caption = inner
        else:
            raise BadRow(f"<{name}> has no place here")
    part = Part(title or "", instruction or "", prompt, caption, tuple(tries))
    return part, usual_choice(part.tries) if kept is None else kept


def _judged(inner: str, image: ImageRef) -> tuple[Tried, bool]:
    thought = re.match(r"<think>(.*?)</think>", inner, re.DOTALL)
    said = _object(inner[thought.end() :] if thought else inner, "critic")
    success, prompt, refined = said.get("success"), said.get("prompt"), said.get("refine_prompt") or ""
    if not isinstance(success, bool | None) or not isinstance(prompt, str) or not isinstance(refined, str):
        raise BadRow("a critic's success is true, false or null, and its prompts are texts")
    return Tried(prompt, image, success, thought[1] if thought else "", refined), said.get("kept") is True


def _object(text: str, where: str) -> Record:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadRow(f"what is inside <{where}> is no JSON") from error
    if not isinstance(value, dict):
        raise BadRow(f"what is inside <{where}> is no object")
    return value
