"""Strategies for facts of every kind with anything in their fields."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from core import events
from core.types import Attempt, AttemptKey, Given, ImageRef, Notes, Policy, Request, Step, Verdict

text = st.text(max_size=40)
maybe_text = st.none() | text
steps_ids = st.integers(1, 999_999).map(lambda number: f"s{number}")
revisions = st.integers(0, 100)
seeds = st.integers(0, 2**31 - 1)
shares = st.none() | st.floats(0, 1)

refs = st.builds(
    ImageRef,
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    width=st.integers(1, 8192),
    height=st.integers(1, 8192),
)
keys = st.builds(AttemptKey, step=steps_ids, revision=revisions, number=revisions)
notes = st.builds(Notes, style=text, characters=text, avoid=text, language=text)
steps = st.builds(
    Step,
    locked=st.booleans(),
    id=steps_ids,
    revision=revisions,
    title=text,
    instruction=text,
    prompt=maybe_text,
    caption=maybe_text,
)
policies = st.builds(
    Policy,
    candidates=st.integers(1, 8),
    threshold=shares,
    max_attempts=st.integers(1, 20),
    max_failures=st.integers(1, 10),
    on_exhausted=st.sampled_from(["best", "last", "pause"]),
    review=st.booleans(),
)
attempts = st.builds(Attempt, key=keys, prompt=text, seed=seeds, source=st.none() | refs, image=refs, round=st.none() | revisions)
verdicts = st.builds(
    Verdict,
    accepted=st.booleans(),
    thought=text,
    refined_prompt=maybe_text,
    p_success=shares,
    score=st.none() | st.floats(0, 10),
    raw=text,
)
pictures = st.lists(refs, max_size=2).map(tuple)
given_pieces = st.lists(st.builds(Given, text=text, image=st.none() | refs), max_size=2).map(tuple)
answers = st.sampled_from(["pictures", "text"])
requests = st.builds(
    Request, text=text, images=pictures, given=given_pieces, references=pictures, notes=notes, answer=answers, seed=seeds
)
whys = st.sampled_from(["accepted", "budget", "text", "person"])
tasks = st.sampled_from(["plan", "draw", "judge"])

made = {
    "by": text,
    "continued": st.booleans(),
    "at": st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)),
}
timed = {**made, "seconds": st.floats(0, 1e6)}
plans = {"plan_revision": revisions, "steps": st.lists(steps, max_size=3).map(tuple)}

#: One strategy of each kind of fact.
KINDS = {
    "opened": st.builds(events.Opened, request=requests, policy=policies, profile=text, **made),
    "policy_set": st.builds(events.PolicySet, policy=policies, **made),
    "planned": st.builds(events.Planned, thought=text, raw=text, **plans, **timed),
    "plan_edited": st.builds(events.PlanEdited, **plans, **made),
    "step_edited": st.builds(events.StepEdited, step=steps, **made),
    "drawn": st.builds(events.Drawn, attempt=attempts, **timed),
    "judged": st.builds(events.Judged, attempt=keys, verdict=verdicts, **timed),
    "settled": st.builds(
        events.Settled, step=steps_ids, revision=revisions, attempt=st.none() | keys, source=st.none() | refs, why=whys, **made
    ),
    "failed": st.builds(events.Failed, task=tasks, attempt=st.none() | keys, code=text, message=text, **timed),
    "paused": st.builds(events.Paused, now=st.booleans(), **made),
    "resumed": st.builds(events.Resumed, **made),
    "branched": st.builds(events.Branched, trunk=text, length=st.integers(1, 999), seed=seeds, **made),
    "imported": st.builds(
        events.Imported, origin=st.text(max_size=32), digest=st.text("0123456789abcdef", min_size=64, max_size=64), **made
    ),
    "renamed": st.builds(events.Renamed, title=text, **made),
    "notes_set": st.builds(events.NotesSet, notes=notes, **made),
    "undone": st.builds(events.Undone, **made),
    "redone": st.builds(events.Redone, **made),
}
facts = st.one_of(*KINDS.values())
