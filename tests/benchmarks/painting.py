"""Seconds per painting of the embedded model, and of a whole render of 20 s, on this machine."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from musvid import Painter, Style

from .sounds import songs


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
    song = max(songs(), key=lambda path: path.stat().st_size)
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "out.mp4")
        command = [sys.executable, "-m", "musvid", str(song), "-o", output, "--quiet"]
        began = time.perf_counter()
        subprocess.run([*command, "--start", "20", "--duration", "20"], check=True)
    print(f"\n20 s of {song.name}, every default: {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
