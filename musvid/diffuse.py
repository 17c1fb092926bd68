"""Frames through a diffusion model, image to image.

One code path for every model: diffusers' `AutoPipelineForImage2Image` loads it, the prompt is
encoded once, every frame starts from the same noise (so that paintings of similar frames are
similar), and the result does not depend on how frames are batched.

torch and diffusers are imported when a model is loaded, not before.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import logging
import os
import queue
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validate, models
from .errors import MemoryExhausted, ModelError, SettingsError

if TYPE_CHECKING:
    import torch

Frame = np.ndarray  # uint8, (height, width, 3), RGB

SYMMETRIES = ("half", "none")
DEVICES = ("auto", "cpu", "cuda", "mps")

# Parameters below which a frame is too little work for several cores (sketch has 6 million, the
# smallest Stable Diffusion 1000 million).
_SMALL = 50_000_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Style:
    """How frames are painted. A setting that is None is the model's own; see `resolve`.

    model: a name, hub id, folder or file, see `musvid.models.find`.
    prompt, negative_prompt: what to paint, and what not (the latter needs guidance above 1).
    strength: 0 to 1, how far a painting leaves its frame. 0 is the frame itself, without any
        model; 1 hardly knows the frame any more.
    steps: denoising steps per painting, run in full whatever the strength.
    guidance: 1 to 30, classifier-free guidance scale (Ho and Salimans, arXiv 2207.12598); 1 is
        none, and half the work.
    seed: 0 to 2^32 - 1; the noise that all frames share.
    symmetry: "half" paints the left half and a margin over the axis, and mirrors it: exactly
        symmetric, without a seam, in about half the time; "none" paints the whole frame.
    tiny_autoencoder: whether to use the model's small, fast autoencoder (TAESD), where the model
        table names one; or the hub id or folder of one.
    """

    model: str = "sketch"
    prompt: str | None = None
    negative_prompt: str = ""
    strength: float | None = None
    steps: int | None = None
    guidance: float | None = None
    seed: int = 0
    symmetry: str | None = None
    tiny_autoencoder: bool | str = False

    def __post_init__(self) -> None:
        _validate.text("model", self.model, 4096)
        _validate.text("negative prompt", self.negative_prompt)
        _validate.whole("seed", self.seed, 0, 2**32 - 1)
        if self.prompt is not None:
            _validate.text("prompt", self.prompt)
        if self.strength is not None:
            _validate.number("strength", self.strength, 0, 1)
        if self.steps is not None:
            _validate.whole("steps", self.steps, 1, 200)
        if self.guidance is not None:
            _validate.number("guidance", self.guidance, 1, 30)
        if self.symmetry is not None:
            _validate.choice("symmetry", self.symmetry, SYMMETRIES)
        if not isinstance(self.tiny_autoencoder, bool):
            _validate.text("tiny autoencoder", self.tiny_autoencoder, 4096)

    def resolve(self) -> Style:
        """The same style with every None replaced by the model's default.

        Raises SettingsError for an unknown model.
        """
        model = models.find(self.model)
        defaults = {
            name: getattr(model, name)
            for name in ("prompt", "strength", "steps", "guidance", "symmetry")
            if getattr(self, name) is None
        }
        return replace(self, **defaults)


def diffuse(
    frames: Iterable[Frame], style: Style, *, painter: Painter | None = None, device: str = "auto"
) -> Iterator[Frame]:
    """Paint frames: as many frames out as in, of the same shape.

    painter: a loaded model to use again; by default one is loaded now (not at the first frame),
        unless the strength is 0, which loads nothing and passes the frames through.
    device: "auto", "cpu", "cuda" or "mps"; ignored when a painter is given.

    Raises SettingsError, ModelError or MemoryExhausted.
    """
    style = style.resolve()
    if style.strength == 0:
        return iter(frames)
    return (painter or Painter(style, device=device)).paint(frames, style)


def pick_device(device: str = "auto") -> str:
    """The device that a name means here. Raises SettingsError when it is not available."""
    _validate.choice("device", device, DEVICES)
    # OpenMP threads that spin while they wait stall each other as soon as any other process
    # (ffmpeg, encoding) wants a core: a painting then takes ten times as long on two cores.
    # Read when torch is first imported; whoever sets it otherwise is obeyed.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    here = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        return next(name for name, there in here.items() if there)
    if not here[device]:
        raise SettingsError(f"This machine has no {device} device; use --device auto or cpu.")
    return device


class Painter:
    """A loaded model.

    style: whose model and tiny autoencoder to load.
    device: see `pick_device`. On a GPU the model runs in half precision, on the CPU in float32.
    batch: frames painted at once; 1 on the CPU and 8 on a GPU by default. It is halved whenever
        the memory does not suffice.

    A small model on the CPU paints one frame per core at a time instead of all cores working on
    one frame, which costs less waiting and does not change the result.

    Raises SettingsError for an unknown model, ModelError when it cannot be loaded.
    """

    def __init__(self, style: Style, *, device: str = "auto", batch: int | None = None) -> None:
        self.model = models.find(style.model)
        self.device = pick_device(device)
        if batch is not None:
            _validate.whole("batch", batch, 1, 256)
        self.batch = batch or (1 if self.device == "cpu" else 8)
        self._pipe = _load(self.model, style.tiny_autoencoder, self.device)
        self._encoded: tuple[tuple[str, str, bool], dict[str, Any]] | None = None
        small = _parameters(self._pipe) < _SMALL
        self._workers = min(_cores(), 8) if self.device == "cpu" and small else 1

    def paint(self, frames: Iterable[Frame], style: Style) -> Iterator[Frame]:
        """Paint frames with this model in a style (of which the model is not looked at again)."""
        style = style.resolve()
        prompt = self._prompt(style)
        source = iter(frames)
        if self.batch == 1 and self._workers > 1:
            yield from self._paint_abreast(source, style, prompt)
            return
        while group := list(islice(source, self.batch)):
            yield from self._paint(self._pipe, group, style, prompt, threads=_cores())

    def _paint_abreast(
        self, source: Iterator[Frame], style: Style, prompt: dict[str, Any]
    ) -> Iterator[Frame]:
        """Paint in several threads, each with one core and a pipeline of its own."""
        idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(self._workers):
            idle.put(_twin(self._pipe))

        def paint(frame: Frame) -> Frame:
            pipe = idle.get()
            try:
                return self._paint(pipe, [frame], style, prompt, threads=1)[0]
            finally:
                idle.put(pipe)

        with ThreadPoolExecutor(self._workers) as pool:
            due: deque[Future[Frame]] = deque()
            try:
                for frame in source:
                    due.append(pool.submit(paint, frame))
                    if len(due) == self._workers:
                        yield due.popleft().result()
                while due:
                    yield due.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _paint(
        self, pipe: Any, frames: list[Frame], style: Style, prompt: dict[str, Any], *, threads: int
    ) -> list[Frame]:
        import torch

        if self.device == "cpu" and torch.get_num_threads() != threads:
            torch.set_num_threads(threads)  # of this thread
        try:
            return _call(pipe, frames, style, prompt)
        except (RuntimeError, MemoryError) as error:
            if not _is_out_of_memory(error):
                raise
        if len(frames) == 1:
            height, width = frames[0].shape[:2]
            raise MemoryExhausted(
                f"Painting {width}x{height} pixels needs more memory than the {self.device} device "
                "has; choose a smaller --size, a smaller model, or --device cpu."
            )
        self.batch = (len(frames) + 1) // 2
        return [
            painting
            for half in (frames[: self.batch], frames[self.batch :])
            for painting in self._paint(pipe, half, style, prompt, threads=threads)
        ]

    def _prompt(self, style: Style) -> dict[str, Any]:
        """What tells the pipeline the prompt: for one frame, encoded where the family allows."""
        guided = style.guidance > 1
        key = (style.prompt, style.negative_prompt, guided)
        if self._encoded is None or self._encoded[0] != key:
            self._encoded = (key, _encode(self._pipe, *key))
        return self._encoded[1]


def _call(pipe: Any, frames: list[Frame], style: Style, prompt: dict[str, Any]) -> list[Frame]:
    """Paint a batch of frames with a pipeline; the prompt is that of one frame."""
    import torch

    images = np.stack(frames)
    width = images.shape[2]
    half = style.symmetry == "half"
    if half:
        images = images[:, :, : _half_width(width)]
    with torch.inference_mode():
        pixels = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
        result = pipe(
            image=pixels.to(pipe.dtype) / 255,
            guidance_scale=style.guidance,
            # One generator per frame, all with the same seed: the same noise for every frame.
            generator=[torch.Generator().manual_seed(style.seed) for _ in frames],
            output_type="pt",
            **_schedule(pipe, style),
            **_repeat(prompt, len(frames)),
        ).images
        painted = (torch.nan_to_num(result.float()) * 255).round().clamp(0, 255)
        painted = painted.to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    if half:
        left = painted[:, :, : width // 2]
        painted = np.concatenate([left, left[:, :, ::-1]], axis=2)
    return list(painted)


def _cores() -> int:
    """The processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _parameters(pipe: Any) -> int:
    """The number of parameters of a pipeline's models."""
    models = (part for part in pipe.components.values() if hasattr(part, "parameters"))
    return sum(parameter.numel() for model in models for parameter in model.parameters())


def _twin(pipe: Any) -> Any:
    """A pipeline with the same models and a scheduler of its own, for another thread."""
    twin = copy.copy(pipe)
    twin.scheduler = copy.deepcopy(pipe.scheduler)
    return twin


def _half_width(width: int) -> int:
    """Columns to paint for a half: 16 or more beyond the axis, and a multiple of 8."""
    return min(width, (width // 2 + 16 + 7) // 8 * 8)


def _encode(pipe: Any, prompt: str, negative: str, guided: bool) -> dict[str, Any]:
    import torch

    text = {"prompt": prompt, **({"negative_prompt": negative} if guided else {})}
    names = (
        "prompt_embeds",
        "negative_prompt_embeds",
        "pooled_prompt_embeds",
        "negative_pooled_prompt_embeds",
    )
    accepted = inspect.signature(pipe.__call__).parameters
    if "prompt_embeds" not in accepted or "encode_prompt" not in dir(pipe):
        return text
    options = {"device": pipe._execution_device, "num_images_per_prompt": 1, **text}
    options["do_classifier_free_guidance"] = guided
    known = inspect.signature(pipe.encode_prompt).parameters
    with torch.inference_mode():
        made = pipe.encode_prompt(
            **{name: value for name, value in options.items() if name in known}
        )
    # Stable Diffusion answers with two tensors, SDXL and SD 3 with four, in this order; families
    # that answer differently encode the text themselves for every batch.
    if not isinstance(made, tuple) or len(made) not in (2, 4):
        return text
    return {
        name: value
        for name, value in zip(names, made, strict=False)
        if value is not None and name in accepted
    }


def _repeat(prompt: dict[str, Any], count: int) -> dict[str, Any]:
    """The prompt of one frame for `count` frames."""
    return {
        name: [value] * count
        if isinstance(value, str)
        else value.repeat(count, *[1] * (value.dim() - 1))
        for name, value in prompt.items()
    }


def timesteps(strength: float, steps: int, *, train_steps: int = 1000, grid: int = 1) -> list[int]:
    """The times at which a painting is denoised: evenly from ``strength * train_steps`` down.

    diffusers itself would run ``int(steps * strength)`` of the steps of a full schedule, which
    for few steps knows few different strengths, and 0 steps is an error. Beginning the schedule
    where the strength says makes every strength a picture of its own.

    grid: keep to multiples of this, minus one (consistency models are trained on such times).

    Returns at most `steps` different times, falling, each within [0, train_steps - 1].
    """
    times = (strength * train_steps * (1 - step / steps) for step in range(steps))
    snapped = {min(max(round(time / grid), 1) * grid, train_steps) - 1 for time in times}
    return sorted(snapped, reverse=True)


def _schedule(pipe: Any, style: Style) -> dict[str, Any]:
    """The arguments that make a pipeline run `style.steps` steps from `style.strength` on."""
    scheduler = pipe.scheduler
    settable = "timesteps" in inspect.signature(scheduler.set_timesteps).parameters
    if settable and "timesteps" in inspect.signature(pipe.__call__).parameters:
        train_steps = scheduler.config.num_train_timesteps
        original = scheduler.config.get("original_inference_steps")
        grid = train_steps // original if original else 1
        times = timesteps(style.strength, style.steps, train_steps=train_steps, grid=grid)
        return {"timesteps": times, "strength": 1.0}
    # Families with a schedule of another kind (flow matching): so many steps in all that the
    # last `steps` of them begin as near to the strength as they can.
    total = max(style.steps, round(style.steps / style.strength))
    return {
        "num_inference_steps": total,
        "strength": (style.steps + 0.5) / total if total > style.steps else 1.0,
    }


def _is_out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "out of memory" in text
        or "can't allocate memory" in text
    )


def _load(model: models.Model, tiny_autoencoder: bool | str, device: str) -> Any:
    """The model's image-to-image pipeline, ready on the device."""
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

    dtype = torch.float32 if device == "cpu" else torch.float16
    try:
        pipe = _load_file(model, dtype) if model.kind == "file" else _load_pipeline(model, dtype)
        if model.lora:
            pipe.load_lora_weights(model.lora)
            pipe.fuse_lora()
            pipe.unload_lora_weights()
        if name := _tiny(model, tiny_autoencoder):
            pipe.vae = diffusers.AutoencoderTiny.from_pretrained(name, torch_dtype=dtype)
        _choose_scheduler(pipe, model)
        pipe.set_progress_bar_config(disable=True)
        pipe.to(device)
        for part in (getattr(pipe, "unet", None), pipe.vae):
            if part is not None:
                part.to(memory_format=torch.channels_last)
    except SettingsError:
        raise
    except Exception as error:
        if _is_out_of_memory(error):
            raise MemoryExhausted(
                f"The model {model.name} does not fit into the memory of the {device} device; "
                "choose a smaller model, or --device cpu."
            ) from error
        raise _explain(error, model) from error
    return pipe


def _load_pipeline(model: models.Model, dtype: torch.dtype) -> Any:
    from diffusers import AutoPipelineForImage2Image

    options: dict[str, Any] = {"dtype": dtype, "use_safetensors": True, "safety_checker": None}
    load = AutoPipelineForImage2Image.from_pretrained
    if model.kind != "hub":
        return load(model.source, **options)
    # What was downloaded before is used without asking the hub; half precision is half the
    # download, but not every repository has it.
    for variant in ("fp16", None):
        with contextlib.suppress(OSError, ValueError):
            return load(model.source, variant=variant, local_files_only=True, **options)
    _announce(model)
    try:
        return load(model.source, variant="fp16", **options)
    except ValueError as error:
        if "variant" not in str(error):
            raise
    return load(model.source, **options)


def _load_file(model: models.Model, dtype: torch.dtype) -> Any:
    """A single checkpoint in the layout of Stable Diffusion's own code.

    The parts that such a file lacks (configurations, tokenizer) come from a folder of the same
    name beside it, if there is one, and else from the hub.
    """
    from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline
    from safetensors import safe_open

    path = Path(model.source)
    with safe_open(path, framework="pt") as file:
        xl = any(name.startswith("conditioner.embedders.") for name in file.keys())  # noqa: SIM118
    family = StableDiffusionXLImg2ImgPipeline if xl else StableDiffusionImg2ImgPipeline
    beside = path.with_suffix("")
    config = {"config": str(beside)} if (beside / "model_index.json").is_file() else {}
    return family.from_single_file(str(path), dtype=dtype, safety_checker=None, **config)


def _tiny(model: models.Model, wish: bool | str) -> str | None:
    if not isinstance(wish, bool):
        return wish or None
    if wish and not model.tiny_autoencoder:
        raise SettingsError(
            f"The model table names no tiny autoencoder for {model.name}; leave it out, or give "
            "the hub id or folder of one."
        )
    return model.tiny_autoencoder if wish else None


def _choose_scheduler(pipe: Any, model: models.Model) -> None:
    """Give the pipeline a scheduler that can begin anywhere, see `timesteps`."""
    import diffusers

    own = pipe.scheduler
    name = model.scheduler
    if name is None and hasattr(own, "betas"):
        # Ancestral sampling would add new noise at each step, and DDIM and PNDM know only their
        # own schedules; all three sample the process that Euler's method solves.
        settable = "timesteps" in inspect.signature(own.set_timesteps).parameters
        name = None if settable else "EulerDiscreteScheduler"
    if name is not None:
        pipe.scheduler = getattr(diffusers, name).from_config(own.config)


def _announce(model: models.Model) -> None:
    """Ask the hub for a model, and say how large its download is before it begins."""
    from huggingface_hub import HfApi

    # One question with a time limit first: the download itself would retry for half a minute.
    files = HfApi().model_info(model.source, files_metadata=True, timeout=15).siblings or []
    sizes = {f.rfilename: f.size or 0 for f in files if f.rfilename.endswith(".safetensors")}
    half = {name: size for name, size in sizes.items() if ".fp16." in name}
    size = model.download or sum((half or sizes).values()) / 1e9
    _log.info(
        "Downloading %s (about %.1f GB) from the Hugging Face Hub, this once.", model.source, size
    )


def _explain(error: Exception, model: models.Model) -> ModelError:
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
        return ModelError(
            f"{model.source} cannot be downloaded, because the Hugging Face Hub cannot be reached; "
            "connect to the internet for its first use, or paint with --model sketch, which needs "
            "no download."
        )
    detail = " ".join(str(error).split())[:300]
    return ModelError(f"The model {model.name} cannot be loaded; choose another. ({detail})")
