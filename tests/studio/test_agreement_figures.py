"""Laws of the agreement page's figures and lists: what they count, when they are gathered anew, and who sees what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from core.agreement import Share
from core.errors import CommandError
from core.reviewing import Answer, AttemptItem
from core.store import Store
from studio.pages.agreement import agreements
from studio.reviewing.access import Access, Reviewer
from studio.reviewing.cells import PAGE, Wanted, listed
from studio.reviewing.dashboard import CELLS, FEW, Sieve, choices_of, figures_of, measured
from studio.reviewing.ledger import Bookkeeper
from studio.reviewing.plot import calibration_chart
from studio.storyboard import agreement_of, cases_of
from studio.visitors import NOBODY, OWNER, Visitor
from tests.core.queues import NOON, drawn, judged, key, opened, planned, put, story_of
from tests.core.telling import told

YES, NO = Answer(accepted=True), Answer(accepted=False, faults=("anatomy",), comment="Six fingers")
ANN, LEAD = Reviewer("ann"), Reviewer("lee", leads=True)
#: The critic's P(success) of each attempt, what people say of it, and in which cell that is.
BELIEFS = (0.9, 0.8, 0.7, 0.3, 0.2, 0.1)
SAID = (YES, YES, NO, YES, NO, NO)


def said_by(store: Store, reviewer: str, items: Sequence[AttemptItem], answers: Sequence[Answer]) -> None:
    for item, answer in zip(items, answers, strict=True):
        store.reviews.answer(reviewer, item, answer, NOON, required=9)


def reviewed(store: Store, story: str = "thestory0001") -> list[AttemptItem]:
    """Six attempts that bob has answered."""
    items = story_of(store, story, BELIEFS)
    said_by(store, "bob", items, SAID)
    return items


# ---------------------------------------------------------------- figures


def test_the_table_counts_the_critics_word_against_peoples(store: Store) -> None:
    items = reviewed(store)
    ledger = Bookkeeper(store).ledger()
    figures = figures_of(ledger)
    table = figures.confusion
    assert [getattr(table, cell) for cell in CELLS] == [2, 1, 1, 2]
    assert (figures.reviews, figures.attempts, figures.people, figures.split, figures.unjudged) == (6, 6, ("bob",), 0, 0)
    assert figures.few
    for cell in CELLS:
        found = listed(store, ledger, Wanted(cell=cell), LEAD)
        assert found.total == getattr(table, cell), "what a number opens is as many attempts"
    assert {each.case.item for each in listed(store, ledger, Wanted(cell="all"), LEAD).shown} == set(items)


def test_what_people_are_undecided_about_and_what_no_critic_judged_is_counted_apart(store: Store) -> None:
    items = reviewed(store)
    said_by(store, "ann", items[:2], [YES, NO])
    alone = AttemptItem(story="thestory0002", attempt=key(0))
    put(store, "thestory0002", [opened(), planned(), drawn(0)])
    said_by(store, "ann", [alone], [NO])
    figures = figures_of(Bookkeeper(store).ledger())
    assert (figures.attempts, figures.confusion.of, figures.split, figures.unjudged) == (7, 5, 1, 1)
    assert figures.shared == 2
    assert [(pair.one, pair.other, pair.of) for pair in figures.pairs] == [("ann", "bob", 2)]


def test_narrowed_to_a_group_the_page_has_just_the_groups_cases(store: Store) -> None:
    reviewed(store)
    facts = [opened(), planned()]
    for number in range(3):
        facts += [drawn(number, painter="klein@2"), judged(number, 0.9, critic="qwen@2")]
    put(store, "thestory0002", facts)
    others = [AttemptItem(story="thestory0002", attempt=key(number)) for number in range(3)]
    said_by(store, "ann", others, [YES, NO, NO])
    ledger = Bookkeeper(store).ledger()
    groups = figures_of(ledger).groups
    assert [(group.value, group.of) for group in groups["critic"]] == [("qwen@1", 6), ("qwen@2", 3)], "the largest first"
    assert [group.value for group in groups["fault"]] == ["anatomy"]
    assert [(value, name) for value, name in choices_of(ledger)["painter"]] == [("flux@1", "flux@1"), ("klein@2", "klein@2")]
    for name, held in groups.items():
        for group in held:
            narrowed = figures_of(ledger, Sieve.model_validate({name: group.value}))
            assert narrowed.confusion.of == group.of
            assert narrowed.confusion.accuracy == group.accuracy
    only = figures_of(ledger, Sieve(critic="qwen@2"))
    assert (only.reviews, only.people) == (3, ("ann",)), "people are narrowed as the critic is"
    assert figures_of(ledger, Sieve(critic="nobody@1")).attempts == 0


def test_the_kind_of_step_is_what_the_attempt_was_drawn_on(store: Store) -> None:
    story = told(store)
    tries = [tried for tried in story.trajectory.tries if tried.critic]
    items = [AttemptItem(story=story.id, attempt=tried.attempt.key) for tried in tries]
    said_by(store, "ann", items, [YES] * len(items))
    opinions = store.reviews.opinions()
    assert {item: opinion.step for item, opinion in opinions.items()} == {
        item: "edit" if tried.attempt.source else "first picture" for item, tried in zip(items, tries, strict=True)
    }
    assert len({opinion.step for opinion in opinions.values()}) == 2
    assert all(opinions[item].verdict.accepted == tried.critic.accepted for item, tried in zip(items, tries, strict=True))


def test_answers_to_gold_are_measured_against_what_is_right(store: Store) -> None:
    items = reviewed(store)
    for item, right in zip(items, (YES, YES, YES, NO, NO, NO), strict=True):
        store.reviews.set_gold(item, right, "lee", NOON)
    (bob,) = measured({name: store.reviews.calibration(name) for name in ("bob", "ann")})
    assert (bob.reviewer, bob.of) == ("bob", 6), "who has answered no gold is not there"
    assert bob.balanced is not None
    assert (bob.balanced.one, bob.balanced.other) == (Share(2, 3), Share(2, 3))


# ---------------------------------------------------------------- gathering


def test_the_ledger_is_gathered_again_when_reviews_come_go_or_come_back_and_only_then(store: Store) -> None:
    items, others = reviewed(store), reviewed(store, "thestory0002")
    said_by(store, "bob", story_of(store, "thestory0003", [0.5]), [YES])
    store.delete("thestory0002")
    books = Bookkeeper(store)
    first = books.ledger()
    assert books.ledger() is first
    assert books.ledger(afresh=True) is not first
    changes = (
        lambda: store.reviews.answer("ann", items[0], NO, NOON, required=9),
        lambda: store.reviews.answer("ann", items[0], YES, NOON, required=9),
        lambda: store.reviews.undo("ann", NOON, NOON, 9),  # the answer before it stands again
        lambda: store.reviews.undo("ann", NOON, NOON, 9),
        lambda: store.delete("thestory0001"),
        lambda: store.restore("thestory0001"),
        lambda: (store.delete("thestory0001"), store.restore("thestory0002")),  # as many reviews as before
        lambda: store.reviews.set_gold(others[0], YES, "lee", NOON),
    )
    seen = []
    for change in changes:
        before = books.ledger()
        change()
        assert books.ledger() is not before
        seen.append(figures_of(books.ledger()).reviews)
        assert books.ledger() is books.ledger()
    assert seen == [8, 8, 8, 7, 1, 7, 7, 7]


def test_looking_at_figures_and_lists_changes_no_story(store: Store) -> None:
    reviewed(store)
    before = store.events("thestory0001")
    listed(store, Bookkeeper(store).ledger(), Wanted(cell="all"), LEAD)
    assert store.events("thestory0001") == before


# ---------------------------------------------------------------- who sees what


def test_reviewers_see_only_the_attempts_that_they_have_answered(store: Store) -> None:
    items = reviewed(store)
    books = Bookkeeper(store)
    nothing = listed(store, books.ledger(), Wanted(cell="all"), ANN)
    assert (nothing.shown, nothing.total, nothing.hidden, nothing.next) == ((), 0, 6, None)
    said_by(store, "ann", items[:2], [YES, YES])
    some = listed(store, books.ledger(), Wanted(cell="all"), ANN)
    assert {each.case.item for each in some.shown} == set(items[:2])
    assert all(each.mine and {word.who for word in each.said.words} == {"ann", "bob"} for each in some.shown)
    assert (some.total, some.hidden) == (2, 4)
    stale = books.ledger()
    store.reviews.undo("ann", NOON, NOON, 9)
    left = listed(store, stale, Wanted(cell="all"), ANN)
    assert [each.case.item for each in left.shown] == items[:1], "what was taken back just now is hidden at once"


def test_leads_see_all_a_page_at_a_time_and_are_told_what_they_have_not_answered(store: Store) -> None:
    items = story_of(store, "thestory0001", [n / 40 for n in range(40)])
    said_by(store, "bob", items, [NO] * 40)
    said_by(store, "lee", items[:1], [NO])
    ledger, seen, start = Bookkeeper(store).ledger(), [], 0
    while start is not None:
        page = listed(store, ledger, Wanted(cell="all", start=start), LEAD)
        assert len(page.shown) <= PAGE
        seen += page.shown
        start = page.next
    assert [each.case.item for each in seen] == items[::-1], "those first in which the critic was furthest from people"
    assert [each.case.item for each in seen if each.mine] == items[:1]


def test_the_link_to_the_review_page_asks_for_the_cells_verdict_and_never_for_what_people_said(store: Store) -> None:
    reviewed(store)
    ledger = Bookkeeper(store).ledger()
    asked = {cell: listed(store, ledger, Wanted(cell=cell, sieve=Sieve(critic="qwen@1")), ANN).review for cell in CELLS}
    assert asked["accepted_good"] == asked["accepted_bad"] == {"verdict": "accepted", "model": "qwen@1", "required": "2"}
    assert asked["refused_good"] == asked["refused_bad"] == {"verdict": "refused", "model": "qwen@1", "required": "2"}


def test_who_may_not_review_is_told_why_and_gets_no_figures(store: Store) -> None:
    reviewed(store)
    access = Access(annotators=("ann",), leads=("lee",))
    asked = SimpleNamespace(headers={})

    def call(name: str, visitor: Visitor, **told: Any) -> dict[str, Any]:
        functions = {do.__name__: do for do in agreements(store, Bookkeeper(store), lambda _: visitor, access)}
        return functions[name](told, asked)

    for visitor in (NOBODY, Visitor("guest-1", guest=True), Visitor("bob")):
        for name in ("look", "cases"):
            answer = call(name, visitor, wanted={"cell": "all"})
            assert answer.keys() == {"error"}
            assert "STUDIO_ANNOTATORS" in answer["error"]
    assert call("look", Visitor("ann"))["leads"] is False
    assert call("look", Visitor("lee"))["leads"] is True
    assert call("cases", OWNER, wanted={"cell": "all"})["total"] == 6
    assert call("cases", Visitor("ann"), wanted={"cell": "all"})["total"] == 0
    assert "Six fingers" not in call("cases", Visitor("ann"), wanted={"cell": "all"})["markup"]
    assert "error" in call("cases", OWNER, wanted={"cell": "nonsense"})
    with pytest.raises(CommandError):
        access.reviewer(Visitor("bob"))


def test_only_leads_see_how_others_do_against_gold(store: Store) -> None:
    items = reviewed(store)
    said_by(store, "ann", items[:1], [YES])
    store.reviews.set_gold(items[0], YES, "lee", NOON)
    access = Access(annotators=("ann",), leads=("lee",))
    seen = {}
    for name in ("ann", "lee"):
        visitor = Visitor(name)
        look = agreements(store, Bookkeeper(store), lambda _, visitor=visitor: visitor, access)[0]
        markup = look({}, SimpleNamespace(headers={}))["markup"]
        gold = markup.partition('aria-labelledby="agreement-gold"')[2].partition("</table>")[0]
        seen[name] = [person for person in ("ann", "bob") if f">{person}<" in gold]
    assert seen == {"ann": ["ann"], "lee": ["ann", "bob"]}


# ---------------------------------------------------------------- what is shown


def test_the_chart_has_a_point_for_each_bin_within_its_interval(store: Store) -> None:
    reviewed(store)
    found = figures_of(Bookkeeper(store).ledger()).calibration
    chart = json.loads(calibration_chart(found))
    points = chart["data"]["values"]
    assert [point["of"] for point in points] == [bin.good.of for bin in found.bins]
    assert sum(point["of"] for point in points) == len(BELIEFS)
    assert all(0 <= point["low"] <= point["good"] <= point["high"] <= 1 for point in points)


def test_what_models_and_people_wrote_is_text(store: Store) -> None:
    nasty = "<script>alert('&')</script>"
    put(store, "thestory0001", [opened(nasty), planned(), drawn(0, painter=nasty), judged(0, 0.9, critic=nasty)])
    item = AttemptItem(story="thestory0001", attempt=key(0))
    store.reviews.answer(nasty, item, Answer(accepted=False, comment=nasty), NOON)
    ledger = Bookkeeper(store).ledger()
    shown = cases_of(listed(store, ledger, Wanted(cell="all"), LEAD), Wanted(cell="all"))
    sieve = Sieve(critic=nasty)
    figures = agreement_of(figures_of(ledger, sieve), sieve, choices_of(ledger), ())["markup"]
    for markup in (shown, figures):
        assert "<script" not in markup
        assert "&lt;script&gt;" in markup


def test_with_no_reviews_and_with_many_every_figure_can_be_shown(store: Store) -> None:
    ledger = Bookkeeper(store).ledger()
    empty = figures_of(ledger)
    assert not empty.few
    assert "n 0" in agreement_of(empty, Sieve(), choices_of(ledger), ())["markup"]
    items = story_of(store, "thestory0001", [0.9] * FEW)
    said_by(store, "ann", items, [YES] * FEW)  # one sort only: there is no balance, no kappa
    ledger = Bookkeeper(store).ledger()
    figures = figures_of(ledger)
    assert not figures.few
    assert figures.confusion.balanced is None
    assert f"n {FEW}" in agreement_of(figures, Sieve(), choices_of(ledger), ())["markup"]
