"""Before and after the last change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

SHOWN = "getComputedStyle(document.querySelector('#peek img')).clipPath"


@pytest.mark.deep
def test_the_picture_before_a_change_is_pulled_over_the_one_after_it(page: Page) -> None:
    page.wait_for_selector("#painted img", state="attached")
    page.wait_for_timeout(1500)
    first = page.get_attribute("#painted img", "src")
    page.fill("#strength input[type=number]", "0.3")
    page.press("#strength input[type=number]", "Enter")
    page.wait_for_selector("#peek:not([hidden])")
    assert page.get_attribute("#peek img", "src") == page.evaluate(
        "source => new URL(source, location).href", first
    )
    assert page.get_attribute("#painted img", "src") != first
    assert page.evaluate(SHOWN) == "inset(0px 100% 0px 0px)"
    undo = page.is_enabled("#undo")
    page.focus("#peek input")
    page.keyboard.press("End")
    assert page.evaluate(SHOWN) == "inset(0px 0% 0px 0px)"
    page.keyboard.press("Home")
    page.keyboard.down("b")
    assert page.evaluate(SHOWN) == "inset(0px 0% 0px 0px)"
    page.keyboard.up("b")
    assert page.evaluate(SHOWN) == "inset(0px 100% 0px 0px)"
    assert page.is_enabled("#undo") == undo  # it is no setting
    # Of another moment there is nothing before.
    page.fill("#moment input[type=number]", "9")
    page.press("#moment input[type=number]", "Enter")
    page.wait_for_selector("#peek[hidden]", state="attached")
