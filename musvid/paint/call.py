"""A batch of frames in, their paintings out: by our own loop, or by the call of a pipeline."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._transfer import fetched, sent
from ..errors import SettingsError
from ..frame import Frame
from . import control
from .conditions import condition
from .noise import Walk, changed, own_noise
from .schedule import schedule, settable, times_of
from .style import Stroke, Style

_LOOPED = ("StableDiffusionImg2ImgPipeline", "StableDiffusionXLImg2ImgPipeline")
_CONTROLLED = tuple(name.replace("Img2Img", "ControlNetImg2Img") for name in _LOOPED)


def begin_batch(
    pipe: Any,
    frames: Sequence[Frame],
    style: Style,
    strokes: Sequence[Stroke],
    prompt: dict[str, Any],
) -> Callable[[], list[Frame]]:
    """Begin to paint a batch of frames, which are alike, see `alike`.

    Returns what waits for the paintings. On a device that works by itself, another batch may be
    begun before.

    That raises FloatingPointError when the model's values are not numbers: half precision was too
    narrow for it, or its weights are damaged.
    """
    import torch

    height, width = frames[0].shape[:2]
    half = style.symmetry == "half"
    tall, wide = height, painted_width(width, style)
    block = pipe.vae_scale_factor * getattr(pipe, "patch_size", 1)

    def stacked(frames: Sequence[Frame]) -> NDArray[np.uint8]:
        """What is painted of frames, in whole blocks of latents; the rest is cut off again."""
        images = np.stack(frames)[:, :, :wide]
        more = ((0, 0), (0, -tall % block), (0, -wide % block), (0, 0))
        return np.ascontiguousarray(np.pad(images, more, mode="edge"))

    controls = control.parse(style.control)
    held = [stacked([condition(each.kind, frame) for frame in frames]) for each in controls]
    batch = Batch(stacked(frames), style, strokes, prompt, held)
    work = by_loop if _looped(pipe, prompt) else by_call
    with torch.inference_mode():
        values = work(pipe, batch).float()
        numbers = fetched(values.isfinite().all())
        values = (values * 255).round().clamp(0, 255)
        pictures = fetched(values.to(torch.uint8).permute(0, 2, 3, 1).contiguous())

    def ended() -> list[Frame]:
        if not bool(numbers()):
            raise FloatingPointError
        painted = pictures().numpy()[:, :tall, :wide]
        if half:
            # Of an odd width, the middle column is the axis.
            left, mirrored = painted[:, :, : (width + 1) // 2], painted[:, :, : width // 2]
            painted = np.concatenate([left, mirrored[:, :, ::-1]], axis=2)
        # Each by itself, so that who keeps one keeps no batch; and pixel by pixel in memory:
        # otherwise each blend of two would turn both round.
        return [np.array(frame, order="C") for frame in painted]

    return ended


def alike(pipe: Any, frame: Frame, stroke: Stroke, steps: int) -> tuple[object, ...]:
    """What frames that are painted in one batch have in common."""
    if _looped(pipe):
        from . import loop

        if loop.mixes(pipe.scheduler):
            times = times_of(pipe.scheduler, steps, stroke.strength) if stroke.strength else ()
            return frame.shape, len(times), stroke.guidance > 1, stroke.loras
    return frame.shape, stroke.strength, stroke.guidance, stroke.loras


def _looped(pipe: Any, prompt: dict[str, Any] | None = None) -> bool:
    """Whether a pipeline's loop is our own."""
    named = type(pipe).__name__ in (*_LOOPED, *_CONTROLLED) and settable(pipe.scheduler)
    return named and (prompt is None or "prompt_embeds" in prompt)


@dataclass(frozen=True)
class Batch:
    """Pictures, and how each is painted.

    images: uint8 (count, height, width, 3), both sides whole blocks of latents. prompt: of all of
    them, see `musvid.paint.encoding`. conditions: for each ControlNet of the style, the pictures
    that it sees, as the images are.
    """

    images: NDArray[np.uint8]
    style: Style
    strokes: Sequence[Stroke]
    prompt: dict[str, Any]
    conditions: Sequence[NDArray[np.uint8]] = ()

    @property
    def steps(self) -> int:
        """Of each painting."""
        assert self.style.steps is not None, "the style is resolved"
        return self.style.steps

    @property
    def generators(self) -> list[Any]:
        """One for each frame, all with the same seed: the same noise for every frame."""
        import torch

        return [torch.Generator().manual_seed(self.style.seed) for _ in self.images]

    def holds(self, pipe: Any) -> list[Any]:
        """What the ControlNets of a pipeline hold the paintings to, as `loop.paint` takes it.

        Raises SettingsError where the pipeline was loaded without them.
        """
        from . import loop

        controls = control.parse(self.style.control)
        if not controls:
            return []
        nets = getattr(pipe, "controlnet", None)
        nets = list(getattr(nets, "nets", [nets]))
        if nets == [None] or len(nets) != len(controls):
            raise SettingsError(
                "The painter was loaded without these ControlNets; load one for this style."
            )
        return [
            loop.Hold(
                net,
                pictures,
                [each.scale * stroke.control_scale for stroke in self.strokes],
                each.counts,
            )
            for each, net, pictures in zip(controls, nets, self.conditions, strict=True)
        ]

    def noise(self, pipe: Any) -> dict[str, Any]:
        """What noise is painted from, as `noise.changed` and `noise.own_noise` take it."""
        walks: list[Walk] = [
            (
                self.style.seed,
                stroke.walk or 0.0,
                stroke.place and _latents(pipe, stroke.place),
                stroke.ring and replace(stroke.ring, way=_latents(pipe, stroke.ring.way)),
            )
            for stroke in self.strokes
            if stroke.walk is not None or stroke.place is not None
        ]
        return {"pipe": pipe, "mirrored": self.style.symmetry == "noise", "walks": walks}


def by_loop(pipe: Any, batch: Batch) -> Any:
    """A batch painted by our own loop: float (count, 3, height, width), 0 to 1."""
    from . import loop

    strokes = batch.strokes
    return loop.paint(
        pipe,
        batch.images,
        times=[times_of(pipe.scheduler, batch.steps, stroke.strength) for stroke in strokes],
        guidance=[stroke.guidance for stroke in strokes],
        prompt=batch.prompt,
        generators=batch.generators,
        changed=partial(changed, **batch.noise(pipe)),
        holds=batch.holds(pipe),
    )


def by_call(pipe: Any, batch: Batch) -> Any:
    """The same by a pipeline's call, with the strength and guidance of its first frame."""
    import torch

    # Families that would otherwise resize to their native size want to be told.
    sides = {"height": batch.images.shape[1], "width": batch.images.shape[2]}
    accepted = inspect.signature(pipe.__call__).parameters
    pixels = sent(torch.from_numpy(batch.images), pipe._execution_device).permute(0, 3, 1, 2)
    first = batch.strokes[0]
    with own_noise(**batch.noise(pipe)):
        return pipe(
            image=pixels.to(pipe.dtype) / 255,
            guidance_scale=first.guidance,
            generator=batch.generators,
            output_type="pt",
            **{name: side for name, side in sides.items() if name in accepted},
            **schedule(pipe, batch.steps, first.strength),
            **batch.prompt,
        ).images


def _latents(pipe: Any, place: tuple[int, int]) -> tuple[int, int]:
    """A place in pixels, a multiple of the model's grain, in latents."""
    return place[0] // pipe.vae_scale_factor, place[1] // pipe.vae_scale_factor


def painted_width(width: int, style: Style) -> int:
    """Columns of a frame that are painted: of a half, at least 16 beyond the axis, rounded up to a
    multiple of 8."""
    return min(width, (width // 2 + 16 + 7) // 8 * 8) if style.symmetry == "half" else width
