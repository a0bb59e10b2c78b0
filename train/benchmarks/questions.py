"""Asks a judge about answers, and keeps what it says: ``marks.jsonl``, a line a question, appended as the replies come.

A question is named by all that the judge sees (its words, its pictures, the judge), so that nothing is asked twice. What
could not be marked has no marks and a reason, never a middle value, and is asked again by the next run, with another seed.
Prompts are ``assets/prompts/judge/*.md``; replies are read by :func:`train.judging.marks_in`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.backends.vlm import Reply, Respondent, read
from core.dialect import Message, judge_messages
from core.errors import AgentError, Cancelled, StudioError, Unreachable
from core.ports import Results
from core.types import ImageRef
from train.judging import QUESTIONS, TOGETHER, Marks, marks_in
from train.runs import append, read_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

MARKS = "marks.jsonl"
Shown = tuple[str, ImageRef | None]  # a piece of what the judge is shown: a text, and a picture that comes before it


@dataclass(frozen=True)
class Question:
    """One question about one answer. ``about`` names it among those of its request; ``template`` is a file of the judge's."""

    request: str
    about: str
    template: str
    words: Mapping[str, str]
    shown: Mapping[str, tuple[Shown, ...]]
    marks: type[Marks]

    @property
    def pictures(self) -> tuple[ImageRef, ...]:
        """In the order in which the message has places for them: that of the template's slots."""
        own = sorted(self.shown, key=lambda slot: self.text.index(f"{{{{{slot}}}}}"))
        return tuple(image for slot in own for _, image in self.shown[slot] if image)

    @property
    def text(self) -> str:
        return _template(self.template)

    def messages(self) -> list[Message]:
        shown = {slot: [(text, image is not None) for text, image in own] for slot, own in self.shown.items()}
        return judge_messages(self.text, self.words, shown)

    def digest(self, judge: str) -> str:
        seen = (self.messages(), [ref.sha256 for ref in self.pictures], judge)
        return hashlib.sha256(repr(seen).encode()).hexdigest()


@lru_cache
def _template(name: str) -> str:
    return (QUESTIONS / f"{name}.md").read_text(encoding="utf-8").strip()


@dataclass(frozen=True)
class Marked:
    """What a judge said to a question: marks by their names, or none and why."""

    marks: Mapping[str, Any] | None = None
    why: str = ""


@dataclass
class Ledger:
    """All that was ever said in a run, by the questions' digests. ``tries`` counts the replies that were no use."""

    file: Path
    known: dict[str, Marked] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, out: Path) -> Ledger:
        ledger = cls(out / MARKS)
        for line in read_lines(ledger.file):
            ledger._take(line["question"], Marked(line["marks"], line["why"]))
        return ledger

    def answered(self, name: str) -> bool:
        return name in self.known and self.known[name].marks is not None

    def add(self, question: Question, judge: str, said: Marked) -> None:
        name = question.digest(judge)
        line = {"question": name, "request": question.request, "about": question.about, "judge": judge}
        append(self.file, line | {"marks": said.marks, "why": said.why})
        self._take(name, said)

    def _take(self, name: str, said: Marked) -> None:
        if said.marks is None:
            self.tries[name] = self.tries.get(name, 0) + 1
        self.known[name] = said


def ask(
    questions: Sequence[Question], ledger: Ledger, judge: Respondent, load: Callable[[ImageRef], Image]
) -> Generator[int, None, dict[tuple[str, str], Marked]]:
    """Asks what has no marks yet. Yields how many of the questions are done; returns all, by request and ``about``.

    May be closed at any point: what came is kept. Raises ``Unreachable`` if the judge's server is gone.
    """
    names = [question.digest(judge.name) for question in questions]
    new = {name: question for name, question in zip(names, questions, strict=True) if not ledger.answered(name)}
    done = len(questions) - len(new)
    yield done
    for start in range(0, len(new), TOGETHER):
        some = list(new.items())[start : start + TOGETHER]
        asked = _asked([question for _, question in some], [ledger.tries.get(name, 0) for name, _ in some], judge, load)
        for question, said in asked:
            ledger.add(question, judge.name, said)
        done += len(some)
        yield done
    return {(question.request, question.about): ledger.known[name] for name, question in zip(names, questions, strict=True)}


def _asked(
    questions: Sequence[Question], seeds: list[int], judge: Respondent, load: Callable[[ImageRef], Image]
) -> Iterator[tuple[Question, Marked]]:
    loaded: list[tuple[Question, list[Image], int]] = []
    for question, seed in zip(questions, seeds, strict=True):
        try:
            loaded.append((question, [load(ref) for ref in question.pictures], seed))
        except StudioError as error:  # a picture is gone or damaged
            yield question, Marked(why=str(error))
    if not loaded:
        return
    replies = _replies(judge, [q.messages() for q, _, _ in loaded], [p for _, p, _ in loaded], [s for _, _, s in loaded])
    for (question, _, _), reply in zip(loaded, replies, strict=True):
        made = read(reply, lambda said, kind=question.marks: marks_in(said.text, kind))  # type: ignore[misc]
        yield question, Marked(why=str(made)) if isinstance(made, AgentError) else Marked(made.model_dump())


def _replies(
    judge: Respondent, conversations: list[list[Message]], images: list[list[Image]], seeds: list[int]
) -> Results[Reply]:
    call = judge.generate(conversations, images, seeds)
    try:
        while True:
            next(call)
    except StopIteration as finished:
        replies: Results[Reply] = finished.value
        return replies
    except (Cancelled, Unreachable):  # nothing is known of these, and nothing would be of those after them
        raise
    except AgentError as error:  # the whole call failed
        return [error] * len(seeds)
