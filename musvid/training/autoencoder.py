"""Trains the autoencoder of `sketch`: pictures to latents and back.

    python -m musvid.training.autoencoder --bank BANK.npz --run FOLDER --minutes 40 [--resume]

The network is diffusers' `AutoencoderTiny` (the design of TAESD, https://github.com/madebyollin/taesd)
with few channels. It learns on crops of pictures that are drawn on the fly; every minute and a half
it is measured on held-out pictures of every style, and saved.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from torch import Tensor, nn

from . import art
from .brief import Brief
from .loop import Run
from .pool import Batch, Pool, load_bank

CROP = 64
BATCH = 12
RATE = 2e-3
HELD_OUT = 4  # pictures of each style


def build(channels: int, latent_channels: int) -> AutoencoderTiny:
    """A new network. torch's own initialisation collapses it to grey; this one does not."""
    network = AutoencoderTiny(
        encoder_block_out_channels=(channels,) * 4,
        decoder_block_out_channels=(channels,) * 4,
        num_encoder_blocks=(0, 0, 1, 2),
        num_decoder_blocks=(3, 3, 1, 0),
        latent_channels=latent_channels,
    )
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if type(module).__name__ == "AutoencoderTinyBlock":
            module.conv[-1].weight.data.mul_(0.1)  # each block begins close to passing through
    network.decoder.layers[-1].weight.data.mul_(0.2)
    return network.to(memory_format=torch.channels_last)


def crops(batch: Batch, random: Random) -> Tensor:
    """A random crop of each picture, -1 to 1; one in twelve is of its spectrum instead."""
    made = []
    for picture, spectrum in zip(batch.art, batch.spectrum, strict=True):
        source = spectrum if random.random() < 1 / 12 else picture
        top = random.randrange(0, source.shape[1] - CROP + 1)
        left = random.randrange(0, source.shape[2] - CROP + 1)
        made.append(source[:, top : top + CROP, left : left + CROP])
    return torch.stack(made).float() / 127.5 - 1


def loss(network: AutoencoderTiny, images: Tensor, step: int) -> Tensor:
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
    squares = 2 * (error**2).mean()
    total = scales + 0.5 * slopes + tint + squares + (10 if step < 300 else 2) * early
    return total + 0.01 * regular


def held_out(bank: Tensor) -> dict[str, Tensor]:
    """Pictures that training never sees, whole and -1 to 1, by style."""
    random, generator = Random(99), torch.Generator().manual_seed(99)
    made = {}
    for style in art.STYLES:
        frames = torch.stack([bank[-1 - index, -1] for index in range(HELD_OUT)])[:, None]
        colours = torch.stack([Brief.random(random, style).rgb() for _ in range(HELD_OUT)])
        image = art.draw(style, frames.float() / 255, colours, generator=generator)
        made[style] = image[:, 0] * 2 - 1
    return made


@torch.inference_mode()
def measure(network: AutoencoderTiny, pictures: dict[str, Tensor]) -> dict[str, float]:
    """Mean PSNR in dB of each style's pictures after encoding and decoding."""
    result = {}
    for style, images in pictures.items():
        decoded = network.decode(network.encode(images).latents).sample.clamp(-1, 1)
        errors = ((decoded - images) / 2).square().mean((1, 2, 3)).clamp(min=1e-9)
        result[style] = float((-10 * torch.log10(errors)).mean())
    return result


def train(options: argparse.Namespace) -> None:
    """Train as the options say."""
    torch.manual_seed(0)
    random = Random(0)
    run = Run(
        build(options.channels, options.latent_channels),
        options.run,
        minutes=options.minutes,
        rate=RATE,
        floor=0.02,
        warm_up=100,
        memory=0.998,
        weight_decay=1e-3,
        resume=options.resume,
    )
    bank = load_bank(options.bank)
    tests = held_out(bank)
    pool = Pool(bank[:-HELD_OUT], size=options.pool, interval=8, seed=run.step)

    def report() -> dict[str, float]:
        values = measure(run.average, tests)
        run.average.save_pretrained(options.run / "vae")
        mean, worst = sum(values.values()) / len(values), min(values.values())
        figures = {"mean": mean, "worst": worst, **values}
        return {name: round(value, 2) for name, value in figures.items()}

    for step in run.steps(report, every=90, early=100):
        images = crops(pool.batch(BATCH), random).to(memory_format=torch.channels_last)
        run.learn(loss(run.network, images, step))


def main() -> None:
    """Train on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bank", type=Path, required=True, help="made by musvid.training.spectra")
    parser.add_argument(
        "--run", type=Path, required=True, help="folder of log, checkpoint, network"
    )
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--latent-channels", type=int, default=4)
    parser.add_argument("--pool", type=int, default=800, help="pictures to choose crops from")
    parser.add_argument("--resume", action="store_true", help="go on where the run stopped")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
