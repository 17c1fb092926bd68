"""Chips show what the prompt holds, whoever wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import open_part

if TYPE_CHECKING:
    from playwright.sync_api import Page

LIT = "[...document.querySelectorAll('.chips [aria-pressed=true]')].map(one => one.innerText)"


def wait_for_lit(page: Page, *words: str) -> None:
    page.wait_for_function(f"words => {LIT}.join() == words", arg=",".join(words))


def prompt(page: Page) -> str:
    return page.input_value("#prompt textarea")


@pytest.mark.deep
def test_the_lit_chips_are_those_that_the_prompt_holds(page: Page) -> None:
    open_part(page, "#words")
    wait_for_lit(page, "stained glass", "gold", "blue")
    page.click("#chips-styles >> text=nebula")
    wait_for_lit(page, "nebula", "gold", "blue")
    page.click("#chips-styles >> text=nebula")  # and taken out again
    wait_for_lit(page, "gold", "blue")
    assert prompt(page) == "blue and gold"
    page.fill("#prompt textarea", "dreamy turquoise reef")
    wait_for_lit(page, "coral", "teal", "soft")
    page.click("#chips-colours >> text=pink")
    wait_for_lit(page, "coral", "teal", "pink", "soft")
    page.click("#chips-colours >> text=lime")  # a third one replaces the second
    wait_for_lit(page, "coral", "lime", "teal", "soft")
    assert prompt(page) == "dreamy turquoise and lime reef"


@pytest.mark.deep
def test_a_group_of_chips_is_one_tab_stop(page: Page) -> None:
    open_part(page, "#words")
    page.focus("#words > button")
    words = []
    for _ in range(3):
        page.keyboard.press("Tab")
        words.append(page.evaluate("document.activeElement.innerText"))
    assert words == ["stained glass", "gold", "glowing"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    wait_for_lit(page, "stained glass", "gold", "blue", "dark")
    assert page.evaluate("document.activeElement.innerText") == "dark"
    loaded = page.eval_on_selector_all(
        "#chips-styles img", "all => all.filter(one => one.naturalWidth == 64).length"
    )
    assert loaded == 10


@pytest.mark.deep
def test_what_the_painter_skips_stands_right_under_the_prompt(page: Page) -> None:
    page.fill("#prompt textarea", "castle")
    page.wait_for_selector("#prompt-note [role=status]")
    said = page.inner_text("#prompt-note")
    assert "it skips: castle" in said and "a violet and pink nebula instead" in said
    assert "castle" not in page.inner_text("#plan")
    field, place = (page.locator(each).bounding_box() for each in ("#prompt", "#prompt-note"))
    assert field and place
    assert 0 <= place["y"] - field["y"] - field["height"] < 30
    page.fill("#prompt textarea", "teal coral")
    page.wait_for_selector("#prompt-note [role=status]", state="detached")
