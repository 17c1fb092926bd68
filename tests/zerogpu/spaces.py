"""A stand-in for the package `spaces` where there is ZeroGPU, after version 0.51 of it.

It does to a function what that does: the arguments go through a queue, pickled, to a worker that is
forked at the first call and kept for the next; there the function runs in a thread; its results
come back one by one through a queue; an exception comes back as a gr.Error that holds the name of
its class, and a worker that died as another. Closing the generator tells the worker to stop after
its next result. What there is not: a card, its time, and the patches of torch.

A test may look at `calls` (also written to the file that SPACES_LOG names), at `born`, all workers
that ever were, and set `refuses`, what the scheduler answers.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import wraps
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from pickle import PicklingError
from queue import Queue as ThreadQueue
from typing import Any

FORK = multiprocessing.get_context("fork")
OK, ENDED, FAILED = "ok", "ended", "failed"

calls: list[tuple[str, float]] = []
workers: dict[str, Worker] = {}  # that wait for their next call
born: list[Worker] = []
refuses: Exception | None = None
process = os.getpid()


def log(*what: object) -> None:
    if path := os.environ.get("SPACES_LOG"):
        with Path(path).open("a") as file:
            print(json.dumps(what), file=file)


class Queue(SimpleQueue):  # type: ignore[type-arg]
    """A queue whose pickling errors have one type, whatever Python raised."""

    def __init__(self) -> None:
        super().__init__(ctx=FORK)

    def put(self, thing: Any) -> None:
        try:
            super().put(thing)
        except PicklingError:
            raise
        except Exception as error:
            if "pickle" not in str(error):
                raise
            raise PicklingError(str(error)) from None


class Worker:
    """A forked process that does one function's calls."""

    def __init__(self, task: Callable[..., Iterator[Any]]) -> None:
        self.asked, self.given = Queue(), Queue()
        self.stop = FORK.Event()
        self.process = FORK.Process(target=self._work, args=(task,), daemon=True)
        self.process.start()
        born.append(self)
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        self.process.join()
        with contextlib.suppress(ValueError):  # it may have died while it wrote
            self.given._wlock.release()
        self.given.put(None)

    def _work(self, task: Callable[..., Iterator[Any]]) -> None:
        signal.signal(signal.SIGTERM, lambda *_: self.asked.close())
        while True:
            try:
                given, named = self.asked.get()
            except OSError:
                return
            self.stop.clear()
            with ThreadPoolExecutor() as pool:
                pool.submit(copy_context().run, self._iterate, task, given, named)
            self.given.put((ENDED, None))

    def _iterate(self, task: Callable[..., Iterator[Any]], given: Any, named: Any) -> None:
        results = task(*given, **named)
        while True:
            try:
                result = next(results)
            except StopIteration:
                return
            except Exception as error:
                self.given.put((FAILED, (traceback.format_exc(), type(error).__name__)))
                return
            if self.stop.is_set():
                results.close()  # type: ignore[attr-defined]
                return
            try:
                self.given.put((OK, result))
            except PicklingError as error:
                self.given.put((FAILED, (str(error), type(error).__name__)))
                return


def failure(text: str) -> Exception:
    import gradio as gr

    return gr.Error(text, title="ZeroGPU worker error", print_exception=False)


def GPU(task: Any = None, *, duration: Any = 60) -> Any:  # noqa: N802
    if task is None:
        return lambda task: GPU(task, duration=duration)
    if os.environ.get("SPACES_ZERO_GPU", "").lower() not in ("1", "t", "true"):
        return task
    assert inspect.isgeneratorfunction(task), "all of musvid's are"

    @wraps(task)
    def asking(*given: Any, **named: Any) -> Iterator[Any]:
        if os.getpid() != process:
            yield from task(*given, **named)
            return
        seconds = float(duration(*given, **named) if callable(duration) else duration)
        calls.append((task.__name__, seconds))
        log(task.__name__, seconds)
        if refuses:
            raise refuses
        worker = workers.pop(task.__name__, None)
        if worker is None or not worker.process.is_alive():
            worker = Worker(task)
        worker.asked.put((given, named))
        arrived: ThreadQueue[Any] = ThreadQueue()

        def fetch() -> None:
            while True:
                piece = worker.given.get()
                if piece is not None and piece[0] == ENDED:
                    workers[task.__name__] = worker
                arrived.put(piece)
                if piece is None or piece[0] != OK:
                    return

        with ThreadPoolExecutor(1) as pool:
            pool.submit(copy_context().run, fetch)
            while True:
                piece = arrived.get()
                if piece is None:
                    raise failure("GPU task aborted")
                kind, what = piece
                if kind == FAILED:
                    print(what[0])
                    raise failure(what[1])
                if kind == ENDED:
                    return
                try:
                    yield what
                except GeneratorExit:
                    worker.stop.set()
                    raise

    return asking


log("imported", "torch" in sys.modules)
