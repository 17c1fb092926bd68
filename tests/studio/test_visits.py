"""Visitors' files: nobody's are lost while they may come back, and all others go in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import names

from musvid import OutputError
from musvid.studio.visits import Visits

MINUTE = 60.0


class Clock:
    """A clock that tests set."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary files lie in a folder of the test's own."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


def made(visits: Visits, visitor: str, size: int = 10) -> tuple[Path, Callable[[], bool]]:
    """A finished render of a visitor."""
    folder, stopped = visits.new(visitor)
    (folder / "tiles").mkdir()
    (folder / "video.mp4").write_bytes(bytes(size))
    (folder / "frames.frames").write_bytes(bytes(size))
    return folder, stopped


def test_visitors_have_folders_of_their_own() -> None:
    visits = Visits()
    one, other = visits.folder("one"), visits.folder("other")
    assert one == visits.folder("one") != other
    first, stopped = made(visits, "one")
    assert not stopped()
    visits.stop("other")
    visits.stop("nobody")
    assert not stopped()
    visits.stop("one")
    assert stopped()
    _, stopped = made(visits, "one")
    assert not stopped()
    assert names(first) == {"video.mp4"}  # of the last render all, of those before the video


def test_the_frames_of_what_is_shown_stay() -> None:
    visits = Visits()
    first, _ = made(visits, "one")
    visits.new("one", shown=first)
    assert "frames.frames" in names(first)
    visits.new("one", shown=None)
    assert names(first) == {"video.mp4"}


def test_who_comes_back_within_minutes_finds_everything(clock: Clock) -> None:
    visits = Visits(grace=5 * MINUTE, clock=clock)
    folder, stopped = made(visits, "one")
    for _ in range(3):
        visits.leave("one")
        clock.now += 4 * MINUTE
        visits.leave("one")  # it is noticed again and again
        visits.sweep()
        assert folder.exists()
        assert not stopped()
        visits.seen("one")
        visits.sweep()
    clock.now += 24 * 60 * MINUTE  # somebody who stays, stays
    visits.sweep()
    assert names(folder) == {"video.mp4", "frames.frames", "tiles"}
    visits.leave("one")
    clock.now += 6 * MINUTE
    visits.sweep()
    assert stopped()
    assert not folder.exists()


def test_a_private_page_keeps_everything_until_it_ends(clock: Clock) -> None:
    visits = Visits(clock=clock)
    folders = [made(visits, "one")[0] for _ in range(3)]
    visits.leave("one")
    clock.now += 1000 * 60 * MINUTE
    visits.sweep()
    assert all((folder / "video.mp4").exists() for folder in folders)


def test_a_machines_clock_that_jumps_deletes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    visits = Visits(grace=5 * MINUTE, keep=MINUTE)
    folder, _ = made(visits, "one")
    call, _ = visits.call()
    visits.leave("one")
    later = time.time() + 400 * 24 * 3600
    for path in (folder, folder / "video.mp4", folder.parent):
        os.utime(path, (1, 1))
    monkeypatch.setattr(time, "time", lambda: later)
    visits.sweep()
    assert (folder / "video.mp4").exists()
    assert call.exists()


def test_old_results_of_a_visitor_expire_but_not_the_one_that_is_shown(clock: Clock) -> None:
    visits = Visits(grace=5 * MINUTE, keep=60 * MINUTE, clock=clock)
    first, _ = made(visits, "one")
    clock.now += 61 * MINUTE
    second, _ = made(visits, "one")
    clock.now += 61 * MINUTE
    visits.sweep()
    assert not first.exists()
    assert (second / "video.mp4").exists()


def test_answers_to_programs_expire_on_every_page(clock: Clock) -> None:
    for grace in (None, 5 * MINUTE):
        visits = Visits(keep=10 * MINUTE, grace=grace, clock=clock)
        folders = [visits.call()[0] for _ in range(3)]
        assert len({folder.parent for folder in folders}) == 3
        clock.now += 9 * MINUTE
        visits.sweep()
        assert all(folder.exists() for folder in folders)
        clock.now += 2 * MINUTE
        visits.sweep()
        assert not any(folder.parent.exists() for folder in folders)


def test_what_is_needed_least_makes_room(clock: Clock) -> None:
    visits = Visits(grace=5 * MINUTE, room=2000, clock=clock)
    call, _ = visits.call()
    (call / "video.mp4").write_bytes(bytes(500))
    left, _ = made(visits, "left", 200)
    visits.leave("left")
    first, _ = made(visits, "here", 200)
    assert call.exists()
    clock.now += 2 * MINUTE
    made(visits, "here", 100)
    assert not call.exists()
    assert left.exists()
    made(visits, "other", 200)
    made(visits, "other", 300)
    assert not left.exists()
    assert (first / "video.mp4").exists()  # somebody looks at it
    (first / "video.mp4").write_bytes(bytes(2000))
    with pytest.raises(OutputError, match="take all the room"):
        visits.new("other")


def page_that_is_killed(folder: Path) -> Path:
    """The folder of visitors of a process that ended without a chance to clear up."""
    code = (
        "import os, signal, sys, tempfile\n"
        "tempfile.tempdir = sys.argv[1]\n"
        "from musvid.studio.visits import Visits\n"
        "folder, _ = Visits().new('one')\n"
        "(folder / 'video.mp4').write_bytes(b'film')\n"
        "print(folder.parent.parent, flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    root = Path(process.stdout.readline().strip())
    assert list(root.glob("*/*/video.mp4"))
    Visits()  # while it lives, it is left alone
    assert list(root.glob("*/*/video.mp4"))
    process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    process.wait()
    process.stdin.close()  # type: ignore[union-attr]
    process.stdout.close()
    return root


def test_the_next_start_clears_what_a_killed_page_left(tmp_path: Path) -> None:
    place = tmp_path / "temporary"
    root = page_that_is_killed(place)
    # What is not provably its own stays: another name, no mark, somebody's file within.
    strange = [place / "musvid-page-mine", place / "musvid-page-abcd1234", place / "other"]
    for folder in strange:
        (folder / ("a" * 32)).mkdir(parents=True)
        (folder / ("a" * 32) / "diary.txt").write_text("mine")
    (place / "musvid-page-dcba4321").symlink_to(tmp_path, target_is_directory=True)
    Visits()
    assert not root.exists()
    assert all((folder / ("a" * 32) / "diary.txt").exists() for folder in strange)
    assert (place / "musvid-page-dcba4321").is_symlink()


def test_a_file_of_somebody_else_in_a_killed_pages_folder_stays(tmp_path: Path) -> None:
    root = page_that_is_killed(tmp_path / "temporary")
    (root / "notes.txt").write_text("mine")
    Visits()
    assert (root / "notes.txt").read_text() == "mine"
    assert not list(root.glob("*/*/video.mp4"))
