"""The spectrum in one streaming process, against the article's four commands, in the same run."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

import imageio_ffmpeg

from musvid import PLAIN, Clock, Look, Song, draw

from .sounds import songs

SECONDS = 15


def article(song: Path, folder: Path) -> int:
    """The article's commands as it prints them; the number of its frames."""
    mirror = "crop=iw/2:ih:0:0,split[left][tmp];[tmp]hflip[right];[left][right] hstack"
    graph = "[0:a]showcqt=s=512x512:r=30:axis=0,format=yuv420p[v]"
    for step in (
        f"-t {SECONDS} -i {song} -filter_complex|{graph}|-map [v] -map 0:a {folder}/cqt.mp4",
        f"-i {folder}/cqt.mp4 -vf transpose=2 {folder}/turned.mp4",
        f"-i {folder}/turned.mp4 -vf|{mirror}|{folder}/mirrored.mp4",
        f"-i {folder}/mirrored.mp4 {folder}/%04d.png",
    ):
        head, *rest = step.split("|")
        arguments = head.split() + ([rest[0], *rest[1].split()] if rest else [])
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments]
        subprocess.run(command, check=True)
    return len(list(folder.glob("*.png")))


def main() -> None:
    """Print the table."""
    print(f"{SECONDS} s of each song at 512x512, seconds (frames):\n")
    print(f"{'song':24}{'article':>15}{'plain':>15}{'default look':>15}   ratio plain, default")
    for path in songs():
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            count = article(path, Path(folder))
            cells = [(time.perf_counter() - began, count)]
        for look in (PLAIN, Look()):
            began = time.perf_counter()
            song = Song.open(path, duration=SECONDS)
            count = sum(1 for _ in draw(song, look, Clock(song.duration), size=(512, 512)))
            cells.append((time.perf_counter() - began, count))
        row = "".join(f"{seconds:>9.2f} ({count:3d})" for seconds, count in cells)
        ratios = ", ".join(f"{cells[0][0] / seconds:.1f}" for seconds, _ in cells[1:])
        print(f"{path.stem:24}{row}   {ratios}", flush=True)


if __name__ == "__main__":
    main()
