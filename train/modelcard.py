"""Writes a trained model's card: what it is, of what it was made and how, and how good it is, as far as its folder tells.

Pure: values to Markdown. A path of this machine never gets into a card, only the name at its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

STAGES = {
    "sft": "supervised fine-tuning on curated replies",
    "grpo": "reinforcement learning (GRPO) on rewards for format, accuracy and better redrawings",
}
PAPER = "[InterleaveThinker](https://arxiv.org/abs/2606.13679)"
#: What a hyper-parameter says of this machine, not of the training.
UNTOLD = frozenset({"out", "data", "model"})


@dataclass(frozen=True)
class Trained:
    """What a folder tells of its model. ``run`` and ``result`` are run.json and result.json, ``figures`` a report's."""

    name: str
    parts: tuple[str, ...]  # the folders of a bundle's models; empty for one model
    base: str  # a hub id, or the name of a folder; empty if it is not known
    adapter: bool
    run: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    licence: str = ""  # only where it is known, as the pocket models' is

    @property
    def role(self) -> str:
        """What the model does in a story: planner or critic; empty if it is not known."""
        config = self.run.get("config", {})
        return str(config.get("role") or ("critic" if self.run.get("command") == "grpo" else ""))


def card(trained: Trained) -> str:
    """The card, Markdown with the hub's front matter."""
    sections = (_head(trained), _what(trained), _training(trained), _evaluation(trained), _licence(trained))
    return "\n".join(line for section in sections for line in section) + "\n"


def on_hub(model: str) -> bool:
    """Whether this is a hub id, as far as a name can tell."""
    return model.count("/") == 1 and not PurePath(model).is_absolute() and not model.startswith(".")


def _head(trained: Trained) -> Iterator[str]:
    yield "---"
    yield f"library_name: {'peft' if trained.adapter else 'transformers'}"
    yield "pipeline_tag: image-text-to-text"
    if on_hub(trained.base):
        yield f"base_model: {_said(trained.base)}"
    if trained.licence:
        yield f"license: {trained.licence}"
    tags = ["interleaved-generation", *filter(None, [trained.role, str(trained.run.get("command", ""))])]
    yield f"tags: [{', '.join(map(_said, tags))}]"
    yield "---"
    yield ""


def _what(trained: Trained) -> Iterator[str]:
    yield f"# {_said(trained.name)}"
    yield ""
    if trained.parts:
        parts = ", ".join(f"`{_said(part)}`" for part in trained.parts)
        yield f"A set of models that tell illustrated stories together: {parts}."
    else:
        kind = "A LoRA adapter" if trained.adapter else "A vision-language model"
        yield f"{kind} that works as the **{trained.role or 'agent'}** of illustrated stories, by the method of {PAPER}."
    yield ""
    yield "Made with Interleave Studio. A profile (`assets/profiles/*.toml`) names it under `model`" + (
        ", with the base model, under `adapter`." if trained.adapter else "."
    )
    yield ""
    if trained.base:
        yield f"Base model: `{_said(trained.base)}`."
        yield ""


def _training(trained: Trained) -> Iterator[str]:
    run = trained.run
    if not run:
        return
    command = str(run.get("command", ""))
    yield "## Training"
    yield ""
    yield f"Stage: {STAGES.get(command, _said(command))}."
    yield ""
    yield from _table(("setting", "value"), _settings(run.get("config", {})))
    yield from _table(
        ("data", "sha256"), [(PurePath(path).name, digest or "-") for path, digest in run.get("inputs", {}).items()]
    )
    made = [("code", run.get("revision") or "-"), *run.get("versions", {}).items(), ("at", run.get("at", "-"))]
    yield from _table(("made with", "version"), made)


def _settings(config: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The hyper-parameters, those of the preset among them."""
    own = [(name, value) for name, value in config.items() if name not in UNTOLD and not isinstance(value, Mapping)]
    inner = [pair for value in config.values() if isinstance(value, Mapping) for pair in value.items()]
    return [(name, value) for name, value in (*own, *inner) if value is not None]


def _evaluation(trained: Trained) -> Iterator[str]:
    if trained.result or trained.figures:
        yield "## Evaluation"
        yield ""
    yield from _table(("of the run", "value"), [(name, value) for name, value in trained.result.items() if value is not None])
    rows = [
        (name, f"{figure.get('value')} ({figure.get('low')} to {figure.get('high')}, n = {figure.get('n')})")
        for name, figure in trained.figures.items()
    ]
    yield from _table(("figure", "value (95 % interval)"), rows)


def _licence(trained: Trained) -> Iterator[str]:
    yield "## Licence"
    yield ""
    if trained.licence:
        yield f"{_said(trained.licence)}."
    else:
        yield "The base model's licence holds for these weights, too: see its card and the data's before you pass them on."


def _table(heads: tuple[str, str], rows: list[tuple[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    yield f"| {heads[0]} | {heads[1]} |"
    yield "|---|---|"
    yield from (f"| {_said(name)} | `{_said(_named(value))}` |" for name, value in rows)
    yield ""


def _named(value: Any) -> Any:
    """Of a path only its end."""
    return PurePath(value).name if isinstance(value, str) and PurePath(value).is_absolute() else value


def _said(value: Any) -> str:
    """One line that neither ends a cell nor begins markup."""
    text = " ".join(str(value).split())
    return "".join(" " if letter in "|`<>[]{}#" else letter for letter in text)
