"""A folder that is watched: which songs have arrived in it, whole.

It is looked at again and again, which works on every file system, those of a network and of a
container too, where a system's own news of changes do not arrive.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from ..errors import SongError, quoted
from .songs import is_song

STILL = 3.0
"""Seconds for which a file must not have changed until it is taken for whole."""

_State = tuple[int, int]  # a file's size, and when it was changed


class Watched:
    """The songs of a folder, as they arrive.

    folder: which; of its own folders nothing is taken. still: seconds, see `STILL`. clock: tells
    seconds. Raises SongError where it is no folder that can be read.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        still: float = STILL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self._still, self._clock = Path(folder), still, clock
        if not self.folder.is_dir():
            raise SongError(f"There is no folder {quoted(str(folder))} to watch; make it first.")
        self._seen: dict[Path, tuple[_State, float]] = {}  # since when a file is as it is
        self._known: dict[Path, tuple[_State, bool]] = {}  # whether it is a song
        self._found()

    def songs(self) -> list[Path]:
        """All songs that are whole by now. Raises SongError where the folder cannot be read."""
        now, whole = self._clock(), []
        found = self._found()
        for path, state in found.items():
            before, since = self._seen.get(path, (None, now))
            since = since if before == state else now
            self._seen[path] = state, since
            if state[0] and now - since >= self._still and self._is_song(path, state):
                whole.append(path)
        for gone in self._seen.keys() - found.keys():
            del self._seen[gone]
            self._known.pop(gone, None)
        return whole

    def _is_song(self, path: Path, state: _State) -> bool:
        known = self._known.get(path)
        if known is None or known[0] != state:
            known = self._known[path] = state, is_song(path)
        return known[1]

    def _found(self) -> dict[Path, _State]:
        """All files of the folder but hidden ones, in order."""
        found: dict[Path, _State] = {}
        try:
            for path in sorted(self.folder.iterdir()):
                if path.name.startswith("."):
                    continue
                try:
                    facts = path.stat()
                except OSError:  # it is gone, or a link to nowhere
                    continue
                if path.is_file():
                    found[path] = facts.st_size, facts.st_mtime_ns
        except OSError as error:
            raise SongError(
                f"The folder {quoted(str(self.folder))} cannot be read ({error.strerror}); check "
                "that it is there."
            ) from None
        return found


class Tried:
    """Songs that could not be rendered, which are tried again only once they have changed."""

    def __init__(self) -> None:
        self._failed: dict[Path, _State] = {}

    def note(self, path: Path) -> None:
        """A song could not be rendered."""
        if (state := self._state(path)) is not None:
            self._failed[path] = state

    def worth(self, path: Path) -> bool:
        """Whether a song may be tried."""
        return path not in self._failed or self._failed[path] != self._state(path)

    @staticmethod
    def _state(path: Path) -> _State | None:
        try:
            facts = path.stat()
        except OSError:
            return None
        return facts.st_size, facts.st_mtime_ns
