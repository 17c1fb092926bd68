"""FLAVR: a network that looks at four keyframes and fills the gap between the middle two.

Kalluri, Pathak, Chandraker and Tran, "FLAVR: Flow-Agnostic Video Representations for Fast Frame
Interpolation", WACV 2023, arXiv 2012.08512. The networks that ship with musvid are narrow ones of
that design, trained on spectra and paintings (`musvid.training.flavr`); released checkpoints of the
full size load as they are.

Each gap is filled from a window of four keyframes; at the ends the first and the last one are
repeated. Memory holds the windows that are being worked on, however long the video is. Windows that
are worked on together share what they can, see `musvid.interpolate._network`; where one alone is
too large for the memory, a network of the released kind fills it in tiles, see
`musvid.interpolate._tiles`. An embedded one looks at few columns, and needs none.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from .. import _device
from ..errors import MemoryExhausted, ModelError
from ..frame import Frame, closed
from ..paint import models
from . import _checkpoint, _tiles
from ._checkpoint import load as load_checkpoint
from ._network import MOMENTS, Flavr
from .blend import mix

__all__ = ["EMBEDDED", "between", "load_checkpoint"]
Window = tuple[Frame, ...]  # four keyframes
Pixels = NDArray[np.uint8]

EMBEDDED = models.WEIGHTS / "flavr"

_log = logging.getLogger(__name__)

_BATCH = 8  # windows at once on a GPU
_NARROW = 48  # channels below which one window is too little work for several cores
_FEW = 4  # windows at once of such a network: one alone has too few pixels for fast products
_HELD = 20  # numbers a pixel and channel of the first layer that a window needs at once: measured
_SAFE = 0.8  # of the free memory may be used


def between(
    frames: Iterable[Frame],
    factor: int,
    *,
    weights: str | os.PathLike[str] | None = None,
    device: str = "auto",
) -> Iterator[Frame]:
    """``(M - 1) * factor + 1`` frames from M uint8 frames; the given ones come out unchanged.

    For powers of two, the available networks are used, alone or one after the other. For other
    factors, 8 or 16 times as many frames are made first, and each wanted frame is blended from the
    nearest two of them.

    weights: a checkpoint or a folder of them; the embedded ones by default.
    device: "auto", "cpu", "cuda" or "mps". A GPU works in half precision, and a processor that
        multiplies bfloat16 in that where the network is as wide as a released one (pictures of
        random weights were 56 dB from those in float32). Where numbers do not fit, the network goes
        on in a wider type.

    Raises ModelError (at once) when a checkpoint cannot be loaded, MemoryExhausted when a window
    does not fit into the memory.
    """
    networks = _networks(Path(weights or EMBEDDED), _device.pick_device(device))
    grid = factor if factor in (2, 4, 8, 16) else 8 if factor < 8 else 16
    for step in _steps(grid, networks):
        frames = step.fill(frames)
    return _at(iter(frames), grid, factor) if grid != factor else iter(frames)


@dataclass(frozen=True)
class _Step:
    """One network that multiplies the frames by a factor with some of its outputs."""

    worker: _Worker
    outputs: tuple[int, ...]

    def fill(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The frames with those between them."""
        source = iter(frames)
        first = next(source, None)
        if first is None:
            return
        yield first
        for window, made in self.worker.fill(_windows(first, source), self.outputs):
            yield from made
            yield window[2]


def _steps(factor: int, networks: dict[int, _Worker]) -> list[_Step]:
    """The networks that together multiply by a power of two: as few as possible, largest first."""
    if factor == 1:
        return []
    larger = [have for have in sorted(networks) if have >= factor]
    if larger:
        have = larger[0]
        outputs = range(have // factor - 1, have - 1, have // factor)
        return [_Step(networks[have], tuple(outputs))]
    have = max(networks)
    return [*_steps(have, networks), *_steps(factor // have, networks)]


def _windows(first: Frame, rest: Iterator[Frame]) -> Iterator[Window]:
    """For every gap, the two keyframes before it and the two behind it."""
    seen = deque([first, first], MOMENTS)
    for frame in rest:
        seen.append(frame)
        if len(seen) == MOMENTS:
            yield tuple(seen)
    if len(seen) > 2:  # not only the first
        seen.append(seen[-1])
        yield tuple(seen)


def _at(frames: Iterator[Frame], grid: int, factor: int) -> Iterator[Frame]:
    """Resample from `grid` frames per keyframe to `factor`, blending the nearest two."""
    before = next(frames, None)
    if before is None:
        return
    yield before
    due = 1
    for index, behind in enumerate(frames):
        while due * grid <= (index + 1) * factor:
            way = due * grid - index * factor  # of factor, behind `before`
            if way == factor:
                yield behind
            else:
                yield mix(before, behind, way, factor)
            due += 1
        before = behind


class _Worker:
    """A network on its device."""

    def __init__(self, network: Flavr, device: str) -> None:
        self._device, self._network = device, network
        self._turn = threading.Lock()  # where windows are not worked on abreast
        self._batch = 1 if device == "cpu" else _BATCH
        self._abreast = 1
        self._tiles = (1, 1)  # at least so many rows and columns of them
        self._precision = "float32"
        if device == "cpu" and network.width < _NARROW:
            self._abreast, self._batch = min(_device.cores(), 8), _FEW
        else:
            self._precision = _device.pick_precision(device, large=True)
        if device != "cpu":
            # A Mac's GPU has no 3D convolutions of every kind, but all 2D ones.
            network.flat = network.flat or device == "mps"
        network.to(device, getattr(torch, self._precision))
        if device == "cuda":
            for part in network.modules():
                if isinstance(part, torch.nn.Conv3d | torch.nn.ConvTranspose3d):
                    part.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def fill(
        self, windows: Iterator[Window], outputs: Sequence[int]
    ) -> Iterator[tuple[Window, list[Frame]]]:
        """Yield every window, and the frames that fill its gap."""
        threads = 1 if self._abreast > 1 else _device.cores()

        def work(group: list[Window]) -> list[tuple[Window, list[Frame]]]:
            return list(zip(group, self._fill(group, outputs, threads=threads), strict=True))

        groups = iter(lambda: list(islice(windows, self._batch)), [])
        for made in _device.abreast(work, groups, self._abreast):
            yield from made

    def _fill(
        self, windows: list[Window], outputs: Sequence[int], *, threads: int
    ) -> list[list[Frame]]:
        if self._device == "cpu":
            _device.use_threads(threads)
        try:
            with nullcontext() if self._abreast > 1 else self._turn:
                return self._call(windows, outputs)
        except (RuntimeError, MemoryError) as error:
            if not _device.is_out_of_memory(error):
                raise
        if len(windows) == 1:
            height, width = windows[0][0].shape[:2]
            finer = None if self._network.mixing else _tiles.finer(height, width, self._tiles)
            if finer is None:
                raise MemoryExhausted(
                    f"Interpolating {width}x{height} pixels with FLAVR needs more memory than the "
                    f"{self._device} device has; choose a smaller --size or --interpolator blend."
                )
            self._tiles = finer
            return self._fill(windows, outputs, threads=threads)
        self._batch = (len(windows) + 1) // 2
        parts = windows[: self._batch], windows[self._batch :]
        return [made for part in parts for made in self._fill(part, outputs, threads=threads)]

    def _call(self, windows: list[Window], outputs: Sequence[int]) -> list[list[Frame]]:
        """Fill windows. Raises ModelError where the result is not numbers in any type."""
        while True:
            try:
                with torch.inference_mode():
                    return self._made(windows, outputs)
            except FloatingPointError:
                failed, wide = self._precision, _device.wider(self._device, self._precision)
                if wide is None:
                    raise ModelError(
                        f"A FLAVR network of factor {self._network.factor} made pictures that are "
                        "not numbers; its weights are damaged, so give others, or choose blend."
                    ) from None
                _log.warning("FLAVR gave no picture in %s; musvid now uses %s.", failed, wide)
                self._network.to(getattr(torch, wide))
                self._precision = wide

    def _made(self, windows: list[Window], outputs: Sequence[int]) -> list[list[Frame]]:
        """The same in the present type. Raises FloatingPointError where it is too narrow."""
        keyframes = {id(frame): frame for window in windows for frame in window}
        pixels = np.stack(list(keyframes.values()))
        places = {name: place for place, name in enumerate(keyframes)}
        numbers = [[places[id(frame)] for frame in window] for window in windows]
        tall, width = pixels.shape[1:3]
        # A mirrored picture is its right half: half the work, and exactly mirrored.
        half = self._network.mixing and _mirrored(pixels)
        if half:
            pixels = pixels[:, :, width // 2 :]
        wide = pixels.shape[2]
        rows, columns = self._network.grid
        pad = ((0, 0), (0, -tall % rows), (0, -wide % columns), (0, 0))
        pixels = np.ascontiguousarray(np.pad(pixels, pad, mode="edge"))
        count = (1, 1) if self._network.mixing else self._parts(*pixels.shape[1:3])
        if count == (1, 1):
            given = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2)
            index = torch.tensor(numbers, device=self._device)
            given = given.to(self._given) / 255
            made = _pictures(self._network.fill(given, index, outputs, half=half))
        else:
            made = np.stack([self._tiled(pixels[each], outputs, count) for each in numbers])
        filled = made[:, :, :tall, :wide]
        if half:  # of an odd width, the middle column is the axis
            filled = np.concatenate([filled[..., width % 2 :, :][..., ::-1, :], filled], axis=3)
        return [list(window) for window in np.ascontiguousarray(filled)]

    @property
    def _given(self) -> torch.dtype:
        """The type of pictures: not bfloat16, which holds fewer than 256 steps of brightness."""
        return torch.float16 if self._precision == "float16" else torch.float32

    def _tiled(self, window: Pixels, outputs: Sequence[int], count: tuple[int, int]) -> Pixels:
        """The pictures of a window, (moments, height, width, 3), tile by tile."""
        made = np.empty((len(outputs), *window.shape[1:]), np.uint8)
        made_of = (self._network, window, outputs, count)
        with closed(_tiles.fill(*made_of, device=self._device, dtype=self._given)) as parts:
            for tile, pictures in parts:
                made[:, tile.kept[0], tile.kept[1]] = _pictures(pictures[None])[0]
        return made

    def _parts(self, height: int, width: int) -> tuple[int, int]:
        """How many rows and columns of tiles the free memory asks for."""
        count, free = self._tiles, _device.free_memory(self._device)
        size = getattr(torch, self._precision).itemsize * self._network.width * _HELD
        while free is not None and _tiles.largest(height, width, count) * size > _SAFE * free:
            finer = _tiles.finer(height, width, count)
            if finer is None:
                break
            count = finer
        return count


def _pictures(made: torch.Tensor) -> Pixels:
    """Pictures (batch, moments, 3, height, width) as uint8 (batch, moments, height, width, 3).

    Raises FloatingPointError where they are not numbers.
    """
    if not bool(made.isfinite().all()):
        raise FloatingPointError
    made = (made.float() * 255).round_().clamp_(0, 255).to(torch.uint8)
    return made.permute(0, 1, 3, 4, 2).cpu().numpy()


def _mirrored(pixels: np.ndarray) -> bool:
    """Whether all frames, (..., width, 3), are their own mirror images."""
    half = pixels.shape[-2] // 2
    return np.array_equal(pixels[..., :half, :], pixels[..., ::-1, :][..., :half, :])


def _networks(weights: Path, device: str) -> dict[int, _Worker]:
    """The networks in a file or folder, by factor, on a device; loaded once."""
    facts = models.files_of(weights) if weights.exists() else []
    return _load(weights, device, tuple(facts))


@lru_cache(maxsize=2)
def _load(weights: Path, device: str, _facts: tuple[object, ...]) -> dict[int, _Worker]:
    with _device.BUILDING:
        loaded = [load_checkpoint(path) for path in _checkpoint.files(weights).values()]
    return {network.factor: _Worker(network, device) for network in loaded}
