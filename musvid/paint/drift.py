"""How the world of texture moves: the settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .. import _validate
from ..errors import SettingsError, quoted
from ..ranges import RANGES

NONE = "none"
DIRECTIONS = (NONE, "up", "down", "outward", "inward", "left", "right")

_USUAL = 0.2  # of the picture a second
_FARTHEST = 0.3  # of the picture from painting to painting

# The symmetry without which a picture would not stay what its symmetry says.
_NEEDS = {"outward": "half", "inward": "half", "left": "none", "right": "none"}


@dataclass(frozen=True)
class Drift:
    """How texture travels across the picture.

    speed: 0 to 1000, pixels of the painted size a second; None crosses the picture in five seconds,
        or slower where paintings are far apart.
    direction: "none"; "up" or "down"; "outward" or "inward", from or to the axis of a picture whose
        symmetry is "half"; "left" or "right", of one whose symmetry is "none".
    morph: 0 to 5 seeds a second by which the noise changes into that of the next seed, whether it
        moves or not: moving shows other places, morphing makes another world of them.
    """

    speed: float | None = None
    direction: str = NONE
    morph: float = 0.0

    def __post_init__(self) -> None:
        if self.speed is not None:
            RANGES["drift.speed"].check("speed", self.speed)
        RANGES["drift.morph"].check("morph", self.morph)
        _validate.choice("direction", self.direction, DIRECTIONS)

    def __bool__(self) -> bool:
        """Whether anything moves, as far as the music does not move it."""
        return self.direction != NONE and self.speed != 0

    @property
    def sideways(self) -> bool:
        """Whether texture moves along rows."""
        return self.direction in _NEEDS

    @property
    def mirrored(self) -> bool:
        """Whether the left half of the picture moves, and the right one as its mirror."""
        return _NEEDS.get(self.direction) == "half"

    @property
    def sign(self) -> int:
        """1 where the window on the world moves to higher places: texture moves up or left."""
        return 1 if self.direction in ("up", "left", "outward") else -1

    def window(self, size: tuple[int, int]) -> int:
        """Pixels along its axis of the window on the world that a painting of a size shows."""
        width, height = size
        if not self.sideways:
            return height
        return width // 2 if self.mirrored else width

    def resolve(self, size: tuple[int, int], interval: float) -> Drift:
        """The same drift with a speed. interval: between two paintings, in seconds."""
        if self.speed is not None:
            return self
        fastest = _FARTHEST * self.window(size) / interval
        speed = round(min(_USUAL * self.window(size), fastest, RANGES["drift.speed"].high), 1)
        return replace(self, speed=speed)

    def check(self, symmetry: str | None) -> None:
        """Raises SettingsError where the direction does not suit a picture's symmetry."""
        needed = _NEEDS.get(self.direction, symmetry)
        if symmetry != needed:
            raise SettingsError(
                f"The direction {self.direction} needs the symmetry {quoted(needed)}, and this "
                f"picture has {quoted(symmetry)}; choose up, down, or --symmetry {needed}."
            )
