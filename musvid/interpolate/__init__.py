"""Filling the gaps between frames.

Each file of this folder is one interpolator, named like the file, with the one function
``between(frames, factor)``: M frames in, ``(M - 1) * factor + 1`` frames out, the given frames
unchanged among them. A new file is a new interpolator; nothing else has to be told. One that
computes with a network has the keywords ``weights`` and ``device``, too.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from .. import _validate
from ..clock import MAX_FACTOR
from ..errors import ModelError, quoted
from ..frame import Frame, Light
from ..paint import models
from ..paint.course import Course
from ._names import AUTO as AUTO
from ._names import choices as choices
from ._names import chosen as chosen
from ._names import names as names
from ._retime import along as along
from ._retime import retime as retime

if TYPE_CHECKING:  # it imports OpenCV
    from .relight import Known, Response


def between(
    frames: Iterable[Frame],
    factor: int,
    *,
    interpolator: str = AUTO,
    painted: bool = False,
    light: Iterable[Light] | None = None,
    guides: Iterable[Light] | None = None,
    course: Course | None = None,
    known: Known | None = None,
    response: Response | None = None,
    weights: str | os.PathLike[str] | None = None,
    device: str = "auto",
) -> Iterator[Frame]:
    """Interpolate: ``(M - 1) * factor + 1`` frames from M frames, ends included.

    factor: 1 to 64; 1 leaves no gap to fill.
    interpolator: a name from `names`; or "auto", which is "flavr" for spectra and "blend" for
        paintings.
    painted: whether the frames are paintings.
    light, guides: of paintings, the light of the spectrum at the moment of every frame that comes
        out, by which it is lit, and the lights of their guides; see `musvid.interpolate.relight`.
    course: of paintings whose texture drifts, where the world stands; the frames are then painted
        canvases, and what comes out are the frames of the course's video, each of the painted size
        and cut at its own moment; the light is that of those moments, as
        `light_of` makes it of what drifts, and the guides' is needed.
    known: gives what an earlier call fitted to the same paintings and lights, or has it made; see
        `musvid.Store.fit`.
    response: how the paintings answer to light, where that is not to be fitted.
    weights: for "flavr", a checkpoint or a folder of them; by default what the environment variable
        MUSVID_FLAVR_WEIGHTS names, and else the embedded ones.
    device: for "flavr", "auto", "cpu", "cuda" or "mps".

    Raises at once SettingsError for an unknown interpolator or factor and ModelError for a
    checkpoint that cannot be loaded, and later ValueError when a frame has another shape than the
    first.
    """
    _validate.whole("An interpolation factor", factor, 1, MAX_FACTOR)
    _validate.choice("interpolator", interpolator, choices())
    fill = _filler(factor, interpolator, painted, weights, device)
    if course is not None:
        from . import _instep

        return _instep.between(
            frames,
            factor,
            course=course,
            fill=fill,
            light=light,
            guides=guides,
            known=known,
            response=response,
        )
    checked = _same_shape(frames)
    if light is None:
        return fill(checked, factor)
    from . import relight

    return relight.between(
        checked, factor, light=light, guides=guides, fill=fill, known=known, response=response
    )


def _filler(
    factor: int,
    interpolator: str,
    painted: bool,
    weights: str | os.PathLike[str] | None,
    device: str,
) -> Callable[[Iterable[Frame], int], Iterator[Frame]]:
    """The function that fills gaps. Raises what `between` raises at once."""
    if factor == 1:
        return lambda frames, _: iter(frames)
    fill: Callable[..., Iterator[Frame]]
    fill = import_module(f"{__name__}.{chosen(interpolator, painted=painted)}").between
    if "weights" not in inspect.signature(fill).parameters:
        return fill
    named = check_weights(weights)
    return partial(fill, weights=named and models.local(named), device=device)


def light_of(frame: Frame, *, drifting: bool = False) -> Light:
    """How bright a picture is where, see `musvid.interpolate.relight.light_of`.

    drifting: for paintings whose texture drifts, which need a finer light: of 2 x 2 pixels each.
    """
    from . import relight  # imports OpenCV

    return relight.light_of(frame, relight.FINE_CELL if drifting else relight.CELL)


def fingerprint(interpolator: str, weights: str | os.PathLike[str] | None = None) -> list[object]:
    """What tells this interpolator from the same code with other weights."""
    if interpolator not in ("flavr", AUTO):
        return []
    named = _named(weights)
    folder = models.WEIGHTS / "flavr" if named is None else models.local(named)
    return [] if folder is None else list(models.files_of(folder))


def _named(weights: str | os.PathLike[str] | None) -> str | None:
    """The checkpoint or folder that was asked for, if any."""
    return os.fspath(weights or "") or os.environ.get("MUSVID_FLAVR_WEIGHTS") or None


def check_weights(weights: str | os.PathLike[str] | None) -> str | None:
    """The checkpoint or folder that FLAVR is to use, see `between`; None for the embedded ones.

    Raises ModelError where there is no such file or folder.
    """
    named = _named(weights)
    if named is not None and models.local(named) is None:
        raise ModelError(
            f"There is no FLAVR checkpoint {quoted(named)}; check its name and folder."
        )
    return named


def _same_shape(frames: Iterable[Frame]) -> Iterator[Frame]:
    shape: tuple[int, ...] | None = None
    for frame in frames:
        shape = shape or frame.shape
        if frame.shape != shape:
            raise ValueError(f"All frames must have one shape; met {shape} and {frame.shape}.")
        yield frame
