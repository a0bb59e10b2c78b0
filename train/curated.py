"""Opens what ``curate`` wrote: rows with their pictures, as the trainers read them. Knows no model but a row's length.

A folder has ``planner_sft``, ``critic_sft`` and ``critic_rl``, each with ``train-*.parquet`` and ``validation-*.parquet``.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from train.runs import RunError

if TYPE_CHECKING:
    from datasets import Dataset

Stage = Literal["planner_sft", "critic_sft", "critic_rl"]
Split = Literal["train", "validation"]

VERDICTS = ("good accepted", "bad refused")  # as evaluate rewards calls the shares of right ones

NEEDED = {
    "planner_sft": ("prompt", "completion", "images"),
    "critic_sft": ("prompt", "completion", "images"),
    "critic_rl": ("prompt", "images", "truth", "step_prompt", "current_prompt", "semantics", "quality", "seed"),
}


def files(data: Path, stage: Stage, split: Split) -> list[Path]:
    return sorted((data / stage).glob(f"{split}-*.parquet"))


def open_rows(data: Path, stage: Stage, split: Split) -> Dataset | None:
    """The rows of one split; None if there are none. Raises ``RunError`` if there is nothing at all to train on."""
    from datasets import Image, List, disable_progress_bars, load_dataset

    disable_progress_bars()  # whoever waits sees the command's own bar
    found = files(data, stage, split)
    paths = [str(path) for path in found]
    rows: Any = load_dataset("parquet", data_files=paths, split="train") if found else ()  # nosec B615
    if not len(rows):
        if split == "train":
            raise RunError(f"There are no rows in {stage}/train-*.parquet of {data.name}: nothing can be learned from it.")
        return None
    if missing := set(NEEDED[stage]) - set(rows.column_names):
        raise RunError(f"The rows of {stage} in {data.name} have no column {min(missing)!r}.")
    if rows.features["images"] != List(Image()):
        rows = rows.cast_column("images", List(Image()))
    return rows


def by_weight(weights: Sequence[float]) -> list[int]:
    """The rows of one epoch by their weight: one of weight 2 comes twice, and of those of weight 0.5 every other one does."""
    chosen: list[int] = []
    owed = 0.0
    for row, weight in enumerate(weights):
        owed += weight
        times = int(owed + 1e-9)  # ten tenths are one
        chosen += [row] * times
        owed -= times
    return chosen


def weighted(rows: Dataset) -> Dataset:
    """The rows as often as their weights say."""
    if "weight" not in rows.column_names:
        return rows
    chosen = by_weight(rows["weight"][:])
    return rows if chosen == list(range(len(rows))) else rows.select(chosen)


def evenly(rows: Dataset) -> Dataset:
    """The rows, in which those of the rarer truth come again and again until there are as many as of the other."""
    sides: dict[bool, list[int]] = {False: [], True: []}
    for place, truth in enumerate(rows["truth"][:]):
        sides[bool(truth)].append(place)
    fewer, more = sorted(sides.values(), key=len)
    missing = len(more) - len(fewer)
    if not fewer or not missing:
        return rows
    return rows.select([*range(len(rows)), *(fewer[n % len(fewer)] for n in range(missing))])


def undecided(rows: Dataset, rewards: Path) -> Dataset:
    """The rows that replies were judged by differently, of one attempt some rightly and some wrongly: from the others GRPO learns
    no verdict. ``rewards`` is what ``evaluate rewards`` found of these very rows. Raises ``RunError`` if it is not.
    """
    try:
        found = json.loads(rewards.read_text(encoding="utf-8"))
        rightly: dict[str, float] = {
            place: share for part in VERDICTS for place, share in found["attempts"].get(part, {}).items()
        }
        chosen = sorted(int(place) for place, share in rightly.items() if 0 < share < 1)
        stories = found["stories"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{rewards.name} is not what evaluate rewards writes with --out.") from error
    if "story" not in rows.column_names or stories != rows["story"][:]:
        raise RunError(f"{rewards.name} tells of other rows than these.")
    if not chosen:
        raise RunError(f"By {rewards.name}, all replies to an attempt are right or all are wrong: nothing is left to learn from.")
    return rows.select(chosen)


def told(rows: Dataset, plain: Callable[[str], str]) -> Dataset:
    """The rows with each text of their prompts as ``plain`` makes it."""
    prompts = rows["prompt"][:]
    changed = [spoken(messages, plain) for messages in prompts]
    if changed == prompts:
        return rows
    return rows.remove_columns("prompt").add_column("prompt", changed, feature=rows.features["prompt"])


def spoken(messages: list[dict[str, Any]], plain: Callable[[str], str]) -> list[dict[str, Any]]:
    """The messages with each text as ``plain`` makes it."""

    def said(part: dict[str, Any]) -> dict[str, Any]:
        return part if part["type"] == "image" else {**part, "text": plain(part["text"])}

    return [{**message, "content": [said(part) for part in message["content"]]} for message in messages]


def sampled(rows: Dataset, count: int, seed: int) -> Dataset:
    """At most ``count`` of the rows, in their order."""
    if len(rows) <= count:
        return rows
    return rows.select(sorted(random.Random(seed).sample(range(len(rows)), count)))


def short_enough(rows: Dataset, processor: Any, cutoff: int) -> Dataset:
    """The rows that fit into ``cutoff`` tokens: one that was cut would lose its reply, or a part of a picture."""
    return rows.filter(lambda row: tokens_of(row, processor) <= cutoff, load_from_cache_file=False)


def tokens_of(row: dict[str, Any], processor: Any) -> int:
    """Tokens of prompt, pictures and reply; the chat template's own few are counted once a message."""
    messages = [*row["prompt"], *row.get("completion", [])]
    texts = [part["text"] for message in messages for part in message["content"] if part["type"] == "text"]
    words = sum(len(ids) for ids in processor.tokenizer(texts, add_special_tokens=False)["input_ids"]) if texts else 0
    sizes = [(picture.height, picture.width) for picture in row["images"]]
    pictures = sum(processor._get_num_multimodal_tokens(image_sizes=sizes)["num_image_tokens"]) if sizes else 0
    return words + pictures + 2 * len(sizes) + 5 * len(messages)
