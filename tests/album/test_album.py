"""An album on the real command line, and by the model that its songs share."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PLAIN, music, names, tone, write_wav
from PIL import Image
from test_cli import environment

from musvid import Cancelled, OutputError, Recipe, load_settings
from musvid.__main__ import main
from musvid._album import _of_no_song
from musvid._options import album_parser, recipe_from
from musvid.album import notes, songs
from musvid.album.run import Album
from musvid.paint.painter import Painter
from musvid.paint.style import Style

BARE = (*PLAIN, "--strength", "0", "--size", "64", "--upscale", "1", "--interpolator", "blend")
HOSTILE = ("<b>&\"'.wav", "Grüße.wav", "-x.wav")
MADE = {"index.html", "sheet.jpg", "album.json"}


def album(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "musvid", "album", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=300
    )


def fill(folder: Path, *found: str, seconds: float = 0.2) -> Path:
    folder.mkdir()
    for number, name in enumerate(found):
        write_wav(folder / name, tone(220 + 40 * number, seconds))
    return folder


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    found = {path: path.stat() for path in folder.glob("*.mp4")}
    return {path.name: (each.st_ino, each.st_mtime_ns) for path, each in found.items()}


def test_an_album_on_the_command_line(tmp_path: Path) -> None:
    folder = fill(tmp_path / "Night & Day", *HOSTILE)
    (folder / "broken.wav").write_bytes(b"RIFF and nothing else")
    (folder / "notes.txt").write_text("side A")
    run = album(folder.name, *BARE, cwd=tmp_path)
    assert run.returncode == 1, run.stderr
    made = tmp_path / "Night & Day.album"
    videos = {"<b>&\"'.mp4", "Grüße.mp4", "-x.mp4"}
    assert names(made) == videos | MADE
    assert names(tmp_path) == {"Night & Day", "Night & Day.album"}
    assert run.stdout.strip() == str(Path("Night & Day.album", "index.html"))
    told = run.stderr.replace("\r", "\n")
    assert "Night & Day: 4 songs\n" in told
    assert "no sound: notes.txt." in told
    assert "songs: 100%" in told
    assert "\nmusvid: broken.wav is not a sound file" in told
    assert "3 songs in Night & Day.album, 1 could not be rendered" in told
    for name in videos:
        assert load_settings(made / name).size == (64, 64)
    # The page says nothing but what it was told, and of the failure too.
    page = (made / "index.html").read_text(encoding="utf-8")
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;&quot;&#x27;" in page
    assert 'src="./%3Cb%3E%26%22%27.mp4"' in page
    assert 'src="./-x.mp4"' in page
    assert page.count('<video controls preload="none"') == 3
    assert "broken.wav is not a sound file" in page
    assert "<script" not in page
    assert (made / "sheet.jpg").stat().st_size < 1_000_000
    with Image.open(made / "sheet.jpg") as sheet:
        assert sheet.size[0] == 1600
        assert np.asarray(sheet).std() > 5

    # Again: nothing is rendered that is there, and what has failed is tried.
    write_wav(folder / "broken.wav", tone(220 + 40 * 9, 0.2))
    before = stamps(made)
    run = album(folder.name, *BARE, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "4 songs; 3 of them are there" in run.stderr
    after = stamps(made)
    assert after.pop("broken.mp4")
    assert after == before
    assert "broken.wav is not" not in (made / "index.html").read_text(encoding="utf-8")


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two songs beside the user."""
    monkeypatch.chdir(tmp_path)
    return fill(tmp_path / "pair", "a.wav", "b.wav")


def test_other_settings_and_another_song_are_rendered_anew(pair: Path) -> None:
    made = pair.with_name("pair.album")
    assert main(["album", "pair", *BARE, "--quiet"]) == 0
    first = stamps(made)
    write_wav(pair / "b.wav", tone(220 + 40 * 7, 0.2))
    assert main(["album", "pair", *BARE, "--quiet"]) == 0
    second = stamps(made)
    assert second["a.mp4"] == first["a.mp4"]
    assert second["b.mp4"] != first["b.mp4"]
    assert main(["album", "pair", *BARE, "--palette", "ice", "--quiet"]) == 0
    third = stamps(made)
    assert third.keys() == second.keys()
    assert not third.items() & second.items()
    assert {load_settings(path).look.palette for path in made.glob("*.mp4")} == {"ice"}


def test_a_video_that_was_cut_off_or_swapped_is_rendered_anew(pair: Path) -> None:
    made = pair.with_name("pair.album")
    assert main(["album", "pair", *BARE, "--quiet"]) == 0
    whole = (made / "a.mp4").read_bytes()
    (made / "a.mp4").write_bytes(whole[:-100])
    (made / "b.mp4").unlink()
    assert main(["album", "pair", *BARE, "--quiet"]) == 0
    assert load_settings(made / "b.mp4").size == (64, 64)
    assert names(made) == {"a.mp4", "b.mp4"} | MADE
    assert (made / "a.mp4").stat().st_size == len(whole)


def test_what_musvid_did_not_make_stays(pair: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = pair.with_name("out")
    made.mkdir()
    foreign = {"a.mp4", "index.html", "sheet.jpg", "album.json"}
    for name in foreign:
        (made / name).write_text("mine")
    for _ in range(2):
        assert main(["album", "pair", "-o", "out", *BARE]) == 0
        assert all((made / name).read_text() == "mine" for name in foreign)
        ours = {"a.musvid.mp4", "b.mp4", "index.musvid.html", "sheet.musvid.jpg"}
        assert names(made) == foreign | ours | {"album.musvid.json"}
    page = (made / "index.musvid.html").read_text()
    assert 'src="./a.musvid.mp4"' in page
    assert 'href="./sheet.musvid.jpg"' in page
    assert "a.mp4 is there, and musvid did not make it" in caplog.text
    assert main(["album", "pair", "-o", "out", "--overwrite", *BARE, "--quiet"]) == 0
    assert load_settings(made / "b.mp4").size == (64, 64)
    assert b"musvid album" in (made / "index.html").read_bytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--compare"], "leave out --compare"),
        (["--vary", "seed=1,2"], "leave out --vary"),
        (["--at", "0:01"], "leave out --at"),
        (["--frames", "f"], "leave out --frames"),
        (["--curves-to", "a.csv"], "curves of one song"),
        (["--guide", "missing.png"], "There is no guide"),
        (["--stride", "0"], "stride"),
        (["--cover", "missing.png", "--view", "ring"], "no picture"),
        (["--cover", "missing.png"], "--view ring"),
        (["--lyrics", "words.lrc"], "--lyrics auto"),
        (["--logo", "missing.png"], "no picture"),
        (["-o", "no/where"], "does not exist"),
        (["-o", "pair/a.wav"], "is a file"),
        (["--preset", "nothing"], "preset"),
        (["--flavr-weights", "missing"], "no FLAVR checkpoint"),
    ],
)
def test_what_is_wrong_for_all_songs_is_told_at_once(
    pair: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["album", "pair", *options]) in (1, 2)
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert names(pair.parent) == {"pair"}
    assert names(pair) == {"a.wav", "b.wav"}


def test_a_part_that_one_song_does_not_have_stops_no_other(
    pair: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_wav(pair / "b.wav", music(0.6))
    assert main(["album", "pair", *BARE, "--start", "0.3"]) == 1
    assert "The start (0.3 s) lies beyond the end of a.wav" in capsys.readouterr().err
    assert names(pair.with_name("pair.album")) == {"b.mp4"} | MADE


def test_what_loaded_settings_say_of_another_song_is_left_out(pair: Path) -> None:
    other = Recipe.from_flat(
        {
            "size": 64,
            "upscale": 1,
            "style.strength": 0,
            "look.palette": "ice",
            "start": 5.0,
            "duration": 9.0,
            "form": "0:00 A | 0:05 B",
            "story": "A: view tunnel",
            "lock.note": "1/8",
            "lock.bpm": "90",
            "lock.beat": 3.0,
            "fps": "20",
        }
    )
    Path("other.json").write_text(other.to_json(), encoding="utf-8")
    loaded = album_options("pair", "--settings", "other.json", "--bpm", "120", "--form", "0:00 A")
    assert (loaded.start, loaded.duration, loaded.form, loaded.story) == (0, None, "0:00 A", "auto")
    assert (loaded.lock.note, loaded.lock.bpm, loaded.lock.beat) == ("1/8", 120, None)
    assert (loaded.look.palette, loaded.fps) == ("ice", 20)
    assert main(["album", "pair", "--settings", "other.json", "--lock", "off", *BARE]) == 0
    assert names(pair.with_name("pair.album")) == {"a.mp4", "b.mp4"} | MADE


def album_options(*given: str) -> Recipe:
    options = album_parser().parse_args(given)
    return _of_no_song(recipe_from(options), vars(options))


@pytest.mark.usefixtures("pair")
def test_words_for_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "pair/a.wav", *BARE, "--quiet"]) == 0
    assert load_settings("a.mp4").size == (64, 64)
    assert main(["album", "--preset", "list"]) == 0
    assert "living" in capsys.readouterr().out
    write_wav(Path("album"), music(0.2))
    assert main(["./album", *BARE, "--quiet"]) == 0
    assert load_settings("album.mp4").size == (64, 64)
    with pytest.raises(SystemExit) as stopped:
        main(["album"])
    assert stopped.value.code == 2
    assert "FOLDER|SONG" in capsys.readouterr().err


def test_what_stops_an_album_keeps_what_is_done(tmp_path: Path) -> None:
    folder = fill(tmp_path / "long", "a.wav")
    write_wav(folder / "b.wav", music(20.0))
    command = [sys.executable, "-m", "musvid", "album", "long", *BARE]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    made = tmp_path / "long.album"
    deadline = time.monotonic() + 120
    while not list(made.glob(".b-*.part")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 130
    assert told.endswith("Stopped; what is finished stays, and the same command goes on there.\n")
    assert names(made) == {"a.mp4"} | MADE
    page = (made / "index.html").read_text()
    assert page.count("<video") == 1
    assert "Not rendered yet" in page
    before = stamps(made)
    run = album("long", *BARE, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert names(made) == {"a.mp4", "b.mp4"} | MADE
    assert stamps(made)["a.mp4"] == before["a.mp4"]


@pytest.mark.deep
def test_an_album_on_a_cluster_is_the_same(pair: Path) -> None:
    pytest.importorskip("ray")
    for number, name in enumerate(("a.wav", "b.wav")):
        write_wav(pair / name, tone(220 + 40 * number, 1.0))
    (pair / "c.wav").write_bytes(b"broken")
    options = (*PLAIN, "--size", "64", "--upscale", "1")
    run = album("pair", *options, "--no-cache", "--cluster", "auto", cwd=pair.parent)
    assert run.returncode == 1, run.stderr
    assert "c.wav is not a sound file" in run.stderr
    assert album("pair", *options, "-o", "alone", cwd=pair.parent).returncode == 1
    for name in ("a.mp4", "b.mp4"):
        assert Path("pair.album", name).read_bytes() == Path("alone", name).read_bytes()
    before = stamps(Path("pair.album"))
    assert "2 of them are there" in album("pair", *options, cwd=pair.parent).stderr
    assert stamps(Path("pair.album")) == before


class Told:
    """Progress as it comes."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, str, int, int]] = []
        self.done: list[str] = []

    def __call__(self, song: str, stage: str, done: int, total: int) -> None:
        self.stages.append((song, stage, done, total))

    def finished(self, song: str) -> None:
        self.done.append(song)


PAINTED = Recipe.from_flat({"size": 64, "upscale": 1, "style.steps": 1, "stride": 8, "after": 8})


def test_one_model_paints_all_songs(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Style] = []

    class Counted(Painter):
        def __init__(self, style: Style, **more: Any) -> None:
            loaded.append(style)
            super().__init__(style, **more)

    monkeypatch.setattr("musvid.album.run.Painter", Counted)
    told = Told()
    made = Album(songs.find([pair]), PAINTED, "out", name="pair")
    made.render(progress=told, device="cpu")
    assert len(loaded) == 1
    assert told.done == ["a", "b"]
    for name in told.done:
        last = [each for each in told.stages if each[:2] == (name, "frames")][-1]
        assert last[2] == last[3]
    assert not made.errors
    assert not made.missing


def test_a_given_model_paints_songs_abreast(pair: Path) -> None:
    write_wav(pair / "c.wav", tone(220 + 40 * 4, 0.2))
    (pair / "d.wav").write_bytes(b"broken")
    painter = Painter(PAINTED.style.resolve(), device="cpu")
    inside: list[Style] = []
    both = threading.Barrier(2, timeout=60)

    @contextmanager
    def painters(style: Style) -> Iterator[Painter]:
        inside.append(style)
        if len(inside) <= 2:
            both.wait()  # two songs are here at once
        yield painter

    told = Told()
    made = Album(songs.find([pair]), PAINTED, "out", name="pair")
    made.render(progress=told, painters=painters, abreast=2, device="cpu")
    assert sorted(told.done) == ["a", "b", "c", "d"]
    assert made.errors.keys() == {"d"}
    assert made.present() == Path("out", "index.html")
    assert {note.video for note in notes.load(Path("out", "album.json")).values()} == {
        *("a.mp4", "b.mp4", "c.mp4")
    }
    alone = Album(songs.find([pair]), PAINTED, "alone", name="pair")
    alone.render(device="cpu")
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        assert Path("out", name).read_bytes() == Path("alone", name).read_bytes()


@pytest.mark.parametrize("abreast", [1, 2])
def test_cancelling_ends_it(pair: Path, abreast: int) -> None:
    cancel = threading.Event()

    class Stopping(Told):
        def finished(self, song: str) -> None:
            super().finished(song)
            cancel.set()

    told = Stopping()
    recipe = Recipe.from_flat({"size": 64, "upscale": 1, "style.strength": 0})
    for number in range(4):
        write_wav(pair / f"c{number}.wav", tone(220 + 40 * (10 + number), 0.2))
    made = Album(songs.find([pair]), recipe, "out", name="pair")
    with pytest.raises(Cancelled):
        made.render(progress=told, cancel=cancel, abreast=abreast)
    assert 1 <= len(told.done) <= abreast
    assert len(list(Path("out").glob("*.mp4"))) == len(told.done)


def test_a_model_that_cannot_be_had_ends_it(pair: Path) -> None:
    @contextmanager
    def painters(_: Style) -> Iterator[Painter]:
        raise OutputError("There is no painter.")
        yield

    made = Album(songs.find([pair]), PAINTED, "out", name="pair")
    with pytest.raises(OutputError, match="no painter"):
        made.render(painters=painters)
    assert not made.errors


def test_notes_that_somebody_changed_are_no_harm(pair: Path) -> None:
    assert main(["album", "pair", *BARE, "--quiet"]) == 0
    made = pair.with_name("pair.album")
    path = made / "album.json"
    whole = json.loads(path.read_text())
    before = stamps(made)
    first = next(iter(whole["songs"]))
    for broken in ({"video": "../pair/a.wav"}, {"bytes": "many"}, {"moment": None}, {"made_by": 1}):
        values = json.loads(json.dumps(whole))
        values["songs"][first] |= broken
        path.write_text(json.dumps(values))
        assert main(["album", "pair", *BARE, "--quiet"]) == 0
        assert stamps(made).keys() == before.keys()
        assert json.loads(path.read_text())["songs"][first]["video"] == "a.mp4"
    path.write_text('{"musvid": "album", "songs": [1, 2]}')
    assert main(["album", "pair", *BARE, "--quiet"]) == 0
    assert names(pair) == {"a.wav", "b.wav"}
