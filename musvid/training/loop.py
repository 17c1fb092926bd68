"""What every training here has in common: its schedule, moving average, checkpoint and log."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn


class Run:
    """A training run of so many minutes, which can be stopped and resumed at any moment.

    network: what learns; give several as a ModuleList. `average` is the moving average of its
        weights, which is what a run is for.
    folder: of ``checkpoint.pt`` and ``log.jsonl``; made if need be.
    minutes: in all, counting those before a resumption.
    rate, floor: learning rate, and the part of it that a falling cosine ends at.
    warm_up: steps in which the rate rises. memory: weight of the past in the average, at most.
    resume: go on from the folder's checkpoint, where there is one.
    """

    def __init__(
        self,
        network: nn.Module,
        folder: Path,
        *,
        minutes: float,
        rate: float,
        floor: float,
        warm_up: int,
        memory: float,
        weight_decay: float,
        resume: bool,
    ) -> None:
        self.network, self.average = network, copy.deepcopy(network)
        self.step, self._before = 0, 0.0
        self._seconds = 60 * minutes
        self._rate, self._floor, self._warm_up, self._memory = rate, floor, warm_up, memory
        self._optimiser = torch.optim.AdamW(
            network.parameters(), rate, (0.9, 0.99), weight_decay=weight_decay
        )
        folder.mkdir(parents=True, exist_ok=True)
        self._log, self._checkpoint = folder / "log.jsonl", folder / "checkpoint.pt"
        if resume and self._checkpoint.exists():
            state = torch.load(self._checkpoint, weights_only=True)
            network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self._optimiser.load_state_dict(state["optimiser"])
            self.step, self._before = state["step"], state["seconds"]

    def steps(
        self, report: Callable[[], dict[str, float]], *, every: float, early: int = 0
    ) -> Iterator[int]:
        """The numbers of the steps to take, until the time is over.

        report: measures and saves what the run is for; its figures go into the log. It is called
        `every` so many seconds, after the step `early`, and at the end.
        """
        began = saved = time.monotonic()
        while (elapsed := self._before + time.monotonic() - began) < self._seconds:
            falling = (1 + math.cos(math.pi * elapsed / self._seconds)) / 2
            rate = self._rate * (self._floor + (1 - self._floor) * falling)
            for group in self._optimiser.param_groups:
                group["lr"] = rate * min(1, (self.step + 1) / self._warm_up)
            yield self.step
            if time.monotonic() - saved > every or self.step == early:
                saved = time.monotonic()
                self._save(report(), elapsed)
        self._save(report(), self._seconds)

    def learn(self, loss: Tensor) -> None:
        """Take one step down a loss."""
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()
        self.step += 1
        keep = min(self._memory, (self.step + 1) / (self.step + 20))
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.network.parameters(), strict=True)
            for slow, fast in pairs:
                slow.lerp_(fast, 1 - keep)

    def _save(self, figures: dict[str, float], seconds: float) -> None:
        line = {"seconds": round(seconds), "step": self.step, **figures}
        print(json.dumps(line), flush=True)
        with self._log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        state = {"network": self.network.state_dict(), "average": self.average.state_dict()}
        state |= {"optimiser": self._optimiser.state_dict(), "step": self.step, "seconds": seconds}
        new = self._checkpoint.with_suffix(".new")
        torch.save(state, new)
        new.replace(self._checkpoint)  # never half a checkpoint
