"""Interpolators against the truth: PSNR of in-between frames, and frames per second.

Frames are drawn (or drawn and painted) at the full rate, every k-th is kept, and the gaps are
filled again. Only frames between keyframes are compared.
"""

from __future__ import annotations

import time

import numpy as np

from musvid import Clock, Look, Painter, Song, Style, between, draw, every, interpolators

from .sounds import songs

FACTORS = (2, 4, 8)
START, SECONDS, SIDE = 15.0, 4.0, 256


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB, at most 60."""
    error = np.mean((one.astype(float) - other.astype(float)) ** 2)
    return float(min(60.0, 10 * np.log10(255**2 / max(error, 1e-9))))


def table(name: str, clips: list[list[np.ndarray]]) -> None:
    """Print what each interpolator does to clips of true frames."""
    print(f"\n{name}: PSNR in dB (frames per second)\n")
    print("factor" + "".join(f"{way:>20}" for way in interpolators()))
    for factor in FACTORS:
        row = f"{factor:>5}x"
        for way in interpolators():
            values, seconds, count = [], 0.0, 0
            for clip in clips:
                keyframes = list(every(clip, factor))
                began = time.perf_counter()
                made = list(between(keyframes, factor, interpolator=way))
                seconds += time.perf_counter() - began
                count += len(made)
                pairs = [(made[i], clip[i]) for i in range(len(made)) if i % factor]
                values.append(np.mean([psnr(*pair) for pair in pairs]))
            row += f"{np.mean(values):>12.2f} ({count / seconds:5.0f})"
        print(row, flush=True)


def main() -> None:
    """Print the tables."""
    clips = []
    for path in songs():
        song = Song.open(path)
        start = START if song.duration > START + SECONDS else 0.0
        song = song.part(start, SECONDS)
        clips.append(list(draw(song, Look(), Clock(song.duration), size=(SIDE, SIDE))))
    print(f"{SECONDS:g} s of each of {len(clips)} songs, {SIDE}x{SIDE}")
    table("Spectrum", clips)
    painter = Painter(Style())
    for strength in (0.5, 0.7):
        style = Style(strength=strength)
        table(
            f"Painted by sketch, strength {strength}",
            [list(painter.paint(c, style)) for c in clips],
        )


if __name__ == "__main__":
    main()
