"""librosa, imported so that it works in every account.

numba compiles parts of librosa and insists on a folder to keep the result in: beside librosa, or
in the user's cache. Where neither can be written (a system's installation, an account without a
home folder), importing librosa fails with "cannot cache function". It gets a folder of this process
then.

Of two processes that compile at the same time, numba may keep the code of one type under the name
of another: names are counted in an index that each reads, changes and writes, and what is called
with the wrong types later ends the process. So they compile one after the other, and the second
one has nothing left to do.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

_CACHE = "NUMBA_CACHE_DIR"
_LOCK = "musvid-compiles.lock"
_PATIENCE = 600.0  # seconds until nobody is waited for any more


@cache
def load() -> Any:
    """The module librosa. What it keeps in a folder of this process goes with the process."""
    home = _home()
    place = next(filter(_writable, _places(home)), None) if home else None
    if place is None:
        # Never one that others could have made before: numba runs what it finds there.
        place = Path(tempfile.mkdtemp(prefix="musvid-numba-"))
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        os.environ[_CACHE] = str(place)
        if home is None:  # librosa looks for one, too
            os.environ["XDG_CACHE_HOME"] = str(place)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(Timeout, OSError):
            stack.enter_context(FileLock(place / _LOCK, timeout=_PATIENCE))
        import librosa

        # Its parts are imported when they are first used; in this one, all is compiled.
        librosa.beat  # noqa: B018
    return librosa


def _home() -> Path | None:
    """The user's cache of numba, or None for an account without a home folder."""
    from platformdirs import user_cache_path

    try:
        return user_cache_path("numba")
    except (RuntimeError, KeyError):
        return None


def _places(home: Path) -> list[Path]:
    """Where numba looks for a folder: the one that is set, beside the source, the user's cache."""
    found = find_spec("librosa")
    sources = found.submodule_search_locations if found else None
    beside = [Path(folder) / "util" / "__pycache__" for folder in sources or ()]
    named = [Path(os.environ[_CACHE])] if os.environ.get(_CACHE) else []
    return [*named, *beside, home]


def _writable(folder: Path) -> bool:
    """Whether a file can be made in a folder, which is made if need be."""
    if not folder.is_absolute():  # "~" without a home folder
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
