"""What a song says of itself, and what musvid makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ffmpeg, tone, write_wav

from musvid import Recipe, SettingsError, _ffmpeg, _tags
from musvid.job import prepare

HOSTILE = [
    "= ; # \\ [CHAPTER] \\",
    "two\nlines\r\n[CHAPTER]\ntitle=other",
    "a\tb\x07c\x1b[31m",
    "Eis & Feuer, 火, 🎵 'x' \"y\" %s {\\pos(0,0)}",
    "x" * 1_000_000,
]


def tagged(folder: Path, ending: str = "mp3", **tags: str) -> Path:
    """A short song with tags, which ffmpeg reads from a file."""
    source = write_wav(folder / "source.wav", tone(440, 0.3))
    notes = folder / "notes"
    notes.write_text(_ffmpeg.metadata(tags), encoding="utf-8", newline="")
    path = folder / f"song.{ending}"
    ffmpeg("-i", source, *_ffmpeg.metadata_input(notes), "-map_metadata", "1", path)
    return path


@pytest.mark.parametrize("ending", ["mp3", "flac", "ogg", "m4a", "wav", "opus"])
def test_tags_are_read_of_every_kind_of_file(ending: str, tmp_path: Path) -> None:
    path = tagged(tmp_path, ending, title="Größe", artist="Кино", album="火")
    assert _tags.read(path) == _tags.Tags("Größe", "Кино", "火")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_tag_is_one_line_of_the_tag_it_stands_in(text: str, tmp_path: Path) -> None:
    found = _tags.read(tagged(tmp_path, "flac", comment=text, title=text, artist="me"))
    assert found.artist == "me"
    assert found.title == _tags.line(text)
    assert len(found.title) <= _tags.LONGEST
    assert found.title.isprintable()


def test_a_line_of_a_comment_is_no_title(tmp_path: Path) -> None:
    found = _tags.read(
        tagged(tmp_path, "flac", comment="x\ntitle=y\n[STREAM]\nartist=z", album="a")
    )
    assert found == _tags.Tags("", "", "a")


def test_what_has_no_tags_says_nothing(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text(";FFMETADATA1\ntitle=no\n")
    for path in (text, tmp_path / "gone", Path("a\0b"), write_wav(tmp_path / "a.wav", tone(9, 1))):
        assert _tags.read(path) == _tags.Tags()


def test_the_recipe_says_otherwise(tmp_path: Path) -> None:
    path = tagged(tmp_path, title="One", artist="Two", album="Three")
    plain = Recipe(size=(64, 64))
    assert prepare(path, plain).tags == _tags.Tags("One", "Two", "Three")
    other = Recipe(size=(64, 64), title="  My\n song ", artist="")
    assert prepare(path, other).tags == _tags.Tags("My song", "", "Three")
    assert Recipe.from_json(other.to_json()) == other
    assert other.with_view("tunnel").title == "My song"
    assert other.unseen == plain.unseen


@pytest.mark.parametrize("name", ["title", "artist"])
@pytest.mark.parametrize("value", [3, "x" * 301, "\ud800", "a\0b", ["x"]])
def test_a_title_is_a_short_text(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name):
        Recipe.from_flat({name: value})
