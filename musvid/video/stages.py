"""The folder of a render's frames: one render at a time, and the same one goes on after a stop."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import OutputError, quoted

# While a render writes, and after it was stopped, a file of this name says which render it is.
_MARK = ".musvid-frames"


@contextmanager
def stage_folders(
    folder: str | os.PathLike[str], stages: Sequence[str], key: str
) -> Iterator[dict[str, Path]]:
    """A context with a folder for the frames of every stage, by the stages' names.

    key: tells this render from every other. Frames that the same render left when it was stopped
    are written again; those of others are never mixed with these.

    Raises OutputError where another render is writing into the folder, or has.
    """
    root = Path(folder)
    mark, folders = root / _MARK, {stage: root / stage for stage in stages}
    lock = FileLock(root / f"{_MARK}.lock")
    try:
        for path in folders.values():
            path.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise OutputError(
            f"Another render is writing its frames into {root}; choose another folder."
        ) from None
    except (OSError, ValueError) as error:
        raise OutputError(
            f"The folder {quoted(str(root))} cannot be made ({_reason(error)})."
        ) from None
    try:
        _claim(mark, folders, key)
        yield folders
        with contextlib.suppress(OSError):
            mark.unlink()
    finally:
        with contextlib.suppress(OSError):  # on Windows, it cannot be removed while it is open
            Path(lock.lock_file).unlink()
        lock.release()


def _claim(mark: Path, folders: dict[str, Path], key: str) -> None:
    """Say whose frames these are. Raises OutputError where they are another's."""
    try:
        begun = mark.read_bytes()[:100] if mark.is_file() else b""
        occupied = next((path for path in folders.values() if any(path.iterdir())), None)
        if occupied and begun != key.encode():
            raise OutputError(f"The folder {occupied} is not empty; choose another for the frames.")
        mark.write_bytes(key.encode())
    except OSError as error:
        raise OutputError(
            f"The folder {mark.parent} cannot be written ({_reason(error)})."
        ) from None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
