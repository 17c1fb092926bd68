"""A worker of a cluster in this process: a thread runs what elsewhere an actor does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Lost(Exception):
    """What Ray says in its own words: the worker is gone."""


class Call:
    """A method as Ray's actors have them, but for where it runs."""

    def __init__(self, hand: Local, name: str) -> None:
        self._hand, self._name = hand, name

    def remote(self, *given: Any) -> Call:
        self._future = self._hand.ask(self._name, *given)
        return self

    def future(self) -> Future[Any]:
        return self._future


class Local:
    """A hand, see `musvid.cluster.pool.Hand`.

    made: makes the worker. comes_back: whether it is ready again after it was lost.
    """

    def __init__(self, number: int, made: Callable[[], Any], *, comes_back: bool = True) -> None:
        self.name, self._made, self._comes_back = f"Worker {number}", made, comes_back
        self.asked: list[tuple[Any, ...]] = []
        self.ends: list[bool] = []
        self.worker: Any = self
        self.lost = threading.Event()
        self._thread = ThreadPoolExecutor(1)
        self._object: Any = None

    def __getattr__(self, name: str) -> Call:
        if name.startswith("_"):
            raise AttributeError(name)
        return Call(self, name)

    def begin(self) -> Future[Any]:
        if self.lost.is_set() and not self._comes_back:
            return Future()  # for ever
        self.lost.clear()
        return self._thread.submit(self._start)

    def _start(self) -> None:
        self._object = self._made()

    def ask(self, name: str, *given: Any) -> Future[Any]:
        self.asked.append((name, *given))
        return self._thread.submit(self._answer, name, given)

    def _answer(self, name: str, given: tuple[Any, ...]) -> Any:
        if self.lost.is_set():
            raise Lost("it was killed")
        made = getattr(self._object, name)(*given)
        if self.lost.is_set():
            raise Lost("it was killed")
        return made

    def reason(self, error: BaseException) -> BaseException | None:
        return None if isinstance(error, Lost) else error

    def end(self, *, again: bool) -> None:
        self.ends.append(again)
        self.lost.set()
