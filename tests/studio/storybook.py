"""A story of the cat and the red balloon, with scripted models that draw real storybook scenes. For tests and for pictures."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from core.backends.fake import Conduct, ScriptedCritic, ScriptedPainter, ScriptedPlanner
from core.commands import Command
from core.pocket.render import render
from core.pocket.world import parse_program
from core.policy import Rest, next_task
from core.ports import Agents, DrawCase, JudgeCase
from core.store import Store
from core.trajectory import Trajectory
from core.types import Plan, PlannedStep, Policy, Request, Verdict
from studio.controller import Controller, Limits, Telling
from studio.storyboard import sheet_of
from studio.view import View
from studio.visitors import OWNER, Visitor
from studio.worker import Worker

REQUEST = "A cat finds a red balloon by the sea"
DAY, EVENING = "beach 1 day clear", "beach 1 evening clear"
BOTH = "left: one medium orange cat; right: one medium yellow duck"
KEEP = "Keep the orange cat on the left and everything else as it is."

#: title, prompt, caption, and what the painter makes of it: one scene an attempt, with the critic's words on each.
STEPS: list[tuple[str, str | None, str, list[tuple[str, str]]]] = [
    (
        "A walk by the sea",
        "An orange cat on the left, at the beach by day.",
        "Early in the morning, Mila the cat walked down to the sea.",
        [("beach 1 day clear; left: one medium orange cat", "Left: wanted an orange cat, see an orange cat. All as asked.")],
    ),
    (
        "The red balloon",
        f"Add a balloon at the top right. {KEEP}",
        "And there, high above the waves, something red was dancing in the wind.",
        [
            (
                "beach 1 day clear; top right: one medium blue balloon; left: one medium orange cat",
                "Top right: wanted a red balloon, see a blue balloon: the colour differs. Left: the orange cat is kept.",
            ),
            (
                "beach 1 day clear; top right: one medium red balloon; left: one medium white cat",
                "Top right: a red balloon, as asked. Left: was an orange cat, is a white cat: it should have been kept.",
            ),
            (
                "beach 1 day clear; top right: one big red balloon; left: one medium orange cat",
                "Top right: a big red balloon, as asked. Left: the orange cat is kept. All as asked.",
            ),
        ],
    ),
    (
        "A friend with wings",
        f"Add a yellow duck on the right. {KEEP}",
        "“Is it yours?” asked a duck. “Not yet,” said Mila.",
        [
            (
                f"{DAY}; top right: one big red balloon; {BOTH}",
                "Right: a yellow duck, as asked. Everything else is kept. All as asked.",
            )
        ],
    ),
    ("A wish", None, "They sat and watched it for so long that the sun grew tired.", []),
    (
        "Evening comes",
        "Make it evening. Keep everything else as it is.",
        "When the sky turned gold, the balloon came down to say good night.",
        [
            (
                f"{EVENING}; top middle: one big red balloon; {BOTH}",
                "Evening, as asked. The balloon was at the top right and is at the top middle: it was not to move.",
            ),
            (
                f"{EVENING}; top right: one big red balloon; {BOTH}",
                "Evening, as asked. Everything else is kept. All as asked.",
            ),
        ],
    ),
]
REFINED = {
    ("The red balloon", 0): f"Add a big red balloon at the top right, not a blue one. {KEEP}",
    ("The red balloon", 1): f"Add a big red balloon at the top right. The cat on the left must stay orange. {KEEP}",
    ("Evening comes", 0): "Make it evening. Keep the red balloon at the top right, the cat and the duck as they are.",
}


def plan() -> Plan:
    steps = (PlannedStep(title=title, prompt=prompt, caption=caption) for title, prompt, caption, _ in STEPS)
    thought = "Five pages: an orange cat called Mila, at the beach, by day; a red balloon; a duck; and evening comes."
    return Plan(steps=tuple(steps), thought=thought)


class Storybook:
    """Scripted agents for the story: they know which attempt at which step they are asked for by the prompt."""

    def __init__(self, seconds: float = 0.0, deltas: int = 4, side: int = 96) -> None:
        self.side = side
        self.conduct = Conduct(deltas=deltas, seconds=seconds)
        self.drawn: list[str] = []
        self.agents = Agents(
            planner=ScriptedPlanner([plan()], self.conduct),
            painter=ScriptedPainter(self._draw, self.conduct),
            critic=ScriptedCritic(self._judge, self.conduct),
        )

    def _draw(self, case: DrawCase) -> Image.Image:
        self.drawn.append(case.prompt)
        found = self._find(case.prompt)
        program = found[0] if found else f"meadow {len(self.drawn) % 3 + 1} day clear; left: one medium white rabbit"
        return render(parse_program(program), self.side)

    def _judge(self, case: JudgeCase) -> Verdict:
        for title, prompt, _, attempts in STEPS:
            if prompt == case.prompt:
                for number, (_, words) in enumerate(attempts):
                    if case.current == self._prompt(title, prompt, number):
                        passed = number == len(attempts) - 1
                        refined = REFINED.get((title, number))
                        sure = 0.94 if passed else 0.07 + 0.11 * number
                        return Verdict(accepted=passed, thought=words, refined_prompt=refined, p_success=sure)
        return Verdict(accepted=True, thought="All as asked.", p_success=0.88)

    def _find(self, prompt: str) -> tuple[str, str] | None:
        for title, first, _, attempts in STEPS:
            for number, attempt in enumerate(attempts):
                if first and prompt == self._prompt(title, first, number):
                    return attempt
        return None

    @staticmethod
    def _prompt(title: str, first: str, number: int) -> str:
        return first if number == 0 else REFINED[title, number - 1]


TELLINGS = [Telling("pocket", "Storybook"), Telling("another", "Another hand")]


class House:
    """A whole studio over a data folder, without its door; closed in the right order at the end of a ``with``."""

    def __init__(self, folder: Path, agents: Agents, limits: Limits | None = None) -> None:
        self.folder = folder
        self.loads = 0
        self.agents = agents
        self.store = Store(folder)
        self.worker = Worker(self.store, self.store.images, self._load)
        self.controller = Controller(self.store, self.worker, sheet_of, TELLINGS, limits or Limits())

    def _load(self, profile: str) -> Agents:
        self.loads += 1
        return self.agents

    def __enter__(self) -> House:
        return self

    def __exit__(self, *_: object) -> None:
        self.controller.close()
        self.store.close()

    def open(self, text: str = REQUEST, visitor: Visitor = OWNER, profile: str | None = None, **policy: object) -> str:
        return self.controller.open(Request(text=text), Policy.model_validate(policy), visitor, profile)

    def send(self, story_id: str, command: Command, visitor: Visitor = OWNER) -> None:
        self.controller.send(story_id, command, visitor)

    def trajectory(self, story_id: str) -> Trajectory:
        return self.store.open_story(story_id).trajectory

    def view(self, story_id: str) -> View:
        return self.controller.view(story_id)

    def rest(self, story_id: str, *reasons: str) -> Trajectory:
        """The story, once it rests for one of these reasons (``done``, if none is given) and nothing is in flight."""

        def rests() -> bool:
            task = next_task(self.trajectory(story_id))
            live = self.worker.passing(story_id).live
            return isinstance(task, Rest) and task.reason in (reasons or ("done",)) and live is None

        until(rests)
        return self.trajectory(story_id)


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits until something is so; fails if it does not come about."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.005)
