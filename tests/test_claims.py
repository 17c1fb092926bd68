"""Names for unfinished things: nobody else's, and gone with their process."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, names

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
    with pytest.raises(KeyError), Claim(tmp_path) as folder:
        folder.mkdir()
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
    (tmp_path / ".b-1.part").touch()
    (tmp_path / ".b-1.part.lock").touch()
    dead, alive = holder(tmp_path), holder(tmp_path)
    assert len(names(tmp_path)) == 6
    dead.send_signal(signal.SIGKILL)
    dead.wait()
    try:
        with Claim(tmp_path, ".a-"):
            left = names(tmp_path)
        assert sum(name.endswith(".part") for name in left) == 2, "the living one's, and .b-1"
        assert ".b-1.part" in left, "another name"
    finally:
        alive.terminate()
        alive.wait()
