"""Downloads that several visitors wait for, and those who do not want them in their way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny_models
from conftest import WriteSong, music

from musvid import Cancelled, ModelError, Recipe, Song, Style
from musvid.job import resolve
from musvid.paint import downloads
from musvid.paint.downloads import PART, Download
from musvid.studio.fetches import Fetches
from musvid.studio.painters import Painters
from musvid.studio.studio import Studio

STYLE = Style(model="tiny/one")


class Hand:
    """Downloads that go on as a test says, and end when whoever is told raises."""

    def __init__(self) -> None:
        self.begun, self.ended = 0, list[str]()
        self.done = threading.Event()
        self.error: Exception | None = None

    def __call__(self, style: Style, told: Callable[[Download], object]) -> None:
        self.begun += 1
        try:
            while not self.done.wait(0.01):
                told(Download(style.model, self.begun, 10))
            if self.error:
                raise self.error
            self.ended.append("whole")
        except BaseException as error:
            self.ended.append(type(error).__name__)
            raise


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    hand = Hand()
    monkeypatch.setattr(downloads, "lacking", lambda _: [] if hand.ended == ["whole"] else [1])
    return hand


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def begin(looks: Iterator[object]) -> tuple[threading.Thread, list[Any]]:
    """Somebody who waits in a thread, and what came of it."""
    made: list[Any] = []

    def do() -> None:
        try:
            made.append(list(looks)[-1])
        except Exception as error:
            made.append(error)

    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    return thread, made


def test_a_download_goes_on_once_however_many_wait(hand: Hand) -> None:
    fetches = Fetches(hand)
    waiting = [begin(fetches.wait(STYLE)) for _ in range(3)]
    until(lambda: hand.begun == 1)
    time.sleep(0.3)
    hand.done.set()
    for thread, made in waiting:
        thread.join(10)
        assert made == [Download("tiny/one", 1, 10)]
    assert (hand.begun, hand.ended) == (1, ["whole"])
    assert list(fetches.wait(STYLE)) == []  # it is here


def test_it_ends_when_nobody_waits_any_more_and_begins_anew(hand: Hand) -> None:
    fetches = Fetches(hand)
    one, other = fetches.wait(STYLE), fetches.wait(STYLE)
    for looks in (one, other):
        next(looks)
    one.close()
    time.sleep(0.1)
    assert hand.ended == []  # somebody waits
    began = time.monotonic()
    other.close()
    until(lambda: hand.ended == ["_Left"])
    assert time.monotonic() - began < 5
    thread, made = begin(fetches.wait(STYLE))
    until(lambda: hand.begun == 2)
    time.sleep(0.2)
    hand.ended.clear()
    hand.done.set()
    thread.join(10)
    assert made == [Download("tiny/one", 2, 10)]


def test_nobody_is_told_of_an_end_that_others_wanted(hand: Hand) -> None:
    """Who comes while a download ends waits for the next one."""
    fetches = Fetches(hand)
    for _ in range(20):
        looks = fetches.wait(STYLE)
        next(looks)
        looks.close()  # it ends with the next byte: now, or when somebody waits again
    thread, made = begin(fetches.wait(STYLE))
    time.sleep(0.2)
    hand.ended.clear()
    hand.done.set()
    thread.join(10)
    assert isinstance(made[0], Download)


def test_an_error_reaches_all_and_the_next_one_tries_again(hand: Hand) -> None:
    fetches = Fetches(hand)
    hand.error = ModelError("It cannot be had.")
    waiting = [begin(fetches.wait(STYLE)) for _ in range(2)]
    until(lambda: hand.begun == 1)
    time.sleep(0.2)
    hand.done.set()
    for thread, made in waiting:
        thread.join(10)
        assert made == [hand.error]
    hand.error = None
    list(fetches.wait(STYLE))
    assert hand.begun == 2


def test_a_model_at_hand_is_given_while_any_number_are_downloaded(hand: Hand) -> None:
    """A download takes none of the places in memory."""
    made: list[str] = []

    def load(style: Style) -> Any:
        made.append(style.model)
        return style.model

    fetches = Fetches(hand)
    painters = Painters(
        load,
        keep=1,
        fetch=lambda style: iter(()) if style.model == "sketch" else fetches.wait(style),
    )
    stops = [threading.Event() for _ in range(3)]
    failed: list[BaseException] = []

    def want(number: int) -> None:
        try:
            with painters.use(Style(model=f"tiny/{number}"), stops[number].is_set):
                pass
        except Cancelled as error:
            failed.append(error)

    threads = [threading.Thread(target=want, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: hand.begun == 3)
    for _ in range(3):
        with painters.use(Style(), lambda: False) as painter:
            assert painter == "sketch"
    assert made == ["sketch"]
    for stop, thread in zip(stops, threads, strict=True):
        stop.set()
        thread.join(10)
    assert len(failed) == 3
    assert all("being downloaded; what is here of it stays" in str(error) for error in failed)
    until(lambda: hand.ended == ["_Left"] * 3)


def test_a_moment_is_painted_while_a_real_download_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_song: WriteSong
) -> None:
    published = tiny_models.sd15(tmp_path / "sd15")
    studio = Studio(device="cpu")
    recipe = Recipe(size=(64, 64), style=Style(strength=0.7))
    job = resolve(recipe, Song.open(write_song(music(1.0))))
    style = replace(recipe.style, model="tiny/one", steps=1, guidance=1.0)
    other = resolve(replace(recipe, style=style), job.song)
    with tiny_models.Hub({"tiny/one": published}) as hub:
        hub.instead(monkeypatch, tmp_path / "cache")
        hub.pace = 20_000  # it takes a minute
        assert studio.lacks(style)
        looks = studio.fetch(style)
        until(lambda: (seen := next(looks)) is not None and seen.done > 10_000)
        assert studio.paint(job, 0.5).shape == (64, 64, 3)
        assert studio.lacks(style)
        looks.close()
        until(lambda: not [one for one in threading.enumerate() if one.name == "download"])
        found = list((tmp_path / "cache").rglob("*.incomplete"))
        assert found
        assert all(path.name.endswith(PART) for path in found)
        hub.pace = None
        assert studio.paint(other, 0.5).shape == (64, 64, 3)  # goes on, and loads
        assert not studio.lacks(style)
        assert max(hub.ranges) > 0
