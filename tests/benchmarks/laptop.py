"""A film by Stable Diffusion without a graphics card: what it costs with light on time.

Pipelines with the shapes of SD-Turbo and others, and of TAESD, are built with random weights (their
pictures mean nothing; their times are those of the real ones) and saved as a user has them. Then a
picture is painted, and a clip is rendered.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    DiffusionPipeline,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

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


def text_encoder(width: int, layers: int, *, second: bool = False) -> torch.nn.Module:
    """A text encoder of CLIP; the second one of SDXL gives one vector for the text, too."""
    kind = CLIPTextModelWithProjection if second else CLIPTextModel
    config = CLIPTextConfig(
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        projection_dim=width,
        eos_token_id=tokenizer().eos_token_id,
    )
    with torch.device("meta"):
        made = kind(config)
    return filled(made)


def unet(**shape: object) -> torch.nn.Module:
    """A UNet of Stable Diffusion 2.1, or as it is told."""
    usual = {
        "sample_size": 64,
        "block_out_channels": (320, 640, 1280, 1280),
        "attention_head_dim": (5, 10, 20, 20),
        "cross_attention_dim": 1024,
        "use_linear_projection": True,
    }
    with torch.device("meta"):
        made = UNet2DConditionModel(**{**usual, **shape})
    return filled(made)


def parts() -> dict[str, object]:
    """What all of them have: the autoencoder, a tokenizer, a scheduler."""
    with torch.device("meta"):
        vae = AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
            latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
        )
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        timestep_spacing="trailing",
        steps_offset=1,
    )
    return {"vae": filled(vae), "tokenizer": tokenizer(), "scheduler": scheduler}


PLAIN = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}


def sd_turbo() -> DiffusionPipeline:
    """The shapes of stabilityai/sd-turbo: 866 and 340 million parameters, 2.6 GB."""
    return StableDiffusionPipeline(
        unet=unet(), text_encoder=text_encoder(1024, 23), **parts(), **PLAIN
    )


def sd15() -> DiffusionPipeline:
    """The shapes of Stable Diffusion 1.5."""
    own = {"attention_head_dim": 8, "cross_attention_dim": 768, "use_linear_projection": False}
    return StableDiffusionPipeline(
        unet=unet(**own), text_encoder=text_encoder(768, 12), **parts(), **PLAIN
    )


def sdxl_turbo() -> DiffusionPipeline:
    """The shapes of stabilityai/sdxl-turbo: 3.5 billion parameters, 6.9 GB."""
    own = unet(
        block_out_channels=(320, 640, 1280),
        attention_head_dim=(5, 10, 20),
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * 2),
        up_block_types=(*("CrossAttnUpBlock2D",) * 2, "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 10),
        cross_attention_dim=2048,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816,
    )
    return StableDiffusionXLPipeline(
        unet=own,
        text_encoder=text_encoder(768, 12),
        text_encoder_2=text_encoder(1280, 32, second=True),
        tokenizer_2=tokenizer(),
        **parts(),
    )


MODELS: dict[str, tuple[Callable[[], DiffusionPipeline], dict[str, object]]] = {
    "sd-turbo": (sd_turbo, {"steps": 1, "guidance": 1.0}),
    "sdxl-turbo": (sdxl_turbo, {"steps": 1, "guidance": 1.0}),
    "sd15-lcm": (sd15, {"steps": 4, "guidance": 1.5}),
    "sd15": (sd15, {"steps": 20, "guidance": 7.0}),
}
"""Shapes, and the steps and guidance to paint with."""


def taesd(folder: Path) -> Path:
    """The shapes of madebyollin/taesd."""
    AutoencoderTiny().to(torch.bfloat16).save_pretrained(folder)
    return folder


def film(style: Style, options: argparse.Namespace) -> None:
    """Render, and print what it took."""
    side = options.side
    recipe = Recipe(stride=options.stride, style=style, size=(side, side))
    song = clip(max(songs(), key=lambda path: path.stat().st_size), 20, options.seconds)
    began = time.perf_counter()
    painter = Painter(style, batch=options.batch)
    loaded = time.perf_counter() - began
    job = resolve(recipe, song)
    marks: list[float] = []

    def progress(stage: str, done: int, _total: int) -> None:
        if stage == "painted" and done:
            marks.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as name:
        render(job, output=Path(name) / "film.mp4", painter=painter, progress=progress)
    whole = time.perf_counter() - began
    each = (marks[-1] - marks[0]) / max(1, len(marks) - 1)
    print(
        f"a film of {float(song.duration):.0f} s at {side} px, stride {options.stride}, "
        f"{painter.precision}: {len(marks)} paintings, {each:.2f} s each; "
        f"loaded in {loaded:.1f} s, finished after {whole:.1f} s"
    )
    studio = Studio()
    studio.costs.learn_painting(job.recipe, side * side, each)
    print(f"what a page says of it after one painting: {studio.plan(job)}")


def painting(name: str, style: Style, side: int, batch: int | None) -> None:
    """Print what a painting takes."""
    painter = Painter(style, batch=batch)
    frames = np.random.default_rng(0).integers(0, 256, (3, side, side, 3), dtype=np.uint8)
    if style.steps == 1:
        list(painter.paint(frames[:1], style))  # the first one takes longer
    began = time.perf_counter()
    list(painter.paint(frames[1:], style))
    each = (time.perf_counter() - began) / 2
    print(f"{name:12} {style.steps} steps, guidance {style.guidance:g}: {each:.2f} s a painting of "
          f"{side} px", flush=True)  # fmt: skip


def main() -> None:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=["sd-turbo"], metavar="MODEL")
    parser.add_argument("--seconds", type=float, default=30.0, help="of the film; 0 renders none")
    parser.add_argument("--stride", type=int, default=32)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--batch", type=int, help="paintings at once (default: 2)")
    options = parser.parse_args()
    for name in options.models:
        make, how = MODELS[name]
        with tempfile.TemporaryDirectory() as folder:
            make().save_pretrained(Path(folder) / "model")
            tiny = taesd(Path(folder) / "taesd")
            style = Style(
                model=str(Path(folder) / "model"),
                tiny_autoencoder=str(tiny),
                symmetry="half",
                **how,
            ).resolve()
            painting(name, style, options.side, options.batch)
            if options.seconds:
                film(style, options)


if __name__ == "__main__":
    main()
