"""What annotators say is what is learnt, in the order of whose word counts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.commands import EditStep, Overrule
from core.dialect import parse_plan, parse_verdict
from core.ports import Score
from core.reviewing import Answer, AttemptItem, PairAnswer, PairItem, PlanAnswer, PlanItem, Review
from core.store import Store
from core.types import AttemptKey, PlannedStep, Verdict
from tests.core.telling import tell
from tests.train.reviewing import (
    KEY,
    LOOSE,
    NOON,
    YES,
    cases_in,
    compare,
    loose,
    of_attempt,
    paired_story,
    plan_review,
    plan_revision,
    rows,
    say,
    settle,
    told_in,
    words,
)
from tests.train.schooling import Seer, agents, fill, scored
from train.curation.candidates import LOW_PLAN, NOT_REVIEWED, PEOPLE_PREFER, Candidate
from train.curation.ledger import EXACT, OUTRANKED, Ledger
from train.curation.settings import Curation
from train.curation.work import curate
from train.formats.exchange import records
from train.origins import hidden
from train.reviewed import attempt_said, pairs_said, plan_said
from train.rows import BEGINS_OTHERWISE, DISAGREE, NEITHER
from train.told import Case, Told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder of six stories that nobody has reviewed."""
    with Store(tmp_path / "data") as store:
        fill(store, 6)
    return tmp_path / "data"


# ---------------------------------------------------------------- whose word counts


def review(id: int, reviewer: str, answer: Any, item: Any = None, adjudicated: bool = False) -> Review:
    item = item or AttemptItem(story="a" * 12, attempt=KEY)
    at = NOON + timedelta(minutes=id)
    return Review(id=id, item=item, answer=answer, reviewer=reviewer, guideline=2, at=at, adjudicated=adjudicated)


NO = Answer(accepted=False)
REFUSED = Verdict(accepted=False, refined_prompt="The critic's")


@given(st.lists(st.tuples(st.sampled_from(["ann", "bob", "cem", "dua"]), st.booleans()), max_size=8))
def test_annotators_say_what_more_of_them_say_by_their_last_answers(given: list[tuple[str, bool]]) -> None:
    said = attempt_said([review(n, who, Answer(accepted=word)) for n, (who, word) in enumerate(given)], None)
    last = dict(given)
    yes = sum(last.values())
    if 2 * yes == len(last):
        assert said is None
    else:
        assert said is not None
        assert said.vote is not None
        assert said.verdict.accepted == (2 * yes > len(last))
        assert set(said.vote.reviewers) == {who for who, word in last.items() if word == said.verdict.accepted}
        assert said.vote.of == len(last)
        assert 0.5 < said.vote.share <= 1


def test_an_adjudicator_settles_it_and_their_word_is_everybodys() -> None:
    given = [review(1, "ann", YES), review(2, "bob", YES), review(3, "cem", NO, adjudicated=True)]
    said = attempt_said(given, None)
    assert said is not None
    assert said.vote is not None
    assert (said.verdict.accepted, said.by) == (False, "person:cem")
    assert (said.vote.reviewers, said.vote.of, said.vote.share) == (("cem",), 3, 1.0)


def test_a_refined_prompt_is_not_lost_because_somebody_who_agrees_wrote_none() -> None:
    wrote = Answer(accepted=False, refined_prompt=" Draw a cat with four legs ")
    said = attempt_said([review(1, "ann", wrote), review(2, "bob", NO), review(3, "cem", YES)], REFUSED)
    assert said is not None
    assert said.verdict.refined_prompt == "Draw a cat with four legs"
    settled = attempt_said([review(1, "ann", wrote), review(2, "dua", NO, adjudicated=True)], REFUSED)
    assert settled is not None
    assert settled.verdict.refined_prompt is None, "an adjudicator who wrote none leaves the critic's"


def test_a_comment_is_the_thought_of_who_overturns_the_critic_and_of_nobody_else() -> None:
    commented = Answer(accepted=True, comment="It has four legs.")
    for critic, thought in (
        (REFUSED, "It has four legs."),
        (Verdict(accepted=True, thought="Fine."), ""),
        (None, "It has four legs."),
    ):
        said = attempt_said([review(1, "ann", commented)], critic)
        assert said is not None
        assert said.verdict.thought == thought


PLAN = PlanItem(story="a" * 12, revision=1)
AS_IT_IS, BETTER = (PlannedStep(prompt="A cat"),), (PlannedStep(prompt="A cat by the sea"),)


@pytest.mark.parametrize(
    ("answers", "steps", "votes"),
    [
        ([PlanAnswer(rating=5)], None, 1),
        ([PlanAnswer(rating=5, steps=AS_IT_IS)], None, 1),
        ([PlanAnswer(rating=5, steps=())], None, 1),
        ([PlanAnswer(rating=2, steps=BETTER)], BETTER, 1),
        ([PlanAnswer(rating=2, steps=BETTER), PlanAnswer(rating=4)], BETTER, 1),
        ([PlanAnswer(rating=2, steps=BETTER), PlanAnswer(rating=4), PlanAnswer(rating=4)], None, 2),
    ],
)
def test_a_plan_is_corrected_where_half_of_its_annotators_corrected_it(answers: list, steps: Any, votes: int) -> None:
    given = [review(n, f"r{n}", answer, PLAN) for n, answer in enumerate(answers)]
    said = plan_said(given, 1, AS_IT_IS)
    assert said is not None
    assert (said.steps, len(said.vote.reviewers), said.vote.of) == (steps, votes, len(answers))
    assert said.rating == sum(answer.rating for answer in answers) / len(answers)
    assert plan_said(given, 2, AS_IT_IS) is None, "an older plan's reviews are not the newer one's"
    settled = [*given, review(99, "dua", PlanAnswer(rating=1, steps=(*BETTER, *BETTER)), PLAN, adjudicated=True)]
    found = plan_said(settled, 1, AS_IT_IS)
    assert found is not None
    assert (found.steps, found.rating, found.by) == ((*BETTER, *BETTER), 1, "person:dua")


def test_a_pair_is_ranked_as_more_annotators_say_and_not_where_they_are_split() -> None:
    pair = PairItem(story="a" * 12, first=KEY, second=KEY.model_copy(update={"number": 1}))
    first, second, neither = (PairAnswer(better=word) for word in ("first", "second", "neither"))  # type: ignore[arg-type]
    for answers, better in (
        ([second], "second"),
        ([first, second], None),
        ([first, second, second], "second"),
        ([neither, neither, first], "neither"),
    ):
        (found,) = pairs_said([review(n, f"r{n}", answer, pair) for n, answer in enumerate(answers)])
        assert found.better == better
        assert found.ranked == ((pair.second, pair.first) if better == "second" else None)


# ---------------------------------------------------------------- into rows


def test_reviews_that_overturn_the_critic_are_what_the_rows_teach(folder: Path, tmp_path: Path) -> None:
    before = curate([folder], tmp_path / "before", LOOSE)
    taught = {row_key(row): words(row) for row in rows(tmp_path / "before", "critic_sft")}
    with Store(folder) as store:
        for story, case in cases_in(folder):
            assert case.critic is not None
            accepted = not case.critic.verdict.accepted
            refined = None if accepted else f"Better: {case.prompt}"
            answer = Answer(accepted=accepted, refined_prompt=refined, faults=() if accepted else ("text", "anatomy"))
            say(store, story.id, case.attempt.key, "ann", answer, guideline=store.reviews.publish("Look closely.", "eve", NOON))
    after = curate([folder], tmp_path / "after", LOOSE)
    found = rows(tmp_path / "after", "critic_sft")
    assert len(found) == len(taught) > 0
    for row in found:
        old, new = parse_verdict(taught[row_key(row)]), parse_verdict(words(row))
        assert new.accepted != old.accepted
        assert new.accepted or new.refined_prompt.startswith("Better: ")  # type: ignore[union-attr]
        assert (row["source"], row["by"], row["reviewers"]) == ("person", f"person:{hidden('ann')}", hidden("ann"))
        assert (row["votes"], row["of"], row["at"], row["weight"]) == (1, 1, NOON.isoformat(), 1.0)
        assert row["guideline"] in {str(n) for n in range(1, 99)}
        assert row["faults"] == ("" if new.accepted else "anatomy, text")
    preferred = rows(tmp_path / "after", "preference")
    assert len(preferred) == len(found), "the person's reply before the critic's"
    assert all(
        parse_verdict(words(row, "chosen")).accepted != parse_verdict(words(row, "rejected")).accepted for row in preferred
    )
    assert before.people_changed["critic_sft"] == 0
    assert after.annotators_changed["critic_sft"] == after.people_changed["critic_sft"] == after.reviewed == len(found)
    assert after.creators_changed["critic_sft"] == 0


def row_key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("story", "step", "revision", "number"))


def test_who_agrees_with_the_critic_keeps_its_words_and_is_named_as_who_decided(folder: Path, tmp_path: Path) -> None:
    (story, case) = next((s, c) for s, c in cases_in(folder) if c.critic and not c.critic.verdict.accepted)
    assert case.critic is not None
    with Store(folder) as store:
        say(store, story.id, case.attempt.key, "ann", Answer(accepted=False, comment="Agreed"))
    made = curate([folder], tmp_path / "out", LOOSE)
    (row,) = of_attempt(rows(tmp_path / "out", "critic_sft"), story.id, case.attempt.key)
    verdict = parse_verdict(words(row))
    assert (verdict.thought, verdict.refined_prompt) == (case.critic.verdict.thought, case.critic.verdict.refined_prompt)
    assert (row["source"], row["of"]) == ("person", 1)
    assert made.people_changed["critic_sft"] == 0


def test_adjudicators_outrank_annotators_who_outrank_the_creator_who_outranks_the_critic(folder: Path, tmp_path: Path) -> None:
    story, case = cases_in(folder)[0]
    key, critic = case.attempt.key, case.critic and case.critic.verdict.accepted
    seen: list[tuple[bool, str]] = []

    def look() -> None:
        curate([folder], tmp_path / "out", LOOSE)
        (row,) = of_attempt(rows(tmp_path / "out", "critic_sft"), story.id, key)
        seen.append((parse_verdict(words(row)).accepted, row["by"]))

    look()
    with Store(folder) as store:
        store.open_story(story.id).send(Overrule(attempt=key, accepted=not critic), "person:bob")
        look()
        say(store, story.id, key, "ann", Answer(accepted=bool(critic)))
        look()
        settle(store, story.id, key, "eve", Answer(accepted=not critic))
        look()
    people = [f"person:{hidden(name)}" for name in ("bob", "ann", "eve")]
    assert [word for word, _ in seen] == [critic, not critic, critic, not critic]
    assert [by for _, by in seen] == [case.critic.by if case.critic else "", *people]


def test_what_annotators_are_split_about_is_dropped_with_its_reason_unless_the_next_word_is_asked_for(
    folder: Path, tmp_path: Path
) -> None:
    (story, case), (other, ruled) = cases_in(folder)[0], cases_in(folder)[-1]
    assert ruled.critic is not None
    with Store(folder) as store:
        wish = Overrule(attempt=ruled.attempt.key, accepted=not ruled.critic.verdict.accepted)
        store.open_story(other.id).send(wish, "person:bob")
        for where, key in ((story.id, case.attempt.key), (other.id, ruled.attempt.key)):
            say(store, where, key, "ann", YES)
            say(store, where, key, "cem", NO)
    made = curate([folder], tmp_path / "out", LOOSE)
    assert made.disputed == made.dropped["critic"][DISAGREE] == 2
    assert made.dropped["preference"][DISAGREE] == 1, "the creator's word against the critic's, too"
    assert all(not of_attempt(rows(tmp_path / "out", "critic_sft"), *at) for at in at_both(story, case, other, ruled))
    curate([folder], tmp_path / "next", loose(ties="next"))
    found = [of_attempt(rows(tmp_path / "next", "critic_sft"), *at)[0] for at in at_both(story, case, other, ruled)]
    assert [(row["source"], row["of"]) for row in found] == [("critic", 0), ("person", 0)]


def at_both(story: Told, case: Case, other: Told, ruled: Case) -> list[tuple[str, AttemptKey]]:
    return [(story.id, case.attempt.key), (other.id, ruled.attempt.key)]


def test_a_row_weighs_what_a_person_weighs_by_how_many_agree(folder: Path, tmp_path: Path) -> None:
    (story, case), (other, settled) = cases_in(folder)[0], cases_in(folder)[-1]
    with Store(folder) as store:
        for reviewer, answer in (("ann", YES), ("bob", YES), ("cem", NO)):
            say(store, story.id, case.attempt.key, reviewer, answer)
            say(store, other.id, settled.attempt.key, reviewer, answer)
        settle(store, other.id, settled.attempt.key, "eve", NO)
    for share, expected in ((True, [2.0, 3.0]), (False, [3.0, 3.0])):
        curate([folder], tmp_path / f"{share}", loose(person_weight=3.0, agreement_weight=share))
        found = rows(tmp_path / f"{share}", "critic_sft")
        picked = [of_attempt(found, *at)[0] for at in at_both(story, case, other, settled)]
        assert [row["weight"] for row in picked] == expected
        assert [(row["votes"], row["of"]) for row in picked] == [(2, 3), (2, 4)]
        assert {row["weight"] for row in found if row["source"] == "critic"} == {1.0}


def test_only_what_people_decided_is_taken_where_that_is_asked_for(folder: Path, tmp_path: Path) -> None:
    (story, case), (other, ruled) = cases_in(folder)[0], cases_in(folder)[-1]
    assert ruled.critic is not None
    with Store(folder) as store:
        scored(store)
        say(store, story.id, case.attempt.key, "ann", YES)
        wish = Overrule(attempt=ruled.attempt.key, accepted=not ruled.critic.verdict.accepted)
        store.open_story(other.id).send(wish, "person:bob")
        revision = plan_revision(store, story.id)
        store.reviews.answer("ann", PlanItem(story=story.id, revision=revision), PlanAnswer(rating=5), NOON)
    made = curate([folder], tmp_path / "out", loose(reviewed_only=True, cuts=1))
    found = {name: rows(tmp_path / "out", name) for name in made.rows}
    assert {row["source"] for part in found.values() for row in part} == {"person"}
    assert len(found["critic_sft"]) == 2
    assert {row["story"] for row in found["planner_sft"]} == {story.id}
    assert all(made.dropped[kind][NOT_REVIEWED] > 0 for kind in made.dropped)


def test_people_are_hashes_in_rows_unless_their_names_are_to_be_kept(folder: Path, tmp_path: Path) -> None:
    (story, case), (other, ruled) = cases_in(folder)[0], cases_in(folder)[-1]
    with Store(folder) as store:
        for reviewer in ("ann", "Bob, the second"):
            say(store, story.id, case.attempt.key, reviewer, YES)
        store.open_story(other.id).send(Overrule(attempt=ruled.attempt.key, accepted=True), "person:cem")
    for names, expected in (("hash", [hidden("ann"), hidden("Bob, the second")]), ("keep", ["ann", "Bob  the second"])):
        curate([folder], tmp_path / names, loose(names=names))
        found = rows(tmp_path / names, "critic_sft")
        (one,), (two,) = (of_attempt(found, *at) for at in at_both(story, case, other, ruled))
        assert one["reviewers"].split(", ") == expected
        assert two["by"] == ("person:cem" if names == "keep" else f"person:{hidden('cem')}")
        assert {row["owner"] for row in found} == {hidden("ann")}, "who owns a story is a hash either way"


def test_no_request_is_on_both_sides_and_a_branch_gives_no_reviewed_row_twice(tmp_path: Path) -> None:
    with Store(tmp_path / "data") as store:
        for story in fill(store, 12):
            key = story.trajectory.tries[0].attempt.key
            say(store, story.id, key, "ann", Answer(accepted=False, refined_prompt="Draw it anew"))
            branch = store.branch(story.id, "person:bob")
            branch.send(Overrule(attempt=key, accepted=True), "person:bob")
            tell(branch, store.images, agents())
        scored(store)
    made = curate([tmp_path / "data"], tmp_path / "out", loose(validation=0.4, variance=None))
    stems: dict[str, set[str]] = {"train": set(), "validation": set()}
    for side, found in stems.items():
        for name in made.rows:
            found |= {row["stem"] for row in records(sorted((tmp_path / "out" / name).glob(f"{side}-*.parquet")))}
    assert stems["train"]
    assert stems["validation"]
    assert not stems["train"] & stems["validation"]
    firsts = [row for row in rows(tmp_path / "out", "critic_sft") if row["of"]]
    assert len(firsts) == 12
    assert {parse_verdict(words(row)).refined_prompt for row in firsts} == {"Draw it anew"}, "a creator does not outrank them"


def test_the_higher_word_takes_the_place_of_the_lower_on_the_same_case_whoever_came_first() -> None:
    ledger = Ledger(Curation(balance=0))
    for exact, person, annotators in [(1, False, False), (2, True, False), (3, True, True), (4, True, False), (5, False, False)]:
        known = {"truth": True, "by_person": person, "by_annotators": annotators}
        ledger.enter(Candidate("critic", "", {"critic_sft": int}, exact, 7, **known), "train")
    ledger.settle()
    assert [ledger.decided(n) is not None for n in range(5)] == [False, False, True, False, False]
    assert ledger.dropped()["critic"][OUTRANKED] == 2


def test_a_verdict_alone_may_go_to_rl_as_the_truth_and_words_never_do(folder: Path, tmp_path: Path) -> None:
    with Store(folder) as store:
        scored(store)
        for number, (story, case) in enumerate(cases_in(folder)):
            assert case.critic is not None
            accepted = not case.critic.verdict.accepted
            said = Answer(accepted=accepted, comment="Look again" if number % 2 else "")
            say(store, story.id, case.attempt.key, "ann", said)
    made = curate([folder], tmp_path / "out", loose(variance=0.0))
    told = {(s.id, *c.attempt.key.model_dump().values()): c for s, c in cases_in(folder)}
    asked = rows(tmp_path / "out", "critic_rl")
    assert asked
    for row in asked:
        case = told[row_key(row)]
        assert case.person is not None
        assert not case.person.verdict.thought
        assert row["truth"] == case.person.verdict.accepted
    assert made.annotators_changed["critic_rl"] == len(asked)


def test_reviews_that_come_or_go_meanwhile_change_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (story, case), *others = cases_in(folder)
    with Store(folder) as store:
        say(store, story.id, case.attempt.key, "ann", YES)
    whole = curate([folder], tmp_path / "whole", LOOSE)
    kept = [words(row) for row in rows(tmp_path / "whole", "critic_sft")]
    end = Ledger.settle

    def meanwhile(ledger: Ledger) -> None:
        with Store(folder) as store:
            store.reviews.undo("ann", NOON - timedelta(days=1), NOON)
            for other, one in others:
                say(store, other.id, one.attempt.key, "bob", NO)
                say(store, other.id, one.attempt.key, "cem", YES)
        end(ledger)

    monkeypatch.setattr(Ledger, "settle", meanwhile)
    assert curate([folder], tmp_path / "out", LOOSE).rows == whole.rows
    assert [words(row) for row in rows(tmp_path / "out", "critic_sft")] == kept


def test_a_deleted_storys_reviews_are_not_learnt_from(folder: Path, tmp_path: Path) -> None:
    story, case = cases_in(folder)[0]
    with Store(folder) as store:
        say(store, story.id, case.attempt.key, "ann", YES)
        store.delete(story.id)
    assert curate([folder], tmp_path / "out", LOOSE).reviewed == 0


# ---------------------------------------------------------------- plans


def plans(out: Path, story: str) -> list[dict[str, Any]]:
    return [row for row in rows(out, "planner_sft") if row["story"] == story]


def test_a_corrected_plan_takes_the_place_of_the_planners_and_of_the_creators(folder: Path, tmp_path: Path) -> None:
    one, two, *_ = told_in(folder)
    steps = (PlannedStep(title="First", prompt="Draw a cat"), PlannedStep(title="Then", caption="The end."))
    with Store(folder) as store:
        wish = EditStep(step="s3", words=PlannedStep(title="Mine", prompt="Draw my own"))
        store.open_story(two.id).send(wish, "person:ann")
    for story in (one, two):
        plan_review(folder, story.id, PlanAnswer(rating=1, steps=steps))
    made = curate([folder], tmp_path / "out", LOOSE)
    for story in (one, two):
        (row,) = plans(tmp_path / "out", story.id)
        assert parse_plan(words(row)).steps == steps
        assert (row["source"], row["by"], row["of"], row["guideline"]) == (
            "person",
            f"person:{hidden('ann')}",
            1,
            row["guideline"],
        )
        assert row["guideline"]
    assert made.annotators_changed["planner_sft"] == made.people_changed["planner_sft"] == 2


def test_a_plan_that_annotators_rate_low_is_dropped_and_one_that_they_left_is_theirs(folder: Path, tmp_path: Path) -> None:
    low, good, *_ = told_in(folder)
    plan_review(folder, low.id, PlanAnswer(rating=2))
    plan_review(folder, low.id, PlanAnswer(rating=3), "bob")
    plan_review(folder, good.id, PlanAnswer(rating=3))
    made = curate([folder], tmp_path / "out", LOOSE)
    assert made.dropped["planner"] == {LOW_PLAN: 1}
    assert not plans(tmp_path / "out", low.id)
    (row,) = plans(tmp_path / "out", good.id)
    assert (row["source"], row["votes"]) == ("person", 1)
    assert made.people_changed["planner_sft"] == 0, "it is as it would be without them"
    lenient = curate([folder], tmp_path / "lenient", loose(plan_rating=2.5))
    assert lenient.dropped["planner"] == {}


def test_a_corrected_plan_is_asked_for_in_the_middle_only_where_it_begins_as_the_story_does(folder: Path, tmp_path: Path) -> None:
    same, other, *_ = told_in(folder)
    ending = PlannedStep(title="End", prompt="Draw the end")
    kept = same.trajectory.steps[:2]
    begun = tuple(PlannedStep(**step.model_dump(include=set(PlannedStep.model_fields))) for step in kept)
    plan_review(folder, same.id, PlanAnswer(rating=2, steps=(*begun, ending)))
    plan_review(folder, other.id, PlanAnswer(rating=2, steps=(ending, *begun)))
    made = curate([folder], tmp_path / "out", loose(cuts=2))
    assert [row["number"] for row in plans(tmp_path / "out", same.id)] == [0, 1, 2]
    assert [parse_plan(words(row)).steps[-1] for row in plans(tmp_path / "out", same.id)] == [ending] * 3
    assert [row["number"] for row in plans(tmp_path / "out", other.id)] == [0]
    assert made.dropped["planner"] == {BEGINS_OTHERWISE: 2}


# ---------------------------------------------------------------- pairs


@pytest.fixture
def paired(tmp_path: Path) -> tuple[Path, str, PairItem]:
    return paired_story(tmp_path / "data")


def test_the_better_of_a_pair_is_the_chosen_reply_and_the_other_the_rejected(
    paired: tuple[Path, str, PairItem], tmp_path: Path
) -> None:
    folder, story, item = paired
    compare(folder, item, ann="second", bob="second", cem="first")
    made = curate([folder], tmp_path / "out", loose(person_weight=3.0))
    (row,) = [row for row in rows(tmp_path / "out", "preference") if row["of"]]
    prompts = {case.attempt.key: case.attempt.prompt for one, case in cases_in(folder) if one.id == story}
    chosen, rejected = (parse_verdict(words(row, name)) for name in ("chosen", "rejected"))
    assert (chosen.refined_prompt, rejected.refined_prompt) == (prompts[item.second], prompts[item.first])
    assert (row["votes"], row["of"], row["weight"], row["source"]) == (2, 3, 2.0, "person")
    assert made.annotators_changed["preference"] == 1


@pytest.mark.parametrize(
    ("said", "why"), [({"ann": "first", "bob": "second"}, DISAGREE), ({"ann": "neither"}, NEITHER)], ids=["split", "neither"]
)
def test_a_pair_without_a_better_one_gives_no_row_and_says_why(
    paired: tuple[Path, str, PairItem], tmp_path: Path, said: dict[str, str], why: str
) -> None:
    folder, _, item = paired
    compare(folder, item, **said)
    assert curate([folder], tmp_path / "out", LOOSE).dropped["preference"] == {why: 1}


def test_scores_that_contradict_a_comparison_are_not_learnt_from(paired: tuple[Path, str, PairItem], tmp_path: Path) -> None:
    folder, story, item = paired
    prompts = {case.attempt.key: case.attempt.prompt for one, case in cases_in(folder) if one.id == story}
    marks = {prompts[item.first]: Score(9, 9), prompts[item.second]: Score(1, 1)}
    with Store(folder) as store:
        scored(store, Seer(lambda case: marks.get(case.current, Score(5, 5))))
    compare(folder, item, ann="first")
    agreed = curate([folder], tmp_path / "agreed", LOOSE)
    compare(folder, item, ann="second")
    refuted = curate([folder], tmp_path / "refuted", LOOSE)
    assert agreed.dropped["preference"].get(PEOPLE_PREFER) is None
    assert agreed.dropped["preference"].get(EXACT) == 1, "what scores say is said by people already"
    assert refuted.dropped["preference"].get(PEOPLE_PREFER) == 1
