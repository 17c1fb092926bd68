"""Names and places that want to harm: a video or a sentence, and no file of a stranger touched."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import PLAIN, WriteSong, music, write_wav

from musvid import Recipe, Song, Style, compare, render
from musvid.__main__ import main
from musvid.comparison.run import check_outputs
from musvid.video.naming import is_video_of_ours

BARE = (*PLAIN, "--strength", "0", "--size", "64", "--upscale", "1", "--interpolator", "blend")
QUICK = (*BARE, "--fps", "5", "--quiet")
RECIPE = Recipe(size=(64, 64), upscale=1, interpolator="blend", style=Style(strength=0))


def contents(folder: Path) -> dict[str, str]:
    """Every file below a folder, by its path, and what is in it; links as what they say."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = os.fsencode(path.relative_to(folder)).decode("utf-8", "backslashreplace")
        if path.is_symlink():
            found[name] = f"to {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = "folder"
    return found


# What was not named, and was not made by musvid, is kept.


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder beside the song."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


FILMS = {
    "film": lambda path: path.write_bytes(b"a concert, filmed " * 99),
    "empty": lambda path: path.touch(),
    "folder": lambda path: path.mkdir(),
    "link": lambda path: path.symlink_to("elsewhere"),
}


@pytest.mark.parametrize("kind", FILMS)
def test_a_film_with_the_songs_name_is_kept(
    kind: str,
    here: Path,
    write_song: WriteSong,
    capsys: pytest.CaptureFixture[str],
) -> None:
    song = write_song(music(0.3), "concert.wav")
    FILMS[kind](here / "concert.mp4")
    before = contents(here)
    for _ in range(2):  # what musvid made under the other name is replaced
        assert main([str(song), *BARE]) == 0
        assert capsys.readouterr().out == "concert.musvid.mp4\n"
    after = contents(here)
    assert after.pop("concert.musvid.mp4")
    assert after == before


def test_the_other_name_is_told_even_when_quiet(
    here: Path, write_song: WriteSong, caplog: pytest.LogCaptureFixture
) -> None:
    (here / "song.mp4").write_text("a film")
    (here / "song.musvid.mp4").write_text("another one")
    made = render(write_song(music(0.3)), RECIPE)
    assert str(made) == "song.musvid-2.mp4"
    (told,) = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert "song.mp4 is there" in told
    assert "song.musvid-2.mp4" in told
    assert "--overwrite" in told


def test_a_video_of_musvid_is_made_anew(here: Path, write_song: WriteSong) -> None:
    song = write_song(music(0.3))
    assert main([str(song), *QUICK]) == 0
    first = (here / "song.mp4").read_bytes()
    assert is_video_of_ours(here / "song.mp4")
    assert main([str(song), *QUICK, "--palette", "fire"]) == 0
    assert (here / "song.mp4").read_bytes() != first
    assert contents(here).keys() == {"song.mp4"}


def test_what_is_named_is_replaced_and_overwrite_replaces_the_rest(
    here: Path, write_song: WriteSong
) -> None:
    song = write_song(music(0.3))
    (here / "song.mp4").write_text("a film")
    assert main([str(song), *QUICK, "-o", "song.mp4"]) == 0
    assert is_video_of_ours(here / "song.mp4")
    (here / "song.mp4").write_text("a film")
    assert main([str(song), *QUICK, "--overwrite"]) == 0
    assert contents(here).keys() == {"song.mp4"}
    assert is_video_of_ours(here / "song.mp4")


def test_a_song_that_is_a_video_here_is_kept(here: Path, write_song: WriteSong) -> None:
    made = render(write_song(music(0.3)), RECIPE, here / "song.mp4")
    before = made.read_bytes()
    assert main(["song.mp4", *QUICK, "--palette", "fire"]) == 0
    assert made.read_bytes() == before
    assert contents(here).keys() == {"song.mp4", "song.musvid.mp4"}
    assert main(["song.mp4", *QUICK, "--overwrite"]) == 1, "the song itself, never"
    assert made.read_bytes() == before


def test_a_comparison_keeps_figures_and_pictures_of_others(
    here: Path, write_song: WriteSong, caplog: pytest.LogCaptureFixture
) -> None:
    song = write_song(music(0.3))
    (here / "song.json").write_text('{"settings": "of something else"}')
    (here / "song.png").write_bytes(b"a cover")
    before = contents(here)
    for _ in range(2):
        made = compare(song, RECIPE, here / "song.mp4")
        assert [path.name for path in (made.video, made.chart, made.figures)] == [
            *("song.mp4", "song.musvid.png", "song.musvid.json")
        ]
    assert {name: contents(here)[name] for name in before} == before
    assert "is kept" in caplog.text
    assert json.loads(made.figures.read_text())["song"] == "song.wav"
    opened = Song.open(song)
    assert check_outputs(opened, here / "song.mp4", overwrite=True)[1].name == "song.png"
    (here / "song.compare.mp4").write_text("a film")
    assert {path.name for path in check_outputs(opened)} == {
        f"song.compare.musvid.{end}" for end in ("mp4", "png", "json")
    }


def test_a_comparison_names_a_song_that_is_not_utf8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux has such names")
    monkeypatch.chdir(tmp_path)
    song = write_wav(tmp_path / os.fsdecode(b"\xff song.wav"), music(0.3))
    made = compare(song, RECIPE)
    assert json.loads(made.figures.read_text(encoding="utf-8"))["song"] == "\ufffd song.wav"


# Generated ones.

LONG = "x" * 300
# Parts of names, of which each is a trap for some program.
PARTS = (
    *("-", "--output", "-y", "%04d", "%s", "a b", "'", '"', "`id`", "$(id)", "$HOME", "~", "~root"),
    *("file:x", "http:x", "concat:a|b", "pipe:1", "a,b", "[0:v]", "{}", "*", "?", "#", "&", ";"),
    *("\n", "\t", "\\", "\u0301", "\u202e", "\u2603", "日本", "é", "e\u0301", "CON", "nul", "."),
    *("..", ".hidden", " ", "x" * 120, "☃" * 60, "x" * 247, "☃" * 82, LONG, "musvid", "app"),
)
LEGAL = [part for part in PARTS if part not in (".", "..")]
TRASH = ("film", "link", "folder", "settings", "lock", "part", "frames")


@dataclass
class Case:
    """One command line, and what lies around."""

    song: str
    arguments: list[str]
    trash: list[tuple[str, str]] = field(default_factory=list)


def case(chance: random.Random) -> Case:
    """A song of some name, outputs of others, and strangers' files under all of them."""

    def name(most: int = 2) -> str:
        made = "".join(chance.choices(LEGAL, k=chance.randint(1, most)))
        return made[: chance.choice((40, 80, 200, 300))]

    song = f"{name()}.wav"
    arguments, trash = [], []
    stem = song.removesuffix(".wav")
    wish = chance.choice(("", "", "-o", "-o", "-o folder", "-o odd"))
    output = f"{stem}.mp4"
    if wish:
        output = f"{name()}.mp4"
        if wish == "-o folder":
            output = chance.choice(("no/such", "a", ".", "..", LONG, "song")) + "/" + output
        elif wish == "-o odd":
            output = chance.choice(
                (name(), "", ".mp4", "/", ".", "a.mp4/", "\u0085.mp4", "/dev/null")
            )
        arguments.append(f"--output={output}")
    if chance.random() < 0.3:
        arguments.append(f"--frames={chance.choice((name(), 'a', LONG, '/dev/null/x'))}")
    if chance.random() < 0.2:
        arguments.append(f"--settings={name()}{chance.choice(('.json', '.mp4', ''))}")
    if chance.random() < 0.1:
        arguments.append("--overwrite")
    for kind in chance.choices(TRASH, k=chance.randint(0, 4)):
        base = chance.choice(
            (output, f"{stem}.mp4", f"{stem}.png", f"{stem}.json", f"{name()}.mp4")
        )
        trash.append((kind, base))
    return Case(song, arguments, trash)


def strew(folder: Path, kind: str, base: str) -> None:
    """Put a stranger's file where a careless program would tread on it."""
    path = folder / base.replace("/", "_")
    name = f".{path.stem[:40]}-"
    try:
        if path.exists() or path.is_symlink():
            return
        if kind == "film":
            path.write_bytes(b"precious " * 99)
        elif kind == "link":
            path.symlink_to(folder / "precious.txt")
        elif kind == "folder":
            (path / "inner").mkdir(parents=True)
            (path / "inner" / "diary.txt").write_text("precious")
        elif kind == "settings":
            path.with_suffix(".json").write_text('{"stride": 8, "precious": 1}')
        elif kind in ("lock", "part"):
            part = folder / (f"{name}archive" if kind == "lock" else f"{name}0123456789ab.part")
            part.write_text("precious")
            part.with_name(part.name + ".lock").touch()
        else:
            (folder / "a" / "frames").mkdir(parents=True)
            (folder / "a" / "frames" / "000000.png").write_text("precious")
    except (OSError, ValueError):
        pass  # this system has no such name


def wanted(made: Case, folder: Path) -> set[str]:
    """What the command line names, and so may be replaced."""
    named = [each.partition("=")[2] for each in made.arguments if each.startswith("--output")]
    if "--overwrite" in made.arguments and not named:
        named = [made.song.removesuffix(".wav") + ".mp4"]
    found = set()
    for each in named:
        try:
            # Through a link the name itself is replaced, and not what it leads to.
            path = Path(os.path.normpath(folder / each))
            found.add(str(path.relative_to(folder)))
        except ValueError:
            continue
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not have")
@pytest.mark.parametrize(
    ("seed", "count"), [(1, 60), pytest.param(2, 250, marks=pytest.mark.thorough)]
)
def test_strange_names_are_videos_or_sentences_and_nothing_else_is_touched(
    seed: int,
    count: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chance = random.Random(seed)
    song = write_wav(tmp_path / "song.wav", music(0.2))
    codes = []
    for number in range(count):
        made = case(chance)
        around = tmp_path / str(number)
        folder = around / "here"
        folder.mkdir(parents=True)
        (around / "outside.txt").write_text("precious")
        (folder / "precious.txt").write_text("precious")
        monkeypatch.chdir(folder)
        with contextlib.suppress(OSError):  # longer than this system allows
            shutil.copyfile(song, folder / made.song.replace("/", "_"))
        for kind, base in made.trash:
            strew(folder, kind, base)
        before = contents(around)
        name = made.song if not made.song.startswith("-") else f"./{made.song}"
        try:
            code = main([name, *QUICK, "--no-cache", *made.arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        about = (made, told.err)
        codes.append(code)
        assert code in (0, 1, 2), about
        assert "Traceback" not in told.err, about
        assert "unforeseen" not in told.err, about
        assert "refused something" not in told.err, about
        after = contents(around)
        may = {f"here/{each}" for each in wanted(made, folder)} if code == 0 else set()
        lost = {each for each in before if before[each] != after.get(each) and each not in may}
        assert not lost, about
        if code:
            assert told.err.strip(), about
            new = set(after) - set(before)
            assert not [each for each in new if after[each] != "folder"], about
    assert 0.2 < codes.count(0) / count < 0.95, "neither all harmless nor all refused"
