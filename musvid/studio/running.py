"""Renders that go on when nobody looks, for a visitor whose connection was lost."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Running(Generic[Item]):
    """Work that yields reports, done in a thread of its own.

    reports: the work. It is closed at its end, or when `end` is called.
    """

    def __init__(self, reports: Iterator[Item]) -> None:
        self._news = threading.Condition()
        self._last: Item | None = None
        self._count = 0
        self._error: BaseException | None = None
        self._ending = False
        self.over = False

        def work() -> None:
            try:
                for report in reports:
                    self._tell(report)
                    if self._ending:
                        break
            except BaseException as error:
                self._error = error
            finally:
                if close := getattr(reports, "close", None):
                    close()
                with self._news:
                    self.over = True
                    self._news.notify_all()

        # ZeroGPU reads from the context whose request it is.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(work,), name="running", daemon=True).start()

    def _tell(self, report: Item) -> None:
        with self._news:
            self._last, self._count = report, self._count + 1
            self._news.notify_all()

    def reports(self) -> Iterator[Item]:
        """The newest report whenever there is one, to the last, which is always given.

        It may be asked for again, by somebody who comes back. Raises what the work raised.
        """
        seen = 0
        while True:
            with self._news:
                while not (self.over or self._count > seen):
                    self._news.wait()
                report, new, over = self._last, self._count > seen, self.over
                seen = self._count
            if new and report is not None:
                yield report
            if over:
                break
        if self._error is not None:
            raise self._error

    def end(self) -> None:
        """Have the work end at its next report."""
        self._ending = True


class Runnings(Generic[Item]):
    """The work of visitors, of which each has one at a time.

    most: works that may go on while nobody looks.
    """

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._works: dict[str, Running[Item]] = {}
        self._lost: set[str] = set()
        self._lock = threading.Lock()

    def begin(self, visitor: str, reports: Iterator[Item]) -> Running[Item]:
        """Begin a visitor's work. What they had is forgotten."""
        work = Running(reports)
        with self._lock:
            self._works[visitor] = work
            self._lost.discard(visitor)
        return work

    def of(self, visitor: str) -> Running[Item] | None:
        """The last work of a visitor whom it has not been shown."""
        return self._works.get(visitor)

    def busy(self, visitor: str) -> bool:
        """Whether work of a visitor goes on."""
        work = self._works.get(visitor)
        return work is not None and not work.over

    def lost(self, visitor: str, stop: Callable[[], object]) -> None:
        """Nobody looks at a visitor's work any more: it goes on, where not too much does so.

        stop: has it stopped.
        """
        with self._lock:
            gone = {name for name in self._lost if self.busy(name)}
            self._lost = gone | {visitor}
            many = len(self._lost) > self._most
        if many:
            stop()
            self.forget(visitor)

    def forget(self, visitor: str) -> None:
        """A visitor has seen what came of their work, or will not."""
        with self._lock:
            self._works.pop(visitor, None)
            self._lost.discard(visitor)
