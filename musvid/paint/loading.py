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
import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._device import BUILDING, is_out_of_memory, pick_precision
from ..errors import MemoryExhausted, ModelError, SettingsError
from .control import Control
from .loras import Loras
from .models import (
    INDEX,
    Model,
    check_family,
    is_large,
    local,
    part_of,
    read_index,
    repository,
)
from .nets import controlled
from .schedulers import SCHEDULERS
from .tensors import checkpoint

if TYPE_CHECKING:
    import torch

_log = logging.getLogger(__name__)


def load(
    model: Model,
    tiny_autoencoder: bool | str,
    device: str,
    precision: str = "auto",
    loras: Loras = (),
    controls: Sequence[Control] = (),
    scheduler: str | None = None,
) -> Any:
    """The model's image-to-image pipeline, ready on the device.

    loras: are added to its weights. controls: whose networks stand beside its UNet. scheduler: a
        name of `SCHEDULERS`, by default its own. precision: what it computes in, see
        `musvid._device.pick_precision`.

    Several threads may load: they build one after the other, and download at the same time.
    """
    with BUILDING:
        try:
            if model.kind == "embedded" and not tiny_autoencoder:
                return _embedded(model, device, precision)
            pipe = _load(model, tiny_autoencoder, device, precision, loras)
            _choose_scheduler(pipe, model, scheduler)
            if controls:
                pipe = controlled(pipe, model, controls, _fetch)
            return _placed(pipe, device)
        except (SettingsError, ModelError):
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
    model: Model, tiny_autoencoder: bool | str, device: str, precision: str, loras: Loras
) -> Any:
    import torch
    import transformers

    # These libraries report, as warnings, what musvid does on purpose (no safety checker for
    # abstract pictures, PIL image processors). What goes wrong is an exception and becomes a
    # ModelError.
    transformers.utils.logging.set_verbosity_error()
    import diffusers

    diffusers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    diffusers.utils.logging.disable_progress_bar()

    warnings.filterwarnings("ignore", category=FutureWarning, module="diffusers")
    # Of several LoRAs, which are meant.
    warnings.filterwarnings("ignore", message="Already found a `peft_config`", module="peft")

    tiny = _tiny(model, tiny_autoencoder)
    load = _load_file if model.kind == "file" else _load_pipeline
    pipe = load(
        model, lambda: getattr(torch, pick_precision(device, precision, large=is_large(model)))
    )
    dtype = pipe.dtype
    own: Loras = ((model.lora, 1.0),) if model.lora else ()
    if own or loras:
        _add(pipe, model, (*own, *loras))
    if tiny:
        options = {"dtype": dtype, "use_safetensors": True}
        pipe.vae = diffusers.AutoencoderTiny.from_pretrained(_fetch(tiny), **options)
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


def _load_pipeline(model: Model, dtype: Callable[[], torch.dtype]) -> Any:
    """dtype: what to compute in, asked when the weights are there."""
    from diffusers import AutoPipelineForImage2Image

    options: dict[str, Any] = {"use_safetensors": True, "safety_checker": None}

    def load(source: str, **more: Any) -> Any:
        return AutoPipelineForImage2Image.from_pretrained(source, dtype=dtype(), **options, **more)

    if model.kind != "hub":
        check_family(model, read_index(Path(model.source)))
        return load(model.source)
    # What was downloaded before is used without asking the hub; half precision is half the
    # download, but not every repository has it.
    if (folder := _index_here(model)) is not None:
        check_family(model, read_index(folder))
        for variant in ("fp16", None):
            with contextlib.suppress(OSError, ValueError):
                return load(model.source, variant=variant, local_files_only=True)
    with _others_build():
        _announce(model)
        variant = _download(model)
    return load(model.source, variant=variant, local_files_only=True)


def _download(model: Model) -> str | None:
    """Download a pipeline of the hub; the variant of its weights that there is."""
    from diffusers import DiffusionPipeline

    options: dict[str, Any] = {"use_safetensors": True, "safety_checker": None}
    try:
        DiffusionPipeline.download(model.source, variant="fp16", **options)
    except ValueError as error:
        if "variant" not in str(error):
            raise
        DiffusionPipeline.download(model.source, **options)
        return None
    return "fp16"


def _fetch(name: str) -> str:
    """The folder of an addition to a model: the given one, or that in the hub's cache."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    folder = local(name)
    if folder is not None and folder.is_dir():
        return str(folder)
    wanted = ["*.safetensors", "*.json"]
    try:
        with contextlib.suppress(LocalEntryNotFoundError):
            # Without asking the hub: without a network, that would retry for half a minute.
            return snapshot_download(name, allow_patterns=wanted, local_files_only=True)
        with _others_build():
            return snapshot_download(name, allow_patterns=wanted)
    except Exception as error:
        raise _explain(error, Model(name, name, "hub")) from error


def _add(pipe: Any, model: Model, loras: Loras) -> None:
    """Add LoRAs to a pipeline's weights. Raises ModelError for one that does not fit."""
    if not hasattr(pipe, "load_lora_weights"):
        raise ModelError(
            f"The model {model.name} takes no LoRA; leave it out, or choose another model."
        )
    names = [f"lora{number}" for number in range(len(loras))]
    for name, (source, _) in zip(names, loras, strict=True):
        try:
            folder, file = _found(source)
            options = {"adapter_name": name, "use_safetensors": True, "local_files_only": True}
            pipe.load_lora_weights(folder, weight_name=file, **options)
            there = any(name in each for each in pipe.get_list_adapters().values())
        except ModelError:
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


def _found(lora: str) -> tuple[str, str | None]:
    """The folder of a LoRA, and its file where it is known; of the hub, once it is here."""
    path = local(lora)
    if path is not None:
        return (str(path), None) if path.is_dir() else (str(path.parent), path.name)
    name, file = part_of(lora)
    return _fetch(name), file


def _check(pipe: Any, model: Model) -> None:
    """Raise ModelError for a pipeline that was loaded but cannot paint."""
    if "strength" not in inspect.signature(pipe.__call__).parameters:
        raise ModelError(
            f"The model {model.name} knows no strength, so it cannot repaint pictures; choose an "
            "image-to-image model."
        )
    for name, part in pipe.components.items():
        # transformers makes an empty tokenizer, of no length, from files that are not there.
        if name.startswith("tokenizer") and part is not None and part.model_max_length > 10**6:
            raise ModelError(f"The model {model.name} has no {name}; choose another, or repair it.")


def _load_file(model: Model, dtype: Callable[[], torch.dtype]) -> Any:
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


def _announce(model: Model) -> None:
    """Ask the hub for a model, and say how large its download is before it begins.

    Only its small model_index.json is fetched. Raises ModelError where that tells that the model
    cannot repaint pictures, and where there is no room for it.
    """
    from huggingface_hub import HfApi, hf_hub_download

    # One question with a time limit first: the download itself would retry for half a minute.
    files = HfApi().model_info(model.source, files_metadata=True, timeout=15).siblings or []
    if not any(file.rfilename == INDEX for file in files):
        raise ModelError(
            f"{model.source} is not a diffusers model (it has no {INDEX}); choose another."
        )
    check_family(model, read_index(Path(hf_hub_download(model.source, INDEX)).parent))
    # The weights of a pipeline lie in folders; single checkpoints beside them are not taken.
    sizes = {f.rfilename: f.size or 0 for f in files if "/" in f.rfilename}
    sizes = {name: size for name, size in sizes.items() if name.endswith(".safetensors")}
    half = {name: size for name, size in sizes.items() if ".fp16." in name}
    size = model.download or sum((half or sizes).values()) / 1e9
    check_room(model, size)
    _log.info(
        "Downloading %s (about %.1f GB) from the Hugging Face Hub, this once.", model.source, size
    )


def check_room(model: Model, size: float) -> None:
    """Raise ModelError where the hub's cache has no room for a download of so many gigabytes."""
    from huggingface_hub.constants import HF_HUB_CACHE

    folder = Path(HF_HUB_CACHE)
    there = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
    free = shutil.disk_usage(there).free / 1e9
    blobs = (repository(model.source) / "blobs").glob("*")  # of a download that was broken off
    begun = sum(blob.stat().st_size for blob in blobs if blob.is_file()) / 1e9
    if size - begun > free:
        raise ModelError(
            f"{model.source} takes {size:.1f} GB, and in {folder} {free:.1f} GB are free; free "
            "some space, or name another folder with HF_HOME."
        )


def _explain(error: Exception, model: Model) -> ModelError:
    """One sentence for whatever the libraries raised while loading."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any(isinstance(link, GatedRepoError) for link in chain):
        return ModelError(
            f"{model.source} asks for consent to its licence; accept it on its page at "
            "huggingface.co and log in with 'hf auth login'."
        )
    if any(isinstance(link, RepositoryNotFoundError) for link in chain):
        return ModelError(
            f"There is no model {model.source} on the Hugging Face Hub; check its name."
        )
    offline = (
        "TransportError",
        "ConnectionError",
        "LocalEntryNotFoundError",
        "OfflineModeIsEnabled",
    )
    if any(base.__name__ in offline for link in chain for base in type(link).__mro__):
        what = "The configuration for " if model.kind == "file" else ""
        return ModelError(
            f"{what}{model.source} cannot be downloaded, because the Hugging Face Hub cannot be "
            "reached; connect to the internet for its first use, or paint with --model sketch, "
            "which needs no download."
        )
    detail = " ".join(str(error).split())[:300]
    return ModelError(f"The model {model.name[:100]} cannot be loaded; choose another. ({detail})")


def parameters(pipe: Any) -> int:
    """The number of parameters of a pipeline's models."""
    models = (part for part in pipe.components.values() if hasattr(part, "parameters"))
    return sum(parameter.numel() for model in models for parameter in model.parameters())


def twin(pipe: Any) -> Any:
    """A pipeline with the same models and a scheduler of its own, for another thread."""
    other = copy.copy(pipe)
    other.scheduler = copy.deepcopy(pipe.scheduler)
    return other
