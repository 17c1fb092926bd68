"""Several videos in step, side by side, each with its name below."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from ..frame import Frame
from . import file as video

GROUND = "#0d0b16"
"""The colour between the videos."""

_LEAST, _MOST = 320, 960  # pixels of a tile's longer side: names can be read, players can play it
_WHOLE = 3600  # pixels of all tiles beside each other at most, for the same reason


@dataclass(frozen=True)
class Caption:
    """What stands below a video. colour: of the dot before the name, such as ``#7c3aed``."""

    name: str
    detail: str
    colour: str


@dataclass(frozen=True)
class _Layout:
    """Where things are, in pixels; all even, as H.264 wants them."""

    width: int  # of a tile
    height: int
    strip: int  # height of a caption
    gap: int
    columns: int
    count: int

    @classmethod
    def of(cls, width: int, height: int, count: int, columns: int | None = None) -> _Layout:
        """For `count` pictures within one size; by default two in a row, or three of many."""
        longer = max(width, height)
        columns = columns or (2 if count <= 4 else 3)
        most = min(_MOST, _WHOLE // max(columns, math.ceil(count / columns)))
        scale = min(max(longer, _LEAST), most) / longer
        width, height = (max(2, round(side * scale / 2) * 2) for side in (width, height))
        strip, gap = _even(0.09 * max(width, 240)), _even(0.025 * max(width, 240))
        return cls(width, height, strip, gap, columns, count)

    @property
    def rows(self) -> int:
        """Rows of tiles; the last one may be shorter."""
        return math.ceil(self.count / self.columns)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole."""
        return (
            self.columns * (self.width + self.gap) + self.gap,
            self.rows * (self.height + self.strip) + self.gap,
        )

    def corner(self, index: int) -> tuple[int, int]:
        """The left and the top of a tile."""
        row, column = divmod(index, self.columns)
        step = self.width + self.gap
        missing = max(0, (row + 1) * self.columns - self.count)
        return (
            self.gap + column * step + missing * step // 4 * 2,  # a short last row is centred
            self.gap + row * (self.height + self.strip),
        )

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """Width and height in a tile of a picture of some size."""
        scale = min(self.width / width, self.height / height)
        across, down = (max(2, round(side * scale / 2) * 2) for side in (width, height))
        return min(across, self.width), min(down, self.height)

    def put(self, whole: Frame, index: int, picture: Frame) -> None:
        """Lay a picture that is fitted into the middle of its tile."""
        left, top = self.corner(index)
        height, width = picture.shape[:2]
        left += (self.width - width) // 4 * 2
        top += (self.height - height) // 4 * 2
        whole[top : top + height, left : left + width] = picture


def _even(pixels: float) -> int:
    return max(2, round(pixels / 2) * 2)


def grid(
    videos: Sequence[Path], captions: Sequence[Caption], *, columns: int | None = None
) -> Generator[Frame, None, None]:
    """The pictures of some videos in step, in two columns, or in three of more than four.

    videos: of equally many pictures, or of different rates: then each shows its picture of the
        moment, at the highest rate. captions: one for each. columns: tiles in a row.

    Yields uint8 arrays (height, width, 3), one at a time. Raises ValueError where one of the videos
    ends before others of its rate, and what `musvid.read` raises.
    """
    known = [video.facts(path) for path in videos]
    width, height = (max(getattr(each, side) for each in known) for side in ("width", "height"))
    layout = _Layout.of(width, height, len(videos), columns)
    ground = _ground(layout, captions)
    rate = max(each.rate for each in known)
    with ExitStack() as stack:
        tiles: list[Iterator[Frame]] = []
        for path, each in zip(videos, known, strict=True):
            size = layout.fitted(each.width, each.height)
            tile = stack.enter_context(closing(video.read(path, size=size)))
            tiles.append(tile if each.rate == rate else _paced(tile, each.rate / rate))
        alike = all(each.rate == rate for each in known)
        for pictures in zip(*tiles, strict=alike):
            whole = ground.copy()
            for index, picture in enumerate(pictures):
                layout.put(whole, index, picture)
            yield whole


def _paced(pictures: Iterator[Frame], pace: Fraction) -> Iterator[Frame]:
    """The picture of each moment. pace: pictures that there are for each that is wanted, below 1.

    The last one stays.
    """
    picture, place = next(pictures), 0
    for number in count():
        while place < int(number * pace):
            picture, place = next(pictures, picture), place + 1
        yield picture


def sheet(
    pictures: Sequence[Frame], captions: Sequence[Caption], *, columns: int | None = None
) -> Frame:
    """Some pictures beside each other as one, laid out as `grid` does it.

    Returns a uint8 array (height, width, 3).
    """
    import cv2

    height, width = (max(picture.shape[axis] for picture in pictures) for axis in (0, 1))
    layout = _Layout.of(width, height, len(pictures), columns)
    whole = _ground(layout, captions).copy()
    for index, picture in enumerate(pictures):
        size = layout.fitted(picture.shape[1], picture.shape[0])
        how = cv2.INTER_AREA if size[0] <= picture.shape[1] else cv2.INTER_CUBIC
        layout.put(whole, index, np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8))
    return whole


def _ground(layout: _Layout, captions: Sequence[Caption]) -> Frame:
    """The picture without the videos: names, centred below the places of the videos."""
    from PIL import Image, ImageDraw, ImageFont

    whole = Image.new("RGB", layout.size, GROUND)
    draw = ImageDraw.Draw(whole)
    letters = layout.strip * 0.44

    def fonts(size: float) -> tuple[Any, Any]:
        return ImageFont.load_default(size), ImageFont.load_default(0.78 * size)

    def length(caption: Caption, size: float) -> float:
        name, detail = fonts(size)
        letters = name.getlength(caption.name) + detail.getlength(caption.detail)
        return float(letters + 2.2 * size)

    # One size for all, that of the longest.
    longest = max(length(caption, letters) for caption in captions)
    letters = min(letters, letters * 0.98 * layout.width / longest)
    for index, caption in enumerate(captions):
        left, top = layout.corner(index)
        bold, small = fonts(letters)
        x = left + (layout.width - length(caption, letters)) / 2
        base = top + layout.height + layout.strip * 0.5 + letters * 0.36
        radius, middle = letters * 0.3, base - letters * 0.34
        draw.ellipse((x, middle - radius, x + 2 * radius, middle + radius), fill=caption.colour)
        x += letters * 1.1
        draw.text((x, base), caption.name, "#f5f3ff", bold, anchor="ls")
        x += bold.getlength(caption.name) + letters * 0.8
        draw.text((x, base), caption.detail, "#9d94b8", small, anchor="ls")
    return np.asarray(whole)
