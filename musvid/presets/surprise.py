"""Looks by chance, within what looks good."""

from __future__ import annotations

from random import Random

from ..paint.drift import Drift
from ..paint.style import Style
from ..paint.words import COLOURS, MODIFIERS, STYLES
from ..ranges import RANGES
from ..recipe import Recipe
from ..spectrum.look import Look
from ..view.settings import FLAT, HORIZON, MANDALA, MOSAIC, RING, TUNNEL, Camera, View

# Around the circle of hues, in steps of about a twelfth; silver is beside it and suits all.
_CIRCLE = (
    *("crimson", "orange", "gold", "lime", "emerald", "teal"),
    *("cyan", "blue", "violet", "magenta", "pink"),
)
_SILVER = "silver"
# Apart on the circle: neighbours, a third, and nearly opposite. What lies between them quarrels.
_APART = (1, 2, 4, 5)

# What travels as it would: flames rise, ink sinks. Elsewhere any of the directions.
_TRAVELS: dict[str, tuple[str, ...]] = {
    "flames": ("up",),
    "ink in water": ("down",),
    "flower petals": ("down", "outward"),
    "aurora": ("up",),
    "neon circuitry": ("outward", "up"),
}
_ANYWHERE = ("up", "down", "outward", "inward")
# Textures whose lines run on over the seams of copies; clouds show them.
_VIEWS = (FLAT, MOSAIC, MOSAIC, TUNNEL, TUNNEL, MANDALA, MANDALA, HORIZON, RING)
_COPIES: dict[str, tuple[int, ...]] = {TUNNEL: (2, 3, 4), MANDALA: (3, 4, 5, 6, 8)}
# Words that hide the light of the music where there is little of it anyway.
_DIM = ("dark", "sparse")


def surprise(seed: int) -> Recipe:
    """A look by chance, the same for the same seed.

    A style and two colours that suit each other, at times a modifier; a view with what is its own;
    strength, drift and embers within ranges in which the music is seen. The model is the embedded
    one, so that nothing is downloaded; song, beat and form are those of a plain recipe.
    """
    chance = Random(seed)
    style = chance.choice(list(STYLES))
    words = [*colours(chance), style]
    if chance.random() < 0.4:
        words.insert(0, chance.choice([word for word in MODIFIERS if word not in _DIM]))
    kind = chance.choice(_VIEWS)
    turns = kind in (TUNNEL, MANDALA, RING)
    return Recipe(
        style=Style(
            prompt=f"{' '.join(words[:-2])} and {' '.join(words[-2:])}",
            strength=_stepped(chance, "style.strength", 0.55, 0.8),
            seed=chance.randrange(2**16),
        ),
        drift=Drift(
            direction=chance.choice(_TRAVELS.get(style, _ANYWHERE)),
            morph=chance.choice((0.0, 0.0, 0.1, 0.2)),
        ),
        look=Look(
            embers=_stepped(chance, "look.embers", 0.4, 0.8),
            half_life=_stepped(chance, "look.half_life", 0.4, 0.9),
        ),
        view=View(kind=kind, copies=chance.choice(_COPIES[kind]) if kind in _COPIES else None),
        camera=Camera(turn=chance.choice((-1.5, -0.75, 0.75, 1.5)) if turns else None),
    )


def colours(chance: Random) -> tuple[str, str]:
    """Two colours that suit each other, the main one first."""
    first = chance.choice(list(COLOURS))
    if first == _SILVER:
        return first, chance.choice(_CIRCLE)
    if chance.random() < 1 / len(COLOURS):
        return first, _SILVER
    apart = chance.choice(_APART) * chance.choice((-1, 1))
    return first, _CIRCLE[(_CIRCLE.index(first) + apart) % len(_CIRCLE)]


def _stepped(chance: Random, name: str, low: float, high: float) -> float:
    """A number between two, as a slider for it has it."""
    step = RANGES[name].step
    return round(round(chance.uniform(low, high) / step) * step, 6)
