"""The only place where values become prompt text and replies become values.

Inference, data-set export and rewards all use these functions, so training and inference cannot drift. The words of a
prompt live in a **pack**, a folder of Markdown files (``assets/prompts/<pack>/``); the wire formats of the replies are
those that the released checkpoints write (paper, appendix; facts in README) and are fixed here. Pure but for
:func:`load_pack`. Replies are untrusted: they parse to a valid value or raise :class:`~core.errors.ReplyError`.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import json_repair
from pydantic import BaseModel, ConfigDict, StrictBool, ValidationError

from core.errors import ProfileError, ReplyError
from core.types import MAX_STEPS, MAX_TEXT, NO_NOTES, Notes, Plan, PlannedStep, Verdict

Part = dict[str, str]  # {"type": "text", "text": …} or {"type": "image"}
Message = dict[str, Any]  # {"role": "system" | "user" | "assistant", "content": list[Part]}

#: Longest reply that is read at all. A plan of 30 steps of ordinary length has about 40 000 characters.
MAX_REPLY = 200_000

#: A token that begins a verdict's boolean, in JSON's spelling or Python's. Ġ and ▁ are how vocabularies spell a space.
BOOLEAN = re.compile(r"[Ġ▁ ]*(true|false)(?![a-z])", re.IGNORECASE)

_IMAGE = "<image>"
_SLOT = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True)
class Pack:
    """One wording of all prompts: template texts by role, with ``{{slots}}`` and ``<image>`` marks."""

    name: str
    planner: str
    critic: str
    painter: str
    planner_system: str = ""
    critic_system: str = ""
    planner_notes: str = ""  # how a story's notes are told to the planner, and to the painter: a line a note
    painter_notes: str = ""
    planner_text_only: str = ""  # what the planner is told where nothing is to be drawn

    @property
    def heeds(self) -> frozenset[str]:
        """The notes that the models of this pack are told of: fields of :class:`~core.types.Notes`."""
        return frozenset(_SLOT.findall(self.planner_notes + self.painter_notes)) & Notes.model_fields.keys()


def load_pack(folder: Path) -> Pack:
    """The pack in ``folder``: ``planner.md``, ``critic.md``, ``painter.md``; those that the pack may lack are optional."""

    def text(stem: str, optional: bool = False) -> str:
        path = folder / f"{stem}.md"
        if optional and not path.exists():
            return ""
        try:
            return path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ProfileError(f"The prompt pack {folder.name!r} has no readable {path.name}.") from error

    return Pack(
        name=folder.name,
        planner=text("planner"),
        critic=text("critic"),
        painter=text("painter"),
        planner_system=text("planner_system", optional=True),
        critic_system=text("critic_system", optional=True),
        planner_notes=text("planner_notes", optional=True),
        painter_notes=text("painter_notes", optional=True),
        planner_text_only=text("planner_text_only", optional=True),
    )


# ---------------------------------------------------------------- values -> prompt text


def planner_messages(
    pack: Pack,
    text: str,
    images: int,
    *,
    given: Sequence[tuple[str, bool]] = (),
    references: int = 0,
    notes: Notes = NO_NOTES,
    text_only: bool = False,
) -> list[Message]:
    """Asks for a plan of ``text``.

    The message's image placeholders are, in order: ``images`` of the request, one for each piece of ``given`` that has a
    picture (its second part) before the piece's text, and ``references``.
    """
    pictures: dict[str, list[Part]] = {
        "images": [{"type": "image"}] * images + [part for piece in given for part in _piece(*piece)],
        "references": [{"type": "image"}] * references,
    }
    told = [_noted(pack.planner_notes, notes), pack.planner_text_only if text_only else ""]
    words = {"request": text, "notes": "".join(f"\n{part}" for part in told if part)}
    return _messages(pack.planner_system, pack.planner, words, pictures)


def _piece(text: str, has_image: bool) -> Iterator[Part]:
    if has_image:
        yield {"type": "image"}
    if text:
        yield {"type": "text", "text": f"{text}\n"}


def shows_references(pack: Pack) -> bool:
    """Whether the planner of this pack looks at reference pictures."""
    return "{{references}}" in pack.planner


def painter_prompt(pack: Pack, prompt: str, notes: Notes) -> str:
    """What a painter that takes plain text is told: the attempt's prompt, and what holds for the whole story."""
    noted = _noted(pack.painter_notes, notes)
    return f"{prompt}\n{noted}" if noted else prompt


def painter_messages(pack: Pack, prompt: str, has_source: bool) -> list[Message]:
    """Asks a vision-language painter for the picture of ``prompt``, as an edit of one image if there is a source."""
    return _messages("", pack.painter, {"prompt": prompt}, {"images": [{"type": "image"}] * has_source})


def critic_messages(pack: Pack, prompt: str, current: str) -> list[Message]:
    """Asks for a verdict. ``prompt`` is the step's own, ``current`` the one drawn with; two images: before, after."""
    return _messages(pack.critic_system, pack.critic, {"prompt": prompt, "current": current}, {})


def judge_messages(template: str, words: Mapping[str, str], shown: Mapping[str, Sequence[tuple[str, bool]]]) -> list[Message]:
    """Asks a judge by a template of its own. ``words`` fill slots with text, ``shown`` fills them with pieces: a text, and
    whether a picture comes before it.
    """
    pieces = {slot: [part for piece in own for part in _piece(*piece)] for slot, own in shown.items()}
    return _messages("", template, dict(words), pieces)


def _noted(template: str, notes: Notes) -> str:
    """The template's lines whose note is not empty; its other lines go along if there is any of them."""
    said = {name: " ".join(str(text).split()) for name, text in notes}
    lines, any_said = list[str](), False
    for line in template.splitlines():
        slots = _SLOT.findall(line)
        if all(said[slot] for slot in slots):
            any_said = any_said or bool(slots)
            lines.append(_SLOT.sub(lambda slot: said[slot[1]], line))
    return "\n".join(lines) if any_said else ""


def _messages(system: str, template: str, words: dict[str, str], pictures: dict[str, list[Part]]) -> list[Message]:
    user = {"role": "user", "content": _merge(_parts(template, words, pictures))}
    if not system:
        return [user]
    return [{"role": "system", "content": [{"type": "text", "text": system}]}, user]


def _parts(template: str, words: dict[str, str], pictures: dict[str, list[Part]]) -> Iterator[Part]:
    # One pass over the template alone, so that a person's "{{prompt}}" or "<image>" stays the text that it is.
    at = 0
    for mark in re.finditer(rf"{_IMAGE}|{_SLOT.pattern}", template):
        yield {"type": "text", "text": template[at : mark.start()]}
        at = mark.end()
        if mark.group() == _IMAGE:
            yield {"type": "image"}
        elif (slot := mark.group(1)) in pictures:
            yield from pictures[slot]
        elif slot in words:
            yield {"type": "text", "text": words[slot]}
        else:
            raise ProfileError(f"A prompt template has a slot {{{{{slot}}}}} that nothing fills.")
    yield {"type": "text", "text": template[at:]}


def _merge(parts: Iterator[Part]) -> list[Part]:
    merged: list[Part] = []
    for part in parts:
        if part["type"] == "image":
            merged.append(part)
        elif not part["text"]:
            continue
        elif merged and merged[-1]["type"] == "text":
            merged[-1] = {"type": "text", "text": merged[-1]["text"] + part["text"]}
        else:
            merged.append(part)
    return merged


# ---------------------------------------------------------------- values -> reply text (what a model is trained to write)


def plan_reply(plan: Plan, first: int = 1) -> str:
    """The reply that means ``plan``; :func:`parse_plan` reads it back. A plan that goes on from what is shown begins later."""
    steps = [
        {
            "step_number": number,
            "step_name": step.title,
            "instruction": step.instruction or None,
            "prompt": step.prompt,
            "auxiliary_text": step.caption,
        }
        for number, step in enumerate(plan.steps, start=first)
    ]
    return _reply(plan.thought, {"execution_plan": steps})


def verdict_reply(verdict: Verdict, current: str) -> str:
    """The reply that means ``verdict`` on a picture drawn with ``current``; a success repeats the current prompt."""
    refined = current if verdict.accepted else (verdict.refined_prompt or current)
    return _reply(verdict.thought, {"previous_step_success": verdict.accepted, "refine_prompt": refined})


def unthought_verdicts() -> tuple[str, str]:
    """A success and a failure without a thought, alike up to their booleans: how a verdict begins that comes first."""
    accepted, refused = (verdict_reply(Verdict(accepted=each, refined_prompt="A"), "A") for each in (True, False))
    return accepted, refused


def judged_first(reply: str) -> bool:
    """Whether a critic's reply gives its verdict without a thought before it."""
    thought, _, _ = reply.partition("</think>")
    return thought == "<think>"


def _reply(thought: str, answer: dict[str, Any]) -> str:
    return f"<think>{thought}</think><answer>{json.dumps(answer, ensure_ascii=False)}</answer>"


# ---------------------------------------------------------------- reply text -> values


class _StepReply(BaseModel):
    """One step as a planner writes it; its ``step_number`` and any other field is ignored, the order is the list's."""

    model_config = ConfigDict(extra="ignore", strict=True)
    step_name: str | None = None
    instruction: str | None = None
    prompt: str | None = None
    auxiliary_text: str | None = None


class _PlanReply(BaseModel):
    model_config = ConfigDict(extra="ignore")
    execution_plan: list[_StepReply]


class _VerdictReply(BaseModel):
    model_config = ConfigDict(extra="ignore")
    previous_step_success: StrictBool
    refine_prompt: str | None = None


def parse_plan(reply: str) -> Plan:
    """The plan in a planner's reply. Raises ``ReplyError`` if there is none, more than one, or it is no plan."""
    thought, answer = _thought_and_answer(reply, "execution_plan")
    try:
        parsed = _PlanReply.model_validate(answer)
    except ValidationError as error:
        raise ReplyError(f"The planner's answer is not a plan: {_first_fault(error)}.") from error
    if not 1 <= len(parsed.execution_plan) <= MAX_STEPS:
        raise ReplyError(f"The planner wrote {len(parsed.execution_plan)} steps; a plan has 1 to {MAX_STEPS}.")
    steps = tuple(_planned_step(step, number) for number, step in enumerate(parsed.execution_plan, start=1))
    return Plan(steps=steps, thought=thought, raw=reply)


def _planned_step(step: _StepReply, number: int) -> PlannedStep:
    fields = {name: _clean(value) for name, value in step.model_dump().items()}
    if (longest := max(map(len, fields.values()))) > MAX_TEXT:
        raise ReplyError(f"Step {number} of the plan has a text of {longest} characters; at most {MAX_TEXT} are read.")
    if not (fields["prompt"] or fields["auxiliary_text"]):
        raise ReplyError(f"Step {number} of the plan has neither a prompt to draw nor a text to show.")
    return PlannedStep(
        title=fields["step_name"],
        instruction=fields["instruction"],
        prompt=fields["prompt"] or None,
        caption=fields["auxiliary_text"] or None,
    )


def parse_verdict(reply: str) -> Verdict:
    """The verdict in a critic's reply. Raises ``ReplyError`` rather than guess: an unreadable reply is never a pass."""
    thought, answer = _thought_and_answer(reply, "previous_step_success")
    try:
        parsed = _VerdictReply.model_validate(answer)
    except ValidationError as error:
        raise ReplyError(f"The critic's answer is not a verdict: {_first_fault(error)}.") from error
    refined = _clean(parsed.refine_prompt)
    if len(refined) > MAX_TEXT:
        raise ReplyError(f"The critic's refined prompt has {len(refined)} characters; at most {MAX_TEXT} are read.")
    return Verdict(
        accepted=parsed.previous_step_success,
        thought=thought,
        refined_prompt=None if parsed.previous_step_success else refined or None,
        raw=reply,
    )


def verdict_offset(reply: str) -> int | None:
    """Where in the reply the verdict's boolean starts (characters), for reading P(success) from its token; or None."""
    found = list(re.finditer(r"""["']previous_step_success["']\s*:\s*(?=[tTfF])""", reply))
    return found[-1].end() if found else None


def _thought_and_answer(reply: str, key: str) -> tuple[str, dict[str, Any]]:
    if len(reply) > MAX_REPLY:
        raise ReplyError(f"The reply has {len(reply)} characters; at most {MAX_REPLY} are read.")
    thought, closed, rest = reply.partition("</think>")
    if not closed:
        thought, rest = "", reply
    answers = re.findall(r"<answer>(.*?)</answer>", rest, re.DOTALL)
    if not answers and "<answer>" in rest:
        raise ReplyError("The reply was cut off before its answer ended.")
    found = [_object(text, key) for text in answers] if answers else [_object(rest, key)]
    if any(answer != found[0] for answer in found[1:]):
        raise ReplyError(f"The reply holds {len(found)} answers that differ.")
    return _printable(thought.replace("<think>", "")), found[0]


def _object(text: str, key: str) -> dict[str, Any]:
    """The one object in ``text``: strict JSON, then a Python literal, then repaired JSON. It must be closed."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start or key not in text:
        raise ReplyError(f"The reply has no answer with {key!r} in it.")
    body = text[start : end + 1]
    if len(re.findall(rf"""["']{key}["']\s*:""", body)) > 1:  # readers would silently keep the last of the two
        raise ReplyError(f"The reply says {key!r} more than once.")
    for read in (json.loads, ast.literal_eval, json_repair.loads):
        try:
            value = read(body)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
        if isinstance(value, dict) and key in value:
            return value
    raise ReplyError(f"The reply's answer is not one object with {key!r}.")


def _clean(text: str | None) -> str:
    """Printable; a spelled-out null is nothing."""
    return "" if text is None or text.strip() in {"null", "None"} else _printable(text)


def _printable(text: str) -> str:
    """Without control characters and outer space."""
    return "".join(c for c in text if c in "\n\t" or (ord(c) >= 32 and not 0xD800 <= ord(c) <= 0xDFFF)).strip()


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, fault["loc"]))
    return f"{place}: {fault['msg'].lower()}"
