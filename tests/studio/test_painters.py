"""Models at hand: room first, each loaded once, and nobody waits for somebody else's."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from conftest import WriteSong, music

from musvid import Cancelled, ModelError, Recipe, Song, Style
from musvid.job import resolve
from musvid.page.build import build
from musvid.studio.limits import Limits
from musvid.studio.painters import Painters
from musvid.studio.studio import Studio

A, B, C = (Style(model=f"someone/{name}") for name in "abc")


class Loader:
    """Loads models that are numbers, and can be held up."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.held: dict[str, threading.Event] = {}
        self.painters = Painters(self.load)
        self.here: list[list[str]] = []  # the models there were when one was loaded

    def load(self, style: Style) -> Any:
        self.loaded.append(style.model)
        self.here.append([name for name, *_ in self.painters._here])
        if style.model in self.held:
            assert self.held[style.model].wait(20)
        return len(self.loaded)

    def use(self, style: Style, stop: Callable[[], bool] | None = None) -> Any:
        with self.painters.use(style, stop) as painter:
            return painter


@pytest.fixture
def loader() -> Loader:
    return Loader()


def begin(work: Callable[..., Any], *given: Any) -> tuple[threading.Thread, list[Any]]:
    """Some work in a thread, and its result."""
    made: list[Any] = []

    def do() -> None:
        try:
            made.append(work(*given))
        except Exception as error:
            made.append(error)

    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    return thread, made


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_model_is_loaded_once_however_many_want_it(loader: Loader) -> None:
    loader.held[A.model] = threading.Event()
    works = [begin(loader.use, A, stop) for stop in (None, lambda: False, None, lambda: False)]
    time.sleep(0.05)
    loader.held[A.model].set()
    for thread, made in works:
        thread.join(10)
        assert made == [1]
    assert loader.loaded == [A.model]


def test_room_is_made_before_the_third_model_is_loaded(loader: Loader) -> None:
    for style in (A, B, A, C):  # B was used longest ago
        loader.use(style)
    assert loader.loaded == [A.model, B.model, C.model]
    assert loader.here[-1] == [A.model]
    assert loader.painters.has(A)
    assert not loader.painters.has(B)


class Large:
    """A painter that holds itself in a circle, as pipelines do."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.parametrize("stop", [None, lambda: False])
def test_a_model_that_goes_is_gone_before_the_next_one_is_loaded(
    stop: Callable[[], bool] | None,
) -> None:
    """Both at once might be more than the memory holds."""
    seen: list[weakref.ref[Any]] = []
    alive: list[list[bool]] = []

    def load(_: Style) -> Any:
        alive.append([ref() is not None for ref in seen])
        made = Large()
        seen.append(weakref.ref(made))
        return made

    painters = Painters(load, keep=1)
    for style in (A, B, C):
        with painters.use(style, stop):
            pass
    assert alive == [[], [False], [False, False]]


def test_a_model_that_is_painted_with_stays(loader: Loader) -> None:
    with loader.painters.use(A):
        loader.use(B)
        loader.use(C)
        assert loader.here[-1] == [A.model]
        with loader.painters.use(C):  # both are in use: the next one waits
            thread, made = begin(loader.use, B)
            time.sleep(0.3)
            assert loader.loaded == [A.model, B.model, C.model]
        thread.join(10)
    assert made == [4]


def test_a_model_that_is_there_answers_while_another_is_loaded(loader: Loader) -> None:
    loader.use(A)
    loader.held[B.model] = threading.Event()
    thread, made = begin(loader.use, B)
    until(lambda: B.model in loader.loaded)
    began = time.monotonic()
    assert loader.use(A) == 1
    assert time.monotonic() - began < 10  # where B is held up for twice as long
    loader.held[B.model].set()
    thread.join(10)
    assert made == [2]


def test_two_models_are_loaded_at_the_same_time(loader: Loader) -> None:
    for style in (A, B):
        loader.held[style.model] = threading.Event()
    works = [begin(loader.use, style) for style in (A, B)]
    until(lambda: len(loader.loaded) == 2)
    for style in (A, B):
        loader.held[style.model].set()
    for thread, made in works:
        thread.join(10)
        assert made[0] in (1, 2)


def test_stop_is_asked_while_a_model_is_loaded(loader: Loader) -> None:
    loader.held[A.model] = threading.Event()
    stop = threading.Event()
    thread, made = begin(loader.use, A, stop.is_set)
    until(lambda: bool(loader.loaded))
    stop.set()
    thread.join(10)
    assert isinstance(made[0], Cancelled)
    loader.held[A.model].set()
    until(lambda: loader.painters.has(A))  # it was loaded all the same
    assert loader.use(A) == 1


def test_an_error_reaches_all_who_wait_and_the_next_one_tries_again(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail = threading.Event()

    def failing(_: Style) -> Any:
        assert fail.wait(10)
        raise ModelError("It cannot be downloaded.")

    monkeypatch.setattr(loader.painters, "_load", failing)
    works = [begin(loader.use, A, lambda: False) for _ in range(3)]
    fail.set()
    for thread, made in works:
        thread.join(10)
        assert isinstance(made[0], ModelError)
    monkeypatch.setattr(loader.painters, "_load", loader.load)
    assert loader.use(A) == 1


def test_a_moment_is_painted_while_another_visitors_model_is_loaded(
    monkeypatch: pytest.MonkeyPatch, write_song: WriteSong
) -> None:
    studio = Studio(device="cpu")
    recipe = Recipe(size=(64, 64), style=Style(strength=0.7))
    job = resolve(recipe, Song.open(write_song(music(1.0))))
    other = resolve(replace(recipe, style=replace(recipe.style, model="sd15")), job.song)
    loaded, held = threading.Event(), threading.Event()
    load = studio._painters._load

    def loading(style: Style) -> Any:
        if style.model == "sd15":
            loaded.set()
            assert held.wait(30)
        return load(job.recipe.style)

    monkeypatch.setattr(studio._painters, "_load", loading)
    monkeypatch.setattr(studio._painters, "_fetch", None)
    thread, made = begin(studio.paint, other, 0.5)
    assert loaded.wait(10)
    studio.paint(job, 0.5)
    assert not made
    held.set()
    thread.join(30)
    assert made[0].shape == (64, 64, 3)


def test_as_many_may_wait_for_a_painting_as_for_a_download() -> None:
    board = build(Studio(device="cpu"), Limits.of(public=True, environment={}))
    events = [event for event in board.blocks.fns.values() if event.concurrency_id == "paint"]
    # Three of the moment, the strip, the steps, and the endpoint.
    assert len(events) == 6
    assert {event.concurrency_limit for event in events} == {4}
