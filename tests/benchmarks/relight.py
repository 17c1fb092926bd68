"""Relighting against painting every frame: nearness, rhythm, joints and speed.

Every frame of each clip is painted once, which is the truth; each way of filling gaps then gets
those of its paintings that are keyframes, and is compared with it where it painted nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from musvid import Painter, Recipe, Song, Style, between, draw, render
from musvid.comparison.measure import measure_frames
from musvid.frame import Frame
from musvid.interpolate import light_of, relight
from musvid.interpolate.relight import Response
from musvid.job import resolve
from musvid.music.onsets import onset_strength

from .sounds import clip, songs

STYLES = {
    "nebula": "violet and pink",
    "stained glass": "blue and gold",
    "ink in water": "teal and orange",
    "neon circuitry": "cyan",
    "aurora": "emerald and violet",
    "coral": "orange and teal",
    "crystal": "silver and blue",
    "flames": "crimson and gold",
    "marble": "white and blue",
    "flower petals": "rose and lime",
}
STRIDES = (8, 16, 32)
WHOLE = max(STRIDES)


class Truth:
    """A clip of which every frame was painted."""

    def __init__(self, song: Song, style: Style, side: int, painter: Painter) -> None:
        job = resolve(Recipe.named("every-frame", style=style, size=(side, side)), song)
        count = (job.clock.frames - 1) // WHOLE * WHOLE + 1
        self.song, self.job, self.painter = song, job, painter
        self.drawn = list(draw(song, job.recipe.look, job.clock, size=job.size))[:count]
        self.light = [light_of(picture) for picture in self.drawn]
        self.painted = list(painter.paint(self.drawn, job.recipe.style))
        self.onsets = onset_strength(song, job.clock.rate, count)

    def figures(self, frames: list[Frame], unpainted: list[int], stride: int) -> np.ndarray:
        """PSNR in dB, correlation of change, response, smoothness, step across a joint."""
        errors = [10 * np.log10(255**2 / max(1e-9, _apart(frames[i], self.painted[i]) ** 2))
                  for i in unpainted]  # fmt: skip
        mine, true = _changes(frames), _changes(self.painted[: len(frames)])
        measures = measure_frames(frames, self.onsets, self.job.clock.rate, stride)
        # The steps into a keyframe and out of it, against the others between the two keyframes.
        steps = np.maximum(mine, 1e-9)
        joints = [
            max(steps[at - 1], steps[at]) / np.median(steps[max(0, at - 6) : at + 6])
            for at in range(stride, len(steps) - 1, stride)
        ]
        return np.array([
            np.mean(errors),
            np.corrcoef(mine, true)[0, 1],
            measures.response,
            measures.smoothness,
            np.median(joints) if stride > 1 and joints else np.nan,
        ])  # fmt: skip


def _apart(one: Frame, other: Frame) -> float:
    return float((cv2.norm(one, other, cv2.NORM_L2SQR) / one.size) ** 0.5)


def _changes(frames: list[Frame]) -> np.ndarray:
    return np.array([cv2.norm(a, b, cv2.NORM_L1) / a.size for a, b in pairwise(frames)])


def ways(truth: Truth) -> Iterator[tuple[str, list[Frame], int, float]]:
    """Name, frames, distance of paintings, and paintings a second, of every way."""
    painted, style = truth.painted, truth.job.recipe.style
    yield "every frame", painted, 1, 30.0
    guides = between(iter(truth.drawn[::8]), 4)
    yield (
        "hybrid (8, 4, 2)",
        list(between(truth.painter.paint(guides, style), 2, painted=True)),
        2,
        15.0,
    )
    for stride in STRIDES:
        kept = painted[::stride]
        yield (
            f"blended, 1 in {stride}",
            list(between(iter(kept), stride, painted=True)),
            stride,
            30 / stride,
        )
        lit = between(iter(kept), stride, painted=True, light=truth.light)
        yield f"relit, 1 in {stride}", list(lit), stride, 30 / stride
        usual = relight.between(iter(kept), stride, light=truth.light, response=Response())
        yield f"  not fitted, 1 in {stride}", list(usual), stride, 30 / stride


def compare(options: argparse.Namespace) -> None:
    """Print the table of figures, means over all clips, and the worst ones."""
    found: dict[str, list[np.ndarray]] = {}
    by_style: dict[str, dict[str, list[float]]] = {}
    rates: dict[str, float] = {}
    painter = Painter(Style())
    for path in songs()[: options.songs]:
        if path.stem.startswith("trumpet"):  # shorter than a clip
            continue
        song = clip(path, options.start, options.seconds)
        for name, colours in STYLES.items():
            truth = Truth(song, Style(prompt=f"{colours} {name}", steps=1), options.side, painter)
            for way, frames, stride, rates[way] in ways(truth):
                # The same frames for all ways: those that none of them paints.
                unpainted = [i for i in range(len(frames)) if i % 8]
                figures = truth.figures(frames, unpainted, stride)
                found.setdefault(way, []).append(figures)
                by_style.setdefault(name, {}).setdefault(way, []).append(figures[0])
            relit = found["relit, 1 in 16"][-1]
            print(f"{path.stem:20}{name:16}{relit[0]:6.2f} dB {relit[1]:5.2f}", flush=True)
    print(f"\n{'':26}{'a second':>9}{'dB':>7}{'change':>8}{'worst':>7}{'response':>10}"
          f"{'smooth':>8}{'joint':>7}")  # fmt: skip
    for way, rows in found.items():
        table = np.array(rows)
        mean, worst = np.nanmean(table, 0) if way != "every frame" else table.mean(0), table.min(0)
        print(f"{way:26}{rates[way]:9.2f}{min(99, mean[0]):7.2f}{mean[1]:8.3f}{worst[1]:7.3f}"
              f"{mean[2]:10.3f}{mean[3]:8.3f}{mean[4]:7.2f}")  # fmt: skip
    print(f"\n{'PSNR by style':26}{'hybrid':>8}{'blended':>9}{'relit':>8}   (1 in 16)")
    for name, row in by_style.items():
        hybrid, blended, lit = (np.mean(row[way]) for way in
            ("hybrid (8, 4, 2)", "blended, 1 in 16", "relit, 1 in 16"))  # fmt: skip
        print(f"{name:26}{hybrid:8.2f}{blended:9.2f}{lit:8.2f}")


def speed(side: int = 1024, factor: int = 16) -> None:
    """Print what a frame costs on one core."""
    cv2.setNumThreads(1)
    random = np.random.default_rng(0)

    def pictures(count: int) -> list[Frame]:
        rough = random.integers(0, 256, (count, side // 8, side // 8, 3), dtype=np.uint8)
        return [cv2.resize(each, (side, side)) for each in rough]

    paintings, lights = pictures(3), [light_of(each) for each in pictures(2 * factor + 1)]

    def cost(make: Iterator[np.ndarray]) -> float:
        began = time.perf_counter()
        count = sum(1 for _ in make)
        return 1000 * (time.perf_counter() - began) / count

    best: dict[str, float] = {}

    def note(name: str, milliseconds: float) -> None:
        best[name] = min(best.get(name, 1e9), milliseconds)

    for _ in range(5):
        note("blending", cost(between(iter(paintings), factor, painted=True)))
        lit = relight.between(iter(paintings), factor, light=iter(lights), response=Response())
        note("blending and relighting", cost(lit))
        note("the light of a picture", cost(map(light_of, paintings)))
    figures = ", ".join(f"{name} {value:.1f} ms" for name, value in best.items())
    print(f"\n{side} px, one core, each frame: {figures}")


def films(seconds: float) -> None:
    """Print what a render takes by every default, and by the defaults of the first edition."""
    song = clip(max(songs(), key=lambda path: path.stat().st_size), 20, seconds)
    old = Recipe.named("hybrid", size=(256, 256), upscale=2, style=Style(steps=2))
    painter, took = Painter(Style()), {}
    with tempfile.TemporaryDirectory() as name:
        for what, recipe in (("warming up", Recipe()), ("new", Recipe()), ("old", old)):
            part = song.part(20, 2) if what == "warming up" else song
            began = time.perf_counter()
            render(part, recipe, Path(name) / "film.mp4", painter=painter)
            took[what] = time.perf_counter() - began
    length = float(song.duration)
    print(
        f"\na film of {length:.0f} s: {took['new']:.1f} s by every default (512 px), "
        f"{took['old']:.1f} s by those of the first edition (256 px): "
        f"{took['new'] / took['old']:.2f} of its time, and {took['new'] / length:.2f} of the song's"
    )


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--start", type=float, default=8.0)
    parser.add_argument("--songs", type=int, default=4)
    parser.add_argument("--speed-only", action="store_true", help="no comparison with the truth")
    parser.add_argument("--film", type=float, default=60.0, help="seconds of a render; 0 for none")
    options = parser.parse_args()
    if not options.speed_only:
        compare(options)
    if options.film:
        films(options.film)
    speed()


if __name__ == "__main__":
    main()
