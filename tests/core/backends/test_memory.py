"""Who is on the device, who leaves, and what is kept: real rules on a device of paper, with sizes as given."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from typing import Any
from weakref import ref

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.backends.diffusion import DiffusionPainter, PipelineCall
from core.backends.memory import Tenant
from core.backends.pipelines import networks, take_turns
from core.backends.trimming import bytes_of
from core.errors import OutOfMemory
from tests.core.backends.rooms import Ledger
from tests.core.backends.tiny_painters import KLEIN, before, draw, model, painter, photo, pixels
from tests.core.backends.tiny_pipelines import tiny_klein

ROOM, RESERVE = 24, 4  # GB, as on one card


class Model:
    """Something that can be kept."""


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, ROOM - RESERVE), min_size=1, max_size=6),
    uses=st.lists(st.integers(0, 5), max_size=25),
    data=st.data(),
)
def test_whoever_is_called_for_is_there_the_reserve_stays_free_and_who_left_was_unused_for_longer(
    sizes: list[int], uses: list[int], data: st.DataObject
) -> None:
    ledger = Ledger(ROOM, reserve=RESERVE)
    for number, size in enumerate(sizes):
        ledger.tenant(str(number), size)
    last: dict[str, int] = {}
    for at, number in enumerate(uses):
        name = str(number % len(sizes))
        was = ledger.inside
        moved = ledger.use(name)
        last[name] = at
        assert name in ledger.inside
        assert sum(sizes[int(one)] for one in ledger.inside) <= ROOM - RESERVE
        left = {one[1:] for one in moved if one[0] == "-"}
        if name in was:
            assert moved == [], "a second use moves nothing"
        assert all(last[gone] < last[stays] for gone in left for stays in ledger.inside - {name})
        assert left <= was
        if left:  # nobody left in vain: with the one that left last, there would have been no room
            latest = max(left, key=lambda one: last[one])
            assert sum(sizes[int(one)] for one in ledger.inside | {latest}) > ROOM - RESERVE


def test_the_parts_of_a_pipeline_make_others_leave_before_one_another() -> None:
    ledger = Ledger(24, reserve=5)
    for part, size in (("encoder", 6), ("transformer", 8), ("vae", 1)):
        ledger.tenant(part, size, owner="painter")
    ledger.tenant("critic", 9)
    ledger.use("encoder", "transformer", "vae", "critic")
    assert ledger.moves == ["+encoder", "+transformer", "+vae", "-encoder", "+critic"]
    # By use alone the transformer would leave for the encoder, come back at once, and send the critic away all the same.
    assert ledger.use("encoder", "transformer", "vae") == ["-critic", "+encoder"]
    assert ledger.use("critic", "transformer", "vae", "critic") == ["-encoder", "+critic"], (
        "a prompt read before needs no encoder"
    )


def test_who_is_fixed_stays_and_is_counted() -> None:
    ledger = Ledger(10)
    ledger.tenant("fixed", 6, inside=True, fixed=True)
    ledger.tenant("one", 4)
    ledger.tenant("two", 3)
    assert ledger.use("one", "two") == ["+one", "-one", "+two"]


def test_what_other_programs_take_of_the_device_is_not_ours() -> None:
    ledger = Ledger(20)
    for name in ("one", "two"):
        ledger.tenant(name, 10)
    ledger.use("one", "two")
    ledger.room.device = 15
    ledger.tenant("three", 2)
    assert ledger.use("three") == ["-one", "+three"]


def test_whose_weights_are_gone_is_gone_from_the_device_too() -> None:
    ledger = Ledger(10)
    ledger.tenant("old", 8)
    ledger.use("old")
    del ledger.tenants["old"]
    ledger.tenant("new", 8)
    assert ledger.use("new") == ["+new"]


def test_models_are_crowded_if_they_do_not_fit_together() -> None:
    ledger = Ledger(24, reserve=4)
    ledger.tenant("critic", 9)
    ledger.tenant("painter", 11)
    ledger.tenant("another", 9)
    assert not ledger.memory.crowded({"critic", "painter"})
    assert ledger.memory.crowded({"critic", "painter", "another"})


def test_a_move_that_does_not_fit_is_tried_once_more_alone() -> None:
    ledger = Ledger(20)
    ledger.tenant("other", 4)
    ledger.use("other")
    tries: list[bool] = []

    def arrive(inside: bool) -> None:
        tries.append(inside)
        if inside and "other" in ledger.inside:
            raise torch.OutOfMemoryError("somebody else was quicker")

    late = Tenant("late", "late", lambda: 4, arrive)
    ledger.on(lambda memory: memory.admit(late))
    ledger.on(lambda memory: memory.use(late))
    assert (tries, late.inside, ledger.inside) == ([True, False, True], True, set())
    late.inside, late.move = False, lambda inside: (_ for _ in ()).throw(torch.OutOfMemoryError()) if inside else None
    with pytest.raises(torch.OutOfMemoryError):
        ledger.on(lambda memory: memory.use(late))
    assert not late.inside


def test_weights_move_on_the_models_thread_only() -> None:
    ledger = Ledger(10)
    tenant = ledger.tenant("one", 1)
    for act in (
        lambda: ledger.memory.use(tenant),
        lambda: ledger.memory.admit(tenant),
        lambda: ledger.memory.clear("one"),
        lambda: ledger.memory.kept("key", "one", 1, Model),
    ):
        with pytest.raises(RuntimeError, match="on the models' thread only"):
            act()


# ---------------------------------------------------------------- the computer's memory


@pytest.fixture
def _little_to_collect() -> Iterator[None]:
    """The collector looks only at what a test makes: all else that is in memory would take it a second each time."""
    gc.freeze()
    yield
    gc.unfreeze()


def test_a_second_use_loads_nothing() -> None:
    ledger = Ledger(10)
    loads: list[str] = []

    def load(key: str) -> Model:
        loads.append(key)
        return Model()

    first = ledger.on(lambda memory: memory.kept("a", "a", 1, lambda: load("a")))
    ledger.on(lambda memory: memory.kept("b", "b", 1, lambda: load("b")))
    assert ledger.on(lambda memory: memory.kept("a", "a", 1, lambda: load("a"))) is first
    assert loads == ["a", "b"]


@pytest.mark.usefixtures("_little_to_collect")
def test_what_was_unused_for_longest_is_unloaded_when_memory_is_short_but_not_what_is_at_work() -> None:
    ledger = Ledger(10)

    def keep(key: str) -> Model:
        return ledger.on(lambda memory: memory.kept(key, key, 5, Model))

    at_work, idle = keep("at work"), ref(keep("idle"))
    assert idle() is not None, "it is kept though nobody uses it"
    ledger.room.ram = 4
    keep("new")
    assert idle() is None
    assert keep("at work") is at_work, "a second copy would take the memory that is short"
    ended = ref(at_work)
    del at_work
    keep("newer")
    assert ended() is None


def test_loads_and_moves_are_logged_with_size_and_time(caplog: pytest.LogCaptureFixture) -> None:
    ledger = Ledger(10**10)
    ledger.tenant("the critic", 8_900_000_000)
    ledger.tenant("the painter", 7_800_000_000)
    with caplog.at_level(logging.INFO, "core.models"):
        ledger.use("the critic", "the painter")
        ledger.on(lambda memory: memory.kept("key", "the judge", 1_500_000_000, Model))
    assert [record.getMessage() for record in caplog.records] == [
        "Moved in the critic: 8.9 GB in 0.0 s.",
        "Moved out the critic: 8.9 GB in 0.0 s.",
        "Moved in the painter: 7.8 GB in 0.0 s.",
        "Loaded the judge: 1.5 GB in 0.0 s.",
    ]
    fields = {"did": "moved out", "weights": "the critic", "gb": 8.9, "seconds": 0.0}
    assert caplog.records[1].fields == fields  # type: ignore[attr-defined]


# ---------------------------------------------------------------- a pipeline whose parts take turns


def in_turns(ledger: Ledger) -> tuple[DiffusionPainter, Any]:
    """A tiny klein whose parts are tenants of this device, as they are of a card."""
    pipe, wanted = tiny_klein(), model(guidance=1.0, **KLEIN)
    ledger.on(lambda memory: take_turns(pipe, "klein", wanted.loads_as, "cpu", memory))
    return DiffusionPainter(PipelineCall(pipe, wanted, "klein@0", ledger.memory)), pipe


def moves(log: pytest.LogCaptureFixture) -> list[str]:
    said = [record.getMessage().split(":")[0].removeprefix("Moved ") for record in log.records]
    log.clear()
    return said


def test_parts_that_take_turns_draw_the_same_and_what_fits_stays(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "core.models")
    sizes = {name: bytes_of(part) for name, part in networks(tiny_klein())}
    ledger = Ledger(sum(sizes.values()) - sizes["vae"])
    artist, _ = in_turns(ledger)
    plain, _ = painter("klein")
    assert pixels(draw(artist)) == pixels(draw(plain))
    assert moves(caplog) == [
        "in klein's text_encoder",
        "in klein's transformer",
        "out klein's text_encoder",
        "in klein's vae",
    ]
    assert pixels(draw(artist, seed=2, source=photo())) == pixels(draw(plain, seed=2, source=photo()))
    assert moves(caplog) == [], "the same prompt again: nothing moves"
    critic = ledger.tenant("critic", sizes["text_encoder"])
    ledger.use("critic")
    assert moves(caplog) == ["out klein's transformer", "in critic"]
    assert pixels(draw(artist)) == pixels(draw(plain))
    assert not critic.inside


def test_a_drawing_that_runs_out_of_memory_is_tried_again_alone_on_the_device_and_then_fails_by_itself() -> None:
    ledger = Ledger(10**9)
    ledger.tenant("critic", 10)
    ledger.use("critic")
    artist, pipe = in_turns(ledger)
    inside: list[bool] = []

    def full(*_: Any) -> None:
        inside.append("critic" in ledger.inside)
        raise torch.OutOfMemoryError("out of memory")

    with before(pipe.transformer, full):
        assert isinstance(draw(artist), OutOfMemory)
    assert inside == [True, False]
    assert pixels(draw(artist)) == pixels(draw(painter("klein")[0])), "the next drawing is not touched by it"
