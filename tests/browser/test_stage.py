"""First sight: what a visitor sees before doing anything, at three sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import open_part, visitor
from .test_page import painted

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LAPTOP, TABLET, PHONE = (1440, 900), (1024, 768), (390, 844)
OTHERS = [
    pytest.param(*TABLET, marks=pytest.mark.deep),
    pytest.param(*PHONE, marks=pytest.mark.thorough),
]

# Controls that are on the screen, and not beneath another one: things to click or to type in. A
# slider with its number, and a group of radios, are one.
SEEN = """() => {
  const named = 'a[href], button, input, select, textarea, summary, [role=slider], [tabindex="0"]';
  return [...document.querySelectorAll(named)].filter((each) => {
    if (each.disabled || each.type === 'file' || each.matches('.sr-only, [tabindex="-1"]'))
      return false;
    const box = each.getBoundingClientRect();
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const hit = document.elementFromPoint(x, y);
    return box.width > 3 && hit && each.checkVisibility({ visibilityProperty: true })
      && (each === hit || each.contains(hit) || hit.contains(each));
  }).filter((each) => !each.getAttribute('aria-label')?.startsWith('number input for')
    && !each.matches('label + label input')
  ).map((each) => each.id || each.getAttribute('aria-label') || each.innerText || each.outerHTML);
}"""

# How much of an element is on the screen, 0 to 1.
VISIBLE = """(place) => {
  const box = document.querySelector(place).getBoundingClientRect();
  const high = Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
  const wide = Math.min(box.right, innerWidth) - Math.max(box.left, 0);
  return Math.max(0, high) * Math.max(0, wide) / (box.width * box.height);
}"""


@pytest.mark.parametrize(
    ("width", "height"),
    [LAPTOP, *OTHERS],
)
def test_stage_and_button_are_seen_without_scrolling(
    browser: Browser, address: str, width: int, height: int
) -> None:
    with visitor(browser, address, width, height) as page:
        painted(page)
        page.wait_for_function("document.querySelector('#stage-row').dataset.show == 'moment'")
        for place in ("#stage", "#drawn", "#diffused", "#render"):
            assert page.evaluate(VISIBLE, place) > 0.98, place
        if width > 400:
            page.wait_for_selector("#presets [aria-pressed=true]")  # whose link nobody needs
            seen = page.evaluate(SEEN)
            assert len(seen) <= 25, seen
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize(
    ("width", "height"),
    [pytest.param(*LAPTOP, marks=pytest.mark.deep), *OTHERS],
)
def test_the_stage_stays_in_sight_of_what_changes_it(
    browser: Browser, address: str, width: int, height: int
) -> None:
    with visitor(browser, address, width, height) as page:
        painted(page)
        for part in ("#words", "#view", "#motion", "#follow", "#look", "#brush"):
            open_part(page, part)
        controls = ("#prompt", "#chips-styles", "#chips-colours", "#chips-light", "#strength")
        controls += ("#stride", "#kind", "#recipe", "#look", "#seed", "#strength_by-source")
        for place in controls:
            page.eval_on_selector(place, "one => one.scrollIntoView({block: 'center'})")
            page.wait_for_timeout(100)
            assert page.evaluate(VISIBLE, "#stage") > 0.9, place


def test_what_changed_last_is_on_the_stage(page: Page) -> None:
    page.wait_for_selector("#painted img", state="visible")
    page.click("#quick")
    page.wait_for_selector("#video video", state="visible")
    page.wait_for_function("document.querySelector('#drawn-frames img')")
    assert page.is_visible("#drawn-frames img")
    assert not page.is_visible("#painted img")
    page.get_by_label("number input for Strength").fill("0.4")
    page.get_by_label("number input for Strength").press("Enter")
    page.wait_for_selector("#painted img", state="visible")
    assert page.eval_on_selector("#video video", "one => one.paused")
