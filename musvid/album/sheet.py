"""The contact sheet of an album: one picture, in which each song has a good moment of its video."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..video.grid import GROUND
from .cards import Card, clock, told
from .stills import jpeg

if TYPE_CHECKING:
    from PIL import ImageDraw
    from PIL.Image import Image

NAME = "sheet.jpg"
_MARK = b"musvid album"  # a comment in the file

_WIDTH = 1600  # pixels
_MARGIN, _GAP, _HEAD = 64, 28, 190
_CAPTION = 62  # pixels below a picture
_MOST_BYTES = 1_000_000
_TALLEST = 3.0  # times its width, which a sheet of many songs may be high
_INK, _FAINT, _ACCENT = "#f5f3ff", "#9d94b8", "#8b5cf6"


def draw(name: str, cards: Sequence[Card]) -> bytes:
    """A JPEG of less than a megabyte.

    name: of the album. cards: of its songs; those with pictures are shown, of which there must be
    one.
    """
    from PIL import Image, ImageDraw

    seen = [card for card in cards if card.picture is not None]
    pictures = [card.picture for card in seen if card.picture is not None]
    ratio = float(np.median([picture.shape[0] / picture.shape[1] for picture in pictures]))
    columns = _columns(len(seen), ratio)
    width = (_WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    height, step = round(width * ratio), round(width * ratio) + _CAPTION + _GAP
    rows = math.ceil(len(seen) / columns)
    whole = Image.new("RGB", (_WIDTH, _HEAD + rows * step + _MARGIN - _GAP), GROUND)
    pen = ImageDraw.Draw(whole)
    _head(pen, name, told(seen))
    for index, (card, picture) in enumerate(zip(seen, pictures, strict=True)):
        row, column = divmod(index, columns)
        missing = (row + 1) * columns - len(seen) if row == rows - 1 and rows > 1 else 0
        left = _MARGIN + column * (width + _GAP) + missing * (width + _GAP) // 2
        top = _HEAD + row * step
        _lay(whole, Image.fromarray(picture), (left, top, width, height))
        _caption(pen, card, (left, top + height, width))
    return _small(whole)


def is_ours(path: Path) -> bool:
    """Whether a file is a sheet that `draw` made."""
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError:
        return False
    return start.startswith(b"\xff\xd8") and _MARK in start


def _columns(count: int, ratio: float) -> int:
    """How many pictures of a height of `ratio` widths stand in a row: the sheet is about as wide
    as high, and its last row is as full as can be."""

    def cost(columns: int) -> float:
        width = (_WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) / columns
        rows = math.ceil(count / columns)
        high = _HEAD + rows * (width * ratio + _CAPTION + _GAP)
        empty = (rows * columns - count) / columns
        return abs(math.log(high / (0.8 * _WIDTH))) + 0.6 * empty

    return min(range(1, min(count, 6) + 1), key=cost)


@cache
def _font(size: int, *, bold: bool = False) -> Any:
    """A font that knows more letters than Pillow's own: it comes with matplotlib."""
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts", "ttf", name)), size)


def _head(pen: ImageDraw.ImageDraw, name: str, line: str) -> None:
    """The album's name, and a line about it."""
    room = _WIDTH - 2 * _MARGIN
    size = next((size for size in range(58, 30, -4) if _length(name, size) <= room), 34)
    title = _font(size, bold=True)
    pen.text((_MARGIN, 92), _cut(name, title, room), _INK, title, anchor="ls")
    pen.rectangle((_MARGIN + 2, 127, _MARGIN + 74, 131), fill=_ACCENT)
    pen.text((_MARGIN + 92, 138), line, _FAINT, _font(24), anchor="ls")


def _length(text: str, size: int) -> float:
    return float(_font(size, bold=True).getlength(text))


def _lay(whole: Image, picture: Image, place: tuple[int, int, int, int]) -> None:
    """Put the middle of a picture into a place (left, top, width, height) with round corners."""
    from PIL import Image, ImageDraw, ImageOps

    left, top, width, height = place
    fitted = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    mask = Image.new("L", (4 * width, 4 * height))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 4 * width - 1, 4 * height - 1), 48, fill=255)
    whole.paste(fitted, (left, top), mask.resize((width, height), Image.Resampling.BOX))


def _caption(pen: ImageDraw.ImageDraw, card: Card, place: tuple[int, int, int]) -> None:
    """A song's number, title and length below its picture (left, top, width)."""
    left, top, width = place
    size = 24 if width >= 300 else 20 if width >= 220 else 16
    name, small, base = _font(size), _font(size - 4), top + 42
    number, length = str(card.number), clock(card.seconds)
    pen.text((left + 2, base), number, _ACCENT, _font(size, bold=True), anchor="ls")
    pen.text((left + width - 2, base), length, _FAINT, small, anchor="rs")
    first = left + 14 + _font(size, bold=True).getlength(number)
    room = left + width - 18 - small.getlength(length) - first
    pen.text((first, base), _cut(card.title, name, room), _INK, name, anchor="ls")


def _cut(text: str, font: Any, room: float) -> str:
    """As much of a text as there is room for."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(f"{text.rstrip()}…") > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _small(whole: Image) -> bytes:
    """The picture as a JPEG that is small enough, whatever is in it."""
    from PIL import Image

    high = round(_TALLEST * whole.width)
    if whole.height > high:
        whole = whole.resize((whole.width * high // whole.height, high), Image.Resampling.LANCZOS)
    made = b""
    for quality in (90, 84, 76, 66, 54, 40):
        made = jpeg(np.asarray(whole), quality, _MARK.decode())
        if len(made) < _MOST_BYTES:
            break
    return made
