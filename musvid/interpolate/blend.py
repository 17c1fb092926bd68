"""Linear blending: each in-between frame is the weighted mean of its two neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
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

    factor: at most 64. Exact: what OpenCV adds before it rounds is less than the least difference
    that such a factor makes, and decides ties only.
    """
    part = step / factor
    return np.asarray(cv2.addWeighted(before, 1 - part, after, part, 1 / 256), np.uint8)
