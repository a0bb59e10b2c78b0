"""Small samples of the benchmarks' data, written for the tests, and runs over them with scripted models and a scripted judge."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.backends.fake import plan_of, scripted_agents
from core.backends.vlm import Reply
from core.dialect import Message
from core.errors import AgentError
from core.ports import Agents
from core.profiles import load_profile
from core.types import Plan, PlannedStep
from train.benchmarks import field as judged
from train.benchmarks import figures, runner
from train.benchmarks.outcomes import Line, read_lines
from train.benchmarks.runner import Benchmark, BenchmarkRun, measure

WISE = [
    {"prompt_id": 1, "Prompt": "The plant given on Mother's Day", "Explanation": "Carnations", "Category": "Culture"},
    {"prompt_id": 2, "Prompt": "The drink of the Fuji tea hills", "Explanation": "Green tea", "Category": "Culture"},
    {"prompt_id": 450, "Prompt": "The season when leaves fall", "Explanation": "Autumn", "Category": "Time"},
    {"prompt_id": 600, "Prompt": "The wall that can be walked for weeks", "Explanation": "The Great Wall", "Category": "Space"},
    {"prompt_id": 700, "Prompt": "The bird that cannot fly but swims", "Explanation": "A penguin", "Category": "Biology"},
    {"prompt_id": 800, "Prompt": "A stick half in water", "Explanation": "It looks bent", "Category": "Physics"},
    {"prompt_id": 900, "Prompt": "A nail left out in the rain for a year", "Explanation": "Rust", "Category": "Chemistry"},
]
RISE = [
    {
        "index": "temporal_reasoning_1",
        "category": "temporal_reasoning",
        "instruction": "Show it a week later.",
        "image": "temporal_reasoning_images/1.png",
        "reference": "The flower has wilted.",
    },
    {
        "index": "causal_reasoning_1",
        "category": "causal_reasoning",
        "instruction": "Show it after it was dropped.",
        "image": "causal_reasoning_images/1.png",
        "reference": "The cup lies in pieces.",
        "consistency_free": True,
    },
    {
        "index": "logical_reasoning_1",
        "category": "logical_reasoning",
        "instruction": "Draw the next figure.",
        "image": "logical_reasoning_images/1.png",
        "reference_img": "logical_reasoning_images/1_ref.png",
    },
]
UEVAL = [
    {
        "id": 1,
        "prompt": "How do I fold a paper boat?",
        "task": "life",
        "text_rubrics": ["It names the first fold.", "It has three steps."],
        "image_rubrics": [{"criterion": "Each picture shows a fold."}],
    },
    {
        "id": 2,
        "prompt": "What is the order of the planets?",
        "task": "space",
        "text_rubrics": ["It names Mercury first."],
        "image_rubrics": ["The sun is drawn.", "Eight planets are drawn."],
    },
]


def _text(words: str) -> dict[str, str]:
    return {"type": "text", "content": words}


def _picture(path: str) -> dict[str, str]:
    return {"type": "image", "image_path": path}


COMM = [
    {
        "data_id": "tea-1",
        "title": "brewing tea",
        "step_info": [
            [_text("Boil the water."), _picture("a.png"), _picture("b.png")],
            [_text("Warm the pot.")],
            [_text("Pour."), _picture("c.png")],
            [_text("Wait and drink.")],
        ],
    },
    {"data_id": "words-1", "title": "saying hello", "step_info": [[_text("Say it.")], [_text("Smile.")]]},
]


def png(colour: str = "teal") -> bytes:
    file = BytesIO()
    Image.new("RGB", (64, 64), colour).save(file, "PNG")
    return file.getvalue()


def write(folder: Path, rows: list[dict[str, Any]], pictures: tuple[str, ...] = ()) -> str:
    """The rows as a file of lines, with their pictures beside it; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(pictures):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(f"#0000{number * 16:02x}"))
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


RISE_PICTURES = tuple(
    f"data/{name}"
    for name in (
        "temporal_reasoning_images/1.png",
        "causal_reasoning_images/1.png",
        "logical_reasoning_images/1.png",
        "logical_reasoning_images/1_ref.png",
    )
)

Reading = Callable[[str, list[Image.Image]], str | AgentError]


@dataclass
class Judge:
    """Answers each question by a function of its words and pictures; knows all that it was asked."""

    answer: Reading
    asked: list[str] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    name: str = "judge@1"

    def generate(self, conversations: list[list[Message]], images: list[list[Image.Image]], seeds: list[int]) -> Any:
        said: list[Reply | AgentError] = []
        for messages, pictures, seed in zip(conversations, images, seeds, strict=True):
            words = "".join(part.get("text", "") for message in messages for part in message["content"])
            assert sum(part["type"] == "image" for message in messages for part in message["content"]) == len(pictures)
            self.asked.append(words)
            self.seen.append(len(pictures))
            self.seeds.append(seed)
            made = self.answer(words, pictures)
            said.append(made if isinstance(made, AgentError) else Reply(made, (1, 2, 3), True, (0, 0, len(made)), (None,) * 3))
        return said
        yield


def full(words: str, pictures: list[Image.Image]) -> str:
    """The full marks of whatever is asked: the last object of the prompt says what that is."""
    asked = re.findall(r"\{[^{}]*\}", words)[-1]
    most = {"score": 1, "consistency": 2, "realism": 2, "aesthetic_quality": 2, "criteria_met": True}
    names = re.findall(r'"(\w+)":', asked)
    mark = 1 if "0 or 1" in asked else 5
    return "I see it. " + json.dumps({name: most.get(name, mark if name == "mark" else 10) for name in names})


def plan(steps: int) -> Plan:
    """A plan whose last step only tells."""
    told = PlannedStep(title="End", instruction="Rest", caption="That was all.")
    return Plan(steps=(*plan_of(steps).steps, told), thought="Think.")


def models(steps: int = 2) -> Agents:
    return scripted_agents(plans=[plan(steps)])


def run(
    patch: pytest.MonkeyPatch,
    out: Path,
    benchmark: Benchmark,
    agents: Agents | None = None,
    judge: Judge | None = None,
    **chosen: Any,
) -> dict[str, Any] | None:
    """One run with these models; ``watch`` may stop it."""
    watch = chosen.pop("watch", lambda what, done, of: True)
    patch.setattr(figures, "RESAMPLES", 100)  # intervals are tested by themselves
    patch.setattr(runner, "build_agents", lambda profile: agents or models())
    if judge is not None:
        patch.setattr(judged, "asked_named", lambda name: judge)
    settings = {"limit": None} | chosen
    return measure(BenchmarkRun("pocket", out, **settings), benchmark, load_profile("pocket"), lambda *_: None, watch)


def by_id(out: Path) -> dict[str, Line]:
    return {line["id"]: line for line in read_lines(out)}
