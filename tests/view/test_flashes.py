"""Flashes are counted as they are defined, and damped where there are too many of them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import music, write_wav

from musvid import Recipe, Song, Style, read
from musvid.__main__ import build_parser, recipe_from
from musvid.errors import SettingsError
from musvid.frame import Frame
from musvid.job import resolve
from musvid.rendering import film
from musvid.view.flashes import changes, damped, gains, luminance, most
from musvid.view.settings import KINDS, Camera, Finish, View
from musvid.view.stage import Shot, luminances, view

RATE = Fraction(30)


def strobe(hertz: float, low: float, high: float, seconds: float = 6) -> list[float]:
    """The luminances of a light that is on for half of each period."""
    times = np.arange(int(seconds * RATE)) / float(RATE)
    return [high if on else low for on in (times * hertz) % 1 < 0.5]


def after(values: list[float]) -> list[float]:
    """The luminances that are left when the gains are applied."""
    return [value * gain**2.2 for value, gain in zip(values, gains(values, RATE), strict=True)]


@pytest.mark.parametrize("hertz", [1, 2, 3, 5, 7.5])
def test_flashes_of_a_strobe_are_its_periods(hertz: float) -> None:
    assert abs(most(strobe(hertz, 0.1, 0.6), RATE) - hertz) <= 0.5


def test_what_is_small_slow_or_bright_is_no_flash() -> None:
    assert most(strobe(10, 0.3, 0.39), RATE) == 0
    assert most(strobe(10, 0.85, 1.0), RATE) == 0
    assert most(list(np.linspace(0, 1, 90)), RATE) == 0
    assert changes([]) == []


def test_a_change_counts_however_many_frames_it_takes() -> None:
    waves = 0.4 + 0.2 * np.sin(2 * np.pi * 2 * np.arange(180) / 30)
    assert most(list(waves), RATE) == 2
    assert len(changes(list(waves))) in (23, 24, 25)


@pytest.mark.parametrize("hertz", [4, 5, 7.5, 10, 15])
def test_a_strobe_is_damped(hertz: float) -> None:
    left = after(strobe(hertz, 0.05, 0.7))
    assert most(left, RATE) <= 3
    assert max(left[30:-30]) < 0.05 + 0.1
    assert max(left[30:-30]) > 0.1  # the rhythm stays


def test_any_flicker_is_damped() -> None:
    for seed in range(20):
        random = np.random.default_rng(seed)
        values = list(random.uniform(0, 0.7, 300) ** random.uniform(0.5, 3))
        assert most(values, RATE) > 3
        assert most(after(values), RATE) <= 3, seed


def test_what_does_not_flash_is_left_alone() -> None:
    for values in (strobe(2.9, 0.05, 0.7), [0.2] * 50, [0.0, 1.0], []):
        assert after(values) == values


def test_a_gain_depends_on_two_seconds_only() -> None:
    random = np.random.default_rng(0)
    values = list(random.uniform(0, 0.7, 300))
    whole = list(gains(values, RATE))
    part = list(gains(values[100:200], RATE))
    assert part[30:-30] == whole[130:170]
    assert min(whole) < 1


def test_a_gain_is_known_a_second_later() -> None:
    read = []

    def source() -> Iterator[float]:
        for number in range(200):
            read.append(number)
            yield 0.5 * (number % 2)

    found = gains(source(), RATE)
    next(found)
    assert len(read) == 31
    next(found)
    assert len(read) == 32


def test_gains_that_come_soon_know_less_of_the_first_second_only() -> None:
    taken = 0

    def counted(values: list[float]) -> Iterator[float]:
        nonlocal taken
        for value in values:
            taken += 1
            yield value

    values = strobe(7.5, 0.1, 0.6)
    made = gains(counted(values), RATE, soon=True)
    next(made)
    assert taken == 1  # and not 31
    rest = list(made)
    assert len(rest) == len(values) - 1
    assert rest[30:] == list(gains(values, RATE))[31:]
    calm = strobe(1, 0.1, 0.6)
    assert set(gains(calm, RATE, soon=True)) == {1.0}


def test_the_luminance_of_a_frame_is_that_of_its_light() -> None:
    frame = np.zeros((8, 16, 3), np.uint8)
    assert luminance(frame) == 0
    frame[:, :8] = 255
    assert luminance(frame) == pytest.approx(0.5, abs=1e-6)
    frame[:] = (0, 255, 0)
    assert luminance(frame) == pytest.approx(0.7152, abs=1e-6)
    frame[:] = 186
    assert luminance(frame) == pytest.approx(0.5, abs=0.003)


def test_a_damped_frame_has_the_luminance_that_was_asked_for() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    gain = 0.6
    made = damped(frame, gain)
    assert luminance(made) == pytest.approx(luminance(frame) * gain**2.2, rel=0.01)
    assert damped(frame, 1.0) is frame


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_measured_is_what_is_shown(kind: str) -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (32, 32, 1), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    frames = [np.repeat(noise // shade, 3, 2) for shade in (1, 3)]
    camera, finish = Camera(turn=9).resolve(kind), Finish(grain=0.2).resolve(kind)
    shot = Shot((480, 360), View(kind=kind).resolve(), camera, finish)
    times = [Fraction(3), Fraction(4)]
    shown = list(map(luminance, view(frames, times, shot)))
    told = list(luminances(frames, times, shot))
    assert told == pytest.approx(shown, abs=0.012)  # an eighth of what counts


def flickering(count: int) -> Iterator[Frame]:
    """Ten flashes a second."""
    for number in range(count):
        yield np.full((64, 64, 3), 230 if number % 3 == 0 else 20, np.uint8)


@pytest.mark.parametrize("kind", ["flat", "tunnel"])
def test_a_video_that_would_flash_does_not(tmp_path: Path, kind: str) -> None:
    song = Song.open(write_wav(tmp_path / "song.wav", music(3.0)))
    counts = {}
    for limit in (True, False):
        recipe = Recipe(
            size=(64, 64),
            upscale=1,
            style=Style(strength=0),
            view=View(kind=kind, shown=(96, 96)),
            finish=Finish(flash_limit=limit),
        )
        job = resolve(recipe, song)
        made = film(flickering(job.clock.frames), job, tmp_path / f"{kind}{limit}.mp4")
        pictures = list(read(made))
        assert len(pictures) == job.clock.frames
        counts[limit] = most([luminance(picture) for picture in pictures], job.clock.rate)
    assert counts[False] >= 9
    assert counts[True] <= 3


def test_a_limit_is_on_or_off() -> None:
    with pytest.raises(SettingsError, match="flash_limit must be true or false"):
        Finish(flash_limit=1)  # type: ignore[arg-type]
    assert Recipe.from_json("{}").finish.flash_limit
    off = recipe_from(build_parser().parse_args(["song.mp3", "--flash-limit", "off"]))
    assert not off.finish.flash_limit
    assert Recipe.from_json(off.to_json()) == off
    with pytest.raises(SystemExit):
        build_parser().parse_args(["song.mp3", "--flash-limit", "maybe"])
