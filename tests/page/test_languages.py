"""The page's texts in other languages."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

from musvid.page import browser

PACKAGE = Path(browser.__file__).parents[1]
CODES = sorted(path.stem for path in (PACKAGE / "page" / "languages").glob("*.json"))
PLACE = re.compile(r"\{(\w)\}")
# Gradio's own, which it does not translate.
GRADIO = {
    "number input for {a}",
    "range slider for {a}",
    "Reset to default value",
    "Fullscreen",
    "Exit fullscreen mode",
    "full-screen",
    "play-pause-replay-button",
    "Adjust volume",
    "Thumbnail {x} of {y}",
    "Click to upload or drop files",
    "Empty value",
    "undo",
    "Download",
    "Skip backwards by {x} seconds",
    "Skip forward by {x} seconds",
    "Adjust playback speed to {x}x",
    "Remove this file",
    "Connection to the server was lost. Attempting reconnection...",
    "Lost connection due to leaving page. Rejoining queue...",
    "Waiting for file(s) to finish uploading, please retry.",
    "common.complete",
    "Error",
    "Warning",
    "Info",
}


@pytest.fixture(params=CODES)
def catalogue(request: pytest.FixtureRequest) -> dict[str, str]:
    pairs = json.loads(
        (PACKAGE / "page" / "languages" / f"{request.param}.json").read_text(encoding="utf-8"),
        object_pairs_hook=list,
    )
    made = dict(pairs)
    assert len(made) == len(pairs), "a key is there twice"
    return made


@cache
def sources() -> str:
    """All texts in the package: those of programs with what is put into them left out."""
    found: list[str] = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    part.value if isinstance(part, ast.Constant) else "" for part in node.values
                ]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                found.append(
                    node.value if isinstance(node.value, str) else node.value.decode("latin-1")
                )
    for kind in ("*.js", "*.json"):
        paths = [path for path in PACKAGE.rglob(kind) if path.parent.name != "languages"]
        found += [path.read_text(encoding="utf-8") for path in paths]
    return " ".join("\n".join(found).casefold().split())


def test_there_is_german() -> None:
    assert browser.languages() == {"en": "English", "de": "Deutsch"}


def test_nothing_is_empty(catalogue: dict[str, str]) -> None:
    assert all(key.strip() == key and key for key in catalogue)
    assert all(text.strip() == text and text for text in catalogue.values())


def test_placeholders_agree(catalogue: dict[str, str]) -> None:
    for key, text in catalogue.items():
        places = PLACE.findall(key)
        assert len(set(places)) == len(places), key
        assert sorted(places) == sorted(PLACE.findall(text)), key


def test_a_key_is_a_text_of_the_page(catalogue: dict[str, str]) -> None:
    stale = [
        key
        for key in set(catalogue) - GRADIO
        if not all(" ".join(part.casefold().split()) in sources() for part in PLACE.split(key)[::2])
    ]
    assert not stale


def test_the_head_of_the_page_holds_them() -> None:
    head = browser.scripts()
    for code in CODES:
        found = re.search(
            rf'<script type="application/json" data-language="{code}">(.*?)</script>', head
        )
        assert found
        assert json.loads(found[1]) == browser.catalogues()[code]
        assert head.index(found[0]) < head.index("musvid.language")
