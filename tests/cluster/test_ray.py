"""Renders on a real cluster of Ray: the same bytes as on one machine, whatever is lost on the way.

Each render is the command line in a process of its own; the clusters are of two nodes with a core
each, on this machine.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import ROOT, music, write_wav

pytestmark = [
    pytest.mark.skipif(
        find_spec("ray") is None and not os.environ.get("CI"), reason="Ray is not installed"
    ),
    pytest.mark.skipif(sys.platform == "win32", reason="signals, and Ray's own beta"),
]

OPTIONS = ("--recipe", "every-frame", "--size", "96", "--upscale", "1", "--view", "tunnel")
STORY = ("--story", "A: blue nebula | B: crimson flames; view mandala", "--form", "0:00 A | 0:03 B")
MOVES = (*OPTIONS, "--direction", "up", "--drift", "20", *STORY)
PAINTINGS = 180


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("songs") / "song.wav", music(6.0))


@pytest.fixture(scope="module")
def alone(song: Path) -> bytes:
    """The video as one machine makes it."""
    output = song.with_name("alone.mp4")
    done = run(song, output, "--no-cache")
    assert done.returncode == 0, done.stderr
    return output.read_bytes()


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two nodes of one core each, on which musvid is there."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    own = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "object_store_memory": 200_000_000}
    made = Cluster(initialize_head=True, head_node_args=own)
    made.add_node(**own)
    yield made
    made.shutdown()


def command(song: Path, output: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "musvid", str(song), "-o", str(output), *MOVES, *options]


def surroundings(song: Path) -> dict[str, str]:
    return {
        **os.environ,
        "MUSVID_CACHE": str(song.with_name("cache")),
        "PYTHONPATH": str(ROOT),
        "RAY_ADDRESS": "",
    }


def run(song: Path, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(song, output, *options),
        env=surroundings(output),
        cwd=output.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )


class Going:
    """A render that is under way, with a store of its own."""

    def __init__(self, song: Path, output: Path, *options: str, address: str = "") -> None:
        self.output, self.folder = output, output.with_name("cache") / "paintings"
        self.process = subprocess.Popen(
            command(song, output, *options),
            env={**surroundings(output), "RAY_ADDRESS": address},
            cwd=output.parent,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def stored(self) -> dict[Path, int]:
        """The paintings that are finished: their files, by which they are told from others."""
        return {path: path.stat().st_ino for path in self.folder.rglob("*") if path.is_file()}

    def painted(self, count: int) -> dict[Path, int]:
        """Wait until so many paintings are finished; those that are."""
        deadline = time.monotonic() + 120
        while len(found := self.stored()) < count:
            assert self.process.poll() is None, self.process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert len(found) < PAINTINGS - 20, "it is in the middle"
        return found

    def ends(self) -> tuple[int, str]:
        """Exit code, and what was said."""
        told = self.process.communicate(timeout=240)[1]
        return self.process.returncode, told


def actors() -> list[psutil.Process]:
    """The workers of the cluster that this process has started."""
    return [each for each in psutil.Process().children(recursive=True) if is_actor(each)]


def is_actor(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline()).startswith("ray::Worker")
    return False


def left(cache: Path) -> list[psutil.Process]:
    """Processes that are still there of a render with this cache."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("MUSVID_CACHE") == str(cache):
                found.append(process)
    return found


def until(true: Callable[[], Any], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.thorough
def test_a_local_cluster_is_started_and_gone_afterwards(
    song: Path, alone: bytes, tmp_path: Path
) -> None:
    done = run(song, tmp_path / "a.mp4", "--cluster", "auto")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.mp4").read_bytes() == alone
    assert f"{PAINTINGS} of {PAINTINGS} painted; workers:" in done.stderr
    until(lambda: not left(tmp_path / "cache"))
    assert not list((tmp_path / "cache").glob("cluster-*"))


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address for Ray's client of a cluster with a token, which this account knows."""
    own = tmp_path / "own"
    (own / ".ray").mkdir(parents=True)
    (own / ".ray" / "auth_token").write_text("5" * 64, encoding="utf-8")
    monkeypatch.setenv("HOME", str(own))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    head, port = free_port(), free_port()
    begin = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
    where = ["--node-ip-address=127.0.0.1", f"--port={head}", f"--ray-client-server-port={port}"]
    small = ["--num-cpus=1", "--object-store-memory=200000000", "--include-dashboard=false"]
    with (tmp_path / "ray.log").open("w") as said:
        ray = subprocess.Popen([*begin, *where, *small], stdout=said, stderr=said)
    try:
        until(lambda: answers(port), 60)
        yield f"ray://127.0.0.1:{port}"
    finally:
        family = psutil.Process(ray.pid).children(recursive=True)
        ray.terminate()
        ray.wait(60)
        psutil.wait_procs(family, timeout=10)


def free_port() -> int:
    """One that nobody listens at, above those that Ray gives to its workers."""
    for port in range(20_000, 22_000):
        with contextlib.suppress(OSError), socket.socket() as tried:
            tried.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
    raise OSError


_given: set[int] = set()


def answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.thorough
def test_from_elsewhere_through_rays_client(
    song: Path, alone: bytes, tmp_path: Path, elsewhere: str
) -> None:
    done = run(song, tmp_path / "a.mp4", "--cluster", elsewhere)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.mp4").read_bytes() == alone
    assert f"{PAINTINGS} of {PAINTINGS} painted; workers: 1" in done.stderr


@pytest.mark.deep
def test_what_a_killed_worker_was_at_is_painted_by_others(
    song: Path, alone: bytes, tmp_path: Path, cluster: Any
) -> None:
    going = Going(song, tmp_path / "a.mp4", "--cluster", "auto", address=cluster.address)
    before = going.painted(20)
    actors()[0].kill()
    code, told = going.ends()
    assert code == 0, told
    assert "was lost; others go on with its work" in told
    assert (tmp_path / "a.mp4").read_bytes() == alone
    after = going.stored()
    assert len(after) == PAINTINGS
    assert before.items() <= after.items(), "nothing that was finished is painted twice"


@pytest.mark.deep
def test_a_node_that_is_removed_takes_nothing_with_it(
    song: Path, alone: bytes, tmp_path: Path, cluster: Any
) -> None:
    going = Going(song, tmp_path / "a.mp4", "--cluster", cluster.address)
    before = going.painted(20)
    cluster.remove_node(cluster.list_all_nodes()[1], allow_graceful=False)
    code, told = going.ends()
    assert code == 0, told
    assert (tmp_path / "a.mp4").read_bytes() == alone
    after = going.stored()
    assert len(after) == PAINTINGS
    assert before.items() <= after.items()


@pytest.mark.deep
def test_who_rendered_is_killed_and_the_next_one_goes_on(
    song: Path, alone: bytes, tmp_path: Path, cluster: Any
) -> None:
    going = Going(song, tmp_path / "a.mp4", "--cluster", cluster.address)
    going.painted(20)
    os.killpg(going.process.pid, signal.SIGKILL)
    going.process.wait()
    until(lambda: not actors())
    before = going.stored()
    assert not (tmp_path / "a.mp4").exists()
    again = Going(song, tmp_path / "a.mp4", "--cluster", cluster.address)
    code, told = again.ends()
    assert code == 0, told
    assert (tmp_path / "a.mp4").read_bytes() == alone
    after = again.stored()
    assert len(after) == PAINTINGS
    assert before.items() <= after.items()


@pytest.mark.deep
def test_ctrl_c_ends_everything_and_keeps_what_is_done(
    song: Path, alone: bytes, tmp_path: Path
) -> None:
    going = Going(song, tmp_path / "a.mp4", "--cluster", "auto")
    before = going.painted(10)
    family = psutil.Process(going.process.pid).children(recursive=True)
    os.kill(going.process.pid, signal.SIGINT)
    code, told = going.ends()
    assert code == 130
    assert told.rstrip().endswith("Stopped; no video was written.")
    assert {path.name for path in tmp_path.iterdir()} == {"cache"}
    assert not psutil.wait_procs(family, timeout=20)[1], "no process is left behind"
    code, told = (again := Going(song, tmp_path / "a.mp4")).ends()  # on one machine
    assert code == 0, told
    assert (tmp_path / "a.mp4").read_bytes() == alone
    assert before.items() <= again.stored().items()


@pytest.mark.deep
def test_a_cluster_without_room_says_so(song: Path, tmp_path: Path) -> None:
    from ray.cluster_utils import Cluster

    own = {"num_cpus": 0, "node_ip_address": "127.0.0.1", "object_store_memory": 200_000_000}
    empty = Cluster(initialize_head=True, head_node_args=own)
    try:
        done = run(song, tmp_path / "a.mp4", "--cluster", empty.address)
    finally:
        empty.shutdown()
    assert done.returncode == 1
    assert "has no processor or graphics card to give" in done.stderr
    assert "Traceback" not in done.stderr
