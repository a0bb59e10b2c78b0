"""Draws with any diffusers pipeline: from text where there is no source, as an edit where there is one.

Owns what every pipeline's call needs beside its prompt, and what is a picture and what is not. Knows no agent but the
painter. Cases go one after another: at 1024² one drawing keeps an accelerator busy (PERFORMANCE, batching evidence).

**What holds.** The same case draws the same picture on the same device, dtype and versions of the libraries; noise comes
from a generator on the CPU, so that it does not depend on the accelerator's kind.
"""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from core.backends.bridge import Emit, bridge, on_models_thread
from core.backends.checkpoint import rgb
from core.backends.compiling import compile_blocks, is_compiled, uncompile
from core.backends.memory import DeviceMemory
from core.backends.pipelines import DiffusionModel, at_once, load_pipeline, usual_device
from core.backends.weights import named, provenance, size_of, weights_of
from core.dialect import Pack, painter_prompt
from core.errors import AgentError, BadImage, Cancelled, DrawError, OutOfMemory, ProfileError
from core.ports import DrawCase, Results, StepProgress, Stream
from core.types import Notes

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger("core.models")

MIN_SIDE = 64  # px; FLUX.2's own bounds for a reference, the narrowest of the pipelines that we use
MAX_ASPECT = 8
GRID = 16  # px: 8 of the autoencoder times 2 of the patches
BLACK = 3  # of 255; the brightest that rounding makes of a black picture
EMBEDDINGS = 16  # prompts kept; 8 to 13 MB each for FLUX.2 klein, whose text encoder always reads 512 tokens
#: Classes whose ``image`` may be a list: the source, and pictures that show what is to look alike.
LOOKS_AT_MANY = frozenset({"Flux2KleinPipeline", "Flux2KleinKVPipeline", "Flux2Pipeline", "QwenImageEditPlusPipeline"})
#: Classes that fail without a picture although their signature does not ask for one.
ONLY_EDIT = frozenset({"QwenImageEditPipeline", "QwenImageEditPlusPipeline"})


def check_reference(image: Image) -> None:
    """Raises ``BadImage`` if a picture is too small or too narrow to be edited."""
    short, long = sorted(image.size)
    if short < MIN_SIDE:
        raise BadImage(f"The picture is {image.width} × {image.height} pixels; each side needs at least {MIN_SIDE}.")
    if long > MAX_ASPECT * short:
        raise BadImage(f"The picture is {image.width} × {image.height} pixels; at most {MAX_ASPECT} times as long as wide.")


class DiffusionPainter:
    """A painter of one pipeline, or of two where another one draws what has no source."""

    def __init__(self, edits: PipelineCall, from_text: PipelineCall | None = None, pack: Pack | None = None) -> None:
        """``pack`` words a story's notes; without one they are not heeded."""
        self._edits = edits
        self._pack = pack
        self._from_text = from_text or edits
        self.name = edits.name if from_text is None else f"{edits.name}+{from_text.name}"

    @classmethod
    def from_profile(
        cls, model: DiffusionModel, device: str | None = None, pack: Pack | None = None, memory: DeviceMemory | None = None
    ) -> DiffusionPainter:
        """Loads what a profile names, into the memory that its device has already, or one of its own. ``ProfileError``."""
        from core.backends.moving import memory_of

        device = device or usual_device()
        memory = memory or memory_of(device)
        edits = PipelineCall.load(model, device, memory)
        return cls(edits, PipelineCall.load(model.from_text, device, memory) if model.from_text else None, pack)

    def draw(self, cases: list[DrawCase]) -> Stream[Results[Image]]:
        return bridge(lambda emit: [self._draw(case, index, emit) for index, case in enumerate(cases)])

    def _draw(self, case: DrawCase, index: int, emit: Emit) -> Image | AgentError:
        if emit.cancelled:  # between two cases; within one, its steps notice
            raise Cancelled("The drawing was given up.")
        call = self._from_text if case.source is None else self._edits
        if self._pack is not None:
            case = replace(case, prompt=painter_prompt(self._pack, case.prompt, call.heeded(case.notes)))
        try:
            return call.draw(case, lambda done, total: emit(StepProgress(index=index, done=done, total=total)))
        except AgentError as error:
            return error
        except BadImage as error:
            return DrawError(str(error))


Progress = Callable[[int, int], None]


class PipelineCall:
    """One pipeline, and how a case becomes a call of it."""

    def __init__(self, pipe: Any, model: DiffusionModel, name: str, memory: DeviceMemory | None = None) -> None:
        """Takes over a loaded pipeline; ``name`` is its provenance. ``ProfileError`` if it cannot be called like this.

        In ``memory``, others give way to its calls.
        """
        self.name = name
        self._pipe = pipe
        self._memory = memory
        self._model = model
        self._class = type(pipe).__name__
        self._accepts = inspect.signature(pipe.__call__).parameters
        self._embeds = lru_cache(EMBEDDINGS)(self._encode)
        if unknown := sorted(model.options.keys() - self._accepts.keys()):
            raise ProfileError(f"{self._class} takes no option {unknown[0]!r}.")

    @classmethod
    def load(cls, model: DiffusionModel, device: str, memory: DeviceMemory) -> PipelineCall:
        folder = weights_of(model.model, model.revision)
        adapters = "".join(f"+{named(adapter.model)}×{adapter.scale:g}" for adapter in model.adapters)
        name, size = provenance(model.model, folder) + adapters, size_of(folder)
        pipe = on_models_thread(lambda: memory.kept(model.loads_as, name, size, lambda: load_pipeline(model, device, memory)))
        call = cls(pipe, model, name, memory)
        if model.compile:
            on_models_thread(call.compile)
        return call

    def compile(self) -> None:
        """Compiles what each denoising step repeats, for the profile's own shapes: a picture from text, and an edit of one.

        On the models' thread. What cannot be compiled draws as before, and the log says so.
        """
        from PIL import Image as images

        network = getattr(self._pipe, "transformer", None) or self._pipe.unet
        if is_compiled(network):  # it was kept
            return
        quick = PipelineCall(self._pipe, self._model.model_copy(update={"steps": 1}), self.name, self._memory)
        canvas = images.new("RGB", (self._model.width, self._model.height), "gray")
        shapes = {"pictures from text": None} | ({"edits": canvas} if "image" in self._accepts else {})
        try:
            compile_blocks(network)
            for number, (shape, source) in enumerate(shapes.items(), start=1):
                started = time.monotonic()
                quick.draw(DrawCase("a cat", source, 0), lambda *_: None)
                said = (self._class, shape, number, len(shapes), time.monotonic() - started)
                log.info("Compiled %s for %s, %d of %d, in %.0f s.", *said)
        except Exception as error:  # compilers fail in many ways, and none of them is a reason not to draw
            uncompile(network)
            log.warning("%s can't be compiled (%s), so it draws without.", self._class, type(error).__name__)

    def heeded(self, notes: Notes) -> Notes:
        """The notes that the prompt must say, because no argument of the pipeline does."""
        return notes.model_copy(update={"avoid": ""}) if self._takes_negative else notes

    @property
    def _takes_negative(self) -> bool:
        """Whether a negative prompt is read: only under true guidance (Qwen-Image's card; the distilled klein has none)."""
        return "negative_prompt" in self._accepts and (self._model.guidance or 0) > 1

    def draw(self, case: DrawCase, progress: Progress) -> Image:
        """The picture of one case. Raises ``DrawError``, ``OutOfMemory`` or ``BadImage``; ``progress`` may raise, too."""
        for shown in (case.source, *case.references):
            if shown is not None:
                check_reference(shown)
        picture = self._tried(case, progress)
        if picture is None:
            picture = self._tried_with_less(case, progress)
        if picture is None:
            raise OutOfMemory(f"{self._class} ran out of memory twice; close other programs, or draw smaller in the profile.")
        return picture

    def _tried(self, case: DrawCase, progress: Progress) -> Image | None:
        """None if memory ran out. Returned, not raised: a traceback would keep the failed call's tensors alive."""
        import torch

        try:
            if self._memory is not None:
                self._memory.make_room(at_once(self._pipe, self._model.offload), self._model.loads_as)
            with torch.no_grad():
                return self._picture(self._called(case, progress))
        except torch.OutOfMemoryError:
            return None
        except ValueError as error:  # what pipelines raise on a prompt or size that they do not take
            raise DrawError(f"{self._class} refused to draw: {str(error)[:300]}") from error

    def _called(self, case: DrawCase, progress: Progress) -> Any:
        try:
            return self._pipe(**self._arguments(case, progress)).images[0]
        except BaseException:
            self._pipe.maybe_free_model_hooks()  # else the part at work would stay on the accelerator, if offloaded
            raise

    def _tried_with_less(self, case: DrawCase, progress: Progress) -> Image | None:
        """Once more alone on the device and without what is only kept, decoding in tiles: just once, tiles change the picture."""
        import torch

        self._embeds.cache_clear()
        if self._memory is not None:
            self._memory.clear(self._model.loads_as)
        torch.cuda.empty_cache()
        vae: Any = getattr(self._pipe, "vae", None)
        if getattr(vae, "use_tiling", True):  # it cannot, or does already
            return self._tried(case, progress)
        vae.enable_tiling()
        try:
            return self._tried(case, progress)
        finally:
            vae.disable_tiling()

    def _arguments(self, case: DrawCase, progress: Progress) -> dict[str, Any]:
        import torch

        width, height = self._size(case.source)
        wanted = {
            "num_inference_steps": self._model.steps,
            "width": width,
            "height": height,
            "max_area": width * height,  # FLUX Kontext scales what was asked for to this
            "max_sequence_length": self._model.max_sequence_length,
            "negative_prompt": self._negative(case.notes),
            "generator": torch.Generator("cpu").manual_seed(case.seed),
            "output_type": "pt",
            "callback_on_step_end": _reporting(progress, self._model.steps),
        }
        known = {name: value for name, value in wanted.items() if name in self._accepts and value is not None}
        pictures = self._image(case.source, case.references, width, height)
        return self._guidance() | known | pictures | self._words(case.prompt) | self._model.options

    def _negative(self, notes: Notes) -> str | None:
        wishes = [self._model.negative_prompt or "", " ".join(notes.avoid.split()) if self._takes_negative else ""]
        return ", ".join(filter(None, wishes)) or None

    def _size(self, source: Image | None) -> tuple[int, int]:
        """The profile's size; for a source of other proportions its proportions, in about the same area."""
        width, height = self._model.width, self._model.height
        if source is None or source.width * height == source.height * width:
            return width, height
        scale = (width * height / (source.width * source.height)) ** 0.5
        return max(GRID, round(source.width * scale / GRID) * GRID), max(GRID, round(source.height * scale / GRID) * GRID)

    def _guidance(self) -> dict[str, Any]:
        """A ``guidance_scale`` that defaults to None is for models to come: there the true one, with a negative prompt, works."""
        guidance = self._model.guidance
        if guidance is None:
            return {}
        if "guidance_scale" in self._accepts and self._accepts["guidance_scale"].default is not None:
            return {"guidance_scale": guidance}
        if "true_cfg_scale" not in self._accepts:
            return {}
        # Qwen-Image's model card: a space, because without a negative prompt the guidance is off.
        return {"true_cfg_scale": guidance} | ({"negative_prompt": " "} if guidance > 1 else {})

    def _image(self, source: Image | None, references: Sequence[Image], width: int, height: int) -> dict[str, Any]:
        from PIL import Image as images

        if source is not None and "image" not in self._accepts:
            raise DrawError(f"{self._class} only draws from text; steps that go on from a picture need a painter that edits.")
        shown = [picture for picture in (source, *(references if self._class in LOOKS_AT_MANY else ())) if picture is not None]
        if len(shown) > 1:
            return {"image": [rgb(picture) for picture in shown]}
        if shown:
            return {"image": rgb(shown[0])}
        if self._class in ONLY_EDIT or ("image" in self._accepts and self._accepts["image"].default is inspect.Parameter.empty):
            return {"image": images.new("RGB", (width, height), "white")}
        return {}

    def _words(self, prompt: str) -> dict[str, Any]:
        # Only klein's text encoder reads the prompt alone, and all of it: a redrawing asks for the same embedding.
        return {"prompt_embeds": self._embeds(prompt)} if self._class.startswith("Flux2Klein") else {"prompt": prompt}

    def _encode(self, prompt: str) -> Any:
        names = ("max_sequence_length", "text_encoder_out_layers")
        settings = {"max_sequence_length": self._model.max_sequence_length, **self._model.options}
        known = {name: settings[name] for name in names if settings.get(name) is not None}
        return self._pipe.encode_prompt(prompt=prompt, **known)[0]

    def _picture(self, pixels_CHW: Any) -> Image:
        from PIL import Image as images

        if not bool(pixels_CHW.isfinite().all()):
            self._embeds.cache_clear()  # the fault may be in one of them
            raise DrawError(f"{self._class} computed no finite picture.")
        bytes_HWC = (pixels_CHW.float() * 255).round().byte().permute(1, 2, 0).cpu().numpy()
        if bytes_HWC.max() <= BLACK:
            raise DrawError(f"{self._class} drew a black picture: its computation failed, or its safety checker refused.")
        return images.fromarray(bytes_HWC)


def _reporting(progress: Progress, steps: int) -> Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]]:
    """The callback of a denoising step. What ``progress`` raises ends the call cleanly, the next one is not touched by it."""

    def report(pipe: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        progress(step + 1, getattr(pipe, "num_timesteps", steps))
        return tensors

    return report
