"""A song's form: as text, and found in songs of which it is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import WriteSong

from musvid import Lock, Recipe, SettingsError, Song
from musvid.job import resolve
from musvid.music import sections
from musvid.music.form import Form, Section
from musvid.music.parts import divide
from musvid.page.timeline import timeline

RATE = 22050

# The form as text


def test_a_form_is_the_text_it_was_read_from() -> None:
    for text in (
        "0:00 A",
        "0:00 A | 0:32 B | 1:04 A",
        "0:00 C | 0:00.01 A | 0:07.5 B | 59:59.99 A | 1:00:00 Z | 23:59:59.5 A",
    ):
        assert str(Form.parse(text)) == text
    assert str(Form.parse(" 3 b|90.254   A ")) == "0:00 B | 1:30.25 A"
    assert Form.parse("0:00 A | 0:32 B").sections == (Section(0.0, "A"), Section(32.0, "B"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no part of a song"),
        ("0:00 A |", "no part of a song"),
        ("0:00 AB", "no part of a song"),
        ("A 0:00", "no part of a song"),
        ("0:99 A", "no time"),
        ("-0:10 A", "must be a number from 0"),
        ("25:00:00 A", "no time within 24 hours"),
        ("0:00 A | 0:00.004 B", "must rise"),
        ("0:32 A | 0:16 B", "must rise"),
        ("0:00 \N{CYRILLIC CAPITAL LETTER A}", "no part of a song"),
        ("0:00 A | " * 5000, "at most 10000 letters"),
    ],
)
def test_what_is_no_form_is_told_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as told:
        Form.parse(text)
    assert str(told.value).endswith(".")
    with pytest.raises(SettingsError):
        Section(0.0, "")


def test_every_time_lies_in_one_section() -> None:
    form = Form.parse("0:04 B | 0:32 A | 1:04 B")
    times = (-1.0, 0.0, 31.99, 32.0, 64.0, 1e6)
    assert [form.at(time).letter for time in times] == ["B", "B", "B", "A", "B", "B"]
    assert [form.number(time) for time in times] == [0, 0, 0, 1, 2, 2]
    assert form.letters == ("A", "B")
    assert list(form.spans(0.0, 70.0)) == [(0, 32, "B"), (32, 64, "A"), (64, 70, "B")]
    assert list(form.spans(40.0, 64.0)) == [(40, 64, "A")]


def test_the_recipe_keeps_a_form() -> None:
    assert Recipe().form == Recipe.from_json("{}").form == Recipe(form=" Auto").form == "auto"
    recipe = Recipe(form="0 A|32 b")
    assert recipe.form == "0:00 A | 0:32 B"
    assert Recipe.from_json(recipe.to_json()) == recipe == Recipe.from_flat(recipe.flat())
    for wrong in ("nebula", None, 3, ["0:00 A"]):
        with pytest.raises(SettingsError):
            Recipe.from_json(json.dumps({"form": wrong}))


# The form that is found

CHORDS = {"A": (0, 9, 5, 7), "B": (2, 10, 3, 8), "C": (4, 1, 11, 6)}  # roots, a bar each
MINOR = (9, 2, 1)


def song_of(
    form: str, bpm: float, bars: int, *, plain: bool = False, seed: int = 0
) -> tuple[np.ndarray, list[tuple[float, str]]]:
    """A song of parts of so many bars, and where they begin.

    Parts differ in chords; and, unless they are plain, in timbre, drums and loudness.
    """
    rng = np.random.default_rng(seed)
    beat = 60 / bpm
    sound = np.zeros(round((len(form) * bars * 4 * beat + 1) * RATE))

    def note(at: float, pitch: float, length: float, level: float, harmonics: int) -> None:
        time = np.arange(round(length * RATE)) / RATE
        shape = np.minimum(1, np.minimum(time * 40, (length - time) * 20))
        phase = 2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time
        wave = sum(np.sin(number * phase) / number for number in range(1, harmonics + 1))
        sound[round(at * RATE) :][: len(time)] += level * shape * wave

    def drum(at: float, level: float) -> None:
        time = np.arange(round(0.1 * RATE)) / RATE
        hit = level * rng.standard_normal(len(time)) * np.exp(-40 * time)
        sound[round(at * RATE) :][: len(time)] += hit

    begins = []
    for number, letter in enumerate(form):
        begins.append((number * bars * 4 * beat, letter))
        kind = 0 if plain else "ABC".index(letter)
        loud = (0.6, 1.0, 0.4)[kind]
        for bar in range(bars):
            root = CHORDS[letter][bar % 4]
            chord = [root, root + (3 if root in MINOR else 4), root + 7]
            at = begins[-1][0] + bar * 4 * beat
            for tone in chord:
                note(at, 48 + tone, 4 * beat, 0.1 * loud, (2, 14, 6)[kind])
            for step in range(8):
                time = at + step * beat / 2
                if rng.random() < 0.5:
                    note(time, 60 + chord[rng.integers(3)], beat / 2, 0.08 * loud, 4)
                if step % 2 == 0:
                    note(time, 36 + root, beat / 2, 0.3 * loud, 3)
                    drum(time, 0.2 * loud)
                elif kind == 1:
                    drum(time, 0.6 * loud)
    return 0.7 * sound / np.abs(sound).max(), begins


@pytest.mark.parametrize(
    ("form", "bpm", "bars", "plain"),
    [
        ("ABAB", 96, 4, False),
        ("AABA", 120, 6, False),
        ("ABAC", 140, 8, False),
        ("ABAC", 120, 8, True),
    ],
)
def test_the_form_of_a_song_is_found(
    write_song: WriteSong, form: str, bpm: float, bars: int, plain: bool
) -> None:
    sound, begins = song_of(form, bpm, bars, plain=plain)
    song = Song.open(write_song(sound, rate=RATE))
    found = sections.find(song)
    assert [section.letter for section in found.sections] == list(form), str(found)
    for section, (begin, _) in zip(found.sections, begins, strict=True):
        assert abs(section.start - begin) < 0.5, str(found)
    # Whatever part of it is used, and as it is written.
    assert sections.find(song.part(10, 5)) == found == Form.parse(str(found))


def test_parts_begin_with_bars_where_beats_are_known(write_song: WriteSong) -> None:
    sound, _ = song_of("ABA", 120, 4)
    song = Song.open(write_song(sound, rate=RATE))
    lock = Lock("off", 120, 0.7)
    _, second, third = sections.find(song, lock).sections
    assert (second.letter, third.letter) == ("B", "A")
    for section in (second, third):
        assert min(abs(section.start - bar) for bar in lock.bars(0, 24)) < 0.01


def test_a_song_without_contrast_is_one_part(write_song: WriteSong) -> None:
    for number, sound in enumerate(
        (
            song_of("AA", 120, 8, seed=1)[0],
            song_of("AB", 120, 2)[0],  # too short
            np.zeros(20 * RATE),
            np.zeros(100),
        )
    ):
        song = Song.open(write_song(sound, f"{number}.wav", rate=RATE))
        assert sections.find(song) == Form(), number


def test_a_long_song_is_divided_in_bounded_memory() -> None:
    """Four hours of three sounds; the comparison of moments does not grow with them."""
    step, hours = 1024 / 22050 * 128, 4
    count = round(3600 * hours / step)
    power = np.full((count, 40), 1e-3, np.float32)
    chroma = np.zeros((count, 12), np.float32)
    third = count // 3
    for number in range(3):
        rows = slice(number * third, (number + 1) * third if number < 2 else None)
        power[rows, 10 * (number % 2) : 10 * (number % 2) + 10] = 1
        chroma[rows, 5 * (number % 2)] = 1
    for lock in (None, Lock("off", 120, 0.0)):
        units = sections.units(sections.Heard(power, chroma, step), 3600 * hours, lock, False)
        assert len(units.times) <= 1000
        parts = divide(units)
        assert [letter for _, letter in parts] == [0, 1, 0]
        for (begin, _), number in zip(parts, range(3), strict=True):
            assert abs(begin - number * third * step) < 60


def test_nothing_is_listened_to_until_something_asks(
    write_song: WriteSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = Song.open(write_song(song_of("AB", 120, 4)[0], rate=RATE))
    asked = []
    monkeypatch.setattr(sections, "find", lambda *given: asked.append(given) or Form())
    job = resolve(Recipe(), song)
    assert job.automation is not None and "section shade" not in timeline(job)
    drawn = timeline(resolve(Recipe(form="0:00 A | 0:08 B"), song))
    assert not asked
    assert drawn.count('class="section shade0"') == drawn.count('class="section shade1"') == 1
    assert '<b class="shade1"' in drawn and "nan" not in drawn
    assert job.form == Form() and job.form and len(asked) == 1
