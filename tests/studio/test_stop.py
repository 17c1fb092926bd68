"""Stop is answered within a second, whatever is in flight; and how much work is allowed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import WriteSong, music

from musvid import Cancelled, Recipe, SettingsError, Song, Style
from musvid.job import Job, resolve
from musvid.studio import studio as rooms
from musvid.studio.limits import Limits
from musvid.studio.running import Running, Runnings
from musvid.studio.spool import Spool
from musvid.studio.studio import Studio

DRY = Recipe(size=(64, 64), upscale=1, style=Style(strength=0))


class Slow:
    """A model that takes its time: loading, and for each painting. It ends when it is let go."""

    abreast, device, precision, fingerprint = 1, "cpu", "float32", "slow"

    def __init__(self) -> None:
        self.go, self.begun = threading.Event(), threading.Event()

    def paint(self, frames: Iterator[np.ndarray], *_: object) -> Iterator[np.ndarray]:
        for frame in frames:
            self.begun.set()
            self.go.wait(60)
            yield frame

    keeps = False

    def keeping(self, *_: object) -> Slow:
        return self

    def expect(self, _count: int) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.go.set()


@pytest.fixture
def job(write_song: WriteSong) -> Job:
    painted = replace(DRY, style=Style(strength=0.5))
    return resolve(painted, Song.open(write_song(music(3.0))))


def timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def test_stop_does_not_wait_for_a_painting(
    job: Job, slow: Slow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, stopped = Studio(device="cpu"), threading.Event()
    monkeypatch.setattr(rooms, "Painter", lambda _style, **_: slow)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    reports = studio.render(job, tmp_path / "first", stop=stopped.is_set)
    next(reports)
    assert slow.begun.wait(20)
    stopped.set()

    def rest() -> None:
        with pytest.raises(Cancelled):
            list(reports)

    assert timed(rest) < 1
    # The painting goes on, and so the next render has to wait for it.
    assert studio.renders
    slow.go.set()
    dry = resolve(DRY, job.song)
    (*_, last) = studio.render(dry, tmp_path / "second", stop=lambda: False)
    assert last.finished


def test_closing_does_not_wait_for_a_painting(
    job: Job, slow: Slow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(device="cpu")
    monkeypatch.setattr(rooms, "Painter", lambda _style, **_: slow)
    reports = studio.render(job, tmp_path, stop=lambda: False)
    next(reports)
    assert slow.begun.wait(20)
    assert timed(reports.close) < 1  # type: ignore[attr-defined]


def test_a_comparison_that_is_stopped_does_not_wait_for_a_painting(
    job: Job, slow: Slow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, stopped = Studio(device="cpu"), threading.Event()
    monkeypatch.setattr(rooms, "Painter", lambda _style, **_: slow)
    steps = studio.compare(job, tmp_path, stop=stopped.is_set)
    next(steps)
    assert slow.begun.wait(20)
    stopped.set()

    def rest() -> None:
        with pytest.raises(Cancelled):
            list(steps)

    assert timed(rest) < 1


def test_stop_does_not_wait_for_a_model_to_load(
    job: Job, slow: Slow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, stopped = Studio(device="cpu"), threading.Event()

    def load(_style: Style, **_: object) -> Slow:
        slow.begun.set()
        slow.go.wait(60)
        return slow

    monkeypatch.setattr(rooms, "Painter", load)

    def stop_soon() -> None:
        slow.begun.wait(20)
        stopped.set()

    threading.Thread(target=stop_soon, daemon=True).start()
    with pytest.raises(Cancelled, match="was being loaded"):
        next(studio.render(job, tmp_path, stop=stopped.is_set))
    assert not slow.go.is_set()
    assert not studio.renders


def test_a_render_ends_at_the_limit_of_time_and_says_so(
    write_song: WriteSong, tmp_path: Path
) -> None:
    studio = Studio(device="cpu", longest=3)
    # Without a network, which may take longer than that to load.
    recipe = replace(DRY, size=(256, 256), interpolator="blend")
    job = resolve(recipe, Song.open(write_song(music(300.0))))
    (*_, last) = studio.render(job, tmp_path, stop=lambda: False)
    assert last.stopped
    assert last.late == 3
    assert last.video
    assert last.done["frames"] < job.clock.frames
    with pytest.raises(Cancelled, match="Here a render may take 1 s"):
        list(Studio(device="cpu", longest=0.05).render(job, tmp_path, stop=lambda: False))


def test_the_frames_of_a_render_have_a_limit(write_song: WriteSong, tmp_path: Path) -> None:
    studio = Studio(device="cpu", most=20_000)
    job = resolve(DRY, Song.open(write_song(music(10.0))))
    with pytest.raises(Exception, match="frames of this render take more than"):
        list(studio.render(job, tmp_path, stop=lambda: False))
    assert sum(1 for _ in Spool(tmp_path).read("spectrum")) < job.clock.drawn


def test_finding_a_beat_for_settings_waits_its_turn(
    write_song: WriteSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(device="cpu")
    song = Song.open(write_song(music(4.0)))
    recipe = Recipe.from_flat({"lock.note": "1/8"})
    asked: list[bool] = []

    def find(*_: object) -> Job:
        asked.append(studio._listening.locked())
        return resolve(DRY, song)

    monkeypatch.setattr(rooms, "resolve", find)
    studio.job(recipe, song)
    studio.job(Recipe(), song)
    assert asked == [True, False]


def test_too_much_work_is_refused(write_song: WriteSong) -> None:
    song = Song.open(write_song(music(60.0)))
    studio = Studio(device="cpu")
    limits = Limits.of(public=True, environment={})
    limits.afford(studio.plan(resolve(Recipe(), song)))  # the default is allowed
    hard = {"fps": 240, "stride": 1, "style.steps": 200, "style.guidance": 5.0, "size": "768x768"}
    job = resolve(Recipe.from_flat(hard | {"before": 1, "after": 1}), song)
    plan = studio.plan(job)
    assert plan.denoised == 60 * 240 * 200 * 768 * 768 * 2
    with pytest.raises(SettingsError, match="denoise 8 billion pixels"):
        limits.afford(plan)
    with pytest.raises(SettingsError, match="million pixels may be denoised for a moment"):
        limits.afford_moment(job)
    large = resolve(replace(DRY, size=(768, 768), upscale=4, fps=60), song)
    with pytest.raises(SettingsError, match="have 6 billion pixels in all frames"):
        limits.afford(studio.plan(large))
    plain = resolve(Recipe(), song)
    studio.costs.learn_painting(plain.recipe, 256 * 256, 10)
    with pytest.raises(SettingsError, match="may take about 15 min, and this one would take"):
        limits.afford(studio.plan(plain))
    Limits().afford(plan)


def test_work_goes_on_when_nobody_looks() -> None:
    go, works = threading.Event(), Runnings[int]()

    def reports() -> Iterator[int]:
        yield 1
        go.wait(20)
        yield 2

    looking = works.begin("one", reports()).reports()
    assert next(looking) == 1
    looking.close()  # type: ignore[attr-defined]
    stopped: list[int] = []
    works.lost("one", lambda: stopped.append(1))
    assert works.busy("one")
    go.set()
    again = works.of("one")
    assert again
    assert list(again.reports())[-1] == 2
    assert list(again.reports()) == [2], "who comes later sees the last"
    assert not works.busy("one")
    assert not stopped


def test_only_some_go_on_when_nobody_looks() -> None:
    go, works = threading.Event(), Runnings[int](most=2)

    def reports() -> Iterator[int]:
        go.wait(20)
        yield 1

    stopped: list[int] = []
    for index in range(4):
        works.begin(str(index), reports())
        works.lost(str(index), lambda index=index: stopped.append(index))
    assert stopped == [2, 3]
    go.set()


def test_errors_of_work_arrive() -> None:
    def reports() -> Iterator[int]:
        yield 1
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        list(Running(reports()).reports())


def test_a_visitor_is_told_of_limits_before_any_work() -> None:
    told = Limits.of(public=True, environment={"MUSVID_MAX_SECONDS": "90"}).told
    assert told == (
        "So that everybody has a turn: songs of up to 100 MB and 3 h, videos of up to 1 min 30 s, "
        "at most 20 min of work for each. Your files are deleted 5 min after you leave."
    )
    assert Limits.of(public=False, environment={}).told == ""
