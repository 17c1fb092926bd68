"""Textures that hands make of paper, ink and thread, and smoke."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..canvas import Canvas, Light, Palette, over, slope, step, warp

_CUTS = (-0.9, -0.25, 0.35, 1.0)
"""Where the sheets of paper are cut, from the deepest to the one on top."""


def paper(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    size, wide = 2.1 * canvas.scale, canvas.thick
    relief = 0.95 * canvas.smooth(0, size) + 0.3 * canvas.smooth(1, 0.55 * size)
    relief = canvas.swayed(relief, 0.7, 0.7)
    other, grain = canvas.smooth(2, 0.9 * size), canvas.smooth(3, 0.5)
    canvas.keep(relief, other, 20 * slope(relief, 2), 20 * slope(relief, 3))
    # Behind all the sheets there is a lamp, and the music is its light; paper softens it.
    lamp = light.total.clamp(0, 1.5)
    lit = (0.1 + light.floor + 0.35 * light.bars + 0.7 * light.near + 0.5 * light.far).clamp(0, 1.3)
    glow = lamp * (0.6 + 0.5 * step(-0.9, -2.0, relief))
    image = palette.second * glow.unsqueeze(2) + 0.6 * palette.highlight * over(glow, 0.7, 0.7)
    across, up = (torch.full_like(relief, -by * wide) for by in (2.5, 4.5))
    for index, level in enumerate(_CUTS):
        # No sheet is cut quite like the one below.
        sheet = relief + 0.2 * (index - 1.5) * other - level
        south, east = slope(sheet, 2), slope(sheet, 3)
        steep = torch.hypot(south, east).clamp(min=0.03 / size)
        inside = (sheet / steep).clamp(-40, 40)
        shadow = step(-8 * wide, 3 * wide, warp(inside, across, up, canvas))
        image = image * (1 - 0.8 * shadow).unsqueeze(2)
        tone = index / (len(_CUTS) - 1)
        colours = (palette.mix(torch.full_like(relief, 0.6)), palette.main, 0.3 * palette.main)
        colour = palette.ramp(torch.full_like(relief, tone), *colours)
        # The cut edge shines where it faces the light, up and to the left.
        faces = (0.25 + (0.5 * east + 0.85 * south) / steep).clamp(0, 1)
        edge = 0.5 * faces * torch.exp(-((inside - 1.0) / (1.4 * wide)).square())
        cut = colour * (lit * (0.85 + 0.07 * grain)).unsqueeze(2)
        cut = cut + (edge * lit).unsqueeze(2) * (0.5 * palette.highlight + 0.5 * palette.second)
        image = torch.lerp(image, cut, step(-0.8, 0.8, inside).unsqueeze(2))
    return image + 0.1 * palette.shade


def contours(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    size, wide = 2.6 * canvas.scale, canvas.thick
    land = 0.9 * canvas.smooth(0, size) + 0.28 * canvas.smooth(1, 0.45 * size)
    land = canvas.swayed(land, 0.7, 0.7)
    south, east = slope(land, 2), slope(land, 3)
    canvas.keep(land, 16 * south, 16 * east, 1.4 * torch.sin(2 * math.pi / 1.4 * land))
    steep = torch.hypot(south, east).clamp(min=0.025 / size)
    lit = light.total.clamp(0, 1.15)
    # Hills stand in a light from above and from the left, valleys lie in mist.
    hill = (0.6 + 11 * size * (0.8 * south + 0.5 * east)).clamp(0.08, 1.7)
    height = step(-1.6, 1.8, land)
    image = palette.mix(height) * (hill * (0.35 + 0.25 * height) * (0.1 + lit)).unsqueeze(2)
    image = image + 0.5 * palette.shade * ((1 - height) * lit).unsqueeze(2)

    def lines(every: float, width: float) -> Tensor:
        away = ((land / every + 0.5) % 1 - 0.5).abs() * every / steep
        return step(width + 0.8, width - 0.8, away)

    # Where it is steep there is no room for the lines between the bold ones.
    fine = lines(0.35, 1.3 * wide) * step(3.5, 6.0, 0.35 / (steep * wide))
    bold = lines(1.4, 2.2 * wide)
    colour = palette.mix(step(-1.0, 1.2, land))
    line = (0.55 * fine).maximum(bold) * (0.65 + 0.35 * hill)
    image = image + colour * (0.8 * line * (0.08 + lit)).unsqueeze(2)
    return image + 0.4 * palette.highlight * line.unsqueeze(2) * over(light.total, 0.75, 0.8)


def smoke(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    size = 1.7 * canvas.scale
    dx, dy = (7 * canvas.scale * canvas.smooth(channel, 1.0 * size) for channel in (4, 5))
    puff = warp(canvas.smooth(0, 1.4 * size), 0.6 * dx, 0.6 * dy, canvas)
    curl = warp(canvas.smooth(1, 0.8 * size), dx, dy, canvas)
    small = warp(canvas.smooth(3, 0.45 * size), dx, dy, canvas)
    veil = warp(canvas.smooth(2, 1.1 * size, tall=1.5), -dx, dy, canvas)
    # Billows are round, with creases between them: the fields' size, not their sign.
    round_ = (curl.square() + 0.02).sqrt() + 0.45 * (small.square() + 0.02).sqrt()
    body = 0.8 * puff + 0.95 * round_ - 1.0
    # What is thicker than the smoke above it is bright, what is thinner in its shadow.
    shadow = warp(body, 0 * dx - 3, 0 * dy - 6, canvas)
    canvas.keep(puff, curl, veil, 2 * (body - shadow))
    thick = step(-1.2, 1.0, body)
    relief = (0.6 + 1.1 * (body - shadow)).clamp(0.1, 1.8)
    lit = light.floor + 0.4 * light.bars + 0.75 * light.near + 0.5 * light.far
    image = palette.mix(step(-0.5, 1.5, body)) * (1.25 * thick * relief * lit).unsqueeze(2)
    # A veil in front: bright where it is folded, it thins out on one side more than on the other.
    sheet = torch.exp(-1.6 * veil.clamp(min=0) + 7 * veil.clamp(max=0))
    glow = 0.8 * sheet * step(-1.2, 1.2, puff - 0.4 * small) * lit
    image = image + palette.second * (0.5 * glow).unsqueeze(2)
    image = image + 0.6 * palette.highlight * over(glow, 0.4, 0.8)
    mist = 0.22 + (0.3 + 0.25 * thick) * light.far.clamp(0, 1)
    return image + palette.shade * mist.unsqueeze(2)
