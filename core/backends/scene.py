"""The pocket painter: a vision-language model writes a scene program, and the renderer draws it.

It reads the previous picture from its pixels and the wish from its words, so its faults are a real editor's: it misreads,
forgets, and changes what it should keep. The program that was drawn goes with the picture (``image.info["program"]``), as
the exact checker's truth; no agent sees it. Knows nothing of denoising.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.backends.vlm import Reply, Respondent
from core.dialect import Pack, painter_messages
from core.errors import AgentError, DrawError
from core.pocket.render import render
from core.pocket.world import MAX_THINGS, Scene, drawable
from core.ports import Delta, DrawCase, PreviewImage, Results, StepProgress, Stream, TextDelta

if TYPE_CHECKING:
    from PIL.Image import Image

PREVIEW_SIDE = 160  # the largest of which the renderer keeps every part: about 1 ms a preview
PARTS = 1 + MAX_THINGS + 1  # of the work: the place, each thing, and the picture itself


@dataclass(frozen=True)
class ScenePainter:
    """Draws storybook scenes of ``side`` × ``side`` pixels. The same case and seed draw the same picture."""

    vlm: Respondent
    pack: Pack
    side: int = 768

    @property
    def name(self) -> str:
        return self.vlm.name

    def draw(self, cases: list[DrawCase]) -> Stream[Results[Image]]:
        sketches = [_Sketch(index) for index in range(len(cases))]
        call = self.vlm.generate(
            [painter_messages(self.pack, case.prompt, case.source is not None) for case in cases],
            [[case.source] if case.source else [] for case in cases],
            [case.seed for case in cases],
        )
        with closing(call):  # also when whoever iterates stops in the middle
            while True:
                try:
                    delta = next(call)
                except StopIteration as finished:
                    replies: Results[Reply] = finished.value
                    break
                if isinstance(delta, TextDelta):
                    yield from sketches[delta.index].add(delta.text)
        pictures: Results[Image] = []
        for index, reply in enumerate(replies):
            pictures.append(self._picture(reply))
            yield StepProgress(index=index, done=PARTS, total=PARTS)
        return pictures

    def _picture(self, reply: Reply | AgentError) -> Image | AgentError:
        if isinstance(reply, AgentError):
            return reply
        try:
            scene = drawable(reply.text)
        except ValueError:
            return DrawError("The painter's words name no scene that can be drawn.")
        image = render(scene, self.side)
        image.info["program"] = scene.program()
        return image


@dataclass
class _Sketch:
    """What one program says so far, drawn small each time a part is complete."""

    index: int
    text: str = ""
    parts: int = field(default=0)

    def add(self, text: str) -> Iterator[Delta]:
        self.text += text
        *complete, _ = self.text.split(";")
        if not self.parts < len(complete) < PARTS:
            return
        self.parts = len(complete)
        yield StepProgress(index=self.index, done=self.parts, total=PARTS)
        if scene := _scene_of(";".join(complete)):
            yield PreviewImage(self.index, render(scene, PREVIEW_SIDE))


def _scene_of(program: str) -> Scene | None:
    try:
        return drawable(program)
    except ValueError:
        return None
