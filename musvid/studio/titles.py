"""What a finished video is called: after its song, its look, and the part of the song."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from pathlib import Path

from .. import _tags
from ..errors import SettingsError
from ..job import Job
from ..paint import prompts
from ..song import Song

_LONGEST = 60  # characters of a song's name, and of a prompt
_BYTES = 80  # of which a file's name may have 255
# What no file's name may hold on Windows, and what ends one there or hides it elsewhere.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_RECORDED = "audio"  # what a browser calls what was recorded


def title(song: Song, given: str | None = None) -> str:
    """A song's name: the one that was given, or that of its tags, or else of its file."""
    named = re.sub(r"[_\s]+", " ", song.path.stem).strip()
    told = _tags.read(song.path).title if given is None else given
    return safe(told) or safe("" if named == _RECORDED else named) or "My song"


def file_name(job: Job) -> str:
    """The name of a video without its ending: "Vibe Ace - teal coral - tunnel - 0-12 s".

    It can be written on every system.
    """
    recipe, first = job.recipe, job.song.first / job.song.rate
    last = first + float(job.song.duration)
    span = f"{first:.0f}-{max(last, first + 1):.0f} s"
    return " - ".join(
        filter(None, (title(job.song, recipe.title), safe(look(job)), recipe.view.kind, span))
    )


def look(job: Job) -> str:
    """What a video looks like, in a few words."""
    if not job.recipe.paints:
        return f"{job.recipe.look.palette} drawing"
    try:
        said = [text for _, text in prompts.parse(job.recipe.style.prompt or "")]
    except SettingsError:
        said = []
    return ", ".join(text.strip() for text in said)


def safe(text: str) -> str:
    """A text as a part of a file's name: without what some system forbids, and not too long."""
    text = unicodedata.normalize("NFC", text)
    text = "".join(" " if unicodedata.category(each)[0] == "C" else each for each in text)
    text = " ".join(_FORBIDDEN.sub(" ", text).split())
    if len(text) > _LONGEST:
        text = text[:_LONGEST].rpartition(" ")[0] or text[:_LONGEST]
    return text.encode()[:_BYTES].decode(errors="ignore").strip(" .-")


def titled(path: Path, name: str) -> Path:
    """A file under another name beside it: pages serve files by their own names."""
    made = path.with_name(name + path.suffix)
    made.unlink(missing_ok=True)
    try:
        os.link(path, made)
    except OSError:  # not on every file system
        shutil.copyfile(path, made)
    return made


def size_of(path: Path) -> str:
    """How large a file is, as people say it: "3.4 MB"."""
    size = path.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{max(1, round(size / 1e3))} kB"
