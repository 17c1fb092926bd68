"""Looks by chance, and favourites."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .conftest import open_part
from .test_history import shows, still

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROMPT = "#prompt textarea"


@pytest.mark.deep
def test_a_favourite_brings_a_surprise_back(page: Page) -> None:
    page.wait_for_selector("#painted img", state="attached")
    first = page.input_value(PROMPT)
    page.click("#surprise")
    page.wait_for_function(
        "before => document.querySelector('#prompt textarea').value !== before", arg=first
    )
    still(page)
    open_part(page, "#brush")
    found, seed = page.input_value(PROMPT), page.input_value("#seed input")
    page.click("#favour")
    page.wait_for_selector("#favourites li img")
    page.keyboard.press("Control+z")
    shows(page, PROMPT, first)
    # In this browser it stays.
    page.reload()
    page.wait_for_selector("#plan .line")
    shows(page, PROMPT, first)
    tile = page.get_by_label(f"Favourite: {found}", exact=True)
    tile.click()
    shows(page, PROMPT, found)
    open_part(page, "#brush")
    shows(page, "#seed input", seed)
    page.get_by_label(f"Remove the favourite: {found}").click()
    page.wait_for_selector("#favourites li", state="detached")
    assert page.evaluate("document.activeElement.id") == "favour"


@pytest.mark.deep
def test_favourites_of_another_version_are_left_out(page: Page) -> None:
    kept = [3, None, {"look": 4}, {"look": "{}", "picture": "javascript:x"}]
    kept.append({"look": json.dumps({"style.prompt": "fire"})})
    page.evaluate("kept => localStorage.setItem('musvid.favourites', kept)", json.dumps(kept))
    page.reload()
    page.wait_for_selector("#plan .line")
    page.click("#favourites li button >> nth=0")
    shows(page, PROMPT, "fire")
    assert page.locator("#favourites li").count() == 1
