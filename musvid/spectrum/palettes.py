"""Colours for the spectrum: from brightness (and pitch) to RGB.

A palette is a function from the picture's height to a table, uint8 of shape (height or 1, 256, 3):
the colour of each row (pitch, highest first) and brightness.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import numpy as np

Palette = Callable[[int], np.ndarray]


def _ramp(*colours: str) -> Palette:
    """The same colours for every pitch: hex colours, evenly spaced from dark to bright."""
    stops = np.array([[int(colour[i : i + 2], 16) for i in (0, 2, 4)] for colour in colours], float)

    def table(height: int) -> np.ndarray:
        level = np.linspace(0, len(stops) - 1, 256)
        channels = [np.interp(level, np.arange(len(stops)), stops[:, c]) for c in range(3)]
        return np.broadcast_to(np.rint(np.stack(channels, -1)).astype(np.uint8), (height, 256, 3))

    return table


def _hues(low: float, high: float, *, octaves: float = 0.0) -> Palette:
    """A colour for every pitch: black, then the hue, then white at the brightest.

    low, high: hues (0 to 1) of the lowest and the highest pitch.
    octaves: if given, the hue goes round the circle once per octave instead, so that a note has the
        same colour in every octave (showcqt draws ten of them).
    """

    def table(height: int) -> np.ndarray:
        made = np.empty((height, 256, 3), np.uint8)
        for row in range(height):
            pitch = 1 - (row + 0.5) / height
            hue = (pitch * octaves) % 1 if octaves else low + (high - low) * pitch
            full = np.array(colorsys.hsv_to_rgb(hue % 1, 0.85, 1.0))
            level = np.linspace(0, 1, 256)[:, None]
            colour = (
                full * np.minimum(level / 0.75, 1) + (1 - full) * np.maximum(level - 0.75, 0) * 3
            )
            made[row] = np.rint(255 * colour).astype(np.uint8)
        return made

    return table


PALETTES: dict[str, Palette | None] = {
    "article": None,  # showcqt's own colours: orange for the left channel, blue for the right
    "white": _ramp("000000", "ffffff"),
    "fire": _ramp("000000", "3b0a12", "a51c1c", "f0641e", "ffc13c", "fff6d8"),
    "ice": _ramp("000000", "071a3c", "0f56a0", "2fa8dc", "a8ecf5", "ffffff"),
    "aurora": _ramp("000000", "1b0b40", "4a2a9c", "1f9e8f", "7df0a8", "f4fff0"),
    "neon": _ramp("000000", "2a0845", "8a12a8", "ff2d95", "ff9ad0", "e8fbff"),
    "gold": _ramp("000000", "241203", "74430b", "cf8b1c", "ffd873", "fffbe8"),
    "spectrum": _hues(0.0, 0.8),
    "octaves": _hues(0.0, 1.0, octaves=10),
}
