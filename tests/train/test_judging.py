"""Every attempt is scored once by each judge; what can't be scored has no score and a reason; nothing in a story changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from core.backends.vlm import Reply
from core.errors import AgentError, ProfileError, ReplyError, StoreError, Unreachable
from core.pictures import PROGRAM
from core.ports import JudgeCase, Score
from core.store import Store
from tests.core.backends.service import Service, hang, serving, status, streamed, whole
from tests.core.backends.streams import drain
from tests.train.schooling import Seer, fill, one_story, read
from train.cli import app
from train.judging import KEY_ENV, REPLY_TOKENS, PocketExact, VlmJudge, judge_named, question, score_all
from train.scores import ScoreLine, Scores


def picture(program: str | None) -> Image.Image:
    image = Image.new("RGB", (64, 64))
    image.info = {PROGRAM: program} if program else {}
    return image


def exact(prompt: str, before: str | None, after: str | None) -> Score | AgentError:
    case = JudgeCase(picture(before) if before else None, picture(after), prompt, prompt, 0)
    stream = PocketExact().score([case])
    with pytest.raises(StopIteration) as done:
        next(stream)
    return done.value.value[0]


BEACH = "beach 2 day clear; left: one medium orange cat"
BALLOON = "beach 2 day clear; top right: one big red balloon; left: one medium orange cat"
ASKED = "Add one big red balloon at the top right."

# ---------------------------------------------------------------- the exact judge


def test_a_picture_that_does_all_that_was_asked_and_no_more_has_ten() -> None:
    assert exact(ASKED, BEACH, BALLOON) == Score(10.0, 10.0)


@pytest.mark.parametrize(
    ("after", "semantics"),
    [
        (BALLOON.replace("red", "blue"), 8.0),  # one of five demands
        (BEACH, 0.0),  # nothing of it
        (BALLOON.replace("orange", "white"), 7.5),  # one thing that should have stayed
        (BALLOON.replace("beach 2 day", "beach 2 night").replace("orange", "white"), 5.0),
    ],
)
def test_each_fault_costs_marks_and_the_lesser_mark_counts(after: str, semantics: float) -> None:
    assert exact(ASKED, BEACH, after) == Score(semantics, 10.0)


@pytest.mark.parametrize(
    ("prompt", "before", "after"), [(ASKED, BEACH, None), (ASKED, "no scene", BALLOON), ("Be good.", BEACH, BALLOON)]
)
def test_what_the_exact_judge_cannot_read_has_no_score_but_a_reason(prompt: str, before: str, after: str | None) -> None:
    assert isinstance(exact(prompt, before, after), AgentError)


# ---------------------------------------------------------------- a model as the judge


class Answering:
    """A model that answers with these texts in turn, whole or cut off."""

    name = "model@1"

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.images: list[int] = []

    def generate(self, conversations, images, seeds):  # type: ignore[no-untyped-def]
        self.images += map(len, images)
        return [Reply(self.texts.pop(0), (1,), True, (1,), (None,)) for _ in seeds]
        yield


def marked(edit: str, alone: str) -> Score | AgentError:
    model = Answering(edit, alone)
    stream = VlmJudge(model).score([JudgeCase(None, picture(None), "Draw a cat", "Draw a cat", 0)])  # type: ignore[arg-type]
    with pytest.raises(StopIteration) as done:
        next(stream)
    assert model.images == [2, 1], "the edit is seen before and after, the picture alone"
    return done.value.value[0]


def test_a_models_marks_are_the_lesser_of_each_two() -> None:
    edit, alone = '{"edit_success": 9, "over_editing": 6.5}', 'Fine {so far}. {"naturalness": 3, "artefacts": 8}'
    assert marked(f"It is there. {edit}", alone) == Score(6.5, 3.0)


@pytest.mark.parametrize(
    "edit",
    [
        "Very good!",
        '{"edit_success": 11, "over_editing": 5}',
        '{"edit_success": "9", "over_editing": 5}',
        '{"edit_success": 9}',
        "{]",
    ],
)
def test_marks_that_cannot_be_read_are_no_score(edit: str) -> None:
    made = marked(edit, '{"naturalness": 3, "artefacts": 8}')
    assert isinstance(made, ReplyError)


def test_the_questions_show_two_pictures_and_one_and_say_what_was_asked() -> None:
    edit, alone = (
        [part for message in question(name, "Draw a cat") for part in message["content"]] for name in ("edit", "picture")
    )
    assert [part["type"] for part in edit].count("image") == 2
    assert [part["type"] for part in alone].count("image") == 1
    assert any("Draw a cat" in part.get("text", "") for part in edit)
    assert not any("{{" in part.get("text", "") for part in (*edit, *alone))


# ---------------------------------------------------------------- a data folder


def all_scored(store: Store, judge: Seer, again: bool = False) -> list[bool]:
    """Whether each attempt that was come to was new."""
    scores = Scores(store.database.folder, judge.name)
    return [one.new for one in score_all(store, scores, judge, again)]


def test_every_attempt_is_scored_once_and_a_second_run_asks_nobody(store: Store) -> None:
    fill(store, 3)
    facts = [store.events(story_id) for story_id in store.ids()]
    judge = Seer()
    assert all(all_scored(store, judge))
    assert judge.asked == sum(len(story.cases) for story in read(store))
    assert not any(all_scored(store, judge))
    assert judge.asked == sum(len(story.cases) for story in read(store))
    assert [store.events(story_id) for story_id in store.ids()] == facts


def test_a_branch_has_the_scores_of_its_trunk(store: Store) -> None:
    story = one_story(store, 1)
    all_scored(store, Seer())
    store.branch(story.id, "person:bob")
    assert not any(all_scored(store, Seer()))


def test_stopped_anywhere_the_next_run_scores_only_the_rest(store: Store) -> None:
    fill(store, 4)
    total = len([case for story in read(store) for case in story.cases])
    first, second = Seer(), Seer()
    stream = score_all(store, Scores(store.database.folder), first)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert 0 < first.asked < total
    all_scored(store, second)
    assert first.asked + second.asked == total


def test_a_failure_is_kept_with_its_reason_and_asked_again_only_if_told(store: Store) -> None:
    one_story(store, 1)
    failing = Seer(lambda case: AgentError("I am blind."))  # type: ignore[arg-type,return-value]
    all_scored(store, failing)
    scores = Scores(store.database.folder)
    lines = [scores.find(case.digest) for story in read(store) for case in story.cases]
    assert {(line.score, line.why) for line in lines if line} == {(None, "I am blind.")}
    assert not any(all_scored(store, Seer()))
    assert all(all_scored(store, Seer(), again=True))
    again = Scores(store.database.folder)
    assert all((line := again.find(case.digest)) and line.score for story in read(store) for case in story.cases)


def test_a_failure_never_takes_the_place_of_a_score(store: Store) -> None:
    one_story(store, 1)
    all_scored(store, Seer())
    failing = Seer(lambda case: AgentError("I am blind."))  # type: ignore[arg-type,return-value]
    failing.name = "blind@1"
    all_scored(store, failing)
    scores = Scores(store.database.folder)
    assert scores.judges == {"seer@1"}
    assert all((line := scores.find(case.digest)) and line.score for story in read(store) for case in story.cases)


def test_a_line_that_a_killed_process_left_half_written_is_written_over(store: Store) -> None:
    one_story(store, 1)
    all_scored(store, Seer())
    path = store.database.folder / "scores.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"case": "ab')
    scores = Scores(store.database.folder)
    line = ScoreLine.model_validate_json(whole.splitlines()[0]).model_copy(update={"semantics": 1.0})
    scores.add([line])
    assert path.read_bytes() == whole + line.model_dump_json().encode() + b"\n"
    found = Scores(store.database.folder).find(line.case)
    assert found
    assert found.semantics == 1.0


def test_scores_that_cannot_be_written_are_a_sentence(tmp_path: Path) -> None:
    scores = Scores(tmp_path / "gone")
    with pytest.raises(StoreError, match="cannot be written"):
        scores.add([ScoreLine(case="a" * 64, judge="j", story="s", attempt={"step": "s1", "revision": 0, "number": 0})])  # type: ignore[arg-type]


def test_the_command_says_what_it_did_in_one_line_of_json(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        fill(store, 2)
        attempts = sum(len(story.cases) for story in read(store))
    first = CliRunner().invoke(app, ["score", "--data", str(tmp_path), "--judge", "pocket-exact", "--limit", "2"])
    rest = CliRunner().invoke(app, ["score", "--data", str(tmp_path), "--judge", "pocket-exact"])
    assert (first.exit_code, rest.exit_code) == (0, 0)
    said = json.loads(rest.stdout.splitlines()[-1])
    assert (said["attempts"], said["scored"], said["semantics"]) == (attempts, 0, None), "tiles are no scenes"
    assert said["failed"] + said["known"] == attempts
    wrong = CliRunner().invoke(app, ["score", "--data", str(tmp_path), "--judge", "nobody"])
    assert (wrong.exit_code, wrong.stdout) == (1, "")


# ---------------------------------------------------------------- a model on a server

EDIT, ALONE = '{"edit_success": 9, "over_editing": 6}', 'Nice. {"naturalness": 3, "artefacts": 8}'


def marks(asking) -> None:  # type: ignore[no-untyped-def]
    """Marks for the edit where two pictures are shown, and for the picture alone."""
    kinds = [part["type"] for message in asking.body["messages"] for part in message["content"]]
    (streamed(EDIT[:9], EDIT[9:]) if kinds.count("image_url") == 2 else whole(ALONE))(asking)


def on(service: Service) -> str:
    return f"openai:{service.url}#some/judge"


def test_a_judge_on_a_server_is_asked_our_own_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, "s3cret")
    with serving(marks) as service:
        judge = judge_named(on(service))
        cases = [JudgeCase(None, picture(None), f"Draw cat {number}", "", number) for number in range(3)]
        scores = drain(judge.score(cases))[1]
    assert scores == [Score(6.0, 3.0)] * 3
    assert judge.name == "some/judge@remote"
    assert {body["max_completion_tokens"] for body in service.bodies} == {REPLY_TOKENS}
    assert {headers["Authorization"] for headers in service.headers} == {"Bearer s3cret"}
    texts = [part.get("text", "") for body in service.bodies for part in body["messages"][-1]["content"]]
    ours = [
        part["text"] for name in ("edit", "picture") for part in question(name, "Draw cat 1")[-1]["content"] if "text" in part
    ]
    assert set(ours) <= set(texts)


def test_a_judge_may_be_a_profiles_critic_on_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "other")
    profile = Path("assets/profiles/pocket.toml").read_text()
    with serving(marks) as service:
        old = 'model = "../pocket/critic"'
        assert old in profile
        (tmp_path / "mine.toml").write_text(profile.replace(old, f'model = "{on(service)}"\nkey_env = "MY_KEY"'))
        [score] = drain(judge_named(str(tmp_path / "mine.toml")).score([JudgeCase(None, picture(None), "A cat", "", 0)]))[1]
    assert score == Score(6.0, 3.0)
    assert service.headers[0]["Authorization"] == "Bearer other"


@pytest.mark.parametrize("name", ["openai:http://me:s3cret@gpu/v1#m", "openai:http://gpu/v1", "openai:nothing#m"])
def test_an_address_that_names_no_judge_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(ProfileError, match="This is no judge: ") as refused:
        judge_named(name)
    assert "s3cret" not in str(refused.value)


def test_a_failed_or_unreadable_reply_is_no_score_but_a_reason(store: Store) -> None:
    one_story(store, 1)
    for answer, why in ((whole("Very good!"), "no marks"), (status(400, "too long"), "says 400: too long")):
        with serving(answer) as service:
            judge = judge_named(on(service))
            list(score_all(store, Scores(store.database.folder, judge.name), judge, again=True))
        scores = Scores(store.database.folder, judge.name)
        lines = [scores.find(case.digest) for story in read(store) for case in story.cases]
        assert lines
        assert all(line and line.score is None for line in lines)
        newest = ScoreLine.model_validate_json((store.database.folder / "scores.jsonl").read_bytes().splitlines()[-1])
        assert why in newest.why


def test_a_server_that_is_gone_ends_the_run_and_leaves_the_attempts_unscored(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        fill(store, 1)
    with serving(status(401, "who are you")) as service:
        done = CliRunner().invoke(app, ["score", "--data", str(tmp_path), "--judge", on(service)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "says 401: who are you" in done.stderr
    assert len(Scores(tmp_path)) == 0
    with serving(marks) as service:
        done = CliRunner().invoke(app, ["score", "--data", str(tmp_path), "--judge", on(service)])
    said = json.loads(done.stdout.splitlines()[-1])
    assert (done.exit_code, said["failed"], said["judge"]) == (0, 0, "some/judge@remote")
    assert (said["semantics"], said["quality"], said["scored"] > 0) == (6.0, 3.0, True)


def test_a_call_that_is_closed_leaves_no_score(store: Store) -> None:
    one_story(store, 1)
    with serving(hang) as service:
        stream = judge_named(on(service)).score([JudgeCase(None, picture(None), "A cat", "", 0)])
        stream.close()
        with pytest.raises(StopIteration):
            next(stream)
    assert service.bodies == [], "a call begins with the first look at it"
    assert Unreachable.code == "unreachable"
