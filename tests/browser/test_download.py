"""A model that has to be downloaded: told of, left for another one, stopped, gone on with."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import tiny_models
from running import running_page

from .conftest import open_part, visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tiny_models.Hub]:
    published = tiny_models.sd15(tmp_path_factory.mktemp("models") / "sd15")
    with tiny_models.Hub({"tiny/one": published, "tiny/two": published}) as made:
        made.pace = 15_000
        yield made


@pytest.fixture(scope="module")
def page_with_hub(hub: tiny_models.Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("page")
    more = {"HF_ENDPOINT": hub.address, "HF_HOME": str(folder / "hub"), "NO_PROXY": "127.0.0.1"}
    with running_page(folder, MUSVID_MAX_LOOKS="0", **more) as found:
        yield found


def choose(page: Page, model: str) -> None:
    box = page.get_by_label("Model", exact=True)
    box.fill(model)
    box.press("Enter")


@pytest.mark.deep
def test_a_download_is_shown_left_and_gone_on_with(
    browser: Browser, hub: tiny_models.Hub, page_with_hub: str
) -> None:
    with visitor(browser, page_with_hub) as page:
        page.wait_for_selector("#painted img", state="attached")
        before = page.get_attribute("#painted img", "src")
        open_part(page, "#brush")
        note = "document.querySelector('#moment-note').innerText"
        choose(page, "tiny/one")
        page.wait_for_function(f"/Downloading tiny.one: 0.[1-9] of [\\d.]+ MB/.test({note})")
        # Something else is painted meanwhile, and what nobody waits for ends.
        choose(page, "sketch")
        page.fill("#prompt textarea", "emerald coral")
        page.wait_for_function(
            "before => document.querySelector('#painted img').src !== before", arg=before
        )
        page.wait_for_function(f"!{note}.includes('Downloading')")
        begun = len(hub.ranges)
        choose(page, "tiny/one")
        page.wait_for_function(f"{note}.includes('Downloading tiny/one')")
        for name, value in (("Steps", "1"), ("Guidance", "1")):
            number = page.get_by_label(f"number input for {name}", exact=True)
            number.fill(value)
            number.press("Enter")
        hub.pace = None
        page.wait_for_function(f"{note}.trim() === ''")
        assert len(hub.ranges) > begun
        assert hub.ranges[begun] > 0  # it went on there
        page.wait_for_function("!document.querySelector('#plan .problem')")


@pytest.mark.deep
def test_a_render_that_waits_for_a_download_is_stopped(
    browser: Browser, hub: tiny_models.Hub, page_with_hub: str
) -> None:
    hub.pace = 15_000
    with visitor(browser, page_with_hub) as page:
        page.wait_for_selector("#painted img", state="attached")
        open_part(page, "#brush")
        choose(page, "tiny/two")
        progress = "document.querySelector('#progress').innerText"
        page.click("#quick")
        page.wait_for_function(f"{progress}.includes('Downloading tiny/two')")
        began = time.monotonic()
        page.click("#stop")
        page.wait_for_function(f"{progress}.includes('Stopped; what is here of tiny/two stays')")
        assert time.monotonic() - began < 10
