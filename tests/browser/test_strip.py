"""A strip takes the value that a tile was painted with, and tells when it is out of date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import open_part

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.deep
def test_a_strip_takes_what_it_was_painted_with(page: Page) -> None:
    page.wait_for_selector("#painted img", state="attached")
    open_part(page, "#strips")
    page.click("#paint-strip")
    page.wait_for_function("document.querySelectorAll('#strip img').length == 5")
    page.get_by_label("prompts", exact=True).click()  # says what the next one will show
    page.focus("#strip button >> nth=0")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.innerText.trim()") == "0.4"
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#strength input[type=number]').value == '0.4'")
    page.wait_for_timeout(500)
    assert "stained glass" in page.input_value("#prompt textarea")
    assert not page.inner_text("#strip .stale")  # it is painted with every strength
    open_part(page, "#words")
    page.click("#chips-styles >> text=nebula")
    page.wait_for_function("document.querySelector('#strip .stale').innerText.includes('other')")
    page.click("#paint-strip")
    page.wait_for_function(
        "[...document.querySelectorAll('#strip button')].map(one => one.innerText.trim()).at(-1)"
        " == 'crimson and gold flames'"
    )
    assert not page.inner_text("#strip .stale")
