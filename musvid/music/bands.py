"""What beats are found by: where notes begin in low, middle and high pitches, and where harmony
and bass change.

All are curves with one value every `HOP` samples (12 ms), made block by block: of a song, only the
curves are kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import SongError
from ..song import Song
from . import onsets, spectra
from . import samples as sound
from .spectra import HOP

Floats = NDArray[np.float64]

NAMES = ("low", "middle", "high", "all", "deep", "loud", "harmony", "phrase", "bass")
"""The curves, see `Bands`."""

_BACK = 2  # windows over which power rises
_FLOOR = 1e-5  # of the magnitude of a sine at full scale: nothing rises below it
_SPLITS = (30.0, 150.0, 400.0, 4000.0, 10_000.0)  # Hz: low; in between; middle; high
_SLOW, _SLOW_HOP = 4096, 4 * HOP  # windows in which pitches are told apart, every 46 ms
_BORDER = 16 * _SLOW_HOP
_NEAR, _FAR = 0.35, 1.1  # seconds before and behind a moment whose harmony is compared
_LOWEST, _HIGHEST = 48, 96  # pitches (MIDI's numbers) of which chroma is made
_DEEPEST, _DEEP = 27.0, 220.0  # Hz in which a bass is looked for


@dataclass(frozen=True, eq=False)
class Bands:
    """Curves of a song's part, float64 (count,) each, none below 0, the first value at second 0.

    curves: by name. "low" (30 to 150 Hz: kicks and basses), "middle" (400 Hz to 4 kHz: snares,
    chords) and "high" (4 to 10 kHz: hats): how much the power rises in decibels. "all": their
    mean. "deep" (30 to 150 Hz) and "loud" (all pitches): how much the root of the magnitude rises,
    which tells a loud note from a soft one, where decibels tell a note from silence. "harmony" and
    "phrase": how far the pitch classes of the next 0.35 s (1.1 s) are from those of the last, 0 to
    1. "bass": the same for the spectrum below 220 Hz and 0.35 s.
    fine: where exactly notes begin, a value every 1.5 ms, see `onsets.fine_envelope`.
    """

    curves: dict[str, Floats]
    fine: Floats

    def __len__(self) -> int:
        return len(self.curves["all"])


def listen(song: Song) -> Bands:
    """The curves of a song's part, decoded in blocks.

    Raises SongError when the part is too short to have any, and FFmpegError.
    """
    rises: list[NDArray[np.float32]] = []
    tones: list[NDArray[np.float32]] = []
    deeps: list[NDArray[np.float32]] = []
    fine: list[Floats] = []
    for block, before in sound.blocks(song, border=_BORDER):
        end = min(len(block), before + sound.BLOCK)
        first, last = before // onsets.FINE, -(-end // onsets.FINE)
        fine.append(onsets.fine_envelope(block)[first:last])
        rises.append(_rises(block)[before // HOP : -(-end // HOP)])
        chroma, deep = _pitches(block)
        own = slice(before // _SLOW_HOP, -(-end // _SLOW_HOP))
        tones.append(chroma[own])
        deeps.append(deep[own])
    if not rises:
        raise SongError(f"{song.path.name} is too short to hear a tempo in it.")
    levels = np.concatenate(rises).astype(np.float64)
    count = len(levels)
    curves = dict(zip(("low", "middle", "high", "deep", "loud"), levels.T, strict=True))
    curves["all"] = levels[:, :3].mean(1)
    chroma, deep = np.concatenate(tones), np.concatenate(deeps)
    curves["harmony"] = _fine(_change(chroma, _NEAR), count)
    curves["phrase"] = _fine(_change(chroma, _FAR), count)
    curves["bass"] = _fine(_change(deep, _NEAR), count)
    return Bands(curves, np.concatenate(fine))


def _rises(block: sound.Sound) -> NDArray[np.float32]:
    """How much five curves of `Bands` rise at every `HOP` samples, the first five: (count, 5)."""
    magnitude = np.sqrt(spectra.power_of(block, spectra.LENGTH, HOP))
    hertz = spectra.FREQUENCIES
    low, high = _SPLITS[0], _SPLITS[-1]
    deep = (low, _SPLITS[1])
    # What is between kicks and snares belongs to both and tells them apart from neither.
    bands = (deep, (_SPLITS[2], _SPLITS[3]), (_SPLITS[3], high))
    decibels = _rise(20 * np.log10(magnitude + _FLOOR))
    roots = _rise(np.sqrt(magnitude))
    return np.stack(
        [
            curve[:, (hertz >= first) & (hertz < last)].mean(1)
            for curve, parts in ((decibels, bands), (roots, (deep, (low, high))))
            for first, last in parts
        ],
        1,
    ).astype(np.float32)


def _rise(level: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much each row rises above the one `_BACK` before it, at least 0."""
    before = np.concatenate([np.repeat(level[:1], _BACK, 0), level[:-_BACK]])
    rise: NDArray[np.float32] = np.maximum(level - before, 0)
    return rise


def _pitches(block: sound.Sound) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Pitch classes (count, 12) and the lowest bins of the spectrum (count, bins), compressed."""
    level = np.log1p(1000 * np.sqrt(spectra.power_of(block, _SLOW, _SLOW_HOP)))
    hertz = np.fft.rfftfreq(_SLOW, 1 / sound.RATE)
    pitch = 69 + 12 * np.log2(np.maximum(hertz, 1) / 440)
    own = np.rint(pitch)
    inside = (own >= _LOWEST) & (own <= _HIGHEST)
    # A bin between two pitches counts little for either.
    weights = np.where(inside, np.cos(np.pi * (pitch - own)) ** 2, 0)
    chroma = np.zeros((12, len(hertz)), np.float32)
    chroma[own.astype(int) % 12, np.arange(len(hertz))] = weights
    tones = level @ chroma.T
    tones = np.maximum(tones - np.median(tones, 1, keepdims=True), 0)
    return tones, level[:, (hertz >= _DEEPEST) & (hertz < _DEEP)]


def _change(rows: NDArray[np.float32], seconds: float) -> Floats:
    """How far the mean of the next rows is from that of the last ones: 1 less their cosine."""
    around = max(1, round(seconds * sound.RATE / _SLOW_HOP))
    padded = np.pad(rows.astype(np.float64), ((around + 1, around + 1), (0, 0)), mode="edge")
    sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(padded, 0)])
    means = sums[around:] - sums[:-around]
    before, after = means[: len(rows)], means[around + 2 :][: len(rows)]
    along = (before * after).sum(1)
    sizes = np.sqrt((before**2).sum(1) * (after**2).sum(1))
    return np.where(sizes > 1e-6, 1 - along / np.maximum(sizes, 1e-6), 0.0)


def _fine(values: Floats, count: int) -> Floats:
    """Values of every `_SLOW_HOP` samples at every `HOP`."""
    places = np.arange(count) * HOP / _SLOW_HOP
    return np.maximum(0, np.interp(places, np.arange(len(values)), values))
