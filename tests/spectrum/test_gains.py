"""A gain that changes along a song: the drawing, of a sound whose right drawing is known."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import WriteSong, music, tone, write_wav

from musvid import Look, Recipe, SettingsError, Song, Store, Style, render
from musvid.__main__ import build_parser, recipe_from
from musvid._ffmpeg import executable
from musvid.clock import Clock, Rest
from musvid.frame import Frame
from musvid.job import Job, resolve
from musvid.page.timeline import timeline
from musvid.rendering import Addresses, Tools, chain, drawn_moment
from musvid.spectrum.gains import factors
from musvid.spectrum.showcqt import draw, draw_moment, draw_some
from musvid.studio.studio import Studio

SIZE = (64, 64)
PLAIN = Look(gain=0.0)
RISING = "gain = 0:-30, 4:0"


def sine(path: Path, seconds: float = 5.0) -> Song:
    return Song.open(write_wav(path / "sine.wav", tone(440, seconds, 0.5)))


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Song:
    return sine(tmp_path_factory.mktemp("sine"))


def job_of(song: Song, curves: str, look: Look = PLAIN, **settings: Any) -> Job:
    recipe = Recipe(curves=curves, size=SIZE, look=look, style=Style(strength=0), **settings)
    return resolve(recipe, song)


def drawings(job: Job, **more: Any) -> list[Frame]:
    return list(
        draw(job.song, job.recipe.look, job.clock, size=SIZE, gain=job.gain, gaps=True, **more)
    )


def apart(one: Frame, other: Frame) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_a_sine_grows_as_constant_gains_do(song: Song) -> None:
    found = drawings(job_of(song, RISING))
    light = [float(picture.mean()) for picture in found]
    assert all(np.diff(light[6:114:12]) > 0), "it grows all along"
    for second, decibels in ((1, -22.5), (2, -15.0), (3, -7.5), (4.5, 0.0)):
        constant = list(draw(song, Look(gain=decibels), Clock(song.duration), size=SIZE, gaps=True))
        tick = round(second * 30)
        assert apart(found[tick], constant[tick]) < 0.02, second
    assert apart(found[30], found[120]) > 2, "a gain that did nothing would pass all else"


@pytest.mark.parametrize("decibels", [-12, 6])
def test_a_constant_curve_is_the_number_itself(song: Song, decibels: int) -> None:
    found = drawings(job_of(song, f"gain = {decibels}"))
    plain = drawings(job_of(song, "", Look(gain=float(decibels))))
    assert len(found) == len(plain)
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(found, plain, strict=True)) <= 1


def test_a_levelled_sound_is_raised_by_it(song: Song) -> None:
    levelled = drawings(job_of(song, "", Look()))
    none, less = (drawings(job_of(song, f"gain = {gain}", Look())) for gain in (0, -20))
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(none, levelled, strict=True)) <= 1
    assert less[60].mean() < 0.8 * levelled[60].mean()
    quiet = drawings(job_of(song, "gain = -20"))
    assert less[60].mean() > quiet[60].mean(), "without levelling, the sound is quieter"


@pytest.mark.parametrize("rate", [22050, 44100, 96000])
def test_factors_are_a_function_of_the_place_in_the_file(tmp_path: Path, rate: int) -> None:
    path = write_wav(tmp_path / "a.wav", np.zeros(4 * rate) + 0.1, rate=rate)
    whole = Song.open(path)
    job = job_of(whole, "gain = 0:-30 , 2:10 ease, 3:0 hold")
    assert job.gain
    every = np.concatenate(list(factors(whole, job.gain)))
    assert len(every) == whole.samples
    assert 20 * np.log10(every[2 * rate]) == pytest.approx(10, abs=0.01)
    part = whole.part(1.2345, 2.1)
    some = np.concatenate(list(factors(part, job.gain)))
    np.testing.assert_allclose(some, every[part.first :][: part.samples], rtol=1e-6)


@pytest.mark.parametrize("gain", [0.0, "auto"])
def test_a_part_is_drawn_as_in_the_whole(write_song: WriteSong, gain: float | str) -> None:
    song = Song.open(write_song(music(6.0)))
    job = job_of(song, "gain = 6 * lfo(1s, sine, 1) + onsets:6", Look(gain=gain))  # type: ignore[arg-type]
    whole = drawings(job)
    rest = job_of(song, job.recipe.curves, job.recipe.look)
    rest = Job(rest.song, rest.recipe, Rest.of(rest.clock, 3))
    for one, other in zip(drawings(rest), whole[rest.clock.past :], strict=True):
        assert np.abs(one.astype(int) - other).max() <= 2
    some = draw_some(song, job.recipe.look, job.clock, range(70, 80), size=SIZE, gain=job.gain)
    for one, other in zip(some, whole[70:80], strict=True):
        assert np.abs(one.astype(int) - other).max() <= 2
    at, clock = Fraction(70, 30), job.clock
    moment = draw_moment(song, job.recipe.look, at, clock=clock, size=SIZE, gain=job.gain)
    assert np.abs(moment.astype(int) - whole[70]).max() <= 2


def test_the_stage_the_preview_and_the_store_know_it(song: Song, tmp_path: Path) -> None:
    job, plain = job_of(song, RISING), job_of(song, "")

    def spectrum(job: Job) -> list[Frame]:
        seen: list[Frame] = []

        def stage(frames: Any, name: str) -> Any:
            for frame in frames:
                if name == "spectrum":
                    seen.append(frame)
                yield frame

        list(islice(chain(job, Tools(stage, lambda: None)), 100))  # type: ignore[arg-type,return-value]
        return seen

    made, studio = spectrum(job), Studio(device="cpu")
    tick = 2 * job.recipe.stride
    shown = drawn_moment(job, tick / job.clock.fps)
    assert any(np.abs(shown.astype(int) - each).max() <= 2 for each in made)
    first, then = studio.draw(plain, Fraction(1)), studio.draw(job, Fraction(1))
    assert apart(first, then) > 2, "what is kept of one is not shown for the other"
    addresses = {
        Addresses.of(each, None, "cpu", None).spectrum
        for each in (plain, job, job_of(song, "gain = 0:-30, 4:1"))
    }
    assert len(addresses) == 3
    store = Store(tmp_path / "store")
    kept = [
        render(each, None, tmp_path / f"{n}.mp4", store=store) for n, each in enumerate((job,) * 2)
    ]
    assert kept[0].read_bytes() == kept[1].read_bytes()


def test_a_loop_comes_back(song: Song) -> None:
    job = job_of(song.part(0.5, 4.0), "gain = 0:-30, 4:10", loop=True)
    assert job.gain and job.loop
    begin = float(job.loop.start + job.loop.begin)
    times = begin + np.linspace(0, float(job.loop.length), 400)
    decibels = job.gain(times)
    assert decibels[-1] == pytest.approx(decibels[0], abs=0.01)
    assert decibels.max() > decibels[0] + 15, "it goes somewhere in between"
    np.testing.assert_allclose(job.gain(times + float(job.loop.length)), decibels, atol=1e-6)


def test_it_is_kept_in_its_range_and_wild_values_do_no_harm(song: Song) -> None:
    for text in ("gain = 0:-1e9, 4:1e9", "gain = 1/0", "gain = log(0 * t)", "gain = 1e9 ^ 99"):
        job = job_of(song, text)
        assert job.gain
        assert np.abs(job.gain(np.linspace(0, 5, 50))).max() <= 60
        assert len(drawings(job)) == job.clock.ticks[-1] + 1
    for text in ("gain = volume=9[v];[0:a]anull", "gain = 'x'", "gain = auto"):
        with pytest.raises(SettingsError):
            job_of(song, text)


def test_a_draw_that_is_left_early_leaves_nothing_behind(song: Song) -> None:
    before = threading.active_count()
    pictures = draw(song, PLAIN, Clock(song.duration), size=SIZE, gain=job_of(song, RISING).gain)
    next(pictures)
    pictures.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_the_command_line_takes_it() -> None:
    def recipe(*options: str) -> Recipe:
        return recipe_from(build_parser().parse_args(["a.wav", *options]))

    assert recipe("--gain", "0:-30, 4:0").curves == RISING
    assert recipe("--gain", "0:-30, 4:0").look.gain == "auto"
    both = recipe("--gain", "0", "--curve", RISING)
    assert (both.curves, both.look.gain) == (RISING, 0)
    assert recipe("--gain", "auto").look.gain == "auto" and not recipe("--gain", "-6").curves


def test_the_page_shows_it(song: Song) -> None:
    times = np.linspace(0, 4, 9)
    ((name, values, low, high),) = job_of(song, RISING).curves(times)
    assert name == "gain" and low < -30 < 0 < high
    np.testing.assert_allclose(values, -30 + 7.5 * times, atol=0.05)
    told = timeline(job_of(song, RISING))
    assert '<span class="gain">gain -30.0 to 0.0 dB</span>' in told


def test_what_is_heard_is_untouched(song: Song, tmp_path: Path) -> None:
    """What is heard is the song's own sound: videos with and without a gain hold the same."""

    def heard(job: Job, name: str) -> bytes:
        video = render(job, None, tmp_path / name)
        command = [executable(), "-v", "error", "-i", str(video), "-f", "s16le", "-"]
        return subprocess.run(command, capture_output=True, check=True).stdout

    assert heard(job_of(song, RISING), "a.mp4") == heard(job_of(song, ""), "b.mp4")


def test_a_file_that_changes_midway_is_multiplied_likewise(song: Song) -> None:
    """Its sound comes from a loopback decoder, behind whose output the factors are an input."""
    fixed = replace(song, _fixed="aresample=44100,aformat=channel_layouts=mono")
    assert fixed.sound == "[dec:0]"
    for one, other in zip(
        drawings(job_of(fixed, RISING)), drawings(job_of(song, RISING)), strict=True
    ):
        assert np.abs(one.astype(int) - other).max() <= 1
