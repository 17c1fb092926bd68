"""A painted song is drawn by the browser's graphics card as Python draws it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from musvid import Recipe, Style
from musvid.frame import Frame
from musvid.job import Job
from musvid.paint.drift import Drift
from musvid.rendering import shown
from musvid.spectrum.look import Look
from musvid.studio import relit
from musvid.studio.studio import Studio
from musvid.view import flashes
from musvid.view.settings import Camera, Finish, View
from musvid.view.stage import luminances

from .conftest import open_part, visitor
from .test_play import canvas, ready, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCRIPTS = sorted((ROOT / "musvid" / "page" / "static").glob("relit*.js"))
COUNT = 20  # frames: beyond a painting
LOOKED = (0, 7, 18)
LEAST = 35.0  # dB

# Draws a moment, and gives its pixels.
DRAWN = """([number, side, away]) => {
  const list = window.frames_, time = list[number].time + away;
  return window.musvid.relit.draw(list, number, time, side).toDataURL();
}"""


# Takes WebGL 2 away.
WITHOUT = """() => {
  const own = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
    return kind === 'webgl2' ? null : own.call(this, kind, ...more);
  };
}"""


@dataclass(frozen=True)
class Played:
    """A job's strip: what it is made of, and its frames by Python."""

    job: Job
    moments: list[relit.Moment]
    frames: list[Frame]


@lru_cache(maxsize=2)
def played(direction: str, relight: bool = True, strength: float | None = None) -> Played:
    symmetry = {"left": "none", "right": "none"}.get(direction, "half")
    recipe = Recipe(
        size=(128, 128),
        upscale=1,
        relight=relight,
        look=Look(embers=0.6, half_life=0.5),
        style=Style(prompt="blue and gold stained glass", symmetry=symmetry, strength=strength),
        drift=Drift(direction=direction),
        finish=Finish(flash_limit=False),
    )
    studio = Studio(device="cpu")
    job = studio.job(recipe, studio.song(ROOT / "examples" / "loop.ogg").part(2.0, 1.5))
    return Played(
        job, list(islice(studio.moments(job), COUNT)), list(islice(studio.pictures(job), COUNT))
    )


@pytest.fixture
def bare(browser: Browser) -> Iterator[Page]:
    """A page with nothing but the scripts that draw, which may be as slow as they are."""
    page = browser.new_page()
    page.goto("about:blank")
    page.evaluate("window.musvid = {patient: true}")
    for script in SCRIPTS:
        page.add_script_tag(path=script)
    yield page
    page.close()


def give(page: Page, source: Played, job: Job) -> None:
    """Have a page take the moments of a strip, and how they are seen."""
    begin = float(job.song.first / job.song.rate + job.clock.time(0))
    made = {
        "begin": begin,
        "rate": float(job.clock.rate),
        "relit": relit.packed(job, 1, source.moments),
    }
    seen = relit.seen(job, begin, begin + COUNT / made["rate"])
    page.evaluate(
        """async ([made, seen]) => {
          const {list, done} = window.musvid.relit.frames(made, 0);
          window.musvid.relit.seen(seen, 1);
          await done;
          if (seen.cover) await new Promise((later) => setTimeout(later, 300));
          window.frames_ = list;
        }""",
        [made, seen],
    )


def drawn(page: Page, number: int, side: int, away: float = 0.0) -> np.ndarray:
    return pixels(page.evaluate(DRAWN, [number, side, away])).astype(float)


def pixels(address: str) -> np.ndarray:
    """Those of a picture that is its own address."""
    data = base64.b64decode(address.split(",")[1])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio, dB."""
    assert one.shape == other.shape
    return float(10 * np.log10(255**2 / max(1e-9, ((one - other) ** 2).mean())))


def compare(page: Page, source: Played, **settings: Any) -> None:
    job = source.job.having(replace(source.job.recipe, **settings).resolve())
    pictures = [*shown(source.frames, job)]
    give(page, source, job)
    found = [alike(drawn(page, number, max(job.file_size)), pictures[number]) for number in LOOKED]
    print(f"{settings} {min(found):.1f} dB")
    assert min(found) >= LEAST


# What nearly everybody plays, and one of each view.
USUAL = Finish(grain=0.0, flash_limit=False)


@pytest.mark.parametrize(
    ("kind", "shape", "more"),
    [
        ("tunnel", (192, 192), {}),
        ("mandala", (160, 128), {"camera": Camera(zoom=1.4, turn=9.0, shake=0.5)}),
        ("ring", (128, 192), {}),
        pytest.param("flat", (192, 128), {}, marks=pytest.mark.deep),
        pytest.param("mosaic", (192, 192), {}, marks=pytest.mark.deep),
        pytest.param("horizon", (192, 108), {}, marks=pytest.mark.deep),
        pytest.param("tunnel", (256, 256), {"camera": Camera(zoom=0.4)}, marks=pytest.mark.deep),
    ],
)
def test_a_view_is_drawn_as_python_draws_it(
    bare: Page, kind: str, shape: tuple[int, int], more: dict[str, Any]
) -> None:
    compare(bare, played("up"), view=View(kind, shown=shape), finish=USUAL, **more)


@pytest.mark.deep
@pytest.mark.parametrize("direction", ["none", "outward", "left", "down"])
def test_texture_moves_as_in_python(bare: Page, direction: str) -> None:
    compare(bare, played(direction))  # the strip itself
    rim = View("ring", foot="rim", shown=(128, 128))
    compare(bare, played(direction), view=rim, finish=replace(USUAL, glow=1.0))


@pytest.mark.deep
def test_a_cover_lies_in_the_ring(bare: Page, tmp_path: Path) -> None:
    random = np.random.default_rng(0).integers(0, 255, (20, 20, 3), np.uint8)
    Image.fromarray(random).resize((300, 300), Image.Resampling.BICUBIC).save(tmp_path / "a.png")
    ring = View("ring", shown=(192, 192), cover=str(tmp_path / "a.png"))
    compare(bare, played("up"), view=ring, finish=USUAL)


@pytest.mark.deep
def test_what_is_not_painted_is_drawn(bare: Page) -> None:
    compare(bare, played("none", strength=0.0), view=View("ring", shown=(128, 128)), finish=USUAL)


@pytest.mark.deep
def test_what_is_not_relit_is_mixed(bare: Page) -> None:
    compare(bare, played("none", relight=False))


def test_between_two_frames_it_goes_on(bare: Page) -> None:
    source = played("up")
    job = source.job.having(
        replace(source.job.recipe, view=View("tunnel", shown=(128, 128)), finish=USUAL).resolve()
    )
    give(bare, source, job)
    one, between, other = drawn(bare, 5, 128), drawn(bare, 5, 128, 1 / 60), drawn(bare, 6, 128)
    assert alike(one, between) > alike(one, other) < alike(between, other)


def test_two_views_dissolve(bare: Page) -> None:
    source = played("up")
    story = "A: view tunnel | B: view mandala"
    recipe = replace(
        source.job.recipe,
        view=View("tunnel", shown=(128, 128)),
        finish=USUAL,
        form="0:00 A | 0:02.35 B",
        story=story,
    )
    job = source.job.having(recipe.resolve())
    assert any(len(each) == 2 for each in relit.seen(job, 2.0, 2.6)["along"])
    compare(bare, source, **{
        name: getattr(job.recipe, name) for name in ("view", "finish", "form", "story")
    })  # fmt: skip


@pytest.mark.deep
def test_how_light_pictures_will_be_is_known_before(bare: Page) -> None:
    source = played("up")
    for kind in ("tunnel", "ring", "horizon"):
        view = View(kind, shown=(192, 192))
        job = source.job.having(replace(source.job.recipe, view=view, finish=USUAL).resolve())
        give(bare, source, job)
        drawn(bare, 0, 64)
        found = bare.evaluate("frames_.slice(0, 8).map(window.musvid.relit.luminance)")
        times = [frame["time"] for frame in bare.evaluate("frames_.map(({time}) => ({time}))")]
        want = [*luminances(source.frames[:8], times[:8], job.shot)]
        assert found == pytest.approx(want, abs=0.02)


def test_what_flashes_is_damped_as_in_python(bare: Page) -> None:
    random = np.random.default_rng(3)
    for swing in (0.05, 0.3, 0.9):
        values = [float(value) for value in swing * random.random(90)]
        want = [flashes._gain(values[max(0, n - 30) : n + 31], min(n, 30), 30) for n in range(90)]
        found = bare.evaluate(
            """(values) => values.map((_, n) => window.musvid.relitLight.gain(
              values.slice(Math.max(0, n - 30), n + 31), Math.min(n, 30), 30))""",
            values,
        )
        assert found == pytest.approx(want)
        assert (min(want) < 1) == (swing > 0.1)
    # A light that goes on and off seven times a second.
    source = played("up")
    lights = [np.full((32, 32), 250.0 * (number // 2 % 2), np.float32) for number in range(COUNT)]
    moments = [replace(one, light=light) for one, light in zip(source.moments, lights, strict=True)]
    most = {}
    for limit in (True, False):
        finish = replace(USUAL, exposure=0.0, glow=0.0, flash_limit=limit)
        recipe = replace(source.job.recipe, view=View("mosaic", shown=(64, 64)), finish=finish)
        give(bare, replace(source, moments=moments), source.job.having(recipe.resolve()))
        pictures = bare.evaluate(
            """() => window.frames_.map((frame, place, list) => {
              const picture = window.musvid.relit.draw(list, place, frame.time, 64).toDataURL();
              frame.image.close();
              return picture;
            })"""
        )
        lit = [flashes.luminance(pixels(picture).astype(np.uint8)) for picture in pictures]
        most[limit] = flashes.most(lit, Fraction(30))
    assert most[True] <= flashes.FLASHES < most[False]


def test_without_a_card_python_draws(browser: Browser) -> None:
    page = browser.new_page()
    page.goto("about:blank")
    page.evaluate(WITHOUT)
    for script in SCRIPTS:
        page.add_script_tag(path=script)
    assert not page.evaluate("window.musvid.relit.supported()")
    page.close()


@pytest.mark.deep
def test_another_view_is_seen_at_once_and_asks_for_no_paintings(
    browser: Browser, address: str
) -> None:
    with visitor(browser, address, ready="window.musvid = {patient: true}") as page:
        ready(page)
        page.wait_for_function("window.musvid.relit.supported()")
        # A processor draws here, and the clip must not end before all is seen.
        page.evaluate("document.querySelector('#player-audio').playbackRate = 0.07")
        page.click("#play")
        wait_for(page, "facts.shown >= 3")
        assert page.evaluate("window.musvid.relit.runs().length")
        open_part(page, "#view")
        page.click('#kind label:has-text("Mandala")')
        wait_for(page, "facts.looks >= 1 && facts.changes >= 1")
        assert page.evaluate("window.musvid.relit.sights()") == ["mandala"]
        # What is paused is seen otherwise, too.
        page.click("#play")
        assert page.get_attribute("#player-box", "data-show") == "pause"
        seen, looks = canvas(page), page.evaluate("window.musvid.play.facts.looks")
        page.click('#kind label:has-text("Ring")')
        wait_for(page, f"facts.looks > {looks}")
        assert page.evaluate("window.musvid.relit.sights()") == ["ring"]
        assert canvas(page) != seen
        assert page.get_attribute("#player-box", "data-show") == "pause"
        page.click("#play")
        # Another prompt is another song of paintings.
        last = page.evaluate("Math.max(...window.musvid.relit.runs())")
        page.fill("#prompt textarea", "crimson and gold flames")
        page.wait_for_function(
            "(last) => window.musvid.relit.runs().some((run) => run > last)", arg=last
        )
        # A card that is lost leaves the song to Python's pictures, some seconds ahead.
        page.evaluate("document.querySelector('#player-audio').playbackRate = 0.4")
        page.evaluate("window.musvid.relit.giveUp()")
        page.wait_for_function("!window.musvid.relit.runs().length")
        shown = page.evaluate("window.musvid.play.facts.shown")
        wait_for(page, f"playing && facts.shown >= {shown + 3}")


@pytest.mark.deep
def test_a_browser_without_a_card_plays_pictures(browser: Browser, address: str) -> None:
    with visitor(browser, address, ready=f"({WITHOUT})()") as page:
        ready(page)
        page.click("#play")
        wait_for(page, "facts.shown >= 3")
        assert page.evaluate("window.musvid.relit.runs()") == []
