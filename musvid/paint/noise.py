"""The noise that a painting starts from."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from .._transfer import sent
from ..errors import SettingsError
from . import world
from .style import Ring

Walk = tuple[int, float, tuple[int, int] | None, Ring | None]
"""A seed, how many seeds to move on from it, the place in the world in latents, if any, and how
both come back, if they do, in latents, too."""


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
        if noise.dim() != 4 and any(place for _, _, place, _ in walks):
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


def _walked(
    like: Any, seed: int, walk: float, place: tuple[int, int] | None, ring: Ring | None
) -> Any:
    """Noise between two seeds, by spherical interpolation; of the shape and type of `like`."""
    import torch

    seeds = ring.seeds if ring else 0

    def window(own: int, row: int, column: int, repeats: tuple[int, int] = (0, 0)) -> Any:
        count, height, width = like.shape[1:]
        made = world.window(own, count, row, column, height, width, repeats)
        return sent(torch.from_numpy(made)[None].to(like.dtype), like.device)

    def noise(number: int) -> Any:
        own = (seed + (number % seeds if seeds else number)) % 2**32
        if place and ring and any(ring.way):
            if ring.back is None:
                return window(own, *place, ring.way)
            before = place[0] - ring.way[0], place[1] - ring.way[1]
            old, new = (partial(window, own, *where) for where in (place, before))
            return _between(old, new, ring.back)
        if place:
            return window(own, *place)
        generator = torch.Generator().manual_seed(own)
        # Drawn in single precision whatever the model computes in: the same noise, rounded.
        return sent(torch.randn(like.shape, generator=generator).to(like.dtype), like.device)

    whole = math.floor(walk)
    return _between(partial(noise, whole), partial(noise, whole + 1), walk - whole)


def _between(old: Callable[[], Any], new: Callable[[], Any], part: float) -> Any:
    """Two noises mixed; on a circle, where the variance stays the same."""
    way = part * math.pi / 2
    if not way:
        return old()
    return old() * math.cos(way) + new() * math.sin(way)
