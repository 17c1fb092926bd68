"""Drums whose strokes are known to the sample: kits, patterns, and what may lie beneath."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]

RATE = 44100
DRUMS = ("kick", "snare", "hats")


@dataclass(frozen=True)
class Kit:
    """How the drums of a kit sound; all numbers in Hz, seconds, or parts of full scale.

    kick: pitch at first and at last, how long it rings, how loud its click is.
    snare: pitch of its body, how long body and wires ring, how loud the wires are.
    hats: pitch above which they sound, how long they ring, how loud they are.
    """

    kick: tuple[float, float, float, float]
    snare: tuple[float, float, float, float]
    hats: tuple[float, float, float]


KITS = {
    "acoustic": Kit((110, 62, 0.06, 0.25), (195, 0.06, 0.09, 0.8), (7000, 0.03, 0.3)),
    "electronic": Kit((180, 48, 0.09, 0.1), (185, 0.05, 0.12, 1.0), (8000, 0.025, 0.35)),
    "deep": Kit((70, 45, 0.12, 0.0), (240, 0.04, 0.08, 0.6), (9000, 0.015, 0.2)),
}

PATTERNS: dict[str, Mapping[str, str]] = {
    "rock": {"kick": "x......x.x......", "snare": "....x.......x...", "hats": "..x...x...x...x."},
    "house": {"kick": "x...x...x...x...", "snare": "......x.......x.", "hats": "..x.......x....."},
    "breakbeat": {
        "kick": "x.x.......x.....",
        "snare": "....x..x.x..x...",
        "hats": ".x....x....x..xx",
    },
}
"""Sixteenths of a bar; no two drums are struck at once, so that each answer has one cause."""

BEDS = ("none", "pad", "bass", "bass and pad")


def kick(kit: Kit, seconds: float = 0.35) -> Sound:
    """A membrane whose pitch falls, and the click of the beater."""
    high, low, ring, click = kit.kick
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = low + (high - low) * np.exp(-time / 0.03)
    sound = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.exp(-time / ring)
    noise = np.random.default_rng(1).uniform(-1, 1, len(time)) * np.exp(-time / 0.002)
    return 0.9 * (sound * np.minimum(1, time / 0.001) + click * noise)


def snare(kit: Kit, seconds: float = 0.35) -> Sound:
    """Two tones of its body, and the noise of its wires above 1 kHz."""
    pitch, ring, rattle, wires = kit.snare
    time = np.arange(round(seconds * RATE)) / RATE
    body = np.sin(2 * np.pi * pitch * time) + 0.5 * np.sin(2 * np.pi * 1.6 * pitch * time)
    noise = above(np.random.default_rng(2).uniform(-1, 1, len(time)), 1000)
    return 0.5 * (body * np.exp(-time / ring) + wires * noise * np.exp(-time / rattle))


def hats(kit: Kit, seconds: float = 0.2) -> Sound:
    """Noise above a pitch."""
    low, ring, loud = kit.hats
    time = np.arange(round(seconds * RATE)) / RATE
    noise = above(np.random.default_rng(3).uniform(-1, 1, len(time)), low)
    return loud * noise * np.exp(-time / ring)


STRUCK = {"kick": kick, "snare": snare, "hats": hats}


def above(sound: Sound, low: float) -> Sound:
    """What a sound has above a pitch, which lower ones fade into over a third of an octave."""
    spectrum = np.fft.rfft(sound)
    pitches = np.fft.rfftfreq(len(sound), 1 / RATE)
    octaves = np.log2(np.maximum(pitches, 1) / low)
    return np.fft.irfft(spectrum * np.clip(1 + 3 * octaves, 0, 1), len(sound))


def bed(kind: str, seconds: float, bpm: float) -> Sound:
    """A pad of chords that change with every bar, and a bass of eighths between the drums."""
    time = np.arange(round(seconds * RATE)) / RATE
    sound = np.zeros(len(time))
    bar = 240 / bpm
    if "pad" in kind:
        for root, chord in ((0, (0, 4, 7)), (1, (9, 12, 16)), (2, (5, 9, 12)), (3, (7, 11, 14))):
            gate = np.clip(np.sin(np.pi * (time / bar - root) / 1) * 4, 0, 1)
            gate *= np.floor(time / bar) % 4 == root
            for semitone in chord:
                tone = 220 * 2 ** (semitone / 12)
                saw = sum(np.sin(2 * np.pi * tone * k * time) / k for k in range(1, 9))
                sound += 0.06 * gate * saw
    if "bass" in kind:
        eighth = bar / 8
        place = time / eighth + 0.5  # between the drums
        pitch = np.choose(np.floor(time / bar).astype(int) % 4, (55.0, 65.4, 49.0, 73.4))
        gate = np.clip(4 * np.sin(np.pi * (place % 1)), 0, 1)
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        sound += 0.3 * gate * (np.sin(phase) + 0.4 * np.sin(2 * phase) + 0.2 * np.sin(3 * phase))
    return sound


def play(
    kit: Kit, pattern: Mapping[str, str], *, bars: int = 8, bpm: float = 112, beneath: str = "none"
) -> tuple[Sound, dict[str, NDArray[np.float64]]]:
    """A song of drums, and when each of them is struck, in seconds.

    It begins with half a second of silence.
    """
    bar, begin = 240 / bpm, 0.5
    seconds = begin + bars * bar + 0.5
    sound = np.zeros(round(seconds * RATE))
    struck: dict[str, NDArray[np.float64]] = {}
    for drum, strokes in pattern.items():
        one = STRUCK[drum](kit)
        places = [index for index, sign in enumerate(strokes) if sign == "x"]
        times = [begin + bar * (n + place / 16) for n in range(bars) for place in places]
        for time in times:
            first = round(time * RATE)
            sound[first : first + len(one)] += one[: len(sound) - first]
        struck[drum] = np.array(times)
    first = round(begin * RATE)
    lower = bed(beneath, bars * bar, bpm)
    sound[first : first + len(lower)] += lower[: len(sound) - first]
    return 0.6 * sound / np.abs(sound).max(), struck


def answers(
    values: NDArray[np.floating], step: float, struck: Mapping[str, NDArray[np.float64]]
) -> dict[str, float]:
    """How strongly a curve answers to each drum: the mean of its highest values within 35 ms of
    that drum's strokes."""
    found = {}
    for drum, times in struck.items():
        heights = []
        for time in times:
            first = max(0, int(np.ceil((time - 0.035) / step)))
            last = int((time + 0.035) / step) + 1
            heights.append(float(values[first:last].max()))
        found[drum] = float(np.mean(heights))
    return found
