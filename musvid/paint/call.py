"""A batch of frames in, their paintings out: by our own loop, or by the call of a pipeline."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..frame import Frame
from .noise import Walk, changed, own_noise
from .schedule import schedule, settable, times_of
from .style import Stroke, Style

_LOOPED = ("StableDiffusionImg2ImgPipeline", "StableDiffusionXLImg2ImgPipeline")


def paint_batch(
    pipe: Any,
    frames: Sequence[Frame],
    style: Style,
    strokes: Sequence[Stroke],
    prompt: dict[str, Any],
) -> list[Frame]:
    """Paint a batch of frames, which are alike, see `alike`.

    Raises FloatingPointError when the model's values are not numbers: half precision was too
    narrow for it, or its weights are damaged.
    """
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
    walks: list[Walk] = [
        (style.seed, stroke.walk or 0.0, stroke.place and _latents(pipe, stroke.place))
        for stroke in strokes
        if stroke.walk is not None or stroke.place is not None
    ]
    work = _by_loop if _looped(pipe, prompt) else _by_call
    with torch.inference_mode():
        values = work(pipe, images, style, strokes, prompt, walks).float()
        if not bool(values.isfinite().all()):
            raise FloatingPointError
        values = (values * 255).round().clamp(0, 255)
        pictures = values.to(torch.uint8).permute(0, 2, 3, 1).contiguous()
        painted = pictures.cpu().numpy()[:, :tall, :wide]
    if half:
        # Of an odd width, the middle column is the axis.
        left, mirrored = painted[:, :, : (width + 1) // 2], painted[:, :, : width // 2]
        painted = np.concatenate([left, mirrored[:, :, ::-1]], axis=2)
    # Pixel by pixel in memory: otherwise each blend of two would turn both round.
    return list(np.ascontiguousarray(painted))


def alike(pipe: Any, frame: Frame, stroke: Stroke, steps: int) -> tuple[object, ...]:
    """What frames that are painted in one batch have in common."""
    if _looped(pipe):
        from . import loop

        if loop.mixes(pipe.scheduler):
            times = times_of(pipe.scheduler, steps, stroke.strength) if stroke.strength else ()
            return frame.shape, len(times), stroke.guidance > 1
    return frame.shape, stroke.strength, stroke.guidance


def _looped(pipe: Any, prompt: dict[str, Any] | None = None) -> bool:
    """Whether a pipeline's loop is our own."""
    named = type(pipe).__name__ in _LOOPED and settable(pipe)
    return named and (prompt is None or "prompt_embeds" in prompt)


def _by_loop(
    pipe: Any,
    images: NDArray[np.uint8],
    style: Style,
    strokes: Sequence[Stroke],
    prompt: dict[str, Any],
    walks: Sequence[Walk],
) -> Any:
    from . import loop

    assert style.steps is not None, "the style is resolved"
    return loop.paint(
        pipe,
        images,
        times=[times_of(pipe.scheduler, style.steps, stroke.strength) for stroke in strokes],
        guidance=[stroke.guidance for stroke in strokes],
        prompt=prompt,
        generators=_generators(style, images),
        changed=partial(changed, pipe=pipe, mirrored=style.symmetry == "noise", walks=walks),
    )


def _by_call(
    pipe: Any,
    images: NDArray[np.uint8],
    style: Style,
    strokes: Sequence[Stroke],
    prompt: dict[str, Any],
    walks: Sequence[Walk],
) -> Any:
    import torch

    assert style.steps is not None, "the style is resolved"
    # Families that would otherwise resize to their native size want to be told.
    sides = {"height": images.shape[1], "width": images.shape[2]}
    accepted = inspect.signature(pipe.__call__).parameters
    pixels = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
    with own_noise(pipe, style.symmetry == "noise", walks):
        return pipe(
            image=pixels.to(pipe.dtype) / 255,
            guidance_scale=strokes[0].guidance,
            generator=_generators(style, images),
            output_type="pt",
            **{name: side for name, side in sides.items() if name in accepted},
            **schedule(pipe, style.steps, strokes[0].strength),
            **prompt,
        ).images


def _generators(style: Style, images: NDArray[np.uint8]) -> list[Any]:
    """One for each frame, all with the same seed: the same noise for every frame."""
    import torch

    return [torch.Generator().manual_seed(style.seed) for _ in images]


def _latents(pipe: Any, place: tuple[int, int]) -> tuple[int, int]:
    """A place in pixels, a multiple of the model's grain, in latents."""
    return place[0] // pipe.vae_scale_factor, place[1] // pipe.vae_scale_factor


def _half_width(width: int) -> int:
    """Columns to paint for a half: at least 16 beyond the axis, rounded up to a multiple of 8."""
    return min(width, (width // 2 + 16 + 7) // 8 * 8)
