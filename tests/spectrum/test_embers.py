"""Embers: light that stays, travels with the world, and cools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from conftest import WriteSong, clicks, music

from musvid import Clock, Lock, Look, Recipe, SettingsError, Song, draw
from musvid.frame import Frame
from musvid.job import resolve
from musvid.paint.course import Course
from musvid.paint.drift import Drift
from musvid.spectrum.embers import glowing, run_in
from musvid.spectrum.showcqt import draw_moment

CLOCK = Clock(Fraction(8), Fraction(30))
LOOK = Look(embers=0.8, half_life=0.5)


def course(direction: str, speed: float = 30.0) -> Course:
    drift = Drift(speed, direction)
    return Course(CLOCK, drift, (64, 64), 16, lambda time: speed * float(time))


def spark(row: int, column: int, count: int) -> list[Frame]:
    """One light, mirrored, then darkness."""
    pictures = [np.zeros((64, 64, 3), np.uint8) for _ in range(count)]
    pictures[0][row, [column, 63 - column]] = 250
    return pictures


def lights(picture: Frame) -> list[list[int]]:
    return np.argwhere(picture[..., 0]).tolist()


def test_a_half_life_in_notes_is_as_long_as_they_are(write_song: WriteSong) -> None:
    look = Look(embers=0.5, half_life="1/8")
    with pytest.raises(SettingsError, match="1/8"):
        _ = look.cooling
    song = Song.open(write_song(clicks([0.3 + 0.5 * number for number in range(16)], 8.3)))
    plain = Recipe(look=look)
    found = resolve(plain, song).recipe
    assert found.look.cooling == pytest.approx(0.25, abs=0.001)  # of 120 beats a minute
    assert not found.lock
    given = replace(plain, lock=Lock("1/4", 60, 0.0))
    assert resolve(given, song).recipe.look.cooling == 0.5
    slow = replace(plain, look=replace(look, half_life="1/4"), lock=Lock("1/4", 20, 0.0))
    assert resolve(slow, song).recipe.look.cooling == 2
    with pytest.raises(SettingsError, match="half_life"):
        Look(half_life="1/7")
    silent = Song.open(write_song(music(0.5)))
    assert resolve(Recipe(look=Look(half_life="1/8")), silent).recipe.look == Look()


def test_embers_cool_by_half_in_their_half_life_and_go_out() -> None:
    made = list(glowing(spark(40, 10, 90), LOOK, CLOCK, None))
    assert made[0][40, 10, 0] == 250
    values = [int(picture[40, 10, 0]) for picture in made[1:]]
    # Towards 1/15 below darkness, so that they go out after four half-lives.
    assert values[14] == pytest.approx((0.8 * 250 + 17) / 2 - 17, abs=2)
    assert values == sorted(values, reverse=True)
    assert run_in(LOOK, Fraction(30)) <= 61
    assert values[50] > 0 and not any(values[60:])


@pytest.mark.parametrize(
    ("direction", "way"),
    [("up", (-1, 0)), ("down", (1, 0)), ("outward", (0, -1)), ("inward", (0, 1))],
)
def test_embers_travel_with_the_world(direction: str, way: tuple[int, int]) -> None:
    """A pixel a picture, to the same side as texture; the right half is the mirror of the left."""
    made = list(glowing(spark(32, 15, 20), LOOK, CLOCK, course(direction)))
    row, column = 32 + 9 * way[0], 15 + 9 * way[1]
    assert lights(made[9]) == [[row, column], [row, 63 - column]]


def test_embers_leave_by_the_border_and_nothing_comes_in() -> None:
    made = list(glowing(spark(5, 15, 20), LOOK, CLOCK, course("up", 60.0)))
    assert lights(made[2]) == [[1, 15], [1, 48]]
    assert not made[3].any()
    fast = list(glowing(spark(5, 15, 3), LOOK, CLOCK, course("up", 900.0)))
    assert lights(fast[1]) == []


def noise(count: int) -> Sequence[Frame]:
    left = np.random.default_rng(0).integers(0, 256, (count, 64, 32, 3)).astype(np.uint8)
    left[np.random.default_rng(1).random((count, 64, 32)) < 0.9] = 0
    return list(np.concatenate([left, left[:, :, ::-1]], 2))


@pytest.mark.parametrize("direction", ["none", "up", "inward"])
@pytest.mark.parametrize("half_life", [0.05, 0.5])
def test_a_picture_depends_on_the_last_moments_alone(direction: str, half_life: float) -> None:
    look = Look(embers=1.0, half_life=half_life)
    world = None if direction == "none" else course(direction, 37.0)
    drawn = noise(150)
    whole = list(glowing(drawn, look, CLOCK, world))
    begun = 149 - run_in(look, CLOCK.fps)
    part = list(glowing(drawn[begun:], look, CLOCK, world, first=begun))
    assert (whole[149] != drawn[149]).any()
    np.testing.assert_array_equal(part[-1], whole[149])


def test_without_embers_drawings_pass() -> None:
    drawn = noise(3)
    assert all(a is b for a, b in zip(glowing(drawn, Look(), CLOCK, None), drawn, strict=True))
    assert run_in(Look(), Fraction(30)) == 0


@pytest.mark.parametrize("look", [LOOK, Look(embers=0.5, afterglow=0.2, count=2, half_life=0.3)])
def test_a_moment_has_the_embers_of_the_film(write_song: WriteSong, look: Look) -> None:
    song = Song.open(write_song(music(9.0)), start=0.7, duration=8)
    world = course("up", 47.0)
    film = list(glowing(draw(song, look, CLOCK, size=(64, 64)), look, CLOCK, world))
    for tick in (0, 20, 130, 239):
        at = Fraction(tick, 30) + Fraction(1, 100)
        made = draw_moment(song, look, at, clock=CLOCK, size=(64, 64), course=world)
        np.testing.assert_array_equal(made, film[tick], str(tick))
