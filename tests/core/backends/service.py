"""A real HTTP server in a thread that speaks the chat-completions protocol by a script, well or badly."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
#: Answers one request; what it does not send, it does not say.
Answer = Callable[["Asking"], None]


class Asking(BaseHTTPRequestHandler):
    """One request, and the ways to answer it."""

    protocol_version = "HTTP/1.1"
    body: Body
    server: Service

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            number = len(self.server.bodies)
            self.server.bodies.append(self.body)
            self.server.headers.append(dict(self.headers))
            self.server.paths.append(self.path)
            self.server.inside += 1
            self.server.most = max(self.server.most, self.server.inside)
        answers = self.server.answers
        try:
            answers[min(number, len(answers) - 1)](self)
        except (BrokenPipeError, ConnectionResetError):  # whoever asked has gone
            self.server.left.set()
        finally:
            with self.server.lock:
                self.server.inside -= 1

    def say(self, status: int, body: bytes | Body, kind: str = "application/json", **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"Content-Type": kind, "Content-Length": str(len(content))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Connection", "close")
        self.end_headers()

    def event(self, data: str | Body) -> None:
        text = data if isinstance(data, str) else json.dumps(data)
        self.wfile.write(f"data: {text}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *args: Any) -> None: ...


class Service(ThreadingHTTPServer):
    """What it was asked, and how it answers: the script's last answer repeats."""

    daemon_threads = True

    def __init__(self, *answers: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Asking)
        self.answers = list(answers)
        self.bodies: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.lock = threading.Lock()
        self.inside = self.most = 0  # requests that are being answered now, and at most
        self.left = threading.Event()  # somebody went away in the middle of an answer
        self.release = threading.Event()  # lets whoever hangs go

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def serving(*answers: Answer) -> Iterator[Service]:
    with Service(*answers) as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield service
        finally:
            service.release.set()
            service.shutdown()
            thread.join()


# ---------------------------------------------------------------- answers


def piece(text: str | None, finish: str | None = None, tokens: list[Body] | None = None, **more: Any) -> Body:
    logprobs = {"logprobs": {"content": tokens}} if tokens is not None else {}
    return {"choices": [{"index": 0, "delta": {"content": text} | more, "finish_reason": finish} | logprobs]}


def whole(text: str, finish: str = "stop", tokens: list[Body] | None = None, **more: Any) -> Answer:
    """An answer that does not stream."""
    logprobs = {"logprobs": {"content": tokens}} if tokens is not None else {}
    choice = {"index": 0, "message": {"role": "assistant", "content": text} | more, "finish_reason": finish} | logprobs
    return lambda asking: asking.say(200, {"id": "1", "choices": [choice], "usage": {"completion_tokens": 7}})


def streamed(*texts: str, finish: str = "stop", tokens: list[list[Body]] | None = None) -> Answer:
    def answer(asking: Asking) -> None:
        asking.begin_stream()
        asking.wfile.write(b": a comment that keeps the connection\n\n")
        asking.event(piece("", role="assistant"))
        for number, text in enumerate(texts):
            asking.event(piece(text, tokens=tokens[number] if tokens else None))
        asking.event(piece(None, finish))
        asking.event({"choices": [], "usage": {"completion_tokens": 7}})
        asking.event("[DONE]")

    return answer


def status(code: int, message: str = "no", **headers: str) -> Answer:
    return lambda asking: asking.say(code, {"error": {"message": message, "type": "x"}}, **headers)


def garbage(asking: Asking) -> None:
    asking.say(200, b'{"choices": [{"mess')


def hang(asking: Asking) -> None:
    asking.server.release.wait(20)
    asking.close_connection = True


def hang_midway(asking: Asking) -> None:
    """Says something, and then only that it is still there, until whoever asked has gone."""
    asking.begin_stream()
    asking.event(piece("Hello"))
    while not asking.server.release.wait(0.02):
        asking.wfile.write(b": still here\n\n")
        asking.wfile.flush()


def reset(asking: Asking) -> None:
    """Half an answer, and the connection is gone."""
    asking.send_response(200)
    asking.send_header("Content-Type", "application/json")
    asking.send_header("Content-Length", "1000")
    asking.end_headers()
    asking.wfile.write(b'{"choices"')
    asking.close_connection = True


def cut(*texts: str) -> Answer:
    """A stream that ends before the reply does."""

    def answer(asking: Asking) -> None:
        asking.begin_stream()
        for text in texts:
            asking.event(piece(text))

    return answer
