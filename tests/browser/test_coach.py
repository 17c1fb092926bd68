"""Hints at a first visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.deep
@pytest.mark.parametrize("width", [1440, 390])
def test_three_hints_are_shown_once(browser: Browser, address: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 860}, reduced_motion="reduce")
    try:
        page = context.new_page()
        page.goto(address)
        texts = []
        if width < 768:  # the song lies below what is seen first, which is not scrolled away
            page.wait_for_selector("#plan .line")
            page.wait_for_timeout(500)
            assert page.locator("#coach").count() == 0
            page.evaluate("document.querySelector('#choose').scrollIntoView({block: 'center'})")
        for _ in range(3):
            page.wait_for_selector("#coach")
            texts.append(page.inner_text("#coach p"))
            box = page.locator("#coach").bounding_box()
            assert box
            assert box["x"] >= 0 and box["x"] + box["width"] <= width
            page.click("#coach button >> nth=0")
        assert len(set(texts)) == 3
        assert page.locator("#coach").count() == 0
        page.reload()
        page.wait_for_selector("#plan .line")
        page.wait_for_timeout(500)
        assert page.locator("#coach").count() == 0
    finally:
        context.close()
    context = browser.new_context(reduced_motion="reduce")
    try:
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("#coach")
        page.click("#coach button >> nth=1")  # no more
        page.reload()
        page.wait_for_selector("#plan .line")
        assert page.locator("#coach").count() == 0
    finally:
        context.close()
