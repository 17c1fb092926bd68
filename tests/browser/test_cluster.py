"""A page whose paintings are made on a real cluster of Ray, of this machine."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import psutil
import pytest
from conftest import music, write_wav
from running import running_page

from .conftest import upload, visitor
from .test_results import load, render

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(
        find_spec("ray") is None and not os.environ.get("CI"), reason="Ray is not installed"
    ),
    pytest.mark.skipif(sys.platform == "win32", reason="signals, and Ray's own beta"),
]


def family(address: str) -> list[psutil.Process]:
    """The process of a page, and all that it has started."""
    port = address.rsplit(":", 1)[1]
    (page,) = (each for each in psutil.Process().children() if port in each.cmdline())
    return [page, *page.children(recursive=True)]


def test_a_visitor_sees_and_renders_what_workers_paint_and_none_is_left(
    browser: Browser, tmp_path: Path
) -> None:
    short = mkdtemp(prefix="ray")  # the paths of Ray's sockets must not be long
    more = {"MUSVID_MAX_LOOKS": "0", "RAY_ADDRESS": "", "RAY_TMPDIR": short}
    with running_page(tmp_path, "--cluster", "auto", gently=True, **more) as address:
        with visitor(browser, address) as page:
            page.wait_for_selector("#painted img", state="attached")
            upload(page, write_wav(tmp_path / "song.wav", music(4.0)))
            page.wait_for_function(
                "document.querySelector('#plan').innerText.includes('120 frames')"
            )
            load(page, tmp_path, duration=2.0, echo=0.5)
            page.wait_for_selector("#plan [role=alert] >> text=choose an echo of 0")
            load(page, tmp_path, duration=4.0, stride=1, before=1, after=1, relight=False)
            page.evaluate("""() => {
                window.said = ''
                const place = document.querySelector('#columns')
                new MutationObserver(() => { window.said += place.innerText }).observe(
                    place, {subtree: true, childList: true, characterData: true})
            }""")
            render(page, 1)
            assert "workers at work" in page.evaluate("window.said")
        there = family(address)
        assert any("ray::" in " ".join(each.cmdline()) for each in there), "workers of Ray"
    assert not psutil.wait_procs(there, timeout=30)[1], "no process is left behind"
    shutil.rmtree(short, ignore_errors=True)
    assert "Traceback" not in (tmp_path / "log.txt").read_text()
