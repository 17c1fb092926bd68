"""Where a video that is shown round after round begins again: the encoder's own step is closed.

A video begins with a picture that is encoded by itself, and ends with one that was guessed from
those before it: each errs in its own way, so that what hardly moves jumps there by what both err.
So the first picture is encoded alone, to see by how much it errs, and in the last second of the
round that error is faded in: the encoder is asked for the picture that the video begins with.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from .. import _ffmpeg
from ..frame import Frame

PIXELS = "yuv420p"
_NONE = 128  # the level that stands for no error
_PART = 4  # of a round that the error is faded in at most, as its denominator


def measure(
    first: Frame,
    chain: str,
    codec: list[str],
    size: tuple[int, int],
    desk: Path,
    place: Path | None,
) -> list[str]:
    """ffmpeg's input of the first picture's error, of which `faded` takes its place.

    first: the frame. chain: filters that make a picture of it, of `PIXELS`. codec: ffmpeg's
    arguments of the encoder. size: of the picture. desk: a folder for files, which must stay.
    place: the folder in which ffmpeg runs.

    Raises FFmpegError.
    """
    height, width = first.shape[:2]
    made, plain, error = (desk / name for name in ("first.h264", "plain", "error"))
    arguments = [
        *_ffmpeg.raw_input(width, height, 30),
        *("-filter_complex", f"[0:v]{chain},split[made][plain]"),
        *("-map", "[made]", *codec, "-f", "h264", _ffmpeg.named(made)),
        *("-map", "[plain]", "-f", "rawvideo", _ffmpeg.named(plain)),
    ]
    with _ffmpeg.Process(arguments, stdin=True, folder=place) as process:
        process.write(first)
    decoded = ["-f", "h264", "-i", _ffmpeg.named(made), "-pix_fmt", PIXELS]
    shape = (size[1] * 3 // 2, size[0])
    (seen,) = _ffmpeg.read_frames(decoded, shape, 1)
    meant = np.frombuffer(plain.read_bytes(), np.uint8).reshape(shape)
    error.write_bytes(np.clip(seen.astype(np.int16) - meant + _NONE, 0, 255).astype(np.uint8))
    raw = ["-f", "rawvideo", "-pix_fmt", PIXELS, "-s", f"{size[0]}x{size[1]}"]
    return [*raw, "-i", _ffmpeg.named(error)]


def faded(pictures: str, error: str, frames: int, rate: Fraction) -> str:
    """Filters that fade the error of one input into the last pictures of a round.

    pictures, error: labels. frames: of a round. rate: frames a second.
    """
    last = max(1, min(round(rate), frames // _PART))
    begin = frames - last
    way = f"(N-{begin - 1})/{last}"
    raised = f"A+(B-{_NONE})*{way}*{way}*(3-2*{way})"
    # Said of it as of the pictures, or else its levels would be taken for other ones.
    same = "setparams=range=tv:colorspace=bt709[error];"
    closed = f"all_expr='clip({raised}+0.5,0,255)'"
    return f"{error}{same}{pictures}[error]blend={closed}:enable='gte(n,{begin})'"
