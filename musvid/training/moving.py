"""Pictures in motion, for interpolators to learn from: spectra, and their paintings.

    python -m musvid.training.moving FILE.npz --songs 1300 --paintings 300

Spectra are kept in grey and coloured as they are used; paintings are those of the model that ships.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from ..interpolate._network import MOMENTS
from ..paint.painter import Painter
from ..paint.style import Style
from ..paint.words import STYLES
from ..spectrum.look import Look
from ..spectrum.palettes import PALETTES
from .brief import Brief
from .spectra import SIDE, draw_song, random_look

FRAMES = 49
PAINTED = 25

# White, the default, is seen most.
_SHARES = {name: 60 if name == "white" else 1 for name, table in PALETTES.items() if table}


@cache
def _table(palette: str, height: int) -> NDArray[np.uint8]:
    """The colours of every row and brightness: (height, 256, 3)."""
    make = PALETTES[palette]
    assert make is not None
    return make(height)


def _look(random: np.random.Generator) -> Look:
    """Mostly the default."""
    return Look() if random.random() < 0.6 else random_look(random)


@dataclass(frozen=True)
class Sequences:
    """Consecutive pictures, 30 a second, halves with the axis at column 0.

    spectra: uint8 (songs, frames, height, half width). paintings: uint8 (number, frames, height,
    half width, 3).
    """

    spectra: NDArray[np.uint8]
    paintings: NDArray[np.uint8]

    @classmethod
    def make(cls, songs: int, paintings: int, *, side: int = SIDE, seed: int = 0) -> Sequences:
        """Compose, draw and paint; the same for the same seed on the same machine."""
        generators = np.random.default_rng(seed).spawn(songs)
        drawn = (draw_song(each, frames=FRAMES, side=side, look=_look) for each in generators)
        spectra = np.stack(list(tqdm(drawn, total=songs, unit="song", disable=None)))
        return cls(spectra, paint(spectra, paintings, seed=seed))

    @classmethod
    def load(cls, *paths: Path) -> Sequences:
        """Those of some files together."""
        files = [np.load(path) for path in paths]
        parts = ([file[name] for file in files] for name in ("spectra", "paintings"))
        return cls(*(np.concatenate(part) for part in parts))

    def split(self, part: float) -> tuple[Sequences, Sequences]:
        """All but the last part of each kind (at least one), and that part."""
        ends = [int(len(kind) * (1 - part)) for kind in (self.spectra, self.paintings)]
        return (
            Sequences(self.spectra[: ends[0]], self.paintings[: ends[1]]),
            Sequences(self.spectra[ends[0] :], self.paintings[ends[1] :]),
        )


def paint(spectra: NDArray[np.uint8], count: int, *, seed: int = 0) -> NDArray[np.uint8]:
    """Paint sequences of the songs' spectra: uint8 (count, PAINTED, height, half width, 3)."""
    random, painter = Random(seed), Painter(Style(), device="cpu")
    made = []
    for index in tqdm(range(count), unit="sequence", disable=None):
        song = spectra[random.randrange(len(spectra))]
        first = random.randrange(song.shape[0] - PAINTED + 1)
        halves = song[first : first + PAINTED, :, :, None].repeat(3, 3)
        frames = np.concatenate([halves[:, :, ::-1], halves], 2)
        style = Style(
            prompt=Brief.random(random, list(STYLES)[index % len(STYLES)]).caption(random),
            strength=random.uniform(0.4, 0.9),
            seed=random.randrange(1000),
        )
        middle = frames.shape[2] // 2
        made.append(np.stack([frame[:, middle:] for frame in painter.paint(frames, style)]))
    return np.stack(made) if made else np.empty((0, PAINTED, *spectra.shape[2:], 3), np.uint8)


@dataclass(frozen=True)
class Windows:
    """Keyframes and what lies between them.

    keyframes: float (batch, 3, 4, height, width) in [0, 1]. between: float (batch, moments, 3,
    height, width). outputs: which outputs of the network those moments are.
    """

    keyframes: Tensor
    between: Tensor
    outputs: list[int]


def windows(
    sequences: Sequences,
    random: Random,
    count: int,
    *,
    factor: int,
    stride: int,
    columns: int | None = None,
    painted: float = 0.0,
    plain: float = 0.0,
    splices: float = 0.04,
    grey: bool = True,
    varied: float = 0.8,
) -> Windows:
    """Windows of four keyframes, `stride` pictures apart, each by chance.

    factor: the network's; of its moments those are asked for that fall on pictures.
    columns: how many of each half are seen, as far from each other as can be; all by default.
    painted: the part of paintings among them. plain: the part of windows that hold nothing but a
        picture that fades evenly, or a still one. splices: the part at the beginning of a video,
        where the first keyframe is repeated, and as many at its end. grey: whether to leave
        spectra without colours. varied: the part of spectra that are louder, higher, or
        have a second song over them.
    """
    outputs = [i for i in range(factor - 1) if (i + 1) * stride % factor == 0]
    wanted = [(i + 1) * stride // factor for i in outputs]
    seen = []
    for _ in range(count):
        there = len(sequences.paintings) and 3 * stride < sequences.paintings.shape[1]
        of_painting = there and random.random() < painted
        kind = sequences.paintings if of_painting else sequences.spectra
        sequence = kind[random.randrange(len(kind))]
        first = random.randrange(len(sequence) - 3 * stride)
        keys = [first + stride * moment for moment in range(MOMENTS)]
        places = keys + [keys[1] + step for step in wanted]
        end = random.random()
        if end < splices:
            places[0] = places[1]
        elif end > 1 - splices:
            places[3] = places[2]
        step = sequence.shape[2] // columns if columns else 1
        picture = sequence[places][:, :, random.randrange(step) :: step]
        if not of_painting and random.random() < varied:
            picture = _varied(sequences.spectra, picture, places, random)
        if random.random() < plain:
            ways = [(place - first) / (3 * stride) for place in places]
            picture = _fade(random, ways, *picture.shape[1:3])
        elif not of_painting:
            palette = random.choices(list(_SHARES), list(_SHARES.values()))[0]
            height = picture.shape[1]
            table = _table("white" if grey else palette, height)
            picture = table[np.arange(height)[:, None], picture]
        seen.append(torch.from_numpy(picture))
    # (batch, moments, height, width, colour)
    pictures = torch.stack(seen).float().div_(255)
    return Windows(
        pictures[:, :MOMENTS].permute(0, 4, 1, 2, 3),
        pictures[:, MOMENTS:].permute(0, 1, 4, 2, 3),
        outputs,
    )


_LOUD = 6  # lights are about the third root of amplitudes, and powers add up


def _varied(
    spectra: NDArray[np.uint8], picture: NDArray[np.uint8], places: list[int], random: Random
) -> NDArray[np.uint8]:
    """Another song of the same pictures: louder, higher, rougher, with a second one over it."""
    light = picture.max(2) / np.float32(255)
    if random.random() < 0.5:
        other = spectra[random.randrange(len(spectra))]
        # From anywhere, at the same distances.
        start = random.randrange(len(other) - max(places) + min(places)) - min(places)
        second = other[[place + start for place in places], :, 0] / np.float32(255)
        second = _moved(second, random) * np.float32(random.uniform(0.6, 1))
        light = (light**_LOUD + second**_LOUD) ** (1 / _LOUD)
    if random.random() < 0.5:
        light *= _flicker(places, light.shape[1], random)
    light = _moved(light, random) * np.float32(random.uniform(0.7, 1.5))
    # As musvid draws them: a bar that falls to nothing from the spine at the axis.
    width, columns = spectra.shape[3], picture.shape[2]
    across = (np.arange(columns, dtype=np.float32) + random.random()) * width / columns
    level = light[..., None] - np.maximum(across - 2, 0) / (width - 2)
    return np.rint(255 * level.clip(0, 1)).astype(np.uint8)


def _flicker(places: list[int], rows: int, random: Random) -> NDArray[np.float32]:
    """Tremble the lights as many players or a room do: neighbouring pitches together."""
    draw = np.random.default_rng(random.randrange(2**32))
    first, together = min(places), random.choice([1, 2, 4, 8])
    noise = draw.standard_normal((max(places) - first + 1, rows // together + 1), np.float32)
    keep = random.uniform(0, 0.7)  # of one picture in the next
    for before, after in pairwise(noise):
        after *= np.sqrt(1 - keep * keep)
        after += keep * before
    noise = noise.repeat(together, 1)[[place - first for place in places], :rows]
    return np.exp(random.uniform(0, 0.25) * noise)


def _moved(light: NDArray[np.float32], random: Random) -> NDArray[np.float32]:
    """Higher or lower by some rows."""
    by = random.randrange(-40, 41)
    moved = np.zeros_like(light)
    if by >= 0:
        moved[:, by:] = light[:, : light.shape[1] - by]
    else:
        moved[:, :by] = light[:, -by:]
    return moved


def _fade(random: Random, ways: list[float], height: int, width: int) -> NDArray[np.uint8]:
    """From one field of coloured blocks to another, or a still one, at some moments (0 to 1)."""
    draw = np.random.default_rng(random.randrange(2**32))
    side = random.choice([4, 8, 16, 64, 256])
    cells = (-(-height // side), -(-width // side), 3)
    start = draw.integers(0, 256, cells)
    end = start if random.random() < 0.4 else draw.integers(0, 256, cells)
    colours = np.stack([start + (end - start) * way for way in ways])
    blocks = np.rint(colours).astype(np.uint8).repeat(side, 1).repeat(side, 2)
    return blocks[:, :height, :width]


def main() -> None:
    """Make sequences and save them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="where to write, .npz")
    parser.add_argument("--songs", type=int, default=1300)
    parser.add_argument("--paintings", type=int, default=300)
    parser.add_argument("--side", type=int, default=SIDE, help="height in pixels")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    made = Sequences.make(options.songs, options.paintings, side=options.side, seed=options.seed)
    np.savez(options.file, spectra=made.spectra, paintings=made.paintings)


if __name__ == "__main__":
    main()
