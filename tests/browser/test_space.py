"""A Space with ZeroGPU in the browser: everything is painted in forked workers; what breaks there
is said, and the page goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT, music, write_wav
from running import running_page

from musvid.page.board import FAILED
from musvid.page.guard import UNFORESEEN

from .conftest import open_part, upload, visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="as ZeroGPU is")


@dataclass
class Space:
    address: str
    breaks: Path  # a file that says how renders fail while it is there
    log: Path
    asked: Path


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    folder = tmp_path_factory.mktemp("space")
    asked = folder / "spaces.log"
    environment = {
        "SPACE_ID": "someone/musvid",
        "SPACES_ZERO_GPU": "true",
        "SPACES_LOG": str(asked),
        "PYTHONPATH": f"{ROOT / 'tests' / 'zerogpu'}:{ROOT}",
        "BREAKS": str(folder / "breaks"),
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder / "hub"),
    }
    command = (sys.executable, ROOT / "tests" / "browser" / "breakable.py")
    page = folder / "page"
    with running_page(page, "--host", "127.0.0.1", command=command, **environment) as address:
        yield Space(address, folder / "breaks", page / "log.txt", asked)


@pytest.mark.deep
def test_a_space_with_zerogpu_paints_renders_breaks_and_goes_on(
    browser: Browser, space: Space, tmp_path: Path
) -> None:
    song = write_wav(tmp_path / "two.wav", music(2.0))
    with visitor(browser, space.address) as page:  # sees the example painted
        upload(page, song)
        open_part(page, "#motion")
        page.get_by_text("Diffuse, then interpolate").click()
        # The page learnt from the worker how long a painting takes.
        page.wait_for_function(
            "/60 frames · .* · about .* here/.test(document.querySelector('#plan').innerText)"
        )
        open_part(page, "#strips")
        page.click("#paint-strip")
        page.wait_for_function("document.querySelectorAll('#strip img').length == 5")

        for how, says in (("made", UNFORESEEN), ("shown", FAILED)):
            space.breaks.write_text(how)
            page.click("#quick")
            page.wait_for_function(
                "text => document.querySelector('#progress').innerText.includes(text)", arg=says
            )
            page.wait_for_selector("#stop[disabled]", state="attached")
            page.wait_for_selector("#quick:not([disabled])")
            assert "Error(" not in page.inner_text("body")
            assert "of Python" not in page.inner_text("body")
        assert "KeyError: 'of Python'" in space.log.read_text()
        assert "Cannot process type" in space.log.read_text()

        space.breaks.unlink()
        # A render that could not be shown goes on for a moment, and a visitor has one at a time.
        for _ in range(60):
            page.click("#quick")
            page.wait_for_timeout(1000)
            page.wait_for_selector("#quick:not([disabled])")
            if "still runs" not in page.inner_text("#progress"):
                break
        page.wait_for_function(
            "document.querySelector('#progress').innerText.includes('Finished · 60 of 60')"
        )
        page.wait_for_selector("#video video", state="attached")
        page.wait_for_selector("#stop[disabled]", state="attached")
    names = {json.loads(line)[0] for line in space.asked.read_text().splitlines()}
    assert names == {"imported", "_paint", "_strip", "_render"}
