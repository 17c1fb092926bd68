"""How well drums are told apart, and how long it takes to hear a song.

    python -m tests.benchmarks.sources

Kits, patterns and what lies beneath are those of tests/drumming.py. A figure is how many times as
much a drum's curve answers to that drum as to the one of the others to which it answers most; of
the three patterns, the lowest. The song that is timed is four minutes of drums, bass and chords.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import drumming
import numpy as np
from conftest import write_wav

from musvid import Song
from musvid.music import _librosa, features, sources, spectra

MINUTES = 4


def times_as_much(path: Path, kit: str, beneath: str) -> dict[str, float]:
    """For each drum, how many times as much its curve answers to it as to any other."""
    least = dict.fromkeys(drumming.DRUMS, np.inf)
    for pattern in drumming.PATTERNS.values():
        sound, struck = drumming.play(drumming.KITS[kit], pattern, beneath=beneath)
        heard = sources.of(Song.open(write_wav(path, sound)))
        for drum in drumming.DRUMS:
            found = drumming.answers(heard.values[drum], heard.step, struck)
            own = found.pop(drum)
            least[drum] = min(least[drum], own / max(1e-3, *found.values()))
    return least


def seconds_of(work: object) -> float:
    """How long some work takes, the shortest of three times."""
    assert callable(work)
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def main() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.wav"
        print(f"{'kit':12}{'beneath':14}{''.join(f'{drum:>8}' for drum in drumming.DRUMS)}")
        for kit in drumming.KITS:
            for beneath in drumming.BEDS:
                least = times_as_much(path, kit, beneath)
                cells = "".join(f"{min(99, least[drum]):8.1f}" for drum in drumming.DRUMS)
                print(f"{kit:12}{beneath:14}{cells}", flush=True)
        bars = round(MINUTES * 60 * 112 / 240)
        beds = {"bars": bars, "beneath": "bass and pad"}
        sound, _ = drumming.play(drumming.KITS["acoustic"], drumming.PATTERNS["rock"], **beds)
        song = Song.open(write_wav(path, sound))
        print(f"\na song of {float(song.duration):.0f} s, seconds:")

        def decoded() -> None:
            for _ in spectra.blocks(song):
                pass

        _librosa.load()
        sources.of(song.part(0, 1))  # scipy is imported, too
        rows = {
            "decoding": decoded,
            "sources.of": lambda: sources._listen(song),
            "features.of": lambda: features._features.__wrapped__(song, 0, 0),
        }
        for name, work in rows.items():
            print(f"{name:14}{seconds_of(work):6.2f}", flush=True)


if __name__ == "__main__":
    main()
