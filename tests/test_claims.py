"""Names for unfinished things: nobody else's, and gone with their process."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, WriteSong, music, names

import musvid
from musvid._claims import Claim

HOLDER = """
import sys, time
from pathlib import Path
from musvid._claims import Claim
claim = Claim(Path(sys.argv[1]), ".a-")
claim.path.write_text("half")
print("ready", flush=True)
time.sleep(60)
"""


def holder(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", HOLDER, str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_nothing_is_left_of_what_ended(tmp_path: Path) -> None:
    with Claim(tmp_path) as file:
        file.write_text("half")
    with pytest.raises(KeyError), Claim(tmp_path, desk=True) as folder:  # noqa: PT012
        (folder / "file").touch()
        raise KeyError
    with Claim(tmp_path) as file:
        file.write_text("whole")
        file.replace(tmp_path / "done")
    claim = Claim(tmp_path)
    claim.path.touch()
    del claim
    assert names(tmp_path) == {"done"}


def test_no_two_are_alike(tmp_path: Path) -> None:
    claims = [Claim(tmp_path, ".a-") for _ in range(50)]
    assert len({claim.path for claim in claims}) == 50
    assert all(claim.path.name.startswith(".a-") for claim in claims)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_only_the_dead_are_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".b-musvid-0123456789ab.part").touch()
    (tmp_path / ".b-musvid-0123456789ab.part.lock").touch()
    dead, alive = holder(tmp_path), holder(tmp_path)
    assert len(names(tmp_path)) == 6
    dead.send_signal(signal.SIGKILL)
    dead.wait()
    try:
        with Claim(tmp_path, ".a-"):
            left = names(tmp_path)
        assert sum(name.endswith(".part") for name in left) == 2, "the living one's, and .b"
        assert ".b-musvid-0123456789ab.part" in left, "another name"
    finally:
        alive.terminate()
        alive.wait()


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    """Each of these lay beside a lock file of its name, and was deleted by an earlier musvid."""
    for name in (
        *(".a-archive", ".a-archive.part", ".a-1.part", ".a-0123456789ab.part"),
        *(".a-musvid-0123456789abc.part", ".a-musvid-0123456789aX.part"),
        *(".a-musvid-0123456789ab.part.old", ".a-musvid-0123456789ab"),
    ):
        (tmp_path / name).write_text("precious")
        (tmp_path / f"{name}.lock").touch()
    folder = tmp_path / ".a-musvid-aaaaaaaaaaaa.part"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "diary.txt").write_text("precious")
    (tmp_path / f"{folder.name}.lock").touch()
    before = names(tmp_path)
    with Claim(tmp_path, ".a-") as file:
        file.write_text("half")
    assert names(tmp_path) - {f"{folder.name}.lock"} == before - {f"{folder.name}.lock"}
    assert (folder / "inner" / "diary.txt").read_text() == "precious"


def test_a_desk_with_a_folder_in_it_is_left_alone(tmp_path: Path) -> None:
    desk = tmp_path / "musvid-0123456789ab.part"
    (desk / "inner").mkdir(parents=True)
    (desk / "inner" / "diary.txt").write_text("precious")
    (tmp_path / f"{desk.name}.lock").touch()
    with Claim(tmp_path, desk=True):
        pass
    assert (desk / "inner" / "diary.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("output", "kept"),
    [("song.mp4", ".song-archive"), ("git.mp4", ".git-credentials")],
)
def test_a_render_leaves_what_lies_beside_its_output(
    tmp_path: Path, write_song: WriteSong, output: str, kept: str
) -> None:
    (tmp_path / kept).write_text("precious")
    (tmp_path / f"{kept}.lock").touch()
    recipe = musvid.Recipe(size=(64, 64), style=musvid.Style(strength=0))
    musvid.render(write_song(music(0.5)), recipe, tmp_path / output)
    assert (tmp_path / kept).read_text() == "precious"
    assert names(tmp_path) == {"song.wav", output, kept, f"{kept}.lock"}
