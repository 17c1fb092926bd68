"""Low-rank additions to a model (LoRA; Hu et al., arXiv 2106.09685): ``file.safetensors:0.8``."""

from __future__ import annotations

import math
from pathlib import PurePath

from ..errors import SettingsError, quoted

Loras = tuple[tuple[str, float], ...]
"""Files, folders or hub ids, and how much each counts."""

MOST = 8
WEIGHTS = (-4.0, 4.0)
"""The least and the largest weight."""


def parse(text: str) -> Loras:
    """The additions of a text: names, each with ``:WEIGHT`` behind it or not, parted by ``|``.

    A name is a ``.safetensors`` file, a folder, a hub id (``owner/name``), or a hub id with one of
    its files (``owner/name/file.safetensors``). Without a weight, it is 1.

    Raises SettingsError for a file of another kind, for a weight that is none of `WEIGHTS`, and for
    too many.
    """
    found = [_one(part.strip()) for part in text.split("|") if part.strip()]
    if len(found) > MOST:
        raise SettingsError(f"There are at most {MOST} LoRAs at a time; leave some out.")
    return tuple(found)


def _one(text: str) -> tuple[str, float]:
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
    if PurePath(name).suffix in (".bin", ".pt", ".pth", ".ckpt"):
        raise SettingsError(
            f"The LoRA {quoted(name)} is no .safetensors file; other files can carry programs, so "
            "convert it."
        )
    return name, weight
