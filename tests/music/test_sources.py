"""Sources, each on sounds of which the answer is known."""

from __future__ import annotations

from pathlib import Path

import drumming
import numpy as np
import pytest
from conftest import RATE, WriteSong

from musvid import Song, SongError
from musvid.music import levels, sources, spectra, stems
from musvid.music.sources import HUE, SOURCES, Heard
from musvid.store import Store


def tone(pitch: float, seconds: float, loud: float = 0.3) -> np.ndarray:
    """A tone that begins at once and ends over a tenth of a second."""
    time = np.arange(round(seconds * RATE)) / RATE
    return loud * np.sin(2 * np.pi * pitch * time) * np.clip((seconds - time) / 0.1, 0, 1)


def heard(write_song: WriteSong, *parts: np.ndarray) -> Heard:
    return sources.of(Song.open(write_song(np.concatenate(parts))))


def test_every_source_is_told_and_lies_between_0_and_1(write_song: WriteSong) -> None:
    sound, _ = drumming.play(drumming.KITS["acoustic"], drumming.PATTERNS["rock"], bars=3)
    found = heard(write_song, sound)
    assert set(found.values) == set(SOURCES)
    seconds = len(sound) / RATE
    for name, values in found.values.items():
        assert values.dtype == np.float32
        assert values.min() >= 0 and values.max() <= 1, name
        every = found.step * found.slow.get(name, 1)
        assert len(values) == pytest.approx(seconds / every, abs=1.5), name


def check_drums(write_song: WriteSong, kit: str, pattern: str, beneath: str) -> None:
    """Each drum's curve answers to it at least three times as much as to the others."""
    strokes = drumming.PATTERNS[pattern]
    sound, struck = drumming.play(drumming.KITS[kit], strokes, bars=4, beneath=beneath)
    found = heard(write_song, sound)
    for drum in drumming.DRUMS:
        answers = drumming.answers(found.values[drum], found.step, struck)
        own = answers.pop(drum)
        assert own > 0.6, drum
        assert own >= 3 * max(answers.values()), (drum, own, answers)


@pytest.mark.parametrize("kit", drumming.KITS)
def test_each_drum_is_told_from_the_others(write_song: WriteSong, kit: str) -> None:
    check_drums(write_song, kit, "breakbeat", "none")
    check_drums(write_song, kit, "house", "bass and pad")


@pytest.mark.thorough
@pytest.mark.parametrize("beneath", drumming.BEDS)
@pytest.mark.parametrize("pattern", drumming.PATTERNS)
@pytest.mark.parametrize("kit", drumming.KITS)
def test_each_drum_is_told_from_the_others_whatever_is_played(
    write_song: WriteSong, kit: str, pattern: str, beneath: str
) -> None:
    check_drums(write_song, kit, pattern, beneath)


def test_a_drum_that_is_not_there_is_not_heard(write_song: WriteSong) -> None:
    pattern = {"kick": "x...x...x...x..."}
    sound, struck = drumming.play(drumming.KITS["deep"], pattern, bars=3)
    found = heard(write_song, sound)
    assert drumming.answers(found.values["kick"], found.step, struck)["kick"] > 0.9
    assert found.values["snare"].max() < 0.2
    assert found.values["hats"].max() < 0.2


def test_onsets_stand_where_something_begins(write_song: WriteSong) -> None:
    silence = np.zeros(RATE)
    found = heard(write_song, silence, tone(440, 1), silence, tone(1760, 1), silence)
    times = np.arange(len(found.values["onsets"])) * found.step
    loud = times[found.values["onsets"] > 0.5]
    assert len(loud) and np.abs(loud[:, None] - [1.0, 3.0]).min(1).max() < 0.03
    assert {round(time) for time in loud} == {1, 3}


def test_loudness_is_weighted_as_it_is_heard(write_song: WriteSong) -> None:
    """Of tones as strong, 2 kHz are louder than 40 Hz; BS.1770: by about 3 and -6 dB."""
    # The high pass is one of second order with Q 0.5 at 38.1 Hz: of 43 Hz it leaves -5.0 dB.
    for pitch, gain in ((1000, 0.7), (10000, 4.0), (43, -5.0)):
        at = np.abs(spectra.FREQUENCIES - pitch).argmin()
        assert 10 * np.log10(levels._weights()[at]) == pytest.approx(gain, abs=0.3), pitch
    found = heard(write_song, tone(43, 3), tone(2000, 3))
    low, high = found.at("loudness", np.array([1.5, 4.5]))
    assert high > low + 0.5
    # 400 ms: half of the way 0 ms after the change, all of it 200 ms after.
    assert found.at("loudness", np.array([3.25]))[0] == pytest.approx(high, abs=0.02)


def test_bands_and_brightness_follow_pitch(write_song: WriteSong) -> None:
    found = heard(write_song, tone(100, 2), tone(1000, 2), tone(5000, 2))
    times = np.array([1.0, 3.0, 5.0])
    for band, place in (("bass", 0), ("mids", 1), ("treble", 2)):
        assert found.at(band, times).argmax() == place, band
    assert (np.diff(found.at("brightness", times)) > 0.2).all()


def test_what_is_struck_is_told_from_what_sounds_on(write_song: WriteSong) -> None:
    clicks = np.zeros(3 * RATE)
    clicks[:: RATE // 4] = 0.9
    found = heard(write_song, tone(440, 3), clicks)
    hit = 3 + 0.25 * np.arange(1, 11)
    assert found.at("percussive", hit).min() > found.at("percussive", np.array([1.5]))[0] + 0.2
    assert found.at("harmonic", np.array([1.5]))[0] > found.at("harmonic", hit).max() + 0.2


def test_pitch_classes_are_named_and_a_fifth_is_a_twelfth_of_the_hue(write_song: WriteSong) -> None:
    c, g, d = 261.63, 392.0, 293.66
    found = heard(write_song, tone(c, 4), tone(g, 4), tone(d, 4))
    times = np.array([2.0, 6.0, 10.0])
    assert found.at(HUE, times) == pytest.approx([0, 1 / 12, 2 / 12], abs=1e-6)
    for place, name in enumerate(("c", "g", "d")):
        values = found.at(f"chroma_{name}", times)
        assert values[place] > 0.95
        assert np.delete(values, place).max() < 0.2


def test_a_hue_goes_the_shorter_way_round() -> None:
    hues = Heard({HUE: np.array([11 / 12, 0, 1 / 12], np.float32)}, step=1.0)
    assert hues.at(HUE, np.array([0.5, 1.5])) == pytest.approx([11.5 / 12, 0.5 / 12])


def test_tension_is_high_where_the_harmony_is_far_from_its_surroundings(
    write_song: WriteSong,
) -> None:
    def chord(*semitones: int, seconds: float = 4) -> np.ndarray:
        return sum(tone(261.63 * 2 ** (step / 12), seconds, 0.1) for step in semitones)

    home, far = chord(0, 4, 7), chord(1, 6, 10)  # c major, f sharp major
    found = heard(write_song, home, home, far, home, home)
    at_home, away = found.at("tension", np.array([2.0, 10.0]))
    assert away > 0.9 > 0.4 > at_home
    still = heard(write_song, chord(0, 4, 7, seconds=16))
    assert still.at("tension", np.linspace(1, 15)).max() < 0.1


def test_silence_is_0_and_an_empty_sound_is_told(write_song: WriteSong) -> None:
    found = heard(write_song, np.zeros(2 * RATE))
    for name, values in found.values.items():
        assert values.max() == 0, name
    with pytest.raises(SongError, match="too short to follow"):
        sources.of(Song.open(write_song(np.full(1, 0.5), rate=RATE)))


def test_the_whole_file_is_heard_whatever_part_is_used(write_song: WriteSong) -> None:
    song = Song.open(write_song(np.concatenate([tone(200, 2), tone(3000, 2)])))
    assert sources.of(song.part(1.5, 1)) is sources.of(song)


def test_blocks_do_not_show(write_song: WriteSong, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, _ = drumming.play(drumming.KITS["electronic"], drumming.PATTERNS["rock"], bars=5)
    song = Song.open(write_song(sound))
    whole = sources._listen(song)
    monkeypatch.setattr("musvid.music.samples.BLOCK", spectra.BORDER * 4)
    monkeypatch.setattr("musvid.music.samples.blocks.__kwdefaults__", {"size": spectra.BORDER * 4})
    for name, values in sources._listen(song).items():
        assert values == pytest.approx(whole[name], abs=2e-3), name


def test_what_is_heard_is_kept_and_a_broken_entry_is_made_again(
    write_song: WriteSong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song, store = Song.open(write_song(tone(330, 2))), Store(tmp_path / "cache")
    found = sources.of(song, store)
    listened = []
    listen = sources._listen
    monkeypatch.setattr(sources, "_listen", lambda song: listened.append(song) or listen(song))

    def again() -> Heard:
        sources._heard.cache_clear()
        return sources.of(song, store)

    for name, values in again().values.items():
        assert np.array_equal(values, found.values[name]), name
    assert not listened
    [path] = [path for path in (store.folder / "curves").rglob("*") if path.is_file()]
    whole = path.read_bytes()
    for broken in (whole[:-100], whole[:50] + b"?" + whole[51:], b""):
        path.write_bytes(broken)
        assert np.array_equal(again().values["onsets"], found.values["onsets"])
        assert len(listened) == 1
        assert path.read_bytes() == whole
        listened.clear()
    store.limit = 0
    store.trim()
    assert not path.exists()


def test_stems_are_as_long_as_the_song(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(tone(330, 5)))
    near = write_song(tone(330, 5.8))
    assert stems.open_beside(song, "drums", near).duration == pytest.approx(5.8, abs=0.01)
    for seconds in (3, 7):
        with pytest.raises(SongError, match=r"stem drums is .* and the song 5.0 s; give one"):
            stems.open_beside(song, "drums", write_song(tone(330, seconds)))
    with pytest.raises(SongError, match=r"stem drums cannot be read .* check its name"):
        stems.open_beside(song, "drums", tmp_path / "gone.wav")
