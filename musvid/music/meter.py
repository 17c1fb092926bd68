"""Which pulse is the beat, and where bars begin: every reading of a song is weighed at once.

A reading says how long a beat is (a whole ratio of a pulse that was followed), how many beats a
bar has, whether beats are halved or divided in three, and when a bar begins. For each, curves of
`musvid.music.bands` are correlated with what the reading expects: low onsets on the first beat,
snares on the others, changes of harmony and bass with the bar. What a song shows weighs more than
how usual a tempo or a metre is, which only decides between readings that fit it alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import pulse
from .bands import Bands
from .spectra import STEP

Floats = NDArray[np.float64]

PULSES = 5
"""Pulses that are followed and read, at most."""

RATIOS = tuple(
    Fraction(*ratio)
    for ratio in ((1, 2), (2, 3), (3, 4), (1,), (4, 3), (3, 2), (2,), (8, 3), (3,), (4,), (6,))
)
"""Lengths of a beat in pulses."""

FASTEST, SLOWEST = 0.29, 1.5
"""Seconds of a beat that is looked for."""


@dataclass(frozen=True)
class Metre:
    """Beats of a bar, and the parts of a beat: 2, or 3 in compound metres and in swing."""

    beats: int
    parts: int


METRES = (Metre(4, 2), Metre(4, 3), Metre(3, 2), Metre(3, 3), Metre(2, 3))

_COMBS = ("beat", "down", "strong", "back", "part", "fine")
"""Where a reading expects something: at all beats, at the first of a bar, at the strong ones (1 and
3 of four), at the others, and at parts and quarters of beats."""
_EXPECTED: dict[str, tuple[str, ...]] = {
    "low": ("beat", "down", "strong", "back", "part", "fine"),
    "middle": ("beat", "down", "back", "part", "fine"),
    "high": ("beat", "back", "part", "fine"),
    "all": ("beat", "down", "part", "fine"),
    "deep": ("beat", "down", "strong", "back", "part", "fine"),
    "loud": ("beat", "down", "strong", "back", "part", "fine"),
    "harmony": ("beat", "down", "strong"),
    "phrase": ("down", "strong"),
    "bass": ("beat", "down", "strong"),
}
"""Curves, and what each is correlated with."""
_ALIKE = ("low", "middle", "all", "deep", "loud", "harmony", "bass")
"""Curves that are compared with themselves a bar, half a bar and a beat later."""
EVIDENCE = (
    *(f"{curve} at {comb}" for curve, combs in _EXPECTED.items() for comb in combs),
    *(f"{curve} after {lag}" for curve in _ALIKE for lag in ("bar", "half", "beat")),
    *(f"metre {metre.beats}x{metre.parts}" for metre in METRES[1:]),
    *("slow", "slow squared"),
)
"""What is known of a reading, by name: correlations, its metre, and octaves by which it is slower
than 120 beats a minute."""
WEIGHTS = Path(__file__).parents[1] / "weights" / "metre.json"
"""How much each counts, as `musvid.training.metre` has found."""

_FAINT = dict.fromkeys(("harmony", "phrase", "bass"), 0.01) | dict.fromkeys(("deep", "loud"), 1e-4)
"""Deviations below which curves say nothing but noise; of the others, in decibels, `_QUIET`."""
_QUIET = 0.3
_WIDTH = 0.022  # seconds: standard deviation of a comb's tooth
_CELL = 0.022  # seconds between the samples of a reading, about


@dataclass(frozen=True, eq=False)
class Readings:
    """All readings of one song, item i of each array being reading i.

    evidence: (count, `len(EVIDENCE)`). length: the median beat in seconds. metre: an index of
    `METRES`. track: which pulse it stands on, and its ratio (an index of `RATIOS`). first: the
    place of a bar's beginning, in pulses. tracks: the times of the pulses.
    """

    evidence: Floats
    length: Floats
    metre: NDArray[np.int_]
    track: NDArray[np.int_]
    ratio: NDArray[np.int_]
    first: Floats
    tracks: list[Floats]

    def times(self, number: int) -> tuple[Floats, int]:
        """The beats of a reading in seconds, and the number of the first one that begins a bar."""
        track, ratio = self.tracks[self.track[number]], float(RATIOS[self.ratio[number]])
        first, bar = self.first[number], METRES[self.metre[number]].beats
        before = int(first / ratio + 1e-6)
        after = int((len(track) - 1 - first) / ratio + 1e-6)
        places = first + ratio * np.arange(-before, after + 1)
        return np.interp(places, np.arange(len(track)), track), before % bar


@dataclass(frozen=True)
class Read:
    """A reading. times: of all beats, in seconds. first: the number of the first beat that begins
    a bar. bar: beats of a bar. sure: how much likelier these bars are than other ones with the
    same beats, 0 to 1."""

    times: Floats
    first: int
    bar: int
    sure: float


def read(bands: Bands, length: float | None = None) -> Read | None:
    """The likeliest reading of a song, or None where nothing keeps up a pulse.

    length: seconds of a beat, where that is known.
    """
    found = readings(bands, length)
    if found is None:
        return None
    likely = score(found.evidence)
    best = int(likely.argmax())
    times, first = found.times(best)
    chance = np.exp(likely - likely[best])
    # Other readings that have this beat at this phase.
    beat = found.length[best]
    bar = METRES[found.metre[best]].beats
    middle = times[len(times) // 2]
    same = np.abs(found.length / beat - 1) < 0.02
    agree, total = 0.0, 0.0
    for number in np.flatnonzero(same & (chance > 1e-4)):
        others, begins = found.times(int(number))
        near = int(np.abs(others - middle).argmin())
        off = abs(others[near] - middle)
        if off > 0.1 * beat:
            continue
        total += chance[number]
        own = METRES[found.metre[number]].beats
        placed = (near - begins) % own == (len(times) // 2 - first) % bar
        agree += chance[number] * (own == bar and placed)
    return Read(times, first, bar, agree / max(total, 1e-12))


def score(evidence: Floats) -> Floats:
    """How likely readings are, as logarithms, but for a constant: (count,)."""
    weights = _weights()
    hidden = np.tanh(evidence @ weights.hidden + weights.bias)
    return np.asarray(evidence @ weights.direct + hidden @ weights.out)


@dataclass(frozen=True, eq=False)
class Weights:
    """A network of one layer beside a sum. direct: (evidence,). hidden: (evidence, units). bias,
    out: (units,)."""

    direct: Floats
    hidden: Floats
    bias: Floats
    out: Floats


@cache
def _weights() -> Weights:
    told = json.loads(WEIGHTS.read_text())
    rows = np.array([told["evidence"][name] for name in EVIDENCE])
    return Weights(rows[:, 0], rows[:, 1:], np.array(told["bias"]), np.array(told["out"]))


def readings(bands: Bands, length: float | None = None) -> Readings | None:
    """Every reading of a song on the pulses that it keeps up, with the evidence for each."""
    onsets = pulse.strength(bands)
    if length is None:
        lengths = pulse.lengths(onsets, PULSES)
    else:
        lengths = [length if length < 1.0 else length / 2]
    tracks: list[Floats] = []
    found: list[tuple[Floats, Floats]] = []  # evidence, and where the first bar begins
    about: list[tuple[float, int, int, int]] = []  # beat, metre, track and ratio of each of these
    for seconds in lengths:
        track = pulse.follow(onsets, seconds)
        if len(track) < 8:
            continue
        usual = float(np.median(np.diff(track)))
        for number, ratio in enumerate(RATIOS):
            beat = usual * float(ratio)
            usable = FASTEST <= beat <= SLOWEST
            fits = usable if length is None else abs(beat / length - 1) < 0.03
            if fits and len(track) / ratio >= 8:
                for metre, evidence, first in _of_beat(bands, track, float(ratio), beat):
                    found.append((evidence, first))
                    about.append((beat, metre, len(tracks), number))
        tracks.append(track)
    if not found:
        return None
    sizes = [len(first) for _, first in found]
    beats, metres, owners, numbers = (np.repeat(each, sizes) for each in zip(*about, strict=True))
    evidence, firsts = (np.concatenate(each) for each in zip(*found, strict=True))
    return Readings(evidence, beats, metres, owners, numbers, firsts, tracks)


def _of_beat(
    bands: Bands, track: Floats, ratio: float, beat: float
) -> Iterator[tuple[int, Floats, Floats]]:
    """The readings whose beat is so many pulses: of each metre its index, the evidence, and where,
    in pulses, the first bar begins."""
    cells = 12 * max(1, round(beat / 12 / _CELL))
    count = int((len(track) - 1) / ratio) * cells
    places = np.arange(count + 1) * ratio / cells
    edges = np.interp(places - 0.5 / cells, np.arange(len(track)), track)
    curves = {name: _sampled(curve, edges) for name, curve in bands.curves.items()}
    slow = np.log2(beat / 0.5)
    for number, metre in enumerate(METRES):
        size = metre.beats * cells
        if count >= 2 * size:
            same = [
                _alike(curves[name], lag, _FAINT.get(name, _QUIET))
                for name in _ALIKE
                for lag in (size, size // 2, cells)
            ]
            same += [float(number == other) for other in range(1, len(METRES))]
            same += [slow, slow**2]
            own = _expected(curves, _combs(metre, cells, _WIDTH / beat * cells), size)
            yield number, np.hstack([own, np.tile(same, (size, 1))]), places[:size]


def _expected(curves: dict[str, Floats], combs: dict[str, Floats], size: int) -> Floats:
    """How well curves fit what is expected from each cell of a bar on: (size, correlations)."""
    fits = []
    for name, expected in _EXPECTED.items():
        folded = _folded(curves[name], size)
        spread = float(np.hypot(curves[name].std(), _FAINT.get(name, _QUIET)))
        fits += [_matched(folded, combs[kind], spread) for kind in expected]
    return np.stack(fits, 1)


def _sampled(curve: Floats, edges: Floats) -> Floats:
    """Means of a curve between edges in seconds."""
    sums = np.concatenate([[0.0], np.cumsum(curve)])
    # Value i stands for the half step at either side of i * STEP.
    at = np.interp(edges / STEP + 0.5, np.arange(len(sums)), sums)
    return np.asarray(np.diff(at) / np.maximum(np.diff(edges) / STEP, 1e-9))


def _combs(metre: Metre, cells: int, width: float) -> dict[str, Floats]:
    """What a bar expects, by `_COMBS`: teeth at cells, of mean 0 and deviation 1."""
    beats = range(metre.beats)
    strong = [0, 2] if metre.beats == 4 else [0]
    parts = [step / metre.parts for step in range(1, metre.parts)]
    fine = (0.25, 0.75) if metre.parts == 2 else (1 / 6, 0.5, 5 / 6)
    places: tuple[Sequence[float], ...] = (
        beats,
        [0],
        strong,
        [beat for beat in beats if beat not in strong],
        [beat + part for beat in beats for part in parts],
        [beat + part for beat in beats for part in fine],
    )
    combs = (_comb(each, metre.beats, cells, width) for each in places)
    return dict(zip(_COMBS, combs, strict=True))


def _comb(places: Sequence[float], beats: int, cells: int, width: float) -> Floats:
    size = beats * cells
    away = (np.arange(size)[:, None] - np.array(places)[None] * cells + size / 2) % size - size / 2
    comb = np.exp(-0.5 * (away / width) ** 2).sum(1)
    comb -= comb.mean()
    return np.asarray(comb / comb.std())


def _folded(values: Floats, size: int) -> Floats:
    """The mean bar of values, each bar `size` of them, the last one whole or not."""
    whole = -(-len(values) // size) * size
    sums = np.pad(values, (0, whole - len(values))).reshape(-1, size).sum(0)
    counts = np.pad(np.ones(len(values)), (0, whole - len(values))).reshape(-1, size).sum(0)
    return np.asarray(sums / counts)


def _matched(folded: Floats, comb: Floats, spread: float) -> Floats:
    """The correlation of a curve with a comb that begins at each cell of the bar."""
    product = np.fft.rfft(folded) * np.conj(np.fft.rfft(comb))
    return np.asarray(np.fft.irfft(product, len(folded)) / len(folded) / spread)


def _alike(values: Floats, lag: int, faint: float) -> float:
    """The correlation of a curve with itself, so many cells later."""
    early, late = values[:-lag] - values.mean(), values[lag:] - values.mean()
    sizes = np.sqrt(((early**2).mean() + faint**2) * ((late**2).mean() + faint**2))
    return float((early * late).mean() / sizes)
