"""What a format carries comes back as it was; what it can't carry, and what can't be read, is named and never just gone."""

from __future__ import annotations

import json
import re
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from core.dialect import Message, critic_messages, load_pack
from core.store import Store
from core.types import ImageRef
from tests.train.schooling import fill, one_story, read, scored
from train.cli import app
from train.curation.candidates import FOLDERS, Folder
from train.curation.settings import Curation
from train.curation.shards import Shards
from train.curation.work import curate
from train.doctor import examine
from train.formats import interleaved, records
from train.formats.exchange import CannotExchange, Exchanged, export_rows, import_rows
from train.formats.exchange import records as rows_in
from train.formats.files import BadRow
from train.formats.shapes import ANSWERS, MARK, SHAPES, UNKNOWN
from train.formats.stories import export_stories, import_stories
from train.formats.tales import Part, Tale, Tried, facts_of, name_of, tale_of, usual_choice
from train.pocket.examples import PACK

pack = load_pack(PACK)


def png(shade: int) -> bytes:
    encoded = BytesIO()
    Image.new("L", (64, 64), shade).save(encoded, "PNG")
    return encoded.getvalue()


PICTURES = [png(shade) for shade in (0, 80, 160)]
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
plain = words.filter(lambda text: MARK not in text)


def message(role: str, *parts: str | None) -> Message:
    content = [{"type": "image"} if part is None else {"type": "text", "text": part} for part in parts]
    return {"role": role, "content": content}


@st.composite
def rows(draw: st.DrawFn, folder: Folder) -> dict[str, Any]:
    """A row of a curated folder, pictures and provenance and all; its texts are those that every format can hold."""
    images = draw(st.lists(st.sampled_from(PICTURES), min_size=2, max_size=2))
    step, current = draw(plain), draw(plain)
    prompt = critic_messages(pack, step, current) if folder == "critic_rl" else [message("user", None, draw(plain), None)]
    answers = {name: [message("assistant", draw(plain))] for name in ANSWERS[folder]}
    origin = {name: draw({str: words, int: st.integers(0, 9), float: st.floats(0.1, 9)}[type(v)]) for name, v in UNKNOWN.items()}
    record = {"prompt": prompt, "images": [{"bytes": data, "path": None} for data in images], **answers, **origin}
    if folder == "critic_rl":
        marks = {name: draw(st.none() | st.floats(0, 10)) for name in ("semantics", "quality")}
        record |= {
            "truth": draw(st.booleans()),
            "step_prompt": step,
            "current_prompt": current,
            "seed": draw(st.integers(0, 9)),
            **marks,
        }
    return record


def carried(name: str, record: dict[str, Any]) -> dict[str, Any]:
    """What the format keeps of a row, as it is documented."""
    if name == "trl":
        return record
    if name == "easyr1":
        return record | UNKNOWN | {"seed": 0}
    return record | UNKNOWN


def silent(where: str, line: int, why: str) -> None:
    raise AssertionError(f"{where}, {line}: {why}")


def through(name: str, folder: Folder, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, exported and imported again, through files on the disk."""
    with tempfile.TemporaryDirectory() as scratch:
        first, out, second = (Path(scratch) / part for part in ("first", "out", "second"))
        shards = Shards(first, 3)
        for record in given:
            shards.add(folder, "validation", record)
        shards.close()
        export_rows(name, first, out, silent)
        import_rows(name, out, second, pack, silent)
        return [bare(record) for record in rows_in(sorted((second / folder).glob("validation-*.parquet")))]


def bare(record: dict[str, Any]) -> dict[str, Any]:
    """Without the nulls that the columns of a picture's part have."""
    told = dict(record)
    for name in ("prompt", "completion", "chosen", "rejected"):
        if name in told:
            told[name] = [
                {**one, "content": [{k: v for k, v in part.items() if v is not None} for part in one["content"]]}
                for one in told[name]
            ]
    return told


@pytest.mark.parametrize(("name", "folder"), [(name, folder) for name, shape in SHAPES.items() for folder in shape.folders])
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_rows_come_back_as_they_were_but_for_what_the_format_cannot_carry(name: str, folder: Folder, data: st.DataObject) -> None:
    given = data.draw(st.lists(rows(folder), min_size=1, max_size=4))
    assert through(name, folder, given) == [carried(name, record) for record in given]


def test_a_text_that_would_become_a_picture_is_named_and_left_out(tmp_path: Path) -> None:
    shards = Shards(tmp_path / "in", 10)
    for text in ("fine", f"a {MARK} in words"):
        images = [{"bytes": PICTURES[0], "path": None}]
        row = {"prompt": [message("user", None, text)], "images": images, "completion": [message("assistant", "yes")], **UNKNOWN}
        shards.add("critic_sft", "train", row)
    shards.close()
    complaints: list[tuple[str, int, str]] = []
    done = export_rows("llamafactory", tmp_path / "in", tmp_path / "out", lambda *what: complaints.append(what))
    assert (done.written, done.left_out) == ({"critic_sft": 1}, 1)
    ((where, number, why),) = complaints
    assert (where, number) == ("critic_sft, train", 2)
    assert MARK in why


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """One good easyr1 file with its pictures."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(PICTURES[0])
    (tmp_path / "loop.png").symlink_to("loop.png")
    return tmp_path


GOOD = {
    "origin_prompt": "Draw a cat",
    "rewritten_prompt": "",
    "origin_image_path": "images/a.png",
    "edited_image_path": "images/a.png",
    "evaluation": {"success": False, "semantics": 3, "quality": None},
}


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("{", "no JSON"),
        ("[]", "no object"),
        (GOOD | {"evaluation": None}, "evaluation"),
        (GOOD | {"origin_prompt": 3}, "step_prompt"),
        (GOOD | {"evaluation": {"success": "yes"}}, "truth"),
        (GOOD | {"evaluation": {"success": True, "semantics": 11}}, "semantics"),
        (GOOD | {"edited_image_path": "gone.png"}, "cannot be read"),
        (GOOD | {"edited_image_path": "../a.png"}, "outside|cannot"),
        (GOOD | {"edited_image_path": "loop.png"}, "cannot be read"),
        (GOOD | {"edited_image_path": None}, "path is a text"),
        (GOOD | {"edited_image_path": "critic_rl.jsonl"}, "no PNG"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_its_reason_and_the_others_are_read(exported: Path, bad: Any, says: str) -> None:
    text = bad if isinstance(bad, str) else json.dumps(bad)
    file = exported / "critic_rl.jsonl"
    file.write_text("\n".join([json.dumps(GOOD), "", text, json.dumps(GOOD)]) + "\n")
    complaints: list[tuple[str, int, str]] = []
    done = import_rows("easyr1", file, exported / "out", pack, lambda *what: complaints.append(what))
    assert (done.written, done.left_out) == ({"critic_rl": 2}, 1)
    ((where, number, why),) = complaints
    assert (where, number) == ("critic_rl.jsonl", 3)
    assert re.search(says, why), why


def test_nothing_to_exchange_is_said_and_rows_that_are_there_are_never_mixed_up(exported: Path) -> None:
    file = exported / "rows.jsonl"
    file.write_text(json.dumps(GOOD))
    with pytest.raises(CannotExchange, match="no rows that llamafactory"):
        export_rows("llamafactory", exported, exported / "out", silent)
    with pytest.raises(CannotExchange, match="--rows"):
        import_rows("trl", file, exported / "out", pack, silent)
    import_rows("easyr1", file, exported / "out", pack, silent)
    with pytest.raises(CannotExchange, match="has rows already"):
        import_rows("easyr1", file, exported / "out", pack, silent)


def test_plain_texts_of_other_tools_are_read_too(exported: Path) -> None:
    """An array over several lines with ``<image>`` marks, and TRL's texts whose pictures come first."""
    shared = {"images": ["images/a.png"]}
    talk = [{"role": "user", "content": f"See {MARK}: good?"}, {"role": "assistant", "content": "yes"}]
    (exported / "critic_sft.json").write_text(json.dumps([{"messages": talk, **shared}], indent=2))
    done = import_rows("llamafactory", exported / "critic_sft.json", exported / "one", pack, silent)
    (row,) = rows_in(sorted((exported / "one" / "critic_sft").glob("*.parquet")))
    assert bare(row)["prompt"] == [message("user", "See ", None, ": good?")]
    line = {"prompt": [{"role": "user", "content": "Good?"}], "completion": talk[1:], **shared}
    (exported / "mine.jsonl").write_text(json.dumps(line))
    import_rows("trl", exported / "mine.jsonl", exported / "two", pack, silent, rows="planner_sft")
    (row,) = rows_in(sorted((exported / "two" / "planner_sft").glob("*.parquet")))
    assert bare(row)["prompt"] == [message("user", None, "Good?")]
    assert done == Exchanged({"critic_sft": 1})


# ---------------------------------------------------------------- stories

refs = st.builds(ImageRef, sha256=st.text("0123456789abcdef", min_size=64, max_size=64), width=st.just(64), height=st.just(64))
marked_free = words.filter(lambda text: not interleaved.MARKS.search(text) and text == text.strip())
told = st.text("ab <>&\"'\n{}", max_size=12).filter(lambda text: not interleaved.MARKS.search(text))


@st.composite
def tries(draw: st.DrawFn) -> Tried:
    success = draw(st.sampled_from([True, False, None]))
    thought, refined = (draw(told), "") if success is not None else ("", "")
    return Tried(draw(marked_free), draw(refs), success, thought, draw(told) if success is False else refined)


@st.composite
def tales(draw: st.DrawFn) -> Tale:
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        drawn = tuple(draw(st.lists(tries(), min_size=1, max_size=3))) if draw(st.booleans()) else ()
        prompt = draw(marked_free) if drawn else None
        caption = draw(marked_free) if not drawn else draw(st.none() | marked_free)
        parts.append(Part(draw(told), draw(told), prompt, caption, drawn))
    images = tuple(draw(st.lists(refs, max_size=2)))
    return Tale(draw(marked_free), images, draw(told), tuple(parts), tuple(usual_choice(part.tries) for part in parts))


def keeping() -> tuple[dict[str, ImageRef], Any, Any]:
    kept: dict[str, ImageRef] = {}

    def keep(ref: ImageRef) -> str:
        kept[ref.sha256] = ref
        return ref.sha256

    return kept, keep, lambda name: kept[name]


@given(tales())
@settings(deadline=None)
def test_a_tale_comes_back_from_records_and_from_the_hard_text_as_it_was(tale: Tale) -> None:
    _, keep, load = keeping()
    assert interleaved.tale_in(over_json(interleaved.line_of("t", tale, keep, hard=True)), load, hard=True) == tale
    distinct = [tried.image for part in tale.parts for tried in part.tries] + list(tale.images)
    if len(set(distinct)) == len(distinct):
        assert records.tale_in(over_json(records.record_of(tale, keep)), load) == tale


@given(tales())
@settings(deadline=None)
def test_the_easy_text_keeps_the_words_and_the_pictures_that_were_kept(tale: Tale) -> None:
    _, keep, load = keeping()
    line = over_json(interleaved.line_of("t", tale, keep, hard=False))
    back = interleaved.tale_in(line, load, hard=False)
    assert over_json(interleaved.line_of("t", back, keep, hard=False)) == line
    assert [part.caption for part in back.parts] == [part.caption for part in tale.parts]


def over_json(value: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(json.dumps(value)))


@given(tales())
@settings(deadline=None)
def test_the_facts_of_a_tale_tell_that_tale(tale: Tale) -> None:
    from train.told import told as told_by

    assert tale_of(told_by("t" * 12, list(facts_of(tale)))) == tale


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<plan>{}</plan>words", "outside all marks"),
        ("<info>so</info><plan>{}</plan>", "before the first <plan>"),
        ("<plan>{</plan>", "no JSON"),
        ("<plan>{}</plan><image>", "2 places|1 places"),
        ('<plan>{"prompt": 3}</plan>', "texts"),
        ("<plan>{}</plan><critic>{}</critic>", "no place"),
    ],
)
def test_a_text_that_is_no_tale_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadRow, match=says):
        interleaved.tale_in({"user_input": "A cat", "text": text, "images": []}, lambda name: name, hard=True)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize("name", ["records", "interleaved-easy", "interleaved-hard"])
def test_stories_come_into_a_data_folder_that_exports_them_again_the_same(store: Store, tmp_path: Path, name: str) -> None:
    fill(store, 3)
    unfinished = one_story(store, 9)
    from core.commands import Retry

    unfinished.send(Retry(step="s1"), "person:ann")
    complaints: list[tuple[str, int, str]] = []
    done = export_stories(name, store, tmp_path / "one", lambda *what: complaints.append(what))
    assert (done.written, done.left_out) == ({"stories": 3}, 1)
    assert "not finished" in complaints[0][2]
    with Store(tmp_path / "again") as again:
        for _ in range(2):  # the second time, they are there
            assert import_stories(name, tmp_path / "one", again, silent).written == {"stories": 3}
        assert {again.card(story_id).status for story_id in again.ids()} == {"done"}
        export_stories(name, again, tmp_path / "two", silent)
    assert examine(tmp_path / "again").faults == ()
    assert sorted(contents(tmp_path / "one")) == sorted(contents(tmp_path / "two"))


def contents(folder: Path) -> list[str]:
    """What was exported, without the stories' ids."""
    found = [json.loads(line) for path in folder.rglob("*.jsonl") for line in path.read_text().splitlines()]
    found += [json.loads(path.read_text()) for path in folder.rglob("execution_record.json")]
    return [json.dumps({key: value for key, value in one.items() if key != "id"}) for one in found]


def test_a_story_that_was_brought_in_can_be_curated(store: Store, tmp_path: Path) -> None:
    fill(store, 4)
    export_stories("records", store, tmp_path / "out", silent)
    with Store(tmp_path / "again") as again:
        import_stories("records", tmp_path / "out", again, silent, profile="pocket")
        scored(again)
        names = {name_of(tale_of(story)) for story in read(again)}
        assert names == set(again.ids())
    made = curate([tmp_path / "again"], tmp_path / "curated", Curation(balance=0))
    assert made.rows["planner_sft"]["train"] > 0
    assert made.rows["critic_sft"]["train"] > 0


def test_the_commands_take_a_curation_out_and_in(store: Store, tmp_path: Path) -> None:
    fill(store, 6)
    scored(store)
    curate([store.database.folder], tmp_path / "curated", Curation(balance=0, trend=-9, degradation=9, low=0))
    out, back = str(tmp_path / "out"), str(tmp_path / "back")
    done = CliRunner().invoke(app, ["export", "--format", "trl", "--data", str(tmp_path / "curated"), "--out", out])
    again = CliRunner().invoke(app, ["import", "--format", "trl", out, "--out", back])
    assert (done.exit_code, again.exit_code) == (0, 0), again.stderr
    assert json.loads(again.stdout) == json.loads(done.stdout) | {"left_out": 0}
    for folder in FOLDERS:
        files = [sorted((tmp_path / where / folder).glob("*.parquet")) for where in ("curated", "back")]
        assert [bare(row) for row in rows_in(files[0])] == [bare(row) for row in rows_in(files[1])]
    assert (tmp_path / "back" / "run.json").exists()
    empty = CliRunner().invoke(app, ["export", "--format", "easyr1", "--data", out, "--out", str(tmp_path / "none")])
    assert (empty.exit_code, empty.stdout) == (1, "")
