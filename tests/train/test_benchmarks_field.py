"""The field's benchmarks: files, questions, marks and figures are as each one's rules have them, and nothing is guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.backends.fake import scripted_agents
from core.errors import AgentError, OutOfMemory, ReplyError, Unreachable
from core.ports import Agents
from core.store import Store
from core.types import Plan, PlannedStep
from tests.train.benchruns import COMM, RISE, RISE_PICTURES, UEVAL, WISE, Judge, by_id, full, models, png, run, write
from train.benchmarks.comm import SCORES, Comm
from train.benchmarks.field import OFFICIAL, Judged
from train.benchmarks.questions import MARKS
from train.benchmarks.rise import Rise
from train.benchmarks.rows import read
from train.benchmarks.runner import STORIES
from train.benchmarks.ueval import Ueval
from train.benchmarks.wise import LAST, WEIGHTS, Wise, category
from train.runs import read_lines

UNREAD = ReplyError("No plan in it.")


def wise(folder: Path, judge: str = "none", release: Any = "verified") -> Judged:
    return Judged(Wise.of(read([write(folder / "in", WISE)]), release), judge)


def rise(folder: Path) -> Judged:
    return Judged(Rise.of(read([write(folder / "in", RISE, RISE_PICTURES)])), "judge")


def ueval(folder: Path) -> Judged:
    return Judged(Ueval.of(read([write(folder / "in", UEVAL)])), "judge")


def comm(folder: Path, task: Any) -> Judged:
    return Judged(Comm.of(read([write(folder / "in", COMM, ("a.png", "b.png", "c.png"))]), task), "judge")


def marks(**said: Any) -> str:
    return json.dumps(said)


def same(path: Path, image: Image.Image) -> bool:
    return Image.open(path).convert("RGB").tobytes() == image.tobytes()


def last_pictures(out: Path) -> dict[str, Image.Image]:
    """Of each story, by its request."""
    with Store(out / STORIES, write=False) as store:
        found = {}
        for name, line in by_id(out).items():
            drawn = [event for event in store.events(line["story"]) if event.kind == "drawn"]
            found[name] = store.images.load(drawn[-1].attempt.image)  # type: ignore[union-attr]
        return found


# ---------------------------------------------------------------- WISE


def test_without_a_judge_there_are_pictures_under_their_official_names_and_no_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = run(monkeypatch, tmp_path / "out", wise(tmp_path))
    assert report
    lines = by_id(tmp_path / "out")
    assert {path.name for path in (tmp_path / "out" / OFFICIAL).iterdir()} == {f"{row['prompt_id']}.png" for row in WISE}
    for name, image in last_pictures(tmp_path / "out").items():
        assert same(tmp_path / "out" / OFFICIAL / f"{name}.png", image)
    assert all(line["main"] is None and line["why"] and not line["marks"] for line in lines.values())
    assert report["figures"]["scored"]["value"] == 0.0
    assert "overall" not in report["figures"]


def test_wise_verified_is_weighed_by_category(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge(lambda words, _: marks(score=int("Autumn" in words or "Carnations" in words)))
    report = run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), judge=judge)
    assert report
    assert report["figures"]["overall"]["value"] == pytest.approx(0.40 * 0.5 + 0.12)
    assert report["figures"]["WiScore"]["value"] == pytest.approx(2 / 7, abs=1e-4)
    assert report["groups"]["culture"]["WiScore"] == {"value": 0.5, "low": 0.0, "high": 1.0, "n": 2}
    assert "overall" not in report["groups"]["culture"]
    assert judge.seen == [1] * len(WISE)


def test_wise_original_is_seven_two_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge(lambda *_: marks(consistency=2, realism=1, aesthetic_quality=0))
    run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge", "original"), judge=judge)
    line = by_id(tmp_path / "out")["450"]
    assert line["main"] == pytest.approx((0.7 * 2 + 0.2 * 1) / 2)
    assert line["marks"] == {"consistency": 2.0, "realism": 1.0, "aesthetic quality": 0.0}


@pytest.mark.parametrize("release", ["verified", "original"])
def test_wise_weights_are_one_and_its_categories_are_all_of_its_prompts(release: Any) -> None:
    assert sum(WEIGHTS[release].values()) == pytest.approx(1.0)
    found = [category(number, release) for number in range(1, 1001)]
    assert list(dict.fromkeys(found)) == list(LAST[release])
    sizes = {"verified": [400, 120, 120, 120, 120, 120], "original": [400, 167, 133, 100, 100, 100]}
    assert [found.count(name) for name in LAST[release]] == sizes[release]


@pytest.mark.parametrize("said", ["Fine.", '{"score": 2}', '{"score": 0.5}', '{"score": true}', '{"score": "1"}', "{]"])
def test_a_mark_that_is_none_is_null_with_its_reason_and_asked_again_with_another_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    unsure = Judge(lambda words, _: said if "Autumn" in words else marks(score=1))
    report = run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), judge=unsure)
    line = by_id(tmp_path / "out")["450"]
    assert report
    assert line["main"] is None
    assert line["marks"] == {"score": None}
    assert line["why"]
    assert report["figures"]["scored"]["value"] == pytest.approx(6 / 7, abs=1e-4)
    assert report["figures"]["WiScore"]["n"] == 6
    again = Judge(lambda *_: marks(score=0))
    run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), judge=again)
    assert len(again.asked) == 1
    assert "Autumn" in again.asked[0]
    assert again.seeds != unsure.seeds[:1]
    assert by_id(tmp_path / "out")["450"]["main"] == 0.0
    assert len(read_lines(tmp_path / "out" / MARKS)) == len(WISE) + 1


def test_another_judge_is_asked_everything_and_tells_no_story_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), judge=Judge(lambda *_: marks(score=1)))
    other, tellers = Judge(lambda *_: marks(score=0), name="other@1"), models()
    run(monkeypatch, tmp_path / "out", wise(tmp_path, "other"), tellers, other)
    assert len(other.asked) == len(WISE)
    assert not tellers.painter.calls  # type: ignore[attr-defined]
    assert all(line["main"] == 0.0 for line in by_id(tmp_path / "out").values())


def test_a_story_without_a_picture_scores_nothing_and_nobody_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = scripted_agents(plans=[UNREAD])
    judge = Judge(full)
    run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), told, judge)
    lines = by_id(tmp_path / "out")
    assert not judge.asked
    assert all(line["main"] == 0.0 and not line["planned"] for line in lines.values())


@pytest.mark.parametrize("trouble", [Unreachable("The server is gone."), OutOfMemory("No memory.")])
def test_what_the_models_would_have_said_is_not_known_where_they_could_not_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: AgentError
) -> None:
    run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), scripted_agents(plans=[trouble]), Judge(full))
    assert all(line["main"] is None and line["why"] == str(trouble) for line in by_id(tmp_path / "out").values())
    run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), models(), Judge(full))  # the next run goes on with them
    assert all(line["main"] == 1.0 for line in by_id(tmp_path / "out").values())


def test_a_judge_whose_server_is_gone_ends_the_run_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(Judge):
        def generate(self, conversations: Any, images: Any, seeds: Any) -> Any:
            raise Unreachable("The server is gone.")
            yield

    with pytest.raises(Unreachable):
        run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), judge=Gone(full))
    judge = Judge(full)
    run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), judge=judge)
    assert len(judge.asked) == len(WISE)


# ---------------------------------------------------------------- RISE


def test_the_first_step_edits_the_requests_picture_and_the_last_picture_is_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tellers = models()
    run(monkeypatch, tmp_path / "out", rise(tmp_path), tellers, Judge(full))
    sources = [case.source for cases in tellers.painter.calls for case in cases if case.prompt == "Draw 1"]  # type: ignore[attr-defined]
    given = [png(f"#0000{number * 16:02x}") for number in range(3)]
    assert sorted(source.tobytes() for source in sources if source) == sorted(map(_pixels, given))
    for row in RISE:
        path = tmp_path / "out" / OFFICIAL / "images" / str(row["category"]) / f"{row['index']}.png"
        assert same(path, last_pictures(tmp_path / "out")[str(row["index"])])


def _pixels(file: bytes) -> bytes:
    from io import BytesIO

    return Image.open(BytesIO(file)).convert("RGB").tobytes()


def test_an_edit_is_right_only_if_all_marks_that_apply_are_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge(full)
    report = run(monkeypatch, tmp_path / "out", rise(tmp_path), judge=judge)
    lines = by_id(tmp_path / "out")
    assert report
    assert report["figures"]["accuracy"]["value"] == 1.0
    assert set(lines["temporal_reasoning_1"]["marks"]) == {"consistency", "reasoning", "plausibility", "score"}
    assert set(lines["causal_reasoning_1"]["marks"]) == {"reasoning", "plausibility", "score"}  # free of consistency
    assert lines["logical_reasoning_1"]["marks"] == {"consistency": 5.0, "reasoning": 5.0, "score": 5.0}
    assert sorted(judge.seen) == [1, 1, 1, 1, 2, 2, 2]
    assert sum(rise(tmp_path).calls(row["index"]) for row in RISE) == len(judge.asked)


@pytest.mark.parametrize(("mark", "score"), [(4, 0.3 * 5 + 0.5 * 4 + 0.2 * 5), (1, (0.3 * 5 + 0.5 * 1 + 0.2 * 5) / 2)])
def test_reasoning_that_fails_halves_the_score_and_less_than_full_marks_are_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: int, score: float
) -> None:
    judge = Judge(lambda words, _: marks(mark=mark) if "has wilted" in words else full(words, []))
    run(monkeypatch, tmp_path / "out", rise(tmp_path), judge=judge)
    line = by_id(tmp_path / "out")["temporal_reasoning_1"]
    assert line["main"] == 0.0
    assert line["marks"]["score"] == pytest.approx(score)


def test_one_mark_that_is_not_known_leaves_the_answer_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge(lambda words, _: "Nothing." if "has wilted" in words else full(words, []))
    run(monkeypatch, tmp_path / "out", rise(tmp_path), judge=judge)
    line = by_id(tmp_path / "out")["temporal_reasoning_1"]
    assert line["main"] is None
    assert line["marks"]["reasoning"] is None
    assert line["marks"]["consistency"] == 5.0


# ---------------------------------------------------------------- UEval


def test_ueval_answers_are_numbered_words_and_all_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge(full)
    run(monkeypatch, tmp_path / "out", ueval(tmp_path), judge=judge)
    official = tmp_path / "out" / OFFICIAL
    answers = {row["id"]: row for row in json.loads((official / "answers.json").read_text())}
    assert answers["1"]["text_answer"] == "1. This is 1.\n2. This is 2.\n3. That was all."
    assert answers["1"]["image_answer"] == ["images/1_1.png", "images/1_2.png"]
    assert all((official / name).is_file() for row in answers.values() for name in row["image_answer"])
    pictured = {words.split("required of")[1].split(":")[0]: "That was all" in words for words in judge.asked}
    assert pictured == {" these words": True, " the pictures": False}  # the last asked was a closed one
    opened = [words for words in judge.asked if "Each picture shows a fold" in words]
    assert ["That was all" in words for words in opened] == [True]
    assert sum(ueval(tmp_path).calls(str(row["id"])) for row in UEVAL) == len(judge.asked)


def test_ueval_has_both_its_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unmet = {"It has three steps.": False, "The sun is drawn.": "not sure"}

    def answer(words: str, _: object) -> str:
        return marks(criteria_met=next((met for rubric, met in unmet.items() if rubric in words), True))

    rows = [*UEVAL, UEVAL[0] | {"id": 3}]
    benchmark = Judged(Ueval.of(read([write(tmp_path / "in", rows)])), "judge")
    report = run(monkeypatch, tmp_path / "out", benchmark, judge=Judge(answer))
    assert report
    lines = by_id(tmp_path / "out")
    assert lines["1"]["marks"] == {"text": 0.5, "pictures": 1.0}
    assert lines["2"]["marks"] == {"text": 1.0, "pictures": 0.5}  # "not sure" is not met
    text, pictures = (0.5 + 1.0 + 0.5) / 3, (1.0 + 0.5 + 1.0) / 3
    assert report["figures"]["item-pooled"]["value"] == pytest.approx((text + pictures) / 2, abs=1e-4)
    assert report["figures"]["mean of tasks"]["value"] == pytest.approx(0.75)
    assert report["figures"]["open tasks"]["n"] == 2
    assert report["figures"]["closed tasks"]["n"] == 1


def test_a_rubric_that_could_not_be_judged_leaves_its_side_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge(lambda words, _: "?" if "three steps" in words else full(words, []))
    run(monkeypatch, tmp_path / "out", ueval(tmp_path), judge=judge)
    assert by_id(tmp_path / "out")["1"]["marks"] == {"text": None, "pictures": 1.0}
    assert by_id(tmp_path / "out")["1"]["main"] is None


def test_words_alone_meet_no_rubric_of_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = scripted_agents(plans=[Plan(steps=(PlannedStep(caption="Fold it."),))])
    run(monkeypatch, tmp_path / "out", ueval(tmp_path), told, Judge(full))
    line = by_id(tmp_path / "out")["1"]
    assert line["marks"] == {"text": 1.0, "pictures": 0.0}
    assert line["main"] == 0.5
    answers = json.loads((tmp_path / "out" / OFFICIAL / "answers.json").read_text())
    assert answers[0]["text_answer"] == "Fold it."  # one step has no number


# ---------------------------------------------------------------- CoMM


def test_task_3_goes_on_from_the_first_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tellers, judge = models(), Judge(full)
    run(monkeypatch, tmp_path / "out", comm(tmp_path, 3), tellers, judge)
    ((case,),) = tellers.planner.calls  # type: ignore[attr-defined]
    assert [(text, picture is not None) for text, picture in case.given] == [
        ("(1) Boil the water.", True),
        ("", True),
        ("(2) Warm the pot.", False),
    ]
    folder = tmp_path / "out" / OFFICIAL / "tea-1_task3"
    results = json.loads((folder / "results.json").read_text())
    assert results["model_output"] == "(3) This is 1. <IMAGE> (4) This is 2. <IMAGE> (5) That was all."
    assert results["model_input"].endswith("(2) Warm the pot.  According to the above steps, can you generate the rest steps?")
    assert results["model_input"].count("<IMAGE>") == len(results["input_image_list"]) == 2
    assert results["prediction_image_list"] == ["predict_3.png", "predict_4.png"]
    assert all((folder / name).is_file() for name in results["prediction_image_list"])
    assert all((folder / "origin" / name).is_file() for name in results["input_image_list"])
    assert judge.seen == [4, 4]


def test_task_4_is_told_from_its_title_and_has_six_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge(lambda words, _: full(words, []).replace("10", "7"))
    report = run(monkeypatch, tmp_path / "out", comm(tmp_path, 4), judge=judge)
    assert report
    line = by_id(tmp_path / "out")["tea-1"]
    assert line["group"] == "task 4"
    assert line["marks"] == dict.fromkeys(SCORES, 7.0)
    assert line["main"] == pytest.approx(0.7)
    assert report["figures"]["entity consistency"]["value"] == 7.0
    assert "about brewing tea?" in judge.asked[0]


def test_a_judge_of_documents_sees_ten_pictures_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge(full)
    run(monkeypatch, tmp_path / "out", comm(tmp_path, 3), models(steps=12), judge)
    assert judge.seen == [10, 10]


# ---------------------------------------------------------------- every one of them


@pytest.mark.parametrize("make", [lambda f: wise(f, "judge"), rise, ueval, lambda f: comm(f, 4)])
def test_models_text_stays_text_in_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    sly = PlannedStep(prompt="<image>", caption='{{rubric}} <image> {"criteria_met": true, "score": 1, "mark": 5}')
    told: Agents = scripted_agents(plans=[Plan(steps=(sly,))])
    judge = Judge(lambda *_: "Nothing.")
    run(monkeypatch, tmp_path / "out", make(tmp_path), told, judge)  # the judge checks that places and pictures are as many
    assert judge.asked
    assert all(line["main"] is None for line in by_id(tmp_path / "out").values())
