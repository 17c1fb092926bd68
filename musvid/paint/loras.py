"""Low-rank additions to a model (LoRA; Hu et al., arXiv 2106.09685): ``file.safetensors:0.8``.

A weight may follow the music, as settings do (see `musvid.music.modulation`):
``file.safetensors:0.2 by onsets:0.6:0.1``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import PurePath

from ..errors import SettingsError, quoted
from ..music.modulation import CURVES, Modulation
from ..ranges import RANGES

MOST = 8
WEIGHTS = (-4.0, 4.0)
"""The least and the largest weight."""

_FINE = 32  # parts of a weight that are told apart, so that frames are painted together


@dataclass(frozen=True)
class Lora:
    """One addition.

    name: a file, folder or hub id. weight: how much it counts. by: how its weight follows the
    music; the sum is clipped to `WEIGHTS`.
    """

    name: str
    weight: float = 1.0
    by: Modulation = field(default_factory=Modulation)


Loras = tuple[Lora, ...]


def parse(text: str) -> Loras:
    """The additions of a text: names, each with ``:WEIGHT`` behind it or not, and with ``by
    SOURCE:AMOUNT:SMOOTHING`` behind that or not, parted by ``|``.

    A name is a ``.safetensors`` file, a folder, a hub id (``owner/name``), or a hub id with one of
    its files (``owner/name/file.safetensors``). Without a weight, it is 1.

    Raises SettingsError for a file of another kind, for a weight that is none of `WEIGHTS`, for one
    that follows nothing, and for too many.
    """
    found = [_one(part.strip()) for part in text.split("|") if part.strip()]
    if len(found) > MOST:
        raise SettingsError(f"There are at most {MOST} LoRAs at a time; leave some out.")
    return tuple(found)


def rounded(weight: float) -> float:
    """A weight that changes, as it is painted with."""
    return round(max(WEIGHTS[0], min(WEIGHTS[1], weight)) * _FINE) / _FINE


def may_run(name: str) -> bool:
    """Whether a file is of a kind that can carry a program."""
    return PurePath(name).suffix in (".bin", ".pt", ".pth", ".ckpt")


def _one(text: str) -> Lora:
    text, by = _followed(text)
    name, parted, number = text.rpartition(":")
    try:
        weight = float(number)
    except ValueError:
        name, parted = "", ""  # a colon of a path
    if not parted or not name:
        name, weight = text, 1.0
    if not (math.isfinite(weight) and WEIGHTS[0] <= weight <= WEIGHTS[1]):
        least, most = WEIGHTS
        raise SettingsError(
            f"The weight of the LoRA {quoted(name)} must be from {least:g} to {most:g}, not "
            f"{number.strip()[:20]}."
        )
    if may_run(name):
        raise SettingsError(
            f"The LoRA {quoted(name)} is no .safetensors file; other files can carry programs, so "
            "convert it."
        )
    return Lora(name, weight, by)


def _followed(text: str) -> tuple[str, Modulation]:
    """A name with its weight, and what that follows. A path, too, may have a " by " in it."""
    name, parted, told = text.rpartition(" by ")
    source = told.split(":", 1)[0].strip()
    if not parted or source not in CURVES:
        return text, Modulation()
    by = Modulation.parse(told.strip())
    RANGES["strength_by.amount"].check("amount", by.amount)
    return name.strip(), by
