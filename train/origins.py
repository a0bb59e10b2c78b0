"""Says of a training row where it comes from and who decided it. Pure.

People are hashes, the same for the same person, so that a data set can be parted by them and names nobody. Who knows a name
can find its hash: that is a pseudonym, and no more.
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from core.types import Value
from train.reviewed import Compared, Vote
from train.told import Case, Told

#: How people who decided are named in rows: by a hash of their name, or by their name. Owners are always hashes.
Names = Literal["hash", "keep"]


class Origin(Value):
    """Where a row comes from, and who says so.

    ``step`` and ``number`` are, for a planner's row, the first step that it plans and how many it was shown. ``stem`` names
    the request, ``owner`` hides who it belongs to. A person who decided (``by``, ``at``) is the creator, or annotators: then
    ``votes`` ``of`` them agree, ``reviewers`` are those, ``guideline`` is the version that they had, if any, and ``faults``
    what they found. People are hashes, the same for the same person, unless :data:`Names` says otherwise.
    """

    story: str
    step: str
    revision: int
    number: int
    stem: str
    owner: str
    by: str
    source: Literal["person", "critic", "planner"]
    at: str
    guideline: str = ""
    profile: str = ""
    planner: str = ""
    painter: str = ""
    critic: str = ""
    weight: float = 1.0
    reviewers: str = ""  # with ", " between
    votes: int = 0
    of: int = 0
    faults: str = ""  # with ", " between


def plan_origin(story: Told, cut: int, weight: float, names: Names) -> Origin:
    planned, steps = story.planned, story.trajectory.steps
    said = story.plan_said if story.plan_of == "annotators" else None
    by, at = (said.by, said.at) if said else (planned.by, planned.at) if planned else ("", None)
    return Origin(
        story=story.id,
        step=steps[cut].id if cut < len(steps) else f"s{cut + 1}",
        revision=steps[cut].revision if cut < len(steps) else 0,
        number=cut,
        stem=story.stem,
        owner=hidden(story.owner),
        by=_named(f"person:{story.owner}" if story.plan_of == "creator" else by, names),
        source="planner" if story.plan_of == "planner" else "person",
        at=at.isoformat() if at else "",
        profile=story.trajectory.profile,
        planner=planned.by.partition(":")[2] if planned else "",
        weight=1.0 if story.plan_of == "planner" else weight,
        **_voted(said.vote if said else None, names),
    )


def case_origin(story: Told, case: Case, weight: float, names: Names) -> Origin:
    said, by_person = case.said, case.person is not None
    return Origin(
        **case.attempt.key.model_dump(),
        story=story.id,
        stem=story.stem,
        owner=hidden(story.owner),
        by=_named(said.by, names) if said else "",
        source="person" if by_person else "critic",
        at=said.at.isoformat() if said else "",
        profile=story.trajectory.profile,
        planner=story.planned.by.partition(":")[2] if story.planned else "",
        painter=case.painter,
        critic=case.critic.by.partition(":")[2] if case.critic else "",
        weight=weight if by_person else 1.0,
        **_voted(said.vote if said else None, names),
    )


def compared_origin(story: Told, case: Case, compared: Compared, weight: float, names: Names) -> Origin:
    """Of a question about ``case`` that is answered by what annotators say of two attempts."""
    said = {"by": _named(compared.by, names), "source": "person", "at": compared.at.isoformat(), "weight": weight}
    return case_origin(story, case, 1.0, names).model_copy(update=said | _voted(compared.vote, names))


def _voted(vote: Vote | None, names: Names) -> dict[str, Any]:
    """The columns that say what annotators did."""
    if vote is None:
        return {}
    # A kept name has no comma, so that names can be told apart.
    reviewers = [hidden(name) if names == "hash" else name.replace(",", " ") for name in vote.reviewers]
    return {
        "reviewers": ", ".join(reviewers),
        "votes": len(reviewers),
        "of": vote.of,
        "guideline": str(vote.guideline or ""),
        "faults": ", ".join(vote.faults),
    }


def _named(by: str, names: Names) -> str:
    return by if names == "keep" else hidden_by(by)


def hidden(name: str) -> str:
    """A person's name as a data set may carry it: the same for the same person, and not readable."""
    return hashlib.sha256(f"person {name}".encode()).hexdigest()[:12]


def hidden_by(by: str) -> str:
    """Who it was: a model by its name, a person by their hash."""
    kind, _, name = by.partition(":")
    return f"person:{hidden(name)}" if kind == "person" else by
