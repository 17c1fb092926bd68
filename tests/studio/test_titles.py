"""What a video is called."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import WriteSong, music

from musvid import Recipe, Song, Style
from musvid._ffmpeg import executable
from musvid.job import resolve
from musvid.studio.titles import file_name, safe, size_of, title, titled
from musvid.view.settings import View


@pytest.mark.parametrize("ending", ["mp3", "ogg", "flac"])
def test_a_song_is_called_as_its_tags_say(
    write_song: WriteSong, tmp_path: Path, ending: str
) -> None:
    plain, tagged = write_song(music(1.0), "My_own  song.wav"), tmp_path / f"track01.{ending}"
    command = [executable(), "-v", "error", "-i", str(plain), "-metadata", "title=Vibe = Ace: 1/2"]
    subprocess.run([*command, str(tagged)], check=True)
    assert title(Song.open(tagged)) == "Vibe = Ace 1 2"
    assert title(Song.open(plain)) == "My own song"
    assert title(Song.open(shutil.copy(plain, tmp_path / "audio.wav"))) == "My song"


def test_a_video_is_called_after_song_look_and_part(write_song: WriteSong) -> None:
    song = Song.open(write_song(music(3.0), "Vibe Ace.wav"))
    recipe = Recipe(style=Style(prompt="teal coral"), view=View("tunnel"))
    assert file_name(resolve(recipe, song)) == "Vibe Ace - teal coral - tunnel - 0-3 s"
    part = song.part(1.2, 0.5)
    drawn = Recipe(style=Style(strength=0))
    assert file_name(resolve(drawn, part)).endswith(" drawing - flat - 1-2 s")
    timed = Recipe(style=Style(prompt="0:00 nebula | 0:01 crystal"))
    assert " - nebula, crystal - flat" in file_name(resolve(timed, song))


def test_a_name_can_be_written_on_every_system() -> None:
    assert safe('a<b>c:d"e/f\\g|h?i*j\nk\0l... ') == "a b c d e f g h i j k l"
    assert safe("..") == safe("") == ""
    assert len(safe("word " * 1000)) <= 60 and len(safe("w" * 1000)) == 60
    assert len(safe("音" * 1000).encode()) <= 80


def test_a_file_lies_under_its_name_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    (tmp_path / "video.mp4").write_bytes(b"a film")
    for _ in range(2):
        made = titled(tmp_path / "video.mp4", "Vibe Ace - 1.5 s")
        assert made == tmp_path / "Vibe Ace - 1.5 s.mp4" and made.read_bytes() == b"a film"
        monkeypatch.setattr(os, "link", refuse)


def test_sizes_are_told_as_people_say_them(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    for size, said in ((10, "1 kB"), (99_400, "99 kB"), (346_000, "0.3 MB"), (3_400_000, "3.4 MB")):
        path.write_bytes(bytes(size))
        assert size_of(path) == said
