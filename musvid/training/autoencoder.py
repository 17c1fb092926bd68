"""The autoencoder of `sketch`: pictures to latents and back, and how it is trained.

The network is `ShuffleAutoencoder`, see `musvid.training.shuffle`. It learns on crops of
pictures that are drawn on the fly, and is measured on held-out pictures of every style.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..paint.networks import Residual
from ..paint.texture import CHANNELS
from . import art
from .brief import Brief
from .canvas import CELL
from .loop import Run
from .pool import Bank, Batch, Pool
from .shuffle import ShuffleAutoencoder

CROP = 96
HELD_OUT = 4  # pictures of each style


def build(
    latent_channels: int, widths: tuple[int, int, int, int] = (48, 16, 48, 96)
) -> ShuffleAutoencoder:
    """A new network. widths: see `ShuffleAutoencoder`."""
    network = ShuffleAutoencoder(latent_channels=latent_channels, block_out_channels=widths)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)
    for module in network.modules():
        if isinstance(module, Residual):
            module.second.weight.data.mul_(0.1)  # each block begins close to passing through
    network.decoder[-2].weight.data.mul_(0.2)
    return network.to(memory_format=torch.channels_last)


def crops(batch: Batch, random: Random) -> Tensor:
    """A random crop of each picture, -1 to 1; one in twelve is of its spectrum instead."""
    made = []
    for picture, spectrum in zip(batch.art, batch.spectrum, strict=True):
        source = spectrum if random.random() < 1 / 12 else picture
        side = min(CROP, *source.shape[1:])
        top, left = (random.randrange(0, length - side + 1) for length in source.shape[1:])
        made.append(source[:, top : top + side, left : left + side])
    return torch.stack(made).float() / 127.5 - 1


def loss(network: ShuffleAutoencoder, images: Tensor, step: int) -> Tensor:
    """Differences at three scales, of slopes, and of colour; latents of mean 0 and deviation 1."""
    latents = network.encode(images).latents
    spread = latents.var((0, 2, 3)).add(1e-6).sqrt()
    regular = (latents.mean((0, 2, 3)) ** 2).mean() + ((spread - 1) ** 2).mean()
    # A little noise on the latents: the diffusion model's will not be exact either.
    error = network.decode(latents + 0.05 * torch.randn_like(latents)).sample - images
    scales = error.abs().mean()
    scales = scales + sum(0.5 * F.avg_pool2d(error, size).abs().mean() for size in (2, 4))
    slopes = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    colour = torch.stack([error[:, 0] - error[:, 1], error[:, 2] - error[:, 1]], 1)
    coarse = F.avg_pool2d(colour, 4)
    tint = coarse.abs().mean() + 6 * (coarse**2).mean()
    # Colour and brightness first, or it settles on grey.
    early = (F.avg_pool2d(error, 8) ** 2).mean() + 2 * (F.avg_pool2d(colour, 8) ** 2).mean()
    squares = 5 * (error**2).mean()
    total = scales + 0.5 * slopes + tint + squares + (10 if step < 300 else 2) * early
    return total + 0.01 * regular


def held_out(bank: Bank) -> dict[str, Tensor]:
    """Pictures that training never sees, whole and -1 to 1, by style."""
    random, generator = Random(99), torch.Generator().manual_seed(99)
    made = {}
    for style in art.STYLES:
        frames = torch.stack([bank.pick(random) for _ in range(HELD_OUT)])[:, None]
        colours = torch.stack([Brief.random(random, style).rgb() for _ in range(HELD_OUT)])
        cells = [side // CELL for side in frames.shape[2:]]
        noise = torch.randn(HELD_OUT, CHANNELS, *cells, generator=generator)
        made[style] = art.draw(style, frames.float() / 255, colours, noise)[:, 0] * 2 - 1
    return made


@torch.inference_mode()
def measure(network: ShuffleAutoencoder, pictures: dict[str, Tensor]) -> dict[str, float]:
    """Mean PSNR in dB of each style's pictures after encoding and decoding, and of all."""
    values = {}
    for style, images in pictures.items():
        images = images.to(network.device)
        decoded = network.decode(network.encode(images).latents).sample.clamp(-1, 1)
        values[style] = psnr(decoded, images)
    mean, worst = sum(values.values()) / len(values), min(values.values())
    figures = {"mean": mean, "worst": worst, **values}
    return {name: round(value, 2) for name, value in figures.items()}


@torch.inference_mode()
def sharpness(network: ShuffleAutoencoder, pictures: dict[str, Tensor]) -> dict[str, float]:
    """The energy of each style's highest octave after encoding and decoding, as a part of that
    before; below 1 it is softer, above 1 there is ringing or noise."""

    def energy(images: Tensor) -> float:
        coarse = F.avg_pool2d(images, 2)
        smooth = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
        return float((images - smooth).square().mean())

    values = {}
    for style, images in pictures.items():
        images = images.to(network.device)
        decoded = network.decode(network.encode(images).latents).sample.clamp(-1, 1)
        values[style] = round(energy(decoded) / energy(images), 3)
    return values


def psnr(images: Tensor, wanted: Tensor) -> float:
    """Mean PSNR in dB of pictures (count, 3, height, width) from -1 to 1."""
    errors = ((images - wanted) / 2).square().mean((1, 2, 3)).clamp(min=1e-9)
    return float((-10 * torch.log10(errors)).mean())


def train(
    run: Run,
    bank: Bank,
    *,
    batch: int,
    pool: Pool,
    folder: Path,
    abreast: int,
    half: Callable[[], AbstractContextManager[None]],
) -> None:
    """Train for as long as the run lasts.

    run: of a network from `build`. bank: of pictures to measure it on. batch: crops per step.
    pool: of pictures to take them from. folder: where to keep the network. abreast: parts of a
    batch that are computed at once, see `Run.learn`. half: makes a context for arithmetic in half
    precision.
    """
    random, tests = Random(run.step), held_out(bank)
    network = run.network

    def report() -> dict[str, float]:
        run.average.save_pretrained(folder)
        return measure(run.average, tests)

    def value(images: Tensor) -> Tensor:
        with half():
            return loss(network, images, run.step)

    for _ in run.steps(report, early=100):
        parts = [crops(pool.batch(batch // abreast), random) for _ in range(abreast)]
        last = [part.to(memory_format=torch.channels_last) for part in parts]
        run.learn(*(partial(value, part) for part in last))
