"""Layers with nothing but sums between them, as one convolution: the same answers in less time.

A first convolution at full size, another one that halves; or repeated pixels, a convolution and one
more: what comes out of such a pair is linear in what goes in, so one convolution of the halved size
says all of it, with the pixels of a cell as channels (Shi et al., "Is the deconvolution layer the
same as a convolutional layer?", arXiv 1609.07009). Its weights are what the layers answer to one
value at a time.
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_REACH = 3  # cells a side that what comes out of one cell depends on


class Folded(nn.Module):
    """Linear layers, folded.

    layers: convolutions padded with zeros, and upsamplings. channels: of what goes in. into, out:
    pixels of a cell's side before and behind the layers; all sides are whole cells, and a cell
    depends on its eight neighbours.

    At the borders the layers see zeros behind the first of them, too, which one convolution cannot:
    the outermost cells are the layers' own.
    """

    def __init__(
        self, layers: nn.Sequential, channels: int, *, into: int = 1, out: int = 1
    ) -> None:
        super().__init__()
        self._into, self._out, self.layers = into, out, layers
        weight, bias = _answers(layers, channels, into, out)
        known = next(layers.parameters())
        self.conv = nn.Conv2d(weight.shape[1], weight.shape[0], _REACH, padding=_REACH // 2)
        weight = weight.to(known).contiguous(memory_format=torch.channels_last)
        self.conv.weight, self.conv.bias = nn.Parameter(weight), nn.Parameter(bias.to(known))
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """(count, channels, height, width)."""
        cells = F.pixel_unshuffle(x, self._into) if self._into > 1 else x
        made = self.conv(cells.contiguous(memory_format=torch.channels_last))
        made = F.pixel_shuffle(made, self._out) if self._out > 1 else made
        near, edge = _REACH * self._into, self._out
        made[:, :, :edge] = self.layers(x[:, :, :near])[:, :, :edge]
        made[:, :, -edge:] = self.layers(x[:, :, -near:])[:, :, -edge:]
        made[..., :edge] = self.layers(x[..., :near])[..., :edge]
        made[..., -edge:] = self.layers(x[..., -near:])[..., -edge:]
        return made


@torch.no_grad()
def _answers(layers: nn.Sequential, channels: int, into: int, out: int) -> tuple[Tensor, Tensor]:
    """The weights and the bias of one convolution that does what the layers do, in double
    precision."""
    count = channels * into**2
    ones = torch.eye(count * _REACH**2 + 1, count * _REACH**2, dtype=torch.float64)
    asked = ones.unflatten(1, (count, _REACH, _REACH))
    exact = copy.deepcopy(layers).cpu().double()  # a Mac's GPU has no such numbers
    told = F.pixel_unshuffle(exact(F.pixel_shuffle(asked, into)), out)[
        ..., _REACH // 2, _REACH // 2
    ]
    weight = (told[:-1] - told[-1]).T
    return weight.unflatten(1, (count, _REACH, _REACH)), told[-1]
