"""Interpolators against the truth: PSNR and SSIM of in-between frames, and frames per second.

Frames are drawn (or drawn and painted) at the full rate, every k-th is kept, and the gaps are
filled again. Only frames between keyframes are compared, and only where something moves: in silence
every interpolator is right, and the PSNR without bounds.

    python -m tests.benchmarks.interpolation [--seconds 0] [--sheet FILE.png]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from musvid import Clock, Look, Painter, Song, Style, between, draw, every
from musvid.interpolate import names as interpolators

from .sounds import songs

FACTORS = (2, 4, 8)
START, SIDE = 15.0, 256  # of longer songs, the seconds that are left out


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB, at most 60."""
    error = np.mean((one.astype(float) - other.astype(float)) ** 2)
    return float(min(60.0, 10 * np.log10(255**2 / max(error, 1e-9))))


def table(
    title: str, clips: dict[str, list[np.ndarray]], ways: list[str], factors: Sequence[int]
) -> None:
    """Print what each interpolator does to clips of true frames."""
    print(f"\n{title}: PSNR in dB, SSIM (frames per second)\n")
    print(f"{'':20}" + "".join(f"{way:>22}" for way in ways))
    for factor in factors:
        rows: dict[str, list[tuple[float, float, float]]] = {way: [] for way in ways}
        for name, clip in clips.items():
            line = f"{factor}x {name:17}"
            for way in ways:
                keyframes = list(every(clip, factor))
                began = time.perf_counter()
                made = list(between(keyframes, factor, interpolator=way))
                speed = len(made) / (time.perf_counter() - began)
                pairs = [(made[i], clip[i]) for i in moving(clip, len(made), factor)]
                alike = [structural_similarity(*pair, channel_axis=2) for pair in pairs[::3]]
                figures = float(np.mean([psnr(*pair) for pair in pairs])), float(np.mean(alike))
                rows[way].append((*figures, speed))
                line += "{:>10.2f} {:.3f}{:7}".format(*figures, "")
            print(line, flush=True)
        line = f"{factor}x {'mean':17}"
        for way in ways:
            values = np.mean(rows[way], 0)
            line += f"{values[0]:>10.2f} {values[1]:.3f} ({values[2]:4.0f})"
        print(line, flush=True)


def moving(clip: list[np.ndarray], count: int, factor: int) -> list[int]:
    """The in-between frames that differ from a keyframe beside them."""
    places = []
    for place in (i for i in range(count) if i % factor):
        first = place // factor * factor
        beside = clip[first], clip[first + factor]
        if any(not np.array_equal(clip[place], frame) for frame in beside):
            places.append(place)
    return places


def sheet(clip: list[np.ndarray], ways: list[str], factor: int) -> np.ndarray:
    """One gap of a clip, left to right: the truth, and what each interpolator makes of it."""
    first = max(
        range(0, len(clip) - factor, factor),
        key=lambda at: float(np.abs(clip[at].astype(float) - clip[at + factor]).mean()),
    )
    rows = [clip[first : first + factor + 1]]
    for way in ways:
        made = list(between(every(clip, factor), factor, interpolator=way))
        rows.append(made[first : first + factor + 1])
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sheet", type=Path, help="write a picture of the widest gaps")
    parser.add_argument("--ways", nargs="+", default=list(interpolators()))
    parser.add_argument("--factors", nargs="+", type=int, default=FACTORS, choices=FACTORS)
    parser.add_argument("--strengths", nargs="*", type=float, default=[0.5, 0.7])
    parser.add_argument("--seconds", type=float, default=8, help="of each song; 0 for all of it")
    options = parser.parse_args()
    clips = {}
    for path in songs():
        song = Song.open(path)
        if options.seconds:
            start = START if song.duration > START + options.seconds else 0.0
            song = song.part(start, min(options.seconds, float(song.duration - start)))
        drawn = draw(song, Look(), Clock(song.duration), size=(SIDE, SIDE))
        clips[path.stem] = list(drawn)[: 8 * ((int(song.duration * 30) - 1) // 8) + 1]
    for way in options.ways:  # loaded before it is timed
        list(between(next(iter(clips.values()))[:3], 2, interpolator=way))
    length = f"{options.seconds:g} s" if options.seconds else "all"
    print(f"{length} of each of {len(clips)} songs, {SIDE}x{SIDE}")
    table("Spectrum", clips, options.ways, options.factors)
    sheets = [sheet(next(iter(clips.values())), options.ways, 8)]
    painter = Painter(Style())
    for strength in options.strengths:
        style = Style(strength=strength)
        painted = {name: list(painter.paint(c, style)) for name, c in clips.items()}
        table(f"Painted by sketch, strength {strength}", painted, options.ways, options.factors)
        sheets.append(sheet(next(iter(painted.values())), options.ways, 8))
    if options.sheet:
        Image.fromarray(np.concatenate(sheets)).save(options.sheet)


if __name__ == "__main__":
    main()
