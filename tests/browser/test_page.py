"""What visitors do."""

from __future__ import annotations

import json
import time
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from conftest import ROOT, clicks, music, write_wav
from running import Cable

from musvid import Clock, Lock, Song, load_settings

from .conftest import known, open_part, upload, visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


EXAMPLE = Song.open(ROOT / "examples" / "loop.ogg").duration


def line(page: Page) -> str:
    return page.inner_text("#plan")


def expected(duration: Fraction, stride: int, before: int, after: int) -> str:
    clock = Clock(duration, Fraction(30), stride, before, after)
    rate = f"{float(clock.rate):.3f}".rstrip("0").rstrip(".")
    return (
        f"{rate} frames a second · {clock.keyframes} keyframes · {clock.painted} paintings · "
        f"{clock.frames} frames"
    )


def choose_motion(page: Page, text: str) -> None:
    """Choose a recipe."""
    open_part(page, "#motion")
    page.get_by_text(text).click()


def wait_for_line(page: Page, text: str) -> None:
    page.wait_for_function(
        "text => document.querySelector('#plan')?.innerText.includes(text)", arg=text
    )


def set_number(page: Page, label: str, value: float) -> None:
    field = page.get_by_label(f"number input for {label}")
    field.fill(str(value))
    field.press("Enter")


def source(page: Page, selector: str) -> str:
    return page.get_attribute(f"{selector} img", "src") or ""


def wait_for_another(page: Page, selector: str, before: str) -> str:
    page.wait_for_function(
        "([place, before]) => { const found = document.querySelector(place + ' img');"
        " return found && found.src !== before }",
        arg=[selector, before],
    )
    return source(page, selector)


def painted(page: Page) -> str:
    page.wait_for_selector("#painted img", state="attached")
    return source(page, "#painted")


def wait_for_progress(page: Page, text: str) -> None:
    page.wait_for_function(
        "text => document.querySelector('#progress')?.innerText.includes(text)", arg=text
    )


def paint_less(page: Page) -> None:
    """The motion with the fewest paintings, where a test is not about how many there are."""
    choose_motion(page, "Diffuse, then interpolate")
    wait_for_line(page, expected(Fraction(12), 8, 1, 8))


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of music."""
    return write_wav(tmp_path_factory.mktemp("songs") / "four.wav", music(4.0))


def test_it_opens_with_a_painting_and_asks_nobody_else(browser: Browser, address: str) -> None:
    context = known(browser)
    page = context.new_page()
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(address)
    page.wait_for_selector("#painted img", state="attached", timeout=90_000)
    wait_for_line(page, expected(Fraction(12), 16, 1, 16))
    context.close()
    assert hosts - {""} == {urlsplit(address).netloc}


def test_the_live_line_is_exact_for_an_uploaded_song(page: Page, song: Path) -> None:
    upload(page, song)
    wait_for_line(page, expected(Fraction(4), 16, 1, 16))
    choose_motion(page, "Every frame: frantic")
    wait_for_line(page, expected(Fraction(4), 1, 1, 1))
    set_number(page, "Stride", 10)
    set_number(page, "Before", 8)
    wait_for_line(page, expected(Fraction(4), 10, 8, 1))
    # No recipe of the article's is like this.
    page.wait_for_function("!document.querySelector('#recipe input:checked')")
    set_number(page, "Length (s)", 2.5)
    wait_for_line(page, expected(Fraction(5, 2), 10, 8, 1))
    # What cannot be is told there.
    set_number(page, "After", 16)
    page.wait_for_selector("#plan [role=alert]")
    assert "frames a second" in line(page)
    set_number(page, "After", 1)
    wait_for_line(page, expected(Fraction(5, 2), 10, 8, 1))


@pytest.mark.thorough
def test_a_relit_gap_is_filled_as_far_as_the_stride_is_wide(page: Page) -> None:
    open_part(page, "#motion")
    for stride in (32, 12):
        set_number(page, "Stride", stride)
        wait_for_line(page, expected(Fraction(12), stride, 1, stride))
        page.wait_for_function("document.querySelector('#recipe input:checked')?.value == 'relit'")
    assert page.query_selector("#after.followed")  # it shines, for one to see that it follows
    open_part(page, "#motion")
    page.get_by_label("Relight").uncheck()
    page.wait_for_function("!document.querySelector('#recipe input:checked')")
    set_number(page, "Stride", 6)
    wait_for_line(page, expected(Fraction(12), 6, 1, 12))


def test_one_moment_redraws_and_repaints(page: Page) -> None:
    first = painted(page)
    drawn = source(page, "#drawn")
    open_part(page, "#words")
    page.click("#chips-styles >> text=crystal")
    second = wait_for_another(page, "#painted", first)
    assert "crystal" in page.input_value("#prompt textarea")
    assert source(page, "#drawn") == drawn  # the spectrum knows nothing of a prompt
    set_number(page, "Moment of the song (s)", 1.5)
    drawn = wait_for_another(page, "#drawn", drawn)
    third = wait_for_another(page, "#painted", second)
    # As does another look.
    open_part(page, "#look")
    set_number(page, "Gamma", 6)
    wait_for_another(page, "#drawn", drawn)
    wait_for_another(page, "#painted", third)


@pytest.mark.thorough
def test_a_strip_compares_and_a_click_takes_its_value(page: Page) -> None:
    painted(page)
    open_part(page, "#strips")
    page.click("#paint-strip")
    page.wait_for_function("document.querySelectorAll('#strip img').length == 5")
    sources = page.eval_on_selector_all("#strip img", "all => all.map(one => one.src)")
    assert len(set(sources)) == 5
    page.click("#strip button >> nth=0")
    page.wait_for_function("document.querySelector('#strength input[type=number]').value == '0.2'")
    open_part(page, "#brush")
    page.get_by_label("seeds", exact=True).click()
    page.click("#paint-strip")
    page.wait_for_function(
        "[...document.querySelectorAll('#strip button')].map(one => one.innerText.trim())"
        ".join() == '0,1,2,3,4'"
    )
    page.click("#strip button >> nth=3")
    page.wait_for_function("document.querySelector('#seed input').value == '3'")


def test_a_quick_look_is_seen_as_it_is_made_and_plays_with_sound(page: Page) -> None:
    page.evaluate("""() => {
        const row = document.getElementById("stage-row");
        window.fronts = [];
        new MutationObserver(() => fronts.push(row.dataset.show))
            .observe(row, { attributeFilter: ["data-show"] });
    }""")
    page.click("#quick")
    page.wait_for_selector("#making img", state="visible")
    wait_for_progress(page, "Finished")
    page.wait_for_function("document.querySelector('#stage-row').dataset.show == 'video'")
    assert page.evaluate("[...new Set(window.fronts)]")[-2:] == ["making", "video"]
    page.wait_for_function("document.querySelector('#video video')?.readyState >= 1")
    facts = page.eval_on_selector(
        "#video video", "one => [one.duration, one.videoWidth, one.webkitAudioDecodedByteCount]"
    )
    assert abs(facts[0] - 3) <= 1 / 30 + 0.05  # within a frame, and what AAC adds
    assert facts[1] == 256
    page.wait_for_function("document.querySelector('#video video').currentTime > 0.2")
    assert page.locator("#drawn-frames img").count() == 12
    assert page.locator("#diffused-frames img").count() == 7  # all of them


def test_a_render_can_be_saved_and_its_settings_come_back(
    browser: Browser, address: str, page: Page, song: Path, tmp_path: Path
) -> None:
    upload(page, song)
    wait_for_line(page, expected(Fraction(4), 16, 1, 16))
    paint_small(page, tmp_path)
    choose_motion(page, "Diffuse, then interpolate")
    open_part(page, "#brush")
    page.fill("#seed input", "77")
    page.fill("#prompt textarea", "teal coral")
    wait_for_line(page, expected(Fraction(4), 8, 1, 8))
    page.click("#render")
    wait_for_progress(page, "Finished")
    with page.expect_download() as download:
        page.click("#save-video")
    video = tmp_path / "saved.mp4"
    download.value.save_as(video)
    recipe = load_settings(video)
    assert (recipe.motion, recipe.style.seed) == ("diffuse-then-interpolate", 77)
    assert recipe.style.prompt == "teal coral"
    with page.expect_download() as download:
        page.click("#save-settings")
    settings = tmp_path / "saved.json"
    download.value.save_as(settings)
    assert load_settings(settings).style == recipe.style
    page.click("#save-frames")
    page.wait_for_selector("#zip a")

    with visitor(browser, address) as other:
        other.set_input_files("#restore input[type=file]", video)
        other.wait_for_function("document.querySelector('#prompt textarea').value == 'teal coral'")
        # To the end, as the other song was.
        wait_for_line(other, expected(EXAMPLE, 8, 1, 8))
        open_part(other, "#brush")
        assert other.input_value("#seed input") == "77"
        # And once more, by the file of settings.
        other.fill("#prompt textarea", "marble")
        other.fill("#seed input", "5")
        choose_motion(other, "Every frame: frantic")
        wait_for_line(other, expected(EXAMPLE, 1, 1, 1))
        other.click("#restore button[aria-label=Clear]")
        other.set_input_files("#restore input[type=file]", settings)
        other.wait_for_function("document.querySelector('#prompt textarea').value == 'teal coral'")
        wait_for_line(other, expected(EXAMPLE, 8, 1, 8))
        assert other.input_value("#seed input") == "77"


@pytest.mark.thorough
def test_a_render_of_this_visit_can_be_looked_at_again(page: Page) -> None:
    paint_less(page)
    videos = []
    for prompt in ("teal coral", "pink marble"):
        page.fill("#prompt textarea", prompt)
        page.click("#quick")
        wait_for_progress(page, "Beginning")
        wait_for_progress(page, "Finished")
        videos.append(page.eval_on_selector("#video video", "one => one.src"))
    assert page.locator("#history img").count() == 2
    page.click("#history .tile >> nth=1")  # the first one
    page.wait_for_function(
        "src => document.querySelector('#video video').src == src", arg=videos[0]
    )
    page.click("#take")
    page.wait_for_function("document.querySelector('#prompt textarea').value == 'teal coral'")


@pytest.mark.thorough
def test_whoever_waits_sees_their_place(browser: Browser, address: str, page: Page) -> None:
    page.click("#render")
    wait_for_progress(page, "frames")
    with visitor(browser, address) as other:
        paint_less(other)
        other.click("#quick")
        said = "document.querySelector('#progress-said').innerText"
        other.wait_for_function(f"{said}.includes('Waiting for another render: 1 before you')")
        other.click("#stop")
        wait_for_progress(other, "You left the queue")
        other.wait_for_selector("#quick:not([disabled])")
        assert other.is_disabled("#stop")
        other.wait_for_selector("#progress-said .waiting", state="hidden")
        other.click("#quick")
        other.wait_for_function(f"{said}.includes('Waiting for another render: 1 before you')")
        # And goes on playing meanwhile.
        set_number(other, "Stride", 6)
        wait_for_line(other, expected(Fraction(12), 6, 1, 8))
        before = source(other, "#drawn")
        set_number(other, "Moment of the song (s)", 1.5)
        wait_for_another(other, "#drawn", before)
        page.click("#stop")
        wait_for_progress(page, "topped")
        wait_for_progress(other, "Finished")
        voice = "document.querySelector('#progress-said [role=status]').textContent"
        other.wait_for_function(f"{voice} == 'Finished'")
        bar = "#progress [role=progressbar]"
        assert other.get_attribute(bar, "aria-label") == "Progress"
        assert "Finished" in (other.get_attribute(bar, "aria-valuetext") or "")


def paint_small(page: Page, folder: Path, **settings: object) -> None:
    """A quarter of the pixels, where a test is not about how they look."""
    file = folder / "small.json"
    file.write_text(json.dumps({"size": "256x256", "upscale": 1, **settings}), encoding="utf-8")
    page.set_input_files("#restore input[type=file]", file)
    page.wait_for_function("document.querySelector('#plan')?.innerText.includes('256\u00d7256')")


def test_a_view_is_seen_at_once(page: Page) -> None:
    before = source(page, "#painted")
    open_part(page, "#view")
    page.locator("#kind").get_by_text("Ring").click()
    wait_for_another(page, "#painted", before)
    page.wait_for_timeout(1500)  # the sliders follow, and each of them asks again
    before = source(page, "#painted")
    open_part(page, "#camera")
    set_number(page, "Copies", 7)
    wait_for_another(page, "#painted", before)
    assert page.locator("#view input[type=number] >> nth=4").input_value() == "0.1"  # sway


@pytest.mark.thorough
def test_stop_keeps_what_is_done(page: Page, tmp_path: Path) -> None:
    paint_small(page, tmp_path, duration=12)
    choose_motion(page, "Every frame: frantic")
    page.click("#render")
    page.wait_for_function(
        "Number((document.querySelector('#progress').innerText.match(/(\\d+) of/) || [])[1]) > 34"
    )
    page.click("#stop")
    wait_for_progress(page, "Stopped: this is what was done")
    page.wait_for_function("document.querySelector('#video video')?.duration > 0.9")
    seconds = page.eval_on_selector("#video video", "one => one.duration")
    assert 1 < seconds < 11
    # The page goes on being usable.
    set_number(page, "Length (s)", 0.5)
    wait_for_line(page, expected(Fraction(1, 2), 1, 1, 1))
    page.click("#quick")
    wait_for_progress(page, "Finished")


@pytest.mark.thorough
def test_a_connection_that_is_lost_loses_no_render(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    cable = Cable(address)
    context = known(browser)
    try:
        page = context.new_page()
        page.set_default_timeout(180_000)
        page.goto(cable.address)
        page.wait_for_selector("#painted img", state="attached")
        paint_small(page, tmp_path, duration=12)
        page.click("#render")
        wait_for_progress(page, " of ")
        cable.cut()
        page.wait_for_selector("text=Attempting reconnection")
        time.sleep(3)
        cable.mend()
        wait_for_progress(page, "Finished")
        page.wait_for_function("document.querySelector('#video video')?.duration > 11")
        assert page.locator("#history img").count() == 1
        # And all goes on as before.
        paint_small(page, tmp_path, duration=1)
        page.click("#quick")
        page.wait_for_function("document.querySelectorAll('#history img').length == 2")
    finally:
        context.close()
        cable.close()


@pytest.mark.thorough
def test_the_recipes_are_compared_and_one_is_taken(page: Page, song: Path, tmp_path: Path) -> None:
    upload(page, song)
    wait_for_line(page, expected(Fraction(4), 16, 1, 16))
    paint_small(page, tmp_path, duration=1)
    wait_for_line(page, expected(Fraction(1), 16, 1, 16))
    open_part(page, "#compare")
    page.click("#compare-start")
    # Stopped, and begun again: it goes on.
    page.wait_for_function(
        "/[1-9]\\d* of 30/.test(document.querySelector('#compare-progress').innerText)"
    )
    assert page.is_disabled("#compare-start")  # Gradio would drop a click
    page.click("#compare-stop")
    page.wait_for_selector("#compare-progress [role=alert]")
    assert "The comparison was stopped" in page.inner_text("#compare-progress")
    page.click("#compare-start")
    page.wait_for_function(
        "document.querySelector('#compare-progress').innerText.includes('Finished')"
    )
    page.wait_for_function("document.querySelector('#compare-video video')?.readyState >= 1")
    facts = page.eval_on_selector("#compare-video video", "one => [one.duration, one.videoWidth]")
    assert abs(facts[0] - 1) <= 0.1
    assert facts[1] > 900
    assert page.locator("#compare-chart [id^=point-]").count() == 5
    assert page.locator("#compare-chart tbody tr").count() == 5
    assert page.locator("#compare-chart [id^=pulse-]").count() == 5
    with page.expect_download() as download:
        page.click("#save-figures")
    found = json.loads(Path(download.value.path()).read_text())
    score = found["recipes"][found["best"]]["score"]
    assert f"{score:.2f}" in page.inner_text("#compare-chart tr.best")
    open_part(page, "#motion")
    page.click("#take-diffuse-then-interpolate")
    wait_for_line(page, expected(Fraction(1), 8, 1, 8))
    page.wait_for_function(
        "document.querySelector('#recipe input:checked').value == 'diffuse-then-interpolate'"
    )


def test_what_is_neither_song_nor_settings_is_refused_where_one_looks(
    page: Page, tmp_path: Path, song: Path
) -> None:
    bad = tmp_path / "lyrics.mp3"
    bad.write_text("la la la")
    upload(page, bad)
    page.wait_for_selector("#song-problem [role=alert]")
    text = page.inner_text("#song-problem")
    assert "lyrics.mp3 is not a sound file" in text
    page.click("#render")
    page.wait_for_selector("#progress [role=alert]")
    assert "song" in page.inner_text("#progress")
    upload(page, song)
    wait_for_line(page, expected(Fraction(4), 16, 1, 16))
    page.wait_for_function("!document.querySelector('#song-problem [role=alert]')")
    settings = tmp_path / "bad.json"
    settings.write_text(json.dumps({"stride": -3}))
    page.set_input_files("#restore input[type=file]", settings)
    page.wait_for_selector("#restore-note [role=alert]")
    assert "stride must be a whole number from 1 to 64" in page.inner_text("#restore-note")


def test_settings_beyond_a_slider_leave_the_page_in_order(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "beyond.json"
    settings = {"guidance_by": {"source": "off", "amount": 20}, "duration": 0.2}
    settings["style"] = {"strength": 0.0, "tiny_autoencoder": "owner/tiny"}
    file.write_text(json.dumps(settings), encoding="utf-8-sig")
    page.set_input_files("#restore input[type=file]", file)
    page.wait_for_selector("#restore-note .hint")
    said = page.inner_text("#restore-note")
    assert "duration 0.5 instead of 0.2" in said
    assert "guidance_by.amount 10 instead of 20" in said
    wait_for_line(page, "30 frames a second · 2 keyframes · no paintings · 15 frames")
    open_part(page, "#brush")
    assert page.input_value("#tiny input, #tiny textarea") == "owner/tiny"
    set_number(page, "Stride", 4)  # the page goes on answering
    wait_for_line(page, "30 frames a second · 5 keyframes · no paintings · 15 frames")


@pytest.mark.thorough
def test_two_visitors_do_not_see_each_other(browser: Browser, address: str, page: Page) -> None:
    with visitor(browser, address) as other:
        for one in (page, other):
            paint_less(one)
        page.fill("#prompt textarea", "magenta flames")
        page.click("#quick")
        other.click("#quick")
        wait_for_progress(page, "Finished")
        wait_for_progress(other, "Finished")
        mine, theirs = (
            one.eval_on_selector("#video video", "one => one.src") for one in (page, other)
        )
        assert mine != theirs
        assert other.input_value("#prompt textarea") == "blue and gold stained glass"
        assert page.locator("#history img").count() == 1
        assert other.locator("#history img").count() == 1


def test_nothing_is_wider_than_a_phone(phone: Page) -> None:
    def overflow() -> int:
        return phone.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    assert overflow() <= 0
    open_part(phone, "#strips")
    phone.click("#paint-strip")
    phone.wait_for_function("document.querySelectorAll('#strip img').length == 5")
    open_part(phone, "#look")
    paint_less(phone)
    phone.click("#quick")
    wait_for_progress(phone, "Finished")
    assert overflow() <= 0


def number(page: Page, selector: str) -> float:
    return float(page.input_value(f"{selector} input") or 0)


def wait_for_number(page: Page, selector: str, value: float, near: float = 0.001) -> None:
    page.wait_for_function(
        "([place, value, near]) => Math.abs(document.querySelector(place + ' input').value - value)"
        " <= near",
        arg=[selector, value, near],
    )


@pytest.mark.thorough
def test_keyframes_lock_to_a_beat_that_is_found(page: Page, tmp_path: Path) -> None:
    times = [0.3 + 0.6 * number for number in range(20)]  # 100 bpm
    clip = write_wav(tmp_path / "clicks.wav", clicks(times, 12.0))
    upload(page, clip)
    wait_for_line(page, expected(Fraction(12), 16, 1, 16))
    lock_to_the_beat(page)
    wait_for_beat(page, "100.00 bpm")
    wait_for_number(page, "#bpm", 100)
    assert number(page, "#bar-at") == pytest.approx(0.3, abs=0.003)
    # 3 1/3 notes a second: every 9th of 30 pictures a second is one.
    clock = Lock("1/8", 100, 0.3).clock(Fraction(12), stride=9, before=1, after=9)
    wait_for_line(page, f"{clock.keyframes} keyframes · {clock.painted} paintings")
    page.wait_for_selector("#timeline path.keyframes", state="attached")
    page.locator("#halve").click()
    wait_for_number(page, "#bpm", 50)
    page.locator("#double").click()
    wait_for_number(page, "#bpm", 100)
    before = number(page, "#bar-at")
    page.locator("#later").click()
    wait_for_number(page, "#bar-at", before + 0.6, 0.002)
    page.locator("#bpm input").fill("120")
    wait_for_line(page, "32 frames a second")
    # Another song has another beat.
    other = write_wav(tmp_path / "other.wav", clicks([0.5 * number for number in range(16)], 8.0))
    upload(page, other)
    wait_for_beat(page, "120.00 bpm")
    wait_for_number(page, "#bar-at", 0, 0.003)
    page.locator("#note label", has_text="off").click()
    wait_for_line(page, expected(Fraction(8), 16, 1, 16))


def slow_answers(page: Page, delay: float = 1.0) -> None:
    """Have what the page asks for reach the server later (s), as from far away."""
    page.evaluate(
        """delay => {
          const send = window.fetch;
          window.fetch = async (to, ...more) => {
            if (String(to?.url ?? to).includes('queue/join'))
              await new Promise(done => setTimeout(done, 1000 * delay));
            return send(to, ...more);
          };
        }""",
        delay,
    )


def wait_for_beat(page: Page, text: str) -> None:
    page.wait_for_function(
        "text => document.querySelector('#beat-note').innerText.includes(text)", arg=text
    )


def lock_to_the_beat(page: Page) -> None:
    open_part(page, "#beat")
    page.locator("#note label", has_text="1/8").first.click()
    wait_for_beat(page, "bpm")


@pytest.mark.thorough
def test_a_tempo_can_be_tapped(page: Page) -> None:
    lock_to_the_beat(page)
    slow_answers(page)
    # At 75 bpm and then at 150; by a clock of the test's own, as a busy browser is late.
    for tap, when in enumerate((0, 0.8, 1.6, 2.4, 2.8, 3.2, 3.6), 1):
        page.evaluate(
            """time => {
              window.realNow ??= performance.now.bind(performance);
              performance.now = () => 1000 * (5000 + time);
              document.querySelector('#tap').click();
            }""",
            when,
        )
        page.wait_for_function("tap => window.musvidTaps?.taps.length === tap", arg=tap)
        page.evaluate("performance.now = window.realNow")
    wait_for_number(page, "#bpm", 100)  # what the taps before it are answered with comes later
    wait_for_beat(page, "100.00 bpm")
    assert number(page, "#bpm") == 100


@pytest.mark.thorough
def test_what_is_chosen_last_stands(page: Page) -> None:
    lock_to_the_beat(page)
    slow_answers(page)
    # A tempo can be typed on while the page answers.
    page.locator("#bpm input").fill("")
    page.locator("#bpm input").press_sequentially("1200", delay=400)
    page.locator("#bpm input").press("Backspace")
    wait_for_beat(page, "120.00 bpm")
    assert number(page, "#bpm") == 120
    wait_for_line(page, "32 frames a second")
    for note in ("1/16", "1/4"):
        page.get_by_role("radio", name=note, exact=True).check()
    wait_for_beat(page, "1/4 notes")
    assert page.get_by_role("radio", name="1/4", exact=True).is_checked()
    page.get_by_role("radio", name="off", exact=True).check()
    wait_for_line(page, "30 frames a second")
    choose_motion(page, "Every frame: frantic")
    choose_motion(page, "Diffuse, then interpolate")
    wait_for_line(page, expected(Fraction(12), 8, 1, 8))
    page.wait_for_function(
        "document.querySelector('#recipe input:checked')?.value === 'diffuse-then-interpolate'"
    )


@pytest.mark.thorough
def test_what_follows_the_music_is_drawn_before_it_is_rendered(page: Page) -> None:
    painting = painted(page)
    assert not page.query_selector("#timeline polyline")
    open_part(page, "#follow")
    page.locator("#strength_by-source input").click()
    page.get_by_role("option", name="loudness").click()
    page.wait_for_selector("#timeline polyline.strength", state="attached", timeout=60_000)
    wait_for_another(page, "#painted", painting)
    page.locator("#prompt textarea").fill("0:00 violet nebula | 0:06 cyan crystal")
    page.locator("#prompt textarea").blur()
    page.wait_for_selector("#timeline .prompts b", state="attached")
    assert page.inner_text("#timeline .prompts").split("\n") == ["violet nebula", "cyan crystal"]
    assert "ignores" not in line(page)
