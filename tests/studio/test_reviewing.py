"""Laws of who may review, of what they are shown, and of what they can do: the desk, without a page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.errors import CommandError, NotFound, ReadOnly
from core.events import Event, Judged, StepEdited
from core.reviewing import FAULTS, Answer, AttemptItem
from core.settings import Settings
from core.store import Query, Store
from core.types import Request, Step, Verdict
from studio.reviewing.access import LONGEST, Access, Reviewer
from studio.reviewing.attempt import FAULT_NAMES, attempt_of
from studio.reviewing.desk import Desk
from studio.storyboard import guideline_of, review_of, said_of
from studio.visitors import COOKIE, NOBODY, OWNER, Visitor, new_token, visitor_of
from tests.core.queues import NOON, drawn, judged, key, opened, planned, put, story_of

ANN, BOB, EVE = Reviewer("ann"), Reviewer("bob"), Reviewer("eve", leads=True)
YES, NO = Answer(accepted=True), Answer(accepted=False, faults=("text",), comment="no <b>cat</b>")
ALL = Query()
GUEST = visitor_of(None, {COOKIE: new_token()}, shared=True)


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def taken(desk: Desk, reviewer: Reviewer, query: Query = ALL) -> AttemptItem:
    handed = desk.take(reviewer, query)
    assert handed is not None
    assert isinstance(handed.item, AttemptItem)
    return handed.item


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize(
    ("annotators", "leads", "visitor", "reviews", "decides"),
    [
        ((), (), Visitor("ann"), False, False),
        (("ann",), (), Visitor("ann"), True, False),
        (("ann",), (), Visitor("bob"), False, False),
        (("ann",), ("eve",), Visitor("eve"), True, True),
        (("*",), ("eve",), Visitor("bob"), True, False),
        ((), ("*",), Visitor("bob"), True, True),
        (("*",), ("*",), GUEST, False, False),
        ((GUEST.name,), (), GUEST, False, False),
        (("*", ""), ("*",), NOBODY, False, False),
        ((), (), OWNER, True, True),
    ],
)
def test_only_the_owner_and_signed_in_people_whom_the_host_named_review(
    annotators: tuple[str, ...], leads: tuple[str, ...], visitor: Visitor, reviews: bool, decides: bool
) -> None:
    access = Access(annotators, leads)
    assert access.allows(visitor) is reviews
    if reviews:
        assert access.reviewer(visitor).leads is decides
    else:
        with pytest.raises(CommandError, match="STUDIO_ANNOTATORS"):
            access.reviewer(visitor)


def test_who_signed_in_keeps_their_name_and_the_owner_chooses_one() -> None:
    access = Access(annotators=("*",))
    assert access.reviewer(Visitor("ann"), "bob") == Reviewer("ann")
    assert access.reviewer(OWNER, "  Bo   b ").name == "Bo b"
    assert access.reviewer(OWNER, "  ").name == OWNER.name
    assert access.reviewer(OWNER, "x" * LONGEST).chooses
    with pytest.raises(CommandError, match=str(LONGEST)):
        access.reviewer(OWNER, "x" * (LONGEST + 1))


def test_the_settings_name_annotators_and_leads_with_commas_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Access.of(Settings()) == Access()
    monkeypatch.setenv("STUDIO_ANNOTATORS", " ann, bär ,,*")
    monkeypatch.setenv("STUDIO_LEADS", "eve")
    assert Access.of(Settings()) == Access(("ann", "bär", "*"), ("eve",))


# ---------------------------------------------------------------- what they are shown


def test_an_attempt_is_shown_with_the_step_as_it_was_drawn_for(store: Store, desk: Desk) -> None:
    (item,) = story_of(store, "thestory0001", [0.3])
    before = store.events(item.story)
    edited = StepEdited(step=Step(id="s1", revision=1, prompt="A dog"), by="person:ann", at=NOON)
    put(store, item.story, [edited], before)
    view = desk.take(ANN, ALL).view  # type: ignore[union-attr]
    assert (view.prompt, view.current, view.changed) == ("A cat", "A cat", ())  # type: ignore[union-attr]
    assert (view.place, view.title) == ("Step 1 of 1", "Step 1")  # type: ignore[union-attr]


def test_what_was_drawn_with_another_prompt_says_word_by_word_what_differs(store: Store) -> None:
    facts = [opened(), planned(), drawn(0, "A big cat"), judged(0, 0.07)]
    view = attempt_of(AttemptItem(story="thestory0001", attempt=key(0)), facts)
    assert view.changed == (("same", "A"), ("in", " big"), ("same", " cat"))
    assert "<ins>big</ins>" in review_of(view)


def test_the_critics_refined_prompt_is_what_a_better_one_begins_with_unless_the_reviewer_is_blind() -> None:
    verdict = Verdict(accepted=False, p_success=0.07, thought="no tail", refined_prompt="A cat with a tail")
    facts = [opened(), planned(), drawn(0), Judged(attempt=key(0), verdict=verdict, by="critic:qwen@1", at=NOON)]
    item = AttemptItem(story="thestory0001", attempt=key(0))
    seen, blind = attempt_of(item, facts), attempt_of(item, facts, blind=True)
    assert (seen.refined, seen.data["critic"]) == ("A cat with a tail", False)
    assert (blind.refined, blind.data["critic"], blind.critic) == ("A cat", None, None)


@pytest.mark.parametrize("p", [0.07, 0.94])
def test_nothing_that_the_critic_said_is_in_what_a_blind_reviewer_gets(p: float) -> None:
    verdict = Verdict(accepted=p > 0.5, p_success=p, thought="a tail too few", refined_prompt="A cat with a tail")
    drawing = [opened(), planned(), drawn(0)]
    said = Judged(attempt=key(0), verdict=verdict, by="critic:qwen@1", at=NOON)
    item = AttemptItem(story="thestory0001", attempt=key(0))
    markups = {review_of(attempt_of(item, facts, blind=True)) for facts in (drawing, [*drawing, said])}
    assert len(markups) == 1, "it is the same whatever was said, and whether anything was"
    assert str(attempt_of(item, [*drawing, said], blind=True).data) == str(attempt_of(item, drawing, blind=True).data)


def test_an_attempt_that_a_story_does_not_have_is_not_found() -> None:
    with pytest.raises(NotFound):
        attempt_of(AttemptItem(story="thestory0001", attempt=key(1)), [opened(), planned(), drawn(0)])


def test_every_fault_has_a_name_in_the_order_of_its_key() -> None:
    assert tuple(FAULT_NAMES) == FAULTS


def test_words_of_models_and_people_are_never_markup(store: Store, desk: Desk) -> None:
    bad = "<img src=x onerror=alert(1)>"
    facts = [opened(bad), planned(), drawn(0, bad)]
    verdict = Verdict(accepted=False, p_success=0.07, thought=bad, refined_prompt=f"{bad} again")
    facts.append(Judged(attempt=key(0), verdict=verdict, by=f"critic:{bad}", at=NOON))
    put(store, "thestory0001", facts)
    item = taken(desk, ANN)
    said = desk.answer(ANN, ALL, item, Answer(accepted=False, comment=bad, refined_prompt=bad), 0)
    for markup in (review_of(attempt_of(item, facts)), said_of(said, leads=True)):
        assert bad not in markup
        assert "&lt;img src=x" in markup


# ---------------------------------------------------------------- what they can do


def test_what_others_said_is_told_with_ones_own_answer_and_not_before(store: Store, desk: Desk) -> None:
    (item,) = story_of(store, "thestory0001", [0.94])
    two = Query(required=2)
    desk.answer(ANN, two, item, NO, 0)
    with pytest.raises(CommandError, match="Answer this one first"):
        desk.said(BOB, item)
    said = desk.answer(BOB, two, item, YES, 0)
    assert [(word.who, word.mine, word.differs) for word in said.words] == [("ann", False, True), ("bob", True, False)]
    assert said.agreement == "You agree with the critic."
    assert [critic.p_success for _, critic in said.critics] == ["94 %"]
    assert "no &lt;b&gt;cat&lt;/b&gt;" in said_of(said, leads=False)
    assert desk.undo(BOB, two, NOON) is not None
    with pytest.raises(CommandError, match="Answer this one first"):
        desk.said(BOB, item)


def test_what_is_taken_back_is_in_hand_again_unless_somebody_else_has_it(store: Store, desk: Desk) -> None:
    first, second = story_of(store, "thestory0001", [0.5, 0.6])
    for item in (first, second):
        desk.answer(ANN, ALL, item, YES, 0)
    desk.take(BOB, ALL)
    found = desk.undo(ANN, ALL, NOON)
    assert found is not None
    assert (found[0], found[1] and found[1].item) == (second, second)
    desk.skip(ANN, second)
    assert taken(desk, BOB) == second
    found = desk.undo(ANN, ALL, NOON)
    assert found == (second, None)
    assert desk.undo(ANN, ALL, NOON)[0] == first  # type: ignore[index]
    assert desk.undo(ANN, ALL, NOON) is None


def test_a_story_that_cannot_be_read_does_not_keep_the_others_from_being_reviewed(store: Store, desk: Desk) -> None:
    (broken,) = story_of(store, "thestory0001", [0.5])
    (whole,) = story_of(store, "thestory0002", [0.9])
    with store.database.writing() as db:
        db.exec_driver_sql("UPDATE event SET payload = '{' WHERE story_id = ?", (broken.story,))
    assert taken(desk, ANN) == whole
    desk.answer(ANN, ALL, whole, YES, 0)
    assert desk.take(ANN, ALL) is None


def test_a_data_folder_that_can_not_be_asked_is_not_an_empty_queue(
    store: Store, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    story_of(store, "thestory0001", [0.5])

    def busy(story_id: str) -> list[Event]:
        raise ReadOnly("Another process is writing to the data folder and does not finish; try again in a moment.")

    with monkeypatch.context() as patch:
        patch.setattr(store, "events", busy)
        with pytest.raises(ReadOnly, match="try again in a moment"):
            desk.take(ANN, ALL)
    assert taken(desk, ANN).story == "thestory0001"


LEADS: list[Callable[[Desk, Reviewer, AttemptItem], object]] = [
    lambda desk, who, item: desk.disputed(who, ALL),
    lambda desk, who, item: desk.dispute(who, item),
    lambda desk, who, item: desk.adjudicate(who, item, YES, 0),
    lambda desk, who, item: desk.set_gold(who, item, YES),
    lambda desk, who, item: desk.publish(who, "Look."),
]


@pytest.mark.parametrize("act", LEADS)
def test_only_leads_decide_set_gold_and_publish(store: Store, desk: Desk, act: Callable[..., object]) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    desk.answer(BOB, ALL, item, YES, 0)
    with pytest.raises(CommandError, match="STUDIO_LEADS"):
        act(desk, ANN, item)
    act(desk, EVE, item)


def test_a_lead_sees_all_answers_of_a_dispute_and_ends_it(store: Store, desk: Desk) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    two = Query(required=2)
    desk.answer(ANN, two, item, YES, 0)
    desk.answer(BOB, two, item, NO, 0)
    assert desk.disputed(EVE, ALL) == (item,)
    _, said = desk.dispute(EVE, item)
    assert [word.who for word in said.words] == ["ann", "bob"]
    desk.adjudicate(EVE, item, NO, 0)
    assert desk.disputed(EVE, ALL) == ()
    assert desk.take(Reviewer("cem"), Query(required=9)) is None


def test_who_answers_a_gold_item_is_told_the_right_answer_after(store: Store, desk: Desk) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    desk.set_gold(EVE, item, NO)
    handed = desk.take(ANN, Query(gold_share=1.0))
    assert handed is not None
    said = desk.answer(ANN, ALL, item, YES, 0)
    assert said.right is not None
    assert (said.right.badge.label, said.right.differs) == ("Did not pass", True)


def test_the_version_that_was_read_goes_with_the_answer(store: Store, desk: Desk) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    assert desk.guideline().version == 0
    assert desk.publish(EVE, "  Look *twice*. ").version == 1
    assert desk.guideline().text == "Look *twice*."
    desk.answer(ANN, ALL, item, YES, 1)
    assert [review.guideline for review in store.reviews.answers_of(item, "ann")] == [1]
    with pytest.raises(CommandError, match="needs words"):
        desk.publish(EVE, " \n ")
    with pytest.raises(CommandError, match="20000 characters"):
        desk.publish(EVE, "x" * 20_001)


@pytest.mark.parametrize(
    ("text", "shown", "never"),
    [
        ("# Look\n\nand **see**", ["<h3>Look</h3>", "<strong>see</strong>"], []),
        ("<script>alert(1)</script>", ["&lt;script&gt;"], ["<script"]),
        ("a <img src=x onerror=y> b", ["&lt;img src=x"], ["<img"]),
        ("[here](javascript:alert(1))", ["here"], ["<a", 'href="j']),
        ("[here](JAVASCRIPT&colon;alert(1))", ["here"], ["<a"]),
        ("[here](/library)", ["here"], ["<a"]),
        ('[here](https://example.org/?a="b)', ["here"], ['"b']),
        ("![a](https://example.org/a.png)", ["a"], ["<img"]),
        ("- one\n  - two\n\n1. three", ["<li>", "<ol>"], []),
        ("`<b>` and\n\n```\n<i>\n```", ["<code>&lt;b&gt;</code>", "&lt;i&gt;"], ["<b>", "<i>"]),
        ("> quoted\n\n---", ["<blockquote>", "<hr>"], []),
        ("[" * 5000, ["[["], []),
        (">" * 500 + "deep", [], []),
    ],
)
def test_a_guideline_is_markdown_and_never_markup(
    store: Store, desk: Desk, text: str, shown: list[str], never: list[str]
) -> None:
    markup = guideline_of(desk.publish(EVE, text))
    assert [words for words in shown if words not in markup] == []
    assert [words for words in never if words in markup] == []


def test_a_guideline_that_nobody_published_says_so(desk: Desk) -> None:
    assert "until somebody publishes another" in guideline_of(desk.guideline())


def test_a_reviewer_changes_nothing_in_a_story(store: Store, desk: Desk) -> None:
    items = story_of(store, "thestory0001", [0.5, 0.6, 0.7, 0.8])
    before, row = store.events("thestory0001"), store.card("thestory0001")
    desk.answer(EVE, ALL, items[0], NO, 0)
    desk.skip(EVE, items[1])
    desk.flag(EVE, items[2])
    desk.adjudicate(EVE, items[0], YES, 0)
    desk.set_gold(EVE, items[3], NO)
    desk.undo(EVE, ALL, NOON)
    assert (store.events("thestory0001"), store.card("thestory0001")) == (before, row)
    assert store.open_story("thestory0001").trajectory.request == Request(text="A story")
