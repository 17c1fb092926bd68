"""A logo on pictures: in a corner or in the middle, with a soft shadow, beating with the music."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from .. import _pictures
from ..frame import Frame
from ..looping import LIGHT, Loop
from ..words.layout import Layout
from ..words.settings import Words
from . import cover
from .camera import STILL, Beat, Rounds

_SIDE = 1200  # pixels of a logo's longer side that are kept
_PUSH = 0.16  # how much a full pulse enlarges
_ROOM = 0.14  # around it, for its shadow, in its longer sides
_ROUND = 0.05  # radius of the corners of a picture that hides everything, in its shorter sides
_SHADE = 0.5  # how dark the shadow is


def load(path: str | os.PathLike[str]) -> Frame:
    """A picture file as a logo: uint8 (height, width, 4), RGB and how much it hides, at most 1200
    pixels a side. One without transparency has its corners rounded.

    Raises what `_pictures.check` and `_pictures.opened` raise.
    """
    return _loaded(*_pictures.check(path, "logo"))


@lru_cache(maxsize=4)
def _loaded(path: Path, _size: int, _changed: int) -> Frame:
    from PIL import Image

    image = _pictures.opened(path, "logo")
    scale = _SIDE / max(image.size)
    if scale < 1:
        # Weighted by what they hide, as pillow does it: what is transparent gives no colour.
        size = tuple(max(1, round(side * scale)) for side in image.size)
        image = image.resize(size, Image.Resampling.LANCZOS)
    made = np.array(image)
    if made[..., 3].min() == 255:
        made[..., 3] = _rounded(*made.shape[:2])
    made.flags.writeable = False  # it is shared
    return made


def _rounded(height: int, width: int) -> Frame:
    radius = max(1.0, _ROUND * min(height, width))
    y, x = (np.abs(np.arange(side) + 0.5 - side / 2) for side in (height, width))
    down = np.maximum(y - (height / 2 - radius), 0)[:, None]
    across = np.maximum(x - (width / 2 - radius), 0)[None]
    return np.asarray(np.rint(255 * np.clip(radius - np.hypot(down, across) + 0.5, 0, 1)), np.uint8)


class Logo:
    """A logo and where it stands.

    picture: as `load` gives it. words: where, how large, and how much it beats. beat: with what.
    loop: of a clip that is one, in which it comes back.
    """

    def __init__(
        self, picture: Frame, words: Words, beat: Beat | None = None, loop: Loop | None = None
    ) -> None:
        self.picture, self._words, self._beat = picture, words, beat or STILL
        self._rounds = loop and Rounds(loop)
        self._sheets: dict[tuple[int, int], tuple[Frame, float]] = {}

    def on_each(
        self, pictures: Iterable[Frame], times: Iterable[Fraction | float], upscale: int = 1
    ) -> Iterator[Frame]:
        """Pictures with the logo on them.

        times: of each, in seconds from the beginning of the file. upscale: by which they are
        enlarged before, so that the logo is not.
        """
        for picture, time in zip(pictures, times):  # noqa: B905
            if upscale > 1:
                size = picture.shape[1] * upscale, picture.shape[0] * upscale
                larger = cv2.resize(picture, size, interpolation=cv2.INTER_LANCZOS4)
                made = np.asarray(larger, np.uint8)
            else:
                made = picture.copy()
            self.lay(made, float(time))
            yield made

    def lay(self, picture: Frame, time: float) -> None:
        """Lay the logo into a picture, uint8 (height, width, 3), as it is at a moment of the file.

        What is outside its shadow stays.
        """
        height, width = picture.shape[:2]
        if (width, height) not in self._sheets:
            self._sheets[width, height] = self._sheet(width, height)
        sheet, still = self._sheets[width, height]
        beat = self._beat.at
        there = self._rounds.value(beat, time, LIGHT) if self._rounds else beat(time)
        push = self._words.logo_pulse * (there - self._beat.mean)
        scale = still * math.exp(_PUSH * push)
        x, y = self._middle(width, height)
        rows, columns = sheet.shape[:2]
        reach = scale * columns / 2, scale * rows / 2
        left, right = max(0, int(x - reach[0])), min(width, int(x + reach[0]) + 2)
        top, bottom = max(0, int(y - reach[1])), min(height, int(y + reach[1]) + 2)
        way = np.array(
            [
                [1 / scale, 0, (left + 0.5 - x) / scale + columns / 2 - 0.5],
                [0, 1 / scale, (top + 0.5 - y) / scale + rows / 2 - 0.5],
            ]
        )
        cover.stamp(picture[top:bottom, left:right], sheet, way)

    def _size(self, width: int, height: int) -> tuple[float, float]:
        """Its width and height in a picture, in pixels: the longer one as the settings say."""
        longer = self._words.logo_size * min(width, height)
        rows, columns = self.picture.shape[:2]
        return longer * columns / max(rows, columns), longer * rows / max(rows, columns)

    def _middle(self, width: int, height: int) -> tuple[float, float]:
        """Where its middle is in a picture, in pixels."""
        place = self._words.logo_place
        if place == "centre":
            return width / 2, height / 2
        left, top, right, foot = Layout(width, height).margins
        across, down = self._size(width, height)
        x = left + across / 2 if place.endswith("left") else width - right - across / 2
        y = top + down / 2 if place.startswith("upper") else height - foot - down / 2
        return x, y

    def _sheet(self, width: int, height: int) -> tuple[Frame, float]:
        """The logo above its shadow for pictures of a size, a little larger than it is ever shown:
        RGB that is weighted, and how much it hides; and by how much it is scaled at rest."""
        across, down = self._size(width, height)
        largest = math.exp(_PUSH * self._words.logo_pulse)
        size = max(1, round(across * largest)), max(1, round(down * largest))
        picture = self.picture.astype(np.float32)
        picture[..., :3] *= picture[..., 3:] / 255
        small = size[0] <= picture.shape[1]
        how = cv2.INTER_AREA if small else cv2.INTER_CUBIC
        scaled = np.clip(cv2.resize(picture, size, interpolation=how), 0, 255)
        room = math.ceil(_ROOM * max(size)) + 1
        whole = np.pad(scaled, ((room, room), (room, room), (0, 0)))
        hides = whole[..., 3]
        shade = _SHADE * cv2.GaussianBlur(hides, (0, 0), max(0.8, 0.35 * room))
        whole[..., 3] = hides + (1 - hides / 255) * shade
        return np.asarray(np.rint(whole), np.uint8), across / size[0]
