"""Undo and redo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import open_part

if TYPE_CHECKING:
    from playwright.sync_api import Page

STRENGTH = "#strength input[type=number]"


def shows(page: Page, selector: str, value: str) -> None:
    page.wait_for_function(
        "([place, value]) => document.querySelector(place)?.value === value", arg=[selector, value]
    )


def can(page: Page, button: str, possible: bool = True) -> None:
    page.wait_for_function(
        "([id, possible]) => document.getElementById(id)?.disabled === !possible",
        arg=[button, possible],
    )


def still(page: Page) -> None:
    """Wait until what changed has become a step."""
    page.evaluate(
        "() => new Promise((done) => document.addEventListener('musvid:settled', done,"
        " { once: true }))"
    )


@pytest.mark.deep
def test_a_preset_is_one_step_and_so_is_a_slider(page: Page) -> None:
    can(page, "undo", False)
    prompt = page.input_value("#prompt textarea")
    strength = page.input_value(STRENGTH)
    page.click("#presets button >> nth=3")
    page.wait_for_function(
        "before => document.querySelector('#prompt textarea').value !== before", arg=prompt
    )
    still(page)
    preset = page.input_value("#prompt textarea"), page.input_value(STRENGTH)
    page.focus("#strength input[type=range]")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    still(page)
    dragged = page.input_value(STRENGTH)
    assert dragged != preset[1]
    # By the keys, as no text field has the focus; one step is all that was dragged.
    page.keyboard.press("Control+z")
    shows(page, STRENGTH, preset[1])
    assert page.input_value("#prompt textarea") == preset[0]
    page.click("#undo")
    shows(page, "#prompt textarea", prompt)
    shows(page, STRENGTH, strength)
    can(page, "undo", False)
    # Both ways, and faster than anything stands still.
    page.click("#redo")
    page.click("#redo")
    shows(page, STRENGTH, dragged)
    shows(page, "#prompt textarea", preset[0])
    can(page, "redo", False)
    page.click("#undo")
    page.click("#undo")
    shows(page, "#prompt textarea", prompt)
    # Something else forgets what was undone.
    open_part(page, "#brush")
    page.fill("#seed input", "7")
    still(page)
    can(page, "redo", False)
    # In a text field the keys are the browser's own.
    page.focus("#prompt textarea")
    page.keyboard.type("x")
    page.keyboard.press("Control+z")
    shows(page, "#prompt textarea", prompt)
    assert page.input_value("#seed input") == "7"


@pytest.mark.deep
def test_a_part_is_reset_and_that_is_undone(page: Page) -> None:
    open_part(page, "#look")
    glow = "#look input[type=number]"
    first = page.input_value(glow)
    page.fill(glow, "7")
    page.press(glow, "Enter")
    still(page)
    page.click("#reset-look")
    shows(page, glow, first)
    still(page)
    page.click("#undo")
    shows(page, glow, "7")
    open_part(page, "#form")
    page.fill("#parts textarea", "0:00 A | 0:08 B")
    page.click("#reset-form")
    shows(page, "#parts textarea", "auto")
