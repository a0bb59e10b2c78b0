"""What is measured on a GPU runs: on a CPU with tiny models of the same classes, and on a GPU with the real shapes."""

from __future__ import annotations

import pytest
import torch

from tests.bench import gpu
from tests.bench.shapes import KLEIN_4B, KLEIN_9B, TINY, Shape


def test_every_figure_of_a_gpu_is_measured_of_tiny_models_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "RUNS", 1)
    monkeypatch.setattr(gpu, "STORY_RUNS", 1)
    monkeypatch.setattr(gpu, "STORIES", 2)
    figures = list(gpu.figures([TINY], "cpu"))
    assert [figure.what for figure in figures] == [
        "tiny: a step, 0 references, as it is",
        "tiny: a step, 1 references, as it is",
        "tiny: decoding, 1 rows, as it is",
        "tiny: decoding, 8 rows, as it is",
        "tiny: a story alone, 3 drawings a story",
        "tiny: 2 in flight, 3 drawings a story",
    ]
    assert all(figure.value > 0 and figure.base > 0 for figure in figures)
    assert figures[-1].baseline == "the reference's loop, 3 drawings a story"


@pytest.mark.parametrize(
    ("shape", "painter", "agent"), [(KLEIN_4B, 3.88e9, 4.44e9), (KLEIN_9B, 9.08e9, 8.77e9)], ids=["4B", "9B"]
)
def test_the_shapes_have_as_many_weights_as_the_published_models(shape: Shape, painter: float, agent: float) -> None:
    pipe, vlm = shape.pipeline("meta", torch.bfloat16), shape.agent("meta", torch.bfloat16)
    assert sum(p.numel() for p in pipe.transformer.parameters()) == pytest.approx(painter, rel=0.01)
    assert sum(p.numel() for p in vlm.model.parameters()) == pytest.approx(agent, rel=0.01)


@pytest.mark.gpu
def test_the_smaller_shape_is_measured_on_a_gpu() -> None:
    assert all(figure.value > 0 for figure in gpu.figures([KLEIN_4B]))
