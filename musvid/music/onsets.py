"""Onset envelopes: how strongly something begins, along a song.

There are three, as there are three questions:

- `envelope` is librosa's, every 512 samples (23 ms), from a mel spectrogram: enough to follow the
  music with a setting.
- `fine_envelope` is the rise of the power, every 32 samples (1.5 ms): it says where exactly a note
  begins, which moves each beat to its onset.
- `onset_strength` is librosa's, averaged over the time of each picture of a video: what a
  comparison correlates with the change of the pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from ..song import Song
from . import _librosa
from . import samples as sound

Floats = NDArray[np.float64]

HOP = 512
"""Samples (of `musvid.music.samples.RATE`) between two values of `envelope`: 23 ms."""

FINE = 32
"""Samples between two values of `fine_envelope`: 1.5 ms."""

BORDER = 16 * HOP
"""Samples beside a block that its values may look at."""

_TEN = 7  # values of the fine envelope in 10 ms

# `onset_strength`: windows of 46 ms, 6 ms apart, each against the one that begins 23 ms before it.
# A click or a note then stands, within 3 ms, at the middle of the later window
# (tests/comparison/test_measure.py).
_WINDOW, _HOP, _BEFORE, _BANDS = 1024, 128, 4, 64
_FLOOR = 10**-2.6  # power of a band below which nothing counts: 80 dB below a sine at full scale
_BLOCK = 2048  # windows that are looked at together, 12 s


def own_values(length: int, before: int) -> slice:
    """The values of `envelope` that belong to a block without its borders."""
    end = min(length, before + sound.BLOCK)
    return slice(before // HOP, -(-end // HOP))


def mel(samples: sound.Sound) -> NDArray[np.float32]:
    """The mel spectrogram: power of 128 bands at every `HOP` samples, (128, 1 + samples // HOP)."""
    librosa = _librosa.load()

    levels: NDArray[np.float32] = librosa.feature.melspectrogram(
        y=samples, sr=sound.RATE, hop_length=HOP
    )
    return levels


def envelope(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rise of a mel spectrogram in decibels, averaged over its bands (librosa's)."""
    librosa = _librosa.load()

    # With librosa's own limit of 80 dB below the loudest, it would depend on the block.
    decibels = librosa.power_to_db(levels, top_db=None)
    rise: NDArray[np.float32] = librosa.onset.onset_strength(
        S=decibels, sr=sound.RATE, hop_length=HOP
    )
    return rise


def fine_envelope(samples: sound.Sound) -> Floats:
    """How much the logarithm of the power rises within 10 ms.

    One value every `FINE` samples: the rise of the sound's power plus the rise of the power of its
    first difference, in which high pitches are louder.
    """
    count = -(-len(samples) // FINE)
    rises = np.zeros(count)
    for band in (samples, np.diff(samples, prepend=samples[:1])):
        padded = np.pad(band.astype(np.float64) ** 2, (0, count * FINE - len(band)))
        power = padded.reshape(count, FINE).mean(1)
        # A mean over the past only, so that no onset is early.
        power = np.convolve(power, np.full(3, 1 / 3))[:count]
        level = np.log10(power + 1e-3 * power.mean() + 1e-12)
        before = np.concatenate([np.full(_TEN, level[0]), level])[:count]
        rises += np.maximum(level - before, 0)
    return rises


def onset_strength(song: Song, rate: Fraction | float, count: int) -> Floats:
    """How strongly something begins in a song's part, at the moments of pictures.

    rate: pictures per second. count: of pictures.

    Returns float64 (count,): for picture i, the mean from half a picture before i / rate to half a
    picture behind it of librosa's onset strength (`librosa.onset.onset_strength`: the rise of a mel
    spectrogram in decibels, mean over the bands; spectral flux as in Böck and Widmer, DAFx 2013).
    The sound is mono and decoded in blocks: memory grows by one number per picture only. A sound
    that is there at time 0 is no onset, since it may have begun earlier.
    """
    edges = (np.arange(count + 1) - 0.5) / float(rate)
    sums = np.zeros(count + 1)  # of the strength up to each edge
    total, time = 0.0, 0.0
    for start, strength in _blocks(song):
        times = start + np.arange(len(strength) + 1) * (_HOP / sound.RATE)
        summed = np.concatenate([[0], np.cumsum(strength, dtype=np.float64)]) * (_HOP / sound.RATE)
        inside = (edges >= times[0]) & (edges < times[-1])
        sums[inside] = total + np.interp(edges[inside], times, summed)
        total, time = total + summed[-1], times[-1]
    sums[edges >= time] = total
    return np.diff(sums) * float(rate)


def _blocks(song: Song) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Onset strengths, `_HOP` samples apart, in blocks; each with the time its first one covers."""
    librosa = _librosa.load()

    hold = _WINDOW + (_BEFORE - 1) * _HOP  # what the next block's first strength looks back on
    held, start = np.zeros(0, np.float32), 0
    silence = np.zeros(_WINDOW, np.float32)  # in which the last sound ends
    for part in chain(sound.mono(song, block=_BLOCK * _HOP), [silence]):
        held = np.concatenate([held, part])
        windows = (len(held) - _WINDOW) // _HOP + 1
        if windows <= _BEFORE:
            continue
        power = librosa.feature.melspectrogram(
            y=held,
            sr=sound.RATE,
            n_fft=_WINDOW,
            hop_length=_HOP,
            center=False,
            n_mels=_BANDS,
        )
        # No limit below the loudest moment: blocks must not know of each other.
        levels = librosa.power_to_db(power, amin=_FLOOR, top_db=None)
        strength = librosa.onset.onset_strength(S=levels, lag=_BEFORE, center=False)[_BEFORE:]
        middle = start + _BEFORE * _HOP + _WINDOW / 2
        yield (middle - _HOP / 2) / sound.RATE, strength
        used = (windows - _BEFORE) * _HOP
        held, start = held[used:], start + used
        assert len(held) < hold + _HOP
