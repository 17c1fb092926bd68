"""Settings that change along a song, by curves: the setting's name, and the curve.

::

    strength = 0.4 + kick:0.3
    zoom = 1 + lfo(1/2, sine, 0.1)

A line, or what stands before a semicolon, is one setting; see `musvid.music.curves` for the curve.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from ..errors import SettingsError, quoted
from . import curves
from .curves import Curve

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "strength": "style.strength",
        "guidance": "style.guidance",
        "control_scale": "style.control_scale",
        "seed": "style.seed",
        "prompt": "prompt.place",
        "drift": "drift.speed",
        "echo": "echo",
        "zoom": "camera.zoom",
        "turn": "camera.turn",
        "sway": "camera.sway",
        "shake": "camera.shake",
        "pulse": "camera.pulse",
        "exposure": "finish.exposure",
        "glow": "finish.glow",
        "vignette": "finish.vignette",
        "grain": "finish.grain",
        "contrast": "finish.contrast",
    }
)
"""What may change, as the command line names it, and its name in `musvid.ranges.RANGES`.

The seed's curve is the seed itself, between whole numbers a mixture of two noises. The prompt's is
the place in the list of prompts: 0 is the first one, 0.5 half of it and of the second.
"""

CAMERA = ("zoom", "turn", "sway", "shake", "pulse")
FINISH = ("exposure", "glow", "vignette", "grain", "contrast")
SHOWN = (*CAMERA, *FINISH)
"""Those that change how a video is shown, and repaint nothing."""

_MOST = 4_000_000  # characters of all curves together
_LINE = re.compile(r"\s*([A-Za-z_-]+)\s*=(.*)", re.ASCII | re.DOTALL)


@lru_cache(maxsize=64)
def parse(text: str) -> Mapping[str, Curve]:
    """The curves of a text, by the names in `SETTINGS`.

    Raises SettingsError for a line that is none, and for a setting that is unknown or there twice.
    """
    if len(text) > _MOST:
        raise SettingsError(
            f"Curves have at most {_MOST} characters in all, and these have {len(text)}; leave "
            "out keyframes on a straight line."
        )
    found: dict[str, Curve] = {}
    for line in re.split(r"[;\n]", text):
        if not line.strip():
            continue
        parts = _LINE.fullmatch(line)
        if not parts:
            shown = line.strip()[:60]
            raise SettingsError(
                f"{quoted(shown)} is no curve of a setting; write one such as zoom = 1 + bass:0.2."
            )
        name = parts[1].replace("-", "_").lower()
        if name not in SETTINGS:
            raise SettingsError(
                f"{quoted(parts[1])} does not change along a song; what does is "
                f"{', '.join(SETTINGS)}."
            )
        if name in found:
            raise SettingsError(f"There are two curves for {name}; leave out one of them.")
        found[name] = curves.parse(parts[2].strip())
    return MappingProxyType(found)


def check(text: object) -> str:
    """Curves as they are written: a line for each. Raises SettingsError as `parse` does."""
    if not isinstance(text, str):
        raise SettingsError(
            f"curves must be a text such as zoom = 1 + bass:0.2, not {quoted(text)}."
        )
    return written(parse(text))


def written(by_name: Mapping[str, Curve]) -> str:
    """Curves as a text that `parse` reads."""
    return "\n".join(f"{name} = {' '.join(curve.text.split())}" for name, curve in by_name.items())


def joined(text: str, more: Mapping[str, str]) -> str:
    """Curves, of which some are others now; what is empty is left out."""
    texts = {name: curve.text for name, curve in parse(text).items()} | dict(more)
    return check("\n".join(f"{name} = {curve}" for name, curve in texts.items() if curve.strip()))
