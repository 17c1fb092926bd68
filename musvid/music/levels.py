"""How loud a song and its bands are: sources that are powers, and the spectrum's centre."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from . import spectra
from .spectra import FREQUENCIES, Block, bins

Curve = NDArray[np.float32]

_RANGE = 50.0  # decibels below the loudest at which a level is 0 at the latest
_MOMENT = 0.4  # seconds of BS.1770's gating blocks, which EBU Tech 3341 calls momentary loudness
_OCTAVE = 1.0  # octaves between darkest and brightest, from which on they are told apart fully


def loudness(block: Block) -> Curve:
    """The power of the sound as it is heard, in each window.

    K-weighted as in ITU-R BS.1770-5: a shelf that raises by 4 dB what lies above 2 kHz, and a high
    pass at 38 Hz, here as weights of the spectrum. Of stereo it is the power of the mixture.
    """
    return block.own(block.power @ _weights())


def bass(block: Block) -> Curve:
    """The power below 250 Hz in each window."""
    return _band(block, 0, 250)


def mids(block: Block) -> Curve:
    """The power from 250 to 2500 Hz in each window."""
    return _band(block, 250, 2500)


def treble(block: Block) -> Curve:
    """The power from 2500 Hz on in each window."""
    return _band(block, 2500, 1e9)


def harmonic(block: Block) -> Curve:
    """The power of what sounds on, in each window: lines along time in the spectrogram.

    By median filtering along time and along frequency, Fitzgerald, "Harmonic/percussive separation
    using median filtering", DAFx 2010; each band counts by how far the one exceeds the other.
    """
    return block.own(block.harmonic)


def percussive(block: Block) -> Curve:
    """The power of what is struck, in each window: what `harmonic` leaves."""
    return block.own(block.bands.sum(1) - block.harmonic)


def brightness(block: Block) -> Curve:
    """The spectral centroid in each window, in octaves above 1 Hz: the mean frequency, weighted by
    magnitude, as librosa's `spectral_centroid`. Where all is silent it is not a number.

    Grey and Gordon, "Perceptual effects of spectral modifications on musical timbres", 1978, found
    that it is heard as brightness.
    """
    magnitude = np.sqrt(block.own(block.power))
    sums = magnitude.sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        centres = np.log2(magnitude @ FREQUENCIES / sums)
    found: Curve = np.where(sums > 1e-4, centres, np.nan).astype(np.float32)
    return found


def momentary(power: Curve) -> Curve:
    """Loudness from 0 to 1 of its power: over 400 ms around each moment, see `in_decibels`."""
    from scipy.ndimage import uniform_filter1d

    around = round(_MOMENT / spectra.STEP)
    return in_decibels(np.maximum(uniform_filter1d(power, around, mode="nearest"), 0))


def in_decibels(power: Curve) -> Curve:
    """A level from 0 to 1 of a power: even in decibels, from its quietest (5 %) to its loudest
    (99 %), or from 50 dB below that."""
    decibels = 10 * np.log10(power.astype(np.float64) + 1e-10)
    low, high = np.percentile(decibels, [5, 99])
    low = max(low, high - _RANGE)
    if high < -90 or high - low < 1:  # silence, or something as steady
        return np.zeros(len(power), np.float32)
    level: Curve = np.clip((decibels - low) / (high - low), 0, 1).astype(np.float32)
    return level


def in_octaves(centres: Curve) -> Curve:
    """Brightness from 0 to 1: even in octaves, from the darkest (5 %) to the brightest (95 %), and
    0 where all is silent."""
    heard = ~np.isnan(centres)
    if not heard.any():
        return np.zeros(len(centres), np.float32)
    low, middle, high = np.percentile(centres[heard], [5, 50, 95])
    if high - low < _OCTAVE:
        low, high = middle - _OCTAVE / 2, middle + _OCTAVE / 2
    bright = np.clip((centres.astype(np.float64) - low) / (high - low), 0, 1)
    found: Curve = np.where(heard, bright, 0).astype(np.float32)
    return found


def _band(block: Block, low: float, high: float) -> Curve:
    return block.own(block.power[:, bins(low, high)].sum(1))


@cache
def _weights() -> Curve:
    """What K-weighting makes of the power at each frequency: BS.1770's two filters at 48 kHz."""
    shelf = (
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (*(1.0, -1.69065929318241, 0.73248077421585),),
    )
    high_pass = (1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)
    turn = np.exp(-2j * np.pi * FREQUENCIES.astype(np.float64) / 48000)
    weights = np.ones(len(turn))
    for over, under in (shelf, high_pass):
        weights *= np.abs(np.polyval(over[::-1], turn) / np.polyval(under[::-1], turn)) ** 2
    return weights.astype(np.float32)
