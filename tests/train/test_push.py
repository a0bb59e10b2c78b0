"""Only a finished model leaves this machine, privately unless told otherwise, with a card that says what it is made of."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, constants
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled
from typer.testing import CliRunner

from core.profiles import ASSETS
from train.cli import app
from train.modelcard import on_hub
from train.provenance import write_run
from train.push import PushError, bundle, local_base, push
from train.runs import append, finish

BASE = "Qwen/Qwen3-VL-4B-Instruct"


class FakeHub:
    """Remembers what it was given; ``there`` is a repository that exists, and whether it is private."""

    def __init__(self, there: dict[str, bool] | None = None, trouble: Exception | None = None) -> None:
        self.repos = dict(there or {})
        self.trouble = trouble
        self.commits: list[tuple[str, str, dict[str, bytes]]] = []

    def create_repo(self, repo_id: str, *, private: bool, exist_ok: bool, repo_type: str) -> Any:
        if self.trouble:
            raise self.trouble
        assert exist_ok
        assert repo_type == "model"
        name = repo_id if "/" in repo_id else f"me/{repo_id}"
        self.repos.setdefault(name, private)
        return SimpleNamespace(repo_id=name)

    def repo_info(self, repo_id: str, *, repo_type: str) -> Any:
        return SimpleNamespace(private=self.repos[repo_id])

    def create_commit(self, repo_id: str, operations: list[CommitOperationAdd], *, commit_message: str, repo_type: str) -> Any:
        contents = {}
        for operation in operations:
            with operation.as_file() as file:
                contents[operation.path_in_repo] = file.read()
        self.commits.append((repo_id, commit_message, contents))
        return SimpleNamespace(commit_url=f"https://hub.example/{repo_id}/commit/1")


def model(folder: Path, **more: str) -> Path:
    """A folder of a model's files; their contents do not matter."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in ({"config.json": "{}", "model.safetensors": "weights", "tokenizer.json": "{}"} | more).items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run with everything in its folder that must not leave the machine."""
    out, data = tmp_path / "critic", tmp_path / "secret-place" / "critic_sft"
    data.mkdir(parents=True)
    (data / "rows.parquet").write_text("rows")
    config = {"role": "critic", "model": BASE, "data": str(data.parent), "out": "critic", "seed": 7, "preset": {"rate": 2e-5}}
    write_run(out, "sft", config, [data])
    append(out / "metrics.jsonl", {"step": 1, "loss": 1.5})
    finish(out, {"steps": 9, "best_eval_loss": 0.125, "tokens": None})
    model(out)
    for name in ("training_args.bin", "optimizer.pt", "studio.db", "scores.jsonl", "picture.png", "model.bin", ".env"):
        (out / name).write_text("private")
    for folder in ("checkpoints/checkpoint-9", "rollouts/7"):
        model(out / folder)
    (out / "vocab.json").symlink_to("/etc/passwd")
    return out


def test_only_weights_configuration_and_processor_are_taken_and_a_card_goes_with_them(run: Path) -> None:
    hub = FakeHub()
    url = push(bundle(run), "me/critic", public=False, message="First", hub=hub)
    [(repo, message, files)] = hub.commits
    assert url == "https://hub.example/me/critic/commit/1"
    assert (repo, message, hub.repos) == ("me/critic", "First", {"me/critic": True})
    assert sorted(files) == ["README.md", "config.json", "model.safetensors", "tokenizer.json"]
    assert sorted(bundle(run).sizes) == sorted(files)
    assert {name: len(content) for name, content in files.items()} == bundle(run).sizes


def test_the_card_says_base_stage_settings_data_versions_and_how_good_it_is(run: Path, tmp_path: Path) -> None:
    (run / "report.json").write_text('{"figures": {"balanced accuracy": {"value": 0.9, "low": 0.8, "high": 0.95, "n": 40}}}')
    said = bundle(run).card
    digest = json.loads((run / "run.json").read_text())["inputs"].popitem()[1]
    front = said.split("---")[1]
    assert f"base_model: {BASE}" in front
    assert "library_name: transformers" in front
    assert "license" not in front, "whose licence is not known is not named"
    for part in ("**critic**", "supervised fine-tuning", "| seed | `7` |", "| rate | `2e-05` |", f"| critic_sft | `{digest}` |"):
        assert part in said
    for part in ("| torch | `", "| best_eval_loss | `0.125` |", "0.9 (0.8 to 0.95, n = 40)", "The base model's licence holds"):
        assert part in said
    assert str(tmp_path) not in said
    assert "secret-place" not in said


def test_nothing_in_a_run_can_write_markup_into_its_card(run: Path) -> None:
    config = {"role": "critic", "model": "a/b\nlicense: mit", "note": "x` | <img src=1>\n# Big"}
    write_run(run, "sft", config, [])
    said = bundle(run).card
    assert "<img" not in said
    assert "\n# Big" not in said
    assert "\nlicense: mit" not in said


def test_an_adapter_names_its_base_and_one_that_only_this_machine_has_is_told(tmp_path: Path) -> None:
    adapter = tmp_path / "lora"
    for base, local in ((BASE, ""), (str(tmp_path / "mine"), str(tmp_path / "mine"))):
        model(adapter, **{"adapter_model.safetensors": "w", "adapter_config.json": json.dumps({"base_model_name_or_path": base})})
        for name in ("config.json", "model.safetensors"):
            (adapter / name).unlink()
        found = bundle(adapter)
        assert "library_name: peft" in found.card
        assert ("base_model: " in found.card) == (not local)
        assert local_base(found) == local
        assert str(tmp_path) not in found.card


def test_a_set_of_models_keeps_its_folders_and_its_own_card() -> None:
    found = bundle(ASSETS / "pocket")
    assert {name.partition("/")[0] for name in found.files} == {"planner", "painter", "critic"}
    assert found.card == (ASSETS / "pocket" / "README.md").read_text(encoding="utf-8")


def test_a_set_without_a_card_gets_one(tmp_path: Path) -> None:
    model(tmp_path / "set" / "planner")
    model(tmp_path / "set" / "critic")
    (tmp_path / "set" / "data").mkdir()
    assert "`critic`, `planner`" in bundle(tmp_path / "set").card


def test_what_is_no_whole_model_is_refused(tmp_path: Path, run: Path) -> None:
    for number, missing in enumerate(("config.json", "model.safetensors")):
        (model(tmp_path / str(number)) / missing).unlink()
        with pytest.raises(PushError, match="holds no model"):
            bundle(tmp_path / str(number))
    index = json.dumps({"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}})
    shards = {"model.safetensors.index.json": index, "model-00001-of-00002.safetensors": "w"}
    with pytest.raises(PushError, match="holds no model"):
        bundle(model(tmp_path / "half", **shards))
    whole = model(tmp_path / "whole", **shards, **{"model-00002-of-00002.safetensors": "w"})
    assert "model-00002-of-00002.safetensors" in bundle(whole).files
    (run / "result.json").unlink()
    with pytest.raises(PushError, match="is not finished"):
        bundle(run)


def test_a_repository_that_is_public_is_not_written_to_unless_that_was_said(run: Path) -> None:
    hub = FakeHub(there={"me/critic": False})
    with pytest.raises(PushError, match="public already: nothing was uploaded"):
        push(bundle(run), "critic", public=False, message="", hub=hub)
    assert hub.commits == []
    push(bundle(run), "critic", public=True, message="", hub=hub)
    assert [name for name, _, _ in hub.commits] == ["me/critic"]
    fresh = FakeHub()
    push(bundle(run), "open", public=True, message="", hub=fresh)
    assert fresh.repos == {"me/open": False}


def refused(status: int, says: str | None = None) -> HfHubHTTPError:
    request = httpx2.Request("POST", "https://hub.example", headers={"Authorization": "Bearer hf_s3cret"})
    return HfHubHTTPError("no", response=httpx2.Response(status, request=request), server_message=says)


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (refused(401), "does not let you write to me/critic"),
        (refused(403), "log in with a token that may"),
        (refused(409, "It is locked."), r"did not take it \(409\): It is locked"),
        (HFValidationError("bad"), "is no repository's name"),
        (OfflineModeIsEnabled("offline"), "cannot be reached"),
        (httpx2.ConnectError("refused"), "cannot be reached"),
        (httpx2.ReadTimeout("slow"), "cannot be reached"),
    ],
    ids=lambda value: None if isinstance(value, str) else type(value).__name__,
)
def test_what_the_hub_says_is_one_sentence_without_the_token(run: Path, trouble: Exception, says: str) -> None:
    with pytest.raises(PushError, match=says) as fault:
        push(bundle(run), "me/critic", public=False, message="", hub=FakeHub(trouble=trouble))
    assert "s3cret" not in str(fault.value)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody is logged in."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))


def test_without_a_login_the_command_says_how_to_log_in(run: Path, nobody: None) -> None:
    done = CliRunner().invoke(app, ["push", str(run), "--repo", "me/critic"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "hf auth login" in done.stderr


def test_a_dry_run_shows_files_sizes_and_card_and_asks_nobody(run: Path, nobody: None) -> None:
    done = CliRunner().invoke(app, ["push", str(run), "--repo", "me/critic", "--dry-run"])
    assert done.exit_code == 0
    assert "7 B  model.safetensors" in done.stdout
    assert "to me/critic, private" in done.stdout
    assert bundle(run).card.strip() in done.stdout
    assert "optimizer" not in done.stdout


@pytest.mark.parametrize(("name", "is_one"), [(BASE, True), ("/a/b", False), ("./a", False), ("a", False), ("a/b/c", False)])
def test_a_folder_is_never_taken_for_a_name_on_the_hub(name: str, is_one: bool) -> None:
    assert on_hub(name) is is_one
