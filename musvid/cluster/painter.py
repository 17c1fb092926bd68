"""A model that is loaded on the machines of a cluster, and paints there."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..frame import Frame, closed
from ..paint.style import Stroke, Style
from ..store import Store
from .pool import WINDOW, Pool, Work
from .worker import Gaps, Loaded, Painting

Task = TypeVar("Task", Painting, Gaps)

_LONGEST = {"cpu": 4}  # paintings of a span on a processor
_BATCHED = 16  # elsewhere, where several are painted at once
_UNDER_WAY = 512  # paintings, about: on a thousand cards they still fit into the memory
_GAPS = 16  # gaps of a span
_AROUND = 3  # keyframes on both sides that tell how the outermost gaps look


class ClusterPainter:
    """What paints on a cluster, see `musvid.paint.brush.Brush`.

    loaded: what the first worker said of the model. precision: in which all of them load it. store:
    in which paintings are kept, by whoever sees it. key: of those of a render in it.
    """

    def __init__(
        self, pool: Pool, loaded: Loaded, precision: str, store: Store | None, *, key: str = ""
    ) -> None:
        self._pool, self._loaded, self._precision = pool, loaded, precision
        self._store, self._key = store, key

    @property
    def fingerprint(self) -> list[object]:
        """See `Brush`."""
        return self._loaded.fingerprint

    @property
    def device(self) -> str:
        """See `Brush`."""
        return self._loaded.device

    @property
    def precision(self) -> str:
        """See `Brush`."""
        return self._loaded.precision

    @property
    def abreast(self) -> int:
        """See `Brush`."""
        return len(self._pool)

    @property
    def keeps(self) -> bool:
        """See `Brush`."""
        return bool(self._key)

    def keeping(self, folder: Path, key: str) -> ClusterPainter:
        """See `Brush`."""
        if self._store is None or folder != self._store.folder:
            return self
        return ClusterPainter(self._pool, self._loaded, self._precision, self._store, key=key)

    def expect(self, count: int) -> AbstractContextManager[None]:  # noqa: ARG002
        """See `Brush`; nothing is done for it."""
        return nullcontext()

    def paint(
        self, frames: Iterable[Frame], style: Style, strokes: Iterable[Stroke] | None = None
    ) -> Iterator[Frame]:
        """See `Brush`."""
        each: Iterable[Stroke | None] = repeat(None) if strokes is None else strokes
        return self._painted(zip(frames, each), style)  # noqa: B905

    def paint_each(self, jobs: Iterable[tuple[Frame, Stroke]], style: Style) -> Iterator[Frame]:
        """See `Brush`."""
        return self._painted(jobs, style)

    def between(
        self, keyframes: Iterable[Frame], factor: int, *, interpolator: str, weights: str | None
    ) -> Iterator[Frame]:
        """Fill gaps on the cluster, see `musvid.between`."""
        tasks = _gaps(keyframes, factor, interpolator=interpolator, weights=weights)
        for _, made in self._each("fill", tasks):
            yield from map(np.array, made)  # copied, as paintings are

    def _painted(
        self, jobs: Iterable[tuple[Frame, Stroke | None]], style: Style
    ) -> Iterator[Frame]:
        most = max(1, _UNDER_WAY // (WINDOW * self.abreast))
        source, longest = iter(jobs), min(most, _LONGEST.get(self.device, _BATCHED))
        # Short spans first: everybody has work soon, and the video something to show.
        growing = (2**step for step in range(longest.bit_length()) for _ in range(self.abreast))
        sizes = (min(longest, size) for size in chain(growing, repeat(longest)))
        parts = iter(lambda: list(islice(source, next(sizes))), [])
        tasks = (Painting(style, self._precision, part, self._key) for part in parts)
        for task, (kept, made) in self._each("paint", tasks):
            for job, frame in zip(task.jobs, made, strict=True):
                painting = np.array(frame)  # what came lies in memory that the cluster shares
                if self._store and self._key and not kept:
                    self._store.keep_painting(*job, self._key, painting)
                yield painting

    def _each(self, what: str, tasks: Iterable[Task]) -> Iterator[tuple[Task, Any]]:
        """Every task, and what a worker's method makes of it."""
        due: deque[Task] = deque()

        def works() -> Iterator[Work]:
            for task in tasks:
                due.append(task)
                yield partial(_begun, what, task)

        with closed(self._pool.map(works())) as results:
            for result in results:
                yield due.popleft(), result


def _begun(what: str, task: Painting | Gaps, worker: Any) -> Any:
    """The future of a worker's method."""
    return getattr(worker, what).remote(task).future()


def _gaps(
    keyframes: Iterable[Frame], factor: int, *, interpolator: str, weights: str | None
) -> Iterator[Gaps]:
    """Spans of gaps between keyframes, each with some keyframes around it."""
    source, first = iter(keyframes), 0
    held: list[Frame] = []  # of which the one of this number is the span's first
    while True:
        held += islice(source, first + 1 + _GAPS + _AROUND - len(held))
        if not held:
            return
        gaps = min(_GAPS, len(held) - 1 - first)
        last = len(held) - 1 - first <= _GAPS
        where = {"skip": first * factor, "count": gaps * factor + last}
        yield Gaps(list(held), factor, interpolator, weights, **where)
        if last:
            return
        drop = max(0, first + gaps - _AROUND)
        held, first = held[drop:], first + gaps - drop
