"""The names of the interpolators."""

from __future__ import annotations

import pkgutil
from functools import cache
from pathlib import Path

AUTO = "auto"
"""For each side of painting the one that is better there (figures: tests/benchmarks/README.md)."""


_ON_TOP = "relight"  # works on what any interpolator made


@cache
def names() -> tuple[str, ...]:
    """The names of all interpolators, in alphabetical order."""
    found = (module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return tuple(sorted(name for name in found if not name.startswith("_") and name != _ON_TOP))


def choices() -> tuple[str, ...]:
    """What a recipe may ask for: `AUTO`, and all names."""
    return (AUTO, *names())


def chosen(interpolator: str, *, painted: bool) -> str:
    """The name of the interpolator that a choice means, for paintings or for spectra."""
    if interpolator != AUTO:
        return interpolator
    return "blend" if painted else "flavr"
