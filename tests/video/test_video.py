from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
from conftest import WriteSong, ffmpeg, music, names, psnr, sound_seconds, tone, video_frames

from musvid import Clock, OutputError, SettingsError, Song, _ffmpeg, write
from musvid.clock import parse_rate
from musvid.errors import Cancelled
from musvid.video.file import read_settings


def colours(count: int, side: int = 64) -> Iterator[np.ndarray]:
    for index in range(count):
        yield np.full((side, side, 3), (index * 7 % 256, 128, 255 - index * 5 % 256), np.uint8)


def info(path: Path) -> str:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path)]
    return subprocess.run(command, capture_output=True, text=True).stderr


@pytest.mark.parametrize(
    ("fps", "seconds", "rate"),
    [
        (fps, *sound)
        for fps in ("24", "25", "30", "60", "392/16")
        for sound in ((0.1, 8000), (1.0, 44100), (7.77, 44100), (7.77, 8000))
    ]
    + [("392/16", 61.0, 44100), ("24", 61.0, 8000)],
)
def test_picture_and_sound_end_within_one_frame(
    fps: str, seconds: float, rate: int, write_song: WriteSong
) -> None:
    song = Song.open(write_song(tone(440, seconds, rate=rate), rate=rate))
    clock = Clock(song.duration, parse_rate(fps))
    path = write(colours(clock.frames), song, clock, song.path.with_suffix(".mp4"))
    frames = len(video_frames(path, 64, 64))
    assert frames == clock.frames == -(-song.samples * clock.rate // song.rate)
    sound = sound_seconds(path)
    assert abs(sound - song.duration) <= Fraction(1, rate)
    assert -Fraction(1, rate) <= frames / clock.rate - sound < 1 / clock.rate


def test_the_file_is_what_players_want(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(np.stack([music(2.0)] * 2)))
    path = write(colours(60), song, Clock(song.duration), tmp_path / "a.mp4", upscale=3)
    text = info(path)
    for part in ("Video: h264", "yuv420p(tv, bt709", "192x192", "30 fps", "Audio: aac", "stereo"):
        assert part in text
    head = path.read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")  # plays before it is downloaded


def test_colours_survive(write_song: WriteSong, tmp_path: Path) -> None:
    """A red that was written with one matrix and read with another would be off by 20 levels."""
    song = Song.open(write_song(tone(440, 0.5)))
    frame = np.full((64, 64, 3), (230, 40, 60), np.uint8)
    path = write([frame] * 15, song, Clock(song.duration), tmp_path / "a.mp4")
    raw = ffmpeg(
        *("-i", path, "-vf", "scale=in_color_matrix=bt709:in_range=tv,format=rgb24"),
        *("-f", "rawvideo", "pipe:1"),
    )
    seen = np.frombuffer(raw, np.uint8).reshape(-1, 64, 64, 3)
    np.testing.assert_allclose(seen[7].mean((0, 1)), (230, 40, 60), atol=3)


def test_the_sound_is_the_songs_own_part(write_song: WriteSong, tmp_path: Path) -> None:
    sound = music(3.0)
    song = Song.open(write_song(sound), start=1.0, duration=1.5)
    path = write(colours(45), song, Clock(song.duration), tmp_path / "a.mp4")
    raw = ffmpeg("-i", path, "-map", "0:a", "-f", "f32le", "pipe:1")
    heard = np.frombuffer(raw, np.float32)[:66150]
    wanted = sound[44100 : 44100 + len(heard)]
    assert np.corrcoef(heard, wanted)[0, 1] > 0.99  # a shift of a few samples would show here


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (22050, 2), (96000, 2), (48000, 6)])
def test_unusual_sound_becomes_usual(
    rate: int, channels: int, write_song: WriteSong, tmp_path: Path
) -> None:
    song = Song.open(write_song(np.stack([tone(440, 1.0, 0.1, rate)] * channels), rate=rate))
    path = write(colours(30), song, Clock(song.duration), tmp_path / "a.mp4")
    text = info(path)
    assert f"{min(rate, 48000)} Hz, {'mono' if channels == 1 else 'stereo'}" in text
    assert sound_seconds(path) == 1


@pytest.mark.parametrize(
    "settings",
    ['{"a": 1}', "= ; # \\ \n = two\nlines\r\n.", "prompt: Eis & Feuer, 火, 🎵 'x' \"y\"", "\\"],
)
def test_settings_come_back_as_they_were(
    settings: str, write_song: WriteSong, tmp_path: Path
) -> None:
    song = Song.open(write_song(tone(440, 0.1)))
    path = write(colours(3), song, Clock(song.duration), tmp_path / "a.mp4", settings=settings)
    assert read_settings(path) == settings


def test_long_settings_are_stored(write_song: WriteSong, tmp_path: Path) -> None:
    """Longer than an argument of a command may be: 128 kB here, 32 on Windows."""
    beats = ", ".join(f"{number * 0.4321:.4f}" for number in range(20_000))
    settings = f'{{"lock": {{"beats": [{beats}]}}}}'
    assert len(settings) > 150_000
    song = Song.open(write_song(tone(440, 0.1)))
    path = write(colours(3), song, Clock(song.duration), tmp_path / "a.mp4", settings=settings)
    assert read_settings(path) == settings
    assert names(tmp_path) == {"a.mp4", "song.wav"}


@pytest.mark.parametrize(
    ("settings", "told"),
    [("=" * 600_000, "MB long"), ("\ud800", "letters")],
    ids=["too long", "no letter"],
)
def test_settings_that_cannot_be_stored_are_told_before_any_work(
    settings: str, told: str, write_song: WriteSong, tmp_path: Path
) -> None:
    song = Song.open(write_song(tone(440, 0.1)))

    def frames() -> Iterator[np.ndarray]:
        raise AssertionError("there was work")
        yield

    with pytest.raises(SettingsError, match=told):
        write(frames(), song, Clock(song.duration), tmp_path / "a.mp4", settings=settings)
    assert names(tmp_path) == {"song.wav"}


def test_a_file_without_settings_is_told_so(write_song: WriteSong, tmp_path: Path) -> None:
    text = tmp_path / "a.mp4"
    text.write_text("comment=no")
    for path in (write_song(tone(440, 0.1)), text):
        with pytest.raises(SettingsError, match="holds no settings"):
            read_settings(path)


def test_lanczos_keeps_edges(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(tone(440, 0.1)))
    frame = np.zeros((64, 64, 3), np.uint8)
    frame[:, 32:] = 200
    path = write([frame] * 3, song, Clock(song.duration), tmp_path / "a.mp4", upscale=2)
    assert psnr(video_frames(path, 128, 128)[1], np.kron(frame[..., 0], np.ones((2, 2)))) > 25


@pytest.mark.parametrize(
    "name", ["-o.mp4", "%04d.mp4", "a b'c\".mp4", "песня.mp4", "x" * 200 + ".mp4"]
)
def test_a_name_is_just_a_name(
    name: str, write_song: WriteSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = Song.open(write_song(tone(440, 0.1)))
    monkeypatch.chdir(song.path.parent)
    write(colours(3), song, Clock(song.duration), name)
    assert names(song.path.parent) == {name, "song.wav"}


def test_an_error_on_the_way_leaves_the_old_file_and_no_other(
    write_song: WriteSong, tmp_path: Path
) -> None:
    song = Song.open(write_song(music(1.0)))
    (tmp_path / "out").mkdir()
    output = tmp_path / "out" / "a.mp4"
    output.write_text("yesterday's")

    def failing() -> Iterator[np.ndarray]:
        yield from colours(10)
        raise RuntimeError("the model failed")

    with pytest.raises(RuntimeError, match="the model failed"):
        write(failing(), song, Clock(song.duration), output)
    assert output.read_text() == "yesterday's"
    assert names(output.parent) == {"a.mp4"}


@pytest.fixture
def drivers(monkeypatch: pytest.MonkeyPatch) -> list[_ffmpeg.Process]:
    """Every ffmpeg that is started from here on."""
    if sys.platform == "win32":
        pytest.skip("it has no such signals")
    started: list[_ffmpeg.Process] = []
    begin = _ffmpeg.Process.__init__

    def note(self: _ffmpeg.Process, *given: Any, **more: Any) -> None:
        begin(self, *given, **more)
        started.append(self)

    monkeypatch.setattr(_ffmpeg.Process, "__init__", note)
    return started


def test_frames_are_made_while_ffmpeg_is_busy(
    write_song: WriteSong, tmp_path: Path, drivers: list[_ffmpeg.Process]
) -> None:
    """ffmpeg stands still until the source was asked for more frames than a pipe holds."""
    song = Song.open(write_song(tone(440, 1.0)))

    def busy() -> Iterator[np.ndarray]:
        for index, frame in enumerate(colours(30, 256)):
            if index in (1, 5):
                number = signal.SIGSTOP if index == 1 else signal.SIGCONT
                os.kill(drivers[-1]._process.pid, number)
            yield frame

    path = write(busy(), song, Clock(song.duration), tmp_path / "a.mp4", encoder="cpu")
    calm = write(colours(30, 256), song, Clock(song.duration), tmp_path / "b.mp4", encoder="cpu")
    assert path.read_bytes() == calm.read_bytes()


def test_who_makes_frames_may_use_their_memory_again(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(tone(440, 1.0)))

    def same() -> Iterator[np.ndarray]:
        memory = np.empty((64, 64, 3), np.uint8)
        for frame in colours(30):
            memory[:] = frame
            yield memory

    path = write(same(), song, Clock(song.duration), tmp_path / "a.mp4")
    calm = write(colours(30), song, Clock(song.duration), tmp_path / "b.mp4")
    assert path.read_bytes() == calm.read_bytes()


def test_an_ffmpeg_that_dies_is_told(
    write_song: WriteSong, tmp_path: Path, drivers: list[_ffmpeg.Process]
) -> None:
    song = Song.open(write_song(tone(440, 1.0)))

    def endless() -> Iterator[np.ndarray]:
        for index, frame in enumerate(colours(10**6)):
            if index == 5:
                os.kill(drivers[-1]._process.pid, signal.SIGKILL)
            yield frame

    with pytest.raises(OutputError, match=r"a\.mp4 could not be written: .*ended with code"):
        write(endless(), song, Clock(song.duration), tmp_path / "a.mp4")
    assert names(tmp_path) == {"song.wav"}


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, Cancelled])
def test_a_source_that_fails_while_ffmpeg_hangs_is_told_at_once(
    kind: type[BaseException],
    write_song: WriteSong,
    tmp_path: Path,
    drivers: list[_ffmpeg.Process],
) -> None:
    song = Song.open(write_song(tone(440, 1.0)))

    def failing() -> Iterator[np.ndarray]:
        for index, frame in enumerate(colours(30, 256)):
            if index == 1:
                os.kill(drivers[-1]._process.pid, signal.SIGSTOP)
            if index == 5:
                raise kind("enough")
            yield frame

    began = time.monotonic()
    with pytest.raises(kind, match="enough"):
        write(failing(), song, Clock(song.duration), tmp_path / "a.mp4")
    assert time.monotonic() - began < _ffmpeg.PATIENCE / 2
    assert drivers[-1]._process.poll() is not None, "no process is left"
    assert not [thread for thread in threading.enumerate() if thread.name == "apart"]
    assert names(tmp_path) == {"song.wav"}


def test_an_output_that_cannot_be_is_refused(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(tone(440, 0.1)))
    (tmp_path / "folder.mp4").mkdir()
    for output, error in [
        (tmp_path / "a.avi", SettingsError),
        (tmp_path / "nowhere" / "a.mp4", OutputError),
        (tmp_path / "folder.mp4", OutputError),
    ]:
        with pytest.raises(error):
            write(colours(3), song, Clock(song.duration), output)


def test_a_full_disk_is_told(write_song: WriteSong) -> None:
    """A limit on the size of files stands in for it; ffmpeg inherits it."""
    resource = pytest.importorskip("resource")
    song = Song.open(write_song(music(4.0)))
    noise = np.random.default_rng(0).integers(0, 256, (120, 64, 64, 3), np.uint8)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(OutputError, match="could not be written"):
            write(noise, song, Clock(song.duration), song.path.with_name("a.mp4"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(song.path.parent) == {"song.wav"}


def test_endless_metadata_ends(write_song: WriteSong, tmp_path: Path) -> None:
    """More metadata than is read must not leave ffmpeg waiting for a reader."""
    song = write_song(tone(440, 0.1))
    notes = tmp_path / "notes.txt"
    notes.write_text(";FFMETADATA1\n" + "".join(f"key{i}={'x' * 1000}\n" for i in range(3000)))
    file = tmp_path / "a.mka"
    ffmpeg("-i", song, "-i", notes, "-map_metadata", "1", file)
    with pytest.raises(SettingsError, match="holds no settings"):
        read_settings(file)
