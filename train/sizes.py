"""How large a profile's models are, and how they share a card, by arithmetic alone: no weights are read, and no card is needed.

Networks of published configurations are made on torch's meta device, which holds no numbers; what leaves to make room is
worked out by the memory that a real card has, on a device of paper.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.backends.bridge import on_models_thread
from core.backends.memory import GB, DeviceMemory, PaperRoom, Tenant
from core.backends.openai import is_served
from core.backends.pipelines import DiffusionModel
from core.backends.quantizing import LEFT, PARTS, Bits
from core.backends.trimming import truncate
from core.backends.weights import find_weights, named, size_of
from core.errors import ProfileError
from core.profiles import ASSETS, Profile, VlmModel

ARCHITECTURES = ASSETS / "architectures.toml"
ATTEMPTS = 4  # of a step, on paper: after the second, what moves repeats itself


@dataclass(frozen=True)
class Part:
    """A network of a model: who it belongs to, its bytes (in bfloat16, or quantized), and those of its cache for each token."""

    owner: str
    name: str
    size: int
    token: int = 0


@dataclass(frozen=True)
class Sharing:
    """How a profile's models share a card of ``card`` bytes.

    ``inside`` is the most that weights take at a time and ``most`` what they may; ``moved`` comes onto the card for each
    attempt, once a story is under way. ``fits``: every call finds its weights there.
    """

    card: int
    weights: int
    inside: int
    most: int
    moved: int
    fits: bool

    @property
    def together(self) -> bool:
        return self.weights <= self.most


def parts_of(profile: Profile) -> dict[str, list[Part]]:
    """The networks of planner, critic and painter, in the order of their work. ``ProfileError`` if nothing says how large."""
    painter = profile.painter
    drawing = _pipeline(painter) if isinstance(painter, DiffusionModel) else _vlm(painter)
    return {"planner": _vlm(profile.planner), "painter": drawing, "critic": _vlm(profile.critic)}


def shared(parts: dict[str, list[Part]], card: int) -> Sharing:
    """What happens to these networks on a card of so many bytes while a story is told."""
    return on_models_thread(lambda: _told(parts, DeviceMemory(PaperRoom(card, ram=2**60)), card))


def _told(parts: dict[str, list[Part]], memory: DeviceMemory, card: int) -> Sharing:
    moved: list[int] = []
    tenants = {(part.owner, part.name): _on_paper(part, moved) for part in _all(parts)}
    for tenant in tenants.values():
        memory.admit(tenant)
    inside, last = 0, 0
    for agent in ("planner", *("painter", "critic") * ATTEMPTS):
        last = len(moved) if agent == "painter" else last
        for part in parts[agent]:
            memory.use(tenants[part.owner, part.name])
            inside = max(inside, sum(tenant.size() for tenant in tenants.values() if tenant.inside))
    weights = sum(part.size for part in _all(parts))
    return Sharing(card, weights, inside, memory.most, sum(moved[last:]), inside <= memory.most)


def _on_paper(part: Part, moved: list[int]) -> Tenant:
    return Tenant(part.name, part.owner, lambda: part.size, lambda inside: moved.append(part.size) if inside else None)


def _all(parts: dict[str, list[Part]]) -> Iterator[Part]:
    """Each network once: agents may share theirs."""
    yield from {(part.owner, part.name): part for agent in parts.values() for part in agent}.values()


# ---------------------------------------------------------------- how large


def _vlm(model: VlmModel) -> list[Part]:
    if is_served(model.model):
        return []
    known = _known(model.model)
    if known is None:
        return [Part(model.loads_as, "weights", _said(model.model, model.revision, model.size_gb))]
    network = _on_meta(known["vlm"])
    text = network.config.get_text_config()
    token = 2 * 2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim  # keys and values, two bytes each
    return [Part(model.loads_as, "weights", _half(network), token)]


def _pipeline(model: DiffusionModel) -> list[Part]:
    known = _known(model.model)
    if known is None:
        parts = [Part(model.loads_as, "pipeline", _said(model.model, model.revision, model.size_gb))]
    else:
        bits = model.quantize
        parts = [
            Part(model.loads_as, name, _half(network, bits if name in PARTS else None)) for name, network in _networks(known)
        ]
    return [*parts, *(_pipeline(model.from_text) if model.from_text else [])]


def _networks(known: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in ("text_encoder", "transformer", "vae"):
        network = _on_meta(known[name])
        if name == "text_encoder" and "reads" in known:
            truncate(network, known["reads"])
        yield name, network


def _on_meta(config: dict[str, Any]) -> Any:
    import diffusers
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

    config = dict(config)
    with torch.device("meta"):
        if kind := config.pop("_class_name", None):
            return getattr(diffusers, kind)(**config)
        made: Any = AutoConfig
        sees: Any = AutoModelForImageTextToText if "vision_config" in config else AutoModelForCausalLM
        return sees.from_config(made.for_model(config.pop("model_type"), **config))


def _half(network: Any, bits: Bits | None = None) -> int:
    """Bytes in bfloat16, whatever the network was made in; its products' weights in fewer bits, if so many are said."""
    from torch.nn import Linear

    whole = 2 * sum(tensor.numel() for tensor in network.parameters())
    if bits is None:
        return int(whole)
    products = 2 * sum(module.weight.numel() for module in network.modules() if isinstance(module, Linear))
    return int(whole - products * (1 - LEFT[bits]))


def _known(model: str) -> dict[str, Any] | None:
    architectures = tomllib.loads(ARCHITECTURES.read_text(encoding="utf-8"))
    found: dict[str, Any] | None = architectures.get(model)
    return architectures[found["like"]] if found and "like" in found else found


def _said(model: str, revision: str | None, size_gb: float | None) -> int:
    """By the files, if they are here; else what the profile says."""
    folder = find_weights(model, revision)
    if folder is not None:
        return size_of(folder)
    if size_gb is None:
        raise ProfileError(f"How large {named(model)!r} is, nothing says: give its size_gb in the profile.")
    return round(size_gb * GB)
