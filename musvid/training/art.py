"""Art that this program draws, for `sketch` to learn from: spectra grown into pictures.

A **picture** is a texture lit by a spectrum. The texture (clouds, panes, veins, petals) comes from
a **noise** alone, the light from the spectrum alone. A sequence is one texture under a spectrum
that moves: the texture stays, the light moves, which is what a video should be.

The noise is white, one number per channel and cell of 8x8 pixels: the shape of the noise that a
latent diffusion model starts from. Every feature is a local function of it. So a model that is
shown the noise can learn exactly which picture it stands for, where a texture from random numbers
that nobody shows would teach it no more than the average of all textures, which is mist.

Lengths are in cells, as a convolutional network has them. A larger picture would hold more
features, not larger ones; so whoever draws one says for which size its shapes are composed.

What stands in rows and columns stands on blocks of 16 pixels, and what is larger is a smooth
field or chosen among these: noise that moves by a block moves the picture with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..paint.texture import CHANNELS
from .canvas import CELL, Canvas, Light, Palette, blur, step
from .lexicon import MODIFIERS
from .styles import STYLES

INGREDIENTS = 6
"""Fields that a texture is made of, at most."""

FULL = 0.7
"""The strength from which on a picture has left its spectrum altogether."""


def draw(
    style: str,
    spectra: Tensor,
    colours: Tensor,
    noise: Tensor,
    *,
    modifiers: Sequence[str] = (),
    strength: Tensor | None = None,
    size: float = 1.0,
) -> Tensor:
    """Draw pictures in one style.

    style: a name from `STYLES`.
    spectra: float (batch, time, height, width), 0 to 1: drawn spectra, or parts of such. Each
        item of the batch is a texture of its own, under `time` spectra. Both sides are multiples
        of `CELL`.
    colours: float (batch, 2, 3): main and second colour of each item, RGB from 0 to 1.
    noise: float (batch, CHANNELS, height / CELL, width / CELL), standard normal: the textures.
        A mirrored noise under a mirrored spectrum is nearly, not exactly, a mirrored picture.
    modifiers: words from `MODIFIERS`, the same for the whole batch.
    strength: float (batch,), 0 to 1: how far each picture has left its spectrum. From 0 on the
        spectrum takes on the colours, then the style appears; from `FULL` on it is all there,
        which is what None means.
    size: how large shapes are, see `musvid.training.lexicon.SIZES`.

    Returns float (batch, time, 3, height, width), 0 to 1.
    Raises KeyError for an unknown style, ValueError for an unknown modifier or a noise of another
    shape.
    """
    made = grow(style, spectra, colours, noise, modifiers=modifiers, strength=strength, size=size)
    return made[0]


def grow(
    style: str,
    spectra: Tensor,
    colours: Tensor,
    noise: Tensor,
    *,
    modifiers: Sequence[str] = (),
    strength: Tensor | None = None,
    size: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Like `draw`, but returns the ingredients of the textures as well.

    Returns the pictures, and the fields behind each texture before they become light and colour,
    float (batch, INGREDIENTS, height, width), of about unit size, zero where a style has fewer.
    """
    if unknown := set(modifiers) - set(MODIFIERS):
        raise ValueError(f"unknown modifiers: {', '.join(sorted(unknown))}")
    paint = STYLES[style]
    batch, _, height, width = spectra.shape
    wanted = (batch, CHANNELS, height // CELL, width // CELL)
    if noise.shape != wanted or height % CELL or width % CELL:
        raise ValueError(f"noise of shape {tuple(noise.shape)}, not {wanted}")
    canvas = Canvas(noise, frozenset(modifiers), size)
    palette = Palette.of(colours)
    light = Light.of(spectra, canvas)
    image = paint(canvas, palette, light)
    if "dark" in modifiers:
        image = 0.55 * image
    if "soft" in modifiers:
        image = torch.stack([blur(channel, 2.0) for channel in image.unbind(2)], 2)
    if "sharp" in modifiers:
        image = torch.stack([2 * c - blur(c, 1.0) for c in image.unbind(2)], 2)
    # Film's shoulder: light adds up without ever clipping hard.
    image = 1 - torch.exp(-1.35 * image.clamp(min=0))
    image = (image / (1 - math.exp(-1.35 * 1.15))).clamp(0, 1)
    ingredients = torch.cat([*canvas.ingredients, *canvas.made], 1)
    ingredients = F.pad(ingredients, (0, 0, 0, 0, 0, INGREDIENTS - ingredients.shape[1]))
    if strength is None:
        return image, ingredients
    strength = strength[:, None, None, None]
    tinted = torch.lerp(
        spectra.unsqueeze(2),
        palette.tint(spectra + 0.3 * light.near),
        step(0.0, 0.4, strength).unsqueeze(2),
    )
    return torch.lerp(tinted, image, step(0.35, FULL, strength).unsqueeze(2)), ingredients
