"""Stories told by hand, fact by fact: what the tests of the rules have in common. No agent runs here."""

from __future__ import annotations

import hashlib

from core.decide import decide
from core.events import Drawn, Judged, Opened, Planned, Settled
from core.policy import Draw, JudgeAttempt, MakePlan, Rest, Settle, next_task
from core.trajectory import Trajectory, evolve
from core.types import Attempt, ImageRef, Policy, Request, Step, Verdict

ME = "person:me"


def picture(*names: object) -> ImageRef:
    return ImageRef(sha256=hashlib.sha256(repr(names).encode()).hexdigest(), width=64, height=64)


def opened(steps: int = 0, text_only: tuple[int, ...] = (), **policy: object) -> Trajectory:
    t = evolve(Trajectory(), Opened(request=Request(text="a story", seed=7), policy=Policy(**policy), by=ME))
    if steps:
        planned = tuple(
            Step(id=f"s{n}", title=f"T{n}", prompt=None if n in text_only else f"p{n}", caption=f"c{n}")
            for n in range(1, steps + 1)
        )
        t = evolve(t, Planned(plan_revision=0, steps=planned))
    return t


def drawn(task: object) -> Drawn:
    assert isinstance(task, Draw), task
    image = picture(task.prompt, task.seed, task.source)
    return Drawn(
        attempt=Attempt(key=task.key, prompt=task.prompt, seed=task.seed, source=task.source, image=image, round=task.round)
    )


def act(t: Trajectory, *verdicts: Verdict) -> Trajectory:
    """Lets the policy go on until it rests; verdicts come from the list, then every picture passes."""
    said = list(verdicts)
    while not isinstance(task := next_task(t), Rest):
        match task:
            case Draw():
                t = evolve(t, drawn(task))
            case JudgeAttempt():
                verdict = said.pop(0) if said else Verdict(accepted=True)
                t = evolve(t, Judged(attempt=task.attempt.key, verdict=verdict, by="critic:c"))
            case Settle():
                t = evolve(t, Settled(**task.model_dump()))
            case MakePlan():
                t = evolve(t, Planned(plan_revision=task.plan_revision, steps=(Step(id=f"s{t.last_id + 1}", prompt="p"),)))
    return t


def do(t: Trajectory, command: object) -> Trajectory:
    for event in decide(t, command, ME):  # type: ignore[arg-type]
        t = evolve(t, event)
    return t


def no(p: float, refined: str | None = None) -> Verdict:
    return Verdict(accepted=False, p_success=p, refined_prompt=refined)


def states(t: Trajectory) -> list[str]:
    return [standing.state for standing in t.standings]
