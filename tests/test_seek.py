"""A part late in a file is sought, and it is the same part, to the sample."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import RATE, WriteSong, ffmpeg, tone

from musvid import Clock, Look, Song
from musvid.spectrum.showcqt import draw_moment

CODED = {
    "mp3": ("-c:a", "libmp3lame", "-b:a", "128k"),
    "vbr.mp3": ("-c:a", "libmp3lame", "-q:a", "6", "-write_xing", "0"),
    "m4a": ("-c:a", "aac"),
    "aac": ("-c:a", "aac"),
    "opus": ("-c:a", "libopus", "-b:a", "64k"),
    "ogg": ("-c:a", "libvorbis"),
    "flac": ("-c:a", "flac"),
    "wav": ("-c:a", "pcm_s16le"),
    "mka": ("-c:a", "libmp3lame"),
}
# The same packets in another container need not be encoded again.
PACKETS = {"aac": "m4a", "mka": "mp3", "webm": "opus"}
SECONDS = 75


def decoded(song: Song) -> np.ndarray:
    """The samples of a song's part, (count, channels)."""
    raw = ffmpeg(
        *song.input(),
        *("-filter_complex", f"{song.sound}{song.filters}[a]", "-map", "[a]"),
        *("-f", "f32le", "pipe:1"),
    )
    return np.frombuffer(raw, np.float32).reshape(-1, song.channels)


def encoder(noise: Path, options: Mapping[str, Sequence[str]]) -> Callable[[str], Path]:
    """Gives the noise as a file of some kind, which is made once. options: ffmpeg's, by kinds."""

    def made(kind: str) -> Path:
        file = noise.with_name(f"song.{kind}")
        if not file.exists():
            if kind in PACKETS:
                ffmpeg("-i", made(PACKETS[kind]), "-c", "copy", file)
            else:
                ffmpeg("-i", noise, *options[kind], file)
        return file

    return made


def unsought(song: Song) -> Song:
    """The same part, decoded from the file's beginning."""
    return replace(song, _marks=None)


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sound of which no two places are alike."""
    path = tmp_path_factory.mktemp("noise") / "noise.wav"
    source = f"anoisesrc=c=pink:r={RATE}:d={SECONDS}:a=0.4:seed=1"
    ffmpeg("-f", "lavfi", "-i", source, "-ac", "2", path)
    return path


@pytest.fixture(scope="module")
def coded(noise: Path) -> Callable[[str], Path]:
    """The noise as a file of some kind."""
    return encoder(noise, CODED)


@pytest.mark.parametrize("kind", CODED)
def test_a_sought_part_is_the_unsought_one(kind: str, coded: Callable[[str], Path]) -> None:
    whole = Song.open(coded(kind))
    everything = decoded(unsought(whole))
    for start, duration in ((25.0, 0.5), (61.2345, 1.5), (72.3, None)):
        song = whole.part(start, duration)
        assert "-ss" in song.input()
        heard, wanted = decoded(song), everything[song.first : song.first + song.samples]
        assert len(heard) == len(wanted) == song.samples
        np.testing.assert_allclose(heard, wanted, atol=2e-4)
    np.testing.assert_allclose(decoded(unsought(song)), wanted, atol=2e-4)


def test_a_steady_tone_is_sought_to_the_sample(write_song: WriteSong, tmp_path: Path) -> None:
    """It is alike at many places."""
    file = tmp_path / "tone.flac"
    ffmpeg("-i", write_song(tone(441, 60, rate=8000), rate=8000), file)
    song = Song.open(file, start=50.01, duration=0.1)
    assert "-ss" in song.input()
    np.testing.assert_array_equal(decoded(song), decoded(unsought(song)))


def test_silence_is_sought(write_song: WriteSong) -> None:
    sound = np.zeros(300 * 8000)
    sound[:8000] = tone(440, 1, rate=8000)
    song = Song.open(write_song(sound, rate=8000), start=200, duration=1)
    assert "-ss" in song.input()
    assert len(decoded(song)) == 8000


def test_time_stamps_that_are_wrong_do_not_move_a_part(noise: Path, tmp_path: Path) -> None:
    """The sound begins 0.7 s later than the pictures do: sample 0 is not at time 0."""
    file = tmp_path / "late.mkv"
    picture = ("-f", "lavfi", "-i", f"color=red:s=16x16:r=1:d={SECONDS}")
    ffmpeg(*picture, "-itsoffset", "0.7", "-i", noise, "-c:v", "ffv1", "-c:a", "flac", file)
    song = Song.open(file, start=61.5, duration=0.5)
    heard = decoded(song)
    np.testing.assert_array_equal(heard, decoded(unsought(song)))
    np.testing.assert_array_equal(heard, decoded(Song.open(noise, start=61.5, duration=0.5)))


def test_a_place_that_is_not_found_again_is_decoded_from_the_beginning(noise: Path) -> None:
    song = Song.open(noise, start=61.5, duration=0.5)
    assert song._marks is not None
    other = noise.with_name("other.wav")  # of which no place is known yet
    other.write_bytes(noise.read_bytes())
    chance = np.random.default_rng(0)
    lost = chance.integers(-32767, 32767, song._marks.samples.shape, np.int16)
    song = replace(song, path=other, _marks=replace(song._marks, samples=lost))
    assert "-ss" not in song.input()
    assert len(decoded(song)) == song.samples


@pytest.mark.parametrize("kind", ["mp3", "opus"])
def test_a_late_moment_is_drawn_as_a_render_draws_it(
    kind: str, coded: Callable[[str], Path]
) -> None:
    song = Song.open(coded(kind))
    clock = Clock(song.duration)
    late = draw_moment(song, Look(), Fraction(70), clock=clock, size=(64, 64))
    slow = draw_moment(unsought(song), Look(), Fraction(70), clock=clock, size=(64, 64))
    assert np.abs(late.astype(int) - slow).max() <= 1


@pytest.mark.thorough
def test_a_late_moment_costs_what_an_early_one_costs(tmp_path: Path) -> None:
    """More than an hour of opus, of which decoding the whole takes many times as long."""
    file = tmp_path / "long.opus"
    source = "anoisesrc=c=pink:r=48000:d=4000:a=0.4:seed=1"
    small = ("-c:a", "libopus", "-b:a", "24k", "-compression_level", "0")
    ffmpeg("-f", "lavfi", "-i", source, *small, file)
    song = Song.open(file)
    clock = Clock(song.duration)

    def cost(second: int) -> float:
        times = []
        for shift in range(5):
            began = time.monotonic()
            draw_moment(song, Look(), Fraction(second + shift, 1), clock=clock, size=(256, 256))
            times.append(time.monotonic() - began)
        return min(times)

    early, late = cost(300), cost(3900)
    assert late < 3 * early + 1
