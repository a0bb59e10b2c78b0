"""Tiny curated folders, as ``curate`` writes them: two colours to tell apart, in parquet with pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasets import Dataset, Features, Image, List, Value
from PIL import Image as images

from core.dialect import critic_messages, verdict_reply
from core.types import Verdict
from tests.core.backends.tiny_vlm import SIDE, TinyVlm, teach, tiny_vlm
from train.pocket.examples import pack

PARTS = List({"type": Value("string"), "text": Value("string")})
MESSAGES = List({"role": Value("string"), "content": PARTS})
SFT = Features(
    {"prompt": MESSAGES, "completion": MESSAGES, "images": List(Image()), "weight": Value("float64")},
)
RL = Features(
    {
        "prompt": MESSAGES,
        "images": List(Image()),
        "truth": Value("bool"),
        "step_prompt": Value("string"),
        "current_prompt": Value("string"),
        "semantics": Value("float64"),
        "quality": Value("float64"),
        "seed": Value("int64"),
    }
)
COLOURS = ("red", "blue")


def canvas(colour: str) -> images.Image:
    return images.new("RGB", (SIDE, SIDE), colour)


def verdict(asked: str, seen: str) -> Verdict:
    return Verdict(accepted=asked == seen, thought=f"It is {seen}.", refined_prompt=None if asked == seen else f"More {asked}.")


def sft_row(asked: str, seen: str) -> dict[str, Any]:
    prompt = f"Paint it {asked}."
    return {
        "prompt": critic_messages(pack(), prompt, prompt),
        "completion": [{"role": "assistant", "content": [{"type": "text", "text": verdict_reply(verdict(asked, seen), prompt)}]}],
        "images": [canvas("white"), canvas(seen)],
        "weight": 1.0,
    }


def rl_row(asked: str, seen: str, semantics: float | None = 2.0, seed: int = 0) -> dict[str, Any]:
    prompt = f"Paint it {asked}."
    return {
        "prompt": critic_messages(pack(), prompt, prompt),
        "images": [canvas("white"), canvas(seen)],
        "truth": asked == seen,
        "step_prompt": prompt,
        "current_prompt": prompt,
        "semantics": semantics,
        "quality": None if semantics is None else 8.0,
        "seed": seed,
    }


PAIRS = [(asked, seen) for asked in COLOURS for seen in COLOURS]


def curated(folder: Path, *, held_out: bool = True) -> Path:
    """A folder with four rows of critic SFT and of critic RL, which are also what is held out."""
    for stage, features, rows in (
        ("critic_sft", SFT, [sft_row(*pair) for pair in PAIRS]),
        ("critic_rl", RL, [rl_row(*pair) for pair in PAIRS]),
    ):
        for split in ("train", "validation") if held_out else ("train",):
            write(folder / stage / f"{split}-00000-of-00001.parquet", rows, features)
    return folder


def write(path: Path, rows: list[dict[str, Any]], features: Features) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(rows, features=features).to_parquet(path)


def small_critic() -> TinyVlm:
    """Random weights, with a tokenizer that knows the rows' words."""
    texts = [part.get("text", "") for pair in PAIRS for message in sft_row(*pair)["prompt"] for part in message["content"]]
    replies = [sft_row(*pair)["completion"][0]["content"][0]["text"] for pair in PAIRS]
    return tiny_vlm([*texts, *replies] * 20, vocabulary=420)


def wavering_critic() -> TinyVlm:
    """A critic that writes in format, and accepts and refuses everything about equally often: what rewards can work on."""
    tiny = small_critic()
    lessons = [
        (row["prompt"], row["images"], verdict_reply(told, row["step_prompt"]))
        for row in (rl_row(*pair) for pair in PAIRS)
        for told in (verdict("red", "red"), verdict("red", "blue"))
    ]
    teach(tiny, lessons, 60, rate=6e-3)
    return tiny
