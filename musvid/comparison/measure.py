"""Three figures for a video and its sound, each from 0 to 1, that a reader can check.

With x[i] the luminance of picture i (Rec. 709, 0 to 1, reduced to at most `GRID` x `GRID` cells by
their means), c[i] the root mean square over the cells of x[i] - x[i-1], and o[i] the onset strength
of the sound at the moment when picture i appears:

**response**
    Pearson's correlation of c and o, at the lag within `LAGS` pictures where it is highest; 0 where
    it is negative, and where nothing moves or sounds. ``lag`` is that lag in milliseconds, above 0
    where the picture comes later than the sound. The best of seven lags is a little above 0 by
    chance: about 0.07 for 12 s of noise.
**smoothness**
    1 - J / 4 with J = sum |x[i+1] - 2 x[i] + x[i-1]|² / sum |x[i+1] - x[i]|². J is 0 for uniform
    motion, 3 for pictures that have nothing to do with each other, and 4, which it cannot exceed,
    for two that alternate. A still video has 1. It depends on the picture rate: compare videos of
    the same one.
**pulse**
    Between two keyframes a fade changes the picture evenly; what shows is the kink at the keyframe.
    So: with s[i] the root mean square of x[i+1] - 2 x[i] + x[i-1], the share of the variance of s
    that is explained by where i lies in the period of the keyframes (eta squared). s is divided by
    its mean over four periods around i first, so that loud and quiet passages count alike. Left out
    of the account is what a shorter rhythm within the period explains (every second picture, where
    gaps are filled twofold after painting: that is jitter, which smoothness tells), and what chance
    explains. 0 for a period of 1, and for less than three periods.

Layers: `musvid.music.onsets.onset_strength` (sound), `measure_frames` (pictures), `measure` (a
video file).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from .. import _validate
from ..frame import Frame
from ..music.onsets import onset_strength
from ..recipe import Recipe
from ..song import Song
from ..video import file as video
from ..video.settings import load_settings

GRID = 64
"""Cells along each side of a picture, at most, that are compared."""

LAGS = 3
"""Pictures by which the picture may come earlier or later than the sound."""

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32) / 255
_STILL = 1e-6  # root mean square of a change that is none: a 255th of a level of 8 bits
_SPAN = 4  # periods over which the loudness of a change is evened out
_QUIET = 0.1  # of the mean change: a passage below it is not raised further


@dataclass(frozen=True)
class Measures:
    """How a video goes with its sound; see the module for the definitions.

    response, smoothness, pulse: 0 to 1. lag: milliseconds, above 0 where the picture comes later
    than the sound; 0 where there is no response.
    """

    response: float
    lag: float
    smoothness: float
    pulse: float

    @property
    def score(self) -> float:
        """response * smoothness * (1 - pulse): 0 as soon as one of the three factors is 0."""
        return self.response * self.smoothness * (1 - self.pulse)


def measure(
    path: str | os.PathLike[str], song: Song | None = None, *, period: int | None = None
) -> Measures:
    """Measure a video file.

    song: what to measure it against, from its first picture on; by default the video's own sound.
    period: pictures from keyframe to keyframe; by default before * after of the settings that
        musvid stored in the video, times how often each frame is shown.

    Raises SongError when it has no sound, SettingsError when it has no pictures, or when its period
    is neither given nor stored.
    """
    path = Path(path)
    song = song or Song.open(path)
    recipe = load_settings(path) if period is None else Recipe()
    rate = video.facts(path).rate
    if period is None:
        period = recipe.before * recipe.after
        if recipe.motion_fps:
            period *= max(1, round(rate * recipe.stride / (recipe.fps * period)))
    onsets = onset_strength(song, rate, int(song.duration * rate) + 1)
    return measure_frames(video.read(path), onsets, rate, period)


def measure_frames(
    frames: Iterable[Frame], onsets: np.ndarray, rate: Fraction | float, period: int
) -> Measures:
    """Measure pictures against onsets.

    frames: uint8 arrays (height, width, 3), all of one size; two of them are held at a time.
    onsets: onset strength at the moment of each picture, see `onset_strength`; where there are more
        pictures or more onsets, the rest is left out of the response.
    rate: pictures per second. period: pictures from keyframe to keyframe, from 1 on.

    Raises SettingsError when the period is no such number.
    """
    _validate.whole("period", period, 1, 10**6)
    changes, kinks = _motion(frames)
    response, lag = _response(changes, np.asarray(onsets, float)[1:])
    return Measures(
        response, 1000 * lag / float(rate), _smoothness(changes, kinks), _pulse(kinks, period)
    )


def _motion(frames: Iterable[Frame]) -> tuple[np.ndarray, np.ndarray]:
    """Root mean squares of the first differences of pictures, and of the second ones."""
    changes: list[float] = []
    kinks: list[float] = []
    picture: np.ndarray | None = None
    change: np.ndarray | None = None
    for frame in frames:
        before, picture = picture, _reduced(frame)
        if before is None:
            continue
        last, change = change, picture - before
        changes.append(_rms(change))
        if last is not None:
            kinks.append(_rms(change - last))
    return np.array(changes), np.array(kinks)


def _rms(values: np.ndarray) -> float:
    root = float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
    return root if root > _STILL else 0.0


def _reduced(frame: Frame) -> np.ndarray:
    """Luminance, 0 to 1, as the means of at most `GRID` x `GRID` cells."""
    sums: np.ndarray = frame
    areas: np.ndarray | float = 1.0
    for axis in (0, 1):
        side = frame.shape[axis]
        edges = np.linspace(0, side, min(GRID, side) + 1).round().astype(int)
        sums = np.add.reduceat(sums, edges[:-1], axis, dtype=np.uint32)
        areas = areas * np.diff(edges).reshape((-1, 1) if axis == 0 else (1, -1))
    return (sums @ _LUMA / areas).astype(np.float32)


def _response(changes: np.ndarray, onsets: np.ndarray) -> tuple[float, float]:
    """The highest correlation within `LAGS` pictures, and its lag in pictures."""
    count = min(len(changes), len(onsets))
    changes, onsets = changes[:count], onsets[:count]
    lags = [lag for lag in range(-LAGS, LAGS + 1) if count - abs(lag) >= 3]
    found = [
        _correlation(changes[max(0, lag) : count + min(0, lag)],
                     onsets[max(0, -lag) : count + min(0, -lag)])
        for lag in lags
    ]  # fmt: skip
    if not found or max(found) <= 0:
        return 0.0, 0.0
    best = int(np.argmax(found))
    lag = float(lags[best])
    if 0 < best < len(found) - 1:  # the top of the parabola through three
        left, top, right = found[best - 1 : best + 2]
        lag += 0.5 * (left - right) / (left - 2 * top + right)
    return min(1.0, found[best]), lag


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / scale if scale > 1e-12 else 0.0


def _smoothness(changes: np.ndarray, kinks: np.ndarray) -> float:
    energy = float(changes @ changes)
    return 1.0 - min(1.0, float(kinks @ kinks) / energy / 4) if energy else 1.0


def _pulse(kinks: np.ndarray, period: int) -> float:
    """The share of the kinks' variance that the phase explains and no shorter period does.

    Chance is left out as in an adjusted R²: each variance is divided by its degrees of freedom.
    """
    if period == 1 or len(kinks) < 3 * period or not kinks.any():
        return 0.0
    # A mean over whole periods, whatever phase it begins with: the two ends count half.
    window = np.ones(_SPAN * period + 1)
    window[[0, -1]] = 0.5
    half = _SPAN * period // 2
    around = np.convolve(kinks, window)[half : half + len(kinks)]
    there = np.convolve(np.ones(len(kinks)), window)[half : half + len(kinks)]
    even = kinks / np.maximum(around / there, _QUIET * kinks.mean())
    shorter = [part for part in range(1, period // 2 + 1) if period % part == 0]
    unexplained = min(_rest(even, part) for part in shorter)
    if unexplained <= 1e-12:
        return 0.0
    return float(np.clip(1 - _rest(even, period) / unexplained, 0, 1))


def _rest(values: np.ndarray, period: int) -> float:
    """The residual variance around the mean of each phase of a period."""
    squares = sum(
        float(np.sum((phase - phase.mean()) ** 2))
        for phase in (values[first::period] for first in range(period))
    )
    return squares / max(1, len(values) - period)
