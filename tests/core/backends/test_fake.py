"""Scripted agents: what the script says is what comes, in order, and they remember what they were asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from core.backends.fake import (
    SIDE,
    Conduct,
    ScriptedCritic,
    ScriptedPainter,
    ScriptedPlanner,
    plan_of,
    scripted_agents,
    tiles,
)
from core.dialect import parse_plan, parse_verdict
from core.errors import AgentError, ReplyError
from core.ports import Agents, Delta, DrawCase, JudgeCase, PlanCase, StepProgress, TextDelta
from core.types import Verdict
from tests.core.backends.streams import drain

WHITE = Image.new("RGB", (SIDE, SIDE), "white")
NO = Verdict(accepted=False, refined_prompt="better")
YES = Verdict(accepted=True)


def asked(text: str = "a story", seed: int = 0) -> PlanCase:
    return PlanCase(text, (), seed)


def judged(current: str = "p") -> JudgeCase:
    return JudgeCase(None, WHITE, "p", current, 0)


def test_a_list_is_answered_in_order_over_all_calls_and_its_last_answer_repeats() -> None:
    critic = ScriptedCritic([NO, YES])
    first = drain(critic.judge([judged()]))[1]
    then = drain(critic.judge([judged(), judged()]))[1]
    assert [*first, *then] == [NO, YES, YES]


def test_a_function_answers_each_case_by_itself() -> None:
    planner = ScriptedPlanner(lambda case: plan_of(len(case.text)))
    _, plans = drain(planner.plan([asked("ab"), asked("abcd")]))
    assert [len(plan.steps) for plan in plans] == [2, 4]


def test_a_script_may_answer_with_a_fault_in_place() -> None:
    fault = ReplyError("not a plan")
    assert drain(ScriptedPlanner([fault, plan_of(1)]).plan([asked(), asked()]))[1] == [fault, plan_of(1)]


def test_the_first_failures_come_before_the_script_and_use_none_of_it() -> None:
    planner = ScriptedPlanner([plan_of(1), plan_of(2)], Conduct(failures=2))
    results = [drain(planner.plan([asked()]))[1][0] for _ in range(4)]
    assert [type(result) for result in results[:2]] == [AgentError, AgentError]
    assert results[2:] == [plan_of(1), plan_of(2)]


def test_calls_are_remembered_batch_by_batch_and_also_when_given_up() -> None:
    painter = ScriptedPainter()
    cases = [DrawCase("a", None, 1), DrawCase("b", None, 2)]
    stream = painter.draw(cases)
    next(stream)
    stream.close()
    drain(painter.draw(cases[1:]))
    assert painter.calls == [cases, cases[1:]]


@pytest.mark.parametrize("pieces", [0, 1, 3, 500])
def test_the_text_of_a_reply_streams_in_so_many_pieces_and_parses_to_the_answer(pieces: int) -> None:
    deltas, (plan,) = drain(ScriptedPlanner([plan_of(2)], Conduct(deltas=pieces)).plan([asked()]))
    assert len(deltas) == pieces
    if pieces:
        said = parse_plan("".join(delta.text for delta in deltas if isinstance(delta, TextDelta)))
        assert (said.steps, said.thought) == (plan.steps, plan.thought)


def test_a_verdict_streams_the_reply_that_means_it() -> None:
    deltas, verdicts = drain(ScriptedCritic([NO, YES]).judge([judged(), judged("current")]))
    for index, verdict in enumerate(verdicts):
        text = "".join(delta.text for delta in deltas if isinstance(delta, TextDelta) and delta.index == index)
        said = parse_verdict(text)
        assert (said.accepted, said.refined_prompt) == (verdict.accepted, verdict.refined_prompt)


def test_a_drawing_reports_its_steps_for_its_own_case() -> None:
    deltas, _ = drain(ScriptedPainter(conduct=Conduct(deltas=3)).draw([DrawCase("a", None, 1), DrawCase("b", None, 1)]))
    assert deltas == [StepProgress(index=index, done=done, total=3) for index in (0, 1) for done in (1, 2, 3)]


def test_a_hook_acts_in_the_middle_of_a_call_before_each_delta() -> None:
    seen: list[Delta] = []
    stream = ScriptedPainter(conduct=Conduct(deltas=2, hook=seen.append)).draw([DrawCase("a", None, 1)])
    first = next(stream)
    assert seen == [first]
    drain(stream)
    assert len(seen) == 2


def test_what_a_hook_raises_fails_the_whole_call() -> None:
    def fail(delta: Delta) -> None:
        raise AgentError("unplugged")

    with pytest.raises(AgentError, match="unplugged"):
        drain(ScriptedPainter(conduct=Conduct(hook=fail)).draw([DrawCase("a", None, 1)]))


def test_tiles_differ_by_prompt_source_and_seed_and_by_nothing_else() -> None:
    cases = [
        DrawCase("a", None, 1),
        DrawCase("b", None, 1),
        DrawCase("a", WHITE, 1),
        DrawCase("a", tiles(DrawCase("x", None, 1)), 1),
        DrawCase("a", None, 2),
    ]
    assert len({tiles(case).tobytes() for case in cases}) == len(cases)
    assert tiles(cases[2]).tobytes() == tiles(DrawCase("a", WHITE.copy(), 1)).tobytes()
    assert tiles(cases[0]).size == (SIDE, SIDE)


def test_the_three_agents_of_a_set_each_follow_their_own_script() -> None:
    agents: Agents = scripted_agents(plans=[plan_of(5)], verdicts=[NO], conduct=Conduct(failures=1))
    assert isinstance(drain(agents.planner.plan([asked()]))[1][0], AgentError)
    assert isinstance(drain(agents.painter.draw([DrawCase("a", None, 1)]))[1][0], AgentError)
    assert isinstance(drain(agents.critic.judge([judged()]))[1][0], AgentError)
    assert drain(agents.planner.plan([asked()]))[1] == [plan_of(5)]
    assert drain(agents.critic.judge([judged()]))[1] == [NO]


def test_scripted_agents_need_no_model_library() -> None:
    code = "import sys, core.backends.fake; sys.exit(bool({'torch', 'transformers', 'diffusers'} & set(sys.modules)))"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
