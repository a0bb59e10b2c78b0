"""A run's file says what was asked, of which data, by which code: enough to do it again, and to see that it was the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from core.store import Store
from tests.train.schooling import one_story, scored
from train.provenance import content_hash, revision, versions, write_run


def test_a_run_names_its_config_seeds_data_revision_and_versions(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("rows")
    config = {"seed": 3, "split_seed": 4, "rate": 0.5, "where": tmp_path / "x"}
    write_run(tmp_path / "out", "sft", config, [tmp_path / "rows.txt", tmp_path / "gone"])
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["command"] == "sft"
    assert run["config"] == {**config, "where": str(tmp_path / "x")}
    assert run["seeds"] == {"seed": 3, "split_seed": 4}
    assert run["inputs"] == {str(tmp_path / "rows.txt"): content_hash(tmp_path / "rows.txt"), str(tmp_path / "gone"): None}
    assert run["versions"] == versions()
    assert run["revision"] == revision()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["run.json"]


def test_a_folders_hash_is_its_names_and_contents_wherever_it_lies(tmp_path: Path) -> None:
    (tmp_path / "one" / "inner").mkdir(parents=True)
    (tmp_path / "one" / "inner" / "a").write_text("a")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    before = content_hash(tmp_path / "one")
    assert before == content_hash(tmp_path / "two")
    (tmp_path / "two" / "inner" / "a").rename(tmp_path / "two" / "inner" / "b")
    assert before != content_hash(tmp_path / "two")
    (tmp_path / "one" / "run.json").write_text("{}")
    assert before == content_hash(tmp_path / "one"), "a run's own file is not its data"


def test_a_data_folders_hash_changes_with_a_story_and_with_a_score(tmp_path: Path) -> None:
    hashes = [content_hash(tmp_path)]
    with Store(tmp_path) as store:
        one_story(store, 1)
    hashes.append(content_hash(tmp_path))
    with Store(tmp_path) as store:
        scored(store)
    hashes.append(content_hash(tmp_path))
    assert len(set(hashes)) == 3
