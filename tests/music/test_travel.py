"""A drift whose speed follows the music, and how far it has come."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from conftest import WriteSong, clicks, tone

from musvid import Modulation, Recipe, SettingsError, Song, Style
from musvid.__main__ import build_parser, recipe_from
from musvid.job import resolve
from musvid.music.travel import Travel
from musvid.page.timeline import timeline
from musvid.paint.drift import Drift

OFF = Modulation()


def sound() -> np.ndarray:
    """Two quiet seconds and two loud ones."""
    return np.concatenate([tone(200, 2.0, 0.005), tone(200, 2.0, 0.5)])


def followed(**settings: object) -> Recipe:
    settings = {"drift": Drift(20.0, "up"), "drift_by": Modulation("loudness", 100, 0.0)} | settings
    return Recipe(**{"size": 256, "upscale": 1, "stride": 12, **settings})


def test_a_quiet_passage_glides_and_a_loud_one_flies(write_song: WriteSong) -> None:
    travel = Travel(Song.open(write_song(sound())), Drift(20.0, "up"), Modulation("loudness", 100))
    assert travel(0) == 0
    assert travel(1.5) - travel(0.5) == pytest.approx(20, abs=1)
    assert travel(3.5) - travel(2.5) == pytest.approx(120, abs=1)
    assert travel(9.0) - travel(8.0) == pytest.approx(120, abs=5)  # behind the end, it goes on


@pytest.mark.parametrize("amount", [300.0, -300.0, 5.0])
def test_the_way_is_the_integral_of_the_speed(amount: float, write_song: WriteSong) -> None:
    """To the last digits, and without ever turning round."""
    song = Song.open(write_song(clicks([0.5, 1.1, 1.7], 2.0)))
    travel = Travel(song, Drift(50.0, "up"), Modulation("onsets", amount, 0.05))
    times = np.linspace(0, 2, 40_001)
    speeds = travel.speeds(times)
    assert speeds.min() >= 0 and speeds.max() <= 1000
    assert (speeds.min() == 0) == (amount < -50)
    means = (speeds[1:] + speeds[:-1]) / 2 * np.diff(times)
    ways = np.array([travel(time) for time in times])
    np.testing.assert_allclose(ways, np.concatenate([[0], np.cumsum(means)]), atol=1e-4)
    assert (np.diff(ways) >= 0).all()
    assert travel(Fraction(2)) == travel(2.0) and travel(Fraction(1, 3)) == travel(1 / 3)


def test_a_part_begins_where_a_steady_drift_would_be(write_song: WriteSong) -> None:
    song = Song.open(write_song(sound())).part(1.5, 2.0)
    drift = Drift(20.0, "up")
    steady = Travel(song, drift, OFF)
    assert steady(0) == 30 and steady(Fraction(1)) == 50
    assert Travel(song, drift, Modulation("loudness", 100))(0) == 30


def test_one_that_follows_nothing_is_the_steady_one(write_song: WriteSong) -> None:
    song = Song.open(write_song(tone(440, 2.0)))
    steady = resolve(followed(drift_by=OFF), song).course
    still = resolve(followed(drift_by=Modulation("onsets", 0.0)), song).course
    silent = resolve(followed(), Song.open(write_song(np.zeros(88200), "silence.wav"))).course
    assert steady and still and silent
    for painting in range(steady.clock.painted):
        time = steady.clock.painting_time(painting)
        assert steady.offset(time) == still.offset(time) == round(20 * float(time) * 64) / 64
        assert silent.offset(time) == pytest.approx(steady.offset(time), abs=1 / 32)


def test_music_alone_moves_what_has_a_direction(write_song: WriteSong) -> None:
    song = Song.open(write_song(sound()))
    alone = resolve(followed(drift=Drift(0.0, "up")), song).course
    assert alone and alone.offset(Fraction(7, 2)) > alone.offset(Fraction(5, 2)) + 90
    nowhere = resolve(followed(drift=Drift(20.0)), song)
    assert not nowhere.course and "in no direction" in nowhere.remarks()[0]
    assert not resolve(followed(style=Style(strength=0.0)), song).course
    with pytest.raises(SettingsError, match="symmetry"):
        followed(drift=Drift(0.0, "left")).resolve()
    followed(drift=Drift(0.0, "left"), drift_by=OFF).resolve()


def test_where_the_music_is_too_fast_that_is_told(write_song: WriteSong) -> None:
    """By the way between the two paintings that are farthest apart, not by the speed at rest."""
    song = Song.open(write_song(sound()))
    by = Modulation("loudness", 400, 0.0)
    with pytest.raises(SettingsError, match=r"by 168 .* at most 128 .*less of --drift-by, or a"):
        resolve(followed(drift_by=by), song)
    resolve(followed(drift_by=by), song.part(0, 1.9))


def test_it_survives_json_and_old_settings_follow_nothing() -> None:
    recipe = followed()
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert Recipe.from_flat(recipe.flat()) == recipe
    assert not Recipe.from_json('{"drift": {"speed": 20, "direction": "up"}}').drift_by
    half = Recipe.from_json('{"drift_by": {"source": "low"}, "seed_by": {"source": "low"}}')
    assert half.drift_by == Modulation("low", 60.0, 0.5)
    assert half.seed_by == Modulation("low")
    for amount in (1001, -1001, "fast", float("nan")):
        with pytest.raises(SettingsError, match="amount"):
            replace(recipe, drift_by=Modulation("low", amount))


def test_the_command_line_lets_it_follow() -> None:
    def asked(*options: str) -> Recipe:
        return recipe_from(build_parser().parse_args(["song.mp3", "--preset", "article", *options]))

    assert not asked("--drift", "30").drift_by
    recipe = asked("--drift-by", "low")
    assert recipe.drift_by == Modulation("low", 60.0, 0.5) and recipe.drift == Drift(None, "up")
    recipe = asked("--drift-by", "loudness:-200:1", "--direction", "inward", "--drift", "200")
    assert recipe.drift_by == Modulation("loudness", -200.0, 1.0)
    assert recipe.drift == Drift(200.0, "inward")
    assert not asked("--drift-by", "off").drifts
    assert asked("--morph", "0.5").drift == Drift(morph=0.5)


def test_the_timeline_shows_the_speed(write_song: WriteSong) -> None:
    song = Song.open(write_song(sound()))
    drawn = timeline(resolve(followed(), song))
    assert 'class="drift"' in drawn and "drift 20 to 120 pixels a second" in drawn
    assert 'class="drift"' not in timeline(resolve(followed(drift_by=OFF), song))
    assert 'class="drift"' not in timeline(resolve(followed(drift=Drift(morph=0.5)), song))
    assert "noise walks 2.0 seeds on" in timeline(resolve(Recipe(drift=Drift(morph=0.5)), song))
