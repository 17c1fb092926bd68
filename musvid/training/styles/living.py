"""Textures of things that grow."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..canvas import Canvas, Light, Palette, slope, step


def coral(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    size = 0.8 * canvas.scale
    branch = 1.15 * canvas.smooth(0, size) - 0.75 * canvas.smooth(0, 2 * size)
    branch = branch + 0.4 * canvas.detail(1)
    branch = canvas.swayed(branch, 1.0, 1.0)
    height = branch + 1.1 * (light.bars + 0.5 * light.near) - 0.1
    body = step(-0.35, 0.45, height)
    rim = torch.exp(-((3 * height) ** 2))
    canvas.keep(branch, 10 * slope(branch, 2))
    shade = (0.85 - 2.6 * slope(branch, 2)).clamp(0.3, 1.6)
    lit = (1.25 * light.total).clamp(0, 1.5)
    image = palette.mix(step(-0.2, 1.6, height)) * (body * shade * lit).unsqueeze(2)
    image = image + 0.35 * palette.highlight * (rim * lit).unsqueeze(2)
    return image + 0.35 * palette.shade * light.total.clamp(0, 1).unsqueeze(2)


def petals(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    leaf = 1 + 0.4 * canvas.clouds(4, 1.2 * canvas.size) + 0.4 * canvas.detail(2)
    image = palette.shade * (0.7 * light.total.clamp(0, 1) * leaf).unsqueeze(2)
    flowers = canvas.cells(36 * canvas.scale / canvas.crowd)
    # A flower opens with the light around it; its place never moves.
    room = 1.5 if "dense" in canvas.modifiers else 0.8 if "sparse" in canvas.modifiers else 1.0
    size = (16 + 8 * step(0.1, 0.9, flowers.number(3))) * (flowers.side / 36)
    radius = size * (room**0.5) * (0.9 + 0.35 * light.far.clamp(0, 1))
    empty = 0.55 if "sparse" in canvas.modifiers else 0.25
    here = step(empty - 0.03, empty + 0.03, flowers.number(4))
    distance = torch.hypot(flowers.dx, flowers.dy)
    angle = torch.atan2(flowers.dx, flowers.dy)
    canvas.keep(*flowers.offsets, 2 * here, here * torch.cos(5 * angle))
    dark = 0.55 * palette.main
    for ring, count in enumerate((5, 5)):
        wave = 0.5 + 0.5 * torch.cos((angle + ring * math.pi / 5) * count)
        edge = radius * (1 - 0.45 * ring) * (0.45 + 0.55 * wave**0.8)
        place = distance / edge.clamp(min=1e-3)
        inside = (step(1.12, 0.88, place) * here).unsqueeze(2)
        shade = (0.25 + 0.75 * place.clamp(max=1) ** 1.5) * (0.4 + 0.6 * wave)
        lit = (0.3 + 0.85 * light.total.clamp(0, 1)).clamp(0, 1.15)
        tone = (0.2 + 0.4 * ring + 0.3 * place).clamp(0, 1)
        colour = palette.ramp(tone, dark, palette.main, palette.second, palette.highlight)
        image = torch.lerp(image, colour * (shade * lit).unsqueeze(2), inside)
    heart = (
        here
        * torch.exp(-((distance / (3.2 * canvas.thick)) ** 2))
        * (0.4 + light.total.clamp(0, 1))
    )
    image = image + palette.highlight * heart.unsqueeze(2)
    return image + palette.second * (0.4 * light.bars + 0.2 * light.near * light.far).unsqueeze(2)
