"""How well the networks paint while they are trained: figures and a contact sheet.

Because the noise stands for a picture, there is one right answer to compare a painting with.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import torch
from diffusers import UNet2DConditionModel
from PIL import Image
from torch import Tensor
from transformers import CLIPTextModel

from ..paint.texture import CHANNELS
from . import art
from .autoencoder import psnr
from .brief import Brief
from .canvas import CELL
from .denoiser import Latents, build_scheduler, encode
from .lexicon import STYLES
from .pool import HINTED, Bank, Batch
from .shuffle import ShuffleAutoencoder

EACH = 2  # pictures of each style
STRENGTH = 0.8


def held_out(bank: Bank, vae: ShuffleAutoencoder) -> Latents:
    """Pictures that training never sees: `EACH` of every style in its own colours."""
    random, generator = Random(7), torch.Generator().manual_seed(7)
    briefs = [Brief(style) for style in STYLES for _ in range(EACH)]
    spectra = torch.stack([bank.pick(random) for _ in briefs]).cpu()
    height, width = (side // CELL for side in spectra.shape[1:])
    noise = torch.randn(len(briefs), CHANNELS, height, width, generator=generator)
    pictures = [
        art.draw(brief.style, light[None, None].float() / 255, brief.rgb()[None], each[None])[0, 0]
        for brief, light, each in zip(briefs, spectra, noise, strict=True)
    ]
    finer = CELL // HINTED
    nothing = torch.zeros(len(briefs), art.INGREDIENTS, finer * height, finer * width)
    batch = Batch(
        (torch.stack(pictures) * 255).round().to(torch.uint8),
        spectra[:, None].expand(-1, 3, -1, -1).contiguous(),
        noise,
        torch.full((len(briefs),), STRENGTH),
        nothing,
        [brief.style for brief in briefs],
    )
    device = vae.device
    moved = (part.to(device) if isinstance(part, Tensor) else part for part in vars(batch).values())
    return encode(vae, Batch(*moved))


@torch.inference_mode()
def paint(
    unet: UNet2DConditionModel, text: CLIPTextModel, latents: Latents, *, steps: int
) -> Tensor:
    """Latents of paintings, without the texture's channels: by Euler's method, as it ships."""
    device, channels = latents.picture.device, latents.picture.shape[1]
    alphas = build_scheduler().alphas_cumprod.to(device)
    sigmas = ((1 - alphas) / alphas).sqrt()
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(latents.picture.shape, generator=generator).to(device)
    noise = torch.cat([noise, latents.texture], 1)
    start = torch.cat([latents.spectrum, torch.zeros_like(latents.texture)], 1)
    times = [round(1000 * STRENGTH * (1 - step / steps)) - 1 for step in range(steps)]
    spread = [sigmas[time] for time in times] + [torch.zeros((), device=device)]
    words = text(latents.tokens)[0]
    seen = start + spread[0] * noise
    for time, now, then in zip(times, spread, spread[1:], strict=False):
        answer = unet(seen / (now**2 + 1).sqrt(), time, words).sample
        seen = answer + then / now * (seen - answer)
    return seen[:, :channels]


class Judge:
    """Measures networks on the same held-out pictures, and shows what they paint."""

    def __init__(self, bank: Bank, vae: ShuffleAutoencoder, sheet: Path, *, steps: int = 2) -> None:
        """sheet: where to keep the contact sheet: spectrum, drawing and painting of each."""
        self._vae, self._sheet, self._steps = vae, sheet, steps
        self._latents = held_out(bank, vae)

    @torch.inference_mode()
    def __call__(self, unet: UNet2DConditionModel, text: CLIPTextModel) -> dict[str, float]:
        """PSNR in dB of paintings in one step: of all, of the worst style; and of all in more."""
        wanted = self._latents.image.float() / 127.5 - 1
        made, later = (
            self._vae.decode(paint(unet, text, self._latents, steps=steps)).sample.clamp(-1, 1)
            for steps in (1, self._steps)
        )
        values = [psnr(*pair) for pair in zip(made.split(EACH), wanted.split(EACH), strict=True)]
        self._show(made, wanted)
        figures = {
            "painted": sum(values) / len(values),
            "worst": min(values),
            f"in {self._steps} steps": psnr(later, wanted),
            **dict(zip(STYLES, values, strict=True)),
        }
        return {name: round(value, 2) for name, value in figures.items()}

    def _show(self, made: Tensor, wanted: Tensor) -> None:
        light = self._vae.decode(self._latents.spectrum).sample.clamp(-1, 1)
        rows = torch.cat([light, wanted, made], 3)  # side by side
        rows = torch.cat(list(rows.view(-1, EACH, *rows.shape[1:]).unbind(1)), 3)
        page = torch.cat(list(rows), 1).permute(1, 2, 0)
        pixels = ((page + 1) * 127.5).round().to("cpu", torch.uint8).numpy()
        Image.fromarray(pixels).save(self._sheet, quality=88)
