"""One call of a diffusers pipeline: a batch of frames in, their paintings out."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..frame import Frame
from .noise import own_noise
from .schedule import schedule
from .style import Stroke, Style


def paint_batch(
    pipe: Any,
    frames: Sequence[Frame],
    style: Style,
    strokes: Sequence[Stroke],
    prompt: dict[str, Any],
) -> list[Frame]:
    """Paint a batch of frames that share strength and guidance.

    Raises FloatingPointError when the model's values are not numbers: half precision was too
    narrow for it, or its weights are damaged.
    """
    import torch

    images = np.stack(frames)
    width = images.shape[2]
    steps, half = style.steps, style.symmetry == "half"
    assert steps is not None, "the style is resolved"
    if half:
        images = images[:, :, : _half_width(width)]
    # Whole blocks of latents; the rest is cut off again.
    tall, wide = images.shape[1:3]
    block = pipe.vae_scale_factor * getattr(pipe, "patch_size", 1)
    images = np.pad(images, ((0, 0), (0, -tall % block), (0, -wide % block), (0, 0)), mode="edge")
    # Families that would otherwise resize to their native size want to be told.
    sides = {"height": images.shape[1], "width": images.shape[2]}
    accepted = inspect.signature(pipe.__call__).parameters
    walks = [
        (style.seed, stroke.walk or 0.0, stroke.place and _latents(pipe, stroke.place))
        for stroke in strokes
        if stroke.walk is not None or stroke.place is not None
    ]
    start = own_noise(pipe, style.symmetry == "noise", walks)
    with torch.inference_mode(), start:
        pixels = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
        result = pipe(
            image=pixels.to(pipe.dtype) / 255,
            guidance_scale=strokes[0].guidance,
            # One generator per frame, all with the same seed: the same noise for every frame.
            generator=[torch.Generator().manual_seed(style.seed) for _ in frames],
            output_type="pt",
            **{name: side for name, side in sides.items() if name in accepted},
            **schedule(pipe, steps, strokes[0].strength),
            **prompt,
        ).images
        values = result.float()
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


def _latents(pipe: Any, place: tuple[int, int]) -> tuple[int, int]:
    """A place in pixels, a multiple of the model's grain, in latents."""
    return place[0] // pipe.vae_scale_factor, place[1] // pipe.vae_scale_factor


def _half_width(width: int) -> int:
    """Columns to paint for a half: at least 16 beyond the axis, rounded up to a multiple of 8."""
    return min(width, (width // 2 + 16 + 7) // 8 * 8)
