"""Who is waited for: work that nobody asked for goes on when nobody waits for a picture."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_REST = 0.25  # seconds after a picture in which the next one is likely to be asked for


class Attention:
    """Counts the pictures that somebody waits for; safe to use from several threads.

    clock: seconds; it must never go back, nor jump.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._now, self._lock = clock, threading.Lock()
        self._waiting, self._last = 0, clock() - _REST

    @contextmanager
    def held(self) -> Iterator[None]:
        """A context in which somebody waits."""
        with self._lock:
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                self._last = self._now()

    @property
    def free(self) -> bool:
        """Whether nobody waits, nor has just been answered."""
        with self._lock:
            return not self._waiting and self._now() - self._last >= _REST
