"""LoRAs put to a loaded model: into its weights, or beside them where they follow the music."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..errors import ModelError
from .loras import Lora, Loras, parse
from .models import Model
from .refusals import told_by

Find = Callable[[str], tuple[str, str | None]]
"""Gives the folder of an addition by its name, and its file in that where it is known."""

_STEADY, _CHANGING = "steady", "changing"


def add(pipe: Any, model: Model, text: str, find: Find) -> None:
    """Add a model's own LoRA, and those of a text, to a pipeline.

    Those whose weight is one number become a part of the weights, at no cost later. The others
    stand beside these, see `weigh`.

    Raises ModelError for a model that takes none, and for a LoRA that does not fit it.
    """
    named = parse(text)
    own: Loras = (Lora(model.lora),) if model.lora else ()
    if steady := (*own, *(lora for lora in named if not lora.by)):
        names = _add(pipe, model, steady, _STEADY, find)
        pipe.set_adapters(names, [lora.weight for lora in steady])
        pipe.fuse_lora(adapter_names=names)
        pipe.unload_lora_weights()
    if changing := tuple(lora for lora in named if lora.by):
        _add(pipe, model, changing, _CHANGING, find)
        weigh(pipe, [lora.weight for lora in changing])


def weigh(pipe: Any, weights: Sequence[float]) -> None:
    """Have the LoRAs that follow the music count so much, in their order."""
    names = [f"{_CHANGING}{number}" for number in range(len(weights))]
    pipe.set_adapters(names, list(weights))


def retold(pipe: Any) -> bool:
    """Whether the LoRAs beside a pipeline's weights change what its text encoders say."""
    return any(part.startswith("text_encoder") for part in pipe.get_list_adapters())


def _add(pipe: Any, model: Model, loras: Loras, kind: str, find: Find) -> list[str]:
    """Put LoRAs beside a pipeline's weights, by names of a kind, which it returns."""
    if not hasattr(pipe, "load_lora_weights"):
        raise ModelError(
            f"The model {model.name} takes no LoRA; leave it out, or choose another model."
        )
    names = [f"{kind}{number}" for number in range(len(loras))]
    for name, source in zip(names, (lora.name for lora in loras), strict=True):
        with told_by(partial(_misfit, source, model.name)):
            folder, file = find(source)
            options = {"adapter_name": name, "use_safetensors": True, "local_files_only": True}
            pipe.load_lora_weights(folder, weight_name=file, **options)
            there = any(name in each for each in pipe.get_list_adapters().values())
        if not there:
            raise ModelError(
                f"The LoRA {source} holds nothing for {model.name}; choose one that was made for "
                "such a model."
            )
    return names


def _misfit(lora: str, model: str, detail: str) -> str:
    return (
        f"The LoRA {lora} does not fit {model}; choose one that was made for such a model. "
        f"({detail})"
    )
