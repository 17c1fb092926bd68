"""A pool of fresh pictures: drawn on the fly, kept for a while, replaced steadily.

Drawing a picture costs less than learning from it, but not nothing. So batches are taken at random
from a pool, of which a part is drawn anew before every batch: the pictures are always new, and the
share of drawing in the time can be chosen.

A picture is what `musvid.diffuse` paints by default: the left half of a spectrum and a margin over
the axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..paint.texture import CHANNELS
from . import art
from .brief import Brief
from .canvas import CELL
from .lexicon import STYLES

GROUP = 8
"""Pictures drawn at once, unless said otherwise: of one style, with the same modifiers."""

# Styles that are learned slowly are drawn more often.
_HARD = {
    "stained glass": 2,
    "crystal": 2,
    "flower petals": 2,
    "city skyline": 2,
    "lightning": 2,
}
_SHARES = [_HARD.get(style, 1) for style in STYLES]

HEIGHT = 256
HINTED = 4
"""Pixels of the side of what ingredients are averaged over."""

MARGIN = 16
"""Columns beyond the axis, as many as diffuse paints."""


@dataclass(frozen=True)
class Batch:
    """Pictures and what they were grown from.

    art, spectrum: uint8 (batch, 3, height, width). noise: float (batch, CHANNELS,
    height / CELL, width / CELL). strength: float (batch,), how far each picture has left
    its spectrum. ingredients: float16
    (batch, art.INGREDIENTS, height / 4, width / 4), what the textures are made of. captions: one
    each.
    """

    art: Tensor
    spectrum: Tensor
    noise: Tensor
    strength: Tensor
    ingredients: Tensor
    captions: list[str]

    def __getitem__(self, places: list[int]) -> Batch:
        """Some of them."""
        captions = [self.captions[place] for place in places]
        return Batch(*(getattr(self, name)[places] for name in _TENSORS), captions)

    def replace(self, start: int, other: Batch) -> None:
        """Put another batch in the places from `start` on."""
        end = start + len(other.captions)
        for name in _TENSORS:
            getattr(self, name)[start:end] = getattr(other, name)
        self.captions[start:end] = other.captions


_TENSORS = tuple(field.name for field in fields(Batch) if field.name != "captions")


class Bank:
    """Drawn spectra, from files that `musvid.training.spectra` made.

    Of spectra higher than `HEIGHT`, pictures are windows: what a larger picture looks like to a
    network that sees so much of it at a time.
    """

    def __init__(self, parts: Sequence[Tensor]) -> None:
        """parts: uint8 (songs, frames, height, half width), the axis at column 0."""
        self._parts = list(parts)

    @classmethod
    def load(cls, *paths: Path) -> Bank:
        """The banks of some files together."""
        parts = []
        for path in paths:
            with np.load(path) as file:
                parts.append(torch.from_numpy(file["spectra"]))
        return cls(parts)

    def to(self, device: str) -> Bank:
        """The same spectra on a device."""
        return Bank([part.to(device) for part in self._parts])

    def split(self, songs: int) -> tuple[Bank, Bank]:
        """All songs but the last few of each file, and those few."""
        return Bank([p[:-songs] for p in self._parts]), Bank([p[-songs:] for p in self._parts])

    def pick(self, random: Random, size: float = 1.0, height: int = HEIGHT) -> Tensor:
        """A left half with its margin: uint8 (height, height / 2 + MARGIN).

        size: of the shapes, see `lexicon.SIZES`: of spectra that many times as high (about), the
            picture is a window.
        """
        height = min(height, max(part.shape[2] for part in self._parts))
        # Of the smallest that are large enough, or else enlarged.
        fitting = [part for part in self._parts if part.shape[2] >= 0.8 * height * size]
        part = min(fitting, key=lambda each: each.shape[2]) if fitting else self._parts[-1]
        half = part[random.randrange(part.shape[0]), random.randrange(part.shape[1])]
        if (times := round(height * size / part.shape[2])) > 1:
            half = half.repeat_interleave(times, 0).repeat_interleave(times, 1)
        left = torch.cat([half.flip(-1), half[:, :MARGIN]], -1)
        width = height // 2 + MARGIN
        top = random.randrange(left.shape[0] - height + 1)
        end = left.shape[1]
        if random.random() < 0.4:
            end -= random.randrange(end - width + 1)
        return left[top : top + height, end - width : end]


def random_strength(random: Random) -> float:
    """Mostly one at which the style is all there, sometimes less."""
    return random.uniform(art.FULL, 1) if random.random() < 0.75 else random.uniform(0.1, art.FULL)


def draw_batch(
    bank: Bank,
    random: Random,
    generator: torch.Generator,
    count: int,
    *,
    group: int = GROUP,
    height: int = HEIGHT,
) -> Batch:
    """Draw `count` new pictures (a multiple of `group`), on the generator's device."""
    device = generator.device
    groups = []
    for _ in range(count // group):
        brief = Brief.random(random, random.choices(list(STYLES), _SHARES)[0])
        briefs = [_recoloured(brief, random) for _ in range(group)]
        spectra = torch.stack([bank.pick(random, brief.scale, height) for _ in briefs]).to(device)
        colours = torch.stack([each.rgb() for each in briefs]).to(device)
        shape = (group, CHANNELS, *(side // CELL for side in spectra.shape[1:]))
        noise = torch.randn(shape, generator=generator, device=device)
        strength = torch.tensor([random_strength(random) for _ in briefs], device=device)
        image, ingredients = art.grow(
            brief.style,
            spectra[:, None].float() / 255,
            colours,
            noise,
            modifiers=brief.modifiers,
            strength=strength,
            size=brief.scale,
        )
        small = F.avg_pool2d(ingredients, HINTED).half()
        picture = (image[:, 0] * 255).round().to(torch.uint8)
        captions = [each.caption(random) for each in briefs]
        grey = spectra[:, None].expand(-1, 3, -1, -1)
        groups.append(Batch(picture, grey, noise, strength, small, captions))
    captions = [caption for group in groups for caption in group.captions]
    return Batch(
        *(torch.cat([getattr(group, name) for group in groups]) for name in _TENSORS), captions
    )


def _recoloured(brief: Brief, random: Random) -> Brief:
    """The same style and modifiers in colours of its own."""
    other = Brief.random(random, brief.style)
    return replace(brief, colours=other.colours)


class Pool:
    """`size` pictures, of which a group is drawn anew before every `interval`-th batch."""

    def __init__(
        self,
        bank: Bank,
        *,
        size: int,
        interval: int = 1,
        group: int = GROUP,
        seed: int = 0,
        device: str = "cpu",
        height: int = HEIGHT,
    ) -> None:
        self._bank, self._interval, self._group = bank, interval, group
        self._height = height
        self._batches = self._next = 0
        self._random = Random(seed)
        self._generator = torch.Generator(device).manual_seed(seed)
        self._all = self._draw(size)

    def batch(self, count: int) -> Batch:
        """`count` pictures, each by chance."""
        self._batches += 1
        if self._batches % self._interval == 0:
            self._all.replace(self._next, self._draw(self._group))
            self._next = (self._next + self._group) % len(self._all.captions)
        size = len(self._all.captions)
        return self._all[[self._random.randrange(size) for _ in range(count)]]

    def _draw(self, count: int) -> Batch:
        return draw_batch(
            self._bank,
            self._random,
            self._generator,
            count,
            group=self._group,
            height=self._height,
        )
