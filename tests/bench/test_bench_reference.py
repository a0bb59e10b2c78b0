"""The reference's loop is a fair baseline: it asks the same models the same, and only goes about it in its own way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.backends.fake import Conduct, plan_of, scripted_agents
from core.casting import build_vlm
from core.ports import Agents
from core.profiles import ASSETS, VlmModel
from core.types import Policy, Verdict
from tests.bench import shaped
from tests.bench.matched import by_reference, one_by_one, requests, together
from tests.bench.reference import Eager, drained, tell
from tests.core.telling import strict

TEXTS = ("A cat by the sea", "A dog in the garden")
POLICY = Policy(max_attempts=3, on_exhausted="last")


def asked(agents: Agents) -> list[Any]:
    """Every case of every call, without its pictures' addresses."""

    def said(case: Any) -> Any:
        parts = vars(case).values()
        return type(case).__name__, *(part.tobytes() if isinstance(part, Image.Image) else part for part in parts)

    models: tuple[Any, ...] = (agents.planner, agents.painter, agents.critic)
    return sorted((said(case) for model in models for call in model.calls for case in call), key=repr)


@pytest.mark.parametrize("failures", [0, 2])
def test_the_reference_and_the_engine_ask_the_same_models_the_same(failures: int) -> None:
    ways = []
    for tell_by in (by_reference, one_by_one, together):
        agents = scripted_agents([plan_of(3)], verdicts=strict, conduct=Conduct(failures=failures))
        taken = tell_by(agents, TEXTS[:1] if failures else TEXTS, POLICY)
        ways.append((asked(agents), taken.calls))
    assert ways[0] == ways[1] == ways[2]
    assert len(ways[0][0]) > 2 * 3


def test_the_reference_keeps_every_attempt_as_a_file_and_goes_on_from_the_last(tmp_path: Path) -> None:
    agents = scripted_agents([plan_of(2)], verdicts=[Verdict(accepted=False, p_success=0.1)])
    counts = tell(agents, requests(TEXTS)[0], POLICY, tmp_path / "story")
    assert counts.drawn == counts.judged == 6
    assert {file.name for file in (tmp_path / "story").iterdir()} == {f"{step}-{n}.png" for step in (1, 2) for n in range(3)}
    painter: Any = agents.painter
    with Image.open(tmp_path / "story" / "1-2.png") as last:
        assert all(case.source.tobytes() == last.tobytes() for call in painter.calls[3:] for case in call)


def test_plain_decoding_writes_the_replies_of_the_engines_own() -> None:
    wanted = VlmModel(model=str(ASSETS / "pocket" / "painter"), max_new_tokens=24)
    message = [{"role": "user", "content": [{"type": "text", "text": "A cat sits at the beach"}]}]
    plain, own = (
        [[(reply.text, reply.ended) for reply in drained(model.generate([message], [[]], [seed]))] for seed in (3, 4)]
        for model in (Eager.load(wanted), build_vlm(wanted, "cpu"))
    )
    assert plain == own
    assert plain[0] != plain[1], "each seed writes a reply of its own"


@pytest.mark.parametrize("story", range(4))
def test_every_shaped_story_costs_25_drawings_in_an_order_of_its_own(story: int) -> None:
    drawn = 0
    for step in shaped.plan_of(f"Story {story}").steps:
        current, accepted, attempt = step.prompt or "", False, 0
        while not accepted and attempt < shaped.POLICY.max_attempts:
            verdict = shaped.verdict_of(step.prompt or "", current)
            current, accepted, attempt = verdict.refined_prompt or "", verdict.accepted, attempt + 1
        drawn += attempt
    assert drawn == 25
