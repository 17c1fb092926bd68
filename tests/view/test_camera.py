"""The camera: a function of time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import RATE, WriteSong, clicks

from musvid import Modulation, Recipe, Song
from musvid.job import prepare
from musvid.ranges import RANGES
from musvid.view.camera import Beat, Pose, curves, pose
from musvid.view.settings import Camera, Finish, View
from musvid.view.stage import Shot, view

STILL = Camera(turn=0, sway=0, pulse=0)
BARE = Finish(glow=0, vignette=0, grain=0, contrast=0)


@pytest.fixture(scope="module")
def beat(tmp_path_factory: pytest.TempPathFactory) -> Beat:
    from conftest import write_wav

    path = tmp_path_factory.mktemp("song") / "a.wav"
    write_wav(path, clicks([1.0, 2.0, 3.0, 4.0], 5.0))
    found = Beat.of(Song.open(path))
    assert found
    return found


def test_a_moment_is_the_same_in_any_order(beat: Beat) -> None:
    camera = Camera(zoom=1.2, turn=3, sway=1, shake=1, pulse=1)
    times = [number / 30 for number in range(150)]
    there = [pose(camera, time, beat) for time in times]
    back = [pose(camera, time, beat) for time in reversed(times)]
    assert there == back[::-1]
    assert len(set(there)) == len(there)


def test_a_still_camera_is_still(beat: Beat) -> None:
    assert {pose(STILL, time, beat) for time in (0.0, 1.0, 77.7)} == {Pose()}


def test_it_pushes_where_notes_begin_and_nowhere_for_long(beat: Beat) -> None:
    camera = Camera(turn=0, sway=0, pulse=1)
    zooms = np.array([pose(camera, frame / 100, beat).zoom for frame in range(500)])
    for second in (1, 2, 3, 4):
        early, late = 100 * second - 10, 100 * second + 10
        assert abs(int(zooms[early:late].argmax()) - 10) <= 4
        assert zooms[100 * second - 20] < 1 < zooms[early:late].max()
    assert np.log(zooms).mean() == pytest.approx(0, abs=0.003)
    assert np.log(zooms).max() <= 0.25


def test_a_part_moves_as_it_does_in_the_whole() -> None:
    """Times are the file's: turning and swaying do not begin anew with a clip."""
    camera = Camera(turn=2, sway=1, pulse=0)
    assert pose(camera, 31.0) == pose(camera, 31.0)
    assert pose(camera, 31.0) != pose(camera, 1.0)


def test_a_song_too_short_to_hear_has_no_beat(write_song: WriteSong) -> None:
    assert Beat.of(Song.open(write_song(np.zeros(40)))) is None


def clouds() -> np.ndarray:
    y, x = np.mgrid[0:64, 0:64] / 64
    waves = (np.sin(5 * x + 3 * y), np.cos(4 * x - 6 * y), np.sin(7 * y))
    return np.rint(128 + 100 * np.stack(waves, -1)).astype(np.uint8)


def test_a_quarter_of_a_turn_is_one() -> None:
    camera = Camera(turn=1, sway=0, pulse=0)
    flat = View().resolve()
    still, turned = view([clouds()] * 2, [0, 15], Shot((96, 96), flat, camera, BARE))
    assert np.abs(np.rot90(still, -1).astype(int) - turned).max() <= 3  # clockwise


def test_zoom_enlarges_the_middle() -> None:
    """At twice the size, zoomed by two, the middle quarter is the picture's as it was."""
    flat = View(shown=(128, 128)).resolve()
    (plain,) = view([clouds()], [0], Shot((128, 128), flat, STILL, BARE))
    camera = Camera(zoom=2, turn=0, sway=0, pulse=0)
    (near,) = view([clouds()], [0], Shot((128, 128), flat, camera, BARE))
    shrunk = near.reshape(64, 2, 64, 2, 3).mean((1, 3))
    assert np.abs(shrunk - plain[32:96, 32:96]).max() < 3


FOLLOWED = ("zoom", "turn", "sway", "shake")


def swelling(seconds: float = 6.0) -> np.ndarray:
    """Noise that is quiet in its first half and loud in its second."""
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, round(seconds * RATE))
    sound[: len(sound) // 2] *= 0.01
    return sound


def test_settings_follow_the_music_within_their_ranges(write_song: WriteSong) -> None:
    song = Song.open(write_song(swelling()))
    camera = Camera(zoom=1, turn=2, sway=0.2, shake=0, pulse=0)
    by = {name: Modulation("loudness", 0.5, 0) for name in ("zoom", "sway", "shake")}
    found = curves(song, camera, by)
    for name, quiet in {"zoom": 1.0, "sway": 0.2, "shake": 0.0}.items():
        assert found[name].at(1.0) == pytest.approx(quiet, abs=0.02)
        assert found[name].at(5.0) == pytest.approx(quiet + 0.5, abs=0.04)
    poses = [pose(camera, time, by={"zoom": found["zoom"]}) for time in (1.0, 5.0)]
    assert [each.zoom for each in poses] == pytest.approx([1, 1.5], abs=0.04)
    for amount in (30, -30):
        wild = curves(song, camera, dict.fromkeys(FOLLOWED, Modulation("loudness", amount, 0)))
        for name in ("zoom", "sway", "shake"):
            limits = RANGES[f"camera.{name}"]
            assert limits.low <= wild[name].values.min() <= wild[name].values.max() <= limits.high
            assert (limits.high if amount > 0 else limits.low) in wild[name].values


def test_a_turn_that_follows_the_music_is_a_speed(write_song: WriteSong) -> None:
    """Of 6 turns a minute, and 12 where it is loud: 6 s of which 3 are loud make 0.9 turns."""
    song = Song.open(write_song(swelling()))
    camera = Camera(turn=6, sway=0, pulse=0)
    by = curves(song, camera, {"turn": Modulation("loudness", 6, 0)})
    angles = np.array([pose(camera, frame / 60, by=by).angle for frame in range(361)])
    assert angles[180] / (2 * np.pi) == pytest.approx(0.3, abs=0.01)
    assert angles[-1] / (2 * np.pi) == pytest.approx(0.9, abs=0.02)
    steps = np.diff(angles)
    assert steps.min() > 0 and np.abs(np.diff(steps)).max() < 0.5 * steps.max()  # no jumps
    stopped = curves(song, camera, {"turn": Modulation("loudness", -6, 0)})
    quick = curves(song, replace(camera, turn=59), {"turn": Modulation("loudness", 30, 0)})
    assert pose(camera, 5, by=stopped).angle == pytest.approx(
        pose(camera, 4, by=stopped).angle, abs=0.05
    )
    assert 0.045 < quick["turn"].values[-1] <= 0.1  # a turn a minute more, and not 30


def test_what_is_too_short_to_hear_moves_as_it_stands(write_song: WriteSong) -> None:
    by = dict.fromkeys(FOLLOWED, Modulation("onsets", 1.0))
    camera = Camera(zoom=2, turn=3, sway=0.5, pulse=0)
    found = curves(Song.open(write_song(np.zeros(40))), camera, by)
    assert [pose(camera, time, by=found) for time in (0, 7)] == [
        pose(camera, time) for time in (0, 7)
    ]


def test_a_flat_picture_moves_when_its_camera_follows(write_song: WriteSong) -> None:
    song = Song.open(write_song(swelling(2.0)))
    job = prepare(song, Recipe(zoom_by=Modulation("loudness", 1.0), shake_by=Modulation("onsets")))
    assert not job.plain and not job.shot.plain and job.beat
    assert job.shot.by.keys() == {"zoom", "shake"}
    assert prepare(song, Recipe(zoom_by=Modulation("loudness", 0.0))).plain
    assert [name for name, *_ in job.curves(np.array([0.0]))] == ["zoom", "shake"]
    assert Recipe.from_json(job.recipe.to_json()) == job.recipe
    assert job.recipe.unseen == prepare(song, Recipe()).recipe.unseen
