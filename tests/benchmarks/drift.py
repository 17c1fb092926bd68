"""Drift against a still picture: texture that travels, in-betweens in step with it, and its cost;
and morphing, which they know nothing of.

Every frame of each clip is painted once, still and drifting, which is the truth; in-betweens of one
painting in 16 are compared with it, as far as they were not painted.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from musvid import Painter, Recipe, Song, Style, render
from musvid.frame import Frame
from musvid.paint.drift import Drift

from .sounds import clip, songs

PROMPTS = ("emerald circuitry", "blue and gold stained glass", "violet aurora")
STRIDE = 16


def frames_of(song: Song, recipe: Recipe, painter: Painter) -> tuple[list[Frame], float]:
    """All frames of a film, and the seconds that it took."""
    frames: list[Frame] = []

    def keep(stage: str, _: int, frame: Frame) -> None:
        if stage == "frames":
            frames.append(frame)

    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        render(song, recipe, Path(folder) / "a.mp4", painter=painter, tap=keep)
        return frames, time.perf_counter() - began


def texture(frames: list[Frame]) -> np.ndarray:
    """The median picture, with light divided out: 8 pixels around, of 256 a side."""
    planes = [cv2.resize(frame, (256, 256), None, 0, 0, cv2.INTER_AREA) for frame in frames]
    grey = np.median([plane.mean(2) for plane in planes], 0).astype(np.float32)
    fine = grey - cv2.blur(grey, (17, 17), borderType=cv2.BORDER_REPLICATE)
    power = cv2.blur(fine * fine, (17, 17), borderType=cv2.BORDER_REPLICATE)
    return np.ravel(fine / (np.sqrt(power) + 1))


def travelled(frames: list[Frame]) -> float:
    """The correlation of the first and the last texture: 10 frames a second, 3 s or a third."""
    tenths = frames[::3]
    count = min(30, len(tenths) // 3)
    ends = texture(tenths[:count]), texture(tenths[-count:])
    return float(np.corrcoef(*ends)[0, 1])


def nearness(frames: list[Frame], truth: list[Frame]) -> float:
    """PSNR of what was not painted, in dB: the mean over frames."""
    errors = [
        ((one.astype(float) - other) ** 2).mean()
        for number, (one, other) in enumerate(zip(frames, truth, strict=True))
        if number % STRIDE
    ]
    return float(np.mean(10 * np.log10(255**2 / np.maximum(errors, 1e-3))))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--start", type=float, default=2.0)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--speed", type=float, default=48.0)
    parser.add_argument("--directions", nargs="+", default=["up"])
    parser.add_argument("--morphs", nargs="+", type=float, default=[0.1, 0.3])
    parser.add_argument(
        "--ways", nargs="+", default=["relit", "relit-motion", "relit-flavr", "blend"]
    )
    options = parser.parse_args()
    painter = Painter(Style())
    named = [path for path in songs() if not path.stem.startswith("trumpet")][: len(PROMPTS)]
    for path, prompt in zip(named, PROMPTS, strict=False):
        song = clip(path, options.start, options.seconds)
        recipe = Recipe(size=options.size, upscale=1, style=Style(prompt=prompt))
        print(f"{path.stem}, {prompt}, {options.seconds:g} s, {options.size} px")
        still: dict[str, float] = {}
        moving = [("none", 0.0), *((each, 0.0) for each in options.directions)]
        for direction, morph in (*moving, *(("none", each) for each in options.morphs)):
            mine = replace(recipe, drift=Drift(options.speed, direction, morph))
            every = replace(mine, stride=1, after=1)
            truth, _ = frames_of(song, every, painter)
            seconds = min(frames_of(song, mine, painter)[1] for _ in range(3))
            name = f"morph {morph:g}" if morph else direction
            print(f"  {name}: texture first/last {travelled(truth):.2f}", end="")
            still.setdefault("seconds", seconds)
            print(f", a render takes {seconds / still['seconds']:.2f} times as long")
            for way in options.ways:
                lit, plain = (
                    way.startswith("relit"),
                    way.removeprefix("relit").lstrip("-") or "blend",
                )
                filled = replace(mine, relight=lit, interpolator=plain)
                found = nearness(frames_of(song, filled, painter)[0], truth)
                still.setdefault(way, found)
                print(f"    {way}: {found:.2f} dB ({found - still[way]:+.2f})", flush=True)


if __name__ == "__main__":
    main()
