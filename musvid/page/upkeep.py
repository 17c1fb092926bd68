"""What is done now and then while a page runs: files expire, and sessions are forgotten.

Gradio deletes the files that it serves by the date of the machine, so that a clock that is set, or
a night asleep, deletes what is being looked at. Here ages are counted from when a file was first
noticed, on a clock that only goes forward evenly.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .._memory import give_back
from ..studio.limits import Limits
from ..studio.running import Runnings
from ..studio.visits import Visits
from .line import Line, forget
from .presence import Presence
from .visitors import Visitors

EVERY = 2.0  # seconds
_TRIM = 20.0  # seconds after which memory that was freed is given back
_YOUNG = 600.0  # seconds in which a file is not deleted for want of room
_IDLE = 60.0  # seconds after which a session that is no page is forgotten
_log = logging.getLogger(__name__)


class Served:
    """The files that Gradio serves: what was uploaded, and copies of what was shown.

    blocks: the page. keep: seconds until a file is deleted. all_of_them: whether that holds for
        what visitors uploaded and were shown, too, and not only for answers to programs.
    clock: seconds; it must never go back, nor jump.
    """

    def __init__(
        self,
        blocks: Any,
        *,
        keep: float,
        all_of_them: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.blocks, self.keep, self.all_of_them, self._now = blocks, keep, all_of_them, clock
        self._since: dict[str, float] = {}

    def sweep(self) -> None:
        """Delete what has had its time."""
        now, found = self._now(), self._files()
        self._since = {path: self._since.get(path, now) for path in found}
        for path, since in list(self._since.items()):
            if now - since > self.keep and (self.all_of_them or self._answers(found[path])):
                self._delete(path, found[path])

    def used(self) -> int:
        """Bytes that all of them take."""
        total = 0
        for path in self._files():
            with contextlib.suppress(OSError):
                total += os.lstat(path).st_size
        return total

    def trim(self, most: float) -> None:
        """Delete the oldest of them, but not those of the last minutes, until no more is taken."""
        found, left = self._files(), self.used()
        for path in sorted(found, key=lambda path: self._since.get(path, self._now())):
            if left <= most or self._now() - self._since.get(path, self._now()) < _YOUNG:
                break
            with contextlib.suppress(OSError):
                left -= os.lstat(path).st_size
            self._delete(path, found[path])

    def _files(self) -> dict[str, set[str]]:
        """Every file that may be deleted, and the set in which Gradio has it."""
        kept: set[str] = set()
        for block in list(self.blocks.blocks.values()):
            kept |= getattr(block, "keep_in_cache", set())
        sets = list(self.blocks.temp_file_sets)
        return {path: each for each in sets for path in list(each) if path not in kept}

    def _answers(self, files: set[str]) -> bool:
        """Whether these are answers to programs."""
        blocks = self.blocks.blocks.values()
        return any(
            getattr(block, "temp_files", None) is files and type(block).__name__ == "Api"
            for block in list(blocks)
        )

    def _delete(self, path: str, files: set[str]) -> None:
        with contextlib.suppress(OSError):
            Path(path).unlink()
        with contextlib.suppress(OSError):
            Path(path).parent.rmdir()  # Gradio gives each file a folder of its own
        files.discard(path)
        self._since.pop(path, None)


class Upkeep:
    """See the module. `once` does all of it; `start` has it done every few seconds.

    full: whether visitors' files take all the room that they have.
    """

    def __init__(
        self,
        line: Line,
        visitors: Visitors,
        visits: Visits,
        runnings: Runnings[Any],
        served: Served,
        limits: Limits,
    ) -> None:
        self.line, self.visitors, self.visits, self.runnings = line, visitors, visits, runnings
        self.served, self.limits = served, limits
        self.full = False
        self._trimmed = time.monotonic()

    @property
    def presence(self) -> Presence:
        """Who is connected."""
        return self.line.presence

    def start(self) -> None:
        """Begin, in a thread that lives as long as the process."""
        threading.Thread(target=self._go_on, name="upkeep", daemon=True).start()

    def _go_on(self) -> None:
        while True:
            time.sleep(EVERY)
            try:
                self.once()
            except Exception:
                _log.exception("The upkeep of the page failed; it goes on.")

    def once(self) -> None:
        """Notice who left, delete what has had its time, forget who is gone, give memory back."""
        here = set(map(self.visitors.of, self.presence.here()))
        for visitor in here:
            self.visits.seen(visitor)
        for visitor in set(map(self.visitors.of, self.presence.absent())) - here:
            self.visits.leave(visitor)
        self.visits.sweep()
        self.served.sweep()
        room = self.limits.disk_bytes
        if room is not None:
            self.served.trim(room - self.visits.used())
            self.full = self.served.used() + self.visits.used() > room
        for session in self.presence.absent():
            patience = _IDLE
            if self.presence.is_page(session):
                if self.limits.grace is None:
                    continue
                patience = 60 * self.limits.grace
            if self.presence.away(session) > patience:
                self._forget(session)
        if time.monotonic() - self._trimmed > _TRIM:
            give_back()
            self._trimmed = time.monotonic()

    def _forget(self, session: str) -> None:
        self.presence.forget(session)
        if (visitor := self.visitors.forget(session)) is not None:
            self.runnings.forget(visitor)
        self.line.pending_event_ids_session.pop(session, None)
        if self.line.server_app is not None:
            forget(self.line.server_app, session)
