"""What the parts of a song look like: as text, from the song, and along time."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import WriteSong, music, psnr, tone, video_frames

from musvid import Recipe, SettingsError, Song, Store, Style, View, render
from musvid.__main__ import build_parser, recipe_from
from musvid.estimate import told
from musvid.frame import Frame
from musvid.job import Job, resolve
from musvid.keys import Line, shares
from musvid.music import author
from musvid.music.form import Form
from musvid.music.story import Entry, Speed, Story
from musvid.page.timeline import timeline
from musvid.paint.drift import Drift
from musvid.spectrum.look import Look
from musvid.spectrum.showcqt import draw, draw_moment
from musvid.studio.studio import Studio
from musvid.view.flashes import luminance
from musvid.view.settings import Camera, Finish, suited
from musvid.view.stage import Shot, luminances, view

FORM = "0:00 A | 0:03 B"
TOLD = "A: violet nebula; view tunnel; palette ice; speed 30; strength 0.4 | B: crimson flames"
SMALL: dict[str, Any] = {"size": (64, 64), "upscale": 1, "form": FORM}


def job_of(song: Path | Song, **settings: Any) -> Job:
    """A small job; the story crosses from 2 to 4 s, views from 2.7 to 3.3 s."""
    opened = song if isinstance(song, Song) else Song.open(song)
    return resolve(Recipe(**{**SMALL, **settings}), opened)


# The story as text


def test_a_story_is_the_text_it_was_read_from() -> None:
    for text in (
        "A:",
        "A: violet nebula",
        TOLD,
        "A: speed x0.5 | C: view mandala; strength 1 | B: emerald: a study; palette fire",
    ):
        assert str(Story.parse(text)) == text
        assert Recipe(story=text).story == text
    story = Story.parse(" a:violet   nebula ;SPEED 30; Strength .6;view Ring|B: ; speed x2")
    assert story.of("A") == Entry("violet nebula", "ring", None, Speed(30.0), 0.6)
    assert story.of("B") == Entry(speed=Speed(2.0, relative=True))
    assert story.of("C") == Entry()
    assert (story.of("B").speed or Speed(0)).of(48) == 96
    assert story.prompts == ["violet nebula"]
    assert str(story.unseen) == "A: violet nebula; speed 30; strength 0.6 | B: speed x2"
    # A prompt may begin with the name of a setting.
    assert Story.parse("A: view of a city").of("A") == Entry("view of a city")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nebula", "no part of a story"),
        ("A: nebula |", "no part of a story"),
        ("AB: nebula", "no part of a story"),
        ("A: x | a: y", "A is there twice"),
        ("A: x; view cube", "view of a story must be one of flat"),
        ("A: view cube", "view of a story must be one of"),
        ("A: x; palette article", "palette of a story must be one of aurora"),
        ("A: x; speed fast", "a factor such as x2"),
        ("A: x; speed -3", "speed of a story must be a number from 0 to 1000"),
        ("A: x; speed x11", "speed of a story must be a number from 0 to 10 "),
        ("A: x; strength 2", "strength of a story must be a number from 0 to 1"),
        ("A: x; strength", "must be a number"),
        ("A: x; strength 1; strength 1", "two kinds of strength"),
        ("A: x; seed 3", "view, palette, speed, strength"),
        ("A: x" * 5000, "at most 10000 letters"),
    ],
)
def test_what_is_no_story_is_told_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as told:
        Recipe(story=text)
    assert str(told.value).endswith(".")


def test_the_recipe_keeps_a_story() -> None:
    assert Recipe().story == Recipe.from_json('{"stride": 8}').story == "off"
    assert Recipe(story=" Auto ").story == "auto"
    told = Recipe(story=TOLD, form=FORM)
    assert Recipe.from_json(told.to_json()) == told == Recipe.from_flat(told.flat())
    options = build_parser().parse_args(["x", "--story", TOLD, "--form", FORM])
    found = recipe_from(options)
    assert (found.story, found.form) == (told.story, told.form)
    assert Recipe(story="A: ; strength 0.5", style=Style(strength=0.0)).paints
    assert not Recipe(story="A: nebula", style=Style(strength=0.0)).paints


def test_words_that_the_model_does_not_know_are_told() -> None:
    (said,) = Recipe(story="A: violet sauerkraut | B: flames").remarks()
    assert "sauerkraut" in said
    assert Recipe(story="off").remarks() == []


def test_the_articles_palette_stands_alone(write_song: WriteSong) -> None:
    with pytest.raises(SettingsError, match="part A"):
        job_of(write_song(music(1.0)), look=Look(palette="article"), story="A: ; palette fire")


# Values along time


def test_values_cross_evenly_between_their_keys() -> None:
    keys = ((0.0, "a"), (2.0, "a"), (4.0, "b"), (9.0, "b"))
    assert shares(keys, -1) == shares(keys, 2.0) == (("a", 1.0),)
    assert shares(keys, 2.5) == (("a", 0.75), ("b", 0.25))
    assert shares(keys, 4.0) == shares(keys, 99) == (("b", 1.0),)
    assert shares(keys, 3.99999) == (("b", 1.0),)  # nobody sees the rest


def test_an_offset_is_the_integral_of_the_speed() -> None:
    speed = Line(((0.0, 20.0), (2.0, 20.0), (4.0, 80.0), (6.0, 80.0), (7.0, 0.0)))
    times = np.linspace(-1, 9, 200001)
    values = np.array([speed.at(time) for time in times.tolist()])
    sums = np.concatenate([[0], np.cumsum((values[1:] + values[:-1]) / 2 * np.diff(times))])
    for place in range(0, len(times), 9973):
        assert speed.integral(float(times[place])) == pytest.approx(sums[place] - 20, abs=1e-3)
    assert speed.integral(4.0) == 2 * 20 + 2 * 50
    assert speed.integral(-1.0) == -20
    assert not speed.steady and Line(((0.0, 3.0),)).integral(2) == 6


# A story along a song


def test_strokes_are_the_parts_own_and_cross_between_them(write_song: WriteSong) -> None:
    job = job_of(write_song(music(6.0)), story=TOLD, style=Style(strength=0.8))
    quiet, middle, loud = (job.automation.stroke(time) for time in (1.0, 3.25, 5.0))
    assert (quiet.prompts, quiet.strength) == ((("violet nebula", 1.0),), 0.4)
    assert (loud.prompts, loud.strength) == ((("crimson flames", 1.0),), 0.8)
    assert middle.prompts == (("violet nebula", 0.25), ("crimson flames", 0.75))
    assert middle.strength == pytest.approx(0.65)
    assert job.automation and next(iter(job.strokes() or ())) == replace(quiet, place=None)
    (curve,) = job.automation.curves(np.array([1.0, 3.25, 5.0]))
    assert curve[1].tolist() == pytest.approx([0.4, 0.65, 0.8])
    followed = Recipe.from_flat({"strength_by.source": "loudness", "strength_by.amount": -0.2})
    more = resolve(replace(job.recipe, strength_by=followed.strength_by), job.song)
    assert 0.2 <= more.automation.stroke(1.0).strength < 0.4
    assert 0.6 <= more.automation.stroke(5.0).strength < 0.8


def test_the_timeline_shows_the_prompts_of_parts(write_song: WriteSong) -> None:
    song = write_song(tone(440, 9))
    parts = {"form": "0:00 A | 0:03 B | 0:06 A", "story": "A: teal coral | B: speed 20"}

    def labels(song: Path | Song) -> list[tuple[str, str]]:
        return re.findall('<b style="left:([0-9.]+)%">(.*?)</b>', timeline(job_of(song, **parts)))

    own = job_of(song, **parts).recipe.style.prompt or ""
    assert labels(song) == [("0.00", "teal coral"), ("33.33", own), ("66.67", "teal coral")]
    assert labels(Song.open(song).part(4, 4)) == [("0.00", own), ("50.00", "teal coral")]
    assert labels(Song.open(song).part(4, 1)) == []


def test_a_part_without_a_prompt_has_the_recipes_own(write_song: WriteSong) -> None:
    style = Style(prompt="0:00 marble | 0:06 coral")
    job = job_of(write_song(music(6.0)), story="B: flames", style=style)
    assert dict(job.automation.stroke(1.5).prompts) == {"marble": 0.75, "coral": 0.25}
    mixed = dict(job.automation.stroke(3.0).prompts)
    assert mixed == {"marble": 0.25, "coral": 0.25, "flames": 0.5}


def test_a_bar_is_what_a_crossing_takes(write_song: WriteSong) -> None:
    lock = Recipe.from_flat({"lock.note": "1/4", "lock.bpm": 240, "lock.beat": 0.0}).lock
    job = job_of(write_song(music(6.0)), story=TOLD, lock=lock)
    assert job.telling
    assert [time for time, _ in job.telling.prompts] == [0.0, 2.75, 3.25]  # its middle half
    assert [time for time, _ in job.telling.views] == pytest.approx([0.0, 2.7, 3.3])
    short = replace(job.recipe, form="0:00 A | 0:03 B | 0:03.2 A")
    telling = job.having(short).telling
    assert telling
    times = [time for time, _ in telling.prompts]
    assert times == sorted(times) and telling.prompts[2][0] < 3.1 < telling.prompts[3][0]


def test_a_course_follows_the_speeds_of_the_parts(write_song: WriteSong) -> None:
    song = Song.open(write_song(music(6.0)))
    told = "A: speed 30 | B: speed x0.5"
    whole = job_of(song, story=told, drift=Drift(20, "up"))
    course = whole.course
    assert course
    assert course.offset(Fraction(2)) == pytest.approx(60, abs=0.01)
    assert course.offset(Fraction(4)) == pytest.approx(60 + 2 * 20, abs=0.01)
    assert course.offset(Fraction(5)) == pytest.approx(60 + 2 * 20 + 10, abs=0.01)
    part = job_of(song.part(2.5), story=told, drift=Drift(20, "up"))
    assert part.course
    for time in (Fraction(0), Fraction(1, 3), Fraction(3)):
        assert part.course.offset(time) == course.offset(time + Fraction(5, 2))


def test_palettes_are_mixed_in_the_drawing(write_song: WriteSong) -> None:
    job = job_of(
        write_song(music(6.0)),
        style=Style(strength=0.0),
        story="A: palette ice | B: palette fire",
    )
    size, clock, look = job.size, job.clock, job.recipe.look

    def drawn(palette: str) -> np.ndarray:
        own = replace(look, palette=palette)
        return np.array(list(draw(job.song, own, clock, size=size)), float)

    told = np.array(list(draw(job.song, look, clock, size=size, palettes=job.palettes)))
    ticks = [round(tick / clock.fps * 30) for tick in clock.ticks]
    early, middle, late = (ticks.index(min(ticks, key=lambda t: abs(t - w))) for w in (30, 90, 150))
    ice, fire = drawn("ice"), drawn("fire")
    assert (told[early] == ice[early]).all() and (told[late] == fire[late]).all()
    share = float(1 - (Fraction(ticks[middle], 30) - 2) / 2)
    mixture = share * ice[middle] + (1 - share) * fire[middle]
    assert np.abs(told[middle] - mixture).max() <= 1
    for place in (early, middle, late):
        time = Fraction(ticks[place], 30)
        made = draw_moment(job.song, look, time, clock=clock, size=size, palettes=job.palettes)
        assert (made == told[place]).all()
    later = replace(look, afterglow=0.2, count=3)
    whole = list(draw(job.song, later, clock, size=size, palettes=job.palettes))
    time = Fraction(ticks[middle], 30)
    made = draw_moment(job.song, later, time, clock=clock, size=size, palettes=job.palettes)
    assert np.abs(made.astype(float) - whole[middle]).max() <= 2


def test_views_dissolve() -> None:
    looks = (
        View("tunnel").resolve(),
        Camera(sway=0.1).resolve("tunnel"),
        Finish(grain=0).resolve("tunnel"),
    )
    keys = ((0.0, "tunnel"), (1.0, "tunnel"), (2.0, "flat"))
    frames = list(np.random.default_rng(1).integers(0, 256, (3, 64, 64, 3)).astype(np.uint8))
    times = [0.5, 1.5, 2.5]
    shot = Shot((96, 96), *looks, along=keys)
    seen = list(view(frames, times, shot))
    flat = suited(looks, "flat")
    assert flat == (View("flat", 2, "middle", 1.0), Camera(sway=0.1).resolve("flat"), flat[2])
    assert flat[2] == Finish(grain=0).resolve("flat")
    alone = {
        kind: list(view(frames, times, Shot((96, 96), *suited(looks, kind))))
        for kind in ("tunnel", "flat")
    }
    assert (seen[0] == alone["tunnel"][0]).all() and (seen[2] == alone["flat"][2]).all()
    mean = (alone["tunnel"][1].astype(float) + alone["flat"][1]) / 2
    assert np.abs(seen[1] - mean).max() <= 1
    # The flash limiter sees the same.
    told = list(luminances(frames, times, shot))
    assert told == pytest.approx([luminance(each) for each in seen], abs=0.05)


def test_only_a_dissolve_sees_two_views(
    write_song: WriteSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    from musvid.view import stage

    job = job_of(write_song(music(6.0)), story="B: view ring", view=View("mosaic"))
    assert not job.plain and job.beat is not None
    made: list[float] = []
    own = stage.pose
    monkeypatch.setattr(stage, "pose", lambda *given: made.append(given[1]) or own(*given))
    times = [time / 10 for time in range(60)]
    frames = [np.zeros((64, 64, 3), np.uint8)] * 60
    assert len(list(view(frames, times, replace(job.shot, size=(64, 64))))) == 60
    twice = [time for time in times if made.count(time) == 2]
    assert twice == pytest.approx([2.8, 2.9, 3.0, 3.1, 3.2])


# In a render

LIVELY = (
    "A: violet nebula; view tunnel; palette ice; speed 20; strength 0.4 | "
    "B: crimson flames; view mandala; palette fire; speed x2; strength 0.8"
)


@pytest.fixture
def lively(write_song: WriteSong) -> tuple[Song, dict[str, Any]]:
    """A song, and settings with which everything differs between its parts, which cross from 1.1 to
    2.9 s."""
    return Song.open(write_song(music(4.0))), {
        "form": "0:00 A | 0:02 B",
        "story": LIVELY,
        "look": Look(gain=0.0),  # or a part is levelled by itself
        "view": View("tunnel", shown=(96, 96)),
        "finish": Finish(grain=0.0),
        "drift": Drift(24, "up"),
        "stride": 15,
    }


def frames_of(job: Job, folder: Path, store: Store | None = None) -> dict[str, list[Frame]]:
    made: dict[str, list[Frame]] = {}

    def tap(stage: str, _: int, frame: Frame) -> None:
        made.setdefault(stage, []).append(frame.copy())

    render(job, output=folder / "made.mp4", tap=tap, store=store)
    return made


@pytest.mark.thorough
def test_a_part_is_painted_as_in_the_whole(
    lively: tuple[Song, dict[str, Any]], tmp_path: Path
) -> None:
    song, settings = lively
    whole = frames_of(job_of(song.part(0, 2.5), **settings), tmp_path)
    part = frames_of(job_of(song.part(1.0, 1.5), **settings), tmp_path)
    # The last one knows no neighbour behind it, and the first no sound before it.
    np.testing.assert_array_equal(part["painted"][1], whole["painted"][3])
    np.testing.assert_array_equal(part["spectrum"][10:35], whole["spectrum"][40:65])


def test_a_moment_of_the_page_is_the_frame_of_a_render(
    lively: tuple[Song, dict[str, Any]], tmp_path: Path
) -> None:
    song, settings = lively
    job = job_of(song.part(0.5, 2.0), **{**settings, "drift": Drift()})
    made, studio = frames_of(job, tmp_path), Studio(device="cpu")
    film = video_frames(tmp_path / "made.mp4", 96, 96, "rgb24")
    for painting in (0, 2, 3):
        time = painting / 2
        frame = studio.paint(job, time)
        np.testing.assert_array_equal(frame, made["painted"][painting])
        shown = studio.seen(job, made["frames"][15 * painting], time)
        assert psnr(shown, film[15 * painting]) > 30


def test_frames_that_are_kept_know_the_story(
    lively: tuple[Song, dict[str, Any]], tmp_path: Path
) -> None:
    song, settings = lively
    song, store = song.part(1.0, 1.0), Store(tmp_path / "cache")
    first = frames_of(job_of(song, **settings), tmp_path, store)
    again = frames_of(job_of(song, **settings), tmp_path, store)
    np.testing.assert_array_equal(first["frames"], again["frames"])
    other = {**settings, "story": LIVELY.replace("palette ice", "palette gold")}
    changed = frames_of(job_of(song, **other), tmp_path, store)
    fresh = frames_of(job_of(song, **other), tmp_path)
    np.testing.assert_array_equal(changed["frames"], fresh["frames"])
    assert not np.array_equal(changed["spectrum"][0], first["spectrum"][0])


# A story from a song


@pytest.fixture
def uneven(write_song: WriteSong) -> Song:
    """A song whose parts at 4 and 12 s are loud and busy, and the one at 8 s is between."""
    quiet, loud = 0.02 * tone(220, 4.0), music(4.0)
    return Song.open(write_song(np.concatenate([quiet, loud, 0.15 * music(4.0, seed=2), loud])))


UNEVEN = "0:00 A | 0:04 B | 0:08 C | 0:12 B"


def test_a_song_writes_its_story(uneven: Song) -> None:
    energies = author.energy(uneven, Form.parse(UNEVEN))
    assert energies["A"] < energies["C"] < energies["B"]
    settings = {"form": UNEVEN, "drift": Drift(40, "up"), "view": View("tunnel")}
    job = job_of(uneven, story="auto", **settings)
    story = Story.parse(job.recipe.story)
    calm, loud = story.of("A"), story.of("B")
    assert job_of(uneven.part(5.0, 1.0), story="auto", **settings).recipe.story == str(story)
    assert calm.speed and loud.speed and calm.speed.of(40) < 40 < loud.speed.of(40)
    assert calm.strength is not None and loud.strength is not None
    assert calm.strength < loud.strength
    assert "bright" in (loud.prompt or "") and "bright" not in (calm.prompt or "")
    assert len(story.prompts) == 3
    assert (calm.view, loud.view, loud.palette) == (None, "mandala", None)
    assert job.recipe.remarks() == []  # the model knows every word
    assert Recipe.from_json(job.recipe.to_json()).story == str(story)


def test_the_tone_of_a_song_chooses_its_colours(write_song: WriteSong) -> None:
    looks = {}
    for number, pitch in enumerate((261.63, 440.0, 415.3)):  # c, a, and a flat
        sound = tone(pitch, 6.0) + 0.2 * tone(2 * pitch, 6.0)
        song = Song.open(write_song(0.5 * sound, f"{number}.wav"))
        looks[author.pitch_class(song)] = job_of(song, form="0:00 A", story="auto").recipe.story
    assert list(looks) == [0, 9, 8]
    assert len(set(looks.values())) == 3
    assert author.pitch_class(Song.open(write_song(music(0.02), "short.wav"))) == 0


def test_a_story_keeps_what_was_asked_for(uneven: Song) -> None:
    def written(**settings: Any) -> Story:
        return Story.parse(job_of(uneven, form=UNEVEN, story="auto", **settings).recipe.story)

    asked = written(style=Style(prompt="dark green marble, sharp"))
    assert asked.of("B").prompt is None  # which lasts longest
    assert asked.of("A").prompt == "blue and violet marble sharp"
    assert [entry.view for _, entry in asked.entries] == [None] * 3  # flat stays flat
    assert [entry.speed for _, entry in asked.entries] == [None] * 3  # nothing drifts
    timed = written(style=Style(prompt="0:00 marble | 0:04 coral"))
    assert timed.prompts == []
    free = written(style=Style(model="sd-turbo", prompt="a castle in fog"))
    assert all(prompt.startswith("a castle in fog, ") for prompt in free.prompts)
    bare = written(style=Style(strength=0.0))
    assert bare.prompts == [] and not bare.paints
    assert {entry.palette for _, entry in bare.entries} >= {"ice", "fire"}
    alike = Story.parse(job_of(uneven, form="0:00 A", story="auto").recipe.story)
    assert len(alike.entries) == 1


def test_parts_that_are_not_given_are_found(write_song: WriteSong) -> None:
    quiet, loud = 0.2 * tone(220, 10.0), music(10.0)
    song = Song.open(write_song(np.concatenate([quiet, loud])))
    job = job_of(song.part(3.0, 1.0), form="auto", story="auto")
    letters = Form.parse(job.recipe.form).letters
    assert job.form.letters == letters == ("A", "B")
    assert job_of(song, form="auto", story="auto").recipe.story == job.recipe.story
    assert f"story: {job.recipe.story}" in told(job)
    assert job_of(song, form="auto").recipe.form == "auto"  # nothing is listened to
    short = job_of(write_song(music(0.02), "b.wav"), form="auto", story="auto")
    assert short.recipe.form == "0:00 A"
