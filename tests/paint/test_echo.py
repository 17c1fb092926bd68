"""Echo: the painting before in the next guide, in chains that forget what is old."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import WriteSong, music, psnr, read_frames

from musvid import Clock, Painter, Recipe, SettingsError, Song, Style, render
from musvid.__main__ import build_parser, recipe_from
from musvid.estimate import Plan, denoised
from musvid.frame import Frame
from musvid.job import prepare, resolve
from musvid.paint.course import Course
from musvid.paint.drift import Drift
from musvid.paint.echo import Echo
from musvid.store import Store
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio

# diffusers' schedulers, about the numpy of today.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STYLE = Style(prompt="emerald circuitry")
SIZE = (64, 96)


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter(STYLE)


def echoing(amount: float = 0.6, **settings: object) -> Recipe:
    given = {"style": STYLE, "size": SIZE, "upscale": 1, "stride": 6, "echo": amount, **settings}
    return Recipe(**given)


def stage(folder: Path, name: str) -> np.ndarray:
    return np.array(list(read_frames(folder, name, len(list((folder / name).iterdir())))))


def flat(values: list[int]) -> list[Frame]:
    return [np.full((8, 8, 3), value, np.uint8) for value in values]


def as_they_are(frames: list[Frame], _: int) -> list[Frame]:
    return frames


def lines(places: list[int]) -> list[Frame]:
    """Pictures of as much light each, of which one row is bright."""
    made = flat([0] * len(places))
    for frame, place in zip(made, places, strict=True):
        frame[place] = 250
    return made


def levels(echo: Echo, guides: list[Frame], begin: int = 0) -> list[int]:
    return [int(frame[0, 0, 0]) for frame in echo.painted(guides, as_they_are, begin=begin)]


# The chains


@pytest.mark.parametrize(
    ("pace", "length"), [(30, 15), (15, 8), (3.75, 2), (1.875, 1), (1, 1), (0.5, 1)]
)
def test_a_painting_knows_no_more_than_the_second_before_it(pace: float, length: int) -> None:
    """Or the one painting before it, where they are farther apart."""
    clock = Clock(Fraction(60), Fraction(30), stride=int(30 / pace), after=int(30 / pace))
    echo = Echo.of(0.9, clock, Fraction(0), None)
    assert echo.length == length
    for painting in range(clock.painted):
        reach = painting - echo.begin(painting)
        assert reach / pace <= 1 or reach == 1
        assert reach >= min(painting, length)


def test_where_light_was_it_fades_and_is_gone_after_a_second() -> None:
    echo = Echo(0.8, length=15)
    for place in range(15, 30):  # wherever it falls between two beginnings
        seen = levels(echo, lines([0 if number == place else 4 for number in range(70)]))
        assert not any(seen[:place]) and not any(seen[place + 30 :])
        fall = seen[place : place + 30]
        assert fall[0] == 50 and max(fall) <= 52 and 2 <= fall[10] <= 30 and fall[20] <= 4


def test_there_is_as_much_light_as_the_moment_has() -> None:
    """Although paintings are brighter than what is painted, and whatever was before."""

    def bright(frames: list[Frame], _: int) -> list[Frame]:
        return [np.minimum(3.0 * frame, 255).astype(np.uint8) for frame in frames]

    given = [40, 40, 0, 0, 80, 10, 10, 10]
    seen = Echo(0.9, 2).painted(flat(given), bright)
    assert [round(int(frame.max()) / 3) for frame in seen] == given
    dim, full = lines([4])[0], lines([4])[0] + np.uint8(5)
    _, late = Echo(0.9).painted([dim, full], as_they_are)
    assert late[4].min() > 200, "nothing wraps around"


@pytest.mark.parametrize("length", [1, 2, 5])
def test_nobody_sees_where_a_chain_begins(length: int) -> None:
    """What does not change comes out as it is, and a steady rise rises steadily."""
    echo = Echo(0.5, length)
    assert levels(echo, flat([77] * 20)) == [77] * 20
    rise = np.diff(levels(echo, flat(list(range(0, 200, 5)))))[2 * length :]
    assert rise.min() >= 4 and rise.max() <= 6


def test_any_painting_is_made_from_the_guides_that_reach_it() -> None:
    guides = [
        np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8) for number in range(40)
    ]
    for first in (0, 3):
        echo = Echo(0.7, 4, first)
        whole = list(echo.painted(guides, as_they_are))
        for number, frame in enumerate(whole):
            begin = echo.begin(number)
            part = echo.painted(guides[begin : number + 1], as_they_are, begin=begin)
            np.testing.assert_array_equal(list(part)[-1], frame)


def test_what_is_noted_is_what_was_painted() -> None:
    """So that relighting knows the light that a painting has."""
    rows, noted = [4, 0, 4, 0, 0, 4], []
    seen = list(
        Echo(0.5, 2).painted(
            lines(rows), as_they_are, begin=7, note=lambda *what: noted.append(what)
        )
    )
    assert [number for _, number in noted] == list(range(7, 13))
    np.testing.assert_array_equal([guide for guide, _ in noted], seen)
    assert seen[1][4].any() and seen[1][0].any()


def test_no_guide_is_asked_for_before_its_time() -> None:
    asked: list[int] = []

    def guides() -> Iterator[Frame]:
        for number, guide in enumerate(flat([1, 2, 3])):
            asked.append(number)
            yield guide

    for number, _ in enumerate(Echo(0.5).painted(guides(), as_they_are)):
        assert asked[-1] == number


def test_a_part_of_a_song_is_in_step_with_the_whole() -> None:
    """From its second second on, before which it knows less."""
    guides = [
        np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8) for number in range(60)
    ]
    clocks = [Clock(Fraction(seconds), Fraction(10)) for seconds in (6, 5)]
    whole, part = (
        Echo.of(0.8, clock, Fraction(start), None)
        for clock, start in zip(clocks, (0, Fraction(13, 10)), strict=True)
    )
    assert whole.length == part.length == 5
    late = list(part.painted(guides[13:], as_they_are))[10:]
    np.testing.assert_array_equal(late, list(whole.painted(guides, as_they_are))[23:])


@pytest.mark.parametrize("direction", ["up", "left"])
def test_the_echo_lies_where_its_texture_has_gone(direction: str) -> None:
    clock = Clock(Fraction(2), Fraction(30), stride=6, after=6)
    drift = Drift(40.0, direction)
    course = Course(clock, drift, SIZE, 16, lambda time: 40 * float(time))
    spans = [course.span(number) for number in range(3)]
    world = np.random.default_rng(0).integers(0, 201, (400, 400, 3)).astype(np.uint8)

    def paint(frames: list[Frame], number: int) -> list[Frame]:
        """The world where the canvas lies."""
        row, column = (100 + place for place in course.place(spans[number]))
        height, width = frames[0].shape[:2]
        return [world[row : row + height, column : column + width]] * len(frames)

    light = [np.full((*SIZE[::-1], 3), 100, np.uint8)] * 3  # as bright as the world
    seen: list[Frame] = []

    def noted(frames: list[Frame], number: int) -> list[Frame]:
        seen.append(frames[0])
        return paint(frames, number)

    canvases = map(course.canvas, light, spans)
    list(Echo(0.5, course=course).painted(canvases, noted, spans=spans))
    row, column = (100 + place for place in course.place(spans[1]))
    height, width = seen[1].shape[:2]
    true = (world[row : row + height, column : column + width] + 100.0) / 2
    inside = np.s_[16:-32, 16:-32]  # what both canvases show
    assert np.abs(seen[1][inside] - true[inside]).max() <= 2


# Renders


def test_without_an_echo_nothing_changes(write_song: WriteSong) -> None:
    job = prepare(write_song(music(1.0)), echoing(0.0))
    assert job.echo is None and job.paintings == job.clock.painted
    dry = replace(echoing(), style=replace(STYLE, strength=0.0))
    assert resolve(dry, job.song).echo is None
    echoed = resolve(echoing(), job.song)
    assert Plan.of(echoed).paintings == 2 * job.paintings


@pytest.mark.parametrize(
    "drift", [pytest.param(Drift(), marks=pytest.mark.thorough), Drift(60.0, "outward")]
)
def test_a_stopped_render_goes_on_and_a_moment_shows_what_it_paints(
    drift: Drift, painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    song, store = write_song(music(1.3)), Store(tmp_path / "cache")
    recipe = echoing(drift=drift)
    whole = render(song, recipe, tmp_path / "a.mp4", painter=painter, frames_dir=tmp_path / "whole")

    class Stop(Exception):
        pass

    def stop(stage: str, number: int, _: Frame) -> None:
        if (stage, number) == ("painted", 5):
            raise Stop

    with pytest.raises(Stop):
        render(song, recipe, tmp_path / "b.mp4", painter=painter, store=store, tap=stop)
    kept = len([path for path in (store.folder / "paintings").rglob("*") if path.is_file()])
    again = render(song, recipe, tmp_path / "b.mp4", painter=painter, store=store)
    assert again.read_bytes() == whole.read_bytes()
    assert kept == 9  # the first three have one chain, and then there are two
    painted = stage(tmp_path / "whole", "painted")
    job, studio = prepare(Song.open(song), recipe), Studio(device="cpu")
    for number in (0, 2, 5):
        seen = studio.paint(job, float(job.clock.painting_time(number)))
        if not drift:
            np.testing.assert_array_equal(seen, painted[number])
        else:  # the canvas of one moment is a smaller one
            assert psnr(painted[number], seen) > 35
        (alone,) = painter.paint([studio.draw(job, float(job.clock.painting_time(number)))], STYLE)
        assert not number or drift or (alone != painted[number]).any()


# Settings


def test_a_moment_is_as_much_work_as_its_chains(write_song: WriteSong) -> None:
    """With an echo, a page paints the second before it, too."""
    jobs = [prepare(write_song(music(1.0)), echoing(amount)) for amount in (0.0, 0.5)]
    limits = replace(Limits.of(public=True), denoised=400 * denoised(jobs[0]) / 1e9)
    limits.afford_moment(jobs[0])
    with pytest.raises(SettingsError, match="or no echo"):
        limits.afford_moment(jobs[1])


def test_the_command_line_asks_for_it() -> None:
    options = build_parser().parse_args(["song.ogg", "--echo", "0.5"])
    assert recipe_from(options).echo == 0.5
    assert Recipe.from_json(echoing().to_json()).echo == 0.6
    for wrong in (-0.1, 0.95, None, "much"):
        with pytest.raises(SettingsError, match="echo"):
            Recipe(echo=wrong)
