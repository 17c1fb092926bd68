"""Numbers beyond their ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import open_part
from .test_history import STRENGTH, shows

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.deep
def test_a_number_beyond_its_range_becomes_its_end(page: Page) -> None:
    open_part(page, "#brush")
    for field, typed, becomes, note in (
        (STRENGTH, "999", "1", "1 is the most."),
        ("input[aria-label='number input for From (s)']", "-5", "0", "0 is the least."),
        ("#seed input", "-3", "0", "0 is the least."),
        ("#seed input", "99999999999", "4294967295", "4294967295 is the most."),
    ):
        page.focus(field)
        page.keyboard.press("Control+a")
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
        shows(page, field, becomes)
        assert page.inner_text("#number-note") == note
    page.wait_for_timeout(1000)
    assert not page.query_selector(".toast-body")
    assert "problem" not in page.inner_html("#plan")


@pytest.mark.deep
def test_a_number_of_many_digits_leaves_the_page_alive(page: Page) -> None:
    for lever in ("stride", "before", "after"):
        page.fill(f"#{lever} input[type=number]", "9999999")
        page.wait_for_function("1 + 1 == 2", timeout=20_000)
        assert page.eval_on_selector_all("#intervals circle", "all => all.length") < 2000
        page.press(f"#{lever} input[type=number]", "Tab")
        shows(page, f"#{lever} input[type=number]", "64")
