"""What curation may be told. The paper publishes no thresholds (METHOD: data); these are ours, and each is a setting."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.types import Value


class Curation(Value):
    """Every threshold of :func:`train.curation.curate`. Scores are a judge's overall marks, 0 to 10."""

    seed: int = Field(default=0, ge=0, description="Decides cuts, splits and which of too many rows are kept.")
    validation: float = Field(default=0.05, ge=0, le=0.5, description="Share of requests, with their stories, to validate on.")
    pack: str = Field(default="", description="Prompt pack of the rows; empty: that of each story's own profile.")
    judge: str = Field(default="", description="Whose scores count; empty: those of the only judge.")

    cuts: int = Field(default=1, ge=0, description="Planner rows a story that show some of it, cut at random steps.")
    whole: bool = Field(default=True, description="Also one planner row a story that shows nothing of it.")

    first_prompt: Literal["filled", "empty", "mixed"] = Field(
        default="filled",
        description="What the critic is told that a first attempt was drawn with: the step's prompt, as the studio tells it; "
        "nothing, as the released critics were trained; or half of each.",
    )
    truth: Literal["verdict", "score"] = Field(
        default="verdict", description="Whether an attempt that no person judged is a success: by the critic, or by its score."
    )
    pass_score: float = Field(default=8.0, ge=0, le=10, description="Both marks of a success, where the score decides.")

    high: float = Field(default=8.0, ge=0, le=10, description="A step with no score below this is kept, whatever its trend.")
    low: float = Field(default=4.0, ge=0, le=10, description="A step with no score that reaches this is low throughout.")
    trend: float = Field(default=0.0, description="Least slope of a step's scores, in marks an attempt.")
    degradation: float = Field(default=2.0, ge=0, description="Marks that the last attempt may be worse than the best before it.")
    unscored: Literal["keep", "drop"] = Field(
        default="keep", description="What becomes of steps with an attempt that has no score: kept for SFT, or dropped."
    )

    sft_to_rl: float = Field(
        default=2.0,
        ge=0,
        description="SFT rows to each RL row; the steps whose scores vary most go to RL. 0: all go there, to measure on.",
    )
    variance: float | None = Field(
        default=None, ge=0, description="Steps whose scores vary by more go to RL; None: as many as sft_to_rl asks for."
    )
    balance: float = Field(
        default=1.0,
        ge=0,
        description="Most rows of one verdict to each of the other, at each attempt's number in SFT and RL together; 0: any.",
    )
    margin: float = Field(default=2.0, ge=0, description="Marks by which one attempt must be better to be preferred.")
    reviewed_only: bool = Field(default=False, description="Only rows that people decided: annotators, or a story's creator.")
    ties: Literal["drop", "next"] = Field(
        default="drop",
        description="What becomes of an attempt that as many annotators accept as refuse: it is dropped; or whose word is next "
        "counts, the creator's or else the critic's.",
    )
    plan_rating: float = Field(
        default=3.0, ge=1, le=5, description="Least mean rating by annotators of a planner's plan that they left as it is."
    )
    person_weight: float = Field(default=1.0, gt=0, description="Weight of a row that a person decided; all others have 1.")
    agreement_weight: bool = Field(
        default=True,
        description="Whether a row that annotators decided weighs person-weight times the share of them who agree; an "
        "adjudicator's word counts as everybody's.",
    )
    names: Literal["hash", "keep"] = Field(
        default="hash", description="How people who decided are named in rows: by a hash of their name, or by their name."
    )
    rows_a_shard: int = Field(default=2000, ge=1, description="Most rows in one parquet file.")
