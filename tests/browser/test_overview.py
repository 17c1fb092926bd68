"""The overview: the part of the song, dragged on its waveform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

WINDOW = "#overview .window"


def part(page: Page) -> list[float]:
    return page.eval_on_selector_all(
        "#part input[type=range]", "all => all.map(one => Number(one.value))"
    )


def wait_for_part(page: Page, start: float, length: float) -> None:
    page.wait_for_function(
        "([start, length]) => {"
        " const [a, b] = document.querySelectorAll('#part input[type=range]');"
        " return Math.abs(a.value - start) < 0.25 && Math.abs(b.value - length) < 0.25; }",
        arg=[start, length],
    )


@pytest.mark.deep
def test_the_part_is_moved_and_resized_on_the_waveform(page: Page) -> None:
    page.wait_for_selector(f"{WINDOW}:visible")
    page.wait_for_function(
        "document.querySelector('#overview path').getAttribute('d').length > 999"
    )
    assert part(page) == [0, 12]
    box = page.locator("#overview").bounding_box()
    assert box
    second, middle = box["width"] / 16, box["y"] + box["height"] / 2

    def drag(begin: float, end: float) -> None:
        page.mouse.move(box["x"] + begin * second, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + end * second, middle, steps=4)
        page.mouse.up()

    drag(6, 8)  # by its middle
    wait_for_part(page, 2, 12)
    page.wait_for_function("document.querySelector('#plan').innerText.includes('360 frames')")
    drag(13.95, 9.95)  # by its end
    wait_for_part(page, 2, 8)
    drag(2.05, 4.05)  # by its beginning
    wait_for_part(page, 4, 6)
    page.wait_for_function("document.querySelector('#plan').innerText.includes('180 frames')")
    # The moment stays in it.
    page.wait_for_function("Number(document.querySelector('#moment input').value) >= 4")
    drag(6, 99)  # not beyond the end
    wait_for_part(page, 10, 6)
    page.focus(WINDOW)
    page.keyboard.press("ArrowLeft")
    wait_for_part(page, 9, 6)
    page.wait_for_timeout(1500)  # that was one step
    page.keyboard.press("Shift+ArrowLeft")
    wait_for_part(page, 9, 5)
    said = page.get_attribute(WINDOW, "aria-valuetext")
    assert said == "0:09.0 to 0:14.0 of 0:16.0"
    page.wait_for_selector("#undo:not([disabled])")
    page.click("#undo")
    wait_for_part(page, 9, 6)
