"""A picture or footage that is mixed into the drawings."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ffmpeg, music, write_wav
from PIL import Image

from musvid import Recipe, SettingsError, Song, Style, render
from musvid.job import resolve
from musvid.looping import Loop
from musvid.rendering import drawn_moment
from musvid.spectrum.guiding import RATE, Guide, mixed
from musvid.spectrum.mixes import ADD, DISPLACE, MIXES, MULTIPLY
from musvid.video.file import read


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Song:
    return Song.open(write_wav(tmp_path_factory.mktemp("song") / "song.wav", music(3.0)))


@pytest.fixture(scope="module")
def cover(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Black on the left, red at the right."""
    picture = np.zeros((90, 160, 3), np.uint8)
    picture[:, 80:] = (255, 0, 0)
    path = tmp_path_factory.mktemp("guides") / "cover.png"
    Image.fromarray(picture).save(path)
    return path


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds that grow brighter from picture to picture, at 30 a second."""
    path = tmp_path_factory.mktemp("footage") / "grows.mkv"
    grows = "color=black:s=96x96:r=30:d=2,format=gray,geq=lum='4*N'"
    ffmpeg("-f", "lavfi", "-i", grows, "-c:v", "ffv1", path)
    return path


FLAT: dict[str, Any] = {"size": (64, 64), "style": Style(strength=0, symmetry="none")}


def test_a_picture_fills_the_size_and_is_still(cover: Path) -> None:
    guide = Guide(cover, (64, 64))
    shown = guide.at(Fraction(0))
    assert not guide.moves
    assert shown.shape == (64, 64, 3)
    assert (shown[:, :30] < 4).all()
    assert (shown[:, 34:, 0] > 250).all()
    assert (guide.at(Fraction(7)) == shown).all()


def test_a_half_is_mirrored(cover: Path) -> None:
    shown = Guide(cover, (64, 64), mirrored=True).at(Fraction(0))
    assert shown.max() < 60, "the red of the right half is gone"
    assert (shown == shown[:, ::-1]).all()


@pytest.mark.parametrize("rate", ["12", "15", "24", "25", "30000/1001", "30"])
def test_footage_is_a_function_of_time(tmp_path: Path, rate: str) -> None:
    path = tmp_path / "test.mp4"
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=160x90:r={rate}:d=3", "-g", "12", path)
    through = Guide(path, (64, 64))
    shown = [through.at(Fraction(number, RATE)).copy() for number in range(60)]
    for number in (44, 7, 20, 50):
        alone = Guide(path, (64, 64)).at(Fraction(number, RATE))
        assert (alone == shown[number]).all(), number
    assert (shown[45] == shown[0]).all(), "it begins again"
    assert len({picture.tobytes() for picture in shown}) > 30


def test_footage_is_in_step_with_the_song(footage: Path) -> None:
    guide, late = Guide(footage, (64, 64)), Guide(footage, (64, 64), start=Fraction(1))
    levels = [float(guide.at(Fraction(time)).mean()) for time in (0, 0.5, 1)]
    assert levels[0] < 10
    assert levels[1] - levels[0] == pytest.approx(60, abs=12)
    assert (late.at(Fraction(0)) == guide.at(Fraction(1))).all()


def test_footage_in_a_loop_comes_back(footage: Path, song: Song) -> None:
    job = resolve(Recipe(**FLAT, loop=True), song)
    assert isinstance(job.loop, Loop)
    guide = Guide(footage, (64, 64), loop=job.loop)
    end = job.loop.begin + job.loop.length
    last = guide.at(end - Fraction(1, 30)).astype(int)
    assert np.abs(last - guide.at(end)).max() <= 12
    assert (guide.at(end) == guide.at(job.loop.begin)).all()


def test_what_each_mixture_is() -> None:
    drawing = np.full((32, 32, 3), 100, np.uint8)
    drawing[:16] = 0
    guide = np.zeros((32, 32, 3), np.uint8)
    guide[:, 16:] = 200
    for mix in MIXES:
        assert (mixed(drawing, guide, mix, 0) == drawing).all()
    lit = mixed(drawing, guide, MULTIPLY, 1)
    assert not mixed(np.zeros_like(drawing), guide, MULTIPLY, 1).any(), "without a sound it is dark"
    assert not lit[:, :16].any(), "so is what the guide has dark"
    assert lit[31, 16:].min() > 2 * lit[0, 16:].max() > 0, "where it sounds, it is brighter"
    beneath = mixed(drawing, guide, ADD, 1)
    assert (beneath[:16, 16:] == 200).all()
    assert (beneath[16:, :16] == 100).all()
    assert (beneath[16:, 16:] > 200).all()
    assert beneath.max() < 255
    bent = mixed(drawing, guide, DISPLACE, 1)
    edges = [int((bent[:, column, 0] > 50).argmax()) for column in (2, 29)]
    assert edges[0] > 16 > edges[1], "brighter is higher"


@pytest.mark.parametrize("mix", MIXES)
def test_a_render_and_a_moment_have_it(song: Song, cover: Path, tmp_path: Path, mix: str) -> None:
    recipe = Recipe(**FLAT, guide=str(cover), guide_mix=mix, stride=1, fps=Fraction(10))
    job = resolve(recipe, song)
    frames = list(read(render(job, output=tmp_path / "a.mp4")))
    plain = drawn_moment(resolve(replace(recipe, guide=None), song), Fraction(2))
    drawn = drawn_moment(job, Fraction(2))
    assert np.abs(frames[20].astype(int) - drawn).mean() < 6
    assert np.abs(drawn.astype(int) - plain).mean() > 4
    assert (plain == plain[:, ::-1]).all()
    assert mix == DISPLACE or not (drawn == drawn[:, ::-1]).all()


def test_settings_hold_its_name_and_never_bring_it(cover: Path) -> None:
    recipe = Recipe(guide=str(cover), guide_mix=ADD, guide_amount=0.3)
    assert json.loads(recipe.to_json())["guide"] == "cover.png"
    remarks: list[str] = []
    loaded = Recipe.from_json(recipe.to_json(), remarks)
    assert loaded == replace(recipe, guide=None)
    assert remarks == [
        "The guide 'cover.png' is not taken from settings, which show no file; give it again."
    ]
    with pytest.raises(SettingsError, match="A guide is a file"):
        Recipe.from_flat({"guide": str(cover)})


def test_what_is_no_guide(song: Song, tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("hello")
    for path, told in (
        (tmp_path / "none.png", "There is no guide 'none.png'"),
        (tmp_path, "There is no guide"),
        (text, "text.png is no picture and no video"),
        (song.path, "song.wav is no picture and no video"),
    ):
        with pytest.raises(SettingsError, match=told):
            resolve(Recipe(**FLAT, guide=str(path)), song)
    with pytest.raises(SettingsError, match="guide_mix must be"):
        Recipe(guide_mix="paste")
