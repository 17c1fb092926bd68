"""Names for what a user did not name: files that musvid did not make are never replaced."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from ..errors import MusvidError
from .file import read_settings

_log = logging.getLogger(__name__)

_LONGEST = 200  # bytes of a name, of 255 that file systems allow, so that an ending has room


def stem_of(path: Path) -> str:
    """The name of a file without its ending, as the beginning of other names."""
    kept = path.stem
    while len(kept.encode("utf-8", "surrogateescape")) > _LONGEST:
        kept = kept[:-1]
    return kept


def is_video_of_ours(path: Path) -> bool:
    """Whether a file is a video that musvid made, which its settings tell."""
    try:
        settings = json.loads(read_settings(path))
    except (MusvidError, ValueError, RecursionError):
        return False
    return isinstance(settings, dict) and "musvid" in settings


def unused(
    wish: Sequence[Path], ours: Callable[[Path], bool], *, keep: Path | None = None
) -> list[Path]:
    """The wished names, or similar ones where those would replace what musvid did not make.

    wish: names that differ in their endings only; they are changed together, to
        ``NAME.musvid.ENDING``, ``NAME.musvid-2.ENDING``, and so on, which is told.
    ours: whether a file was made by musvid. keep: a file that is never replaced.
    """
    taken = _taken(wish, ours, keep)
    if taken is None:
        return list(wish)
    for number in count(1):
        word = ".musvid" if number == 1 else f".musvid-{number}"
        names = [path.with_name(f"{path.stem}{word}{path.suffix}") for path in wish]
        if _taken(names, ours, keep) is None:
            break
    _log.warning(
        "%s is there, and musvid did not make it; it is kept, and this is written as %s "
        "(--overwrite replaces it).",
        taken,
        " and ".join(map(str, names)),
    )
    return names


def _taken(paths: Sequence[Path], ours: Callable[[Path], bool], keep: Path | None) -> Path | None:
    """The first of some names under which something is that must not be replaced."""
    for path in paths:
        if path.is_symlink() or path.exists():
            kept = keep is not None and path.exists() and path.samefile(keep)
            if kept or not path.is_file() or not ours(path):
                return path
    return None
