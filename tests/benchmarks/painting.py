"""What a painting of the embedded model costs on this machine, and a whole render of 20 s.

    python -m tests.benchmarks.painting [--count 40]

Loading is measured in fresh processes, after torch was imported. Paintings are made by the path
that a render takes, on all cores, in turns: as it ships, in bfloat16, and by diffusers.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from musvid import Painter, Style
from musvid.paint.models import WEIGHTS

from .sounds import clip, songs

LOADING = """
import sys, time, torch
began = time.perf_counter()
from musvid import Painter, Style
Painter(Style(model=sys.argv[1]), device="cpu")
print(time.perf_counter() - began)
"""


def loading(model: str) -> float:
    """Seconds from torch to a painter, in a process of its own: the best of three."""
    command = [sys.executable, "-c", LOADING, model]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(3)]
    return min(float(run.stdout.split()[-1]) for run in runs)


def paintings(count: int) -> None:
    """Print a table of seconds per painting."""
    folder = str(WEIGHTS / "sketch")
    painters = {
        "float32": Painter(Style(), device="cpu", precision="float32"),
        "bfloat16": Painter(Style(), device="cpu", precision="bfloat16"),
        "diffusers, float32": Painter(Style(model=folder), device="cpu", precision="float32"),
    }
    rng = np.random.default_rng(0)
    print(f"{'size':>6}  {'by':20}{'s/painting':>12}{'ratio':>8}")
    for side in (256, 512, 1024):
        frames = list(rng.integers(0, 255, (4, side, side, 3), np.uint8))
        found: dict[str, list[float]] = {name: [] for name in painters}
        for _ in range(max(1, count // len(frames))):
            for name, painter in painters.items():
                style = Style(model=painter.model.name, symmetry="half", steps=1, guidance=1.0)
                began = time.perf_counter()
                list(painter.paint(frames, style))
                found[name].append((time.perf_counter() - began) / len(frames))
        first = median(found["float32"])
        for name, seconds in found.items():
            now = median(seconds)
            print(f"{side:>6}  {name:20}{now:>12.3f}{now / first:>8.2f}", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=40, help="paintings of each row")
    options = parser.parse_args()
    for name, model in (("as it ships", "sketch"), ("by diffusers", str(WEIGHTS / "sketch"))):
        print(f"loaded {name}: {loading(model):.2f} s after torch", flush=True)
    paintings(options.count)
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
