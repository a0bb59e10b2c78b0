"""Weights are found whole or not at all, in folders and in the hub's cache, without a network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save_file

from core.backends.weights import find_weights, named, provenance, weights_of
from core.errors import ProfileError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def weights(path: Path, value: float = 0.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"w": torch.full((4,), value)}, path)


def network(folder: Path, shards: int = 1) -> Path:
    """A model's folder; with several shards, an index names them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{}")
    names = ["model.safetensors"] if shards == 1 else [f"model-{n + 1}-of-{shards}.safetensors" for n in range(shards)]
    for name in names:
        weights(folder / name)
    if shards > 1:
        index = {"weight_map": {f"layer{n}": name for n, name in enumerate(names)}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def pipeline(folder: Path) -> Path:
    network(folder / "transformer", shards=2)
    network(folder / "vae")
    (folder / "scheduler").mkdir()
    (folder / "scheduler" / "scheduler_config.json").write_text("{}")
    parts = {"transformer": ["diffusers", "T"], "vae": ["diffusers", "V"], "scheduler": ["diffusers", "S"]}
    index = {"_class_name": "P", **parts, "safety_checker": [None, None], "is_distilled": True}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache with one model in it, laid out as the hub's client does."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    repo = tmp_path / "hub" / "models--someone--tiny"
    network(repo / "snapshots" / COMMIT)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(COMMIT)
    return repo


def test_a_folder_is_found_if_all_its_shards_are_there(tmp_path: Path) -> None:
    folder = network(tmp_path / "model", shards=3)
    assert find_weights(str(folder)) == folder
    (folder / "model-2-of-3.safetensors").unlink()
    assert find_weights(str(folder)) is None


@pytest.mark.parametrize(
    "gone", ["vae/model.safetensors", "transformer/model-2-of-2.safetensors", "scheduler/scheduler_config.json"]
)
def test_a_pipeline_is_found_if_all_its_parts_are_there(gone: str, tmp_path: Path) -> None:
    folder = pipeline(tmp_path / "pipe")
    assert find_weights(str(folder)) == folder
    (folder / gone).unlink()
    if gone.startswith("scheduler"):
        (folder / "scheduler").rmdir()
    assert find_weights(str(folder)) is None


def test_what_is_no_folder_of_safetensors_is_not_found(tmp_path: Path) -> None:
    assert find_weights(str(tmp_path / "nowhere")) is None
    (tmp_path / "pickled").mkdir()
    (tmp_path / "pickled" / "config.json").write_text("{}")
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"")
    assert find_weights(str(tmp_path / "pickled")) is None


def test_a_hub_id_is_found_in_the_cache_by_its_revision(cache: Path) -> None:
    snapshot = cache / "snapshots" / COMMIT
    assert find_weights("someone/tiny") == snapshot
    assert find_weights("someone/tiny", COMMIT) == snapshot
    assert find_weights("someone/tiny", "f" * 40) is None
    assert find_weights("someone/else") is None


def test_a_download_that_broke_off_is_not_found(cache: Path) -> None:
    file = cache / "snapshots" / COMMIT / "model.safetensors"
    file.unlink()
    file.symlink_to(cache / "blobs" / "never-arrived")
    assert find_weights("someone/tiny") is None


@pytest.mark.parametrize("name", ["../../etc", "a/b/c", "", "some one/tiny"])
def test_what_is_no_hub_id_is_not_found(name: str, cache: Path) -> None:
    assert find_weights(name) is None


def test_weights_that_must_be_there_and_are_not_are_named_without_their_path(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        weights_of(str(tmp_path / "gone"))
    assert "'gone'" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_provenance_tells_revisions_and_trainings_apart_and_holds_no_path(cache: Path, tmp_path: Path) -> None:
    assert provenance("someone/tiny", weights_of("someone/tiny")) == f"someone/tiny@{COMMIT[:12]}"
    folder = network(tmp_path / "mine")
    first = provenance(str(folder), folder)
    assert first.startswith("mine@")
    assert provenance(str(folder), folder) == first
    weights(folder / "model.safetensors", value=1.0)
    assert provenance(str(folder), folder) != first


def test_a_model_is_known_by_its_id_or_its_folders_name() -> None:
    assert named("someone/tiny") == "someone/tiny"
    assert named("/somewhere/tiny") == "tiny"
