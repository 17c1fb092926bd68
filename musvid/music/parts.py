"""The parts of a song from what is heard in its beats: where they begin, and which are alike.

A part is heard by what goes on in it, in whatever order: its chords, its instruments, its loudness.
So moments are compared by a kernel of the mean embedding of the bars around them (Gretton et al.,
"A Kernel Two-Sample Test", 2012), which does not mind which chord comes first. Borders are where
the sum of the variances within parts and of a price for every part is the least, found exactly by
dynamic programming (Arlot, Celisse, Harchaoui, "A Kernel Multiple Change-point Algorithm via Model
Selection", 2019). Parts whose distributions are alike get one letter (average linkage), and borders
are moved to the beat at which one letter's beats end and the next one's begin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST = 12
"""Letters of a song, and parts; one of more than six minutes may have a part each half minute."""

SHORTEST = 6.0
"""Seconds of a part."""

_EACH = 30.0  # seconds, of a long song's parts
_PHRASE = 8.0  # seconds of the bars around a moment: the power of two of units closest to it
_CHROMA, _TIMBRE, _LOUDNESS = 0.4, 4.0, 3.0  # widths of kernels; decibels of the last two
_WEIGHTS = 1.0, 1.0, 1.0  # of chroma, timbre and loudness
_FINE = 6.0, 6.0  # decibels: widths of the kernels of timbre and loudness of single units
_FLOOR = 1e-4  # of a band's power, against the loudest units
_SILENT = 1e-3  # power against the loudest units: below it a song has not begun, or is over
_WIDTH = 0.6  # of the kernel over phrases
_PRICE = 0.28  # of a part, in phrases
_LIKE = 0.4  # squared distance of two distributions below which they are one letter
_NEXT = 0.25  # the same for parts that follow each other: a border was found there
_ODD = 0.05  # price of a part that is no multiple of bars, in phrases
_ODD_AT_LAST = 0.03  # the same, when borders are moved
_OFF_BAR = 0.04  # price of a border that is not on the first beat of a bar


@dataclass(frozen=True, eq=False)
class Units:
    """What is heard in stretches of a song that follow each other, such as its beats.

    times: when each begins, in seconds (count,); the first one at 0. end: of the last one.
    power: of bands, in any unit (count, bands). chroma: of pitch classes (count, 12).
    beats: whether they are beats, of which bars are multiples. borders: where a part may begin,
    (count,) booleans; None is anywhere.
    """

    times: Floats
    end: float
    power: Floats
    chroma: Floats
    beats: bool = True
    borders: NDArray[np.bool_] | None = None


def divide(units: Units) -> list[tuple[float, int]]:
    """The parts of a song: the second at which each begins, and the number of its letter, from 0.

    There are as many as `MOST` says at most, each of `SHORTEST` seconds or more; one alone where
    nothing differs.
    """
    heard = _heard(units)
    found = _Search(heard).parts()
    times = [0.0, *(float(heard.times[begin]) for begin, _, _ in found[1:])]
    return [(time, letter) for time, (_, _, letter) in zip(times, found, strict=True)]


def _heard(units: Units) -> Units:
    """The units from the first to the last one that is heard: silence is no part of its own."""
    level = units.power.sum(1)
    loud = np.flatnonzero(level > _SILENT * np.percentile(level, 95))
    if not len(loud) or loud[-1] - loud[0] == len(level) - 1:
        return units
    own, ends = slice(loud[0], loud[-1] + 1), np.append(units.times, units.end)
    return replace(
        units,
        times=units.times[own],
        end=float(ends[loud[-1] + 1]),
        power=units.power[own],
        chroma=units.chroma[own],
        borders=None if units.borders is None else units.borders[own],
    )


class _Search:
    """One search, and what it looks at. All lengths are numbers of units."""

    def __init__(self, units: Units) -> None:
        self._units, self._count = units, len(units.times)
        lengths = np.diff(units.times, append=units.end)
        usual = max(1e-3, float(np.median(lengths)))
        self._phrase = int(2 ** np.clip(np.round(np.log2(_PHRASE / usual)), 2, 6))
        self._least = max(self._phrase // 2, int(np.ceil(0.98 * SHORTEST / usual)))
        self._most = max(MOST, int(units.end / _EACH))
        self._may = np.ones(self._count + 1, bool)
        if units.borders is not None:
            self._may[1:-1] = units.borders[1:]

    def parts(self) -> list[tuple[int, int, int]]:
        """Begin, end and letter of every part."""
        if self._count < 2 * self._least:
            return [(0, self._count, 0)]
        self._listen()
        # A longer song is told in longer parts, up to one of four minutes.
        price = (
            _PRICE * self._phrase * float(np.clip(self._count / (8 * self._phrase), 0.25, 4)) ** 0.5
        )
        while True:
            borders = self._borders(price)
            letters = self._letters(borders)
            merged = _merged(borders, letters)
            if len(merged) <= self._most:
                break
            price *= 1.25
        for _ in range(2):
            merged = self._exact(merged)
        return self._repeated(merged)

    def _listen(self) -> None:
        units, phrase = self._units, self._phrase
        tones = np.maximum(0, units.chroma - np.median(units.chroma, 1, keepdims=True))
        self._tones = tones / np.maximum(1e-9, np.linalg.norm(tones, axis=1, keepdims=True))
        loudest = np.percentile(units.power.sum(1), 95) + 1e-12
        power = units.power / loudest
        harmony = _gauss(self._tones, _CHROMA)
        bar, half = max(1, phrase // 4), max(1, phrase // 8)
        slow = (
            _around(harmony, phrase),
            _around(_gauss(_timbre(_mean(power, half)), _TIMBRE), phrase // 2),
            _around(_gauss(_level(_mean(power, bar)), _LOUDNESS), phrase // 2),
        )
        quick = (harmony, _gauss(_timbre(power), _FINE[0]), _gauss(_level(power), _FINE[1]))
        apart = sum(w * (1 - kernel) for w, kernel in zip(_WEIGHTS, slow, strict=True))
        self._kernel = np.exp(-np.maximum(0, apart) / (sum(_WEIGHTS) * _WIDTH**2))
        self._sums = _summed(self._kernel)
        fine = sum(w * kernel for w, kernel in zip(_WEIGHTS, quick, strict=True))
        self._fine: Floats = np.asarray(fine) / sum(_WEIGHTS)

    def _odd(self, lengths: NDArray[np.int_]) -> Floats:
        """How far lengths are from multiples of a bar, of two bars, and of a phrase: 0 to 1.1."""
        if not self._units.beats:
            return np.zeros(len(lengths))
        phrase = self._phrase
        shares = ((phrase // 4, 0.5), (phrase // 2, 0.3), (phrase, 0.3))
        return np.asarray(sum(part * (lengths % whole != 0) for whole, part in shares), float)

    def _borders(self, price: float) -> list[int]:
        """Ends of parts, from 0 to the number of units, at which the least is to be paid."""
        count, sums = self._count, self._sums
        diagonal = np.concatenate([[0], np.cumsum(np.diag(self._kernel))])
        best, before = np.full(count + 1, np.inf), np.zeros(count + 1, int)
        best[0] = 0
        for end in range(self._least, count + 1):
            begins = np.flatnonzero(self._may[: end - self._least + 1])
            if not self._may[end]:
                continue
            lengths = end - begins
            inside = sums[end, end] - 2 * sums[begins, end] + sums[begins, begins]
            spread = diagonal[end] - diagonal[begins] - inside / lengths
            odd = _ODD * self._phrase * self._odd(lengths) * (begins > 0) * (end < count)
            total = best[begins] + spread + price + odd
            least = int(total.argmin())
            best[end], before[end] = total[least], begins[least]
        ends = [count]
        while ends[-1]:
            ends.append(int(before[ends[-1]]))
        return ends[::-1]

    def _letters(self, borders: list[int]) -> list[int]:
        """A number for every part between borders; parts that are alike have the same one."""
        corners = self._sums[np.ix_(borders, borders)]
        lengths = np.diff(borders)
        means = np.diff(np.diff(corners, axis=0), axis=1) / np.outer(lengths, lengths)
        own = np.diag(means)
        apart = own[:, None] + own[None] - 2 * means  # of the distributions, squared
        following = np.abs(np.subtract.outer(range(len(lengths)), range(len(lengths)))) == 1
        apart = np.where(following & (apart > _NEXT), 9.0, apart)
        groups = [[part] for part in range(len(lengths))]
        while len(groups) > 1:
            pairs = [
                (float(apart[np.ix_(groups[late], groups[early])].mean()), late, early)
                for late in range(len(groups))
                for early in range(late)
            ]
            distance, late, early = min(pairs)
            if distance > _LIKE and len(groups) <= MOST:
                break
            groups[early] += groups.pop(late)
        number = {part: min(group) for group in groups for part in group}
        order = sorted(set(number.values()))
        return [order.index(number[part]) for part in range(len(lengths))]

    def _exact(self, parts: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """The parts with every border at the unit where one letter ends and the next begins."""
        if len(parts) < 2:
            return parts
        letter = np.repeat([part[2] for part in parts], [end - begin for begin, end, _ in parts])
        masks = [letter == each for each in range(letter.max() + 1)]
        # How near each unit is to each letter's mean, but for what is the same for all letters.
        near = np.stack(
            [
                2 * self._fine[:, mask].mean(1) - self._fine[np.ix_(mask, mask)].mean()
                for mask in masks
            ],
            1,
        )
        gained = np.concatenate([np.zeros((1, near.shape[1])), near.cumsum(0)])
        first, sure = self._downbeat()
        bar, reach = min(4, self._phrase // 4), 3 * self._phrase // 4
        borders = [0]
        for (_, border, old), (_, end, new) in pairwise(parts):
            low, high = (
                max(borders[-1] + self._least, border - reach),
                min(end - self._least, border + reach),
            )
            places = np.arange(low, high + 1)
            places = places[self._may[places]] if len(places) else places
            if not len(places):
                borders.append(border)
                continue
            score = gained[places, old] - gained[places, new]
            score -= _OFF_BAR * sure * self._phrase * ((places - first) % bar != 0)
            if len(borders) > 1:  # a song may begin with less than a bar
                score -= _ODD_AT_LAST * self._phrase * self._odd(places - borders[-1])
            borders.append(int(places[score.argmax()]))
        ends = [*borders[1:], self._count]
        return [
            (begin, end, part[2]) for begin, end, part in zip(borders, ends, parts, strict=True)
        ]

    def _downbeat(self) -> tuple[int, float]:
        """Which of a bar's beats chords change with, and how sure that is, 0 to 1."""
        bar = min(4, self._phrase // 4)
        if bar < 2 or not self._units.beats:
            return 0, 0.0
        pairs = _mean(self._tones, 2)[: self._count]  # of a unit and the one before it
        pairs /= np.maximum(1e-9, np.linalg.norm(pairs, axis=1, keepdims=True))
        change = np.zeros(self._count)
        change[2:-1] = 1 - (pairs[1:-2] * pairs[3:]).sum(1)
        means = np.array([change[phase::bar].mean() for phase in range(bar)])
        sure = means.max() / max(1e-9, float(means.mean())) - 1
        return int(means.argmax()), float(np.clip(sure, 0, 1))

    def _repeated(self, parts: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """The parts, of which one that takes two or three times as long as it does elsewhere is so
        many."""
        bar = max(1, self._phrase // 4)
        made: list[tuple[int, int, int]] = []
        for number, (begin, end, letter) in enumerate(parts):
            others = [
                last - first
                for other, (first, last, same) in enumerate(parts)
                if same == letter and other != number
            ]
            times = round((end - begin) / min(others)) if others else 1
            cuts: list[int] = []
            if 2 <= times <= 3 and abs(end - begin - times * min(others)) <= bar:
                # A song may begin with less than a bar, and end later than its last one.
                piece, may = max(bar, round(min(others) / bar) * bar), np.flatnonzero(self._may)
                steps = range(1, times)
                cuts = [
                    end - piece * (times - step) if not number else begin + piece * step
                    for step in steps
                ]
                cuts = [int(may[np.abs(may - cut).argmin()]) for cut in cuts]
            made += [(*span, letter) for span in pairwise([begin, *cuts, end])]
        return made if len(made) <= self._most else parts


def _merged(borders: list[int], letters: list[int]) -> list[tuple[int, int, int]]:
    """Begin, end and letter of the parts between borders; neighbours of one letter are one."""
    spans = zip(pairwise(borders), letters, strict=True)
    runs = [(letter, list(run)) for letter, run in groupby(spans, key=lambda each: each[1])]
    return [(run[0][0][0], run[-1][0][1], letter) for letter, run in runs]


def _mean(values: Floats, width: int) -> Floats:
    """The mean over so many rows around each, at the ends of the first and last one."""
    before = width // 2
    padded = np.pad(values, ((before, width - 1 - before), (0, 0)), mode="edge")
    sums = np.cumsum(np.concatenate([np.zeros((1, values.shape[1])), padded]), axis=0)
    return np.asarray(sums[width:] - sums[:-width]) / width


def _level(power: Floats) -> Floats:
    """Decibels of the sum of all bands, (count, 1)."""
    return np.asarray(10 * np.log10(np.maximum(0, power.sum(1, keepdims=True)) + 1e-4))


def _timbre(power: Floats) -> Floats:
    """Decibels of each band against all of them; their distance is a root mean square."""
    decibels = 10 * np.log10(np.maximum(0, power) + _FLOOR)
    decibels -= decibels.mean(1, keepdims=True)
    return np.asarray(decibels / np.sqrt(power.shape[1]))


def _gauss(values: Floats, width: float) -> Floats:
    """The Gaussian kernel of rows with each other, (count, count)."""
    squares = (values**2).sum(1)
    apart = squares[:, None] + squares[None] - 2 * values @ values.T
    return np.asarray(np.exp(-np.maximum(0, apart) / (2 * width**2)))


def _summed(kernel: Floats) -> Floats:
    """Sums of all rows and columns before each, (count + 1, count + 1)."""
    return np.asarray(np.pad(kernel, ((1, 0), (1, 0))).cumsum(0).cumsum(1))


def _around(kernel: Floats, width: int) -> Floats:
    """The cosine between the means, in the kernel's space, of so many units around each."""
    count = len(kernel)
    low = np.maximum(0, np.arange(count) - width // 2)
    high = np.minimum(count, np.arange(count) + width - width // 2)
    sums = _summed(kernel)
    inside = (
        sums[np.ix_(high, high)]
        - sums[np.ix_(low, high)]
        - sums[np.ix_(high, low)]
        + sums[np.ix_(low, low)]
    ) / np.outer(high - low, high - low)
    long = np.sqrt(np.diag(inside))
    return np.asarray(inside / np.outer(long, long))
