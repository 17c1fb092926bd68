"""Work in a thread of its own, so that whoever hands it over need not wait for each piece."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")

_LOOK = 0.5  # seconds after which who waits can be interrupted, where a lock alone cannot (Windows)


@contextmanager
def apart(
    work: Callable[[T], object], most: int, *, stop: Callable[[], object] = lambda: None
) -> Iterator[Callable[[T], None]]:
    """A context that gives a function to hand items over; a thread works on them in their order.

    most: items that may wait; who has more waits, so that memory stays flat.
    stop: called when the context is left by an error, so that work which hangs (on a pipe) ends.

    Leaving the context waits until all items are done. What the work raises is raised where the
    next item is handed over, or at the end; items behind it are dropped. Where work and context
    both fail, the one that failed first is told, unless the context was interrupted.
    """
    line = _Line(work, most)
    try:
        yield line.put
        line.finish()
    except BaseException as error:
        first = line.failure  # what fails after this follows from it
        line.drop()
        stop()
        line.join()
        if first is not None and first is not error and isinstance(error, Exception):
            raise first from error
        raise


class _Line(Generic[T]):
    """Items that wait, and the thread that works on them."""

    def __init__(self, work: Callable[[T], object], most: int) -> None:
        self._work, self._most = work, most
        self._waiting: deque[T] = deque()
        self._open, self._changed = True, threading.Condition()
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="apart", daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Hand an item over. Raises what the work has raised."""
        with self._changed:
            while len(self._waiting) >= self._most and self.failure is None:
                self._changed.wait(_LOOK)
            if self.failure is not None:
                raise self.failure
            self._waiting.append(item)
            self._changed.notify_all()

    def finish(self) -> None:
        """Wait until all is done. Raises what the work has raised."""
        self._end()
        while self._thread.is_alive():
            self._thread.join(_LOOK)
        if self.failure is not None:
            raise self.failure

    def drop(self) -> None:
        """Do none of what waits."""
        with self._changed:
            self._waiting.clear()
        self._end()

    def join(self) -> None:
        """Wait until the item that is worked on is done."""
        self._thread.join()

    def _end(self) -> None:
        with self._changed:
            self._open = False
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            while (taken := self._take()) is not None:
                self._work(taken[0])
                del taken  # so that no item is kept while the next one is waited for
        except BaseException as error:
            with self._changed:
                self.failure = error
                self._waiting.clear()
                self._changed.notify_all()

    def _take(self) -> tuple[T] | None:
        """The next item, or None when there will be none."""
        with self._changed:
            while self._open and not self._waiting:
                self._changed.wait()
            if not self._waiting:
                return None
            item = self._waiting.popleft()
            self._changed.notify_all()
            return (item,)
