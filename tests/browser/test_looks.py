"""The looks: pictures of one's own song, and which one the controls show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import music, write_wav
from running import running_page

from musvid import presets

from .conftest import open_part, upload, visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OWN = "document.querySelectorAll('#presets img.own').length"


def tile(name: str) -> str:
    return f"#presets [data-name={name}]"


def pressed(page: Page) -> list[str]:
    return page.eval_on_selector_all(
        "#presets [aria-pressed=true]", "all => all.map(one => one.dataset.name)"
    )


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page that paints all looks."""
    with running_page(tmp_path / "page") as address, visitor(browser, address) as opened:
        yield opened


@pytest.mark.deep
def test_looks_are_pictures_of_this_very_song(page: Page, tmp_path: Path) -> None:
    count = len(presets.every())
    page.wait_for_function(f"{OWN} > 3")
    before = page.get_attribute(f"{tile('fire')} img", "src")
    upload(page, write_wav(tmp_path / "four.wav", music(4.0)))
    page.wait_for_function(
        "([place, before]) => { const found = document.querySelector(place);"
        " return found.classList.contains('own') && found.src != before }",
        arg=[f"{tile('fire')} img", before],
    )
    page.wait_for_function(f"{OWN} == {count}")
    sources = page.eval_on_selector_all("#presets img", "all => all.map(one => one.src)")
    assert len(set(sources)) == count
    # The one that the controls show is marked, and none when they show none.
    assert pressed(page) == ["living"]
    page.focus(tile("living"))
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#prompt textarea').value.includes('fuchsia')")
    page.wait_for_selector(f"{tile('portrait')}[aria-pressed=true]")
    assert pressed(page) == ["portrait"]
    assert page.evaluate("document.activeElement.dataset.name") == "portrait"
    open_part(page, "#brush")
    page.fill("#seed input", "5")
    page.wait_for_function("!document.querySelector('#presets [aria-pressed=true]')")
