"""One resampling from strip to picture: cubic, and soft where the picture has too few pixels.

Where the strip is packed more densely than the picture's pixels, a row of it is averaged over as
many of its pixels as fall on one of the picture's, by levels of halved resolution and the mixture
of the two that are nearest (Williams, "Pyramidal Parametrics", 1983), along and across apart.

The rest is an interpolation, which enlarges as well: bicubic to twice the strip's pixels, between
which places are then read linearly. That is nearer to the ideal than reading the strip itself
bicubically (by 0.7 dB, `tests/benchmarks/view.py`), and takes half as long.

Of a mirrored strip, the left half says all.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from ..frame import Frame
from .projections import Field, Projection, fold

FINE = 2  # pixels that are read, per pixel of the strip
_TAPS = 2  # pixels beyond a border that a bicubic interpolation looks at


class Sampler:
    """The resampling of a projection's frames.

    made: the projection. strip, shown: (width, height) of the strip and of the picture in pixels.
    fine: how many pixels are read for one of the strip; 1 is a linear look without softening, for
        who only measures.
    """

    def __init__(
        self,
        made: Projection,
        strip: tuple[int, int],
        shown: tuple[int, int],
        *,
        fine: int = FINE,
    ) -> None:
        self._made, self._fine, half = made, fine, min(shown) / 2
        self._width, self._height = strip
        self._cellar = round(made.cellar * self._height)
        self._desk: Field | None = None  # memory for all pictures, see `projections._polar`
        rows = np.arange(self._height + self._cellar, dtype=np.float32)
        places = 1 - (rows + np.float32(0.5)) / np.float32(self._height)
        across, along = made.density(places)
        self._across = np.asarray(across * self._width / half, np.float32)
        self._along = np.asarray(along * self._height / half, np.float32)
        self._shine = None if made.shine is None else made.shine(places)
        fade = np.rint(255 * np.linspace(1, 0, self._cellar) ** 3).astype(np.uint8)
        self._fade = np.tile(fade[:, None, None], (1, self._width, 3))

    def picture(self, strip: Frame, x: Field, y: Field, zoom: float = 1.0) -> Frame:
        """What is seen of a strip, or of one that the right half mirrors, given by its left half.

        x, y: float32 (height, width), places of the picture as projections take them, as the camera
        sees them. zoom: how much it enlarges.
        """
        u, s = self._made.places(x, y)
        part = strip.shape[1] / self._width  # 1, or of a half 1/2
        top, below = self._fine * self._height, self._cellar / self._height
        if self._cellar:
            s += np.float32(below)
            padded = cv2.copyMakeBorder(strip, 0, self._cellar, 0, 0, cv2.BORDER_REFLECT)
            strip = np.asarray(padded, np.uint8)
            dark = strip[self._height :]
            cv2.multiply(dark, self._fade[:, : dark.shape[1]], dark, 1 / 255)
        desk = self._desk = np.empty_like(s) if self._desk is None else self._desk
        rows = fold(s, 1 + below, top * (1 + below) - 0.5, -0.5, desk=desk)
        columns = fold(u, part, -0.5, part * self._fine * self._width - 0.5, desk=desk)
        source = strip
        if self._fine > 1:
            source = soften(strip, self._across / zoom, self._along / zoom)
            if self._shine is not None:
                source = _shining(source, self._shine)
            source = _enlarged(source, self._fine, beyond=_TAPS if part < 1 else 0)
        made = cv2.remap(source, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(made, np.uint8)


def _enlarged(strip: Frame, times: int, *, beyond: int) -> Frame:
    """A strip so many times as large. beyond: pixels that go on mirrored at its right."""
    wide = times * strip.shape[1]
    padded = cv2.copyMakeBorder(strip, 0, 0, 0, beyond, cv2.BORDER_REFLECT) if beyond else strip
    size = times * padded.shape[1], times * padded.shape[0]
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_CUBIC), np.uint8)[:, :wide]


def _shining(strip: Frame, shine: Field) -> Frame:
    """A strip whose rows are so many times as bright, and as colourful."""
    rows = np.flatnonzero(shine > 1 + 1 / 64)
    if not len(rows):
        return strip
    made, part = strip.copy(), slice(int(rows[0]), int(rows[-1]) + 1)
    brighter = shine[part, None, None]
    pixels = made[part].astype(np.float32)
    grey = cv2.transform(pixels, np.full((1, 3), 1 / 3))[..., None]
    pixels -= grey
    pixels *= brighter
    pixels += grey
    pixels *= brighter
    np.minimum(pixels, 255, out=pixels)
    made[part] = np.maximum(pixels, 0, out=pixels)
    return made


def soften(strip: Frame, across: Field, along: Field) -> Frame:
    """A strip whose rows are averaged over so many pixels, across (in the row) and along.

    across, along: float32 (height,), pixels of the strip on one of the picture; below 1, nothing is
    averaged.
    """
    return _averaged(_averaged(strip, along, (1, 2)), across, (2, 1))


def _averaged(strip: Frame, pixels: Field, halves: tuple[int, int]) -> Frame:
    """Each row averaged over some pixels.

    halves: by what a level divides the width and the height of the one before it.
    """
    height, width = strip.shape[:2]
    most = int(math.log2(width if halves[0] > 1 else height))
    depth = np.log2(np.maximum(pixels, 1)).clip(0, most)
    if depth.max() < 1 / 16:
        return strip
    made, coarse, top = strip.copy(), strip, 0.0  # `coarse` begins at row `top` of the strip
    for level in range(1, math.ceil(float(depth.max())) + 1):
        size = max(1, coarse.shape[1] // halves[0]), max(1, coarse.shape[0] // halves[1])
        tall = (height - top) / size[1]  # rows of the strip in one of the level
        coarse = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_AREA), np.uint8)
        rows = np.flatnonzero(depth > level - 1)
        # What lies far above the rows that this level or a later one is for is left out.
        if (spare := int((rows[0] - top) / tall) - 2) > 0:
            coarse, top = coarse[spare:], top + spare * tall
        rows = rows[depth[rows] < level + 1]
        if not len(rows):
            continue
        first, last, over = int(rows[0]), int(rows[-1]) + 1, round(top)
        wide = width, height - over
        soft = np.asarray(cv2.resize(coarse, wide, interpolation=cv2.INTER_LINEAR), np.uint8)
        soft = soft[first - over : last - over]
        # Rows between the level before and this one are mixed of both; on those between this one
        # and the next it is laid, to be mixed with that.
        share = np.clip(depth[first:last] - (level - 1), 0, 1)
        mixed = np.flatnonzero(share < 1)
        if len(mixed):
            part = slice(int(mixed[0]), int(mixed[-1]) + 1)
            ours = np.repeat(share[part, None], width, 1)
            soft[part] = cv2.blendLinear(soft[part], made[first:last][part], ours, 1 - ours)
        made[first:last] = soft
    return made
