"""How each style is drawn: canvas, colours and light in, pictures out.

Pictures are float (batch, time, 3, height, width), light that may exceed 1.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ..canvas import Canvas, Light, Palette
from .air import aurora, flames, ink, nebula
from .crafted import contours, paper, smoke
from .living import coral, petals
from .made import circuitry
from .outdoors import city, lightning, ocean
from .solid import crystal, glass, marble

STYLES: dict[str, Callable[[Canvas, Palette, Light], Tensor]] = {
    "nebula": nebula,
    "stained glass": glass,
    "ink in water": ink,
    "neon circuitry": circuitry,
    "aurora": aurora,
    "coral": coral,
    "crystal": crystal,
    "flames": flames,
    "marble": marble,
    "flower petals": petals,
    "ocean": ocean,
    "city skyline": city,
    "lightning": lightning,
    "paper cut": paper,
    "topographic lines": contours,
    "smoke": smoke,
}
"""The styles, by the name that a caption gives them."""
