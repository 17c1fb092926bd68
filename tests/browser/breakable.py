"""The page, whose renders fail in ways that nobody foresaw, while a file says how: "made" or
"shown"."""

import os
from pathlib import Path

import app
from musvid.frame import Frame
from musvid.studio.spool import Spool

add, tiles = Spool.add, Spool.tiles


def breaks(how: str) -> bool:
    """Whether renders fail so."""
    file = Path(os.environ["BREAKS"])
    return file.exists() and file.read_text() == how


def breaking(self: Spool, stage: str, index: int, frame: Frame) -> None:
    if stage == "frames" and index == 9 and breaks("made"):
        raise KeyError("of Python")
    add(self, stage, index, frame)


def losing(self: Spool, stage: str, indices: list[int]) -> list[Path]:
    return [7] if breaks("shown") else tiles(self, stage, indices)  # type: ignore[list-item]


Spool.add, Spool.tiles = breaking, losing  # type: ignore[method-assign]

if __name__ == "__main__":
    app.main()
