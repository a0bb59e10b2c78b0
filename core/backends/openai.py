"""Vision-language models on an OpenAI-compatible server (vLLM, SGLang, a provider's): the same port as a local checkpoint.

Owns one call: many requests at once, tries and pauses, bounds of time, giving up. The protocol's words are
:mod:`core.backends.completions`', prompts and replies are the dialect's. Loads no torch.

**What is tried again.** No connection, a broken or unreadable answer, "too many requests" and a server's own faults, each
after a random pause that doubles at most (or as long as the server says), within a number of tries and the call's seconds.
What would fail again is said at once. A call of which every case failed because the server is gone, or lets nobody in,
raises :class:`~core.errors.Unreachable`: it is no reply's fault.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.backends.bridge import Emit, bridge
from core.backends.completions import ALTERNATIVES, Heard, chat_messages, event
from core.backends.vlm import MAX_NEW_TOKENS, MAX_SECONDS, Reply
from core.dialect import Message
from core.errors import AgentError, Cancelled, ProfileError, ReplyError, Unreachable
from core.ports import Results, Stream, TextDelta

if TYPE_CHECKING:
    import httpx
    from PIL.Image import Image

SCHEME = "openai:"
PASSING = {408, 409, 425, 429, 500, 502, 503, 504, 529}  # statuses that may be another one the next time
CLOSED = {401, 403, 404}  # that say that nobody will be answered here, whatever is asked
MAX_ANSWER = 64 * 2**20  # bytes; 4096 tokens with 20 alternatives each take about 6 MB
LOOKS = 0.05  # seconds between two looks whether the call is still wanted


@dataclass(frozen=True)
class Patience:
    """How long and how often one call is tried. ``seconds`` bounds the whole call, all its cases together."""

    seconds: float = MAX_SECONDS
    connect: float = 10.0
    quiet: float = 120.0  # seconds without a byte; a server that does not stream is quiet while the model writes
    tries: int = 5
    pause: float = 0.5  # the first one's bound; it doubles with every try
    longest: float = 30.0

    def before(self, number: int, asked: float) -> float:
        """Seconds to wait before try ``number``, from 1: random, so that many callers do not come back at once."""
        return asked + random.uniform(0, min(self.longest, self.pause * 2 ** (number - 1)))


@dataclass(frozen=True)
class Address:
    """``openai:http://host:port/v1#model``, taken apart."""

    url: str
    model: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """``ValueError`` says what is wrong, and repeats nothing of the text: it may hold a secret."""
        parts = urlsplit(text.removeprefix(SCHEME))
        if not text.startswith(SCHEME) or parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a model on a server is like openai:http://host:8000/v1#model")
        if parts.username or parts.password or parts.query:
            raise ValueError("an address holds no password and no key: name the key's environment variable instead")
        if not parts.fragment:
            raise ValueError("the model is missing after the address: openai:http://host:8000/v1#model")
        return cls(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", parts.fragment)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


def is_served(model: str) -> bool:
    """Whether ``model`` is on a server, rather than weights of this machine."""
    return model.startswith(SCHEME)


def key_in(variable: str | None) -> str:
    """The key in an environment variable; none if no variable is named. ``ProfileError`` if there is no such key."""
    if variable is None:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise ProfileError(f"The environment variable {variable}, which is to hold the server's key, is not set.")
    if not (key.isascii() and key.isprintable()):
        raise ProfileError(f"The environment variable {variable} holds no key that can be sent.")
    return key


@dataclass(frozen=True)
class ServedVlm:
    """A model on a server as one agent uses it. What is None, the server decides.

    ``name`` does not tell the server's address: the same model elsewhere is the same judge, and stories may be shown to anybody.
    """

    address: Address
    key: str = field(default="", repr=False)
    max_new_tokens: int = MAX_NEW_TOKENS
    temperature: float | None = None
    logprobs: bool = False  # ask for the tokens' probabilities, of which P(success) is made
    at_once: int = 8
    patience: Patience = Patience()

    @property
    def name(self) -> str:
        return f"{self.address.model}@remote"

    def generate(self, conversations: list[list[Message]], images: list[list[Image]], seeds: list[int]) -> Stream[Results[Reply]]:
        """As :meth:`core.backends.vlm.Vlm.generate`. Raises ``Unreachable``."""
        return bridge(lambda emit: asyncio.run(_Call(self, conversations, images, seeds, emit).replies()))


class _Trouble(Exception):
    """A try failed. ``passing``: another may not; ``gone``: it was not about this request."""

    def __init__(self, why: str, *, passing: bool, gone: bool, after: float = 0.0) -> None:
        super().__init__(why)
        self.passing = passing
        self.gone = gone
        self.after = after  # seconds that the server asked for


class _Call:
    """One call of ``generate``."""

    def __init__(
        self, vlm: ServedVlm, conversations: list[list[Message]], images: list[list[Image]], seeds: list[int], emit: Emit
    ) -> None:
        self.vlm = vlm
        self.cases = list(zip(conversations, images, seeds, strict=True))
        self.emit = emit
        self.deadline = time.monotonic() + vlm.patience.seconds
        self.shown = [0] * len(seeds)  # characters shown of each case: another try does not show them again
        self.gone = 0  # cases that the server could not be asked about

    async def replies(self) -> Results[Reply]:
        import httpx

        patience = self.vlm.patience
        limits = httpx.Limits(max_connections=self.vlm.at_once)
        timeout = httpx.Timeout(patience.quiet, connect=patience.connect, pool=None)
        headers = {"Authorization": f"Bearer {self.vlm.key}"} if self.vlm.key else {}
        # Redirects are not followed: the key is for this server only.
        async with httpx.AsyncClient(limits=limits, timeout=timeout, headers=headers) as self.client:
            self.gate = asyncio.Semaphore(self.vlm.at_once)
            made = await self._together([asyncio.create_task(self._case(index)) for index in range(len(self.cases))])
        if made and self.gone == len(made):
            raise made[0] if isinstance(made[0], Unreachable) else Unreachable(str(made[0]))
        return made

    async def _together(self, tasks: list[asyncio.Task[Reply | AgentError]]) -> Results[Reply]:
        """All results; ``Cancelled`` soon after nobody wants them any more. No request is left behind."""
        waiting = set(tasks)
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, timeout=LOOKS, return_when=asyncio.FIRST_EXCEPTION)
                if self.emit.cancelled:
                    raise Cancelled("The replies were given up.")
                for task in done:
                    task.result()  # only a fault of ours, or of the pack, is raised here
            return [task.result() for task in tasks]
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _case(self, index: int) -> Reply | AgentError:
        async with self.gate:
            try:
                async with asyncio.timeout(self.deadline - time.monotonic()):
                    return await self._until_answered(index)
            except TimeoutError:
                self.gone += 1
                return Unreachable(f"{self._who} gave no answer within {self.vlm.patience.seconds:g} seconds.")

    async def _until_answered(self, index: int) -> Reply | AgentError:
        body = await asyncio.to_thread(self._body, index)
        number = 1
        while True:
            try:
                return await self._once(index, body)
            except ReplyError as error:
                return error
            except _Trouble as trouble:
                wait = self.vlm.patience.before(number, trouble.after)
                if not trouble.passing or number == self.vlm.patience.tries or time.monotonic() + wait >= self.deadline:
                    return self._failed(trouble, number)
            number += 1
            await asyncio.sleep(wait)

    def _failed(self, trouble: _Trouble, tries: int) -> AgentError:
        self.gone += trouble.gone
        often = f" ({tries} tries)" if tries > 1 else ""
        return (Unreachable if trouble.gone else AgentError)(f"{self._who} {trouble}{often}.")

    @property
    def _who(self) -> str:
        return f"The server {self.vlm.address.host}"

    def _body(self, index: int) -> bytes:
        """The request, JSON. Not in the loop: pictures take their time."""
        messages, pictures, seed = self.cases[index]
        body: dict[str, Any] = {
            "model": self.vlm.address.model,
            "messages": chat_messages(messages, pictures),
            "max_completion_tokens": self.vlm.max_new_tokens,
            "seed": seed,
            "stream": True,
        }
        if self.vlm.temperature is not None:
            body["temperature"] = self.vlm.temperature
        if self.vlm.logprobs:
            body |= {"logprobs": True, "top_logprobs": ALTERNATIVES}
        return json.dumps(body).encode()

    async def _once(self, index: int, body: bytes) -> Reply:
        """One try. Raises ``_Trouble``, or ``ReplyError`` where the model answered and the answer is no use."""
        import httpx

        url, kind = f"{self.vlm.address.url}/chat/completions", {"Content-Type": "application/json"}
        try:
            async with self.client.stream("POST", url, content=body, headers=kind) as response:
                if response.status_code != 200:
                    raise self._refused(response, await _bounded(response))
                heard = Heard()
                if "event-stream" in response.headers.get("content-type", ""):
                    await self._hear(index, response, heard)
                else:  # a server that does not stream
                    self._show(index, heard, heard.add(await _bounded(response)))
        except httpx.TimeoutException as error:
            raise _Trouble("did not answer in time", passing=True, gone=True) from error
        except (httpx.TransportError, httpx.StreamError) as error:
            what = "cannot be reached" if isinstance(error, httpx.ConnectError) else "broke off"
            raise _Trouble(what, passing=True, gone=True) from error
        except ValueError as error:  # also pydantic's, and bytes that are no text
            raise _Trouble("gave an answer that cannot be read", passing=True, gone=False) from error
        if heard.finish is None:
            raise _Trouble("broke off", passing=True, gone=False)
        return heard.reply()

    async def _hear(self, index: int, response: httpx.Response, heard: Heard) -> None:
        async for data in _events(response):
            if data == "[DONE]":
                return
            if data.startswith('{"error"'):  # a fault in the middle of a stream that began well
                raise _Trouble(f"says: {self._said(data.encode())}", passing=True, gone=False)
            self._show(index, heard, heard.add(data))

    def _show(self, index: int, heard: Heard, new: str) -> None:
        start = len(heard.content) - len(new)
        if fresh := new[max(0, self.shown[index] - start) :]:
            self.emit(TextDelta(index=index, text=fresh))
            self.shown[index] = len(heard.content)

    def _refused(self, response: httpx.Response, body: bytes) -> _Trouble:
        status = response.status_code
        why = f"says {status}: {self._said(body) or response.reason_phrase}"
        if status == 404:
            why += " (an address usually ends in /v1)"
        after = _seconds(response.headers.get("retry-after", ""))
        return _Trouble(why, passing=status in PASSING, gone=status in CLOSED | PASSING, after=after)

    def _said(self, body: bytes) -> str:
        """The server's own words about a fault, in one short line, without the key."""
        try:
            said = json.loads(body)
        except ValueError:
            said = ""
        for name in ("error", "message", "detail"):  # OpenAI's form has the second in the first; FastAPI's is the third
            said = said.get(name, said) if isinstance(said, dict) else said
        text = " ".join((said if isinstance(said, str) else json.dumps(said)).split())
        return (text.replace(self.vlm.key, "…") if self.vlm.key else text)[:200].rstrip(".")


async def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > MAX_ANSWER:
            raise ReplyError(f"The answer has more than {MAX_ANSWER} bytes.")
    return bytes(body)


async def _events(response: httpx.Response) -> AsyncIterator[str]:
    """The data of each event of a stream."""
    async for line in response.aiter_lines():
        if (data := event(line)) is not None:
            yield data


def _seconds(retry_after: str) -> float:
    """How long a server asks to wait: seconds, or a date; 0 if it does not say."""
    try:
        return max(0.0, float(retry_after)) if retry_after else 0.0
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
