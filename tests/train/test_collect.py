"""Every usable prompt becomes one story, whatever stops the run in between, and no work that was recorded is done twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.backends.fake import Conduct, plan_of, scripted_agents, tiles
from core.ports import Agents
from core.scheduler import Notice
from core.store import Store, StoryCard
from core.types import MAX_TEXT, Policy
from tests.core.telling import reopened, strict, untimed
from train import collect
from train.collect import Calls, Collection, Prompt, Shard, Share, Terms, Totals, deal, read_prompts, story_id_of

TERMS = Terms("pocket", Policy(max_attempts=3), seed=7)
PROMPTS = [Prompt(line, f"p{line}", text) for line, text in enumerate(["A cat", "A dog", "A kite"], start=1)]


class Logged:
    """Scripted agents, and the log of the cases that they were asked for."""

    def __init__(self, steps: int = 1, conduct: Conduct | None = None) -> None:
        self.log: list[str] = []
        plans, pictures = self._noting("plan", lambda _: plan_of(steps)), self._noting("draw", tiles)
        self.agents: Agents = scripted_agents(plans, pictures, self._noting("judge", strict), conduct)

    def _noting(self, kind: str, answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def answering(case: Any) -> Any:
            self.log.append(f"{kind} {case.seed}")
            return answer(case)

        return answering

    def count(self, kind: str) -> int:
        return sum(entry.startswith(kind) for entry in self.log)


def collection(store: Store, by: Logged, prompts: list[Prompt] = PROMPTS, in_flight: int = 8) -> Collection:
    return Collection(store, by.agents, prompts, TERMS, in_flight)


def finish(collecting: Collection) -> tuple[list[Notice | StoryCard], list[tuple[int, str]]]:
    """Tells all; what was seen, and what was complained of."""
    complaints: list[tuple[int, str]] = []
    seen = list(collecting.tell(lambda line, why: complaints.append((line, why))))
    return seen, complaints


def cards(seen: list[Notice | StoryCard]) -> list[StoryCard]:
    return [what for what in seen if isinstance(what, StoryCard)]


def facts(store: Store, prompts: list[Prompt] = PROMPTS) -> list[list[dict]]:
    return [untimed(store.events(story_id_of(prompt, TERMS))) for prompt in prompts]


# ---------------------------------------------------------------- the file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the prompts will be; beside it are links to itself and to the outside."""
    folder = tmp_path / "prompts"
    folder.mkdir()
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "way-out").symlink_to(tmp_path)
    return folder / "prompts.jsonl"


def line_of(**values: Any) -> bytes:
    return json.dumps({"id": 2, "user_input": "A cat"} | values).encode()


def read(file: Path, *lines: bytes) -> tuple[list[Prompt], list[tuple[int, str]]]:
    complaints: list[tuple[int, str]] = []
    file.write_bytes(b"\n".join(lines))
    return read_prompts(file, lambda line, why: complaints.append((line, why))), complaints


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (b'{"id": 2, "user_input": "A cat"', "Invalid JSON"),
        (b'["A cat"]', "object"),
        (b'{"id": 2, "user_input": "A c\xe4t"}', "unicode"),
        (b'{"user_input": "A cat"}', "id: Field required"),
        (b'{"id": 2}', "user_input: Field required"),
        (line_of(user_input=" \t "), "user_input: .*it is empty"),
        (line_of(user_input="x" * (MAX_TEXT + 1)), f"user_input: .*at most {MAX_TEXT}"),
        (line_of(id="1"), "the id '1' is that of line 1, too"),
        (line_of(user_input_image="../cat.png"), "'../cat.png' is outside the file's folder"),
        (line_of(user_input_image="/cat.png"), "outside the file's folder"),
        (line_of(user_input_image="way-out/cat.png"), "outside the file's folder"),
        (line_of(user_input_image="loop.png"), "loop"),
        (line_of(user_input_image="a\0b.png"), "null"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
def test_a_line_that_cannot_be_used_is_named_by_its_number_and_the_others_are_read(file: Path, bad: bytes, says: str) -> None:
    prompts, complaints = read(file, line_of(id=1), b"", b"  ", bad, line_of(id=5, user_input_image="cat.png", more=[]))
    first, last = Prompt(1, "1", "A cat"), Prompt(5, "5", "A cat", file.parent / "cat.png", "cat.png")
    assert prompts == [first, last]
    ((number, why),) = complaints
    assert number == 4
    assert re.search(says, why)


def test_a_file_may_begin_with_a_mark_and_end_its_lines_as_on_windows(file: Path) -> None:
    prompts, complaints = read(file, b"\xef\xbb\xbf" + line_of(id=1) + b"\r", b"\r", line_of(id="ü") + b"\r")
    assert [(prompt.line, prompt.id) for prompt in prompts] == [(1, "1"), (3, "ü")]
    assert complaints == []


# ---------------------------------------------------------------- ids


def test_a_prompts_story_has_the_same_id_in_every_run_wherever_the_file_lies() -> None:
    plain = Prompt(1, "p1", "A cat")
    pictured = Prompt(2, "p1", "A cat", Path("/here/cat.png"), "cat.png")
    assert [story_id_of(prompt, TERMS) for prompt in (plain, pictured)] == ["q37aaf3mv5sr", "g2lyd6e3v3af"]
    assert story_id_of(replace(plain, line=9), TERMS) == story_id_of(plain, TERMS)
    assert story_id_of(replace(pictured, image=Path("/there/cat.png")), TERMS) == story_id_of(pictured, TERMS)


def test_whatever_was_asked_otherwise_is_another_story() -> None:
    asked = PROMPTS[0]
    others = [(replace(asked, id="p9"), TERMS), (replace(asked, text="A hat"), TERMS), (replace(asked, image_name="a"), TERMS)]
    terms = [replace(TERMS, profile="klein"), replace(TERMS, seed=8), replace(TERMS, policy=Policy(max_attempts=4))]
    ids = [story_id_of(*other) for other in [(asked, TERMS), *others, *((asked, other) for other in terms)]]
    assert len(set(ids)) == 7


# ---------------------------------------------------------------- several profiles

MANY = [Prompt(line, f"p{line}", f"Story {line}") for line in range(1, 401)]


def tellers(prompts: list[Prompt], profiles: list[str], seed: int = 0) -> dict[str, str]:
    """Who tells each prompt, by the prompt's id."""
    return {prompt.id: name for name, dealt in deal(prompts, profiles, seed).items() for prompt in dealt}


def test_profiles_share_the_prompts_about_equally_and_each_prompt_has_one_teller() -> None:
    dealt = deal(MANY, ["klein", "qwen", "pocket"], 0)
    assert sorted(prompt.line for share in dealt.values() for prompt in share) == [prompt.line for prompt in MANY]
    assert all(100 < len(share) < 170 for share in dealt.values()), "133 each, give or take four standard deviations"
    assert all(share == sorted(share, key=lambda prompt: prompt.line) for share in dealt.values())
    assert deal(MANY, ["klein"], 3) == {"klein": MANY}


def test_who_tells_a_prompt_depends_on_no_other_prompt_no_shard_and_no_order() -> None:
    whole = tellers(MANY, ["klein", "qwen"])
    assert tellers(MANY[::-1], ["qwen", "klein"]) == whole
    parts = [tellers(Shard(number, 3).part(MANY), ["klein", "qwen"]) for number in (1, 2, 3)]
    assert {id: name for part in parts for id, name in part.items()} == whole
    assert tellers(MANY[7:30], ["klein", "qwen"]).items() <= whole.items()
    for part in (Shard(1, 2).part(MANY), Shard(2, 2).part(MANY)):  # a shard of a machine is no profile's
        assert {len(share) > 70 for share in deal(part, ["klein", "qwen"], 0).values()} == {True}
    assert tellers(MANY, ["klein", "qwen"], seed=1) != whole


def test_one_more_profile_takes_prompts_and_moves_none_between_the_others() -> None:
    before, after = tellers(MANY, ["klein", "qwen"]), tellers(MANY, ["klein", "qwen", "pocket"])
    assert {after[id] for id in before if after[id] != before[id]} == {"pocket"}


def test_a_share_is_told_once_every_story_of_it_rests_and_its_totals_are_its_own(store: Store) -> None:
    mine, others = Share(TERMS, PROMPTS), Share(replace(TERMS, profile="other"), PROMPTS[:1])
    finish(collection(store, Logged(), PROMPTS[:2]))
    assert (mine.told(store), Share(TERMS, PROMPTS[:2]).told(store), others.told(store)) == (False, True, False)
    finish(Collection(store, Logged(conduct=Conduct(failures=TERMS.policy.max_failures)).agents, others.prompts, others.terms))
    assert not others.told(store), "it is stuck, and has another chance"
    assert (mine.totals(store).stories, others.totals(store)) == (2, Totals(stories=1, failed=1))
    both = mine.totals(store) + others.totals(store)
    assert (both.stories, both.finished, both.failed, both.steps) == (3, 2, 1, 2)


# ---------------------------------------------------------------- the telling


def test_every_prompt_becomes_a_whole_story_and_only_so_many_are_told_at_once(store: Store) -> None:
    by = Logged(steps=2)
    collecting = collection(store, by, in_flight=2)
    told, at_once = list[Notice | StoryCard](), list[int]()
    for what in collecting.tell(print):
        told.append(what)
        at_once.append(len(store.unfinished()))
    assert max(at_once) == 2
    assert sorted(card.id for card in cards(told)) == sorted(story_id_of(prompt, TERMS) for prompt in PROMPTS)
    assert {(card.status, card.owner, card.profile, card.steps) for card in cards(told)} == {("done", "collect", "pocket", 2)}
    assert collecting.calls == Calls(by.count("draw"), by.count("judge"))
    requests = [store.open_story(story_id_of(prompt, TERMS)).trajectory.request for prompt in PROMPTS]
    assert [request and request.text for request in requests] == ["A cat", "A dog", "A kite"]
    assert len({request and request.seed for request in requests}) == 3
    assert all(store.audit(story_id).faults == () for story_id in store.ids())


def test_totals_are_what_the_facts_say_of_these_prompts_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "CARDS_AT_ONCE", 1)
    collecting = collection(store, Logged(steps=2), PROMPTS[:2])
    assert collecting.totals() == Totals()
    finish(collecting)
    totals = collecting.totals()
    finish(collection(store, Logged(), PROMPTS[2:]))
    assert collecting.totals() == totals
    events = [event for story in facts(store, PROMPTS[:2]) for event in story]
    drawn = sum(event["kind"] == "drawn" for event in events)
    accepted = sum(event["kind"] == "settled" and event["why"] == "accepted" for event in events)
    assert totals == Totals(stories=2, finished=2, failed=0, steps=4, attempts=drawn, accepted=accepted)
    assert 0 < accepted < 4 < drawn, "otherwise the counts could be mixed up unseen"


def test_a_second_run_asks_no_model_and_adds_no_fact(store: Store) -> None:
    finish(collection(store, Logged()))
    before, again = facts(store), Logged()
    with reopened(store) as later:
        collecting = collection(later, again)
        seen, complaints = finish(collecting)
        assert seen == cards(seen)
        assert (len(seen), complaints, again.log, collecting.calls) == (3, [], [], Calls())
        assert facts(later) == before


def test_cut_at_any_point_the_next_run_ends_the_same_and_repeats_only_what_was_in_flight(tmp_path: Path) -> None:
    prompts, conduct = PROMPTS[:2], Conduct(deltas=1)
    uncut = Logged(conduct=conduct)
    with Store(tmp_path / "whole") as store:
        seen, _ = finish(collection(store, uncut, prompts))
        whole = facts(store, prompts)
    assert len(seen) > 20
    lost = list[int]()
    for cut in range(0, len(seen), 4):  # not 3: a drawing has three notices, and each of them must come up
        first, second = Logged(conduct=conduct), Logged(conduct=conduct)
        with Store(tmp_path / f"{cut}") as store:
            with closing(collection(store, first, prompts).tell(print)) as telling:
                assert len(list(islice(telling, cut))) == cut
            in_flight = first.log[recorded(store) :]
            with reopened(store) as later:
                finish(collection(later, second, prompts))
                assert facts(later, prompts) == whole
        assert sorted(first.log + second.log) == sorted(uncut.log + in_flight), cut
        lost.append(len(in_flight))
    assert 0 in lost
    assert 1 in lost
    assert max(lost) <= len(prompts)


def recorded(store: Store) -> int:
    """How many of the models' answers are kept."""
    events = (event for story_id in store.ids() for event in store.events(story_id))
    return sum(event.by.partition(":")[0] in ("planner", "painter", "critic") for event in events)


def test_a_stuck_story_gets_another_chance_in_the_next_run_and_keeps_what_it_had(store: Store) -> None:
    failing = collection(store, Logged(conduct=Conduct(failures=TERMS.policy.max_failures)), PROMPTS[:1])
    assert [card.status for card in cards(finish(failing)[0])] == ["stuck"]
    assert failing.totals() == Totals(stories=1, failed=1)
    before = facts(store, PROMPTS[:1])[0]
    with reopened(store) as later:
        working = collection(later, Logged(), PROMPTS[:1])
        assert [card.status for card in cards(finish(working)[0])] == ["done"]
        after = facts(later, PROMPTS[:1])[0]
        assert (after[: len(before)], after[len(before)]["kind"]) == (before, "resumed")
        assert (working.totals().finished, working.totals().failed) == (1, 0)


def test_a_story_that_a_person_deleted_is_left_out_and_stays_deleted(store: Store) -> None:
    finish(collection(store, Logged(), PROMPTS[:1]))
    store.delete(story_id_of(PROMPTS[0], TERMS))
    with reopened(store) as later:
        collecting = collection(later, Logged())
        seen, complaints = finish(collecting)
        assert complaints == [(1, "its story was deleted in the studio")]
        assert len(cards(seen)) == collecting.totals().stories == len(later.page().cards) == 2


# ---------------------------------------------------------------- pictures


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with one picture, and one file that is none."""
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    (tmp_path / "text.png").write_text("no picture")
    return tmp_path


def test_a_story_goes_on_from_the_prompts_picture(store: Store, pictures: Path) -> None:
    prompt = Prompt(1, "p1", "A cat", pictures / "red.png", "red.png")
    by = Logged()
    finish(collection(store, by, [prompt]))
    t = store.open_story(story_id_of(prompt, TERMS)).trajectory
    assert t.request
    assert [store.images.load(ref).getpixel((0, 0)) for ref in t.request.images] == [(255, 0, 0)]
    assert {tried.attempt.source for tried in t.tries} == set(t.request.images)


@pytest.mark.parametrize(
    ("name", "says"), [("gone.png", "cannot be read"), ("text.png", "not a picture"), (".", "cannot be read")]
)
def test_a_prompt_whose_picture_is_no_use_is_left_out_and_the_others_are_told(
    store: Store, pictures: Path, name: str, says: str
) -> None:
    pictured = Prompt(4, "p4", "A cat", pictures / name, name)
    collecting = collection(store, Logged(), [pictured, *PROMPTS[:2]], in_flight=1)
    seen, ((line, why),) = finish(collecting)
    assert line == 4
    assert says in why
    assert [card.status for card in cards(seen)] == ["done", "done"]
    assert collecting.totals().stories == 2
