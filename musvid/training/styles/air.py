"""Textures of light, gas and fire."""

from __future__ import annotations

import torch
from torch import Tensor

from ..canvas import Canvas, Light, Palette, over, step, warp


def nebula(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    size = canvas.scale
    gas = canvas.swayed(canvas.clouds(0, 1.2 * size), 1.6, 1.6) + 0.45 * canvas.detail(2)
    hue = canvas.swayed(canvas.smooth(2, 2.2 * size), 1.5, 1.5)
    strand = canvas.swayed(canvas.clouds(3, 1.3 * size), 2.2, 2.2)
    density = torch.exp(0.6 * gas - 0.35) * (0.75 + 0.6 * torch.exp(-3 * strand.abs()))
    density = density * light.total.clamp(0, 1.8)
    image = palette.mix(torch.sigmoid(2.5 * hue - 1)) * (0.8 * density).unsqueeze(2)
    image = image + 0.4 * palette.highlight * over(density, 0.9, 1.2)
    stars = canvas.points(5, 2.4)
    return image + 1.5 * stars.unsqueeze(2) * (0.35 + 0.65 * palette.highlight)


def ink(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    flow = canvas.swayed(canvas.clouds(0, 1.5 * canvas.scale, tall=1.4), 3, 3)
    flow = flow + 0.3 * canvas.detail(2, tall=1.4)
    threads = torch.exp(-2.6 * flow.abs())
    canvas.keep(flow, 2 * threads)
    dx, dy = canvas.sway
    plume = 0.7 * warp(light.near, 1.6 * dx, 1.1 * dy + 4 * flow, canvas)
    plume = plume + 0.4 * warp(light.far, 1.6 * dx, 1.6 * dy, canvas)
    plume = plume + 0.35 * light.near + 0.7 * light.bars + 0.7 * light.floor
    image = palette.mix(step(-0.8, 1.6, flow)) * (plume * (0.5 + 1.25 * threads)).unsqueeze(2)
    image = image + 0.7 * palette.highlight * over(plume * threads, 0.55, 1)
    return image + 0.22 * palette.shade


def aurora(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    size = canvas.scale
    curtain = 0.8 * canvas.smooth(0, 1.5 * size, tall=4) + 0.55 * canvas.smooth(
        1, 0.7 * size, tall=6
    )
    curtain = warp(curtain, 2.2 * canvas.sway[0], 0.3 * canvas.sway[1], canvas)
    folds = 1.35 * torch.exp(-2.2 * (curtain - 0.2).abs())
    canvas.keep(curtain)
    rays = 1 + 0.3 * canvas.smooth(2, 0.55 * size, tall=5) + 0.35 * canvas.detail(3, tall=6)
    rising = light.rising(canvas, 8, 16, 31, 51)
    glow = (1.3 * light.floor + rising + 0.8 * light.far) * (0.12 + folds) * rays.clamp(min=0.3)
    # The second colour is that of what has risen from the bars, and of some curtains.
    height = 0.3 + 0.9 * (rising - 0.9 * light.near) - 0.3 * canvas.smooth(3, 3.0)
    colour = palette.mix(step(0.1, 0.9, height))
    image = colour * glow.unsqueeze(2) + 0.15 * palette.shade
    return image + 0.6 * palette.highlight * over(0.8 * light.bars + glow, 0.75, 1)


def flames(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    lick = canvas.clouds(0, 1.1 * canvas.scale, tall=2.2) + 0.4 * canvas.detail(2, tall=2)
    lick = warp(lick, 2.2 * canvas.sway[0], 0.5 * canvas.sway[1], canvas)
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
