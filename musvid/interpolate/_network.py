"""The network of FLAVR, with time as an axis or folded into the channels.

Kalluri, Pathak, Chandraker and Tran, "FLAVR: Flow-Agnostic Video Representations for Fast Frame
Interpolation", WACV 2023, arXiv 2012.08512: an encoder of 3D convolutions (ResNet3D-18 that keeps
all four moments, each block with a gate on its channels), a decoder of transposed 3D convolutions,
a fusion of the moments, and one picture per in-between moment. The names of the parts are those of
the released checkpoints.

A narrow network leaves 3D convolutions little to do at a time. As there are always four moments, a
3D convolution is the same as a 2D one whose channels are (moment, channel), with zeros where
moments are too far apart: more multiplications, and several times as fast on a CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MOMENTS = 4
"""Keyframes that the network sees: two before the gap, two behind it."""

FACTORS = (2, 4, 8)
_PATCH = 16  # columns that a tall network takes at a time
_REACH = 1  # moments to each side that a convolution with three of them sees


class _Kernel(NamedTuple):
    """A 2D convolution, and for one of several what it sees of a picture with a border of 1."""

    weight: Tensor
    bias: Tensor | None
    top: int = 0
    left: int = 0


class _Folding:
    """What both kinds of convolution share: their weights, for moments folded into channels."""

    weight: nn.Parameter
    bias: nn.Parameter | None
    parts: tuple[int, ...]  # channels of each tensor that the input was concatenated from
    _kept: tuple[tuple[object, ...], list[_Kernel]] | None = None

    def folded(self) -> list[_Kernel]:
        """The 2D convolutions that this one is; kept until the weights change."""
        if torch.is_grad_enabled():
            return self._fold()
        weight = self.weight
        key = (weight._version, weight.data_ptr(), weight.dtype, weight.device)
        if self._kept is None or self._kept[0] != key:
            # With the channels of a pixel side by side, as `Flavr.forward` arranges pictures.
            layout = torch.channels_last
            made = [
                each._replace(weight=each.weight.contiguous(memory_format=layout))
                for each in self._fold()
            ]
            self._kept = (key, made)
        return self._kept[1]

    def _fold(self) -> list[_Kernel]:
        raise NotImplementedError


def _spread(weight: Tensor, parts: Sequence[int]) -> Tensor:
    """From (out, in, 3, *kernel) to (moment, out, every part's moment and channel, *kernel)."""
    here = torch.arange(MOMENTS, device=weight.device)
    apart = here[None] - here[:, None] + _REACH  # [out moment, in moment]
    outside = (apart < 0) | (apart > 2 * _REACH)
    zero = torch.zeros_like(weight[:, :, :1])
    blocks = torch.cat([weight, zero], 2)[:, :, torch.where(outside, 2 * _REACH + 1, apart)]
    rows = [part.permute(2, 0, 3, 1, 4, 5).flatten(2, 3) for part in blocks.split(list(parts), 1)]
    return torch.cat(rows, 2)


class _Conv(nn.Conv3d, _Folding):
    """A 3D convolution that also takes (batch, moments * channels, height, width)."""

    def __init__(self, *sizes: int, parts: tuple[int, ...] = (), **options: object) -> None:
        super().__init__(*sizes, **options)  # type: ignore[arg-type]
        self.parts = parts or (self.in_channels,)

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() == 5:
            return super().forward(x)
        weight, bias, *_ = self.folded()[0]
        groups = MOMENTS if self.kernel_size[0] == 1 else 1
        return F.conv2d(x, weight, bias, self.stride[1:], self.padding[1:], groups=groups)

    def _fold(self) -> list[_Kernel]:
        bias = None if self.bias is None else self.bias.repeat(MOMENTS)
        if self.kernel_size[0] == 1:
            return [_Kernel(self.weight[:, :, 0].repeat(MOMENTS, 1, 1, 1), bias)]
        return [_Kernel(_spread(self.weight, self.parts).flatten(0, 1), bias)]


class _Up(nn.ConvTranspose3d, _Folding):
    """A transposed 3D convolution that multiplies the sides by its strides, folded as `_Conv`."""

    def __init__(
        self,
        channels: int,
        made: int,
        parts: tuple[int, ...],
        kernel: tuple[int, int] = (4, 4),
        strides: tuple[int, int] = (2, 2),
    ) -> None:
        padding = [(side - stride) // 2 for side, stride in zip(kernel, strides, strict=True)]
        super().__init__(channels, made, (3, *kernel), (1, *strides), (1, *padding))
        self.parts = parts

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(x) if x.dim() == 5 else self.weave(self.phases(x))

    def phases(self, x: Tensor) -> Tensor:
        """The smaller pictures that the folded result is woven from, side by side as channels.

        The pixels of a phase need few rows and columns of the kernel, and phases that need the same
        pixels are one convolution. On a CPU that takes half the time of a transposed one.
        """
        height, width = x.shape[2:]
        around = F.pad(x, (1, 1, 1, 1))
        made = []
        for weight, bias, top, left in self.folded():
            bottom, right = (side - 1 for side in weight.shape[2:])
            seen = around[:, :, top : top + height + bottom, left : left + width + right]
            made.append(F.conv2d(seen, weight, bias))
        return torch.cat(made, 1) if len(made) > 1 else made[0]

    def _taps(self, axis: int) -> list[tuple[int, list[int]]]:
        """For every phase: the first pixel (of a picture with a border of 1) and the taps on it."""
        stride, padding, size = (
            value[axis] for value in (self.stride, self.padding, self.kernel_size)
        )
        taps = []
        for phase in range(stride):
            tap = {step: phase + padding - stride * step for step in (-1, 0, 1)}
            seen = [step for step in tap if 0 <= tap[step] < size]
            taps.append((seen[0] + 1, [tap[step] for step in seen]))
        return taps

    def weave(self, phases: Tensor) -> Tensor:
        """One picture, (batch, channels, height, width), of its phases."""
        rows, columns = self.stride[1:]
        parts = phases.permute(0, 2, 3, 1).unflatten(3, (rows, columns, -1))
        woven = parts.transpose(2, 3).flatten(3, 4).flatten(1, 2)
        return woven.permute(0, 3, 1, 2)

    def _fold(self) -> list[_Kernel]:
        assert self.bias is not None
        # A transposed convolution is a convolution that runs backwards in time.
        spread = _spread(self.weight.flip(2).transpose(0, 1), self.parts).flatten(0, 1)
        windows: dict[tuple[int, int, int, int], list[Tensor]] = {}
        for top, rows in self._taps(1):
            for left, columns in self._taps(2):
                window = (top, left, len(rows), len(columns))
                windows.setdefault(window, []).append(spread[:, :, rows][..., columns])
        return [
            _Kernel(torch.cat(kernels), self.bias.repeat(MOMENTS * len(kernels)), top, left)
            for (top, left, *_), kernels in windows.items()
        ]


class _Gate(nn.Module):
    """Feature gating: every channel times a number that the means of all channels decide."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.attn_layer = nn.Sequential(nn.Conv3d(channels, channels, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() == 5:
            return x * self.attn_layer(x.mean((2, 3, 4), keepdim=True))
        return x * self.folded(x.mean((2, 3)))

    def folded(self, means: Tensor) -> Tensor:
        """What to multiply by, for the means of moments folded into channels, (batch, channels)."""
        gate = self.attn_layer(means.unflatten(1, (MOMENTS, -1)).mean(1)[:, :, None, None, None])
        return gate.flatten(1).repeat(1, MOMENTS)[:, :, None, None]


class _Block(nn.Module):
    """A residual block: two convolutions and a gate."""

    def __init__(self, channels: int, made: int, stride: int, *, bias: bool) -> None:
        super().__init__()
        strides = (1, stride, stride)
        first = _Conv(channels, made, 3, stride=strides, padding=1, bias=bias)
        second = _Conv(made, made, 3, padding=1, bias=bias)
        # The released network has room for batch normalisation, which it does not use.
        self.conv1 = nn.Sequential(first, nn.Identity(), nn.ReLU(inplace=True))
        self.conv2 = nn.Sequential(second, nn.Identity())
        self.fg = _Gate(made)
        self.downsample = None
        if stride > 1 or channels != made:
            self.downsample = nn.Sequential(_Conv(channels, made, 1, stride=strides, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        rest = x if self.downsample is None else self.downsample(x)
        return F.relu(self.fg(self.conv2(self.conv1(x))) + rest, inplace=True)


class _Encoder(nn.Module):
    def __init__(self, width: int, *, bias: bool, tall: bool) -> None:
        super().__init__()
        sizes = {"stride": (1, 2, 2), "padding": (1, 3, 3)}
        if tall:
            sizes = {"stride": (1, 1, _PATCH), "padding": (1, 3, 0)}
        stem = _Conv(3, width, (3, 7, _PATCH if tall else 7), bias=bias, **sizes)
        self.stem = nn.Sequential(stem, nn.Identity(), nn.ReLU())

        def layer(channels: int, made: int, stride: int) -> nn.Sequential:
            return nn.Sequential(
                _Block(channels, made, stride, bias=bias), _Block(made, made, 1, bias=bias)
            )

        self.layer1 = layer(width, width, 1)
        self.layer2 = layer(width, 2 * width, 2)
        self.layer3 = layer(2 * width, 4 * width, 2)
        self.layer4 = layer(4 * width, 8 * width, 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        made = [self.stem(x)]
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            made.append(layer(made[-1]))
        return made


class _Gated(nn.Module):
    """A convolution of the decoder with its gate, under the name that checkpoints know."""

    def __init__(self, name: str, conv: nn.Module, channels: int) -> None:
        super().__init__()
        self._name = name
        self.add_module(name, nn.Sequential(conv, _Gate(channels)))

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.get_submodule(self._name)(x), 0.2, inplace=True)


class Flavr(nn.Module):
    """The network of FLAVR.

    factor: 2, 4 or 8; it makes factor - 1 pictures.
    width: channels of the first layer; 64 is the released network, of 42.1 million parameters.
    residual: whether it makes the difference to a linear blend of the two middle keyframes (an
        addition of musvid's, for the embedded network) instead of the difference to the mean
        colour of the window.
    tall: whether the first layer keeps all rows and takes 16 columns at a time, instead of half of
        both (another addition for the embedded network). The rows of a spectrum are its pitches,
        each with a life of its own, while its columns tell little from each other.
    """

    def __init__(
        self, factor: int, *, width: int = 64, residual: bool = False, tall: bool = False
    ) -> None:
        super().__init__()
        if factor not in FACTORS:
            raise ValueError(f"FLAVR has a factor of 2, 4 or 8, not {factor}.")
        self.factor, self.width, self.residual = factor, width, residual
        # Folded: worth it where convolutions are too narrow to keep a processor busy.
        self.flat = width < 32
        self.tall = tall
        self.encoder = _Encoder(width, bias=factor > 2, tall=tall)
        w = width

        def conv(channels: int, made: int, parts: tuple[int, ...]) -> _Gated:
            return _Gated("conv", _Conv(channels, made, 3, padding=1, parts=parts), made)

        def up(channels: int, made: int, parts: tuple[int, ...], **sizes: Any) -> _Gated:
            return _Gated("upconv", _Up(channels, made, parts, **sizes), made)

        last = {"kernel": (3, _PATCH), "strides": (1, _PATCH)} if tall else {}

        self.decoder = nn.Sequential(
            conv(8 * w, 4 * w, (8 * w,)),
            up(8 * w, 2 * w, (4 * w, 4 * w)),
            up(4 * w, w, (2 * w, 2 * w)),
            conv(2 * w, w, (w, w)),
            up(2 * w, w, (w, w), **last),
        )
        self.feature_fuse = nn.Module()
        self.feature_fuse.conv = nn.Sequential(nn.Conv2d(MOMENTS * w, w, 1, bias=False))
        self.outconv = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(w, 3 * (factor - 1), 7))

    @property
    def grid(self) -> tuple[int, int]:
        """What height and width must be multiples of."""
        return (4, 4 * _PATCH) if self.tall else (8, 8)

    def forward(self, frames: Tensor, outputs: Sequence[int] | None = None) -> Tensor:
        """Pictures between the second and the third of four keyframes.

        frames: (batch, 3, 4, height, width) in [0, 1]; height and width multiples of `grid`.
        outputs: which of the in-between moments are wanted, 0 to factor - 2; all by default.

        Returns (batch, moments, 3, height, width), not clamped.
        """
        mean = frames.mean((2, 3, 4), keepdim=True)
        x = frames - mean
        if self.flat:  # with the channels of a pixel side by side, which suits few channels
            x = x.transpose(1, 2).flatten(1, 2).contiguous(memory_format=torch.channels_last)
        x_0, x_1, x_2, x_3, x = self.encoder(x)
        x = self.decoder[0](x)
        for layer, seen in zip(self.decoder[1:4], (x_3, x_2, x_1), strict=True):
            x = layer(torch.cat([x, seen], 1))
        made = self._pictures(self._fused(torch.cat([x, x_0], 1)), outputs)
        if not self.residual:
            return made + mean.transpose(1, 2)
        chosen = range(self.factor - 1) if outputs is None else outputs
        way = torch.tensor([(i + 1) / self.factor for i in chosen]).to(frames)[:, None, None, None]
        before, behind = (frames[:, None, :, moment] for moment in (1, 2))
        return made + torch.lerp(before, behind, way)

    def _fused(self, x: Tensor) -> Tensor:
        """The last layer of the decoder, and its moments made one."""
        last, fuse = self.decoder[4], self.feature_fuse.conv
        if not self.flat:
            return F.leaky_relu(fuse(last(x).transpose(1, 2).flatten(1, 2)), 0.2, inplace=True)
        up, gate = last.upconv
        phases = up.phases(x)
        count = up.stride[1] * up.stride[2]
        means = phases.mean((2, 3)).unflatten(1, (count, -1)).mean(1)
        # Gates are positive, so they can wait until after the rectifier and be part of the
        # fusion, a convolution of 1x1 on each phase: one product of matrices.
        weights = fuse[0].weight.flatten(1) * gate.folded(means).flatten(2).transpose(1, 2)
        pixels = F.leaky_relu(phases, 0.2, inplace=True).permute(0, 2, 3, 1)
        pixels = pixels.reshape(len(x), -1, weights.shape[2])
        fused = (pixels @ weights.transpose(1, 2)).view(len(x), *phases.shape[2:], -1)
        return F.leaky_relu(up.weave(fused.permute(0, 3, 1, 2)), 0.2, inplace=True)

    def _pictures(self, x: Tensor, outputs: Sequence[int] | None) -> Tensor:
        pad, conv = self.outconv
        weight, bias = conv.weight.unflatten(0, (-1, 3)), conv.bias.unflatten(0, (-1, 3))
        if outputs is not None:
            weight, bias = weight[list(outputs)], bias[list(outputs)]
        made = F.conv2d(pad(x), weight.flatten(0, 1), bias.flatten())
        return made.unflatten(1, (-1, 3))
