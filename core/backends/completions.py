"""The chat-completions protocol: a conversation as a request's body, and an answer, whole or in pieces, as a :class:`Reply`.

Pure: no connection and no clock. What a server says is untrusted: it parses to values, or raises ``ValueError``.
"""

from __future__ import annotations

import base64
import codecs
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from core.backends.checkpoint import MAX_PIXELS, rgb
from core.backends.vlm import Reply
from core.dialect import BOOLEAN, MAX_REPLY, Message
from core.errors import ProfileError, ReplyError

if TYPE_CHECKING:
    from PIL.Image import Image

ALTERNATIVES = 20  # tokens at each place whose probability is asked for: the most that these servers give
UNNAMED = -1  # a token's number where only its text is known
#: What chat templates mark turns and pictures with. The server's own tokens are not known here, so these are all the usual.
_CONTROL = re.compile(
    r"<\|[^|<>\s]{1,40}\|>|</?s>|<(?:start|end)_of_turn>|<(?:image|video|bos|eos|pad|unk)>|\[/?INST\]", re.IGNORECASE
)


# ---------------------------------------------------------------- what is asked


def chat_messages(messages: list[Message], pictures: list[Image]) -> list[Message]:
    """The messages with the pictures in their image parts, in order, as data URLs. Control tokens in texts are broken up.

    ``ProfileError`` if there are more or fewer pictures than places.
    """
    places = sum(part["type"] == "image" for message in messages for part in message["content"])
    if places != len(pictures):
        raise ProfileError(f"The prompt pack has places for {places} pictures; {len(pictures)} are given.")
    rest = iter(pictures)

    def fill(part: dict[str, str]) -> dict[str, Any]:
        if part["type"] == "image":
            return {"type": "image_url", "image_url": {"url": data_url(next(rest))}}
        return {"type": "text", "text": plain(part["text"])}

    return [{**message, "content": [fill(part) for part in message["content"]]} for message in messages]


def plain(text: str) -> str:
    """The text with what a server may take for a control token broken up, as :meth:`Checkpoint.plain` does for its own."""
    return _CONTROL.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


def data_url(picture: Image) -> str:
    """The picture as PNG, so that a judge of flaws sees no JPEG's; of the size that a local model would see."""
    shown = rgb(picture)
    if (pixels := shown.width * shown.height) > MAX_PIXELS:
        scale = math.sqrt(MAX_PIXELS / pixels)
        shown = shown.resize((max(1, int(shown.width * scale)), max(1, int(shown.height * scale))))
    file = BytesIO()
    shown.save(file, "PNG", compress_level=1)  # what is saved in bytes after that costs more time than it saves
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


# ---------------------------------------------------------------- what is answered


class _Alternative(BaseModel):
    token: str
    logprob: float


class _Token(_Alternative):
    bytes: list[int] | None = None  # the token's own, where it is only a part of a character
    top_logprobs: list[_Alternative] = Field(default_factory=list)


class _Logprobs(BaseModel):
    content: list[_Token] | None = None


class _Message(BaseModel):
    content: str | None = None
    reasoning_content: str | None = None  # a server that takes thoughts out of the text puts them here, by one name
    reasoning: str | None = None  # or the other
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message | None = None
    delta: _Message | None = None
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Usage(BaseModel):
    completion_tokens: int = 0


class _Completion(BaseModel):
    """A whole answer, or one piece of a stream. ``choices`` is empty in a piece that only counts tokens."""

    choices: list[_Choice]
    usage: _Usage | None = None


@dataclass
class Heard:
    """What a server has said so far, piece by piece."""

    content: str = ""
    thought: str = ""
    finish: str | None = None
    refusal: str = ""
    count: int = 0  # tokens, if the server tells
    _tokens: list[_Token] = field(default_factory=list)

    def add(self, piece: str | bytes) -> str:
        """Takes in a whole answer or a piece of one, JSON; returns the text that is new.

        ``ValueError`` if it is no such thing, ``ReplyError`` if the reply is longer than is read.
        """
        said = _Completion.model_validate_json(piece)
        if said.usage:
            self.count = said.usage.completion_tokens
        new = ""
        for choice in said.choices[:1]:  # one is asked for
            message = choice.message or choice.delta or _Message()
            new += message.content or ""
            self.thought += message.reasoning_content or message.reasoning or ""
            self.refusal += message.refusal or ""
            self.finish = choice.finish_reason or self.finish
            self._tokens += (choice.logprobs and choice.logprobs.content) or []
        self.content += new
        if len(self.content) + len(self.thought) > MAX_REPLY:
            raise ReplyError(f"The reply has more than {MAX_REPLY} characters.")
        return new

    def reply(self) -> Reply:
        """The reply that this is. ``ReplyError`` if the model would not answer."""
        if self.refusal or self.finish == "content_filter":
            raise ReplyError(f"The model would not answer: {' '.join(self.refusal.split())[:200] or 'its filter stopped it'}.")
        # Where a server took the thought out of the text, it goes back to where the dialect looks for it.
        before = f"<think>{self.thought}</think>" if self.thought and "</think>" not in self.content else ""
        text = before + self.content
        ends, p_trues = [len(before)], [None, *map(p_true, self._tokens)]
        if (mine := _ends(self._tokens, self.content)) is None:
            mine, p_trues = [len(self.content)], [None, None]  # whose place is not known has no probability
        ends += [len(before) + end for end in mine]
        unnamed = (UNNAMED,) * (self.count or len(self._tokens) or len(ends) - 1)
        return Reply(text, unnamed, self.finish != "length", tuple(ends), tuple(p_trues))


def _ends(tokens: list[_Token], content: str) -> list[int] | None:
    """For each token, how long the content was once it had come; None if the tokens do not make up the content.

    They may say more than it: thoughts before it, and the mark that ended it.
    """
    if not tokens:
        return None
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    joined, ends = "", list[int]()
    for token in tokens:
        joined += decoder.decode(token.token.encode() if token.bytes is None else _octets(token.bytes))
        ends.append(len(joined))
    start = joined.rfind(content)
    return None if start < 0 else [min(max(0, end - start), len(content)) for end in ends]


def _octets(numbers: Iterable[int]) -> bytes:
    return bytes(number & 0xFF for number in numbers)


def p_true(token: _Token) -> float | None:
    """p(true) / (p(true) + p(false)) at the token's place, over the alternatives that are known; None if it is no boolean.

    As :class:`core.backends.decoding.VerdictWatch` counts them: all spellings of each word, whatever goes on after it. A mere
    piece of a word counts where the token that came is one, too. What is beyond the known alternatives counts as nothing.
    """
    pieces = _word(token.token, pieces=False) is None
    if _word(token.token, pieces) is None:
        return None
    known = {each.token: each.logprob for each in (*token.top_logprobs, token)}
    sums = {"true": 0.0, "false": 0.0}
    for text, logprob in known.items():
        if (word := _word(text, pieces)) is not None:
            sums[word] += math.exp(min(0.0, logprob))
    whole = sums["true"] + sums["false"]
    return sums["true"] / whole if whole > 0 else None


def _word(token: str, pieces: bool) -> str | None:
    """The boolean that the token begins, if it begins one; ``pieces``: also one that breaks off within the word."""
    if found := BOOLEAN.match(token):
        return found[1].lower()
    piece = token.strip().lower()
    return next((word for word in ("true", "false") if pieces and piece and word.startswith(piece)), None)


def event(line: str) -> str | None:
    """The data in a line of a stream; None if the line has none, as a comment that only keeps the connection open."""
    name, colon, data = line.partition(":")
    return data.strip() if name == "data" and colon else None
