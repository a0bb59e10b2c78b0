"""Profiles name the models, and nothing else does; what is not on this machine is said before anything is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants
from PIL import Image
from safetensors.torch import save_file

from core import profiles
from core.backends import pipelines
from core.backends.memory import DeviceMemory, PaperRoom
from core.backends.openai import ServedVlm
from core.backends.pipelines import DiffusionModel
from core.backends.quick import QuickCritic
from core.backends.scene import ScenePainter
from core.backends.trimming import bytes_of
from core.backends.vlm import Vlm, VlmCritic, VlmPlanner
from core.casting import Models, build_agents
from core.dialect import load_pack
from core.errors import AgentError, ProfileError
from core.ports import DrawCase, PlanCase
from core.profiles import (
    CriticModel,
    Profile,
    SceneModel,
    VlmModel,
    available_profiles,
    default_profile,
    load_profile,
    missing_weights,
)
from tests.core.backends.streams import drain
from tests.core.backends.tiny_pipelines import save, tiny_klein
from tests.core.backends.tiny_vlm import tiny_vlm

ROOT = Path(__file__).parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"

OWN = """
title = "Mine"
description = "My own models."
licence = "none"
memory_gb = 0
prompts = "./words"

[planner]
model = "./agents"
temperature = 0.5

[critic]
model = "./agents"
max_new_tokens = 7

[painter]
kind = "diffusion"
model = "./klein"
width = 64
height = 64
steps = 2
guidance = 1.0
max_sequence_length = 32
options = { text_encoder_out_layers = [1, 2] }

[policy]
max_attempts = 2

[variants.scenes.painter]
kind = "scene"
model = "./agents"
side = 128

[variants.patient]
title = "Mine, patient"
[variants.patient.policy]
max_attempts = 9
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A profile of somebody's own, without its weights."""
    path = tmp_path / "mine.toml"
    path.write_text(OWN)
    words = tmp_path / "words"
    words.mkdir()
    for role in ("planner", "critic", "painter"):
        (words / f"{role}.md").write_text(
            {"planner": "Plan {{request}}{{images}}", "critic": "{{prompt}}"}.get(role, "{{prompt}}")
        )
    return path


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def downloaded(hub: Path, repo_id: str) -> None:
    """Puts a whole, tiny model into the cache under this id."""
    repo = hub / f"models--{repo_id.replace('/', '--')}"
    (repo / "snapshots" / COMMIT).mkdir(parents=True)
    save_file({}, repo / "snapshots" / COMMIT / "model.safetensors")
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(COMMIT)


def with_weights(own: Path) -> Profile:
    tiny_vlm(["a cat"]).save(own.parent / "agents")
    save(tiny_klein(), own.parent / "klein")
    return load_profile(own)


# ---------------------------------------------------------------- what ships


@pytest.mark.parametrize("profile", available_profiles(), ids=lambda profile: profile.name)
def test_every_profile_that_ships_is_whole_and_loads_by_its_name(profile: Profile) -> None:
    assert load_profile(profile.name) == profile
    pack = load_pack(Path(profile.prompts))
    assert pack.planner
    assert pack.critic
    assert profile.licence


def test_the_least_demanding_profile_comes_first_and_needs_no_accelerator() -> None:
    shipped = available_profiles()
    assert shipped[0].name == "pocket"
    assert shipped[0].memory_gb == 0
    assert [profile.memory_gb for profile in shipped] == sorted(profile.memory_gb for profile in shipped)


def test_a_hub_id_is_named_in_profiles_only() -> None:
    ids = {missing.repo_id for profile in available_profiles() for missing in missing_weights(profile)} | {
        str(section.model) for profile in available_profiles() for section in (profile.planner, profile.critic, profile.painter)
    }
    hub_ids = {name for name in ids if "/" in name and not name.startswith("/")}
    assert len(hub_ids) >= 7
    sources = [path for top in ("core", "studio") for path in (ROOT / top).rglob("*.py")]
    named = {(path.name, name) for path in sources for name in hub_ids if name in path.read_text(encoding="utf-8")}
    assert named == set()


def test_the_agents_of_klein_4b_share_one_base_to_download() -> None:
    profile = load_profile("klein-4b")
    assert (profile.planner.model, profile.planner.revision) == (profile.critic.model, profile.critic.revision)
    assert isinstance(profile.painter, DiffusionModel)
    assert (profile.painter.steps, profile.painter.guidance, profile.painter.width) == (4, 1.0, 1024)


# ---------------------------------------------------------------- reading


def test_a_profile_may_be_a_file_of_ones_own_with_paths_beside_it(own: Path) -> None:
    profile = load_profile(own)
    assert profile.name == "mine"
    assert profile.planner.model == str(own.parent / "agents")
    assert profile.prompts == str(own.parent / "words")
    assert profile.policy.max_attempts == 2
    assert load_profile(str(own)) == profile


def test_a_variant_changes_what_it_names_and_keeps_the_rest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.toml").write_text(OWN)
    monkeypatch.setattr(profiles, "ASSETS", tmp_path)
    plain, patient, scenes = (load_profile(name) for name in ("mine", "mine:patient", "mine:scenes"))
    assert (patient.title, patient.policy.max_attempts) == ("Mine, patient", 9)
    assert patient.model_copy(update={"name": "mine", "title": plain.title, "policy": plain.policy}) == plain
    assert isinstance(scenes.painter, SceneModel)
    assert scenes.painter.side == 128
    assert [profile.name for profile in available_profiles()] == ["mine", "mine:scenes", "mine:patient"]
    with pytest.raises(ProfileError, match="no variant 'loud'; it has scenes, patient"):
        load_profile("mine:loud")


@pytest.mark.parametrize(
    "name", ["../klein-4b", "/etc/passwd", "Klein", "", "klein-4b:", "a:b:c", "klein-4b\n", "Qwen/Qwen3-VL-4B-Instruct"]
)
def test_what_is_no_profiles_name_is_refused(name: str) -> None:
    with pytest.raises(ProfileError, match="is no profile's name"):
        load_profile(name)


def test_an_unknown_profile_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ProfileError, match=r"no profile 'klein-5b'; there are pocket, klein-4b, .*interleavethinker:quick"):
        load_profile("klein-5b")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('kind = "diffusion"', 'kind = "oil"', "malformed at painter"),
        ("steps = 2", "steps = 0", r"malformed at painter.diffusion.steps"),
        ("width = 64", "widht = 64", r"malformed at painter.diffusion.widht"),
        ('title = "Mine"', "", "malformed at title"),
        ("max_attempts = 2", "max_attempts = 99", r"malformed at policy.max_attempts"),
        ("[planner]", "[planner", "is not TOML"),
    ],
)
def test_a_malformed_profile_says_where(old: str, new: str, says: str, own: Path) -> None:
    own.write_text(OWN.replace(old, new, 1))
    with pytest.raises(ProfileError, match=says):
        load_profile(own)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ProfileError, match=r"'nowhere.toml' cannot be read"):
        load_profile("somewhere/nowhere.toml")


# ---------------------------------------------------------------- weights


def test_missing_weights_say_what_how_large_and_how_to_get_it_each_once(hub: Path) -> None:
    first, second = missing_weights(load_profile("klein-4b"))
    assert (first.repo_id, first.size_gb, first.how) == (
        "Qwen/Qwen3-VL-4B-Instruct",
        8.9,
        "hf download Qwen/Qwen3-VL-4B-Instruct",
    )
    assert second.repo_id == "black-forest-labs/FLUX.2-klein-4B"


def test_weights_in_the_cache_are_not_missing(hub: Path) -> None:
    downloaded(hub, "Qwen/Qwen3-VL-4B-Instruct")
    assert [missing.repo_id for missing in missing_weights(load_profile("klein-4b"))] == ["black-forest-labs/FLUX.2-klein-4B"]


def test_weights_behind_a_licence_say_so(hub: Path) -> None:
    *_, generator = missing_weights(load_profile("interleavethinker"))
    assert "accepted its licence at https://huggingface.co/black-forest-labs/FLUX.2-klein-9B" in generator.how


def test_a_missing_revision_adapter_or_second_painter_is_missed(own: Path, hub: Path) -> None:
    with_weights(own)
    own.write_text(
        OWN.replace('model = "./agents"', 'model = "someone/agents"\nrevision = "v2"\nadapter = "./tuned"', 1).replace(
            "[policy]",
            '[[painter.adapters]]\nmodel = "./style.safetensors"\n[painter.from_text]\nmodel = "someone/text"\n[policy]',
        )
    )
    missing = missing_weights(load_profile(own))
    assert [one.repo_id for one in missing] == ["someone/agents", "tuned", "style.safetensors", "someone/text"]
    assert missing[0].how == "hf download someone/agents --revision v2"


def test_building_without_weights_names_all_that_is_missing_and_loads_nothing(own: Path) -> None:
    with pytest.raises(ProfileError, match=r"Mine needs weights .* agents with: .*; klein with: "):
        build_agents(load_profile(own))


def test_the_pocket_profile_is_the_default_without_an_accelerator_or_weights(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def default_with(memory_gb: float) -> str:
        monkeypatch.setattr(pipelines, "cuda_memory_gb", lambda: memory_gb)
        return default_profile().name

    assert default_with(80.0) == "pocket"
    for repo_id in ("Qwen/Qwen3-VL-4B-Instruct", "black-forest-labs/FLUX.2-klein-4B"):
        downloaded(hub, repo_id)
    assert default_with(0.0) == "pocket"
    assert default_with(8.0) == "pocket"
    assert default_with(12.6) == "klein-4b"


def test_reading_profiles_loads_no_model_library() -> None:
    code = (
        "import sys; from core.profiles import available_profiles, missing_weights\n"
        "[missing_weights(profile) for profile in available_profiles()]\n"
        "sys.exit(bool({'torch', 'transformers', 'diffusers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


# ---------------------------------------------------------------- agents


def test_agents_are_built_of_what_the_profile_says_and_share_their_base(own: Path) -> None:
    agents = build_agents(with_weights(own), device="cpu")
    assert isinstance(agents.planner, VlmPlanner)
    assert isinstance(agents.critic, VlmCritic)
    planner, critic = agents.planner.vlm, agents.critic.vlm
    assert planner.checkpoint is critic.checkpoint
    assert planner.decoding.temperature == 0.5
    assert (critic.decoding.max_new_tokens, planner.decoding.max_new_tokens == 7) == (7, False)
    assert agents.planner.pack.planner.startswith("Plan ")
    assert agents.painter.name.startswith("klein@")
    picture = drain(agents.painter.draw([DrawCase("a cat", None, 1)]))[1][0]
    assert isinstance(picture, Image.Image)
    assert picture.size == (64, 64)
    # An untrained model's words are no plan; that they come as a fault in place shows that the whole path ran.
    assert isinstance(drain(agents.planner.plan([PlanCase("a cat", (), 1)]))[1][0], AgentError)


def test_a_second_use_of_a_profile_loads_nothing_and_another_one_shares_what_they_have_in_common(own: Path) -> None:
    profile, models = with_weights(own), Models("cpu")
    other = profile.model_copy(update={"name": "other", "painter": SceneModel(model=profile.critic.model, side=128)})
    first, second, third = (models.agents(each) for each in (profile, other, profile))
    checkpoints = {id(agent.vlm.checkpoint) for each in (first, second, third) for agent in (each.planner, each.critic)}  # type: ignore[attr-defined]
    assert len(checkpoints) == 1
    assert isinstance(second.painter, ScenePainter)
    assert id(second.painter.vlm.checkpoint) in checkpoints  # type: ignore[attr-defined]
    assert first.painter._edits._pipe is third.painter._edits._pipe  # type: ignore[attr-defined]
    assert not first.crowded


def test_agents_share_weights_whatever_their_adapter_and_decoding_but_not_in_another_revision_or_precision() -> None:
    base = VlmModel(model="someone/base")
    for same in ({"adapter": "someone/critic"}, {"temperature": 0.5}, {"max_new_tokens": 9}, {"size_gb": 1.0}):
        assert VlmModel(model="someone/base", **same).loads_as == base.loads_as  # type: ignore[arg-type]
    for other in ({"model": "someone/other"}, {"revision": "v2"}, {"dtype": "float32"}):
        assert base.model_copy(update=other).loads_as != base.loads_as


def test_models_that_do_not_fit_on_the_device_together_take_turns_and_say_the_same(
    own: Path, caplog: pytest.LogCaptureFixture
) -> None:
    profile, models, room = with_weights(own), Models("cpu"), PaperRoom(10**12, 10**15)
    profile = profile.model_copy(update={"planner": profile.planner.model_copy(update={"max_new_tokens": 4})})
    models.memory = DeviceMemory(room, reserve=0)
    agents = models.agents(profile)
    assert not agents.crowded
    vlm = bytes_of(agents.critic.vlm.checkpoint.model)  # type: ignore[attr-defined]
    room.device = vlm + 1
    assert models.agents(profile).crowded
    alone = build_agents(profile, device="cpu")
    with caplog.at_level("INFO", "core.models"):
        for _ in range(2):
            drawn, expected = (drain(each.painter.draw([DrawCase("a cat", None, 1)]))[1][0] for each in (agents, alone))
            assert drawn.tobytes() == expected.tobytes()
            said, expected = (drain(each.planner.plan([PlanCase("a cat", (), 1)])) for each in (agents, alone))
            assert said[0] == expected[0]
    moved = [record.getMessage().split()[1] for record in caplog.records if " agents@" in record.getMessage()]
    assert moved == ["out", "in", "out", "in"]


def test_a_scene_painter_draws_at_the_profiles_side_with_the_agents_base(own: Path) -> None:
    profile = with_weights(own)
    painter = SceneModel(model=profile.planner.model, side=128)
    agents = build_agents(profile.model_copy(update={"painter": painter}), device="cpu")
    assert isinstance(agents.painter, ScenePainter)
    assert isinstance(agents.planner, VlmPlanner)
    assert agents.painter.side == 128
    assert agents.painter.vlm.checkpoint is agents.planner.vlm.checkpoint


def test_replies_are_bounded_by_role_where_neither_profile_nor_checkpoint_says_how_long_they_may_get(own: Path) -> None:
    profile = with_weights(own)
    here = Models("cpu")
    sections = (
        VlmModel(model=profile.planner.model),
        CriticModel(model=profile.planner.model),
        SceneModel(model=profile.planner.model),
    )

    def bounds() -> list[int]:
        vlms = [here.vlm(section) for section in sections]
        return [vlm.decoding.max_new_tokens for vlm in vlms if isinstance(vlm, Vlm)]

    assert bounds() == [4096, 2048, 512]
    vlm = here.vlm(sections[0])
    assert isinstance(vlm, Vlm)
    vlm.checkpoint.advice.max_new_tokens = 99
    assert bounds() == [99, 99, 99]
    server = CriticModel(model="openai:http://gpu-1:8000/v1#m")
    assert [
        getattr(here.vlm(each), "max_new_tokens", 0) for each in (server, server.model_copy(update={"max_new_tokens": 7}))
    ] == [2048, 7]


def test_a_critic_says_its_verdict_first_only_where_its_section_says_so(own: Path) -> None:
    with_weights(own)
    own.write_text(OWN.replace("max_new_tokens = 7", "verdict_first = { accept = 0.8, refine = 0.2 }"))
    critic = Models("cpu").critic(profile := load_profile(own), load_pack(Path(profile.prompts)))
    assert isinstance(critic, QuickCritic)
    assert (critic.sure.accept, critic.sure.refine) == (0.8, 0.2)
    own.write_text(OWN.replace("temperature = 0.5", "verdict_first = { accept = 0.8, refine = 0.2 }"))
    with pytest.raises(ProfileError, match=r"malformed at planner.verdict_first"):
        load_profile(own)
    own.write_text(OWN.replace("max_new_tokens = 7", "verdict_first = { accept = 0.2, refine = 0.8 }"))
    with pytest.raises(ProfileError, match="refine must be less"):
        load_profile(own)


def test_a_critic_on_a_server_cannot_say_its_verdict_first(own: Path) -> None:
    first = f"{SERVED}\nverdict_first = {{ accept = 0.9, refine = 0.1 }}"
    own.write_text(OWN.replace('model = "./agents"\nmax_new_tokens = 7', first))
    with pytest.raises(ProfileError, match=r"malformed at critic: .* a server's protocol cannot"):
        load_profile(own)


def test_a_profile_sets_how_its_painter_decodes_apart_from_agents_on_the_same_base(own: Path) -> None:
    profile = with_weights(own)
    painter = SceneModel(model=profile.planner.model, temperature=1.5, max_new_tokens=9, loop="plain")
    agents = build_agents(profile.model_copy(update={"painter": painter}), device="cpu")
    assert isinstance(agents.painter, ScenePainter)
    assert isinstance(agents.planner, VlmPlanner)
    assert (agents.painter.vlm.decoding.temperature, agents.painter.vlm.decoding.max_new_tokens) == (1.5, 9)
    assert (agents.painter.vlm.decoding.loop, agents.planner.vlm.decoding.loop) == ("plain", "lookup")
    assert agents.planner.vlm.decoding.temperature == 0.5


# ---------------------------------------------------------------- models on a server

SERVED = 'model = "openai:http://gpu-1:8000/v1#Qwen/Qwen3-VL-8B-Instruct"'


def test_agents_may_be_on_a_server_and_need_no_weights_and_no_torch(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tiny_klein(), own.parent / "klein")
    own.write_text(OWN.replace('model = "./agents"', f'{SERVED}\nkey_env = "GPU_KEY"\nat_once = 3', 2))
    monkeypatch.setenv("GPU_KEY", " s3cret\n")
    profile = load_profile(own)
    assert missing_weights(profile) == []
    agents = build_agents(profile, device="cpu")
    assert isinstance(agents.planner, VlmPlanner)
    assert isinstance(agents.critic, VlmCritic)
    planner, critic = agents.planner.vlm, agents.critic.vlm
    assert isinstance(planner, ServedVlm)
    assert isinstance(critic, ServedVlm)
    assert (planner.name, planner.key, planner.at_once) == ("Qwen/Qwen3-VL-8B-Instruct@remote", "s3cret", 3)
    assert (planner.temperature, critic.temperature, critic.max_new_tokens) == (0.5, None, 7)
    assert (planner.logprobs, critic.logprobs) == (False, True), "only a critic is asked how sure it is"
    assert "s3cret" not in repr(agents) + repr(profile)


def test_a_key_that_is_not_set_is_named_before_anything_is_asked(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GPU_KEY", raising=False)
    own.write_text(OWN.replace('model = "./agents"', f'{SERVED}\nkey_env = "GPU_KEY"', 2))
    save(tiny_klein(), own.parent / "klein")
    with pytest.raises(ProfileError, match="environment variable GPU_KEY, which is to hold the server's key, is not set"):
        build_agents(load_profile(own))
    monkeypatch.setenv("GPU_KEY", "a\nb")
    with pytest.raises(ProfileError, match="holds no key that can be sent"):
        build_agents(load_profile(own))


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ('model = "openai:http://gpu-1:8000/v1"', "the model is missing"),
        ('model = "openai:http://me:s3cret@gpu-1/v1#m"', "holds no password"),
        (f'{SERVED}\nadapter = "./tuned"', "the server's own"),
        (f'{SERVED}\nkey_env = "a key"', r"malformed at planner.key_env"),
        ('model = "./agents"\nkey_env = "GPU_KEY"', "only a model on a server"),
    ],
)
def test_a_section_that_is_half_here_and_half_on_a_server_is_malformed(own: Path, section: str, says: str) -> None:
    own.write_text(OWN.replace('model = "./agents"', section, 1))
    with pytest.raises(ProfileError, match=says) as refused:
        load_profile(own)
    assert "s3cret" not in str(refused.value)
