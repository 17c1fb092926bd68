"""The words that are taught: those that the model that ships knows, and more.

What is more here is what the next weights learn: six styles, words for large and fine shapes, and
words that say for which height a picture is composed.
"""

from __future__ import annotations

from ..paint import words

STYLES: dict[str, tuple[str, ...]] = {
    **words.STYLES,
    "ink in water": ("ink", "dye"),  # smoke is a style of its own
    "ocean": ("sea", "waves"),
    "city skyline": ("city", "metropolis"),
    "lightning": ("thunderstorm", "thunder"),
    "paper cut": ("papercraft", "layered paper"),
    "topographic lines": ("topography", "contour map"),
    "smoke": ("incense", "fumes"),
}
"""Each style, and other words for it."""

COLOURS, RGB, UNSPOKEN = words.COLOURS, words.RGB, words.UNSPOKEN

MODIFIERS: dict[str, tuple[str, ...]] = {
    **words.MODIFIERS,
    "large": ("big", "huge"),
    "fine": ("delicate", "tiny"),
}
"""Words that change how any style is painted, and other words for them."""

OWN_COLOURS: dict[str, tuple[str, str]] = {
    **words.OWN_COLOURS,
    "ocean": ("blue", "teal"),
    "city skyline": ("magenta", "cyan"),
    "lightning": ("violet", "cyan"),
    "paper cut": ("teal", "orange"),
    "topographic lines": ("emerald", "gold"),
    "smoke": ("violet", "cyan"),
}
"""The main and second colour of a style when the prompt names none."""

SIZES: dict[str, tuple[int, float]] = {
    "grand": (384, 1.6),
    "monumental": (768, 2.6),
}
"""Words that say for which height a picture is composed: from how many pixels on it is, and how
many times as large shapes are as without them."""


def vocabulary() -> list[str]:
    """Every word that is taught, sorted: lower case, without spaces."""
    return words.vocabulary(STYLES, COLOURS, MODIFIERS, dict.fromkeys(SIZES, ()))
