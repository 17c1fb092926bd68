"""What a repository or a folder holds, as its small files tell: whether it can repaint pictures.

Nothing is loaded for it, and nothing large is downloaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from ..errors import ModelError, listed, quoted

INDEX = "model_index.json"  # what a diffusers model begins with
CONFIG = "config.json"  # what tells of a part of one
OTHERS = "such as sd-turbo, sdxl-turbo or sd15-lcm"  # what a sentence that refuses a model offers

# What AutoPipelineForImage2Image makes of these has a strength, an autoencoder and a scheduler that
# begins anywhere. Of the others, some paint pixels (DeepFloyd), some take no strength (Kontext),
# some have latents of another shape (Qwen-Image), and some fail at the first picture.
FAMILIES = re.compile(
    r"(StableDiffusion(XL|3)?|LatentConsistencyModel|Flux)(PAG)?(Img2Img)?Pipeline"
)

# Of a class that a config.json names: the first that is a part of the name.
_PARTS = {
    "ControlNet": "is a ControlNet, which --control adds to a model",
    "Adapter": "is an adapter, which goes with a model",
    "AutoencoderTiny": "is a tiny autoencoder, which --tiny-autoencoder takes",
    "Autoencoder": "is an autoencoder, which is one part of a model",
    "UNet": "is a denoiser, which is one part of a model",
    "Transformer": "is a denoiser, which is one part of a model",
    "Scheduler": "is a scheduler, which is one part of a model",
}
_PICKLED = (".bin", ".ckpt", ".pt", ".pth")


def check_family(name: str, index: object) -> None:
    """Raise ModelError where a model's model_index.json tells that it cannot repaint pictures.

    index: what the file holds.
    """
    family = index.get("_class_name") if isinstance(index, dict) else None
    if not isinstance(family, str) or not FAMILIES.fullmatch(family):
        raise ModelError(
            f"The model {name} is of a family that cannot repaint pictures here "
            f"({quoted(family)}); choose another, {OTHERS}, or any Stable Diffusion, SDXL, Stable "
            "Diffusion 3 or Flux model."
        )


def no_model(name: str, files: Iterable[str], config: object = None) -> ModelError:
    """The error for a repository or a folder without a model_index.json: it says what it is.

    files: their paths in it, with slashes. config: what its config.json holds, if anything.
    """
    what = _addition(list(files), config)
    return ModelError(f"{name} {what}; choose a diffusers model, {OTHERS}.")


def no_safetensors(name: str, part: str) -> ModelError:
    """The error for a model with a part whose weights are in no safe format."""
    return ModelError(
        f"The {part} of {name} comes without safetensors, and other weights can carry programs; "
        f"choose another model, {OTHERS}."
    )


def _addition(files: list[str], config: object) -> str:
    """What is there instead of a diffusers model, as the rest of a sentence."""
    known = config if isinstance(config, dict) else {}
    kind, architectures = known.get("_class_name"), known.get("architectures")
    if isinstance(kind, str):
        for part, what in _PARTS.items():
            if part in kind:
                return what
        return f"is one part of a model ({quoted(kind)})"
    top = [PurePosixPath(file) for file in files if "/" not in file]
    names = [path.name.lower() for path in top]
    if "adapter_config.json" in names or any(
        "lora" in name for name in names if name.endswith(".safetensors")
    ):
        return "is a LoRA, which --lora adds to a model"
    if any(name.startswith("learned_embeds") for name in names):
        return "is a textual inversion, which --embedding adds to a model"
    if isinstance(architectures, list) and architectures:
        return f"is a model for transformers ({quoted(architectures[0])}), which paints nothing"
    single = sorted(path.name for path in top if path.suffix == ".safetensors")
    if single:
        return (
            f"holds single files without a {INDEX} ({listed(single, 3)}): of a checkpoint of "
            "Stable Diffusion or SDXL, download the file and give its path"
        )
    suffixes = {PurePosixPath(file).suffix for file in files}
    if ".gguf" in suffixes:
        return "holds quantized files (.gguf), which musvid does not read"
    if suffixes & set(_PICKLED):
        return "holds no safetensors, and other weights can carry programs"
    return f"is not a diffusers model (it has no {INDEX})"
