"""What textures are made of: a canvas of noise and its fields, light, and colours.

The building blocks are the usual ones: noise in octaves (fractional Brownian motion), domain
warping (Quilez, https://iquilezles.org/articles/warp/), and cellular noise (Worley, "A cellular
texture basis function", SIGGRAPH 1996).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from ..paint.texture import around, blocks, convolve, gaussian, points, spread

CELL = 8
"""Pixels of a cell's side."""

BLOCK = 2 * CELL
"""Pixels of the side of what stands in rows and columns."""


@dataclass
class Canvas:
    """What a batch of textures is made of. Fields are float (batch, 1, height, width)."""

    noise: Tensor
    modifiers: frozenset[str]
    size: float = 1.0  # how large shapes are, see `lexicon.SIZES`
    x: Tensor = field(init=False)  # columns, in pixels
    y: Tensor = field(init=False)  # rows, in pixels
    sway: tuple[Tensor, Tensor] = field(init=False)  # a slow drift, in pixels
    made: list[Tensor] = field(init=False, default_factory=list)  # see `keep`

    def __post_init__(self) -> None:
        rows, columns = (CELL * side for side in self.noise.shape[2:])
        device = self.noise.device
        shape = (len(self.noise), 1, rows, columns)
        self.x = (torch.arange(columns, device=device) + 0.5).expand(shape)
        self.y = (torch.arange(rows, device=device) + 0.5)[:, None].expand(shape)
        reach, size = 2 * self.size, 2.5 * self.size
        self.sway = (reach * self.smooth(6, size), reach * self.smooth(7, size))

    @property
    def ingredients(self) -> list[Tensor]:
        """The drift, which is part of every texture."""
        return [sway / (2 * self.size) for sway in self.sway]

    def keep(self, *fields: Tensor) -> None:
        """Remember fields that this texture is made of."""
        self.made += fields

    @property
    def scale(self) -> float:
        """How large features are."""
        made = self.size
        for word, factor in (("dense", 0.72), ("sparse", 1.45), ("fine", 0.65), ("large", 1.6)):
            made *= factor if word in self.modifiers else 1
        return made

    @property
    def thick(self) -> float:
        """How wide lines are: less than in proportion to the features."""
        return max(self.scale / self.crowd, 0.85) ** 0.5

    @property
    def crowd(self) -> float:
        """The part of `scale` that says how many features there are, not how large they are."""
        return 0.72 if "dense" in self.modifiers else 1.45 if "sparse" in self.modifiers else 1.0

    def smooth(self, channel: int, size: float, *, tall: float = 1.0) -> Tensor:
        """A channel of the noise, blurred to features of about 4 `size` cells; deviation 1.

        tall: above 1, features are stretched upwards.
        """
        white = self.noise[:, channel : channel + 1]
        made = spread(spread(white, size * tall, 2), size, 3)
        # Doubled three times, linearly: a quadratic spline, whose slope has no ripple of cells.
        for _ in range(3):
            made = F.interpolate(made, scale_factor=2, mode="bilinear", align_corners=False)
        return made

    def clouds(self, channel: int, size: float, *, tall: float = 1.0) -> Tensor:
        """Noise in three octaves, of two channels; deviation about 1."""
        coarse = self.smooth(channel, 2 * size, tall=tall)
        middle = self.smooth(channel + 1, size, tall=tall)
        fine = self.smooth(channel, 0.5 * size, tall=tall)
        return 0.72 * coarse + 0.5 * middle + 0.32 * fine

    def detail(self, channel: int, *, tall: float = 1.0) -> Tensor:
        """Fine noise for large shapes, which would be bare without it; 0 at size 1."""
        return (1 - 1 / self.size) * self.smooth(channel, 0.55, tall=tall)

    def points(self, channel: int, radius: float, *, tall: float = 1.0) -> Tensor:
        """Small round lights of all magnitudes, 0 to 1, in the middle of about one cell in 25."""
        magnitude = F.interpolate(
            self.noise[:, channel : channel + 1], scale_factor=CELL, mode="nearest"
        )
        bright = step(1.5, 2.7, magnitude)
        v, u = (place % CELL - CELL / 2 for place in (self.y, self.x))
        lights = bright * torch.exp(-((torch.hypot(u, v / tall) / radius) ** 2))
        self.keep(magnitude, 6 * bright, 15 * lights)  # rare, and as telling
        return lights

    def swayed(self, field_: Tensor, across: float = 1.0, along: float = 1.0) -> Tensor:
        """A field bent by the slow drift."""
        return warp(field_, self.sway[0] * across, self.sway[1] * along, self)

    def panes(self, size: float) -> Panes:
        """Irregular panes: where each channel but the drift's is the largest of all.

        The border runs where the two largest are equal; it is as wide everywhere, because the
        difference is measured in units of its own slope.
        """
        fields = torch.cat([self.smooth(channel, size) for channel in range(6)], 1)
        top, which = fields.topk(2, 1)
        apart = top[:, :1] - top[:, 1:]
        # The slope of the difference between the two channels that meet here, not of the two
        # largest values, which has a kink in the middle of the border.
        slopes = [slope(fields, axis).gather(1, which).diff(dim=1) for axis in (2, 3)]
        steep = torch.hypot(*slopes).clamp(min=0.02 / size)
        return Panes(apart / steep, which[:, :1], top[:, :1])

    def blocks(self) -> Tensor:
        """The noise on blocks, see `musvid.paint.texture.blocks`."""
        return blocks(self.noise)

    def cells(self, spacing: float) -> Cells:
        """Cellular noise of points that lie about `spacing` pixels apart.

        There is a point in each block; those remain whose rank is the highest around, so that
        points that are far apart still stand on the lattice of blocks.
        """
        crowd = _crowd(spacing / BLOCK)
        numbers, above, left, alive, reach = points(self.noise, crowd)
        side = crowd**0.5 * BLOCK
        row, column = (self.y / BLOCK).floor().long(), (self.x / BLOCK).floor().long()
        first = torch.full_like(self.x, 9 * side)
        second, dx, dy = first.clone(), first.clone(), first.clone()
        which = torch.zeros_like(row)
        above, left = BLOCK * above + 1e4 * (~alive).float(), BLOCK * left
        across = numbers.shape[3]
        v, u = self.y - BLOCK * row, self.x - BLOCK * column
        for step_y in range(-reach, reach + 1):
            for step_x in range(-reach, reach + 1):
                here = (row + step_y + reach) * across + column + step_x + reach
                ay = v - BLOCK * step_y - pick(above, here)
                ax = u - BLOCK * step_x - pick(left, here)
                distance = torch.hypot(ax, ay)
                nearer = distance < first
                second = torch.where(nearer, first, torch.minimum(second, distance))
                first = torch.where(nearer, distance, first)
                which = torch.where(nearer, here, which)
                dx, dy = torch.where(nearer, ax, dx), torch.where(nearer, ay, dy)
        return Cells((second - first) / side, dx, dy, which, numbers, side)


def _crowd(spacing: float) -> int:
    """Among how many blocks one has a point, for a spacing in blocks: whole rings."""
    far = [dy**2 + dx**2 for dy, dx in around(81)]
    counts = [n for n in range(1, len(far)) if far[n] > far[n - 1] and far[n - 1] <= 16]
    return min(counts, key=lambda n: abs(math.log(n**0.5 / spacing)))


@dataclass(frozen=True)
class Panes:
    """Panes: how far the border is in pixels, which channel's pane it is, and its height."""

    border: Tensor
    which: Tensor
    height: Tensor


@dataclass(frozen=True)
class Cells:
    """Cellular noise: the border's distance (about 0 to 1), where the cell's point lies in pixels,
    and how far points lie apart, in pixels."""

    border: Tensor
    dx: Tensor
    dy: Tensor
    which: Tensor
    numbers: Tensor
    side: float

    @property
    def offsets(self) -> tuple[Tensor, Tensor]:
        """Where the cell's point lies, of about unit size."""
        most = 1.5 * self.side
        return tuple(at.clamp(-most, most) / (0.375 * self.side) for at in (self.dx, self.dy))  # type: ignore[return-value]

    def number(self, channel: int) -> Tensor:
        """A number from 0 to 1 for each cell, as a field; channels 2 to 4, 6 and 7 are free."""
        return pick(self.numbers[:, channel], self.which)


@dataclass(frozen=True)
class Palette:
    """The colours of a batch, (batch, 1, 3, 1, 1) each."""

    main: Tensor
    second: Tensor
    highlight: Tensor
    shade: Tensor

    @classmethod
    def of(cls, colours: Tensor) -> Palette:
        main, second = colours[:, 0], colours[:, 1]
        # Of one colour alone, the second is a lighter kind of it, so that there is a gradient.
        alone = ((main - second).abs().sum(-1, keepdim=True) < 1e-3).float()
        second = second * (1 - alone) + alone * (0.55 * second + 0.45 * second.sqrt())
        parts = (main, second, 0.35 * second + 0.65, 0.22 * main)
        return cls(*(part[:, None, :, None, None] for part in parts))

    def mix(self, amount: Tensor) -> Tensor:
        """From the main (0) to the second colour (1)."""
        return torch.lerp(self.main, self.second, amount.unsqueeze(2))

    def tint(self, level: Tensor) -> Tensor:
        """Light in these colours: black, the main colour, the second, nearly white."""
        black = torch.zeros_like(self.main)
        return self.ramp(level / 1.3, black, self.main, self.second, self.highlight)

    def ramp(self, level: Tensor, *colours: Tensor) -> Tensor:
        """Through several colours, as the level goes from 0 to 1."""
        level = (level.clamp(0, 1) * (len(colours) - 1)).unsqueeze(2)
        weights = [(1 - (level - index).abs()).clamp(0, 1) for index in range(len(colours))]
        return sum(w * c for w, c in zip(weights, colours, strict=True))  # type: ignore[return-value]


@dataclass(frozen=True)
class Light:
    """The light of spectra on a canvas: fields (batch, time, height, width), about 0 to 1.

    bars: the spectrum, its edges bent a little. near, far: its glow, close by and far around.
    floor: the light that is always there. total: all of it.
    """

    bars: Tensor
    near: Tensor
    far: Tensor
    floor: float
    total: Tensor

    @classmethod
    def of(cls, spectra: Tensor, canvas: Canvas) -> Light:
        bars = canvas.swayed(spectra, 0.5, 0.5)
        # A glow that saturates instead of being scaled to each frame's own maximum, which would
        # make quiet frames flicker.
        near = 1 - torch.exp(-3.0 * blur(spectra, 5.0 * canvas.size))
        far = 1 - torch.exp(-4.0 * blur(spectra, 18.0 * canvas.size))
        glowing = 1.7 if "glowing" in canvas.modifiers else 1.0
        floor = 0.32 if "bright" in canvas.modifiers else 0.13
        total = floor + 0.9 * bars + glowing * (0.85 * near + 0.48 * far)
        return cls(bars, near * glowing, far * glowing, floor, total)

    def rising(self, canvas: Canvas, *heights: float) -> Tensor:
        """The glow, drawn upwards (by so many pixels) along the drift: light that rises."""
        made = self.near
        for index, height in enumerate(heights):
            weight = 0.9 - 0.15 * index
            across = canvas.sway[0] * (0.3 + height / 30)
            up = torch.full_like(across, height * canvas.size)
            made = made + weight * warp(self.near, across, up, canvas)
        return made / 2.2


def pick(values: Tensor, index: Tensor) -> Tensor:
    """values (batch, ...) flattened, looked up by an index field (batch, 1, height, width)."""
    flat = values.reshape(len(values), -1)
    return flat.gather(1, index.reshape(len(index), -1)).view(index.shape)


def warp(field_: Tensor, dx: Tensor, dy: Tensor, canvas: Canvas) -> Tensor:
    """A field looked up at places moved by (dx, dy) pixels; the edges reflect."""
    batch, time, height, width = field_.shape
    grid = torch.stack([(canvas.x + dx) / width, (canvas.y + dy) / height], -1) * 2 - 1
    grid = grid.expand(batch, time, height, width, 2).reshape(-1, height, width, 2)
    flat = field_.reshape(-1, 1, height, width)
    made = F.grid_sample(flat, grid, padding_mode="reflection", align_corners=False)
    return made.view(batch, time, height, width)


def slope(field_: Tensor, axis: int) -> Tensor:
    """Change per pixel along an axis, from the two neighbours; flat at the edges."""
    side = field_.shape[axis]
    places = torch.arange(-1, side + 1, device=field_.device).clamp(0, side - 1)
    padded = field_.index_select(axis, places)
    return (padded.narrow(axis, 2, side) - padded.narrow(axis, 0, side)) / 2


def blur(field_: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of (batch, time, height, width), sigma in pixels."""
    batch, time, height, width = field_.shape
    flat, down = field_.reshape(-1, 1, height, width), 1
    while sigma / down > 4 and height % (2 * down) == 0 and width % (2 * down) == 0:
        down *= 2
    small = F.avg_pool2d(flat, down) if down > 1 else flat
    kernel = gaussian(max(sigma / down, 0.4), flat.device)
    small = convolve(convolve(small, kernel, 2), kernel, 3)
    if down > 1:
        small = F.interpolate(small, size=(height, width), mode="bilinear", align_corners=False)
    return small.view(batch, time, height, width)


def step(low: float, high: float, value: Tensor) -> Tensor:
    """Smooth step: 0 below low, 1 above high."""
    t = ((value - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def over(level: Tensor, above: float, most: float = 9.0) -> Tensor:
    """By how much a level exceeds a threshold, for highlights: (batch, time, 1, height, width)."""
    return (level - above).clamp(0, most).unsqueeze(2)
