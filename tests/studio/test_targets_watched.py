"""What a page shows of a video that browsers do not play, and what it makes small."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from conftest import WriteSong, music, names

from musvid import Recipe, Song, Style, load_settings
from musvid.job import resolve
from musvid.studio.spool import pack
from musvid.studio.studio import quick_look
from musvid.studio.watch import watch
from musvid.video.file import facts

DRY = Recipe(size=(64, 64), upscale=1, style=Style(strength=0))


def test_what_no_browser_plays_is_shown_as_another_file(
    write_song: WriteSong, tmp_path: Path
) -> None:
    song = Song.open(write_song(music(2.0)), duration=1.1)
    recipe = DRY.aimed("vj")
    job = resolve(replace(recipe, view=replace(recipe.view, shown=(640, 360))), song)
    folder = tmp_path / "made"
    folder.mkdir()
    (*_, last) = watch(job, folder, stop=lambda: False)
    assert last.video == folder / "video.mov" and last.seen == folder / "seen.mp4"
    assert load_settings(last.video).target == "vj"
    seen = facts(last.seen)
    assert seen.width <= 640 and abs(seen.width * 9 - seen.height * 16) <= 32
    assert names(folder) >= {"video.mov", "seen.mp4"}
    assert pack(folder, tmp_path / "frames.zip").stat().st_size > 0


def test_a_quick_look_is_for_nothing_in_particular(write_song: WriteSong) -> None:
    song = Song.open(write_song(music(8.5)))
    job = resolve(DRY.aimed("canvas"), song.part(duration=8.0))
    quick = quick_look(job, 4.0, 1.2)
    assert quick.recipe.target == "" and quick.file_size < (720, 1280)
