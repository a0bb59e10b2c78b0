"""A story goes into one file and comes out of it as it was; the same story is the same file."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.backends.fake import SIDE
from core.commands import Open, Overrule, Pause, Rename, Resume, Retry
from core.errors import NotFound, ReadOnly, StoreError
from core.events import SCHEMA, Event, Imported, Opened
from core.store import Store
from core.storyfile import export_story, import_story, open_story_file
from core.trajectory import evolve, fold
from core.types import Given, ImageRef, Request
from tests.core import facts
from tests.core.storyfile.boxes import box, kept, parts
from tests.core.telling import ASKED, agents, reopened, tell, told
from tests.core.test_images import encoded, picture
from train.doctor import examine

ANN, BOB = "person:ann", "person:bob"


@pytest.fixture
def other(tmp_path: Path):
    """Another data folder."""
    with Store(tmp_path / "other") as store:
        yield store


def illustrated(store: Store) -> str:
    """A finished story with every kind of picture in its request."""
    one, two, three = (store.images.import_upload(encoded(picture(seed))) for seed in (1, 2, 3))
    request = Request(text="A cat", images=(one,), given=(Given(text="Once", image=two),), references=(three,), seed=3)
    story = store.create(Open(request=request, policy=ASKED.policy, profile="pocket"), ANN)
    tell(story, store.images)
    return story.id


def test_a_story_comes_out_as_it_went_in_but_for_whose_it_is(store: Store, other: Store, tmp_path: Path) -> None:
    story_id = illustrated(store)
    manifest = export_story(store, story_id, tmp_path / "cat.story.zip")
    new_id = import_story(other, tmp_path / "cat.story.zip", BOB)
    *before, fact = other.events(new_id)
    assert before == store.events(story_id)
    assert fact == Imported(origin=story_id, digest=manifest.facts.sha256, by=BOB, at=fact.at)
    assert other.open_story(new_id).trajectory == evolve(store.open_story(story_id).trajectory, fact)
    card = other.card(new_id)
    assert (card.owner, card.status, card.trunk, card.created_at) == ("bob", "paused", None, fact.at)
    for path in (path for path, sha256 in store.images.files() if sha256):
        assert (other.images.folder / path.relative_to(store.images.folder)).read_bytes() == path.read_bytes()
    assert other.timings("pocket") is None, "it was told on another machine"
    other.close()
    report = examine(other.database.folder)
    assert (report.faults, report.unnamed) == ((), 0)


def test_an_imported_story_goes_on_and_can_be_given_away_again(store: Store, other: Store, tmp_path: Path) -> None:
    export_story(store, told(store).id, tmp_path / "a.story.zip")
    story = other.open_story(import_story(other, tmp_path / "a.story.zip", BOB))
    story.send(Resume(), BOB)
    story.send(Retry(step="s1"), BOB)
    tell(story, other.images)
    assert other.card(story.id).status == "done"
    assert other.audit(story.id).faults == ()
    export_story(other, story.id, tmp_path / "b.story.zip")
    back = import_story(store, tmp_path / "b.story.zip", ANN)
    assert store.events(back)[:-1] == other.events(story.id)
    assert store.card(back).owner == "ann"


def test_the_same_story_is_the_same_file_to_the_last_byte_wherever_it_is(store: Store, tmp_path: Path) -> None:
    story_id = illustrated(store)
    export_story(store, story_id, tmp_path / "one.story.zip")
    os.utime(next((store.images.folder).glob("??/*.png")), (0, 0))
    with reopened(store) as again:
        export_story(again, story_id, tmp_path / "two.story.zip")
    assert (tmp_path / "one.story.zip").read_bytes() == (tmp_path / "two.story.zip").read_bytes()


def test_a_file_says_what_is_in_it(store: Store, tmp_path: Path) -> None:
    story_id = illustrated(store)
    store.open_story(story_id).send(Rename(title="Mimi"))
    manifest = export_story(store, story_id, tmp_path / "x.story.zip")
    there = parts(tmp_path / "x.story.zip")
    assert list(there)[:2] == ["manifest.json", "facts.jsonl"]
    assert list(there)[2:] == sorted(there.keys() - {"manifest.json", "facts.jsonl"})
    said = json.loads(there["manifest.json"])
    assert said == json.loads(manifest.model_dump_json())
    assert (said["format"], said["version"], said["facts_schema"]) == ("interleave-story", 1, SCHEMA)
    assert (said["story"], said["title"], said["facts"]["count"]) == (story_id, "Mimi", len(store.events(story_id)))
    assert {entry["sha256"]: entry["bytes"] for entry in said["pictures"]} == {
        name[9:-4]: len(data) for name, data in there.items() if name.startswith("pictures/")
    }
    assert {(entry["width"], entry["height"]) for entry in said["pictures"]} == {(80, 64), (SIDE, SIDE)}


def test_a_branch_goes_into_a_file_with_its_trunk_and_comes_out_as_one_story(store: Store, other: Store, tmp_path: Path) -> None:
    trunk = told(store)
    branch = store.branch(trunk.id, BOB)
    branch.send(Overrule(attempt=branch.trajectory.tries[0].attempt.key, accepted=True), BOB)
    export_story(store, branch.id, tmp_path / "b.story.zip")
    for at in (other, store):  # also where the trunk is: its rows are not touched
        new_id = import_story(at, tmp_path / "b.story.zip", ANN)
        assert at.events(new_id)[:-1] == store.events(branch.id)
        assert at.card(new_id).trunk is None
        assert at.audit(new_id).faults == ()
        twin = at.branch(new_id, BOB)
        assert at.events(twin.id)[:-1] == at.events(new_id)
    with other.database.reading() as db:
        rows = db.exec_driver_sql("SELECT count(*) FROM attempt").scalar_one()
    assert rows == len(branch.trajectory.tries)


def test_importing_twice_makes_two_stories_of_the_same_pictures(store: Store, other: Store, tmp_path: Path) -> None:
    export_story(store, told(store).id, tmp_path / "a.story.zip")
    first = import_story(other, tmp_path / "a.story.zip", BOB)
    _, files = kept(other)
    second = import_story(other, tmp_path / "a.story.zip", BOB)
    assert first != second
    assert kept(other)[1] == files
    other.open_story(first).send(Rename(title="Mine"))
    assert other.card(second).title != "Mine"


def test_progress_is_told_picture_by_picture(store: Store, other: Store, tmp_path: Path) -> None:
    heard = list[tuple[int, int]]()
    story_id = illustrated(store)
    manifest = export_story(store, story_id, tmp_path / "a.story.zip", lambda done, of: heard.append((done, of)))
    many = len(manifest.pictures)
    assert heard == [(number, many) for number in range(1, many + 1)]
    heard.clear()
    import_story(other, tmp_path / "a.story.zip", BOB, lambda done, of: heard.append((done, of)))
    assert heard == [(number, 2 * many) for number in range(1, 2 * many + 1)]


def test_a_story_that_is_not_there_or_not_whole_makes_no_file(store: Store, tmp_path: Path) -> None:
    story = told(store)
    out = tmp_path / "a.story.zip"
    with pytest.raises(NotFound):
        export_story(store, "nosuchstory1", out)
    export_story(store, story.id, out)
    before = out.read_bytes()
    store.images.path(story.trajectory.tries[-1].attempt.image).unlink()
    with pytest.raises(NotFound, match="is gone"):
        export_story(store, story.id, out)
    assert out.read_bytes() == before, "the file that was there is still there"
    assert {path.name for path in tmp_path.iterdir()} == {"data", "a.story.zip"}


def test_a_file_is_written_whole_or_not_at_all(store: Store, tmp_path: Path) -> None:
    story_id, out = told(store).id, tmp_path / "out" / "a.story.zip"
    with pytest.raises(StoreError, match="cannot be written"):
        export_story(store, story_id, out)
    out.parent.mkdir()

    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_story(store, story_id, out, stop)
    assert list(out.parent.iterdir()) == []


def test_a_folder_that_is_only_looked_at_gives_stories_and_takes_none(store: Store, tmp_path: Path) -> None:
    story_id = told(store).id
    with Store(store.database.folder, write=False) as reader:
        export_story(reader, story_id, tmp_path / "a.story.zip")
        before = kept(store)
        with pytest.raises(ReadOnly):
            import_story(reader, tmp_path / "a.story.zip", BOB)
    assert kept(store) == before


# ---------------------------------------------------------------- whatever the facts are


def test_files_that_somebody_unpacked_and_packed_again_are_taken(store: Store, other: Store, tmp_path: Path) -> None:
    export_story(store, told(store).id, tmp_path / "a.story.zip")
    again = dict(reversed(parts(tmp_path / "a.story.zip").items()))
    import_story(other, box(tmp_path / "b.story.zip", again, zipfile.ZIP_DEFLATED), BOB)
    assert len(other.ids()) == 1


def renamed(event: Event, ref: ImageRef) -> Event:
    """The fact with this picture in the place of every one that it names, and drawn with numbers that a row keeps."""
    said = json.loads(event.model_dump_json())

    def put(value):
        if isinstance(value, dict):
            return ref.model_dump() if value.keys() == ref.model_dump().keys() else {k: put(v) for k, v in value.items()}
        return [put(inner) for inner in value] if isinstance(value, list) else value

    return type(event).model_validate_json(json.dumps(put(said)))


anything = st.lists(facts.facts.filter(lambda event: not isinstance(event, Opened)), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.builds(Opened, request=facts.requests, policy=facts.policies, by=st.just(ANN)), anything)
def test_whatever_can_be_recorded_comes_back(tmp_path_factory: pytest.TempPathFactory, opened: Opened, others: list) -> None:
    folder = tmp_path_factory.mktemp("any")
    with Store(folder / "one") as store, Store(folder / "two") as other:
        ref = store.images.save(picture())
        seen, events = set(), list[Event]()
        for event in (renamed(fact, ref) for fact in (opened, *others)):
            name = event.attempt.key if event.kind == "drawn" else None
            steps = [step.id for step in getattr(event, "steps", ())]
            if len(set(steps)) == len(steps) and (name is None or name not in seen):
                events.append(event)
                seen.add(name)
        store.append("anystory0001", 0, events, fold(events))
        export_story(store, "anystory0001", folder / "a.story.zip")
        with open_story_file(folder / "a.story.zip") as read:
            assert list(read.facts) == events
            assert read.trajectory == fold(events)
        new_id = import_story(other, folder / "a.story.zip", BOB)
        assert other.events(new_id)[:-1] == events
        assert other.audit(new_id).faults == ()
        assert other.card(new_id).owner == "bob"


def test_a_paused_story_stays_as_it_was_told(store: Store, other: Store, tmp_path: Path) -> None:
    story = store.create(ASKED)
    tell(story, store.images, agents(steps=1))
    story.send(Pause(now=True))
    export_story(store, story.id, tmp_path / "a.story.zip")
    t = other.open_story(import_story(other, tmp_path / "a.story.zip", BOB)).trajectory
    assert (t.paused, t.stop_now, t.tries) == (True, False, story.trajectory.tries)
