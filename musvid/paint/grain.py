"""The grain of a model: by how much its noise must move so that it paints the same texture, moved.

A network that halves its pictures several times sees noise differently where it begins in the
middle of a block. So the window on the world moves by whole blocks, and how large they are is
measured: the same place of the world is painted from two windows, of which one begins so many
pixels later, and what both show is compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import ModelError
from .painter import Painter
from .style import Style

_SIDE = 192  # pixels of a painting
_BORDER = 32  # pixels beside a window's border, where a painting does not know what is beyond
_GRAINS = (8, 16, 32, 64)
_LEAST = 3.0  # dB by which paintings of the same noise agree better than those of other noise


def agreement(painter: Painter, style: Style, grain: int) -> float:
    """How well two paintings agree whose windows lie `grain` pixels apart: PSNR in dB of what both
    show, away from their borders.

    With 0, the second one lies a window of other noise beyond: what paintings have in common that
    know nothing of each other.
    """
    style = replace(style, symmetry="none").resolve()
    guide = np.full((_SIDE, _SIDE, 3), 48, np.uint8)
    apart = grain or 100 * _GRAINS[-1]
    places = ((0, 0), (apart, 0))
    strokes = [replace(style.stroke, place=place) for place in places]
    early, late = (
        painting.astype(np.float64) for painting in painter.paint([guide] * 2, style, strokes)
    )
    if grain:
        early, late = early[grain:], late[:-grain]
    error = ((early - late)[_BORDER:-_BORDER, _BORDER:-_BORDER] ** 2).mean()
    return 10 * math.log10(255**2 / max(error, 1e-6))


def grain_of(painter: Painter, styles: Sequence[Style]) -> int:
    """The grain of a model in pixels: the least by which its window can move in all these styles.

    styles: of several textures; a coarse one may agree where a fine one does not.

    Raises ModelError where its paintings do not follow their noise.
    """
    return max(_grain(painter, style) for style in styles)


def _grain(painter: Painter, style: Style) -> int:
    found = {grain: agreement(painter, style, grain) for grain in _GRAINS}
    nothing, best = agreement(painter, style, 0), max(found.values())
    if best < nothing + _LEAST:
        raise ModelError(
            f"The texture of {painter.model.name} does not follow its noise; choose --direction "
            "none, and --morph to renew it."
        )
    # Between nothing in common and all of it there is hardly anything.
    return next(grain for grain, value in found.items() if value > (nothing + best) / 2)
