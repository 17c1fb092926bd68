"""Ticks and seconds: picture rates, strides, factors, and exact counts.

Everything here is an integer or a `fractions.Fraction`; nothing is rounded until a count is
taken. The chain of a render is::

    drawn --every stride-th--> keyframes --before--> guides --paint--> paintings --after--> frames

and picture *i* of the video shows the sound at ``i / rate`` seconds, with
``rate = fps * before * after / stride``. A clock that is locked to a beat may differ from that by
half a picture (`Clock.first`), or have its keyframes at arbitrary moments (`Following`); see
`musvid.music.lock`.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import islice, pairwise, takewhile
from numbers import Rational
from typing import TypeVar

from . import _validate
from .errors import SettingsError, quoted
from .frame import closed
from .ranges import DAY, RANGES

T = TypeVar("T")

_log = logging.getLogger(__name__)

MAX_STRIDE, MAX_FACTOR, MAX_FPS = (int(RANGES[name].high) for name in ("stride", "after", "fps"))

STANDARD_RATES = (
    *map(Fraction, (24, 25, 30, 48, 50, 60, 100, 120)),
    *(Fraction(1000 * whole, 1001) for whole in (24, 30, 48, 60, 120)),
)
"""Picture rates of cinema and television."""

_NEAR = Fraction(1, 10**6)  # within which a decimal number means a standard rate
_TIME = re.compile(r"(-)?(?:(\d{1,2}):)?(\d{1,4}):(\d{1,2}(?:\.\d{0,9})?)", re.ASCII)


def parse_rate(value: str | int | float | Fraction, name: str = "fps") -> Fraction:
    """A picture rate in frames per second, such as ``30``, ``29.97`` or ``392/16``, exactly.

    A decimal number that lies within a millionth of a standard rate is that rate, which the log
    says: 23.976023976 is 24000/1001. name: of the setting.

    Raises SettingsError when it is not a number between 1 and 240.
    """
    rate = _validate.fraction(value)
    if rate is None:
        raise SettingsError(
            f"{name} must be a number or a fraction such as 30 or 392/16, not {quoted(value)}."
        )
    least, most = RANGES[name].low, RANGES[name].high
    if not least <= rate <= most:
        raise SettingsError(f"{name} must lie between {least} and {most}, not {quoted(value)}.")
    if not isinstance(value, Rational) and "/" not in str(value):
        for standard in STANDARD_RATES:
            if 0 < abs(rate - standard) <= _NEAR:
                _log.info(
                    "%s %s is taken as %s, the standard rate beside it.", name, value, standard
                )
                return standard
    # ffmpeg keeps rates as pairs of 32-bit integers; a longer fraction would be rounded there.
    if rate.denominator > 1_000_000:
        raise SettingsError(
            f"{name} must be a number of fewer digits, or a fraction of smaller numbers, than "
            f"{quoted(str(rate))}."
        )
    return rate


def parse_time(text: str) -> float:
    """Seconds of a text: a number such as ``90`` or ``90.5``, or ``1:30``, or ``1:02:03.5``.

    Raises SettingsError when it is none of these, or not within 24 hours.
    """
    found = _TIME.fullmatch(text.strip())
    value = _validate.fraction(text)
    if found:
        sign, hours, minutes, rest = found.groups()
        if float(rest) < 60 and (not hours or int(minutes) < 60):
            value = 3600 * int(hours or 0) + 60 * int(minutes) + Fraction(rest)
            value *= -1 if sign else 1
    if value is None:
        raise SettingsError(
            f"{quoted(text)} is no time; write seconds such as 90, or minutes as 1:30."
        )
    if abs(value) > DAY:
        raise SettingsError(f"{quoted(text)} is no time within {DAY // 3600} hours.")
    return float(value)


def every(frames: Iterable[T], stride: int) -> Iterator[T]:
    """Every `stride`-th item, beginning with the first."""
    return islice(frames, 0, None, stride)


def at(frames: Iterable[T], numbers: Iterable[int]) -> Iterator[T]:
    """The items with these numbers, which rise; no item behind the last of them is asked for."""
    with closed(iter(frames)) as source:
        behind = 0
        for number in numbers:
            yield from islice(source, number - behind, number - behind + 1)
            behind = number + 1


@dataclass(frozen=True)
class Clock:
    """How many pictures each stage makes, and at what times.

    duration: length of the sound in seconds, exact (samples / sample rate), above zero.
    fps: pictures per second of the drawn spectrum.
    stride: every stride-th drawn picture becomes a keyframe.
    before, after: interpolation factors before and after diffusion.
    first: time of the first keyframe in seconds. It may be negative (before the sound begins), by
        less than `stride` pictures; the video then starts with the frame nearest to the sound's
        beginning, and earlier frames are left out. It may be positive by at most half a frame.
    """

    duration: Fraction
    fps: Fraction = Fraction(30)
    stride: int = 1
    before: int = 1
    after: int = 1
    first: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "duration", Fraction(self.duration))
        object.__setattr__(self, "first", Fraction(self.first))
        object.__setattr__(self, "fps", parse_rate(self.fps))
        if self.duration <= 0:
            raise SettingsError("The duration must be above zero.")
        for name in ("stride", "before", "after"):
            RANGES[name].check(name, getattr(self, name))
        if self.rate < Fraction(1, 10) or self.rate > MAX_FPS:
            raise SettingsError(
                f"These settings make {float(self.rate):g} frames a second; change fps, stride, "
                f"before or after so that fps * before * after / stride lies between 0.1 and "
                f"{MAX_FPS}."
            )

        if not -self.stride / self.fps < self.first <= 1 / (2 * self.rate):
            raise SettingsError("The first keyframe must be less than a stride before the sound.")

    @property
    def rate(self) -> Fraction:
        """Frames per second of the finished video."""
        return self.fps * self.before * self.after / self.stride

    @property
    def lead(self) -> int:
        """Frames between the first keyframe and the first frame of the video."""
        return max(0, round(-self.first * self.rate))

    @property
    def unpainted(self) -> int:
        """Guides at the start that are not painted: only frames before the video need them."""
        return self.lead // self.after

    @property
    def skipped(self) -> int:
        """Frames of the video before the first one here: 0, but in a `Rest`."""
        return 0

    @property
    def earlier(self) -> int:
        """Paintings before the first one here: 0, but in a `Rest`."""
        return 0

    @property
    def past(self) -> int:
        """Pictures between the clip's first keyframe and the first one here: 0, but in a `Rest`."""
        return 0

    @property
    def frames(self) -> int:
        """Number of frames of the video: as many as cover the sound, rounded up."""
        return math.ceil(self.duration * self.rate)

    @property
    def painted(self) -> int:
        """Number of paintings (and guides): the last is at the last frame's time or later."""
        last = self.lead + self.frames - 1
        return math.ceil(Fraction(last, self.after)) + 1 - self.unpainted

    @property
    def keyframes(self) -> int:
        """Number of keyframes: the last one is at the last painting's time or later."""
        return math.ceil(Fraction(self.unpainted + self.painted - 1, self.before)) + 1

    @property
    def drawn(self) -> int:
        """Number of spectrum pictures to draw; the last ones may lie behind the sound's end."""
        return (self.keyframes - 1) * self.stride + 1

    @property
    def start(self) -> Fraction:
        """When the first keyframe is, in seconds."""
        return self.first

    @property
    def ticks(self) -> Sequence[int]:
        """Times of the drawn pictures, in units of ``1 / fps`` seconds after the first keyframe."""
        return range(self.drawn)

    @property
    def filled(self) -> Iterator[Fraction]:
        """For each frame of the sequence filled after painting, its position among pictures of all
        ticks, of which number 0 is the first keyframe."""
        step, first = Fraction(self.stride, self.before * self.after), self.unpainted * self.after
        return (step * (first + number) for number in range((self.painted - 1) * self.after + 1))

    @property
    def places(self) -> Iterator[Fraction]:
        """For each frame of the video, its position in the sequence filled after painting."""
        skipped = self.lead - self.unpainted * self.after
        return (Fraction(skipped + frame) for frame in range(self.frames))

    def time(self, frame: int) -> Fraction:
        """The moment of the sound, in seconds, that a frame of the video shows."""
        return self.first + (self.lead + frame) / self.rate

    def nearest(self, time: Fraction | float) -> int:
        """The frame of the video that is nearest to a moment of the sound, in seconds."""
        frame = round((Fraction(time) - self.time(0)) * self.rate)
        return max(0, min(frame, self.frames - 1))

    def painting_time(self, painting: int) -> Fraction:
        """The moment of the sound, in seconds, that a painting shows."""
        return self.first + (self.unpainted + painting) * self.after / self.rate

    def painting_of(self, frame: int) -> int:
        """The painting at a frame of the video, or the last one before it."""
        return int(next(islice(self.places, frame, None)) // self.after)

    def keyframe_of(self, painting: int) -> int:
        """The keyframe at a painting, or the last one before it."""
        return (self.unpainted + painting) // self.before


@dataclass(frozen=True)
class Following(Clock):
    """A clock whose keyframes are at given moments.

    fps: of the fine grid to which moments are rounded, by at most half a picture. Only keyframes
        are drawn: the stride is 1.
    moments: times of the keyframes in seconds, rising: the first one at or before the sound's
        beginning, the last one at the time of the last frame or later.
    pace: frames per second of the finished video.

    Gaps are filled with a fixed number of frames each, so the filled sequence is spaced as unevenly
    as the moments are. Each frame of the video is then a mixture of the two of these next to it in
    time. Only the frame nearest to a keyframe is that keyframe unchanged, so that an onset is not
    smeared.
    """

    moments: tuple[Fraction, ...] = ()
    pace: Fraction = Fraction(30)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pace", parse_rate(self.pace))
        super().__post_init__()
        times = self.moments
        if len(times) < 2 or any(late <= early for early, late in pairwise(times)):
            raise SettingsError("The keyframes' times must rise, and be two or more.")
        if len(set(self.ticks)) < len(times):
            raise SettingsError(
                f"Keyframes would be less than 1/{self.fps} s apart; choose longer notes, or fewer "
                "pictures a second."
            )
        if times[0] > 0 or times[-1] < self.time(self.frames - 1):
            raise SettingsError("The keyframes' times must cover the sound.")

    @property
    def rate(self) -> Fraction:
        """Frames per second of the finished video."""
        return self.pace

    @property
    def start(self) -> Fraction:
        """When the first keyframe is, in seconds."""
        return self.moments[0]

    @property
    def painted(self) -> int:
        """Paintings (and guides)."""
        return (self.keyframes - 1) * self.before + 1

    @property
    def keyframes(self) -> int:
        """Keyframes."""
        return len(self.moments)

    @property
    def ticks(self) -> Sequence[int]:
        """Times of the drawn pictures, in units of ``1 / fps`` seconds after the first keyframe."""
        return [round((moment - self.moments[0]) * self.fps) for moment in self.moments]

    @property
    def filled(self) -> Iterator[Fraction]:
        """For each frame of the sequence filled after painting, its position among pictures of all
        ticks, of which number 0 is the first keyframe."""
        ticks, factor = self.ticks, self.before * self.after
        for number in range((self.painted - 1) * self.after + 1):
            whole, part = divmod(number, factor)
            late = ticks[min(whole + 1, len(ticks) - 1)]
            yield ticks[whole] + Fraction((late - ticks[whole]) * part, factor)

    @property
    def places(self) -> Iterator[Fraction]:
        """For each frame of the video, its position in the sequence filled after painting."""
        behind = 1
        for frame in range(self.frames):
            time = self.time(frame)
            while self.moments[behind] < time:
                behind += 1
            early, late = self.moments[behind - 1 : behind + 1]
            way = (time - early) / (late - early)
            if abs(time - (early if way < Fraction(1, 2) else late)) * self.rate <= Fraction(1, 2):
                way = Fraction(round(way))
            yield (behind - 1 + way) * self.before * self.after

    def painting_time(self, painting: int) -> Fraction:
        """The moment of the sound, in seconds, that a painting shows."""
        whole, part = divmod(painting, self.before)
        early, late = self.moments[whole], self.moments[min(whole + 1, self.keyframes - 1)]
        return early + (late - early) * part / self.before


@dataclass(frozen=True)
class Rest(Clock):
    """What is left of a clock from one of its keyframes on. Make one with `Rest.of`.

    whole: the clock. begin: the number of the keyframe. frame: of the whole video, the first one
    that is wanted, or any before those that there are. Times are counted as in the whole, so that
    whatever reads this clock makes the same pictures, without those before.
    """

    whole: Clock = Clock(Fraction(1))
    begin: int = 0
    frame: int = 0

    @classmethod
    def of(cls, whole: Clock, begin: int, frame: int = 0) -> Rest:
        """The rest of a clock from a keyframe on."""
        begin = max(0, min(begin, whole.keyframes - 1))
        if begin * whole.before < whole.unpainted:
            begin = 0
        fields = whole.duration, whole.fps, whole.stride, whole.before, whole.after, whole.first
        return cls(*fields, whole=whole, begin=begin, frame=frame)

    @property
    def rate(self) -> Fraction:
        """Frames per second of the finished video."""
        return self.whole.rate

    @property
    def lead(self) -> int:
        """Frames between the first keyframe and the first frame: none comes before it."""
        return 0

    @property
    def earlier(self) -> int:
        """Paintings before the first one here."""
        return max(0, self.begin * self.before - self.whole.unpainted)

    @property
    def unpainted(self) -> int:
        """Guides at the start that are not painted."""
        return 0 if self.begin else self.whole.unpainted

    @cached_property
    def skipped(self) -> int:
        """Frames of the video before the first one here."""
        first = self.earlier * self.after
        there = sum(1 for _ in takewhile(lambda place: place < first, self.whole.places))
        return max(there, min(self.frame, self.whole.frames - 1))

    @property
    def past(self) -> int:
        """Pictures between the clip's first keyframe and the first one here."""
        return self.whole.ticks[self.begin * self.stride]

    @property
    def frames(self) -> int:
        """Number of frames of the video."""
        return self.whole.frames - self.skipped

    @property
    def painted(self) -> int:
        """Number of paintings (and guides)."""
        return self.whole.painted - self.earlier

    @property
    def keyframes(self) -> int:
        """Keyframes."""
        return self.whole.keyframes - self.begin

    @property
    def start(self) -> Fraction:
        """When the first keyframe here is, in seconds."""
        return self.whole.start + self.past / self.fps

    @property
    def ticks(self) -> Sequence[int]:
        """Times of the drawn pictures, in units of ``1 / fps`` seconds after the first keyframe."""
        past, rest = self.past, self.whole.ticks[self.begin * self.stride :]
        return range(len(rest)) if isinstance(rest, range) else [tick - past for tick in rest]

    @property
    def filled(self) -> Iterator[Fraction]:
        """For each frame of the sequence filled after painting, its position among pictures of all
        ticks, of which number 0 is the first keyframe."""
        rest = islice(self.whole.filled, self.earlier * self.after, None)
        return (position - self.past for position in rest)

    @property
    def places(self) -> Iterator[Fraction]:
        """For each frame of the video, its position in the sequence filled after painting."""
        rest = islice(self.whole.places, self.skipped, None)
        return (place - self.earlier * self.after for place in rest)

    def time(self, frame: int) -> Fraction:
        """The moment of the sound, in seconds, that a frame of the video shows."""
        return self.whole.time(self.skipped + frame)

    def painting_time(self, painting: int) -> Fraction:
        """The moment of the sound, in seconds, that a painting shows."""
        return self.whole.painting_time(self.earlier + painting)
