"""What the machine has to compute with: devices, cores, and whether the memory sufficed."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from . import _validate
from .errors import SettingsError

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16")
FAST = ("auto", "off")
"""Whether models are compiled where that pays, see `musvid.paint.compiled`."""

CORES = "MUSVID_CORES"
"""The environment variable that says how many processor cores to use, at most."""

BUILDING = threading.Lock()
"""Held by whoever builds a network. Loaders change `torch.nn.Module` for all threads while they do
(accelerate's `init_empty_weights`): two at a time would leave each other without weights."""

T = TypeVar("T")
U = TypeVar("U")


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


def pick_precision(device: str, precision: str = "auto", *, large: bool = False) -> str:
    """The name of the torch type in which a model computes on a device that `pick_device` gave.

    precision: one of `PRECISIONS`. With "auto", a GPU works in half precision, and a processor
        in bfloat16 where that is faster (AMX, or AVX-512 BF16 by AMD), else in float32.
    large: whether the model is a large one, for which half the memory is reason enough to compute
        in bfloat16 wherever the processor multiplies it.
    """
    _validate.choice("precision", precision, PRECISIONS)
    if precision != "auto":
        return precision
    if device != "cpu":
        return "float16"
    import torch

    # Where an older torch does not tell, it is float32.
    has: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    # Without AMX, Intel's processors multiply bfloat16 no faster than float32, and convert besides.
    fast = large or not str(has.get("cpu_name")).startswith("Intel")
    known = has.get("amx_bf16") or (has.get("avx512_bf16") and fast)
    return "bfloat16" if known else "float32"


def wider(device: str, precision: str) -> str | None:
    """The torch type to compute in where a model's numbers do not fit into another; None where
    there is none that holds larger ones."""
    if precision == "float32":
        return None
    import torch

    # As wide as float32, and half as large.
    if precision == "float16" and device == "cuda" and torch.cuda.is_bf16_supported():
        return "bfloat16"
    return "float32"


def free_memory(device: str) -> int | None:
    """The bytes that a device has free, or None where nothing tells.

    On Linux's processor those that programs can have at once, within the limit of a container.
    """
    import torch

    if device == "cuda":
        unused = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        return torch.cuda.mem_get_info()[0] + unused
    if device == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    found = []
    with suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")]
    with suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        limit, used = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        facts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        found.append(limit - used + int(facts.get("inactive_file", 0)))
    return min(found, default=None)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch or Python means that memory ran out."""
    text = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "out of memory" in text
        or "can't allocate memory" in text
    )


def release_memory() -> None:
    """Give back the memory of models that are gone, before the next one needs it."""
    gc.collect()  # pipelines hold themselves in circles
    torch = sys.modules.get("torch")
    cuda = getattr(torch, "cuda", None)  # which is not there yet while a thread imports torch
    if cuda is not None and cuda.is_initialized():
        cuda.empty_cache()


def cores() -> int:
    """The processor cores that this process may use; at most as many as `CORES` names."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    named = os.environ.get(CORES, "")
    return max(1, min(here, int(named))) if named.isdecimal() else here


def use_threads(count: int) -> None:
    """Let torch use so many threads for what this thread computes on the CPU."""
    import torch

    if torch.get_num_threads() != count:
        torch.set_num_threads(count)


def abreast(work: Callable[[T], U], items: Iterable[T], workers: int) -> Iterator[U]:
    """Apply work to each item with several threads; results come in the order of items.

    Items are taken in the caller's thread, so that an error of their source arrives there.
    """
    with ThreadPoolExecutor(workers) as pool:
        due: deque[Future[U]] = deque()
        try:
            for item in items:
                due.append(pool.submit(work, item))
                if len(due) == workers:
                    yield due.popleft().result()
            while due:
                yield due.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
