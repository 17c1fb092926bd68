"""The pictures by which ControlNets hold a painting to its guide.

The guide is a spectrum, a line drawing of the music already, so that no network is needed to find
its lines: each picture is a few operations on the guide's luminance, and a function of the guide
alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..frame import Frame, mirrored, whole

_Grey = NDArray[np.uint8]

# Of Canny's detector: gradients (Sobel's, of 0 to 255) above the second begin a line, and above the
# first go on with one. Low, since a spectrum is soft.
_LOW, _HIGH = 24, 72
_GAIN = 1 / 12  # a gradient of a dozen levels a pixel is a bright soft edge


def condition(kind: str, guide: Frame) -> Frame:
    """A control picture of a guide.

    kind: "edges" are lines one pixel wide, white on black (Canny's); "soft-edges" are wide ones, as
        bright as they are steep; "depth" takes bright for near, smoothed; "tile" is the guide
        itself.
    guide: uint8 (height, width, 3).

    Returns one of the same shape, symmetric where the guide is.
    """
    if kind == "tile":
        return guide
    import cv2

    grey = np.asarray(cv2.cvtColor(guide, cv2.COLOR_RGB2GRAY), np.uint8)
    made = _MAKERS[kind](grey)
    if mirrored(guide):  # lines are thinned from one side to the other
        made = whole(made[:, : made.shape[1] // 2])
    return np.asarray(cv2.cvtColor(made, cv2.COLOR_GRAY2RGB), np.uint8)


def _edges(grey: _Grey) -> _Grey:
    import cv2

    return np.asarray(cv2.Canny(_smoothed(grey, 400), _LOW, _HIGH, L2gradient=True), np.uint8)


def _soft_edges(grey: _Grey) -> _Grey:
    import cv2

    smooth = _smoothed(grey, 256).astype(np.float32)
    across, down = (cv2.Scharr(smooth, cv2.CV_32F, *way) / 32 for way in ((1, 0), (0, 1)))
    steep = cv2.magnitude(across, down)
    return np.asarray(np.rint(-255 * np.expm1(-steep * _GAIN)), np.uint8)


def _depth(grey: _Grey) -> _Grey:
    return _smoothed(grey, 64)


def _smoothed(grey: _Grey, part: int) -> _Grey:
    """A picture smoothed by a Gaussian, whose deviation is such a part of the shorter side."""
    import cv2

    return np.asarray(cv2.GaussianBlur(grey, (0, 0), max(0.5, min(grey.shape) / part)), np.uint8)


_MAKERS: dict[str, Callable[[_Grey], _Grey]] = {
    "edges": _edges,
    "soft-edges": _soft_edges,
    "depth": _depth,
}
