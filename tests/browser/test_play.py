"""A song is played with its pictures while they are being painted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .conftest import upload

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

import pytest
from conftest import music, write_wav


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty seconds of music."""
    return write_wav(tmp_path_factory.mktemp("songs") / "forty.wav", music(40.0))


def facts(page: Page) -> dict[str, Any]:
    return dict(page.evaluate("window.musvid.play.facts"))


def wait_for(page: Page, condition: str) -> None:
    page.wait_for_function(f"(({{facts, time, playing}}) => {condition})(window.musvid.play)")


def ready(page: Page) -> None:
    """The painted moment is there: the model is loaded, and the song has an address."""
    page.wait_for_selector("#painted img", state="attached")
    page.wait_for_function("document.querySelector('#player-audio')?.src")
    # The sound goes slowly: however busy this machine is, pictures come before the clip's end.
    page.evaluate("document.querySelector('#player-audio').playbackRate = 0.25")


def canvas(page: Page) -> str:
    return str(page.evaluate("document.querySelector('#player-canvas').toDataURL()"))


# Whether what is shown is rather red than blue.
RED = """() => {
  const canvas = document.querySelector('#player-canvas');
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let more = 0;
  for (let place = 0; place < data.length; place += 4) more += data[place] - data[place + 2];
  return more > 0;
}"""


@pytest.mark.deep
def test_play_pause_seek_and_a_changed_prompt(page: Page, song: Path) -> None:
    upload(page, song)
    page.wait_for_function("document.querySelector('#player-audio')?.src.endsWith('forty.wav')")
    page.get_by_label("number input for Length (s)").fill("39")
    page.get_by_label("number input for Length (s)").press("Enter")
    page.wait_for_function("document.querySelector('#moment input[type=range]').max == 39")
    ready(page)
    assert page.get_attribute("#player-box", "data-show") == "still"
    page.get_by_role("button", name="Play", exact=True).first.wait_for()
    page.click("#play")
    wait_for(page, "facts.shown >= 4")
    assert page.get_attribute("#play", "aria-pressed") == "true"
    assert page.get_attribute("#play", "aria-label") == "Pause"
    assert page.get_attribute("#player-box", "data-show") == "play"
    assert "pictures a second" in page.inner_text("#player-badge")
    assert page.evaluate("!document.querySelector('#player-audio').paused")
    # Never much is held, whatever the painter could.
    assert facts(page)["held"] < 6
    seen = canvas(page)
    wait_for(page, f"facts.shown >= {facts(page)['shown'] + 3}")
    assert canvas(page) != seen
    # Another prompt is another picture; what was asked for meanwhile is not shown.
    red = page.evaluate(RED)
    page.fill("#prompt textarea", "teal coral" if red else "crimson and gold flames")
    page.wait_for_function(f"(red) => ({RED})() !== red", arg=red)
    assert page.evaluate("window.musvid.play.playing")
    # A pause asks for nothing more, and its picture stays.
    page.click("#play")
    page.wait_for_timeout(1500)  # an answer that was on its way
    asked, time, seen = facts(page)["asked"], page.evaluate("window.musvid.play.time"), canvas(page)
    page.wait_for_timeout(1000)
    assert facts(page)["asked"] == asked
    assert page.evaluate("window.musvid.play.time") == time and canvas(page) == seen
    assert page.get_attribute("#player-box", "data-show") == "pause"
    # The moment is where it was stopped; another one is where it plays on, by the space bar.
    moment = page.get_by_label("number input for Moment of the song (s)")
    assert float(moment.input_value()) == pytest.approx(time, abs=0.03)
    moment.fill("25")
    moment.press("Enter")
    assert page.evaluate("window.musvid.play.time") == pytest.approx(25, abs=0.1)
    assert page.inner_text("#player-time") == "0:25 / 0:39"
    assert page.get_attribute("#player-box", "data-show") == "still"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press(" ")
    wait_for(page, "playing && facts.shown >= 3 && time > 25")
    page.keyboard.press(" ")
    wait_for(page, "!playing")


@pytest.mark.deep
def test_space_writes_in_a_field_and_other_players_take_turns(page: Page) -> None:
    ready(page)
    page.click("#prompt textarea")
    page.keyboard.press("End")
    page.keyboard.press(" ")
    assert page.input_value("#prompt textarea").endswith(" ")
    assert not page.evaluate("window.musvid.play.playing")
    page.click("#play")
    wait_for(page, "facts.shown >= 1")
    page.click("#play")
    wait_for(page, "!playing")
    page.click("#mute")
    assert page.get_attribute("#mute", "aria-pressed") == "true"
    assert page.evaluate("document.querySelector('#player-audio').muted")


@pytest.mark.deep
def test_the_end_of_the_clip_is_the_end(page: Page) -> None:
    page.get_by_label("number input for Length (s)").fill("3")
    page.get_by_label("number input for Length (s)").press("Enter")
    page.wait_for_function("document.querySelector('#moment input[type=range]').max == 3")
    ready(page)
    page.click("#play")
    wait_for(page, "facts.asked && !playing && time < 0.5")
    assert page.get_attribute("#play", "aria-pressed") == "false"
    assert page.inner_text("#player-problem") == ""
