"""How near keyframes are to what is heard, with and without the lock to the beat.

    python -m tests.benchmarks.locked

First clicks whose times are known, then songs, whose onsets librosa finds (each moved to
the steepest rise beside it, as beats are). With and without, there are nearly as many keyframes.
"""

from __future__ import annotations

import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from conftest import clicks, write_wav

from musvid import Clock, Lock, Song, find_beats
from musvid.music import bands, tempo
from musvid.music.onsets import HOP
from musvid.music.samples import RATE, mono

from .sounds import songs

CLICKS = ((61, 0.137), (90, 0.4), (120, 0.0), (128, 0.137), (174.3, 0.4))
MINUTES = 300


def keyframes(clock: Clock) -> np.ndarray:
    """When keyframes are, in seconds."""
    times = [float(clock.start + tick / clock.fps) for tick in clock.ticks]
    return np.array(times[:: clock.stride])


def distances(times: np.ndarray, clock: Clock) -> np.ndarray:
    """From each time to the nearest keyframe, in milliseconds."""
    frames = keyframes(clock)
    return np.array([1000 * np.abs(frames - time).min() for time in times])


def onset_times(song: Song) -> np.ndarray:
    """When notes begin, as librosa finds them, to the millisecond."""
    import librosa

    samples = np.concatenate(list(mono(song)))
    found = librosa.onset.onset_detect(y=samples, sr=RATE, hop_length=HOP, units="time")
    return tempo._moved(found, bands.listen(song).fine, 0.06)[0]


def row(name: str, what: str, off: np.ndarray, fps: Fraction) -> None:
    """One line of the table."""
    half = 500 / float(fps)
    print(
        f"{name:22} {what:34} {np.median(off):7.1f} {np.percentile(off, 90):7.1f} "
        f"{off.max():7.1f} {100 * (off <= half).mean():6.0f} %"
    )


def main() -> None:
    """Print the table."""
    print(
        f"{'ms to the keyframe':22} {'':34} {'median':>7} {'90 %':>7} {'worst':>7} half a picture"
    )
    with tempfile.TemporaryDirectory() as folder:
        for bpm, first in CLICKS:
            times = np.arange(first, MINUTES - 0.01, 60 / bpm)
            path = Path(folder) / "clicks.wav"
            write_wav(path, clicks(times, MINUTES, RATE), rate=RATE)
            song = Song.open(path)
            found = find_beats(song)
            lock = found.lock("1/4")
            locked = lock.clock(song.duration, stride=lock.stride(), before=4, after=2)
            loose = Clock(song.duration, stride=lock.stride())
            name = f"clicks, {bpm} bpm"
            row(name, "loose", distances(times, loose), loose.fps)
            row(name, f"found {float(found.bpm):g} bpm", distances(times, locked), locked.fps)
    for path in songs():
        song, name = Song.open(path), path.stem
        found = find_beats(song)
        print(f"{name}: {found}")
        locks = [(found.lock(note), note) for note in ("1/8", "1/16")]
        if name == "trumpet-90bpm":
            beat = find_beats(song, Fraction(90)).beat
            locks += [(Lock(note, 90, beat), f"{note}, 90 bpm typed") for note in ("1/8", "1/16")]
        times = onset_times(song)
        for lock, what in locks:
            loose = Clock(song.duration, stride=lock.stride())
            row(name, f"loose, stride {loose.stride}", distances(times, loose), loose.fps)
            locked = lock.clock(song.duration, stride=lock.stride())
            row(name, f"locked to {what}", distances(times, locked), Fraction(30))


if __name__ == "__main__":
    main()
