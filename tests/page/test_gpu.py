"""The page on ZeroGPU: what wants a card runs in a forked worker, to which all is pickled."""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import gradio as gr
import numpy as np
import pytest
from conftest import ROOT, WriteSong, music

import musvid.page
from musvid import Cancelled, MusvidError, OutputError, Recipe, SettingsError, Song, Store, Style
from musvid.comparison.grid import Grid
from musvid.comparison.in_step import jobs_of
from musvid.job import Job, resolve
from musvid.page.guard import UNFORESEEN, sentence
from musvid.studio.grid import stills
from musvid.studio.studio import Studio
from musvid.studio.visits import Visits, stop_one

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="as ZeroGPU is")

DRY = Recipe(size=(64, 64), upscale=1, interpolator="blend", style=Style(strength=0))


def never() -> bool:
    return False


@dataclass
class Zero:
    """musvid's side of ZeroGPU, and the stand-in for the other."""

    gpu: Any
    spaces: Any
    studio: Studio


@pytest.fixture
def zero(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Zero]:
    """The modules as a Space with ZeroGPU imports them, and a studio that workers find."""
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.syspath_prepend(ROOT / "tests" / "zerogpu")
    for name in ("spaces", "musvid.page.gpu"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    spaces: ModuleType = importlib.import_module("spaces")
    before = getattr(musvid.page, "gpu", None)
    gpu = importlib.import_module("musvid.page.gpu")
    studio = Studio(device="cpu", store=Store(tmp_path / "store"))
    gpu.serve(studio)
    assert gpu.ZERO
    yield Zero(gpu, spaces, studio)
    for worker in spaces.born:
        worker.process.kill()
    monkeypatch.setattr(musvid.page, "gpu", before)
    sys.modules.pop("spaces")
    sys.modules.pop("musvid.page.gpu")


@pytest.fixture
def job(write_song: WriteSong) -> Job:
    """A clip within a song, without paintings."""
    return resolve(DRY, Song.open(write_song(music(4.0)), start=1, duration=2))


def folder() -> Path:
    """A visitor's new folder for a render."""
    return Visits().new("somebody")[0]


def test_without_zerogpu_the_package_does_nothing() -> None:
    # Every Space has it, whatever its hardware.
    code = (
        "import os; os.environ['SPACES_ZERO_GPU'] = ''\n"
        "from musvid.page import gpu; import spaces\n"
        "assert not gpu.ZERO and gpu._render.__module__ == 'musvid.page.gpu'\n"
        "assert not hasattr(gpu._render, '__wrapped__')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests" / "zerogpu")}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)


def test_what_travels_is_plain_data(zero: Zero, job: Job) -> None:
    job.automation  # noqa: B018 - what a job has looked up stays behind
    clip = zero.gpu._clip(zero.studio, job)
    packed = pickle.dumps(clip)
    assert len(packed) < 5000
    assert pickle.loads(packed) == clip
    assert clip.job == job
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(zero.studio)


def test_a_render_in_a_worker_is_the_same_and_teaches_the_page(
    zero: Zero, job: Job, tmp_path: Path
) -> None:
    before = zero.studio.plan(job).seconds
    reports = list(zero.gpu.render_clip(zero.studio, job, folder(), never))
    last = reports[-1]
    assert [report.finished for report in reports] == [False] * (len(reports) - 1) + [True]
    assert len(last.frames("frames", 3)) == 3
    (tmp_path / "plain").mkdir()
    (*_, plain) = Studio(device="cpu").render(job, tmp_path / "plain", stop=never)
    assert last.video.read_bytes() == plain.video.read_bytes()
    assert zero.studio.plan(job).seconds != before
    ((name, seconds),) = zero.spaces.calls
    assert name == "_render"
    assert 20 < seconds <= 300
    # The worker is kept, and what it learnt is not told twice.
    learnt = zero.studio.plan(job).seconds
    process = zero.spaces.workers["_render"].process
    list(zero.gpu.render_clip(zero.studio, job, folder(), never))
    assert zero.spaces.workers["_render"].process is process
    assert zero.studio.plan(job).seconds != learnt


def test_a_comparison_and_its_files_come_back(zero: Zero, job: Job) -> None:
    home = folder()
    (*_, last) = zero.gpu.compare_clip(zero.studio, job, home, never)
    assert len(last.comparison.results) == 5
    assert last.comparison.video.parent == home
    assert last.comparison.best.name
    assert zero.spaces.calls[0][1] <= 300


def test_tiles_of_a_grid_and_their_clips_come_back_and_are_stopped(zero: Zero, job: Job) -> None:
    grid = Grid.parse(["stride=4,8"])
    jobs, home = jobs_of(grid, DRY, job.song), folder()
    made = list(zero.gpu.paint_tiles(zero.studio, jobs, 1.0, grid.moves, home))
    plain = stills(Studio(device="cpu"), jobs, 1.0, moves=True)
    assert all(np.array_equal(*each) for each in zip(made, plain, strict=True))
    (*_, last) = zero.gpu.film_tiles(zero.studio, grid, jobs, home)
    assert last.video == home / "grid.mp4" and last.video.is_file()
    assert [name for name, _ in zero.spaces.calls] == ["_tiles", "_film"]
    stop_one(home)
    for work in (
        lambda: zero.gpu.paint_tiles(zero.studio, jobs, 1.0, grid.moves, home),
        lambda: zero.gpu.film_tiles(zero.studio, grid, jobs, home),
    ):
        with pytest.raises(Cancelled):
            list(work())


def test_a_worker_paints_with_the_models_that_were_loaded_before(
    zero: Zero, job: Job, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # A model that cannot be had is told, and does not keep the page from starting.
    monkeypatch.setattr(zero.gpu, "MODELS", ["sketch", "sd-turbo"])
    load = zero.studio.load

    def loading(style: Style) -> None:
        if style.model != "sketch":
            raise MusvidError("It cannot be downloaded.")
        load(style)

    monkeypatch.setattr(zero.studio, "load", loading)
    zero.gpu.load_models(zero.studio)
    assert "sd-turbo is not loaded: It cannot be downloaded." in caplog.text
    recipe = Recipe(size=(64, 64))
    painting = resolve(recipe, job.song)
    assert zero.studio.has(recipe.style)
    assert zero.studio.plan(painting).seconds is None
    monkeypatch.setattr("musvid.paint.loading.load", lambda *_: pytest.fail("it was loaded again"))
    _, made = zero.gpu.paint_moment(zero.studio, painting, 1.0)
    assert zero.studio.plan(painting).seconds is not None
    assert np.array_equal(made, zero.studio.paint(painting, 1.0))
    strip = list(zero.gpu.paint_strip(zero.studio, painting, 1.0, "strength", [0.0, 0.7]))
    assert np.array_equal(strip[1], made)
    assert [name for name, _ in zero.spaces.calls] == ["_paint", "_strip"]


def test_an_error_of_musvid_comes_back_as_itself(zero: Zero, job: Job) -> None:
    home = folder()
    (home / "frames.frames").mkdir()  # in the way
    with pytest.raises(OutputError, match="cannot be kept"):
        list(zero.gpu.render_clip(zero.studio, job, home, never))
    with pytest.raises(SettingsError, match="strength must be"):
        list(zero.gpu.paint_strip(zero.studio, job, 1.0, "strength", [7]))


def test_an_error_that_nobody_foresaw_comes_back_with_its_traceback(
    zero: Zero, job: Job, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> Iterator[object]:
        yield "a report"
        raise KeyError("of Python")

    monkeypatch.setattr(zero.studio, "render", broken)
    reports = zero.gpu.render_clip(zero.studio, job, folder(), never)
    assert next(reports) == "a report"
    with pytest.raises(RuntimeError) as caught:
        next(reports)
    assert sentence(caught.value) == UNFORESEEN
    assert "in broken" in caplog.text
    assert "KeyError: 'of Python'" in caplog.text


def test_a_visitor_stops_what_a_worker_does(zero: Zero, write_song: WriteSong) -> None:
    long = resolve(DRY, Song.open(write_song(music(60.0))))
    visits = Visits()
    home, stopped = visits.new("somebody")
    reports = zero.gpu.render_clip(zero.studio, long, home, stopped)
    next(reports)
    visits.stop("somebody")
    began = time.monotonic()
    with contextlib.suppress(Cancelled):  # before there was a second to keep
        assert list(reports)[-1].stopped
    assert time.monotonic() - began < 30


def test_who_closes_the_page_ends_what_a_worker_does(zero: Zero, write_song: WriteSong) -> None:
    long = resolve(DRY, Song.open(write_song(music(60.0))))
    home = folder()
    reports = zero.gpu.render_clip(zero.studio, long, home, never)
    next(reports)
    began = time.monotonic()
    reports.close()
    assert time.monotonic() - began < 30
    assert not (home / "video.mp4").exists()


def test_locks_that_other_threads_hold_do_not_reach_the_worker(
    zero: Zero, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [
        *(zero.studio._drawing, zero.studio._rendering, zero.studio._listening),
        *(zero.studio._painters._lock, zero.studio.costs._lock),
    ]
    reports = zero.gpu.render_clip(zero.studio, job, folder(), never)
    pieces: list[object] = []
    # Taken just around the fork, since the page's own side reads its costs.
    asked = zero.spaces.Worker.__init__

    def forking(worker: Any, task: Any) -> None:
        for lock in held:
            lock.acquire()
        try:
            asked(worker, task)
        finally:
            for lock in held:
                lock.release()

    monkeypatch.setattr(zero.spaces.Worker, "__init__", forking)
    reading = threading.Thread(target=lambda: pieces.extend(reports), daemon=True)
    reading.start()
    reading.join(15)
    assert pieces, "the worker waits for a thread that it does not have"


def test_a_worker_that_is_ended_is_told(zero: Zero, write_song: WriteSong) -> None:
    long = resolve(DRY, Song.open(write_song(music(60.0))))
    reports = zero.gpu.render_clip(zero.studio, long, folder(), never)
    next(reports)
    os.kill(zero.spaces.born[0].process.pid, signal.SIGKILL)
    with pytest.raises(MusvidError, match="card was taken away"):
        list(reports)


def test_a_visitor_without_time_is_told_in_zerogpus_words(zero: Zero, job: Job) -> None:
    zero.spaces.refuses = gr.Error(
        "You have exceeded your GPU quota (20s left). <a href='/login'>Sign in</a> for more.",
        title="ZeroGPU quota exceeded",
    )
    with pytest.raises(MusvidError) as told:
        list(zero.gpu.render_clip(zero.studio, job, folder(), never))
    assert str(told.value) == "You have exceeded your GPU quota (20s left). Sign in for more."
