"""Pictures out of a finished video: one moment, and which moment shows it best."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from .. import _ffmpeg
from ..frame import Frame
from ..video import file as video

_SMALL = 160  # pixels of the longer side of a picture that is only judged
# Of the length; the ends are left out, since songs fade in and out.
_PLACES = np.linspace(0.06, 0.94, 9)


def best(path: Path, seconds: float) -> float:
    """The moment in seconds that shows a video best: of a few, the one with most contrast and
    colour.

    seconds: of the video. Raises SettingsError or FFmpegError where there are no pictures.
    """
    known = video.facts(path)
    moments = [round(float(place) * seconds, 3) for place in _PLACES]
    looks = ((moment, still(path, moment, _SMALL, known)) for moment in moments)
    judged = [(_worth(picture), -moment) for moment, picture in looks if picture is not None]
    return -max(judged)[1] if judged else 0.0


def still(
    path: Path, moment: float, longest: int, known: video.Facts | None = None
) -> Frame | None:
    """The picture of a moment in seconds, or None behind the end.

    longest: pixels of its longer side at most. known: size and rate of the video. Raises
    SettingsError where there are no pictures, and FFmpegError where they cannot be decoded.
    """
    known = known or video.facts(path)
    scale = min(1.0, longest / max(known.width, known.height))
    width, height = (max(2, round(side * scale)) for side in (known.width, known.height))
    whole = int(moment)
    arguments = [
        *_ffmpeg.media_input(path, seek=whole),
        *("-ss", f"{moment - whole:.3f}", "-map", "0:v:0", "-frames:v", "1"),
        *("-vf", f"scale={width}:{height}:flags=area+accurate_rnd+full_chroma_int,format=rgb24"),
        *("-f", "rawvideo", "pipe:1"),
    ]
    with _ffmpeg.Process(arguments, stdout=True) as process:
        return process.read((height, width, 3))


def scaled(picture: Frame, width: int, height: int) -> Frame:
    """A picture in another size, in pixels."""
    from PIL import Image

    size = max(1, width), max(1, height)
    return np.array(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS), np.uint8)


def jpeg(picture: Frame, quality: int, note: str = "") -> bytes:
    """A picture as a JPEG. note: a comment in it."""
    from PIL import Image

    file = io.BytesIO()
    more = {"comment": note.encode()} if note else {}
    Image.fromarray(picture).save(file, "JPEG", quality=quality, optimize=True, **more)
    return file.getvalue()


def _worth(picture: Frame) -> float:
    """How much there is to see: contrast and colourfulness (Hasler and Süsstrunk, 2003)."""
    red, green, blue = (picture[..., channel].astype(np.float32) for channel in range(3))
    across, along = red - green, (red + green) / 2 - blue
    spread = float(np.hypot(across.std(), along.std()))
    colour = spread + 0.3 * float(np.hypot(across.mean(), along.mean()))
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    # Neither a black picture nor a white one.
    return (float(light.std()) + colour) * (1 - abs(float(light.mean()) / 127.5 - 0.8) / 2)
