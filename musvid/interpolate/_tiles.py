"""A window of keyframes that are too large for the memory, filled in overlapping tiles.

What FLAVR makes of a pixel depends on those around it up to `REACH`, and on means of the whole
picture: its mean colour, which is known beforehand, and the means by which gates scale channels.
Each tile is computed with that much around it, so that tiles meet without a seam and need no
blending. Means are gathered from all tiles: in a first round each tile goes by its own, in the
second all go by those that the first one found. That is not exactly what the whole picture's gates
would say, since the first round's later layers saw the gates of tiles: pictures of networks with
random weights differed by 0.03 of 255 at most.

It takes about twice as long as the whole picture, and more for what overlaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ._network import Flavr, Gate

REACH = 112
"""Pixels around a tile that its pictures depend on (107), in whole `_STEP`."""

_STEP = 8  # pixels, of which a tile is whole multiples: those of the coarsest features
_LEAST = 128  # pixels of a tile's side below which smaller ones would mostly overlap


@dataclass(frozen=True)
class Tile:
    """A part of a picture, as (rows, columns): what is kept of it, and what is computed for it."""

    kept: tuple[slice, slice]
    seen: tuple[slice, slice]

    def inside(self, scale: int = 1) -> tuple[slice, slice]:
        """Where what is kept lies in what is computed, in features of so many pixels each."""
        rows, columns = (
            slice((kept.start - seen.start) // scale, (kept.stop - seen.start) // scale)
            for kept, seen in zip(self.kept, self.seen, strict=True)
        )
        return rows, columns


def tiles(height: int, width: int, count: tuple[int, int]) -> list[Tile]:
    """A picture cut into so many rows and columns of tiles; both sides are multiples of `_STEP`."""

    def along(side: int, parts: int) -> list[tuple[slice, slice]]:
        steps = side // _STEP
        ends = [steps * part // parts * _STEP for part in range(parts + 1)]
        return [
            (slice(first, last), slice(max(0, first - REACH), min(side, last + REACH)))
            for first, last in pairwise(ends)
        ]

    return [
        Tile((top[0], left[0]), (top[1], left[1]))
        for top in along(height, count[0])
        for left in along(width, count[1])
    ]


def finer(height: int, width: int, count: tuple[int, int]) -> tuple[int, int] | None:
    """Rows and columns of smaller tiles, or None where they would mostly overlap."""
    rows, columns = count
    longer = (rows + 1, columns) if height / rows > width / columns else (rows, columns + 1)
    least = min(height / longer[0], width / longer[1])
    return longer if max(height / rows, width / columns) > _LEAST and least >= _STEP else None


def largest(height: int, width: int, count: tuple[int, int]) -> int:
    """The pixels that are computed for the largest tile."""
    return max(
        (tile.seen[0].stop - tile.seen[0].start) * (tile.seen[1].stop - tile.seen[1].start)
        for tile in tiles(height, width, count)
    )


def fill(
    network: Flavr,
    window: NDArray[np.uint8],
    outputs: Sequence[int],
    count: tuple[int, int],
    *,
    device: str,
    dtype: torch.dtype,
) -> Iterator[tuple[Tile, Tensor]]:
    """Every tile of a window, and its pictures (moments, 3, height, width), not clamped.

    network: one that is not mixing; no other thread may use it meanwhile. window: (4, height,
    width, 3), both sides multiples of `_STEP`. dtype: of the pictures that the network is given.
    """
    _, height, width, _ = window.shape
    parts = tiles(height, width, count)
    means = window.mean((0, 1, 2)).astype(np.float32) / 255
    colour = torch.from_numpy(means).to(device, dtype).view(1, 3, 1, 1, 1)
    with _gathered(network) as gates:
        for tile in parts:
            gates.tile = tile
            network.painted(_pixels(window, tile, device, dtype) - colour, outputs[:1])
        gates.settle()
        for tile in parts:
            gates.tile = tile
            made = network.painted(_pixels(window, tile, device, dtype) - colour, outputs)[0]
            rows, columns = tile.inside()
            yield tile, (made + colour[0].transpose(0, 1))[..., rows, columns]


def _pixels(window: NDArray[np.uint8], tile: Tile, device: str, dtype: torch.dtype) -> Tensor:
    """What is computed for a tile, (1, 3, 4, height, width), 0 to 1."""
    rows, columns = tile.seen
    seen = torch.from_numpy(np.ascontiguousarray(window[:, rows, columns]))
    return seen.to(device).permute(3, 0, 1, 2)[None].to(dtype) / 255


class _Means:
    """The means of channels that gates ask for: of a tile, and once settled, of all."""

    def __init__(self, count: int) -> None:
        self.tile: Tile | None = None
        self._sums: list[Tensor | float] = [0.0] * count
        self._places = [0] * count
        self._settled: list[Tensor] | None = None

    def of(self, gate: int, places: Tensor) -> Tensor:
        """See `Gate.known`."""
        if self._settled is not None:
            return self._settled[gate].to(places)
        assert self.tile is not None, "a tile is computed"
        seen = self.tile.seen[0]
        rows, columns = self.tile.inside((seen.stop - seen.start) // places.shape[-2])
        inside = places[..., rows, columns]
        sums = inside.float().sum((2, 3))
        self._sums[gate] = self._sums[gate] + sums
        self._places[gate] += inside.shape[2] * inside.shape[3]
        return (sums / (inside.shape[2] * inside.shape[3])).to(places)

    def settle(self) -> None:
        """From now on, give the means of all tiles there were."""
        found = zip(self._sums, self._places, strict=True)
        self._settled = [torch.as_tensor(total) / places for total, places in found]


@contextmanager
def _gathered(network: Flavr) -> Iterator[_Means]:
    """A context in which a network's gates go by means that are gathered."""
    gates = [part for part in network.modules() if isinstance(part, Gate)]
    means = _Means(len(gates))
    try:
        for number, gate in enumerate(gates):
            gate.known = partial(means.of, number)
        yield means
    finally:
        for gate in gates:
            gate.known = None
