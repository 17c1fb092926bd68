"""The first picture in README: moments of the example loop, rendered with every default.

Run it with ``python -m examples.filmstrip`` in the repository's folder.
"""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from musvid import read, render

HERE = Path(__file__).parent
FIRST, EVERY, COUNT, COLUMNS = 55, 34, 12, 6  # frames, 30 a second
SIDE = 320


def main() -> None:
    """Render the film, and save some of its frames beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        film = render(HERE / "loop.ogg", output=Path(folder) / "loop.mp4")
        frames = list(islice(read(film), FIRST, FIRST + EVERY * COUNT, EVERY))
    rows = [frames[at : at + COLUMNS] for at in range(0, COUNT, COLUMNS)]
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    size = (SIDE * COLUMNS, SIDE * len(rows))
    image = Image.fromarray(sheet).resize(size, Image.Resampling.LANCZOS)
    image.save(HERE / "filmstrip.jpg", quality=86, optimize=True)


if __name__ == "__main__":
    main()
