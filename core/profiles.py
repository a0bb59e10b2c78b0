"""Reads model profiles (``assets/profiles/*.toml``), and says which weights of one are on this machine.

A profile is the only place where a model is named: neither a page nor a request can name one. Weights are looked for and
never downloaded. Loads none of them: that is :mod:`core.casting`'s.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationError, model_validator

from core.backends.openai import SCHEME, Address, is_served
from core.backends.pipelines import DiffusionModel
from core.backends.quick import Sure
from core.backends.vlm import MAX_NEW_TOKENS
from core.backends.weights import find_weights, is_folder, named
from core.errors import ProfileError
from core.types import Policy, Value

ASSETS = Path(__file__).parent.parent / "assets"
ON_A_CPU = "pocket"
ON_AN_ACCELERATOR = "klein-4b"
NAME = re.compile(r"[a-z0-9][a-z0-9.-]*(:[a-z0-9][a-z0-9.-]*)?")  # a profile's, and perhaps a variant's


class VlmModel(Value):
    """A vision-language model as one agent uses it. What is None, the checkpoint decides.

    ``model`` may be on a server: ``openai:http://host:8000/v1#model``. Its key, if it wants one, is in the environment
    variable ``key_env``; ``at_once`` requests are in flight. A server that gives no ``logprobs`` gives a critic no P(success).
    ``loop`` says how a model in memory decodes (:class:`core.backends.vlm.Decoding`): ``lookup`` on a CPU, else ``plain``.
    """

    #: Where neither the profile nor the checkpoint says how long a reply may get: the longest that agents were trained on.
    longest: ClassVar[int] = MAX_NEW_TOKENS

    model: str
    revision: str | None = None
    adapter: str | None = None
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    max_new_tokens: int | None = Field(default=None, gt=0)
    temperature: float | None = Field(default=None, ge=0)
    size_gb: float | None = Field(default=None, gt=0)
    gated: bool = False
    key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    at_once: int = Field(default=8, ge=1, le=256)
    logprobs: bool = True
    loop: Literal["plain", "lookup"] | None = None

    @property
    def loads_as(self) -> str:
        """What of this decides which weights are loaded; agents that agree in it share them."""
        return VlmModel.model_dump_json(self, include={"model", "revision", "dtype"})

    @model_validator(mode="after")
    def _is_here_or_on_a_server(self) -> Self:
        if is_served(self.model):
            Address.parse(self.model)
            if self.adapter or self.revision or self.dtype or self.loop:
                raise ValueError("adapter, revision, dtype and loop are the server's own")
        elif self.key_env:
            raise ValueError(f"only a model on a server ({SCHEME}…) has a key")
        return self


class CriticModel(VlmModel):
    """A vision-language model that judges.

    ``verdict_first = {accept = 0.9, refine = 0.1}`` has it say its verdict before it thinks, and think only where it is unsure:
    P(success) is between the two (:mod:`core.backends.quick`). How far that agrees with the full critic depends on the
    checkpoint: ``python -m train evaluate verdict-first`` measures it.
    """

    #: A verdict has about 450 tokens, where a plan of six steps has 1800 (estimates, 8B agents): one that runs away ends sooner.
    longest: ClassVar[int] = 2048

    verdict_first: Sure | None = None

    @model_validator(mode="after")
    def _can_begin_a_reply(self) -> Self:
        if self.verdict_first and is_served(self.model):
            raise ValueError("verdict_first begins the model's reply, which a server's protocol cannot: use a model in memory")
        return self


class SceneModel(VlmModel):
    """A vision-language model that writes scene programs, drawn at ``side`` × ``side`` pixels."""

    #: Drawings that are decoded together, as replies are.
    abreast: ClassVar[int] = 8
    longest: ClassVar[int] = 512  # a scene program has some 160 bytes; the rest is for a model that says more around it

    kind: Literal["scene"] = "scene"
    side: int = Field(default=768, ge=64, le=4096)


class Profile(Value):
    """A set of models that tell stories together, with the prompts they were made for.

    ``memory_gb`` is what the accelerator needs (0: none is needed). ``prompts`` is a pack's folder. ``policy`` is the
    default for stories of this profile.
    """

    name: str
    title: str
    description: str
    licence: str
    memory_gb: float = Field(ge=0)
    prompts: str
    planner: VlmModel
    critic: CriticModel
    painter: Annotated[SceneModel | DiffusionModel, Field(discriminator="kind")]
    policy: Policy = Policy()


@dataclass(frozen=True)
class Missing:
    """Weights that a profile needs and this machine has not, or not all of; ``how`` gets them."""

    repo_id: str
    size_gb: float | None
    how: str

    def __str__(self) -> str:
        size = f" ({self.size_gb:g} GB)" if self.size_gb else ""
        return f"{self.repo_id}{size} with: {self.how}"


# ---------------------------------------------------------------- files -> values


def load_profile(name_or_path: str | Path) -> Profile:
    """The profile of a name (``klein-4b``, or with a variant ``interleavethinker:quick``) or of a path to a TOML file."""
    wanted = str(name_or_path)
    if wanted.endswith(".toml"):
        return _read(Path(wanted), variant=None)
    if not NAME.fullmatch(wanted):
        raise ProfileError(f"{wanted!r} is no profile's name.")
    stem, _, variant = wanted.partition(":")
    path = ASSETS / "profiles" / f"{stem}.toml"
    if not path.is_file():
        known = ", ".join(profile.name for profile in available_profiles())
        raise ProfileError(f"There is no profile {stem!r}; there are {known}.")
    return _read(path, variant or None)


def available_profiles() -> list[Profile]:
    """All profiles that ship, each variant on its own, the least demanding first. Their weights may be missing."""
    files = sorted((ASSETS / "profiles").glob("*.toml"))
    found = [_read(path, variant) for path in files for variant in [None, *_table(path).get("variants", {})]]
    return sorted(found, key=lambda profile: profile.memory_gb)


def _read(path: Path, variant: str | None) -> Profile:
    table = _table(path)
    variants = table.pop("variants", {})
    name = path.stem
    if variant is not None:
        if variant not in variants:
            raise ProfileError(f"The profile {name!r} has no variant {variant!r}; it has {', '.join(variants) or 'none'}.")
        table = _merged(table, variants[variant])
        name = f"{name}:{variant}"
    placed = _placed({**table, "name": name}, path.parent.resolve())
    if isinstance(prompts := placed.get("prompts"), str) and not is_folder(prompts):  # the name of a pack that ships
        placed["prompts"] = str(ASSETS / "prompts" / prompts)
    try:
        return Profile.model_validate(placed)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise ProfileError(f"The profile {name!r} is malformed at {place}: {fault['msg']}.") from error


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(f"The profile {path.name!r} cannot be read.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"The profile {path.name!r} is not TOML: {error}.") from error


def _merged(table: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The table with a variant's values over it, section by section. A section that names another model is a new one."""
    merged = dict(table)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) and "model" not in value else value
    return merged


def _placed(value: Any, folder: Path) -> Any:
    """Every text that begins with ``./`` or ``../`` is a path relative to the profile's own folder."""
    match value:
        case dict():
            return {key: _placed(inner, folder) for key, inner in value.items()}
        case list():
            return [_placed(inner, folder) for inner in value]
        case str() if value.startswith(("./", "../")):
            return str((folder / value).resolve())
    return value


# ---------------------------------------------------------------- values -> weights


def missing_weights(profile: Profile) -> list[Missing]:
    """What must be fetched before :func:`core.casting.build_agents` can work; looks at files only, not at the network."""
    found: dict[tuple[str, str | None], Missing] = {}
    for model, revision, size_gb, gated in _named_weights(profile):
        if (model, revision) not in found and not _is_here(model, revision):
            found[model, revision] = Missing(named(model), size_gb, _how(model, revision, gated))
    return list(found.values())


def require_weights(profile: Profile) -> None:
    """``ProfileError`` if any weights are missing, which says how to get them."""
    if missing := missing_weights(profile):
        raise ProfileError(f"{profile.title} needs weights that are not on this machine. Get {'; '.join(map(str, missing))}.")


def _named_weights(profile: Profile) -> Iterator[tuple[str, str | None, float | None, bool]]:
    painters = [profile.painter]
    if isinstance(profile.painter, DiffusionModel) and profile.painter.from_text:
        painters.append(profile.painter.from_text)
    for model in (profile.planner, profile.critic, *painters):
        yield model.model, model.revision, model.size_gb, model.gated
        if isinstance(model, VlmModel) and model.adapter:
            yield model.adapter, None, None, False
        if isinstance(model, DiffusionModel):
            yield from ((adapter.model, None, None, False) for adapter in model.adapters)


def _is_here(model: str, revision: str | None) -> bool:
    return is_served(model) or Path(model).is_file() or find_weights(model, revision) is not None


def _how(model: str, revision: str | None, gated: bool) -> str:
    if Path(model).is_relative_to(ASSETS):
        return "make pocket"
    if is_folder(model):
        return "put the folder where the profile says"
    command = f"hf download {model}" + (f" --revision {revision}" if revision else "")
    return f"{command} (after you accepted its licence at https://huggingface.co/{model})" if gated else command


def default_profile() -> Profile:
    """The best profile that can run here without a download: FLUX.2-klein on an accelerator that holds it, else pocket."""
    best = load_profile(ON_AN_ACCELERATOR)
    if not missing_weights(best):  # asked first, because the other question loads torch
        from core.backends.pipelines import cuda_memory_gb

        if cuda_memory_gb() >= best.memory_gb:
            return best
    return load_profile(ON_A_CPU)
