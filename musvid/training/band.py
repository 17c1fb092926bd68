"""A small band whose beats are known: drums, bass, chords and a melody, synthesised by numpy.

A `Piece` is data: metre, tempo, and for every instrument what it plays in a bar. `play` makes its
sound and says exactly when its beats and bars begin. Nothing in it is a click track: notes have
attack and decay, levels and moments vary a little as players do, and chords change.

Beats are quarters in 4/4 and 3/4 and dotted quarters in 6/8, of which a bar has two.
"""

from __future__ import annotations

import wave
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

RATE = 22050

Bar = tuple[tuple[float, float], ...]
"""What an instrument plays in a bar: (beat from 0, level from 0 to 1) of each note."""

BEATS = {"4/4": 4, "3/4": 3, "6/8": 2}
"""Beats in a bar of a metre."""


def hits(text: str) -> Bar:
    """Notes as in "0 1.5:0.4 2": beats, each with its level where that is not 1; or "1/3"."""
    found = []
    for word in text.split():
        beat, _, level = word.partition(":")
        whole, _, parts = beat.partition("/")
        if parts:  # 1+2/3
            ahead, _, above = whole.rpartition("+")
            place = float(ahead or 0) + float(above) / float(parts)
        else:
            place = float(beat)
        found.append((place, float(level or 1)))
    return tuple(found)


@dataclass(frozen=True)
class Piece:
    """What the band plays.

    metre: a key of `BEATS`. bpm: beats a minute. drums: bars by "kick", "snare", "hat", "ride",
    "open" and "shaker". bass: its notes in a bar; the first is the chord's root. chords: the notes
    of the chord in a bar; sustained where `pad`, else struck; one after the other where `broken`.
    melody: how likely each of `grid` notes of a beat is. harmony: bars that a chord lasts (0.5:
    two chords a bar). swing: how much later the second half of a beat is, as a part of the beat
    (1/6: triplets); `sixteenths`: swing of the second half of each half. drift: the tempo wanders
    by so much of itself in 40 beats. silent: bars (from, to) in which there are no drums.
    pickup: beats that sound before the first bar.
    """

    name: str
    metre: str
    bpm: float
    drums: dict[str, Bar] = field(default_factory=dict)
    bass: Bar = ()
    chords: Bar = ()
    pad: bool = False
    broken: bool = False
    melody: float = 0.0
    grid: int = 2
    harmony: float = 1
    swing: float = 0.0
    sixteenths: float = 0.0
    drift: float = 0.0
    silent: tuple[int, int] = (0, 0)
    pickup: float = 0.0
    lead: float = 0.4
    seconds: float = 32.0
    seed: int = 0


@dataclass(frozen=True)
class Played:
    """A sound (float64, `RATE`, within [-1, 1]), and seconds at which its beats and bars begin."""

    sound: np.ndarray
    beats: np.ndarray
    bars: np.ndarray


_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10))
_TURNS = ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 4, 3), (5, 3, 0, 4), (0, 6, 3, 4), (1, 4, 0, 5))
"""Degrees of the scale on which chords stand, one after the other."""


def play(piece: Piece) -> Played:
    """What the band plays, the same at every call."""
    rng = np.random.default_rng(piece.seed)
    per_bar = BEATS[piece.metre]
    bars = max(4, round(piece.seconds * piece.bpm / 60 / per_bar))
    time = _Time(piece, bars * per_bar)
    seconds = time(bars * per_bar) + 0.8
    sound = np.zeros(round(seconds * RATE) + 2 * RATE)

    def add(note: np.ndarray, beat: float, level: float) -> None:
        late = rng.normal(0, 0.003)
        first = max(0, round((time.played(beat) + late) * RATE))
        level *= rng.uniform(0.8, 1.0)
        rest = sound[first : first + len(note)]
        rest += level * note[: len(rest)]

    scale = _SCALES[rng.integers(2)]
    key = int(rng.integers(12))
    turn = _TURNS[rng.integers(len(_TURNS))]
    first = -1 if piece.pickup else 0
    for bar in range(first, bars):
        at = bar * per_bar
        with_drums = bar >= 0 and not piece.silent[0] <= bar < piece.silent[1]
        for drum, notes in piece.drums.items():
            for beat, level in notes if with_drums else ():
                add(_DRUMS[drum](rng), at + beat, _LEVELS[drum] * level)

        def chord(beat: float, at: int = at) -> list[int]:
            number = int(max(0.0, at + beat) / (per_bar * piece.harmony) + 1e-6)
            degree = turn[number % len(turn)]
            return [
                key + scale[(degree + step) % 7] + 12 * ((degree + step) // 7) for step in (0, 2, 4)
            ]

        if bar >= 0:
            _backing(piece, add, chord, at, per_bar, time)
        for step in range(per_bar * piece.grid if piece.melody else 0):
            beat = step / piece.grid
            accent = 1.0 if step % piece.grid == 0 else 0.75
            early = bar < 0 and beat < per_bar - piece.pickup
            if early or rng.random() > piece.melody * accent:
                continue
            pitch = int(rng.choice(chord(beat))) + 60 + int(rng.choice([0, 0, 12]))
            length = float(rng.choice([1, 1, 2])) * 60 / piece.bpm / piece.grid
            add(_tone(pitch, length, rise=0.008, fall=2.5), at + beat, 0.16)
    sound = sound[: round(seconds * RATE)]
    beats = np.array([time(beat) for beat in range(bars * per_bar)])
    return Played(0.85 * sound / np.abs(sound).max(), beats, beats[::per_bar])


class _Time:
    """When a beat is, in seconds, and when a player who swings plays it."""

    def __init__(self, piece: Piece, beats: int) -> None:
        self.swing, self.sixteenths = piece.swing, piece.sixteenths
        self.start, self.length = piece.lead + piece.pickup * 60 / piece.bpm, 60 / piece.bpm
        places = np.arange(0, beats + 8, 1 / 48)
        lengths = self.length / (1 + piece.drift * np.sin(2 * np.pi * places / 40))
        self.places = places
        self.times = self.start + np.concatenate([[0], np.cumsum(lengths[:-1])]) / 48

    def __call__(self, beat: float) -> float:
        if beat < 0:
            return self.start + beat * self.length
        return float(np.interp(beat, self.places, self.times))

    def played(self, beat: float) -> float:
        for unit, swing in ((1.0, self.swing), (0.5, self.sixteenths / 2)):
            whole, part = divmod(beat / unit, 1)
            if swing and abs(part - 0.5) < 0.01:
                beat = (whole + 0.5) * unit + swing * unit
        return self(beat)


def _backing(piece, add, chord, at: int, per_bar: int, time: _Time) -> None:  # type: ignore[no-untyped-def]
    """Bass and chords of a bar that begins at a beat."""
    for number, (beat, level) in enumerate(piece.bass):
        later = piece.bass[number + 1][0] if number + 1 < len(piece.bass) else per_bar
        notes = chord(beat)
        # Roots where a chord begins, other notes of it (or the octave) in between.
        changes = beat == 0 or chord(beat - 0.01) != notes or len(piece.bass) < 3
        pitch = notes[0] if changes or number % 2 == 0 else notes[2 if number % 3 else 1]
        length = 0.9 * (time(at + later) - time(at + beat))
        add(_tone(28 + pitch % 12, length, rise=0.004, fall=2.0, parts=4), at + beat, 0.5 * level)
    for number, (beat, level) in enumerate(piece.chords):
        later = piece.chords[number + 1][0] if number + 1 < len(piece.chords) else per_bar
        notes = [48 + note for note in chord(beat)]
        if piece.broken:
            notes = [[*notes, notes[0] + 12][number % 4]]
        length = time(at + later) - time(at + beat)
        for note in notes:
            if piece.pad:
                sounding = _tone(note, length, rise=0.05, fall=0.3, parts=6)
            else:
                sounding = _tone(note, max(length, 0.4), rise=0.003, fall=4.0, parts=6)
            add(sounding, at + beat, (0.3 if piece.broken else 0.14) * level)


def _tone(pitch: float, length: float, *, rise: float, fall: float, parts: int = 3) -> np.ndarray:
    """A note: MIDI's pitch, seconds, seconds of its attack, decay a second, harmonics."""
    time = np.arange(round((length + 0.06) * RATE)) / RATE
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    wave = sum(
        np.sin(2 * np.pi * hertz * part * time) * np.exp(-0.5 * part * fall * time) / part**1.3
        for part in range(1, parts + 1)
        if hertz * part < RATE / 2
    )
    shape = np.minimum(1, time / rise) * np.clip((length + 0.06 - time) / 0.06, 0, 1)
    return np.asarray(wave * shape)


def _kick(rng: np.random.Generator) -> np.ndarray:
    time = np.arange(round(0.3 * RATE)) / RATE
    phase = 2 * np.pi * (50 * time + 80 * 0.03 * (1 - np.exp(-time / 0.03)))
    click = rng.normal(0, 0.25, len(time)) * np.exp(-time / 0.003)
    return np.asarray(np.sin(phase) * np.exp(-time / 0.09) + click)


def _noise(rng: np.random.Generator, seconds: float, fall: float, low: float) -> np.ndarray:
    """Noise above `low` Hz that fades within `fall` seconds."""
    noise = rng.normal(0, 1, round(seconds * RATE))
    spectrum = np.fft.rfft(noise)
    hertz = np.fft.rfftfreq(len(noise), 1 / RATE)
    spectrum *= 1 / (1 + (low / np.maximum(hertz, 1)) ** 4)
    return np.fft.irfft(spectrum, len(noise)) * np.exp(-np.arange(len(noise)) / RATE / fall)


def _snare(rng: np.random.Generator) -> np.ndarray:
    noise = _noise(rng, 0.25, 0.06, 1200)
    time = np.arange(len(noise)) / RATE
    return 0.5 * noise + 0.5 * np.sin(2 * np.pi * 190 * time) * np.exp(-time / 0.04)


_DRUMS = {
    "kick": _kick,
    "snare": _snare,
    "hat": lambda rng: _noise(rng, 0.1, 0.02, 6000),
    "open": lambda rng: _noise(rng, 0.3, 0.1, 5500),
    "ride": lambda rng: _noise(rng, 0.4, 0.12, 5000),
    "shaker": lambda rng: _noise(rng, 0.1, 0.03, 4000),
}
_LEVELS = {"kick": 0.9, "snare": 0.6, "hat": 0.22, "open": 0.25, "ride": 0.22, "shaker": 0.15}


def write(path: Path, played: Played) -> Path:
    """What was played as a 16-bit WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.rint(played.sound * 32767).astype("<i2").tobytes())
    return path
