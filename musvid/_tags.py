"""What a sound file says of itself in words: its title, who made it, which album it is from.

Nothing of it is trusted: a tag may hold line ends, control characters, or a megabyte of letters. A
`line` of it does not.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from . import _ffmpeg
from .errors import FFmpegError

LONGEST = 300
"""Letters that a title, an artist or an album has at most."""

_MOST = 1 << 22  # bytes of tags that are read
_PLACES = ("0", "0:s:a:0")  # where containers have their tags; Ogg has them in the stream

# A tag in ffmpeg's metadata format. A backslash stands before what would end its text.
_TAG = re.compile(r"((?:[^\\\n=\[;#]|\\.)(?:[^\\\n=]|\\.)*)=((?:[^\\\n]|\\.)*)\n?", re.DOTALL)
_OTHER = re.compile(r"(?:;|#)[^\n]*\n?|\n")  # a remark, or an empty line


@dataclass(frozen=True)
class Tags:
    """What players show of a song; each is one `line`, and "" where it is not told."""

    title: str = ""
    artist: str = ""
    album: str = ""


NONE = Tags()
"""The tags of a song that says nothing."""


def read(path: str | os.PathLike[str]) -> Tags:
    """The tags of a sound file; empty ones of what is no media file, or is not there."""
    try:
        facts = Path(path).stat()
    except (OSError, ValueError):
        return Tags()
    return _read(Path(path), facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path: Path, _size: int, _changed: int) -> Tags:
    found: dict[str, str] = {}
    for place in _PLACES:
        said = every(path, place)
        for name in ("title", "artist", "album"):
            found[name] = found.get(name) or line(said.get(name, ""))
        found["artist"] = found["artist"] or line(said.get("album_artist", ""))
        if found["title"] and found["artist"]:
            break
    return Tags(**found)


def every(path: str | os.PathLike[str], place: str = "0") -> dict[str, str]:
    """All tags of a media file as they stand there, by their names in small letters.

    place: whose, as ffmpeg's -map_metadata has it: "0" is the file's, "0:s:a:0" is those of its
    first audio track. Of two with one name, the first is taken.
    """
    arguments = [*_ffmpeg.media_input(path), "-map_metadata", place, "-f", "ffmetadata", "pipe:1"]
    text = ""
    try:
        with _ffmpeg.Process(arguments, stdout=True) as process:
            text = process.read_bytes(_MOST).decode("utf-8", errors="replace")
            while process.read_bytes(1 << 16):
                pass  # so that a file with endless metadata ends, too
    except FFmpegError:
        pass  # not media: there is nothing to find in it
    return _parsed(text)


def _parsed(text: str) -> dict[str, str]:
    """The tags of a text in ffmpeg's metadata format, up to its first chapter or stream."""
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        tag = _TAG.match(text, place)
        if tag:
            found.setdefault(_plain(tag[1]).lower(), _plain(tag[2]))
        skipped = tag or _OTHER.match(text, place)
        if not skipped or skipped.end() == place:
            break
        place = skipped.end()
    return found


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def line(text: str, longest: int = LONGEST) -> str:
    """A text as one line: without control characters and half characters, at most so long."""
    kept = (letter if unicodedata.category(letter) not in _UNSEEN else " " for letter in text)
    whole = " ".join("".join(kept).split())
    return whole if len(whole) <= longest else whole[: longest - 1].rstrip() + "…"


_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
