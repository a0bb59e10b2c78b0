"""Ways to tell a story with a part of the method left out, to be held against the whole: wrappers of the agents, one loop.

The paper reports no control at equal cost (METHOD: results). ``alone`` asks the painter for the request itself; ``plan`` draws
each step of a plan once; ``rewrite`` lets the critic rewrite each prompt before anything is drawn; ``reseed`` draws again
after a refusal, with the same prompt; ``best-of-n`` draws them all with the same prompt and lets the critic choose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from core.errors import AgentError
from core.ports import Agents, Critic, DrawCase, JudgeCase, Painter, PlanCase, Planner, Results, Stream
from core.types import Plan, PlannedStep, Policy, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL.Image import Image

Control = Literal["none", "alone", "plan", "rewrite", "reseed", "best-of-n"]
CONTROLS: tuple[Control, ...] = get_args(Control)
MOST_CANDIDATES = 8  # of one round, as the policy has it


@dataclass(frozen=True)
class RequestAsPlan:
    """A planner that plans nothing: one picture, by the request's own words."""

    name: str = "request"

    def plan(self, cases: list[PlanCase]) -> Stream[Results[Plan]]:
        return [Plan(steps=(PlannedStep(prompt=case.text),), raw=case.text) for case in cases]
        yield  # a stream that has nothing to show


@dataclass(frozen=True)
class Remembering:
    """A planner that gives the plans of an earlier run again, so that two runs differ by nothing else."""

    planner: Planner
    plans: Mapping[str, Plan]  # by the request's words

    @property
    def name(self) -> str:
        return self.planner.name

    def plan(self, cases: list[PlanCase]) -> Stream[Results[Plan]]:
        found: Results[Plan | None] = [self.plans.get(case.text) for case in cases]
        new = [case for case, plan in zip(cases, found, strict=True) if plan is None]
        made = iter((yield from self.planner.plan(new)) if new else [])
        return [plan if plan is not None else next(made) for plan in found]


@dataclass(frozen=True)
class Content:
    """A critic that is content with everything, so that each step is drawn once."""

    name: str = "content"

    def judge(self, cases: list[JudgeCase]) -> Stream[Results[Verdict]]:
        return [Verdict(accepted=True) for _ in cases]
        yield  # a stream that has nothing to show


@dataclass(frozen=True)
class Unrefining:
    """A critic whose verdicts count and whose prompts do not."""

    critic: Critic

    @property
    def name(self) -> str:
        return self.critic.name

    def judge(self, cases: list[JudgeCase]) -> Stream[Results[Verdict]]:
        verdicts = yield from self.critic.judge(cases)
        return [made if isinstance(made, AgentError) else made.model_copy(update={"refined_prompt": None}) for made in verdicts]


@dataclass(frozen=True)
class Rewriting:
    """A painter that draws with the critic's wording of each prompt.

    The critic is shown the picture before as the one after, too, so that all is still to be done. A prompt that it lets pass
    like that, or of which it says nothing that can be read, is drawn as it is.
    """

    painter: Painter
    critic: Critic

    @property
    def name(self) -> str:
        return self.painter.name

    def draw(self, cases: list[DrawCase]) -> Stream[Results[Image]]:
        from PIL import Image as images

        canvas = images.new("RGB", (256, 256), "white")
        asked = [JudgeCase(case.source, case.source or canvas, case.prompt, case.prompt, case.seed) for case in cases]
        verdicts = yield from self.critic.judge(asked)
        rewritten = [replace(case, prompt=_refined(made) or case.prompt) for case, made in zip(cases, verdicts, strict=True)]
        return (yield from self.painter.draw(rewritten))


def _refined(made: Verdict | AgentError) -> str | None:
    return None if isinstance(made, AgentError) or made.accepted else made.refined_prompt


def policy_of(control: Control, max_attempts: int) -> Policy:
    """The policy of a control. ``max_attempts``: most drawings of a step, for those that draw again."""
    if control in ("alone", "plan", "rewrite"):
        return Policy(max_attempts=1)
    # A round of candidates refuses more than MOST_CANDIDATES.
    return Policy(max_attempts=max_attempts, candidates=max_attempts if control == "best-of-n" else 1)


def controlled(agents: Agents, control: Control, max_attempts: int) -> tuple[Agents, Policy]:
    """The agents and the policy of a control (:func:`policy_of`)."""
    return _cast(agents, control), policy_of(control, max_attempts)


def _cast(agents: Agents, control: Control) -> Agents:
    content = Content()
    match control:
        case "none":
            return agents
        case "alone":
            return replace(agents, planner=RequestAsPlan(), critic=content)
        case "plan":
            return replace(agents, critic=content)
        case "rewrite":
            return replace(agents, painter=Rewriting(agents.painter, agents.critic), critic=content)
        case "reseed" | "best-of-n":
            return replace(agents, critic=Unrefining(agents.critic))
