"""ControlNets loaded, and put beside the UNet of a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..errors import ModelError, quoted
from .control import Control, net
from .models import Model, local
from .refusals import told_by
from .tensors import family, kind_in


def controlled(
    pipe: Any, model: Model, controls: Sequence[Control], fetch: Callable[[str], str]
) -> Any:
    """A pipeline of the same parts with ControlNets.

    fetch: the folder of a hub id, downloaded where it is not there.

    Raises ModelError for a model that takes none, and for a ControlNet that does not fit it.
    """
    import diffusers

    name = type(pipe).__name__.replace("Img2Img", "ControlNetImg2Img")
    kind = getattr(diffusers, name, None)
    if not name.startswith("StableDiffusion") or not hasattr(pipe, "unet") or kind is None:
        raise ModelError(
            f"The model {model.name} takes no ControlNet; leave it out, or choose a Stable "
            "Diffusion 1.x, 2.x or SDXL model."
        )
    known = family(model)
    nets = []
    for each in controls:
        source = net(each, known)
        if not source:
            raise ModelError(
                f"The model {model.name} is of no family whose ControlNets are known; name one, as "
                f"in {each.kind}=owner/name."
            )
        nets.append(_net(source, pipe, model, fetch))
    made = kind.from_pipe(pipe, controlnet=nets, dtype=pipe.dtype)
    made.taught = getattr(pipe, "taught", {})  # see `teaching`
    return made


def _net(source: str, pipe: Any, model: Model, fetch: Callable[[str], str]) -> Any:
    """One ControlNet, of the type of a pipeline. Raises ModelError where it does not fit."""
    from diffusers import ControlNetModel

    path = local(source)
    with told_by(
        lambda detail: (
            f"The ControlNet {source} cannot be loaded; give a folder or hub id in "
            f"diffusers' layout. ({detail})"
        )
    ):
        if path is not None and path.is_file():
            _check_file(path)
            made = ControlNetModel.from_single_file(str(path), dtype=pipe.dtype)
        else:
            folder = Path(path or fetch(source))
            half = any(folder.glob("*.fp16.safetensors"))
            made = ControlNetModel.from_pretrained(
                folder,
                dtype=pipe.dtype,
                use_safetensors=True,
                local_files_only=True,
                **({"variant": "fp16"} if half else {}),
            )
    wants, has = made.config, pipe.unet.config
    alike = ("cross_attention_dim", "block_out_channels", "in_channels", "addition_embed_type")
    if any(wants.get(each) != has.get(each) for each in alike):
        raise ModelError(
            f"The ControlNet {source} does not fit {model.name}; choose one that was made for such "
            "a model."
        )
    return made


def _check_file(path: Path) -> None:
    """Raises ModelError for a file that holds something else."""
    found = kind_in(path)
    if found is None:
        raise ModelError(
            f"{quoted(path.name)} is no .safetensors file; other files can carry programs, so "
            "convert it."
        )
    if found.name != "controlnet":
        raise ModelError(f"{quoted(path.name)} holds no ControlNet; choose another file.")
