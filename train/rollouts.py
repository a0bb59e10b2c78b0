"""What a critic tried, kept to be looked at: replies, rewards by part, and the pictures before, after and drawn again.

``rollouts/<step>-<process>.jsonl`` has one line a reply; pictures lie beside, small, named by their content.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.types import Verdict
from train.rewards import Marks
from train.runs import ROLLOUTS, append

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 256  # pixels of a kept picture's longer side: enough to see what changed
SHOWN = 4  # groups of each step whose pictures are kept


@dataclass(frozen=True)
class Rollout:
    """One reply, and all that it was rewarded for."""

    group: int
    prompt: str
    current: str
    truth: bool
    reply: str
    verdict: Verdict | None
    marks: Marks
    why: str  # it was not scored
    pictures: dict[str, Image]  # by what they show: before, after, redrawn


class Log:
    """Writes the rollouts of each step; the same step again, after a kill, takes the place of what was there."""

    def __init__(self, out: Path, process: int) -> None:
        self.folder = out / ROLLOUTS
        self.process = process

    def write(self, step: int, rollouts: list[Rollout]) -> None:
        path = self.folder / f"{step:06}-{self.process}.jsonl"
        path.unlink(missing_ok=True)
        for rollout in rollouts:
            append(path, {"step": step} | self._line(rollout))

    def _line(self, rollout: Rollout) -> dict[str, Any]:
        verdict = rollout.verdict
        pictures = rollout.pictures if rollout.group < SHOWN else {}
        return {
            "group": rollout.group,
            "prompt": rollout.prompt,
            "current": rollout.current,
            "truth": rollout.truth,
            "reply": rollout.reply,
            "accepted": verdict.accepted if verdict else None,
            "refined": verdict.refined_prompt if verdict else None,
            "marks": asdict(rollout.marks),
            "why": rollout.why,
            "pictures": {name: self._keep(picture) for name, picture in pictures.items()},
        }

    def _keep(self, picture: Image) -> str:
        small = picture.convert("RGB")
        small.thumbnail((SIDE, SIDE))
        small.info = {}
        encoded = io.BytesIO()
        small.save(encoded, "PNG")
        name = f"{hashlib.sha256(encoded.getvalue()).hexdigest()[:24]}.png"
        path = self.folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded.getvalue())
        return name
