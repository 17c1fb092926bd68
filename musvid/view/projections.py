"""Projections: for every place of the picture, the place of the strip that is seen there.

Places of the picture are (x, y) from its middle, y down, in halves of its shorter side. Places of
the strip are (u, s): u from 0 at its left to 1 at its right, s from 0 at its foot to 1 at its top;
beyond these it goes on mirrored, without end, so that no projection has a seam or an empty corner.

A projection also tells how densely the strip is packed in the picture, by rows of the strip, so
that what is packed too densely for the picture's pixels is softened beforehand
(`musvid.view.sampling`): a middle without a fan of rays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .settings import FLAT, HORIZON, MANDALA, MOSAIC, RING, TUNNEL, View

Field = NDArray[np.float32]
Places = Callable[[Field, Field], tuple[Field, Field]]
Density = Callable[[Field], tuple[Field, Field]]

HOLE = 0.42
"""The radius of the disc in a ring, in halves of the shorter side."""

_SHINE = 0.45  # how far into the disc, of its radius, the ring's light falls
_CORE = 0.1  # the radius within which a tunnel's middle is one soft light
_SHINES = 0.9  # how much brighter that is: what is averaged there would be grey
_HAZE = 0.35  # how far before the horizon the ground stops converging


@dataclass(frozen=True)
class Projection:
    """places: from x and y, whose memory it may use, to u and s. density: for rows s of the strip
    (0 to 1), how many strip widths and strip heights lie in a unit of the picture there. cellar:
    how far (in strip heights) the strip goes on below its foot, mirrored and fading to black, where
    it ends; 0 mirrors without an end. shine: for rows s, by how much what is seen there is brighter
    than the strip; None where it is as bright."""

    places: Places
    density: Density
    cellar: float = 0.0
    shine: Callable[[Field], Field] | None = None


def projection(view: View, strip: tuple[int, int], shown: tuple[int, int]) -> Projection:
    """The projection of a resolved view.

    strip, shown: (width, height) of the strip and of the picture, in pixels.
    """
    half = min(shown) / 2
    reach = math.hypot(*shown) / 2 / half  # from the middle to a corner
    wide, high = shown[0] / half / 2, shown[1] / half / 2
    shape = strip[1] / strip[0]
    assert view.copies is not None and view.bend is not None
    copies, bend = float(view.copies), float(view.bend)
    if view.kind == FLAT:
        made = _flat(max(2 * wide, 2 * high / shape), shape)
    elif view.kind == MOSAIC:
        made = _mosaic(wide, high, shape)
    elif view.kind == TUNNEL:
        made = _tunnel(copies, bend, reach)
    elif view.kind == MANDALA:
        made = _mandala(copies, reach, shape)
    elif view.kind == HORIZON:
        made = _horizon(wide, high, bend)
    else:
        assert view.kind == RING
        made = _ring(copies, bend, reach)
    return made


def folds(view: View, *, symmetric: bool) -> int:
    """How often a turn of the whole picture shows the same picture: 1 where only a whole one does.

    symmetric: whether the right half of the strip mirrors the left one.
    """
    assert view.copies is not None
    if view.kind == MANDALA:
        return view.copies
    if view.kind in (TUNNEL, RING):  # every other copy is mirrored
        return view.copies if symmetric else view.copies // 2 if view.copies % 2 == 0 else 1
    return 2 if view.kind == MOSAIC or (view.kind == HORIZON and symmetric) else 1


def _flat(width: float, shape: float) -> Projection:
    """The strip as it is, so large that it covers the picture."""
    across, along = 1 / width, 1 / (width * shape)

    def places(x: Field, y: Field) -> tuple[Field, Field]:
        return _line(x, across, 0.5), _line(y, -along, 0.5)

    return Projection(places, _even(across, along))


def _mosaic(wide: float, high: float, shape: float) -> Projection:
    """Four mirrored quarters, each a whole strip."""
    width = max(wide, high / shape)
    across, along = 1 / width, 1 / (width * shape)

    def places(x: Field, y: Field) -> tuple[Field, Field]:
        return _line(x, across, 0), _line(y, along, 0)

    return Projection(places, _even(across, along))


def _tunnel(copies: float, bend: float, reach: float) -> Projection:
    """The strip bent around the middle; its top is in the corners.

    It goes round from the strip's middle to its middle, every other copy mirrored: so it closes.
    """

    held: list[Field] = []

    def places(x: Field, y: Field) -> tuple[Field, Field]:
        radius, angle = _polar(x, y, held)
        return _line(angle, copies / (2 * math.pi), 0.5), _power(radius, reach, bend)

    def density(s: Field) -> tuple[Field, Field]:
        radius = np.maximum(reach * s ** (1 / bend), 0.01)
        soft = 1 + (_CORE / radius) ** 2
        return soft * copies / (2 * math.pi * radius), bend * s / radius

    def shine(s: Field) -> Field:
        radius = reach * np.maximum(s, 0) ** (1 / bend)
        return _float(1 + _SHINES * np.exp(-((radius / _CORE) ** 2)))

    return Projection(places, density, shine=shine)


def _mandala(copies: float, reach: float, shape: float) -> Projection:
    """A kaleidoscope: wedges of the strip beside its axis, each mirrored, around the middle."""
    along = 1 / reach
    across, part = along * shape, math.pi / copies

    held: list[Field] = []

    def places(x: Field, y: Field) -> tuple[Field, Field]:
        radius, angle = _polar(x, y, held)
        cv2.polarToCart(radius, fold(angle, part), y, x)  # ahead into y, aside into x
        return _line(x, across, 0.5), _line(y, along, 0)

    return Projection(places, _even(across, along))


def _horizon(wide: float, high: float, bend: float) -> Projection:
    """The strip as ground and, mirrored, as sky; its foot is where they meet."""

    def places(x: Field, y: Field) -> tuple[Field, Field]:
        np.abs(y, out=y)
        x /= y + np.float32(_HAZE)
        return _line(x, (high + _HAZE) / (2 * wide), 0.5), _power(y, high, bend)

    def density(s: Field) -> tuple[Field, Field]:
        depth = high * s ** (1 / bend)
        across = (high + _HAZE) / (2 * wide) / (depth + _HAZE)
        # Beside the vanishing point, a row of the ground crosses the picture's rows.
        across *= np.hypot(1, 0.5 * wide / (depth + _HAZE))
        return across, bend * np.maximum(s, 1e-3) / np.maximum(depth, 1e-3)

    return Projection(places, density)


def _ring(copies: float, bend: float, reach: float) -> Projection:
    """The strip bent around a disc, in which its light ends."""
    room = reach - HOLE
    cellar = (_SHINE * HOLE / room) ** bend

    held: list[Field] = []

    def places(x: Field, y: Field) -> tuple[Field, Field]:
        radius, angle = _polar(x, y, held)
        radius -= np.float32(HOLE)
        s = _power(np.abs(radius), room, bend)
        np.maximum(np.copysign(s, radius, out=s), np.float32(-cellar), out=s)
        return _line(angle, copies / (2 * math.pi), 0.5), s

    def density(s: Field) -> tuple[Field, Field]:
        near = np.maximum(np.abs(s), 0.12)
        far = room * near ** (1 / bend)
        radius = np.maximum(HOLE + np.copysign(far, s), 0.02)
        steep = bend * near / far
        return _float(copies / (2 * math.pi * radius)), _float(steep)

    return Projection(places, density, cellar)


def _even(across: float, along: float) -> Density:
    return lambda s: (np.full_like(s, across), np.full_like(s, along))


def _polar(x: Field, y: Field, held: list[Field]) -> tuple[Field, Field]:
    """Radius, and angle clockwise from straight up, 0 to 2 pi.

    held: memory that is used again for the next frame: to get and return it takes as long as the
    work in it.
    """
    if not held:
        held += [np.empty_like(x), np.empty_like(x)]
    np.negative(y, out=y)
    cv2.cartToPolar(y, x, held[0], held[1])
    return held[0], held[1]


def _float(values: object) -> Field:
    return np.asarray(values, np.float32)


def _line(values: Field, slope: float, offset: float) -> Field:
    values *= np.float32(slope)
    if offset:
        values += np.float32(offset)
    return values


def _power(values: Field, most: float, power: float) -> Field:
    values *= np.float32(1 / most)
    return values if power == 1 else _float(cv2.pow(values, power, values))


def fold(
    values: Field,
    length: float,
    first: float = 0.0,
    last: float | None = None,
    *,
    desk: Field | None = None,
) -> Field:
    """Values brought between 0 and a length by mirrors at both, then laid from first to last.

    By default from 0 to the length. float32; the argument is changed. desk: memory to work in.
    """
    wide = (length if last is None else last) - first
    values *= np.float32(1 / (2 * length))
    values -= np.floor(values, out=desk)
    values -= np.float32(0.5)
    np.abs(values, out=values)
    values *= np.float32(-2 * wide)
    values += np.float32(first + wide)
    return values
