"""What the accelerator is made to do, against what it can: drawing steps, decoding, whole stories, and memory.

The bounds are measured on the same device in the same run: arithmetic by a large product of matrices, memory by a large
copy. Weights are random and replies have a fixed length: nothing here says anything about quality.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL.Image import Image
from torch.utils.flop_counter import FlopCounterMode

from core.backends.diffusion import DiffusionPainter, PipelineCall
from core.backends.pipelines import DiffusionModel
from core.backends.vlm import Decoding, Vlm, VlmCritic, VlmPlanner
from core.dialect import load_pack
from core.errors import AgentError
from core.ports import Agents, DrawCase, JudgeCase, PlanCase, Results, Stream
from core.profiles import ASSETS
from core.types import Plan, Policy, Verdict
from tests.bench import shaped
from tests.bench.figures import Figure, Goal
from tests.bench.matched import Ways, by_reference, compared, one_by_one, together
from tests.bench.reference import Eager
from tests.bench.shapes import KLEIN_4B, KLEIN_9B, Shape

RUNS = 10
STORY_RUNS = 5
STORIES = 8
PROMPT_TOKENS = 3700  # a critic's prompt with its two pictures
ROWS = (1, 8)
TEXT_TOKENS = 512  # to which a painter's prompt is padded
POLICY = Policy(max_attempts=3, on_exhausted="last")
_PACK = load_pack(ASSETS / "prompts" / "full")


@dataclass(frozen=True)
class Device:
    """Where it runs, and how fast that is."""

    name: str
    dtype: torch.dtype
    flops: float  # a second, of a product of matrices
    bandwidth: float  # bytes a second, read or written

    @property
    def on_cuda(self) -> bool:
        return self.name.startswith("cuda")


def figures(shapes: Sequence[Shape] = (KLEIN_4B, KLEIN_9B), name: str = "cuda") -> Iterator[Figure]:
    device = bounds(name, 8192 if name == "cuda" else 256)
    for shape in shapes:
        for measure in (steps, decoding, stories):
            yield from measure(shape, device)
            gc.collect()
            torch.cuda.empty_cache()


def bounds(name: str, side: int) -> Device:
    """What a product of two matrices of this side, and a copy of one, reach."""
    dtype = torch.bfloat16 if name == "cuda" else torch.float32
    left, right = (torch.randn(side, side, device=name, dtype=dtype) for _ in range(2))
    large = torch.empty(16, side, side, device=name, dtype=dtype)
    flops = 2 * side**3 / seconds(lambda: left @ right, name)
    bandwidth = 2 * large.nbytes / seconds(large.clone, name)
    return Device(name, dtype, flops, bandwidth)


def seconds(work: Callable[[], Any], device: str, runs: int = RUNS) -> float:
    """The median, after one run that warms up."""
    taken = list[float]()
    for _ in range(runs + 1):
        _wait(device)
        began = time.perf_counter()
        work()
        _wait(device)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


# ---------------------------------------------------------------- a drawing's step


@torch.inference_mode()
def steps(shape: Shape, device: Device) -> Iterator[Figure]:
    """One denoising step, with no picture to edit and with one, as it is and with its blocks compiled."""
    transformer, limits = shape.pipeline(device.name, device.dtype).transformer, dict[int, float]()
    for compiled in (False, True) if device.on_cuda else (False,):
        if compiled:
            transformer.compile_repeated_blocks(fullgraph=True)
        for pictures in (1, 2):
            given = step_input(transformer, shape.side, pictures, device)
            if not compiled:
                with FlopCounterMode(display=False) as counter:
                    transformer(**given)
                limits[pictures] = counter.get_total_flops() / device.flops
            taken = seconds(lambda given=given: transformer(**given), device.name)  # type: ignore[misc]
            what = f"{shape.name}: a step, {pictures - 1} references, {'compiled' if compiled else 'as it is'}"
            yield Figure(what, taken * 1000, "its arithmetic", limits[pictures] * 1000, "ms", Goal(1.3) if compiled else None)


def step_input(transformer: Any, side: int, pictures: int, device: Device) -> dict[str, Any]:
    """For so many pictures of this side, of which the first is being drawn."""
    where = {"device": device.name, "dtype": device.dtype}
    tokens = pictures * (side // 16) ** 2
    return {
        "hidden_states": torch.randn(1, tokens, transformer.config.in_channels, **where),
        "encoder_hidden_states": torch.randn(1, TEXT_TOKENS, transformer.config.joint_attention_dim, **where),
        "timestep": torch.full((1,), 0.5, **where),
        "img_ids": torch.zeros(1, tokens, 4, device=device.name),
        "txt_ids": torch.zeros(1, TEXT_TOKENS, 4, device=device.name),
        "return_dict": False,
    }


# ---------------------------------------------------------------- decoding


@torch.inference_mode()
def decoding(shape: Shape, device: Device) -> Iterator[Figure]:
    """Tokens a second after the prompt, against weights and cache read once a token."""
    model = shape.agent(device.name, device.dtype).model
    text = model.config.get_text_config()
    size = torch.finfo(device.dtype).bits // 8
    cache_token = 2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim * size
    weights = sum(p.nbytes for name, p in model.named_parameters() if _is_read_for_a_token(name, text.tie_word_embeddings))
    length = min(PROMPT_TOKENS, 16 * shape.verdict_tokens)
    for cache in (None, "static"):
        if cache and not device.on_cuda:
            continue
        for rows in ROWS:
            prompt = torch.randint(10, 200, (rows, length), device=device.name)
            short, long = (
                seconds(lambda n=n, prompt=prompt, cache=cache: _write(model, prompt, n, cache), device.name, 3)  # type: ignore[misc]
                for n in (1, shape.verdict_tokens)
            )
            taken = max(long - short, long / 100)  # the difference of tiny models drowns in noise
            reached = rows * (shape.verdict_tokens - 1) / taken
            bound = rows * device.bandwidth / (weights + rows * cache_token * (length + shape.verdict_tokens / 2))
            what = f"{shape.name}: decoding, {rows} rows, {'static cache, compiled' if cache else 'as it is'}"
            yield Figure(what, reached, "memory read once", bound, "tokens/s", Goal(0.6, at_least=True) if cache else None)


def _is_read_for_a_token(weight: str, tied: bool) -> bool:
    """All but the eyes, and but the table of words where it is not the last layer, too."""
    return "visual" not in weight and (tied or "embed_tokens" not in weight)


def _write(model: Any, prompt: torch.Tensor, tokens: int, cache: str | None) -> None:
    mask = torch.ones_like(prompt)
    model.generate(
        input_ids=prompt, attention_mask=mask, do_sample=False, max_new_tokens=tokens, cache_implementation=cache, pad_token_id=0
    )


# ---------------------------------------------------------------- whole stories


@dataclass(frozen=True)
class Forced:
    """An agent whose every call is made, and whose answer is the script's: random weights plan and judge nothing."""

    planner: VlmPlanner
    painter: DiffusionPainter
    critic: VlmCritic
    shape: Shape
    name: str = "forced@1"

    def plan(self, cases: list[PlanCase]) -> Stream[Results[Plan]]:
        yield from self.planner.plan(cases)
        return [shaped.plan_of(case.text, self.shape.costs) for case in cases]

    def draw(self, cases: list[DrawCase]) -> Stream[Results[Image]]:
        pictures = yield from self.painter.draw(cases)
        for picture in pictures:
            if isinstance(picture, AgentError):
                raise picture
        return pictures

    def judge(self, cases: list[JudgeCase]) -> Stream[Results[Verdict]]:
        yield from self.critic.judge(cases)
        return [shaped.verdict_of(case.prompt, case.current) for case in cases]


def stories(shape: Shape, device: Device) -> Iterator[Figure]:
    """Whole stories: the reference's loop with its own load of each model, and the engine with one model for both agents."""
    drawn_by = DiffusionModel(
        model=shape.name,
        width=shape.side,
        height=shape.side,
        guidance=1.0,
        options=shape.options(),  # as the model card has it
    )
    painter = DiffusionPainter(PipelineCall(shape.pipeline(device.name, device.dtype), drawn_by, f"{shape.name}@random"))
    checkpoint = shape.agent(device.name, device.dtype)

    def ours(tokens: int) -> Vlm:
        return Vlm(checkpoint, Decoding(temperature=1.0, max_new_tokens=tokens), checkpoint.name)

    def theirs(tokens: int) -> Eager:
        return Eager(shape.agent(device.name, device.dtype), temperature=1.0, longest=tokens)

    def agents(vlm: Callable[[int], Any]) -> Agents:
        planner, critic = VlmPlanner(vlm(shape.plan_tokens), _PACK), VlmCritic(vlm(shape.verdict_tokens), _PACK)
        forced = Forced(planner, painter, critic, shape)
        return Agents(forced, forced, forced)

    texts = [f"Story {number}" for number in range(STORIES)]
    engine = agents(ours)
    told = [(one_by_one(engine, texts[:1], POLICY), together(engine, texts, POLICY)) for _ in range(STORY_RUNS)]
    peak = _peak_gb(device)
    reference = agents(theirs)
    taken = [Ways(by_reference(reference, texts[:1], POLICY), *ways) for ways in told]
    yield from compared(shape.name, taken, (Goal(0.3), Goal(15, at_least=True)))
    if device.on_cuda:
        yield Figure(f"{shape.name}: peak memory", peak, "the reference's", _peak_gb(device), "GB")


def _peak_gb(device: Device) -> float:
    return torch.cuda.max_memory_allocated() / 1e9 if device.on_cuda else 0.0
