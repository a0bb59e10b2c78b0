"""Builds the agents that a profile names, of models that share what they have in common.

Knows which backend loads which section; imports the model libraries only to build.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from core.backends.bridge import on_models_thread
from core.backends.openai import Address, ServedVlm, is_served, key_in
from core.backends.pipelines import DiffusionModel
from core.backends.quick import QuickCritic
from core.dialect import Pack, load_pack
from core.ports import Agents, Critic, Painter, Planner, Role
from core.profiles import Profile, SceneModel, VlmModel, require_weights

if TYPE_CHECKING:
    from core.backends.memory import DeviceMemory
    from core.backends.vlm import Respondent


def build_agents(profile: Profile, device: str | None = None) -> Agents:
    """Loads the profile's models. Models that agents share are in memory once. ``ProfileError`` if any is missing."""
    return Models(device).agents(profile)


def build_agent(profile: Profile, role: Role) -> Planner | Painter | Critic:
    """Loads one of the profile's agents alone, as a process of a cluster has it. ``ProfileError`` if its weights are missing."""
    models, pack = Models(), load_pack(Path(profile.prompts))
    match role:
        case "planner":
            return models.planner(profile, pack)
        case "critic":
            return models.critic(profile, pack)
        case "painter":
            return models.painter(profile.painter, pack)
        case _:
            assert_never(role)


def build_painter(profile: Profile, device: str | None = None) -> Painter:
    """Loads the profile's painter alone, as a trainer wants it. ``ProfileError`` if its weights are missing."""
    return Models(device).painter(profile.painter, load_pack(Path(profile.prompts)))


def build_vlm(wanted: VlmModel, device: str | None = None) -> Respondent:
    """Loads one model as an agent would use it, or finds it on its server."""
    return Models(device).vlm(wanted)


class Models:
    """The models on one device by their weights: whoever names the same base shares it, each with an adapter of its own.

    Those of earlier profiles are kept for the next time as long as the computer's memory allows.
    """

    def __init__(self, device: str | None = None) -> None:
        """``device`` is the accelerator, if there is one and no other is named."""
        self._device = device

    def agents(self, profile: Profile) -> Agents:
        """As :func:`build_agents`, of what is in memory already where that is so."""
        require_weights(profile)
        pack = load_pack(Path(profile.prompts))
        return Agents(
            planner=self.planner(profile, pack),
            critic=self.critic(profile, pack),
            painter=self.painter(profile.painter, pack),
            abreast=profile.painter.abreast,
            crowded=self._is_crowded(profile),
        )

    def planner(self, profile: Profile, pack: Pack) -> Planner:
        from core.backends.vlm import VlmPlanner

        return VlmPlanner(self.vlm(profile.planner), pack)

    def critic(self, profile: Profile, pack: Pack) -> Critic:
        from core.backends.vlm import Vlm, VlmCritic

        vlm, first = self.vlm(profile.critic, sure=True), profile.critic.verdict_first
        return QuickCritic(vlm, pack, first) if first and isinstance(vlm, Vlm) else VlmCritic(vlm, pack)

    def painter(self, wanted: SceneModel | DiffusionModel, pack: Pack) -> Painter:
        return PAINTERS[wanted.kind](wanted, pack, self)

    def vlm(self, wanted: VlmModel, sure: bool = False) -> Respondent:
        """``sure``: how probable each "true" was is wanted, too."""
        if is_served(wanted.model):
            return _served(wanted, sure and wanted.logprobs)
        from core.backends.moving import kept_checkpoint
        from core.backends.vlm import load_vlm

        load = kept_checkpoint(self.memory, wanted.loads_as)
        base = load_vlm(wanted.model, revision=wanted.revision, device=self.device, dtype=wanted.dtype, load=load)
        longest = wanted.max_new_tokens or base.checkpoint.advice.max_new_tokens or wanted.longest
        decoding = replace(base.decoding, max_new_tokens=longest)
        if wanted.temperature is not None:
            decoding = replace(decoding, temperature=wanted.temperature)
        if wanted.loop is not None:
            decoding = replace(decoding, loop=wanted.loop)
        return base.with_adapter(wanted.adapter, decoding)

    @cached_property
    def device(self) -> str:
        from core.backends.pipelines import usual_device

        return self._device or usual_device()

    @cached_property
    def memory(self) -> DeviceMemory:
        """The device's memory; of its own, so that two of this class must not have one accelerator for long."""
        from core.backends.moving import memory_of

        return memory_of(self.device)

    def _is_crowded(self, profile: Profile) -> bool:
        sections = (profile.planner, profile.critic, profile.painter)
        here = {section.loads_as for section in sections if not is_served(section.model)}
        return bool(here) and self.memory.apart and on_models_thread(lambda: self.memory.crowded(here))


def _served(wanted: VlmModel, logprobs: bool) -> ServedVlm:
    return ServedVlm(
        Address.parse(wanted.model),
        key_in(wanted.key_env),
        max_new_tokens=wanted.max_new_tokens or wanted.longest,
        temperature=wanted.temperature,
        logprobs=logprobs,
        at_once=wanted.at_once,
    )


def _scene_painter(wanted: Any, pack: Pack, models: Models) -> Painter:
    from core.backends.scene import ScenePainter

    return ScenePainter(models.vlm(wanted), pack, wanted.side)


def _diffusion_painter(wanted: Any, pack: Pack, models: Models) -> Painter:
    from core.backends.diffusion import DiffusionPainter

    return DiffusionPainter.from_profile(wanted, models.device, pack, models.memory)


#: Builds a painter of each kind.
PAINTERS: dict[str, Callable[[Any, Pack, Models], Painter]] = {"scene": _scene_painter, "diffusion": _diffusion_painter}
