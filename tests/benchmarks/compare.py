"""The recipes, measured on clips of the songs to measure on, with every other default.

    python -m tests.benchmarks.compare [SECONDS]

Clips begin at 20 s in songs of more than a minute, at 10 s in those above 20 s, else at 0. Frames
are kept in the cache, so that it can be stopped and goes on.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from musvid import Painter, Recipe, Song, Store, compare

from .sounds import songs


def main(seconds: float) -> None:
    """Print a table for each song, and how often each recipe was the best."""
    painter, store, best = Painter(Recipe().style.resolve()), Store(), []
    for path in songs():
        whole = Song.open(path)
        start = 20 if whole.duration > 60 else 10 if whole.duration > 20 else 0
        with tempfile.TemporaryDirectory() as folder:
            song = whole.part(start, seconds)
            made = compare(song, None, Path(folder) / "all.mp4", painter=painter, store=store)
        best.append(made.best.name)
        print(f"{path.name}, {float(song.duration):.1f} s from {start} s\n{made}\n", flush=True)
    print("best:", ", ".join(f"{name} {best.count(name)}x" for name in sorted(set(best))))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 8.0)
