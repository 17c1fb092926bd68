"""A model's networks compiled for the one shape in which a long render paints.

`torch.compile` makes one program of a network's many small steps. That takes a minute or more, and
seconds where the disk still has it from an earlier render, so that it must be earned: once some
batches are painted, it is known how long the rest would take. While a thread compiles, painting
goes on as before, and from then on batches of the same shape take the compiled way. All others (a
last, smaller one; a moment of the page) are computed as ever. The pictures differ by rounding only.

Where compiling fails (there is no Triton, or no C++ compiler), one line says so.

Steps are not left out or reused between times, as DeepCache does: models of one or two steps have
nothing to leave out.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .. import _device, store
from ..errors import OutputError

_log = logging.getLogger(__name__)

_WORTH = 180.0  # seconds of painting that are left: below that, compiling would hardly pay
_BATCHES = 3  # of a render are timed before that is decided; the first one chooses its kernels


@dataclass
class _Part:
    """A network, with what it computes by where that is compiled.

    eager: the network's own `forward`. ready: compiled functions by the shape of what they are
    given, see `_shape`. example: what it was given in the batch that is compiled for.
    """

    network: Any
    eager: Callable[..., Any]
    ready: dict[object, Callable[..., Any]] = field(default_factory=dict)
    example: tuple[object, tuple[Any, ...], dict[str, Any]] | None = None


class Fast:
    """Has a pipeline compiled where a render is long enough.

    pipe: with an autoencoder and a UNet or transformer; of others, nothing is compiled. name: of
    the model, for what is told. turn: held while the pipeline paints. backend: of `torch.compile`.
    worth: seconds of painting that must be left.
    """

    def __init__(
        self,
        pipe: Any,
        *,
        name: str,
        turn: threading.Lock,
        backend: Any = "inductor",
        worth: float = _WORTH,
    ) -> None:
        self._name, self._turn, self._backend, self._worth = name, turn, backend, worth
        self._left, self._done, self._batches, self._began = 0, 0, 0, 0.0
        self._last = 0  # frames of the batch before
        self._recording, self._failed = False, False
        self._thread: threading.Thread | None = None
        self._parts: list[_Part] = []
        vae = getattr(pipe, "vae", None)
        denoiser = getattr(pipe, "unet", None) or getattr(pipe, "transformer", None)
        ends = [getattr(vae, name, None) for name in ("encoder", "decoder")]
        networks: list[Any] = [denoiser, *ends]
        # What is moved between memories layer by layer has hooks that cannot be compiled.
        if None not in networks and not any(hasattr(each, "_hf_hook") for each in networks):
            self._parts = [_Part(each, each.forward) for each in networks]
        for part in self._parts:
            part.network.forward = self._way(part, decodes=part is self._parts[-1])

    def expect(self, count: int) -> None:
        """A render of so many paintings begins; with 0, it has ended."""
        self._left, self._done, self._batches, self._recording = count, 0, 0, False

    def wait(self) -> None:
        """Wait until nothing is being compiled."""
        if self._thread is not None:
            self._thread.join()

    def _way(self, part: _Part, *, decodes: bool) -> Callable[..., Any]:
        """What a network computes by from now on. decodes: whether it is a batch's last one."""

        @functools.wraps(part.eager)
        def forward(*given: Any, **more: Any) -> Any:
            made = self._compute(part, given, more)
            if decodes and self._left:
                self._painted(len(given[0]))
            return made

        return forward

    def _compute(self, part: _Part, given: tuple[Any, ...], more: dict[str, Any]) -> Any:
        if not part.ready and not self._recording:
            return part.eager(*given, **more)
        shape = _shape(part.network, given, more)
        if self._recording and part.example is None and shape not in part.ready:
            part.example = (shape, given, more)
        function = part.ready.get(shape)
        if function is None:
            return part.eager(*given, **more)
        try:
            return function(*given, **more)
        except Exception as error:
            if _device.is_out_of_memory(error):
                raise
            self._give_up(error)
        return part.eager(*given, **more)

    def _painted(self, count: int) -> None:
        """Count a batch, and decide whether to compile."""
        if self._recording:  # a whole batch was looked at
            self._recording = False
            if any(part.example for part in self._parts):
                self._thread = threading.Thread(target=self._compile, args=(_state(),), daemon=True)
                self._thread.start()
            return
        self._batches += 1
        if self._batches == 1:
            self._began = time.monotonic()
            return
        self._done += count
        self._left -= count
        if self._batches <= _BATCHES or self._failed or self._busy:
            return
        each = (time.monotonic() - self._began) / self._done
        steady, self._last = count == self._last, count  # batches may grow at first
        self._recording = steady and each * self._left >= self._worth

    @property
    def _busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _compile(self, state: tuple[bool, int]) -> None:
        """Compile every network for its example. What fails is told, and not tried again."""
        began = time.monotonic()
        try:
            import torch

            _keep_on_disk()
            inference, threads = state
            torch.set_num_threads(threads)  # what is compiled is for so many
            made = []
            with torch.inference_mode(inference):
                for part in self._parts:
                    if part.example is None:
                        continue
                    shape, given, more = part.example
                    function = torch.compile(
                        part.eager, dynamic=False, backend=self._by_turns(self._backend)
                    )
                    function(*given, **more)
                    made.append((part, shape, function))
            for part, shape, function in made:
                part.ready[shape] = function
            _log.info("%s is compiled (%.0f s).", self._name, time.monotonic() - began)
        except Exception as error:
            self._give_up(error)
        finally:
            for part in self._parts:
                part.example = None

    def _by_turns(self, backend: Any) -> Callable[[Any, Any], Any]:
        """A backend whose programs wait for their turn in this thread: beside a batch that is being
        painted, there might not be enough memory."""
        from torch._dynamo import lookup_backend

        here = threading.get_ident()
        compile_graph = lookup_backend(backend)

        def compiled(graph: Any, inputs: Any) -> Any:
            program = compile_graph(graph, inputs)

            @functools.wraps(program)
            def run(*given: Any) -> Any:
                if threading.get_ident() != here:
                    return program(*given)
                with self._turn:
                    return program(*given)

            return run

        return compiled

    def _give_up(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
            _log.warning("%s is not compiled, and paints as before (%s).", self._name, reason)
        for part in self._parts:
            part.ready.clear()


def _shape(network: Any, given: tuple[Any, ...], more: dict[str, Any]) -> object:
    """What must be the same for a compiled function to be right for it."""
    import torch
    from torch.utils._pytree import tree_flatten

    leaves, structure = tree_flatten((given, more))
    facts = [
        (tuple(each.shape), each.stride(), each.dtype, each.device, each.is_inference())
        if isinstance(each, torch.Tensor)
        else each
        for each in leaves
    ]
    return repr(structure), repr(facts), next(network.parameters()).dtype, _state()


def _state() -> tuple[bool, int]:
    """What compiled functions look at beside what they are given: inference mode and threads."""
    import torch

    return torch.is_inference_mode_enabled(), torch.get_num_threads()


def _keep_on_disk() -> None:
    """Have what is compiled kept beside finished frames, unless the user named another folder."""
    with suppress(OutputError, OSError):
        folder = store.default_folder() / store.COMPILED
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder))
