"""Words drawn on pictures: libass does it, in the ffmpeg that makes the file.

A script and the fonts that ship lie under plain names in a folder of their own, in which ffmpeg
runs. So neither a user's text nor a path is ever a part of a filter.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path

from .. import _ffmpeg
from ..errors import FFmpegError, OutputError, SettingsError
from ..frame import Frame
from ..words.layout import Layout
from ..words.letters import FONTS
from ..words.lines import Line
from ..words.script import Script

FILTER = "ass=f=words.ass:fontsdir=fonts"
"""ffmpeg's filter that draws what lies in the folder of `staged`."""

_TRIED = "ass=f=words.ass"  # the filter without fonts, by which it is seen whether there is one
_MOST = 240  # letters that are looked for in the fonts of this machine
_ROW = 80
_NAMED = 8  # of those that are missing, so many are told

_MISSING = re.compile(r"failed to find any fallback with glyph 0x([0-9A-Fa-f]+)")


@contextmanager
def staged(script: Script) -> Iterator[Path]:
    """A folder in which ffmpeg finds a script and its fonts, as `FILTER` names them.

    Raises SettingsError where this ffmpeg draws no words, and OutputError where there is no room.
    """
    check()
    with tempfile.TemporaryDirectory(prefix="musvid-words-") as name:
        folder = Path(name)
        try:
            (folder / "words.ass").write_text(str(script), encoding="utf-8")
            (folder / "fonts").mkdir()
            for font in FONTS.glob("*.otf"):
                shutil.copyfile(font, folder / "fonts" / font.name)
        except OSError as error:
            raise OutputError(
                f"The words could not be laid out in {tempfile.gettempdir()} ({error.strerror}); "
                "make room there."
            ) from None
        yield folder


def draw(frame: Frame, script: Script, time: Fraction | float) -> Frame:
    """A picture with what is written on it at a moment, in seconds of the video.

    frame: uint8 (height, width, 3), of the size of the script's layout; it is not changed.
    """
    height, width = frame.shape[:2]
    shift = f"setpts=PTS+{float(time):.6f}/TB,{FILTER}"
    arguments = [
        *_ffmpeg.raw_input(width, height, 25),
        *("-vf", shift, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"),
    ]
    with (
        staged(script) as folder,
        _ffmpeg.Process(arguments, stdin=True, stdout=True, folder=folder) as process,
    ):
        process.write(frame)
        process.close_input()
        made = process.read(frame.shape)
    if made is None:
        raise FFmpegError("ffmpeg drew no words, and did not say why.")
    return made


@cache
def check() -> None:
    """Raises SettingsError where the ffmpeg of this machine has no libass, which draws words."""
    source = ["-f", "lavfi", "-i", "color=black:s=64x64", "-frames:v", "1"]
    with tempfile.TemporaryDirectory(prefix="musvid-words-") as name:
        folder = Path(name)
        (folder / "words.ass").write_text(str(Script(Layout(64, 64), 1.0)), encoding="utf-8")
        try:
            with _ffmpeg.Process([*source, "-vf", _TRIED, "-f", "null", "-"], folder=folder):
                pass
        except FFmpegError:
            raise SettingsError(
                "This ffmpeg draws no words, as it was built without libass; leave out title and "
                "lyrics, or install imageio-ffmpeg again."
            ) from None


def missing(letters: str) -> str:
    """Of some letters, those that no font of this machine has: of many, of the first ones only."""
    return _missing(letters[:_MOST]) if letters else ""


@lru_cache(maxsize=64)
def _missing(letters: str) -> str:
    found: set[str] = set()

    def hear(line: str) -> None:
        if told := _MISSING.search(line):
            found.add(chr(int(told[1], 16)))

    rows = [letters[first : first + _ROW] for first in range(0, len(letters), _ROW)]
    script = Script(Layout(640, 360), 1.0, lines=(Line(0.0, 1.0, "\n".join(rows)),))
    source = ["-f", "lavfi", "-i", "color=black:s=640x360:r=4", "-frames:v", "2"]
    with (
        staged(script) as folder,
        _ffmpeg.Process(
            [*source, "-vf", FILTER, "-f", "null", "-"], level="verbose", hear=hear, folder=folder
        ),
    ):
        pass
    return "".join(letter for letter in letters if letter in found)


def lacking_told(letters: str) -> str:
    """What is said of letters that no font has."""
    some = " ".join(letters[:_NAMED]) + (" ..." if len(letters) > _NAMED else "")
    return (
        f"No font of this machine has {some}, and boxes are drawn in their place; install one, "
        "such as Noto Sans CJK for Chinese, Japanese and Korean"
    )
