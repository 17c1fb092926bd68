"""Loading diffusion models: from a name to a pipeline that is ready on its device.

Only safetensors are loaded. What was downloaded before is used without asking the hub, and
whatever goes wrong becomes one sentence.

torch, diffusers and transformers are imported by these functions, not by this module.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._device import BUILDING, free_memory, is_out_of_memory, pick_precision
from ..errors import Cancelled, MemoryExhausted, ModelError, SettingsError
from . import downloads
from .downloads import Told
from .families import INDEX, OTHERS, check_family, no_checkpoint
from .loras import Loras
from .models import Model, is_large, local, part_of, read_index
from .quiet import import_quietly
from .refusals import explained

if TYPE_CHECKING:
    import torch

_log = logging.getLogger(__name__)


def load(
    model: Model,
    tiny_autoencoder: bool | str,
    device: str,
    precision: str = "auto",
    loras: Loras = (),
    told: Told | None = None,
) -> Any:
    """The model's image-to-image pipeline, ready on the device.

    loras: are added to its weights. precision: what it computes in, see
        `musvid._device.pick_precision`. told: of what has to be downloaded, see
        `musvid.paint.downloads.fetch`.

    Several threads may load: they build one after the other, and download at the same time.
    """
    with BUILDING:
        try:
            if model.kind == "embedded" and not tiny_autoencoder:
                return _embedded(model, device, precision)
            return _load(model, tiny_autoencoder, device, precision, loras, told)
        except (SettingsError, ModelError, Cancelled):
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise MemoryExhausted(
                    f"The model {model.name} does not fit into the memory of the {device} device; "
                    "choose a smaller model, or --device cpu."
                ) from error
            raise _explain(error, model) from error


def _embedded(model: Model, device: str, precision: str) -> Any:
    import torch

    from .sketch import Sketch

    return Sketch(Path(model.source), device, getattr(torch, pick_precision(device, precision)))


@contextlib.contextmanager
def _others_build() -> Iterator[None]:
    """A context in which this thread waits for the hub, and others may build."""
    BUILDING.release()
    try:
        yield
    finally:
        BUILDING.acquire()


def _load(
    model: Model,
    tiny_autoencoder: bool | str,
    device: str,
    precision: str,
    loras: Loras,
    told: Told | None,
) -> Any:
    import torch

    import_quietly()
    import diffusers

    free_memory()  # of a painter that was there before
    tiny = _tiny(model, tiny_autoencoder)
    load = _load_file if model.kind == "file" else _load_pipeline
    pipe = load(
        model,
        lambda: getattr(torch, pick_precision(device, precision, large=is_large(model))),
        told,
    )
    dtype = pipe.dtype
    own: Loras = ((model.lora, 1.0),) if model.lora else ()
    if own or loras:
        _add(pipe, model, (*own, *loras), told)
    if tiny:
        options = {"dtype": dtype, "use_safetensors": True}
        pipe.vae = diffusers.AutoencoderTiny.from_pretrained(_fetch(tiny, told), **options)
    _check(pipe, model)
    _choose_scheduler(pipe, model)
    pipe.set_progress_bar_config(disable=True)
    pipe.to(device)
    for part in (getattr(pipe, "unet", None), pipe.vae):
        if part is not None:
            part.to(memory_format=torch.channels_last)
    return pipe


def _load_pipeline(model: Model, dtype: Callable[[], torch.dtype], told: Told | None) -> Any:
    """dtype: what to compute in, asked when the weights are there."""
    from diffusers import AutoPipelineForImage2Image

    options: dict[str, Any] = {"use_safetensors": True, "safety_checker": None}

    def load(source: str, **more: Any) -> Any:
        return AutoPipelineForImage2Image.from_pretrained(source, dtype=dtype(), **options, **more)

    if model.kind != "hub":
        check_family(model.name, read_index(Path(model.source)))
        return load(model.source)
    # What was downloaded before is used without asking the hub; half precision is half the
    # download, but not every repository has it.
    if (folder := _index_here(model)) is not None:
        check_family(model.name, read_index(folder))
        for variant in () if downloads.begun(model.source) else ("fp16", None):
            with contextlib.suppress(OSError, ValueError):
                return load(model.source, variant=variant, local_files_only=True)
    with _others_build():
        variant = downloads.pipeline(model, told)
    return load(model.source, variant=variant, local_files_only=True)


def _fetch(name: str, told: Told | None) -> str:
    """The folder of an addition to a model: the given one, or that in the hub's cache."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    folder = local(name)
    if folder is not None and folder.is_dir():
        return str(folder)
    try:
        if not downloads.begun(name):
            with contextlib.suppress(LocalEntryNotFoundError):
                # Without asking the hub: without a network, that would retry for half a minute.
                wanted = ["*.safetensors", "*.json"]
                return snapshot_download(name, allow_patterns=wanted, local_files_only=True)
        with _others_build():
            return downloads.addition(name, told)
    except (SettingsError, ModelError, Cancelled):
        raise
    except Exception as error:
        raise _explain(error, Model(name, name, "hub")) from error


def _add(pipe: Any, model: Model, loras: Loras, told: Told | None) -> None:
    """Add LoRAs to a pipeline's weights. Raises ModelError for one that does not fit."""
    if not hasattr(pipe, "load_lora_weights"):
        raise ModelError(
            f"The model {model.name} takes no LoRA; leave it out, or choose another model."
        )
    names = [f"lora{number}" for number in range(len(loras))]
    for name, (source, _) in zip(names, loras, strict=True):
        try:
            folder, file = _found(source, told)
            options = {"adapter_name": name, "use_safetensors": True, "local_files_only": True}
            pipe.load_lora_weights(folder, weight_name=file, **options)
            there = any(name in each for each in pipe.get_list_adapters().values())
        except (ModelError, Cancelled):
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            detail = " ".join(str(error).split())[:200]
            raise ModelError(
                f"The LoRA {source} does not fit {model.name}; choose one that was made for such "
                f"a model. ({detail})"
            ) from error
        if not there:
            raise ModelError(
                f"The LoRA {source} holds nothing for {model.name}; choose one that was made for "
                "such a model."
            )
    pipe.set_adapters(names, [weight for _, weight in loras])
    pipe.fuse_lora(adapter_names=names)
    pipe.unload_lora_weights()


def _found(lora: str, told: Told | None) -> tuple[str, str | None]:
    """The folder of a LoRA, and its file where it is known; of the hub, once it is here."""
    path = local(lora)
    if path is not None:
        return (str(path), None) if path.is_dir() else (str(path.parent), path.name)
    name, file = part_of(lora)
    return _fetch(name, told), file


def _check(pipe: Any, model: Model) -> None:
    """Raise ModelError for a pipeline that was loaded but cannot paint."""
    if "strength" not in inspect.signature(pipe.__call__).parameters:
        raise ModelError(
            f"The model {model.name} knows no strength, so it cannot repaint pictures; choose "
            f"another, {OTHERS}."
        )
    for name, part in pipe.components.items():
        # transformers makes an empty tokenizer, of no length, from files that are not there.
        if name.startswith("tokenizer") and part is not None and part.model_max_length > 10**6:
            raise ModelError(
                f"The model {model.name} has no {name}; repair it, or choose another, {OTHERS}."
            )


def _load_file(model: Model, dtype: Callable[[], torch.dtype], _told: Told | None) -> Any:
    """A single checkpoint in the layout of Stable Diffusion's own code.

    The parts that such a file lacks (configurations, tokenizer) come from a folder of the same
    name beside it, if there is one, and else from the hub.
    """
    from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline
    from safetensors import safe_open

    path = Path(model.source)
    with safe_open(path, framework="pt") as file:
        names = list(file.keys())
    if not any(name.startswith("model.diffusion_model.") for name in names):
        raise no_checkpoint(path.name, names)
    xl = any(name.startswith("conditioner.embedders.") for name in names)
    family = StableDiffusionXLImg2ImgPipeline if xl else StableDiffusionImg2ImgPipeline
    beside = path.with_suffix("")
    config = {"config": str(beside)} if (beside / "model_index.json").is_file() else {}
    return family.from_single_file(str(path), dtype=dtype(), safety_checker=None, **config)


def _tiny(model: Model, wish: bool | str) -> str | None:
    if not isinstance(wish, bool):
        return wish or None
    if wish and not model.tiny_autoencoder:
        raise SettingsError(
            f"The model table names no tiny autoencoder for {model.name}; leave it out, or give "
            "the hub id or folder of one."
        )
    return model.tiny_autoencoder if wish else None


# Step spacings of a scheduler's configuration that exclude timesteps of our own.
_PLAIN_SPACING = {
    "use_karras_sigmas": False,
    "use_exponential_sigmas": False,
    "use_beta_sigmas": False,
    "use_lu_lambdas": False,
    "timestep_type": "discrete",
}


def _choose_scheduler(pipe: Any, model: Model) -> None:
    """Give the pipeline a scheduler that can begin at any time, see `schedule.timesteps`."""
    import diffusers

    own = pipe.scheduler
    kind = getattr(diffusers, model.scheduler) if model.scheduler else type(own)
    # Ancestral sampling would add new noise at each step, and DDIM and PNDM know only their own
    # schedules; all three sample the process that Euler's method solves.
    settable = "timesteps" in inspect.signature(kind.set_timesteps).parameters
    if not settable and hasattr(own, "betas"):
        kind = diffusers.EulerDiscreteScheduler
    plain = {name: value for name, value in _PLAIN_SPACING.items() if name in own.config}
    if kind is not type(own) or any(own.config[name] != value for name, value in plain.items()):
        pipe.scheduler = kind.from_config({**own.config, **plain})


def _index_here(model: Model) -> Path | None:
    """The folder with the model_index.json of a hub model, where it was downloaded before."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(model.source, INDEX, local_files_only=True)).parent
    except LocalEntryNotFoundError:
        return None


def _explain(error: Exception, model: Model) -> ModelError:
    """One sentence for whatever the libraries raised while loading."""
    what = "The configuration for " if model.kind == "file" else ""
    if said := explained(error, model.source, what=what):
        return said
    detail = " ".join(str(error).split())[:300]
    return ModelError(
        f"The model {model.name[:100]} cannot be loaded; choose another, {OTHERS}. ({detail})"
    )


def parameters(pipe: Any) -> int:
    """The number of parameters of a pipeline's models."""
    models = (part for part in pipe.components.values() if hasattr(part, "parameters"))
    return sum(parameter.numel() for model in models for parameter in model.parameters())


def twin(pipe: Any) -> Any:
    """A pipeline with the same models and a scheduler of its own, for another thread."""
    other = copy.copy(pipe)
    other.scheduler = copy.deepcopy(pipe.scheduler)
    return other
