"""Noise as a world: any window of an endless plane of noise, the same whenever it is looked at.

The plane is made of square blocks. The numbers of a block come from a counter-based generator
(Philox: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) whose key is the
seed and whose counter is the block's place. So a far place costs as much as a near one, and no more
than a few blocks are kept. Normal numbers are made of its bits by Box and Muller's formula, in
double precision, so that they depend neither on numpy's version nor on the machine's last bit.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SIDE = 16  # latents of a block's side
_WORD = 2**64
_KEPT = 256  # blocks: the windows of paintings that follow each other overlap


def window(
    seed: int,
    channels: int,
    row: int,
    column: int,
    height: int,
    width: int,
    repeats: tuple[int, int] = (0, 0),
) -> Floats:
    """Normal noise of the world of a seed, float32 (channels, height, width).

    row, column: the place of the first latent, any whole numbers. repeats: rows and columns after
    which there is the same noise again, whichever way; 0 is never.
    """
    if any(repeats):
        tops, lefts = map(_repeated, (row, column), (height, width), repeats)
        top, left = int(tops.min()), int(lefts.min())
        tall, wide = int(tops.max()) + 1 - top, int(lefts.max()) + 1 - left
        whole = window(seed, channels, top, left, tall, wide)
        return np.ascontiguousarray(whole[:, (tops - top)[:, None], lefts - left])
    made = np.empty((channels, height, width), np.float32)
    for down in range(row // _SIDE, -(-(row + height) // _SIDE)):
        rows = _shared(row, height, down)
        for right in range(column // _SIDE, -(-(column + width) // _SIDE)):
            columns = _shared(column, width, right)
            block = _block(seed, channels, down, right)
            top, left = row - down * _SIDE, column - right * _SIDE
            made[:, rows, columns] = block[
                :, rows.start + top : rows.stop + top, columns.start + left : columns.stop + left
            ]
    return made


def _repeated(first: int, count: int, period: int) -> NDArray[np.int64]:
    """The places of the world that are seen from one on, where they are the same again after so
    many."""
    places = np.arange(first, first + count)
    return places % abs(period) if period else places


def _shared(first: int, count: int, block: int) -> slice:
    """The part of a window, from its own beginning, that lies in a block."""
    start = block * _SIDE - first
    return slice(max(0, start), min(count, start + _SIDE))


@lru_cache(maxsize=_KEPT)
def _block(seed: int, channels: int, down: int, right: int) -> Floats:
    counter = np.array([0, 0, down % _WORD, right % _WORD], np.uint64)
    generator = np.random.Philox(key=np.array([seed, 0], np.uint64), counter=counter)
    count = channels * _SIDE * _SIDE
    pairs = -(-count // 2)
    bits = generator.random_raw(2 * pairs) >> np.uint64(11)
    uniform = (bits.astype(np.float64) + 0.5) * 2.0**-53
    radius, angle = np.sqrt(-2 * np.log(uniform[:pairs])), 2 * np.pi * uniform[pairs:]
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]
    return normal.astype(np.float32).reshape(channels, _SIDE, _SIDE)
