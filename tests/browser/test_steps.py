"""The steps of a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import open_part

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.deep
def test_the_steps_of_a_moment_are_one_click_away(page: Page) -> None:
    counts = (
        "() => [...document.querySelectorAll('#steps .step')]"
        ".map(one => [one.dataset.step, one.querySelectorAll('img').length,"
        " one.querySelectorAll('.real').length])"
    )
    open_part(page, "#steps")
    page.wait_for_selector("#steps [data-step=viewed]")
    assert page.evaluate(counts) == [
        ["drawn", 17, 2],
        ["kept", 2, 2],
        ["guides", 2, 2],
        ["painted", 2, 2],
        ["frames", 17, 2],
        ["viewed", 17, 2],
    ]
    assert "Stride 16" in page.inner_text("#steps [data-step=kept] p")
    page.fill("#stride input[type=number]", "8")
    page.press("#stride input[type=number]", "Enter")
    page.fill("#before input[type=number]", "2")
    page.press("#before input[type=number]", "Enter")
    page.click("#show-steps")
    page.wait_for_function("document.querySelector('[data-step=kept] p')?.innerText.includes('8')")
    page.wait_for_selector("#steps [data-step=viewed]")
    found = page.evaluate(counts)
    assert found[0] == ["drawn", 9, 2] and found[2] == ["guides", 3, 2]
    assert found[3] == ["painted", 3, 3]
    page.click("#examples button >> nth=1")  # another song: they were not of it
    page.wait_for_selector("#steps [data-step]", state="detached")
