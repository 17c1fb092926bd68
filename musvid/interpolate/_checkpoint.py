"""Weights of FLAVR: the released files, and safetensors of the same tensors.

The released `FLAVR_2x.pth`, `FLAVR_4x.pth` and `FLAVR_8x.pth` (https://github.com/tarun005/FLAVR)
are pickles. They are read as tensors and nothing else: a pickle that holds code is refused, and
nothing of it runs.
"""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..errors import ModelError
from ._network import FACTORS, Flavr

_NAME = re.compile(r"flavr_([248])x.*\.(pth|pt|safetensors)", re.IGNORECASE)
_MIXING = "mixing"  # what embedded networks say of themselves
_WIDEST = 512  # a hostile file must not be able to ask for any amount of memory


def load(path: str | os.PathLike[str]) -> Flavr:
    """The network in a file, in evaluation mode and float32, on the CPU.

    path: a checkpoint as it was released (a pickle with or without ``state_dict`` around it and
        ``module.`` before its names), or a .safetensors file of the same tensors. How many pictures
        it makes and how wide it is are told from the shapes.

    Raises ModelError when it is missing, damaged, holds anything but tensors, or is another
    network; nothing in the file is ever run.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"There is no FLAVR checkpoint {path}; check its name and folder.")
    tensors, facts = _read(path)
    network = _network_for(tensors, path, mixing=facts.get(_MIXING) == "true")
    network.load_state_dict(tensors)
    return network.float().eval()


def save(network: Flavr, path: Path) -> None:
    """Write a network's weights as safetensors, in half precision, so that `load` reads them."""
    tensors = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    new = path.with_name(path.name + ".part")
    save_file(tensors, new, {_MIXING: str(network.mixing).lower(), "format": "pt"})
    new.replace(path)


def files(path: str | os.PathLike[str]) -> dict[int, Path]:
    """The checkpoints that a path means, by factor.

    path: a file; or a folder of files named as the released ones are, ``FLAVR_4x.pth`` (or
        ``.pt``, ``.safetensors``; capitals do not matter).

    A file's own factor is not known before it is loaded: it stands under 0. Raises ModelError
    when there are none.
    """
    path = Path(path)
    if not path.is_dir():
        return {0: path}
    found: dict[int, Path] = {}
    for entry in sorted(path.iterdir()):
        if match := _NAME.fullmatch(entry.name):
            found.setdefault(int(match.group(1)), entry)
    if not found:
        raise ModelError(
            f"The folder {path} has no FLAVR checkpoints; they are named FLAVR_2x.pth, "
            "FLAVR_4x.pth or FLAVR_8x.pth."
        )
    return found


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a file under their plain names, and its metadata."""
    try:
        if path.suffix.lower() == ".safetensors":
            with safe_open(path, "pt") as file:
                names = file.keys()
                return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
        loaded: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise ModelError(
            f"{path.name} is not a FLAVR checkpoint: it is damaged, or holds more than tensors; "
            "what it holds was not run."
        ) from None
    except (SafetensorError, RuntimeError, ValueError, OSError, EOFError, KeyError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise ModelError(
            f"{path.name} cannot be read as a FLAVR checkpoint ({reason}); download it again."
        ) from None
    if isinstance(loaded, dict) and isinstance(loaded.get("state_dict"), dict):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, dict) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in loaded.items()
    ):
        raise ModelError(f"{path.name} is not a FLAVR checkpoint: it has no dictionary of tensors.")
    return {name.removeprefix("module."): value for name, value in loaded.items()}, {}


def _network_for(tensors: dict[str, Tensor], path: Path, *, mixing: bool) -> Flavr:
    """A network that these tensors fit. Raises ModelError that names what differs."""

    def wrong(what: str) -> ModelError:
        return ModelError(f"{path.name} is not a FLAVR checkpoint: {what}.")

    first, last = tensors.get("encoder.stem.0.weight"), tensors.get("outconv.1.weight")
    for name, value in (("encoder.stem.0.weight", first), ("outconv.1.weight", last)):
        if value is None:
            raise wrong(f"it has no tensor {name}")
    assert first is not None and last is not None
    width, made = (value.shape[0] if value.dim() else 0 for value in (first, last))
    told = Flavr.told(mixing)
    factor = made // told + 1
    if made % told or factor not in FACTORS:
        counts = ", ".join(str(told * (each - 1)) for each in FACTORS)
        raise wrong(f"outconv.1.weight has {made} outputs, not one of {counts}")
    if not 1 <= width <= _WIDEST:
        raise wrong(f"encoder.stem.0.weight has {width} channels")
    with torch.device("meta"):
        network = Flavr(factor, width=width, mixing=mixing)
    wanted = network.state_dict()
    for name, value in wanted.items():
        if name not in tensors:
            raise wrong(f"it has no tensor {name}, as a {factor}x network has")
        if tensors[name].shape != value.shape:
            have, want = (tuple(kind.shape) for kind in (tensors[name], value))
            raise wrong(f"{name} has the shape {have}, not {want}")
        if not tensors[name].is_floating_point():
            raise wrong(f"{name} holds {tensors[name].dtype}, not numbers with a fraction")
    if extra := [name for name in tensors if name not in wanted]:
        raise wrong(f"it has a tensor {extra[0]}, which a {factor}x network has not")
    return network.to_empty(device="cpu")
