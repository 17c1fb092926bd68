"""Settings that come from elsewhere: nothing is taken that is not valid here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import WriteSong, music

import musvid
from musvid import presets
from musvid.page.board import Board
from musvid.page.build import build
from musvid.page.restore import Clip, look_of, read
from musvid.page.values import values_of
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """A public page that nobody looks at."""
    studio = Studio(device="cpu", store=musvid.Store(tmp_path_factory.mktemp("store")))
    return build(studio, Limits.of(public=True, environment={}))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "{}", '{"nothing": 1}', "[" * 5000, "9" * 200_000]
)
def test_what_is_no_look_fills_nothing(board: Board, text: str) -> None:
    updates, note = look_of(board, text, None)
    assert updates == {}
    assert "no look" in note


def test_a_look_is_taken_as_far_as_it_is_valid_here(board: Board) -> None:
    given = {
        "style.prompt": "fire",
        "style.model": "somebody/anything",  # downloads nothing
        "style.strength": "<b>",
        "size": "2048x2048",  # beyond what is allowed
        "cooling": [],
        "echo": 0.3,
        "gone": 1,
        "view.cover": "/etc/passwd",
        "start": 5.0,  # of a song, and so of none here
        "stride": 8,
        "before": 4,
        "after": 2,
    }
    updates, note = look_of(board, json.dumps(given), None)
    shown = {name: updates.get(part) for name, part in board.controls.items()}
    assert (shown["style.prompt"], shown["echo"], shown["style.model"]) == ("fire", 0.3, "sketch")
    assert [shown[name] for name in ("stride", "before", "after")] == [8, 4, 2]
    assert shown["view.cover"] is shown["start"] is shown["lock.note"] is None
    for bad in ("style.model", "style.strength", "size", "cooling", "gone"):
        assert bad in note
    assert "echo" not in note


def test_what_the_page_shows_comes_back_as_it_is(board: Board) -> None:
    for each in presets.every():
        values = {
            name: value for name, value in values_of(each.recipe).items() if name in board.controls
        }
        recipe, bad = read(board, json.dumps(values))
        assert bad == []
        assert recipe is not None
        assert replace(recipe, lock=each.recipe.lock).resolve() == each.recipe.resolve()


def test_a_song_has_its_part_beat_and_form_again(board: Board, write_song: WriteSong) -> None:
    path = str(write_song(music(4.0)))
    own = {"start": 1.5, "duration": 99, "form": "0:00 A | 0:02 B", "lock.note": "1/4"}
    values = {**own, "lock.bpm": 90, "lock.beats": []}
    clip = Clip.of(board, path, json.dumps({"moment": 2.5, "values": values}))
    assert (clip.start, clip.duration, clip.moment) == (1.5, 4.0, 2.5)
    assert clip.own["form"] == own["form"]
    assert (clip.own["lock.note"], clip.own["lock.bpm"]) == ("1/4", 90)
    for text in ("", "[]", '{"values": 3, "moment": "x"}'):
        assert Clip.of(board, path, text) == Clip(0, 4.0, 1.33, {})
    for moment in (-1, 99, "x", True, None):
        kept = json.dumps({"moment": moment, "values": {"start": 2, "duration": 1.5}})
        assert 2 <= Clip.of(board, path, kept).moment <= 3.5


def test_settings_of_a_file_are_told_beside_the_song(board: Board, tmp_path: Path) -> None:
    from musvid.page.drop import DropPanel

    panel = DropPanel()
    panel.board = board
    for name, text, said in (
        ("a.json", "{", "not JSON"),
        ("b.json", '{"size": [2048, 2048]}', "at most"),
        ("c.mp4", "nothing", "c.mp4"),
        ("d.txt", "nothing", "d.txt"),
    ):
        file = tmp_path / name
        file.write_text(text)
        updates = panel.on_dropped(str(file), None)
        assert list(updates) == [board["song_problem"]]
        assert said in updates[board["song_problem"]]
    good = tmp_path / "good.json"
    good.write_text('{"echo": 0.25}')
    assert panel.on_dropped(str(good), None)[board.controls["echo"]] == 0.25


def test_of_a_long_song_the_liveliest_part_comes_first(board: Board, write_song: WriteSong) -> None:
    rate = 4000
    sound = 0.05 * np.random.default_rng(0).uniform(-1, 1, 60 * rate)
    sound[30 * rate : 46 * rate] *= 15
    clip = Clip.of(board, str(write_song(sound, rate=rate)), "")
    assert clip.start == pytest.approx(30.5, abs=0.6) and clip.duration == 15
    assert clip.moment == pytest.approx(clip.start + 5, abs=0.01)
