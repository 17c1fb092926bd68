"""Music that this program composes, for spectra to learn from: many tempi, keys and instruments.

It is made to be seen rather than heard: what matters is that its constant-Q spectra are those of
music, from a lone voice to a dense mix, loud and nearly silent, and that they move as those of
music do: players are not on time together, voices glide, strings beat against each other, rooms
ring on.
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

    late = random.uniform(0, 0.015) if random.random() < 0.7 else 0.0  # how loosely they play
    swing = random.uniform(0.05, 0.2) * beat / 2 if random.random() < 0.25 else 0.0

    def notes(times: np.ndarray, octave: int, spread: int, level: float, hold: float) -> None:
        """Play random notes of the scale at some times, all with one instrument."""
        voice = _instrument(random)
        for time in times:
            degree = degrees[int(time / (4 * beat)) % bars] + random.integers(0, spread + 1)
            tone = voice(pitch(int(degree), octave), hold * random.uniform(0.5, 1.5), rate)
            moment = max(0.0, time + random.normal() * late)
            _add(mix, tone * level * random.uniform(0.3, 1.0), moment, rate)

    def grid(step: float, chance: float) -> np.ndarray:
        times = np.arange(0, seconds, step * beat)
        if step < 1:
            times[1::2] += swing
        return times[random.random(len(times)) < chance]

    def chords() -> None:
        voice = _instrument(random, slow=bool(random.random() < 0.5))
        strum = random.uniform(0, 0.04) if random.random() < 0.5 else 0.0
        often = int(random.choice([1, 1, 2, 4, 8]))  # per bar
        for number in range(often * bars):
            degree = int(degrees[number // often % bars])
            for string, third in enumerate((0, 2, 4, 6, 7)[: random.integers(2, 6)]):
                tone = voice(pitch(degree + third, 2), 4 * beat / often, rate)
                moment = number * 4 * beat / often + string * strum
                _add(mix, 0.16 * tone, moment, rate)

    def sung() -> None:
        line = _voice(random, seconds, rate, lambda: pitch(int(random.integers(0, 12)), 2), beat)
        mix[:] += 0.35 * line

    def riff() -> None:
        """A bass of short notes, bar after bar the same steps."""
        voice, steps = _bass(random), int(random.choice([8, 16, 16, 12]))
        step = 4 * beat / steps
        struck = random.random(steps) < random.uniform(0.3, 0.95)
        degree = random.integers(0, 5, steps) * (random.random(steps) < 0.4)
        octave = random.integers(0, 2, steps) * (random.random(steps) < random.uniform(0, 0.6))
        held = random.uniform(0.3, 1.0) * random.choice([1, 1, 2], steps)
        for bar in range(bars):
            for number in np.flatnonzero(struck):
                note = pitch(int(degrees[bar] + degree[number]), int(octave[number]))
                tone = voice(note, step * held[number], rate)
                moment = (bar * steps + number) * step + random.normal() * late / 2
                _add(mix, tone * random.uniform(0.6, 1.0), max(0.0, moment), rate)

    beaten, kicks = np.zeros(length), [-60.0]

    def drums() -> None:
        pattern = random.random(16) < random.uniform(0.2, 0.8)
        kick, snare, hat = _drum(random, 0), _drum(random, 1), _drum(random, 2)
        soft, loud = random.uniform(0.2, 1.0), random.uniform(0.3, 1.2)
        for index, time in enumerate(np.arange(0, seconds, beat / 4)):
            moment = max(0.0, time + random.normal() * late / 2 + swing * (index % 2))
            if index % 8 == 0 or (pattern[index % 16] and random.random() < 0.15):
                _add(beaten, loud * kick(rate), moment, rate)
                kicks.append(moment)
            if index % 8 == 4 or random.random() < 0.05:
                _add(beaten, 0.5 * soft * snare(rate), moment, rate)
            if pattern[index % 16]:
                _add(beaten, 0.25 * soft * random.uniform(0.3, 1) * hat(rate), moment, rate)

    layers: list[tuple[float, Callable[[], None]]] = [
        (0.55, drums),
        (0.45, lambda: notes(grid(1.0, 0.8), 0, 1, 0.5, beat)),
        (0.45, riff),
        (0.5, chords),
        (0.35, chords),
        (0.6, lambda: notes(grid(0.5, 0.6), 3, 6, 0.35, 0.8 * beat)),
        (0.5, lambda: notes(grid(0.25, 0.7), 4, 7, 0.3, 0.4 * beat)),
        (0.25, lambda: notes(grid(2.0, 0.8), 2, 6, 0.5, 3 * beat)),
        (0.4, sung),
    ]
    chosen = [play for chance, play in layers if random.random() < chance]
    for play in chosen or [layers[5][1]]:  # at least a melody
        play()
    mix = beaten + mix * _ducking(random, np.sort(kicks), length, rate)
    mix = _recorded(random, mix, rate) * _dynamics(random, length)
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
    attack = random.uniform(0.08, 0.5) if slow else float(np.exp(random.uniform(-6, -2.8)))
    fall = random.uniform(0.1, 2.0) if slow else float(np.exp(random.uniform(-1.5, 2.4)))
    vibrato = random.uniform(0, 0.012) if random.random() < 0.4 else 0.0
    tremolo = random.uniform(0.1, 0.5) if random.random() < 0.2 else 0.0
    pulse = random.uniform(3.5, 7.5)  # Hz, of vibrato and tremolo
    stretch = random.uniform(0, 0.0008) if random.random() < 0.3 else 0.0
    # Several players of a part, or several strings of a note, beat against each other.
    players = int(random.integers(2, 5)) if random.random() < 0.4 else 1
    apart = random.uniform(0.0005, 0.008)
    knock = random.uniform(0.0, 0.3) if random.random() < 0.5 else 0.0
    rough = random.uniform(0.1, 0.6) if random.random() < 0.5 else 0.0  # bow, breath, buzz

    def tone(frequency: float, seconds: float, rate: int) -> Sound:
        time = np.arange(max(1, round(seconds * rate))) / rate
        wave = 2 * np.pi * pulse * time + random.uniform(0, 2 * np.pi)
        made = np.zeros(len(time))
        for _ in range(players):
            detune = 1 + apart * random.normal() * (players > 1)
            phase = detune * frequency * (time + vibrato / (2 * np.pi * pulse) * np.sin(wave))
            for number in range(1, 25):
                partial = number * np.sqrt(1 + stretch * number * number)
                if frequency * partial > 0.45 * rate:
                    break
                level = number**-slope * (odd if number % 2 == 0 else 1.0) * random.uniform(0.5, 1)
                fading = np.exp(-fall * (1 + 0.15 * number) * time)
                turn = random.uniform(0, 2 * np.pi)
                made += level * fading * np.sin(2 * np.pi * partial * phase + turn)
        made *= (1 + tremolo * np.cos(wave)) / np.sqrt(players)
        if rough:
            points = np.exp(rough * random.standard_normal(2 + int(40 * seconds)))
            made *= np.interp(time, np.arange(len(points)) / 40, points)
        if knock:
            burst = random.standard_normal(len(time)) * np.exp(-time / 0.012)
            made += knock * np.convolve(burst, np.ones(8) / 8, "same")
        ends = np.minimum(1, np.minimum(time / attack, (time[-1] - time) / 0.01))
        return made * ends

    return tone


def _bass(random: np.random.Generator) -> Callable[[float, float, int], Sound]:
    """A bass that is switched on and off: strings or oscillators, overdriven, with a wobble."""
    slope, fall = random.uniform(0.8, 3.0), float(np.exp(random.uniform(-2.5, 2.2)))
    attack, release = np.exp(random.uniform((-6.2, -6.2), (-4, -2.8)))
    players, apart = int(random.integers(1, 4)), random.uniform(0.001, 0.012)
    drive = random.uniform(0.5, 5.0) if random.random() < 0.6 else 0.0
    wobble = random.uniform(0.2, 1.0) if random.random() < 0.3 else 0.0
    pulse = random.uniform(2, 14)  # Hz
    below = random.uniform(0.0, 0.8) if random.random() < 0.4 else 0.0
    level = random.uniform(0.3, 1.0)

    def tone(frequency: float, seconds: float, rate: int) -> Sound:
        time = np.arange(max(2, round((seconds + release) * rate))) / rate
        made = below * np.sin(np.pi * frequency * time)
        for _ in range(players):
            phase = 2 * np.pi * frequency * (1 + apart * random.normal() * (players > 1)) * time
            for number in range(1, min(20, int(0.45 * rate / frequency))):
                turn = random.uniform(0, 2 * np.pi)
                made += number**-slope / players * np.sin(number * phase + turn)
        made *= np.exp(-fall * time)
        if drive:
            made = np.tanh(drive * made) / np.sqrt(drive)
        made *= 1 - wobble * (0.5 + 0.5 * np.cos(2 * np.pi * pulse * time))
        ends = np.minimum(1, np.minimum(time / attack, (time[-1] - time) / release))
        return level * made * ends

    return tone


def _ducking(
    random: np.random.Generator, kicks: NDArray[np.float64], length: int, rate: int
) -> NDArray[np.float64]:
    """The gain of other layers under a bass drum (side-chain compression); mostly 1."""
    depth = random.uniform(0.2, 0.9) if random.random() < 0.3 else 0.0
    back = random.uniform(0.05, 0.3)
    time = np.arange(length) / rate
    since = time - kicks[np.searchsorted(kicks, time, "right") - 1]
    return 1 - depth * np.exp(-since / back)


def _voice(
    random: np.random.Generator,
    seconds: float,
    rate: int,
    pitch: Callable[[], float],
    beat: float,
) -> Sound:
    """A singer: a line that glides from note to note, with vowels, vibrato and consonants."""
    length = round(seconds * rate)
    steps = np.cumsum(random.choice([0.25, 0.5, 0.5, 1.0, 2.0], 200)) * beat
    steps = np.concatenate([[0.0], steps[steps < seconds], [seconds]])
    time = np.arange(0, seconds, 0.005)  # what changes slowly is computed rarely
    note = np.searchsorted(steps, time, "right") - 1
    pitches = np.array([np.log2(pitch()) for _ in steps])[note]
    glide = np.exp(-np.arange(0, 0.5, 0.005) / random.uniform(0.01, 0.08))
    pitches = _smoothed(pitches, glide)
    depth = random.uniform(0, 0.04) * np.minimum(1, (time - steps[note]) / 0.4)
    pitches += depth * np.sin(2 * np.pi * random.uniform(4.5, 6.5) * time)
    pitches += _smoothed(random.normal(0, 0.01, len(time)), glide)
    loud = random.uniform(0.2, 1.0, len(steps)) * (random.random(len(steps)) < 0.8)
    loudness = _smoothed(loud[note], np.exp(-np.arange(0, 0.3, 0.005) / random.uniform(0.01, 0.05)))
    formants = [
        _smoothed(random.uniform(low, high, len(steps))[note], glide)
        for low, high in ((300, 900), (900, 2300), (2400, 3400))
    ]
    fine = np.arange(length) / rate
    frequency = 2 ** np.interp(fine, time, pitches)
    phase = 2 * np.pi * np.cumsum(frequency) / rate
    made = np.zeros(length)
    lowest = float(2 ** pitches.min())
    for number in range(1, min(40, int(0.45 * rate / lowest))):
        heard = number * 2**pitches
        level = sum(
            amount / (1 + ((heard - centre) / (90 + 0.06 * centre)) ** 2)
            for amount, centre in zip((1.0, 0.6, 0.3), formants, strict=True)
        )
        level = (level + 0.03) * number**-0.5 * (heard < 0.45 * rate)
        made += np.interp(fine, time, level * loudness) * np.sin(number * phase)
    consonant = np.exp(-(time - steps[note]) / 0.04) * (random.random(len(steps)) < 0.4)[note]
    breath = np.interp(fine, time, 0.02 * loudness + random.uniform(0, 0.3) * consonant)
    made += breath * _hiss(random, length, random.uniform(2000, 6000), rate)
    return made


def _smoothed(values: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """A causal filter, begun as if the first value had always been there."""
    padded = np.concatenate([np.full(len(kernel), values[0]), values])
    return np.convolve(padded, kernel / kernel.sum())[len(kernel) : len(kernel) + len(values)]


def _fast(length: int) -> int:
    """The next power of two, for which Fourier transforms are fast; 2 at least."""
    return 1 << int(np.ceil(np.log2(max(2, length))))


def _recorded(random: np.random.Generator, mix: Sound, rate: int) -> Sound:
    """The same in a room, overdriven, and with the noise of a tape; or some of these."""
    if random.random() < 0.6:  # more of the low or of the high
        size = _fast(len(mix))
        heard = np.maximum(np.fft.rfftfreq(size, 1 / rate), 30) / 500
        tilt = np.minimum(heard, 8) ** -random.uniform(-0.3, 0.8)
        mix = np.fft.irfft(np.fft.rfft(mix, size) * tilt, size)[: len(mix)]
    level = float(np.sqrt(np.mean(mix**2))) + 1e-9
    if random.random() < 0.65:
        ring = random.uniform(0.15, 2.0)
        time = np.arange(round(1.5 * ring * rate)) / rate
        room = random.standard_normal(len(time)) * np.exp(-6.9 * time / ring)
        room /= np.sqrt(np.sum(room**2))
        size = _fast(len(mix) + len(room))
        wet = np.fft.irfft(np.fft.rfft(mix, size) * np.fft.rfft(room, size), size)[: len(mix)]
        mix = mix + random.uniform(0.05, 0.9) * wet
    if random.random() < 0.4:
        mix = level * np.tanh(mix / level * random.uniform(0.3, 2.0))
    if random.random() < 0.6:
        noise = _hiss(random, len(mix), 30.0, rate) * np.exp(random.uniform(-8, -3.5))
        mix = mix + level * noise
    return mix


def _drum(random: np.random.Generator, kind: int) -> Callable[[int], Sound]:
    """A drum (0: falling pitch, 1: skin and noise, 2: metal); each hit sounds the same."""
    fall = (np.exp(random.uniform(1.6, 3.8)), random.uniform(8, 30), random.uniform(3, 60))[kind]
    low, sink = random.uniform(40, 90), random.uniform(15, 120)
    drop = random.uniform(20, 160) / sink
    thump = random.uniform(0.1, 0.8)
    skin = random.uniform(140, 330) * np.array([1.0, 1.59, 2.14])
    metal = random.uniform(1500, 9000, 6)
    bright = random.uniform(500, 3000) if kind == 1 else random.uniform(4000, 8000)
    sizzle = random.uniform(0.3, 1.0)

    def sound(rate: int) -> Sound:
        time = np.arange(round(min(1.0, 5 / fall) * rate)) / rate
        fading = np.exp(-fall * time)
        if kind == 0:
            click = thump * random.standard_normal(len(time)) * np.exp(-time / 0.002)
            turns = low * time + drop * (1 - np.exp(-sink * time))
            return np.sin(2 * np.pi * turns) * fading + click
        partials = skin if kind == 1 else metal
        turns = 2 * np.pi * partials[:, None] * time
        body = np.sin(turns).sum(0) * (0.3 if kind == 1 else 0.1) * (1 - sizzle)
        noise = 0.7 * sizzle * _hiss(random, len(time), bright, rate)
        return (body + noise) * fading

    return sound


def _hiss(random: np.random.Generator, length: int, above: float, rate: int) -> Sound:
    """Noise through a high-pass at a frequency in Hz, and a gentle low-pass far above it."""
    size = _fast(length)
    spectrum = np.fft.rfft(random.standard_normal(size))
    frequency = np.maximum(np.fft.rfftfreq(size, 1 / rate), 1)
    spectrum *= 1 / (1 + (above / frequency) ** 2) / np.sqrt(1 + frequency / above / 4)
    return np.fft.irfft(spectrum, size)[:length]


def _dynamics(random: np.random.Generator, length: int) -> Sound:
    """Slow changes of loudness, and sometimes a rest."""
    points = random.uniform(0.15, 1.0, 9)
    points[random.random(9) < 0.08] = 0.0
    return np.interp(np.linspace(0, 8, length), np.arange(9), points)
