"""Models on the machines of a Ray cluster, behind the same ports: a pool of each agent, which shares out the cases of a call.

Each member of a pool is a process somewhere on the cluster that has loaded one agent; it may take a fraction of a GPU. What a
member was asked for when its process or machine died is asked of another one, once. Ray starts the dead one again where there
is room, and it is asked again when its model is loaded. Knows no profile: whoever makes a pool says how to build its agent.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from core.backends.bridge import at
from core.errors import AgentError, ProfileError, StudioError, Unreachable
from core.ports import Delta, DrawCase, JudgeCase, PlanCase, Results, Role, Score, Stream
from core.types import Plan, Verdict

try:
    import ray
    from ray.exceptions import RayError, RayTaskError
except ImportError as missing:
    raise ProfileError("A Ray cluster needs Ray: pip install -r requirements.txt -r train/requirements-scale.txt.") from missing

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger("core.backends.ray")

#: Of one GPU, where nobody says otherwise: a set of all three fills it.
SHARES: dict[Role, float] = {"planner": 0.2, "painter": 0.5, "critic": 0.3}
LOADING_SECONDS = 1800.0  # for the first member of a pool: some machines read tens of gigabytes over a network
RETURNING_SECONDS = 60.0  # that a call waits where all members of a pool are gone, before it fails
THREADS = 4  # of a member: one works, and others hear that a call is given up
PART = re.compile(r"(planner|painter|critic)=([1-9][0-9]{0,3})(?:@([0-9]*\.?[0-9]+))?")


@dataclass(frozen=True)
class Size:
    """How many members a pool has, and what share of a GPU each takes."""

    members: int
    gpus: float


def sizes(said: str = "") -> dict[Role, Size]:
    """The pools of a cluster that is connected, as ``planner=1@0.5,painter=4@1,critic=2@0.5`` says, or one of each for each GPU.

    Without a GPU, one of each for each machine. ``ProfileError`` if it says something else, or there are not so many GPUs.
    """
    gpus = float(ray.cluster_resources().get("GPU", 0))
    each = int(gpus) or sum(node["Alive"] and node["Resources"].get("CPU", 0) > 0 for node in ray.nodes()) or 1
    found = {role: Size(each, SHARES[role] if gpus else 0.0) for role in SHARES}
    for part in filter(None, map(str.strip, said.split(","))):
        if not (named := PART.fullmatch(part)):
            raise ProfileError("{said!r} is no pool: it is like painter=4@0.5, four painters of half a GPU each.", said=part)
        role, members, share = named.groups()
        who = cast(Role, role)
        found[who] = Size(int(members), found[who].gpus if share is None else float(share))
    wanted = sum(size.members * size.gpus for size in found.values())
    if wanted > gpus + 1e-6:
        raise ProfileError("The pools want {wanted:g} GPUs, and the Ray cluster has {gpus:g}.", wanted=wanted, gpus=gpus)
    return found


def connect(address: str) -> None:
    """Joins the cluster, once for this process. ``ProfileError`` if it is not there."""
    if ray.is_initialized():
        return
    try:
        ray.init(address=address, namespace="interleave", log_to_driver=False, configure_logging=False)
    except (ConnectionError, RayError, OSError, ValueError, RuntimeError) as error:
        raise ProfileError("The Ray cluster cannot be reached: {why}", why=str(error).partition("\n")[0]) from error


# ---------------------------------------------------------------- there


@dataclass(frozen=True)
class Done:
    """The last thing that a member says of a call: its results, or why there are none."""

    results: list[Any] | StudioError


class Member:
    """One agent in a process of its own on the cluster. It does one call at a time, and loads its model with the first."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._agent: Any = None
        self._turn = Lock()
        self._given_up = set[str]()

    def begin(self) -> str | StudioError:
        """The agent's name once it is loaded, or why it can't be."""
        with self._turn:
            try:
                return str(self._ready().name)
            except StudioError as error:
                return error

    def work(self, call: str, verb: str, cases: list[Any]) -> Iterator[Delta | Done]:
        """What the agent shows of a call, and then its results; nothing more once the call is given up."""
        with self._turn:
            stream = None
            try:
                stream = getattr(self._ready(), verb)(cases)
                while call not in self._given_up:
                    yield next(stream)
            except StopIteration as finished:
                yield Done(finished.value)
            except StudioError as error:
                yield Done(error)
            finally:
                if stream is not None:
                    stream.close()
                self._given_up.discard(call)

    def give_up(self, call: str) -> None:
        self._given_up.add(call)

    def _ready(self) -> Any:
        if self._agent is None:
            self._agent = self._build()
        return self._agent


# ---------------------------------------------------------------- here


@dataclass
class _Seat:
    """A member as the pool sees it. ``begun``: its name is on the way; until then it is not asked. ``why`` it never will be."""

    member: Any
    begun: Any
    name: str = ""
    why: StudioError | None = None

    def is_ready(self) -> bool:
        """Whether it has loaded its model."""
        if not (self.name or self.why) and ray.wait([self.begun], timeout=0)[0]:
            try:
                said = ray.get(self.begun)
            except RayTaskError:
                raise
            except RayError as error:  # Ray does not start it again, or it would still be on the way
                log.warning("A process of the Ray cluster ended for good: %s", error)
                said = ProfileError("A process of the Ray cluster could not begin ({error}).", error=type(error).__name__)
            if isinstance(said, StudioError):
                self.why = said
            else:
                self.name = said
        return bool(self.name)

    def fall_ill(self) -> None:
        """Its process is gone: from now on it is asked only once it has begun anew."""
        self.name = ""
        self.begun = _begun(self.member)


def _begun(member: Any) -> Any:
    """The member's name, on its way, however often its process has to be started."""
    return member.begin.options(max_task_retries=-1).remote()


@dataclass
class _Part:
    """Some cases of a call, by their places in it, and who is at them."""

    places: list[int]
    seat: _Seat
    again: bool = False  # another member was asked before
    call: str = field(default_factory=lambda: secrets.token_hex(8))
    stream: Any = None


class Pool:
    """A planner, painter, critic or judge that is many: each call's cases are shared out among the members that are well."""

    def __init__(self, build: Callable[[], Any], size: Size) -> None:
        """Starts the members, each with the agent that ``build`` makes there; returns when the first one is ready.

        ``ProfileError`` if the agent can't be built there, or nothing has begun within half an hour.
        """
        options = {"num_cpus": 1, "num_gpus": size.gpus, "max_restarts": -1, "max_concurrency": THREADS}
        made = ray.remote(Member).options(**options, scheduling_strategy="SPREAD")
        members = [made.remote(build) for _ in range(size.members)]
        self._seats = [_Seat(member, _begun(member)) for member in members]
        if not (ready := self._awaited(LOADING_SECONDS)):
            why = next((seat.why for seat in self._seats if seat.why), None)
            raise why or ProfileError("The Ray cluster has no room for the models, or does not get done with loading them.")
        self.name = ready[0].name
        self.members = size.members

    def plan(self, cases: list[PlanCase]) -> Stream[Results[Plan]]:
        return (yield from self._ask("plan", cases))

    def draw(self, cases: list[DrawCase]) -> Stream[Results[Image]]:
        return (yield from self._ask("draw", cases))

    def judge(self, cases: list[JudgeCase]) -> Stream[Results[Verdict]]:
        return (yield from self._ask("judge", cases))

    def score(self, cases: list[JudgeCase]) -> Stream[Results[Score]]:
        return (yield from self._ask("score", cases))

    def await_all(self) -> None:
        """Returns when all members have loaded their models, also those that were started again."""
        ray.wait([seat.begun for seat in self._seats], num_returns=len(self._seats), timeout=LOADING_SECONDS)

    def close(self) -> None:
        """Ends the members, and frees their GPUs."""
        for seat in self._seats:
            ray.kill(seat.member)

    def _well(self) -> list[_Seat]:
        return [seat for seat in self._seats if seat.is_ready()]

    def _awaited(self, seconds: float) -> list[_Seat]:
        """Those that are well, as soon as there are any; none if the time is up, or none will ever be."""
        until = time.monotonic() + seconds
        while not (well := self._well()) and (left := until - time.monotonic()) > 0:
            if not (coming := [seat.begun for seat in self._seats if not seat.why]):
                break
            ray.wait(coming, num_returns=1, timeout=left)
        return well

    def _ask(self, verb: str, cases: Sequence[Any]) -> Stream[list[Any]]:
        results: list[Any] = [None] * len(cases)
        running = [_Part(places, seat) for places, seat in _dealt(len(cases), self._awaited(RETURNING_SECONDS))]
        if not running:
            raise Unreachable("All machines that have this model are gone; those that come back are asked again.")
        try:
            for part in running:
                self._begin(part, verb, cases)
            while running:
                ready, _ = ray.wait([part.stream for part in running], num_returns=1)
                part = next(part for part in running if part.stream is ready[0])
                try:
                    said = ray.get(next(part.stream))
                except RayTaskError:  # a fault of ours, in another process
                    raise
                except (RayError, StopIteration):
                    running.remove(part)
                    if instead := self._instead_of(part):
                        self._begin(instead, verb, cases)
                        running.append(instead)
                    else:
                        _put(results, part, Unreachable("The machine that was at this is gone, and so is the next one."))
                    continue
                if isinstance(said, Done):
                    running.remove(part)
                    _put(results, part, said.results)
                else:
                    yield at(said, part.places[said.index])
        finally:
            for part in running:  # nobody wants these any more
                part.seat.member.give_up.remote(part.call)
        return results

    def _begin(self, part: _Part, verb: str, cases: Sequence[Any]) -> None:
        work = part.seat.member.work.options(num_returns="streaming")
        part.stream = work.remote(part.call, verb, [cases[place] for place in part.places])

    def _instead_of(self, part: _Part) -> _Part | None:
        """The same cases for another member; None if that was tried, or there is none."""
        part.seat.fall_ill()
        others = [seat for seat in self._well() if seat is not part.seat]
        return None if part.again or not others else _Part(part.places, others[part.places[0] % len(others)], again=True)


def _dealt(cases: int, seats: list[_Seat]) -> Iterator[tuple[list[int], _Seat]]:
    """The places of the cases in parts of about one size, neighbours together, each with its member."""
    parts = min(cases, len(seats))
    for number in range(parts):
        yield list(range(cases * number // parts, cases * (number + 1) // parts)), seats[number]


def _put(results: list[Any], part: _Part, said: list[Any] | StudioError) -> None:
    """What fails as a whole fails for each case; ``Cancelled`` and the like for all of the call."""
    if isinstance(said, StudioError) and not isinstance(said, AgentError):
        raise said
    each = [said] * len(part.places) if isinstance(said, AgentError) else said
    for place, result in zip(part.places, each, strict=True):
        results[place] = result
