"""Opening a sound of hours and rendering three seconds at its end, against a decode of all of it.

It makes its files: for ten hours, about 8 GB in the folder for temporary files, in a quarter of an
hour.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import tempfile
import time
from pathlib import Path

import imageio_ffmpeg

from musvid import Recipe, Song, Style, _seek, _survey, render

FORMATS = {
    "mp3": ("-c:a", "libmp3lame", "-b:a", "128k", "-compression_level", "9"),
    "headless.mp3": (*("-c:a", "libmp3lame", "-b:a", "128k"), *("-write_xing", "0")),
    "m4a": ("-c:a", "aac", "-b:a", "128k", "-aac_coder", "fast"),
    "opus": ("-c:a", "libopus", "-b:a", "96k", "-compression_level", "0"),
    "ogg": ("-c:a", "libvorbis"),
    "flac": ("-c:a", "flac", "-compression_level", "0"),
    "wav": ("-c:a", "pcm_s16le", "-rf64", "auto"),
}
PIECE = 1200  # seconds of sound that are repeated


def ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def seconds(path: Path, folder: Path) -> tuple[float, float]:
    """Seconds to open a file, and to render the last three of it."""
    began = time.perf_counter()
    song = Song.open(path)
    opened = time.perf_counter()
    recipe = Recipe(style=Style(strength=0.0), size=(256, 256), upscale=1)
    render(song.part(float(song.duration) - 3), recipe, folder / "out.mp4")
    return opened - began, time.perf_counter() - opened


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--formats", nargs="+", default=list(FORMATS), choices=FORMATS)
    options = parser.parse_args()
    print(f"{options.hours:g} hours, and 3 s at their end at 256x256 without diffusion, seconds:\n")
    print(f"{'format':14}{'opening':>9}{'render':>9}{'all decoded: opening':>22}{'render':>9}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        piece = folder / "piece.wav"
        noise = f"anoisesrc=c=pink:r=44100:d={PIECE}:a=0.4:seed=1"
        swell = "volume='0.4+0.4*sin(t/3)':eval=frame"
        ffmpeg("-f", "lavfi", "-i", noise, "-af", swell, "-ac", "2", "-c:a", "pcm_s16le", piece)
        times = max(0, math.ceil(options.hours * 3600 / PIECE) - 1)
        for kind in options.formats:
            path = folder / f"song.{kind}"
            ffmpeg("-stream_loop", str(times), "-i", piece, *FORMATS[kind], path)
            row = seconds(path, folder)
            limits = _survey.LONG, _seek._LATE
            _survey.LONG, _seek._LATE = math.inf, math.inf  # type: ignore[assignment]
            _seek._tried.cache_clear()
            before = seconds(path, folder)
            _survey.LONG, _seek._LATE = limits
            path.unlink()
            print(f"{kind:14}{row[0]:>9.1f}{row[1]:>9.1f}{before[0]:>22.1f}{before[1]:>9.1f}")


if __name__ == "__main__":
    main()
