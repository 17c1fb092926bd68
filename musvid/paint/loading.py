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
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._device import BUILDING, is_out_of_memory, pick_precision, release_memory
from ..errors import Cancelled, MemoryExhausted, ModelError, SettingsError
from . import adapters, control, downloads, inversions
from .downloads import Told
from .families import INDEX, OTHERS, check_family
from .models import Model, is_large, local, part_of, read_index, snapshot
from .nets import controlled
from .quiet import import_quietly
from .refusals import detail, explained
from .schedulers import SCHEDULERS
from .teaching import teach
from .tensors import checkpoint

if TYPE_CHECKING:
    import torch

    from .style import Style

_log = logging.getLogger(__name__)


def load(
    model: Model, style: Style, device: str, precision: str = "auto", told: Told | None = None
) -> Any:
    """The model's image-to-image pipeline, ready on the device.

    style: with which of its additions: the tiny autoencoder, the LoRAs, words that it is taught,
        ControlNets beside its UNet, and the scheduler.
    precision: what it computes in, see `musvid._device.pick_precision`. told: of what has to be
        downloaded, see `musvid.paint.downloads.fetch`.

    Several threads may load: they build one after the other, and download at the same time.
    """
    with BUILDING:
        try:
            if model.kind == "embedded" and not style.tiny_autoencoder:
                return _embedded(model, device, precision)
            pipe = _load(model, style, device, precision, told)
            _choose_scheduler(pipe, model, style.scheduler)
            if controls := control.parse(style.control):
                pipe = controlled(pipe, model, controls, partial(_fetch, told=told))
            return _placed(pipe, device)
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


def _load(model: Model, style: Style, device: str, precision: str, told: Told | None) -> Any:
    """The model with its additions, where it was loaded."""
    import torch

    import_quietly()
    import diffusers

    release_memory()  # of a painter that was there before
    tiny = _tiny(model, style.tiny_autoencoder)
    load = _load_file if model.kind == "file" else _load_pipeline
    pipe = load(
        model,
        lambda: getattr(torch, pick_precision(device, precision, large=is_large(model))),
        told,
    )
    dtype = pipe.dtype
    found = partial(_found, told=told)
    adapters.add(pipe, model, style.lora, found)
    for source in inversions.parse(style.embedding):
        teach(pipe, model, source, *found(source))
    if tiny:
        options = {"dtype": dtype, "use_safetensors": True}
        pipe.vae = diffusers.AutoencoderTiny.from_pretrained(_fetch(tiny, told), **options)
    _check(pipe, model)
    return pipe


def _placed(pipe: Any, device: str) -> Any:
    """The pipeline on its device, with pictures pixel by pixel in memory."""
    import torch

    pipe.set_progress_bar_config(disable=True)
    pipe.to(device)
    for name in ("unet", "vae", "controlnet"):
        if (part := getattr(pipe, name, None)) is not None:
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
    folder = local(name)
    if folder is not None and folder.is_dir():
        return str(folder)
    if downloads.here(name):  # without asking the hub
        return str(snapshot(part_of(name)[0]))
    try:
        with _others_build():
            return downloads.addition(name, told)
    except (SettingsError, ModelError, Cancelled):
        raise
    except Exception as error:
        raise _explain(error, Model(name, name, "hub")) from error


def _found(addition: str, told: Told | None) -> tuple[str, str | None]:
    """The folder of an addition, and its file where it is known; of the hub, once it is here."""
    path = local(addition)
    if path is not None:
        return (str(path), None) if path.is_dir() else (str(path.parent), path.name)
    return _fetch(addition, told), part_of(addition)[1]


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
    import diffusers

    path = Path(model.source)
    kind = "StableDiffusionXL" if checkpoint(path).family == "sdxl" else "StableDiffusion"
    beside = path.with_suffix("")
    config = {"config": str(beside)} if (beside / "model_index.json").is_file() else {}
    load = getattr(diffusers, f"{kind}Img2ImgPipeline").from_single_file
    return load(str(path), dtype=dtype(), safety_checker=None, **config)


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


def _choose_scheduler(pipe: Any, model: Model, name: str | None) -> None:
    """Give the pipeline a scheduler that can begin at any time, see `schedule.timesteps`.

    name: of `SCHEDULERS`, where one is wished for. Raises ModelError where it does not fit.
    """
    import diffusers

    own = pipe.scheduler
    if name is not None:
        if not hasattr(own, "betas"):
            raise ModelError(
                f"The scheduler {name} does not fit {model.name}, whose noise is of another kind; "
                "leave it out."
            )
        wished, told = SCHEDULERS[name]
        config = {**own.config, **_plain(own), **told}
        pipe.scheduler = getattr(diffusers, wished).from_config(config)
        return
    kind = getattr(diffusers, model.scheduler) if model.scheduler else type(own)
    # Ancestral sampling would add new noise at each step, and DDIM and PNDM know only their own
    # schedules; all three sample the process that Euler's method solves.
    settable = "timesteps" in inspect.signature(kind.set_timesteps).parameters
    if not settable and hasattr(own, "betas"):
        kind = diffusers.EulerDiscreteScheduler
    plain = _plain(own)
    if kind is not type(own) or any(own.config[name] != value for name, value in plain.items()):
        pipe.scheduler = kind.from_config({**own.config, **plain})


def _plain(scheduler: Any) -> dict[str, object]:
    """What its configuration must say for it to take timesteps of our own."""
    return {name: value for name, value in _PLAIN_SPACING.items() if name in scheduler.config}


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
    return ModelError(
        f"The model {model.name[:100]} cannot be loaded; choose another, {OTHERS}. "
        f"({detail(error)})"
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
