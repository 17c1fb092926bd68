"""Pulses that a song keeps up: how long they may be, and when each of them comes.

A pulse is any even movement, not yet a beat: eighths, beats, half bars. One that is followed from
onset to onset stretches time so that the others, which stand in whole ratios to it, are even, too;
`musvid.music.meter` then asks which of them is the beat.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bands import Bands
from .spectra import STEP

Floats = NDArray[np.float64]

_SHORTEST, _LONGEST = 0.17, 0.8  # seconds of a pulse; of a sparse song, twice as long
_STRETCH = 10.0  # seconds whose autocorrelations are averaged: a tempo may wander over the rest
_APART = 0.04  # part by which two pulses differ at least
_TIGHT = 150.0  # what it costs to leave a pulse: this times the square of log(length / pulse)
_SMOOTH = 3  # pulses at either side through which a line is laid


def strength(bands: Bands) -> Floats:
    """How strongly anything begins, with low, middle and high pitches of one weight."""
    total = np.zeros(len(bands))
    for name, weight in (("low", 1.0), ("middle", 0.7), ("high", 0.5), ("all", 1.0)):
        curve = bands.curves[name]
        total += weight * curve / max(float(curve.std()), 1e-9)
    return np.asarray(np.minimum(total, np.percentile(total, 99.5)))


def lengths(onsets: Floats, most: int) -> list[float]:
    """Seconds of the pulses that a song's onsets keep up best, the best first; `most` at most."""
    window = min(len(onsets), round(_STRETCH / STEP))
    longest = round(2 * _LONGEST / STEP)
    if window < 2 * round(_SHORTEST / STEP):
        return []
    total = np.zeros(longest + 1)
    for first in range(0, max(1, len(onsets) - window + 1), max(1, window // 2)):
        part = onsets[first : first + window] - onsets[first : first + window].mean()
        spectrum = np.fft.rfft(part, 2 * window)
        like = np.fft.irfft(np.abs(spectrum) ** 2)[: longest + 1]
        like = np.pad(like, (0, longest + 1 - len(like)))
        # Long lags have fewer pairs.
        total += like / np.maximum(1, window - np.arange(longest + 1)) * window
    total = np.convolve(total, [0.25, 0.5, 0.25], "same")
    return _peaks(total, _LONGEST)[:most] or _peaks(total, 1.9 * _LONGEST)[:most]


def _peaks(total: Floats, longest: float) -> list[float]:
    """Seconds of the lags, `longest` at most, at which an autocorrelation is highest, in turn."""
    low, high = round(_SHORTEST / STEP), round(longest / STEP)
    inner = total[low : high + 1]
    peaks = np.flatnonzero((inner > total[low - 1 : high]) & (inner >= total[low + 1 : high + 2]))
    peaks = peaks[inner[peaks] > 0] + low
    found: list[float] = []
    for peak in sorted(peaks, key=lambda peak: -total[peak]):
        left, middle, right = total[peak - 1 : peak + 2]
        bend = left - 2 * middle + right
        exact = (peak + (0.5 * (left - right) / bend if bend < 0 else 0.0)) * STEP
        if all(abs(exact / other - 1) > _APART for other in found):
            found.append(float(exact))
    return found


def follow(onsets: Floats, length: float) -> Floats:
    """Times in seconds of a pulse of about so many seconds, from the first to the last second.

    By dynamic programming (Ellis, "Beat Tracking by Dynamic Programming", 2007): the path through
    strong onsets whose steps leave the length least. Then each time is taken from a line through
    its neighbours, and the pulse is continued to both ends.
    """
    period = length / STEP
    shape = np.exp(-0.5 * (np.arange(-round(period), round(period) + 1) * 32 / period) ** 2)
    local = np.convolve(onsets / max(float(onsets.std()), 1e-9), shape, "same")
    local = local[: len(onsets)]
    steps = np.arange(round(0.7 * period), round(1.45 * period) + 1)
    cost = -_TIGHT * np.log(steps / period) ** 2
    reach, count = int(steps[-1]), len(local)
    score = np.concatenate([np.zeros(reach), local])
    came = np.full(count, -1)
    # All steps reach back beyond a block, so that its moments do not know of each other.
    size = int(steps[0])
    weak = 0.01 * float(local.max(initial=0.0))
    begun = False
    for first in range(0, count, size):
        own = np.arange(first, min(count, first + size))
        before = own[:, None] + reach - steps[None]
        choices = score[before] + cost
        best = choices.argmax(1)
        gain = choices[np.arange(len(own)), best]
        score[own + reach] = local[own] + gain
        came[own] = own - steps[best]
        if not begun:  # before the music there is no pulse
            quiet = np.cumsum(local[own] > weak) == 0
            came[own[quiet]] = -1
            begun = not quiet.all()
    tail = score[reach:][-max(1, round(period)) :]
    at = count - len(tail) + int(tail.argmax())
    path = [at]
    while came[at] >= 0:
        at = int(came[at])
        path.append(at)
    times = np.array(path[::-1], np.float64) * STEP
    return _continued(_smooth(times), count * STEP) if len(times) > 3 else times


def _smooth(times: Floats) -> Floats:
    """Each time as the line through it and its neighbours has it."""
    around = min(_SMOOTH, (len(times) - 1) // 2)
    width = 2 * around + 1
    windows = np.lib.stride_tricks.sliding_window_view(times, width)
    places = np.arange(width) - around
    slopes = windows @ places / (places**2).sum()
    middles = windows.mean(1)
    ahead = middles[0] + slopes[0] * places[:around]
    behind = middles[-1] + slopes[-1] * places[around + 1 :]
    return np.concatenate([ahead, middles, behind])


def _continued(times: Floats, end: float) -> Floats:
    """A pulse from second 0 to the end."""
    first, last = np.diff(times[:9]).mean(), np.diff(times[-9:]).mean()
    before = times[0] - first * np.arange(int(max(0.0, times[0]) / first), 0, -1)
    after = times[-1] + last * np.arange(1, int(max(0.0, end - times[-1]) / last) + 1)
    return np.concatenate([before, times, after])
