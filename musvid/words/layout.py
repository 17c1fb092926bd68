"""Where words stand in a picture, and how large they are.

Sizes follow the shorter side. An upright picture is meant for a telephone, whose applications lay
their own words and buttons over its foot and its right side: these stay free.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

_UPRIGHT = 1.2  # height to width from which a picture is upright


@dataclass(frozen=True)
class Layout:
    """A picture's places for words, in pixels. scale: of all letters."""

    width: int
    height: int
    scale: float = 1.0

    @property
    def upright(self) -> bool:
        """Whether it is for a telephone that is held upright."""
        return self.height > _UPRIGHT * self.width

    @property
    def unit(self) -> float:
        """What sizes are fractions of: of an upright picture, its letters are seen from nearby,
        but on something small."""
        return min(self.width, self.height) * (1.2 if self.upright else 1.0) * self.scale

    @cached_property
    def margins(self) -> tuple[float, float, float, float]:
        """What stays free at the left, the top, the right and the foot."""
        if self.upright:
            shares = 0.08, 0.12, 0.14, 0.22
        elif self.width > _UPRIGHT * self.height:
            shares = 0.055, 0.1, 0.055, 0.1
        else:
            shares = 0.07, 0.08, 0.07, 0.085
        sides = self.width, self.height, self.width, self.height
        left, top, right, foot = (share * side for share, side in zip(shares, sides, strict=True))
        return left, top, right, foot

    @property
    def title(self) -> float:
        """The em of a title."""
        return 0.078 * self.unit

    @property
    def artist(self) -> float:
        """The em of an artist's name below it."""
        return 0.037 * self.unit

    @property
    def lyrics(self) -> float:
        """The em of lyrics."""
        return 0.05 * self.unit

    def anchor(self, place: str) -> tuple[int, float, float]:
        """Where words of a place such as "lower-left" or "centre" are tied: the number that ASS has
        for it (as on a keypad), and its point."""
        left, top, _, foot = self.margins
        row, _, column = place.partition("-")
        y, line = {
            "lower": (self.height - foot, 0),
            "centre": (self.height / 2, 3),
            "upper": (top, 6),
        }[row]
        if column == "left":
            return 1 + line, left, y
        # In the middle of the picture rather than of what is free, as everything else is.
        return 2 + line, self.width / 2, y

    def room(self, place: str) -> float:
        """How wide words of a place may be."""
        left, _, right, _ = self.margins
        if place.endswith("left"):
            return min(self.width - left - right, 0.9 * self.width)
        return self.width - 2 * max(left, right)
