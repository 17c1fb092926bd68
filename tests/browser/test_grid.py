"""Values compared on the page: a grid of stills, a click that takes one, clips in step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from musvid import read

from .conftest import open_part
from .test_access import violations
from .test_page import paint_small, painted

if TYPE_CHECKING:
    from playwright.sync_api import Page

DONE = "document.querySelectorAll('#grid button:not(.waits)').length == {}"


def labels(page: Page) -> list[str]:
    return page.eval_on_selector_all(
        "#grid button", "all => all.map(one => one.innerText.trim().replace(/\\s*\\n\\s*/g, ', '))"
    )


def choose(page: Page, place: str, name: str) -> None:
    page.click(f"#grid-{place} input")
    page.get_by_role("option", name=name, exact=True).click()
    page.wait_for_function("!document.querySelector('[role=option]')")


def save(page: Page, selector: str) -> Path:
    page.wait_for_selector(f"{selector}:not([disabled])")
    with page.expect_download() as download:
        page.click(selector)
    assert " - strength x seed." in download.value.suggested_filename
    return Path(download.value.path())


@pytest.mark.deep
def test_values_are_compared_taken_played_and_saved(page: Page, tmp_path: Path) -> None:
    painted(page)
    paint_small(page, tmp_path, duration=2)
    open_part(page, "#brush")
    open_part(page, "#compare")
    prompt = page.input_value("#prompt textarea")
    page.fill("#grid-values-across textarea", "0.3, 0.8")
    choose(page, "down", "Seed")
    page.wait_for_function(
        "document.querySelector('#grid-values-down textarea')?.value == '0, 1, 2, 3'"
    )
    page.fill("#grid-values-down textarea", "5\n6\n7")
    page.click("#grid-paint")
    page.wait_for_selector("#grid button.waits")  # a place for each that is to come
    page.wait_for_function(DONE.format(6))
    wanted = [f"strength {one}, seed {other}" for other in (5, 6, 7) for one in (0.3, 0.8)]
    assert labels(page) == wanted
    sources = page.eval_on_selector_all("#grid img", "all => all.map(one => one.src)")
    assert len(set(sources)) == 6
    page.wait_for_function(
        "document.querySelector('#grid-said .voice').innerText.includes('Painted')"
    )
    # Down and right, and taken by the keyboard.
    page.focus("#grid button >> nth=0")
    for key in ("ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    page.wait_for_function("document.querySelector('#strength input[type=number]').value == '0.8'")
    page.wait_for_function("document.querySelector('#seed input').value == '6'")
    # Taken values are its own; others make it stale, until they are as they were.
    assert page.inner_text("#grid .stale") == ""
    page.fill("#strength input[type=number]", "0.6")
    page.fill("#prompt textarea", "gold marble")
    page.wait_for_function("document.querySelector('#grid .stale').innerText.includes('again')")
    page.fill("#prompt textarea", prompt)
    page.wait_for_function("document.querySelector('#grid .stale').innerText == ''")
    assert Image.open(save(page, "#grid-save-picture")).width > 600
    assert violations(page, "#grid-panel") == {}
    page.fill("#grid-seconds input[type=number]", "1")
    page.click("#grid-play")
    page.wait_for_function("document.querySelector('#grid-video video')?.readyState >= 1")
    assert page.eval_on_selector("#grid-video video", "one => Math.round(one.duration)") == 1
    assert len(list(read(save(page, "#grid-save-video")))) == 30


@pytest.mark.deep
def test_what_cannot_be_compared_is_said_beside_the_button(phone: Page) -> None:
    painted(phone)
    open_part(phone, "#compare")
    phone.fill("#grid-values-across textarea", "0.3, 2")
    phone.click("#grid-paint")
    phone.wait_for_selector("#grid-progress [role=alert]")
    assert "strength must be a number from 0 to 1, not 2" in phone.inner_text("#grid-progress")
    assert phone.is_enabled("#grid-paint") and phone.is_disabled("#grid-stop")
    choose(phone, "across", "View")
    phone.wait_for_function(
        "document.querySelector('#grid-values-across textarea').value.includes('tunnel, mandala')"
    )
    choose(phone, "down", "Stride")
    phone.wait_for_function(
        "document.querySelector('#grid-values-down textarea')?.value == '4, 8, 16, 32'"
    )
    phone.click("#grid-paint")
    phone.wait_for_function("document.querySelectorAll('#grid button').length == 24")
    phone.click("#grid-stop")
    phone.wait_for_selector("#grid-progress [role=alert]")
    assert "goes on quickly" in phone.inner_text("#grid-progress")
    # It scrolls inside its own box.
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert phone.eval_on_selector("#grid .box", "one => one.scrollWidth > one.clientWidth")
