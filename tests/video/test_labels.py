"""What players show of a video: tags, chapters and a cover, whatever a song says."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import ffmpeg, music, tone, video_frames, write_wav
from PIL import Image
from test_tags import HOSTILE, tagged

from musvid import Clock, Recipe, Song, _tags, render, write
from musvid.paint.style import Style
from musvid.video.file import read_settings
from musvid.video.labels import UNLABELLED, Labels, cover_of

BARE = Recipe(size=(64, 64), style=Style(strength=0.0), interpolator="blend")


def chapters(path: Path) -> list[tuple[float, float, str]]:
    """Start, end and name of each, in seconds."""
    text = ffmpeg("-i", path, "-f", "ffmetadata", "pipe:1").decode()
    found = []
    for part in text.split("[CHAPTER]\n")[1:]:
        values = dict(line.split("=", 1) for line in part.splitlines() if "=" in line)
        base = Fraction(values["TIMEBASE"])
        found.append(
            (float(int(values["START"]) * base), float(int(values["END"]) * base), values["title"])
        )
    return found


def covered(folder: Path, size: tuple[int, int], ending: str = "mp3") -> Path:
    """A song with a cover, a plain red."""
    Image.new("RGB", size, (200, 30, 30)).save(folder / "cover.png")
    path = folder / f"song.{ending}"
    source = write_wav(folder / "source.wav", music(1.0))
    ffmpeg(
        *("-i", source, "-i", folder / "cover.png", "-map", "0", "-map", "1"),
        *("-c:v", "mjpeg", "-disposition:v", "attached_pic", "-metadata", "title=Red", path),
    )
    return path


@pytest.mark.parametrize("ending", ["mp3", "flac", "m4a"])
def test_a_songs_cover_is_the_videos(ending: str, tmp_path: Path) -> None:
    song = covered(tmp_path, (1500, 500), ending)
    path = render(song, BARE, tmp_path / "out.mp4")
    found = cover_of(path)
    assert found == cover_of(path), "the same at any time"
    (tmp_path / "found.jpg").write_bytes(found)
    with Image.open(tmp_path / "found.jpg") as picture:
        assert picture.size == (1000, 334) or picture.size == (1000, 333)
        assert np.abs(np.asarray(picture)[100, 100].astype(int) - (200, 30, 30)).max() < 12
    # What is played is the film: in full, from the beginning, and where one seeks to.
    for seek, count in (("0", 30), ("0.5", 15)):
        told = ffmpeg("-ss", seek, "-i", path, "-map", "0:v:0", "-f", "framecrc", "pipe:1")
        assert len([each for each in told.splitlines() if not each.startswith(b"#")]) == count
    head = path.read_bytes()
    assert head.count(b"trak") == 2, "the cover is no track of its own"
    assert _tags.read(path).title == "Red"


def test_pictures_of_a_film_are_no_cover(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    source = write_wav(tmp_path / "source.wav", tone(440, 0.5))
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64:d=0.5", "-i", source, film)
    assert cover_of(film) == b""
    assert cover_of(source) == cover_of(tmp_path / "gone") == b""
    (tmp_path / "text").write_text("no media")
    assert cover_of(tmp_path / "text") == b""


def test_a_huge_cover_is_left_out(tmp_path: Path) -> None:
    """Few bytes that would be gigabytes of pixels."""
    song = covered(tmp_path, (5000, 5000))
    assert cover_of(song) == b""
    path = render(song, BARE, tmp_path / "out.mp4")
    with Image.open(io.BytesIO(cover_of(path))) as picture:
        assert picture.size == (64, 64), "a picture of the film is"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_tag_is_but_a_text_of_the_video(text: str, tmp_path: Path) -> None:
    song = tagged(tmp_path, "flac", title=text, artist=f"{text} \\", album="x")
    recipe = replace(BARE, form="0:00 A | 0:00.1 B")
    path = render(song, recipe, tmp_path / "out.mp4")
    found = _tags.read(path)
    assert found == _tags.read(song)
    assert found.title == _tags.line(text)
    assert Recipe.from_json(read_settings(path)).form == recipe.form
    assert [name for *_, name in chapters(path)] == ["A", "B"]
    assert "CHAPTER" not in ffmpeg("-i", path, "-f", "ffmetadata", "-").decode().split("title")[0]


def test_what_is_given_wins(tmp_path: Path) -> None:
    song = tagged(tmp_path, title="One", artist="Two", album="Three")
    path = render(song, replace(BARE, title="=;#\\", artist=""), tmp_path / "out.mp4")
    assert _tags.read(path) == _tags.Tags("=;#\\", "", "Three")


def test_chapters_are_the_parts_that_are_seen(tmp_path: Path) -> None:
    song = write_wav(tmp_path / "song.wav", music(3.0))
    recipe = replace(BARE, form="0:00 A | 0:01 B | 0:01.5 A | 0:02.5 C")
    path = render(song, replace(recipe, start=0.5, duration=1.5), tmp_path / "out.mp4")
    assert chapters(path) == [(0.0, 0.5, "A"), (0.5, 1.0, "B"), (1.0, 1.5, "A")]
    assert len(video_frames(path, 64, 64)) == 45
    for other in (replace(recipe, duration=0.5), BARE):
        path = render(song, other, tmp_path / "other.mp4")
        assert chapters(path) == [], "one part is none"


def test_chapters_of_the_song_itself_are_not_taken(tmp_path: Path) -> None:
    """They are at moments of the whole file."""
    source = write_wav(tmp_path / "source.wav", music(2.0))
    (tmp_path / "notes").write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=news\n"
    )
    song = tmp_path / "podcast.m4a"
    ffmpeg("-i", source, "-f", "ffmetadata", "-i", tmp_path / "notes", "-map_chapters", "1", song)
    assert chapters(song)
    assert chapters(render(song, BARE, tmp_path / "out.mp4")) == []


def test_labels_are_the_same_whatever_the_letters(tmp_path: Path) -> None:
    song = Song.open(write_wav(tmp_path / "song.wav", tone(440, 1.0)))
    names = ("a\\", "=b;\n[CHAPTER]\nSTART=7", "# ü 火")
    labels = Labels(_tags.Tags("t\\"), tuple(zip((0.0, 0.25, 0.5), names, strict=True)), 1.0)
    frames = [np.zeros((64, 64, 3), np.uint8)] * 30
    path = write(
        frames, song, Clock(song.duration), tmp_path / "a.mp4", settings="\\", labels=labels
    )
    assert read_settings(path) == "\\"
    assert _tags.read(path).title == "t\\"
    assert [start for start, *_ in chapters(path)] == [0, 0.25, 0.5]
    assert UNLABELLED.marks() == ""
