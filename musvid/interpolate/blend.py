"""Linear blending: each in-between frame is the weighted mean of its two neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ..frame import Frame


def between(frames: Iterable[Frame], factor: int) -> Iterator[Frame]:
    """``(M - 1) * factor + 1`` frames from M uint8 frames; memory holds two."""
    before: Frame | None = None
    for after in frames:
        if before is not None:
            # 16-bit integers: exact, and several times as fast as floating point.
            start, change = before.astype(np.int16), after.astype(np.int16) - before
            for step in range(1, factor):
                yield (start + (change * step + factor // 2) // factor).astype(np.uint8)
        yield after
        before = after
