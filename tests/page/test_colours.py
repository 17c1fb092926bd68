"""The buttons of the page that take a picture's colours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ffmpeg, music, write_wav
from PIL import Image

from musvid import Recipe
from musvid.page.board import Board
from musvid.page.build import build
from musvid.page.values import UPLOADED
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio


@pytest.fixture(scope="module")
def board() -> Board:
    return build(Studio(device="cpu"), Limits())


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with a teal cover."""
    folder = tmp_path_factory.mktemp("covered")
    Image.new("RGB", (64, 64), (0, 120, 110)).save(folder / "cover.jpg")
    source = write_wav(folder / "source.wav", music(6.0))
    inputs = ["-i", source, "-i", folder / "cover.jpg", "-map", "0", "-map", "1"]
    ffmpeg(*inputs, "-c:v", "copy", "-disposition:v", "attached_pic", folder / "song.m4a")
    return folder / "song.m4a"


def press(board: Board, name: str, song: Path | None, file: object = None, **shown: Any) -> Any:
    """What a button answers, by the names of what it changes."""
    named = {block.elem_id: block for block in board.blocks.blocks.values()}
    button = named[name]
    events = board.blocks.fns.values()
    (event,) = [each for each in events if button._id in [target for target, _ in each.targets]]
    updates, _ = board.filled(Recipe(), None)
    values = {key: updates.get(part, part.value) for key, part in board.controls.items()}
    data = {board["song"]: song and str(song), board["moment"]: 0.0}
    data |= {board.controls[key]: None for key in UPLOADED}
    data |= {board.held: json.dumps(values | shown), button: file}
    answers: Any = event.fn(data)  # type: ignore[misc]
    known = {part: key for key, part in board.controls.items()}
    known[named["colours-note"]] = "note"
    return {known[part]: value for part, value in answers.items()}


def test_a_picture_gives_the_prompt_its_colours(board: Board, tmp_path: Path) -> None:
    Image.new("RGB", (50, 50), (255, 120, 20)).save(tmp_path / "own.png")
    asked = {"style.prompt": "blue and cyan crystal", "story": "off"}
    answer = press(board, "colours-of-picture", None, str(tmp_path / "own.png"), **asked)
    assert answer["style.prompt"] == "orange crystal" and "story" not in answer
    assert "Its colours: orange." in answer["note"]


def test_the_songs_cover_gives_them_and_a_story_is_written_in_them(
    board: Board, song: Path
) -> None:
    asked = {"style.prompt": "blue crystal", "story": "A: gold coral | B: violet flames"}
    answer = press(board, "colours-of-cover", song, **asked)
    assert answer["style.prompt"] == "teal crystal"
    assert answer["story"] == "A: teal coral | B: teal flames"
    answer = press(board, "colours-of-cover", song, **{**asked, "story": "auto"})
    assert answer["story"].startswith("A: "), "it is written"


def test_what_has_no_colours_is_told_in_one_sentence(
    board: Board, song: Path, tmp_path: Path
) -> None:
    plain = write_wav(tmp_path / "plain.wav", music(1.0))
    for name, where, file, said in (
        ("colours-of-cover", plain, None, "holds no cover; take a picture instead."),
        ("colours-of-cover", None, None, "Choose a song first"),
        ("colours-of-picture", song, str(plain), "is no picture that can be read"),
        ("colours-of-picture", song, None, "There is no picture"),
    ):
        answer = press(board, name, where, file)
        assert said in answer["note"] and set(answer) == {"note"}
