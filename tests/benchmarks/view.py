"""What a view costs: milliseconds a frame by kind, and a render that changes only the view.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.view

Milliseconds are those of one core for a picture of 1080 px from a strip of 512, camera and finish
as by default, beside a bicubic remap of the same size by OpenCV.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count, repeat
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import map_coordinates

from musvid import Clock, Look, Painter, Recipe, Style, View, draw, render, rendering
from musvid.frame import Frame
from musvid.job import prepare
from musvid.store import Store
from musvid.view.settings import KINDS, Camera, Finish
from musvid.view.stage import Shot, view

from .sounds import clip, songs

SIDE, SHOWN, TIMES = 512, 1080, 30


def milliseconds(*works: Callable[[], object]) -> list[float]:
    """Of the fastest of some runs of each work, which take turns: other load then meets all."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(TIMES):
        for work, times in zip(works, found, strict=True):
            began = time.perf_counter()
            work()
            times.append(1000 * (time.perf_counter() - began))
    return [min(times) for times in found]


def costs(strip: Frame) -> None:
    """Print the cost of each view."""
    y, x = np.mgrid[0:SHOWN, 0:SHOWN].astype(np.float32) * np.float32(SIDE / SHOWN)
    print(f"{'view':12}{'ms':>8}{'remap, ms':>12}{'of it':>8}{'white':>8}{'mean':>6}")
    for kind in KINDS:
        given = View(kind, shown=(SHOWN, SHOWN)).resolve()
        looks = Camera().resolve(kind), Finish().resolve(kind)
        shot = Shot((SHOWN, SHOWN), given, *looks)
        frames = view(repeat(strip), (tick / 30 for tick in count()), shot)
        took, remap = milliseconds(
            lambda frames=frames: next(frames), lambda: cv2.remap(strip, x, y, cv2.INTER_CUBIC)
        )
        picture = next(frames)
        white = (picture.min(-1) >= 250).mean()
        share = took / remap
        print(
            f"{kind:12}{took:>8.1f}{remap:>12.1f}{share:>8.2f}{white:>8.1%}{picture.mean():>6.0f}"
        )


def sharpness(strip: Frame) -> None:
    """Print how near two ways of reading between pixels come to a spline of degree 5."""
    y, x = (np.mgrid[0:SHOWN, 0:SHOWN] - SHOWN / 2) * (SIDE / SHOWN / 1.5)
    turned = [(0.88 * x + 0.48 * y + SIDE / 2), (0.88 * y - 0.48 * x + SIDE / 2)]
    columns, rows = (each.astype(np.float32) for each in turned)
    true = [
        map_coordinates(strip[..., k].astype(float), [rows, columns], order=5) for k in range(3)
    ]
    fine = cv2.resize(strip, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    finer = 2 * columns + np.float32(0.5), 2 * rows + np.float32(0.5)
    for name, made in (
        ("bicubic", cv2.remap(strip, columns, rows, cv2.INTER_CUBIC)),
        ("bicubic to twice, then linear", cv2.remap(fine, *finer, cv2.INTER_LINEAR)),
    ):
        error = ((made - np.stack(true, -1).clip(0, 255)) ** 2).mean()
        print(f"{name:34}{10 * np.log10(255**2 / error):>6.1f} dB")


def seconds(work: Callable[[], object]) -> float:
    """What a work takes of the processor, here and in the processes that it starts."""

    def spent() -> float:
        return sum(os.times()[:4])

    before = spent()
    work()
    return spent() - before


def renders() -> None:
    """Print what a render costs that changes only the view, as a share of the first; and how much
    of it is the view and the file, which no store can spare."""
    song = clip(max(songs(), key=lambda path: path.stat().st_size), 20, 6)
    heads = f"{'first':>8}{'again':>8}{'share':>8}{'view, file':>12}"
    print(f"\n{'6 s by default, processor s':30}{heads}")
    painter = Painter(Style())
    with tempfile.TemporaryDirectory() as folder:  # what is imported and listened to once
        film = Path(folder) / "a.mp4"
        render(song, replace(Recipe(), duration=1.0, view=View("tunnel")), film, painter=painter)
    for name in ("relit", "hybrid", "every-frame"):
        with tempfile.TemporaryDirectory() as folder:
            store, output = Store(Path(folder) / "cache"), Path(folder) / "a.mp4"
            took = []
            for kind in ("tunnel", "mandala"):
                recipe = replace(Recipe.named(name), view=View(kind))
                work = partial(render, song, recipe, output, painter=painter, store=store)
                took.append(seconds(work))
            frames: list[Frame] = []

            def tap(stage: str, _: int, frame: Frame, frames: list[Frame] = frames) -> None:
                if stage == "frames":
                    frames.append(frame)

            render(song, recipe, output, painter=painter, store=store, tap=tap)
            least = seconds(partial(rendering.film, iter(frames), prepare(song, recipe), output))
        share = took[1] / took[0]
        print(f"{name:30}{took[0]:>8.1f}{took[1]:>8.1f}{share:>8.0%}{least:>12.1f}", flush=True)


def main() -> None:
    """Print the tables."""
    cv2.setNumThreads(1)
    song = clip(max(songs(), key=lambda path: path.stat().st_size), 20, 1)
    drawn = next(draw(song, Look(), Clock(song.duration, 1), size=(SIDE, SIDE)))
    style = Style(prompt="cyan and violet neon circuitry", steps=1).resolve()
    (strip,) = Painter(style).paint([drawn], style)
    costs(strip)
    sharpness(strip)
    renders()


if __name__ == "__main__":
    main()
