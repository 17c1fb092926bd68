"""Where something begins, and which drum it was: band-limited onset strengths.

A band's loudness is the 0.3rd power of its mean power (Stevens, 1955), so that quiet music counts
as loud music does. What is added to it within 23 ms is its rise: spectral flux, as in Böck and
Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .spectra import WIDTHS, Block, bins

Curve = NDArray[np.float32]

_LOUDNESS = 0.3
_LAG = 2  # windows between which something rises: 23 ms
_STAYS = 6, 28  # windows behind a stroke in which a drum is over, and a note is not: 70 to 325 ms
_ABSENT = 0.2  # of the strongest onset: below that, the strongest stroke of a drum is none


def onsets(block: Block) -> Curve:
    """The rise of loudness in each window, mean over bands of the spectrum.

    A band rises by what it has more than it and its two neighbours had, so that a tone which
    trembles does not begin again and again (Böck and Widmer's maximum filter).
    """
    from scipy.ndimage import maximum_filter1d

    loud = (block.bands / WIDTHS) ** _LOUDNESS
    return block.own(_rise(loud, maximum_filter1d(loud, 3, axis=1)).mean(1))


def kick(block: Block) -> Curve:
    """The rise of loudness from 35 to 110 Hz that is over a moment later, in each window.

    A note of the bass begins there, too, and sounds on: a stroke is what exceeds the median of the
    following 70 to 325 ms.
    """
    return block.own(_stroke(_loud(block, 35, 110)))


def snare(block: Block) -> Curve:
    """The rise of loudness that is over a moment later, in each window, both of a drum's body (150
    to 450 Hz) and of its wires (1.5 to 6 kHz): their geometric mean."""
    body, wires = _stroke(_loud(block, 150, 450)), _stroke(_loud(block, 1500, 6000))
    return block.own(np.sqrt(body * wires))


def hats(block: Block) -> Curve:
    """The rise of loudness above 7 kHz in each window, as far as it exceeds that from 1.5 to 5 kHz,
    where a snare drum rattles as well."""
    high, wires = _loud(block, 7000, 1e9), _loud(block, 1500, 5000)
    return block.own(np.maximum(0, _rise(high) - _rise(wires)))


def against_strongest(strength: Curve, onsets: Curve) -> Curve:
    """Strengths from 0 to 1: against the strongest (99 %), or a third of it for a few loud ones.

    onsets: strengths of all onsets; a drum whose strongest stroke is weak against theirs is not
    there, and stays near 0.
    """
    top = max(_strongest(strength), _ABSENT * _strongest(onsets))
    if top <= 0:
        return np.zeros(len(strength), np.float32)
    found: Curve = np.clip(strength / top, 0, 1).astype(np.float32)
    return found


def _strongest(strength: Curve) -> float:
    return max(float(np.percentile(strength, 99)), float(strength.max()) / 3)


def _loud(block: Block, low: float, high: float) -> Curve:
    """The loudness of a band in each window."""
    loud: Curve = block.power[:, bins(low, high)].mean(1) ** _LOUDNESS
    return loud


def _rise(loud: Curve, before: Curve | None = None) -> Curve:
    """What is added within `_LAG` windows; in the first ones, to silence.

    before: what it is added to, by default the loudness itself.
    """
    earlier = np.zeros_like(loud)
    earlier[_LAG:] = (loud if before is None else before)[:-_LAG]
    rise: Curve = np.maximum(0, loud - earlier)
    return rise


def _stroke(loud: Curve) -> Curve:
    """What is added to a loudness and does not stay."""
    from scipy.ndimage import maximum_filter1d, percentile_filter

    first, last = _STAYS
    length = last - first + 1
    # A filter's window is centred: shifted to the right, it looks at what follows.
    following = np.pad(loud, (0, last), mode="edge")
    medians = percentile_filter(following, 50, size=length, mode="nearest")
    stays = medians[first + length // 2 :][: len(loud)]
    # The window fills within the stroke's first two.
    peak = maximum_filter1d(loud, 2 * _LAG + 1, mode="nearest")
    strength: Curve = np.minimum(_rise(loud), np.maximum(0, peak - stays))
    return strength
