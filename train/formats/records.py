"""``execution_record.json``: one attempt an entry, as the released raw data has them. Pure but for the pictures.

Can't carry, besides what a tale can't (:mod:`train.formats.tales`), anything: ``refine_prompt`` is the next attempt's prompt,
"" on success, and ``success`` is null where nobody judged.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.types import ImageRef
from train.formats.files import BadRow
from train.formats.tales import Keep, Load, Part, Tale, Tried, usual_choice

Record = dict[str, Any]


class _Value(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Planned(_Value):
    step_number: int | str | None = None
    step_name: str | None = None
    instruction: str | None = None
    prompt: str | None = None
    auxiliary_text: str | None = None


class _Context(_Value):
    reasoning: str | None = None
    execution_plan: list[_Planned] = Field(min_length=1)


class _Entry(_Value):
    step: int
    prompt: str
    refine_prompt: str | None = ""
    source_img: str | None = None
    target_img: str
    success: bool | None = None
    reasoning: str | None = None


class _Record(_Value):
    user_input: str
    user_input_images: list[str] = []
    global_context: _Context
    steps: list[_Entry] = []


def record_of(tale: Tale, keep: Keep) -> Record:
    """The tale as a record; pictures become paths."""
    plan = [
        {
            "step_number": number,
            "step_name": part.title,
            "instruction": part.instruction or None,
            "prompt": part.prompt,
            "auxiliary_text": part.caption,
        }
        for number, part in enumerate(tale.parts, start=1)
    ]
    entries: list[Record] = []
    source = tale.images[-1] if tale.images else None
    for number, (part, kept) in enumerate(zip(tale.parts, tale.chosen, strict=True), start=1):
        entries += [_entry(number, tried, source, keep) for tried in part.tries]
        source = source if kept is None else part.tries[kept].image
    images = {"user_input_images": [keep(ref) for ref in tale.images]} if tale.images else {}
    context = {"reasoning": tale.thought, "execution_plan": plan}
    return {"user_input": tale.text, **images, "global_context": context, "steps": entries}


def _entry(number: int, tried: Tried, source: ImageRef | None, keep: Keep) -> Record:
    return {
        "step": number,
        "prompt": tried.prompt,
        "refine_prompt": tried.refined,
        "source_img": keep(source) if source else None,
        "target_img": keep(tried.image),
        "success": tried.success,
        "reasoning": tried.thought,
    }


def tale_in(value: Record, load: Load) -> Tale:
    """The tale that a record tells. ``BadRow`` if it tells none."""
    try:
        record = _Record.model_validate(value)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise BadRow(f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].lower()}") from error
    plan = record.global_context.execution_plan
    if stray := next((entry.step for entry in record.steps if not 1 <= entry.step <= len(plan)), None):
        raise BadRow(f"an attempt is at step {stray} of a plan of {len(plan)}")
    parts: list[Part] = []
    for number, planned in enumerate(plan, start=1):
        tries = tuple(_tried(entry, load) for entry in record.steps if entry.step == number)
        words = planned.step_name or "", planned.instruction or "", planned.prompt or None, planned.auxiliary_text or None
        parts.append(Part(*words, tries))
    images = tuple(load(name) for name in record.user_input_images)
    return Tale(record.user_input, images, record.global_context.reasoning or "", tuple(parts), _chosen(record, parts, load))


def _tried(entry: _Entry, load: Load) -> Tried:
    refined = "" if entry.success else entry.refine_prompt or ""
    return Tried(entry.prompt, load(entry.target_img), entry.success, entry.reasoning or "", refined)


def _chosen(record: _Record, parts: list[Part], load: Load) -> tuple[int | None, ...]:
    """Which attempt each step kept: the one that the next drawn step began with, else the usual one."""
    begun = {entry.step: load(entry.source_img) for entry in reversed(record.steps) if entry.source_img}
    chosen: list[int | None] = []
    for number, part in enumerate(parts, start=1):
        following = next((begun.get(later) for later in range(number + 1, len(parts) + 1) if parts[later - 1].tries), None)
        kept = next((n for n, tried in enumerate(part.tries) if following and tried.image == following), None)
        chosen.append(usual_choice(part.tries) if kept is None else kept)
    return tuple(chosen)
