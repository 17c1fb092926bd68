"""Trains the embedded networks of FLAVR on sequences that `musvid.training.moving` made.

    python -m musvid.training.flavr RUN --factor 8 --sequences FILE.npz [--resume]

RUN is a folder: log, checkpoint, and ``flavr_8x.safetensors``, the network as far as it is, which
``--flavr-weights`` loads. What is learned is the mean over pictures of the logarithm of the squared
error, which is what the PSNR in dB measures: an easy picture counts as much as a hard one.
"""

from __future__ import annotations

import argparse
import math
import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: see musvid._device

import torch
from torch import Tensor, nn

from ..interpolate import _checkpoint
from ..interpolate._network import Flavr, Gate
from .loop import Plan, Run
from .moving import Sequences, Windows, windows

# How far apart keyframes are, in thirtieths of a second, and how often.
STRIDES: dict[int, dict[int, float]] = {8: {8: 1}, 4: {4: 1}, 2: {2: 1}}
PLAN = Plan(30, 2e-3, floor=0.02, warm_up=100, memory=0.99, every=120)
COLUMNS = 32  # of each half that are seen: as many as the network does
HELD_OUT = 0.04
_FLOOR = 1e-5  # mean squared error below which nothing is gained (50 dB)


def untrained(factor: int, width: int) -> Flavr:
    """A network that blends linearly until it is trained."""
    network = Flavr(factor, width=width, mixing=True)
    for layer in network.modules():  # as suits rectified layers, which keeps signals from fading
        if isinstance(layer, nn.Conv2d | nn.Conv3d | nn.ConvTranspose3d):
            nn.init.kaiming_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        if isinstance(layer, Gate):
            nn.init.zeros_(layer.attn_layer[0].weight)
    last = network.outconv[1]
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return network


def error(network: nn.Module, seen: Windows) -> Tensor:
    """The mean of the logarithms of each picture's mean squared error."""
    made = network(seen.keyframes, seen.outputs, half=True)
    # As clamped in the end, but with a gradient outside of the range.
    made = torch.lerp(made.clamp(0, 1), made, 0.02)
    return ((made - seen.between).square().mean((2, 3, 4)) + _FLOOR).log().mean()


@torch.inference_mode()
def gain(network: nn.Module, held_out: dict[str, Windows]) -> dict[str, float]:
    """Decibels of PSNR above linear blending, for each kind of windows."""
    figures = {}
    for name, seen in held_out.items():
        values = []
        for part in range(len(seen.keyframes)):
            keyframes, truth = seen.keyframes[part : part + 1], seen.between[part : part + 1]
            made = network(keyframes, seen.outputs, half=True).clamp(0, 1)
            way = torch.tensor([(i + 1) / network.factor for i in seen.outputs])
            blend = torch.lerp(
                keyframes[:, None, :, 1], keyframes[:, None, :, 2], way[:, None, None, None]
            )
            pair = [(kind - truth).square().mean((2, 3, 4)) + _FLOOR for kind in (blend, made)]
            values.append(10 * (pair[0] / pair[1]).log10().mean())
        figures[name] = round(float(torch.stack(values).mean()), 3)
    return figures


def train(
    sequences: Sequences,
    folder: Path,
    *,
    factor: int,
    width: int,
    plan: Plan = PLAN,
    batch: int = 16,
    abreast: int = 1,
    resume: bool = False,
    until: float = math.inf,
    begin: Flavr | None = None,
) -> Flavr:
    """Train a network, and write it into the folder with every report.

    batch: windows of each batch. abreast: batches of each step, each on a core of its own.
    begin: a network to go on from. until: a time of `time.monotonic` at which to stop.
    """
    torch.manual_seed(0)
    network = (begin or untrained(factor, width)).train()
    network.flat = False  # folded, a quarter of the time is spent on gradients of zeros
    seen, unseen = sequences.split(HELD_OUT)
    held_out = {
        f"{name}, {stride}": windows(
            unseen,
            Random(1),
            32,
            factor=factor,
            stride=stride,
            columns=COLUMNS,
            painted=painted,
            varied=0,
        )
        for name, painted in (("spectra", 0.0), ("paintings", 1.0))
        for stride in STRIDES[factor]
        if 3 * stride < (unseen.paintings if painted else unseen.spectra).shape[1]
    }
    run = Run(network, folder, plan, resume=resume, until=until)
    random = Random(run.step)
    strides, shares = zip(*STRIDES[factor].items(), strict=True)
    losses: list[Tensor] = []

    def report() -> dict[str, float]:
        average = run.average.eval()
        _checkpoint.save(average, folder / f"flavr_{factor}x.safetensors")
        mean = float(torch.stack(losses).mean()) if losses else 0.0
        losses.clear()
        return {"loss": round(mean, 3), **gain(average, held_out)}

    for _ in run.steps(report, early=30):
        batches = [
            windows(
                seen,
                random,
                batch,
                factor=factor,
                stride=random.choices(strides, shares)[0],
                columns=COLUMNS,
            )
            for _ in range(abreast)
        ]
        losses.append(run.learn(*(partial(error, network, one) for one in batches)))
    return run.average.eval()


def main() -> None:
    """Train on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("run", type=Path, help="folder of the run")
    add("--sequences", type=Path, nargs="+", required=True, help="files of musvid.training.moving")
    add("--factor", type=int, choices=(2, 4, 8), default=8)
    add("--width", type=int, default=16)
    add("--minutes", type=float, default=PLAN.minutes)
    add("--batch", type=int, default=16)
    add("--abreast", type=int, default=2, help="batches of each step, each on a core of its own")
    add("--begin", type=Path, help="weights to go on from")
    add("--resume", action="store_true")
    options = parser.parse_args()
    train(
        Sequences.load(*options.sequences),
        options.run,
        factor=options.factor,
        width=options.width,
        plan=replace(PLAN, minutes=options.minutes),
        batch=options.batch,
        abreast=options.abreast,
        resume=options.resume,
        begin=_checkpoint.load(options.begin) if options.begin else None,
    )


if __name__ == "__main__":
    main()
