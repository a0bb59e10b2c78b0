"""Stories go through the door as files, and can be drawn again from nothing but the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core import casting
from core.backends.fake import scripted_agents, tiles
from core.casting import build_agents
from core.commands import Open, SetNotes
from core.errors import AgentError, ProfileError
from core.images import ImageStore
from core.policy import Draw
from core.ports import Agents, DrawCase
from core.profiles import load_profile
from core.scheduler import Began
from core.scheduler import run as tell_on
from core.store import Store
from core.storyfile import export_story, open_story_file
from core.types import Notes, Policy, Request
from tests.core.storyfile.boxes import box, parts, told_again
from tests.core.telling import ASKED, agents, tell
from tests.core.test_images import encoded, picture
from train.cli import app
from train.doctor import examine
from train.replay import profile_of, replay

STORY = "catsballoon1"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a finished story that was told by scripted agents, on an upload."""
    with Store(tmp_path / "data") as store:
        upload = store.images.import_upload(encoded(picture()))
        request = ASKED.request.model_copy(update={"images": (upload,)})
        story = store.create(ASKED.model_copy(update={"request": request, "profile": "pocket"}), story_id=STORY)
        tell(story, store.images)
        export_story(store, STORY, tmp_path / "cat.story.zip")
    return tmp_path / "cat.story.zip"


@pytest.fixture
def cast(monkeypatch: pytest.MonkeyPatch) -> list[Agents]:
    """The agents that a run gets instead of the profile's models."""
    waiting = [agents()]
    monkeypatch.setattr(casting, "build_agents", lambda profile: waiting[-1])
    return waiting


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["story", *map(str, words)], env={"COLUMNS": "200"})


def drawn_again(file: Path, painter: Agents, folder: Path) -> list[str]:
    """What is said of each picture, in order."""
    with open_story_file(file) as told:
        return [redrawn.why for redrawn in replay(told, painter, ImageStore(folder))]


# ---------------------------------------------------------------- out and in


def test_a_story_goes_out_of_one_folder_and_into_another(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "again.story.zip"
    done = run("export", STORY, "--data", tmp_path / "data", "--out", out)
    assert done.exit_code == 0
    assert done.stdout.startswith("again.story.zip: ")
    assert out.read_bytes() == file.read_bytes()
    taken = run("import", out, "--data", tmp_path / "other", "--owner", "bob")
    assert taken.exit_code == 0
    with Store(tmp_path / "other") as store:
        assert [taken.stdout.strip()] == store.ids()
        assert store.card(store.ids()[0]).owner == "bob"
    assert examine(tmp_path / "other").faults == ()


def test_a_story_goes_out_while_another_process_has_the_folder_and_comes_in_when_none_has(file: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "data"):
        assert run("export", STORY, "--data", tmp_path / "data", "--out", tmp_path / "b.zip").exit_code == 0
        refused = run("import", file, "--data", tmp_path / "data")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "has this data folder open" in refused.stderr


@pytest.mark.parametrize("command", ["import", "replay"])
def test_a_file_that_is_not_right_is_refused_in_one_sentence(
    tmp_path: Path, file: Path, cast: list[Agents], command: str
) -> None:
    bad = box(tmp_path / "bad.zip", {**parts(file), "../x": b""})
    done = run(command, bad, *(["--data", tmp_path / "other"] if command == "import" else []))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "'../x', which is no part of a story.\n" in done.stderr
    if command == "import":
        with Store(tmp_path / "other") as store:
            assert store.ids() == []


def test_a_story_that_is_not_there_is_said_not_to_be_there(file: Path, tmp_path: Path) -> None:
    done = run("export", "nosuchstory1", "--data", tmp_path / "data", "--out", tmp_path / "b.zip")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.endswith("There is no such story.\n")
    assert not (tmp_path / "b.zip").exists()


# ---------------------------------------------------------------- drawn again


def test_the_same_painter_draws_the_same_pictures_from_nothing_but_the_file(file: Path, cast: list[Agents]) -> None:
    done = run("replay", file)
    attempts = parts(file)["facts.jsonl"].count(b'"kind":"drawn"')
    assert done.exit_code == 0
    assert f"All {attempts} pictures come out identical." in done.stdout
    assert done.stdout.count("│ identical") == attempts > 2


def test_a_picture_that_comes_out_otherwise_is_named_and_the_exit_status_is_one(file: Path, cast: list[Agents]) -> None:
    def moody(case: DrawCase):
        return tiles(replace(case, seed=0) if "Draw 2" in case.prompt else case)

    cast.append(scripted_agents(pictures=moody))
    done = run("replay", file)
    assert done.exit_code == 1
    assert "pictures differ." in done.stdout
    differing = [line for line in done.stdout.splitlines() if "other pixels" in line]
    assert differing
    assert all("│ s2 " in line for line in differing)


def test_each_way_to_differ_is_told_apart(file: Path, tmp_path: Path) -> None:
    wide = scripted_agents(pictures=lambda case: picture())
    assert set(drawn_again(file, wide, tmp_path / "1")) == {"80 × 64 pixels, not 64 × 64"}
    broken = scripted_agents(pictures=[AgentError("No paint.")])
    assert set(drawn_again(file, broken, tmp_path / "2")) == {"not drawn: No paint."}


def test_pictures_of_the_same_pixels_are_identical_however_their_files_are_packed(file: Path, tmp_path: Path) -> None:
    def noted(case: DrawCase):
        image = tiles(case)
        image.info["program"] = "another"
        return image

    assert set(drawn_again(file, scripted_agents(pictures=noted), tmp_path / "1")) == {""}


def test_each_attempt_is_drawn_with_the_notes_that_held_then(tmp_path: Path) -> None:
    seen = list[DrawCase]()

    def noting(case: DrawCase):
        seen.append(case)
        return tiles(case)

    with Store(tmp_path / "data") as store:
        reference = store.images.import_upload(encoded(picture(3)))
        story = store.create(Open(request=Request(text="A cat", references=(reference,), notes=Notes(style="ink"))))
        for notice in tell_on(story, scripted_agents(pictures=noting), store.images):
            if isinstance(notice.what, Began) and isinstance(notice.what.task, Draw) and len(seen) == 1:
                story.send(SetNotes(notes=Notes(style="oil")))
        export_story(store, story.id, tmp_path / "a.zip")
    first, seen[:] = [case_of(case) for case in seen], []
    assert set(drawn_again(tmp_path / "a.zip", scripted_agents(pictures=noting), tmp_path / "1")) == {""}
    assert [case_of(case) for case in seen] == first
    assert {case.notes.style for case in seen} == {"ink", "oil"}


def case_of(case: DrawCase) -> tuple:
    return case.prompt, case.seed, case.notes, case.source and case.source.tobytes(), [ref.tobytes() for ref in case.references]


def test_a_file_can_name_a_profile_and_no_path(file: Path, tmp_path: Path) -> None:
    for profile, why in (("nosuch", "no profile 'nosuch'"), ("../x", "no profile's name"), ("/tmp/x.toml", "no profile's name")):
        bad = box(tmp_path / "bad.zip", told_again(parts(file), lambda facts, name=profile: facts[0].update(profile=name)))
        with open_story_file(bad) as told, pytest.raises(ProfileError, match=why):
            profile_of(told)
        done = run("replay", bad)
        assert (done.exit_code, done.stdout) == (1, "")


# ---------------------------------------------------------------- the models that ship


@pytest.mark.xdist_group("pocket")
def test_the_pocket_models_draw_a_story_again_to_the_pixel(tmp_path: Path) -> None:
    models = build_agents(load_profile("pocket"))
    with Store(tmp_path / "data") as store:
        asked = Open(
            request=Request(text="A cat finds a red balloon by the sea"), policy=Policy(max_attempts=2), profile="pocket"
        )
        story = store.create(asked)
        tell(story, store.images, models)
        export_story(store, story.id, tmp_path / "a.story.zip")
        tries = len(story.trajectory.tries)
    assert drawn_again(tmp_path / "a.story.zip", models, tmp_path / "1") == [""] * tries
    assert tries > 1
