"""Art that this program draws, for `sketch` to learn from: spectra grown into pictures.

A **picture** is a texture lit by a spectrum. The texture (clouds, panes, veins, petals) comes from
a **noise** alone, the light from the spectrum alone. A sequence is one texture under a spectrum
that moves: the texture stays, the light moves, which is what a video should be.

The noise is white, one number per channel and cell of 8x8 pixels: the shape of the noise that a
latent diffusion model starts from. Every feature is a local function of it. So a model that is
shown the noise can learn exactly which picture it stands for, where a texture from random numbers
that nobody shows would teach it no more than the average of all textures, which is mist.

Lengths are in cells, as a convolutional network has them: a larger picture holds more features,
not larger ones.

The building blocks are the usual ones: noise in octaves (fractional Brownian motion), domain
warping (Quilez, https://iquilezles.org/articles/warp/), and cellular noise (Worley, "A cellular
texture basis function", SIGGRAPH 1996).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from ..paint.words import MODIFIERS

CELL = 8
"""Pixels of a cell's side."""

CHANNELS = 8
"""Numbers of noise per cell."""

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

    Returns float (batch, time, 3, height, width), 0 to 1.
    Raises KeyError for an unknown style, ValueError for an unknown modifier or a noise of another
    shape.
    """
    return grow(style, spectra, colours, noise, modifiers=modifiers, strength=strength)[0]


def grow(
    style: str,
    spectra: Tensor,
    colours: Tensor,
    noise: Tensor,
    *,
    modifiers: Sequence[str] = (),
    strength: Tensor | None = None,
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
    canvas = _Canvas(noise, frozenset(modifiers))
    palette = _Palette.of(colours)
    light = _Light.of(spectra, canvas)
    image = paint(canvas, palette, light)
    if "dark" in modifiers:
        image = 0.55 * image
    if "soft" in modifiers:
        image = torch.stack([_blur(channel, 2.0) for channel in image.unbind(2)], 2)
    if "sharp" in modifiers:
        image = torch.stack([2 * c - _blur(c, 1.0) for c in image.unbind(2)], 2)
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
        _step(0.0, 0.4, strength).unsqueeze(2),
    )
    return torch.lerp(tinted, image, _step(0.35, FULL, strength).unsqueeze(2)), ingredients


@dataclass
class _Canvas:
    """What a batch of textures is made of. Fields are float (batch, 1, height, width)."""

    noise: Tensor
    modifiers: frozenset[str]
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
        self.sway = (2 * self.smooth(6, 2.5), 2 * self.smooth(7, 2.5))

    @property
    def ingredients(self) -> list[Tensor]:
        """The drift, which is part of every texture."""
        return [sway / 2 for sway in self.sway]

    def keep(self, *fields: Tensor) -> None:
        """Remember fields that this texture is made of."""
        self.made += fields

    @property
    def scale(self) -> float:
        """How large features are."""
        return 0.72 if "dense" in self.modifiers else 1.45 if "sparse" in self.modifiers else 1.0

    def smooth(self, channel: int, size: float, *, tall: float = 1.0) -> Tensor:
        """A channel of the noise, blurred to features of about 4 `size` cells; deviation 1.

        tall: above 1, features are stretched upwards.
        """
        white = self.noise[:, channel : channel + 1]
        made = _spread(_spread(white, size * tall, 2), size, 3)
        return F.interpolate(made, scale_factor=CELL, mode="bicubic", align_corners=False)

    def clouds(self, channel: int, size: float, *, tall: float = 1.0) -> Tensor:
        """Noise in three octaves, of two channels; deviation about 1."""
        coarse = self.smooth(channel, 2 * size, tall=tall)
        middle = self.smooth(channel + 1, size, tall=tall)
        fine = self.smooth(channel, 0.5 * size, tall=tall)
        return 0.72 * coarse + 0.5 * middle + 0.32 * fine

    def points(self, channel: int, radius: float, *, tall: float = 1.0) -> Tensor:
        """Small round lights of all magnitudes, 0 to 1, in the middle of about one cell in 25."""
        magnitude = F.interpolate(
            self.noise[:, channel : channel + 1], scale_factor=CELL, mode="nearest"
        )
        bright = _step(1.5, 2.7, magnitude)
        v, u = (place % CELL - CELL / 2 for place in (self.y, self.x))
        lights = bright * torch.exp(-((torch.hypot(u, v / tall) / radius) ** 2))
        self.keep(magnitude, 6 * bright, 15 * lights)  # rare, and as telling
        return lights

    def swayed(self, field_: Tensor, across: float = 1.0, along: float = 1.0) -> Tensor:
        """A field bent by the slow drift."""
        return _warp(field_, self.sway[0] * across, self.sway[1] * along, self)

    def panes(self, size: float) -> _Panes:
        """Irregular panes: where each channel but the drift's is the largest of all.

        The border runs where the two largest are equal; it is as wide everywhere, because the
        difference is measured in units of its own slope.
        """
        fields = torch.cat([self.smooth(channel, size) for channel in range(6)], 1)
        top, which = fields.topk(2, 1)
        apart = top[:, :1] - top[:, 1:]
        # The slope of the difference between the two channels that meet here, not of the two
        # largest values, which has a kink in the middle of the border.
        slopes = [_slope(fields, axis).gather(1, which).diff(dim=1) for axis in (2, 3)]
        slope = torch.hypot(*slopes).clamp(min=0.02 / size)
        return _Panes(apart / slope, which[:, :1], top[:, :1])

    def blocks(self, size: int) -> Tensor:
        """The noise on blocks of `size` (2 or 4) cells: halved once or twice, of deviation 1."""
        kernel = torch.tensor([1.0, 2, 1], device=self.noise.device)
        kernel = torch.outer(kernel, kernel)
        kernel = (kernel / kernel.square().sum().sqrt())[None, None]
        made = self.noise
        for _ in range(size // 2):
            flat = F.conv2d(made.flatten(0, 1)[:, None], kernel, stride=2, padding=1)
            made = flat.view(*made.shape[:2], *flat.shape[2:])
        # Halved again, neighbours are no longer independent: the deviation grows.
        return made / (44 / 36) if size == 4 else made

    def cells(self, size: int, *, jitter: float = 0.9) -> _Cells:
        """Cellular noise on blocks of `size` cells, each with a point moved from its middle."""
        # Uniform numbers per block: the distribution function of a normal one.
        numbers = 0.5 * (1 + torch.erf(self.blocks(size) / math.sqrt(2)))
        numbers = F.pad(numbers, (1, 1, 1, 1), mode="replicate")
        side = size * CELL
        py, px = self.y / side, self.x / side
        row, column = py.floor().long(), px.floor().long()
        first = torch.full_like(px, 9.0)
        second, dx, dy = first.clone(), torch.zeros_like(px), torch.zeros_like(px)
        which = torch.zeros_like(row)
        across = numbers.shape[3]
        for step_y in (-1, 0, 1):
            for step_x in (-1, 0, 1):
                here = (row + step_y + 1) * across + column + step_x + 1
                ay = py - (row + step_y + 0.5 + jitter * (_pick(numbers[:, 0], here) - 0.5))
                ax = px - (column + step_x + 0.5 + jitter * (_pick(numbers[:, 1], here) - 0.5))
                distance = torch.hypot(ax, ay)
                nearer = distance < first
                second = torch.where(nearer, first, torch.minimum(second, distance))
                first = torch.where(nearer, distance, first)
                which = torch.where(nearer, here, which)
                dx, dy = torch.where(nearer, ax, dx), torch.where(nearer, ay, dy)
        return _Cells(second - first, dx * side, dy * side, which, numbers)


@dataclass(frozen=True)
class _Panes:
    """Panes: how far the border is in pixels, which channel's pane it is, and its height."""

    border: Tensor
    which: Tensor
    height: Tensor


@dataclass(frozen=True)
class _Cells:
    """Cellular noise: the border's distance (about 0 to 1), and where the cell's point lies in
    pixels."""

    border: Tensor
    dx: Tensor
    dy: Tensor
    which: Tensor
    numbers: Tensor

    def number(self, channel: int) -> Tensor:
        """A number from 0 to 1 for each cell, as a field; channels 2 to 7 are free."""
        return _pick(self.numbers[:, channel], self.which)


@dataclass(frozen=True)
class _Palette:
    """The colours of a batch, (batch, 1, 3, 1, 1) each."""

    main: Tensor
    second: Tensor
    highlight: Tensor
    shade: Tensor

    @classmethod
    def of(cls, colours: Tensor) -> _Palette:
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
class _Light:
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
    def of(cls, spectra: Tensor, canvas: _Canvas) -> _Light:
        bars = canvas.swayed(spectra, 0.5, 0.5)
        # A glow that saturates instead of being scaled to each frame's own maximum, which would
        # make quiet frames flicker.
        near = 1 - torch.exp(-3.0 * _blur(spectra, 5.0))
        far = 1 - torch.exp(-4.0 * _blur(spectra, 18.0))
        glowing = 1.7 if "glowing" in canvas.modifiers else 1.0
        floor = 0.32 if "bright" in canvas.modifiers else 0.13
        total = floor + 0.9 * bars + glowing * (0.85 * near + 0.48 * far)
        return cls(bars, near * glowing, far * glowing, floor, total)

    def rising(self, canvas: _Canvas, *heights: float) -> Tensor:
        """The glow, drawn upwards (by so many pixels) along the drift: light that rises."""
        made = self.near
        for index, height in enumerate(heights):
            weight = 0.9 - 0.15 * index
            across = canvas.sway[0] * (0.3 + height / 30)
            up = torch.full_like(across, height)
            made = made + weight * _warp(self.near, across, up, canvas)
        return made / 2.2


def _pick(values: Tensor, index: Tensor) -> Tensor:
    """values (batch, ...) flattened, looked up by an index field (batch, 1, height, width)."""
    flat = values.reshape(len(values), -1)
    return flat.gather(1, index.reshape(len(index), -1)).view(index.shape)


def _warp(field_: Tensor, dx: Tensor, dy: Tensor, canvas: _Canvas) -> Tensor:
    """A field looked up at places moved by (dx, dy) pixels; the edges reflect."""
    batch, time, height, width = field_.shape
    grid = torch.stack([(canvas.x + dx) / width, (canvas.y + dy) / height], -1) * 2 - 1
    grid = grid.expand(batch, time, height, width, 2).reshape(-1, height, width, 2)
    flat = field_.reshape(-1, 1, height, width)
    made = F.grid_sample(flat, grid, padding_mode="reflection", align_corners=False)
    return made.view(batch, time, height, width)


def _gaussian(deviation: float, device: torch.device) -> Tensor:
    """A kernel that sums up to 1."""
    reach = int(3 * deviation) + 1
    steps = torch.arange(-reach, reach + 1, device=device)
    kernel = torch.exp(-0.5 * (steps / deviation) ** 2)
    return kernel / kernel.sum()


def _convolve(field_: Tensor, kernel: Tensor, axis: int) -> Tensor:
    """Convolve along one axis of (count, 1, height, width); edges reflect, repeatedly if needed."""
    reach, side = len(kernel) // 2, field_.shape[axis]
    places = torch.arange(-reach, side + reach, device=field_.device) % (2 * side)
    places = torch.minimum(places, 2 * side - 1 - places)
    shape = (1, 1, -1, 1) if axis == 2 else (1, 1, 1, -1)
    return F.conv2d(field_.index_select(axis, places), kernel.view(shape))


def _slope(field_: Tensor, axis: int) -> Tensor:
    """Change per pixel along an axis, from the two neighbours; flat at the edges."""
    side = field_.shape[axis]
    places = torch.arange(-1, side + 1, device=field_.device).clamp(0, side - 1)
    padded = field_.index_select(axis, places)
    return (padded.narrow(axis, 2, side) - padded.narrow(axis, 0, side)) / 2


def _spread(white: Tensor, deviation: float, axis: int) -> Tensor:
    """White noise, blurred along an axis and raised to the deviation that it had."""
    kernel = _gaussian(max(deviation, 0.05), white.device)
    return _convolve(white, kernel / kernel.square().sum().sqrt(), axis)


def _blur(field_: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of (batch, time, height, width), sigma in pixels."""
    batch, time, height, width = field_.shape
    flat, down = field_.reshape(-1, 1, height, width), 1
    while sigma / down > 4 and height % (2 * down) == 0 and width % (2 * down) == 0:
        down *= 2
    small = F.avg_pool2d(flat, down) if down > 1 else flat
    kernel = _gaussian(max(sigma / down, 0.4), flat.device)
    small = _convolve(_convolve(small, kernel, 2), kernel, 3)
    if down > 1:
        small = F.interpolate(small, size=(height, width), mode="bilinear", align_corners=False)
    return small.view(batch, time, height, width)


def _step(low: float, high: float, value: Tensor) -> Tensor:
    """Smooth step: 0 below low, 1 above high."""
    t = ((value - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _over(level: Tensor, above: float, most: float = 9.0) -> Tensor:
    """By how much a level exceeds a threshold, for highlights: (batch, time, 1, height, width)."""
    return (level - above).clamp(0, most).unsqueeze(2)


def _nebula(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    size = canvas.scale
    gas = canvas.swayed(canvas.clouds(0, 1.2 * size), 1.6, 1.6)
    hue = canvas.swayed(canvas.smooth(2, 2.2 * size), 1.5, 1.5)
    strand = canvas.swayed(canvas.clouds(3, 1.3 * size), 2.2, 2.2)
    density = torch.exp(0.6 * gas - 0.35) * (0.75 + 0.6 * torch.exp(-3 * strand.abs()))
    density = density * light.total.clamp(0, 1.8)
    image = palette.mix(torch.sigmoid(2.5 * hue - 1)) * (0.8 * density).unsqueeze(2)
    image = image + 0.4 * palette.highlight * _over(density, 0.9, 1.2)
    stars = canvas.points(5, 2.4)
    return image + 1.5 * stars.unsqueeze(2) * (0.35 + 0.65 * palette.highlight)


def _glass(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    panes = canvas.panes(1.35 * canvas.scale)
    lead = _step(1.4, 5.2, panes.border)
    other = (panes.which % 3 == 1).float()
    canvas.keep(panes.border.clamp(max=8) / 4, 2 * other, panes.which / 2, panes.height)
    place = panes.which / 5
    brightness = 0.55 + 0.55 * (1 - place) + 0.12 * panes.height
    lit = brightness * light.total.clamp(0, 1.5) * 1.15
    image = palette.mix(other) * lit.unsqueeze(2)
    image = image + 0.6 * palette.highlight * _over(light.bars + 0.4 * light.near, 0.5, 1)
    return image * lead.unsqueeze(2) + 0.01


def _ink(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    flow = canvas.swayed(canvas.clouds(0, 1.5 * canvas.scale, tall=1.4), 3, 3)
    threads = torch.exp(-2.6 * flow.abs())
    canvas.keep(flow, 2 * threads)
    dx, dy = canvas.sway
    plume = 0.7 * _warp(light.near, 1.6 * dx, 1.1 * dy + 4 * flow, canvas)
    plume = plume + 0.4 * _warp(light.far, 1.6 * dx, 1.6 * dy, canvas)
    plume = plume + 0.35 * light.near + 0.7 * light.bars + 0.7 * light.floor
    image = palette.mix(_step(-0.8, 1.6, flow)) * (plume * (0.5 + 1.25 * threads)).unsqueeze(2)
    image = image + 0.7 * palette.highlight * _over(plume * threads, 0.55, 1)
    return image + 0.22 * palette.shade


def _circuitry(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    size = 4 if "sparse" in canvas.modifiers else 2
    side = size * CELL
    # One wire leaves each joint to the right, one down, where the noise says so; it says so in
    # runs, so that wires are long.
    blocks = canvas.blocks(size)
    right = _spread(blocks[:, 0:1], 0.7, 3)[:, 0]
    below = _spread(blocks[:, 1:2], 0.7, 2)[:, 0]
    few = 0.75 if "dense" not in canvas.modifiers else 0.3
    values = torch.stack([right - few + 0.5, below - few, blocks[:, 2] - 0.9], 1)
    values = F.pad(_step(-0.15, 0.15, values), (1, 1, 1, 1), mode="replicate")
    columns = values.shape[3]
    py, px = canvas.y / side, canvas.x / side
    row, column = py.floor().long(), px.floor().long()
    v, u = (py - row - 0.5) * side, (px - column - 0.5) * side  # pixels from the joint

    def at(kind: int, dy: int = 0, dx: int = 0) -> Tensor:
        return _pick(values[:, kind], (row + 1 + dy) * columns + column + 1 + dx)

    across = torch.where(u > 0, at(0), at(0, 0, -1))
    upright = torch.where(v > 0, at(1), at(1, -1, 0))
    node = at(2)
    canvas.keep(across, upright, node, canvas.smooth(3, 2.0))
    ring = (torch.hypot(u, v) - 4.6).abs()
    hollow = _step(3.0, 4.6, torch.hypot(u, v))  # wires end at the ring, not in it
    hollow = 1 - node * (1 - hollow)

    def line(distance: Tensor, there: Tensor, width: float) -> Tensor:
        return there * torch.exp(-((distance / width) ** 2))

    def drawn(width: float) -> Tensor:
        wires = torch.maximum(line(v, across, width), line(u, upright, width))
        return torch.maximum(wires * hollow, line(ring, node, width))

    wire, halo = drawn(1.7), drawn(5.0)
    hue = torch.sigmoid(3 * canvas.smooth(3, 2.0) - 1.2)
    colour = palette.mix(hue)
    image = colour * ((0.95 * wire + 0.42 * halo) * (light.total + 0.1)).unsqueeze(2)
    image = image + 0.8 * palette.highlight * wire.unsqueeze(2) * _over(light.total, 0.55)
    return image + 0.45 * colour * light.bars.unsqueeze(2) + 0.12 * palette.shade


def _aurora(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    size = canvas.scale
    curtain = 0.8 * canvas.smooth(0, 1.5 * size, tall=4) + 0.55 * canvas.smooth(
        1, 0.7 * size, tall=6
    )
    curtain = _warp(curtain, 2.2 * canvas.sway[0], 0.3 * canvas.sway[1], canvas)
    folds = 1.35 * torch.exp(-2.2 * (curtain - 0.2).abs())
    canvas.keep(curtain)
    rays = 1 + 0.3 * canvas.smooth(2, 0.55 * size, tall=5)
    rising = light.rising(canvas, 8, 16, 31, 51)
    glow = (1.3 * light.floor + rising + 0.8 * light.far) * (0.12 + folds) * rays.clamp(min=0.3)
    # The second colour is that of what has risen from the bars, and of some curtains.
    height = 0.3 + 0.9 * (rising - 0.9 * light.near) - 0.3 * canvas.smooth(3, 3.0)
    colour = palette.mix(_step(0.1, 0.9, height))
    image = colour * glow.unsqueeze(2) + 0.15 * palette.shade
    return image + 0.6 * palette.highlight * _over(0.8 * light.bars + glow, 0.75, 1)


def _coral(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    size = 0.8 * canvas.scale
    branch = 1.15 * canvas.smooth(0, size) - 0.75 * canvas.smooth(0, 2 * size)
    branch = canvas.swayed(branch, 1.0, 1.0)
    height = branch + 1.1 * (light.bars + 0.5 * light.near) - 0.1
    body = _step(-0.35, 0.45, height)
    rim = torch.exp(-((3 * height) ** 2))
    canvas.keep(branch, 10 * _slope(branch, 2))
    shade = (0.85 - 2.6 * _slope(branch, 2)).clamp(0.3, 1.6)
    lit = (1.25 * light.total).clamp(0, 1.5)
    image = palette.mix(_step(-0.2, 1.6, height)) * (body * shade * lit).unsqueeze(2)
    image = image + 0.35 * palette.highlight * (rim * lit).unsqueeze(2)
    return image + 0.35 * palette.shade * light.total.clamp(0, 1).unsqueeze(2)


def _crystal(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    size = 2 if "dense" in canvas.modifiers else 4
    facets = canvas.cells(size, jitter=1.0)
    turn = 2 * math.pi * facets.number(2)
    slope = torch.cos(turn) * facets.dx + torch.sin(turn) * facets.dy
    face = 0.55 + 0.7 * slope / (size * CELL) + 0.45 * (facets.number(3) - 0.5)
    canvas.keep(facets.dx / 12, facets.dy / 12, 2 * face, 4 * facets.border)
    edge = torch.exp(-14 * (facets.border - 0.02).clamp(min=0)).unsqueeze(2)
    if "sparse" in canvas.modifiers:
        edge = 0.25 * edge  # facets run together
        face = 0.55 + 0.7 * (face - 0.55)
    level = (face * light.total * 1.1).clamp(0, 1.6)
    black = torch.zeros_like(palette.main)
    image = palette.ramp(level / 1.5, black, palette.main, palette.second, palette.highlight)
    return image + palette.highlight * edge * (0.08 + 0.6 * light.total.clamp(0, 1).unsqueeze(2))


def _flames(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    lick = canvas.clouds(0, 1.1 * canvas.scale, tall=2.2)
    lick = _warp(lick, 2.2 * canvas.sway[0], 0.5 * canvas.sway[1], canvas)
    tongue = torch.exp(-1.8 * (lick - 0.3).abs())
    rising = light.rising(canvas, 5, 13, 23, 36, 51)
    heat = (0.8 * rising + 0.2 * light.far + 0.5 * light.floor) * (0.22 + 1.4 * tongue)
    heat = heat + 0.55 * light.bars
    black = torch.zeros_like(palette.main)
    ember = 0.75 * palette.main
    middle = 0.5 * (palette.main + palette.second)
    image = palette.ramp(heat / 1.25, black, ember, middle, palette.second, palette.highlight)
    sparks = canvas.points(4, 1.8, tall=1.3)
    return image + 1.5 * palette.second * (sparks * (0.3 + light.far)).unsqueeze(2)


def _marble(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    size = 2.0 * canvas.scale
    bend = canvas.swayed(canvas.smooth(0, size, tall=1.3), 1.5, 1.5)
    phase = 1.8 * bend + 0.35 * canvas.smooth(1, 0.8 * canvas.scale)
    vein = (1 - torch.sin(phase + 0.4 * light.far).abs()) ** 2.8
    clouds = canvas.clouds(2, 1.2)
    canvas.keep(bend, phase, clouds, 1.4 * torch.sin(phase))
    stone = (0.55 + 0.2 * clouds).clamp(min=0.1)
    image = palette.main * (0.8 * stone * light.total.clamp(0, 1.2)).unsqueeze(2)
    image = image + palette.second * (vein * (0.12 + light.total.clamp(0, 1.3))).unsqueeze(2)
    bright = (0.6 * vein + light.bars) * (light.total - 0.6).clamp(0, 1)
    return image + 0.6 * palette.highlight * bright.unsqueeze(2)


def _petals(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    leaf = 1 + 0.4 * canvas.clouds(4, 1.2)
    image = palette.shade * (0.7 * light.total.clamp(0, 1) * leaf).unsqueeze(2)
    flowers = canvas.cells(4, jitter=0.6)
    # A flower opens with the light around it; its place never moves.
    room = 1.5 if "dense" in canvas.modifiers else 0.8 if "sparse" in canvas.modifiers else 1.0
    size = 16 + 8 * _step(0.1, 0.9, flowers.number(3))
    radius = size * (room**0.5) * (0.9 + 0.35 * light.far.clamp(0, 1))
    empty = 0.55 if "sparse" in canvas.modifiers else 0.25
    here = _step(empty - 0.03, empty + 0.03, flowers.number(4))
    distance = torch.hypot(flowers.dx, flowers.dy)
    angle = torch.atan2(flowers.dx, flowers.dy)
    canvas.keep(flowers.dx / 12, flowers.dy / 12, 2 * here, here * torch.cos(5 * angle))
    dark = 0.55 * palette.main
    for ring, count in enumerate((5, 5)):
        wave = 0.5 + 0.5 * torch.cos((angle + ring * math.pi / 5) * count)
        edge = radius * (1 - 0.45 * ring) * (0.45 + 0.55 * wave**0.8)
        place = distance / edge.clamp(min=1e-3)
        inside = (_step(1.12, 0.88, place) * here).unsqueeze(2)
        shade = (0.25 + 0.75 * place.clamp(max=1) ** 1.5) * (0.4 + 0.6 * wave)
        lit = (0.3 + 0.85 * light.total.clamp(0, 1)).clamp(0, 1.15)
        tone = (0.2 + 0.4 * ring + 0.3 * place).clamp(0, 1)
        colour = palette.ramp(tone, dark, palette.main, palette.second, palette.highlight)
        image = torch.lerp(image, colour * (shade * lit).unsqueeze(2), inside)
    heart = here * torch.exp(-((distance / 3.2) ** 2)) * (0.4 + light.total.clamp(0, 1))
    image = image + palette.highlight * heart.unsqueeze(2)
    return image + palette.second * (0.4 * light.bars + 0.2 * light.near * light.far).unsqueeze(2)


STYLES: dict[str, Callable[[_Canvas, _Palette, _Light], Tensor]] = {
    "nebula": _nebula,
    "stained glass": _glass,
    "ink in water": _ink,
    "neon circuitry": _circuitry,
    "aurora": _aurora,
    "coral": _coral,
    "crystal": _crystal,
    "flames": _flames,
    "marble": _marble,
    "flower petals": _petals,
}
"""The styles, by the name that a caption gives them."""
