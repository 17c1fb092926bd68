"""Filling the gaps between frames.

Each file of this folder is one interpolator, named like the file, with the one function
``between(frames, factor)``: M frames in, ``(M - 1) * factor + 1`` frames out, the given frames
unchanged among them. A new file is a new interpolator; nothing else has to be told.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module

import numpy as np

from .. import _validate
from ..clock import MAX_FACTOR

Frame = np.ndarray  # uint8, (height, width, 3), RGB


DEFAULT = "blend"
"""The better one, by measurement (see README), and the fastest."""


@cache
def names() -> tuple[str, ...]:
    """The names of all interpolators, in alphabetical order."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def between(
    frames: Iterable[Frame], factor: int, *, interpolator: str = DEFAULT
) -> Iterator[Frame]:
    """Interpolate: ``(M - 1) * factor + 1`` frames from M frames, ends included.

    factor: 1 to 16; 1 passes the frames through.
    interpolator: a name from `names`.

    Raises SettingsError for an unknown interpolator or factor at once, and ValueError when a
    frame has another shape than the first.
    """
    _validate.whole("An interpolation factor", factor, 1, MAX_FACTOR)
    _validate.choice("interpolator", interpolator, names())
    checked = _same_shape(frames)
    if factor == 1:
        return checked
    fill: Callable[[Iterable[Frame], int], Iterator[Frame]]
    fill = import_module(f"{__name__}.{interpolator}").between
    return fill(checked, factor)


def _same_shape(frames: Iterable[Frame]) -> Iterator[Frame]:
    shape: tuple[int, ...] | None = None
    for frame in frames:
        shape = shape or frame.shape
        if frame.shape != shape:
            raise ValueError(f"All frames must have one shape; met {shape} and {frame.shape}.")
        yield frame
