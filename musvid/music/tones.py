"""Which pitches sound, and how far the harmony is from what surrounds it."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from . import spectra
from .spectra import LONG_FREQUENCIES, SLOW, Block

Curve = NDArray[np.float32]
Floats = NDArray[np.float64]

NAMES = {
    "c": "c",
    "cs": "c sharp",
    "d": "d",
    "ds": "d sharp",
    "e": "e",
    "f": "f",
    "fs": "f sharp",
    "g": "g",
    "gs": "g sharp",
    "a": "a",
    "as": "a sharp",
    "b": "b",
}
"""The pitch classes from c on, as part of a source's name, and as they are told."""

STEP = spectra.STEP * SLOW
"""Seconds between two values of these sources: 93 ms."""

_LOWEST, _HIGHEST = 48, 95  # MIDI's numbers of the pitches that are looked at: 131 to 1976 Hz
_SMOOTH = 0.3  # seconds over which pitch classes are averaged
_HARMONY = 1.0  # the same for the strongest one, and for the harmony
_AROUND = 16.0  # seconds of the harmony that surrounds it
_SILENT = 0.03  # of the loudest moments (95 %), below which a pitch class is faded out
_FARTHEST = 0.4  # distance of harmonies which at least is 1


def classes(block: Block) -> Curve:
    """How much each of the twelve pitch classes sounds in each long window, (windows, 12).

    The mean magnitude at its pitches from c3 to b6 (131 to 1976 Hz), equally tempered around an a
    of 440 Hz: a chromagram, Fujishima, "Realtime chord recognition of musical sound", 1999.
    """
    found: Curve = np.sqrt(block.own(block.pitched, SLOW)) @ _bins()
    return found


def chroma(classes: Curve) -> Curve:
    """Each pitch class from 0 to 1, (windows, 12): what it has above the weakest one, against the
    strongest one of the same 0.3 s. All fade out where the song is silent."""
    smooth = _averaged(classes, _SMOOTH)
    above = smooth - smooth.min(1, keepdims=True)
    strongest = above.max(1, keepdims=True)
    floor = _SILENT * float(np.percentile(strongest, 95))
    found: Curve = (above / np.maximum(strongest, max(floor, 1e-9))).astype(np.float32)
    return found


def hue(classes: Curve) -> Curve:
    """The pitch class that is strongest in the second around each moment, as a hue from 0 to 1.

    c is 0, and each step of a twelfth is a fifth (c, g, d, ...), so that keys which are related
    have colours beside each other, as Scriabin saw them. In silence the last one stays.
    """
    smooth = _averaged(classes, _HARMONY)
    strongest = smooth.argmax(1)
    loud = smooth.max(1)
    heard = loud > max(1e-9, _SILENT * float(np.percentile(loud, 95)))
    last = np.maximum.accumulate(np.where(heard, np.arange(len(loud)), 0))
    found: Curve = (strongest[last] * 7 % 12 / 12).astype(np.float32)
    return found


def tension(classes: Curve) -> Curve:
    """How far the harmony of a second is from that of the 16 s around it, 0 to 1 (the farthest).

    A harmony is a point in the tonal space of Harte, Sandler and Gasser, "Detecting harmonic change
    in musical audio", 2006: the centre of its pitch classes on the circles of fifths, minor thirds
    and major thirds. Its distance from the centre of what surrounds it is the tensile strain of
    Herremans and Chew, "Tension ribbons", 2016, with the surroundings in the place of the key.
    """
    near, around = (_centroids(_averaged(classes, seconds)) for seconds in (_HARMONY, _AROUND))
    apart = np.linalg.norm(near - around, axis=1)
    farthest = max(float(np.percentile(apart, 99)), _FARTHEST)
    found: Curve = np.clip(apart / farthest, 0, 1).astype(np.float32)
    return found


def _averaged(classes: Curve, seconds: float) -> Curve:
    """The means over so many seconds around each moment, at the ends over what there is of them."""
    from scipy.ndimage import uniform_filter1d

    around = max(1, round(seconds / STEP))
    sums = uniform_filter1d(classes, around, axis=0, mode="constant")
    there = uniform_filter1d(np.ones(len(classes), np.float32), around, mode="constant")
    smooth: Curve = np.maximum(sums, 0) / there[:, None]
    return smooth


def _centroids(classes: Curve) -> Floats:
    """Points in the tonal space, (windows, 6); of silence, its middle."""
    above = (classes - classes.min(1, keepdims=True)).astype(np.float64)
    shares = above / np.maximum(above.sum(1, keepdims=True), 1e-9)
    pitch = np.arange(12)
    circles = ((1.0, 7 / 6), (1.0, 3 / 2), (0.5, 2 / 3))  # radius, and parts of pi in a semitone
    axes = [
        radius * turn(pitch * part * np.pi) for radius, part in circles for turn in (np.sin, np.cos)
    ]
    points: Floats = shares @ np.stack(axes, axis=1)
    return points


@cache
def _bins() -> Curve:
    """How much each bin of a long window counts for each pitch class."""
    pitches = 69 + 12 * np.log2(np.maximum(LONG_FREQUENCIES, 1.0) / 440)
    weights = np.zeros((len(LONG_FREQUENCIES), 12))
    for pitch in range(_LOWEST, _HIGHEST + 1):
        near = np.maximum(0, 1 - 2 * np.abs(pitches - pitch))
        weights[:, pitch % 12] += near / near.sum()
    return weights.astype(np.float32)
