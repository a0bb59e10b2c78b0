"""No text that a person or a model wrote becomes markup, wherever it is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import reduce
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import Drawn, Event, Failed, Judged, Opened, Planned, Settled
from core.policy import Draw, JudgeAttempt, MakePlan, next_task
from core.trajectory import Trajectory, evolve
from core.types import Attempt, AttemptKey, ImageRef, Request, Step, Verdict
from studio.live import Live, Mood, Passing
from studio.shelf import Card
from studio.storyboard import sheet_of, shelf_of, versus_of
from studio.tally import Tally, tallied
from studio.view import View, view_of

EVIL = "\"'`><img src=x onerror=alert(1)></p></template><script>alert(2)</script>{{ 7 * 7 }}&lt;\" onfocus='alert(3)"
#: Every text that a person or a model can write, by where it is written.
FIELDS = (
    "request",
    "title",
    "instruction",
    "prompt",
    "caption",
    "plan thought",
    "verdict thought",
    "refined",
    "fault",
    "trouble",
    "broken",
    "live thought",
    "live title",
    "remark",
)
PICTURE = ImageRef(sha256="5" * 64, width=64, height=48)
KEY = AttemptKey(step="s1", revision=0, number=0)
Say = Callable[[str], str]


class Parsed(HTMLParser):
    """What a browser makes of markup: which elements with which attributes, and all text that is shown or kept in them."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[tuple[str, frozenset[str]]] = set()
        self.texts: list[str] = []
        self.other: list[str] = []  # comments and declarations
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add((tag, frozenset(name for name, _ in attrs)))
        self.texts += [value for _, value in attrs if value]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    def handle_decl(self, decl: str) -> None:
        self.other.append(decl)

    handle_pi = unknown_decl = handle_comment


def views(say: Say) -> Iterator[View]:
    """A story at moments that together show all there is to show; ``say`` gives each field its text."""

    def seen(events: list[Event], passing: Passing | None = None, mine: bool = True) -> View:
        return view_of("story0story0", told(events), tallied(Tally(), events), passing or Passing(), mine)

    steps = (
        Step(id="s1", title=say("title"), instruction=say("instruction"), prompt=say("prompt"), caption=say("caption")),
        Step(id="s2", caption=say("caption")),
    )
    no = Verdict(accepted=False, thought=say("verdict thought"), refined_prompt=say("refined"), p_success=0.1)
    key = KEY.model_copy(update={"number": 1})
    opened: list[Event] = [Opened(request=Request(text=say("request"), images=(PICTURE,)))]
    reply = f"<think>{say('live thought')}</think><answer>{json.dumps({'step_name': say('live title')})}"
    yield seen(opened, Passing(Live(MakePlan(plan_revision=0, seed=0), since=1.0, text=reply)))
    yield seen(opened, Passing(mood=Mood("troubled", say("trouble"))))
    yield seen(opened, Passing(broken=say("broken")), mine=False)
    drawn = [*opened, Planned(plan_revision=0, steps=steps, thought=say("plan thought")), draw(KEY, say("prompt"))]
    judging = JudgeAttempt(attempt=told(drawn).tries[0].attempt, prompt=say("prompt"), seed=0)
    yield seen(drawn, Passing(Live(judging, since=1.0, text=f"<think>{say('remark')}")))
    refused = [*drawn, Judged(attempt=KEY, verdict=no)]
    drawing = next_task(told(refused))
    assert isinstance(drawing, Draw)
    yield seen(refused, Passing(Live(drawing, since=1.0, done=1, total=4, previews=1)))
    yield seen([*refused, *[Failed(task="draw", attempt=key, code="draw", message=say("fault"))] * 3])
    chosen = [Settled(step="s1", revision=0, attempt=KEY, source=PICTURE, why="person")]
    yield seen([*refused, *chosen, Settled(step="s2", revision=0, attempt=None, source=None, why="text")])


def told(events: list[Event]) -> Trajectory:
    return reduce(evolve, events, Trajectory())


def draw(key: AttemptKey, prompt: str) -> Drawn:
    return Drawn(attempt=Attempt(key=key, prompt=prompt, seed=7, source=PICTURE, image=PICTURE), seconds=2.0)


def pages(say: Say) -> Iterator[str]:
    """All markup that the studio makes of a story, and of a shelf that it is on."""
    for view in views(say):
        yield from sheet_of(view).parts.values()
        yield versus_of(view, view, [])
    for cover in (None, PICTURE.sha256):
        for here in ("story0story0", say("request")):
            card = Card("story0story0", say("request"), "busy", "Working", "2 steps", cover)
            yield shelf_of([card], here, say("request"))
    yield shelf_of([], "", say("request"))


def parsed(say: Say) -> list[Parsed]:
    return [Parsed(page) for page in pages(say)]


def elements(found: list[Parsed]) -> set[tuple[str, frozenset[str]]]:
    return {element for page in found for element in page.elements}


@pytest.fixture(scope="module")
def harmless() -> set[tuple[str, frozenset[str]]]:
    """The elements, with their attributes, that there are when everybody writes plain words."""
    found = elements(parsed(lambda field: "Three plain words" if field != "refined" else "Two other words"))
    assert not any(name.startswith("on") for _, names in found for name in names), "the studio itself uses no such handlers"
    assert "script" not in {tag for tag, _ in found}
    return found


@pytest.mark.parametrize("field", FIELDS)
def test_text_that_looks_like_markup_is_shown_as_it_was_written(field: str, harmless: set[tuple[str, frozenset[str]]]) -> None:
    found = parsed(lambda other: EVIL if other == field else "Three plain words")
    assert elements(found) <= harmless
    texts = [text for page in found for text in page.texts]
    assert any(EVIL in text for text in texts), "it is shown somewhere, whole"
    assert not [other for page in found for other in page.other]


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.one_of(st.sampled_from("<>\"'&=/-! {}%`\n\0"), st.characters(codec="utf-8")), min_size=1))
def test_no_text_at_all_adds_an_element_or_an_attribute(harmless: set[tuple[str, frozenset[str]]], text: str) -> None:
    found = parsed(lambda _: text)
    assert elements(found) <= harmless
    assert any(text in shown for page in found for shown in page.texts)
