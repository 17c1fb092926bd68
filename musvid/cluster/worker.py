"""What works on a machine of a cluster: it has models at hand, and does what it is sent.

It is an ordinary object, of which Ray makes an actor, see `musvid.cluster.actor`.
"""

from __future__ import annotations

import os
import socket
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from .. import _device, interpolate
from ..frame import Frame
from ..paint.painter import Painter
from ..paint.style import Stroke, Style
from ..store import Store
from ._identity import versions

_KEPT = 2  # models in memory


@dataclass(frozen=True)
class Facts:
    """What a worker says of itself.

    versions: see `musvid.cluster._identity`.
    """

    name: str
    device: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Loaded:
    """What a worker says of a model that it has loaded, see `musvid.paint.brush.Brush`."""

    fingerprint: list[object]
    device: str
    precision: str


@dataclass(frozen=True)
class Painting:
    """What is to be painted.

    precision: see `musvid.render`. jobs: frames, and how each is painted, or None where that is as
    the style says. key: of the paintings in the store, or "" where they are not kept.
    """

    style: Style
    precision: str
    jobs: Sequence[tuple[Frame, Stroke | None]]
    key: str = ""


@dataclass(frozen=True)
class Gaps:
    """Keyframes whose gaps are to be filled, see `musvid.between`.

    skip, count: of the frames that come out, those that are wanted; what is around them only says
    how they look.
    """

    keyframes: Sequence[Frame]
    factor: int
    interpolator: str
    weights: str | None
    skip: int
    count: int


class Worker:
    """A worker with so many cores.

    device, fast: see `musvid.render`. folder, token: of a store, and the name of a file in it by
    which it is known: another machine may have another store at the same place.
    """

    def __init__(self, cores: int, device: str, fast: str, folder: str, token: str) -> None:
        os.environ[_device.CORES] = str(cores)
        self._device, self._fast = _device.pick_device(device), fast
        sees = bool(token) and (Path(folder) / token).is_file()
        self._store = Store(folder) if sees else None
        self._painters: OrderedDict[Any, Painter] = OrderedDict()

    def hello(self) -> Facts:
        """Who this is."""
        name = f"{socket.gethostname()}, process {os.getpid()}"
        return Facts(name, self._device, versions())

    def load(self, style: Style, precision: str) -> Loaded:
        """Load the model of a style. Raises what `Painter` raises."""
        painter = self._painter(style, precision)
        return Loaded(painter.fingerprint, painter.device, painter.precision)

    def paint(self, task: Painting) -> tuple[bool, list[Frame]]:
        """Paint frames; what the store has is not painted again. Whether they are in the store now,
        and the paintings."""
        painter, style = self._painter(task.style, task.precision), task.style
        frames = [frame for frame, _ in task.jobs]
        strokes = [stroke for _, stroke in task.jobs if stroke is not None]
        if self._store is None or not task.key:
            return False, list(painter.paint(frames, style, strokes or None))
        if strokes:
            made = self._store.paintings(
                frames, task.key, lambda rest: painter.paint_each(rest, style), strokes
            )
        else:
            made = self._store.paintings(frames, task.key, lambda rest: painter.paint(rest, style))
        return True, list(made)

    def fill(self, task: Gaps) -> list[Frame]:
        """Fill gaps."""
        made: Iterator[Frame] = interpolate.between(
            task.keyframes,
            task.factor,
            interpolator=task.interpolator,
            weights=task.weights,
            device=self._device,
        )
        return list(islice(made, task.skip, task.skip + task.count))

    def _painter(self, style: Style, precision: str) -> Painter:
        key = style.made_of, precision
        if key not in self._painters:
            while len(self._painters) >= _KEPT:
                self._painters.popitem(last=False)
            _device.release_memory()
            self._painters[key] = Painter(
                style, device=self._device, precision=precision, fast=self._fast
            )
        self._painters.move_to_end(key)
        return self._painters[key]
