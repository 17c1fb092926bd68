"""Art that this program draws, for `sketch` to learn from: spectra grown into pictures.

A **picture** is a texture lit by a spectrum. The texture (clouds, cells, veins, petals) comes from
random numbers alone; the light comes from the spectrum alone. A sequence is one texture under a
spectrum that moves: the texture stays, the light moves, which is what a video should be.

Everything is drawn for the right half, the axis at column 0, and mirrored at the end. Lengths are
fractions of the picture's height, so that a style looks the same at every size.

The building blocks are the usual ones: spectral noise with a power-law spectrum (fractional
Brownian motion), domain warping (Quilez, https://iquilezles.org/articles/warp/), and cellular
noise (Worley, "A cellular texture basis function", SIGGRAPH 1996).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

COLOURS: dict[str, tuple[float, float, float]] = {
    "crimson": (0.86, 0.07, 0.18),
    "gold": (1.0, 0.76, 0.2),
    "teal": (0.05, 0.68, 0.66),
    "violet": (0.55, 0.2, 0.95),
    "blue": (0.12, 0.32, 1.0),
    "emerald": (0.08, 0.8, 0.36),
    "orange": (1.0, 0.45, 0.06),
    "pink": (1.0, 0.42, 0.7),
    "cyan": (0.2, 0.9, 1.0),
    "magenta": (0.95, 0.1, 0.8),
    "silver": (0.8, 0.85, 0.92),
    "amber": (1.0, 0.6, 0.12),
}
"""Names of colours, and what they are: RGB from 0 to 1."""

MODIFIERS = ("glowing", "dark", "bright", "dense", "sparse", "soft", "sharp")
"""Words that change how any style is drawn."""


def draw(
    style: str,
    spectra: Tensor,
    colours: Tensor,
    *,
    modifiers: Sequence[str] = (),
    generator: torch.Generator,
) -> Tensor:
    """Draw pictures in one style.

    style: a name from `STYLES`.
    spectra: float (batch, time, height, half width), 0 to 1: right halves of drawn spectra, the
        axis at column 0. Each item of the batch is a texture of its own, under `time` spectra.
    colours: float (batch, 2, 3): main and second colour of each item, RGB from 0 to 1.
    modifiers: words from `MODIFIERS`, the same for the whole batch.
    generator: of the random numbers, on the spectra's device; it alone decides the textures.

    Returns float (batch, time, 3, height, width), 0 to 1, exactly symmetric.
    Raises KeyError for an unknown style and ValueError for an unknown modifier.
    """
    if unknown := set(modifiers) - set(MODIFIERS):
        raise ValueError(f"unknown modifiers: {', '.join(sorted(unknown))}")
    paint = STYLES[style]
    batch, _, height, width = spectra.shape
    canvas = _Canvas(batch, height, width, frozenset(modifiers), generator)
    palette = _Palette.of(colours)
    image = paint(canvas, palette, _Light.of(spectra, canvas))
    if "dark" in modifiers:
        image = 0.55 * image
    if "soft" in modifiers:
        image = torch.stack([_blur(channel, 0.008) for channel in image.unbind(2)], 2)
    if "sharp" in modifiers:
        image = torch.stack([2 * c - _blur(c, 0.004) for c in image.unbind(2)], 2)
    # Film's shoulder: light adds up without ever clipping hard.
    image = 1 - torch.exp(-1.35 * image.clamp(min=0))
    image = (image / (1 - math.exp(-1.35 * 1.15))).clamp(0, 1)
    return torch.cat([image.flip(-1), image], -1)


@dataclass
class _Canvas:
    """Where a batch of textures is drawn, and the random numbers for it.

    Fields are float tensors (batch, 1, height, width): one texture for all times.
    """

    batch: int
    height: int
    width: int
    modifiers: frozenset[str]
    generator: torch.Generator
    x: Tensor = field(init=False)  # 0 at the axis, 1 at the edge
    y: Tensor = field(init=False)  # 0 at the top, 1 at the bottom
    sway: tuple[Tensor, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        device = self.generator.device
        x = (torch.arange(self.width, device=device) + 0.5) / self.width
        y = (torch.arange(self.height, device=device) + 0.5) / self.height
        shape = (self.batch, 1, self.height, self.width)
        self.x, self.y = x.expand(shape), y[:, None].expand(shape)
        self.sway = (0.045 * self.noise(2.2), 0.045 * self.noise(2.2))

    @property
    def scale(self) -> float:
        """How many more details than usual there are."""
        return 1.45 if "dense" in self.modifiers else 0.68 if "sparse" in self.modifiers else 1.0

    def uniform(self, low: float = 0.0, high: float = 1.0, *shape: int) -> Tensor:
        """Random numbers, (batch, 1, 1, 1) unless a shape behind the batch is given."""
        shape = shape or (1, 1, 1)
        device = self.generator.device
        numbers = torch.rand(self.batch, *shape, generator=self.generator, device=device)
        return low + (high - low) * numbers

    def noise(
        self, falloff: float, *, tall: float = 1.0, band: tuple[float, float] = (0.0, math.inf)
    ) -> Tensor:
        """Smooth noise of unit deviation whose amplitude falls as frequency ** -falloff.

        tall: above 1, features are stretched upwards. band: cycles per height to keep.
        """
        device = self.generator.device
        fy = torch.fft.fftfreq(self.height, device=device)[:, None] * self.height * tall
        fx = torch.fft.rfftfreq(self.width, device=device)[None] * self.height
        frequency = torch.hypot(fy, fx)
        gain = frequency.clamp(min=0.5) ** -falloff
        gain = gain * (frequency > 0) * (frequency >= band[0]) * (frequency <= band[1])
        shape = (self.batch, 1, self.height, self.width)
        white = torch.randn(shape, generator=self.generator, device=device)
        made = torch.fft.irfft2(torch.fft.rfft2(white) * gain, s=(self.height, self.width))
        return made / (made.std((2, 3), keepdim=True) + 1e-6)

    def swayed(self, noise: Tensor, across: float, along: float) -> Tensor:
        """A field bent by the canvas's own slow sway."""
        return _warp(noise, self.sway[0] * across, self.sway[1] * along, self)

    def cells(self, rows: float, *, jitter: float = 0.9, lean: float = 0.0) -> _Cells:
        """Cellular noise: `rows` cells from top to bottom, moved from a grid by jitter."""
        down = max(2, round(rows * self.scale))
        over = max(2, round(down * self.width / self.height))
        grid = (down + 2, over + 2)
        oy = 0.5 + jitter * (self.uniform(-0.5, 0.5, *grid))
        ox = 0.5 + jitter * (self.uniform(-0.5, 0.5, *grid))
        py, px = (self.y + lean * self.x) * down / (1 + lean), self.x * over
        row, column = py.floor().long().clamp(0, down - 1), px.floor().long().clamp(0, over - 1)
        first = torch.full_like(px, 9.0)
        second, dx, dy = first.clone(), torch.zeros_like(px), torch.zeros_like(px)
        which = torch.zeros_like(row)
        for step_y in (-1, 0, 1):
            for step_x in (-1, 0, 1):
                here = (row + step_y + 1) * grid[1] + column + step_x + 1
                ay = py - (row + step_y + _pick(oy, here))
                ax = px - (column + step_x + _pick(ox, here))
                distance = torch.hypot(ax, ay)
                nearer = distance < first
                second = torch.where(nearer, first, torch.minimum(second, distance))
                first = torch.where(nearer, distance, first)
                which = torch.where(nearer, here, which)
                dx, dy = torch.where(nearer, ax, dx), torch.where(nearer, ay, dy)
        return _Cells(second - first, dx, dy, which, grid[0] * grid[1])

    def per_cell(self, cells: _Cells) -> Tensor:
        """A random number from 0 to 1 for each cell, as a field."""
        return _pick(self.uniform(0, 1, cells.count), cells.which)


@dataclass(frozen=True)
class _Cells:
    """Cellular noise: how far the border is, where the cell's point lies, and which cell it is."""

    border: Tensor
    dx: Tensor
    dy: Tensor
    which: Tensor
    count: int


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
    floor: Tensor
    total: Tensor

    @classmethod
    def of(cls, spectra: Tensor, canvas: _Canvas) -> _Light:
        bend = canvas.uniform(0.1, 0.6)
        bars = _warp(spectra, canvas.sway[0] * bend, canvas.sway[1] * bend, canvas)
        # A glow that saturates instead of being scaled to each frame's own maximum, which would
        # make quiet frames flicker.
        near = 1 - torch.exp(-3.0 * _blur(spectra, 0.02))
        far = 1 - torch.exp(-4.0 * _blur(spectra, 0.07))
        glowing = 1.7 if "glowing" in canvas.modifiers else 1.0
        low, high = (0.25, 0.4) if "bright" in canvas.modifiers else (0.06, 0.2)
        floor = canvas.uniform(low, high)
        total = floor + 0.9 * bars + glowing * (0.85 * near + 0.6 * far * canvas.uniform(0.4, 1.2))
        return cls(bars, near * glowing, far * glowing, floor, total)

    def rising(self, canvas: _Canvas, *heights: float) -> Tensor:
        """The glow, drawn upwards along the canvas's sway: light that rises from the bars."""
        made = self.near
        for index, height in enumerate(heights):
            weight = 0.9 - 0.15 * index
            across = canvas.sway[0] * (0.5 + 4 * height)
            up = torch.full_like(across, height)
            made = made + weight * _warp(self.near, across, up, canvas)
        return made / 2.2


def _pick(values: Tensor, index: Tensor) -> Tensor:
    """values (batch, ...) flattened, looked up by an index field (batch, 1, height, width)."""
    flat = values.reshape(len(values), -1)
    return flat.gather(1, index.reshape(len(index), -1)).view(index.shape)


def _warp(field_: Tensor, dx: Tensor, dy: Tensor, canvas: _Canvas) -> Tensor:
    """A field looked up at places moved by (dx, dy); the axis and the edges reflect."""
    batch, time, height, width = field_.shape
    grid = torch.stack([(canvas.x + dx) * 2 - 1, (canvas.y + dy) * 2 - 1], -1)
    grid = grid.expand(batch, time, height, width, 2).reshape(-1, height, width, 2)
    flat = field_.reshape(-1, 1, height, width)
    made = F.grid_sample(flat, grid, padding_mode="reflection", align_corners=False)
    return made.view(batch, time, height, width)


def _blur(field_: Tensor, sigma: float) -> Tensor:
    """Gaussian blur, sigma as a fraction of the height, mirrored at the axis."""
    batch, time, height, width = field_.shape
    flat, down = field_.reshape(-1, 1, height, width), 1
    while sigma * height / down > 3 and width // down > 16:
        down *= 2
    small = F.avg_pool2d(flat, down) if down > 1 else flat
    deviation = max(sigma * height / down, 0.4)
    reach = int(3 * deviation) + 1
    steps = torch.arange(-reach, reach + 1, device=flat.device)
    kernel = torch.exp(-0.5 * (steps / deviation) ** 2)
    kernel = kernel / kernel.sum()
    mirrored = min(reach, small.shape[-1] - 1)
    small = torch.cat([small[..., :mirrored].flip(-1), small], -1)
    small = F.pad(small, (reach - mirrored, reach, 0, 0), mode="replicate")
    small = F.conv2d(small, kernel[None, None, None])
    small = F.pad(small, (0, 0, reach, reach), mode="replicate")
    small = F.conv2d(small, kernel[None, None, :, None])
    if down > 1:
        small = F.interpolate(small, size=(height, width), mode="bilinear", align_corners=False)
    return small.view(batch, time, height, width)


def _step(low: float, high: float, value: Tensor) -> Tensor:
    """Smooth step: 0 below low, 1 above high."""
    t = ((value - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _over(level: Tensor, above: float, most: float = 9.0) -> Tensor:
    """What of a level exceeds a threshold, for highlights: (batch, time, 1, height, width)."""
    return (level - above).clamp(0, most).unsqueeze(2)


def _nebula(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    gas = canvas.swayed(canvas.noise(1.9), 2, 2)
    hue = canvas.swayed(canvas.noise(2.1), 2, 2)
    density = torch.exp(0.65 * gas - 0.35) * light.total
    image = palette.mix(torch.sigmoid(2 * hue)) * (0.9 * density).unsqueeze(2)
    image = image + 0.55 * palette.highlight * _over(density, 0.75, 2)
    stars = canvas.cells(16, jitter=0.9)
    bright = canvas.per_cell(stars) ** 6
    point = torch.exp(-((torch.hypot(stars.dx, stars.dy) * 11) ** 2)) * bright
    return image + 1.6 * point.unsqueeze(2) * (0.35 + 0.65 * palette.highlight)


def _glass(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    panes = canvas.cells(9)
    lead = _step(0.05, 0.12, panes.border)
    tone = canvas.per_cell(panes)
    brightness = 0.45 + 0.75 * canvas.per_cell(panes)
    grain = 1 + 0.1 * canvas.noise(1.2)
    lit = brightness * grain * light.total.clamp(0, 1.5) * 1.15
    image = palette.mix(_step(0.35, 0.65, tone)) * lit.unsqueeze(2)
    image = image + 0.6 * palette.highlight * _over(light.bars + 0.4 * light.near, 0.5, 1)
    return image * lead.unsqueeze(2) + 0.01


def _ink(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    flow = canvas.swayed(canvas.swayed(canvas.noise(1.7, tall=1.4), 4, 4), 2, 2)
    threads = torch.exp(-2.6 * flow.abs() * canvas.scale)
    dx, dy = canvas.sway
    plume = 0.7 * _warp(light.near, 1.8 * dx, 1.2 * dy + 0.015 * flow, canvas)
    plume = plume + 0.4 * _warp(light.far, 2 * dx, 2 * dy, canvas)
    plume = plume + 0.35 * light.near + 0.7 * light.bars + 0.7 * light.floor
    image = palette.mix(_step(-1, 1, flow)) * (plume * (0.35 + 0.95 * threads)).unsqueeze(2)
    image = image + 0.7 * palette.highlight * _over(plume * threads, 0.55, 1)
    return image + 0.22 * palette.shade


def _circuitry(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    down = max(6, round(12 * canvas.scale))
    over = max(3, round(down * canvas.width / canvas.height))
    grid = (down + 2, over + 2)
    right = canvas.uniform(0, 1, *grid) < 0.62
    below = canvas.uniform(0, 1, *grid) < 0.53
    node = canvas.uniform(0, 1, *grid) < 0.3
    tone = canvas.uniform(0, 1, *grid)
    py, px = canvas.y * down, canvas.x * over
    row, column = py.floor().long().clamp(0, down - 1), px.floor().long().clamp(0, over - 1)
    v, u = py - row - 0.5, px - column - 0.5

    def at(values: Tensor, dy: int = 0, dx: int = 0) -> Tensor:
        return _pick(values, (row + 1 + dy) * grid[1] + column + 1 + dx)

    apart = torch.full_like(u, 9.0)
    across = torch.where(u > 0, at(right), at(right, 0, -1))
    upright = torch.where(v > 0, at(below), at(below, -1, 0))
    distance = torch.minimum(
        torch.where(across, v.abs(), apart), torch.where(upright, u.abs(), apart)
    )
    ring = (torch.hypot(u, v) - 0.22).abs()
    distance = torch.minimum(distance, torch.where(at(node), ring, apart))
    wire, halo = _step(0.1, 0.03, distance), torch.exp(-5 * distance)
    hue = _step(0.3, 0.7, 0.5 * at(tone) + 0.5 * torch.sigmoid(1.5 * canvas.noise(2.2)))
    colour = palette.mix(hue)
    image = colour * ((0.9 * wire + 0.45 * halo) * light.total).unsqueeze(2)
    image = image + 0.8 * palette.highlight * wire.unsqueeze(2) * _over(light.total, 0.55)
    return image + 0.45 * colour * light.bars.unsqueeze(2) + 0.12 * palette.shade


def _aurora(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    curtain = _warp(
        canvas.noise(1.5, tall=6.0 / canvas.scale),
        2.5 * canvas.sway[0],
        0.3 * canvas.sway[1],
        canvas,
    )
    folds = 1.35 * torch.exp(-2.2 * canvas.scale * (curtain - 0.2).abs())
    rising = light.rising(canvas, 0.03, 0.06, 0.12, 0.2)
    glow = (1.3 * light.floor + rising + 0.8 * light.far) * (0.12 + folds)
    height = (0.9 * canvas.y + 0.25 * canvas.noise(2.0)).clamp(0, 1)
    colour = torch.lerp(palette.second, palette.main, _step(0.15, 0.85, height).unsqueeze(2))
    image = colour * glow.unsqueeze(2) + 0.15 * palette.shade
    return image + 0.6 * palette.highlight * _over(0.8 * light.bars + glow, 0.75, 1)


def _coral(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    pitch = 11 * canvas.scale
    branch = canvas.swayed(canvas.noise(0.0, band=(0.8 * pitch, 1.2 * pitch)), 1.2, 1.2)
    height = branch + 1.1 * (light.bars + 0.5 * light.near) - 0.25
    body = _step(-0.35, 0.45, height)
    rim = torch.exp(-((3 * height) ** 2))
    slope = torch.roll(branch, 1, 2) - branch
    shade = (0.75 + slope * canvas.height / 128 * 1.1).clamp(0.25, 1.5)
    lit = light.total.clamp(0, 1.5)
    image = palette.mix(_step(-0.2, 1.6, height)) * (body * shade * lit).unsqueeze(2)
    image = image + 0.35 * palette.highlight * (rim * lit).unsqueeze(2)
    return image + 0.35 * palette.shade * light.total.clamp(0, 1).unsqueeze(2)


def _crystal(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    facets = canvas.cells(8, jitter=1.0, lean=0.35)
    turn = 2 * math.pi * canvas.per_cell(facets)
    slope = torch.cos(turn) * facets.dx + torch.sin(turn) * facets.dy
    face = 0.55 + 0.75 * slope + 0.35 * (canvas.per_cell(facets) - 0.5)
    edge = torch.exp(-14 * facets.border).unsqueeze(2)
    level = (face * light.total * 1.1).clamp(0, 1.6)
    black = torch.zeros_like(palette.main)
    image = palette.ramp(level / 1.5, black, palette.main, palette.second, palette.highlight)
    return image + palette.highlight * edge * (0.08 + 0.6 * light.total.clamp(0, 1).unsqueeze(2))


def _flames(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    lick = _warp(canvas.noise(1.6, tall=2.2), 2.5 * canvas.sway[0], 0.5 * canvas.sway[1], canvas)
    tongue = torch.exp(-1.6 * canvas.scale * (lick - 0.3).abs())
    rising = light.rising(canvas, 0.02, 0.05, 0.09, 0.14, 0.2)
    heat = (0.8 * rising + 0.2 * light.far + 0.5 * light.floor) * (0.25 + 1.3 * tongue)
    heat = heat + 0.55 * light.bars
    black = torch.zeros_like(palette.main)
    ember = 0.75 * palette.main
    middle = 0.5 * (palette.main + palette.second)
    image = palette.ramp(heat / 1.25, black, ember, middle, palette.second, palette.highlight)
    sparks = canvas.cells(22)
    bright = canvas.per_cell(sparks) ** 9
    point = torch.exp(-((torch.hypot(sparks.dx, 0.6 * sparks.dy) * 9) ** 2)) * bright
    return image + 1.5 * palette.second * (point * (0.2 + light.far)).unsqueeze(2)


def _marble(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    angle = canvas.uniform(0, 3.1)
    along = 0.5 * canvas.x * torch.cos(angle) + canvas.y * torch.sin(angle)
    phase = along * canvas.uniform(6, 14) * canvas.scale + 1.5 * canvas.noise(1.9)
    vein = (1 - torch.sin(1.6 * (phase + 0.6 * light.far)).abs()) ** 5
    stone = 0.5 + 0.22 * canvas.noise(2.0)
    image = palette.main * (0.8 * stone * light.total.clamp(0, 1.2)).unsqueeze(2)
    image = image + palette.second * (vein * (0.12 + light.total.clamp(0, 1.3))).unsqueeze(2)
    bright = (0.6 * vein + light.bars) * (light.total - 0.6).clamp(0, 1)
    return image + 0.6 * palette.highlight * bright.unsqueeze(2)


def _petals(canvas: _Canvas, palette: _Palette, light: _Light) -> Tensor:
    leaf = 1 + 0.4 * canvas.noise(2.0)
    image = palette.shade * (0.35 * light.total.clamp(0, 1) * leaf).unsqueeze(2)
    flowers = 5 if "dense" in canvas.modifiers else 3 if "sparse" in canvas.modifiers else 4
    aspect = canvas.width / canvas.height
    black_soft = 0.6 * palette.main
    for index in range(flowers):
        middle = (index + canvas.uniform(0.25, 0.75)) / flowers
        # The flower opens with the energy around its own place; the place never moves.
        window = torch.exp(-(((canvas.y - middle) / 0.09) ** 2))
        energy = (light.near * window).sum((2, 3), keepdim=True) / window.sum((2, 3), keepdim=True)
        radius = 0.05 + 0.5 * (1 - torch.exp(-3 * energy))
        squeeze = canvas.uniform(1.0, 1.6)
        dx, dy = canvas.x * aspect, canvas.y - middle
        distance = torch.sqrt(dx * dx + dy * dy * squeeze)
        angle = torch.atan2(dx, dy) + 2.4 * canvas.sway[0] * distance
        for ring in range(3):
            count = canvas.uniform(5, 10).floor().clamp(max=9)
            turn = canvas.uniform(0, 1).round() * math.pi / count
            wave = 0.5 + 0.5 * torch.cos((angle + turn) * count)
            edge = radius * (1 - 0.3 * ring) * (0.45 + 0.55 * wave**0.55)
            place = distance / edge.clamp(min=1e-4)
            inside = _step(1.02, 0.94, place).unsqueeze(2)
            shade = (0.25 + 0.75 * place**1.5) * (0.45 + 0.55 * wave)
            shade = shade + 0.25 * torch.exp(-((18 * (place - 0.93)) ** 2))
            veins = 1 + 0.12 * torch.cos(6 * count * angle)
            lit = (0.45 + 0.6 * light.total.clamp(0, 1)).clamp(0, 1.1)
            tone = (0.2 + 0.3 * ring + 0.3 * place).clamp(0, 1)
            colour = palette.ramp(tone, black_soft, palette.main, palette.second, palette.highlight)
            image = torch.lerp(image, colour * (shade * veins * lit).unsqueeze(2), inside)
        heart = torch.exp(-((distance / (0.12 * radius)) ** 2)).unsqueeze(2)
        image = image + palette.highlight * heart
    return image + palette.second * (0.35 * light.bars + 0.2 * light.near * light.far).unsqueeze(2)


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
