"""Values of settings side by side: which tiles there are, what is refused, stills, sheet, video."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import WriteSong, music, names, sound_seconds
from PIL import Image

from musvid import (
    RECIPES,
    Cancelled,
    Recipe,
    SettingsError,
    Song,
    Store,
    Style,
    load_settings,
    read,
)
from musvid.comparison.chart import is_chart
from musvid.comparison.grid import (
    MOST,
    TILES,
    Axis,
    Grid,
    called,
    choices_of,
    full,
    options,
    said,
    suggested,
    value_of,
    varied,
)
from musvid.comparison.grid import names as settings
from musvid.comparison.in_step import IN_STEP, in_step, jobs_of, save_sheet
from musvid.job import Job, resolve
from musvid.recipe import MOTION, motions
from musvid.studio.clips import Clips
from musvid.studio.grid import paintings, stills
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio
from musvid.video.grid import GROUND

SMALL = Recipe(size=(64, 64), upscale=1, interpolator="blend")
BARE = replace(SMALL, style=Style(strength=0))
TWO = Grid.parse(["strength=0.3, 0.6", "seed=1,2,3"])


@pytest.fixture
def song(write_song: WriteSong) -> Song:
    return Song.open(write_song(music(1.0)))


def test_every_value_of_one_setting_meets_every_value_of_the_other() -> None:
    assert len(TWO) == 6 and TWO.columns == 2 and str(TWO) == "strength x seed"
    styles = [recipe.style for recipe in TWO.recipes(SMALL)]
    wanted = [(strength, seed) for seed in (1, 2, 3) for strength in (0.3, 0.6)]
    assert [(style.strength, style.seed) for style in styles] == wanted
    captions = TWO.captions()
    assert [(each.name, each.detail) for each in captions[:3]] == [
        ("strength 0.3", "seed 1"),
        ("strength 0.6", "seed 1"),
        ("strength 0.3", "seed 2"),
    ]
    assert captions[0].colour == captions[2].colour != captions[1].colour
    one = Grid.parse(["prompt=violet, dark nebula\ncyan crystal;  gold flames;"])
    assert one.columns is None and not one.moves
    assert [recipe.style.prompt for recipe in one.recipes(SMALL)] == [
        "violet, dark nebula",
        "cyan crystal",
        "gold flames",
    ]
    assert [each.name for each in one.captions()][1] == "cyan crystal"


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["strengths=0.1,0.2"], "There is no setting 'strengths' to vary"),
        (["amount=0.1,0.2"], "'amount' may be strength_by.amount"),
        (["start=1,2"], "no setting 'start' to vary"),
        (["cover=a.png,b.png"], "no setting 'cover' to vary"),
        (["strength"], "write NAME=VALUES"),
        (["strength=0.5"], "strength has 1 value to compare; give 2 to 9"),
        (["strength="], "strength has 0 values"),
        (["seed=1,2,3,4,5,6,7,8,9,10"], "seed has 10 values"),
        (["strength=0.5,1.5"], "strength must be a number from 0 to 1, not 1.5"),
        (["strength=0.5,loud"], "strength must be a number from 0 to 1, not 'loud'"),
        (["stride=8,8.5"], "stride must be a whole number from 1 to 64, not '8.5'"),
        (["strength=0.5,0.50"], "strength is '0.5' twice"),
        (["size=64,64x64"], "size is '64x64' twice"),
        (["view=flat,round"], "view must be one of flat"),
        (["recipe=relit,best"], "recipe must be one of"),
        (["relight=on,perhaps"], "relight must be true or false"),
        (["seed=1,2", "style.seed=3,4"], "Both directions vary seed"),
        (["recipe=relit,hybrid", "stride=4,8"], "A recipe is stride"),
        (["seed=1,2", "strength=0,1", "stride=4,8"], "varies one setting or two, and 3 are named"),
        (["seed=1,2,3,4,5,6,7", "stride=4,5,6,7,8,9"], "That makes 42 tiles, and a grid has 36"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(texts: list[str], says: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Grid.parse(texts)
    assert says in str(raised.value)
    assert str(raised.value).count(". ") == 0


def test_a_value_brings_along_what_it_does_elsewhere() -> None:
    relit, hybrid = SMALL, Recipe.named("hybrid", size=64)
    for value in (4, 32):
        assert varied(relit, "stride", value).after == value
        moved = varied(hybrid, "stride", value)
        assert {name: getattr(moved, name) for name in MOTION} == motions(value)["hybrid"]
    assert varied(hybrid, "recipe", "every-frame").motion == "every-frame"
    tunnel = replace(SMALL, view=replace(SMALL.view, kind="tunnel", copies=5)).resolve()
    flat = varied(tunnel, "view.kind", "flat").resolve()
    assert flat.camera.turn == 0 and flat.view.copies == 2
    assert varied(tunnel, "view.kind", "tunnel") == tunnel
    other = varied(tunnel, "style.model", "sd-turbo").resolve()
    assert other.size == (512, 512) and other.style.steps != tunnel.style.steps
    # A view is there before what is turned in it.
    grid = Grid.parse(["turn=1,2", "view=flat,tunnel"])
    assert [each.camera.turn for each in grid.recipes(tunnel)] == [1, 2, 1, 2]
    told = replace(SMALL, story="A: violet nebula; view tunnel; strength 0.2 | B: gold")
    assert varied(told, "style.prompt", "marble").story == "A: view tunnel; strength 0.2 | B:"
    assert varied(told, "style.seed", 3).story == told.story


@pytest.mark.parametrize("name", settings())
def test_every_setting_can_be_varied_by_texts_that_are_suggested(name: str) -> None:
    recipe = replace(SMALL, lock=replace(SMALL.lock, bpm="120")).resolve()
    texts = suggested(recipe, name)
    found = [value_of(name, text) for text in texts]
    assert len(set(map(str, found))) == len(texts) <= MOST
    assert [value_of(name, said(value)) for value in found] == found
    for value in found:
        assert isinstance(varied(recipe, name, value), Recipe)
    if choices_of(name) and name != "style.model":
        assert texts == list(choices_of(name))[:MOST]
    assert full(called(name)) == name


def test_suggestions_lie_around_what_is_shown() -> None:
    shown = replace(SMALL, style=Style(strength=0.5, seed=7)).resolve()
    assert suggested(shown, "style.strength") == ["0.2", "0.35", "0.5", "0.65", "0.8"]
    for strength in (0.0, 0.1, 0.7, 0.8, 1.0):
        texts = suggested(replace(shown, style=Style(strength=strength)), "style.strength")
        assert f"{strength:g}" in texts and len(texts) == 5
        assert all(0 <= float(text) <= 1 for text in texts)
    assert suggested(shown, "style.seed") == ["7", "8", "9", "10"]
    assert suggested(shown, "stride") == ["4", "8", "16", "32"]
    prompts = suggested(shown, "style.prompt")
    assert prompts[0] == shown.style.prompt and len(prompts) > 3
    assert suggested(shown, "style.model")[0] == "sketch"
    labels = [label for label, _ in options()]
    assert labels[:2] == ["strength", "seed"] and len(set(labels)) == len(labels)


def test_stills_come_one_by_one_and_repeats_are_free(
    song: Song, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(device="cpu", store=Store(tmp_path / "cache"))
    jobs = jobs_of(TWO, SMALL, song)
    made = stills(studio, jobs, 0.5)
    frames = [next(made), *made]
    assert [frame.shape for frame in frames] == [(64, 64, 3)] * 6
    assert len({frame.tobytes() for frame in frames}) == 6
    assert np.array_equal(frames[1], studio.paint(jobs[1], 0.5))
    monkeypatch.setattr(studio, "paint", None)  # nothing is painted again
    again = list(stills(studio, jobs, 0.5))
    assert all(map(np.array_equal, frames, again))
    # Views show one painting.
    views = jobs_of(Grid.parse(["view=flat,tunnel,mosaic"]), SMALL, song)
    assert len(paintings(views)) == 1 and len(paintings(jobs)) == 6
    with pytest.raises(Cancelled):
        list(stills(studio, jobs, 0.5, stop=lambda: True))
    with pytest.raises(SettingsError, match="choose fewer values, fewer steps"):
        Limits(denoised=1e-4).afford_moments(paintings(jobs), "fewer values, ")


def test_what_moves_is_shown_between_paintings(song: Song, tmp_path: Path) -> None:
    studio = Studio(device="cpu", store=Store(tmp_path / "cache"))
    grid = Grid.parse(["stride=2,16", "relight=on,off"])
    assert grid.moves
    jobs = jobs_of(grid, BARE, song)
    frames = list(stills(studio, jobs, 0.31, moves=True))
    assert len({frame.tobytes() for frame in frames}) > 1
    for job, frame in zip(jobs, frames, strict=True):
        every = list(studio.pictures(job))
        assert np.array_equal(frame, every[round(0.31 * job.clock.rate)])


def test_a_sheet_has_a_tile_and_a_label_for_each(song: Song, tmp_path: Path) -> None:
    grid = Grid.parse(["size=64,128x64,64x128", "seed=1,2"])
    frames = [
        np.full((job.size[1], job.size[0], 3), 200, np.uint8) for job in jobs_of(grid, BARE, song)
    ]
    path = save_sheet(grid, frames, tmp_path / "sheet.png")
    picture = np.asarray(Image.open(path).convert("RGB"))
    assert is_chart(path) and picture.shape[1] > 900
    light = (picture == 200).all(2)
    # Each is whole, in its own shape, in the middle of its tile.
    assert light.sum() == 2 * (320 * 320 + 320 * 160 + 160 * 320)
    assert light[:, picture.shape[1] // 2].sum() == 2 * 160
    ground = tuple(int(GROUND[at : at + 2], 16) for at in (1, 3, 5))
    assert tuple(picture[0, 0]) == ground and picture.max() > 220  # letters


def test_clips_are_shown_in_step_with_the_song(song: Song, tmp_path: Path) -> None:
    grid = Grid.parse(["strength=0,0.5", "fps=15,30"])
    jobs, told = jobs_of(grid, SMALL, song), list[tuple[str, int, int]]()
    path = in_step(
        grid, jobs, tmp_path / "all.mp4", progress=lambda *each: told.append(each), device="cpu"
    )
    frames = list(read(path))
    assert len(frames) == 30
    assert float(sound_seconds(path)) == pytest.approx(1.0, abs=0.05)
    assert load_settings(path).size == (64, 64)
    assert tuple(dict.fromkeys(stage for stage, _, _ in told)) == IN_STEP
    assert told[-1] == ("grid", 30, 30)
    assert [done for stage, done, _ in told if stage == "clips"][-1] == 90
    height, width = frames[0].shape[:2]
    upper = [frame[: height // 3, : width // 2].astype(int) for frame in frames]
    # At half the rate, every picture is shown twice.
    still = [np.abs(one - other).mean() for one, other in pairwise(upper)]
    assert max(still[0::2]) < 0.5 < max(still[1::2])
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        in_step(grid, jobs, tmp_path / "none.mp4", cancel=cancel, device="cpu")
    assert names(tmp_path) == {"song.wav", "all.mp4"}


def test_a_grid_is_watched_as_one_render(song: Song, tmp_path: Path) -> None:
    grid = Grid.parse(["recipe=relit,hybrid"])
    studio = Studio(device="cpu", store=Store(tmp_path / "cache"))
    jobs = jobs_of(grid, BARE, song)
    steps = list(studio.in_step(grid, jobs, tmp_path, stop=lambda: False))
    assert steps[-1].video == tmp_path / "grid.mp4" and steps[-1].part == 1
    assert [step.part for step in steps] == sorted(step.part for step in steps)
    assert all(isinstance(step, Clips) for step in steps) and not studio.renders
    with pytest.raises(Cancelled, match="goes on quickly"):
        list(studio.in_step(grid, jobs_of(grid, BARE, song), tmp_path, stop=lambda: True))


def test_recipes_are_one_of_the_things_to_choose(song: Song) -> None:
    grid: Any = Grid(Axis.of("recipe", list(RECIPES)))
    jobs: list[Job] = jobs_of(grid, BARE, song)
    assert [job.recipe.motion for job in jobs] == list(RECIPES)
    assert jobs[0].recipe == resolve(BARE.variants()["every-frame"], song).recipe
    assert len({job.file_rate for job in jobs}) == 1 and len(jobs) < TILES
