"""The network of FLAVR, with time as an axis or folded into the channels.

Kalluri, Pathak, Chandraker and Tran, "FLAVR: Flow-Agnostic Video Representations for Fast Frame
Interpolation", WACV 2023, arXiv 2012.08512: an encoder of 3D convolutions (ResNet3D-18 that keeps
all four moments, each block with a gate on its channels), a decoder of transposed 3D convolutions,
a fusion of the moments, and one picture per in-between moment. The names of the parts are those of
the released checkpoints.

The embedded networks are narrow ones with other first and last layers (`Flavr.mixing`): they do not
paint in-between pictures, but predict how to mix them from the keyframes.

In a narrow network, 3D convolutions are too small to use a processor well. As there are always four
moments, a 3D convolution equals a 2D one whose channels are (moment, channel), with zeros where
moments are too far apart: more multiplications, but several times as fast on a CPU.

Windows that follow each other have three of their four keyframes in common, but few features: a
gate scales its channels by means of the whole window, so that nothing behind the first one is the
same in two windows, and the released network subtracts the window's mean colour before its first
layer. What is the same is computed once for each keyframe (`Flavr.fill`): all that comes before the
first layer, and of a mixing network that layer, too. Of eight windows that spares 13 % (2x) and
5 % (8x) of the embedded networks' multiplications. The released network's first layer is 0.7 % of
its multiplications, and would have to be put together from parts of the size of its result: there,
only the keyframes are shared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MOMENTS = 4
"""Keyframes that the network sees: two before the gap, two behind it."""

FACTORS = (2, 4, 8)
_KNOTS = 4  # columns between axis and edge at which a mixing network predicts colours
_EVEN = 0.01  # second difference at which a mixing network's correction counts half
_COLUMNS = 32  # columns of each half of a picture, which a mixing network sees all at once
_REACH = 1  # moments to each side that a convolution over three moments sees


class _Kernel(NamedTuple):
    """A 2D convolution, and for one of several what it sees of a picture with a border of 1."""

    weight: Tensor
    bias: Tensor | None
    top: int = 0
    left: int = 0


class _Folding:
    """Base of both convolutions: their weights arranged for moments folded into channels."""

    weight: nn.Parameter
    bias: nn.Parameter | None
    parts: tuple[int, ...]  # channels of each tensor that the input was concatenated from
    _kept: tuple[tuple[object, ...], list[_Kernel]] | None = None

    def folded(self) -> list[_Kernel]:
        """The 2D convolutions equal to this 3D one; cached until the weights change."""
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
        super().__init__(*sizes, **options)
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
        """The phases of the folded result (as of a pixel shuffle), side by side as channels.

        The pixels of a phase need only some rows and columns of the kernel, and phases that need
        the same ones are computed by one convolution. On a CPU that takes half the time of a
        transposed convolution.
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
        """For every phase: its first pixel (on a picture with a border of 1) and its taps."""
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
        """The picture, (batch, channels, height, width), interleaved from its phases."""
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


class Gate(nn.Module):
    """Feature gating: each channel is scaled by a function of the means of all channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.attn_layer = nn.Sequential(nn.Conv3d(channels, channels, 1), nn.Sigmoid())

    known: Callable[[Tensor], Tensor] | None = None
    """Where set, gives the means of the channels, (batch, channels), from the means of each row and
    column, (batch, channels, height, width): for a tile, those of the whole picture."""

    def forward(self, x: Tensor) -> Tensor:
        folded = x.dim() == 4
        if self.known is not None:
            places = x.unflatten(1, (MOMENTS, -1)).mean(1) if folded else x.mean(2)
            means = self.known(places)
        elif folded:
            means = x.mean((2, 3)).unflatten(1, (MOMENTS, -1)).mean(1)
        else:
            means = x.mean((2, 3, 4))
        conv, squashed = self.attn_layer
        # Of one place, a convolution is a product; a Mac's GPU may have no 3D one.
        gate = squashed(F.linear(means, conv.weight.flatten(1), conv.bias))
        if folded:
            return x * gate.repeat(1, MOMENTS)[:, :, None, None]
        return x * gate[:, :, None, None, None]


def _kernel(mixing: bool) -> tuple[int, int, int]:
    """The size of most kernels."""
    return (3, 1, 3) if mixing else (3, 3, 3)


def _around(kernel: Sequence[int]) -> tuple[int, ...]:
    """How much to pad so that a kernel leaves the size."""
    return tuple(side // 2 for side in kernel)


class _Block(nn.Module):
    """A residual block: two convolutions and a gate."""

    def __init__(
        self, channels: int, made: int, stride: int, *, bias: bool, kernel: tuple[int, int, int]
    ) -> None:
        super().__init__()
        strides = (1, stride if kernel[1] > 1 else 1, stride)
        sizes = {"kernel_size": kernel, "padding": _around(kernel)}
        first = _Conv(channels, made, stride=strides, bias=bias, **sizes)
        second = _Conv(made, made, bias=bias, **sizes)
        # The released network has room for batch normalisation, which it does not use.
        self.conv1 = nn.Sequential(first, nn.Identity(), nn.ReLU(inplace=True))
        self.conv2 = nn.Sequential(second, nn.Identity())
        self.fg = Gate(made)
        self.downsample = None
        if stride > 1 or channels != made:
            self.downsample = nn.Sequential(_Conv(channels, made, 1, stride=strides, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        rest = x if self.downsample is None else self.downsample(x)
        return F.relu(self.fg(self.conv2(self.conv1(x))) + rest, inplace=True)


class _Encoder(nn.Module):
    def __init__(self, widths: Sequence[int], *, bias: bool, mixing: bool) -> None:
        super().__init__()
        kernel, stride, padding = (3, 7, 7), (1, 2, 2), (1, 3, 3)
        if mixing:
            kernel, stride, padding = (3, _COLUMNS, 3), (1, 1, 1), (1, 0, 1)
        stem = _Conv(3, widths[0], kernel, stride=stride, padding=padding, bias=bias)
        inner = _kernel(mixing)
        self.stem = nn.Sequential(stem, nn.Identity(), nn.ReLU())

        def layer(channels: int, made: int, stride: int) -> nn.Sequential:
            return nn.Sequential(
                _Block(channels, made, stride, bias=bias, kernel=inner),
                _Block(made, made, 1, bias=bias, kernel=inner),
            )

        first, second, third, fourth = widths
        self.layer1 = layer(first, first, 1)
        self.layer2 = layer(first, second, 2)
        self.layer3 = layer(second, third, 2)
        self.layer4 = layer(third, fourth, 1)

    def forward(self, x: Tensor, stem: Tensor | None = None) -> list[Tensor]:
        """What each layer makes. stem: what the first one makes, where that is known."""
        made = [self.stem(x) if stem is None else stem]
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            made.append(layer(made[-1]))
        return made


class _Gated(nn.Module):
    """A convolution of the decoder with its gate, under the name that checkpoints know."""

    def __init__(self, name: str, conv: nn.Module, channels: int) -> None:
        super().__init__()
        self._name = name
        self.add_module(name, nn.Sequential(conv, Gate(channels)))

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.get_submodule(self._name)(x), 0.2, inplace=True)


class Flavr(nn.Module):
    """The network of FLAVR.

    factor: 2, 4 or 8; it makes factor - 1 pictures.
    width: channels of the first layer; 64 is the released network, of 42.1 million parameters.
    mixing: the variant of the embedded networks, made for spectra, whose halves are mirror images
        and whose rows are pitches. It sees each half by itself, from the axis outwards. The first
        layer takes all columns of a row at once, so that later layers have moments and rows only;
        no layer is wider than twice the first. For each row and in-between moment it predicts
        weights of the keyframes, to be added to a linear blend of the middle two, and colours to be
        added at four columns, linearly interpolated between them. Where the keyframes change evenly
        it blends.
    """

    def __init__(self, factor: int, *, width: int = 64, mixing: bool = False) -> None:
        super().__init__()
        if factor not in FACTORS:
            raise ValueError(f"FLAVR has a factor of 2, 4 or 8, not {factor}.")
        self.factor, self.width, self.mixing = factor, width, mixing
        # Folded: worth it where convolutions are too narrow to keep a processor busy.
        self.flat = width < 32
        widths = [width * times for times in ((1, 2, 2, 2) if mixing else (1, 2, 4, 8))]
        self.encoder = _Encoder(widths, bias=factor > 2, mixing=mixing)

        def conv(channels: int, made: int, parts: int = 2) -> _Gated:
            sizes = (channels,) * parts
            kernel = _kernel(mixing)
            made_by = _Conv(sum(sizes), made, kernel, padding=_around(kernel), parts=sizes)
            return _Gated("conv", made_by, made)

        def up(channels: int, made: int, **sizes: Any) -> _Gated:
            if mixing:
                sizes = sizes or {"kernel": (1, 4), "strides": (1, 2)}
            return _Gated("upconv", _Up(2 * channels, made, (channels,) * 2, **sizes), made)

        first, second, third, fourth = widths
        self.decoder = nn.Sequential(
            conv(fourth, third, 1),
            up(third, second),
            up(second, first),
            conv(first, first),
            up(first, first, **({"kernel": (1, 3), "strides": (1, 1)} if mixing else {})),
        )
        fused, ends = (MOMENTS * width, (1, 3)) if mixing else (width, (7, 7))
        self.feature_fuse = nn.Module()
        self.feature_fuse.conv = nn.Sequential(nn.Conv2d(MOMENTS * width, fused, 1, bias=False))
        up_down, aside = _around(ends)
        self.outconv = nn.Sequential(
            nn.ReflectionPad2d((aside, aside, up_down, up_down)),
            nn.Conv2d(fused, self.told(mixing) * (factor - 1), ends),
        )

    @staticmethod
    def told(mixing: bool) -> int:
        """How many numbers it predicts for each in-between moment and place."""
        return MOMENTS + 3 * _KNOTS if mixing else 3

    @property
    def grid(self) -> tuple[int, int]:
        """What height and width must be multiples of."""
        return (4, 1) if self.mixing else (8, 8)

    @property
    def _dtype(self) -> torch.dtype:
        """The type that its layers compute in."""
        return next(self.parameters()).dtype

    def forward(
        self, frames: Tensor, outputs: Sequence[int] | None = None, *, half: bool = False
    ) -> Tensor:
        """Pictures between the second and the third of four keyframes.

        frames: (batch, 3, 4, height, width) in [0, 1]; height and width multiples of `grid`.
        outputs: which of the in-between moments are wanted, 0 to factor - 2; all by default.
        half: whether the frames are right halves, for a network that sees halves by themselves.

        Returns (batch, moments, 3, height, width), not clamped.
        """
        chosen = list(range(self.factor - 1) if outputs is None else outputs)
        if not self.mixing:
            mean = frames.mean((2, 3, 4), keepdim=True)
            return self.painted(frames - mean, chosen) + mean.transpose(1, 2)
        pictures = frames.transpose(1, 2).flatten(0, 1)
        windows = torch.arange(len(pictures), device=frames.device).view(-1, MOMENTS)
        return self._halves(pictures, windows, chosen, half=half, shared=False)

    def fill(
        self,
        pictures: Tensor,
        windows: Tensor,
        outputs: Sequence[int] | None = None,
        *,
        half: bool = False,
    ) -> Tensor:
        """The same for windows that have keyframes in common, at less cost.

        pictures: (count, 3, height, width). windows: which four of them each window has, whole
        numbers, (batch, 4).
        """
        if not self.mixing:
            return self(pictures[windows].transpose(1, 2), outputs)
        chosen = list(range(self.factor - 1) if outputs is None else outputs)
        return self._halves(pictures, windows, chosen, half=half, shared=True)

    def painted(self, x: Tensor, chosen: Sequence[int]) -> Tensor:
        """Predictions for the chosen moments: (batch, moments, channels, rows, columns).

        x: (batch, channels, 4, height, width).
        """
        dtype = self._dtype
        return self._decoded(self.encoder(self._arranged(x.to(dtype))), chosen).to(x.dtype)

    def _arranged(self, x: Tensor) -> Tensor:
        """Moments, (batch, channels, 4, height, width), as the layers see them."""
        if not self.flat:
            return x
        # With the channels of a pixel side by side, which suits few channels.
        return x.transpose(1, 2).flatten(1, 2).contiguous(memory_format=torch.channels_last)

    def _decoded(self, seen: list[Tensor], chosen: Sequence[int]) -> Tensor:
        x_0, x_1, x_2, x_3, x = seen
        x = self.decoder[0](x)
        for layer, aside in zip(self.decoder[1:], (x_3, x_2, x_1, x_0), strict=True):
            x = layer(torch.cat([x, aside], 1))
        if not self.flat:
            x = x.transpose(1, 2).flatten(1, 2)
        pad, conv = self.outconv
        x = pad(F.leaky_relu(self.feature_fuse.conv(x), 0.2, inplace=True))
        weight, bias = (part.unflatten(0, (self.factor - 1, -1)) for part in conv.parameters())
        if len(chosen) < self.factor - 1:
            weight, bias = weight[list(chosen)], bias[list(chosen)]
        return F.conv2d(x, weight.flatten(0, 1), bias.flatten()).unflatten(1, (len(chosen), -1))

    def _halves(
        self, pictures: Tensor, windows: Tensor, chosen: Sequence[int], *, half: bool, shared: bool
    ) -> Tensor:
        """What a mixing network makes of windows, see `fill`.

        shared: whether the first layer is computed once for each picture.
        """
        if half:
            return self._mixed(pictures, windows, chosen, shared=shared)
        width = pictures.shape[-1]
        side = (width + 1) // 2
        halves = torch.cat([pictures[..., :side].flip(-1), pictures[..., width - side :]])
        windows = torch.cat([windows, windows + len(pictures)])
        left, right = self._mixed(halves, windows, chosen, shared=shared).chunk(2)
        return torch.cat([left.flip(-1), right[..., 2 * side - width :]], -1)

    def _mixed(
        self, halves: Tensor, windows: Tensor, chosen: Sequence[int], *, shared: bool
    ) -> Tensor:
        """Mixtures of keyframes, as the network predicts them: (batch, moments, 3, height, width).

        halves: of pictures, (count, 3, height, width).
        """
        height, width = halves.shape[2:]
        seen = halves
        if width % _COLUMNS:
            seen = halves @ _means(width).to(halves)
        elif width != _COLUMNS:
            seen = F.adaptive_avg_pool2d(halves, (height, _COLUMNS))
        around = seen[windows].transpose(1, 2)  # (batch, 3, 4, rows, columns)
        dtype = self._dtype
        # With rows along the last axis, where convolutions are fast.
        if shared:
            stem = self._stem(seen.transpose(2, 3).to(dtype), windows)
            made = self._decoded(self.encoder(stem, stem), chosen).to(halves.dtype)
        else:
            made = self.painted(around.transpose(3, 4), chosen)
        told = made[..., 0, :].permute(3, 0, 1, 2)  # (rows, batch, moments, what)
        told = told * _unevenness(around).T[..., None, None]
        weights, colours = told.split([MOMENTS, 3 * _KNOTS], 3)
        weights = weights + self._blend(chosen).to(weights)
        pixels = halves.permute(2, 0, 3, 1).flatten(2)[:, windows]
        mixed = weights @ pixels + colours @ _ramps(width).to(colours)
        return mixed.unflatten(3, (width, 3)).permute(1, 2, 4, 0, 3)

    def _stem(self, seen: Tensor, windows: Tensor) -> Tensor:
        """What the first layer makes of windows: what it makes of each picture as the one before,
        at and behind a moment, added up.

        seen: (count, 3, columns, rows).
        """
        conv = self.encoder.stem[0]
        steps = 2 * _REACH + 1
        kernels = conv.weight.permute(2, 0, 1, 3, 4).flatten(0, 1)
        parts = F.conv2d(seen, kernels, padding=conv.padding[1:]).unflatten(1, (steps, -1))
        parts = parts[windows]  # (batch, moment, step, channels, 1, rows)
        made = parts[:, :, _REACH].clone()
        made[:, 1:] += parts[:, :-1, 0]
        made[:, :-1] += parts[:, 1:, 2]
        if conv.bias is not None:
            made += conv.bias[:, None, None]
        return self._arranged(made.relu_().transpose(1, 2))

    def _blend(self, chosen: Sequence[int]) -> Tensor:
        """Weights of the four keyframes in a linear blend of the middle two: (moments, 4)."""
        way = torch.tensor([(moment + 1) / self.factor for moment in chosen])
        none = torch.zeros_like(way)
        return torch.stack([none, 1 - way, way, none], 1)


def _unevenness(seen: Tensor) -> Tensor:
    """How unevenly the keyframes change in each row: 0 where a linear blend is right.

    seen: (batch, 3, 4, rows, columns). Returns (batch, rows), 0 to 1. It is the smaller value of
    the two sides of the gap, since at a video's ends a keyframe is repeated on one side.
    Differences from rounding to 8 bits count as even.
    """
    before, behind = seen.diff(n=2, dim=2).abs().mean((1, 4)).unbind(1)
    bend = before * behind
    return bend / (bend + _EVEN**2)


def _means(width: int) -> Tensor:
    """The matrix that averages columns to `_COLUMNS`, as adaptive pooling does: (width, _COLUMNS).

    A Mac's GPU pools only to a divisor of the width.
    """
    column, place = torch.arange(_COLUMNS), torch.arange(width)[:, None]
    first, end = column * width // _COLUMNS, -(-(column + 1) * width // _COLUMNS)
    inside = ((place >= first) & (place < end)).float()
    return inside / inside.sum(0)


def _ramps(width: int) -> Tensor:
    """The matrix of linear interpolation from the colours at knots to those at all columns.

    Returns (_KNOTS * 3, width * 3).
    """
    at = torch.linspace(0, _KNOTS - 1, width)
    ramps = (1 - (at - torch.arange(_KNOTS)[:, None]).abs()).clamp(min=0)
    return torch.kron(ramps, torch.eye(3))
