"""The art that sketch learns from: exact where it must be, and different where it must be."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest
from conftest import WriteSong, music

from musvid import Clock, Look, Song
from musvid import draw as draw_spectrum

torch = pytest.importorskip("torch")

from musvid.training import art  # noqa: E402
from musvid.training.brief import COLOUR_WORDS, STYLE_WORDS, Brief, vocabulary  # noqa: E402

SIDE = 96


@pytest.fixture
def spectra(write_song: WriteSong) -> torch.Tensor:
    """Real spectra of a melody, right halves: (4, 2, SIDE, SIDE / 2)."""
    song = Song.open(write_song(music(4.0)))
    frames = list(draw_spectrum(song, Look(), Clock(song.duration), size=(SIDE, SIDE)))
    chosen = np.stack([frames[index] for index in (11, 12, 33, 34, 63, 64, 93, 94)])
    halves = torch.from_numpy(chosen[:, :, SIDE // 2 :, 0].copy()).float() / 255
    return halves.view(4, 2, SIDE, SIDE // 2)


def draw(
    style: str, spectra: torch.Tensor, *modifiers: str, colour: str = "teal", seed: int = 0
) -> torch.Tensor:
    colours = torch.tensor(art.COLOURS[colour]).expand(len(spectra), 2, 3)
    generator = torch.Generator().manual_seed(seed)
    return art.draw(style, spectra, colours, modifiers=modifiers, generator=generator)


def test_there_is_enough_to_choose_from() -> None:
    assert len(art.STYLES) >= 10
    assert len(art.COLOURS) >= 12


@pytest.mark.parametrize("style", art.STYLES)
def test_pictures_are_symmetric_and_within_range(style: str, spectra: torch.Tensor) -> None:
    image = draw(style, spectra)
    assert image.shape == (4, 2, 3, SIDE, SIDE)
    assert torch.equal(image, image.flip(-1))
    assert torch.isfinite(image).all()
    assert 0 <= image.min() <= image.max() <= 1
    assert image.std() > 0.05


@pytest.mark.parametrize("style", art.STYLES)
def test_the_seed_alone_decides_the_texture(style: str, spectra: torch.Tensor) -> None:
    one = draw(style, spectra)
    assert torch.equal(one, draw(style, spectra))
    assert not torch.allclose(one, draw(style, spectra, seed=1), atol=0.05)
    # The texture does not depend on how many moments it is lit for, nor by what.
    torch.testing.assert_close(one[:, :1], draw(style, spectra[:, :1]), atol=1e-5, rtol=0)


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


@pytest.mark.parametrize("style", art.STYLES)
def test_the_spectrum_can_be_read_from_the_picture(style: str, spectra: torch.Tensor) -> None:
    """Where the spectrum is bright, the picture is: row by row, over four textures."""
    rows = spectra.mean(3).flatten().numpy()
    lit = draw(style, spectra).mean((2, 4)).flatten().numpy()
    assert np.corrcoef(rows, lit)[0, 1] > 0.4


@pytest.mark.parametrize("style", art.STYLES)
def test_the_named_colour_is_the_one_that_shows(style: str, spectra: torch.Tensor) -> None:
    """The picture's own colour, where it is not washed out, points where the name points."""

    def direction(rgb: np.ndarray) -> np.ndarray:
        grey = rgb - rgb.mean(-1, keepdims=True)
        return grey / np.linalg.norm(grey, axis=-1, keepdims=True)

    clear = ["crimson", "gold", "violet", "blue", "emerald", "cyan", "magenta"]
    wanted = direction(np.array([art.COLOURS[name] for name in clear]))
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


def test_styles_differ_more_than_textures_of_one(spectra: torch.Tensor) -> None:
    """By the spectrum of the picture itself, which knows texture and no place."""

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


def test_every_name_has_words_of_its_own() -> None:
    assert STYLE_WORDS.keys() == art.STYLES.keys()
    assert COLOUR_WORDS.keys() == art.COLOURS.keys()
    for table in (STYLE_WORDS, COLOUR_WORDS):
        assert all(words[0] == name for name, words in table.items())
        for one, other in combinations(table.values(), 2):
            assert not set(one) & set(other)


def test_captions_say_what_the_brief_says() -> None:
    random = Random(0)
    known = set(vocabulary()) | {"zzz", "qqq"}
    briefs = [Brief.random(random) for _ in range(400)]
    for brief in briefs:
        caption = brief.caption(random)
        assert set(caption.split()) <= known
        assert any(word in caption for word in STYLE_WORDS[brief.style])
        for name in brief.colours or ():
            assert any(word in caption for word in COLOUR_WORDS[name])
        assert all(word in caption for word in brief.modifiers)
        assert brief.rgb().shape == (2, 3)
    assert {brief.style for brief in briefs} == set(art.STYLES)
    assert {name for brief in briefs for name in brief.colours or ()} == set(art.COLOURS)
    assert {word for brief in briefs for word in brief.modifiers} == set(art.MODIFIERS)
    assert any(brief.colours is None for brief in briefs)
