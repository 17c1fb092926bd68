"""The cover in the disc of a ring: read as a picture and as nothing else, and laid into frames."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from .. import _pictures
from ..frame import Frame
from .camera import Pose
from .projections import HOLE, Field

_SIDE = 1600  # pixels of a cover that is kept

_RADIUS = 0.96 * HOLE  # of the cover, in halves of the picture's shorter side
_SHADOW = 1.09  # where the shadow around it ends, in radii
_RIM = 0.012  # how soft its rim is, in radii
_FALL = 0.35  # how much darker it is at its rim
_STEPS = 4  # sizes of it that are kept between one and its double


def load(path: str | os.PathLike[str]) -> Frame:
    """The middle of a picture file, square, uint8 (side, side, 3), at most 1600 pixels a side.

    What is transparent becomes black. Raises what `_pictures.check` and `_pictures.opened` raise.
    """
    return _loaded(*_pictures.check(path, "cover"))


@lru_cache(maxsize=4)
def _loaded(path: Path, _size: int, _changed: int) -> Frame:
    from PIL import Image

    image = _pictures.opened(path, "cover")
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    if side > _SIDE:
        square = square.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    made = np.array(_pictures.on_black(square))
    made.flags.writeable = False  # it is shared
    return made


def stamp(part: Frame, sheet: Frame, way: NDArray[np.float64]) -> None:
    """Lay a sheet over a part of a picture, uint8 (height, width, 3), which is changed.

    sheet: uint8 (height, width, 4), RGB that is weighted, and how much it hides. way: the affine
    map, float64 (2, 3), from places of the part to places of the sheet.
    """
    height, width = part.shape[:2]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(sheet, way, (width, height), flags=flags)
    kept = cv2.cvtColor(laid[..., 3], cv2.COLOR_GRAY2RGB)
    cv2.multiply(part, cv2.bitwise_not(kept), part, 1 / 255)
    cv2.add(part, np.ascontiguousarray(laid[..., :3]), part)


class Disc:
    """A cover in the middle of pictures: round, with a soft rim in a dark gap.

    It grows and wanders with the camera, and stands upright whatever turns around it, so that it
    can be read.

    size: (width, height) of the pictures in pixels, of which every `step`-th one is there.
    """

    def __init__(self, cover: Frame, size: tuple[int, int], *, step: int = 1) -> None:
        self._cover, self._size, self._step = cover, size, step
        self._sheets: dict[int, Frame] = {}

    def lay(self, picture: Frame, seen: Pose) -> None:
        """Lay the cover into a picture; what is outside the shadow around it stays.

        picture: uint8 (height, width, 3); it is changed. seen: where the camera is.
        """
        half = min(self._size) / 2
        radius = _RADIUS * half * seen.zoom / self._step
        x, y = (
            ((side / 2 + moved * half) - 0.5) / self._step
            for side, moved in zip(self._size, (seen.x, seen.y), strict=True)
        )
        reach = _SHADOW * radius
        height, width = picture.shape[:2]
        left, right = max(0, int(x - reach)), min(width, int(x + reach) + 2)
        top, bottom = max(0, int(y - reach)), min(height, int(y + reach) + 2)
        if left >= right or top >= bottom:
            return
        sheet = self._sheet(2 * reach)
        side = sheet.shape[0]
        scale = side / (2 * reach)
        way = np.array(
            [
                [scale, 0, (left - x) * scale + side / 2 - 0.5],
                [0, scale, (top - y) * scale + side / 2 - 0.5],
            ]
        )
        stamp(picture[top:bottom, left:right], sheet, way)

    def _sheet(self, pixels: float) -> Frame:
        """The cover with its shadow, as large as so many pixels or a little larger: RGB that is
        weighted, and how much it hides."""
        level = int(np.ceil(_STEPS * np.log2(max(8.0, pixels))))
        if level not in self._sheets:
            if len(self._sheets) > 3 * _STEPS:  # a zoom that goes far
                self._sheets.clear()
            self._sheets[level] = _sheet(self._cover, round(2 ** (level / _STEPS)))
        return self._sheets[level]


def _sheet(cover: Frame, side: int) -> Frame:
    """A cover of a size, see `Disc._sheet`. side: pixels across the shadow."""
    across = max(2, round(side / _SHADOW))
    small = across < cover.shape[0]
    scaled = cv2.resize(
        cover, (across, across), interpolation=cv2.INTER_AREA if small else cv2.INTER_CUBIC
    )
    before = (side - across) // 2
    after = side - across - before
    whole = cv2.copyMakeBorder(scaled, before, after, before, after, cv2.BORDER_REPLICATE)
    line = (np.arange(side, dtype=np.float32) + 0.5 - side / 2) / (across / 2)
    far = np.hypot(line[:, None], line[None])
    soft = max(_RIM, 2.5 / across)
    there = _smooth((1 - far) / soft + 0.5)
    shade = 1 - _FALL * _smooth((far - 0.72) / 0.3) ** 2
    hides = np.maximum(there, _smooth((_SHADOW - far) / (_SHADOW - 1)))
    made = np.empty((side, side, 4), np.uint8)
    made[..., :3] = np.rint(whole * (there * shade)[..., None])
    made[..., 3] = np.rint(255 * hides)
    return made


def _smooth(values: Field) -> Field:
    """From 0 at 0 to 1 at 1, without a kink."""
    values = np.clip(values, 0, 1)
    return np.asarray(values * values * (3 - 2 * values), np.float32)
