"""``python -m train memory``: which models fit on which card, and how they share it. Worked out, with neither of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from train.terminal import plainly

if TYPE_CHECKING:
    from rich.table import Table

    from train.sizes import Part, Sharing

#: What to use on a card of so many GB.
PRESETS = {12: "klein-4b", 16: "klein-4b", 24: "klein-4b", 48: "interleavethinker", 80: "interleavethinker"}
TOKENS = 4000  # of a verdict: two pictures of 1024 tokens, the instructions and the reply (PERFORMANCE, A1)


def memory(
    profile: Annotated[
        list[str] | None, typer.Option(help="A profile, or the path of one; several times.", show_default="those of the presets")
    ] = None,
    card: Annotated[
        list[int] | None, typer.Option(min=1, help="GB of a card; several times.", show_default="12, 16, 24, 48, 80")
    ] = None,
) -> None:
    """Show which models fit on which card, how large each part of them is, and what moves when they take turns.

    Weights that do not fit together go to the computer's memory and come back: those that were used longest ago leave, and a
    part of the card is kept free for what calls need beside weights. Sizes are those of bfloat16, of weights alone, worked out
    from the models' published configurations, or from their files where those are here.
    """
    from rich.console import Console

    from core.backends.memory import GB
    from core.profiles import load_profile
    from train.sizes import parts_of, shared

    cards = card or list(PRESETS)
    wanted = [(size, name) for size in cards for name in profile or [preset(size)]]
    with plainly():
        parts = {name: parts_of(load_profile(name)) for _, name in wanted}
        console = Console()
        for name, agents in parts.items():
            console.print(parts_table(name, agents))
        console.print(cards_table([(name, shared(parts[name], size * GB)) for size, name in wanted]))


def preset(card: int) -> str:
    """The profile for a card of so many GB; for a smaller one than any that was thought of, that of the smallest."""
    return PRESETS[max((size for size in PRESETS if size <= card), default=min(PRESETS))]


def parts_table(name: str, agents: dict[str, list[Part]]) -> Table:
    from rich.table import Table

    table = Table("agent", "part", title=f"{name}: GB of each part")
    for heading in ("weights", "a verdict's cache"):
        table.add_column(heading, justify="right")
    seen = set[tuple[str, str]]()
    for agent, parts in agents.items():
        for part in parts:
            again = (part.owner, part.name) in seen
            seen.add((part.owner, part.name))
            cache = gb(part.token * TOKENS) if part.token else ""
            table.add_row(agent, part.name, "the same" if again else gb(part.size), cache)
    return table


def cards_table(rows: list[tuple[str, Sharing]]) -> Table:
    from rich.table import Table

    table = Table("profile", title="GB on each card")
    for heading in ("card", "kept free", "all weights", "at most on it", "moved an attempt", "and so"):
        table.add_column(heading, justify="left" if heading == "and so" else "right")
    for name, on in rows:
        so = "all stay" if on.together else "they take turns" if on.fits else "too large"
        figures = (on.card, on.card - on.most, on.weights, on.inside, on.moved)
        table.add_row(name, *map(gb, figures), so)
    return table


def gb(size: int) -> str:
    return f"{size / 1e9:.1f}"
