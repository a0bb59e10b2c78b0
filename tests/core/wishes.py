"""Strategies for anything that a person may wish of a story of few steps, allowed or not."""

from __future__ import annotations

from hypothesis import strategies as st

from core.commands import (
    Choose,
    EditStep,
    InsertStep,
    LockStep,
    MoveStep,
    Overrule,
    Pause,
    Redo,
    RemoveStep,
    Replan,
    Resume,
    Retry,
    SetNotes,
    SetPolicy,
    SplitStep,
    Undo,
)
from core.types import AttemptKey, Notes, PlannedStep, Policy

steps_ids = st.sampled_from(["s1", "s2", "s3", "s4"])
keys = st.builds(AttemptKey, step=steps_ids, revision=st.integers(0, 2), number=st.integers(0, 2))
words_ = st.builds(PlannedStep, prompt=st.sampled_from([None, "a cat", "a dog"]), caption=st.sampled_from([None, "c"]))
stale_ = st.sampled_from(["redraw", "keep", "later"])
policies_ = st.builds(
    Policy, max_attempts=st.integers(1, 3), candidates=st.integers(1, 3), threshold=st.sampled_from([None, 0.2, 0.8])
)
commands = st.one_of(
    st.builds(EditStep, step=steps_ids, words=words_, stale=stale_),
    st.builds(InsertStep, position=st.integers(0, 4), words=words_, stale=stale_),
    st.builds(SplitStep, step=steps_ids, first=words_, second=words_, stale=stale_),
    st.builds(MoveStep, step=steps_ids, position=st.integers(0, 4), stale=stale_),
    st.builds(RemoveStep, step=steps_ids, stale=stale_),
    st.builds(LockStep, step=steps_ids, locked=st.booleans()),
    st.builds(Retry, step=steps_ids, stale=stale_),
    st.builds(Choose, attempt=keys, stale=stale_),
    st.builds(Overrule, attempt=keys, accepted=st.booleans(), refined_prompt=st.sampled_from([None, "a fox"]), stale=stale_),
    st.builds(SetPolicy, policy=policies_),
    st.builds(SetNotes, notes=st.builds(Notes, style=st.sampled_from(["", "ink"]))),
    st.builds(Undo),
    st.builds(Redo),
    st.builds(Pause, now=st.booleans()),
    st.builds(Resume),
    st.builds(Replan),
)
