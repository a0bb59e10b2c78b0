"""A painter compiled or in fewer bits: what the settings do, and what is said where they cannot be had."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from core.backends import compiling, quantizing
from core.backends.compiling import is_compiled
from core.backends.diffusion import DiffusionPainter
from core.backends.moving import memory_of
from core.backends.pipelines import DiffusionModel
from core.errors import ProfileError
from tests.core.backends.tiny_painters import KLEIN, draw, model, photo, pixels
from tests.core.backends.tiny_pipelines import save, tiny_klein


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tiny_klein(), tmp_path_factory.mktemp("quicker") / "klein")


def wanted(folder: Path, **settings: Any) -> DiffusionModel:
    return model(model=str(folder), guidance=1.0, steps=1, **KLEIN, **settings)


def said(log: pytest.LogCaptureFixture, word: str) -> list[str]:
    return [record.getMessage() for record in log.records if word in record.getMessage()]


def test_a_compiled_painter_draws_the_same_and_is_compiled_for_its_shapes_as_it_is_loaded_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "core.models")
    monkeypatch.setattr(compiling, "COMPILER", "eager")  # traces as the real one does, and makes no code
    memory, compiled = memory_of("cpu"), wanted(folder, compile=True)
    artist = DiffusionPainter.from_profile(compiled, "cpu", memory=memory)
    network = artist._edits._pipe.transformer
    blocks = {type(module).__name__ for module in network.modules() if module._compiled_call_impl is not None}
    assert blocks == {"Flux2TransformerBlock", "Flux2SingleTransformerBlock"}
    assert [line.rsplit(",", 1)[0] for line in said(caplog, "Compiled")] == [
        "Compiled Flux2KleinPipeline for pictures from text, 1 of 2",
        "Compiled Flux2KleinPipeline for edits, 2 of 2",
    ]
    plain = DiffusionPainter.from_profile(wanted(folder), "cpu")
    for source in (None, photo()):
        assert pixels(draw(artist, source=source)) == pixels(draw(plain, source=source))
    again = DiffusionPainter.from_profile(compiled, "cpu", memory=memory)
    assert again._edits._pipe is artist._edits._pipe
    assert len(said(caplog, "Compiled")) == 2, "what was kept is compiled already"


def test_a_painter_that_cannot_be_compiled_draws_without_and_the_log_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(graph: Any, inputs: Any) -> Any:
        raise OSError("no compiler on this machine")

    monkeypatch.setattr(compiling, "COMPILER", broken)
    artist = DiffusionPainter.from_profile(wanted(folder, compile=True), "cpu")
    assert not is_compiled(artist._edits._pipe.transformer)
    assert [line for line in said(caplog, "can't be compiled") if line.endswith("so it draws without.")]
    assert pixels(draw(artist)) == pixels(draw(DiffusionPainter.from_profile(wanted(folder), "cpu")))


@pytest.mark.parametrize(("bits", "needs"), [("fp8", "torchao"), ("int8", "torchao or bitsandbytes")])
def test_bits_that_no_installed_library_can_do_are_refused_in_one_sentence(
    bits: Any, needs: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantizing, "_is_installed", lambda module: False)
    with pytest.raises(ProfileError, match=rf"quantized to {bits}, which needs {needs}: install it with pip\.$"):
        DiffusionPainter.from_profile(wanted(folder, quantize=bits), "cpu")


def test_the_first_library_that_is_installed_is_asked_for_both_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"transformer": object(), "text_encoder": object()}
    monkeypatch.setattr(quantizing, "_is_installed", lambda module: module == "there")
    monkeypatch.setitem(
        quantizing._LIBRARIES, "int8", {"gone": lambda: pytest.fail("asked"), "there": lambda: tuple(asked.values())}
    )
    monkeypatch.setattr("diffusers.PipelineQuantizationConfig", lambda quant_mapping: quant_mapping)
    assert quantizing.quantization("int8") == asked


def test_what_a_library_for_fewer_bits_refuses_is_the_profiles_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> quantizing.Pair:
        raise RuntimeError("No GPU found.")

    monkeypatch.setattr(quantizing, "_is_installed", lambda module: True)
    monkeypatch.setitem(quantizing._LIBRARIES, "nf4", {"there": refuse})
    with pytest.raises(ProfileError, match=r"'klein' cannot be loaded: No GPU found\."):
        DiffusionPainter.from_profile(wanted(folder, quantize="nf4"), "cpu")
