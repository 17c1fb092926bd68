"""The art that sketch learns from: exact where it must be, and different where it must be."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from conftest import WriteSong, music

from musvid import Clock, Look, Song
from musvid import draw as draw_spectrum

torch = pytest.importorskip("torch")

from musvid.paint.texture import CHANNELS  # noqa: E402
from musvid.training import art  # noqa: E402
from musvid.training.brief import Brief  # noqa: E402
from musvid.training.canvas import BLOCK, CELL  # noqa: E402
from musvid.training.lexicon import COLOURS, MODIFIERS, RGB, STYLES, vocabulary  # noqa: E402

pytestmark = pytest.mark.thorough

SIDE = 96


def real_spectra(path: Path, side: int) -> torch.Tensor:
    """Real spectra of a song: (4, 2, side, side), two neighbours of four moments."""
    song = Song.open(path)
    frames = list(draw_spectrum(song, Look(), Clock(song.duration), size=(side, side)))
    chosen = np.stack([frames[index] for index in (11, 12, 33, 34, 63, 64, 93, 94)])
    return torch.from_numpy(chosen[..., 0].copy()).float().view(4, 2, side, side) / 255


@pytest.fixture
def spectra(write_song: WriteSong) -> torch.Tensor:
    return real_spectra(write_song(music(4.0)), SIDE)


def noises(seed: int, count: int = 4, side: int = SIDE) -> torch.Tensor:
    cells = side // CELL
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, CHANNELS, cells, cells, generator=generator)


def draw(
    style: str,
    spectra: torch.Tensor,
    *modifiers: str,
    colour: str = "teal",
    seed: int = 0,
    strength: float | None = None,
) -> torch.Tensor:
    colours = torch.tensor(RGB[colour]).expand(len(spectra), 2, 3)
    far = None if strength is None else torch.full((len(spectra),), strength)
    noise = noises(seed, len(spectra), spectra.shape[-1])
    return art.draw(style, spectra, colours, noise, modifiers=modifiers, strength=far)


def test_every_style_is_drawn() -> None:
    assert art.STYLES.keys() == STYLES.keys()


@pytest.mark.parametrize("style", art.STYLES)
def test_pictures_are_within_range(style: str, spectra: torch.Tensor) -> None:
    image = draw(style, spectra)
    assert image.shape == (4, 2, 3, SIDE, SIDE)
    assert torch.isfinite(image).all()
    assert 0 <= image.min() <= image.max() <= 1
    assert image.std() > 0.05


@pytest.mark.parametrize("style", art.STYLES)
def test_the_noise_alone_decides_the_texture(style: str, spectra: torch.Tensor) -> None:
    one = draw(style, spectra)
    assert torch.equal(one, draw(style, spectra))
    assert not torch.allclose(one, draw(style, spectra, seed=1), atol=0.05)
    # The texture does not depend on how many moments it is lit for, nor by what.
    torch.testing.assert_close(one[:, :1], draw(style, spectra[:, :1]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("style", art.STYLES)
def test_the_texture_is_a_local_function_of_the_noise(style: str) -> None:
    """Another noise far away changes nothing here, which is what lets a network learn it."""
    side = 256
    light = torch.linspace(0, 0.6, side).expand(1, 1, side, side)
    colours = torch.tensor(RGB["blue"]).expand(1, 2, 3)
    noise = noises(0, 1, side)
    other = noise.clone()
    other[..., side // CELL - 4 :] = noises(1, 1, side)[..., -4:]
    one, changed = (art.draw(style, light, colours, each) for each in (noise, other))
    assert (one - changed)[..., : side // 4].abs().max() < 0.02
    assert (one - changed)[..., -16:].abs().max() > 0.1


@pytest.mark.parametrize("style", art.STYLES)
def test_a_style_appears_as_strength_grows(style: str, spectra: torch.Tensor) -> None:
    """From the spectrum itself, through its colours, to the whole style."""
    grey = spectra.unsqueeze(2).expand(-1, -1, 3, -1, -1)
    torch.testing.assert_close(draw(style, spectra, strength=0.0), grey)
    full = draw(style, spectra)
    assert torch.equal(draw(style, spectra, strength=art.FULL), full)
    assert torch.equal(draw(style, spectra, strength=1.0), full)
    left = [
        float((draw(style, spectra, strength=far) - full).abs().mean())
        for far in (0.2, 0.4, 0.5, 0.6, 0.7)
    ]
    assert left == sorted(left, reverse=True)
    tinted = draw(style, spectra, strength=0.3).mean((0, 1, 3, 4))
    assert tinted[1] > 1.2 * tinted[0], "teal, not grey"


@pytest.mark.parametrize("style", art.STYLES)
def test_the_texture_stays_while_the_light_moves(style: str, spectra: torch.Tensor) -> None:
    """A still spectrum with noise of one grey level is a still picture."""
    still = spectra[:, :1]
    generator = torch.Generator().manual_seed(5)
    trembling = (still + (torch.rand(still.shape, generator=generator) - 0.5) * 2 / 255).clamp(0, 1)
    change = (draw(style, torch.cat([still, trembling], 1)).diff(dim=1)).abs().mean()
    assert change < 0.01
    # And two neighbours of a song differ less than two textures do.
    moving = draw(style, spectra)
    textures = (moving - draw(style, spectra, seed=1)).abs().mean()
    assert moving.diff(dim=1).abs().mean() < textures


def test_the_spectrum_can_be_read_from_the_picture(write_song: WriteSong) -> None:
    """At half strength, and at the size that is painted: bright rows are bright rows."""
    spectra = real_spectra(write_song(music(4.0)), 256)
    rows = spectra.mean(3).flatten(0, 1).numpy()
    for style in art.STYLES:
        lit = draw(style, spectra, strength=0.5).mean((2, 4)).flatten(0, 1).numpy()
        values = [np.corrcoef(one, other)[0, 1] for one, other in zip(rows, lit, strict=True)]
        assert np.mean(values) > 0.65, style


@pytest.mark.parametrize("style", art.STYLES)
def test_the_named_colour_is_the_one_that_shows(style: str, spectra: torch.Tensor) -> None:
    """The picture's own colour, where it is not washed out, points where the name points."""

    def direction(rgb: np.ndarray) -> np.ndarray:
        grey = rgb - rgb.mean(-1, keepdims=True)
        return grey / np.linalg.norm(grey, axis=-1, keepdims=True)

    clear = ["crimson", "gold", "violet", "blue", "emerald", "cyan", "magenta"]
    wanted = direction(np.array([RGB[name] for name in clear]))
    for index, name in enumerate(clear):
        seen = direction(draw(style, spectra, colour=name).mean((0, 1, 3, 4)).numpy())
        assert int((wanted @ seen).argmax()) == index, name


@pytest.mark.parametrize("style", art.STYLES)
def test_modifiers_really_show(style: str, spectra: torch.Tensor) -> None:
    def edges(image: torch.Tensor) -> float:
        return float(image.diff(dim=-2).abs().mean())

    plain = draw(style, spectra)
    assert draw(style, spectra, "dark").mean() < 0.8 * plain.mean()
    assert draw(style, spectra, "bright").mean() > 1.1 * plain.mean()
    assert draw(style, spectra, "glowing").mean() > 1.02 * plain.mean()
    assert edges(draw(style, spectra, "soft")) < 0.95 * edges(plain)
    assert edges(draw(style, spectra, "sharp")) > 1.05 * edges(plain)
    dense, sparse = draw(style, spectra, "dense"), draw(style, spectra, "sparse")
    assert (dense - sparse).abs().mean() > 0.01


def test_styles_differ_more_than_textures_of_one(write_song: WriteSong) -> None:
    """By the spectrum of the picture itself, which knows texture and no place."""
    spectra = real_spectra(write_song(music(4.0)), 256)

    def signature(image: torch.Tensor) -> torch.Tensor:
        grey = image.mean(2)
        power = torch.fft.rfft2(grey - grey.mean((2, 3), keepdim=True)).abs().mean((0, 1))
        return torch.log(power + 1e-3).flatten()

    first, second = (
        {style: signature(draw(style, spectra, seed=seed)) for style in art.STYLES}
        for seed in (0, 1)
    )
    nearest = [
        min(second, key=lambda other: (mark - second[other]).abs().mean().item())
        for mark in first.values()
    ]
    right = sum(one == other for one, other in zip(first, nearest, strict=True))
    assert right >= len(art.STYLES) - 1
    assert len({tuple(mark[:8].tolist()) for mark in first.values()}) == len(art.STYLES)


def test_unknown_words_are_refused(spectra: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="unknown modifiers: loud"):
        draw("nebula", spectra, "loud")
    with pytest.raises(KeyError):
        draw("mud", spectra)


def test_a_noise_of_another_shape_is_refused(spectra: torch.Tensor) -> None:
    colours = torch.tensor(RGB["blue"]).expand(4, 2, 3)
    for noise in (noises(0)[:, :3], noises(0)[..., :-1], noises(0, 2)):
        with pytest.raises(ValueError, match="noise of shape"):
            art.draw("nebula", spectra, colours, noise)
    with pytest.raises(ValueError, match="noise of shape"):
        art.draw("nebula", spectra[..., :-3], colours, noises(0))


def test_captions_say_what_the_brief_says() -> None:
    random = Random(0)
    known = set(vocabulary()) | {"and", "in"}
    briefs = [Brief.random(random) for _ in range(400)]
    styleless = 0
    for brief in briefs:
        caption = brief.caption(random)
        assert set(caption.split()) <= known
        named = any(word in caption for word in (brief.style, *STYLES[brief.style]))
        styleless += not named
        assert named or brief.style == "nebula"
        places = []
        for name in brief.colours or ():
            phrases = [word for word in (name, *COLOURS[name]) if word in caption.split()]
            assert len(phrases) == 1 or brief.colours == (name, name)
            places.append(caption.split().index(phrases[0]))
        assert places == sorted(places), "the main colour is named first"
        for modifier in brief.modifiers:
            assert any(word in caption for word in (modifier, *MODIFIERS[modifier]))
        assert brief.rgb().shape == (2, 3)
    assert styleless > 2
    assert {brief.style for brief in briefs} == set(art.STYLES)
    assert {name for brief in briefs for name in brief.colours or ()} == set(COLOURS)
    assert {word for brief in briefs for word in brief.modifiers} == set(MODIFIERS)
    assert any(brief.colours is None for brief in briefs)


def test_the_shortest_caption_is_empty() -> None:
    captions = {Brief("nebula").caption(Random(seed)) for seed in range(20)}
    assert "" in captions


@pytest.mark.parametrize("style", art.STYLES)
def test_noise_that_moves_by_a_block_moves_the_picture(style: str) -> None:
    """Or the texture would change under a camera that drifts."""
    height, width, step = 640, 320, BLOCK // CELL
    light = torch.full((1, 1, height, width), 0.3)
    colours = torch.tensor(RGB["blue"]).expand(1, 2, 3)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(1, CHANNELS, height // CELL, width // CELL, generator=generator)
    moved = torch.roll(noise, (step, step), (2, 3))
    one, other = (art.draw(style, light, colours, each, size=1.6) for each in (noise, moved))
    rows, columns = 280, 136  # where a picture knows nothing of what is beyond
    here = one[..., rows:-rows, columns:-columns]
    there = other[..., rows + BLOCK : BLOCK - rows, columns + BLOCK : BLOCK - columns]
    assert (here - there).abs().max() < 0.02


@pytest.mark.parametrize("style", [style for style in art.STYLES if style != "city skyline"])
def test_shapes_are_composed_for_the_size(style: str) -> None:
    """At a larger size less of the picture is fine; but the windows of a city are all alike."""
    side = 256
    light = torch.full((1, 1, side, side), 0.3)
    colours = torch.tensor([RGB["blue"], RGB["gold"]])[None]

    def fine(size: float) -> float:
        drawn = [
            art.draw(style, light, colours, noises(seed, 1, side), size=size).mean(2)[:, 0]
            for seed in range(3)
        ]
        grey = torch.stack(drawn)
        coarse = torch.nn.functional.avg_pool2d(grey, 32)
        return float(coarse.var() / grey.var())

    assert fine(2.6) > fine(1.0)
