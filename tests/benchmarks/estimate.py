"""What each kind of work costs, and how well the page's estimates hold.

    python -m tests.benchmarks.estimate

Prints seconds per million pixels of drawing, interpolating and encoding (the table in
`musvid.estimate`), and for some renders the time that was estimated and the time that they took.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from musvid import Clock, Look, Recipe, Song, between, draw, every, write
from musvid.interpolate import light_of, relight
from musvid.interpolate import names as interpolators
from musvid.job import resolve
from musvid.studio.studio import Studio

EXAMPLE = Path(__file__).parents[2] / "examples" / "loop.ogg"
SIDES = (256, 512)
USUAL = relight.Response()


def timed(work: Callable[[], Any]) -> float:
    """Seconds of the faster of two goes."""
    times = []
    for _ in range(2):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def count(frames: Iterator[np.ndarray]) -> int:
    return sum(1 for _ in frames)


def main() -> None:
    """Measure and print."""
    song = Song.open(EXAMPLE, duration=8)
    clock = Clock(song.duration, 30, 1, 1, 1)
    print("seconds per million pixels\n")
    with tempfile.TemporaryDirectory() as name:
        for side in SIDES:
            pixels = side * side / 1e6
            frames = list(draw(song, Look(), clock, size=(side, side)))
            drawing = timed(lambda side=side: count(draw(song, Look(), clock, size=(side, side))))
            line = f"{side:5}: draw {drawing / len(frames) / pixels:.3f}"
            for way in interpolators():
                kept = list(every(frames, 8))
                fill = timed(lambda kept=kept, way=way: count(between(kept, 4, interpolator=way)))
                line += f", {way} {fill / (3 * (len(kept) - 1)) / pixels:.3f}"
            light = [light_of(frame) for frame in frames]
            kept = list(every(frames, 8))
            lit = timed(
                lambda kept=kept, light=light: count(
                    relight.between(iter(kept), 8, light=iter(light), response=USUAL)
                )
            )
            line += f", relight {lit / len(frames) / pixels:.3f}"
            output = Path(name) / f"{side}.mp4"
            encode = timed(lambda frames=frames, output=output: write(frames, song, clock, output))
            print(f"{line}, encode {encode / len(frames) / pixels:.3f}", flush=True)

        studio = Studio()
        studio.warm()
        print(f"\n{'render':44}{'estimated':>10}{'took':>8}  seconds")
        for recipe in (
            Recipe(),
            Recipe.named("diffuse-then-interpolate"),
            Recipe.named("every-frame", duration=4.0),
            Recipe(size=(512, 512), upscale=1, duration=4.0),
            Recipe(interpolator="motion"),
        ):
            clip = Song.open(EXAMPLE, duration=recipe.duration or 8)
            estimated = studio.plan(resolve(recipe, clip)).seconds
            folder = Path(name) / f"{time.monotonic_ns()}"
            folder.mkdir()
            began = time.perf_counter()
            for _ in studio.render(resolve(recipe, clip), folder, stop=lambda: False):
                pass
            took = time.perf_counter() - began
            what = f"{recipe.motion}, {recipe.size or 'own size'}, {recipe.interpolator}"
            print(f"{what:44}{estimated or 0:10.1f}{took:8.1f}", flush=True)


if __name__ == "__main__":
    main()
