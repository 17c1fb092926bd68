"""What a setting can follow, of the song, of stems, and of a MIDI file."""

from __future__ import annotations

import json
import logging
from fractions import Fraction
from pathlib import Path

import mido
import numpy as np
import pytest
from conftest import RATE, WriteSong

from musvid import Lock, Recipe, SettingsError, Song, SongError
from musvid.job import resolve
from musvid.music import counting, midi, sources, stems
from musvid.music.form import Form
from musvid.music.listening import Listening
from musvid.music.midi import DECAY, Which


def hits(*times: float, seconds: float = 6.0) -> np.ndarray:
    """Bursts of noise that begin at some times."""
    sound = np.zeros(round(seconds * RATE))
    burst = np.random.default_rng(0).uniform(-0.5, 0.5, 4000) * np.linspace(1, 0, 4000)
    for time in times:
        sound[round(time * RATE) :][:4000] += burst
    return sound


@pytest.fixture
def song(write_song: WriteSong) -> Song:
    """Something begins in it at 1 and 4 s."""
    return Song.open(write_song(hits(1, 4)))


def write_midi(path: Path, kind: int = 1) -> Path:
    """At 120 bpm: a C2 of channel 10 at 0 s, half as loud at 1 s; a C4 of channel 1 at 0.5 s; the
    tempo halves at 1 s, so that an E4 two beats later is at 3 s."""
    file = mido.MidiFile(type=kind, ticks_per_beat=480)
    first, second = mido.MidiTrack(), mido.MidiTrack()
    file.tracks += [first, second]
    first.append(mido.MetaMessage("set_tempo", tempo=500_000, time=0))
    first.append(mido.MetaMessage("set_tempo", tempo=1_000_000, time=960))
    for message in (
        mido.Message("note_on", channel=9, note=36, velocity=127, time=0),
        mido.Message("note_on", channel=0, note=60, velocity=100, time=480),
        mido.Message("note_on", channel=9, note=36, velocity=64, time=480),
        mido.Message("note_on", channel=0, note=60, velocity=0, time=480),  # ends it
        mido.Message("note_on", channel=0, note=64, velocity=127, time=480),
    ):
        second.append(message)
    file.save(path)
    return path


def test_sources_are_read_of_the_song_and_of_its_stems(song: Song, write_song: WriteSong) -> None:
    drums = write_song(hits(2, 5), "drums.wav")
    heard = Listening(song, {"drums": drums})
    times = np.linspace(0, 6, 601)
    for of, begins in (("", (1, 4)), ("drums", (2, 5))):
        loud = times[heard.read("onsets", of, times) > 0.5]
        assert {round(time) for time in loud} == set(begins)
        assert np.abs(loud - np.round(loud)).max() < 0.05
    assert {"kick", "onsets@drums", "beat", "section"} <= set(heard.names())
    assert not {"beat@drums", "midi"} & set(heard.names())
    for name in heard.names():
        source, _, of = name.partition("@")
        heard.check(source, of)


def test_times_count_from_the_beginning_of_the_file(song: Song) -> None:
    part = Listening(song.part(3, 2))
    assert part.read("onsets", "", np.array([1.0, 2.0, 4.0])).round() == pytest.approx([1, 0, 1])


def test_beat_and_bar_are_where_the_lock_is(song: Song) -> None:
    times = np.array([0.3, 0.55, 0.8, 2.3, 0.05])
    heard = Listening(song, lock=Lock("off", Fraction(120), 0.3, 4))
    assert heard.read("beat", "", times) == pytest.approx([0, 0.5, 0, 0, 0.5], abs=1e-9)
    assert heard.read("bar", "", times) == pytest.approx([0, 0.125, 0.25, 0, 0.875], abs=1e-9)
    unknown = Listening(song, lock=Lock("1/4"))
    with pytest.raises(SettingsError, match="tempo is not known, so nothing can follow"):
        unknown.read("bar", "", times)


def test_beats_that_wander_are_counted_as_the_clock_does() -> None:
    lock = Lock("1/4", Fraction(100), 1.6, 3, (0.5, 1.0, 1.6, 2.2, 3.0))
    times = np.array([0.1, 0.5, 0.75, 1.6, 1.9, 2.6, 3.0, 3.4, 9.0])
    expected = [float(lock._place(Fraction(time))) for time in times]
    assert counting.beats(lock, times) == pytest.approx(expected, abs=1e-6)
    assert counting.bar(lock, times)[3] == 0


def test_a_section_is_as_lively_as_the_song_is_there(write_song: WriteSong) -> None:
    time = np.arange(4 * RATE) / RATE
    quiet = 0.02 * np.sin(2 * np.pi * 220 * time)
    noise = np.random.default_rng(0).uniform(-0.4, 0.4, len(time)) * (1 - time * 4 % 1 / 2)
    song = Song.open(write_song(np.concatenate([quiet, noise])))
    asked = []

    def form() -> Form:
        asked.append(True)
        return Form.parse("0:00 A | 0:04 B")

    heard = Listening(song, form=form)
    assert not asked, "before anything is read"
    calm, lively = heard.read("section", "", np.array([1.0, 5.0]))
    assert 0 <= calm < lively <= 1 and lively - calm > 0.5
    assert heard.read("section", "", np.array([4.0]))[0] == lively
    assert len(asked) == 1


def test_notes_have_the_times_that_the_tempo_gives(song: Song, tmp_path: Path) -> None:
    heard = Listening(song, midi=write_midi(tmp_path / "a.mid"))
    assert "midi" in heard.names()
    at = np.array([-0.1, 0.0, DECAY, 0.5, 1.0, 3.0])

    def ringing(*notes: tuple[float, int]) -> list[float]:
        past = [
            [v / 127 * np.exp((t - time) / DECAY) for t, v in notes if t <= time] for time in at
        ]
        return [max(each, default=0.0) for each in past]

    low, middle = ((0.0, 127), (1.0, 64)), ((0.5, 100), (3.0, 127))
    for which, notes in {
        "": low + middle,
        "C2": low,
        "36": low,
        "ch10": low,
        "ch1": middle,
        "60-64": middle,
        "E4": middle[1:],
        "Eb4": (),
    }.items():
        assert heard.read("midi", which, at) == pytest.approx(ringing(*notes)), which


def test_notes_have_names() -> None:
    assert Which.parse("C-1").pitches == (0, 0)
    assert Which.parse("c#3").pitches == Which.parse("Db3").pitches == (49, 49)
    assert Which.parse("G9").pitches == (127, 127)
    for text in ("H2", "A9", "Cb-1", "128", "41-36", "ch0", "ch17", "drums", "36-"):
        with pytest.raises(SettingsError, match="is no part of a MIDI file; write a note such as"):
            Which.parse(text)


def test_a_file_that_is_no_midi_is_told(tmp_path: Path) -> None:
    good = write_midi(tmp_path / "good.mid").read_bytes()
    path = tmp_path / "bad.mid"
    for content in (b"", b"RIFF" * 20, good[:20], good[:40], good[:12] + b"\0\0" + good[14:]):
        path.write_bytes(content)
        with pytest.raises(SettingsError, match=r"'bad.mid'"):
            midi.read(path)
    write_midi(path, kind=2)  # its tracks have nothing to do with each other
    with pytest.raises(SettingsError, match="of type 0 or 1"):
        midi.read(path)
    path.write_bytes(b"MThd" + bytes(midi.LARGEST))
    with pytest.raises(SettingsError, match="has 4 MB at most"):
        midi.read(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        midi.read(tmp_path / "gone.mid")


def test_broken_midi_files_never_raise_anything_else(tmp_path: Path) -> None:
    good = bytearray(write_midi(tmp_path / "good.mid").read_bytes())
    chance, path, refused = np.random.default_rng(0), tmp_path / "bad.mid", 0
    for number in range(200):
        broken = good.copy()
        for place in chance.integers(0, len(good), 1 + number % 4):
            broken[place] = chance.integers(256)
        path.write_bytes(broken)
        try:
            score = midi._read.__wrapped__(path, 0, 0)
        except SettingsError:
            refused += 1
            continue
        assert (np.diff(score.times) >= 0).all()
        assert np.isfinite(score.curve(Which(), np.linspace(0, 5))).all()
    assert 20 < refused < 200


def test_what_there_is_not_is_told_with_what_there_is(song: Song, write_song: WriteSong) -> None:
    drums = write_song(hits(2), "drums.wav")
    with_drums, without = Listening(song, {"drums": drums}), Listening(song)
    for heard, name, of, says in (
        (without, "cowbell", "", "no source 'cowbell'; the sources are loudness, .*section"),
        (with_drums, "beat", "drums", "of stems is no 'beat'; the sources are .*tension.$"),
        (with_drums, "kick", "bass", "no stem 'bass', but drums; write one"),
        (without, "kick", "bass", "no stem 'bass'; give it with --stem NAME=FILE"),
        (without, "midi", "C2", "no MIDI file to follow; give one with --midi"),
    ):
        with pytest.raises(SettingsError, match=says):
            heard.read(name, of, np.zeros(1))


def test_a_recipe_names_files_and_its_json_only_their_names(
    caplog: pytest.LogCaptureFixture,
) -> None:
    recipe = Recipe(stems={"drums": "/home/me/d.wav"}, midi=Path("/home/me/a.mid"))
    assert recipe.stems == (("drums", "/home/me/d.wav"),)
    text = recipe.to_json()
    assert "/home" not in text
    assert json.loads(text)["stems"] == {"drums": "d.wav"}
    remarks: list[str] = []
    assert Recipe.from_json(text, remarks) == Recipe()
    assert len(remarks) == 2 and all("open no file; give" in each for each in remarks)
    with caplog.at_level(logging.WARNING, "musvid"):
        Recipe.from_json(text)
    assert "The stems" in caplog.text and "The MIDI file" in caplog.text
    assert Recipe.from_flat(Recipe().flat()) == Recipe()
    for settings in (recipe.flat(), {"stems": "a"}, {"midi": "a.mid"}, {"stems.drums": "a"}):
        with pytest.raises(SettingsError):
            Recipe.from_flat(settings)


@pytest.mark.parametrize(
    "given",
    [
        *({"Drums": "a"}, {"a b": "a"}, {"1": "a"}, {"": "a"}, {"a": ""}, {"a": 3}, {"a": "\0"}),
        *({1: "a"}, "abc", 3, [("a", "b"), ("a", "c")], {f"a{n}": "b" for n in range(17)}),
    ],
)
def test_stems_that_are_none_are_told(given: object) -> None:
    with pytest.raises(SettingsError):
        Recipe(stems=given)  # type: ignore[arg-type]


def test_files_of_stems_are_named_by_their_last_word() -> None:
    found = stems.named(["/a/My Song - Drums.wav", "/a/bass_2.FLAC", "/a/02_Lead-Vocals.mp3"])
    assert [name for name, _ in found] == ["drums", "bass", "vocals"]
    for paths in (["a/1.wav"], ["a/x drums.wav", "a/y drums.wav"]):
        with pytest.raises(SettingsError, match="needs a name of its own"):
            stems.named(paths)


def test_a_job_tells_of_files_that_cannot_be_used_before_work_starts(
    song: Song, write_song: WriteSong
) -> None:
    plain = Recipe(size=(256, 256))
    drums = write_song(hits(2), "drums.wav")
    job = resolve(Recipe(size=(256, 256), stems={"drums": drums}), song)
    assert job.listening.read("onsets", "drums", np.array([2.0])).round() == 1
    assert job.recipe.stems == (("drums", str(drums)),)
    assert resolve(plain, song).listening.names() == [*sources.SOURCES, "beat", "bar", "section"]
    short = write_song(hits(1, seconds=2), "short.wav")
    with pytest.raises(SongError, match=r"stem drums is 2.0 s long, and the song 6.0 s"):
        resolve(Recipe(size=(256, 256), stems={"drums": short}), song)
    with pytest.raises(SettingsError, match="no MIDI file that can be read"):
        resolve(Recipe(size=(256, 256), midi=str(drums)), song)
