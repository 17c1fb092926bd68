"""What the benchmarks measure on: recordings where there are some, else the example songs."""

from __future__ import annotations

import os
from pathlib import Path

from musvid import Song

_ROOT = Path(__file__).parents[2]


def songs() -> list[Path]:
    """Paths of the songs to measure on.

    Recordings are in the folder that the environment variable MUSVID_RECORDINGS names, by default
    ``shared/audio`` beside the repository.
    """
    default = _ROOT.parent / "shared" / "audio"
    recordings = Path(os.environ.get("MUSVID_RECORDINGS") or default)
    return sorted(recordings.glob("*.ogg")) or sorted((_ROOT / "examples").glob("*.ogg"))


def clip(path: Path, start: float, seconds: float) -> Song:
    """A part of a song. In a short song it begins earlier, and is all of the song at most."""
    song = Song.open(path)
    return song.part(max(0.0, min(start, float(song.duration) - seconds)), seconds)
