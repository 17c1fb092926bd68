"""Names for unfinished files, which are cleared away when their process has died.

Beside an unfinished file lies a lock file, held by the operating system for as long as the process
lives. Whoever makes the next file of the same name clears away what dead processes left.

Only names of exactly the pattern that `Claim` gives are ever touched. A user's files next to the
output are left alone, whatever they are called and whatever lies beside them.
"""

from __future__ import annotations

import contextlib
import re
import uuid
import weakref
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

_NAME = "musvid-{}.part"
_DIGITS = 12


class Claim:
    """A name in a folder that no other process has, for something that is not finished.

    folder: where. prefix: how the name begins; it is followed by musvid's own mark and twelve
    random digits. Claims of dead processes with the same prefix are cleared away.
    desk: make the name a folder at once, in which the caller may write files, but no folders.

    `path` is the name. What is there when the claim ends is removed: by `release`, on leaving the
    context, or when nothing refers to the claim any more. Raises OSError where nothing can be
    written.
    """

    def __init__(self, folder: Path, prefix: str = "", *, desk: bool = False) -> None:
        mine = re.compile(re.escape(prefix + _NAME).replace(r"\{\}", f"[0-9a-f]{{{_DIGITS}}}"))
        for other in folder.iterdir():
            if other.suffix == ".lock" and mine.fullmatch(other.stem):
                _clear(other, desk)
        taken = False
        while not taken:
            self.path = folder / (prefix + _NAME.format(uuid.uuid4().hex[:_DIGITS]))
            lock = FileLock(_lock_of(self.path))
            # Before the lock is there, since Ctrl-C may come at any moment.
            self.release = weakref.finalize(self, _release, self.path, lock, desk)
            lock.acquire()
            # Another process that took it for a dead one may have removed it before it was locked.
            taken = _lock_of(self.path).exists()
            if not taken:
                self.release()
        if desk:
            self.path.mkdir()

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _clear(marker: Path, desk: bool) -> None:
    """Remove a lock file and what it belongs to, unless a process holds it."""
    lock = FileLock(marker)
    with contextlib.suppress(Timeout, OSError):
        lock.acquire(timeout=0)
        _release(marker.with_suffix(""), lock, desk)


def _release(path: Path, lock: FileLock, desk: bool) -> None:
    if desk:
        _empty(path)
    else:
        with contextlib.suppress(OSError):  # a folder of that name is not ours
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # on Windows it cannot be removed while it is open
        _lock_of(path).unlink(missing_ok=True)
    lock.release()
    with contextlib.suppress(OSError):
        _lock_of(path).unlink(missing_ok=True)


def _empty(desk: Path) -> None:
    """Remove a folder of files; where it holds a folder, that is not ours and stays."""
    with contextlib.suppress(OSError):
        for path in desk.iterdir():
            with contextlib.suppress(OSError):
                path.unlink()
        desk.rmdir()
