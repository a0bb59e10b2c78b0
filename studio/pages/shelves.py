"""What the library's scripts ask the server: a page of stories, news of some, and what a person wishes done with several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from core.types import Value
from studio.librarian import MOST, most_for
from studio.library import Asked
from studio.pages.answers import Answer, Call, Do, answering, exports_of, sends_of
from studio.pages.parts import Who
from studio.storyboard import library_of
from studio.visitors import Visitor

if TYPE_CHECKING:
    from studio.controller import Controller
    from studio.hosting import Hosting
    from studio.reviewing.access import Access
    from studio.tokens import Tokens


class Several(Value):
    """Stories that something is to be done with; ``stopped`` are those that go on when they are brought back."""

    stories: list[str] = Field(max_length=MOST)
    on: bool = True
    stopped: list[str] = Field(default=[], max_length=MOST)


@dataclass(frozen=True)
class Doors:
    """Who has a hosts' page, and who an account's: pages that the library leads to."""

    hosting: Hosting
    tokens: Tokens


def shelves(controller: Controller, who: Who, access: Access, doors: Doors) -> list[Callable[..., Answer]]:
    """The server functions of the library, by their names."""
    librarian = controller.librarian

    def browse(call: Call, visitor: Visitor) -> Answer:
        shown = librarian.library(Asked.model_validate(call), visitor)
        after = shown.next.model_dump(mode="json") if shown.next else None
        profiles = [{"name": name, "title": title} for name, title in librarian.profiles(visitor)]
        known = {"profiles": profiles, "known": bool(visitor.name), "most": most_for(visitor)}
        known |= {"trains": visitor.owns_all, "reviews": access.allows(visitor), "hosts": doors.hosting.allows(visitor)}
        known |= {"tokens": doors.tokens.allows(visitor)}
        return {"markup": library_of(shown.tales), "shown": len(shown.tales), "next": after} | known

    def news(call: Call, visitor: Visitor) -> Answer:
        return {"markup": library_of(librarian.tales(Several.model_validate(call).stories, visitor))}

    def duplicate(call: Call, visitor: Visitor) -> Answer:
        return {"story": librarian.duplicate(str(call.get("story") or ""), visitor)}

    asked = (browse, news, duplicate, sends_of(controller), *_marks(controller), *exports_of(controller))
    return [answering(do, who) for do in asked]


def _marks(controller: Controller) -> list[Do]:
    librarian = controller.librarian

    def star(call: Call, visitor: Visitor) -> Answer:
        several = Several.model_validate(call)
        librarian.star(several.stories, several.on, visitor)
        return {}

    def delete(call: Call, visitor: Visitor) -> Answer:
        stories = Several.model_validate(call).stories
        return {"stopped": librarian.delete(stories, visitor), "reviews": librarian.reviews_of(stories, visitor)}

    def restore(call: Call, visitor: Visitor) -> Answer:
        several = Several.model_validate(call)
        librarian.restore(several.stories, several.stopped, visitor)
        return {}

    return [star, delete, restore]
