"""The review page: people look at what the models made, one item after another, and say what they think of it.

Its scripts are ``assets/js/review.js`` and the modules beside it. Every call names the reviewer and what they want to see; the
server keeps no session, but for who has which item in hand.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import gradio as gr
from pydantic import AwareDatetime, Field

from core.errors import CommandError, NotFound
from core.reviewing import AnyAnswer, Item
from core.store import Query
from core.types import Value
from studio.pages.answers import Answer, Call, answering
from studio.pages.parts import MOUNT, Who
from studio.reviewing.desk import Desk
from studio.speech import say
from studio.storyboard import dispute_of, frame_of, guideline_of, review_of, said_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.store import Store
    from studio.reviewing.access import Access, Reviewer
    from studio.reviewing.desk import Guidance, Handed, ItemView
    from studio.visitors import Visitor

TITLE, ADDRESS = "Review", "review"
IN_HAND = 50  # items that a browser may hold at once, those that it has decided and not sent yet among them
ZONE = 14 * 60  # minutes that a time zone is ahead of or behind Greenwich, at most
Doing = Callable[["Asked", "Reviewer"], Answer]


class Asked(Value):
    """What a browser asks: for whom (``as``), of which items (``query``), and what else the call is about.

    ``zone`` says how many minutes the browser's clock is ahead of Greenwich.
    """

    name: str = Field(default="", alias="as", max_length=200)
    query: Query = Query()
    zone: int = Field(default=0, ge=-ZONE, le=ZONE)
    item: Item | None = None
    beside: list[Item] = Field(default=[], max_length=IN_HAND)
    answer: AnyAnswer | None = None
    guideline: int = Field(default=0, ge=0)
    since: AwareDatetime | None = None
    text: str = Field(default="", max_length=100_000)

    def the_item(self) -> Item:
        if self.item is None:
            raise CommandError("Nothing was chosen.")
        return self.item

    def the_answer(self) -> AnyAnswer:
        if self.answer is None:
            raise CommandError("Nothing was answered.")
        return self.answer


def review_page(store: Store, who: Who, access: Access, titles: Mapping[str, str]) -> None:
    """Builds the page into the open route. ``who`` says who asks, ``access`` who may; ``titles`` are what profiles are called."""
    gr.HTML(
        html_template=frame_of("review_frame"),
        js_on_load=MOUNT % "review",
        server_functions=reviewing(Desk(store), who, access, titles),
        apply_default_css=False,
        elem_id="review",
    )


def reviewing(desk: Desk, who: Who, access: Access, titles: Mapping[str, str]) -> list[Callable[..., Answer]]:
    """The server functions of the page, by their names."""

    def begin(asked: Asked, reviewer: Reviewer) -> Answer:
        told = [{"name": name, "title": titles.get(name, name)} for name in desk.profiles()]
        known = {
            "name": reviewer.name,
            "leads": reviewer.leads,
            "chooses": reviewer.chooses,
            "models": list(desk.models()),
            "profiles": told,
        }
        known |= {"since": datetime.now(UTC).isoformat(), "guideline": _guideline(desk.guideline())}
        return known | _progress(desk, asked, reviewer)

    def progress(asked: Asked, reviewer: Reviewer) -> Answer:
        return _progress(desk, asked, reviewer)

    return [_answering(do, who, access) for do in (begin, progress, *_in_hand(desk), *_decisions(desk), *_leading(desk))]


def _in_hand(desk: Desk) -> list[Doing]:
    def take(asked: Asked, reviewer: Reviewer) -> Answer:
        handed = desk.take(reviewer, asked.query, asked.beside)
        return _handed(handed) if handed else {"none": True}

    def renew(asked: Asked, reviewer: Reviewer) -> Answer:
        until = desk.renew(reviewer, asked.query, asked.the_item())
        return {"until": until.isoformat(), "seconds": _seconds(until)}

    def release(asked: Asked, reviewer: Reviewer) -> Answer:
        desk.release(reviewer, asked.beside)
        return {}

    return [take, renew, release]


def _decisions(desk: Desk) -> list[Doing]:
    def answer(asked: Asked, reviewer: Reviewer) -> Answer:
        said = desk.answer(reviewer, asked.query, asked.the_item(), asked.the_answer(), asked.guideline)
        return {"markup": said_of(said, leads=reviewer.leads), **_progress(desk, asked, reviewer)}

    def reveal(asked: Asked, reviewer: Reviewer) -> Answer:
        item = asked.the_item()
        return {"markup": said_of(desk.said(reviewer, item), leads=reviewer.leads)}

    def skip(asked: Asked, reviewer: Reviewer) -> Answer:
        desk.skip(reviewer, asked.the_item())
        return {}

    def flag(asked: Asked, reviewer: Reviewer) -> Answer:
        desk.flag(reviewer, asked.the_item())
        return {}

    def undo(asked: Asked, reviewer: Reviewer) -> Answer:
        if asked.since is None:
            return {"none": True}
        found = desk.undo(reviewer, asked.query, asked.since)
        if found is None:
            return {"none": True}
        item, handed = found
        shown = _handed(handed) if handed else {"lost": _json(item)}
        return shown | _progress(desk, asked, reviewer)

    return [_for_good(answer), reveal, _for_good(skip), _for_good(flag), undo]


def _leading(desk: Desk) -> list[Doing]:
    def publish(asked: Asked, reviewer: Reviewer) -> Answer:
        return {"guideline": _guideline(desk.publish(reviewer, asked.text))}

    def disputed(asked: Asked, reviewer: Reviewer) -> Answer:
        return {"items": [_json(item) for item in desk.disputed(reviewer, asked.query)]}

    def dispute(asked: Asked, reviewer: Reviewer) -> Answer:
        item = asked.the_item()
        view, said = desk.dispute(reviewer, item)
        return _shown(item, view) | {"said": dispute_of(said), "blind": False}

    def adjudicate(asked: Asked, reviewer: Reviewer) -> Answer:
        item = asked.the_item()
        desk.adjudicate(reviewer, item, asked.the_answer(), asked.guideline)
        return {"markup": said_of(desk.said(reviewer, item), leads=True), **_progress(desk, asked, reviewer)}

    def gold(asked: Asked, reviewer: Reviewer) -> Answer:
        desk.set_gold(reviewer, asked.the_item(), asked.the_answer())
        return {}

    def guideline(asked: Asked, reviewer: Reviewer) -> Answer:
        return {"guideline": _guideline(desk.guideline())}

    return [publish, disputed, dispute, _for_good(adjudicate), gold, guideline]


def _for_good(do: Doing) -> Doing:
    """The same; where it can't be done with this item, now or later, ``over`` says so, and the browser does not ask again."""

    def for_good(asked: Asked, reviewer: Reviewer) -> Answer:
        try:
            return do(asked, reviewer)
        except (CommandError, NotFound) as error:
            return {"error": say(error.sentence), "over": True}

    for_good.__name__ = do.__name__
    return for_good


def _answering(do: Doing, who: Who, access: Access) -> Callable[..., Answer]:
    """The server function that does this for a reviewer, if whoever asks is one."""

    def for_reviewers(call: Call, visitor: Visitor) -> Answer:
        asked = Asked.model_validate(call)
        return do(asked, access.reviewer(visitor, asked.name))

    for_reviewers.__name__ = do.__name__
    return answering(for_reviewers, who)


# ---------------------------------------------------------------- answers


def _handed(handed: Handed) -> Answer:
    until = {"until": handed.until.isoformat(), "seconds": _seconds(handed.until)}
    return _shown(handed.item, handed.view) | until | {"seq": handed.seq, "blind": handed.blind}


def _shown(item: Item, view: ItemView) -> Answer:
    return {"item": _json(item), "kind": item.kind, "markup": review_of(view), "data": view.data}


def _json(item: Item) -> dict[str, Any]:
    return item.model_dump(mode="json")


def _seconds(until: datetime) -> float:
    """From now: a browser's clock may be wrong, but it runs as fast as ours."""
    return (until - datetime.now(UTC)).total_seconds()


def _guideline(guidance: Guidance) -> Answer:
    return {"version": guidance.version, "text": guidance.text, "markup": guideline_of(guidance)}


def _progress(desk: Desk, asked: Asked, reviewer: Reviewer) -> Answer:
    return {"progress": desk.progress(reviewer, asked.query, asked.zone).model_dump()}
