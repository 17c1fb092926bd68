"""Settings that follow the music, and prompts along time."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import PLAIN, WriteSong, clicks, music, read_frames, tone

from musvid import (
    Lock,
    Modulation,
    Painter,
    Recipe,
    SettingsError,
    Song,
    Store,
    Style,
    diffuse,
    load_settings,
    render,
)
from musvid.__main__ import main
from musvid.job import resolve
from musvid.music import features
from musvid.page.timeline import timeline
from musvid.paint import prompts
from musvid.paint.style import Stroke


def frames(count: int, side: int = 64, seed: int = 0) -> list[np.ndarray]:
    """Mirrored pictures, different from each other."""
    draw = np.random.default_rng(seed)
    halves = [draw.integers(0, 256, (side // 8, side // 16, 3), np.uint8) for _ in range(count)]
    grown = [half.repeat(8, 0).repeat(8, 1) for half in halves]
    return [np.concatenate([half, half[:, ::-1]], 1) for half in grown]


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter(Style(), device="cpu")


# Prompts along time


def test_prompts_with_times() -> None:
    parsed = prompts.parse("0:00 nebula | 0:08 cyan crystal | 1:02:03.5 flames")
    assert parsed == ((0.0, "nebula"), (8.0, "cyan crystal"), (3723.5, "flames"))
    assert prompts.parse("nebula | 0:08 crystal") == ((0.0, "nebula"), (8.0, "crystal"))
    assert prompts.parse("0:04 nebula") == ((4.0, "nebula"),)
    # Seconds of one digit go on being read where nothing else can be meant.
    assert prompts.parse("0:8 nebula | 1:5 crystal") == ((8.0, "nebula"), (65.0, "crystal"))
    assert prompts.parse("16:9 nebula | 20:00 crystal") == ((969.0, "nebula"), (1200.0, "crystal"))
    assert prompts.parse("16:9 nebula | 0:08 crystal") == ((0.0, "16:9 nebula"), (8.0, "crystal"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "blue nebula",
        "this | that",
        "a 3:4 ratio",
        "16:9screen",
        "16:9 nebula",
        "4:3",
    ],
)
def test_prompts_without_times_are_one(text: str) -> None:
    assert prompts.parse(text) == ((0.0, text),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0:00 nebula | crystal", "has no time"),
        ("0:08 nebula | 0:04 crystal", "must rise"),
        ("nebula | 0:00 crystal", "must rise"),
        ("0:00 a | 999999999:00 b", "within 24 hours"),
        ("0:00 a | 25:00:00 b", "within 24 hours"),
        (f"{'9' * 400}:00 a", "within 24 hours"),
        (f"0:00 a | 1:{'9' * 400}:00 b", "within 24 hours"),
    ],
)
def test_prompts_with_wrong_times(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Style(prompt=text)


def test_prompts_are_mixed_evenly_between_their_times() -> None:
    keys = prompts.parse("0:02 nebula | 0:04 crystal | 0:05 crystal | 0:06 flames")
    assert prompts.weights(keys, 0) == (("nebula", 1.0),)
    assert prompts.weights(keys, 2.5) == (("nebula", 0.75), ("crystal", 0.25))
    assert prompts.weights(keys, 4.5) == (("crystal", 1.0),)  # the same on both sides: it stays
    assert prompts.weights(keys, 5.25) == (("crystal", 0.75), ("flames", 0.25))
    assert prompts.weights(keys, 99) == (("flames", 1.0),)


def test_prompts_snap_to_bars() -> None:
    keys = prompts.parse("0:00 a | 0:03 b | 0:03.2 c | 0:06.5 d")
    bars = Lock("1/4", 120, 1.0).bar_near  # at -1, 1, 3, 5 s and so on
    assert [time for time, _ in prompts.snap(keys, bars)] == [-1.0, 3.0, 5.0, 7.0]


def test_prompts_along_a_locked_song_begin_with_bars(write_song: WriteSong) -> None:
    song = Song.open(write_song(music(6.0)), start=1.0)
    style = Style(prompt="0:01 nebula | 0:03.8 crystal")
    loose = resolve(Recipe(style=style), song)
    assert loose.automation.keys == ((0.0, "nebula"), (pytest.approx(2.8), "crystal"))
    locked = resolve(replace(loose.recipe, lock=Lock("1/8", 120, 0.5)), song)
    times = [time for time, _ in locked.automation.keys]
    assert times == pytest.approx([-0.5, 3.5])  # bars at 0.5, 2.5 and 4.5 s of the file


def test_a_weight_of_a_lora_follows_the_music(write_song: WriteSong) -> None:
    song = Song.open(write_song(clicks([0.5, 1.5, 2.5, 3.5], 4.0)))
    lora = "a/b:0.2 by onsets:0.6:0.05 | c/d:0.5 | e/f:3.9 by loudness:2"
    job = resolve(Recipe(style=Style(model="sd15", lora=lora)), song)
    assert job.automation and job.strokes() is not None
    strokes = [job.automation.stroke(Fraction(number, 100)) for number in range(400)]
    first, second = np.array([stroke.loras for stroke in strokes]).T
    assert (first.min(), first.max()) == (round(0.2 * 32) / 32, round(0.8 * 32) / 32)
    assert first.std() > 0.05 and second.max() == 4.0
    assert np.array_equal(first * 32, np.round(first * 32)), "so that frames go together"
    assert {(stroke.strength, stroke.walk) for stroke in strokes} == {(0.6, None)}
    curves = list(job.curves(np.linspace(0, 3.9, 40)))
    assert [name for name, *_ in curves] == ["lora", "lora"]
    assert all(low <= values.min() < values.max() <= high for _, values, low, high in curves)
    assert "LoRA 0.2" in timeline(job)
    steady = resolve(Recipe(style=Style(model="sd15", lora="a/b:0.2 by onsets:0")), song)
    assert not steady.automation and steady.automation.stroke(0).loras == ()


def test_words_of_all_prompts_are_checked() -> None:
    style = Style(prompt="0:00 violet nebula | 0:08.5 crystal of zebras")
    assert style.ignored() == ["zebras"]


def test_mixed_prompts_lie_between(painter: Painter) -> None:
    frame, style = frames(1), Style().resolve()

    def painted(*weights: tuple[str, float]) -> np.ndarray:
        stroke = Stroke(weights, style.strength, style.guidance)
        return next(painter.paint(frame, style, [stroke])).astype(float)

    one, other = painted(("crimson flames", 1.0)), painted(("cyan crystal", 1.0))
    assert np.array_equal(
        one, next(painter.paint(frame, replace(style, prompt="crimson flames"))).astype(float)
    )
    apart = np.abs(one - other).mean()
    way = []
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        mixed = painted(("crimson flames", 1 - part), ("cyan crystal", part))
        way.append(np.abs(mixed - one).mean() / apart)
        assert np.abs(mixed - other).mean() < apart * 1.05
    assert way == sorted(way)
    assert way[0] < 0.01 and 0.1 < way[2] < 0.95 and way[4] > 0.99


# What the music does


def test_curves_of_a_song(write_song: WriteSong) -> None:
    sound = np.concatenate([tone(100, 2.0, 0.5), tone(800, 2.0, 0.05), tone(5000, 2.0, 0.5)])
    heard = features.of(Song.open(write_song(sound)))
    middle = {
        name: [curve[int(time / heard.step)] for time in (1, 3, 5)]
        for name, curve in heard.curves.items()
    }
    assert all(curve.min() >= 0 and curve.max() <= 1 for curve in heard.curves.values())
    assert middle["low"][0] > 0.9 and max(middle["low"][1:]) < 0.1
    assert middle["mid"][1] > 0.9 and middle["mid"][1] > max(middle["mid"][::2]) + 0.3
    assert middle["high"][2] > 0.9 and max(middle["high"][:2]) < 0.3
    assert min(middle["loudness"][::2]) > middle["loudness"][1] + 0.3


def test_onsets_are_when_they_sound(write_song: WriteSong) -> None:
    times = [0.5, 1.25, 2.0, 61.3, 62.0]  # across a border of blocks, too
    heard = features.of(Song.open(write_song(clicks(times, 63.0))))
    curve = heard.curve("onsets")
    for time in times:
        near = slice(int((time - 0.2) / heard.step), int((time + 0.2) / heard.step))
        peak = (near.start + int(np.argmax(curve[near]))) * heard.step
        assert abs(peak - time) < 0.03
        assert curve[near].max() > 0.9
    assert np.median(curve) == 0


def test_smoothing_is_not_late_and_keeps_the_top(write_song: WriteSong) -> None:
    heard = features.of(Song.open(write_song(clicks([2.0], 4.0))))
    sharp, soft = heard.curve("onsets"), heard.curve("onsets", 0.3)
    assert soft.max() == pytest.approx(1, abs=0.01)
    assert abs(int(soft.argmax()) - int(sharp.argmax())) <= 2
    assert (soft > 0.3).sum() > 5 * (sharp > 0.3).sum()


def test_silence_has_flat_curves(write_song: WriteSong) -> None:
    heard = features.of(Song.open(write_song(np.zeros(44100))))
    assert all(not curve.any() for curve in heard.curves.values())


# Modulation


def test_a_strength_follows_over_its_base(write_song: WriteSong) -> None:
    sound = np.concatenate([tone(200, 2.0, 0.01), tone(200, 2.0, 0.5)])
    song = Song.open(write_song(sound))
    recipe = Recipe(
        style=Style(strength=0.3),
        strength_by=Modulation("loudness", 0.4, 0.0),
        guidance_by=Modulation("low", -5, 0.0),
    )
    automation = resolve(recipe, song).automation
    quiet, loud = automation.stroke(1.0), automation.stroke(Fraction(3))
    assert quiet.strength == pytest.approx(0.3, abs=0.05)
    assert loud.strength == pytest.approx(0.7, abs=0.01)
    assert loud.guidance == 1  # cut where its range ends
    assert loud.walk is None
    more = replace(recipe, strength_by=Modulation("loudness", 30, 0.0))
    assert resolve(more, song).automation.stroke(3.0).strength == 1


def test_a_seed_walks_while_there_is_music(write_song: WriteSong) -> None:
    sound = np.concatenate([tone(200, 2.0, 0.5), tone(200, 2.0, 0.0005), tone(200, 2.0, 0.5)])
    song = Song.open(write_song(sound))
    job = resolve(Recipe(seed_by=Modulation("loudness", 1.5, 0.0)), song)
    walk = [job.automation.stroke(time).walk for time in (0, 1, 2, 2.1, 3.9, 4.1, 6)]
    assert walk[0] == 0
    assert walk[1] == pytest.approx(1.5, abs=0.1)
    assert walk[4] - walk[3] < 0.1
    assert walk[6] == pytest.approx(6.0, abs=0.4)


def test_a_walk_goes_from_seed_to_seed(painter: Painter) -> None:
    frame, style = frames(1), Style(strength=0.9).resolve()

    def painted(seed: int, walk: float | None) -> np.ndarray:
        stroke = replace(style.stroke, walk=walk)
        return next(painter.paint(frame, replace(style, seed=seed), [stroke])).astype(float)

    here, there = painted(5, None), painted(6, None)
    assert np.array_equal(painted(5, 0.0), here)  # its autoencoder draws no noise
    assert np.array_equal(painted(5, 1.0), there)
    assert np.array_equal(painted(4, 1.0), here)
    apart = np.abs(here - there).mean()
    away = [np.abs(painted(5, walk) - here).mean() / apart for walk in (0.1, 0.3, 0.6, 0.9)]
    assert away == sorted(away)
    assert away[0] < 0.6
    assert np.array_equal(painted(2**32 - 1, 1.0), painted(0, 0.0))
    between = painted(5, 0.5)
    assert 0.8 < between.std() / here.std() < 1.2  # no mist between two seeds


def test_strokes_are_painted_in_order_whatever_the_batch(painter: Painter) -> None:
    style = Style().resolve()
    given = frames(6)
    strengths = [0.0, 0.4, 0.4, 0.9, 0.9, 0.0]
    strokes = [replace(style.stroke, strength=strength) for strength in strengths]
    single = list(painter.paint(given, style, strokes))
    batched = list(
        diffuse(given, style, painter=Painter(style, device="cpu", batch=4), strokes=strokes)
    )
    assert len(single) == len(batched) == 6
    for number, (one, other) in enumerate(zip(single, batched, strict=True)):
        assert np.abs(one.astype(int) - other).max() <= 1, number
    assert np.array_equal(single[0], given[0]) and np.array_equal(single[5], given[5])
    alone = next(painter.paint(given[3:4], replace(style, strength=0.9)))
    assert np.array_equal(single[3], alone)


def test_a_store_tells_strokes_apart(tmp_path: Path) -> None:
    store, given = Store(tmp_path / "cache"), frames(3)
    style = Style().resolve()
    asked: list[float] = []

    def paint(jobs):
        for frame, stroke in jobs:
            asked.append(stroke.strength)
            yield np.full_like(frame, int(100 * stroke.strength))

    def made(*strengths: float) -> list[int]:
        strokes = [replace(style.stroke, strength=strength) for strength in strengths]
        return [int(each[0, 0, 0]) for each in store.paintings(given, "key", paint, strokes)]

    assert made(0.1, 0.2, 0.3) == [10, 20, 30]
    assert made(0.1, 0.5, 0.3) == [10, 50, 30]
    assert asked == [0.1, 0.2, 0.3, 0.5]


def test_a_render_follows_the_music(write_song: WriteSong, tmp_path: Path) -> None:
    sound = np.concatenate([tone(300, 1.0, 0.02), tone(300, 1.0, 0.5)])
    song = write_song(sound)
    recipe = Recipe(
        stride=4,
        before=1,
        after=1,
        size=64,
        upscale=1,
        style=Style(strength=0.0),
        strength_by=Modulation("loudness", 1.0, 0.0),
    )
    store = Store(tmp_path / "cache")
    for number, used in enumerate((None, store, store)):
        folder = tmp_path / str(number)
        render(song, recipe, tmp_path / f"{number}.mp4", frames_dir=folder, store=used)
    made = [list(read_frames(tmp_path / str(number), "painted", 15)) for number in range(3)]
    drawn = list(read_frames(tmp_path / "0", "guides", 15))
    changed = [np.abs(a.astype(int) - b).mean() for a, b in zip(made[0], drawn, strict=True)]
    assert max(changed[1:6]) < 1 and min(changed[9:14]) > 3
    for others in made[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(made[0], others, strict=True))


def test_off_is_the_same_as_ever(write_song: WriteSong) -> None:
    song = Song.open(write_song(music(2.0)))
    assert not resolve(Recipe(), song).automation
    still = Recipe(strength_by=Modulation("onsets", 0.0))
    assert not resolve(still, song).automation


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("onsets", Modulation("onsets")),
        ("low:0.5", Modulation("low", 0.5)),
        ("high:-2:1.5", Modulation("high", -2, 1.5)),
    ],
)
def test_modulations_as_text(text: str, made: Modulation) -> None:
    assert Modulation.parse(text) == made


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("drums", "source must be one of"),
        ("low:much", "no modulation"),
        ("low:1:2:3", "no modulation"),
        ("low:9999", "amount must be"),
        ("low:1:nan", "smoothing must be"),
    ],
)
def test_what_is_no_modulation(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Modulation.parse(text)


def test_each_setting_has_amounts_of_its_own() -> None:
    Recipe(drift_by=Modulation("low", 99))
    for name in ("strength_by", "guidance_by", "seed_by"):
        with pytest.raises(SettingsError, match="amount must be a number from -30 to 30"):
            Recipe(**{name: Modulation("low", 99)})


def test_the_command_line_follows(
    write_song: WriteSong, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song = write_song(music(1.5))
    options = ["--strength-by", "onsets:0.2:0.05", "--seed-by", "low:1", "--size", "64"]
    options += ["--prompt", "0:00 nebula | 0:01 crystal", "--recipe", "diffuse-then-interpolate"]
    command = [str(song), "-o", str(tmp_path / "v.mp4"), "--upscale", "1", *PLAIN, *options]
    assert main(command) == 0, capsys.readouterr().err
    recipe = load_settings(tmp_path / "v.mp4")
    assert recipe.strength_by == Modulation("onsets", 0.2, 0.05)
    assert recipe.seed_by == Modulation("low", 1.0)
    with pytest.raises(SystemExit) as end:
        main([*command[:-2], "--seed-by", "drums"])
    assert end.value.code == 2
    assert "source must be one of" in capsys.readouterr().err


# The picture of it


def test_the_timeline_shows_what_follows(write_song: WriteSong) -> None:
    song = Song.open(write_song(clicks(np.arange(0, 4, 0.5), 4.0)))
    plain = timeline(resolve(Recipe(stride=15), song))
    assert "a keyframe every 0.50 s" in plain
    for kind in ("bars", "strength", "section shade0"):
        assert f'class="{kind}"' not in plain
    for drawn in (plain, timeline(resolve(Recipe(stride=15), song.part(1, 2)))):
        keyframes = drawn.split('class="keyframes" d="')[1].split('"')[0]
        seconds = 4 if drawn is plain else 2
        assert keyframes.count("M") == 2 * seconds + 1
        assert f"M{1000 / seconds:.1f} " in keyframes, "one second from the beginning"
    recipe = Recipe(
        lock=Lock("1/4", 120, 0.0),
        style=Style(prompt="0:00 nebula | 0:02 <b>crystal"),
        strength_by=Modulation("onsets", 0.2),
        guidance_by=Modulation("low", 2),
        seed_by=Modulation("high", 1),
    )
    drawn = timeline(resolve(recipe, song))
    for kind in ("wave", "keyframes", "bars", "strength", "guidance", "seed"):
        assert f'class="{kind}"' in drawn
    assert "&lt;b&gt;crystal" in drawn
    keyframes = drawn.split('class="keyframes" d="')[1].split('"')[0]
    assert keyframes.count("M") == 9  # from 0 to 4 s
    assert "nan" not in drawn
