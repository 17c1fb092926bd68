"""Which files are an album's songs, and what their videos are called."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

import pytest
from conftest import WriteSong, ffmpeg, music, tone, write_wav

from musvid import Recipe, SongError, render
from musvid.album import songs

LAVFI = ("-f", "lavfi", "-i")


def found(*places: Path) -> list[str]:
    return [entry.path.name for entry in songs.find(places)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Nightfall"
    made.mkdir()
    return made


def test_songs_stand_in_natural_order(folder: Path) -> None:
    names = ["10 last.wav", "2 Second.wav", "1 first.wav", "Ärger.wav", "b.wav", "2 a.wav"]
    for number, name in enumerate(names):
        write_wav(folder / name, tone(200 + number, 0.1))
    expected = ["1 first.wav", "2 a.wav", "2 Second.wav", "10 last.wav", "Ärger.wav", "b.wav"]
    assert found(folder) == expected
    assert found(*(folder / name for name in names)) == expected


def test_what_is_no_song_is_left_out_and_told(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="musvid")
    song = write_wav(folder / "a.wav", tone(300, 0.2))
    shutil.copy(song, folder / "no ending")
    ffmpeg("-i", song, "-b:a", "32k", folder / "other.mp2")
    (folder / "notes.txt").write_text("side A")
    (folder / "cover.png").write_bytes(ffmpeg(*LAVFI, "color", "-frames:v", "1", "-f", "apng", "-"))
    (folder / ".hidden.wav").write_bytes(song.read_bytes())
    (folder / "deep").mkdir()
    write_wav(folder / "deep" / "b.wav", tone(301, 0.2))
    plain = Recipe.from_flat({"style.strength": 0, "size": 64})
    render(song, plain, folder / "made.mp4")
    assert found(folder) == ["a.wav", "other.mp2"]
    assert "no sound: cover.png, notes.txt" in caplog.text
    assert "musvid made them: made.mp4" in caplog.text
    assert "it is a.wav again: no ending" in caplog.text
    assert ".hidden" not in caplog.text


def test_a_film_that_musvid_did_not_make_is_a_song(folder: Path) -> None:
    song = write_wav(folder / "a.wav", tone(300, 0.2))
    ffmpeg("-i", song, *LAVFI, "color=s=64x64:d=0.2", "-shortest", folder / "film.mp4")
    song.unlink()
    assert found(folder) == ["film.mp4"]


def test_a_song_with_a_broken_file_is_one_all_the_same(folder: Path) -> None:
    (folder / "broken.flac").write_bytes(b"nothing")
    assert found(folder) == ["broken.flac"]
    assert found(folder / "missing.wav", folder / "broken.flac") == ["broken.flac", "missing.wav"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no links for everybody")
def test_the_same_song_twice_is_one(folder: Path) -> None:
    song = write_wav(folder / "a.wav", tone(300, 0.2))
    (folder / "link.wav").symlink_to(song)
    assert found(folder, song, folder) == ["a.wav"]


def test_videos_have_different_names(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "CD 2"
    other.mkdir()
    paths = [folder / "A.wav", folder / "a.aif", other / "a.wav", other / "b.wav"]
    for number, path in enumerate(paths):
        write_wav(path, tone(200 + number, 0.1))
    entries = songs.find([folder, other])
    assert [entry.path.parent.name for entry in entries] == ["Nightfall"] * 2 + ["CD 2"] * 2
    assert [entry.name for entry in entries] == ["a", "A (wav)", "a (2)", "b"]


def test_an_empty_folder_is_told(folder: Path) -> None:
    with pytest.raises(SongError, match=r"no song in .*Nightfall.*name a folder"):
        songs.find([folder])


def test_an_album_is_called_as_its_folder(
    folder: Path, write_song: WriteSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = write_song(music(0.1), "Nightfall/a.wav")
    assert songs.title([folder]) == songs.title([song]) == "Nightfall"
    monkeypatch.chdir(folder)
    assert songs.title(["."]) == songs.title(["a.wav"]) == "Nightfall"
    assert songs.title(["/"]) == "songs"
