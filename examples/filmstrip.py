"""The picture in README: moments of the example loop, and how they are painted.

Run it with ``python -m examples.filmstrip`` in the repository's folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from musvid import Clock, Look, Painter, Song, Style, draw

HERE = Path(__file__).parent
PROMPTS = (
    "blue and gold stained glass",
    "emerald and violet aurora",
    "cyan and magenta circuitry",
    "teal crystal",
    "crimson and gold flames",
)
MOMENTS = (45, 90, 150, 195, 255, 330, 375, 450)  # pictures, 30 a second
SIDE = 512


def main() -> None:
    """Paint the rows and save them beside this file."""
    song = Song.open(HERE / "loop.ogg")
    pictures = list(draw(song, Look(), Clock(song.duration), size=(SIDE, SIDE)))
    moments = [pictures[index] for index in MOMENTS]
    painter = Painter(Style())
    rows = [moments] + [list(painter.paint(moments, Style(prompt=text))) for text in PROMPTS]
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    size = (160 * len(MOMENTS), 160 * len(rows))
    image = Image.fromarray(sheet).resize(size, Image.Resampling.LANCZOS)
    image.save(HERE / "filmstrip.jpg", quality=88)


if __name__ == "__main__":
    main()
