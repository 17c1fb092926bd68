"""Visitors of a page whose paintings are made on a cluster, with threads in place of actors."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import music, write_wav
from local import Local

from musvid import Recipe, SettingsError, Song, Style
from musvid.cluster import ClusterPainter
from musvid.cluster import begun as beginning
from musvid.cluster.pool import LOST, STARTING, WORKING, Pool
from musvid.cluster.worker import Painting, Worker
from musvid.errors import ClusterError
from musvid.frame import Frame
from musvid.job import Job, resolve
from musvid.page import browser, launch
from musvid.page.api import Api
from musvid.page.build import build
from musvid.page.html import progress_of, told, workers_of
from musvid.studio import studio as rooms
from musvid.studio.limits import Limits
from musvid.studio.machines import abreast
from musvid.studio.running import Running
from musvid.studio.studio import Studio
from musvid.studio.watch import Report

SMALL = Recipe(size=(64, 64), upscale=1, style=Style(strength=0.6), stride=1, before=1, after=1)
MOMENTS = (0.2, 1.0, 1.7)


class Held(Worker):
    """A worker that is slow at a render's paintings until it is let go; at moments it never is."""

    def __init__(self, go: threading.Event) -> None:
        super().__init__(1, "cpu", "off", "", "")
        self._go = go

    def paint(self, task: Painting) -> tuple[bool, list[Frame]]:
        if len(task.jobs) > 1:
            self._go.wait(2)
        return super().paint(task)


class Machines:
    """A cluster of threads, see `musvid.studio.machines.Machines`."""

    def __init__(self, count: int) -> None:
        self.go = threading.Event()
        self.hands = [Local(number, partial(Held, self.go)) for number in range(count)]
        self.pool = Pool(self.hands)

    def __len__(self) -> int:
        return len(self.pool)

    @property
    def states(self) -> Counter[str]:
        return self.pool.states

    def painter(self, style: Style) -> ClusterPainter:
        (loaded,) = self.pool.map([lambda worker: worker.load.remote(style, "auto").future()])
        return ClusterPainter(self.pool, loaded, loaded.precision, None)


@pytest.fixture(autouse=True)
def _cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers say how many cores their process uses, and here that is the tests' own."""
    monkeypatch.setenv("MUSVID_CORES", "1")


@pytest.fixture
def machines() -> Iterator[Machines]:
    made = Machines(4)
    yield made
    made.go.set()
    made.pool.close()


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("songs") / "song.wav", music(2.0))


@pytest.fixture
def job(song: Path) -> Job:
    return resolve(SMALL, Song.open(song))


def until(true: Callable[[], Any], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def rendering(studio: Studio, job: Job, folder: Path) -> Running[Report]:
    """A visitor's render, which begins in a thread of its own."""
    folder.mkdir()
    return Running(studio.render(job, folder, stop=lambda: False))


def video_of(work: Running[Report]) -> bytes:
    """The video of a render, when it is finished."""
    (*_, last) = work.reports()
    assert last.finished
    assert last.video
    return last.video.read_bytes()


def test_one_visitor_sees_moments_while_another_renders(
    job: Job, machines: Machines, tmp_path: Path
) -> None:
    studio, alone = Studio(device="cpu", machines=machines), Studio(device="cpu")
    other = replace(job.recipe, style=replace(job.recipe.style, prompt="teal coral"))
    work = rendering(studio, job, tmp_path / "cluster")
    reports = work.reports()
    until(lambda: next(reports).done.get("painted"))
    for moment in MOMENTS:
        of = job.having(other)
        assert np.array_equal(studio.paint(of, moment), alone.paint(of, moment))
    assert studio.renders
    assert not work.over, "the moments did not wait for its end"
    report = next(reports)
    assert sum(report.workers.values()) == 4
    assert "of 4 workers at work" in progress_of(report)
    machines.go.set()
    made = video_of(work)
    assert not studio.renders
    assert made == video_of(rendering(alone, job, tmp_path / "alone"))
    asked = [what[1] for hand in machines.hands for what in hand.asked if what[0] == "paint"]
    assert sum(len(task.jobs) for task in asked) == job.clock.painted + len(MOMENTS), "each once"


def test_some_renders_work_side_by_side_and_the_next_one_waits(
    job: Job, machines: Machines, tmp_path: Path
) -> None:
    studio = Studio(device="cpu", machines=machines)
    assert studio.abreast == 2
    styles = [replace(job.recipe.style, seed=seed) for seed in range(3)]
    jobs = [job.having(replace(job.recipe, style=style)) for style in styles]
    works = [rendering(studio, each, tmp_path / str(n)) for n, each in enumerate(jobs[:2])]
    for work in works:
        reports = work.reports()
        until(lambda: next(reports).done.get("painted"))  # noqa: B023
    third = rendering(studio, jobs[2], tmp_path / "2")
    time.sleep(0.3)
    assert not any(work.over for work in works), "both are at work"
    assert not any((tmp_path / "2").iterdir()), "it has not begun"
    machines.go.set()
    made = [video_of(work) for work in (*works, third)]
    assert len(set(made)) == 3
    alone = Studio(device="cpu")
    assert made[1] == video_of(rendering(alone, jobs[1], tmp_path / "alone"))


@pytest.mark.parametrize(("workers", "count"), [(1, 1), (3, 1), (4, 2), (8, 4), (1000, 4)])
def test_renders_at_a_time_are_as_many_as_workers_allow(workers: int, count: int) -> None:
    assert abreast(range(workers)) == count  # type: ignore[arg-type]
    assert abreast(None) == 1


def test_the_queue_of_renders_lets_as_many_begin(machines: Machines) -> None:
    for studio, count in ((Studio(machines=machines), 2), (Studio(), 1)):
        board = build(studio, Limits())
        begun = [each for each in board.blocks.fns.values() if each.concurrency_id == "render"]
        assert len(begun) >= 4, "quick look, render, comparison, and the endpoint"
        assert {each.concurrency_limit for each in begun} == {count}


def test_an_echo_is_refused_before_it_waits_and_moments_have_it(
    song: Path, machines: Machines
) -> None:
    studio = Studio(device="cpu", machines=machines)
    echoing = resolve(replace(SMALL, echo=0.5), Song.open(song))
    board = build(studio, Limits())
    with pytest.raises(SettingsError, match="choose an echo of 0") as refused:
        board.afford(echoing)
    assert str(refused.value) in browser.catalogues()["de"]
    uploaded: Any = {"path": str(song), "meta": {"_type": "gradio.FileData"}}
    with pytest.raises(SettingsError, match="choose an echo of 0"):
        Api(board).plan(uploaded, {"echo": 0.5})
    for echo in (0.0, 0.5):
        held = json.dumps({"echo": echo})
        shown, _ = board.on_plan({board["song"]: str(song), board["moment"]: 0, board.held: held})
        assert (told(refused.value) in shown) == bool(echo)
        assert ("problem" in shown) == bool(echo)
    alone = Studio(device="cpu")
    alone.check(echoing)
    assert np.array_equal(studio.paint(echoing, 0.2), alone.paint(echoing, 0.2))


def test_workers_download_what_they_lack(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    style = Style(model="sd-turbo").resolve()
    monkeypatch.setattr(rooms, "lacking", lambda _: ["everything"])
    assert Studio(device="cpu").lacks(style)
    studio = Studio(device="cpu", machines=machines)
    assert not studio.lacks(style)
    assert list(studio.fetch(style)) == []


@pytest.mark.parametrize(("count", "workers", "share"), [(1, 4, 1 / 4), (4, 4, 1), (5, 4, 5 / 8)])
def test_a_painting_costs_its_share_of_the_workers(
    count: int, workers: int, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    class Slow:
        abreast = workers

        def paint(self, frames: list[Frame], *_: object) -> list[Frame]:
            now[0] += 8.0
            return frames

    slow = SimpleNamespace(painter=lambda _: Slow(), states=Counter())
    monkeypatch.setattr(rooms, "abreast", lambda _: 1)
    monkeypatch.setattr(rooms, "time", SimpleNamespace(monotonic=lambda: now[0]))
    studio = Studio(machines=slow)  # type: ignore[arg-type]
    studio._paint([np.zeros((1000, 1000, 3), np.uint8)] * count, SMALL.resolve())
    ((_, seconds),) = studio.costs.noted()
    assert seconds == pytest.approx(8.0 * share / count)


def test_a_page_is_warm_when_every_worker_has_painted(machines: Machines) -> None:
    until(lambda: not machines.states[STARTING])
    studio = Studio(device="cpu", machines=machines)
    studio.warm()
    assert studio.has(Recipe().resolve().style)
    assert all(any(what[0] == "paint" for what in hand.asked) for hand in machines.hands)
    assert len(studio.costs.noted()) == 2


def test_what_workers_do_is_said_in_a_few_words() -> None:
    assert workers_of({}) == []
    assert workers_of({WORKING: 3, STARTING: 1}) == ["3 of 4 workers at work", "1 starting"]
    assert workers_of({WORKING: 1, LOST: 2}) == ["1 of 3 workers at work", "2 lost"]


# The command line.


def test_an_address_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        launch.build_parser().parse_args(["--cluster", "there"])
    assert end.value.code == 2
    assert "argument --cluster: 'there' is no cluster" in capsys.readouterr().err


@pytest.mark.parametrize("trouble", ["zero", "away"])
def test_a_cluster_that_cannot_be_had_is_told_before_the_page_is_built(
    trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise ClusterError("The cluster does not answer.")

    monkeypatch.setattr(launch, "build", lambda *_: pytest.fail("built before it is told"))
    monkeypatch.setattr(beginning, "Cluster", away)
    monkeypatch.setattr(launch, "ZERO", trouble == "zero")
    sentence = {"zero": "With ZeroGPU .* leave out --cluster", "away": "does not answer"}[trouble]
    with pytest.raises(SystemExit, match=f"^musvid: .*{sentence}"):
        launch.main(["--cluster", "auto"])


def test_the_cluster_is_left_when_the_page_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[str] = []

    class Kept:
        def __init__(self, where: str, **_: object) -> None:
            self.where = where

        def close(self) -> None:
            left.append(self.where)

    def ends(*given: object) -> None:
        assert isinstance(given[-1], Kept)
        raise KeyboardInterrupt

    monkeypatch.setattr(beginning, "Cluster", Kept)
    monkeypatch.setattr(launch, "_open", ends)
    with pytest.raises(SystemExit):
        launch.main(["--cluster", "auto"])
    assert left == ["auto"]
