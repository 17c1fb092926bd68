"""The film that the page plays by itself at first sight: the example loop, as musvid shows it.

Rendered with the default preset, encoded small, and written beside the page's scripts, with its
first picture. Run it with ``python -m examples.first`` in the repository's folder.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg
from PIL import Image

from musvid import Song, preset
from musvid.page import browser
from musvid.studio.studio import Studio

SECONDS, SIDE = 8, 480
CRF, SOUND = 28, "80k"  # quality of the pictures, and rate of the sound


def main() -> None:
    """Render and write it."""
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    recipe = preset().recipe
    recipe = replace(recipe, duration=SECONDS, view=replace(recipe.view, shown=(SIDE, SIDE)))
    song = Song.open(Path(__file__).parent / "loop.ogg").part(0, SECONDS)
    studio = Studio()
    with tempfile.TemporaryDirectory() as folder:
        for report in studio.render(studio.job(recipe, song), Path(folder), stop=lambda: False):
            whole = report.video
        assert whole
        pictures = ("-c:v", "libx264", "-preset", "veryslow", "-crf", str(CRF))
        sound = ("-c:a", "aac", "-b:a", SOUND)
        # The settings in its title are of no use to whoever looks at it.
        rest = ("-map_metadata", "-1", "-movflags", "+faststart", str(browser.FILM))
        quiet = (ffmpeg, "-v", "error", "-y", "-i")
        subprocess.run([*quiet, str(whole), *pictures, *sound, *rest], check=True)
        still = Path(folder) / "first.png"
        subprocess.run([*quiet, str(whole), "-frames:v", "1", str(still)], check=True)
        Image.open(still).save(browser.FIRST, quality=80, method=6)
    for path in (browser.FILM, browser.FIRST):
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
