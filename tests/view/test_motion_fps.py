"""A video of more frames a second than there are pictures: the camera moves in between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import WriteSong, music, video_frames

from musvid import Camera, Finish, Lock, Modulation, Recipe, SettingsError, Song, View, render
from musvid import Style as Painting
from musvid.__main__ import build_parser, recipe_from
from musvid.comparison.measure import measure
from musvid.estimate import Costs
from musvid.frame import Frame
from musvid.job import Job, prepare
from musvid.rendering import film
from musvid.video import file as video
from musvid.view.flashes import FLASHES, luminance, most

SMALL: dict[str, Any] = {"size": (64, 64), "upscale": 1, "style": Painting(strength=0.0)}
MOVING = Recipe(
    **SMALL,
    view=View("tunnel", shown=(96, 64)),
    camera=Camera(turn=20, sway=1),
    finish=Finish(grain=1),
    zoom_by=Modulation("loudness", 0.5, 0.2),
)
QUIET = replace(MOVING, zoom_by=Modulation(), camera=Camera(turn=20, sway=1, pulse=0))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is handed to the writer of the video."""
    told: dict[str, Any] = {}

    def write(frames: Iterable[Frame], *_: object, **more: Any) -> None:
        told.update(more, frames=list(frames))

    monkeypatch.setattr(video, "write", write)
    return told


@pytest.mark.parametrize("often", [2, 3])
def test_every_frame_is_there_and_others_stand_between(
    write_song: WriteSong, written: dict[str, Any], often: int
) -> None:
    job = prepare(write_song(music(1.0)), MOVING)
    strip = list(np.random.default_rng(0).integers(0, 256, (30, 64, 64, 3), dtype=np.uint8))
    film(iter(strip), job, Path("a.mp4"))
    slow = written["frames"]
    film(iter(strip), job.having(replace(job.recipe, motion_fps=30 * often)), Path("a.mp4"))
    quick = written["frames"]
    assert written["rate"] == 30 * often
    assert len(slow) == 30 and len(quick) == 30 * often
    np.testing.assert_array_equal(quick[::often], slow)
    for early, between in zip(quick[::often], quick[1::often], strict=True):
        assert not np.array_equal(early, between)


def test_what_lies_between_is_where_the_camera_is_then(
    write_song: WriteSong, written: dict[str, Any]
) -> None:
    """A still strip at 60 frames a second is that of 60 pictures a second."""
    song = write_song(music(1.0))
    recipe = replace(MOVING, finish=Finish(grain=0))
    strip = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    film(iter([strip] * 60), prepare(song, replace(recipe, fps=60)), Path("a.mp4"))
    drawn = written["frames"]
    film(iter([strip] * 30), prepare(song, replace(recipe, motion_fps=60)), Path("a.mp4"))
    np.testing.assert_array_equal(written["frames"], drawn)


def test_flashes_are_limited_at_the_rate_of_the_file(
    write_song: WriteSong, written: dict[str, Any]
) -> None:
    job = prepare(write_song(music(2.0)), replace(QUIET, motion_fps=60, finish=Finish(grain=0)))
    strip = [np.full((64, 64, 3), 255 * (number // 3 % 2), np.uint8) for number in range(60)]
    for limit, least, greatest in ((False, 5, 5), (True, 0, FLASHES)):
        finish = replace(job.recipe.finish, flash_limit=limit)
        film(iter(strip), job.having(replace(job.recipe, finish=finish)), Path("a.mp4"))
        assert len(written["frames"]) == 120
        found = most([luminance(frame) for frame in written["frames"]], Fraction(60))
        assert least <= found <= greatest


@pytest.mark.parametrize("recipe", [QUIET, Recipe(**SMALL)], ids=["moving", "plain"])
def test_the_file_has_that_rate_and_ends_with_the_sound(
    write_song: WriteSong, tmp_path: Path, recipe: Recipe
) -> None:
    song = write_song(music(0.71))
    recipe = replace(recipe, motion_fps=60)
    counted: dict[str, int] = {}
    path = render(
        song,
        recipe,
        tmp_path / "a.mp4",
        progress=lambda stage, done, total: counted.update({stage: done, f"of {stage}": total}),
    )
    assert counted["frames"] == counted["of frames"] == 22
    facts = video.facts(path)
    assert facts.rate == 60
    frames = video_frames(path, facts.width, facts.height)
    assert len(frames) == 43  # 0.71 s are 42.6 frames
    assert abs(len(frames) / 60 - float(Song.open(path).duration)) < 2 / 60
    made = Recipe.from_json(video.read_settings(path))
    assert made.motion_fps == 60
    assert 0 <= measure(path).score <= 1


def test_the_plan_counts_the_frames_of_the_file(write_song: WriteSong) -> None:
    song, costs = write_song(music(1.0)), Costs()
    slow, quick = (costs.plan(prepare(song, replace(MOVING, motion_fps=fps))) for fps in (None, 60))
    assert (slow.frames, quick.frames, quick.rate) == (30, 60, 60)
    assert quick.filmed == 2 * slow.filmed
    assert slow.seconds and quick.seconds and quick.seconds > slow.seconds
    assert "60 frames a second" in str(quick)


@pytest.mark.parametrize("rate", [50, 20, 61, 59.9, "abc", 241, -1, True, "1e9999999"])
def test_a_rate_that_is_no_multiple_is_refused(rate: object) -> None:
    with pytest.raises(SettingsError) as caught:
        Recipe.from_flat({"motion_fps": rate}).resolve()
    assert str(caught.value).endswith(".")
    if rate == 50:
        assert "30, 60, 90, 120" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "motion", "often"),
    [
        ({}, None, 1),
        ({}, 0, 1),
        ({}, "0", 1),
        ({}, 30, 1),
        ({}, "60", 2),
        ({"fps": "24000/1001"}, 47.95, 2),
        ({"stride": 8, "before": 1, "after": 4}, 60, 4),
        ({"fps": 240}, 240, 1),
    ],
)
def test_rates_that_fit(settings: dict[str, Any], motion: object, often: int) -> None:
    recipe = Recipe.from_flat({**settings, "motion_fps": motion}).resolve()
    assert recipe.repeats(recipe.fps * recipe.before * recipe.after / recipe.stride) == often
    assert Recipe.from_json(recipe.to_json()) == recipe == Recipe.from_flat(recipe.flat())


def test_another_view_keeps_the_rate_and_another_rate_paints_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(replace(MOVING, motion_fps=60).to_json())
    options = ["song", "--settings", str(file), "--view", "ring"]
    made = recipe_from(build_parser().parse_args(options))
    assert made.motion_fps == 60 and not made.camera_by and made.camera == Camera()
    assert made.unseen == Recipe(**SMALL).unseen


def test_settings_without_it_have_the_picture_rate() -> None:
    assert Recipe.from_json("{}").motion_fps is None
    assert Recipe.from_flat({"motion_fps": "48000/1001"}).motion_fps == Fraction(48000, 1001)


@pytest.mark.parametrize("lock", [Lock(), Lock("1/8", bpm=97, beat=0.1)], ids=["free", "locked"])
def test_recipes_that_are_compared_stay_in_step(write_song: WriteSong, lock: Lock) -> None:
    recipe = Recipe(**SMALL, stride=8, before=1, after=4, lock=lock, motion_fps=60)
    job = prepare(write_song(music(2.0)), recipe)
    assert job.repeats == round(60 / job.clock.rate) > 3
    jobs: list[Job] = list(job.variants().values())
    assert len({(each.file_rate, each.file_frames, each.repeats) for each in jobs}) == 1
    assert abs(jobs[0].file_rate - 60) < 8
