"""What an album's folder knows of its videos, so that a second run goes on where the first was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from .._claims import Claim
from ..errors import OutputError
from ..video.naming import is_video_of_ours

NAME = "album.json"

_MOST = 1 << 24  # bytes of a file that is read


@dataclass(frozen=True)
class Note:
    """A video that was made.

    video: its file in the album's folder. bytes: how large it is. made_by: a hash of settings and
    code. title: of the song. seconds: the part of it that is rendered. moment: in seconds, the one
    that a picture shows.
    """

    video: str
    bytes: int
    made_by: str
    title: str
    seconds: float
    moment: float

    def holds(self, folder: Path, made_by: str) -> bool:
        """Whether the video is there as it was made, by the same settings and code."""
        path = folder / self.video
        if self.made_by != made_by or Path(self.video).name != self.video:
            return False
        try:
            whole = path.is_file() and path.stat().st_size == self.bytes
        except (OSError, ValueError):
            return False
        return whole and is_video_of_ours(path)


def load(path: Path) -> dict[str, Note]:
    """The notes in a file, by the hash of the song; none where there are none that can be read."""
    found = _read(path).get("songs")
    notes = {}
    for content, values in found.items() if isinstance(found, dict) else ():
        if note := _note(values):
            notes[content] = note
    return notes


def save(path: Path, notes: Mapping[str, Note]) -> None:
    """Write notes. Raises OutputError."""
    values = {"musvid": "album", "songs": {name: asdict(note) for name, note in notes.items()}}
    write(path, (json.dumps(values, indent=2) + "\n").encode())


def is_ours(path: Path) -> bool:
    """Whether a file is one that `save` wrote."""
    return _read(path).get("musvid") == "album"


def write(path: Path, content: bytes) -> None:
    """Write a file that appears when it is complete; one with that content stays as it is.

    Raises OutputError.
    """
    try:
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            return
        with Claim(path.parent, f".{path.stem[:40]}-") as part:
            part.write_bytes(content)
            part.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}).") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            values = json.loads(file.read(_MOST))
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _note(values: Any) -> Note | None:
    """A note of values that anybody may have changed."""
    if not isinstance(values, dict):
        return None
    given: dict[str, Any] = {each.name: values.get(each.name) for each in fields(Note)}
    texts = all(isinstance(given[name], str) for name in ("video", "made_by", "title"))
    numbers = all(
        isinstance(given[name], (int, float)) and abs(given[name]) < 1e15
        for name in ("bytes", "seconds", "moment")
    )
    return Note(**given) if texts and numbers else None
