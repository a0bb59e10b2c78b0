"""What a pipeline never reads is left out, and what it draws stays the same, to the bit."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing._internal.two_tensor import TwoTensor

from core.backends.moving import memory_of
from core.backends.pipelines import DiffusionModel, load_pipeline, networks
from core.backends.trimming import bytes_of, trim
from tests.core.backends.tiny_pipelines import save, tiny_klein, tiny_klein_kv, tiny_kontext, tiny_qwen_edit

DEPTH = 4


def read(pipe: Any, layers: list[int], prompt: str = "a cat by the sea") -> torch.Tensor:
    """What the transformer is told of the prompt: the hidden states of these layers."""
    with torch.no_grad():
        told: torch.Tensor = pipe.encode_prompt(prompt, max_sequence_length=32, text_encoder_out_layers=layers)[0]
    return told


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, DEPTH), min_size=1, max_size=3), st.text("ab c", max_size=20))
def test_without_the_layers_that_are_not_read_a_prompt_reads_the_same_to_the_bit(layers: list[int], prompt: str) -> None:
    pipe = tiny_klein(layers=DEPTH)
    whole = read(pipe, layers, prompt)
    before = sum(bytes_of(part) for _, part in networks(pipe))
    freed = trim(pipe, {"text_encoder_out_layers": layers})
    assert torch.equal(read(pipe, layers, prompt), whole)
    assert freed == before - sum(bytes_of(part) for _, part in networks(pipe)) > 0
    assert len(pipe.text_encoder.model.layers) == max(*layers, 1)


def test_layers_counted_from_the_end_are_still_there() -> None:
    pipe = tiny_klein(layers=DEPTH)
    whole = read(pipe, [1, -1])
    trim(pipe, {"text_encoder_out_layers": [1, -1]})
    assert torch.equal(read(pipe, [1, -1]), whole)


@pytest.mark.parametrize("make", [tiny_klein, tiny_klein_kv], ids=["klein", "klein-kv"])
def test_the_layers_that_a_class_reads_by_itself_are_known_from_its_own_signature(make: Any) -> None:
    pipe = make() if make is tiny_klein_kv else make(layers=29)
    trim(pipe, {})  # both read 9, 18 and 27
    assert len(pipe.text_encoder.model.layers) == (27 if make is tiny_klein else 2)


@pytest.mark.parametrize("make", [tiny_kontext, tiny_qwen_edit])
def test_other_pipelines_keep_all_their_weights(make: Any) -> None:
    pipe = make()
    before = {name: bytes_of(part) for name, part in networks(pipe)}
    assert trim(pipe, {}) == 0
    assert {name: bytes_of(part) for name, part in networks(pipe)} == before


def test_a_pipeline_is_trimmed_as_it_is_loaded_and_the_log_says_by_how_much(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = save(tiny_klein(layers=DEPTH), tmp_path / "klein")
    wanted = DiffusionModel(model=str(folder), options={"text_encoder_out_layers": [1, 2]})
    with caplog.at_level(logging.INFO, "core.models"):
        pipe = load_pipeline(wanted, "cpu", memory_of("cpu"))
    assert len(pipe.text_encoder.model.layers) == 2
    assert "Left out 0.0 GB of Qwen3ForCausalLM: no hidden state after 2 is read." in caplog.text
    assert torch.equal(read(pipe, [1, 2]), read(tiny_klein(layers=DEPTH), [1, 2]))


def test_a_weight_that_is_made_of_others_is_as_large_as_they_are() -> None:
    pair = TwoTensor(torch.zeros(3, 4, dtype=torch.bfloat16), torch.zeros(3, 4, dtype=torch.bfloat16))
    module = torch.nn.Linear(4, 3, bias=False)
    module.weight = torch.nn.Parameter(pair)
    module.register_buffer("scale", torch.zeros(3))
    assert bytes_of(module) == 2 * 3 * 4 * 2 + 3 * 4
