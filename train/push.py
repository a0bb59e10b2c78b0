"""Uploads a finished model to the Hugging Face Hub, private unless told otherwise: weights and processor, and a card.

Only files of an allow-list leave this machine: safetensors, and what a loader needs beside them. Never checkpoints, optimizer
states, stories or pictures, and nothing that is a link. The token is the hub library's own business.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from core.errors import StudioError
from core.profiles import ASSETS
from train.modelcard import Trained, card, on_hub
from train.provenance import RUN
from train.runs import RESULT

CARD = "README.md"
REPORT = "report.json"  # of an evaluation, if it was written beside the model
WEIGHTS = re.compile(r"(adapter_)?model(-\d{5}-of-\d{5})?\.safetensors")
BESIDE = frozenset(
    {
        "config.json",
        "adapter_config.json",
        "generation_config.json",
        "model.safetensors.index.json",
        "processor_config.json",
        "preprocessor_config.json",
        "video_preprocessor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "vocab.json",
        "merges.txt",
        "tokenizer.model",
        "chat_template.jinja",
        "chat_template.json",
        "LICENSE",
        "LICENSE.md",
    }
)
FACTORS = ((2**30, "GB"), (2**20, "MB"), (2**10, "KB"))


class PushError(StudioError):
    """A model cannot be uploaded."""


class Hub(Protocol):
    """What is used of :class:`huggingface_hub.HfApi`."""

    def create_repo(self, repo_id: str, *, private: bool, exist_ok: bool, repo_type: str) -> Any: ...
    def repo_info(self, repo_id: str, *, repo_type: str) -> Any: ...
    def create_commit(self, repo_id: str, operations: Any, *, commit_message: str, repo_type: str) -> Any: ...


@dataclass(frozen=True)
class Bundle:
    """What is uploaded: the files by their names in the repository, and the card."""

    trained: Trained
    files: dict[str, Path]
    card: str

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of each file, the card among them, by name."""
        found = {name: path.stat().st_size for name, path in self.files.items()}
        return dict(sorted((found | {CARD: len(self.card.encode())}).items()))


def bundle(folder: Path) -> Bundle:
    """What of ``folder`` would be uploaded: one model, or a folder for each of several. Raises ``PushError``."""
    if (folder / RUN).is_file() and not (folder / RESULT).is_file() and _json(folder / RUN).get("command") in ("sft", "grpo"):
        raise PushError(f"The run in {folder.name} is not finished: run its command again, then push.")
    parts: tuple[str, ...] = ()
    files = _files(folder)
    if not _is_model(files):
        inner = {part.name: _files(part) for part in sorted(folder.iterdir()) if part.is_dir() and not part.is_symlink()}
        models = {name: mine for name, mine in inner.items() if _is_model(mine)}
        if not models:
            raise PushError(f"{folder.name} holds no model: a configuration and safetensors that belong together.")
        parts = tuple(models)
        files = {f"{name}/{file}": path for name, mine in models.items() for file, path in mine.items()}
    trained = _trained(folder, parts, files)
    own = folder / CARD
    if parts and own.is_file() and not own.is_symlink():  # whoever made a bundle wrote its card
        return Bundle(trained, files, own.read_text(encoding="utf-8"))
    return Bundle(trained, files, card(trained))


def _files(folder: Path) -> dict[str, Path]:
    def allowed(path: Path) -> bool:
        return (path.name in BESIDE or bool(WEIGHTS.fullmatch(path.name))) and path.is_file() and not path.is_symlink()

    return {path.name: path for path in sorted(folder.iterdir()) if allowed(path)}


def _is_model(files: dict[str, Path]) -> bool:
    """Whether these are a whole model or adapter: its configuration, and all safetensors that its index names."""
    if index := files.get("model.safetensors.index.json"):
        return "config.json" in files and set(_json(index).get("weight_map", {}).values()) <= files.keys()
    return {"config.json", "model.safetensors"} <= files.keys() or _is_adapter(files)


def _is_adapter(files: dict[str, Path]) -> bool:
    return {"adapter_config.json", "adapter_model.safetensors"} <= files.keys()


def _trained(folder: Path, parts: tuple[str, ...], files: dict[str, Path]) -> Trained:
    run, adapter = _json(folder / RUN), _is_adapter(files)
    base = str(run.get("config", {}).get("model") or "")
    if not base and adapter:
        base = str(_json(files["adapter_config.json"]).get("base_model_name_or_path") or "")
    pocket = ASSETS / "pocket"
    ours = folder.resolve() == pocket.resolve() or (bool(base) and Path(base).is_relative_to(pocket))
    return Trained(
        name=folder.resolve().name,
        parts=parts,
        base=base if on_hub(base) else Path(base).name,
        adapter=adapter,
        run=run,
        result=_json(folder / RESULT),
        figures=_json(folder / REPORT).get("figures", {}),
        licence="apache-2.0" if ours else "",
    )


def _json(path: Path) -> dict[str, Any]:
    """The object in a file; an empty one if there is no such file. Raises ``PushError``."""
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PushError(f"{path.name} cannot be read.") from error
    if not isinstance(said, dict):
        raise PushError(f"{path.name} is not as it should be.")
    return said


def local_base(found: Bundle) -> str:
    """The folder of this machine that an adapter names as its base, which nobody else has; empty if it names none."""
    for name, path in found.files.items():
        if name.endswith("adapter_config.json"):
            base = str(_json(path).get("base_model_name_or_path") or "")
            if base and not on_hub(base):
                return base
    return ""


def push(found: Bundle, repo: str, public: bool, message: str, hub: Hub | None = None) -> str:
    """Uploads in one commit, into a repository that is made if there is none; returns its address. Raises ``PushError``.

    A repository that is there already is not written to if it is public and ``public`` was not said.
    """
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError, LocalTokenNotFoundError

    if hub is None:
        hub = _logged_in(HfApi())
    added = [CommitOperationAdd(name, path) for name, path in found.files.items()]
    added.append(CommitOperationAdd(CARD, found.card.encode()))
    try:
        made = hub.create_repo(repo, private=not public, exist_ok=True, repo_type="model")
        name = made.repo_id  # with its owner, which the person may have left out
        if not public and not hub.repo_info(name, repo_type="model").private:
            raise PushError(f"The repository {name} is public already: nothing was uploaded. Say --public if it may be.")
        return str(hub.create_commit(name, added, commit_message=message, repo_type="model").commit_url)
    except HFValidationError as error:
        raise PushError(f"{repo!r} is no repository's name: it is like somebody/some-model.") from error
    except LocalTokenNotFoundError as error:
        raise PushError(NO_LOGIN) from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status in (401, 403):
            raise PushError(f"The hub does not let you write to {repo} ({status}): log in with a token that may.") from error
        raise PushError(f"The hub did not take it ({status}): {error.server_message or 'it does not say why'}.") from error
    except (HTTPError, ConnectionError, TimeoutError) as error:  # no network, or HF_HUB_OFFLINE
        raise PushError(f"The hub cannot be reached: {type(error).__name__}. Nothing is lost; push again later.") from error


NO_LOGIN = "You are not logged in to the hub: run `hf auth login`, or set HF_TOKEN to a token that may write."


def _logged_in(api: Any) -> Hub:
    from huggingface_hub import get_token

    if not get_token():
        raise PushError(NO_LOGIN)
    hub: Hub = api
    return hub


def size(count: int) -> str:
    """Bytes for a person."""
    return next((f"{count / factor:.1f} {unit}" for factor, unit in FACTORS if count >= factor), f"{count} B")
