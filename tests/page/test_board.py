"""The page's board: every setting has a control, and the panels know the board alone."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from conftest import ROOT, WriteSong, music

import musvid
from musvid import Recipe, SettingsError
from musvid.page.board import Board
from musvid.page.build import build
from musvid.page.song import SongPanel
from musvid.page.values import UPLOADED, recipe_of, values_of
from musvid.ranges import RANGES
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio

FOLDER = ROOT / "musvid" / "page"
FILES = sorted(FOLDER.glob("*.py"))
PANELS = [
    "song",
    "form",
    "story",
    "motion",
    "beat",
    "follow",
    "style",
    "additions",
    "view",
    "release",
    "look",
    "moment",
    "render",
    "results",
    "compare",
    "grid",
    "preset",
    "history",
    "surprise",
    "keep",
    "drop",
    "stage",
    "play",
    "levers",
    "format",
    "part",
    "changes",
    "reset",
    "steps",
    "overview",
]
# Settings that the page leaves as they are.
NO_CONTROL = {
    "track",  # few songs have several, and the page says which one it took
    "midi",  # a file among the stems
}


@pytest.fixture
def board(tmp_path: Path) -> Board:
    """A page that nobody looks at."""
    studio = Studio(device="cpu", store=musvid.Store(tmp_path))
    return build(studio, Limits.of(public=False))


def test_every_setting_has_a_control_of_its_name(board: Board) -> None:
    controls = board.controls
    settings = set(musvid.Recipe().flat())
    assert settings >= NO_CONTROL
    # A gain that is found by itself, embers that cool in notes, lyrics that are the song's own, and
    # the id of a tiny autoencoder have one more.
    more = {"level", "cooling", "own_lyrics", "style.tiny_id"}
    assert settings - NO_CONTROL == set(controls) - more


LOADED: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, {}, []),
    (
        {"guidance_by.source": "onsets", "guidance_by.amount": 20},
        {"guidance_by.amount": 10},
        ["guidance_by.amount 10 instead of 20"],
    ),
    ({"strength_by.amount": -30}, {"strength_by.amount": -1}, ["strength_by.amount"]),
    ({"seed_by.amount": -0.5}, {"seed_by.amount": 0}, ["seed_by.amount"]),
    ({"duration": 0.2}, {"duration": 0.5}, ["duration 0.5 instead of 0.2"]),
    ({"duration": 99.0}, {"duration": 2.04}, ["duration 2.04 instead of 99"]),
    ({"start": 1.54}, {"start": 1.5}, ["start 1.5 instead of 1.54"]),
    ({"start": 999}, {"start": 1.5}, ["start"]),
    ({"look.gain": 3.7, "look.tlength": 0.0033}, {"look.gain": 3.7, "look.tlength": 0.0033}, []),
    ({"style.tiny_autoencoder": "owner/tiny"}, {"style.tiny_autoencoder": "owner/tiny"}, []),
    ({"look.half_life": "1/8"}, {}, []),
    ({"style.tiny_autoencoder": True}, {"style.tiny_autoencoder": True}, []),
    ({"lock.note": "1/8", "lock.bpm": "174.3", "lock.beat": -3.0}, {"lock.beat": -3}, []),
    ({"lock.note": "1/8", "lock.bpm": 120, "lock.beats": [0.5, 1.0]}, {"lock.beats": [0.5, 1]}, []),
    ({"fps": "392/16", "size": "64x128", "upscale": 8}, {"fps": "49/2", "upscale": 8}, []),
]


@pytest.mark.parametrize(("given", "shown", "said"), LOADED, ids=[str(each[0]) for each in LOADED])
def test_settings_beyond_a_slider_are_shown_at_its_end_and_told(
    board: Board,
    write_song: WriteSong,
    given: dict[str, Any],
    shown: dict[str, Any],
    said: list[str],
) -> None:
    path = str(write_song(music(2.04)))
    panel = SongPanel()
    panel.board = board
    for part, update in panel.on_song(path).items():  # a page that shows the song
        for name in ("minimum", "maximum"):
            if isinstance(update, dict) and name in update:
                setattr(part, name, update[name])
    updates, note = board.filled(Recipe.from_flat(given), path)
    for part, value in updates.items():
        if isinstance(part, gr.Slider):
            assert part.minimum <= value <= part.maximum, part.label
    values = {
        name: part.preprocess(part.postprocess(updates[part])) if part in updates else None
        for name, part in board.controls.items()
        if not isinstance(part, gr.State)
    }
    values["lock.beats"] = updates[board.controls["lock.beats"]]
    taken = recipe_of(values).flat()
    assert {name: taken[name] for name in shown} == shown
    others = {name: value for name, value in given.items() if name not in shown}
    assert {name: str(taken[name]) for name in others} == {
        name: str(value) for name, value in others.items()
    }
    assert bool(note) == bool(said)
    assert all(text in note for text in said)


def test_sliders_have_the_ranges_of_the_settings(board: Board) -> None:
    for name, part in board.controls.items():
        if isinstance(part, gr.Slider) and name not in ("start", "duration"):
            assert (part.minimum, part.maximum) == RANGES[name].slider, name


def test_an_id_of_a_tiny_autoencoder_is_offered_where_any_model_is(tmp_path: Path) -> None:
    for public in (True, False):
        studio = Studio(device="cpu", store=musvid.Store(tmp_path))
        made = build(studio, Limits.of(public=public, environment={}))
        additions = made.controls["style.lora"].parent.parent
        assert additions.elem_id == "additions"
        for part in (made.controls["style.tiny_id"], additions):
            assert part.visible is not public


def test_the_live_line_tells_what_is_taken_otherwise(board: Board, write_song: WriteSong) -> None:
    for settings, says in (
        ({"style.prompt": "zeppelin"}, None),  # it stands under the prompt
        ({"story": "A: violet sauerkraut", "form": "0:00 A"}, "ignores: sauerkraut"),
        ({"style.negative_prompt": "mud"}, "negative prompt has no effect without a guidance"),
        ({"style.negative_prompt": "mud", "style.guidance": 2.0}, None),
        ({"fps": "23.976023976"}, "23.976023976 pictures a second are taken as 24000/1001"),
        ({"fps": "30000/1001"}, None),
    ):
        path = str(write_song(music(2.0)))
        updates, _ = board.filled(Recipe(), path)
        data = {**updates, board["song"]: path, board["moment"]: 0.0}
        data |= {part: data.get(part, part.value) for part in board.controls.values()}
        data |= {board.controls[name]: value for name, value in settings.items()}
        line, _ = board.on_plan(data)
        assert "problem" not in line
        assert says in line if says else "hint" not in line


def test_a_value_that_lies_beyond_a_slider_with_new_ends_is_taken_as_its_end(board: Board) -> None:
    # With a shorter song, the browser sends what it still shows.
    length = board.controls["duration"]
    length.maximum = 4
    assert [length.preprocess(value) for value in (12.0, 3.0, 0.1)] == [4, 3, length.minimum]
    # While a number is typed there may be none.
    assert length.preprocess(None) == length.minimum
    seed = board.controls["style.seed"]
    assert [seed.preprocess(value) for value in (-3, 7, 10**11, None)] == [0, 7, 2**32 - 1, None]


def test_one_event_writes_the_live_line(board: Board) -> None:
    # Of two, the one that is answered last would win, and not the one that was asked last.
    writers = [
        event["id"]
        for event in board.blocks.get_config_file()["dependencies"]
        if board["plan"]._id in event["outputs"]
    ]
    assert len(writers) == 1


def imported(path: Path) -> set[str]:
    """The modules of the page that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level == 1 or module.startswith("musvid.page") or module == "page":
                own = module.removeprefix("musvid.page").removeprefix("page").strip(".")
                found |= {own.split(".")[0]} if own else {alias.name for alias in node.names}
            elif node.level == 2 and module.startswith("page."):
                found.add(module.split(".")[1])
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found |= {name.split(".")[2] for name in names if name.startswith("musvid.page.")}
    return found


@pytest.mark.parametrize("panel", PANELS)
def test_no_panel_imports_another(panel: str) -> None:
    assert "board" in imported(FOLDER / f"{panel}.py")
    assert not imported(FOLDER / f"{panel}.py") & (set(PANELS) | {"build", "launch", "api"})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno
            assert node.end_lineno - node.lineno < 60, node.name


def test_the_entry_is_an_entry_only() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= 100


def test_the_songs_own_lyrics_are_a_box_that_a_file_outdoes(board: Board) -> None:
    first = {name: board.first[name] for name in board.controls}
    assert recipe_of(first).words.lyrics is None
    own = recipe_of({**first, "own_lyrics": True})
    assert own.words.lyrics == "auto" and values_of(own)["own_lyrics"]
    given = {**first, "own_lyrics": True, "words.lyrics": "song.lrc"}
    assert recipe_of(given).words.lyrics == "song.lrc"


def test_controls_that_come_as_one_text_are_read_like_controls(board: Board) -> None:
    stolen = {**dict.fromkeys(UPLOADED, "/etc/passwd"), "stems": ["/etc/passwd"]}
    values = {"stride": 7, **stolen, "unknown": 1}
    none = dict.fromkeys(UPLOADED)
    data: dict[Any, Any] = {board.held: json.dumps(values)}
    data |= {board.controls[name]: None for name in UPLOADED}
    named = board.named(data)
    first = {name: board.first[name] for name in board.controls}
    assert named == {**first, "stride": 7, **none}
    assert recipe_of(named).stride == 7
    # Before the browser has read any, the page shows its first ones.
    assert board.named({**data, board.held: None}) == {**first, **none}


def test_an_empty_field_of_curves_is_no_curve() -> None:
    assert recipe_of({**values_of(Recipe()), "curves": None}).curves == ""


def test_a_page_follows_the_files_that_were_uploaded() -> None:
    shown = values_of(Recipe(stems={"drums": "/home/me/drums.wav"}, midi="/home/me/a.mid"))
    assert shown["stems"] is None
    assert (recipe_of(shown).stems, recipe_of(shown).midi) == ((), None)
    files = ["/up/Song - Drums.wav", "/up/notes.MID", "/up/bass.flac"]
    found = recipe_of({**shown, "stems": files})
    assert found.stems == (("drums", files[0]), ("bass", files[2]))
    assert found.midi == files[1]
    with pytest.raises(SettingsError, match="One MIDI file can be followed"):
        recipe_of({**shown, "stems": ["/up/a.mid", "/up/b.midi"]})


@pytest.mark.parametrize("text", ["{", "[]", "7", "[" * 9999])
def test_a_text_that_holds_no_controls_is_a_sentence(board: Board, text: str) -> None:
    with pytest.raises(SettingsError, match="reload the page"):
        board.named({board.held: text})


def test_no_two_events_of_a_trigger_are_for_its_last_time_alone(board: Board) -> None:
    # Gradio's browser repeats such a trigger for all its events, so they would never end.
    last: dict[Any, list[str]] = {}
    for event in board.blocks.fns.values():
        if event.trigger_mode == "always_last":
            for target in event.targets:
                if target[0] is None:  # "then" is a trigger of its own
                    continue
                last.setdefault(target, []).append(event.name)
    assert {target: names for target, names in last.items() if len(names) > 1} == {}


def test_no_event_has_many_inputs_or_shows_its_progress_on_many_components(board: Board) -> None:
    # Gradio's browser writes a state for each of them whenever any event begins or ends.
    shown: set[int] = set()
    for event in board.blocks.fns.values():
        if event.fn is not None:
            where = event.outputs if event.show_progress_on is None else event.show_progress_on
            shown |= {part._id for part in [*event.inputs, *where]}
    assert len(shown) < 69 + len(UPLOADED), "each file that is uploaded is one"


def test_no_two_components_have_one_name(board: Board) -> None:
    names = [block.elem_id for block in board.blocks.blocks.values() if block.elem_id]
    assert sorted(set(names)) == sorted(names)


def test_a_part_is_reset_to_what_it_held_at_first(board: Board) -> None:
    events = {event.targets[0][0]: event for event in board.blocks.fns.values() if event.targets}
    buttons = [
        block for block in board.blocks.blocks.values() if str(block.elem_id).startswith("reset-")
    ]
    names = {part: name for name, part in board.controls.items()}
    reset: dict[str, list[str]] = {}
    for button in buttons:
        event = events[button._id]
        values = json.loads(str(event.js).removeprefix("() => (").removesuffix(")"))
        mine = [names[part] for part in event.outputs]
        values = values if len(mine) > 1 else [values]
        assert values == json.loads(json.dumps([board.first[name] for name in mine]))
        reset[str(button.elem_id).removeprefix("reset-")] = mine
    assert {"view", "motion", "beat", "form", "story", "follow", "look", "brush"} <= set(reset)
    assert "camera.zoom" in reset["view"] and "zoom_by.source" in reset["view"]
    every = [name for mine in reset.values() for name in mine]
    assert len(every) == len(set(every))
