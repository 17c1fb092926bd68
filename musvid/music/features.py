"""What a song does, as curves along time: how loud it is, where notes begin, what its bands do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import SongError
from ..song import Song
from . import _librosa, onsets
from . import samples as sound

Floats = NDArray[np.float64]

_BANDS = {"loudness": (0, 1e9), "low": (0, 250), "mid": (250, 2500), "high": (2500, 1e9)}
_WINDOW = 8192  # samples in which neighbouring pitches are told apart
_LOWEST, _HIGHEST = 48, 84  # of the pitches that are looked at
_RANGE = 50.0  # decibels below a curve's loudest value at which it is 0 at the latest


@dataclass(frozen=True, eq=False)
class Features:
    """Curves of a song's part, each from 0 to 1.

    curves: by the names of `modulation.CURVES`, a value every `step` seconds, the first one at 0.
    pitch_class: that sounds most, in semitones above C, 0 to 11.
    """

    curves: dict[str, Floats]
    pitch_class: int = 0
    step: float = onsets.HOP / sound.RATE

    def curve(self, name: str, smoothing: float = 0.0) -> Floats:
        """A curve, smoothed by a Gaussian whose standard deviation is so many seconds.

        The Gaussian is symmetric, so that a smoothed curve is not late. The result is scaled to the
        largest value that the curve had before.
        """
        values = self.curves[name]
        if smoothing * 3 <= self.step:
            return values
        around = min(len(values), int(4 * smoothing / self.step) + 1)
        window = np.exp(-0.5 * (np.arange(-around, around + 1) * self.step / smoothing) ** 2)
        padded = np.pad(values, around, mode="edge")
        smooth = np.convolve(padded, window / window.sum(), "valid")
        raised: Floats = smooth / max(smooth.max(), 1e-9) * values.max()
        return raised


def of(song: Song) -> Features:
    """The curves of a song's part. It is read in blocks; only the curves are kept.

    Raises SongError when the part is too short to tell.
    """
    facts = song.path.stat()
    return _features(song, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=8)
def _features(song: Song, _size: int, _changed: int) -> Features:
    librosa = _librosa.load()

    frequencies = librosa.mel_frequencies(n_mels=128, fmax=sound.RATE / 2)
    powers: dict[str, list[Floats]] = {name: [] for name in _BANDS}
    strengths = []
    chroma = np.zeros(12)
    for block, before in sound.blocks(song, border=onsets.BORDER):
        own = onsets.own_values(len(block), before)
        levels = onsets.mel(block)
        for name, (low, high) in _BANDS.items():
            rows = (frequencies >= low) & (frequencies < high)
            powers[name].append(levels[rows, own].sum(0))
        strengths.append(onsets.envelope(levels)[own])
        chroma += _chroma(block)
    if not strengths:
        raise SongError(f"{song.path.name} is too short to follow its music.")
    curves = {name: _normal(np.concatenate(parts)) for name, parts in powers.items()}
    rise = np.concatenate(strengths).astype(np.float64)
    top = max(np.percentile(rise, 99), rise.max() / 3)  # for a few loud notes
    curves["onsets"] = np.clip(rise / top, 0, 1) if top > 0 else np.zeros(len(rise))
    return Features(curves, int(chroma.argmax()))


def _chroma(block: NDArray[np.float32]) -> Floats:
    """How loud the pitch classes of a block of sound are, in all."""
    whole = block[: len(block) // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
    loud = np.abs(np.fft.rfft(whole * np.hanning(_WINDOW))).sum(0)
    pitches = np.arange(_LOWEST, _HIGHEST + 1)  # MIDI's numbers: 69 is an a of 440 Hz
    places = 440 * 2 ** ((pitches - 69) / 12) * _WINDOW / sound.RATE
    found = np.bincount(pitches % 12, loud[np.rint(places).astype(int)], 12)
    return np.asarray(found, np.float64)


def _normal(power: Floats) -> Floats:
    """Power as a curve from 0 to 1: even in decibels, from its quietest (5 %) to its loudest."""
    decibels = 10 * np.log10(power.astype(np.float64) + 1e-10)
    low, high = np.percentile(decibels, [5, 99])
    low = max(low, high - _RANGE)
    if high < -90 or high - low < 1:  # silence, or something as steady
        return np.zeros(len(power))
    curve: Floats = np.clip((decibels - low) / (high - low), 0, 1)
    return curve
