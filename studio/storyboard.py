"""Turns views into markup, with Jinja templates that escape everything: the one place where text becomes HTML.

Model and user texts are untrusted. No template marks anything as safe; addresses are built from ids and hashes only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from babel.dates import format_skeleton, format_timedelta, get_datetime_format
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from studio.board import Sheet
from studio.cards import Picture
from studio.curves import Chart, figure
from studio.library import Tale
from studio.machine import Gpu
from studio.reviewing.attempt import FAULT_NAMES, AttemptReview
from studio.reviewing.cells import TITLES
from studio.reviewing.dashboard import KEYS
from studio.reviewing.guidelines import pieces_of
from studio.reviewing.pair import PairReview
from studio.reviewing.plan import PlanReview
from studio.reviewing.said import Said
from studio.rollouts import Tried
from studio.runs import Run
from studio.shelf import Card
from studio.speech import language, later, say
from studio.view import View

if TYPE_CHECKING:
    from core.agreement import Key
    from core.store import StoryCard, Ticket
    from core.store.deeds import What
    from studio.hosting import Overview
    from studio.reviewing.cells import Listed, Wanted
    from studio.reviewing.dashboard import Figures, Measured, Sieve
    from studio.reviewing.desk import Guidance, ItemView

#: What the log says of each deed.
DEEDS: dict[What, str] = {
    "link_made": later("{who} made a link to the story {whom}."),
    "link_revoked": later("{who} took a link to the story {whom} back."),
    "token_made": later("{who} made a token for {whom}."),
    "token_revoked": later("{who} took a token of {whom} back."),
    "signed_out": later("{who} signed {whom} out."),
    "data_deleted": later("{who} deleted all data of {whom}."),
    "drain_begun": later("{who} let the models begin nothing more."),
    "drain_ended": later("{who} let the models go on."),
}

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def address(story: str, picture: Picture | str, size: str = "full") -> str:
    """Where a page gets a picture of a story; sizes are those of :mod:`studio.routes`."""
    sha256 = picture if isinstance(picture, str) else picture.sha256
    return f"pictures/{story}/{sha256}.png?size={size}"


def moment(at: datetime) -> str:
    """A day and an hour in the language that is spoken."""
    day, clock = (format_skeleton(skeleton, at, locale=language()) for skeleton in ("MMMd", "Hm"))
    return get_datetime_format("medium", locale=language()).format(clock, day)


def ago(at: datetime) -> str:
    """How long ago it was in the language that is spoken, to the minute."""
    passed = datetime.now(UTC) - at
    if passed.total_seconds() < 60:
        return say("just now")
    return format_timedelta(-passed, granularity="minute", threshold=1, add_direction=True, locale=language())


TEMPLATES.globals["ago"] = ago
TEMPLATES.globals["address"] = address
TEMPLATES.globals["say"] = say
TEMPLATES.globals["figure"] = figure
TEMPLATES.globals["moment"] = moment


def frame_of(page: str) -> str:
    """A page's own markup, in which all else is shown; it includes pieces that other pages have, too."""
    return _render(f"{page}.html")


def sign_in_of(page: str, fault: str, spoken: str) -> str:
    """The page where one signs in. ``page`` is where one is led after it; ``fault`` says what was wrong."""
    return _render("sign_in.html", page=page, fault=fault, language=spoken)


def shared_of(view: View, secret: str, spoken: str) -> str:
    """The page where a story is read by a link: the same book, with pictures at addresses of the link."""

    def at(picture: Picture) -> str:
        return f"{secret}/{picture.sha256}.png"

    return _render("shared.html", view=view, at=at, acts=False, language=spoken, up="../")


def unshared_of(says: str, spoken: str, up: str) -> str:
    """The page of a link that opens nothing; ``says`` is why, and ``up`` leads to the studio's own address."""
    return _render("shared.html", view=None, says=says, language=spoken, up=up)


def links_of(links: Sequence[Ticket]) -> str:
    """The links to a story, for whoever made them."""
    return _render("links.html", links=links)


def admin_of(overview: Overview) -> str:
    """All that a host sees."""
    return _render("admin.html", overview=overview, said=DEEDS)


def tokens_of(tokens: Sequence[Ticket]) -> str:
    """A person's own tokens."""
    return _render("tokens.html", tokens=tokens)


def sheet_of(view: View) -> Sheet:
    """The parts of the page that show a story."""
    parts = {
        "header": _render("header.html", view=view, header=view.header),
        "plan": _render("plan.html", view=view, plan=view.plan),
        "reading": _render("reading.html", view=view, at=partial(address, view.story), acts=True),
    }
    parts |= {f"card:{card.id}": _render("card.html", view=view, card=card) for card in view.cards}
    header = view.header
    state = {
        "story": view.story,
        "title": header.title,
        "look": header.status.look,
        "says": header.status.sentence,
        "acts": header.acts,
        "active": view.active,
        "mine": header.mine,
        "readable": view.readable,
    }
    return Sheet(parts=parts, order=tuple(card.id for card in view.cards), state=state)


def shelf_of(cards: Sequence[Card], here: str, search: str) -> str:
    """The stories on the shelf; ``here`` is the one that is open."""
    return _render("shelf.html", cards=cards, here=here, search=search)


def library_of(tales: Sequence[Tale]) -> str:
    """Stories as cards of the library."""
    return _render("tales.html", tales=tales)


def runs_of(runs: Sequence[Run], here: str) -> str:
    """The list of training runs; ``here`` is the one that is looked at."""
    return _render("runs.html", runs=runs, here=here)


def run_of(run: Run, charts: Sequence[Chart], tried: Tried | None, log: str, memory: int | None, gpus: Sequence[Gpu]) -> str:
    """All that there is to see of one training run. ``memory``: bytes that its processes hold, while it has some."""
    return _render("run.html", run=run, charts=charts, tried=tried, log=log, memory=memory, gpus=gpus)


def review_of(view: ItemView) -> str:
    """An item that somebody reviews."""
    match view:
        case AttemptReview():
            return _render("review_attempt.html", view=view, faults=FAULT_NAMES)
        case PlanReview():
            return _render("review_plan.html", view=view)
        case PairReview():
            return _render("review_pair.html", view=view)
        case _:
            assert_never(view)


def said_of(said: Said, leads: bool) -> str:
    """What was said of the item that somebody has just answered. ``leads``: they may make their answer the right one."""
    return _render("review_said.html", said=said, leads=leads)


def dispute_of(said: Said) -> str:
    """What was said of an item that somebody is to decide."""
    return _render("review_dispute.html", said=said)


def guideline_of(guidance: Guidance) -> str:
    """What reviewers are told."""
    return _render("guideline.html", pieces=pieces_of(guidance.text), version=guidance.version)


def agreement_of(
    figures: Figures, sieve: Sieve, choices: Mapping[Key, Sequence[tuple[str, str]]], measured: Sequence[Measured]
) -> dict[str, Any]:
    """The figures of the agreement page, and what they can be narrowed to."""
    asked = sieve.model_dump(exclude_defaults=True)
    return {
        "markup": _render("agreement.html", figures=figures, asked=asked, keys=KEYS, measured=measured),
        "choices": {key: [{"value": value, "name": name} for value, name in named] for key, named in choices.items()},
    }


def cases_of(listed: Listed, wanted: Wanted) -> str:
    """Attempts behind a number of the agreement page."""
    return _render("agreement_cases.html", listed=listed, wanted=wanted, title=say(TITLES[wanted.cell]))


def versus_of(here: View, there: View, relatives: Sequence[StoryCard]) -> str:
    """Two stories step by step beside each other, and a choice of others."""
    others = [{"id": card.id, "title": card.title, "when": moment(card.created_at)} for card in relatives]
    rows = list(zip_longest(here.cards, there.cards))
    return _render("versus.html", here=here, there=there, relatives=others, rows=rows)


def _render(template: str, **values: object) -> str:
    return TEMPLATES.get_template(template).render(**values)
