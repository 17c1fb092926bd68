"""What the benchmarks measure on: the shared recordings where they are, else the examples."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).parents[2]


def songs() -> list[Path]:
    """Paths of the songs to measure on."""
    shared = sorted((_ROOT.parent / "shared" / "audio").glob("*.ogg"))
    return shared or sorted((_ROOT / "examples").glob("*.ogg"))
