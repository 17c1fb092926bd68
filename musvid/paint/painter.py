"""Frames through a diffusion model, image to image.

One code path for every model: diffusers' `AutoPipelineForImage2Image` loads it, the prompt is
encoded once, every frame starts from the same noise (so that paintings of similar frames are
similar), and how frames are batched changes at most the last bit of rounding.

torch and diffusers are imported when a model is loaded, not before.
"""

from __future__ import annotations

import inspect
import math
import queue
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import groupby, islice, repeat
from typing import Any

import numpy as np

from .. import _device, _validate
from ..errors import MemoryExhausted, SettingsError
from . import loading as pipelines
from . import models, prompts, words

Frame = np.ndarray  # uint8, (height, width, 3), RGB

SYMMETRIES = ("half", "noise", "none")

# Parameters below which a frame is too little work for several cores (sketch has 6 million, the
# smallest Stable Diffusion 1000 million).
_SMALL = 50_000_000
_TEXTS = 16  # encoded prompts that are kept


@dataclass(frozen=True)
class Style:
    """How frames are painted. A setting that is None is the model's own; see `resolve`.

    model: a name, hub id, folder or file, see `musvid.paint.models.find`.
    prompt, negative_prompt: what to paint, and what not (the latter needs guidance above 1). A
        prompt may change along time, see `musvid.paint.prompts`.
    strength: 0 to 1, how far a painting leaves its frame. 0 is the frame itself, without any
        model; 1 hardly knows the frame any more.
    steps: denoising steps per painting, run in full whatever the strength.
    guidance: 1 to 30, classifier-free guidance scale (Ho and Salimans, arXiv 2207.12598); 1 is
        none, and half the work.
    seed: 0 to 2^32 - 1; the noise that all frames share.
    symmetry: "half" paints the left half and a margin over the axis, and mirrors it: exactly
        symmetric, without a seam, in about half the time; "noise" paints the whole frame from
        noise that is mirrored, so that what the model adds is nearly symmetric; "none" paints the
        whole frame from ordinary noise.
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
            prompts.parse(self.prompt)
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

    def ignored(self) -> list[str]:
        """The words of the prompt that the model does not know, each once, in their order.

        Empty for models that read free text. Raises SettingsError for an unknown model.
        """
        vocabulary = models.find(self.model).vocabulary
        text = " ".join(part for _, part in prompts.parse(self.prompt or ""))
        return [] if vocabulary is None else words.unknown(text, vocabulary)

    @property
    def stroke(self) -> Stroke:
        """How every frame is painted, of a resolved style; of prompts along time, as at 0."""
        assert self.prompt is not None and self.strength is not None and self.guidance is not None
        return Stroke(prompts.weights(prompts.parse(self.prompt), 0), self.strength, self.guidance)


@dataclass(frozen=True)
class Stroke:
    """How one frame is painted, as far as that may change from frame to frame.

    prompts: what to paint, mixed of prompts by weights whose sum is 1: their embeddings are.
    strength, guidance: as those of a `Style`.
    walk: how many seeds the noise has walked on from the style's; between two seeds it is a mixture
        of their noises that is as loud. None leaves the noise to the pipeline.
    """

    prompts: prompts.Weights
    strength: float
    guidance: float
    walk: float | None = None


def diffuse(
    frames: Iterable[Frame],
    style: Style,
    *,
    painter: Painter | None = None,
    device: str = "auto",
    strokes: Iterable[Stroke] | None = None,
) -> Iterator[Frame]:
    """Paint frames: as many frames out as in, of the same shape.

    painter: a loaded model to use again; by default one is loaded now (not at the first frame),
        unless the strength is 0, which loads nothing and passes the frames through.
    device: "auto", "cpu", "cuda" or "mps"; ignored when a painter is given.
    strokes: how each frame is painted, where that changes; by default as the style says.

    Raises SettingsError, ModelError or MemoryExhausted.
    """
    if strokes is None and style.resolve().strength == 0:
        return iter(frames)
    return (painter or Painter(style, device=device)).paint(frames, style, strokes)


Job = tuple[Frame, Stroke]


class Painter:
    """A loaded model.

    style: whose model and tiny autoencoder to load.
    device: see `musvid._device.pick_device`. A GPU works in half precision, the CPU in float32.
    batch: frames painted at once; 1 on the CPU and 8 on a GPU by default. It is halved whenever
        the memory does not suffice.

    A small model on the CPU paints one frame per core at a time instead of all cores working on
    one frame, which costs less waiting and does not change the result.
    Several threads may paint with it at the same time: they take turns, batch by batch.

    Raises SettingsError for an unknown model, ModelError when it cannot be loaded.
    """

    def __init__(self, style: Style, *, device: str = "auto", batch: int | None = None) -> None:
        self.model = models.find(style.model)
        self.device = _device.pick_device(device)
        if batch is not None:
            _validate.whole("batch", batch, 1, 256)
        self.batch = batch or (1 if self.device == "cpu" else 8)
        self._pipe = pipelines.load(self.model, style.tiny_autoencoder, self.device)
        self._encoded: OrderedDict[tuple[str, str, bool], dict[str, Any]] = OrderedDict()
        self._turn = threading.Lock()
        small = pipelines.parameters(self._pipe) < _SMALL
        self._workers = min(_device.cores(), 8) if self.device == "cpu" and small else 1

    @property
    def abreast(self) -> int:
        """How many frames are painted at a time, each by itself."""
        return self._workers

    def paint(
        self, frames: Iterable[Frame], style: Style, strokes: Iterable[Stroke] | None = None
    ) -> Iterator[Frame]:
        """Paint frames with this model in a style (of which the model is not looked at again).

        strokes: how each frame is painted, where that changes; by default as the style says.
        """
        if strokes is None:
            strokes = repeat(style.resolve().stroke)
        return self.paint_each(zip(frames, strokes), style)  # noqa: B905

    def paint_each(self, jobs: Iterable[Job], style: Style) -> Iterator[Frame]:
        """Paint frames, each with the stroke beside it."""
        source, style = iter(jobs), style.resolve()
        if self.batch == 1 and self._workers > 1:
            yield from self._paint_abreast(source, style)
            return
        while group := list(islice(source, self.batch)):
            # Together what goes through the same steps.
            for _, part in groupby(group, key=lambda job: (job[1].strength, job[1].guidance)):
                yield from self._paint(self._pipe, list(part), style, threads=_device.cores())

    def _paint_abreast(self, source: Iterator[Job], style: Style) -> Iterator[Frame]:
        """Paint in several threads, each with one core and a pipeline of its own."""
        idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(self._workers):
            idle.put(pipelines.twin(self._pipe))

        def paint(job: Job) -> Frame:
            pipe = idle.get()
            try:
                return self._paint(pipe, [job], style, threads=1)[0]
            finally:
                idle.put(pipe)

        yield from _device.abreast(paint, source, self._workers)

    def _paint(self, pipe: Any, jobs: list[Job], style: Style, *, threads: int) -> list[Frame]:
        """Paint jobs of one strength and guidance."""
        frames, strokes = [job[0] for job in jobs], [job[1] for job in jobs]
        if strokes[0].strength == 0:
            return frames
        prompts = [self._prompt(stroke, style.negative_prompt) for stroke in strokes]
        if self.device == "cpu":
            _device.use_threads(threads)
        try:
            # A pipeline keeps what it is at; a twin belongs to one thread.
            with self._turn if pipe is self._pipe else nullcontext():
                return _call(pipe, frames, style, strokes, _joined(prompts))
        except (RuntimeError, MemoryError) as error:
            if not _device.is_out_of_memory(error):
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
            for half in (jobs[: self.batch], jobs[self.batch :])
            for painting in self._paint(pipe, half, style, threads=threads)
        ]

    def _prompt(self, stroke: Stroke, negative: str) -> dict[str, Any]:
        """What tells the pipeline the prompt: for one frame, encoded where the family allows."""
        guided = stroke.guidance > 1
        found = [self._text(text, negative, guided) for text, _ in stroke.prompts]
        weights = [weight for _, weight in stroke.prompts]
        if len(found) == 1:
            return found[0]
        if any(isinstance(value, str) for value in found[0].values()):
            return found[weights.index(max(weights))]  # texts cannot be mixed
        return {
            name: sum(each[name] * weight for each, weight in zip(found, weights, strict=True))
            for name in found[0]
        }

    def _text(self, prompt: str, negative: str, guided: bool) -> dict[str, Any]:
        key = (prompt, negative, guided)
        with self._turn:
            if key not in self._encoded:
                self._encoded[key] = _encode(self._pipe, *key)
                while len(self._encoded) > _TEXTS:
                    self._encoded.popitem(last=False)
            return self._encoded[key]


def _call(
    pipe: Any, frames: list[Frame], style: Style, strokes: list[Stroke], prompt: dict[str, Any]
) -> list[Frame]:
    """Paint a batch of frames of one strength and guidance; the prompt is that of all of them."""
    import torch

    images = np.stack(frames)
    width = images.shape[2]
    half = style.symmetry == "half"
    if half:
        images = images[:, :, : _half_width(width)]
    # Whole blocks of latents; the rest is cut off again.
    tall, wide = images.shape[1:3]
    block = pipe.vae_scale_factor * getattr(pipe, "patch_size", 1)
    images = np.pad(images, ((0, 0), (0, -tall % block), (0, -wide % block), (0, 0)), mode="edge")
    # Families that would otherwise resize to their native size want to be told.
    sides = {"height": images.shape[1], "width": images.shape[2]}
    accepted = inspect.signature(pipe.__call__).parameters
    walks = [(style.seed, stroke.walk) for stroke in strokes if stroke.walk is not None]
    start = _own_noise(pipe, style.symmetry == "noise", walks)
    with torch.inference_mode(), start:
        pixels = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
        result = pipe(
            image=pixels.to(pipe.dtype) / 255,
            guidance_scale=strokes[0].guidance,
            # One generator per frame, all with the same seed: the same noise for every frame.
            generator=[torch.Generator().manual_seed(style.seed) for _ in frames],
            output_type="pt",
            **{name: side for name, side in sides.items() if name in accepted},
            **_schedule(pipe, style.steps, strokes[0].strength),
            **prompt,
        ).images
        painted = (torch.nan_to_num(result.float()) * 255).round().clamp(0, 255)
        painted = painted.to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()[:, :tall, :wide]
    if half:
        # Of an odd width, the middle column is the axis.
        left, mirrored = painted[:, :, : (width + 1) // 2], painted[:, :, : width // 2]
        painted = np.concatenate([left, mirrored[:, :, ::-1]], axis=2)
    return list(painted)


@contextmanager
def _own_noise(
    pipe: Any, mirrored: bool = False, walks: Sequence[tuple[int, float]] = ()
) -> Iterator[None]:
    """Have a pipeline start from noise of our own making.

    mirrored: whether its right half mirrors the left. walks: for every frame of the batch, a seed
    and how many seeds on from there its noise is; none leaves the pipeline's own.

    Pipelines draw the noise themselves and hand it to their scheduler to add, which is where it
    can be changed whatever the family. The scheduler belongs to this pipeline alone.
    """
    if not mirrored and not walks:
        yield
        return
    import torch

    scheduler = pipe.scheduler
    name = "add_noise" if hasattr(scheduler, "add_noise") else "scale_noise"
    add = getattr(scheduler, name)

    def add_mirrored(*given: Any, **named: Any) -> Any:
        bound = inspect.signature(add).bind(*given, **named)
        noise = bound.arguments["noise"]
        if walks:
            noise = torch.cat([_walked(noise[:1], *walk) for walk in walks])
        if mirrored:
            if noise.dim() != 4:
                raise SettingsError(
                    f"The noise of {type(pipe).__name__} has no left and right to mirror; choose "
                    "--symmetry half."
                )
            width = noise.shape[-1]
            left = noise[..., : (width + 1) // 2]
            noise = torch.cat([left, left[..., : width // 2].flip(-1)], -1)
        bound.arguments["noise"] = noise
        return add(*bound.args, **bound.kwargs)

    setattr(scheduler, name, add_mirrored)
    try:
        yield
    finally:
        delattr(scheduler, name)


def _walked(like: Any, seed: int, walk: float) -> Any:
    """Noise that has walked from a seed towards the next ones; a tensor as `like` is one."""
    import torch

    def noise(number: int) -> Any:
        generator = torch.Generator().manual_seed((seed + number) % 2**32)
        return torch.randn(like.shape, generator=generator, dtype=like.dtype).to(like.device)

    whole = math.floor(walk)
    way = (walk - whole) * math.pi / 2  # on a circle, where the noise is as loud everywhere
    if not way:
        return noise(whole)
    return noise(whole) * math.cos(way) + noise(whole + 1) * math.sin(way)


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
    # Stable Diffusion 3 asks for a prompt per text encoder; None is the same for all.
    options = {name: None for name, item in known.items() if item.default is item.empty} | options
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


def _joined(prompts: list[dict[str, Any]]) -> dict[str, Any]:
    """The prompts of single frames as that of a batch."""
    import torch

    return {
        name: [each[name] for each in prompts]
        if isinstance(value, str)
        else torch.cat([each[name] for each in prompts])
        for name, value in prompts[0].items()
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


def _schedule(pipe: Any, steps: int, strength: float) -> dict[str, Any]:
    """The arguments that make a pipeline run so many steps from a strength on."""
    scheduler = pipe.scheduler
    settable = "timesteps" in inspect.signature(scheduler.set_timesteps).parameters
    if settable and "timesteps" in inspect.signature(pipe.__call__).parameters:
        train_steps = scheduler.config.num_train_timesteps
        original = scheduler.config.get("original_inference_steps")
        grid = train_steps // original if original else 1
        times = timesteps(strength, steps, train_steps=train_steps, grid=grid)
        return {"timesteps": times, "strength": 1.0}
    # Families with a schedule of another kind (flow matching): so many steps in all that the
    # last `steps` of them begin as near to the strength as they can.
    total = min(max(steps, round(steps / strength)), 1000)
    part = min(1.0, (steps + 0.5) / total)  # the half keeps int() from losing a step
    return {"num_inference_steps": total, "strength": part}
