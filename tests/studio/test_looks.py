"""Looks of a song: small, soon, behind those who wait, and known the next time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest
from conftest import WriteSong, music
from PIL import Image

from musvid import Recipe, SettingsError, Song, Style, presets
from musvid.job import Job
from musvid.studio.attention import Attention
from musvid.studio.looks import SHOWN, Looks, Newest, at_hand, small
from musvid.studio.studio import Studio

DRY = Recipe(style=Style(strength=0))
LOOKS = {name: replace(DRY, stride=stride) for name, stride in (("a", 4), ("b", 8), ("c", 16))}


@pytest.fixture
def song(write_song: WriteSong) -> Song:
    return Song.open(write_song(music(2.0)))


def test_looks_come_in_their_order_and_are_known_the_next_time(
    song: Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(device="cpu")
    looks = Looks(studio)
    found = dict(looks.pictures(song, LOOKS, 1.0))
    assert list(found) == ["a", "b", "c"]
    assert Image.open(BytesIO(found["a"])).size == (SHOWN, SHOWN)
    monkeypatch.setattr(looks, "_made", None)  # nothing is made again
    assert dict(looks.pictures(song, LOOKS, 1.0)) == found
    monkeypatch.undo()
    # A studio's own pictures and costs are not touched.
    assert not studio._drawn and not studio._painted


def test_looks_end_when_nobody_wants_them_and_leave_out_what_is_not_allowed(song: Song) -> None:
    looks, left = Looks(Studio(device="cpu")), [True, True, False]
    found = dict(looks.pictures(song, LOOKS, 1.0, wanted=lambda: left.pop(0)))
    assert list(found) == ["a", "b"]

    def refuse(job: Job) -> None:
        if job.recipe.stride == 16:
            raise SettingsError("Not here.")

    assert list(dict(looks.pictures(song, LOOKS, 1.0, allowed=refuse))) == ["a", "b"]
    newest = Newest()
    first = newest.begin("me")
    other = newest.begin("you")
    second = newest.begin("me")
    assert not newest.has("me", first)
    assert newest.has("me", second) and newest.has("you", other)


def test_looks_wait_for_whoever_waits_for_a_picture(song: Song) -> None:
    studio = Studio(device="cpu")
    looks = Looks(studio)
    made: list[str] = []

    def work() -> None:
        made.extend(name for name, _ in looks.pictures(song, LOOKS, 1.0))

    with studio.attention.held():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(0.5)
        assert not made
    thread.join(30)
    assert made == ["a", "b", "c"]


def test_attention_is_free_a_moment_after_the_last_picture() -> None:
    now = [100.0]
    clock: Callable[[], float] = lambda: now[0]  # noqa: E731
    attention = Attention(clock)
    assert attention.free
    with attention.held(), attention.held():
        assert not attention.free
    assert not attention.free
    now[0] += 1
    assert attention.free


def test_no_look_needs_a_download_or_keeps_its_size() -> None:
    assert not at_hand(Recipe(style=Style(model="sd-turbo")))
    assert not at_hand(Recipe(style=Style(model="owner/unknown")))
    for each in presets.every():
        assert at_hand(each.recipe)
        recipe = small(each.recipe).resolve()
        assert recipe.story == "off" and recipe.size is not None and max(recipe.size) <= 256
        assert recipe.view.shown is not None and min(recipe.view.shown) == SHOWN
        assert recipe.view.kind == each.recipe.resolve().view.kind
