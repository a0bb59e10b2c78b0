"""The strong critic of the pocket world: it judges by the exact checker, and words what it found as a good critic does.

What Gemini is to the paper's data (METHOD: data), this is to ours: whom trajectories are collected with, for a critic to learn
from. It reads the scene programs that go with the painter's pictures, so it judges no other pictures, and no page offers it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.dialect import verdict_reply
from core.errors import AgentError
from core.pictures import PROGRAM
from core.ports import JudgeCase, Results, Stream
from core.types import Verdict
from train.pocket.critique import refined, thought
from train.pocket.evaluate import scene_of
from train.pocket.intents import check
from train.pocket.reading import parse_prompt

if TYPE_CHECKING:
    from PIL.Image import Image

    from core.pocket.world import Scene

EXACT = "pocket-exact"  # the name of the exact critic, and of the exact judge
NO_PROGRAM = "The picture has no scene program, so that it was not drawn by the pocket painter."


def scene_in(picture: Image) -> Scene | None:
    """The scene that the pocket painter drew; None for any other picture."""
    program = picture.info.get(PROGRAM)
    return scene_of(program) if isinstance(program, str) else None


class ExactCritic:
    """A critic that is never wrong about what a prompt says. A prompt that says nothing of this world can't be judged."""

    name = EXACT

    def judge(self, cases: list[JudgeCase]) -> Stream[Results[Verdict]]:
        return [self.verdict(case) for case in cases]
        yield  # a stream that has nothing to show

    def verdict(self, case: JudgeCase) -> Verdict | AgentError:
        """On one attempt; an error where a picture is not the pocket painter's."""
        before, after = None if case.before is None else scene_in(case.before), scene_in(case.after)
        if after is None or (case.before is not None and before is None):
            return AgentError(NO_PROGRAM)
        intent = parse_prompt(case.prompt, whole=before is None)
        findings = check(intent, before, after)
        verdict = Verdict(
            accepted=findings.success,
            thought=thought(intent, before, after, findings),
            refined_prompt=None if findings.success else refined(intent, before, findings),
        )
        return verdict.model_copy(update={"raw": verdict_reply(verdict, case.current)})
