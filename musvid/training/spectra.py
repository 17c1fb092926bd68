"""A bank of spectra to train on: this program's music, drawn by musvid's own `spectrum` looks.

    python -m musvid.training.spectra BANK.npz --songs 200

The bank is one file, so that a machine without ffmpeg can train on it.
"""

from __future__ import annotations

import argparse
import tempfile
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..clock import Clock
from ..song import Song
from ..spectrum.look import Look
from ..spectrum.showcqt import draw
from .music import RATE, compose

Spectra = NDArray[np.uint8]

SIDE = 256
FRAMES = 24
FPS = Fraction(30)


def random_look(random: np.random.Generator) -> Look:
    """A look as users choose it: mostly near the default, in grey."""
    return Look(
        gain="auto" if random.random() < 0.7 else float(random.uniform(-6, 18)),
        gamma=float(random.uniform(2, 5)),
        tlength=float(random.choice([0.05, 0.1, 0.17, 0.17, 0.3])),
        count=int(random.choice([1, 1, 2, 4])),
        afterglow=float(random.choice([0.0, 0.0, 0.05, 0.15, 0.3])),
    )


def draw_song(
    random: np.random.Generator,
    *,
    frames: int = FRAMES,
    side: int = SIDE,
    look: Callable[[np.random.Generator], Look] = random_look,
) -> Spectra:
    """Consecutive spectra of one new song: uint8 (frames, side, side / 2), axis at column 0.

    look: draws the look that the song is drawn with.
    """
    rate = int(random.choice([RATE, 2 * RATE]))
    lead = float(random.uniform(0.5, 3.0))  # so that a sequence may begin anywhere in a bar
    sound = compose(random, lead + frames / float(FPS) + 0.5, rate=rate)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(np.rint(sound * 32767).astype("<i2").tobytes())
        song = Song.open(path)
        pictures = draw(song, look(random), Clock(song.duration, FPS), size=(side, side))
        first = round(lead * FPS)
        halves = [frame[:, side // 2 :, 0] for frame in pictures]
    return np.stack(halves[first : first + frames])


def bank(songs: int, *, seed: int = 0, frames: int = FRAMES, side: int = SIDE) -> Spectra:
    """Spectra of many songs: uint8 (songs, frames, side, side / 2), the same for the same seed."""
    generators = np.random.default_rng(seed).spawn(songs)
    drawn = (draw_song(one, frames=frames, side=side) for one in generators)
    return np.stack(list(tqdm(drawn, total=songs, unit="song", disable=None)))


def main() -> None:
    """Draw a bank and save it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="where to write, .npz")
    parser.add_argument("--songs", type=int, default=200)
    parser.add_argument("--frames", type=int, default=FRAMES, help="consecutive pictures of each")
    parser.add_argument("--side", type=int, default=SIDE, help="height in pixels")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    spectra = bank(options.songs, seed=options.seed, frames=options.frames, side=options.side)
    np.savez_compressed(options.file, spectra=spectra)


if __name__ == "__main__":
    main()
