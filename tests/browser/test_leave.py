"""Who leaves in the middle of something leaves no errors behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from running import running_page

from .conftest import visitor

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.mark.deep
def test_a_reload_while_much_is_asked_tells_no_errors(browser: Browser, tmp_path: Path) -> None:
    errors: list[str] = []
    with running_page(tmp_path, MUSVID_MAX_LOOKS="0") as address, visitor(browser, address) as page:
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.wait_for_selector("#painted img", state="attached")
        for look in (3, 5, 7):
            page.click(f"#presets button >> nth={look}")
            page.wait_for_timeout(300)
            page.reload()
            page.wait_for_selector("#plan .line")
    assert not errors
    told = (tmp_path / "log.txt").read_text()
    assert "Traceback" not in told, told
