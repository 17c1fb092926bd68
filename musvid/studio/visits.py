"""Who looks at a page, and the files that belong to each of them.

Ages are told by a clock that only ever goes forward evenly: whoever sets the machine's clock, or
wakes it after a night, deletes nothing by it.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import re
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import OutputError
from .spool import clear

_PREFIX = "musvid-page-"
_ROOT = re.compile(re.escape(_PREFIX) + r"[a-z0-9_]{8}")
_HOME = re.compile(r"[0-9a-f]{32}")
_MARK, _LOCK = "visitors.txt", "visitors.lock"
_MARKED = "The files of visitors of a musvid page, which go when it ends.\n"
STOP = "stop"  # the file in a visitor's folder that asks what works for them to stop
_CALLED = 1800.0  # seconds until the answer to a call is deleted, at most
_FETCHED = 60.0  # seconds in which the answer to a call has surely been fetched
_COUNTED = 1.0  # seconds for which it is believed that there is room
_ASIDE = 2.0  # seconds that a stopped render is given to close its files


@dataclass
class _Visit:
    """A visitor's folder, and what lies in it."""

    home: Path
    made: dict[Path, float] = field(default_factory=dict)  # folders of renders, and when
    left: float | None = None  # when they were last seen, if they are away
    once: float | None = None  # when it was made, if it holds the answer to a single call


class Visits:
    """The folders of a page's visitors; all of them go when the process ends.

    keep: seconds until what a visitor was shown is deleted on a page with a grace, but for the
        last one. Answers to programs have been copied by then, and go after minutes.
    grace: seconds until the files of somebody who has left are deleted, unless they come back;
        None keeps them for as long as the page runs.
    room: bytes that all visitors' files may take; None for as many as there is disk.
    clock: seconds; it must never go back, nor jump.

    Folders have names that cannot be guessed. A stop is asked for by a file, so that a render in
    another process sees it. What earlier pages left that were killed is cleared away.
    """

    def __init__(
        self,
        *,
        keep: float = 24 * 3600,
        grace: float | None = None,
        room: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.keep, self.grace, self.room = keep, grace, room
        self._now = clock
        _clear_killed(Path(tempfile.gettempdir()))
        self._root, self._held = _claimed()
        self._visits: dict[str, _Visit] = {}
        self._counted = -math.inf, 0  # when, and the bytes
        self._lock, self._process = threading.RLock(), os.getpid()
        atexit.register(self._end)

    def folder(self, visitor: str) -> Path:
        """The folder of a visitor, who is here."""
        with self._lock:
            visit = self._visits.get(visitor)
            if visit is None:
                visit = self._visits[visitor] = _Visit(self._root / uuid.uuid4().hex)
                visit.home.mkdir(mode=0o700)
            visit.left = None
            return visit.home

    def new(
        self, visitor: str, *, keep: bool = False, shown: Path | None = None
    ) -> tuple[Path, Callable[[], bool]]:
        """An empty folder for a visitor's next render, and a function that says whether to stop it.

        The frames of earlier renders are deleted, unless `keep`, or the folder is the one that is
        shown; their videos stay. Raises OutputError where the visitors' files take all the room.
        """
        self.make_room()
        with self._lock:
            home = self.folder(visitor)
            visit = self._visits[visitor]
            for old in () if keep else list(visit.made):
                if old != shown:
                    clear(old)
            (home / STOP).unlink(missing_ok=True)
            made = home / f"{time.monotonic_ns()}"
            made.mkdir()
            visit.made[made] = self._now()
        return made, stopper(made)

    def call(self) -> tuple[Path, Callable[[], bool]]:
        """A folder for the answer to a program's call, which expires, and whether to stop it.

        Raises OutputError where the visitors' files take all the room.
        """
        name = f"call {uuid.uuid4().hex}"
        made, stopped = self.new(name)
        with self._lock:
            self._visits[name].once = self._now()
        return made, stopped

    def stop(self, visitor: str) -> None:
        """Ask a visitor's render to stop."""
        with self._lock, contextlib.suppress(OSError):
            if visitor in self._visits:
                (self._visits[visitor].home / STOP).touch()

    def seen(self, visitor: str) -> None:
        """A visitor is here (again): nothing of theirs is deleted."""
        with self._lock:
            if visitor in self._visits:
                self._visits[visitor].left = None

    def leave(self, visitor: str) -> None:
        """A visitor has gone, or their connection has: see `grace`."""
        with self._lock:
            visit = self._visits.get(visitor)
            if visit and visit.left is None:
                visit.left = self._now()

    def known(self, visitor: str) -> bool:
        """Whether somebody has files here."""
        return visitor in self._visits

    def sweep(self) -> None:
        """Delete what has had its time. Call it now and then."""
        now = self._now()
        with self._lock:
            gone = [
                name
                for name, visit in self._visits.items()
                if (visit.once is not None and now - visit.once > min(self.keep, _CALLED))
                or (
                    self.grace is not None
                    and visit.left is not None
                    and now - visit.left > self.grace
                )
            ]
            old = [
                (visit, made)
                for visit in self._visits.values()
                for made, when in list(visit.made.items())[:-1]
                if self.grace is not None and now - when > self.keep
            ]
            for visit, made in old:
                del visit.made[made]
        for name in gone:
            self._remove(name)
        for _, made in old:
            shutil.rmtree(made, ignore_errors=True)

    def used(self) -> int:
        """Bytes that the files of all visitors take."""
        return size_of(self._root)

    def make_room(self) -> None:
        """Delete what is needed least until half of the room is free, for the next render.

        That is: answers to calls, the files of those who are away, the frames of what is not the
        last render of a visitor; the oldest first. Raises OutputError where that is not enough.
        """
        if self.room is None or self._roomy():
            return
        for free in (self._oldest_call, self._oldest_left, self._oldest_frames):
            while self.used() > self.room / 2:
                if not free():
                    break
        if self.used() > self.room / 2:
            raise OutputError(
                "The files of this page's visitors take all the room that it has; try again later."
            )

    def _roomy(self) -> bool:
        """Whether there was room a moment ago: many calls ask, and many files are counted."""
        assert self.room is not None
        now = self._now()
        if now - self._counted[0] > _COUNTED:
            self._counted = now, self.used()
        return self._counted[1] <= self.room / 2

    def _oldest_call(self) -> bool:
        with self._lock:
            calls = {name: visit.once for name, visit in self._visits.items() if visit.once}
        name = min(calls, key=calls.__getitem__, default=None)
        # What was made just now may not have been fetched yet.
        fetched = name is not None and self._now() - calls[name] > _FETCHED
        return fetched and self._remove(name)

    def _oldest_left(self) -> bool:
        if self.grace is None:
            return False
        with self._lock:
            left = {name: visit.left for name, visit in self._visits.items() if visit.left}
        return self._remove(min(left, key=left.__getitem__, default=None))

    def _oldest_frames(self) -> bool:
        with self._lock:
            made = {
                folder: when
                for visit in self._visits.values()
                for folder, when in list(visit.made.items())[:-1]
                if any(folder.glob("*.frames"))
            }
        if not made:
            return False
        clear(min(made, key=made.__getitem__))
        return True

    def _remove(self, name: str | None) -> bool:
        """Stop what works for a visitor, and delete their files, when it has closed them."""
        with self._lock:
            visit = self._visits.pop(name, None) if name is not None else None
        if visit is None:
            return False
        with contextlib.suppress(OSError):
            (visit.home / STOP).touch()
        shutil.rmtree(visit.home, ignore_errors=True)

        def again() -> None:
            deadline = time.monotonic() + 60
            while visit.home.exists() and time.monotonic() < deadline:
                time.sleep(_ASIDE)
                shutil.rmtree(visit.home, ignore_errors=True)

        if visit.home.exists():  # a render still wrote into it
            threading.Thread(target=again, daemon=True).start()
        return True

    def _end(self) -> None:
        if os.getpid() != self._process:  # a fork of the page, which goes on
            return
        shutil.rmtree(self._root, ignore_errors=True)
        self._held.release()
        shutil.rmtree(self._root, ignore_errors=True)  # on Windows the lock's file was in the way


def stopper(made: Path) -> Callable[[], bool]:
    """A function that says whether the render in this folder of a visitor is to stop: it alone, or
    all that works for them."""
    home = made.parent
    return lambda: not home.exists() or (home / STOP).exists() or (made / STOP).exists()


def stop_one(made: Path) -> None:
    """Ask the work in this folder of a visitor to stop, and nothing else of theirs."""
    with contextlib.suppress(OSError):
        (made / STOP).touch()


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder, which may change meanwhile."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(where) / name).lstat().st_size
    return total


def _claimed() -> tuple[Path, FileLock]:
    """A new folder for visitors, with its mark, and its lock, held while this process lives."""
    root = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = FileLock(root / _LOCK)
    lock.acquire()
    # The mark comes last: without it nobody clears the folder away.
    (root / _MARK).write_text(_MARKED, encoding="utf-8")
    return root, lock


def _clear_killed(folder: Path) -> None:
    """Remove what pages left that were killed: only what bears their mark, and nobody holds."""
    with contextlib.suppress(OSError):
        for root in folder.iterdir():
            if _ROOT.fullmatch(root.name):
                with contextlib.suppress(OSError, Timeout):
                    _clear_root(root)


def _clear_root(root: Path) -> None:
    mark = root / _MARK
    if root.is_symlink() or not root.is_dir() or mark.is_symlink():
        return
    if hasattr(os, "getuid") and root.lstat().st_uid != os.getuid():
        return
    if mark.read_text(encoding="utf-8") != _MARKED or not (root / _LOCK).is_file():
        return
    lock = FileLock(root / _LOCK)
    lock.acquire(timeout=0)
    try:
        for home in root.iterdir():
            if _HOME.fullmatch(home.name) and not home.is_symlink():
                shutil.rmtree(home, ignore_errors=True)
    finally:
        lock.release()
    # Whatever else lies there is not ours, and keeps the folder with its mark.
    if {path.name for path in root.iterdir()} <= {_MARK, _LOCK}:
        mark.unlink()
        (root / _LOCK).unlink(missing_ok=True)
        root.rmdir()
