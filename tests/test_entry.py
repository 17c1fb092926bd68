"""What entry points do around their work: the console, the signals, and one guard."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import PLAIN, ROOT, WriteSong, music, names

import musvid
from musvid import MusvidError, _ffmpeg
from musvid.__main__ import main

BARE = (*PLAIN, "--strength", "0", "--size", "64", "--upscale", "1", "--interpolator", "blend")
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such things")


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"} | more


def run(
    *arguments: str | bytes | Path, cwd: Path, site: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    """The command line; site: what Python does before everything else."""
    folder = cwd.parent / f"{cwd.name}-site"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(site)
    paths = os.pathsep.join((str(folder), str(ROOT)))
    return subprocess.run(
        [sys.executable, "-m", "musvid", *arguments],
        cwd=cwd,
        env={**environment(**more), "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
    )


# The console.


@posix
@pytest.mark.parametrize("console", ["head", "closed", "full"])
def test_a_console_that_is_gone_does_not_end_a_render(
    console: str, write_song: WriteSong, tmp_path: Path
) -> None:
    song, output = write_song(music(0.3)), tmp_path / "a.mp4"
    command = [sys.executable, "-m", "musvid", song, "-o", output, *BARE, "--no-cache"]
    streams = {"head": "2>&1 | true", "closed": ">&- 2>&-", "full": ">/dev/full 2>/dev/full"}
    if console == "full" and not Path("/dev/full").exists():
        pytest.skip("no disk that is full")
    # The status of the first process of the pipe.
    script = f'set -o pipefail; "$@" {streams[console]}'
    done = subprocess.run(
        ["bash", "-c", script, "bash", *command], env=environment(), cwd=ROOT, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert output.exists()
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@posix
def test_a_console_that_does_not_know_a_letter_shows_what_it_can(
    write_song: WriteSong, tmp_path: Path
) -> None:
    name = os.fsdecode("ti\u0308tel \u2603 ".encode() + b"\xff.wav")
    write_song(music(0.3), name)
    done = run(name, *BARE, cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "ti\\u0308tel \\u2603 \\udcff.mp4\n"
    assert (tmp_path / name).with_suffix(".mp4").exists()


# Signals.

KILL = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
"""


@posix
@pytest.mark.parametrize("module", ["numpy", "musvid.rendering", "argparse", "torch", "gradio"])
def test_ctrl_c_while_it_imports_ends_it_in_a_word(
    module: str, write_song: WriteSong, tmp_path: Path
) -> None:
    song = write_song(music(0.3))
    arguments = ["app"] if module == "gradio" else [song, "--size", "64", "--quiet"]
    done = run(*arguments, cwd=tmp_path, site=KILL.format(module=module))
    assert done.returncode == 130, done.stderr
    assert done.stderr.startswith("Stopped")
    assert done.stderr.count("\n") == 1
    assert names(tmp_path) == {"song.wav"}


@posix
def test_ctrl_c_while_the_page_imports_ends_it(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(KILL.format(module="gradio"))
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment(PYTHONPATH=os.pathsep.join((str(tmp_path), str(ROOT)))),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@posix
def test_a_library_leaves_the_signals_alone() -> None:
    script = (
        "import signal\n"
        "before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]\n"
        "import musvid\n"
        "assert before == [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]"
    )
    subprocess.run([sys.executable, "-c", script], env=environment(), check=True)


@posix
def test_what_is_ignored_stays_ignored(write_song: WriteSong, tmp_path: Path) -> None:
    """As nohup asks for."""
    kill = (
        "import os, signal, threading\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGHUP)).start()\n"
    )
    done = run(write_song(music(0.5)), *BARE, cwd=tmp_path, site=kill)
    assert done.returncode == 0, done.stderr
    assert "song.mp4" in names(tmp_path)


# The guard.


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (RuntimeError("a\nb" * 500), "Something unforeseen went wrong (RuntimeError: a b"),
        (PermissionError(13, "Permission denied", "x"), "Permission denied (x)"),
        (MemoryError(), "The memory does not suffice"),
        (RecursionError(), "Something unforeseen"),
    ],
)
def test_what_nobody_foresaw_is_a_sentence(
    error: Exception,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("musvid.__main__.job_of", fail)
    assert main([str(tmp_path / "a.wav"), "--quiet"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("musvid: ")
    assert says in told
    assert told.count("\n") == 1
    assert len(told) < 500
    with pytest.raises(type(error)):
        main([str(tmp_path / "a.wav"), "--quiet", "--debug"])


@pytest.fixture
def _fresh_ffmpeg() -> None:
    _ffmpeg.executable.cache_clear()
    yield
    _ffmpeg.executable.cache_clear()


@pytest.mark.usefixtures("_fresh_ffmpeg")
@pytest.mark.parametrize("kind", ["gone", "text", "folder", "broken"])
def test_an_ffmpeg_that_cannot_be_is_told(
    kind: str, write_song: WriteSong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song, program = write_song(music(0.3)), tmp_path / "ffmpeg"
    if kind == "folder":
        program.mkdir()
    elif kind != "gone":
        program.write_bytes(b"\0\1\2 no program")
        program.chmod(0o755 if kind == "broken" else 0o644)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
    with pytest.raises(MusvidError, match="ffmpeg") as caught:
        musvid.render(song, musvid.Recipe(style=musvid.Style(strength=0)), tmp_path / "a.mp4")
    assert str(program)[:20] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_temporary_folder_is_told_before_anything_is_rendered(
    write_song: WriteSong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No usable temporary directory found")

    song = write_song(music(0.3))
    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    monkeypatch.setattr("musvid.comparison.run.render", refuse)
    with pytest.raises(MusvidError, match="TMPDIR"):
        musvid.compare(song, output=tmp_path / "a.mp4")


# The page.


@pytest.mark.parametrize("trouble", ["port", "host", "far", "temporary"])
def test_a_page_that_cannot_be_says_why(
    trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from musvid.page import launch

    with socket.create_server(("127.0.0.1", 0)) as taken:
        arguments = {
            "port": ["--port", str(taken.getsockname()[1])],
            "host": ["--host", "no-such-host.invalid"],
            "far": ["--host", "203.0.113.7"],
            "temporary": [],
        }[trouble]
        (tmp_path / "file").touch()
        if trouble == "temporary":
            monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "file" / "x"))
        if trouble == "port":  # as a user sees it
            command = [sys.executable, "app.py", *arguments]
            done = subprocess.run(
                command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120
            )
            assert done.returncode == 1, done.stderr
            told = done.stderr
        else:
            monkeypatch.setattr(launch, "build", lambda *_: pytest.fail("built before it is told"))
            with pytest.raises(SystemExit) as end:
                launch.main(arguments)
            told = str(end.value.code)
    assert told.splitlines()[-1].startswith("musvid: ")
    assert "Traceback" not in told
    assert {"port": "--port", "host": "--host", "far": "--host", "temporary": "TMPDIR"}[
        trouble
    ] in told


def test_a_page_that_ends_while_it_warms_says_nothing_of_it() -> None:
    from musvid.page import launch

    def fails(text: str) -> SimpleNamespace:
        def warm() -> None:
            raise RuntimeError(text)

        return SimpleNamespace(warm=warm)

    # What pools say a moment before the main thread counts as ended.
    launch._warm(fails("cannot schedule new futures after interpreter shutdown"))
    with pytest.raises(RuntimeError, match="something else"):
        launch._warm(fails("something else"))


@pytest.mark.skipif(sys.platform != "linux", reason="how other systems begin a program")
def test_ffmpeg_begins_while_a_thread_changes_the_surroundings() -> None:
    """As Ray's client does, in a process of its own, since it changes them without end."""
    code = (
        "import os, threading\n"
        "from musvid import _ffmpeg\n"
        "def change():\n"
        "    for number in range(10**9):\n"
        "        os.putenv(f'MUSVID_TEST_{number % 400}', 'x' * (number % 300))\n"
        "        os.unsetenv(f'MUSVID_TEST_{number * 7 % 400}')\n"
        "_ffmpeg.executable()\n"  # as the cluster does before it joins
        "threading.Thread(target=change, daemon=True).start()\n"
        "for _ in range(30):\n"
        "    with _ffmpeg.Process(['-version'], stdout=True) as process:\n"
        "        process.read_bytes(1)\n"
        "os._exit(0)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
