"""A film by Stable Diffusion without a graphics card: what it costs with light on time.

A pipeline with the shapes of SD-Turbo and of TAESD is built with random weights (its pictures mean
nothing; its times are those of the real one), saved as a user has it, and a clip is rendered.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel

from musvid import Painter, Recipe, Style, render
from musvid.job import resolve
from musvid.studio.studio import Studio

from ..tiny_models import tokenizer
from .sounds import clip, songs


def filled(module: torch.nn.Module) -> torch.nn.Module:
    """A module of the meta device, with random weights that keep values in range."""
    module = module.to_empty(device="cpu").to(torch.bfloat16)
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if weight.ndim > 1:
                weight.normal_(std=weight[0].numel() ** -0.5)
            else:
                weight.fill_(float(name.endswith("weight")))
        for name, number in module.named_buffers():
            if name.endswith("position_ids"):
                number.copy_(torch.arange(number.numel()).reshape(number.shape))
    return module


def sd_turbo(folder: Path) -> Path:
    """The shapes of stabilityai/sd-turbo: 866 and 340 million parameters, 2.6 GB."""
    with torch.device("meta"):
        unet = UNet2DConditionModel(
            sample_size=64,
            block_out_channels=(320, 640, 1280, 1280),
            attention_head_dim=(5, 10, 20, 20),
            cross_attention_dim=1024,
            use_linear_projection=True,
        )
        vae = AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
            latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
        )
        text = CLIPTextModel(
            CLIPTextConfig(
                hidden_size=1024,
                intermediate_size=4096,
                num_hidden_layers=23,
                num_attention_heads=16,
                projection_dim=512,
                hidden_act="gelu",
                eos_token_id=tokenizer().eos_token_id,
            )
        )
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        timestep_spacing="trailing",
        steps_offset=1,
    )
    pipe = StableDiffusionPipeline(
        vae=filled(vae),
        text_encoder=filled(text),
        tokenizer=tokenizer(),
        unet=filled(unet),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def taesd(folder: Path) -> Path:
    """The shapes of madebyollin/taesd."""
    AutoencoderTiny().to(torch.bfloat16).save_pretrained(folder)
    return folder


def main() -> None:
    """Render, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--stride", type=int, default=32)
    parser.add_argument("--side", type=int, default=512)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        model, tiny = sd_turbo(folder / "sd-turbo"), taesd(folder / "taesd")
        print(f"built in {time.perf_counter() - began:.0f} s", flush=True)
        style = Style(
            model=str(model), tiny_autoencoder=str(tiny), steps=1, guidance=1.0, symmetry="half"
        )
        side = options.side
        recipe = Recipe(stride=options.stride, style=style, size=(side, side))
        song = clip(max(songs(), key=lambda path: path.stat().st_size), 20, options.seconds)
        began = time.perf_counter()
        painter = Painter(style)
        loaded = time.perf_counter() - began
        job = resolve(recipe, song)
        marks: list[float] = []

        def progress(stage: str, done: int, _total: int) -> None:
            if stage == "painted" and done:
                marks.append(time.perf_counter())

        render(job, output=folder / "film.mp4", painter=painter, progress=progress)
        whole = time.perf_counter() - began
        paintings = len(marks)
        each = (marks[-1] - marks[0]) / max(1, paintings - 1)
        print(
            f"{float(song.duration):.0f} s of music at {side} px, stride {options.stride}, "
            f"{painter.precision}: {paintings} paintings, {each:.2f} s each; loaded in "
            f"{loaded:.1f} s, finished after {whole:.1f} s, {job.clock.frames} frames"
        )
        studio = Studio()
        studio.costs.learn_painting(job.recipe, side * side, each)
        print(f"the estimate then: {studio.plan(job)}")


if __name__ == "__main__":
    main()
