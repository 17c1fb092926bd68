"""Numbers to a device and back, without waiting for what it is at.

CUDA does what it is given in order, and meanwhile whoever gave it goes on; but a copy from or to
ordinary memory waits until all before it is done. One from or to pinned memory does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def queues(device: str | torch.device) -> bool:
    """Whether a device works on while others wait for nothing of it."""
    return str(device).startswith("cuda")


def sent(tensor: torch.Tensor, device: str | torch.device) -> torch.Tensor:
    """A tensor of the processor's on a device."""
    if queues(device) and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def fetched(tensor: torch.Tensor) -> Callable[[], torch.Tensor]:
    """What waits for a tensor of a device, and gives it in the processor's memory.

    It holds what the device was given to compute before this was called.
    """
    if not queues(tensor.device):
        here = tensor.cpu()
        return lambda: here
    import torch

    pinned = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    with torch.cuda.device(tensor.device):
        pinned.copy_(tensor, non_blocking=True)
        # Whoever waits for it leaves the core to others: ffmpeg wants it.
        there = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        there.record()

    def wait() -> torch.Tensor:
        there.synchronize()
        return pinned

    return wait
