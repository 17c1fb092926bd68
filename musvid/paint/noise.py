"""The noise that a painting starts from."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import SettingsError


@contextmanager
def own_noise(
    pipe: Any, mirrored: bool = False, walks: Sequence[tuple[int, float]] = ()
) -> Iterator[None]:
    """Have a pipeline start from noise of our own making.

    mirrored: whether the right half of the noise mirrors the left. walks: for every frame of the
    batch, a seed and how many seeds to move on from it; without them, the pipeline draws its own
    noise.

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
    """Noise between two seeds, by spherical interpolation; of the shape and type of `like`."""
    import torch

    def noise(number: int) -> Any:
        generator = torch.Generator().manual_seed((seed + number) % 2**32)
        return torch.randn(like.shape, generator=generator, dtype=like.dtype).to(like.device)

    whole = math.floor(walk)
    way = (walk - whole) * math.pi / 2  # on a circle, where the variance stays the same
    if not way:
        return noise(whole)
    return noise(whole) * math.cos(way) + noise(whole + 1) * math.sin(way)
