"""Judges `sketch`: the figures of its model card, and contact sheets.

    python -m musvid.training.judge --audio ../shared/audio [--sheets FOLDER] [--model FOLDER]

A small classifier learns from drawn pictures alone which style and which main colour a picture has,
and is then shown paintings of real spectra. Takes about ten minutes of two cores.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: see musvid.paint.loading

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from PIL import Image
from torch import Tensor, nn
from tqdm import tqdm

from ..clock import Clock
from ..frame import Frame
from ..paint import words
from ..paint.grain import agreement
from ..paint.painter import Painter
from ..paint.style import Style
from ..paint.texture import CHANNELS
from ..song import Song
from ..spectrum.look import Look
from ..spectrum.showcqt import draw
from . import art, autoencoder
from .brief import Brief
from .canvas import CELL
from .pool import MARGIN, Bank
from .shuffle import ShuffleAutoencoder
from .spectra import bank

STYLES, COLOURS = list(words.STYLES), list(words.COLOURS)
SIDE = 256
SHEET_STRENGTHS = (0.3, 0.5, 0.7, 0.9)


def moments(path: Path, count: int) -> list[Frame]:
    """Spectra of a recording's first half minute at as many moments, evenly spread."""
    song = Song.open(path, duration=30)
    frames = list(draw(song, Look(), Clock(song.duration, 4), size=(SIDE, SIDE)))
    places = np.linspace(0, len(frames) - 1, count + 2)[1:-1]
    return [frames[round(place)] for place in places]


# The classifier.

PICTURES = 6000  # drawn to learn from


class Classifier(nn.Module):
    """Logits of the style and of the main colour of left halves, float (count, 3, 256, 128)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise((3, 24, 48, 96, 128)):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.GroupNorm(8, after), nn.ReLU()]
        layers += [nn.Conv2d(128, 128, 3, 1, 1), nn.GroupNorm(8, 128), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.style = nn.Linear(256, len(STYLES))
        self.colour = nn.Linear(256, len(COLOURS))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(images.to(memory_format=torch.channels_last))
        pooled = torch.cat([features.mean((2, 3)), features.amax((2, 3))], 1)
        return self.style(pooled), self.colour(pooled)


class Labelled(NamedTuple):
    """Left halves, uint8 (count, 3, 256, 128), and the numbers of style and main colour of each."""

    images: Tensor
    styles: Tensor
    colours: Tensor


def drawn(spectra: Bank, count: int, *, seed: int) -> Labelled:
    """Drawn pictures, as many of each style, in groups of 4 with the same modifiers."""
    random, generator = Random(seed), torch.Generator().manual_seed(seed)
    images, styles, colours = [], [], []
    for index in tqdm(range(count // 4), desc="drawings", disable=None):
        brief = Brief.random(random, STYLES[index % len(STYLES)])
        pairs = [
            (random.choice(COLOURS),) * 2
            if random.random() < 0.7
            else (random.choice(COLOURS), random.choice(COLOURS))
            for _ in range(4)
        ]
        light = torch.stack([spectra.pick(random) for _ in pairs]).float()[:, None] / 255
        cells = [side // CELL for side in light.shape[2:]]
        noise = torch.randn(len(pairs), CHANNELS, *cells, generator=generator)
        rgb = torch.stack([Brief(brief.style, pair).rgb() for pair in pairs])
        made = art.draw(brief.style, light, rgb, noise, modifiers=brief.modifiers)[:, 0]
        images.append((made[..., :-MARGIN] * 255).round().to(torch.uint8))
        styles += [STYLES.index(brief.style)] * len(pairs)
        colours += [COLOURS.index(main) for main, _ in pairs]
    return Labelled(torch.cat(images), torch.tensor(styles), torch.tensor(colours))


def train_classifier(spectra: Bank, steps: int, keep: Path | None = None) -> Classifier:
    """Learn style and main colour of drawn pictures.

    keep: a file that the classifier is kept in, and taken from where it is there.
    """
    torch.manual_seed(0)
    network = Classifier().to(memory_format=torch.channels_last)
    if keep and keep.exists():
        network.load_state_dict(torch.load(keep, weights_only=True))
        return network.eval()
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    random, pictures = Random(0), drawn(spectra, PICTURES, seed=0)
    for step in tqdm(range(steps), desc="classifier", disable=None):
        chosen = torch.randint(len(pictures.images), (32,))
        images, styles, colours = (part[chosen] for part in pictures)
        # A painting is softer, brighter or darker than a drawing.
        images = images / 255 * (0.7 + 0.6 * torch.rand(len(images), 1, 1, 1))
        if step % 2:
            small = F.interpolate(images, scale_factor=random.uniform(0.3, 0.9), mode="area")
            images = F.interpolate(small, size=images.shape[2:], mode="bilinear")
        by_style, by_colour = network(images.clamp(0, 1))
        loss = F.cross_entropy(by_style, styles) + F.cross_entropy(by_colour, colours)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    if keep:
        torch.save(network.state_dict(), keep)
    return network.eval()


@torch.inference_mode()
def answers(network: Classifier, pictures: Labelled) -> tuple[Tensor, Tensor]:
    """The numbers of the style and of the main colour that are seen, (count,) each."""
    parts = [network(part / 255) for part in pictures.images.split(32)]
    by_style, by_colour = (torch.cat(same) for same in zip(*parts, strict=True))
    return by_style.argmax(1), by_colour.argmax(1)


# What is measured.


def recognition(
    painter: Painter, style: Style, network: Classifier, spectra: Sequence[Frame]
) -> dict[str, float]:
    """How often the style and the main colour of paintings are named rightly, 0 to 1."""
    images, styles, colours = [], [], []
    random = Random(1)
    names = [(name, colour) for name in STYLES for colour in COLOURS]
    for name, colour in tqdm(names, desc="recognition", disable=None):
        frames = random.sample(list(spectra), 4)
        prompt = f"{colour} {name}"
        for painting in painter.paint(frames, _changed(style, prompt, random.randrange(99))):
            images.append(torch.from_numpy(painting[:, : SIDE // 2].copy()).permute(2, 0, 1))
            styles.append(STYLES.index(name))
            colours.append(COLOURS.index(colour))
    pictures = Labelled(torch.stack(images), torch.tensor(styles), torch.tensor(colours))
    by_style, by_colour = answers(network, pictures)
    right = [by_style == pictures.styles, by_colour == pictures.colours]
    each_style = right[0].view(len(STYLES), -1).float().mean(1)
    each_colour = right[1].view(len(STYLES), len(COLOURS), -1).float().mean((0, 2))
    return {
        "style named rightly": float(right[0].float().mean()),
        f"  worst: {STYLES[int(each_style.argmin())]}": float(each_style.min()),
        "main colour named rightly": float(right[1].float().mean()),
        f"  worst: {COLOURS[int(each_colour.argmin())]}": float(each_colour.min()),
    }


def readability(painter: Painter, style: Style, spectra: Sequence[Frame]) -> dict[str, float]:
    """Correlation of the brightness of rows, spectrum against painting at strength 0.5."""
    values = {}
    for name in STYLES:
        wish = _changed(style, name, strength=0.5)
        paintings = painter.paint(spectra, wish)
        values[name] = float(
            np.mean(
                [
                    np.corrcoef(one.mean((1, 2)), other.mean((1, 2)))[0, 1]
                    for one, other in zip(spectra, paintings, strict=True)
                ]
            )
        )
    worst = min(values, key=values.__getitem__)
    return {
        "rows' correlation at strength 0.5": float(np.mean(list(values.values()))),
        f"  worst: {worst}": values[worst],
    }


def flicker(painter: Painter, style: Style, spectra: Sequence[Frame]) -> dict[str, float]:
    """Mean change from painting to painting under a spectrum that trembles by one grey level."""
    random = np.random.default_rng(0)
    changes = []
    for name, frame in zip(STYLES, spectra, strict=False):
        trembling = [
            np.clip(frame + random.integers(-1, 2, frame.shape), 0, 255).astype(np.uint8)
            for _ in range(8)
        ]
        made = np.stack(list(painter.paint(trembling, _changed(style, name)))).astype(float)
        changes.append(np.abs(np.diff(made, axis=0)).mean() / 255)
    return {"change of a still picture": float(np.mean(changes)), "  worst": float(max(changes))}


def fidelity(painter: Painter, spectra: Bank) -> dict[str, float]:
    """PSNR in dB of held-out drawn pictures through the autoencoder, and how sharp they are then:
    the energy of the highest octave, as a part of what it was.
    """
    folder = Path(painter.model.source) / "vae"
    kind = json.loads((folder / "config.json").read_text(encoding="utf-8"))["_class_name"]
    vae = {each.__name__: each for each in (AutoencoderTiny, ShuffleAutoencoder)}[kind]
    network, pictures = vae.from_pretrained(folder), autoencoder.held_out(spectra)
    values, sharp = autoencoder.measure(network, pictures), autoencoder.sharpness(network, pictures)
    worst, softest = (min(STYLES, key=each.__getitem__) for each in (values, sharp))
    return {
        "autoencoder, dB": float(np.mean([values[name] for name in STYLES])),
        f"  worst: {worst}": values[worst],
        "autoencoder, highest octave": float(np.mean([sharp[name] for name in STYLES])),
        f"  worst: {softest}": sharp[softest],
    }


def steadiness(painter: Painter, style: Style) -> dict[str, float]:
    """How well paintings of noise that moved by the grain agree, and that of other noise, in dB.

    Of the style that agrees least, see `musvid.paint.grain`.
    """
    found = {}
    for name in STYLES:
        wish, grain = _changed(style, name), painter.model.grain_of([name])
        found[name] = agreement(painter, wish, grain or 0), agreement(painter, wish, 0)
    worst = min(found, key=lambda name: found[name][0] - found[name][1])
    return {f"moved by the grain, dB: {worst}": found[worst][0], "  other noise": found[worst][1]}


def _changed(style: Style, prompt: str, seed: int = 0, strength: float | None = None) -> Style:
    return Style(
        style.model, prompt, strength=strength or style.strength, steps=style.steps, seed=seed
    )


# Contact sheets.


def sheet(painter: Painter, style: Style, spectra: Sequence[Frame]) -> Image.Image:
    """Spectra above; below, a row per style, the strengths of each spectrum side by side."""
    black = np.zeros((SIDE, SIDE, 3), np.uint8)
    rows = [
        np.concatenate(
            [part for frame in spectra for part in (frame, *[black] * (len(SHEET_STRENGTHS) - 1))],
            axis=1,
        )
    ]
    for name in STYLES:
        paintings = [
            next(painter.paint([frame], _changed(style, name, strength=strength)))
            for frame in spectra
            for strength in SHEET_STRENGTHS
        ]
        rows.append(np.concatenate(paintings, axis=1))
    return Image.fromarray(np.concatenate(rows))


def report(
    model: str, audio: Path | None, sheets: Path | None, steps: int, keep: Path | None
) -> Iterator[str]:
    """The lines of the table, as they are measured."""
    style = Style(model=model).resolve()
    painter = Painter(style, device="cpu")
    folders = [Path(__file__).parents[2] / "examples", *([audio] if audio else [])]
    recordings = sorted(path for folder in folders for path in folder.glob("*.ogg"))
    yield f"{len(recordings)} recordings, strength {style.strength}, {style.steps} steps"
    spectra = [frame for path in recordings for frame in moments(path, 12)]
    unseen = Bank([torch.from_numpy(bank(24, seed=2**20))])

    def lines(figures: dict[str, float]) -> Iterator[str]:
        for name, value in figures.items():
            yield f"{name:36} {value:.4g}"

    yield from lines(fidelity(painter, unseen))
    yield from lines(readability(painter, style, spectra[::3]))
    yield from lines(flicker(painter, style, spectra[::5]))
    yield from lines(steadiness(painter, style))
    if sheets:
        sheets.mkdir(parents=True, exist_ok=True)
        for path in recordings:
            page = sheet(painter, style, moments(path, 3))
            page.save(sheets / f"{path.stem}.jpg", quality=88)
            yield f"wrote {path.stem}.jpg"
    if steps:
        network = train_classifier(unseen, steps, keep)
        tests = drawn(Bank([torch.from_numpy(bank(8, seed=2**21))]), 800, seed=1)
        by_style, by_colour = answers(network, tests)
        yield from lines(
            {
                "classifier on drawings: style": float((by_style == tests.styles).float().mean()),
                "  main colour": float((by_colour == tests.colours).float().mean()),
            }
        )
        yield from lines(recognition(painter, style, network, spectra))


def main() -> None:
    """Judge on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--model", default="sketch", help="a name or a folder")
    add("--audio", type=Path, help="folder of more recordings, .ogg, than the examples")
    add("--sheets", type=Path, help="folder to keep contact sheets in")
    add("--classifier", type=int, default=1500, metavar="STEPS", help="0 leaves it out")
    add(
        "--keep", type=Path, metavar="FILE", help="keep the classifier here, to judge again with it"
    )
    options = parser.parse_args()
    for line in report(
        options.model, options.audio, options.sheets, options.classifier, options.keep
    ):
        print(line, flush=True)


if __name__ == "__main__":
    main()
