"""A benchmark's rows are read from any of its forms; what is wrong is said with its place; no row names a path of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.train.benchruns import COMM, RISE, RISE_PICTURES, UEVAL, WISE, png, write
from train.benchmarks.comm import Comm
from train.benchmarks.rise import Rise
from train.benchmarks.rows import Source, evenly, read
from train.benchmarks.ueval import Ueval
from train.benchmarks.wise import Wise
from train.runs import RunError


def in_form(folder: Path, form: str) -> str:
    path = folder / f"rows.{form}"
    if form == "json":
        path.write_text(json.dumps(WISE, indent=2))
    elif form == "jsonl":
        return write(folder, WISE)
    else:
        import pyarrow as arrow
        from pyarrow import parquet

        parquet.write_table(arrow.Table.from_pylist(WISE), path)
    return str(path)


@pytest.mark.parametrize("form", ["json", "jsonl", "parquet"])
def test_rows_are_the_same_from_every_form(tmp_path: Path, form: str) -> None:
    read_in = Wise.of(read([in_form(tmp_path, form)]))
    assert list(read_in.rows) == list(Wise.of(read([write(tmp_path / "lines", WISE)])).rows)
    assert read_in.rows["450"].Explanation == "Autumn"


def test_several_files_are_one_benchmark(tmp_path: Path) -> None:
    paths = [write(tmp_path / str(number), [row]) for number, row in enumerate(WISE)]
    assert len(Wise.of(read(paths)).rows) == len(WISE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"prompt_id": 1, "Prompt": "A"}\n{"prompt_id": 1001, "Prompt": "B"}', "rows.jsonl, line 2: prompt_id:"),
        ('{"prompt_id": 1, "Prompt": "A"}\n\n{"prompt_id": 3}', "rows.jsonl, line 3: Prompt: field required"),
        ('{"prompt_id": 1, "Prompt": "A"}\n{"prompt_id": 1, "Prompt": "B"}', "line 2: the id 1 is that of rows.jsonl, line 1"),
        ('{"prompt_id": 1, "Prompt": "A"}\nnothing', "rows.jsonl, line 2: it is no JSON"),
        ("[1]", "rows.jsonl, line 1: it is no object"),
        ("", "There are no rows in"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(text)
    with pytest.raises(RunError, match=said):
        Wise.of(read([str(path)]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "rows.json: it is no list of rows"),
        ('[{"prompt_id": 1, "Prompt": "A"}, {"prompt_id": "x", "Prompt": "B"}]', "rows.json, row 2: prompt_id:"),
        ('[\n{"prompt_id": 1,}\n]', "rows.json, line 2: it is no JSON"),
    ],
)
def test_what_is_wrong_in_an_array_is_said_with_its_row(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "rows.json"
    path.write_text(text)
    with pytest.raises(RunError, match=said):
        Wise.of(read([str(path)]))


@pytest.mark.parametrize("name", ["nowhere.json", "no such thing", "nobody/nothing"])
def test_what_cannot_be_found_is_said(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=name):
        read([name])


def test_a_folder_is_no_file_of_rows(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is a folder"):
        read([str(tmp_path)])


# ---------------------------------------------------------------- pictures and names that rows give


def rise(folder: Path, **changed: object) -> Rise:
    return Rise.of(read([write(folder, [{**RISE[0], **changed}], RISE_PICTURES)]))


@pytest.mark.parametrize("name", ["../rows.jsonl", "/etc/hostname", "data/../../x.png", "nul\0l.png"])
def test_no_picture_outside_the_folder_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.png").write_bytes(png())
    with pytest.raises(RunError, match="outside the folder of pictures"):
        rise(tmp_path / "in", image=name).prompts()


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"rows.jsonl, line 1: there is no picture gone.png"):
        rise(tmp_path, image="gone.png").prompts()


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "", "x" * 300, "a\nb"])
def test_no_id_names_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match="cannot name a file"):
        rise(tmp_path, index=name)


def test_pictures_of_parquet_files_are_taken_from_their_rows(tmp_path: Path) -> None:
    import pyarrow as arrow
    from pyarrow import parquet

    parquet.write_table(arrow.Table.from_pylist([RISE[0] | {"image": {"bytes": png(), "path": None}}]), tmp_path / "r.parquet")
    (asked,) = Rise.of(read([str(tmp_path / "r.parquet")])).prompts()
    assert asked.pictures == (png(),)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"category": "magic"}, "category:"),
        ({"reference": None}, "neither a reference, nor a reference_txt, nor a reference_img"),
        ({"instruction": ""}, "instruction:"),
    ],
)
def test_a_rise_row_that_nobody_could_judge_is_refused(tmp_path: Path, changed: dict[str, object], said: str) -> None:
    with pytest.raises(RunError, match=said):
        rise(tmp_path, **changed)


def test_a_ueval_row_needs_a_known_task_and_rubrics_that_are_texts(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="task:"):
        Ueval.of(read([write(tmp_path, [UEVAL[0] | {"task": "sums"}])]))
    with pytest.raises(RunError, match="text_rubrics"):
        Ueval.of(read([write(tmp_path, [UEVAL[0] | {"text_rubrics": [{"rubric": "x"}]}])]))


@pytest.mark.parametrize(("task", "left"), [(3, ["tea-1"]), (4, ["tea-1"])])
def test_comm_leaves_out_what_its_task_cannot_ask(tmp_path: Path, task: int, left: list[str]) -> None:
    many = [[{"type": "text", "content": "A"}, *[{"type": "image", "image_path": "a.png"}] * 10]] * 2
    rows = [*COMM, {"data_id": "many", "title": "much", "step_info": many}]
    comm = Comm.of(read([write(tmp_path, rows)]), task)  # type: ignore[arg-type]
    assert list(comm.rows) == left + (["many"] if task == 4 else [])
    assert comm.left_out == len(rows) - len(comm.rows)


# ---------------------------------------------------------------- order


@given(some.lists(some.sampled_from("abc")))
def test_the_first_of_an_even_order_are_of_every_group(groups: list[str]) -> None:
    order = evenly(groups)
    assert sorted(order) == list(range(len(groups)))
    for group in set(groups):
        own = [place for place in order if groups[place] == group]
        assert own == sorted(own)
    first = {groups[place] for place in order[: len(set(groups))]}
    assert first == set(groups)


def test_other_rows_are_another_run(tmp_path: Path) -> None:
    def digest(rows: list[dict[str, object]]) -> str:
        source: Source = read([write(tmp_path, rows)])
        return source.digest

    assert digest(WISE) == digest(WISE)
    assert digest(WISE) != digest([WISE[0] | {"Explanation": "Roses"}, *WISE[1:]])
