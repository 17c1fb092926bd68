"""The recipes side by side."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import WriteSong, music, names, sound_seconds, tone
from PIL import Image

from musvid import (
    RECIPES,
    Cancelled,
    Clock,
    Comparison,
    Measures,
    OutputError,
    Painter,
    Recipe,
    SettingsError,
    Song,
    Store,
    Style,
    compare,
    load_settings,
    measure,
    read,
    render,
    write,
)
from musvid.__main__ import main
from musvid.comparison.chart import chart, drawings, limits, title
from musvid.comparison.run import COMPARISON, RULE
from musvid.job import clock_of, resolve
from musvid.page.html import comparison
from musvid.recipe import MOTION
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio
from musvid.video.grid import Caption, grid

pytestmark = pytest.mark.thorough

SMALL = Recipe(size=(64, 64), upscale=1, interpolator="blend")
BARE = replace(SMALL, style=Style(strength=0))


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, Path, list]:
    """A comparison with the embedded model, and what it told."""
    from conftest import write_wav

    folder = tmp_path_factory.mktemp("compared")
    song = write_wav(folder / "song.wav", music(0.7))
    told: list[tuple[str, int, int]] = []
    store = Store(folder / "cache")
    made = compare(
        song, SMALL, folder / "all.mp4", progress=lambda *each: told.append(each), store=store
    )
    return made, song, told


def test_it_makes_a_video_a_plot_and_figures(compared: tuple[Comparison, Path, list]) -> None:
    made, song, _ = compared
    assert names(song.parent) == {"song.wav", "all.mp4", "all.png", "all.json", "cache"}
    frames = list(read(made.video))
    assert len(frames) == Clock(Song.open(song).duration).frames == 21
    assert float(sound_seconds(made.video)) == pytest.approx(0.7, abs=0.05)
    assert Image.open(made.chart).size == (1500, 800)
    assert [one.name for one in made.results] == list(RECIPES)
    for one in made.results:
        assert one.recipe.motion == one.name
        assert all(0 <= each <= 1 for each in (one.measures.response, one.measures.smoothness))
    assert made.best.measures.score == max(one.measures.score for one in made.results)


def test_its_figures_are_those_of_each_video(
    compared: tuple[Comparison, Path, list], tmp_path: Path
) -> None:
    made, song, _ = compared
    found = json.loads(made.figures.read_text())
    assert list(found["recipes"]) == list(RECIPES)
    assert found["rule"] == RULE
    assert found["best"] == made.best.name
    assert found["settings"]["size"] == "64x64"
    assert "stride" not in found["settings"]
    store = Store(song.parent / "cache")
    for one in made.results:
        path = render(song, one.recipe, tmp_path / f"{one.name}.mp4", store=store)
        again = measure(path, Song.open(song))
        assert again == one.measures
        row = found["recipes"][one.name]
        assert row["response"] == round(again.response, 4)
        assert row["paintings"] == clock_of(one.recipe, Song.open(song).duration).painted
        assert {name: row[name] for name in MOTION} == RECIPES[one.name]
        assert row["seconds"] >= 0


def test_progress_goes_through_every_stage_to_its_end(
    compared: tuple[Comparison, Path, list],
) -> None:
    told = compared[2]
    order = list(dict.fromkeys(stage for stage, _, _ in told))
    assert tuple(order) == COMPARISON
    for stage in COMPARISON:
        counts = [done for name, done, _ in told if name == stage]
        total = next(total for name, _, total in told if name == stage)
        assert counts == list(range(total + 1))


def test_shared_pictures_are_painted_once(write_song: WriteSong, tmp_path: Path) -> None:
    """The keyframes are the same in all four, and drawn and painted for the first only."""
    painted: list[bytes] = []

    class Counting(Painter):
        def paint(self, frames, style):
            def counted():
                for frame in frames:
                    painted.append(frame.tobytes())
                    yield frame

            yield from super().paint(counted(), style)

    song = write_song(music(0.8))
    made = compare(song, SMALL, tmp_path / "a.mp4", painter=Counting(SMALL.resolve().style))
    assert len(painted) == len(set(painted))
    assert len(painted) < 0.8 * sum(one.paintings for one in made.results)


def test_the_videos_are_in_step_in_the_order_of_the_recipes(
    write_song: WriteSong, tmp_path: Path
) -> None:
    song = Song.open(write_song(tone(440, 0.5)))
    colours = [(200, 40, 40), (40, 200, 40), (40, 40, 200), (200, 200, 40)]
    videos = [
        write(
            [(np.full((64, 96, 3), colour) * index // 15).astype(np.uint8) for index in range(15)],
            song,
            Clock(song.duration),
            tmp_path / f"{number}.mp4",
        )
        for number, colour in enumerate(colours)
    ]
    captions = [Caption(title(name), "detail", "#ffffff") for name in RECIPES]
    frames = list(grid(videos, captions))
    assert len(frames) == 15
    height, width = frames[0].shape[:2]
    assert width % 2 == height % 2 == 0
    for index, frame in enumerate(frames):
        for number, colour in enumerate(colours):
            row, column = divmod(number, 2)
            y, x = int(height * (0.2 + 0.5 * row)), int(width * (0.25 + 0.5 * column))
            assert np.abs(frame[y, x].astype(int) - np.array(colour) * index // 15).max() <= 8
    # Names below the tiles: light letters, within their column, at every size and shape.
    assert frames[0].max() > 200


@pytest.mark.parametrize("shape", [(64, 64), (256, 144), (144, 256), (1024, 1024)])
def test_names_can_be_read_and_stay_in_their_places(
    shape: tuple[int, int], write_song: WriteSong, tmp_path: Path
) -> None:
    song = Song.open(write_song(tone(440, 0.1)))
    black = [np.zeros((shape[1], shape[0], 3), np.uint8)] * 3
    video = write(black, song, Clock(song.duration), tmp_path / "black.mp4")
    captions = [Caption(title(name), "stride 8, 8x before, 1x after", "#f00") for name in RECIPES]
    frame = next(grid([video] * 4, captions))
    assert 500 <= max(frame.shape) <= 2400
    light = frame.max(2) > 120
    columns = np.flatnonzero(light.any(0))
    middle = frame.shape[1] / 2
    assert columns[0] >= 2
    assert columns[-1] < frame.shape[1] - 2
    assert not light[:, int(middle) - 2 : int(middle) + 2].any()
    letters = np.flatnonzero(light[: frame.shape[0] // 2 + 20].any(1))
    assert letters[-1] - letters[0] >= 6  # pixels of height


def test_a_plot_of_figures_that_lie_close_together(tmp_path: Path) -> None:
    close = {name: Measures(0.5 + 0.001 * index, 0, 0.8, 0.2) for index, name in enumerate(RECIPES)}
    path = chart(close, tmp_path / "close.png", best="hybrid", note=RULE)
    assert Image.open(path).size == (1500, 800)
    scatter, pulse = drawings(close, best="hybrid")
    for name in RECIPES:
        assert f">{title(name)}</text>" in scatter
        assert f">{title(name)}</text>" in pulse
    assert scatter == drawings(close, best="hybrid")[0], "the same figures, the same drawing"
    assert limits([0.0, 0.0])[0] < 0 < limits([0.0, 0.0])[1]
    assert limits([0.2, 1.0])[1] <= 1.03


def test_a_comparison_that_is_stopped_leaves_nothing(write_song: WriteSong, tmp_path: Path) -> None:
    song, stages = write_song(music(0.6)), ("diffuse-then-interpolate", "measured", "grid")
    for stage in stages:
        cancel = threading.Event()

        def told(name: str, done: int, _: int, stage: str = stage, cancel=cancel) -> None:
            if name == stage and done == 2:
                cancel.set()

        with pytest.raises(Cancelled):
            compare(song, BARE, tmp_path / "a.mp4", progress=told, cancel=cancel)
        assert names(tmp_path) == {"song.wav"}


def test_outputs_that_cannot_be_are_told_before_work_starts(
    write_song: WriteSong, tmp_path: Path
) -> None:
    song = write_song(music(0.3))
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OutputError, match="in the way"):
        compare(song, BARE, tmp_path / "a.mp4", overwrite=True)
    with pytest.raises(SettingsError, match=r"must end in \.mp4"):
        compare(song, BARE, tmp_path / "a.png")
    assert names(tmp_path) == {"song.wav", "a.json"}


# Watched, as the page does


def test_a_comparison_can_be_watched_and_taken_from_the_store(
    write_song: WriteSong, tmp_path: Path
) -> None:
    song = Song.open(write_song(music(0.5)))
    studio = Studio(store=Store(tmp_path / "cache"))
    (folder := tmp_path / "made").mkdir()
    steps = list(studio.compare(resolve(BARE, song), folder, stop=lambda: False))
    made = steps[-1].comparison
    assert made
    assert all(step.comparison is None for step in steps[:-1])
    assert [step.part for step in steps] == sorted(step.part for step in steps)
    assert steps[-1].part == 1
    assert names(folder) == {f"comparison.{end}" for end in ("mp4", "png", "json")}
    html = comparison(made)
    for part in ("point", "pulse"):
        assert [html.count(f'id="{part}-{name}"') for name in RECIPES] == [1] * len(RECIPES)
    assert html.count("class=best") == 1
    longest = studio.longest(resolve(BARE, song))
    assert longest is not None
    assert longest > studio.plan(resolve(BARE, song)).seconds


def test_a_comparison_that_is_watched_can_be_stopped(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(music(20.0)))
    (folder := tmp_path / "made").mkdir()
    with pytest.raises(Cancelled, match="goes on quickly"):
        for _ in Studio().compare(resolve(BARE, song), folder, stop=lambda: True):
            pass
    assert not names(folder)


def test_five_renders_are_allowed_a_fifth_of_the_time(write_song: WriteSong) -> None:
    song = Song.open(write_song(tone(440, 3.0)))
    limits = Limits(seconds=10.0)
    limits.check(BARE, song)
    with pytest.raises(SettingsError, match=r"rendered 5 times is at most 2 s long"):
        limits.check(BARE, song, renders=5)


# The command line


def test_the_command_line_compares(
    write_song: WriteSong,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_song(music(0.5), "my song.wav")
    bare = ("--strength", "0", "--size", "64", "--upscale", "1", "--interpolator", "blend")
    monkeypatch.chdir(tmp_path)
    returned = main(["my song.wav", "--compare", *bare])
    told = capsys.readouterr()
    assert returned == 0, told.err
    wanted = {f"my song.compare.{end}" for end in ("mp4", "png", "json")}
    assert names(tmp_path) == {"my song.wav", *wanted}
    lines = told.out.splitlines()
    assert [line.split()[0] for line in lines[1:6]] == list(RECIPES)
    assert lines[6].startswith(RULE)
    assert set(lines[7:]) == wanted
    assert "hybrid: 100%" in told.err
    assert len(list(read(tmp_path / "my song.compare.mp4"))) == 15
    # The settings that they have in common are in the video.
    assert load_settings(tmp_path / "my song.compare.mp4").style.strength == 0


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (["--recipe", "hybrid"], "leave out --recipe"),
        (["--stride", "4"], "leave out --stride"),
        (["--after", "2"], "leave out --after"),
        (["--frames", "here"], "leave out --frames"),
        (["-o", "a.png"], "must end in .mp4"),
    ],
)
def test_what_does_not_go_with_comparing_is_told_in_a_sentence(
    option: list[str],
    says: str,
    write_song: WriteSong,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_song(tone(440, 0.2))
    monkeypatch.chdir(tmp_path)
    assert main(["song.wav", "--compare", *option]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.startswith("musvid: ")
    assert told.count("\n") == 1
    assert names(tmp_path) == {"song.wav"}
