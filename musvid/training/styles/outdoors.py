"""Textures of what is seen outdoors, by night."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..canvas import CELL, Canvas, Light, Palette, over, slope, spread, step, warp


def ocean(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    size, thick = canvas.scale, canvas.thick
    swell = canvas.smooth(0, 2.4 * size, tall=0.42) + 0.3 * canvas.smooth(1, 1.2 * size, tall=0.5)
    swell = canvas.swayed(swell, 0.8, 0.8)
    ripple = canvas.swayed(canvas.smooth(2, 0.85 * size, tall=0.4), 0.5, 0.5)
    rise, lilt = slope(swell, 2), slope(ripple, 2)
    # Waves lie one behind the other: each begins at a crest, which is where the swell passes one
    # of its steps, and fades into the depth from there. Only what rises towards us has a crest.
    waves = swell / 1.25
    back = waves - waves.floor()
    steep = torch.hypot(slope(waves, 3), slope(waves, 2)).clamp(min=0.01 / size)
    apart = torch.minimum(back, 1 - back) / steep  # pixels from the crest
    facing = step(0.0, 0.05 / size, rise)
    crest = facing * torch.exp(-((apart / (2.0 * thick)) ** 2))
    sheen = facing * (1 - back) ** 1.8 * step(0.0, 2.0, back / steep)
    canvas.keep(swell, ripple, 12 * rise, 3 * crest)
    foam = facing * step(0.4, 0.05, back) * step(0.0, 2.0, back / steep) * step(0.1, 1.1, ripple)
    face = (0.45 + 3.5 * size * rise + 2.2 * size * lilt).clamp(0.1, 1.2)
    # Glints: spindles along the tops of ripples.
    glint = step(0.7, 1.5, ripple) * torch.exp(-((lilt / (0.09 / size)) ** 2))
    # The moon shines through gaps of the clouds.
    lit = (0.1 + light.total.clamp(0, 1.3)) * (1 + 0.35 * canvas.smooth(3, 3.0 * size)).clamp(
        0.4, 1.4
    )
    image = palette.mix(0.7 * step(0.2, 1.1, face)) * (0.6 * face * lit).unsqueeze(2)
    image = image + palette.second * ((0.6 * sheen + 0.25 * foam) * lit).unsqueeze(2)
    image = image + palette.highlight * ((crest + 0.25 * foam) * lit).unsqueeze(2)
    image = image + 0.6 * palette.highlight * glint.unsqueeze(2) * over(light.total, 0.1, 1)
    return image + 0.4 * palette.shade


def city(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    size, lit = canvas.scale, light.total.clamp(0, 1.5)
    mist = canvas.smooth(6, 3.0 * size)
    sky = (0.5 + 0.16 * mist).clamp(min=0.15) * (0.35 + lit)
    image = palette.mix(step(0.0, 2.2, mist)) * (0.75 * sky).unsqueeze(2)
    fields = []
    for depth in range(3):  # from far to near: towers of one cell, then of two
        above = (-0.1, 0.1, 0.45)[depth]
        field = _towers(canvas, depth, (1, 2, 2)[depth], (2.0, 3.5, 5.0)[depth] * size)
        fields.append(field)
        # Sharp above, where a tower ends, and lost in the mist below.
        below = F.pad(field, (0, 0, 0, 24), mode="replicate")[:, :, 24:]
        steep = slope(field, 2).abs().clamp(min=0.01)
        top = (field - above) / steep
        here = step(-1.0, 1.0, top) * step(above - 0.5, above + 1.0, below)
        tower = _tower(canvas, palette, light, depth)
        roof = torch.exp(-((top / 2.0) ** 2)) * step(0.0, 0.02, slope(field, 2)) * lit
        tower = tower + palette.second * ((0.15, 0.4, 0.7)[depth] * roof).unsqueeze(2)
        image = torch.lerp(image, tower, here.unsqueeze(2))
    sign = _sign(canvas, 7)
    canvas.keep(*fields, 5 * sign)
    image = image + palette.main * (0.9 * sign * (0.15 + lit)).unsqueeze(2)
    return image + palette.second * (0.12 * light.bars * (1 + mist).clamp(0, 2)).unsqueeze(2)


def _tower(canvas: Canvas, palette: Palette, light: Light, depth: int) -> Tensor:
    """Walls and windows of one layer of towers: the nearer, the darker the one, the brighter the
    other."""
    lit = light.total.clamp(0, 1.5)
    wall, glow = (0.3, 0.12, 0.03)[depth], (0.3, 0.8, 1.15)[depth]
    few = (0.5, 0.35, 0.1)[depth]
    noise = canvas.noise[:, 3 + depth : 4 + depth]
    on, hue = step(few - 0.2, few + 0.9, noise), step(-0.2, 0.2, canvas.noise[:, 7:8])
    on, hue = (F.interpolate(each, scale_factor=CELL, mode="nearest") for each in (on, hue))
    v, u = ((place % CELL - CELL / 2).abs() for place in (canvas.y, canvas.x))
    pane = on * step(3.0, 1.5, u) * step(3.9, 2.6, v)
    image = palette.main * (wall * (0.35 + lit)).unsqueeze(2)
    image = image + palette.mix(hue) * (glow * pane * (0.3 + lit)).unsqueeze(2)
    if depth == 0:
        return image
    return image + 0.4 * depth * palette.highlight * pane.unsqueeze(2) * over(light.total, 0.4, 1)


def _sign(canvas: Canvas, channel: int) -> Tensor:
    """The glow of signs: a few blocks, and the light around them."""
    bright = step(1.5, 2.4, canvas.blocks()[:, channel : channel + 1])
    glow = F.interpolate(bright, scale_factor=2 * CELL, mode="bicubic", align_corners=False)
    bar = F.interpolate(bright, scale_factor=2 * CELL, mode="nearest")
    v, u = (place % (2 * CELL) - CELL for place in (canvas.y, canvas.x))
    bar = bar * step(3.0, 1.2, u.abs()) * step(8.0, 6.0, v.abs())
    return 0.45 * glow.clamp(min=0) + 0.9 * bar


def _towers(canvas: Canvas, channel: int, cells: int, tall: float) -> Tensor:
    """A field that is the same across each tower, and smooth along it."""
    noise = canvas.noise if cells == 1 else canvas.blocks()
    made = spread(noise[:, channel : channel + 1], tall / cells, 2)
    high, wide = (CELL * side for side in canvas.noise.shape[2:])
    made = F.interpolate(made, size=(high, made.shape[3]), mode="bicubic", align_corners=False)
    return F.interpolate(made, size=(high, wide), mode="nearest")


def lightning(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    size, thick = canvas.scale, canvas.thick
    # Straight from cell to cell, so that bolts are jagged.
    jag = spread(canvas.noise[:, 2:3], 0.7, 3)
    jag = F.interpolate(jag, scale_factor=CELL, mode="bilinear", align_corners=False)
    trunk = warp(canvas.smooth(0, 2.0 * size, tall=2.4), 5 * jag, 0 * jag, canvas)
    twig = warp(canvas.smooth(1, 1.2 * size, tall=1.7), -4 * jag, 0 * jag, canvas)
    near = torch.exp(-1.6 * trunk.abs())
    bolt, halo = _ridge(trunk, 1.6 * thick), _ridge(trunk, 7 * thick)
    spark = _ridge(twig, 1.35 * thick) * step(0.25, 0.75, near)
    clouds = canvas.swayed(canvas.clouds(3, 1.4 * size, tall=0.7), 1.5, 1.5)
    canvas.keep(trunk, twig, clouds, 3 * bolt)
    lit = light.total.clamp(0, 1.5)
    relief = (0.55 + 0.3 * clouds - 4.0 * size * slope(clouds, 2)).clamp(0.06, 1.6)
    image = palette.main * (0.3 * relief * (0.25 + lit)).unsqueeze(2)
    flash = palette.mix(step(0.2, 0.9, near)) * (0.6 * relief * near * lit).unsqueeze(2)
    image = image + flash + palette.second * (0.5 * halo * lit).unsqueeze(2)
    strokes = (1.2 * bolt + 0.75 * spark) * (0.12 + lit)
    return image + palette.highlight * strokes.unsqueeze(2)


def _ridge(field: Tensor, width: float) -> Tensor:
    """A line where a field is nought, so many pixels wide at either side."""
    steep = torch.hypot(slope(field, 2), slope(field, 3)) / 0.035
    line = torch.exp(-((field / (0.035 * width * steep.clamp(min=1))) ** 2))
    return line * steep.clamp(max=1)  # where the field is flat, a line would be a blot
