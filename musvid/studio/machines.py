"""Other machines that paint for a page, and how many renders they are shared by."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Protocol

from ..paint.brush import Brush
from ..paint.style import Style

_MOST = 4  # renders at a time: this machine draws, fills, and encodes all of them


class Machines(Protocol):
    """Workers of a cluster, see `musvid.cluster.Cluster`; they serve callers in turn.

    Its length is how many workers there are.
    """

    def __len__(self) -> int: ...

    @property
    def states(self) -> Counter[str]:
        """How many workers do what, see `musvid.cluster.pool.Pool.states`."""

    def painter(self, style: Style) -> Brush:
        """The model of a style, loaded there. Raises SettingsError, ModelError and ClusterError."""


def abreast(machines: Machines | None) -> int:
    """How many renders work at a time: one here, and one for every two workers of a cluster."""
    return 1 if machines is None else min(_MOST, max(1, len(machines) // 2))


class Seats:
    """So many that may work at a time; safe to use from several threads."""

    def __init__(self, count: int) -> None:
        self._free, self._count = count, count
        self._changed = threading.Condition()

    @property
    def taken(self) -> int:
        """How many work."""
        return self._count - self._free

    def acquire(self, timeout: float | None = None) -> bool:
        """Take a seat; whether there was one within so many seconds, or ever without them."""
        with self._changed:
            free = self._changed.wait_for(lambda: self._free > 0, timeout)
            self._free -= free
            return free

    def release(self) -> None:
        """Give a seat back."""
        with self._changed:
            self._free += 1
            self._changed.notify()
