"""Seconds per painting of the embedded model, and of a whole render of 20 s, on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from musvid import Painter, Style

from .sounds import clip, songs


def main() -> None:
    """Print the tables."""
    painter = Painter(Style())
    print(f"{'size':>6}{'guidance':>10}{'batch':>7}{'s/painting':>12}")
    rng = np.random.default_rng(0)
    for side, guidance, batch in [(256, 1.0, 1), (256, 2.0, 1), (256, 1.0, 4), (512, 1.0, 1)]:
        frames = list(rng.integers(0, 255, (8, side, side, 3), np.uint8))
        painter.batch = batch
        style = Style(guidance=guidance)
        list(painter.paint(frames[:batch], style))
        began = time.perf_counter()
        list(painter.paint(frames, style))
        seconds = (time.perf_counter() - began) / len(frames)
        print(f"{side:>6}{guidance:>10}{batch:>7}{seconds:>12.3f}", flush=True)
    song = clip(max(songs(), key=lambda path: path.stat().st_size), 20, 20)
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "out.mp4")
        command = [sys.executable, "-m", "musvid", str(song.path), "-o", output, "--quiet"]
        began = time.perf_counter()
        part = ["--start", str(song.first / song.rate), "--duration", str(float(song.duration))]
        environment = {**os.environ, "MUSVID_CACHE": str(Path(folder) / "cache")}
        subprocess.run([*command, *part], env=environment, check=True)
    took = time.perf_counter() - began
    print(f"\n{float(song.duration):g} s of {song.path.name}, every default: {took:.0f} s")


if __name__ == "__main__":
    main()
