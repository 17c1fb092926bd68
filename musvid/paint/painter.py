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
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import groupby, islice, repeat
from typing import Any

from .. import _device, _validate
from ..errors import MemoryExhausted, ModelError, quoted
from ..frame import Frame
from . import compiled, control, loading, loras, models, words
from .call import alike, paint_batch
from .encoding import encode, joined, unread
from .style import Stroke, Style

# Parameters below which a frame is too little work for several cores (sketch has 6 million, the
# smallest Stable Diffusion 1000 million).
_SMALL = 50_000_000
_log = logging.getLogger(__name__)

_TEXTS = 16  # encoded prompts that are kept


def diffuse(
    frames: Iterable[Frame],
    style: Style,
    *,
    painter: Painter | None = None,
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
    painter = painter or Painter(style, device=device, precision=precision)
    return painter.paint(frames, style, strokes)


Job = tuple[Frame, Stroke]


class Painter:
    """A loaded model.

    style: whose model to load, with its tiny autoencoder, LoRAs, ControlNets and scheduler.
    device, precision: see `musvid._device.pick_device` and `musvid._device.pick_precision`.
    fast: "auto" or "off", see `expect`.
    batch: frames painted at once; by default 8 on a GPU, 2 of a large model on the CPU, and else 1.
        It is halved whenever the memory does not suffice.

    A small model on the CPU paints one frame per core at a time instead of all cores working on
    one frame, which costs less waiting and does not change the result.
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
    ) -> None:
        style = style.resolve()
        self.model = models.find(style.model)
        self.device = _device.pick_device(device)
        if batch is not None:
            _validate.whole("batch", batch, 1, 256)
        self._pipe = loading.load(
            self.model,
            style.tiny_autoencoder,
            self.device,
            precision,
            loras.parse(style.lora),
            control.parse(style.control),
            style.scheduler,
        )
        large = models.is_large(self.model)
        self.precision = _device.pick_precision(self.device, precision, large=large)
        self.batch = batch or (8 if self.device != "cpu" else 2 if large else 1)
        # Now, when its revision is known; another one may be downloaded while this one paints.
        self.fingerprint = models.fingerprint(self.model, style.tiny_autoencoder, style.additions)
        self._encoded: OrderedDict[tuple[str, str, bool], dict[str, Any]] = OrderedDict()
        self._turn = threading.Lock()
        _validate.choice("fast", fast, _device.FAST)
        self._fast: compiled.Fast | None = None
        if fast == "auto" and self.device == "cuda":
            self._fast = compiled.Fast(self._pipe, name=self.model.name, turn=self._turn)
        small = loading.parameters(self._pipe) < _SMALL
        self._workers = min(_device.cores(), 8) if self.device == "cpu" and small else 1

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
        assert style.steps is not None, "it is resolved"
        steps = style.steps

        def key(job: Job) -> tuple[object, ...]:
            return alike(self._pipe, *job, steps)

        while group := list(islice(source, self.batch)):
            # Frames of one shape that take as many steps are painted in one batch.
            for _, part in groupby(group, key=key):
                yield from self._paint(self._pipe, list(part), style, threads=_device.cores())

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
        """Paint jobs of one strength and guidance."""
        frames, strokes = [job[0] for job in jobs], [job[1] for job in jobs]
        if strokes[0].strength == 0:
            return frames
        prompts = [self._prompt(stroke, style.negative_prompt) for stroke in strokes]
        if self.device == "cpu":
            _device.use_threads(threads)
        try:
            # A pipeline keeps the state of its call, so that each thread needs a twin of its own.
            with self._turn if pipe is self._pipe else nullcontext():
                return paint_batch(pipe, frames, style, strokes, joined(prompts))
        except FloatingPointError:
            if self._widened(self.precision):
                return self._paint(pipe, jobs, style, threads=threads)
            raise ModelError(
                f"The model {self.model.name} painted values that are not numbers on the "
                f"{self.device} device; choose another model, or --device cpu."
            ) from None
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
            painting
            for half in (jobs[: self.batch], jobs[self.batch :])
            for painting in self._paint(pipe, half, style, threads=threads)
        ]

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
            self._encoded.clear()
            self.precision = wide
        _log.warning("%s gave no picture in %s; musvid now uses %s.", self.model.name, failed, wide)
        return True

    def _prompt(self, stroke: Stroke, negative: str) -> dict[str, Any]:
        """The pipeline's arguments for one frame's prompt: embeddings where it takes them."""
        guided = stroke.guidance > 1
        found = [self._text(text, negative, guided) for text, _ in stroke.prompts]
        weights = [weight for _, weight in stroke.prompts]
        if len(found) == 1:
            return found[0]
        if any(isinstance(value, str) for value in found[0].values()):
            return found[weights.index(max(weights))]  # texts cannot be mixed
        return {
            name: sum(each[name] * weight for each, weight in zip(found, weights, strict=True))
            for name in found[0]
        }

    def _text(self, prompt: str, negative: str, guided: bool) -> dict[str, Any]:
        key = (prompt, negative, guided)
        with self._turn:
            if key not in self._encoded:
                for text in (prompt, negative) if guided else (prompt,):
                    self._tell_unread(text)
                self._encoded[key] = encode(self._pipe, *key)
                while len(self._encoded) > _TEXTS:
                    self._encoded.popitem(last=False)
            return self._encoded[key]

    def _tell_unread(self, prompt: str) -> None:
        """Say what the model does not read of a prompt, unless `Style.remarks` said it before."""
        reads = self.model.reads
        if reads and words.unread(prompt, reads, self.model.vocabulary):
            return
        if end := unread(self._pipe, prompt):
            _log.info("%s does not read the end of the prompt: %s", self.model.name, quoted(end))
