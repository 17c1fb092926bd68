"""Several videos in step, side by side, each with its name below."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..frame import Frame
from . import file as video

GROUND = "#0d0b16"
"""The colour between the videos."""

_LEAST, _MOST = 320, 960  # pixels of a tile's longer side: names can be read, players can play it


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
    def of(cls, width: int, height: int, count: int) -> _Layout:
        """For `count` videos of one size."""
        longer = max(width, height)
        scale = min(max(longer, _LEAST), _MOST) / longer
        width, height = (max(2, round(side * scale / 2) * 2) for side in (width, height))
        strip, gap = _even(0.09 * max(width, 240)), _even(0.025 * max(width, 240))
        return cls(width, height, strip, gap, 2 if count <= 4 else 3, count)

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


def _even(pixels: float) -> int:
    return max(2, round(pixels / 2) * 2)


def grid(videos: Sequence[Path], captions: Sequence[Caption]) -> Generator[Frame, None, None]:
    """The pictures of some videos in step, in two columns, or in three of more than four.

    videos: of one size and rate, and with equally many pictures. captions: one for each.

    Yields uint8 arrays (height, width, 3), one at a time. Raises ValueError where one of the videos
    ends before the others, and what `musvid.read` raises.
    """
    known = video.facts(videos[0])
    layout = _Layout.of(known.width, known.height, len(videos))
    ground = _ground(layout, captions)
    with ExitStack() as stack:
        tiles = [
            stack.enter_context(closing(video.read(path, size=(layout.width, layout.height))))
            for path in videos
        ]
        for pictures in zip(*tiles, strict=True):
            whole = ground.copy()
            for index, picture in enumerate(pictures):
                left, top = layout.corner(index)
                whole[top : top + layout.height, left : left + layout.width] = picture
            yield whole


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
