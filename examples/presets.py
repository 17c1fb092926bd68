"""The pictures of the presets: one moment of the example loop as each of them shows it.

Each is written as a small picture beside its settings, and all of them as the sheet of README. Run
it with ``python -m examples.presets [NAME...]`` in the repository's folder; names are of those that
are painted anew.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from musvid import Song, presets
from musvid.job import resolve
from musvid.presets import Preset
from musvid.studio.studio import Studio

HERE = Path(__file__).parent
MOMENT = Fraction(17, 2)  # seconds
SIDE, SHOWN = 256, 400  # pixels of a small picture, and of one in the sheet
COLUMNS, GAP, LINE = 4, 12, 34


def picture(studio: Studio, song: Song, preset: Preset) -> Image.Image:
    """The middle square of what a preset shows."""
    job = resolve(preset.recipe, song)
    frame = studio.paint(job, float(MOMENT)) if job.recipe.paints else studio.draw(job, MOMENT)
    shown = Image.fromarray(studio.seen(job, frame, float(MOMENT)))
    side = min(shown.size)
    left, top = ((length - side) // 2 for length in shown.size)
    return shown.crop((left, top, left + side, top + side))


def sheet(pictures: dict[str, Image.Image]) -> Image.Image:
    """All of them, each over its title."""
    rows = -(-len(pictures) // COLUMNS)
    made = Image.new("RGB", (COLUMNS * (SHOWN + GAP) - GAP, rows * (SHOWN + LINE) - GAP), "white")
    pen, font = ImageDraw.Draw(made), ImageFont.load_default(16)
    for number, (title, each) in enumerate(pictures.items()):
        row, column = divmod(number, COLUMNS)
        left, top = column * (SHOWN + GAP), row * (SHOWN + LINE)
        made.paste(each.resize((SHOWN, SHOWN), Image.Resampling.LANCZOS), (left, top))
        pen.text((left, top + SHOWN + 2), title, "black", font)
    return made


def main(names: list[str]) -> None:
    """Paint, bend, and save them."""
    studio, song, found = Studio(), Song.open(HERE / "loop.ogg"), {}
    for preset in presets.every():
        if names and preset.name not in names:
            continue
        found[preset.title] = picture(studio, song, preset)
        small = found[preset.title].resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        small.save(preset.picture, quality=86, optimize=True)
        print(preset.name, f"{np.asarray(small).mean():.0f}", flush=True)
    if not names:
        sheet(found).save(HERE / "presets.jpg", quality=88, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
