"""Loading diffusers pipelines: from disk as published, safetensors only, with adapters, and clear words when it fails."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from core.backends.diffusion import DiffusionPainter
from core.backends.moving import memory_of
from core.backends.pipelines import Adapter, DiffusionModel, load_pipeline
from core.errors import ProfileError
from core.ports import DrawCase
from tests.core.backends.streams import drain
from tests.core.backends.tiny_pipelines import (
    KLEIN_OPTIONS,
    SIDE,
    save,
    tiny_klein,
    tiny_klein_kv,
    tiny_kontext,
    tiny_qwen_edit,
    tiny_stable_diffusion,
)

TINY: dict[str, Callable[[], Any]] = {
    "Flux2KleinPipeline": tiny_klein,
    "Flux2KleinKVPipeline": tiny_klein_kv,
    "FluxKontextPipeline": tiny_kontext,
    "QwenImageEditPlusPipeline": tiny_qwen_edit,
    "StableDiffusionPipeline": tiny_stable_diffusion,
}


@pytest.fixture(scope="module")
def klein(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tiny_klein(), tmp_path_factory.mktemp("klein") / "tiny-klein")


@pytest.fixture(scope="module")
def lora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_lora(tmp_path_factory.mktemp("lora") / "storybook")


def make_lora(folder: Path) -> Path:
    """Random adapters of rank 2 on klein's attention, in the format that its trainers write."""
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    pipe = tiny_klein()
    pipe.transformer.add_adapter(LoraConfig(r=2, target_modules=["to_q", "to_k", "to_v"], init_lora_weights=False))
    pipe.save_lora_weights(folder, get_peft_model_state_dict(pipe.transformer))
    return folder


def model(folder: Path, **settings: Any) -> DiffusionModel:
    usual = {"width": SIDE, "height": SIDE, "steps": 2, "guidance": 1.0, "max_sequence_length": 32, "options": KLEIN_OPTIONS}
    return DiffusionModel(**{"model": str(folder), **usual, **settings})


def picture(painter: DiffusionPainter, source: Image.Image | None = None) -> bytes:
    drawn = drain(painter.draw([DrawCase("a cat", source, 1)]))[1][0]
    assert isinstance(drawn, Image.Image), drawn
    return drawn.tobytes()


def load(folder: Path, **settings: Any) -> DiffusionPainter:
    return DiffusionPainter.from_profile(model(folder, **settings), "cpu")


@pytest.mark.parametrize("name", TINY)
def test_a_pipeline_of_each_class_is_loaded_from_a_folder_as_published(name: str, tmp_path: Path) -> None:
    folder = save(TINY[name](), tmp_path / "tiny")
    pipe = load_pipeline(DiffusionModel(model=str(folder)), "cpu", memory_of("cpu"))
    assert type(pipe).__name__ == name
    assert {part.dtype for part in pipe.components.values() if isinstance(part, torch.nn.Module)} == {torch.float32}


def test_a_saved_pipeline_draws_and_edits_as_the_one_in_memory_did(klein: Path) -> None:
    painter = load(klein)
    seed = torch.Generator("cpu").manual_seed(1)
    arguments = {"num_inference_steps": 2, "guidance_scale": 1.0, "max_sequence_length": 32, "generator": seed}
    plain = tiny_klein()(prompt="a cat", width=SIDE, height=SIDE, **arguments, **KLEIN_OPTIONS).images[0]
    assert picture(painter) == plain.tobytes()
    assert picture(painter, source=plain) != plain.tobytes()


def test_a_painters_name_is_its_folder_and_a_fingerprint_and_never_a_path(klein: Path, tmp_path: Path) -> None:
    name = load(klein).name
    assert name.startswith("tiny-klein@")
    assert "/" not in name
    other = shutil.copytree(klein, tmp_path / "tiny-klein")
    assert load(other).name == name
    weights = other / "transformer" / "diffusion_pytorch_model.safetensors"
    save_file({key: value + 0.1 for key, value in load_file(weights).items()}, weights)
    assert load(other).name != name


def test_an_adapter_changes_the_picture_by_its_scale(klein: Path, lora: Path) -> None:
    plain = picture(load(klein))
    full = load(klein, adapters=[Adapter(model=str(lora))])
    half = load(klein, adapters=[Adapter(model=str(lora), scale=0.5)])
    none = load(klein, adapters=[Adapter(model=str(lora / "pytorch_lora_weights.safetensors"), scale=0.0)])
    assert len({plain, picture(full), picture(half)}) == 3
    assert picture(none) == plain
    assert half.name.endswith("+storybook×0.5")


def test_two_adapters_work_together(klein: Path, lora: Path) -> None:
    one = Adapter(model=str(lora), scale=0.5)
    assert picture(load(klein, adapters=[one, one])) != picture(load(klein, adapters=[one]))


def test_an_adapter_for_another_architecture_is_an_error_not_a_shrug(klein: Path, lora: Path, tmp_path: Path) -> None:
    weights = load_file(lora / "pytorch_lora_weights.safetensors")
    narrow = {key: value[..., :1] if "lora_A" in key else value for key, value in weights.items()}
    foreign = {key.replace("transformer.", "unet."): value for key, value in weights.items()}
    for name, wrong in (("narrow", narrow), ("foreign", foreign)):
        save_file({key: value.contiguous() for key, value in wrong.items()}, tmp_path / f"{name}.safetensors")
        with pytest.raises(ProfileError, match=rf"'{name}.safetensors' (does not fit|has no weights for) Flux2KleinPipeline"):
            load(klein, adapters=[Adapter(model=str(tmp_path / f"{name}.safetensors"))])


def test_an_adapter_folder_with_several_files_asks_which(klein: Path, lora: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        shutil.copy(lora / "pytorch_lora_weights.safetensors", tmp_path / f"{name}.safetensors")
    with pytest.raises(ProfileError, match="has 2 safetensors files"):
        load(klein, adapters=[Adapter(model=str(tmp_path))])
    assert picture(load(klein, adapters=[Adapter(model=str(tmp_path), file="b.safetensors")])) != picture(load(klein))


@pytest.mark.parametrize("decoy", [False, True], ids=["alone", "beside other safetensors"])
def test_pickled_weights_are_not_loaded(decoy: bool, klein: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(klein, tmp_path / "pickled")
    safe = folder / "vae" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(safe), folder / "vae" / "diffusion_pytorch_model.bin")
    if decoy:
        shutil.copy(safe, folder / "vae" / "other.safetensors")
    safe.unlink()
    with pytest.raises(ProfileError, match="'pickled'"):
        load(folder)


@pytest.mark.parametrize("place", ["pipeline.py", "vae/evil.py"])
def test_code_in_a_repository_does_not_run(place: str, klein: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(klein, tmp_path / "coded")
    ran = tmp_path / "ran"
    (folder / place).write_text(f"import pathlib; pathlib.Path({str(ran)!r}).touch()\nclass Own: pass\n")
    index = json.loads((folder / "model_index.json").read_text())
    own = {"_class_name": ["pipeline", "Own"]} if place == "pipeline.py" else {"vae": ["evil", "Own"]}
    (folder / "model_index.json").write_text(json.dumps({**index, **own}))
    with pytest.raises(ProfileError, match="'coded' cannot be loaded"):
        load(folder)
    assert not ran.exists()


def test_a_pipeline_that_is_not_here_is_named_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="The weights of 'nowhere' are not on this machine"):
        load(tmp_path / "nowhere")
