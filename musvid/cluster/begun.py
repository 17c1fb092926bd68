"""A cluster that starts while something else is done: it takes some seconds, as listening does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from .._entry import end_by_signals
from ..paint.style import Style
from .cluster import Cluster
from .painter import ClusterPainter

_PROMPT = 0.1  # seconds between two looks at whether it is there


class Begun:
    """A cluster that is there, or will be."""

    def __init__(self, coming: Future[Cluster]) -> None:
        self._coming = coming

    def there(self) -> Cluster:
        """The cluster, which is waited for. Raises what `Cluster` raises."""
        done = False
        while not done:
            done = bool(wait([self._coming], _PROMPT).done)
            end_by_signals()  # Ray takes them at some time, and would end without cleaning up
        return self._coming.result()

    def painter(self, style: Style) -> ClusterPainter:
        """See `Cluster.painter` and `there`."""
        return self.there().painter(style)

    @property
    def states(self) -> Counter[str]:
        """See `Cluster.states`; nobody does anything yet while the cluster starts."""
        done = self._coming.done() and not self._coming.exception()
        return self.there().states if done else Counter()


@contextmanager
def begun(where: str, **more: Any) -> Iterator[Begun]:
    """A context in which a cluster is there soon, and after which it is left; as `Cluster`."""
    with ThreadPoolExecutor(1, "cluster") as thread:
        coming = thread.submit(Cluster, where, **more)
        try:
            yield Begun(coming)
        finally:
            if not coming.cancel() and not coming.exception():
                coming.result().close()
