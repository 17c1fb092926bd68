"""How the strip is seen: the settings."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from .. import _validate
from ..errors import SettingsError, quoted
from ..ranges import RANGES
from . import formats

FLAT, MOSAIC, TUNNEL, MANDALA, HORIZON, RING = KINDS = (
    "flat",
    "mosaic",
    "tunnel",
    "mandala",
    "horizon",
    "ring",
)
"""The views, see `musvid.view.projections`."""

MIDDLE, RIM = FEET = ("middle", "rim")

_OWN: dict[str, dict[str, float]] = {
    FLAT: {"copies": 2, "bend": 1.0, "turn": 0, "sway": 0, "pulse": 0}
    | {"exposure": 0, "glow": 0, "vignette": 0, "grain": 0, "contrast": 0},
    MOSAIC: {"copies": 2, "bend": 1.0, "turn": 0, "sway": 0.15, "pulse": 0.2}
    | {"exposure": 0.8, "glow": 0.35, "vignette": 0.3, "grain": 0.08, "contrast": 0.2},
    TUNNEL: {"copies": 3, "bend": 0.7, "turn": 1.5, "sway": 0.2, "pulse": 0.3}
    | {"exposure": 0.8, "glow": 0.45, "vignette": 0.3, "grain": 0.08, "contrast": 0.2},
    MANDALA: {"copies": 6, "bend": 1.0, "turn": 0.75, "sway": 0, "pulse": 0.2}
    | {"exposure": 0.55, "glow": 0.3, "vignette": 0.35, "grain": 0.08, "contrast": 0.25},
    HORIZON: {"copies": 2, "bend": 0.6, "turn": 0, "sway": 0.3, "pulse": 0.2}
    | {"exposure": 0.8, "glow": 0.5, "vignette": 0.25, "grain": 0.08, "contrast": 0.2},
    RING: {"copies": 2, "bend": 1.0, "turn": 1.0, "sway": 0.1, "pulse": 0.35}
    | {"exposure": 0.8, "glow": 0.5, "vignette": 0.3, "grain": 0.08, "contrast": 0.2},
}

S = TypeVar("S", "View", "Camera", "Finish")


def _resolved(settings: S, kind: str) -> S:
    """The same settings with every None replaced by the view's own."""
    own = _OWN[kind]
    left: dict[str, Any] = {
        entry.name: own[entry.name]
        for entry in fields(settings)
        if entry.name in own and getattr(settings, entry.name) is None
    }
    return replace(settings, **left)


def _check(part: str, settings: object, *names: str) -> None:
    for name in names:
        if (value := getattr(settings, name)) is not None:
            RANGES[f"{part}.{name}"].check(name, value)


@dataclass(frozen=True)
class View:
    """How the strip is bent. None stands for the view's own, see `resolve`.

    kind: a name from `KINDS`.
    copies: 2 to 12; how often the strip is there around the middle (tunnel, mandala, ring).
    foot: where the strip's foot, its low pitches, is: in the "middle" of the picture or at its
        "rim". A flat picture has it at the bottom.
    bend: 0.2 to 2; how the strip is spread from middle to rim: 1 is evenly, below it the middle is
        deep (tunnel, horizon, ring).
    shown: (width, height) of the file in pixels, even numbers; None is the painted size times
        upscale.
    cover: the path of a picture file that is shown in the disc of a ring (`musvid.view.cover`).
        Settings that are stored hold its name only, and settings that are read show no file.
    """

    kind: str = FLAT
    copies: int | None = None
    foot: str = MIDDLE
    bend: float | None = None
    shown: tuple[int, int] | None = None
    cover: str | None = None

    def __post_init__(self) -> None:
        _validate.choice("view", self.kind, KINDS)
        _validate.choice("foot", self.foot, FEET)
        _check("view", self, "copies", "bend")
        if self.shown is not None:
            object.__setattr__(self, "shown", _sides(self.shown))
        if self.cover is not None:
            if isinstance(self.cover, os.PathLike):
                object.__setattr__(self, "cover", os.fspath(self.cover))
            _validate.text("cover", self.cover)

    def resolve(self) -> View:
        """The same view with every None but `shown` and `cover` replaced by a number."""
        return _resolved(self, self.kind)


@dataclass(frozen=True)
class Camera:
    """How what is seen moves. None stands for the view's own, see `resolve`.

    zoom: 0.25 to 4; 1 shows the picture as it is, 2 its middle twice as large.
    turn: -60 to 60 turns a minute, clockwise.
    sway: 0 to 1; how far the picture wanders, slowly, whatever is heard.
    shake: 0 to 1; how much it trembles where notes begin.
    pulse: 0 to 1; how much it is enlarged where notes begin: at 1 by a quarter.
    """

    zoom: float = 1.0
    turn: float | None = None
    sway: float | None = None
    shake: float = 0.0
    pulse: float | None = None

    def __post_init__(self) -> None:
        if self.zoom is None or self.shake is None:
            raise SettingsError("zoom and shake must be numbers; leave them out for their default.")
        _check("camera", self, "zoom", "turn", "sway", "shake", "pulse")

    def resolve(self, kind: str) -> Camera:
        """The same camera with every None replaced by what suits a view."""
        return _resolved(self, kind)

    @property
    def moves(self) -> bool:
        """Whether the picture moves, or is shown larger or smaller."""
        return self.zoom != 1 or bool(self.turn or self.sway or self.shake or self.pulse)

    @property
    def listens(self) -> bool:
        """Whether it follows the music."""
        return bool(self.shake or self.pulse)


@dataclass(frozen=True)
class Finish:
    """What is done to the picture at last, each 0 to 1. None stands for the view's own.

    exposure: how much dark pictures are lit up and bright ones held back, softly: nothing burns.
    glow: how much bright places shine into what is around them.
    vignette: how much the rim is darkened. grain: how strong film grain is.
    contrast: how much darks and lights are driven apart.
    flash_limit: whether flashes are damped where there are too many, see `musvid.view.flashes`.
    """

    exposure: float | None = None
    glow: float | None = None
    vignette: float | None = None
    grain: float | None = None
    contrast: float | None = None
    flash_limit: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.flash_limit, bool):
            raise SettingsError(
                f"flash_limit must be true or false, not {quoted(self.flash_limit)}."
            )
        _check("finish", self, "exposure", "glow", "vignette", "grain", "contrast")

    def resolve(self, kind: str) -> Finish:
        """The same finish with every None replaced by what suits a view."""
        return _resolved(self, kind)

    @property
    def changes(self) -> bool:
        """Whether anything is done to every picture."""
        return bool(self.exposure or self.glow or self.vignette or self.grain or self.contrast)


Looks = tuple[View, Camera, Finish]


def suited(looks: Looks, kind: str) -> Looks:
    """Resolved looks as they suit another view: what was the old one's own is the new one's."""
    view, camera, finish = looks
    old, new = _OWN[view.kind], _OWN[kind]

    def own(settings: S) -> S:
        known = [entry.name for entry in fields(settings) if entry.name in old]
        changed: dict[str, Any] = {
            name: new[name] for name in known if getattr(settings, name) == old[name]
        }
        return replace(settings, **changed)

    return replace(own(view), kind=kind), own(camera), own(finish)


def parse_shown(text: str) -> tuple[int, int]:
    """A size in pixels: a side, ``WIDTHxHEIGHT``, or a ratio such as ``9:16``, see `formats.ratio`.

    Raises SettingsError if it is no good one.
    """
    if found := formats.ratio(text):
        return _sides(found)
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.strip().isdecimal() and len(side) < 9 for side in sides):
        raise SettingsError(
            f"shown must be a side such as 1080, WIDTHxHEIGHT such as 1080x1920, or a ratio such "
            f"as 9:16, not {quoted(text)}."
        )
    return _sides((int(sides[0]), int(sides[-1])))


def _sides(value: object) -> tuple[int, int]:
    if isinstance(value, str):
        return parse_shown(value)
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise SettingsError(f"shown must be a width and a height, not {quoted(value)}.")
    for side in value:
        RANGES["shown"].check("shown", side)
        if side % 2:
            raise SettingsError(f"The sides of a video must be even; {side} is not.")
    return value[0], value[1]
