"""The pictures of the styles on the page's chips: one moment of the example loop in each of them.

Painted by the embedded model, and written beside the page's scripts. Run it with
``python -m examples.chips`` in the repository's folder.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from musvid import Recipe, Song, Style
from musvid.job import resolve
from musvid.page import browser
from musvid.paint import words
from musvid.studio.studio import Studio

MOMENT = 8.5  # seconds
SIDE, CUT, SHOWN = 256, 160, 64  # pixels that are painted, those in the middle, and those shown


def picture(studio: Studio, song: Song, style: str) -> Image.Image:
    """The middle of a painting in a style and its own colours."""
    recipe = Recipe(size=(SIDE, SIDE), upscale=1, style=Style(prompt=style, steps=2))
    painted = Image.fromarray(studio.paint(resolve(recipe, song), MOMENT))
    left = (SIDE - CUT) // 2
    middle = painted.crop((left, left, left + CUT, left + CUT))
    return middle.resize((SHOWN, SHOWN), Image.Resampling.LANCZOS)


def main() -> None:
    """Paint and write them."""
    studio, song = Studio(), Song.open(Path(__file__).parent / "loop.ogg")
    for style in words.STYLES:
        path = browser.style_picture(style)
        picture(studio, song, style).save(path, quality=82, method=6)
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
