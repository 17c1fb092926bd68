"""A pool of fresh pictures: drawn on the fly, kept for a while, replaced steadily.

Drawing a picture costs less than learning from it does, but not nothing; a pool from which batches
are taken at random, and of which a part is drawn anew before every batch, gives training always
new pictures at a price that can be chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor

from . import art
from .brief import Brief

GROUP = 8
"""Pictures drawn at once: of one style, with the same modifiers."""


@dataclass(frozen=True)
class Batch:
    """Pictures and what they were grown from.

    art, spectrum: uint8 (batch, 3, height, half width), right halves, the axis at column 0.
    captions: one each.
    """

    art: Tensor
    spectrum: Tensor
    captions: list[str]


def load_bank(path: Path) -> Tensor:
    """The spectra of a bank: uint8 (songs, frames, height, half width)."""
    with np.load(path) as file:
        return torch.from_numpy(file["spectra"])


def draw_batch(bank: Tensor, random: Random, generator: torch.Generator, count: int) -> Batch:
    """Draw `count` new pictures (a multiple of `GROUP`), on the generator's device."""
    pictures, spectra, captions = [], [], []
    for _ in range(count // GROUP):
        brief = Brief.random(random)
        briefs = [_recoloured(brief, random) for _ in range(GROUP)]
        frames = torch.stack(
            [bank[random.randrange(len(bank)), random.randrange(bank.shape[1])] for _ in briefs]
        ).to(generator.device)
        colours = torch.stack([each.rgb() for each in briefs]).to(generator.device)
        image = art.draw(
            brief.style,
            frames[:, None].float() / 255,
            colours,
            modifiers=brief.modifiers,
            generator=generator,
        )[:, 0]
        half = image[..., image.shape[-1] // 2 :]
        pictures.append((half * 255).round().to(torch.uint8))
        spectra.append(frames[:, None].expand(-1, 3, -1, -1))
        captions += [each.caption(random) for each in briefs]
    return Batch(torch.cat(pictures), torch.cat(spectra), captions)


def _recoloured(brief: Brief, random: Random) -> Brief:
    """The same style and modifiers in colours of its own."""
    other = Brief.random(random, brief.style)
    return Brief(brief.style, other.colours, brief.modifiers)


class Pool:
    """`size` pictures, of which `GROUP` are drawn anew before every `interval`-th batch."""

    def __init__(
        self, bank: Tensor, *, size: int, interval: int = 1, seed: int = 0, device: str = "cpu"
    ) -> None:
        self._bank, self._interval, self._batches, self._next = bank, interval, 0, 0
        self._random = Random(seed)
        self._generator = torch.Generator(device).manual_seed(seed)
        self._all = draw_batch(bank, self._random, self._generator, size)

    def batch(self, count: int) -> Batch:
        """`count` pictures, each by chance."""
        self._batches += 1
        if self._batches % self._interval == 0:
            self._renew()
        picked = [self._random.randrange(len(self._all.captions)) for _ in range(count)]
        captions = [self._all.captions[index] for index in picked]
        return Batch(self._all.art[picked], self._all.spectrum[picked], captions)

    def _renew(self) -> None:
        """Replace the oldest pictures."""
        new = draw_batch(self._bank, self._random, self._generator, GROUP)
        for offset in range(GROUP):
            slot = (self._next + offset) % len(self._all.captions)
            self._all.art[slot] = new.art[offset]
            self._all.spectrum[slot] = new.spectrum[offset]
            self._all.captions[slot] = new.captions[offset]
        self._next = (self._next + GROUP) % len(self._all.captions)
