"""Pools of agents on a cluster of two machines, as far as Ray knows: the same results, and nothing lost when one of them dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.backends.fake import Conduct, plan_of, scripted_agents, tiles
from core.errors import AgentError, DrawError, ProfileError, Unreachable
from core.ports import Agents, DrawCase, StepProgress
from core.store import Store
from tests.core.backends.streams import drain
from tests.core.telling import ASKED, agents, tell, untimed

pytestmark = [pytest.mark.ray, pytest.mark.xdist_group("ray"), pytest.mark.filterwarnings("ignore")]
ROOT = Path(__file__).parents[3]
CASES = [DrawCase(f"A cat, take {n}", None, n) for n in range(5)]


@pytest.fixture(scope="module")
def machines() -> Iterator[Any]:
    """A cluster of two machines with room for two processes each, joined."""
    from ray.cluster_utils import Cluster

    from core.backends.ray import connect

    places = [str(ROOT), str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(places)  # for the processes there, which take what builds an agent from here
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=2, num_gpus=1)
    connect(cluster.address)
    yield cluster
    import ray

    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def pool(machines: Any) -> Iterator[Callable[..., Any]]:
    """Makes pools, and ends them."""
    from core.backends.ray import Pool, Size

    made = []

    def make(build: Callable[[], Any], members: int = 2, gpus: float = 0.25) -> Any:
        made.append(Pool(build, Size(members, gpus)))
        made[-1].await_all()
        return made[-1]

    yield make
    for each in made:
        each.close()


def painter(**conduct: Any) -> Any:
    return scripted_agents(conduct=Conduct(**conduct)).painter


def mortal(mark: Path) -> Any:
    """A painter whose process is killed in the middle of the first call that finds no mark, which it leaves."""

    def die(_: object) -> None:
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return painter(hook=die)


def doomed() -> Any:
    return painter(hook=lambda _: os.kill(os.getpid(), signal.SIGKILL))


def refusing() -> Any:
    raise ProfileError("The weights are not here.")


def fallible() -> Any:
    return scripted_agents(pictures=lambda case: DrawError("Black.") if case.seed == 3 else tiles(case)).painter


def test_a_pool_says_what_one_agent_would_in_the_same_order(pool: Callable[..., Any]) -> None:
    many = pool(painter)
    deltas, pictures = drain(many.draw(CASES))
    wanted, alone = drain(painter().draw(CASES))
    assert [picture.tobytes() for picture in pictures] == [picture.tobytes() for picture in alone]
    assert sorted(map(repr, deltas)) == sorted(map(repr, wanted))
    assert [delta.done for delta in deltas if isinstance(delta, StepProgress) and delta.index == 4] == [1, 2]
    assert many.name == painter().name


def test_a_case_that_fails_fails_alone(pool: Callable[..., Any]) -> None:
    _, pictures = drain(pool(fallible).draw(CASES))
    assert [isinstance(picture, AgentError) for picture in pictures] == [False, False, False, True, False]
    assert isinstance(pictures[3], DrawError)
    assert str(pictures[3]) == "Black."


def test_what_a_dead_process_was_at_is_done_by_another_one(pool: Callable[..., Any], tmp_path: Path) -> None:
    many = pool(partial(mortal, tmp_path / "died"))
    _, pictures = drain(many.draw(CASES))
    assert (tmp_path / "died").exists()
    assert [picture.tobytes() for picture in pictures] == [tiles(case).tobytes() for case in CASES]
    many.await_all()
    assert len(drain(many.draw(CASES))[1]) == len(CASES), "Ray has started it again"


def test_what_a_dead_machine_was_at_is_done_by_another_one(pool: Callable[..., Any], machines: Any) -> None:
    many = pool(partial(painter, deltas=20, seconds=0.1), gpus=0.6)  # no machine has room for two
    call = many.draw(CASES)
    next(call)
    machines.remove_node(next(iter(machines.worker_nodes)), allow_graceful=False)
    try:
        _, pictures = drain(call)
    finally:
        machines.add_node(num_cpus=2, num_gpus=1)
    assert [picture.tobytes() for picture in pictures] == [tiles(case).tobytes() for case in CASES]


def test_what_kills_two_processes_is_an_agents_error(pool: Callable[..., Any]) -> None:
    _, pictures = drain(pool(doomed).draw(CASES[:1]))
    assert [type(picture) for picture in pictures] == [Unreachable]


def test_a_call_that_is_given_up_frees_its_process(pool: Callable[..., Any]) -> None:
    slow = pool(partial(painter, deltas=10_000, seconds=0.01), members=1)
    call = slow.draw(CASES[:1])
    next(call)
    begun = time.monotonic()
    call.close()
    other = slow.draw(CASES[1:2])
    next(other)
    other.close()
    assert time.monotonic() - begun < 60, "a hundred seconds, if the first had gone on"


def test_a_model_that_cannot_be_loaded_there_is_said_here(pool: Callable[..., Any]) -> None:
    with pytest.raises(ProfileError, match="not here"):
        pool(refusing)


def test_a_process_that_cannot_even_begin_is_not_waited_for(pool: Callable[..., Any]) -> None:
    class Nowhere:
        def __reduce__(self) -> tuple:
            return __import__, ("no_such_module",)

    with pytest.raises(ProfileError, match="could not begin"):
        pool(partial(painter, hook=Nowhere()))


def test_a_story_is_told_by_pools_as_by_one_process(pool: Callable[..., Any], tmp_path: Path) -> None:
    def part(role: str) -> Any:
        return getattr(agents(), role)

    here = agents()
    pools = {role: pool(partial(part, role), members=1, gpus=0.1) for role in ("planner", "painter", "critic")}
    facts = []
    for number, by in enumerate((here, Agents(**pools))):
        with Store(tmp_path / str(number)) as store:
            story = store.create(ASKED)
            tell(story, store.images, by)
            facts.append(untimed(store.events(story.id)))
    assert facts[0] == facts[1]
    assert plan_of(2).steps[0].title in str(facts[0])


def test_the_pools_are_as_large_as_is_said_or_as_the_gpus_are_many(machines: Any) -> None:
    from core.backends.ray import Size, sizes

    assert sizes() == {"planner": Size(2, 0.2), "painter": Size(2, 0.5), "critic": Size(2, 0.3)}
    assert sizes("painter=3@0.25, critic=1")["painter"] == Size(3, 0.25)
    assert sizes("painter=3@0.25, critic=1")["critic"] == Size(1, 0.3)
    with pytest.raises(ProfileError, match="want 8 GPUs, and the Ray cluster has 2"):
        sizes("painter=7@1")
    with pytest.raises(ProfileError, match="is no pool"):
        sizes("paint it black")
