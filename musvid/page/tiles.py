"""Pictures that are buttons: the tiles of a strip, and of a grid."""

from __future__ import annotations

from ..frame import Frame, encoded, smaller
from .html import embedded

SIDE = 384  # pixels of a tile's longer side


def tile(frame: Frame | None, title: object, detail: str = "", side: int = SIDE) -> dict[str, str]:
    """A picture, and what stands below it. Without a frame it is still to come."""
    picture = "" if frame is None else embedded(encoded(smaller(frame, side)))
    return {"title": str(title), "detail": detail, "picture": picture}
