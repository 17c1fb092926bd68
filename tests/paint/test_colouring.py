"""Colours of a picture, found and painted in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import ffmpeg, music, write_wav
from PIL import Image
from test_cli import musvid

from musvid import Recipe, Style, load_settings
from musvid.paint import colouring, prompts, words

TEAL, ORANGE, PINK, GOLD = (0, 110, 110), (255, 130, 30), (255, 110, 170), (255, 200, 60)


def picture(*colours: tuple[int, ...]) -> Image.Image:
    """Upright stripes of colours, of one width."""
    stripes = np.array([colours], np.uint8).repeat(60, 0).repeat(40, 1)
    return Image.fromarray(stripes).convert("RGBA")


@pytest.mark.parametrize("light", [1.0, 0.3])
@pytest.mark.parametrize("word", words.RGB)
def test_every_colour_is_found_bright_and_dark(word: str, light: float) -> None:
    rgb = tuple(round(255 * light * part) for part in words.RGB[word])
    assert colouring.colours_of(picture(rgb)) == (word,)


def test_colours_count_by_their_area_and_saturation() -> None:
    black, white = (0, 0, 0), (255, 255, 255)
    assert colouring.colours_of(picture(TEAL, TEAL, TEAL, ORANGE)) == ("teal", "orange")
    assert colouring.colours_of(picture(PINK, PINK, PINK, GOLD)) == ("pink", "gold")
    # Black and white around it say nothing, and neither do a few pixels.
    assert colouring.colours_of(picture(black, black, white, ORANGE)) == ("orange",)
    assert colouring.colours_of(picture(*[TEAL] * 30, ORANGE)) == ("teal",)
    assert colouring.colours_of(picture(black, white)) == ("silver",)
    many = [tuple(round(255 * part) for part in rgb) for rgb in words.RGB.values()]
    assert len(colouring.colours_of(picture(*many))) == colouring.MOST


def test_what_is_transparent_does_not_count() -> None:
    seen = picture(TEAL, ORANGE)
    clear = np.asarray(seen).copy()
    clear[:, 40:, 3] = 0
    assert colouring.colours_of(Image.fromarray(clear)) == ("teal",)


def test_prompts_and_stories_take_them_and_keep_the_rest() -> None:
    style = Style(prompt="0:00 violet nebula | 0:08 (bright blue coral:1.2)")
    story = "A: violet and blue crystal; view tunnel; strength 0.4 | B: view ring | C: gold coral"
    recipe = Recipe(style=style, story=story)
    found = colouring.coloured(recipe, ("teal", "orange", "pink"))
    assert prompts.parse(found.style.prompt or "")[0] == (0.0, "teal and orange nebula")
    time, second = prompts.parse(found.style.prompt or "")[1]
    assert time == 8 and second.startswith("bright teal and orange") and "coral" in second
    assert found.story == (
        "A: teal and orange crystal; view tunnel; strength 0.4 | B: view ring | "
        "C: pink and teal coral"
    )
    assert colouring.coloured(found, ("teal", "orange", "pink")) == found
    one = colouring.coloured(replace(recipe, story="off"), ("teal",))
    assert (one.style.prompt or "").startswith("0:00 teal nebula |") and one.story == "off"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("a portrait in oil, blue sea, the end", "a portrait in oil, teal sea, the end"),
        ("Red and Golden leaves of a rose", "teal and orange leaves of a rose"),
        ("a quiet sea", "a quiet sea, teal and orange"),
        ("", "teal and orange"),
    ],
)
def test_free_text_stays_as_it_is_but_for_its_colours(asked: str, found: str) -> None:
    recipe = Recipe(style=Style(model="sdxl-turbo", prompt=asked), story="off")
    assert colouring.coloured(recipe, ("teal", "orange")).style.prompt == found


@pytest.mark.thorough
def test_the_command_line_paints_in_them(tmp_path: Path) -> None:
    sound = write_wav(tmp_path / "plain.wav", music(1.0))
    picture(PINK, PINK, PINK, GOLD).convert("RGB").save(tmp_path / "cover.jpg")
    song = tmp_path / "song.m4a"
    inputs = ["-i", sound, "-i", tmp_path / "cover.jpg", "-map", "0", "-map", "1"]
    ffmpeg(*inputs, "-c:v", "copy", "-disposition:v", "attached_pic", song)
    video = tmp_path / "video.mp4"
    # The story is the song's, as ever.
    given = [song, "-o", video, "--size", "64", "--strength", "0.5", "--no-cache", "--upscale", "1"]
    done = musvid(*given, "--colours", "cover")
    assert done.returncode == 0, done.stderr
    recipe = load_settings(video)
    assert words.held(recipe.style.prompt or "")[1:3] == ["gold", "pink"]
    assert {"gold", "pink"} <= set(words.held(recipe.story.rpartition("|")[2]))
    done = musvid(*given[:1], *given[3:], "--colours", tmp_path / "none.png")
    assert "There is no picture" in done.stderr and done.returncode == 2
    done = musvid(sound, *given[3:], "--colours", "cover")
    assert "has no cover to take colours from; give a picture" in done.stderr
    done = musvid(sound, *given[3:], "--colours", sound)
    assert "is no picture that can be read" in done.stderr
    gone = musvid(tmp_path / "gone.mp3", *given[3:], "--colours", "cover")
    assert "There is no file" in gone.stderr and "cover" not in gone.stderr
