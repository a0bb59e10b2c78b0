"""Turns a blocking library call with callbacks into a :data:`~core.ports.Stream`, on the one thread that owns the models.

Every model is loaded and called on this thread, one call at a time: schedulers keep state between denoising steps, CUDA
graphs belong to the thread that captured them, and loading patches torch for the whole process. Knows no model.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from queue import SimpleQueue
from typing import TypeVar

from core.errors import Cancelled
from core.ports import Delta, PreviewImage, Stream

T = TypeVar("T")


class Emit:
    """How a running call shows its progress, and learns that nobody wants it any more."""

    def __init__(self) -> None:
        self._deltas: SimpleQueue[Delta | None] = SimpleQueue()  # None: no more will come
        self._closed = threading.Event()

    def __call__(self, delta: Delta) -> None:
        """Shows ``delta``. Raises ``Cancelled`` once the stream was closed."""
        if self.cancelled:
            raise Cancelled("The call was given up.")
        self._deltas.put(delta)

    @property
    def cancelled(self) -> bool:
        """Whether the stream was closed, for a library that asks rather than be interrupted."""
        return self._closed.is_set()


def bridge(work: Callable[[Emit], T]) -> Stream[T]:
    """Runs ``work`` on the models' thread; yields what it emits, returns its result, raises its error.

    Work begins with the first ``next``. Closing makes the next ``emit`` raise ``Cancelled`` inside ``work`` and waits until
    it has really stopped, however long that takes: a call that came after it could not begin any earlier.
    """
    _refuse_nesting()
    emit = Emit()
    call: Future[T] = _models.submit(work, emit)
    call.add_done_callback(lambda _: emit._deltas.put(None))
    try:
        while (delta := emit._deltas.get()) is not None:
            yield delta
        return call.result()
    finally:
        emit._closed.set()
        if not is_models_thread():  # where the collector may run for a stream that was dropped unclosed
            wait([call])
        del call  # else its error and this frame would hold each other, and the call's tensors, until the collector runs


def on_models_thread(work: Callable[[], T]) -> T:
    """Runs ``work``, such as loading weights, where the models live; waits for it."""
    _refuse_nesting()
    return _models.submit(work).result()


def at(delta: Delta, index: int) -> Delta:
    """The delta as one of another case: a part of a call tells of its own first case."""
    return replace(delta, index=index) if isinstance(delta, PreviewImage) else delta.model_copy(update={"index": index})


def _refuse_nesting() -> None:
    if is_models_thread():
        raise RuntimeError("A model's call cannot wait for another one: they share one thread.")


def is_models_thread() -> bool:
    return getattr(_here, "models", False)


def _mark() -> None:
    _here.models = True


_here = threading.local()
_models = ThreadPoolExecutor(1, thread_name_prefix="models", initializer=_mark)  # the thread starts with the first call
