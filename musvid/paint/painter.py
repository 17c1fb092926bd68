"""Frames through a diffusion model, image to image.

Every model goes the same way: diffusers' `AutoPipelineForImage2Image` loads it, the prompt is
encoded once, and every frame starts from the same noise, so that paintings of similar frames are
similar. How frames are batched changes at most the last bit of rounding.

torch and diffusers are imported when a model is loaded, not before.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

from .. import _device, _validate
from .._transfer import queues
from ..errors import MemoryExhausted, ModelError
from ..frame import Frame
from . import compiled, loading, models
from .brush import Brush
from .call import alike, begin_batch, painted_width
from .downloads import Told
from .encoding import joined
from .prompting import Prompting
from .room import MOST, Card, Room
from .style import Stroke, Style

# Parameters below which a frame is too little work for several cores (sketch has 6 million, the
# smallest Stable Diffusion 1000 million).
_SMALL = 50_000_000
_log = logging.getLogger(__name__)


def diffuse(
    frames: Iterable[Frame],
    style: Style,
    *,
    painter: Brush | None = None,
    device: str = "auto",
    precision: str = "auto",
    strokes: Iterable[Stroke] | None = None,
) -> Iterator[Frame]:
    """Paint frames: as many frames out as in, of the same shape.

    painter: a loaded model to use again; by default one is loaded now (not at the first frame),
        unless the strength is 0, which loads nothing and passes the frames through.
    device: "auto", "cpu", "cuda" or "mps"; precision: "auto", "float32" or "bfloat16"; both are
        ignored when a painter is given.
    strokes: how each frame is painted, where that changes; by default as the style says.

    Raises SettingsError, ModelError or MemoryExhausted.
    """
    if strokes is None and style.resolve().strength == 0:
        return iter(frames)
    brush = painter or Painter(style, device=device, precision=precision)
    return brush.paint(frames, style, strokes)


Job = tuple[Frame, Stroke]


@dataclass(frozen=True)
class _Begun:
    """A batch that is being painted.

    paintings: waits for them, see `begin_batch`. precision: of the model when it was begun.
    """

    jobs: list[Job]
    paintings: Callable[[], list[Frame]]
    precision: str


class Painter:
    """A loaded model.

    style: whose model to load, with its tiny autoencoder, LoRAs, ControlNets and scheduler.
    device, precision: see `musvid._device.pick_device` and `musvid._device.pick_precision`.
    fast: "auto" or "off", see `expect`.
    batch: frames painted at once, at most; by default as many as an NVIDIA card has memory for (see
        `musvid.paint.room`), 8 on another GPU, 2 of a large model on the CPU, and else 1. It is
        halved whenever the memory does not suffice.
    told: of what has to be downloaded, see `musvid.paint.downloads.fetch`.

    A small model on the CPU paints one frame per core at a time instead of all cores working on
    one frame, which costs less waiting and does not change the result. An NVIDIA card paints the
    next batch while the one before it is brought back and used.
    Several threads may paint with it at the same time: they take turns, batch by batch.

    `fingerprint` tells its weights from others, see `models.fingerprint`.

    Raises SettingsError for an unknown model, ModelError when it cannot be loaded, and while
    painting when what it paints is not a picture.
    """

    def __init__(
        self,
        style: Style,
        *,
        device: str = "auto",
        precision: str = "auto",
        fast: str = "auto",
        batch: int | None = None,
        told: Told | None = None,
    ) -> None:
        style = style.resolve()
        self.model = models.find(style.model)
        self.device = _device.pick_device(device)
        _validate.choice("fast", fast, _device.FAST)
        if batch is not None:
            _validate.whole("batch", batch, 1, 256)
        self._pipe = loading.load(self.model, style, self.device, precision, told)
        large = models.is_large(self.model)
        self.precision = _device.pick_precision(self.device, precision, large=large)
        self.batch = batch or {"cuda": MOST, "cpu": 2 if large else 1}.get(self.device, 8)
        self._room = Room(_card()) if self.device == "cuda" and batch is None else None
        self._ahead = int(queues(self.device))  # batches that are begun before one is waited for
        # Now, when its revision is known; another one may be downloaded while this one paints.
        self.fingerprint = models.fingerprint(self.model, style.tiny_autoencoder, style.additions)
        self._turn = threading.Lock()
        self._prompting = Prompting(self._pipe, self.model, style, self._turn)
        self._fast: compiled.Fast | None = None
        # LoRAs that change would have it compiled anew with every weight.
        if fast == "auto" and self.device == "cuda" and not self._prompting.changes:
            self._fast = compiled.Fast(self._pipe, name=self.model.name, turn=self._turn)
        small = loading.parameters(self._pipe) < _SMALL
        # A LoRA whose weight changes changes the one model that all threads would share.
        apart = self.device == "cpu" and small and not self._prompting.changes
        self._workers = min(_device.cores(), 8) if apart else 1

    @contextmanager
    def expect(self, count: int) -> Iterator[None]:
        """A context in which so many frames will be painted: where they are many, the model is
        compiled meanwhile, see `musvid.paint.compiled`."""
        if self._fast:
            self._fast.expect(count)
        try:
            yield
        finally:
            if self._fast:
                self._fast.expect(0)

    keeps = False

    def keeping(self, folder: Path, key: str) -> Painter:  # noqa: ARG002
        """This painter: whoever asks for its paintings keeps them, see `musvid.paint.brush`."""
        return self

    @property
    def abreast(self) -> int:
        """How many frames are painted at a time, each by itself."""
        return self._workers

    def paint(
        self, frames: Iterable[Frame], style: Style, strokes: Iterable[Stroke] | None = None
    ) -> Iterator[Frame]:
        """Paint frames with this model in a style. The model that the style names is ignored.

        strokes: how each frame is painted, where that changes; by default as the style says.
        """
        if strokes is None:
            strokes = repeat(style.resolve().stroke)
        return self.paint_each(zip(frames, strokes), style)  # noqa: B905

    def paint_each(self, jobs: Iterable[Job], style: Style) -> Iterator[Frame]:
        """Paint frames, each with the stroke beside it."""
        source, style = iter(jobs), style.resolve()
        if self.batch == 1 and self._workers > 1:
            yield from self._paint_abreast(source, style)
            return
        due: deque[_Begun] = deque()
        for batch in self._batches(source, style):
            due.extend(self._begin(self._pipe, batch, style, threads=_device.cores()))
            while len(due) > self._ahead:
                yield from self._ended(due.popleft(), self._pipe, style, threads=_device.cores())
        for begun in due:
            yield from self._ended(begun, self._pipe, style, threads=_device.cores())

    def _batches(self, source: Iterator[Job], style: Style) -> Iterator[list[Job]]:
        """Jobs that are painted in one batch: frames of one shape that take as many steps."""
        assert style.steps is not None, "it is resolved"
        batch: list[Job] = []
        kind: tuple[object, ...] = ()
        begun = 0
        for job in source:
            found = *alike(self._pipe, *job, style.steps), self._prompting.chunks(job[1], style)
            if batch and found != kind:
                yield batch
                batch = []
            kind = found
            batch.append(job)
            most = self._room.most(self._kind(job, style), begun) if self._room else self.batch
            if len(batch) >= min(self.batch, most):
                yield batch
                batch = []
                begun += 1
        if batch:
            yield batch

    def _paint_abreast(self, source: Iterator[Job], style: Style) -> Iterator[Frame]:
        """Paint in several threads, each with one core and a pipeline of its own."""
        idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(self._workers):
            idle.put(loading.twin(self._pipe))

        def paint(job: Job) -> Frame:
            pipe = idle.get()
            try:
                return self._paint(pipe, [job], style, threads=1)[0]
            finally:
                idle.put(pipe)

        yield from _device.abreast(paint, source, self._workers)

    def _paint(self, pipe: Any, jobs: list[Job], style: Style, *, threads: int) -> list[Frame]:
        """Paint jobs that make one batch."""
        return [
            painting
            for begun in self._begin(pipe, jobs, style, threads=threads)
            for painting in self._ended(begun, pipe, style, threads=threads)
        ]

    def _begin(self, pipe: Any, jobs: list[Job], style: Style, *, threads: int) -> list[_Begun]:
        """Begin to paint jobs that make one batch, or several where the memory does not suffice."""
        frames, strokes = [job[0] for job in jobs], [job[1] for job in jobs]
        if strokes[0].strength == 0:
            return [_Begun(jobs, lambda: frames, self.precision)]
        told = [self._prompting.read(stroke, style) for stroke in strokes]
        if self.device == "cpu":
            _device.use_threads(threads)
        try:
            # A pipeline keeps the state of its call, so that each thread needs a twin of its own.
            with self._turn if pipe is self._pipe else nullcontext(), self._measured(jobs, style):
                self._prompting.weigh(strokes[0].loras)
                made = begin_batch(pipe, frames, style, strokes, joined(told))
                return [_Begun(jobs, made, self.precision)]
        except (RuntimeError, MemoryError) as error:
            if not _device.is_out_of_memory(error):
                raise
        if len(frames) == 1:
            height, width = frames[0].shape[:2]
            raise MemoryExhausted(
                f"Painting {width}x{height} pixels needs more memory than the {self.device} device "
                "has; choose a smaller --size, a smaller model, or --device cpu."
            )
        self.batch = (len(frames) + 1) // 2
        return [
            begun
            for half in (jobs[: self.batch], jobs[self.batch :])
            for begun in self._begin(pipe, half, style, threads=threads)
        ]

    def _ended(self, begun: _Begun, pipe: Any, style: Style, *, threads: int) -> list[Frame]:
        """The paintings of a batch that was begun."""
        try:
            return begun.paintings()
        except FloatingPointError:
            if self._widened(begun.precision):
                return self._paint(pipe, begun.jobs, style, threads=threads)
            raise ModelError(
                f"The model {self.model.name} painted values that are not numbers on the "
                f"{self.device} device; choose another model, or --device cpu."
            ) from None

    def _measured(self, jobs: list[Job], style: Style) -> AbstractContextManager[None]:
        """A context in which a batch is begun, see `Room.measured`."""
        if self._room is None:
            return nullcontext()
        height, width = jobs[0][0].shape[:2]
        pixels = height * painted_width(width, style)
        return self._room.measured(self._kind(jobs[0], style), len(jobs), pixels)

    def _kind(self, job: Job, style: Style) -> Hashable:
        """What decides how much memory a painting takes."""
        frame, stroke = job
        return frame.shape, style.symmetry, stroke.guidance > 1, self.precision

    def _widened(self, failed: str) -> bool:
        """Have the model compute in a wider type than one in which it failed. False where there is
        none.

        What is painted then is kept under the type that was asked for: there, it always fails.
        """
        import torch

        with self._turn:
            if self.precision != failed:  # another thread has done so
                return True
            wide = _device.wider(self.device, failed)
            if wide is None or not hasattr(self._pipe, "to"):
                return False
            self._pipe.to(getattr(torch, wide))
            self._prompting.forget()
            self.precision = wide
        _log.warning("%s gave no picture in %s; musvid now uses %s.", self.model.name, failed, wide)
        return True


def _card() -> Card:
    import torch

    return torch.cuda
