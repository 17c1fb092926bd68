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
            for step in range(1, factor):
                yield mix(before, after, step, factor)
        yield after
        before = after


def mix(before: Frame, after: Frame, step: int, factor: int) -> Frame:
    """The frame at ``step / factor`` of the way from one frame to the next, rounded half up.

    factor: at most 16, so that 16-bit integers suffice. They are exact, and several times as fast
        as floating point.
    """
    start = before.astype(np.int16)
    return (start + ((after - start) * step + factor // 2) // factor).astype(np.uint8)
