"""The cover in the disc of a ring: read as a picture and as nothing else, and laid into frames."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..errors import SettingsError, quoted
from ..frame import Frame
from .camera import Pose
from .projections import HOLE, Field

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
"""What is read; pillow's other formats are left to nobody's surprise."""

_MOST_BYTES = 50_000_000
_MOST_PIXELS = 50_000_000
_SIDE = 1600  # pixels of a cover that is kept

_RADIUS = 0.96 * HOLE  # of the cover, in halves of the picture's shorter side
_SHADOW = 1.09  # where the shadow around it ends, in radii
_RIM = 0.012  # how soft its rim is, in radii
_FALL = 0.35  # how much darker it is at its rim
_STEPS = 4  # sizes of it that are kept between one and its double


def load(path: str | os.PathLike[str]) -> Frame:
    """The middle of a picture file, square, uint8 (side, side, 3), at most 1600 pixels a side.

    What is transparent becomes black. Raises what `check` and `opened` raise.
    """
    return _loaded(*check(path, "cover"))


def check(path: str | os.PathLike[str], what: str) -> tuple[Path, int, int]:
    """A path, and what tells one content of the file from another.

    what: it is for, such as "cover". Raises SettingsError where there is no file, or a large one.
    """
    path = Path(path)
    try:
        if not path.is_file():  # a pipe or a device would be waited for
            raise FileNotFoundError
        facts = path.stat()
    except (OSError, ValueError):
        raise SettingsError(
            f"There is no picture {quoted(path.name)} for the {what}; check its name and folder."
        ) from None
    if facts.st_size > _MOST_BYTES:
        raise SettingsError(
            f"The {what} {quoted(path.name)} is larger than {_MOST_BYTES // 10**6} MB; make it "
            "smaller."
        )
    return path, facts.st_size, facts.st_mtime_ns


def opened(path: Path, what: str) -> Any:
    """A picture file as one of pillow's, RGBA, upright.

    Raises SettingsError where it is none in one of `FORMATS`, or has very many pixels.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path, formats=FORMATS) as file:
            width, height = file.size
            if width * height > _MOST_PIXELS:
                raise SettingsError(
                    f"The {what} {quoted(path.name)} has {width} x {height} pixels; make it "
                    "smaller."
                )
            return ImageOps.exif_transpose(file).convert("RGBA")
    except SettingsError:
        raise
    # Pillow has no error of its own for all that a broken file may do to its decoders.
    except Exception:
        raise SettingsError(
            f"The {what} {quoted(path.name)} is no picture that can be read; give a whole PNG, "
            "JPEG or WebP file."
        ) from None


@lru_cache(maxsize=4)
def _loaded(path: Path, _size: int, _changed: int) -> Frame:
    from PIL import Image

    image = opened(path, "cover")
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    if side > _SIDE:
        square = square.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    black = Image.new("RGBA", square.size, (0, 0, 0, 255))
    made = np.array(Image.alpha_composite(black, square).convert("RGB"))
    made.flags.writeable = False  # it is shared
    return made


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
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        laid = cv2.warpAffine(sheet, way, (right - left, bottom - top), flags=flags)
        part = picture[top:bottom, left:right]
        kept = cv2.cvtColor(laid[..., 3], cv2.COLOR_GRAY2RGB)
        cv2.multiply(part, cv2.bitwise_not(kept), part, 1 / 255)
        cv2.add(part, np.ascontiguousarray(laid[..., :3]), part)

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
