"""The picture of the views in README: paintings of the example loop, and how each view shows one.

Run it with ``python -m examples.views`` in the repository's folder.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from musvid import Camera, Clock, Finish, Look, Painter, Song, Style, View, draw
from musvid.view.stage import Shot, view

HERE = Path(__file__).parent
PROMPTS = {
    "flat": "blue and gold stained glass",
    "mosaic": "teal crystal",
    "tunnel": "cyan and magenta circuitry",
    "mandala": "emerald and violet aurora",
    "horizon": "orange and cyan circuitry",
    "ring": "crimson and gold flames",
}
MOMENT = 255  # the picture, 30 a second
SIDE, SHOWN = 512, 426


def main() -> None:
    """Paint, bend, and save them beside this file."""
    song = Song.open(HERE / "loop.ogg")
    pictures = draw(song, Look(), Clock(song.duration), size=(SIDE, SIDE))
    (moment,) = islice(pictures, MOMENT, MOMENT + 1)
    painter, seen = Painter(Style()), []
    for kind, prompt in PROMPTS.items():
        looks = View(kind=kind).resolve(), Camera().resolve(kind), Finish().resolve(kind)
        painted = painter.paint([moment], Style(prompt=prompt))
        seen += view(painted, [Fraction(MOMENT, 30)], Shot((2 * SHOWN, 2 * SHOWN), *looks))
    seen[0] = np.asarray(Image.fromarray(seen[0]).resize((2 * SHOWN, 2 * SHOWN)))
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in (seen[:3], seen[3:])])
    image = Image.fromarray(sheet).resize((3 * SHOWN, 2 * SHOWN), Image.Resampling.LANCZOS)
    image.save(HERE / "views.jpg", quality=92, optimize=True)


if __name__ == "__main__":
    main()
