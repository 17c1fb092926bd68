"""First sight: a film that plays by itself until a visitor does something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import open_part

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FILM = "#first video"


def test_a_film_plays_at_first_sight_and_makes_way(
    browser: Browser, page: Page, address: str
) -> None:
    # Whoever wants less motion sees a picture.
    assert page.get_attribute("#stage", "data-first") is None
    assert not page.is_visible(FILM)
    # A painting, which may be wide or tall, has the stage to itself.
    page.wait_for_selector("#painted img")
    assert not page.is_visible("#first img")
    context = browser.new_context()
    try:
        guest = context.new_page()
        guest.set_default_timeout(90_000)
        guest.goto(address)
        guest.wait_for_selector("#stage[data-first]")
        guest.wait_for_function(f"document.querySelector('{FILM}').currentTime > 0.2")
        assert guest.eval_on_selector(FILM, "film => film.muted && !film.paused")
        guest.click("#first button")  # a tap
        assert guest.eval_on_selector(FILM, "film => !film.muted")
        guest.wait_for_selector("#plan .line")
        open_part(guest, "#view")  # who looks about still sees it
        assert guest.is_visible(FILM)
        guest.locator("#strength input[type=number]").fill("0.4")
        guest.wait_for_selector("#stage:not([data-first])")
        assert guest.eval_on_selector(FILM, "film => film.paused && film.hidden")
        guest.wait_for_function("sessionStorage.getItem('musvid.settings')")
        guest.reload()  # it is not the first time any more
        guest.wait_for_selector("#plan .line")
        assert guest.get_attribute("#stage", "data-first") is None
    finally:
        context.close()
