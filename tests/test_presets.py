"""Complete sets of settings with a name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import WriteSong, music, video_frames
from PIL import Image

from musvid import Recipe, SettingsError, Song, Style, presets, render
from musvid.__main__ import build_parser, recipe_from
from musvid.job import prepare
from musvid.paint import models
from musvid.presets import ARTICLE, LIVING, preset

# diffusers' schedulers, about the numpy of today.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ALL = presets.every()
QUICK = ("living", "article", "drawing")


def asked(*arguments: str) -> Recipe:
    return recipe_from(build_parser().parse_args(["song.wav", *arguments]))


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_a_preset_is_complete_told_and_pictured(each: presets.Preset) -> None:
    resolved = each.recipe.resolve()
    assert Recipe.from_json(resolved.to_json()) == resolved
    assert not Style.ignored(resolved.style) and not resolved.style.remarks()
    assert models.find(resolved.style.model).kind == "embedded"  # nothing to download
    assert (resolved.start, resolved.duration, resolved.track) == (0, None, None)
    assert each.about.endswith(".") and each.title
    with Image.open(each.picture) as picture:
        assert picture.size == (256, 256)


def test_there_are_ten_that_differ() -> None:
    assert len(ALL) >= 10
    assert ALL[0].name == LIVING and ARTICLE in {each.name for each in ALL}
    pictures = [np.asarray(Image.open(each.picture), float) for each in ALL]
    for number, one in enumerate(pictures):
        for other in pictures[:number]:
            assert np.abs(one - other).mean() > 25
    files = sorted(presets.FOLDER.glob("*.json"))
    assert [file.stem for file in files] == sorted(each.name for each in ALL)


def test_a_preset_that_is_not_there_is_told() -> None:
    with pytest.raises(SettingsError, match="living, nebula"):
        preset("lively")
    with pytest.raises(SettingsError, match="lively"):
        asked("--preset", "lively")
    with pytest.raises(SettingsError, match="one of the two"):
        asked("--preset", "ink", "--settings", "x.json")


def test_options_change_a_preset() -> None:
    assert asked() == preset(LIVING).recipe
    assert asked("--compare") == Recipe()
    changed = asked("--preset", "neon", "--prompt", "red marble", "--embers", "0.1")
    neon = preset("neon").recipe
    assert changed.style.prompt == "red marble" and changed.look.embers == 0.1
    assert (changed.view, changed.drift) == (neon.view, neon.drift)
    # A size that is asked for is that of the video.
    assert asked().view.shown == (720, 720)
    assert asked("--size", "256").view.shown is None and asked("--upscale", "2").view.shown is None
    assert asked("--size", "256", "--shown", "360").view.shown == (360, 360)


def test_the_article_is_the_first_editions_defaults() -> None:
    """Its files said version 1, and held what differed from these defaults."""
    first = '{"musvid": 1, "size": "256x256", "upscale": 2, "style": {"steps": 2}}'
    assert preset(ARTICLE).recipe == Recipe.from_json(first)
    assert preset(ARTICLE).recipe.motion == "hybrid"


def test_without_a_recipe_a_song_lives(write_song: WriteSong) -> None:
    path = write_song(music(1.0))
    assert prepare(path).recipe.view.kind == "tunnel"
    assert prepare(Song.open(path)).recipe == prepare(path, preset().recipe).recipe


@pytest.mark.parametrize(
    "each",
    [
        pytest.param(each, id=each.name, marks=() if each.name in QUICK else pytest.mark.thorough)
        for each in ALL
    ],
)
def test_a_preset_renders(write_song: WriteSong, tmp_path: Path, each: presets.Preset) -> None:
    """Small, and a second of it: as large as it says, neither black nor burnt."""
    path = write_song(music(1.0))
    values = json.loads(each.recipe.to_json()) | {"size": "128x128"}
    values["view"]["shown"] = "128x128"
    video = render(path, Recipe.from_json(json.dumps(values)), tmp_path / "v.mp4")
    frames = video_frames(video, 128, 128, "rgb24")
    assert frames.shape[1:] == (128, 128, 3)
    assert 15 < frames[10:].mean() < 200
    assert (frames >= 250).all(-1).mean() < 0.05


def test_the_command_lists_them() -> None:
    command = [sys.executable, "-m", "musvid", "--preset", "list"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    lines = told.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [each.name for each in ALL]
    assert lines[0].endswith(preset().about)
