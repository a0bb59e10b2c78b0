"""Every stage of the pocket recipe, from nothing to bundles: tokenizers, warm-up, base, and the three roles.

The painter grows out of the base; critic and planner grow out of the painter, which has looked at most pictures. The planner
first learns to tell stories, then to plan for all families of requests. All working
files are in one folder (``runs/pocket``); a stage that is finished is not run again, and one that was cut goes on. Each role
ends as a bundle in its own folder, ready to be packed into ``assets/pocket``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import torch

from core.backends.qwen_processor import load_processor, save_processor
from train.pocket.batches import Mixture, stream
from train.pocket.examples import Role, examples
from train.pocket.model import inherit, learn_tokenizer, load_bundle, make_model, make_processor, quicken, save_bundle
from train.pocket.recipe import (
    BASE,
    BASE_MIXTURE,
    CRITIC,
    CRITIC_MIXTURE,
    FAMILIES,
    FAMILIES_MIXTURE,
    PAINTER,
    PAINTER_MIXTURE,
    PIECES,
    PLANNER,
    PLANNER_MIXTURE,
    POCKET,
    REVISION,
    SEED,
    STORY_PIECES,
    TEMPERATURES,
    TEXTS,
    WARMUP,
    Stage,
)
from train.pocket.trainer import finished, fit, keep_weights, last_weights, load_weights, reply_loss

Agent = Literal["painter", "critic", "planner"]
STAGES: dict[Agent, tuple[Stage, Mixture]] = {
    "painter": (PAINTER, PAINTER_MIXTURE),
    "critic": (CRITIC, CRITIC_MIXTURE),
    "planner": (PLANNER, PLANNER_MIXTURE),
}
LOOKERS: tuple[Role, ...] = ("describe", "painter", "critic")  # one vocabulary for all that see
TELLERS: tuple[Role, ...] = ("planner", "painter")
CHUNK = 250  # examples of one seed for the tokenizers


def learn_tokenizers(runs: Path) -> None:
    """The vocabulary of those who see, and the storyteller's larger one."""
    for name, roles, pieces in (("tokenizer", LOOKERS, PIECES), ("story-tokenizer", TELLERS, STORY_PIECES)):
        if not (runs / name / "tokenizer.json").exists():
            save_processor(make_processor(learn_tokenizer(_texts(roles), pieces)), runs / name)


def _texts(roles: tuple[Role, ...]) -> Iterator[str]:
    for role in roles:
        for chunk in range(TEXTS // CHUNK):
            for example in islice(examples(role, SEED + chunk), CHUNK):
                yield "".join(part.get("text", "\n") for message in example.messages for part in message["content"])
                yield example.completion


def train_base(runs: Path) -> None:
    """Warm-up of the vision tower, then the first words."""
    from train.pocket.warmup import Seer, sight_loss, sights

    learn_tokenizers(runs)
    torch.set_num_threads(1)
    model = _fresh(runs / "tokenizer")
    if not finished(WARMUP, runs / "warmup"):
        seer = Seer(model.model.visual)
        fit(WARMUP, seer, sights, partial(sight_loss, seer), runs / "warmup")
    if not finished(BASE, runs / "base"):
        seer = Seer(model.model.visual)
        load_weights(seer, last_weights(runs / "warmup"))
        _fit(BASE, BASE_MIXTURE, model, runs / "tokenizer", runs / "base")


def train_painter(runs: Path) -> None:
    """The painter from the base; ends with its bundle in ``runs/painter/bundle``."""
    if not finished(PAINTER, runs / "painter"):
        train_base(runs)
        model = _fresh(runs / "tokenizer")
        load_weights(model, last_weights(runs / "base"))
        _fit(PAINTER, PAINTER_MIXTURE, model, runs / "tokenizer", runs / "painter")
    write_bundle("painter", runs)


def train_role(role: Agent, runs: Path) -> None:
    """One role, after the painter if there is none yet; ends with its bundle in ``runs/<role>/bundle``."""
    if role == "painter" or not finished(PAINTER, runs / "painter"):
        train_painter(runs)
    if role == "painter":
        return
    stage, mixture = STAGES[role]
    torch.set_num_threads(1)
    learn_tokenizers(runs)
    words = _words(role, runs)
    painter = _fresh(runs / "tokenizer")
    load_weights(painter, last_weights(runs / "painter"))
    model = painter
    if role == "planner":
        model = _fresh(words)
        inherit(model, load_processor(words).tokenizer, painter, load_processor(runs / "tokenizer").tokenizer)
    if not finished(stage, runs / role):
        _fit(stage, mixture, model, words, runs / role)
    if role == "planner":
        train_families(runs)
    write_bundle(role, runs)


def train_families(runs: Path) -> None:
    """The planner goes on from the storyteller's weights, which may be adopted ones, to requests of all families."""
    before, words = runs / "planner", _words("planner", runs)
    for number, stage in enumerate((FAMILIES, REVISION)):
        folder = runs / stage.name
        if not finished(stage, folder):
            torch.set_num_threads(1)
            model = _fresh(words)
            load_weights(model, last_weights(before))
            _fit(stage, FAMILIES_MIXTURE, model, words, folder, SEED + number)
        before = folder
    write_bundle("planner", runs)


def adopt(role: Literal["painter", "planner"], bundle: Path, runs: Path) -> None:
    """Takes a packed bundle, with its vocabulary, as the finished stage of this folder: what comes after can start at once."""
    model, processor = load_bundle(bundle)
    save_processor(processor, _words(role, runs))
    keep_weights(runs / role, model, STAGES[role][0].steps)


def write_untrained(role: Literal["planner", "critic"], assets: Path, out: Path, blank: bool = False) -> None:
    """A model of the role's shape and vocabulary that nobody has taught the role yet: where a training starts.

    It has the packed painter's weights, which know the world's pictures and words and have never planned nor judged; where
    ``blank``, random ones.
    """
    painter, seen = load_bundle(assets / "painter")
    words = load_processor(assets / role)
    model = make_model(words.tokenizer, POCKET, SEED)
    if not blank:
        inherit(model, words.tokenizer, painter, seen.tokenizer)
    save_bundle(model, words, out, temperature=TEMPERATURES[role])


def write_bundle(role: Agent, runs: Path) -> None:
    """The role's bundle from its last checkpoint, also of a run that is not yet finished."""
    processor = load_processor(_words(role, runs))
    model = make_model(processor.tokenizer, POCKET, SEED)
    later = (REVISION.name, FAMILIES.name) if role == "planner" else ()
    last = next((runs / name for name in later if last_weights(runs / name).exists()), runs / role)
    load_weights(model, last_weights(last))
    save_bundle(model, processor, runs / role / "bundle", temperature=TEMPERATURES[role])


def pack(role: Agent, runs: Path, assets: Path) -> Path:
    """Puts the role's bundle in the place from which the studio loads it."""
    place = assets / role
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(runs / role / "bundle", place)
    return place


def _words(role: Agent, runs: Path) -> Path:
    return runs / ("story-tokenizer" if role == "planner" else "tokenizer")


def _fresh(words: Path) -> Any:
    return make_model(load_processor(words).tokenizer, POCKET, SEED)


def _fit(stage: Stage, mixture: Mixture, model: Any, words: Path, folder: Path, seed: int = SEED) -> None:
    quicken(model)
    batches = partial(stream, words, mixture, seed, stage.batch)
    fit(stage, model, batches, partial(reply_loss, model), folder)
