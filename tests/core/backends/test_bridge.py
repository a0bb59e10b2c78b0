"""One thread owns the models: progress comes in order, errors cross, and no two calls ever overlap."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable

import pytest

from core.backends.bridge import Emit, bridge, on_models_thread
from core.errors import Cancelled, DrawError
from core.ports import StepProgress
from tests.core.backends.streams import drain


def progress(done: int) -> StepProgress:
    return StepProgress(index=0, done=done, total=9)


def counting(emit: Emit, until: int = 5) -> str:
    for done in range(until):
        emit(progress(done))
    return "all"


class Endless:
    """Work that emits until it is told to stop, and notes that it did."""

    def __init__(self) -> None:
        self.stopped_by: BaseException | None = None

    def __call__(self, emit: Emit) -> None:
        try:
            while True:
                emit(progress(0))
                time.sleep(0.001)
        except BaseException as error:
            self.stopped_by = error
            raise


def test_deltas_arrive_in_the_order_of_emission_and_then_the_result() -> None:
    assert drain(bridge(counting)) == ([progress(done) for done in range(5)], "all")


def test_an_error_comes_after_all_that_was_emitted_before_it() -> None:
    def failing(emit: Emit) -> None:
        emit(progress(1))
        raise DrawError("black")

    stream = bridge(failing)
    assert next(stream) == progress(1)
    with pytest.raises(DrawError, match="black"):
        next(stream)
    assert drain(bridge(counting))[1] == "all"


def test_work_begins_with_the_first_delta_that_is_asked_for() -> None:
    began = threading.Event()
    bridge(lambda emit: began.set()).close()
    on_models_thread(lambda: None)
    assert not began.is_set()


def test_closing_stops_the_work_at_its_next_emission_and_the_next_call_is_whole() -> None:
    work = Endless()
    stream = bridge(work)
    next(stream)
    stream.close()
    assert isinstance(work.stopped_by, Cancelled)
    assert drain(bridge(counting))[1] == "all"


def test_work_that_never_emits_again_has_ended_when_close_returns() -> None:
    ended = threading.Event()
    release = threading.Event()

    def deaf(emit: Emit) -> None:
        emit(progress(0))
        release.wait(10)
        ended.set()

    stream = bridge(deaf)
    next(stream)
    threading.Timer(0.05, release.set).start()
    stream.close()
    assert ended.is_set()


def test_work_can_ask_whether_it_was_given_up() -> None:
    answers: list[bool] = []

    def asking(emit: Emit) -> None:
        answers.append(emit.cancelled)
        emit(progress(0))
        while not emit.cancelled:
            time.sleep(0.001)
        answers.append(emit.cancelled)

    stream = bridge(asking)
    next(stream)
    stream.close()
    assert answers == [False, True]


def test_a_stream_that_is_dropped_unclosed_stops_its_work() -> None:
    work = Endless()
    stream = bridge(work)
    next(stream)
    del stream
    gc.collect()
    assert isinstance(work.stopped_by, Cancelled)


def test_calls_from_many_threads_never_overlap() -> None:
    running, most = 0, 0

    def work(emit: Emit) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        emit(progress(0))
        time.sleep(0.002)
        running -= 1

    callers = [threading.Thread(target=lambda: [drain(bridge(work)) for _ in range(5)]) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert (running, most) == (0, 1)


def test_all_calls_and_loads_share_one_thread_and_leave_no_other() -> None:
    seen = {on_models_thread(threading.get_ident)}
    before = threading.active_count()
    for _ in range(20):
        seen.add(drain(bridge(lambda emit: threading.get_ident()))[1])
    for _ in range(5):
        stream = bridge(Endless())
        next(stream)
        stream.close()
    assert len(seen) == 1
    assert threading.get_ident() not in seen
    assert threading.active_count() == before


@pytest.mark.parametrize("inner", [lambda: next(bridge(counting)), lambda: on_models_thread(int)])
def test_a_call_inside_a_call_is_refused_rather_than_waited_for_for_ever(inner: Callable[[], object]) -> None:
    with pytest.raises(RuntimeError, match="share one thread"):
        on_models_thread(inner)


def test_an_error_while_loading_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        on_models_thread(lambda: 1 // 0)
