"""Music that this program composes, for spectra to learn from: many tempi, keys and instruments.

It is made to be seen rather than heard: what matters is that its constant-Q spectra are those of
music, from a lone voice to a dense mix, loud and nearly silent.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]

RATE = 22050
"""Samples per second; the showcqt filter's top octave above its half stays dark, as it does for
recordings of that rate, so half of the songs are made at twice the rate instead."""

_SCALES = ((0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 9, 10), (0, 3, 5, 7, 10))


def compose(random: np.random.Generator, seconds: float, *, rate: int = RATE) -> Sound:
    """A piece of music: mono, float from -1 to 1, ``round(seconds * rate)`` samples.

    Key, tempo, instruments, loudness and which layers play at all are drawn by `random`.
    """
    length = round(seconds * rate)
    mix = np.zeros(length)
    beat = 60 / random.uniform(60, 180)
    key, scale = int(random.integers(28, 45)), _SCALES[random.integers(len(_SCALES))]
    bars = int(seconds / (4 * beat)) + 1
    degrees = random.integers(0, len(scale), bars)

    def pitch(degree: int, octave: int = 0) -> float:
        step = key + scale[degree % len(scale)] + 12 * (degree // len(scale) + octave)
        return 440 * 2 ** ((step - 69) / 12)

    layers: list[tuple[float, Callable[[], None]]] = []

    def notes(times: np.ndarray, octave: int, spread: int, level: float, hold: float) -> None:
        """Play random notes of the scale at some times, all with one instrument."""
        voice = _instrument(random)
        for time in times:
            degree = degrees[int(time / (4 * beat)) % bars] + random.integers(0, spread + 1)
            tone = voice(pitch(int(degree), octave), hold * random.uniform(0.5, 1.5), rate)
            _add(mix, tone * level * random.uniform(0.5, 1.0), time, rate)

    def grid(step: float, chance: float) -> np.ndarray:
        times = np.arange(0, seconds, step * beat)
        return times[random.random(len(times)) < chance]

    def chords() -> None:
        voice = _instrument(random, slow=bool(random.random() < 0.6))
        for bar in range(bars):
            for third in (0, 2, 4, 6)[: random.integers(2, 5)]:
                tone = voice(pitch(int(degrees[bar]) + third, 2), 4 * beat, rate)
                _add(mix, 0.16 * tone, bar * 4 * beat, rate)

    def drums() -> None:
        pattern = random.random(16) < random.uniform(0.2, 0.6)
        for index, time in enumerate(np.arange(0, seconds, beat / 4)):
            if index % 8 == 0 or (pattern[index % 16] and random.random() < 0.15):
                _add(mix, 0.8 * _kick(random, rate), time, rate)
            if index % 8 == 4:
                _add(mix, 0.4 * _hit(random, 0.12, 1500, rate), time, rate)
            if pattern[index % 16]:
                _add(mix, 0.2 * _hit(random, 0.04, 6000, rate), time, rate)

    layers = [
        (0.55, drums),
        (0.65, lambda: notes(grid(1.0, 0.8), 0, 1, 0.5, beat)),
        (0.6, chords),
        (0.6, lambda: notes(grid(0.5, 0.6), 3, 6, 0.35, 0.8 * beat)),
        (0.35, lambda: notes(grid(0.25, 0.7), 4, 7, 0.2, 0.4 * beat)),
        (0.25, lambda: notes(grid(2.0, 0.8), 2, 6, 0.5, 3 * beat)),
    ]
    chosen = [play for chance, play in layers if random.random() < chance]
    for play in chosen or [layers[3][1]]:  # at least a melody
        play()
    mix *= _dynamics(random, length)
    peak = float(np.abs(mix).max())
    return mix / peak * random.uniform(0.1, 0.95) if peak > 0 else mix


def _add(mix: Sound, tone: Sound, time: float, rate: int) -> None:
    """Mix a tone in at a time, cut at the end."""
    room = mix[round(time * rate) :][: len(tone)]
    room += tone[: len(room)]


def _instrument(
    random: np.random.Generator, *, slow: bool = False
) -> Callable[[float, float, int], Sound]:
    """An instrument: from frequency in Hz, seconds and rate to a tone.

    Harmonics fall by a power of their number, odd ones may stand out; plucked or held, with
    vibrato or without.
    """
    slope, odd = random.uniform(0.6, 2.8), random.uniform(0.1, 1.0)
    attack = random.uniform(0.08, 0.5) if slow else random.uniform(0.003, 0.03)
    fall = random.uniform(0.3, 2.0) if slow else random.uniform(1.0, 9.0)
    vibrato = random.uniform(0, 0.006) if random.random() < 0.4 else 0.0
    stretch = random.uniform(0, 0.0008) if random.random() < 0.3 else 0.0

    def tone(frequency: float, seconds: float, rate: int) -> Sound:
        time = np.arange(max(1, round(seconds * rate))) / rate
        bend = vibrato * frequency / 5.5 * np.sin(2 * np.pi * 5.5 * time)
        made = np.zeros(len(time))
        for number in range(1, 25):
            partial = number * np.sqrt(1 + stretch * number * number)
            if frequency * partial > 0.45 * rate:
                break
            level = number**-slope * (odd if number % 2 == 0 else 1.0)
            fading = np.exp(-fall * (1 + 0.15 * number) * time)
            made += level * fading * np.sin(2 * np.pi * partial * (frequency * time + bend))
        ends = np.minimum(1, np.minimum(time / attack, (time[-1] - time) / 0.01))
        return made * ends

    return tone


def _kick(random: np.random.Generator, rate: int) -> Sound:
    """A drum whose pitch falls."""
    time = np.arange(round(0.3 * rate)) / rate
    low = random.uniform(40, 65)
    phase = low * time + random.uniform(60, 160) / 30 * (1 - np.exp(-30 * time))
    return np.sin(2 * np.pi * phase) * np.exp(-10 * time)


def _hit(random: np.random.Generator, fall: float, above: float, rate: int) -> Sound:
    """A burst of noise above a frequency in Hz, which falls to 1/e in `fall` seconds."""
    noise = random.standard_normal(round(5 * fall * rate))
    spectrum = np.fft.rfft(noise)
    frequency = np.fft.rfftfreq(len(noise), 1 / rate)
    spectrum *= 1 / (1 + (above / np.maximum(frequency, 1)) ** 4)
    shaped = np.fft.irfft(spectrum, len(noise))
    return shaped * np.exp(-np.arange(len(noise)) / rate / fall) / 2


def _dynamics(random: np.random.Generator, length: int) -> Sound:
    """Slow changes of loudness, and sometimes a rest."""
    points = random.uniform(0.15, 1.0, 9)
    points[random.random(9) < 0.08] = 0.0
    return np.interp(np.linspace(0, 8, length), np.arange(9), points)
