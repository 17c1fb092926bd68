"""What weights are of, told by their tensors' names and shapes: no weight is read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from ..errors import ModelError
from .families import OTHERS
from .models import Model, snapshot

Shapes = dict[str, list[int]]
"""The shape of each tensor, by its name."""

_MOST = 100_000_000  # bytes of a header, as safetensors itself has it


class Kind(NamedTuple):
    """What a file of weights holds.

    name: "checkpoint", "lora", "controlnet", "embedding", "autoencoder", "unet", or "other".
    family: of a checkpoint, see `family`; "sd3" and "flux", too. inpaints: whether its UNet takes a
    mask beside the picture.
    """

    name: str
    family: str | None = None
    inpaints: bool = False


# The width of the texts that a UNet attends to, in each family.
_WIDTHS = {768: "sd1", 1024: "sd2", 2048: "sdxl", 1280: "sdxl"}  # the last is SDXL's refiner
_ATTENDED = re.compile(r"model\.diffusion_model\.input_blocks\..*\.attn2\.to_k\.weight")
_MARKS = (
    ("lora", re.compile(r"lora_(unet|te\d?)_|.*\.lora[._]?(down|up|A|B|linear)\b|.*\.hada_w1")),
    ("controlnet", re.compile(r"control_model\.|controlnet_|input_hint_block")),
    ("embedding", re.compile(r"emb_params$|string_to_param|clip_[lg]$|<[^>]*>$")),
    ("unet", re.compile(r"(unet\.)?down_blocks\.\d+\.attentions|transformer_blocks\.\d")),
    ("autoencoder", re.compile(r"(first_stage_model\.)?(encoder|decoder)\.(conv_in|layers|mid)")),
)


def shapes(path: Path) -> Shapes:
    """The tensors of a .safetensors file. Raises OSError or ValueError where it is none."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if size > _MOST:
            raise ValueError("its header is too long")
        header = json.loads(file.read(size))
    header.pop("__metadata__", None)
    return {name: list(facts["shape"]) for name, facts in header.items()}


def kind_of(tensors: Shapes) -> Kind:
    """What a file holds."""
    begun = [name for name in tensors if name.startswith("model.diffusion_model.")]
    if begun:
        if any(".joint_blocks." in name for name in begun):
            return Kind("checkpoint", "sd3")
        if any(".double_blocks." in name for name in begun):
            return Kind("checkpoint", "flux")
        widths = [tensors[name][1] for name in begun if _ATTENDED.fullmatch(name)]
        family = _WIDTHS.get(widths[0]) if widths else None
        if family is None and any(name.startswith("conditioner.embedders.") for name in tensors):
            family = "sdxl"
        first = tensors.get("model.diffusion_model.input_blocks.0.0.weight", [0, 4])
        return Kind("checkpoint", family, inpaints=first[1] == 9)
    for name, mark in _MARKS:
        if any(mark.match(tensor) for tensor in tensors):
            return Kind(name)
    return Kind("other")


def kind_in(path: Path) -> Kind | None:
    """What a file holds; None where it cannot be read as .safetensors."""
    try:
        return kind_of(shapes(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def family(model: Model) -> str | None:
    """Whose additions fit a model: "sd1", "sd2" (SD-Turbo, too) or "sdxl"; None for any other, and
    for a model of the hub that is not here and not in the table."""
    if model.family or model.kind == "embedded":
        return model.family
    path = Path(model.source)
    try:
        if model.kind == "file":
            return kind_of(shapes(path)).family
        if model.kind == "hub":
            path = snapshot(model.source)
        config = json.loads((path / "unet" / "config.json").read_text(encoding="utf-8"))
        return _WIDTHS.get(config["cross_attention_dim"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def checkpoint(path: Path) -> Kind:
    """What a checkpoint of Stable Diffusion's own layout holds.

    Raises ModelError where it is none that can repaint pictures.
    """
    found = kind_in(path)
    if found is None:
        raise ModelError(f"{path.name} cannot be read as a .safetensors file; get it again.")
    what = _WHAT.get(found.name)
    if found.name == "checkpoint" and found.family in ("sd3", "flux"):
        what = "is a checkpoint of another family, which musvid takes as a folder or hub id"
    elif found.inpaints:
        what = "is a checkpoint that fills masks, and repaints no pictures"
    if what:
        raise ModelError(f"{path.name} {what}; choose another file, or a model, {OTHERS}.")
    return found


_WHAT = {
    "lora": "is a LoRA, which --lora adds to a model",
    "controlnet": "is a ControlNet, which --control adds to a model",
    "embedding": "is a textual inversion, which --embedding adds to a model",
    "unet": "is a denoiser, which is one part of a model",
    "autoencoder": "is an autoencoder, which is one part of a model",
    "other": "is no Stable Diffusion checkpoint",
}
