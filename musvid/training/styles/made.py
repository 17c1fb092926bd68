"""Textures that people make."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..canvas import BLOCK, Canvas, Light, Palette, over, pick, spread, step


def circuitry(canvas: Canvas, palette: Palette, light: Light) -> Tensor:
    # One wire leaves each joint to the right, one down, where the noise says so; it says so in
    # runs, so that wires are long, and in districts, so that there are crowded and empty ones.
    blocks = canvas.blocks()
    right = spread(blocks[:, 0:1], 0.7, 3)[:, 0]
    below = spread(blocks[:, 1:2], 0.7, 2)[:, 0]
    district = canvas.smooth(4, 2.2 * canvas.scale / canvas.crowd)
    few = 0.75 - 0.3 * F.avg_pool2d(district, BLOCK)[:, 0]
    few = few - 0.45 * ("dense" in canvas.modifiers) + 0.55 * ("sparse" in canvas.modifiers)
    values = torch.stack([right - few + 0.5, below - few, blocks[:, 2] - 0.9], 1)
    values = F.pad(step(-0.15, 0.15, values), (1, 1, 1, 1), mode="replicate")
    columns = values.shape[3]
    row, column = ((place / BLOCK).floor().long() for place in (canvas.y, canvas.x))
    v, u = (place % BLOCK - BLOCK / 2 for place in (canvas.y, canvas.x))  # from the joint

    def at(kind: int, dy: int = 0, dx: int = 0) -> Tensor:
        return pick(values[:, kind], (row + 1 + dy) * columns + column + 1 + dx)

    across = torch.where(u > 0, at(0), at(0, 0, -1))
    upright = torch.where(v > 0, at(1), at(1, -1, 0))
    node = at(2)
    tint = canvas.smooth(3, 2.0 * canvas.size)
    canvas.keep(across, upright, node, tint)
    ring = (torch.hypot(u, v) - 4.6).abs()
    hollow = step(3.0, 4.6, torch.hypot(u, v))  # wires end at the ring, not in it
    hollow = 1 - node * (1 - hollow)

    def line(distance: Tensor, there: Tensor, width: float) -> Tensor:
        return there * torch.exp(-((distance / width) ** 2))

    def drawn(width: float) -> Tensor:
        wires = torch.maximum(line(v, across, width), line(u, upright, width))
        return torch.maximum(wires * hollow, line(ring, node, width))

    wire, halo = drawn(1.7 * canvas.thick), drawn(5.0 * canvas.thick)
    colour = palette.mix(torch.sigmoid(3 * tint - 1.2))
    # Crowded districts are near and bright, empty ones far.
    near = 0.8 + 0.3 * torch.tanh(district)
    image = colour * ((0.95 * wire + 0.42 * halo) * near * (light.total + 0.1)).unsqueeze(2)
    image = image + 0.8 * palette.highlight * wire.unsqueeze(2) * over(light.total, 0.55)
    return image + 0.45 * colour * light.bars.unsqueeze(2) + 0.12 * palette.shade
