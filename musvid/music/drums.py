"""Where something begins, and which drum it was: band-limited onset strengths.

A band's loudness is the 0.3rd power of its mean power (Stevens, 1955), so that quiet music counts
as loud music does. What is added to it within 23 ms is its rise: spectral flux, as in Böck and
Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import samples as sound
from .spectra import WIDTHS, Block, bins

Curve = NDArray[np.float32]

_LOUDNESS = 0.3
_LAG = 2  # windows between which something rises: 23 ms
_STAYS = 6, 28  # windows behind a stroke in which a drum is over, and a note is not: 70 to 325 ms
_FAINT = 0.02  # of the loudest amplitude: below that, a stroke is none


def onsets(block: Block) -> Curve:
    """The rise of loudness in each window, mean over bands of the spectrum.

    A band rises by what it has more than it and its two neighbours had, so that a tone which
    trembles does not begin again and again (Böck and Widmer's maximum filter).
    """
    from scipy.ndimage import maximum_filter1d

    loud = (block.bands / WIDTHS) ** _LOUDNESS
    return block.own(_rise(loud, maximum_filter1d(loud, 3, axis=1)).mean(1))


def kick(block: Block) -> Curve:
    """What is struck from 35 to 110 Hz in each window, as an amplitude: added, and soon over.

    A note of the bass begins there, too, and sounds on: a stroke is what exceeds the median of the
    following 70 to 325 ms.
    """
    return block.own(_stroke(_power(block, 35, 110)))


def snare(block: Block) -> Curve:
    """What is struck in each window both by a drum's body (150 to 450 Hz) and by its wires (1.5 to
    6 kHz), as an amplitude: the smaller of the two, added, and soon over."""
    body, wires = _stroke(_power(block, 150, 450)), _stroke(_power(block, 1500, 6000))
    return block.own(np.minimum(body, wires))


def hats(block: Block) -> Curve:
    """What is added above 7 kHz in each window, as an amplitude, as far as it exceeds that from 1.5
    to 5 kHz, where a snare drum rattles as well (each per Hz, as noise is alike at all pitches)."""
    high, wires = _added(_power(block, 7000, 1e9)), _added(_power(block, 1500, 5000))
    wider = (sound.RATE / 2 - 7000) / (5000 - 1500)
    return block.own(np.maximum(0, high - wider**0.5 * wires))


def against_strongest(strength: Curve, loud: float = 0.0) -> Curve:
    """Strengths from 0 to 1: against the strongest (99 %), or a third of it for a few loud ones.

    loud: the amplitude of the song's loudest moments; a drum whose strongest stroke is faint
        against it (34 dB below) is not there, and stays near 0.
    """
    top = max(float(np.percentile(strength, 99)), float(strength.max()) / 3, _FAINT * loud)
    if top <= 0:
        return np.zeros(len(strength), np.float32)
    found: Curve = np.clip(strength / top, 0, 1).astype(np.float32)
    return found


def _power(block: Block, low: float, high: float) -> Curve:
    """The power of each bin of a band in each window."""
    power: Curve = block.power[:, bins(low, high)]
    return power


def _rise(values: Curve, before: Curve | None = None) -> Curve:
    """What is added within `_LAG` windows; in the first ones, to silence.

    before: what it is added to, by default the values themselves.
    """
    earlier = np.zeros_like(values)
    earlier[_LAG:] = (values if before is None else before)[:-_LAG]
    rise: Curve = np.maximum(0, values - earlier)
    return rise


def _added(power: Curve) -> Curve:
    """The amplitude of what is added to the powers of a band's bins, in each window.

    Of each bin for itself: what sounds on in one of them does not hide what begins in the others.
    """
    amplitude: Curve = np.sqrt(_rise(power).sum(1))
    return amplitude


def _stroke(power: Curve) -> Curve:
    """The amplitude of what is added to the power of a band, and does not stay."""
    from scipy.ndimage import maximum_filter1d, percentile_filter

    whole = power.sum(1)
    first, last = _STAYS
    length = last - first + 1
    # A filter's window is centred: shifted to the right, it looks at what follows.
    following = np.pad(whole, (0, last), mode="edge")
    medians = percentile_filter(following, 50, size=length, mode="nearest")
    stays = medians[first + length // 2 :][: len(whole)]
    # A stroke fills a window only when it is in its middle.
    peak = maximum_filter1d(whole, 2 * _LAG + 1, mode="nearest")
    amplitude: Curve = np.sqrt(np.minimum(_rise(whole), np.maximum(0, peak - stays)))
    return amplitude
