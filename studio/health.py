"""Says how the studio is, to programs: ``/healthz`` to all, ``/metrics`` to its owner and to who has the token.

Figures of calls count from when this process began, as Prometheus expects; what is in the data folder is looked up.
"""

from __future__ import annotations

import hmac
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Literal

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from core import VERSION
from core.errors import StoreError
from core.events import Drawn, Failed, Judged, Planned, made_by_person
from core.scheduler import Notice
from core.store.sqlite import FILE
from studio.controller import Controller
from studio.logs import STAGES
from studio.pages.parts import Who

if TYPE_CHECKING:
    from core.store import Store

#: The Prometheus text format, which also OpenMetrics collectors read.
TEXT = "text/plain; version=0.0.4; charset=utf-8"
FRESH = {"Cache-Control": "no-store"}
BETWEEN_COUNTS = 60.0  # seconds that a count of all pictures holds, for it walks through their folders

State = Literal["ok", "draining", "read-only"]


@dataclass(frozen=True)
class Family:
    """A metric: what it is called, what it means, and its values, each with its label."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    label: str
    values: tuple[tuple[str, float], ...]


def single(name: str, kind: Literal["counter", "gauge"], help: str, value: float) -> Family:
    return Family(name, kind, help, "", (("", value),))


class Figures:
    """What models did since this process began; written by the worker's thread, read by all."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls = Counter[str](dict.fromkeys(STAGES.values(), 0))
        self._seconds = dict.fromkeys(STAGES.values(), 0.0)
        self._verdicts = Counter[str](accepted=0, refused=0)
        self._failures = Counter[str]()

    def hear(self, notice: Notice) -> None:
        match notice.what:
            case Planned(seconds=seconds):
                self._count("planner", seconds)
            case Drawn(seconds=seconds):
                self._count("painter", seconds)
            case Judged(verdict=verdict, seconds=seconds) as fact if not made_by_person(fact):
                self._count("critic", seconds)
                with self._lock:
                    self._verdicts["accepted" if verdict.accepted else "refused"] += 1
            case Failed(task=task, code=code, seconds=seconds):
                self._count(STAGES[task], seconds)
                with self._lock:
                    self._failures[code] += 1

    def _count(self, stage: str, seconds: float) -> None:
        with self._lock:
            self._calls[stage] += 1
            self._seconds[stage] += seconds

    def families(self) -> Iterator[Family]:
        with self._lock:
            calls, seconds = tuple(self._calls.items()), tuple(self._seconds.items())
            verdicts, failures = tuple(self._verdicts.items()), tuple(sorted(self._failures.items()))
        yield Family(
            "interleave_calls_total",
            "counter",
            "What models were asked for, each story by itself.",
            "stage",
            calls,
        )
        yield Family("interleave_call_seconds_total", "counter", "How long models worked.", "stage", seconds)
        yield Family("interleave_verdicts_total", "counter", "The critic's verdicts.", "verdict", verdicts)
        yield Family("interleave_failures_total", "counter", "Calls that failed, by why.", "code", failures)


class Health:
    """How the studio of a controller is."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._figures = Figures()
        controller.worker.listen(self._figures.hear)
        self._pictures = (-BETWEEN_COUNTS, 0)  # when they were counted last, and how many there were
        self._counting = Lock()

    @property
    def state(self) -> State:
        worker = self._controller.worker
        if worker.mood.kind in ("closing", "held"):
            return "draining"
        return "read-only" if self._controller.store.read_only or worker.unkept else "ok"

    def families(self) -> Iterator[Family]:
        """All metrics; ``StoreError`` if the data folder can't be read."""
        store, worker = self._controller.store, self._controller.worker
        in_flight, running = worker.in_flight, len(store.unfinished())
        stories = (("running", running), ("in_flight", in_flight), ("queued", max(running - in_flight, 0)))
        yield Family("interleave_build_info", "gauge", "The studio's version.", "version", ((VERSION, 1),))
        yield Family(
            "interleave_stories",
            "gauge",
            "Stories with something to do (running): some are in a model's call (in_flight), the others wait (queued).",
            "state",
            stories,
        )
        yield from self._figures.families()
        yield single("interleave_pictures", "gauge", "Pictures in the data folder.", self._count_pictures(store))
        yield single("interleave_database_bytes", "gauge", "Size of the database's files.", _database_bytes(store))
        yield single("interleave_read_only", "gauge", "1 while nothing can be kept.", self.state == "read-only")
        yield single("interleave_draining", "gauge", "1 while nothing begins any more, or for now.", self.state == "draining")

    def _count_pictures(self, store: Store) -> int:
        with self._counting:
            counted, pictures = self._pictures
            if time.monotonic() - counted >= BETWEEN_COUNTS:
                pictures = sum(sha256 is not None for _, sha256 in store.images.files())
                self._pictures = (time.monotonic(), pictures)
            return pictures


def health_routes(health: Health, who: Who, token: SecretStr | None) -> list[BaseRoute]:
    """``/healthz`` and ``/metrics``. ``token``: what a program may send as its bearer token to see the metrics."""

    def healthz(request: Request) -> Response:
        return JSONResponse({"status": health.state, "version": VERSION}, headers=FRESH)

    def metrics(request: Request) -> Response:
        if not (who(request).owns_all or _bears(request, token)):
            return PlainTextResponse("There is nothing here.", status_code=404, headers=FRESH)
        try:
            return Response(written(health.families()), headers={**FRESH, "Content-Type": TEXT})
        except StoreError as error:
            return PlainTextResponse(str(error), status_code=503, headers=FRESH)

    return [Route("/healthz", healthz), Route("/metrics", metrics)]


def written(families: Iterable[Family]) -> str:
    """The metrics in the text format: https://prometheus.io/docs/instrumenting/exposition_formats/"""
    return "".join(line + "\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {_escaped(family.help)}"
    yield f"# TYPE {family.name} {family.kind}"
    for value, number in family.values:
        label = f'{{{family.label}="{_escaped(value, quoted=True)}"}}' if family.label else ""
        yield f"{family.name}{label} {float(number):.17g}"


def _escaped(text: str, quoted: bool = False) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if quoted else escaped


def _bears(request: Request, token: SecretStr | None) -> bool:
    """Whether the request has the token; compared in the same time, however much of it is right."""
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    wanted = token.get_secret_value() if token else ""
    same = hmac.compare_digest(sent.strip().encode(), wanted.encode())
    return same and wanted != "" and scheme.lower() == "bearer"


def _database_bytes(store: Store) -> int:
    return sum(path.stat().st_size for path in store.database.folder.glob(f"{FILE}*") if path.is_file())
