"""What has to be the same on all machines of a cluster, so that all paint the same pictures."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..store import address, content_of

_PARTS = ("*.py", "paint/*.py", "interpolate/*.py", "weights/**/*")
_LIBRARIES = ("torch", "diffusers", "transformers", "numpy")


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """The versions here of musvid (a hash of its code and weights), Python, and libraries."""
    folder = Path(__file__).parents[1]
    files = sorted(path for part in _PARTS for path in folder.glob(part) if path.is_file())
    found = {
        "musvid": address(*(content_of(path) for path in files)),
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }
    for name in _LIBRARIES:
        try:
            found[name] = version(name).partition("+")[0]  # builds for another card are the same
        except PackageNotFoundError:
            found[name] = "none"
    return found


def difference(here: dict[str, str], there: dict[str, str]) -> str:
    """What differs, as part of a sentence; "" where nothing does."""
    for name, own in here.items():
        other = there.get(name, "none")
        if other == own:
            continue
        return f"another {name}" if name == "musvid" else f"{name} {other} rather than {own}"
    return ""
