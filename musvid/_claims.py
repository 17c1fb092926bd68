"""Unfinished files, and who is at work on them: a claim dies with its process.

Beside the file or folder that is being made lies a lock, held by the operating system for as long
as its process lives. Whoever makes the next one of the same name clears away what the dead have
left.
"""

from __future__ import annotations

import contextlib
import shutil
import uuid
import weakref
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout


class Claim:
    """A name that nobody else has, in a folder, for something that is not finished.

    folder: where. prefix: how the name begins; dead claims that begin like it are cleared away.

    `path` is the name; nothing is there yet. What is still there goes when the claim ends: by
    `release`, by leaving it as a context, or when nothing holds it any more. Raises OSError where
    nothing can be written.
    """

    def __init__(self, folder: Path, prefix: str = "") -> None:
        for other in folder.iterdir():
            if other.name.startswith(prefix) and other.suffix == ".lock":
                _clear(other)
        taken = False
        while not taken:
            self.path = folder / f"{prefix}{uuid.uuid4().hex[:12]}.part"
            lock = FileLock(_lock_of(self.path))
            # Before the lock is there, since Ctrl-C may come at any moment.
            self.release = weakref.finalize(self, _release, self.path, lock)
            lock.acquire()
            # It is gone when it looked dead to somebody before it was locked.
            taken = _lock_of(self.path).exists()
            if not taken:
                self.release()

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


def _clear(marker: Path) -> None:
    """Remove a lock and its file, unless somebody holds it."""
    lock = FileLock(marker)
    with contextlib.suppress(Timeout, OSError):
        lock.acquire(timeout=0)
        _release(marker.with_suffix(""), lock)


def _release(path: Path, lock: FileLock) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # on Windows it cannot be removed while it is open
        _lock_of(path).unlink(missing_ok=True)
    lock.release()
    with contextlib.suppress(OSError):
        _lock_of(path).unlink(missing_ok=True)
