"""The step from a loop's last frame to its first, in the decoded file, for three recipes.

``python -m tests.benchmarks.seams [TARGET ...]`` renders 3.2 s of each; "loop" is `--loop` alone.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from conftest import write_wav
from test_rounds import rhythmic, steady

from musvid import Painter, Recipe, Style, View, render
from musvid.job import prepare
from musvid.paint.drift import Drift
from musvid.video.file import read

BASE = Recipe(start=3.1, duration=3.2, loop=True, style=Style(prompt="violet nebula"))
RECIPES = {
    "steady (a chord, 3 pixels a second)": (steady, replace(BASE, drift=Drift(3.0, "up"))),
    "usual (a melody and a kick, a tunnel)": (
        rhythmic,
        replace(BASE, drift=Drift(20.0, "up"), view=View("tunnel")),
    ),
    "drifting (a chord, 20 pixels a second)": (steady, replace(BASE, drift=Drift(20.0, "up"))),
}


def main(targets: list[str]) -> None:
    painter = Painter(Style(), device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        for target in targets or ["loop"]:
            for name, (sound, recipe) in RECIPES.items():
                made = recipe if target == "loop" else replace(recipe.aimed(target), duration=3.2)
                job = prepare(write_wav(Path(folder) / "song.wav", sound()), made)
                path = Path(folder) / f"a{job.target.kinds[0].ending}"
                render(job, None, path, painter=painter, overwrite=True)
                first = last = None
                steps = []
                for frame in read(path):
                    if last is None:
                        first = frame.astype(np.int16)
                    else:
                        steps.append(np.abs(frame - last).mean())
                    last = frame.astype(np.int16)
                assert first is not None and last is not None
                back, usual = np.abs(last - first).mean(), np.median(steps)
                bits = path.stat().st_size * 8 / 3.2e6
                print(
                    f"{target:10} {name:40} {back:.2f} / {usual:.2f} = {back / usual:.2f}"
                    f"  {bits:.1f} Mbit/s",
                    flush=True,
                )


if __name__ == "__main__":
    main(sys.argv[1:])
