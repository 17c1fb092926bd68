"""Picture files, read as pictures and as nothing else."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from .errors import SettingsError, quoted

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
"""What is read; pillow's other formats are left to nobody's surprise."""

MOST_BYTES = 50_000_000
_MOST_PIXELS = 50_000_000


def check(path: str | os.PathLike[str], what: str) -> tuple[Path, int, int]:
    """A path, and what tells one content of the file from another.

    what: it is for, such as "cover". Raises SettingsError where there is no file, or a large one.
    """
    path = Path(path)
    try:
        if not path.is_file():  # a pipe or a device would be waited for
            raise FileNotFoundError
        facts = path.stat()
    except (OSError, ValueError):
        raise SettingsError(
            f"There is no picture {quoted(path.name)} for the {what}; check its name and folder."
        ) from None
    if facts.st_size > MOST_BYTES:
        raise SettingsError(
            f"The {what} {quoted(path.name)} is larger than {MOST_BYTES // 10**6} MB; make it "
            "smaller."
        )
    return path, facts.st_size, facts.st_mtime_ns


def read(path: Path, what: str, formats: tuple[str, ...] = FORMATS) -> Any:
    """A picture file as one of pillow's, RGBA, upright; None where it is none of these formats.

    Raises SettingsError where it has very many pixels.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path, formats=formats) as file:
            width, height = file.size
            if width * height > _MOST_PIXELS:
                raise SettingsError(
                    f"The {what} {quoted(path.name)} has {width} x {height} pixels; make it "
                    "smaller."
                )
            return ImageOps.exif_transpose(file).convert("RGBA")
    except SettingsError:
        raise
    # Pillow has no error of its own for all that a broken file may do to its decoders.
    except Exception:
        return None


def opened(path: Path, what: str) -> Any:
    """The same; raises SettingsError where it is none."""
    if (found := read(path, what)) is None:
        raise SettingsError(
            f"The {what} {quoted(path.name)} is no picture that can be read; give a whole PNG, "
            "JPEG or WebP file."
        )
    return found


def decoded(content: bytes) -> Any:
    """The picture of a file's content, as `read` gives it; None where it is none."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as file:
            return file.convert("RGBA")
    except Exception:  # see `read`
        return None


def on_black(picture: Any) -> Any:
    """An RGBA picture of pillow's as RGB: what is transparent becomes black."""
    from PIL import Image

    black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
    return Image.alpha_composite(black, picture).convert("RGB")
