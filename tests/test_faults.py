"""Under load and faults: what is killed, starved or crowded ends as an undisturbed render does.

    python -m pytest tests/test_faults.py -s

prints what happened.
"""

from __future__ import annotations

import multiprocessing
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import pytest
from conftest import music, names, write_wav

from musvid import Camera, Look, MusvidError, OutputError, Painter, Recipe, Style, View, render
from musvid.paint.drift import Drift
from musvid.store import Store

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals"),
]

RECIPE = Recipe(
    stride=4,
    before=2,
    after=2,
    size=(64, 64),
    upscale=1,
    style=Style(prompt="teal coral"),
    # And all that makes a picture live: it must be resumed to the byte as well.
    look=Look(embers=0.6, half_life=0.3),
    drift=Drift(20.0, "up"),
    form="0:00 A | 0:01 B",
    story="A: blue crystal; view ring; palette ice | B: view tunnel; strength 0.5; speed x2",
    view=View("tunnel"),
    camera=Camera(pulse=0),  # each process would listen to the song
)


def work(song: Path, recipe: str, output: Path, cache: Path) -> None:
    """A render in a process of its own."""
    tempfile.tempdir = str(cache.with_name("temporary"))
    render(song, Recipe.from_json(recipe), output, store=Store(cache))


@pytest.fixture(scope="module")
def forge() -> multiprocessing.context.ForkServerContext:
    """Processes that need not import everything again: what each would import is here before."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "musvid",
            "musvid.interpolate.blend",
            "musvid.interpolate.flavr",
            "musvid.paint.sketch",
            "test_faults",
        ]
    )
    return context


class Place:
    """A folder with a song, a cache, and what should be there in the end."""

    def __init__(self, forge: multiprocessing.context.ForkServerContext, song: Path, root: Path):
        self._forge, self._song = forge, song
        self.out, self.cache, self.temporary = root / "out", root / "cache", root / "temporary"
        self.out.mkdir(parents=True)
        self.temporary.mkdir()

    def start(self, recipe: Recipe = RECIPE, name: str = "a.mp4") -> BaseProcess:
        arguments = (self._song, recipe.to_json(), self.out / name, self.cache)
        process = self._forge.Process(target=work, args=arguments)
        process.start()
        return process

    def run(self, recipe: Recipe = RECIPE) -> bytes:
        process = self.start(recipe)
        process.join(120)
        assert process.exitcode == 0
        return (self.out / "a.mp4").read_bytes()

    def paintings(self) -> dict[str, int]:
        """The finished paintings, and what tells each from one that was made again."""
        files = (self.cache / "paintings").rglob("*")
        return {path.name: path.stat().st_ino for path in files if path.is_file()}

    def check(self, *videos: str) -> None:
        """Nothing is left but what should be there."""
        assert names(self.out) == set(videos)
        assert not names(self.temporary)
        deadline = time.monotonic() + 20
        while any(str(self._song) in " ".join(each) for each in _commands()):
            assert time.monotonic() < deadline, "an ffmpeg lives on"
            time.sleep(0.05)
        Store(self.cache)  # which clears away what the dead have left
        assert not unfinished(self.cache)


def unfinished(cache: Path) -> list[Path]:
    """What somebody is writing, or has left half written."""
    return [path for path in (cache / "desks").glob("*/*") if path.is_file()]


def _commands() -> list[list[str]]:
    return [one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"])]


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("songs") / "song.wav", music(1.5))


@pytest.fixture(scope="module")
def painter() -> Painter:
    """For renders of this process, of which each would load one as good."""
    return Painter(RECIPE.style)


@dataclass(frozen=True)
class Calm:
    """An undisturbed render: its video, how many paintings it took, and how long the same takes."""

    video: bytes
    paintings: int
    seconds: float


@pytest.fixture(scope="module")
def calm(
    forge: multiprocessing.context.ForkServerContext,
    song: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Calm:
    root = tmp_path_factory.mktemp("calm")
    place = Place(forge, song, root / "first")
    video = place.run()
    began = time.monotonic()  # with everything imported
    assert Place(forge, song, root / "again").run() == video
    return Calm(video, len(place.paintings()), time.monotonic() - began)


@pytest.fixture
def place(forge: multiprocessing.context.ForkServerContext, song: Path, tmp_path: Path) -> Place:
    return Place(forge, song, tmp_path / "place")


@pytest.mark.parametrize("kills", [8])
def test_a_killed_render_goes_on_where_it_was(
    kills: int,
    forge: multiprocessing.context.ForkServerContext,
    song: Path,
    calm: Calm,
    tmp_path: Path,
) -> None:
    every, chance, finished = calm.paintings, random.Random(1), []
    for number in range(kills):
        place = Place(forge, song, tmp_path / str(number))
        victim = place.start()
        wanted = chance.randrange(every)
        while victim.is_alive() and len(place.paintings()) < wanted:
            time.sleep(0.002)
        victim.join(calm.seconds / every * chance.random())
        victim.kill()
        victim.join()
        before = place.paintings()
        finished.append(len(before))
        assert place.run() == calm.video
        after = place.paintings()
        assert len(after) == every
        assert {name: after[name] for name in before} == before, "painted again"
        place.check("a.mp4")
    assert min(finished) < every / 2 < max(finished), "the moments were all alike"
    print(
        f"\nkilled {kills} times, with {sorted(finished)} of {every} paintings finished: "
        "all videos equal the undisturbed one, none of those was painted again"
    )


@pytest.mark.parametrize(
    ("part", "when"), [("showcqt", ("spectrum", 4)), ("libx264", ("frames", 40))]
)
def test_a_killed_ffmpeg_is_an_error_and_nothing_is_lost(
    part: str, when: tuple[str, int], song: Path, place: Place, calm: Calm, painter: Painter
) -> None:
    def kill(stage: str, done: int, _total: int) -> None:
        if (stage, done) == when:
            running = psutil.Process().children()
            (victim,) = [one for one in running if _is_ffmpeg(one, part)]
            victim.kill()

    options = {"painter": painter, "store": Store(place.cache)}
    with pytest.raises(MusvidError) as caught:
        render(song, RECIPE, place.out / "a.mp4", progress=kill, **options)
    assert "\n" not in str(caught.value)
    before = place.paintings()
    assert before or part == "showcqt"
    place.check()
    assert place.run() == calm.video
    after = place.paintings()
    assert {name: after[name] for name in before} == before
    place.check("a.mp4")


def _is_ffmpeg(process: psutil.Process, part: str) -> bool:
    try:
        return part in " ".join(process.cmdline())
    except psutil.Error:  # it has ended
        return False


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A place to mount a disk at; the test skips where that is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        _mount(folder, "1m")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk can be mounted here")
    subprocess.run(["umount", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=False, capture_output=True)


def _mount(folder: Path, size: str, *options: str) -> None:
    options = ("-o", ",".join((*options, f"size={size}")))
    command = ["mount", "-t", "tmpfs", *options, "tmpfs", folder]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.skipif(sys.platform != "linux", reason="needs tmpfs")
@pytest.mark.parametrize("kilobytes", [16, 80, 120])
def test_a_full_disk_is_told_and_the_store_stays_sound(
    kilobytes: int, song: Path, calm: Calm, painter: Painter, disk: Path
) -> None:
    _mount(disk, f"{kilobytes}k")
    output = disk / "a.mp4"
    with pytest.raises(OutputError) as caught:
        render(song, RECIPE, output, painter=painter, store=Store(disk / "cache"))
    assert "\n" not in str(caught.value)
    assert "space" in str(caught.value)
    assert names(disk) <= {"cache"}
    left = sum(path.stat().st_size for path in disk.rglob("*") if path.is_file())
    _mount(disk, "16m", "remount")
    render(song, RECIPE, output, painter=painter, store=Store(disk / "cache"))
    assert output.read_bytes() == calm.video
    assert not unfinished(disk / "cache")
    print(f"\nfull at {kilobytes} kB, of which {left // 1000} kB were kept: goes on")


@pytest.mark.skipif(sys.platform != "linux", reason="needs tmpfs")
def test_a_cache_that_fills_does_not_end_a_render(
    song: Path,
    calm: Calm,
    painter: Painter,
    disk: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    _mount(disk, "100k")
    store = Store(disk / "cache")
    render(song, RECIPE, tmp_path / "a.mp4", painter=painter, store=store)
    assert (tmp_path / "a.mp4").read_bytes() == calm.video
    (told,) = caplog.records
    assert "space" in told.getMessage()
    assert not unfinished(disk / "cache")


@pytest.mark.parametrize("count", [4])
def test_renders_share_a_store(
    forge: multiprocessing.context.ForkServerContext,
    song: Path,
    calm: Calm,
    tmp_path: Path,
    count: int,
) -> None:
    recipes = {
        "one": RECIPE,
        "two": RECIPE,
        "other after": Recipe(**{**vars(RECIPE), "after": 4}),
        "other style": Recipe(**{**vars(RECIPE), "style": Style(prompt="flames")}),
    }
    recipes = dict(list(recipes.items())[:count])
    alone = {
        name: calm.video if recipe == RECIPE else Place(forge, song, tmp_path / name).run(recipe)
        for name, recipe in recipes.items()
    }
    crowd = Place(forge, song, tmp_path / "crowd")
    processes = [crowd.start(recipe, f"{name}.mp4") for name, recipe in recipes.items()]
    for process in processes:
        process.join(240)
        assert process.exitcode == 0
    for name, expected in alone.items():
        assert (crowd.out / f"{name}.mp4").read_bytes() == expected, name
    crowd.check(*(f"{name}.mp4" for name in recipes))
    print(f"\n{count} renders at once over one store, two of them identical: all as alone")
