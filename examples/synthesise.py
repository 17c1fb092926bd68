"""Synthesise the two example songs, with numpy alone, and encode them as Ogg Vorbis.

loop.ogg
    An electronic loop in D minor (i, VI, III, VII; one chord a bar): 4 bars of 4/4 at 60 bpm with
    a half-time groove on thirty-second notes, so it moves like 120 bpm.  It lasts 16 s, exactly
    705600 samples, begins with a kick at sample 0 and repeats without a seam: everything that
    rings past the end wraps around to the beginning.

nocturne.ogg
    A slow piece in E minor without drums: plucked strings and soft bells over a swelling pad in a
    long reverberation.  It lasts 20 s, exactly 882000 samples, falls nearly silent in the middle
    and ends in silence.

Run it with

    python examples/synthesise.py [FOLDER]

FOLDER is where the songs are written and is this script's own folder unless given.  The random
numbers are seeded, so running it again gives the same samples.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]  # (samples,) when mono, (samples, 2) when stereo
Spectrum = NDArray[np.complex128]
Note = tuple[float, int, float]  # when it starts, MIDI pitch, how long it lasts
Strike = tuple[float, int, float]  # when it starts, MIDI pitch, how hard it is struck (0 to 1)

RATE = 44100
SEED = 1977
PEAK = 10 ** (-1.4 / 20)  # comes back from Vorbis, which overshoots slightly, near -1 dBFS
CEILING = 15000.0  # no oscillator has partials above this, far from aliasing

LOOP_BPM = 60
LOOP_BARS = 4
LOOP_BEATS = 4  # in each bar
LOOP_STEPS = 8  # in each beat: the groove is written in thirty-second notes
LOOP_SAMPLES = LOOP_BARS * LOOP_BEATS * 60 * RATE // LOOP_BPM
LOOP_SECONDS = LOOP_SAMPLES / RATE

NOCTURNE_SECONDS = 20
NOCTURNE_SAMPLES = NOCTURNE_SECONDS * RATE
NOCTURNE_ROOM = 8 * RATE  # silence behind the song while it is mixed, so that no echo wraps around

BAR = LOOP_BEATS * LOOP_STEPS
STEP = 60 / LOOP_BPM / LOOP_STEPS  # seconds

# The score of the loop, one entry a bar, in steps from the beginning of the bar.
CHORDS = ((53, 57, 60, 64), (53, 58, 62, 69), (57, 60, 65, 67), (55, 60, 64, 67))
SUSPENDED = (55, 60, 62, 65)  # opens the last bar and resolves into its chord half-way
ROOTS = (38, 34, 33, 36)
KICKS = ((0, 11, 16), (0, 6, 16, 22), (0, 11, 16, 19), (0, 6, 11, 16))
SNARES = ((8, 24), (8, 24), (8, 24, 31), (8,))
HAT_ACCENTS = (0.65, 0.25, 0.4, 0.25, 1.0, 0.25, 0.4, 0.3)
OPEN_HATS = ((30,), (14, 30), (14, 30), (14,))
# Here the second number counts semitones above the root.
BASS: tuple[Sequence[Note], ...] = (
    ((0, 0, 6), (11, 0, 3), (16, 0, 5), (22, 12, 2), (28, 7, 3)),
    ((0, 0, 5), (6, 0, 3), (14, 12, 2), (16, 0, 5), (22, 0, 3), (28, 7, 3)),
    ((0, 0, 6), (11, 12, 3), (16, 0, 3), (19, 0, 3), (26, 3, 2), (28, 0, 3)),
    ((0, 0, 5), (6, 0, 3), (11, 12, 3), (16, 0, 4), (22, 7, 2), (25, 4, 2), (28, 2, 2)),
)
MELODY: tuple[Sequence[Note], ...] = (
    ((4, 81, 4), (8, 77, 3), (11, 76, 3), (14, 74, 7), (26, 76, 2), (28, 77, 2), (30, 79, 2)),
    ((0, 81, 6), (6, 77, 3), (9, 74, 6), (18, 82, 3), (21, 81, 3), (24, 77, 5)),
    ((0, 84, 6), (6, 81, 4), (10, 79, 6), (18, 77, 2), (20, 79, 2), (22, 81, 3), (25, 84, 6)),
    ((0, 86, 6), (6, 84, 3), (9, 79, 5), (16, 76, 3), (19, 79, 3), (22, 84, 3), (25, 88, 6)),
)

# The score of the nocturne, in seconds.
PADS: Sequence[tuple[float, float, Sequence[int], float]] = (
    (0.6, 5.6, (40, 52, 59, 66), 0.7),
    (3.2, 4.2, (48, 55, 64, 71), 0.6),
    (9.9, 5.0, (45, 52, 60, 67), 1.0),
    (12.6, 5.2, (40, 55, 59, 66), 0.8),
)
STRINGS: Sequence[Strike] = (
    (0.25, 64, 0.55), (0.95, 71, 0.5), (1.65, 78, 0.45), (2.05, 79, 0.6), (3.2, 74, 0.5),
    (3.9, 72, 0.55), (4.3, 71, 0.45), (5.0, 67, 0.4), (5.8, 64, 0.25),
    (10.0, 45, 0.8), (10.22, 57, 0.6), (10.44, 64, 0.65), (10.66, 72, 0.7), (11.2, 76, 0.75),
    (11.6, 79, 0.85), (12.3, 78, 0.8), (12.62, 40, 0.9), (12.84, 59, 0.6), (13.06, 67, 0.65),
    (13.28, 71, 0.7), (13.9, 74, 0.5), (14.6, 71, 0.4), (15.6, 66, 0.3), (16.5, 64, 0.2),
)  # fmt: skip
BELLS: Sequence[Strike] = (
    (2.05, 91, 0.3), (4.3, 88, 0.25), (8.7, 83, 0.16), (11.6, 91, 0.5), (12.62, 95, 0.7),
    (13.28, 90, 0.4), (14.6, 86, 0.25), (16.5, 88, 0.18), (17.4, 95, 0.08),
)  # fmt: skip


# Filters and effects.  They all work on whole spectra, which makes them circular: in the loop
# their tails wrap around as if it had been playing forever.


def lowpass(frequencies: Sound, cutoff: float) -> Spectrum:
    """Response of a second-order Butterworth low-pass; causal, so nothing rings before a note."""
    s = 1j * frequencies / cutoff
    return 1 / (1 + np.sqrt(2) * s + s * s)


def highpass(frequencies: Sound, cutoff: float) -> Spectrum:
    """Response of a second-order Butterworth high-pass."""
    s = 1j * frequencies / cutoff
    return s * s / (1 + np.sqrt(2) * s + s * s)


def shaped(sound: Sound, response: Spectrum) -> Sound:
    """The sound through a filter given by its response at every bin of the sound's spectrum."""
    spectrum = np.fft.rfft(sound, axis=0)
    return np.fft.irfft((spectrum.T * response).T, n=len(sound), axis=0)


def band(sound: Sound, low: float, high: float) -> Sound:
    """The part of a sound between two frequencies, with gentle slopes."""
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    return shaped(sound, highpass(frequencies, low) * lowpass(frequencies, high))


def echo(sound: Sound, seconds: float, feedback: float) -> Sound:
    """Only the repeats of a feedback delay, each duller than the one before."""
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    dull = feedback * lowpass(frequencies, 4500) * highpass(frequencies, 250)
    once = dull * np.exp(-2j * np.pi * frequencies * seconds)
    # The endless sum of the repeats, once + once^2 + ..., has this closed form.
    return shaped(sound, once / (1 - once))


def crossed_echo(sound: Sound, seconds: float, feedback: float) -> Sound:
    """Repeats that jump to the other side, a little later on the right than on the left."""
    left = echo(sound[:, 1], seconds, feedback)
    right = echo(sound[:, 0], seconds * 1.5, feedback)
    return np.stack((left, right), axis=1)


def room(rng: np.random.Generator, count: int, decay: float) -> Sound:
    """A room's impulse response: noise that dies away, its treble sooner than its bass."""
    length = min(count, round(6 * decay * RATE))
    time = np.arange(length) / RATE
    noise = rng.standard_normal((length, 2))
    frequencies = np.fft.rfftfreq(length, 1 / RATE)
    bass = shaped(noise, highpass(frequencies, 200) * lowpass(frequencies, 1800))
    treble = shaped(noise, highpass(frequencies, 1800) * lowpass(frequencies, 8000))
    decays = np.exp(-time / decay)[:, None]
    # The third power: treble decays three times as fast.  The onset is soft, without a slap.
    response = (bass * decays + treble * decays**3) * fade(length, 0.02, 0.1)[:, None]
    response /= np.sqrt((response**2).sum(axis=0))
    before = min(count - length, round(0.018 * RATE))
    return np.pad(response, ((before, count - length - before), (0, 0)))


def reverberated(sound: Sound, response: Sound) -> Sound:
    """A stereo sound as it comes back from a room of the same length."""
    spectrum = np.fft.rfft(sound, axis=0) * np.fft.rfft(response, axis=0)
    return np.fft.irfft(spectrum, n=len(sound), axis=0)


def chorus(sound: Sound, cycles: int, depth: float = 0.0012) -> Sound:
    """The sound and a copy of slowly swaying pitch, swaying oppositely left and right.

    It sways a whole number of cycles, so that the end still meets the beginning.
    """
    count = len(sound)
    now = np.arange(count)
    sway = np.sin(2 * np.pi * cycles * now / count)
    delays = np.stack((1.5 + sway, 1.5 - sway), axis=1) * depth * RATE
    copies = [
        np.interp(now - delays[:, side], now, sound[:, side], period=count) for side in (0, 1)
    ]
    return (sound + np.stack(copies, axis=1)) / 2


def mastered(sound: Sound, drive: float) -> Sound:
    """The finished mix: its loudest moments rounded off, without rumble and hiss, normalised."""
    # The filter comes last, to take away what the clipping adds: an offset and more treble.
    soft = band(np.tanh(sound / np.abs(sound).max() * drive), 26, 16500)
    return soft * (PEAK / np.abs(soft).max())


# Oscillators and instruments.  Each returns one mono note at its natural level.


def pitch(midi: float) -> float:
    """Frequency in Hz of a MIDI note."""
    return 440.0 * 2 ** ((midi - 69) / 12)


def clock(seconds: float) -> Sound:
    """The time of every sample of a note."""
    return np.arange(round(seconds * RATE)) / RATE


def fade(count: int, attack: float, release: float) -> Sound:
    """A gain that rises and falls along half cosines, so that notes begin and end unheard."""
    gain = np.ones(count)
    rise = min(count, round(attack * RATE))
    fall = min(count, round(release * RATE))
    gain[:rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / max(rise, 1))
    gain[count - fall :] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, fall + 1) / max(fall, 1))
    return gain


def harmonics(phase: Sound, top: float, tilt: float, dulling: float, limit: int = 32) -> Sound:
    """A band-limited tone: a sum of harmonics, the higher the weaker and the sooner gone.

    phase: of the fundamental, in radians, at every sample.
    top: highest frequency of the fundamental in Hz, which says how many harmonics fit.
    tilt: harmonic k starts at k ** -tilt.
    dulling: harmonic k also decays by (k - 1) * dulling nepers a second, like a closing filter.
    """
    doubled = 2 * np.cos(phase)
    dimming = np.exp(-dulling * np.arange(len(phase)) / RATE)
    before, now, gain = np.zeros_like(phase), np.sin(phase), np.ones_like(phase)
    total = np.zeros_like(phase)
    for k in range(1, max(1, min(limit, int(CEILING / top))) + 1):
        total += k**-tilt * gain * now
        # sin((k + 1) x) = 2 cos(x) sin(k x) - sin((k - 1) x) spares a sine per harmonic.
        before, now = now, doubled * now - before
        gain *= dimming
    return total


def drum(base: float, sweep: float, fall: float, decay: float) -> Sound:
    """A drum skin: a sine whose pitch falls by sweep Hz to base Hz while it dies away."""
    time = clock(6 * decay)
    phase = 2 * np.pi * (base * time + sweep * fall * (1 - np.exp(-time / fall)))
    # Zero phase at sample 0 lets it begin at full strength without a click.
    return np.sin(phase) * np.exp(-time / decay) * fade(len(time), 0, 0.05)


def noise(rng: np.random.Generator, seconds: float, low: float, high: float) -> Sound:
    """Noise between two frequencies with a root mean square of one."""
    hiss = band(rng.standard_normal(round(seconds * RATE)), low, high)
    return hiss / hiss.std()


def kick(rng: np.random.Generator) -> Sound:
    """A deep kick: a long fall to 46 Hz, and a brief click that gives it an edge."""
    skin = np.tanh(1.8 * drum(46, 190, 0.038, 0.14))
    click = noise(rng, 0.03, 1500, 7000)
    click *= np.exp(-clock(0.03) / 0.004) * fade(len(click), 0.0005, 0.01)
    skin[: len(click)] += 0.2 * click
    return skin


def snare(rng: np.random.Generator) -> Sound:
    """A snare: a short skin, rattling wires and the three quick strokes of a clap."""
    time = clock(0.45)
    skin = drum(182, 120, 0.02, 0.075)
    wires = noise(rng, 0.45, 900, 9000) * np.exp(-time / 0.085)
    strokes = sum(np.exp(-(time - at) / 0.008) * (time >= at) for at in (0, 0.012, 0.025))
    clap = noise(rng, 0.45, 900, 2800) * (strokes + 0.5 * np.exp(-time / 0.07))
    return (0.6 * skin + 0.42 * wires + 0.24 * clap) * fade(len(time), 0.001, 0.1)


def hat(rng: np.random.Generator, decay: float) -> Sound:
    """A hi-hat: airy noise with a metallic shimmer of square-like inharmonic partials."""
    seconds = 5 * decay
    time = clock(seconds)
    metal = sum(np.sin(2 * np.pi * f * time) for f in (6150.0, 7390.0, 8817.0, 10590.0, 12310.0))
    sound = noise(rng, seconds, 7500, 15000) + 0.35 * metal
    return sound * np.exp(-time / decay) * fade(len(time), 0.0015, decay)


def riser(rng: np.random.Generator, seconds: float) -> Sound:
    """Noise that swells and climbs from 500 Hz to 9 kHz."""
    centres = np.geomspace(500, 9000, 9)
    progress = clock(seconds) / seconds
    total = np.zeros(len(progress))
    for turn, centre in enumerate(centres):
        near = np.exp(-((progress * (len(centres) - 1) - turn) ** 2))
        total += near * noise(rng, seconds, centre / 1.2, centre * 1.2)
    return total * progress**2 * fade(len(total), 0.1, 0.03)


def bass_note(midi: float, seconds: float) -> Sound:
    """A round bass that opens and closes like a plucked filter."""
    time = clock(seconds)
    frequency = pitch(midi)
    sound = harmonics(2 * np.pi * frequency * time, frequency, 0.9, 3.5, 16)
    return sound * np.exp(-time / 0.7) * fade(len(time), 0.006, 0.06)


def pad_note(midi: float, seconds: float, detune: float, bright: float, swell: float) -> Sound:
    """A sustained, slightly detuned string tone; bright from 0 to 1."""
    time = clock(seconds)
    frequency = pitch(midi + detune)
    # Beginning off phase zero keeps the voices of a chord from peaking together.
    phase = 2 * np.pi * (frequency * time + 0.37 * midi + detune)
    sound = harmonics(phase, frequency, 2.2 - bright, 0, 14)
    return sound * fade(len(time), swell, swell)


def arp_note(midi: float, bright: float) -> Sound:
    """A short pluck; bright from 0 to 1 says how slowly its overtones vanish."""
    time = clock(0.5)
    frequency = pitch(midi)
    sound = harmonics(2 * np.pi * frequency * time, frequency, 1.1, 16 - 11 * bright, 20)
    return sound * np.exp(-time / 0.13) * fade(len(time), 0.002, 0.1)


def lead_note(midi: float, seconds: float) -> Sound:
    """The singing voice of the melody; its vibrato sets in once the note has spoken."""
    time = clock(seconds + 0.12)
    frequency = pitch(midi)
    vibrato = 0.5 * np.clip((time - 0.25) / 0.4, 0, 1) * np.sin(2 * np.pi * 5.2 * time)
    phase = 2 * np.pi * frequency * time + vibrato
    sound = harmonics(phase, frequency, 1.5, 1.6, 12) * (0.45 + 0.55 * np.exp(-time / 0.25))
    return sound * fade(len(time), 0.008, 0.12)


def string_note(rng: np.random.Generator, midi: float, force: float) -> Sound:
    """A plucked string after Karplus and Strong: noise going round a slightly leaky delay line."""
    count = round(5.0 * RATE)
    frequency = pitch(midi)
    period = int(RATE / frequency - 0.5)
    line = np.zeros(count)
    # A harder pluck is brighter.
    pluck = noise(rng, 1.0, 60, 500 + 3000 * force**2 + 4 * frequency)[:period]
    line[1 : period + 1] = pluck - pluck.mean()
    keep = 0.998 ** (220 / frequency)  # the same loss a second whatever the pitch
    for start in range(period + 1, len(line), period):
        # A whole period at once, because it depends on nothing but the period before.
        end = min(start + period, len(line))
        older = line[start - period - 1 : end - period]
        line[start:end] = keep * 0.5 * (older[1:] + older[:-1])
    # The line sounds at RATE / (period + 1/2), a little too high; read it a little slower.
    now = np.arange(count)
    tuned = np.interp(now * (frequency * (period + 0.5) / RATE), now, line)
    return tuned * fade(count, 0.002, 1.0) * force


def bell_note(midi: float, force: float) -> Sound:
    """A soft bell: five partials not quite in tune, the higher the sooner gone."""
    time = clock(4.5)
    total = np.zeros(len(time))
    for ratio, level, decay in ((1, 1, 1.3), (2.003, 0.35, 0.8), (2.76, 0.3, 0.5),
                                (4.07, 0.15, 0.25), (5.4, 0.1, 0.12)):  # fmt: skip
        frequency = ratio * pitch(midi)
        if frequency < CEILING:
            total += level * np.sin(2 * np.pi * frequency * time) * np.exp(-time / decay)
    return total * force * fade(len(time), 0.006, 1.0)


# Mixing.


def place(track: Sound, note: Sound, seconds: float, pan: float = 0.0, gain: float = 1.0) -> None:
    """Add a mono note to a stereo track, panned from -1 to 1; what exceeds it wraps around."""
    where = (round(seconds * RATE) + np.arange(len(note))) % len(track)
    angle = (pan + 1) * np.pi / 4  # equal power wherever it sits
    track[where, 0] += note * (gain * np.cos(angle))
    track[where, 1] += note * (gain * np.sin(angle))


def silence(count: int) -> Sound:
    return np.zeros((count, 2))


def moments(pattern: Sequence[Iterable[int]]) -> list[float]:
    """Seconds at which the steps of a pattern of bars fall."""
    return [(bar * BAR + step) * STEP for bar, steps in enumerate(pattern) for step in steps]


def duck(count: int, times: Iterable[float], depth: float, recovery: float) -> Sound:
    """A gain that dips with every kick, as a compressor keyed by it would."""
    gain = np.zeros(count)
    time = np.arange(count) / RATE
    for at in times:
        since = np.roll(time, round(at * RATE))
        gain = np.maximum(gain, (1 - np.exp(-since / 0.004)) * np.exp(-since / recovery))
    return (1 - depth * gain)[:, None]


# The loop.


def drums(rng: np.random.Generator) -> Sound:
    """Kick and snare with the fill of snares and toms in the last half bar."""
    track = silence(LOOP_SAMPLES)
    for at in moments(KICKS):
        place(track, kick(rng), at)
    for bar, steps in enumerate(SNARES):
        for step in steps:
            ghost = step % 8 != 0
            place(track, snare(rng), (bar * BAR + step) * STEP, gain=0.3 if ghost else 0.75)
    start = 3 * BAR
    for step, gain in ((20, 0.35), (22, 0.5), (24, 0.75), (27, 0.4), (30, 0.55), (31, 0.75)):
        place(track, snare(rng), (start + step) * STEP, gain=gain)
    for step, base, pan in ((25, 190, -0.5), (26, 150, -0.1), (28, 115, 0.3), (29, 90, 0.6)):
        place(track, drum(base, base * 0.7, 0.04, 0.13), (start + step) * STEP, pan, 0.6)
    return track


def hats(rng: np.random.Generator) -> Sound:
    """Hi-hats that double their pace twice on the way through the four bars."""
    track = silence(LOOP_SAMPLES)
    for bar, every in enumerate((4, 2, 2, 1)):
        for step in range(every if bar == 0 else 0, BAR, every):
            at = (bar * BAR + step) * STEP
            pan = 0.3 if step % 4 else -0.15
            place(track, hat(rng, 0.03), at, pan, HAT_ACCENTS[step % len(HAT_ACCENTS)])
    for step in (11, 12.5, 13, 13.5, 27, 28.5, 29, 29.5):  # rolls of the third bar
        place(track, hat(rng, 0.022), (2 * BAR + step) * STEP, 0.45, 0.3 + 0.03 * (step % 16))
    for at in moments(OPEN_HATS):
        place(track, hat(rng, 0.16), at, -0.35, 0.7)
    return track


def basses() -> Sound:
    track = silence(LOOP_SAMPLES)
    for bar, notes in enumerate(BASS):
        for step, interval, steps in notes:
            note = bass_note(ROOTS[bar] + interval, steps * STEP)
            place(track, note, (bar * BAR + step) * STEP)
    return band(track, 30, 1600)


def pads() -> Sound:
    """The chords, each voice once to the left and once, tuned a little apart, to the right."""
    track = silence(LOOP_SAMPLES)
    half = BAR // 2 * STEP
    chords = [(bar * 2 * half, 2 * half, chord) for bar, chord in enumerate(CHORDS[:-1])]
    last = (LOOP_BARS - 1) * 2 * half
    chords += [(last, half, SUSPENDED), (last + half, half, CHORDS[-1])]
    for at, seconds, chord in chords:
        for midi in chord:
            for pan, detune in ((-0.8, -0.03), (0.8, 0.03)):
                bright = 0.4 + 0.5 * at / LOOP_SECONDS
                place(track, pad_note(midi, seconds + 0.25, detune, bright, 0.25), at, pan)
    return chorus(band(track, 140, 6000), 6)


def arpeggios() -> Sound:
    """Broken chords that wander from side to side and grow brighter towards the end."""
    track = silence(LOOP_SAMPLES)
    order = (0, 2, 1, 3, 2, 4, 3, 1)
    # The first half bar is left free for the kick and the chord to sound alone.
    for count, step in enumerate(range(BAR // 2, LOOP_BARS * BAR, 2)):
        chord = CHORDS[step // BAR]
        if step // (BAR // 2) == 2 * LOOP_BARS - 2:
            chord = SUSPENDED
        midi = (*chord, chord[0] + 12)[order[count % len(order)]] + 12
        grown = step / (LOOP_BARS * BAR)
        pan = 0.7 * np.sin(2 * np.pi * step / 24)
        place(track, arp_note(midi, grown), step * STEP, pan, 0.6 + 0.4 * grown)
    return track


def melody() -> Sound:
    track = silence(LOOP_SAMPLES)
    for bar, notes in enumerate(MELODY):
        for step, midi, steps in notes:
            at = (bar * BAR + step) * STEP
            place(track, lead_note(midi, steps * STEP), at, 0.08)
            if bar >= LOOP_BARS // 2:  # an octave above it, a glint in the brighter half
                place(track, arp_note(midi + 12, 0.6), at, -0.3, 0.35)
    return track


def climb(rng: np.random.Generator) -> Sound:
    """The riser through the last half bar, which breaks off into the kick of the next round."""
    track = silence(LOOP_SAMPLES)
    half = BAR // 2 * STEP
    place(track, riser(rng, half), LOOP_SECONDS - half)
    return track


def loop() -> Sound:
    """The electronic loop: LOOP_SAMPLES stereo samples that repeat without a seam."""
    rng = np.random.default_rng(SEED)
    beat, tops, rise = drums(rng), hats(rng), climb(rng)
    kicks = moments(KICKS)
    pump = duck(LOOP_SAMPLES, kicks, 0.75, 0.16)
    chords, arps, lead = pads() * pump, arpeggios() * (1 + pump) / 2, melody()
    sent = 0.10 * beat + 0.25 * chords + 0.8 * arps + 0.7 * lead + 0.2 * tops + rise
    wet = reverberated(band(sent, 250, 9000), room(rng, LOOP_SAMPLES, 0.55))
    repeats = crossed_echo(0.6 * arps + lead, 3 * STEP, 0.42)
    mix = (
        0.62 * beat
        + 0.2 * tops
        + 0.25 * basses() * duck(LOOP_SAMPLES, kicks, 0.6, 0.09)
        + 0.095 * chords
        + 0.22 * arps
        + 0.21 * lead
        + 0.09 * rise
        + 0.12 * repeats
        + 0.09 * wet * (1 + pump) / 2
    )
    return mastered(mix, 1.3)


# The nocturne.


def nocturne() -> Sound:
    """The slow piece: NOCTURNE_SAMPLES stereo samples that end in silence."""
    rng = np.random.default_rng(SEED + 1)
    count = NOCTURNE_SAMPLES + NOCTURNE_ROOM
    strings, bells, swells = silence(count), silence(count), silence(count)
    for at, midi, force in STRINGS:
        # Low strings sit to the left and high ones to the right, as on a harp.
        place(strings, string_note(rng, midi, force), at, (midi - 62) / 40)
    for turn, (at, midi, force) in enumerate(BELLS):
        place(bells, bell_note(midi, force), at, -0.5 if turn % 2 else 0.5)
    for at, seconds, chord, level in PADS:
        for midi in chord:
            for pan, detune in ((-0.8, -0.02), (0.8, 0.02)):
                place(swells, pad_note(midi, seconds, detune, 0.5, seconds / 2), at, pan, level)
    swells = chorus(band(swells, 60, 2500), 11)
    sent = band(0.5 * strings + 0.4 * bells + 0.1 * swells, 150, 7000)
    wet = reverberated(sent, room(rng, count, 0.75))
    mix = 0.30 * strings + 0.19 * bells + 0.05 * swells + 0.3 * wet
    song = mastered(mix, 0.8)[:NOCTURNE_SAMPLES]
    return song * fade(NOCTURNE_SAMPLES, 0, 1.5)[:, None]


# Files.


def write(path: Path, sound: Sound) -> None:
    """Encode a stereo sound as Ogg Vorbis, entitled like its file."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y"]
    command += ["-f", "f32le", "-ar", str(RATE), "-ac", "2", "-i", "pipe:0"]
    command += ["-metadata", f"title={path.stem.capitalize()}"]
    # Bit-exact means neither versions nor random serial numbers in the file.
    command += ["-c:a", "libvorbis", "-q:a", "5", "-fflags", "+bitexact", "-flags", "+bitexact"]
    subprocess.run([*command, str(path)], input=sound.astype("<f4").tobytes(), check=True)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        print("usage: synthesise.py [FOLDER]", file=sys.stderr)
        return 2
    folder = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    folder.mkdir(parents=True, exist_ok=True)
    for make in (loop, nocturne):
        path = folder / f"{make.__name__}.ogg"
        write(path, make())
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
