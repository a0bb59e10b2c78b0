"""How big the pocket models are and how they are trained: sizes, steps and learning rates of each stage, with reasons.

Only numbers and their origins. Measured on two cores with AMX (bfloat16 products at about 1.5 TFLOP/s a core).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["planner", "painter", "critic", "describe", "families"]  # what there are examples of

SEED = 2606_13679  # the paper's number; every random stream of the training is derived from it
HELD_OUT = 977_000_000  # seeds from here on are never trained on

SIDE = 96  # pixels of the pictures that the models see: the smallest at which a small thing keeps its face
PATCH = 8  # pixels; with 16 the kinds of things are not learned (POCKET)
MERGE = 2  # patches a token's side: 6 × 6 tokens a picture, two by three for each of the six slots
TOKENS = (SIDE // PATCH // MERGE) ** 2

PIECES = 1400  # of the painter's and the critic's vocabulary: each word of the world is one, and any text still encodes
STORY_PIECES = 2000  # of the planner's, whose captions have more words; 2400 make a plan no shorter
TEXTS = 9000  # examples of each role that a tokenizer learns from
CONTEXT = 2048  # tokens, prompt and reply together; a plan of eight steps has about 650


@dataclass(frozen=True)
class Size:
    """The shape of one pocket Qwen3-VL."""

    text_layers: int = 4
    text_width: int = 256
    text_heads: int = 4
    text_groups: int = 2  # key-value heads
    text_inner: int = 768
    vision_layers: int = 4
    vision_width: int = 128
    vision_heads: int = 4
    vision_inner: int = 384
    deepstack: tuple[int, ...] = (1, 2)


POCKET = Size()  # 5.4 million parameters, so that three bundles stay under 36 MB in bfloat16


@dataclass(frozen=True)
class Stage:
    """One run of the training loop.

    The rate climbs for ``climb`` steps, holds, and falls in a line over the last ``fall`` of the steps: the fall gives much
    of the last gain (POCKET). A stage that others start from does not fall.
    """

    name: str
    steps: int
    batch: int
    rate: float
    climb: int = 100
    fall: float = 0.65
    keep_every: int = 100  # steps between two checkpoints


#: Pictures to slots, colours and places by light heads on the vision tower: after 400 steps it knows 97 % of the kinds.
WARMUP = Stage("warm-up", steps=500, batch=64, rate=1.5e-3, fall=0.7)
#: The first words: describing a picture, and drawing after a prompt. The painter goes on from here, so it does not fall.
BASE = Stage("base", steps=700, batch=48, rate=1.2e-3, fall=0.0)
BASE_MIXTURE: dict[Role, float] = {"describe": 0.35, "painter": 0.65}
PAINTER = Stage("painter", steps=2000, batch=48, rate=1.0e-3, fall=0.7)
PAINTER_MIXTURE: dict[Role, float] = {"painter": 0.95, "describe": 0.05}  # some describing, or it forgets to look
CRITIC = Stage("critic", steps=1400, batch=32, rate=1.0e-3, fall=0.45)
#: What the tokens of a critic's reply weigh in its loss, against 1. Nine comparisons of ten are "yes": with the verdict alone
#: made heavier it saw rightly and still wrote "three? one yes" (balanced accuracy 0.66 after 16 000 examples).
VERDICT_WEIGHT = 4.0
NO_WEIGHT = 6.0
YES_WEIGHT = 2.0
COMPARED_WEIGHT = 2.0  # what is before and after a question mark in the thought: the wanted and the seen
CRITIC_MIXTURE: dict[Role, float] = {"critic": 1.0}
PLANNER = Stage("planner", steps=5000, batch=16, rate=1.2e-3)
#: Most of a plan is a matter of phrasing; whether it is what was asked for is settled in its outline, and first of all in the
#: number of pictures there. Unweighted, a plan had as many pictures as were asked for in 35 cases of 100 after 800 steps.
OUTLINE_WEIGHT = 3.0
LENGTH_WEIGHT = 10.0
#: Of the words that say where something is: a later step has to remember them. Unweighted, 56 stories of 100 did.
PLACE_WEIGHT = 4.0
PLANNER_MIXTURE: dict[Role, float] = {"planner": 1.0}
#: The planner goes on with requests of all families, from what it knows of stories: a gentler rate, and nearly all of it falls.
FAMILIES = Stage("families", steps=1500, batch=16, rate=8e-4, climb=40, fall=0.85)
#: And once more on other requests: after the first round colours were read rightly in 41 cases of 76, kinds in 210 of 234.
REVISION = Stage("revision", steps=1200, batch=16, rate=6e-4, climb=40, fall=0.9)
FAMILIES_MIXTURE: dict[Role, float] = {"families": 1.0}

#: What each bundle's replies are sampled at. A painter that is asked again must draw something else; the critic and the
#: planner stay close to their best reply, but not so close that asking again after an unreadable one is in vain.
TEMPERATURES = {"painter": 0.5, "critic": 0.3, "planner": 0.3}


BETAS = (0.9, 0.98)  # of AdamW; a shorter memory than usual, for short runs
DECAY = 0.05
CLIP = 1.0  # largest norm of a step's gradient
BLOCK = 16  # batches that are made together, so that rows of like length can share one
MEMORY = 0.98  # of the measures that the progress bar shows
