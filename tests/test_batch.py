"""Several songs at once, and a folder that is watched."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PLAIN, names, tone, write_wav
from test_cli import environment

from musvid import SettingsError, SongError, _batch, load_settings
from musvid.__main__ import main
from musvid.album.watching import STILL, Tried, Watched

BARE = (*PLAIN, "--strength", "0", "--size", "64", "--interpolator", "blend", "--device", "cpu")
SMALL = (*BARE, "--shown", "64x64")


def song(path: Path, pitch: float = 440, seconds: float = 0.2) -> Path:
    path.parent.mkdir(exist_ok=True)
    return write_wav(path, tone(pitch, seconds))


def changed(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_ino, facts.st_mtime_ns


def test_several_songs_become_videos_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = song(tmp_path / "a" / "one.wav"), song(tmp_path / "b" / "two.wav", 330)
    broken = tmp_path / "b" / "broken.mp3"
    broken.write_bytes(b"nothing")
    given = ["render", str(first), str(second), str(broken), *SMALL]
    assert main(given) == 1
    told = capsys.readouterr()
    assert "musvid: broken.mp3 is not a sound file" in told.err
    made = [tmp_path / "a" / "one.mp4", tmp_path / "b" / "two.mp4"]
    assert told.out.split() == [str(path) for path in made]
    assert names(tmp_path / "a") == {"one.wav", "one.mp4", _batch.MEMORY}
    before = [changed(path) for path in made]
    broken.unlink()
    assert main([each for each in given if each != str(broken)]) == 0
    assert [changed(path) for path in made] == before, "what is there is not rendered again"
    assert main([*(each for each in given if each != str(broken)), "--gamma", "2"]) == 0
    assert all(changed(path) != old for path, old in zip(made, before, strict=True))


def test_several_songs_for_something(tmp_path: Path) -> None:
    songs = [song(tmp_path / f"{name}.wav", 220 + 50 * n, 1.2) for n, name in enumerate("ab")]
    out = tmp_path / "out"
    out.mkdir()
    aim = ("--for", "vj", "--duration", "1.1")
    assert main(["render", *map(str, songs), *BARE, *aim, "-o", str(out), "--quiet"]) == 0
    assert names(out) == {"a.mov", "b.mov", _batch.MEMORY}
    found = load_settings(out / "a.mov")
    assert (found.target, found.loop, found.view.shown) == ("vj", True, (1920, 1080))


def test_a_video_of_somebody_else_stays(tmp_path: Path) -> None:
    songs = [song(tmp_path / "a.wav"), song(tmp_path / "b.wav", 330)]
    (tmp_path / "a.mp4").write_bytes(b"a film")
    assert main(["render", *map(str, songs), *SMALL, "--quiet"]) == 0
    assert (tmp_path / "a.mp4").read_bytes() == b"a film"
    assert names(tmp_path) >= {"a.musvid.mp4", "b.mp4"}


def test_one_song_is_rendered_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = song(tmp_path / "in" / "a.wav")
    assert main(["render", str(path), *SMALL, "--quiet"]) == 0
    assert names(tmp_path) == {"in", "a.mp4"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--compare"], "leave out --compare"),
        (["--at", "1"], "leave out --at"),
        (["--frames", "x"], "leave out --frames"),
        (["--for", "canvas", "--duration", "30"], "canvas takes 3 to 8 s"),
        (["--gamma", "99"], "gamma must be"),
    ],
)
def test_what_does_not_suit_several_songs_is_one_sentence(
    options: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    songs = [song(tmp_path / "a.wav"), song(tmp_path / "b.wav", 330)]
    assert main(["render", *map(str, songs), *options]) == 2
    err = capsys.readouterr().err.strip()
    assert told in err and "\n" not in err
    assert names(tmp_path) == {"a.wav", "b.wav"}


def test_a_song_is_taken_once_it_stands_still(tmp_path: Path) -> None:
    now = [0.0]
    watched = Watched(tmp_path, clock=lambda: now[0])
    assert watched.songs() == []
    path = song(tmp_path / "a.wav")
    (tmp_path / "notes.txt").write_text("no song")
    song(tmp_path / ".hidden.wav")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere")
    assert watched.songs() == []
    now[0] += STILL - 0.1
    assert watched.songs() == []
    with path.open("ab") as file:  # a copy that is not finished
        file.write(b"more")
    now[0] += STILL - 0.1
    assert watched.songs() == []
    now[0] += STILL
    assert watched.songs() == [path]
    assert watched.songs() == [path]
    path.unlink()
    assert watched.songs() == []
    path.parent.rename(tmp_path.with_name("elsewhere"))
    with pytest.raises(SongError, match="cannot be read"):
        watched.songs()


def test_what_failed_is_tried_again_once_it_has_changed(tmp_path: Path) -> None:
    path, tried = song(tmp_path / "a.wav"), Tried()
    assert tried.worth(path)
    tried.note(path)
    assert not tried.worth(path)
    song(path, seconds=0.4)
    assert tried.worth(path)
    path.unlink()
    tried.note(path)
    assert tried.worth(path)


@pytest.mark.parametrize("given", [["nowhere"], ["a.wav"]])
def test_only_a_folder_is_watched(
    given: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    song(tmp_path / "a.wav")
    with pytest.raises(SongError, match="There is no folder"):
        _batch.watch(given)
    with pytest.raises(SettingsError, match="--every"):
        _batch.watch([".", "--every", "0"])


def until(what: Callable[[], bool], seconds: float = 120) -> None:
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.2)


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
def test_a_folder_is_watched_until_ctrl_c(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    song(folder / "first.wav")
    log = tmp_path / "log"
    command = [sys.executable, "-m", "musvid", "watch", folder, *SMALL, "--every", "0.2"]
    with log.open("w") as file:
        process = subprocess.Popen(
            list(map(str, command)), env=environment(), stdout=file, stderr=file, cwd=tmp_path
        )
    try:
        until((folder / "first.mp4").exists)
        (folder / "broken.mp3").write_bytes(b"nothing")
        part = song(tmp_path / "part.wav", 330)
        part.replace(folder / "second.wav")
        until((folder / "second.mp4").exists)
        until(lambda: "broken.mp3 is not a sound file" in log.read_text())
        time.sleep(1)
        assert process.poll() is None, log.read_text()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait()
    told = log.read_text()
    assert told.count("broken.mp3 is not") == 1, "it is tried once"
    assert told.splitlines()[-1] == _batch.STOPPED
    assert "Traceback" not in told
    videos = {"first.wav", "first.mp4", "second.wav", "second.mp4"}
    assert names(folder) == videos | {"broken.mp3", _batch.MEMORY}
