"""Finds model weights on this machine: a folder, or a snapshot in the hub's cache. Never downloads; loads no torch."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from core.errors import ProfileError

COMMIT = 12  # digits of a commit or fingerprint that a name shows


def find_weights(model: str, revision: str | None = None) -> Path | None:
    """The folder with all of ``model``, a local folder or a hub id, or None if any of it is missing."""
    folder = Path(model) if is_folder(model) else _snapshot(model, revision)
    return folder if folder is not None and _is_whole(folder) else None


def is_folder(model: str) -> bool:
    """Whether ``model`` says where weights are, rather than what they are called on the hub."""
    return Path(model).is_absolute()


def weights_of(model: str, revision: str | None = None) -> Path:
    """As :func:`find_weights`; raises ``ProfileError`` rather than return None."""
    folder = find_weights(model, revision)
    if folder is None:
        raise ProfileError(f"The weights of {named(model)!r} are not on this machine, or not all of them.")
    return folder


def size_of(folder: Path) -> int:
    """Bytes of the weights in ``folder``; of a pipeline those of its parts: some have a file of the whole beside them."""
    files = "*/*.safetensors" if (folder / "model_index.json").is_file() else "*.safetensors"
    return sum(path.stat().st_size for path in folder.glob(files))


def named(model: str) -> str:
    """What a person knows the model by: its hub id, or its folder's name; never a path."""
    return Path(model).name if is_folder(model) else model


def provenance(model: str, folder: Path) -> str:
    """``<model>@<revision>`` of the weights in ``folder``: a hub id and its commit, or the folder's name and a fingerprint."""
    if not is_folder(model):
        return f"{model}@{folder.name[:COMMIT]}"  # the cache names a snapshot's folder by its commit
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.safetensors")):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()} {size} ".encode())
        with path.open("rb") as weights:  # its last megabytes tell two trainings of one model apart
            weights.seek(max(0, size - 2**20))
            digest.update(weights.read())
    return f"{named(model)}@{digest.hexdigest()[:COMMIT]}"


def _snapshot(repo_id: str, revision: str | None) -> Path | None:
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        # The folder is passed, because the function's own default was read when it was imported.
        return Path(snapshot_download(repo_id, revision=revision, cache_dir=constants.HF_HUB_CACHE, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError):
        return None


def _is_whole(folder: Path) -> bool:
    index = folder / "model_index.json"  # of a diffusers pipeline: its parts are folders
    if not index.is_file():
        return _has_weights(folder)
    said = json.loads(index.read_text(encoding="utf-8"))
    parts = [name for name, kind in said.items() if not name.startswith("_") and isinstance(kind, list) and kind[0]]
    return all((folder / part).is_dir() for part in parts) and all(
        _has_weights(folder / part)
        for part in parts
        if (folder / part / "config.json").exists()  # the mark of a network
    )


def _has_weights(folder: Path) -> bool:
    """Whether there are weights, and no shard is missing. A file in the cache is a link to what was downloaded."""
    shards = {
        shard
        for index in folder.glob("*.safetensors.index.json")
        for shard in json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
    }
    return any(path.exists() for path in folder.glob("*.safetensors")) and all((folder / shard).exists() for shard in shards)
