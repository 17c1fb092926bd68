"""What every training here has in common: its schedule, moving average, checkpoint and log."""

from __future__ import annotations

import copy
import json
import math
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from .muon import Muon

_PART = 15_000_000  # bytes of a checkpoint's file, at most about this
_PAUSE = 20  # seconds that a step may take; beyond that, its process was stopped
_FEW = 12  # channels that a kernel must exceed on both sides to learn by Muon


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn.

    minutes: in all, counting those before a resumption. kernel_rate, rate: learning rates of the
    kernels of convolutions (see `muon`) and of everything else (AdamW). floor: the fraction of
    these rates at which the cosine schedule ends. warm_up: steps in which the rates rise. memory:
    the largest decay of the exponential moving average of weights. every: seconds between reports.
    """

    minutes: float
    rate: float
    kernel_rate: float = 0.01
    floor: float = 0.03
    warm_up: int = 200
    memory: float = 0.999
    weight_decay: float = 0.01
    every: float = 120


class Run:
    """A training run, which can be stopped and resumed at any moment.

    network: what learns; give several as a ModuleList. `average` is the moving average of its
        weights, which is what a run is for.
    folder: of ``checkpoint/`` and ``log.jsonl``; made if need be. The checkpoint is in half
        precision and in files below 16 MB, so that it travels easily.
    resume: go on from the folder's checkpoint, where there is one.
    until: a time of `time.monotonic` at which to stop, whether the plan is fulfilled or not.
    """

    def __init__(
        self,
        network: nn.Module,
        folder: Path,
        plan: Plan,
        *,
        resume: bool,
        until: float = math.inf,
    ) -> None:
        self.network, self.average = network, copy.deepcopy(network)
        self.step, self._before = 0, 0.0
        self._plan, self._until = plan, until
        # Muon learns kernels in less than half as many steps. It is not made for other weights, nor
        # for the first and last layers, whose few channels have a meaning of their own.
        kernels = [
            weight
            for weight in network.parameters()
            if weight.dim() >= 4 and min(weight.shape[:2]) > _FEW
        ]
        chosen = {id(weight) for weight in kernels}
        rest = [weight for weight in network.parameters() if id(weight) not in chosen]
        adam = torch.optim.AdamW(
            rest, plan.rate, (0.9, 0.99), weight_decay=plan.weight_decay, fused=True
        )
        self._optimisers = [adam, Muon(kernels, plan.kernel_rate)] if kernels else [adam]
        self._threads = ThreadPoolExecutor()
        folder.mkdir(parents=True, exist_ok=True)
        self._log, self._checkpoint = folder / "log.jsonl", folder / "checkpoint"
        if resume and any(folder.glob("checkpoint*/last.pt")):
            self._load()

    @property
    def finished(self) -> bool:
        """Whether the plan's minutes are over."""
        return self._before >= 60 * self._plan.minutes

    @property
    def progress(self) -> float:
        """The part of the plan's minutes that is over, 0 to 1."""
        return min(1.0, self._before / (60 * self._plan.minutes))

    def steps(self, report: Callable[[], dict[str, float]], *, early: int = 0) -> Iterator[int]:
        """The numbers of the steps to take, until the time is over.

        report: measures and saves what the run is for; its figures go into the log. It is called
        as often as the plan says, after the step `early`, and at the end.
        """
        began = saved = last = time.monotonic()
        plan, total = self._plan, 60 * self._plan.minutes
        while self._before < total and time.monotonic() < self._until:
            falling = (1 + math.cos(math.pi * self._before / total)) / 2
            falling = plan.floor + (1 - plan.floor) * falling
            pace = falling * min(1, (self.step + 1) / plan.warm_up)
            for optimiser in self._optimisers:
                for group in optimiser.param_groups:
                    group["lr"] = pace * optimiser.defaults["lr"]
            yield self.step
            now = time.monotonic()
            # While the process was stopped, nothing was learned.
            self._before += min(now - last, _PAUSE)
            last = now
            if time.monotonic() - saved > plan.every or self.step == early:
                self._save(report())
                saved = last = time.monotonic()
        if time.monotonic() > began:
            self._save(report())

    def learn(self, *losses: Callable[[], Tensor]) -> Tensor:
        """Take one step down the mean of some losses, and return that mean.

        Several are computed abreast, each in a thread and on a core of its own, which on a CPU is
        faster than all cores working on one.
        """
        parameters = list(self.network.parameters())
        if len(losses) == 1:
            parts = [_gradients(losses[0], parameters)]
        else:
            parts = list(self._threads.map(partial(_alone, parameters=parameters), losses))
        for parameter, *slopes in zip(parameters, *(slopes for _, slopes in parts), strict=True):
            known = [slope for slope in slopes if slope is not None]
            if not known:
                parameter.grad = None
                continue
            mean = sum(known[1:], start=known[0]) / len(losses)
            # Fused AdamW expects gradients in the memory layout of their parameters.
            parameter.grad = torch.empty_like(parameter).copy_(mean)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimiser in self._optimisers:
            optimiser.step()
        self.step += 1
        keep = min(self._plan.memory, (self.step + 1) / (self.step + 20))
        with torch.no_grad():
            fast = [parameter.detach() for parameter in self.network.parameters()]
            torch._foreach_lerp_(list(self.average.parameters()), fast, 1 - keep)
        return torch.stack([value for value, _ in parts]).mean()

    def _save(self, figures: dict[str, float]) -> None:
        line = {"seconds": round(self._before), "step": self.step, **figures}
        print(json.dumps(line), flush=True)
        with self._log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        new = self._checkpoint.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        part: dict[str, Tensor] = {}
        count = size = 0
        for name, tensor in self._tensors().items():
            if size + tensor.nbytes > _PART:
                torch.save(part, new / f"part-{count}.pt")
                part, count, size = {}, count + 1, 0
            part[name] = tensor
            size += tensor.nbytes
        torch.save(part, new / f"part-{count}.pt")
        # Written last: a checkpoint with it is whole.
        torch.save({"step": self.step, "seconds": self._before}, new / "last.pt")
        shutil.rmtree(self._checkpoint, ignore_errors=True)
        new.rename(self._checkpoint)

    def _tensors(self) -> dict[str, Tensor]:
        """Everything there is to remember, by name, in half precision, on the CPU."""
        made: dict[str, Tensor] = {}
        for kind, module in (("network", self.network), ("average", self.average)):
            for name, parameter in module.named_parameters():
                made[f"{kind}/{name}"] = parameter.detach().to("cpu", torch.float16)
        for number, optimiser in enumerate(self._optimisers):
            for index, state in optimiser.state_dict()["state"].items():
                for name, value in state.items():
                    # Squares of gradients are too small for float16.
                    kind = torch.bfloat16 if value.dim() else value.dtype
                    made[f"optimiser/{number}/{index}/{name}"] = value.detach().to("cpu", kind)
        return made

    def _load(self) -> None:
        whole = self._checkpoint
        if not (whole / "last.pt").exists():
            whole = self._checkpoint.with_suffix(".new")
        loaded: dict[str, Tensor] = {}
        for path in sorted(whole.glob("part-*.pt")):
            loaded |= torch.load(path, weights_only=True)
        with torch.no_grad():
            for kind, module in (("network", self.network), ("average", self.average)):
                for name, parameter in module.named_parameters():
                    parameter.copy_(loaded[f"{kind}/{name}"])
        states: list[dict[int, dict[str, Tensor]]] = [{} for _ in self._optimisers]
        for name, tensor in loaded.items():
            if name.startswith("optimiser/"):
                _, number, index, entry = name.split("/")
                states[int(number)].setdefault(int(index), {})[entry] = tensor.float()
        for optimiser, state in zip(self._optimisers, states, strict=True):
            groups = optimiser.state_dict()["param_groups"]
            optimiser.load_state_dict({"state": state, "param_groups": groups})
        last = torch.load(whole / "last.pt", weights_only=True)
        self.step, self._before = last["step"], last["seconds"]


def _gradients(
    loss: Callable[[], Tensor], parameters: list[nn.Parameter]
) -> tuple[Tensor, tuple[Tensor | None, ...]]:
    value = loss()
    return value.detach(), torch.autograd.grad(value, parameters, allow_unused=True)


def _alone(
    loss: Callable[[], Tensor], parameters: list[nn.Parameter]
) -> tuple[Tensor, tuple[Tensor | None, ...]]:
    torch.set_num_threads(1)  # of this thread
    return _gradients(loss, parameters)
