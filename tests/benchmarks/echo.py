"""Echo: how much a film flickers, and whether it still answers to the music.

    python -m tests.benchmarks.echo [--seconds 8] [--recipes relit every-frame] [--drift 0]

Flicker is the mean change from frame to frame in the half of the frames in which the onsets are
weakest: what changes there is not the music's. Response is the correlation of the change with the
strength of onsets, at the best lag within 0.2 s. Both of 128 pixels a side.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from musvid import Painter, Recipe, Style
from musvid.frame import Frame
from musvid.job import prepare
from musvid.music.onsets import onset_strength
from musvid.paint.drift import Drift

from .drift import PROMPTS, frames_of
from .sounds import clip, songs

Floats = NDArray[np.floating[Any]]
_LAGS = range(-6, 7)


def changes(frames: list[Frame]) -> Floats:
    """The mean change of each frame from the one before it, in levels."""
    small = [cv2.resize(frame, (128, 128), None, 0, 0, cv2.INTER_AREA) for frame in frames]
    grey = np.array([frame.mean(2, dtype=np.float32) for frame in small])
    return np.asarray(np.abs(np.diff(grey, axis=0)).mean((1, 2)))


def flicker(change: Floats, onsets: Floats) -> float:
    """The mean change where onsets are weak."""
    return float(change[onsets <= np.median(onsets)].mean())


def response(change: Floats, onsets: Floats) -> tuple[float, int]:
    """The correlation of change and onsets at the best lag, and that lag in frames."""
    count = len(change)
    found = {
        lag: np.corrcoef(
            onsets[max(0, -lag) : count - max(0, lag)], change[max(0, lag) : count - max(0, -lag)]
        )[0, 1]
        for lag in _LAGS
    }
    best = max(found, key=lambda lag: float(found[lag]))
    return float(found[best]), best


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--start", type=float, default=2.0)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--drift", type=float, default=0.0)
    parser.add_argument("--recipes", nargs="+", default=["relit", "hybrid", "every-frame"])
    parser.add_argument("--echoes", nargs="+", type=float, default=[0.0, 0.3, 0.6, 0.9])
    options = parser.parse_args()
    painter = Painter(Style())
    drift = Drift(options.drift, "up") if options.drift else Drift()
    named = [path for path in songs() if not path.stem.startswith("trumpet")][: len(PROMPTS)]
    for path, prompt in zip(named, PROMPTS, strict=False):
        song = clip(path, options.start, options.seconds)
        for name in options.recipes:
            print(f"{path.stem}, {prompt}, {name}")
            heads = f"{'flicker':>9}{'of it':>7}{'response':>10}{'of it':>7}{'lag':>5}{'s':>7}"
            print(f"  {'echo':>5}{heads}")
            first: tuple[float, float] | None = None
            for echo in options.echoes:
                mine = Recipe.named(name, size=options.size, upscale=1, drift=drift, echo=echo)
                recipe = replace(mine, style=Style(prompt=prompt))
                job, began = prepare(song, recipe), time.process_time()
                change = changes(frames_of(song, recipe, painter)[0])
                spent = time.process_time() - began
                onsets = onset_strength(song, job.clock.rate, len(change) + 1)[1:]
                still, (answer, lag) = flicker(change, onsets), response(change, onsets)
                first = first or (still, answer)
                print(
                    f"  {echo:>5}{still:>9.2f}{still / first[0]:>7.2f}{answer:>10.2f}"
                    f"{answer / first[1]:>7.2f}{lag:>5}{spent:>7.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
