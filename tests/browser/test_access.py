"""What axe-core (https://github.com/dequelabs/axe-core) finds on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .conftest import open_part
from .test_page import painted, wait_for_progress

if TYPE_CHECKING:
    from playwright.sync_api import Page


def violations(page: Page, within: str | None = None) -> dict[str, list[str]]:
    """Those of impact serious or critical: where each rule is broken. within: by its selector."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(page, within).response["violations"]
    return {
        each["id"]: [f"{node['target']} {node.get('failureSummary', '')}" for node in each["nodes"]]
        for each in found
        if each["impact"] in ("serious", "critical")
    }


@pytest.mark.deep
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_bars_anybody(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.reload()
    painted(page)
    assert violations(page) == {}


@pytest.mark.deep
def test_nothing_bars_anybody_with_everything_open(page: Page) -> None:
    painted(page)
    parts = ("words", "view", "camera", "camera-follows", "motion", "beat", "form", "story")
    for part in (*parts, "follow", "look", "brush", "strips", "compare"):
        open_part(page, f"#{part}")
    assert violations(page) == {}
    page.click("#quick")
    wait_for_progress(page, "frames")
    assert violations(page) == {}
    wait_for_progress(page, "Finished")
    page.wait_for_selector("#video video", state="visible")
    page.click("#save-frames")
    page.wait_for_selector("#zip a")
    assert violations(page) == {}
