"""The times at which a painting is denoised: any strength with any number of steps."""

from __future__ import annotations

import inspect
from typing import Any


def timesteps(strength: float, steps: int, *, train_steps: int = 1000, grid: int = 1) -> list[int]:
    """The times at which a painting is denoised: evenly from ``strength * train_steps`` down.

    diffusers itself would run ``int(steps * strength)`` of the steps of a full schedule: with few
    steps there are few different strengths, and 0 steps is an error. Here the schedule begins at
    the strength, so that pictures change continuously with it.

    grid: keep to multiples of this, minus one (consistency models are trained on such times).

    Returns at most `steps` different times, falling, each within [0, train_steps - 1].
    """
    times = (strength * train_steps * (1 - step / steps) for step in range(steps))
    snapped = {min(max(round(time / grid), 1) * grid, train_steps) - 1 for time in times}
    return sorted(snapped, reverse=True)


def settable(scheduler: Any) -> bool:
    """Whether a scheduler can be told the times at which it denoises."""
    return "timesteps" in inspect.signature(scheduler.set_timesteps).parameters


def times_of(scheduler: Any, steps: int, strength: float) -> list[int]:
    """The times for a scheduler, see `timesteps`: those that it was trained on."""
    train_steps = scheduler.config.num_train_timesteps
    original = scheduler.config.get("original_inference_steps")
    grid = train_steps // original if original else 1
    return timesteps(strength, steps, train_steps=train_steps, grid=grid)


def schedule(pipe: Any, steps: int, strength: float) -> dict[str, Any]:
    """The pipeline's arguments for denoising from a strength in a number of steps."""
    scheduler = pipe.scheduler
    told = "timesteps" in inspect.signature(pipe.__call__).parameters
    if told and settable(scheduler):
        return {"timesteps": times_of(scheduler, steps, strength), "strength": 1.0}
    # Families with a schedule of another kind (flow matching): so many steps in all that the
    # last `steps` of them begin as near to the strength as they can.
    total = min(max(steps, round(steps / strength)), 1000)
    part = min(1.0, (steps + 0.5) / total)  # int() must not lose a step to rounding
    return {"num_inference_steps": total, "strength": part}
