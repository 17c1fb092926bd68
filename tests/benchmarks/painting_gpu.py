"""Stable Diffusion on a graphics card: a plain loop of diffusers, musvid's loop, and whole films.

    python -m tests.benchmarks.painting_gpu [--side 512] [--frames 240] [--tiny]

The shapes are those of SD-Turbo and TAESD, with random weights: their pictures mean nothing, their
times are those of the real ones. In one run it prints, as it goes,

- frames a second of diffusers' pipeline as people call it, a picture at a time, and in batches;
- those of musvid's painter, in such batches and in those that the memory of the card has room for;
- seconds of a film by every default but the model (relit, two paintings a second of film), and by
  the recipe `hybrid` (stride 8), and the frames of the finished file a second;
- FLAVR of the full size, as released and in musvid (see `flavr_gpu`);
- the memory of the card, at most.

On an H100-class card all of it takes a few minutes. `--tiny` does the same with models of a few
thousand weights, on any machine, to see that it runs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from musvid import Painter, Recipe, Style, render
from musvid._device import pick_device, pick_precision
from musvid.presets import preset

from .. import tiny_models
from . import flavr_gpu, laptop
from .sounds import clip, songs

PROMPT = "glowing nebula of stained glass"


def build(folder: Path, *, tiny: bool) -> tuple[Path, Path]:
    """A model and its tiny autoencoder, saved as a user has them."""
    model, autoencoder = folder / "model", folder / "taesd"
    if tiny:
        return tiny_models.sd_turbo(model), tiny_models.taesd(autoencoder)
    laptop.sd_turbo().save_pretrained(model)
    return model, laptop.taesd(autoencoder)


def pictures(count: int, side: int) -> list[np.ndarray]:
    """Smooth pictures by chance."""
    small = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), np.uint8)
    size = (side, side)
    return [
        np.asarray(Image.fromarray(each).resize(size, Image.Resampling.BICUBIC)) for each in small
    ]


class Table:
    """Lines as they are measured; a ratio is to the first of a kind."""

    def __init__(self, device: str) -> None:
        self._device, self._first = device, 0.0

    def line(self, name: str, count: int, seconds: float, *, first: bool = False) -> None:
        """Print how many pictures were made in so many seconds."""
        rate = count / seconds
        self._first = rate if first else self._first
        ratio = f"{rate / self._first:6.2f}x" if self._first else ""
        print(f"{name:44}{1000 * seconds / count:9.2f} ms{rate:9.1f}/s {ratio}", flush=True)

    @contextmanager
    def timed(self) -> Iterator[Callable[[], float]]:
        """A context; what it gives tells the seconds since it began, when the card is idle."""
        self.wait()
        began = time.perf_counter()

        def seconds() -> float:
            self.wait()
            return time.perf_counter() - began

        yield seconds

    def wait(self) -> None:
        """Until the card has done all that it was given."""
        if self._device == "cuda":
            torch.cuda.synchronize()


def by_diffusers(
    model: Path, tiny: Path, frames: list[np.ndarray], batch: int, table: Table
) -> None:
    """The pipeline's call, with pictures of Pillow in and out, as its documentation shows it."""
    from diffusers import AutoencoderTiny, AutoPipelineForImage2Image

    device = pick_device("auto")
    dtype = getattr(torch, pick_precision(device, "auto", large=True))
    options = {"dtype": dtype, "use_safetensors": True}
    pipe = AutoPipelineForImage2Image.from_pretrained(model, safety_checker=None, **options)
    pipe.vae = AutoencoderTiny.from_pretrained(tiny, **options)
    pipe.to(device)
    pipe.set_progress_bar_config(disable=True)
    images = [Image.fromarray(frame) for frame in frames]

    def paint(part: list[Image.Image]) -> None:
        generators = [torch.Generator().manual_seed(0) for _ in part]
        call = {"guidance_scale": 0.0, "num_inference_steps": 2, "strength": 0.5}  # one step
        pipe([PROMPT] * len(part), image=part, generator=generators, **call)

    for size, name in (
        (1, "diffusers, a picture at a time"),
        (batch, f"diffusers, {batch} at a time"),
    ):
        paint(images[:size])
        with table.timed() as seconds:
            for begin in range(0, len(images), size):
                paint(images[begin : begin + size])
            table.line(name, len(images), seconds(), first=size == 1)


def by_musvid(style: Style, frames: list[np.ndarray], batch: int | None, table: Table) -> Painter:
    """musvid's painter over the same pictures; without a batch, it finds its own."""
    painter = Painter(style, batch=batch)
    list(painter.paint(frames, style))
    with table.timed() as seconds:
        made = list(painter.paint(frames, style))
        name = f"{batch} at a time" if batch else "as many as fit at a time"
        table.line(f"musvid, {name}", len(made), seconds())
    return painter


def film(name: str, recipe: Recipe, painter: Painter, length: float, table: Table) -> None:
    """A whole render: the frames of the finished file."""
    song = clip(max(songs(), key=lambda path: path.stat().st_size), 5, length)
    marks: list[int] = []
    with tempfile.TemporaryDirectory() as folder, table.timed() as seconds:
        render(
            song,
            recipe,
            Path(folder) / "film.mp4",
            painter=painter,
            progress=lambda stage, done, _: marks.append(done) if stage == "frames" else None,
        )
        table.line(f"film, {name}", marks[-1], seconds())


def main() -> None:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20.0, help="of the films")
    parser.add_argument("--tiny", action="store_true", help="only see that it runs")
    options = parser.parse_args()
    device = pick_device("auto")
    if options.tiny:
        options.side, options.frames, options.batch, options.seconds = 64, 6, 3, 1.0
    name = torch.cuda.get_device_name() if device == "cuda" else device
    print(f"{name}, {options.side} x {options.side}, one step; torch {torch.__version__}")
    table = Table(device)
    with tempfile.TemporaryDirectory() as folder:
        model, tiny = build(Path(folder), tiny=options.tiny)
        style = Style(
            model=str(model),
            tiny_autoencoder=str(tiny),
            prompt=PROMPT,
            steps=1,
            strength=0.5,
            guidance=1.0,
            symmetry="none",
        )
        frames = pictures(options.frames, options.side)
        by_diffusers(model, tiny, frames, options.batch, table)
        by_musvid(style, frames, options.batch, table)
        painter = by_musvid(style, frames, None, table)
        size = (options.side, options.side)
        living = preset().recipe
        for told, recipe in (
            ("relit, two paintings a second", replace(living, story="off")),
            ("hybrid", Recipe().in_time("hybrid")),
        ):
            own = replace(recipe, size=size, style=style)
            film(told, own, painter, options.seconds, table)
    if device == "cuda":
        print(f"memory of the card: {torch.cuda.max_memory_allocated() / 1e9:.1f} GB at most")
    if not options.tiny:
        flavr_gpu.main(["--side", str(options.side), "--device", device])


if __name__ == "__main__":
    main()
