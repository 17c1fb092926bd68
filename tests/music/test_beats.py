"""Keyframes on the beat: where clocks put them, and that a drawn click is in its keyframe."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from time import monotonic

import numpy as np
import pytest
from conftest import WriteSong, clicks, read_frames

from musvid import RECIPES, Clock, Lock, Look, Recipe, SettingsError, Song, draw, render
from musvid.clock import Following
from musvid.interpolate import retime
from musvid.job import clock_of
from musvid.music.lock import NOTES, parse_bpm
from musvid.paint import prompts

MINUTES = Fraction(300)


def keyframe_times(clock: Clock) -> list[Fraction]:
    """When a clock's keyframes are."""
    return [clock.start + tick / clock.fps for tick in clock.ticks[:: clock.stride]]


@pytest.mark.parametrize("bpm", ["61", "90", "120", "128", "174.3"])
@pytest.mark.parametrize("note", NOTES)
def test_every_note_of_five_minutes_is_a_keyframe(bpm: str, note: str) -> None:
    for beat in (0, Fraction("0.137"), Fraction("211.4")):
        lock = Lock(note, Fraction(bpm), float(beat))
        clock = lock.clock(MINUTES, stride=lock.stride(), before=4, after=2)
        apart = 60 / Fraction(bpm) / NOTES[note]
        times = keyframe_times(clock)
        assert len(times) >= MINUTES / apart
        for time in times:
            off = (time - Fraction(float(beat))) / apart
            assert off == round(off)  # exactly: fractions do not drift


@pytest.mark.parametrize("bpm", [61, 90, 120, 128, 174.3])
@pytest.mark.parametrize("note", NOTES)
def test_the_proposed_stride_comes_closest_to_the_wished_rate(bpm: float, note: str) -> None:
    lock = Lock(note, bpm, 0.0)
    for wish in (Fraction(24), Fraction(30), Fraction(60)):
        away = {
            stride: abs(stride * lock.per_second - wish)
            for stride in range(1, 65)
            if 1 <= stride * lock.per_second <= 240
        }
        assert away[lock.stride(wish)] == min(away.values())
        if lock.stride(wish) > 1:
            assert lock.rate(lock.stride(wish), wish) == lock.stride(wish) * lock.per_second


def test_rates_are_exact() -> None:
    assert Lock("1/16", 120, 0.0).rate(4) == 32
    assert Lock("1/16", "174.3", 0.0).rate(3) == 3 * 4 * Fraction("174.3") / 60
    assert Lock("1/8T", 90, 0.0).rate(7) == Fraction(63, 2)
    assert Lock("1/16", 120, 0.0).rate(1) == 32  # every picture a keyframe, four on each note


@pytest.mark.parametrize(("before", "after"), [(1, 1), (4, 2), (1, 8), (8, 1), (3, 1)])
def test_frames_begin_with_the_sound(before: int, after: int) -> None:
    lock = Lock("1/8", 128, 0.0)
    for late in np.linspace(0, 0.9, 57):
        start = Fraction(str(round(late, 4)))
        clock = lock.clock(Fraction(7), start=start, stride=8, before=before, after=after)
        assert abs(clock.time(0)) <= 1 / (2 * clock.rate)
        assert clock.frames == -(-7 * clock.rate // 1)
        # The chain makes exactly the frames that are shown, and one gap at most beside them.
        places = list(clock.places)
        assert len(places) == clock.frames
        assert places[0] < after
        assert places[-1] <= (clock.painted - 1) * after
        first = clock.unpainted * after + places[0]
        assert clock.start + first / clock.rate == clock.time(0)
        assert clock.painting_time(0) == clock.start + clock.unpainted * after / clock.rate


@pytest.mark.parametrize(
    ("bpm", "beat", "note"), [(174.3, 0.137, "1/8"), (90, 0.0, "1/4"), (61, 0.4, "1/16T")]
)
def test_a_drawn_click_is_in_its_keyframe(
    write_song: WriteSong, bpm: float, beat: float, note: str
) -> None:
    lock = Lock(note, bpm, beat)
    apart = float(1 / lock.per_second)
    times = [beat + number * apart for number in range(int((12 - beat) / apart))]
    song = Song.open(write_song(clicks(times, 12.0)))
    clock = lock.clock(song.duration, stride=lock.stride())
    look = Look(gain=0.0, tlength=0.02)
    light = [frame.mean() for frame in draw(song, look, clock, size=(64, 64))]
    for time in times:
        nearest = round((Fraction(time) - clock.start) * clock.fps)
        around = range(max(0, nearest - 2), min(len(light), nearest + 3))
        brightest = max(around, key=lambda index: light[index])
        assert brightest % clock.stride == 0, time


def test_a_locked_video_shows_clicks_when_they_sound(write_song: WriteSong, tmp_path) -> None:
    beats = [0.31 + 0.5 * number for number in range(7)]
    song = write_song(clicks(beats, 4.0))
    lock = Lock("1/8", 120, 0.31)  # a click, nothing, a click, nothing
    recipe = Recipe(stride=8, before=8, after=1, size=64, upscale=1, lock=lock)
    recipe = Recipe.from_flat({**recipe.flat(), "style.strength": 0, "interpolator": "blend"})
    render(song, recipe, tmp_path / "v.mp4", frames_dir=tmp_path / "f")
    clock = clock_of(recipe, Fraction(4))
    light = [float(frame.mean()) for frame in read_frames(tmp_path / "f", "frames", clock.frames)]
    peaks = [
        index
        for index in range(1, len(light) - 1)
        if light[index] > light[index - 1] and light[index] >= light[index + 1]
    ]
    assert peaks == [round(beat * clock.rate) for beat in beats]
    assert len(light) == 128


def test_wandering_beats_have_keyframes() -> None:
    beats = np.cumsum(np.random.default_rng(0).uniform(0.4, 0.6, 120)) + 2
    lock = Lock("1/8", 120, float(beats[1]), beats=tuple(beats))
    clock = lock.clock(Fraction(50), start=Fraction(5), stride=8, before=4, after=2)
    assert isinstance(clock, Following)
    times = np.array([float(time) for time in keyframe_times(clock)]) + 5
    inside = beats[(beats > 5.3) & (beats < 54.7)]
    for early, late in pairwise(inside):
        for note in (early, (early + late) / 2):
            assert np.abs(times - note).min() <= 0.5 / 120 + 1e-6
    assert clock.drawn == clock.keyframes == len(times)
    assert clock.painted == 4 * (clock.keyframes - 1) + 1
    assert clock.painting_time(4) == clock.moments[1]
    places = list(clock.places)
    assert len(places) == clock.frames == 50 * clock.rate
    assert places == sorted(places) and places[-1] <= 8 * (clock.keyframes - 1)
    # Every keyframe within the sound is shown once as it is, by the frame that is nearest to it.
    for number, moment in enumerate(clock.moments):
        if 0 <= moment < 50 - 1 / clock.rate:
            frame = round(moment * clock.rate)
            assert places[frame] == 8 * number
    assert max(b - a for a, b in pairwise(places)) < 3


def test_wandering_beats_go_on_outside_as_they_usually_do() -> None:
    lock = Lock("1/4", 120, 10.0, beats=(10.0, 10.5, 11.0, 11.5))
    clock = lock.clock(Fraction(20), stride=8)
    times = [float(time) for time in keyframe_times(clock)]
    assert times[0] <= 0 and times[-1] >= 20 - float(1 / clock.rate)
    assert np.allclose(np.diff(times), 0.5, atol=1 / 120)
    assert any(abs(time - 10) < 0.01 for time in times)


def test_wandering_beats_in_a_video(write_song: WriteSong, tmp_path) -> None:
    beats = (0.5, 0.9, 1.4, 1.8, 2.35, 2.8, 3.3)
    song = write_song(clicks(beats, 4.0))
    lock = Lock("1/8", 130, 0.5, beats=beats)
    recipe = Recipe(stride=8, before=8, after=1, size=64, upscale=1, lock=lock)
    recipe = Recipe.from_flat({**recipe.flat(), "style.strength": 0, "interpolator": "blend"})
    render(song, recipe, tmp_path / "v.mp4", frames_dir=tmp_path / "f")
    clock = clock_of(recipe, Fraction(4))
    light = [float(frame.mean()) for frame in read_frames(tmp_path / "f", "frames", clock.frames)]
    for beat in beats:
        frame = round(beat * clock.rate)
        assert max(range(frame - 3, frame + 4), key=lambda index: light[index]) == frame


def test_keyframes_closer_than_pictures_are_refused() -> None:
    lock = Lock("1/32", 400, 0.5, beats=tuple(0.1001 * number for number in range(90)))
    with pytest.raises(SettingsError, match="choose longer notes"):
        lock.clock(Fraction(5), fps=Fraction(240), stride=1)


def test_bars() -> None:
    assert Lock("1/4", 120, 1.0).bars(0, 5) == [-1.0, 1.0, 3.0, 5.0]
    assert Lock("1/4", 120, 1.0, bar=3).bars(0, 4) == [-0.5, 1.0, 2.5, 4.0]
    wandering = Lock("1/4", 120, 1.5, bar=2, beats=(0.5, 1.0, 1.5, 2.1, 2.7, 3.2))
    assert wandering.bars(0, 4) == pytest.approx([-0.5, 0.5, 1.5, 2.7, 3.7, 4.7])


def test_bars_and_notes_are_computed_where_they_are() -> None:
    """Not counted from the beginning of the file, nor from the beat, however far that is."""
    began = monotonic()
    for beats in ((), tuple(0.1001 * number for number in range(20_000))):
        lock = Lock("1/16", 400, 86_400.0, 1, beats)
        assert len(lock.bars(80_000, 80_001)) < 14
        assert abs(lock.bar_near(43_210.0) - 43_210.0) < 0.1
        clock = lock.clock(Fraction(2), start=Fraction(80_000), fps=Fraction(240), stride=8)
        assert clock.keyframes < 250
    keys = tuple((9.0 + number / 100, "a") for number in range(1500))
    snapped = prompts.snap(keys, Lock("1/4", 20, -86_400.0).bar_near)
    assert all(late > early for (early, _), (late, _) in pairwise(snapped))
    assert monotonic() - began < 30
    assert Lock("1/4", 120, 1.0).bar_near(3.9) == 3
    assert Lock("1/4", 120, 1.0).bar_near(3.9, 3.0) == 5
    assert Lock("1/4", 120, 1.0).bar_near(4.0) == 3  # of two as near, the first


def test_keyframes_beside_beats_that_end_long_before() -> None:
    beats = tuple(0.5 * number for number in range(8))
    near, far = (Lock("1/8", 120, beat, beats=beats) for beat in (3.5, 70.0))
    assert far.clock(Fraction(9), start=Fraction(77)) == near.clock(Fraction(9), start=Fraction(77))


def test_more_beats_than_are_followed() -> None:
    with pytest.raises(SettingsError, match="100,000 at most"):
        Lock("1/4", 120, 0.0, beats=tuple(0.2 * number for number in range(100_001)))


def test_octaves_and_shifts() -> None:
    lock = Lock("1/8", 129.2, 0.25)
    assert lock.scaled(Fraction(1, 2)).bpm == Fraction("64.6")
    assert lock.scaled(Fraction(2)).bpm == Fraction("258.4")
    assert lock.shifted(1).beat == pytest.approx(0.25 + 60 / 129.2, abs=1e-4)
    assert lock.shifted(-1).shifted(1).beat == pytest.approx(0.25, abs=2e-4)
    with pytest.raises(SettingsError, match="between 20 and 400"):
        Lock("1/8", 250, 0.0).scaled(Fraction(2))
    wandering = Lock("1/8", 120, 0.9, beats=(0.4, 0.9, 1.5, 2.0))
    assert wandering.scaled(Fraction(1, 2)).beats == (0.9, 2.0)  # the bar's beat stays
    assert wandering.scaled(Fraction(2)).beats == pytest.approx((0.4, 0.65, 0.9, 1.2, 1.5, 1.75, 2))
    assert wandering.shifted(1).beat == 1.5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"note": "1/5"}, "note must be one of"),
        ({"note": "1/4", "bpm": 5}, "bpm must lie between"),
        ({"note": "1/4", "bpm": "fast"}, "bpm must be a number"),
        ({"note": "1/4", "bpm": 120, "bar": 0}, "bar must be"),
        ({"note": "1/4", "beats": (1.0,)}, "two or more"),
        ({"note": "1/4", "beats": (1.0, 0.5)}, "behind the last"),
        ({"note": "1/4", "beats": "soon"}, "list of times"),
        ({"note": "1/4", "beats": "12"}, "list of times"),
        ({"note": "1/4", "beats": {0: 1, 1: 2}}, "list of times"),
        ({"note": "1/4", "beats": {1.0, 2.0}}, "list of times"),
        ({"note": "1/4", "beats": (1.0, 10**400)}, "list of times"),
        ({"note": "1/4", "beats": 5}, "list of times"),
        ({"note": "1/4", "bpm": "1e9999999"}, "bpm must be a number"),
        ({"note": "1/4", "bpm": 10**400}, "bpm must lie"),
        ({"note": "1/4", "bpm": 120, "beat": 86_401}, "beat must be"),
        ({"note": "1/4", "bpm": 120, "beat": 10**400}, "beat must be"),
        ({"note": "1/4", "bpm": 120, "beat": float("inf")}, "beat must be"),
    ],
)
def test_what_is_no_lock(settings: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Lock(**settings)


def test_a_stride_that_does_not_fit_is_told_with_one_that_does() -> None:
    with pytest.raises(SettingsError, match=r"choose a stride near 1\."):
        clock_of(Recipe(stride=64, lock=Lock("1/32", 200, 0.0)), Fraction(3))
    with pytest.raises(SettingsError, match="tempo is not known"):
        clock_of(Recipe(lock=Lock("1/8")), Fraction(3))


def test_a_recipe_keeps_its_lock() -> None:
    for lock in (Lock("1/8", "174.3", 0.137, 3), Lock("1/16T", 90, 1.0, beats=(0.5, 1.0, 1.6))):
        recipe = Recipe(lock=lock).in_time()
        assert Recipe.from_json(recipe.to_json()) == recipe
        assert Recipe.from_flat(recipe.flat()) == recipe
        assert recipe.motion == "relit"
        for name in RECIPES:
            assert recipe.in_time(name).motion == name


def test_tempi_are_kept_to_four_decimals() -> None:
    assert parse_bpm(174.3) == Fraction(1743, 10)
    assert parse_bpm(129.98765432) == Fraction("129.9877")


def test_frames_at_other_moments() -> None:
    frames = [np.full((2, 2, 3), 10 * number, np.uint8) for number in range(4)]
    places = [Fraction(0), Fraction(1, 2), Fraction(1), Fraction(1), Fraction(9, 4), Fraction(3)]
    made = [int(frame[0, 0, 0]) for frame in retime(iter(frames), places)]
    assert made == [0, 5, 10, 10, 22, 30]
    assert [int(frame[0, 0, 0]) for frame in retime(frames, map(Fraction, (2, 3)))] == [20, 30]


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("bpm", [61, 90, 128, 174.3, 300])
def test_the_four_recipes_are_in_step(bpm: float, note: str) -> None:
    wander = tuple(0.3 + 60 / bpm * number + 0.02 * (number % 2) for number in range(40))
    for beats in ((), wander):
        recipe = Recipe(lock=Lock(note, bpm, 0.3, beats=beats))
        four = recipe.variants()
        clocks = {name: clock_of(each, Fraction(9)) for name, each in four.items()}
        assert len({clock.rate for clock in clocks.values()}) == 1
        assert len({clock.frames for clock in clocks.values()}) == 1
        assert all(each.motion == name for name, each in four.items())
        assert clocks["every-frame"].painted > clocks["hybrid"].painted
