"""Reads guidelines, which are Markdown that people wrote, as pieces that a template may show. Pure; nothing is ever HTML here.

What the template does not know how to show stands there as it was written: raw HTML, pictures, anything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from studio.speech import later, say

LONGEST = 20_000  # characters of a guideline: what somebody can be expected to have read
ADDRESS = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
READER = MarkdownIt("commonmark", {"html": False}).disable(["image", "html_block", "html_inline"])

#: What reviewers are told where nobody has published a guideline.
FIRST = (
    later("A picture passes if it shows what the step asks for, and if all that was not to change is as it was before."),
    later("Look at both pictures first, then at the prompt, and at the critic's words last: it may be wrong."),
    later("Small flaws that nobody would notice in the story do not fail a picture; a wrong colour, number or place does."),
    later("If it fails, tag what is wrong, and write what should be drawn instead if the critic's prompt would not help."),
    later("If you can't tell, skip it; flag it if somebody else should look at it."),
)


@dataclass(frozen=True)
class Piece:
    """A piece of a guideline, named as Markdown's parser names it; ``address`` is a link's, if it is one that we follow."""

    kind: str
    text: str
    level: int
    address: str
    pieces: tuple[Piece, ...]


def pieces_of(text: str) -> tuple[Piece, ...]:
    """The guideline, piece by piece."""
    return tuple(map(_piece, SyntaxTreeNode(READER.parse(text)).children))


def first_guideline() -> str:
    """The guideline where nobody has published one, in the language that is spoken."""
    return "\n".join(f"- {say(rule)}" for rule in FIRST)


def _piece(node: SyntaxTreeNode) -> Piece:
    address = str(node.attrs.get("href", "")) if node.type == "link" else ""
    return Piece(
        kind=node.type,
        text=node.content if not node.children else "",
        level=int(node.tag[1:]) if node.type == "heading" else 0,
        address=address if ADDRESS.match(address) else "",
        pieces=tuple(map(_piece, node.children)),
    )
