"""The page's board: every setting has a control, and the panels know the board alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from conftest import ROOT

import musvid
from musvid.page.board import Board
from musvid.page.build import build
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio

FOLDER = ROOT / "musvid" / "page"
FILES = sorted(FOLDER.glob("*.py"))
PANELS = [
    "song",
    "motion",
    "beat",
    "follow",
    "style",
    "look",
    "moment",
    "render",
    "results",
    "compare",
]
# Settings that the page leaves as they are.
NO_CONTROL: set[str] = set()


@pytest.fixture
def board(tmp_path: Path) -> Board:
    """A page that nobody looks at."""
    studio = Studio(device="cpu", store=musvid.Store(tmp_path))
    return build(studio, Limits.of(public=False))


def test_every_setting_has_a_control_of_its_name(board: Board) -> None:
    controls = board.controls
    settings = set(musvid.Recipe().flat())
    assert settings >= NO_CONTROL
    assert settings - NO_CONTROL == set(controls) - {"level"}  # a gain that is found by itself


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
