"""The relit recipe through the whole chain: light on time, few paintings, nothing painted twice."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import WriteSong, clicks, music, read_frames, tone, video_frames

from musvid import Lock, Painter, Recipe, Song, Style, View, draw, render
from musvid.job import prepare
from musvid.store import Store

STYLE = Style(prompt="blue and gold stained glass")
SIZE = (96, 96)


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter(STYLE)


def relit(**settings: object) -> Recipe:
    return Recipe(**{"style": STYLE, "size": SIZE, "upscale": 1, **settings})


def stage(folder: Path, name: str) -> np.ndarray:
    count = len(list((folder / name).iterdir()))
    return np.array(list(read_frames(folder, name, count)), float)


def test_the_default_recipe_is_relit() -> None:
    assert Recipe().motion == "relit"
    assert (Recipe().stride, Recipe().before, Recipe().after) == (16, 1, 16)


@pytest.mark.parametrize("stride", [16, 40])
def test_a_click_between_two_paintings_is_seen_at_its_moment(
    stride: int, painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    """No painting is there at the clicks, and the video shows each in the frame of its time."""
    ticks = [stride + stride // 2, 2 * stride + stride // 4, 3 * stride - stride // 4]
    song = write_song(clicks([tick / 30 for tick in ticks], 4 * stride / 30))
    path = render(song, relit(stride=stride), tmp_path / "a.mp4", painter=painter)
    light = video_frames(path, *SIZE).mean((1, 2))
    assert len(light) == 4 * stride
    for tick in ticks:
        around = light[tick - 4 : tick + 5]
        assert int(around.argmax()) == 4
        assert around[4] > 1.2 * np.median(around)


def test_paintings_are_where_keyframes_are_and_unchanged(
    painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    folder = tmp_path / "stages"
    song = write_song(music(2.0))
    render(song, relit(stride=12), tmp_path / "a.mp4", painter=painter, frames_dir=folder)
    frames, painted = stage(folder, "frames"), stage(folder, "painted")
    assert len(frames) == 60 and len(painted) == 6
    np.testing.assert_array_equal(frames[::12], painted[:5])


def test_relit_frames_follow_the_music_and_blended_ones_do_not(
    painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    """Against painting every frame: the change from frame to frame."""
    song = write_song(music(4.0))
    changes = {}
    for name, recipe in {
        "truth": Recipe.named("every-frame", style=STYLE, size=SIZE, upscale=1),
        "relit": relit(),
        "blended": relit(relight=False),
    }.items():
        render(song, recipe, tmp_path / "a.mp4", painter=painter, frames_dir=tmp_path / name)
        frames = stage(tmp_path / name, "frames")
        changes[name] = np.abs(np.diff(frames, axis=0)).mean((1, 2, 3))
    assert np.corrcoef(changes["truth"], changes["relit"])[0, 1] > 0.8
    assert np.corrcoef(changes["truth"], changes["blended"])[0, 1] < 0.5


def test_a_keyframe_is_not_felt(painter: Painter, write_song: WriteSong, tmp_path: Path) -> None:
    """On a held note, whose picture is still, the step across a keyframe is like the others."""
    folder = tmp_path / "stages"
    song = write_song(tone(440, 5.0))
    render(song, relit(), tmp_path / "a.mp4", painter=painter, frames_dir=folder)
    steps = np.abs(np.diff(stage(folder, "frames"), axis=0)).mean((1, 2, 3))
    joints = range(32, len(steps) - 32, 16)  # away from where the note begins and ends
    assert len(joints) >= 4
    for joint in joints:
        around = np.median(steps[joint - 8 : joint + 8])
        assert max(steps[joint - 1], steps[joint]) <= 1.2 * around + 0.02


def test_where_nothing_is_painted_every_frame_is_the_drawing_of_its_moment(
    write_song: WriteSong, tmp_path: Path
) -> None:
    path, folder = write_song(music(2.0)), tmp_path / "stages"
    recipe = relit(style=replace(STYLE, strength=0.0))
    render(path, recipe, tmp_path / "a.mp4", frames_dir=folder)
    job = prepare(Song.open(path), recipe)
    drawn = np.array(list(draw(job.song, job.recipe.look, job.clock, size=SIZE)), float)
    np.testing.assert_array_equal(stage(folder, "frames"), drawn[:60])


def test_guides_that_were_filled_in_are_relit_too(
    painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    """Gaps filled on both sides of painting: a click is seen where no keyframe was."""
    ticks = [12, 28, 45]
    song = write_song(clicks([tick / 30 for tick in ticks], 2.0))
    recipe = relit(stride=16, before=2, after=8, relight=True, interpolator="blend")
    light = video_frames(render(song, recipe, tmp_path / "a.mp4", painter=painter), *SIZE)
    light = light.mean((1, 2))
    for tick in ticks:
        assert int(light[tick - 3 : tick + 4].argmax()) == 3


@pytest.mark.parametrize("rate", [15, 60])
def test_frames_at_another_rate_than_ticks_are_on_time(
    rate: int, painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    times = [0.4, 0.8, 1.4]
    song = write_song(clicks(times, 2.0))
    recipe = relit(stride=16, before=1, after=16 * rate // 30, relight=True)
    light = video_frames(render(song, recipe, tmp_path / "a.mp4", painter=painter), *SIZE)
    light = light.mean((1, 2))
    assert len(light) == 2 * rate
    for time in times:
        at = round(time * rate)
        assert int(light[at - 3 : at + 4].argmax()) == 3


def test_between_notes_of_a_tempo_that_wanders_light_is_on_time(
    painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    beats = (0.0, 0.5, 1.04, 1.5, 2.1, 2.6, 3.1)
    times = [0.25, 0.75, 1.3, 1.8]  # between beats, of which each has its keyframe
    song = write_song(clicks(times, 2.6))
    lock = Lock("1/4", Fraction(116), 0.0, beats=beats)
    recipe = relit(lock=lock).in_time("relit")
    job = prepare(Song.open(song), recipe)
    light = video_frames(render(job, output=tmp_path / "a.mp4", painter=painter), *SIZE)
    light = light.mean((1, 2))
    assert len(light) == job.clock.frames
    for time in times:
        at = round(float(time * job.clock.rate))
        assert abs(int(light[at - 4 : at + 5].argmax()) - 4) <= 1


def test_another_interpolator_or_relighting_repaints_nothing(
    painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    song, store = write_song(music(2.0)), Store(tmp_path / "cache")
    known = tmp_path / "cache" / "paintings"
    render(song, relit(), tmp_path / "a.mp4", painter=painter, store=store)
    kept = {path for path in known.rglob("*") if path.is_file()}
    assert len(kept) == 5
    for change in ({"interpolator": "motion"}, {"relight": False}, {"stride": 32}):
        render(song, relit(**change), tmp_path / "b.mp4", painter=painter, store=store)
        assert {path for path in known.rglob("*") if path.is_file()} == kept


def test_another_view_fits_nothing_anew(
    painter: Painter, write_song: WriteSong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is lit as by a render that knows nothing."""
    song, store = write_song(music(2.0)), Store(tmp_path / "cache")
    seen = {"view": View("mosaic"), "upscale": 2}
    render(song, relit(**seen), tmp_path / "new.mp4", painter=painter)
    render(song, relit(), tmp_path / "a.mp4", painter=painter, store=store)
    monkeypatch.setattr("musvid.interpolate.relight.fit", None)
    render(song, relit(**seen), tmp_path / "b.mp4", painter=painter, store=store)
    assert (tmp_path / "b.mp4").read_bytes() == (tmp_path / "new.mp4").read_bytes()


def test_a_render_from_the_store_is_the_same_film(
    painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    song, store = write_song(music(2.0)), Store(tmp_path / "cache")
    for folder in ("once", "again"):
        render(
            song, relit(), tmp_path / "a.mp4", painter=painter, store=store,
            frames_dir=tmp_path / folder,
        )  # fmt: skip
    np.testing.assert_array_equal(
        stage(tmp_path / "once", "frames"), stage(tmp_path / "again", "frames")
    )
