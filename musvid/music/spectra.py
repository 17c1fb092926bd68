"""A song's spectra, block by block: what every source is computed from.

One transform serves them all: windows of 46 ms, a new one every 12 ms, which are short enough for
drums. Pitches need longer ones, of 372 ms, every 93 ms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..song import Song
from . import samples as sound

Floats = NDArray[np.float32]

HOP = 256
"""Samples (of `musvid.music.samples.RATE`) between two windows: 11.6 ms."""

SLOW = 8
"""Windows from one long window to the next: 93 ms."""

STEP = HOP / sound.RATE
"""Seconds between two windows."""

LENGTH, LONG = 1024, 8192
"""Samples of a window, and of a long one."""

BORDER = 16384
"""Samples beside a block that its values may look at: 0.74 s."""

FREQUENCIES: Floats = np.fft.rfftfreq(LENGTH, 1 / sound.RATE).astype(np.float32)
"""Of the bins of a window, in Hz, 21.5 Hz apart."""

LONG_FREQUENCIES: Floats = np.fft.rfftfreq(LONG, 1 / sound.RATE).astype(np.float32)
"""Of the bins of a long window, in Hz, 2.7 Hz apart."""


def bins(low: float, high: float) -> slice:
    """The bins of a window from a frequency on, to below another, in Hz."""
    first, last = np.searchsorted(FREQUENCIES, [low, high])
    return slice(int(first), int(last))


# Every bin is a band up to 344 Hz; from there on, bands are an eighth of an octave wide.
_EDGES = np.unique(np.concatenate([np.arange(1, 17), np.geomspace(17, 513, 40).astype(int)]))[:-1]
WIDTHS: Floats = np.diff(_EDGES, append=len(FREQUENCIES)).astype(np.float32)
"""How many bins each band has."""

_ALONG, _ACROSS = 17, 11  # windows (0.2 s) and bands over which medians are taken


@dataclass(frozen=True, eq=False)
class Block:
    """Some of a song's sound with what lies beside it.

    samples: float32, of `samples.RATE`. before: how many of them come before the block itself.
    """

    samples: sound.Sound
    before: int

    @cached_property
    def power(self) -> Floats:
        """Power of the sound in each window, (windows, len(FREQUENCIES)); item i is centred at
        sample ``i * HOP``, and of a sine at full scale, its peak is 1."""
        return power_of(self.samples, LENGTH, HOP)

    @cached_property
    def pitched(self) -> Floats:
        """The same of long windows, centred at samples ``i * HOP * SLOW``."""
        return power_of(self.samples, LONG, HOP * SLOW)

    @cached_property
    def bands(self) -> Floats:
        """Power of bands in each window, from low to high; the constant part is left out."""
        sums: Floats = np.add.reduceat(self.power, _EDGES, axis=1)
        return sums

    @cached_property
    def harmonic(self) -> Floats:
        """Power of what sounds on, in each window, see `musvid.music.levels.harmonic`."""
        from scipy.ndimage import median_filter

        along = median_filter(self.bands, (_ALONG, 1), mode="nearest")
        across = median_filter(self.bands, (1, _ACROSS), mode="nearest")
        shares = along / np.maximum(along + across, 1e-30)
        power: Floats = (self.bands * shares).sum(1)
        return power

    def own(self, values: NDArray[np.float32], every: int = 1) -> Floats:
        """What of some values, one for each window, belongs to the block without its borders.

        every: windows from one of the values to the next.
        """
        end = min(len(self.samples), self.before + sound.BLOCK)
        hop = HOP * every
        return values[self.before // hop : -(-end // hop)]


def blocks(song: Song) -> Iterator[Block]:
    """A song's part in blocks of about a minute, which overlap by `BORDER`. Raises FFmpegError."""
    for samples, before in sound.blocks(song, border=BORDER):
        yield Block(samples, before)


def power_of(samples: sound.Sound, length: int, hop: int) -> Floats:
    """Power of windows (Hann's) that are centred at multiples of `hop`.

    float32 (1 + samples // hop, 1 + length // 2); of a sine at full scale, its peak is 1.
    """
    from scipy import fft

    window = np.hanning(length + 1)[:-1].astype(np.float32)
    window *= 2 / window.sum()
    padded = np.pad(samples, length // 2)
    # Whole windows: what is padded makes one more where the sound ends on a multiple of the hop.
    cut = np.lib.stride_tricks.sliding_window_view(padded, length)[::hop]
    spectrum = fft.rfft(cut * window, axis=1)
    power: Floats = np.square(spectrum.real) + np.square(spectrum.imag)
    return power
