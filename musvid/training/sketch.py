"""Trains `sketch`: draws a bank of spectra, trains the autoencoder, then the denoiser.

On two processor cores, about three hours:

    python -m musvid.training.sketch RUN --recipe cpu [--resume]

On a data-centre GPU, in eight minutes (the banks come from a machine with ffmpeg):

    python -m musvid.training.sketch RUN --recipe gpu --bank SMALL.npz LARGE.npz --resume

RUN is a folder: logs, checkpoints and a contact sheet, renewed as long as the training lasts, and
``pipeline``, the model as far as it is, which musvid and diffusers load like any other
(``musvid song.mp3 --model RUN/pipeline``). Everything can be stopped at any moment and resumed.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: see musvid._device

import torch
from torch import nn

from . import autoencoder, denoiser, validate
from .loop import Plan, Run
from .pool import HEIGHT, Bank, Pool
from .shuffle import ShuffleAutoencoder

HELD_OUT = 4
"""Songs of each bank that training never sees."""


@dataclass(frozen=True)
class Recipe:
    """Everything there is to choose.

    autoencoder, denoiser: how long and fast each learns. channels: widths of the autoencoder, see
    `ShuffleAutoencoder`. latents: its latent channels. widths: channels of the denoiser's levels.
    crops, pictures: batch sizes. pools: how many drawn, how many encoded, and how many large
    encoded pictures to choose from. group: how many are drawn at once. intervals: batches between
    two groups, of either training.
    """

    autoencoder: Plan
    denoiser: Plan
    channels: tuple[int, int, int, int] = (48, 16, 48, 96)
    latents: int = 32
    widths: tuple[int, ...] = (80, 112, 144)
    crops: int = 8
    pictures: int = 16
    pools: tuple[int, int, int] = (640, 1600, 160)
    group: int = 8
    intervals: tuple[int, int] = (8, 4)


RECIPES: dict[str, Recipe] = {
    "cpu": Recipe(
        Plan(24, 2e-3, floor=0.02, warm_up=100, memory=0.998, weight_decay=1e-3, every=90),
        Plan(165, 1e-3, kernel_rate=0.012),
    ),
    "gpu": Recipe(
        Plan(1.8, 2e-3, floor=0.02, warm_up=200, memory=0.998, weight_decay=1e-3, every=30),
        Plan(5.5, 1e-3, warm_up=300, memory=0.999, every=60),
        widths=(96, 128, 160, 192),
        crops=256,
        pictures=256,
        pools=(2048, 4096, 256),
        group=64,
        intervals=(4, 1),
    ),
    # For tests: everything runs, nothing is learned.
    "trial": Recipe(
        Plan(0.03, 1e-3, every=1),
        Plan(0.03, 1e-3, every=1),
        channels=(8, 8, 8, 16),
        latents=4,
        widths=(16, 16, 32),
        crops=2,
        pictures=8,
        pools=(16, 16, 8),
    ),
}


def train(
    folder: Path,
    recipe: Recipe,
    banks: list[Path],
    *,
    device: str,
    resume: bool,
    limit: float = math.inf,
    begin: Path | None = None,
) -> None:
    """Train everything that is not trained yet, for at most `limit` minutes.

    begin: a pipeline whose autoencoder to keep, and whose denoiser to begin with unless the run
        has a checkpoint of its own.
    """
    until = time.monotonic() + 60 * limit
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    seen, unseen = Bank.load(*(banks or draw_banks(folder))).to(device).split(HELD_OUT)
    half = partial(torch.autocast, "cuda", torch.bfloat16) if device == "cuda" else nullcontext
    abreast = 1 if device == "cuda" else 2
    if device == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True

    network = autoencoder.build(recipe.latents, recipe.channels).to(device)
    run = Run(network, folder / "autoencoder", recipe.autoencoder, resume=resume, until=until)
    vae_folder = folder / "autoencoder" / "vae"
    if begin:
        vae = ShuffleAutoencoder.from_pretrained(begin / "vae")
        denoiser.without_texture(vae).save_pretrained(vae_folder)
    elif not run.finished:
        pool = Pool(
            seen,
            size=recipe.pools[0],
            interval=recipe.intervals[0],
            group=recipe.group,
            seed=run.step,
            device=device,
        )
        autoencoder.train(
            run,
            unseen,
            batch=recipe.crops,
            pool=pool,
            folder=vae_folder,
            abreast=abreast,
            half=half,
        )
        if not run.finished:
            return

    vae: Any = ShuffleAutoencoder.from_pretrained(vae_folder).eval().requires_grad_(False)
    vae = vae.to(device, memory_format=torch.channels_last)
    painters = denoiser.build(recipe.widths, recipe.latents + denoiser.TEXTURE)
    if begin:
        denoiser.take(painters, begin)
    networks = nn.ModuleList([*painters, denoiser.Hint(recipe.widths[0])])
    run = Run(networks.to(device), folder / "denoiser", recipe.denoiser, resume=resume, until=until)
    if run.finished:
        return
    pools = [
        denoiser.LatentPool(
            seen,
            vae,
            size=size,
            interval=recipe.intervals[1],
            group=recipe.group if height == HEIGHT else max(1, recipe.group // 4),
            seed=run.step,
            height=height,
        )
        for size, height in ((recipe.pools[1], HEIGHT), (recipe.pools[2], 2 * HEIGHT))
    ]
    denoiser.train(
        run,
        vae,
        batch=recipe.pictures,
        pools=pools,
        folder=folder / "pipeline",
        abreast=abreast,
        half=half,
        judge=validate.Judge(unseen, vae, folder / "sheet.jpg"),
    )


def draw_banks(folder: Path) -> list[Path]:
    """The banks of spectra of a run, drawn unless they are there: small ones, and some large."""
    import numpy as np

    from .spectra import bank

    paths = []
    for side, songs in ((256, 400), (512, 60)):
        path = folder / f"spectra-{side}.npz"
        if not path.exists():
            new = path.with_suffix(".new.npz")
            np.savez_compressed(new, spectra=bank(songs, seed=side, side=side))
            new.replace(path)
        paths.append(path)
    return paths


def main() -> None:
    """Train on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="folder of everything that the training makes")
    add("--recipe", choices=RECIPES, default="cpu")
    add("--resume", action="store_true", help="go on where the run stopped")
    add("--limit", type=float, default=math.inf, metavar="MINUTES", help="of this call")
    add(
        "--bank",
        type=Path,
        nargs="+",
        default=[],
        help="made by musvid.training.spectra; drawn into RUN by default, which needs ffmpeg",
    )
    add(
        "--begin",
        type=Path,
        metavar="PIPELINE",
        help="weights to begin with, such as those that ship",
    )
    add("--minutes", type=float, help="of the denoiser's training, instead of the recipe's")
    options = parser.parse_args()
    recipe = RECIPES[options.recipe]
    if options.minutes:
        recipe = replace(recipe, denoiser=replace(recipe.denoiser, minutes=options.minutes))
    train(
        options.run,
        recipe,
        options.bank,
        device="cuda" if options.recipe == "gpu" else "cpu",
        resume=options.resume,
        limit=options.limit,
        begin=options.begin,
    )


if __name__ == "__main__":
    main()
