"""What the story page's scripts ask about links by which others read the story: which there are, a new one, one less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from core.types import Value
from studio.storyboard import links_of

if TYPE_CHECKING:
    from studio.pages.answers import Answer, Call, Do
    from studio.sharing import Sharing
    from studio.visitors import Visitor


class About(Value):
    """The story, and the link, that something is asked about."""

    story: str = Field(max_length=40)
    link: str = Field(default="", max_length=40)


def sharings(sharing: Sharing) -> list[Do]:
    """What takes a person's wishes about the links to one of their stories."""

    def links(call: Call, visitor: Visitor) -> Answer:
        return _shown(sharing, About.model_validate(call).story, visitor)

    def share(call: Call, visitor: Visitor) -> Answer:
        story = About.model_validate(call).story
        return {"secret": sharing.make(story, visitor)} | _shown(sharing, story, visitor)

    def revoke(call: Call, visitor: Visitor) -> Answer:
        about = About.model_validate(call)
        sharing.revoke(about.story, about.link, visitor)
        return _shown(sharing, about.story, visitor)

    return [links, share, revoke]


def _shown(sharing: Sharing, story: str, visitor: Visitor) -> Answer:
    return {"markup": links_of(sharing.links(story, visitor))}
