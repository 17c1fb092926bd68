"""A UNet that is shown what the noise of its texture is made into, beside the noise itself.

See `musvid.paint.texture`. The texture's channels are freed of the schedule's scale first.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from diffusers import ModelMixin, UNet2DConditionModel  # the former for diffusers, see `__all__`
from torch import nn

from ..paint.texture import CHANNELS, FEATURES, features

# A pipeline that is loaded looks for the base class of its parts in the module that defines them.
__all__ = ["ModelMixin", "TextureUNet"]


class TextureUNet(UNet2DConditionModel):
    """diffusers' UNet2DConditionModel, whose first layer sees the texture's features as well."""

    @functools.wraps(UNet2DConditionModel.__init__)
    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        first = self.conv_in
        self.conv_in = nn.Conv2d(first.in_channels + FEATURES, first.out_channels, 3, padding=1)
        # Nothing at first: what the rest begins with is what it would be without them.
        nn.init.zeros_(self.conv_in.weight)
        with torch.no_grad():
            self.conv_in.weight[:, : first.in_channels] = first.weight
            self.conv_in.bias.copy_(first.bias)
        betas = torch.linspace(0.0001, 0.001, 1000)
        self.register_buffer("_spread", (1 - (1 - betas).cumprod(0)).sqrt(), persistent=False)

    def forward(self, sample: Any, timestep: Any, *given: Any, **more: Any) -> Any:
        """As diffusers' own."""
        times = torch.as_tensor(timestep, device=sample.device).long().reshape(-1)
        spread = self._spread[times].to(torch.float32)[:, None, None, None]
        seen = features(sample[:, -CHANNELS:].float() / spread).to(sample.dtype)
        seen = torch.cat([sample, seen], 1).contiguous(memory_format=torch.channels_last)
        return super().forward(seen, timestep, *given, **more)
