"""What the noise of a texture is made into before a network sees it: blurs, cells, panes, links.

Textures are functions of smooth fields, which are white noise blurred over many cells; of points
that stand where a number is the largest around (cellular noise: Worley, "A cellular texture basis
function", SIGGRAPH 1996); of panes, where one smooth field is the largest of several; and of links
between neighbours on a lattice. Networks learn such long sums and such comparisons slowly and
never exactly. So `sketch` is given them beside the noise itself. Everything is local: noise that
moves by a block of two cells moves all of it along.
"""

from __future__ import annotations

import functools
import math

import torch
import torch.nn.functional as F
from torch import Tensor

CHANNELS = 8
"""Numbers of noise per cell."""

BLURS: tuple[tuple[float, float], ...] = (
    *((size, size) for size in (0.6, 1.0, 1.6, 2.6, 4.2, 6.8)),
    *((3.0, 0.7), (6.0, 1.5), (12.0, 2.5)),
    *((0.45, 1.0), (1.0, 2.4), (1.7, 4.0)),
)
"""Deviations of the blurs along columns and rows, in cells."""

CROWDS = (1, 5, 13)
"""Among how many blocks one has a point, of each kind of cellular noise."""

NUMBERS = (2, 3, 4)
"""Channels of the noise whose number at the nearest point is told."""

PANES = (0.97, 1.35, 1.96)
"""Deviations, in cells, of the smooth fields whose largest says which pane a cell lies in."""

PANE_FIELDS = 6
"""Channels of the noise that panes are made of: all but the drift's."""

_NEAR = 1.5  # points are told up to so many spacings away
_LINKS = 5  # channels of `_links`
_PANE = 8  # channels of `_panes`
FEATURES = CHANNELS * len(BLURS) + (5 + len(NUMBERS)) * len(CROWDS) + _PANE * len(PANES) + _LINKS
"""Channels of `features`."""


def features(noise: Tensor) -> Tensor:
    """All blurs, cells, panes and links of a noise, one after the other.

    noise: float (count, CHANNELS, height, width), standard normal. Returns float
    (count, FEATURES, height, width), all of about unit size.
    """
    cells = (_cells(noise, crowd) for crowd in CROWDS)
    panes = (_panes(noise, size) for size in PANES)
    return torch.cat([*_blurs(noise), *cells, *panes, _links(noise)], 1)


def _blurs(noise: Tensor) -> list[Tensor]:
    return [_blurred(noise, tall, wide) for tall, wide in BLURS]


def _blurred(noise: Tensor, tall: float, wide: float) -> Tensor:
    """Noise that is blurred along columns and rows, of the deviation that it had."""
    height, width = noise.shape[2:]
    return _matrix(height, tall).to(noise) @ noise @ _matrix(width, wide).to(noise).T


@functools.lru_cache(maxsize=256)
def _matrix(length: int, deviation: float) -> Tensor:
    """A blur along an axis as a matrix, (length, length); edges reflect, white noise keeps its
    deviation."""
    return spread(torch.eye(length)[None, None], deviation, 2)[0, 0]


def spread(white: Tensor, deviation: float, axis: int) -> Tensor:
    """White noise (count, 1, height, width), blurred along an axis and raised to the deviation that
    it had."""
    kernel = gaussian(max(deviation, 0.05), white.device)
    return convolve(white, kernel / kernel.square().sum().sqrt(), axis)


def gaussian(deviation: float, device: torch.device) -> Tensor:
    """A kernel that sums up to 1."""
    reach = int(3 * deviation) + 1
    steps = torch.arange(-reach, reach + 1, device=device)
    kernel = torch.exp(-0.5 * (steps / deviation) ** 2)
    return kernel / kernel.sum()


def convolve(field: Tensor, kernel: Tensor, axis: int) -> Tensor:
    """Convolve along one axis of (count, 1, height, width); edges reflect, repeatedly if needed."""
    reach, side = len(kernel) // 2, field.shape[axis]
    places = torch.arange(-reach, side + reach, device=field.device) % (2 * side)
    places = torch.minimum(places, 2 * side - 1 - places)
    shape = (1, 1, -1, 1) if axis == 2 else (1, 1, 1, -1)
    return F.conv2d(field.index_select(axis, places), kernel.view(shape))


def blocks(noise: Tensor) -> Tensor:
    """The noise on blocks of two cells, of deviation 1: (count, channels, rows, columns).

    All that stands in rows and columns stands on these: a lattice of larger blocks would be
    another one whenever the noise moves by less than one of them.
    """
    kernel = torch.tensor([1.0, 2, 1], device=noise.device, dtype=noise.dtype)
    kernel = torch.outer(kernel, kernel)
    kernel = (kernel / kernel.square().sum().sqrt())[None, None]
    flat = F.conv2d(noise.flatten(0, 1)[:, None], kernel, stride=2, padding=1)
    return flat.view(*noise.shape[:2], *flat.shape[2:])


@functools.lru_cache
def around(crowd: int) -> tuple[tuple[int, int], ...]:
    """The blocks, itself first, among which one in all has a point: whole rings, so that no
    direction is preferred."""
    reach = range(-4, 5)
    places = ((dy, dx) for dy in reach for dx in reach)
    return tuple(sorted(places, key=lambda at: at[0] ** 2 + at[1] ** 2)[:crowd])


def points(noise: Tensor, crowd: int) -> tuple[Tensor, Tensor, Tensor, Tensor, int]:
    """Where the points of cellular noise are: one in each block whose rank is the highest around.

    Returns, with a margin of so many blocks (the last value) at every side: the numbers of each
    block, 0 to 1, (count, channels, rows, columns); where its point lies in it, down and across,
    0 to 1, and whether it has one, (count, rows, columns) each.
    """
    # Uniform numbers: the distribution function of a normal one.
    numbers = 0.5 * (1 + torch.erf(blocks(noise) / math.sqrt(2)))
    others = around(crowd)
    reach = 1 + round(2 * math.hypot(*others[-1]))
    rank = F.pad(numbers[:, 5:6], (reach,) * 4, value=-1.0)
    beaten = torch.zeros_like(rank, dtype=torch.bool)
    for dy, dx in others[1:]:
        beaten |= torch.roll(rank, (dy, dx), (2, 3)) > rank
    alive = (~beaten & (rank >= 0))[:, 0]
    numbers = F.pad(numbers, (reach,) * 4, value=0.5)
    return numbers, numbers[:, 0], numbers[:, 1], alive, reach


def _cells(noise: Tensor, crowd: int) -> Tensor:
    """Of each cell: where its nearest point and the second nearest lie (down, across, of each),
    how much farther the second is, and numbers of the nearest."""
    numbers, down, across, alive, reach = points(noise, crowd)
    height, width = noise.shape[2:]
    side, spacing, wide = 2 * reach + 1, crowd**0.5, numbers.shape[3]
    # Lengths are in blocks; the middle of a cell is a quarter or three quarters into its block.
    # Axes: count, block down, cell in it, block across, cell in it, and blocks around.
    ahead = torch.arange(-reach, reach + 1, device=noise.device, dtype=noise.dtype)
    middle = torch.tensor([0.25, 0.75], device=noise.device, dtype=noise.dtype)
    y = middle[:, None, None, None] - ahead.repeat_interleave(side)
    x = middle[:, None] - ahead.repeat(side)

    def near(field: Tensor) -> Tensor:
        """Of each block, a field of the blocks around it."""
        return field.unfold(1, side, 1).unfold(2, side, 1).flatten(3)[:, :, None, :, None]

    dy, dx = y - near(down + 1e3 * (~alive).to(noise)), x - near(across)
    dy, dx = torch.broadcast_tensors(dy, dx)
    far = torch.hypot(dy, dx)
    first, nearest = far.min(-1, keepdim=True)
    second, next_one = far.scatter(-1, nearest, 1e4).min(-1, keepdim=True)

    def whole(field: Tensor) -> Tensor:
        """A field of cells, (count, 1, height, width), of one in blocks."""
        return field[..., 0].flatten(3, 4).flatten(1, 2)[:, None, :height, :width]

    most = _NEAR * spacing
    places = [
        whole(each.gather(-1, which)).clamp(-most, most) / (0.375 * spacing)
        for each in (dy, dx)
        for which in (nearest, next_one)
    ]
    border = 4 * (whole(second - first) / spacing).clamp(max=1.5)
    # The nearest point's block, in the padded field.
    row, column = (torch.arange(n, device=noise.device) for n in far.shape[1:4:2])
    home = (row[:, None] * wide + column)[:, None, :, None, None]
    block = home + nearest // side * wide + nearest % side
    flat = numbers.flatten(2)
    own = [
        4 * whole(flat[:, channel].gather(1, block.flatten(1)).view_as(block)) - 2
        for channel in NUMBERS
    ]
    return torch.cat([*places, border, *own], 1)


def _panes(noise: Tensor, size: float) -> Tensor:
    """Of each cell: the nearest border of its pane (how far, and in which direction), which fields
    are the largest and the second there, and how high the largest is."""
    fields = _blurred(noise[:, :PANE_FIELDS], size, size)
    # A texture is a quadratic spline through these fields: its value in the middle of a cell.
    for axis in (2, 3):
        before, after = _neighbours(fields, axis)
        fields = 0.75 * fields + 0.125 * (before + after)
    top, which = fields.topk(2, 1)
    slopes = []
    for axis in (2, 3):
        before, after = _neighbours(fields, axis)
        slopes.append(((after - before) / 2).gather(1, which).diff(dim=1))
    steep = torch.hypot(*slopes).clamp(min=0.16 / size)
    border = ((top[:, :1] - top[:, 1:]) / steep).clamp(max=3) / 1.5
    sides = [slope / steep for slope in slopes]
    tinted = (which % 3 == 1).to(noise)
    return torch.cat([border, *sides, which.to(noise) / 2.5 - 1, 2 * tinted, top[:, :1]], 1)


def _links(noise: Tensor) -> Tensor:
    """Of each cell: how strongly its joint, a block of two cells, is linked to the neighbour on
    this cell's side, across and down; the joint's own number; and on which side the cell lies."""
    height, width = noise.shape[2:]
    joints = blocks(noise)
    right, below = spread(joints[:, :1], 0.7, 3), spread(joints[:, 1:2], 0.7, 2)
    left, above = _neighbours(right, 3)[0], _neighbours(below, 2)[0]
    across = torch.stack([left, right], -1).flatten(3).repeat_interleave(2, 2)
    down = torch.stack([above, below], 3).flatten(2, 3).repeat_interleave(2, 3)
    own = joints[:, 2:3].repeat_interleave(2, 2).repeat_interleave(2, 3)
    lower = (torch.arange(height, device=noise.device) % 2 * 2 - 1).to(noise)[:, None]
    later = (torch.arange(width, device=noise.device) % 2 * 2 - 1).to(noise)
    found = [field[..., :height, :width] for field in (across, down, own)]
    sides = [side.expand_as(found[0]) for side in (lower, later)]
    return torch.cat([*found, *sides], 1)


def _neighbours(field: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """The values before and after each along an axis; edges repeat."""
    last = field.shape[axis] - 1
    places = torch.arange(last + 1, device=field.device)
    before, after = (places - 1).clamp(min=0), (places + 1).clamp(max=last)
    return field.index_select(axis, before), field.index_select(axis, after)
