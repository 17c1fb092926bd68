"""The real page in a real browser: the system's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from running import running_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


def executable() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for path in map(shutil.which, names) if path), None)


# Of a module only: Playwright runs an event loop, which other tests have of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Where there is none the test skips, but never in continuous integration."""
    path = executable()
    if path is None:
        assert not os.environ.get("CI"), "continuous integration needs a Chromium"
        pytest.skip("there is no Chromium here (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # A container's root has no sandbox; the page is our own.
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        opened = playwright.chromium.launch(executable_path=path, args=arguments)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page that all tests look at; it paints no looks, which takes time from all else."""
    with running_page(tmp_path_factory.mktemp("page"), MUSVID_MAX_LOOKS="0") as found:
        yield found


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A visitor who has just come: the page answers, and the example is being painted."""
    with visitor(browser, address) as opened:
        yield opened


def known(browser: Browser, **more: Any) -> BrowserContext:
    """A browser's window of somebody who has been here before, and asks for less motion.

    The film of first sight costs a core its time, and hints lie over what is clicked.
    """
    context = browser.new_context(reduced_motion="reduce", **more)
    # A page without an address has no storage.
    context.add_init_script("try { localStorage.setItem('musvid.coached', '1') } catch {}")
    return context


@contextmanager
def visitor(
    browser: Browser,
    address: str,
    width: int = 1440,
    height: int = 900,
    *,
    ready: str = "",
    **more: Any,
) -> Iterator[Page]:
    """A visitor with a window of some size; the console must stay without errors.

    ready: a script that runs before those of the page. more: of the window, as for Playwright.

    Visitors leave: a page that stays open plays its video, and costs a core some of its time.
    """
    context = known(browser, viewport={"width": width, "height": height}, **more)
    errors: list[str] = []
    try:
        opened = context.new_page()
        opened.set_default_timeout(90_000)
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.add_init_script(ready)
        opened.goto(address)
        opened.wait_for_selector("#plan .line")
        yield opened
    finally:
        context.close()
    assert not errors


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    """A visitor on a phone."""
    with visitor(browser, address, 390, 844) as opened:
        yield opened


def upload(page: Page, path: Path) -> None:
    """Choose a file as the song."""
    with page.expect_file_chooser() as chooser:
        page.click("#choose")
    chooser.value.set_files(path)


def open_part(page: Page, selector: str) -> None:
    """Open an accordion, unless it is open."""
    head = page.locator(f"{selector} > button").first
    if "open" not in (head.get_attribute("class") or "").split():
        head.click()
        # Gradio gives what is in it its values some pictures later, faster than a hand types.
        page.evaluate(
            "() => new Promise(done => { let left = 8;"
            " const turn = () => left-- ? requestAnimationFrame(turn) : done(); turn(); })"
        )
