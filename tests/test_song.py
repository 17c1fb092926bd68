from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import RATE, WriteSong, ffmpeg, music, tone
from containers import CONTAINERS

from musvid import SettingsError, Song, SongError
from musvid._ffmpeg import FORMATS

KINDS = ("wav", "flac", "aiff", "mp3", "ogg", "opus", "m4a", "webm", "mp4", "mkv", "mka")


def test_the_duration_is_counted_in_samples(write_song: WriteSong) -> None:
    song = Song.open(write_song(np.zeros(12345), rate=8000))
    assert (song.rate, song.channels, song.samples) == (8000, 1, 12345)
    assert song.duration == Fraction(12345, 8000)


@pytest.mark.parametrize("kind", KINDS)
def test_every_common_format_opens(kind: str, write_song: WriteSong, tmp_path: Path) -> None:
    file = tmp_path / f"coded.{kind}"
    ffmpeg("-i", write_song(np.stack([music(2.0)] * 2)), *CONTAINERS[kind], file)
    song = Song.open(file)
    assert song.channels == 2
    # Codecs work in blocks: at most some of them are added at the ends.
    assert 2.0 <= song.duration < 2.1


def test_a_video_gives_its_sound(write_song: WriteSong, tmp_path: Path) -> None:
    file = tmp_path / "film.mp4"
    colour = ("-f", "lavfi", "-i", "color=red:s=64x64:d=1")
    ffmpeg(*colour, "-i", write_song(tone(440, 1.0)), "-c:v", "libx264", file)
    assert 1.0 <= Song.open(file).duration < 1.05


def test_a_part_is_cut_to_the_sample(write_song: WriteSong) -> None:
    """Sample n of the file has the value n / 32767, so that a cut shows where it was made."""
    path = write_song(np.arange(30000) / 32767)
    song = Song.open(path, start=0.1, duration=0.25)
    assert (song.first, song.samples) == (4410, 11025)
    raw = ffmpeg("-i", path, "-af", song.filters, "-f", "s16le", "pipe:1")
    np.testing.assert_array_equal(np.frombuffer(raw, "<i2"), np.arange(4410, 15435))
    assert song.part(0.5).duration == Fraction(30000 - 22050, RATE)


def test_a_part_that_reaches_beyond_the_end_is_cut_there(write_song: WriteSong) -> None:
    song = Song.open(write_song(np.zeros(RATE)), start=0.5, duration=1e5)
    assert song.duration == Fraction(1, 2)


@pytest.mark.parametrize(
    ("start", "duration"),
    [(1.0, None), (99, None), (-1, None), (float("nan"), None), (float("inf"), None)]
    + [(0, 0), (0, -1), (0, float("nan")), (0, 1e-9)],
)
def test_a_part_outside_the_song_is_refused(
    start: float, duration: float | None, write_song: WriteSong
) -> None:
    with pytest.raises(SettingsError, match=r"start|duration"):
        Song.open(write_song(np.zeros(RATE)), start=start, duration=duration)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SongError, match=r"no file .*nothing\.mp3"):
        Song.open(tmp_path / "nothing.mp3")


def test_a_folder_is_no_song(tmp_path: Path) -> None:
    with pytest.raises(SongError, match="is a folder"):
        Song.open(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello world, this is text\n" * 99, bytes(5000)])
def test_what_is_not_media_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "text.mp3"
    file.write_bytes(content)
    with pytest.raises(SongError, match=r"text\.mp3 is"):
        Song.open(file)


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mute.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:d=1", file)
    with pytest.raises(SongError, match="has no sound"):
        Song.open(file)


def test_a_song_of_no_samples_is_refused(write_song: WriteSong) -> None:
    with pytest.raises(SongError, match="holds no sound"):
        Song.open(write_song(np.zeros(0)))


@pytest.mark.parametrize(
    "name", ["-i.wav", "%04d.wav", "a b'c\"d.wav", "lied\nzwei.wav", "песня.wav", "file:x.wav"]
)
def test_a_name_is_just_a_name(
    name: str, write_song: WriteSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_song(np.zeros(RATE), name)
    assert Song.open(path).samples == RATE
    monkeypatch.chdir(path.parent)
    assert Song.open(name).samples == RATE


@pytest.mark.parametrize(
    "script",
    ["#EXTM3U\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile '{}'\n"],
)
def test_a_playlist_is_not_followed(script: str, write_song: WriteSong, tmp_path: Path) -> None:
    """A file that names another one would let whoever made it read the user's disk."""
    file = tmp_path / "list.mp3"
    file.write_text(script.format(write_song(np.zeros(RATE))))
    with pytest.raises(SongError):
        Song.open(file)


def test_the_whitelist_holds_no_format_that_names_other_files() -> None:
    assert not {"hls", "concat", "dash", "sdp", "image2", "rtsp", "lavfi"} & set(FORMATS.split(","))


def test_the_shared_recordings_open(recordings: list[Path]) -> None:
    lengths = {path.stem: float(Song.open(path).duration) for path in recordings}
    assert lengths["vibe-ace"] == pytest.approx(61.459, abs=0.001)
    assert lengths["trumpet-90bpm"] == pytest.approx(5.333, abs=0.001)
