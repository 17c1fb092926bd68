"""Settings that change along a song by curves: what is painted, how it moves, how it is shown."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, WriteSong, clicks, music, write_wav
from numpy.testing import assert_allclose

from musvid import (
    Camera,
    Drift,
    Finish,
    Recipe,
    SettingsError,
    Song,
    Style,
    View,
    load_settings,
    render,
)
from musvid.job import Job, resolve
from musvid.music.modulation import Modulation
from musvid.video.file import read
from musvid.view.camera import pose


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Song:
    return Song.open(write_wav(tmp_path_factory.mktemp("song") / "song.wav", music(4.0)))


def job_of(song: Song, curves: str, **settings: Any) -> Job:
    return resolve(Recipe(curves=curves, size=(64, 64), **settings), song)


def test_strength_and_guidance_of_a_stroke(song: Song) -> None:
    job = job_of(song, "strength = 0:0.2, 4:0.6; guidance = 2")
    assert job.automation.stroke(2).strength == pytest.approx(0.4, abs=0.002)
    assert job.automation.stroke(2).guidance == 2
    assert job.automation, "paintings differ"
    assert job_of(song, "strength = 0:-5, 4:9").automation.stroke(4).strength == 1, "in its range"


def test_what_follows_the_music_is_added(song: Song) -> None:
    by = Modulation("loudness", 0.2, 0)
    job = job_of(song, "strength = 0.4", strength_by=by)
    plain = job_of(song, "", style=Style(strength=0.4), strength_by=by)
    for time in (0.5, 1.7, 3.2):
        assert job.automation.stroke(time).strength == plain.automation.stroke(time).strength


def test_a_story_gives_way_to_a_curve(song: Song) -> None:
    told: dict[str, Any] = {"story": "A: nebula; strength 0.9", "form": "0:00 A"}
    assert job_of(song, "", **told).automation.stroke(1).strength == 0.9
    assert job_of(song, "strength = 0.3", **told).automation.stroke(1).strength == 0.3


def test_the_seed_walks(song: Song) -> None:
    job = job_of(song, "seed = 0:5, 4:7", style=Style(seed=5))
    assert job.automation.stroke(0).walk == 0
    assert job.automation.stroke(2).walk == pytest.approx(1, abs=0.002)
    assert job_of(song, "seed = 3", style=Style(seed=5)).automation.stroke(2).walk == -2


def test_the_place_among_prompts(song: Song) -> None:
    style = Style(prompt="0:00 nebula | 0:01 crystal | 0:02 flames")
    job = job_of(song, "prompt = 0:0, 4:2", style=style)
    assert dict(job.automation.stroke(0).prompts) == {"nebula": 1}
    assert dict(job.automation.stroke(1).prompts) == pytest.approx({"nebula": 0.5, "crystal": 0.5})
    assert dict(job.automation.stroke(4).prompts) == {"flames": 1}
    assert dict(job_of(song, "prompt = 9", style=style).automation.stroke(0).prompts) == {
        "flames": 1
    }


def test_the_way_of_a_drift_is_the_integral_of_its_curve(song: Song) -> None:
    drift = Drift(0.0, "up")
    job = job_of(song, "drift = 0:0, 2:40, 4:0", drift=drift)
    assert job.recipe.drifts
    assert job.travel is not None
    assert job.travel(1) == pytest.approx(10, abs=0.01)
    assert job.travel(2) == pytest.approx(40, abs=0.01)
    assert job.travel(4) == pytest.approx(80, abs=0.01)
    assert_allclose(job.travel.speeds(np.array([1.0, 3.0])), [20, 20], atol=0.01)
    steady, named = job_of(song, "drift = 24", drift=drift), Drift(24.0, "up")
    for time in (0, 1.3, 4.5):  # beyond the end, too
        assert steady.travel is not None
        assert steady.travel(time) == pytest.approx(24 * time)
    assert resolve(Recipe(drift=named, size=(64, 64)), song).travel(1.3) == pytest.approx(24 * 1.3)  # type: ignore[misc]


def test_a_part_goes_on_like_the_whole(song: Song) -> None:
    curves = "drift = 0:0, 4:40; strength = 0:0, 4:1; seed = 0:0, 4:8; zoom = 0:1, 4:2; turn = 6"
    whole = job_of(song, curves, drift=Drift(0.0, "up"))
    part = job_of(Song.open(song.path, start=1.5), curves, drift=Drift(0.0, "up"))
    assert part.travel is not None
    assert whole.travel is not None
    assert part.travel(1) == pytest.approx(whole.travel(2.5), abs=1e-6)
    assert part.automation.stroke(1).strength == whole.automation.stroke(2.5).strength
    assert part.automation.stroke(1).walk == whole.automation.stroke(2.5).walk
    shots = [pose(job.recipe.camera, 2.5, by=job.shot.by) for job in (whole, part)]
    assert shots[0].zoom == pytest.approx(shots[1].zoom)
    assert shots[0].angle == pytest.approx(shots[1].angle)


def test_the_camera(song: Song) -> None:
    job = job_of(song, "zoom = 0:1, 4:3; turn = 0:0, 4:12; pulse = 0.5; shake = 0.2")
    assert not job.plain
    assert job.beat is not None, "what shakes and pulses has a beat"
    by, camera = job.shot.by, job.recipe.camera
    assert by.keys() == {"zoom", "turn", "pulse", "shake"}
    seen = pose(replace(camera, pulse=0.0), 2.0, by={"zoom": by["zoom"], "turn": by["turn"]})
    assert seen.zoom == pytest.approx(2, abs=0.01)
    assert seen.angle == pytest.approx(2 * np.pi * 6 / 60, abs=0.01)  # half of 12 in two seconds
    steady = job_of(song, "turn = 6")
    plain = pose(Camera(turn=6).resolve("flat"), 3.0)
    assert pose(steady.recipe.camera, 3.0, by=steady.shot.by).angle == pytest.approx(plain.angle)


def test_the_finish_of_a_picture_is_that_of_its_time(song: Song, tmp_path: Path) -> None:
    shown: dict[str, Any] = {"size": (64, 64), "style": Style(strength=0), "view": View("mosaic")}
    still = Finish(exposure=0, glow=0, vignette=0, grain=0, contrast=0)
    dark = {**shown, "finish": replace(still, exposure=1.0)}
    films = [
        list(read(render(song, Recipe(**more), tmp_path / f"{number}.mp4")))
        for number, more in enumerate(
            (
                {**shown, "finish": still},
                dark,
                {**shown, "finish": still, "curves": "exposure = 0:0, 2:1 hold"},
            )
        )
    ]
    bright, dim, changing = (np.array(film, np.float64) for film in films)
    assert np.abs(changing[:55] - bright[:55]).mean() < 1.5
    assert np.abs(changing[65:] - dim[65:]).mean() < 1.5
    assert np.abs(bright - dim).mean() > 3


def test_an_echo(song: Song) -> None:
    job = job_of(song, "echo = 0:0, 4:0.8", stride=8)
    assert job.echo is not None
    assert callable(job.echo.amount)
    assert job.echo.amount(0) == 0
    last = job.clock.painted - 1
    assert job.echo.amount(last) == pytest.approx(
        0.2 * float(job.clock.painting_time(last)), abs=0.01
    )
    assert job_of(song, "").echo is None


def test_a_constant_of_nothing_paints_nothing() -> None:
    assert not Recipe(curves="strength = 0").paints
    assert Recipe(curves="strength = kick").paints
    assert Recipe(curves="strength = 0:0, 1:0.5", style=Style(strength=0)).paints


def test_another_view_keeps_what_is_painted() -> None:
    recipe = Recipe(curves="strength = kick; zoom = bass; glow = hats")
    assert recipe.with_view("tunnel").curves == "strength = kick"


def test_settings_keep_their_curves() -> None:
    recipe = Recipe(curves="zoom = 0:1, 8:2 ease;strength=kick:0.3")
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert Recipe.from_flat(recipe.flat()) == recipe
    assert Recipe.from_json('{"stride": 8}').curves == ""


@pytest.mark.parametrize(
    ("curves", "told"),
    [
        ("strength = cowbell", "There is no source 'cowbell'"),
        ("strength = kick@drums", "no stem 'drums'"),
        ("colour = 1", "does not change along a song"),
        ("zoom = b9:1, 1:2", "later than the one behind it"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_made(
    song: Song, curves: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("musvid.music.sources._listen", None)  # and before anybody listens
    with pytest.raises(SettingsError, match=told):
        job_of(song, curves, lock=replace(Recipe().lock, bpm=120, beat=0.0))


def test_a_tempo_that_curves_need_is_found_and_kept(write_song: WriteSong) -> None:
    job = job_of(
        Song.open(write_song(clicks([0.5 * beat for beat in range(30)], 16))),
        "zoom = 1 + lfo(1/4, sine, 0.1)",
    )
    assert not job.recipe.lock, "keyframes stay where they are"
    assert job.recipe.lock.bpm is not None
    assert float(job.recipe.lock.bpm) in (60, 120, 240)


def test_the_timeline_shows_them(song: Song) -> None:
    job = job_of(song, "strength = 0:0.2, 4:0.6; zoom = 0:1, 4:2; glow = 0:0, 4:1; echo = 0.3")
    times = np.linspace(0, 4, 9)
    found = {name: values for name, values, *_ in job.curves(times)}
    assert found.keys() == {"strength", "zoom", "glow", "echo"}
    assert_allclose(found["glow"], times / 4, atol=0.01)


def run(*options: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "musvid", *options]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, env=_surroundings(folder)
    )


def _surroundings(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "MUSVID_CACHE": str(folder / "cache")}


def test_the_command_line_takes_and_writes_curves(song: Song, tmp_path: Path) -> None:
    curves = ["--strength", "0.4+onsets:0.3", "--zoom=0:1, 4:2", "--drift", "0:0, 4:60"]
    done = run(str(song.path), *curves, "--curves-to", "a.csv", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 120
    assert {"time", "strength", "zoom", "drift"} == rows[0].keys()
    assert float(rows[60]["zoom"]) == pytest.approx(1.5)
    assert max(float(row["strength"]) for row in rows) == pytest.approx(0.7, abs=0.05)
    again = run(str(song.path), "--curves-to", "a.csv", "--zoom=kick", folder=tmp_path)
    assert again.returncode == 1
    assert "a.csv is there already" in again.stderr
    more = ("--curves-from", "a.csv", "--zoom", "1.5", "--curves-to", "b.json")
    done = run(str(song.path), *more, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"strength"' in (tmp_path / "b.json").read_text()
    assert '"zoom"' not in (tmp_path / "b.json").read_text(), "a number that is given stays one"


def test_the_command_line_points_at_what_is_wrong(song: Song, tmp_path: Path) -> None:
    done = run(str(song.path), "--strength", "0.4+kick:", folder=tmp_path)
    assert done.returncode == 2
    assert "argument --strength: In the curve '0.4+kick:', column 10" in done.stderr
    done = run(str(song.path), "--strength", "0.4+kik:0.3", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "column 5: There is no source 'kik'" in done.stderr


def test_a_video_of_curves_is_made_again_by_its_settings(song: Song, tmp_path: Path) -> None:
    recipe = Recipe(curves="zoom = 0:1, 4:2; strength = 0", size=(64, 64))
    video = render(song, recipe, tmp_path / "a.mp4")
    assert load_settings(video).curves == recipe.curves
