"""Ticks and seconds: picture rates, strides, factors, and exact counts.

Everything here is an integer or a `fractions.Fraction`; nothing is rounded until a count is
taken. The chain of a render is::

    drawn --every stride-th--> keyframes --before--> guides --paint--> paintings --after--> frames

and picture *i* of the video shows the sound at ``i / rate`` seconds, with
``rate = fps * before * after / stride``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import TypeVar

from . import _validate
from .errors import SettingsError

T = TypeVar("T")

MAX_STRIDE = 64
MAX_FACTOR = 16
MAX_FPS = 240


def parse_rate(value: str | int | float | Fraction) -> Fraction:
    """A picture rate in frames per second, such as ``30``, ``29.97`` or ``392/16``, exactly.

    Raises SettingsError when it is not a number between 1 and 240.
    """
    try:
        rate = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    except (ValueError, ZeroDivisionError, TypeError, OverflowError):
        raise SettingsError(
            f"fps must be a number or a fraction such as 30 or 392/16, not {value!r}."
        ) from None
    if not 1 <= rate <= MAX_FPS:
        raise SettingsError(f"fps must lie between 1 and {MAX_FPS}, not {value}.")
    # ffmpeg keeps rates as pairs of 32-bit integers; a longer fraction would be rounded there.
    if rate.denominator > 1_000_000:
        raise SettingsError(f"fps must be a fraction of smaller numbers than {rate}.")
    return rate


def every(frames: Iterable[T], stride: int) -> Iterator[T]:
    """Every `stride`-th item, beginning with the first."""
    return islice(frames, 0, None, stride)


@dataclass(frozen=True)
class Clock:
    """How many pictures each stage makes, and at what times.

    duration: length of the sound in seconds, exact (samples / sample rate), above zero.
    fps: pictures per second of the drawn spectrum.
    stride: every stride-th drawn picture becomes a keyframe.
    before, after: interpolation factors before and after diffusion.
    """

    duration: Fraction
    fps: Fraction = Fraction(30)
    stride: int = 1
    before: int = 1
    after: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "duration", Fraction(self.duration))
        object.__setattr__(self, "fps", parse_rate(self.fps))
        if self.duration <= 0:
            raise SettingsError("The duration must be above zero.")
        for name, limit in (("stride", MAX_STRIDE), ("before", MAX_FACTOR), ("after", MAX_FACTOR)):
            _validate.whole(name, getattr(self, name), 1, limit)
        if self.rate < Fraction(1, 10) or self.rate > MAX_FPS:
            raise SettingsError(
                f"These settings make {float(self.rate):g} frames a second; change fps, stride, "
                f"before or after so that fps * before * after / stride lies between 0.1 and "
                f"{MAX_FPS}."
            )

    @property
    def rate(self) -> Fraction:
        """Frames per second of the finished video."""
        return self.fps * self.before * self.after / self.stride

    @property
    def frames(self) -> int:
        """Frames of the finished video: the picture covers the sound, and less than one more."""
        return math.ceil(self.duration * self.rate)

    @property
    def painted(self) -> int:
        """Paintings (and guides): enough that the last frame has one at or behind it."""
        return math.ceil(Fraction(self.frames - 1, self.after)) + 1

    @property
    def keyframes(self) -> int:
        """Keyframes: enough that the last painting has one at or behind it."""
        return math.ceil(Fraction(self.painted - 1, self.before)) + 1

    @property
    def drawn(self) -> int:
        """Spectrum pictures to draw, of which the last ones may lie behind the sound's end."""
        return (self.keyframes - 1) * self.stride + 1

    def time(self, frame: int) -> Fraction:
        """The moment of the sound, in seconds, that a frame of the video shows."""
        return frame / self.rate
