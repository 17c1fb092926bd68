"""A UNet that is shown the noise of its texture blurred, beside the noise itself.

Textures are functions of smooth fields, and those are white noise blurred over many cells. Networks
learn such long sums slowly and never exactly. So they are given: the texture's channels, freed of
the schedule's scale, blurred as the art blurs them, in several sizes, upright and level ones too.
Everything is linear and local; noise that moves moves its fields.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from diffusers import ModelMixin, UNet2DConditionModel  # the former for diffusers, see `__all__`
from torch import Tensor, nn

from .canvas import CHANNELS, spread

# A pipeline that is loaded looks for the base class of its parts in the module that defines them.
__all__ = ["BLURS", "ModelMixin", "TextureUNet", "blurred"]

BLURS: tuple[tuple[float, float], ...] = (
    *((size, size) for size in (0.6, 1.0, 1.6, 2.6, 4.2, 6.8)),
    *((3.0, 0.7), (6.0, 1.5), (12.0, 2.5)),
    *((0.45, 1.0), (1.0, 2.4), (1.7, 4.0)),
)
"""Deviations of the blurs along columns and rows, in cells."""


@functools.lru_cache(maxsize=256)
def _blur(length: int, deviation: float) -> Tensor:
    """A blur along an axis as a matrix, (length, length); edges reflect, white noise keeps its
    deviation."""
    return spread(torch.eye(length)[None, None], deviation, 2)[0, 0]


def blurred(texture: Tensor) -> Tensor:
    """All blurs of a texture, (count, channels, height, width), one after the other."""
    height, width = texture.shape[2:]
    made = []
    for tall, wide in BLURS:
        down, across = _blur(height, tall).to(texture), _blur(width, wide).to(texture)
        made.append(down @ texture @ across.T)
    return torch.cat(made, 1)


class TextureUNet(UNet2DConditionModel):
    """diffusers' UNet2DConditionModel, whose first layer sees `blurred` as well."""

    @functools.wraps(UNet2DConditionModel.__init__)
    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        first = self.conv_in
        seen = first.in_channels + CHANNELS * len(BLURS)
        self.conv_in = nn.Conv2d(seen, first.out_channels, 3, padding=1)
        # Nothing at first: what the rest begins with is what it would be without them.
        nn.init.zeros_(self.conv_in.weight)
        with torch.no_grad():
            self.conv_in.weight[:, : first.in_channels] = first.weight
            self.conv_in.bias.copy_(first.bias)
        betas = torch.linspace(0.0001, 0.001, 1000)
        self.register_buffer("_spread", (1 - (1 - betas).cumprod(0)).sqrt(), persistent=False)

    def forward(self, sample: Tensor, timestep: Any, *given: Any, **more: Any) -> Any:
        """As diffusers' own."""
        times = torch.as_tensor(timestep, device=sample.device).long().reshape(-1)
        spread = self._spread[times].to(torch.float32)[:, None, None, None]
        fields = blurred(sample[:, -CHANNELS:].float() / spread).to(sample.dtype)
        seen = torch.cat([sample, fields], 1).contiguous(memory_format=torch.channels_last)
        return super().forward(seen, timestep, *given, **more)
