"""How many frames a graphics card paints at once: as many as its memory holds.

That is measured and not tried out: the first batch of a kind is a small one, and what it took says
how many fit. From then on each batch is twice as large as the one before, up to that, so that
nobody waits for long for the first paintings.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Protocol

MOST = 32
"""Frames of a batch at most: a card is busy with fewer, and their guides are drawn before they are
painted."""

FIRST = 2
"""Frames of the first batch."""

_SHARE = 0.8  # of the memory that is free; the rest is for pieces between which nothing fits

# Autoencoders have up to 256 numbers for each pixel, and kernels count 2^31 of them at most.
_PIXELS = (1 << 23) - 1


class Card(Protocol):
    """What `torch.cuda` tells of a card's memory, in bytes."""

    def mem_get_info(self) -> tuple[int, int]:
        """What is free, and all there is."""

    def memory_allocated(self) -> int:
        """What tensors take."""

    def memory_reserved(self) -> int:
        """What torch keeps for tensors, with what they take."""

    def max_memory_allocated(self) -> int:
        """The most that tensors took since it was reset."""

    def reset_peak_memory_stats(self) -> None:
        """Reset it."""


def fitting(free: int, took: int, count: int, pixels: int) -> int:
    """How many frames are painted at once, 1 to `MOST`.

    free: bytes that are free. took: bytes that painting `count` frames took. pixels: of a frame, as
    it is painted.
    """
    each = max(1, -(-took // count))
    return max(1, min(MOST, int(free * _SHARE) // each, _PIXELS // pixels))


class Room:
    """What is known of the memory that paintings take. Not safe to measure in several threads.

    What others take or give back meanwhile is not noticed: who runs out of memory paints fewer.
    """

    def __init__(self, card: Card) -> None:
        self._card = card
        self._fits: dict[Hashable, int] = {}

    def most(self, kind: Hashable, begun: int) -> int:
        """How many frames of a kind are painted at once, when so many batches were begun before."""
        return min(self._fits.get(kind, FIRST), FIRST << min(begun, MOST))

    @contextmanager
    def measured(self, kind: Hashable, count: int, pixels: int) -> Iterator[None]:
        """A context in which `count` frames of a kind are painted: the first one is measured.

        pixels: of a frame, as it is painted.
        """
        if kind in self._fits:
            yield
            return
        card = self._card
        card.reset_peak_memory_stats()
        before = card.memory_allocated()
        yield
        # A card is given its memory when it is given its work, whenever it does that.
        took = card.max_memory_allocated() - before
        kept = card.memory_reserved() - card.memory_allocated()
        self._fits[kind] = fitting(card.mem_get_info()[0] + kept, took, count, pixels)
