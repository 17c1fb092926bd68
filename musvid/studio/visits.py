"""Who looks at a page, and the files that belong to each of them."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from .spool import SUFFIX

_STOP = "stop"
_ASIDE = 2.0  # seconds that a stopped render is given to close its files


class Visits:
    """The folders of a page's visitors; all of them go when the process ends.

    Folders have names that cannot be guessed. A stop is asked for by a file, so that a render in
    another process sees it.
    """

    def __init__(self) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="musvid-page-"))
        self._folders: dict[str, Path] = {}
        self._lock = threading.Lock()
        atexit.register(shutil.rmtree, self._root, ignore_errors=True)

    def folder(self, visitor: str) -> Path:
        """The folder of a visitor."""
        with self._lock:
            if visitor not in self._folders:
                self._folders[visitor] = self._root / uuid.uuid4().hex
                self._folders[visitor].mkdir(mode=0o700)
            return self._folders[visitor]

    def new(self, visitor: str, *, keep: bool = False) -> tuple[Path, Callable[[], bool]]:
        """An empty folder for a visitor's next render, and a function that says whether to stop it.

        The frames of earlier renders are deleted, unless `keep`; their videos stay.
        """
        home = self.folder(visitor)
        for old in () if keep else home.glob("*/*/"):
            shutil.rmtree(old, ignore_errors=True)
        for spooled in () if keep else home.glob(f"*/*{SUFFIX}"):
            spooled.unlink(missing_ok=True)
        (home / _STOP).unlink(missing_ok=True)
        made = home / f"{time.monotonic_ns()}"
        made.mkdir()
        return made, stopper(made)

    def stop(self, visitor: str) -> None:
        """Ask a visitor's render to stop."""
        with contextlib.suppress(OSError):
            (self.folder(visitor) / _STOP).touch()

    def leave(self, visitor: str) -> None:
        """A visitor has gone: stop what works for them, and delete their files."""
        with self._lock:
            folder = self._folders.pop(visitor, None)
        if folder is None:
            return
        with contextlib.suppress(OSError):
            (folder / _STOP).touch()

        def remove() -> None:
            deadline = time.monotonic() + 60
            while folder.exists() and time.monotonic() < deadline:
                time.sleep(_ASIDE)
                shutil.rmtree(folder, ignore_errors=True)

        threading.Thread(target=remove, daemon=True).start()


def stopper(made: Path) -> Callable[[], bool]:
    """A function that says whether the render in this folder of a visitor is to stop."""
    home = made.parent
    return lambda: not home.exists() or (home / _STOP).exists()
