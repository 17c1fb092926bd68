"""Textures of glass and stone."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..canvas import Canvas, Light, Palette, over, step


def glass(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    panes = canvas.panes(1.35 * canvas.scale)
    lead = step(1.4, 5.2, panes.border / canvas.thick)
    other = (panes.which % 3 == 1).float()
    canvas.keep(panes.border.clamp(max=8) / 4, 2 * other, panes.which / 2, panes.height)
    place = panes.which / 5
    brightness = 0.55 + 0.55 * (1 - place) + 0.12 * panes.height + 0.3 * canvas.detail(0)
    lit = brightness * light.total.clamp(0, 1.5) * 1.15
    image = palette.mix(other) * lit.unsqueeze(2)
    image = image + 0.6 * palette.highlight * over(light.bars + 0.4 * light.near, 0.5, 1)
    return image * lead.unsqueeze(2) + 0.01


def crystal(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    spacing = {"dense": 22.0, "sparse": 25.0}
    base = next((spacing[word] for word in spacing if word in canvas.modifiers), 36.0)
    facets = canvas.cells(base * canvas.scale)
    turn = 2 * math.pi * facets.number(2)
    slope = torch.cos(turn) * facets.dx + torch.sin(turn) * facets.dy
    face = 0.55 + 0.7 * slope / facets.side + 0.45 * (facets.number(3) - 0.5)
    face = face + 0.16 * canvas.detail(4)
    canvas.keep(*facets.offsets, 2 * face, 4 * facets.border)
    edge = torch.exp(-14 * (facets.border - 0.02).clamp(min=0)).unsqueeze(2)
    if "sparse" in canvas.modifiers:
        edge = 0.25 * edge  # facets run together
        face = 0.55 + 0.7 * (face - 0.55)
    level = (face * light.total * 1.1).clamp(0, 1.6)
    black = torch.zeros_like(palette.main)
    image = palette.ramp(level / 1.5, black, palette.main, palette.second, palette.highlight)
    return image + palette.highlight * edge * (0.08 + 0.6 * light.total.clamp(0, 1).unsqueeze(2))


def marble(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    size = 2.0 * canvas.scale
    bend = canvas.swayed(canvas.smooth(0, size, tall=1.3), 1.5, 1.5)
    phase = 1.8 * bend + 0.35 * canvas.smooth(1, 0.8 * canvas.scale) + 0.25 * canvas.detail(1)
    vein = (1 - torch.sin(phase + 0.4 * light.far).abs()) ** 2.8
    clouds = canvas.clouds(2, 1.2 * canvas.size) + 0.7 * canvas.detail(3)
    canvas.keep(bend, phase, clouds, 1.4 * torch.sin(phase))
    stone = (0.55 + 0.2 * clouds).clamp(min=0.1)
    image = palette.main * (0.8 * stone * light.total.clamp(0, 1.2)).unsqueeze(2)
    image = image + palette.second * (vein * (0.12 + light.total.clamp(0, 1.3))).unsqueeze(2)
    bright = (0.6 * vein + light.bars) * (light.total - 0.6).clamp(0, 1)
    return image + 0.6 * palette.highlight * bright.unsqueeze(2)
