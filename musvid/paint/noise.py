"""The noise that a painting starts from."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .._transfer import sent
from ..errors import SettingsError
from . import world

Walk = tuple[int, float, tuple[int, int] | None]
"""A seed, how many seeds to move on from it, and the place in the world in latents, if any."""


@contextmanager
def own_noise(pipe: Any, mirrored: bool = False, walks: Sequence[Walk] = ()) -> Iterator[None]:
    """Have a pipeline start from noise of our own making.

    mirrored: whether the right half of the noise mirrors the left. walks: for every frame of the
    batch, where its noise is; without them, the pipeline draws its own noise.

    Pipelines draw the noise themselves and hand it to their scheduler to add, which is where it
    can be changed whatever the family. The scheduler belongs to this pipeline alone.
    """
    if not mirrored and not walks:
        yield
        return
    scheduler = pipe.scheduler
    name = "add_noise" if hasattr(scheduler, "add_noise") else "scale_noise"
    add = getattr(scheduler, name)

    def add_ours(*given: Any, **named: Any) -> Any:
        bound = inspect.signature(add).bind(*given, **named)
        bound.arguments["noise"] = changed(bound.arguments["noise"], pipe, mirrored, walks)
        return add(*bound.args, **bound.kwargs)

    setattr(scheduler, name, add_ours)
    try:
        yield
    finally:
        delattr(scheduler, name)


def changed(noise: Any, pipe: Any, mirrored: bool, walks: Sequence[Walk]) -> Any:
    """Noise of our own in place of what a pipeline has drawn, of the same shape and type.

    mirrored, walks: see `own_noise`. Raises SettingsError where noise of this pipeline has no rows
    and columns.
    """
    import torch

    if walks:
        if noise.dim() != 4 and any(place for _, _, place in walks):
            raise SettingsError(
                f"The noise of {type(pipe).__name__} has no rows and columns along which it "
                "could drift; choose --direction none, and --morph to renew it."
            )
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
    return noise


def _walked(like: Any, seed: int, walk: float, place: tuple[int, int] | None) -> Any:
    """Noise between two seeds, by spherical interpolation; of the shape and type of `like`."""
    import torch

    def noise(number: int) -> Any:
        own = (seed + number) % 2**32
        if place:
            made = torch.from_numpy(world.window(own, like.shape[1], *place, *like.shape[2:]))
            return sent(made[None].to(like.dtype), like.device)
        generator = torch.Generator().manual_seed(own)
        # Drawn in single precision whatever the model computes in: the same noise, rounded.
        return sent(torch.randn(like.shape, generator=generator).to(like.dtype), like.device)

    whole = math.floor(walk)
    way = (walk - whole) * math.pi / 2  # on a circle, where the variance stays the same
    if not way:
        return noise(whole)
    return noise(whole) * math.cos(way) + noise(whole + 1) * math.sin(way)
