"""ControlNets, which hold a painting to a picture of its guide (Zhang et al., arXiv 2302.05543):
``edges:0.8``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import SettingsError, quoted

KINDS = ("edges", "soft-edges", "depth", "tile")
"""The pictures that control a painting, see `musvid.paint.conditions`."""

MOST = 4
SCALES = (0.0, 2.0)
"""The least and the largest scale."""

NETS: dict[str, dict[str, str]] = {
    "sd1": {
        "edges": "lllyasviel/control_v11p_sd15_canny",
        "soft-edges": "lllyasviel/control_v11p_sd15_softedge",
        "depth": "lllyasviel/control_v11f1p_sd15_depth",
        "tile": "lllyasviel/control_v11f1e_sd15_tile",
    },
    "sd2": {
        "edges": "thibaud/controlnet-sd21-canny-diffusers",
        "soft-edges": "thibaud/controlnet-sd21-hed-diffusers",
        "depth": "thibaud/controlnet-sd21-depth-diffusers",
    },
    "sdxl": {
        "edges": "diffusers/controlnet-canny-sdxl-1.0",
        "soft-edges": "TheMistoAI/MistoLine",
        "depth": "diffusers/controlnet-depth-sdxl-1.0",
        "tile": "xinsir/controlnet-tile-sdxl-1.0",
    },
}
"""By a model's family (see `musvid.paint.tensors`) and a kind: the hub id of its ControlNet."""

_NUMBER = r"\s*[-+]?(?:\d+\.?\d*|\.\d+)\s*"
_FORM = re.compile(
    rf"(?:(?P<kind>[A-Za-z -]+)=)?(?P<source>.*?)(?::(?P<scale>{_NUMBER}))?"
    rf"(?::(?P<start>{_NUMBER})-(?P<end>{_NUMBER}))?",
    re.ASCII | re.DOTALL,
)


@dataclass(frozen=True)
class Control:
    """One ControlNet, and how much it counts.

    kind: one of `KINDS`. source: a hub id, a folder or a .safetensors file; "" is that of `NETS`.
    scale: 0 to 2, by which what it adds to the UNet is multiplied.
    start, end: 0 to 1, the part of a painting's steps in which it counts.
    """

    kind: str
    source: str = ""
    scale: float = 1.0
    start: float = 0.0
    end: float = 1.0

    def counts(self, step: int, steps: int) -> bool:
        """Whether it counts in a step of so many, as diffusers' pipelines have it."""
        return self.scale > 0 and step / steps >= self.start and (step + 1) / steps <= self.end


def parse(text: str) -> tuple[Control, ...]:
    """The ControlNets of a text: ``KIND[=SOURCE][:SCALE][:START-END]``, parted by ``|``.

    Raises SettingsError for an unknown kind, for numbers out of range, and for too many.
    """
    found = [_one(part.strip()) for part in text.split("|") if part.strip()]
    if len(found) > MOST:
        raise SettingsError(f"There are at most {MOST} ControlNets at a time; leave some out.")
    return tuple(found)


def _one(text: str) -> Control:
    parts = _FORM.fullmatch(text)
    assert parts, "it takes any text"
    kind, source = parts["kind"], parts["source"].strip()
    if kind is None:
        kind, source = source, ""
    kind = kind.strip().lower().replace(" ", "-")
    if kind not in KINDS:
        raise SettingsError(
            f"{quoted(text)} names no control picture; write one of {', '.join(KINDS)}, and for a "
            "ControlNet of your own edges=FOLDER or edges=owner/name."
        )
    scale, start, end = (
        default if parts[name] is None else float(parts[name])
        for name, default in (("scale", 1.0), ("start", 0.0), ("end", 1.0))
    )
    if not SCALES[0] <= scale <= SCALES[1]:
        raise SettingsError(
            f"The scale of a ControlNet must be from {SCALES[0]:g} to {SCALES[1]:g}, not {scale:g}."
        )
    if not 0 <= start < end <= 1:
        raise SettingsError(
            f"A ControlNet counts from a start to a later end within 0 and 1, not from {start:g} "
            f"to {end:g}."
        )
    return Control(kind, source, scale, start, end)


def net(control: Control, family: str | None) -> str:
    """The hub id, folder or file of a ControlNet for a model of a family; "" where that is not
    known yet.

    Raises SettingsError where `NETS` has none for the family.
    """
    if control.source or family is None:
        return control.source
    if control.kind not in (known := NETS.get(family, {})):
        raise SettingsError(
            f"There is no usual ControlNet for {control.kind} with such a model; choose one of "
            f"{', '.join(known)}, or name one, as in {control.kind}=owner/name."
        )
    return known[control.kind]
