"""A drawing that is given up, fails or does not fit: one case's matter, and no trace of it in the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from PIL import Image

from core.backends.diffusion import DiffusionPainter
from core.errors import AgentError, DrawError, OutOfMemory
from core.ports import DrawCase
from tests.core.backends.streams import drain
from tests.core.backends.tiny_painters import (
    PIPELINES,
    STEPS,
    before,
    draw,
    painter,
    pixels,
    small_references,
)

pytestmark = pytest.mark.usefixtures(small_references.__name__)


@pytest.fixture(params=PIPELINES)
def any_painter(request: pytest.FixtureRequest) -> DiffusionPainter:
    return painter(request.param)[0]


def test_a_drawing_given_up_midway_leaves_no_trace_in_the_next_one(any_painter: DiffusionPainter) -> None:
    untouched = pixels(draw(any_painter, seed=5))
    stream = any_painter.draw([DrawCase("a dog", None, 1), DrawCase("a bear", None, 2)])
    next(stream)
    stream.close()
    assert pixels(draw(any_painter, seed=5)) == untouched


def test_a_drawing_given_up_ends_at_its_next_denoising_step_and_the_other_cases_are_not_begun() -> None:
    artist, pipe = painter("klein")
    release = threading.Event()
    steps, pictures = [0], [0]

    def wait_after_the_first(*_: Any) -> None:
        steps[0] += 1
        if steps[0] > 1:
            release.wait(10)

    def decode(*_: Any) -> None:
        pictures[0] += 1

    with before(pipe.transformer, wait_after_the_first), before(pipe.vae.decoder, decode):
        stream = artist.draw([DrawCase("a dog", None, 1)] * 5)
        next(stream)
        threading.Timer(0.2, release.set).start()  # by then, the stream is being closed
        stream.close()
    assert (steps, pictures) == ([2], [0])


def test_an_offloaded_pipeline_draws_the_same_and_is_whole_after_a_drawing_given_up() -> None:
    artist, pipe = painter("klein")
    resident = pixels(draw(artist, seed=5))
    pipe.enable_model_cpu_offload(device="cpu")  # the hooks are the same on any device
    assert pixels(draw(artist, seed=5)) == resident
    stream = artist.draw([DrawCase("a dog", None, 1)])
    next(stream)
    at_work = pipe.transformer._hf_hook
    stream.close()
    assert pipe.transformer._hf_hook is not at_work
    assert pixels(draw(artist, seed=5)) == resident


def test_a_call_given_up_between_two_cases_reads_no_further_prompt() -> None:
    artist, pipe = painter("klein")
    release = threading.Event()
    prompts = [0]

    def read(*_: Any) -> None:
        prompts[0] += 1

    with before(pipe.text_encoder.model, read), before(pipe.vae.decoder, lambda *_: release.wait(10)):
        stream = artist.draw([DrawCase("a dog", None, 1), DrawCase("a bear", None, 2)])
        for _ in range(STEPS):
            next(stream)
        threading.Timer(0.2, release.set).start()  # by then, the stream is being closed
        stream.close()
    assert prompts == [1]


def test_numbers_that_are_none_are_an_error_not_a_black_picture_and_are_not_kept() -> None:
    artist, pipe = painter("klein")
    sound = pixels(draw(artist))
    artist, pipe = painter("klein")
    weight = pipe.text_encoder.model.embed_tokens.weight
    kept = weight.detach().clone()
    weight.data.fill_(float("nan"))
    failed = draw(artist)
    assert isinstance(failed, DrawError)
    assert "no finite picture" in str(failed)
    weight.data.copy_(kept)
    assert pixels(draw(artist)) == sound


def test_a_black_picture_is_an_error() -> None:
    artist, pipe = painter("klein")
    out = pipe.vae.decoder.conv_out
    out.weight.data.zero_()
    out.bias.data.fill_(-1.0)
    failed = draw(artist)
    assert isinstance(failed, DrawError)
    assert "black" in str(failed)


def test_what_a_pipeline_refuses_is_one_failed_case() -> None:
    artist, _ = painter("stable-diffusion", width=68)  # not a multiple of 8
    failed = draw(artist)
    assert isinstance(failed, DrawError)
    assert "divisible by 8" in str(failed)


def memory_for(most_positions: int) -> Callable[..., None]:
    """An accelerator that can decode so many latent positions at once, and no more."""

    def allocate(latents_BCHW: torch.Tensor) -> None:
        if latents_BCHW.shape[-1] * latents_BCHW.shape[-2] > most_positions:
            raise torch.OutOfMemoryError("out of memory")

    return allocate


def test_out_of_memory_is_answered_by_one_more_try_in_tiles_and_the_next_case_is_untiled() -> None:
    artist, pipe = painter("klein")
    roomy = pixels(draw(artist))
    pipe.vae.tile_latent_min_size, pipe.vae.tile_sample_min_size = 4, 32  # small enough to make tiles of 64 px
    with before(pipe.vae.decoder, memory_for(4 * 4)):
        tiled = draw(artist)
    assert pixels(tiled) != roomy
    assert pixels(draw(artist)) == roomy


def test_memory_that_never_suffices_is_one_failed_case_and_the_others_go_on() -> None:
    artist, pipe = painter("klein")
    tries = 0

    def never_twice(*_: Any) -> None:
        nonlocal tries
        tries += 1
        if tries <= 2:
            raise torch.OutOfMemoryError("out of memory")

    with before(pipe.transformer, never_twice):
        _, results = drain(artist.draw([DrawCase("a cat", None, 1), DrawCase("a dog", None, 2)]))
    assert isinstance(results[0], OutOfMemory)
    assert isinstance(results[0], AgentError)
    assert isinstance(results[1], Image.Image)


def test_a_fault_of_ours_is_not_taken_for_the_models() -> None:
    artist, pipe = painter("klein")

    def broken(*_: Any) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with before(pipe.transformer, broken), pytest.raises(RuntimeError, match="shapes"):
        draw(artist)
