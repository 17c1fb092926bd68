"""Response, smoothness and pulse of videos whose answer is known."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, WriteSong, clicks, music, tone, write_wav

from musvid import (
    Clock,
    Measures,
    Recipe,
    SettingsError,
    Song,
    SongError,
    between,
    measure,
    read,
    render,
    write,
)
from musvid.comparison.measure import measure_frames
from musvid.music import onsets
from musvid.music.onsets import onset_strength

pytestmark = pytest.mark.thorough

RATE = 30
COUNT = 480  # pictures, 16 s


def random(count: int, seed: int = 0, side: int = 32) -> np.ndarray:
    """Pictures that have nothing to do with each other, of cells that stay when it is reduced."""
    return np.random.default_rng(seed).integers(0, 255, (count, side, side, 3), np.uint8)


def blends(period: int, count: int = COUNT) -> Iterator[np.ndarray]:
    """Fades between random keyframes."""
    return between(iter(random(count // period + 1)), period, interpolator="blend")


def steps(period: int) -> Iterator[np.ndarray]:
    """Random keyframes that stand still until the next one."""
    for keyframe in random(COUNT // period):
        yield from [keyframe] * period


def waves(speed: float) -> Iterator[np.ndarray]:
    """A ripple that moves by so many pixels a picture."""
    across = np.arange(64)
    for index in range(COUNT):
        row = 127 + 100 * np.sin(2 * np.pi * (across - speed * index) / 64)
        yield np.broadcast_to(row.astype(np.uint8)[None, :, None], (64, 64, 3))


def figures(
    frames: Iterator[np.ndarray] | np.ndarray,
    period: int = 8,
    onsets: np.ndarray | None = None,
) -> Measures:
    return measure_frames(frames, np.zeros(COUNT) if onsets is None else onsets, RATE, period)


# Smoothness


def test_smoothness_of_motion_whose_jitter_is_known() -> None:
    still, ramp = random(1)[0], np.arange(0, 250, dtype=np.uint8)
    assert figures([still] * 50).smoothness == 1
    # The same step every time: no second difference at all.
    assert figures([np.full((16, 16, 3), level, np.uint8) for level in ramp]).smoothness == 1
    assert figures(random(400)).smoothness == pytest.approx(1 - 3 / 4, abs=0.01)
    assert figures(random(2)[[0, 1] * 100]).smoothness == pytest.approx(0, abs=0.01)
    # Fades between independent keyframes: a kink of 6 / 64 per 8 steps of 2 / 64, J = 3 / 8.
    assert figures(blends(8)).smoothness == pytest.approx(1 - 3 / 8 / 4, abs=0.01)
    assert figures(waves(1)).smoothness > 0.99


def test_a_closer_rhythm_is_less_smooth() -> None:
    found = [figures(blends(period), period).smoothness for period in (1, 2, 4, 8)]
    assert found == sorted(found)
    assert all(0 <= one <= 1 for one in found)


# Pulse


@pytest.mark.parametrize("period", [2, 3, 5, 8, 12])
def test_fades_and_steps_pulse_with_their_keyframes(period: int) -> None:
    assert figures(blends(period), period).pulse > 0.95
    if period > 2:  # a step every second picture is as large as the step back
        assert figures(steps(period), period).pulse > 0.95


@pytest.mark.parametrize("wrong", [5, 7, 9, 16])
def test_another_period_is_no_pulse(wrong: int) -> None:
    assert figures(blends(8), wrong).pulse < 0.05
    assert figures(steps(8), wrong).pulse < 0.05


def test_what_has_no_rhythm_has_no_pulse() -> None:
    found = [figures(random(COUNT, seed), 8).pulse for seed in range(8)]
    assert np.mean(found) < 0.02
    assert max(found) < 0.06
    assert figures(waves(1)).pulse < 0.05
    assert figures(waves(0.37)).pulse < 0.05
    assert figures([random(1)[0]] * COUNT).pulse == 0
    assert figures(blends(8), 1).pulse == 0
    assert figures(blends(8, 16)).pulse == 0  # two periods are no rhythm


def test_a_shorter_rhythm_is_not_taken_for_the_keyframes() -> None:
    """The hybrid's twofold filling after painting makes a kink at every second picture."""
    assert figures(blends(2), 8).pulse < 0.05
    assert figures(blends(4), 8).pulse < 0.05


def test_a_pulse_stays_one_through_loud_and_quiet() -> None:
    def swelling() -> Iterator[np.ndarray]:
        for index, frame in enumerate(blends(8)):
            loud = 0.15 + 0.85 * np.sin(np.pi * index / COUNT) ** 2
            yield (frame * loud).astype(np.uint8)

    assert figures(swelling()).pulse > 0.9


def test_noise_hides_a_pulse_by_degrees() -> None:
    rng = np.random.default_rng(1)

    def noisy(amount: float) -> Iterator[np.ndarray]:
        for frame in blends(8):
            shake = rng.normal(0, amount, frame.shape)
            yield np.clip(frame + shake, 0, 255).astype(np.uint8)

    found = [figures(noisy(amount)).pulse for amount in (0, 10, 40, 160)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.95
    assert found[-1] < 0.2


# Response


def flashes(moments: list[float], late: int = 0) -> Iterator[np.ndarray]:
    """Pictures that turn to another one at some moments, so many pictures late."""
    turned = {round(moment * RATE) + late for moment in moments}
    pictures, shown = random(COUNT), 0
    for index in range(COUNT):
        shown = index if index in turned else shown
        yield pictures[shown]


MOMENTS = [1.0, 2.3, 3.5, 4.0, 5.7, 7.1, 8.2, 9.9, 11.4, 12.6, 14.2, 15.1]


@pytest.mark.parametrize("late", [-2, -1, 0, 1, 3])
def test_pictures_that_turn_with_the_clicks_respond_and_tell_their_lag(
    late: int, write_song: WriteSong
) -> None:
    song = Song.open(write_song(clicks(MOMENTS, COUNT / RATE)))
    found = figures(flashes(MOMENTS, late), 8, onset_strength(song, RATE, COUNT))
    assert found.response > 0.9
    assert found.lag == pytest.approx(1000 * late / RATE, abs=8)


def test_pictures_that_do_not_heed_the_sound_do_not_respond(write_song: WriteSong) -> None:
    song = Song.open(write_song(clicks(MOMENTS, COUNT / RATE)))
    onsets = onset_strength(song, RATE, COUNT)
    assert figures(random(COUNT), 8, onsets).response < 0.2
    others = [moment + 0.4 for moment in MOMENTS]
    assert figures(flashes(others), 8, onsets).response < 0.1


def test_silence_and_stillness_are_no_response_and_no_nan(write_song: WriteSong) -> None:
    silent = onset_strength(Song.open(write_song(np.zeros(16 * 44100))), RATE, COUNT)
    assert not silent.any()
    onsets = np.random.default_rng(0).random(COUNT)
    still = [random(1)[0]] * COUNT
    assert figures(still, 8, onsets) == Measures(0, 0, 1, 0)
    assert figures(flashes(MOMENTS), 8, silent).response == 0
    for count in range(6):  # videos that are too short to tell anything
        assert figures(random(count), 8, onsets).response >= 0
        assert np.isfinite([*vars(figures(random(count), 8, onsets[:2])).values()]).all()


def test_loudness_of_the_picture_and_the_sound_does_not_matter() -> None:
    onsets = np.random.default_rng(0).random(COUNT)
    levels = [100.0]
    for onset in onsets[1:]:  # as much as the sound changes, up or down
        levels.append(levels[-1] + (40 * onset if levels[-1] < 120 else -40 * onset))

    def shown(scale: float) -> Iterator[np.ndarray]:
        return (np.full((8, 8, 3), level * scale, np.uint8) for level in levels)

    found = figures(shown(1), 8, onsets)
    assert found.response > 0.95
    assert abs(found.lag) < 5
    for other in (figures(shown(1), 8, onsets / 100), figures(shown(0.5), 8, onsets)):
        assert other.response == pytest.approx(found.response, abs=0.05)


# Onsets


@pytest.mark.parametrize("rate", [Fraction(30), Fraction(30000, 1001), Fraction(15, 2), 240])
def test_onsets_stand_where_the_clicks_are(rate: Fraction, write_song: WriteSong) -> None:
    """As counted in pictures, whatever their rate; a note and a click alike."""
    song = Song.open(write_song(clicks(MOMENTS, 16.0)))
    onsets = onset_strength(song, rate, int(16 * rate))
    assert len(onsets) == int(16 * rate)
    for moment in MOMENTS:
        near = np.arange(max(0, int((moment - 0.3) * rate)), int((moment + 0.3) * rate) + 1)
        middle = float(onsets[near] @ near / onsets[near].sum() / rate)
        assert middle == pytest.approx(moment, abs=max(0.006, 0.5 / rate))


def test_a_note_is_an_onset_where_it_begins_and_not_where_it_ends(write_song: WriteSong) -> None:
    sound = tone(220, 4.0, 0.02)
    note = tone(660, 2.0)
    note[-4410:] *= np.linspace(1, 0, 4410)  # or else its end were a click
    sound[44100 : 3 * 44100] += note
    onsets = onset_strength(Song.open(write_song(sound)), 30, 120)
    assert abs(int(onsets.argmax()) - 30) <= 1
    assert onsets[85:].max() < 0.3 * onsets.max()


def test_the_borders_of_blocks_do_not_show(
    write_song: WriteSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = Song.open(write_song(music(12.0)))
    whole = onset_strength(song, 30, 360)
    for windows in (17, 100, 1 << 20):
        monkeypatch.setattr(onsets, "_BLOCK", windows)
        assert np.allclose(onset_strength(song, 30, 360), whole, atol=1e-4)


def test_a_part_of_a_song_is_its_own_beginning(write_song: WriteSong) -> None:
    song = Song.open(write_song(music(8.0)))
    whole, part = onset_strength(song, 30, 240), onset_strength(song.part(2.0, 4.0), 30, 120)
    assert np.allclose(part[3:-3], whole[63:177], atol=0.08 * whole.max())
    assert part[0] < 0.1 * whole.max()  # what sounds already does not begin


# Videos


def test_a_video_with_its_own_sound(write_song: WriteSong, tmp_path: Path) -> None:
    """Through H.264 and AAC: the lag that either adds would show here."""
    song = Song.open(write_song(clicks(MOMENTS, COUNT / RATE)))
    clock = Clock(song.duration, Fraction(RATE))
    path = write(flashes(MOMENTS), song, clock, tmp_path / "flashes.mp4")
    found = measure(path, period=8)
    assert found.response > 0.9
    assert abs(found.lag) < 8
    assert measure(path, song, period=8).response == pytest.approx(found.response, abs=0.05)
    late = write(flashes(MOMENTS, 2), song, clock, tmp_path / "late.mp4")
    assert measure(late, period=8).lag == pytest.approx(2000 / RATE, abs=8)


def test_the_period_is_that_of_the_settings_in_the_video(
    write_song: WriteSong, tmp_path: Path
) -> None:
    settings = Recipe(stride=8, before=1, after=8).to_json()
    song = Song.open(write_song(music(COUNT / RATE)))
    clock = Clock(song.duration, Fraction(RATE))
    coarse = (np.kron(frame, np.ones((4, 4, 1), np.uint8)) for frame in blends(8))
    path = write(coarse, song, clock, tmp_path / "fades.mp4", settings=settings)
    assert measure(path) == measure(path, period=8)
    assert measure(path).pulse > 0.9
    assert measure(path, period=7).pulse < 0.1


def test_the_article_s_calm_recipe_pulses_and_its_frantic_one_jitters(
    write_song: WriteSong, tmp_path: Path
) -> None:
    """On spectra as they are, without a model between."""
    song = write_song(music(8.0))
    found = {}
    for name in ("every-frame", "diffuse-then-interpolate"):
        recipe = Recipe.named(name, size=(128, 128), upscale=1, interpolator="blend")
        recipe = Recipe.from_flat({**recipe.flat(), "style.strength": 0})
        found[name] = measure(render(song, recipe, tmp_path / f"{name}.mp4"))
    frantic, calm = found["every-frame"], found["diffuse-then-interpolate"]
    assert calm.smoothness > frantic.smoothness + 0.1
    assert frantic.response > calm.response
    assert calm.pulse > 0.3
    assert frantic.pulse == 0


def test_pictures_are_read_as_they_were_written(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(music(0.5)))
    shades = [
        np.full((48, 64, 3), (level, 90, 200 - level), np.uint8) for level in range(0, 150, 10)
    ]
    path = write(shades, song, Clock(song.duration), tmp_path / "shades.mp4")
    found = list(read(path))
    assert len(found) == 15
    assert (
        max(int(np.abs(a.astype(int) - b).max()) for a, b in zip(found, shades, strict=True)) <= 4
    )
    assert next(read(path, size=(16, 24))).shape == (24, 16, 3)


def test_what_is_no_video_is_refused(write_song: WriteSong, tmp_path: Path) -> None:
    song = write_song(music(0.5))
    with pytest.raises(SettingsError, match="is not a video"):
        measure(song, period=8)
    with pytest.raises(SettingsError, match="no settings"):
        measure(song)
    with pytest.raises(SettingsError, match="period must be a whole number"):
        measure_frames(random(4), np.zeros(4), 30, 0)
    with pytest.raises(SongError):
        measure(tmp_path / "missing.mp4")


def test_memory_does_not_grow_with_the_video(tmp_path: Path) -> None:
    """Pictures are not kept; nor is the sound, but for a block of it."""
    song = Song.open(write_wav(tmp_path / "long.wav", np.tile(music(10.0, 8000), 9), 8000))
    picture = random(1, side=128)[0]

    def peak(count: int) -> int:
        tracemalloc.start()
        frames = (np.roll(picture, index, 0) for index in range(count))
        measure_frames(frames, np.zeros(count), RATE, 8)
        onset_strength(song.part(0, count / RATE), RATE, count)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    onset_strength(song.part(0, 1), RATE, 30)  # imports
    assert peak(1500) < 1.1 * peak(600) + 1e5


def test_librosa_and_matplotlib_wait_until_they_are_needed() -> None:
    script = (
        "import sys, musvid, app\n"
        "sys.exit(str({'librosa', 'matplotlib', 'numba'} & set(sys.modules) or ''))"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert run.stderr.strip() == ""
