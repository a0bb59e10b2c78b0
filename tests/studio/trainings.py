"""Training runs as their folders hold them, made up; and a program that stands in for a trainer."""

from __future__ import annotations

import hashlib
import io
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from studio.launcher import command_of
from studio.runs import Asked

#: Writes a run as a trainer does: it begins, makes steps, keeps what it has when it is asked or told to stop, and ends. With the
#: preset 24gb it hears nothing.
TRAINER = """
import json, pathlib, signal, sys, time
options = dict(zip(sys.argv[2:], sys.argv[3:] + [""]))
out, steps = pathlib.Path(options["--out"]), int(options.get("--steps", 100000))
stopped = []
signal.signal(signal.SIGINT, (lambda *_: None) if options["--preset"] == "24gb" else lambda *_: stopped.append(1))
(out / "run.json").write_text(json.dumps({"command": sys.argv[1], "config": {"seed": 7, "model": options["--model"]}}))
lines = out / "metrics.jsonl"
done = len(lines.read_text().splitlines()) if lines.exists() else 0
(out / "save-now").unlink(missing_ok=True)
print("\\x1b[31mgoes on from\\x1b[0m", done, flush=True)
if options["--preset"] == "paper":
    sys.exit("There is no such GPU.")
while done < steps and not stopped:
    done += 1
    with lines.open("a") as file:
        file.write(json.dumps({"step": done, "loss": 3 / done}) + "\\n")
    if options["--preset"] != "24gb" and (out / "save-now").exists():
        kept = out / "checkpoints" / f"checkpoint-{done}"
        kept.mkdir(parents=True)
        (kept / "trainer_state.json").write_text("{}")
        (out / "save-now").unlink()
    time.sleep(0.02)
if stopped:
    sys.exit("Stopped at a checkpoint.")
(out / "result.json").write_text(json.dumps({"steps": done}))
"""


def stand_in(program: Sequence[str], asked: Asked, data: str, out: str) -> list[str]:
    """The same command line, but that another program of this Python runs it."""
    words = command_of(program, asked, data, out)
    return [sys.executable, "-c", TRAINER, *words[len(program) :]] if program[0] == sys.executable else words


def curated(folder: Path, *stages: str) -> Path:
    """A folder of rows, for these stages; nobody here reads them."""
    for stage in stages:
        (folder / stage).mkdir(parents=True)
        (folder / stage / "train-00000.parquet").write_bytes(b"rows")
    return folder


def asked(data: str, **changes: Any) -> Asked:
    return Asked.model_validate({"name": "critic-1", "kind": "sft", "data": data} | changes)


def sft_run(folder: Path, steps: int = 300, finished: bool = True) -> Path:
    """A run by examples, as a trainer left it."""
    _begin(folder, "sft", {"role": "critic", "model": "pocket", "seed": 7, "preset": {"epochs": 3, "rate": 5e-4}})
    with open(folder / "metrics.jsonl", "w", encoding="utf-8") as file:
        for step in range(1, steps + 1):
            loss = 0.35 + 3 * math.exp(-step / 60) + 0.05 * math.sin(step * 1.7)
            line = {"step": step, "loss": loss, "grad_norm": 0.4 + loss / 3, "learning_rate": 5e-4 * (1 - step / (steps + 1))}
            line |= {"mean_token_accuracy": 1 - loss / 5, "epoch": 3 * step / 300}
            file.write(json.dumps(line) + "\n")
            if step % 50 == 0:
                file.write(json.dumps({"step": step, "eval_loss": loss + 0.08}) + "\n")
    if finished:
        (folder / "result.json").write_text(json.dumps({"steps": steps}))
    return folder


def grpo_run(folder: Path, steps: int = 40) -> Path:
    """A run by rewards, with what was tried at its last two steps."""
    _begin(folder, "grpo", {"model": "runs/critic", "seed": 7, "preset": {"epochs": 1}})
    with open(folder / "metrics.jsonl", "w", encoding="utf-8") as file:
        for step in range(1, steps + 1):
            gain = 1 - math.exp(-step / 15) + 0.08 * math.sin(step * 2.1)
            line = {
                "step": step,
                "loss": 0.02 * math.sin(step),
                "reward": 0.3 + 0.3 * gain,
                "reward_std": 0.12,
                "kl": 0.001 * step,
            }
            line |= {"parts/format/mean": 0.9 + 0.1 * gain, "parts/accuracy/mean": -0.4 + 0.3 * gain}
            line |= {"parts/overall/mean": 0.2 * gain, "entropy": 1.2 - gain / 2, "completions/mean_length": 80 + 5 * gain}
            file.write(json.dumps(line | {"groups/degenerate": 0.3 - 0.1 * gain, "samples/redrawn": 0.4}) + "\n")
    for step in (steps - 1, steps):
        for group, colour in enumerate(("teal", "orange")):
            tried(folder, step, group, colour)
    return folder


def tried(folder: Path, step: int, group: int, colour: str) -> None:
    """Three replies to one attempt: one whose picture was redrawn, one that accepted, one that can't be read."""
    prompt, seen = "Mila the cat holds a red balloon, at the beach.", {"before": "wheat", "after": colour}
    replies: list[dict[str, Any]] = [
        {"reply": "<think>The balloon is blue.</think>", "accepted": False, "refined": prompt.replace("red", "bright red")},
        {"reply": "<think>All as asked.</think> <b>yes</b>", "accepted": True, "refined": None},
        {"reply": "balloon balloon balloon", "accepted": None, "refined": None, "why": "The judge gave no score."},
    ]
    with open(folder / "rollouts" / f"{step:06}-0.jsonl", "a", encoding="utf-8") as file:
        for number, reply in enumerate(replies):
            shown = seen | ({"redrawn": "tomato"} if number == 0 else {})
            marks = {"format": 1.0, "accuracy": -1.0 * (number == 1), "overall": 0.4 if number == 0 else None}
            marks |= {"semantics": None, "quality": None, "reward": (0.66, 0.4, None)[number]}
            line = {"step": step, "group": group, "prompt": prompt, "current": prompt, "truth": False, "why": ""} | reply
            pictures = {name: picture(folder / "rollouts", colour) for name, colour in shown.items()}
            file.write(json.dumps(line | {"marks": marks, "pictures": pictures}) + "\n")


def picture(folder: Path, colour: str) -> str:
    """A plain picture, named by its content; its name."""
    encoded = io.BytesIO()
    Image.new("RGB", (128, 128), colour).save(encoded, "PNG")
    name = f"{hashlib.sha256(encoded.getvalue()).hexdigest()[:24]}.png"
    (folder / name).write_bytes(encoded.getvalue())
    return name


def _begin(folder: Path, command: str, config: dict[str, Any]) -> None:
    (folder / "rollouts").mkdir(parents=True)
    run = {"command": command, "config": config, "seeds": {"seed": 7}, "versions": {"python": "3.11", "trl": "1.16.0"}}
    (folder / "run.json").write_text(json.dumps(run | {"at": "2026-11-25T10:00:00+00:00"}))
