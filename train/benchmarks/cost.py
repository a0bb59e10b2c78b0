"""What a run cost: calls of each model, seconds, and tokens written. Calls and seconds follow from the facts, so that a run
that was stopped and went on counts all of it; tokens are counted as the replies come, and kept beside the stories.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from core.backends.vlm import Reply, Respondent
from core.events import Drawn, Event, Failed, Judged, Planned, made_by_person
from core.ports import Agents, Results, Role, Stream
from train.controls import Content, Control, RequestAsPlan
from train.runs import append, read_lines

if TYPE_CHECKING:
    from PIL.Image import Image

    from core.dialect import Message

TOKENS = "tokens.jsonl"  # in a run's folder: a line for each call of a language model
NO_MODEL = (f"planner:{RequestAsPlan.name}", f"critic:{Content.name}")  # stand-ins of controls cost nothing
Who = str  # planner, painter, critic or judge


@dataclass(frozen=True)
class Cost:
    """Calls that were made, and seconds that they took, by model. A reply that could not be used is a call, too."""

    planner: int = 0
    painter: int = 0
    critic: int = 0
    seconds: tuple[float, float, float] = (0.0, 0.0, 0.0)  # in the same order

    def __add__(self, other: Cost) -> Cost:
        (a, b, c), (d, e, f) = self.seconds, other.seconds
        calls = (self.planner + other.planner, self.painter + other.painter, self.critic + other.critic)
        return Cost(*calls, (a + d, b + e, c + f))

    def json(self) -> dict[str, Any]:
        return {"planner calls": self.planner, "generator calls": self.painter, "critic calls": self.critic} | {
            "seconds": dict(zip(("planner", "painter", "critic"), (round(s, 3) for s in self.seconds), strict=True))
        }


_TASKS = {"plan": 0, "draw": 1, "judge": 2}


def cost_of(events: Iterable[Event], control: Control = "none") -> Cost:
    """What a story's models were asked. Under ``rewrite`` the critic is asked for each drawing, within the painter's call."""
    calls, seconds = [0, 0, 0], [0.0, 0.0, 0.0]
    for event in events:
        match event:
            case Planned():
                place = 0
            case Drawn():
                place = 1
            case Judged() if not made_by_person(event):
                place = 2
            case Failed(task=task):
                place = _TASKS[task]
            case _:
                continue
        if event.by in NO_MODEL:
            continue
        calls[place] += 1
        seconds[place] += event.seconds
    if control == "rewrite":
        calls[2] += calls[1]
    return Cost(calls[0], calls[1], calls[2], (seconds[0], seconds[1], seconds[2]))


# ---------------------------------------------------------------- tokens


@dataclass(frozen=True)
class Counting:
    """A model whose written tokens are noted in ``file``."""

    vlm: Respondent
    who: Who
    file: Path

    @property
    def name(self) -> str:
        return self.vlm.name

    def generate(self, conversations: list[list[Message]], images: list[list[Image]], seeds: list[int]) -> Stream[Results[Reply]]:
        replies = yield from self.vlm.generate(conversations, images, seeds)
        read = [reply for reply in replies if isinstance(reply, Reply)]
        append(self.file, {"who": self.who, "replies": len(read), "tokens": sum(len(reply.token_ids) for reply in read)})
        return replies


def counted(agents: Agents, out: Path) -> Agents:
    """The agents, with the tokens counted of those that are language models; a painter that denoises writes none."""
    each: dict[str, Any] = {who: counting(getattr(agents, who), who, out) for who in get_args(Role)}
    return replace(agents, **each)


def counting(agent: Any, who: Who, out: Path) -> Any:
    """An agent or judge, its tokens counted if it has a language model (:class:`core.backends.vlm.VlmPlanner` and others)."""
    vlm = getattr(agent, "vlm", None)
    return agent if vlm is None else replace(agent, vlm=Counting(vlm, who, out / TOKENS))


def tokens_of(out: Path) -> dict[Who, int] | None:
    """Tokens written so far, by who wrote them; None where no language model was asked."""
    totals: dict[Who, int] = {}
    for line in read_lines(out / TOKENS):
        totals[line["who"]] = totals.get(line["who"], 0) + line["tokens"]
    return totals or None
