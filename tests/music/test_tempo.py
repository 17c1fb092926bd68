"""Tempo and beats found in sounds whose beats are known, and in real music."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import PLAIN, SHARED, WriteSong, clicks, tone

from musvid import Recipe, Song, SongError, find_beats, load_settings
from musvid.__main__ import main
from musvid.job import clock_of, resolve
from musvid.music.samples import BLOCK, RATE, blocks, mono, peaks

MINUTES = 300


def click_times(bpm: float, first: float, duration: float) -> np.ndarray:
    return np.arange(first, duration - 0.01, 60 / bpm)


@pytest.mark.parametrize(
    ("bpm", "first"), [(61, 0.0), (90, 0.4), (120, 0.137), (128, 0.0), (174.3, 0.137)]
)
def test_five_minutes_of_clicks_have_their_keyframes(
    write_song: WriteSong, bpm: float, first: float
) -> None:
    times = click_times(bpm, first, MINUTES)
    song = Song.open(write_song(clicks(times, MINUTES, RATE), rate=RATE))
    found = find_beats(song)
    assert found.steady
    lock = found.lock("1/4")
    assert not lock.beats
    recipe = Recipe(lock=lock).in_time()
    clock = clock_of(recipe, song.duration)
    keyframes = np.array([float(clock.start + tick / clock.fps) for tick in clock.ticks])
    keyframes = keyframes[:: clock.stride]
    off = np.array([np.abs(keyframes - time).min() for time in times])
    assert off.max() < 0.5 / float(clock.fps)
    # Far better, in truth: there is no drift, and the last click is as near as the first.
    assert off.max() < 0.002
    assert abs(off[-20:].mean() - off[:20].mean()) < 0.001


def test_a_known_tempo_is_kept_and_its_beat_found(write_song: WriteSong) -> None:
    song = Song.open(write_song(clicks(click_times(90, 0.21, 40), 40.0)))
    found = find_beats(song, Fraction(90))
    assert found.bpm == 90
    assert found.beat == pytest.approx(0.21, abs=0.003)
    given = Recipe.from_flat({"lock.note": "1/8", "lock.bpm": "90"})
    recipe = resolve(given, song).recipe
    assert recipe.lock.found and recipe.lock.beat == found.beat


def test_beats_are_those_of_the_file_wherever_a_part_begins(write_song: WriteSong) -> None:
    path = write_song(clicks(click_times(120, 0.3, 40), 40.0))
    whole = Recipe.from_flat({"lock.note": "1/4"})
    first = resolve(whole, Song.open(path))
    part = resolve(whole, Song.open(path, start=10.1, duration=5))
    assert part.recipe.lock == first.recipe.lock
    clock = part.clock
    # A beat of the file every half second from 0.3 s on; the part begins at 10.1 s.
    assert float(clock.start) % 0.5 == pytest.approx(0.2, abs=0.002)


def test_a_tempo_that_wanders_is_told_and_followed(write_song: WriteSong) -> None:
    times, time = [], 0.2
    while time < 59:
        times.append(time)
        time += 0.5 + 0.03 * np.sin(time / 6)
    song = Song.open(write_song(clicks(times, 60.0)))
    found = find_beats(song)
    assert not found.steady
    assert found.spread > 0.03
    assert "wanders" in str(found)
    beats = np.array(found.times)
    for time in times[4:-4]:
        assert np.abs(beats - time).min() < 0.004
    clock = found.lock("1/4").clock(song.duration, stride=8)
    keyframes = np.array([float(clock.start + tick / clock.fps) for tick in clock.ticks])
    for time in times[4:-4]:
        assert np.abs(keyframes - time).min() < 0.5 / 30


def test_no_beat_is_one_sentence(write_song: WriteSong) -> None:
    for sound in (np.zeros(44100 * 4), clicks([0.1], 0.2)):
        with pytest.raises(SongError, match="give its tempo with bpm and beat"):
            find_beats(Song.open(write_song(sound)))


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared recordings")
@pytest.mark.parametrize(
    ("name", "bpm", "steady"),
    [("vibe-ace", 130, True), ("hungarian-dance-5", None, False)],
)
def test_real_music(name: str, bpm: float | None, steady: bool) -> None:
    found = find_beats(Song.open(SHARED / "audio" / f"{name}.ogg"))
    assert found.steady == steady
    if bpm:
        octaves = [float(found.bpm) / bpm * octave for octave in (0.5, 1, 2)]
        assert min(abs(octave - 1) for octave in octaves) < 0.002


def test_samples_are_those_of_the_part(write_song: WriteSong) -> None:
    sound = tone(200, 3.0, 0.5)
    sound[44100:] *= 0.5
    song = Song.open(write_song(sound), start=0.5, duration=2)
    samples = np.concatenate(list(mono(song, block=1000)))
    assert abs(len(samples) - 2 * RATE) <= 1
    assert np.abs(samples[: RATE // 2]).max() == pytest.approx(0.5, abs=0.02)
    assert np.abs(samples[-RATE:]).max() == pytest.approx(0.25, abs=0.02)
    assert peaks(song, 4) == pytest.approx([0.5, 0.25, 0.25, 0.25], abs=0.02)


@pytest.mark.parametrize("length", [0.3, 2.0, 4.0, 4.1, 9.7])
def test_blocks_are_the_sound_with_what_is_beside_them(
    write_song: WriteSong, length: float
) -> None:
    song = Song.open(write_song(clicks(np.arange(0, length, 0.1), length, RATE), rate=RATE))
    whole = np.concatenate(list(mono(song)))
    size, border, own, at = RATE, 5000, [], 0
    for block, before in blocks(song, border=border, size=size):
        assert before == min(at, border)
        assert np.array_equal(block, whole[at - before : at + size + border])
        own.append(block[before : before + size])
        at += size
    assert np.array_equal(np.concatenate(own), whole)
    assert BLOCK % 512 == 0


def test_the_command_line_finds_the_beat(
    write_song: WriteSong, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song = write_song(clicks(click_times(120, 0.25, 12), 12.0))
    options = "--lock 1/8 --duration 2 --strength 0 --size 64 --upscale 1 --interpolator blend"
    returned = main([str(song), "-o", str(tmp_path / "v.mp4"), *PLAIN, *options.split()])
    told = capsys.readouterr().err
    assert returned == 0, told
    assert "keyframes on 1/8 notes at 120.00 bpm" in told
    assert "64 frames of 64x64 at 32 a second" in told
    recipe = load_settings(tmp_path / "v.mp4")
    assert (recipe.stride, recipe.before, recipe.after) == (8, 1, 8) and recipe.relight
    assert recipe.lock.bpm == 120 and recipe.lock.beat == pytest.approx(0.25, abs=0.003)
