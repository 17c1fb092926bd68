"""The last touch: contrast, glow, vignette and grain, in one pass over the picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ..frame import Frame
from .settings import Finish

_BRIGHTEST = 140 / 255  # mean that what is shown comes near to
_DIM = 30 / 255  # mean of a frame that is shown with 0.63 of that
_ANSWER = 0.45  # power by which what is shown follows the light of a frame
_LEAST, _MOST = -3.001, 8.0  # of k; never 0, where film answers evenly
_HALVINGS = 12
_LOOKED = 64  # rows of a frame whose light is measured
_GRAIN = 14.0  # levels of the grain's standard deviation, at 1
_DARK = 0.85  # how much of the light the vignette takes in a corner, at 1
_GLOW = 0.9  # how much of a bright place shines around, at 1
_BRIGHT = 40  # the level from which on a place shines
_SMALL = 180  # pixels of the shorter side where light is spread, so that all sizes glow alike
_SLACK = 256  # pixels by which the grain's sheet is larger than the picture


def tone(frame: Frame, finish: Finish) -> Frame:
    """A frame exposed, with darks and lights driven apart; black stays black, white stays white.

    Of a strip rather than of the picture made of it, which is larger.
    """
    if not finish.contrast and not finish.glow and not finish.exposure:
        return frame
    level = np.arange(256) / 255
    if finish.exposure:
        level = exposed(frame, finish.exposure)
    curved = level + (finish.contrast or 0) * (level * level * (3 - 2 * level) - level)
    # Room for the glow: lights are pressed together, so that what shines still has its drawing.
    curved *= 1 - 0.12 * (finish.glow or 0) * curved
    table = np.rint(255 * curved).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(frame, table), np.uint8)


def exposed(frame: Frame, amount: float) -> NDArray[np.float64]:
    """What each level of a frame becomes, 0 to 1: its mean comes to where the eye wants it.

    As film answers to light: 1 - exp(-k level), which never burns. k follows from the frame alone,
    so that loud passages stay brighter than quiet ones, but by less.
    """
    rows = frame[:: max(1, len(frame) // _LOOKED)]
    part = np.bincount(np.ascontiguousarray(rows).ravel(), minlength=256) / rows.size
    level = np.arange(256) / 255
    mean = float(part @ level)
    wanted = _BRIGHTEST * -math.expm1(-((mean / _DIM) ** _ANSWER))
    wanted = mean * (1 - amount) + wanted * amount

    def film(k: float) -> NDArray[np.float64]:
        curve: NDArray[np.float64] = np.expm1(-k * level) / math.expm1(-k)
        return curve

    low, high = _LEAST, _MOST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if part @ film(middle) < wanted else (low, middle)
    return film((low + high) / 2)


def finished(
    picture: Frame,
    finish: Finish,
    number: int | Fraction = 0,
    lay: Callable[[Frame], None] | None = None,
) -> Frame:
    """A picture with glow, vignette and grain.

    picture: uint8 (height, width, 3); it is changed. number: of the frame, or a part of one more
    for a later picture of it, which decides the grain. lay: lays what does not glow into it, on
    which the light of the rest falls.
    """
    height, width = picture.shape[:2]
    shine = _shine(picture, finish.glow) if finish.glow else None
    if lay:
        lay(picture)
    if shine is not None:
        _screen(picture, shine)
    if finish.vignette:
        cv2.multiply(picture, _shade(width, height, finish.vignette), picture, 1 / 255)
    if finish.grain:
        whole, rest = divmod(number.numerator, number.denominator)
        seed = [whole, rest, number.denominator] if rest else whole
        left, top = np.random.default_rng(seed).integers(_SLACK, size=2)
        grain = _sheet(width, height)[top : top + height, left : left + width]
        weight = finish.grain
        cv2.addWeighted(picture, 1, grain, weight, -128 * weight, picture)
    return picture


def _shine(picture: Frame, amount: float) -> Frame:
    """The light around what is bright in a picture."""
    height, width = picture.shape[:2]
    scale = max(1.0, min(height, width) / _SMALL)
    small = cv2.resize(
        picture, (round(width / scale), round(height / scale)), interpolation=cv2.INTER_AREA
    )
    bright = cv2.subtract(small, np.full_like(small, _BRIGHT))
    # A narrow halo and a wide one: what shines is seen at once, and lights the room around it.
    narrow = cv2.GaussianBlur(bright, (0, 0), 2.5)
    tiny = [max(1, side // 4) for side in bright.shape[1::-1]]
    wide = cv2.GaussianBlur(cv2.resize(bright, tiny, interpolation=cv2.INTER_AREA), (0, 0), 2.5)
    wide = cv2.resize(wide, bright.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    halo = cv2.addWeighted(narrow, 0.5 * _GLOW * amount, wide, 0.6 * _GLOW * amount, 0)
    return np.asarray(cv2.resize(halo, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _screen(picture: Frame, shine: Frame) -> None:
    """Add light as it adds on a screen, never beyond white: 1 - (1 - a)(1 - b)."""
    cv2.bitwise_not(picture, picture)
    cv2.bitwise_not(shine, shine)
    cv2.multiply(picture, shine, picture, 1 / 255)
    cv2.bitwise_not(picture, picture)


@lru_cache(maxsize=2)
def _shade(width: int, height: int, amount: float) -> Frame:
    """How much of the light is left where, 255 for all of it."""
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    far = np.clip((x * x + y * y) / 2, 0, 1)
    left = 255 * (1 - _DARK * amount * far * far * (3 - 2 * far))
    return np.repeat(np.rint(left).astype(np.uint8)[..., None], 3, 2)


@lru_cache(maxsize=2)
def _sheet(width: int, height: int) -> NDArray[np.uint8]:
    """A sheet of grain around 128, larger than the picture."""
    noise = np.random.default_rng(0).standard_normal((height + _SLACK, width + _SLACK), np.float32)
    # Grains of a little more than a pixel, which a video's compression keeps.
    soft = cv2.GaussianBlur(noise, (0, 0), 0.8)
    levels = np.rint(128 + soft * (_GRAIN / soft.std())).clip(0, 255).astype(np.uint8)
    return np.repeat(levels[..., None], 3, 2)
