"""A long sound, of which only some places are decoded, is the sound that it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import RATE, WriteSong, ffmpeg, music, tone
from test_seek import CODED, decoded, encoder, unsought

from musvid import Song, SongError, _look, _seek, _survey

SECONDS = 150
# Without noise that a decoder makes up, another one after a seek.
AAC = ("-c:a", "aac", "-aac_pns", "0")
LONG = CODED | {
    "m4a": AAC,
    "aac": AAC,
    "headless.mp3": ("-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0"),
    "webm": ("-c:a", "libopus"),
    "aiff": ("-c:a", "pcm_s16be"),
}
RARE = {"mka", "webm", "aiff", "headless.mp3", "vbr.mp3"}
COUNTED = set(LONG) - {"mka", "webm"}  # their time stamps are in milliseconds


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sound of which no two places are alike, and whose level changes."""
    path = tmp_path_factory.mktemp("noise") / "noise.wav"
    source = f"anoisesrc=c=white:r={RATE}:d={SECONDS}.123:a=0.4:seed=1"
    swell = "volume='0.6+0.3*sin(t)':eval=frame"
    ffmpeg("-f", "lavfi", "-i", source, "-af", f"lowpass=5000,{swell}", "-ac", "2", path)
    return path


@pytest.fixture(scope="module")
def coded(noise: Path) -> Callable[[str], Path]:
    """The noise as a file of some kind."""
    return encoder(noise, LONG)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Samples that were looked at, of a sound that is long from a second on."""
    seen: list[int] = []
    add = _look.Looked.add

    def counted(self: _look.Looked, sound: np.ndarray, place: int | None = None) -> None:
        seen.append(len(sound))
        add(self, sound, place)

    monkeypatch.setattr(_look.Looked, "add", counted)
    monkeypatch.setattr(_survey, "LONG", 1.0)
    return seen


def known(path: Path, monkeypatch: pytest.MonkeyPatch) -> Song:
    """A song of which all was decoded."""
    with monkeypatch.context() as patch:
        patch.setattr(_survey, "LONG", 1e9)
        return Song.open(path)


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=[pytest.mark.thorough] if kind in RARE else []) for kind in LONG],
)
def test_a_long_sound_is_counted_to_the_sample(
    kind: str, coded: Callable[[str], Path], heard: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is known of a place stands there in the whole that is decoded."""
    file = coded(kind)
    song = Song.open(file)
    few = sum(heard) < 0.2 * song.total
    assert few == (kind in COUNTED)
    assert song == known(file, monkeypatch)
    assert not song.notes
    assert song.even == song.filters
    everything, marks = decoded(unsought(song)), song._marks
    assert len(everything) == song.total
    for start, duration in ((85.0, 0.5), (148.3, None)):
        part = song.part(start, duration)
        assert "-ss" in part.input()
        samples, wanted = decoded(part), everything[part.first : part.first + part.samples]
        assert len(samples) == len(wanted) == part.samples
        np.testing.assert_allclose(samples, wanted, atol=2e-4)
    assert marks is not None and len(marks.places) >= SECONDS // 20
    for place, channel, wanted in zip(marks.places, marks.channels, marks.samples, strict=True):
        samples = everything[place : place + len(wanted), channel]
        assert np.corrcoef(samples, wanted)[0, 1] > 0.999


@pytest.mark.parametrize("kind", ["mp3", "vbr.mp3", "headless.mp3", "flac", "opus"])
def test_a_guessed_place_is_compared(
    kind: str,
    noise: Path,
    coded: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a guess is wrong, as in MP3 of a varying rate that has no table, it is not taken."""
    monkeypatch.setattr(_seek, "_LATE", 20)
    if kind == "vbr.mp3":
        file = tmp_path / f"song.{kind}"
        ffmpeg("-i", noise, "-af", "volume='gt(t,75)':eval=frame", *LONG[kind], file)
    else:
        file = coded(kind)
    part = Song.open(file, start=125, duration=0.5)
    assert part._place.seconds
    assert part._place.guess == (kind != "vbr.mp3")
    assert ("+fastseek" in part.input()) == part._place.guess
    np.testing.assert_allclose(decoded(part), decoded(unsought(part)), atol=2e-4)


def test_the_end_of_a_long_sound_costs_little(
    noise: Path, tmp_path: Path, heard: list[int]
) -> None:
    """Work and not time: of a sound ten times as long, ten times as many places are looked at."""
    costs = []
    for times in (0, 9):
        file = tmp_path / f"{times}.flac"
        heard.clear()
        ffmpeg("-stream_loop", str(times), "-i", noise, "-c:a", "flac", file)
        song = Song.open(file)
        part = song.part(float(song.duration) - 3)
        assert (part.first - part._place.offset) / part.rate < 30
        costs.append(sum(heard) / RATE)
    places = 10 * SECONDS / 20
    assert costs[1] < places * 0.4 + 40
    assert costs[1] - costs[0] < 0.9 * places * 0.4


# What has to be known exactly.


def all_is_decoded(path: Path, heard: list[int]) -> Song:
    song = Song.open(path)
    assert sum(heard) >= song.total
    return song


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("mp3", (44100, 2), (22050, 2)),
        ("mp3", (44100, 2), (44100, 1)),
        ("mp3", (48000, 2), (44100, 2)),
        ("aac", (44100, 2), (22050, 2)),
        ("aac", (44100, 2), (44100, 1)),
    ],
)
def test_joined_files_are_decoded(
    kind: str,
    one: tuple[int, int],
    other: tuple[int, int],
    write_song: WriteSong,
    tmp_path: Path,
    heard: list[int],
) -> None:
    joined = tmp_path / f"joined.{kind}"
    for number, (rate, channels) in enumerate((one, other)):
        part = tmp_path / f"{number}.{kind}"
        sound = np.stack([music(40.0 - 20 * number, rate=rate)] * channels)
        ffmpeg("-i", write_song(sound, rate=rate), *CODED[kind], part)
        with joined.open("ab") as file:
            file.write(part.read_bytes())
    song = all_is_decoded(joined, heard)
    assert any("joined" in note for note in song.notes)
    assert float(song.duration) == pytest.approx(60, abs=0.2)


def test_time_stamps_that_are_not_counted_are_decoded(tmp_path: Path, heard: list[int]) -> None:
    """Ogg tells the length of a Vorbis packet wrongly where a page ends in a sudden sound."""
    file = tmp_path / "song.ogg"
    noise = f"anoisesrc=c=white:r={RATE}:d=60:a=0.4:seed=1"
    sudden = "volume='if(lt(mod(t,0.37),0.03),1,0.02)':eval=frame"
    ffmpeg("-f", "lavfi", "-i", noise, "-af", sudden, "-c:a", "libvorbis", file)
    assert not all_is_decoded(file, heard).notes


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("kind", ["opus", "ogg", "flac"])
def test_files_one_after_the_other_are_decoded(
    kind: str, noise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, joined = tmp_path / f"one.{kind}", tmp_path / f"joined.{kind}"
    ffmpeg("-t", "30", "-i", noise, *CODED[kind], one)
    joined.write_bytes(2 * one.read_bytes())
    assert Song.open(joined) == known(joined, monkeypatch)


@pytest.mark.parametrize("odd", ["silent", "quiet", "cancels", "offset", "loud"])
def test_what_is_odd_is_decoded(
    odd: str, tmp_path: Path, heard: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = music(60.0)
    sound = {
        "silent": np.stack([0 * usual] * 2),
        "quiet": np.stack([1e-3 * usual] * 2),
        "cancels": np.stack([usual, -usual]),
        "offset": np.stack([0.3 * usual + 0.6] * 2),
        "loud": np.stack([9 * usual] * 2),
    }[odd]
    file, raw = tmp_path / "song.wav", tmp_path / "song.raw"
    raw.write_bytes(sound.T.astype("<f4").tobytes())
    ffmpeg("-f", "f32le", "-ar", str(RATE), "-ac", "2", "-i", raw, "-c:a", "pcm_f32le", file)
    song = all_is_decoded(file, heard)
    assert song == known(file, monkeypatch)
    if odd != "loud":
        heard.clear()
        ffmpeg("-i", file, "-c:a", "flac", file.with_suffix(".flac"))
        song = all_is_decoded(file.with_suffix(".flac"), heard)
        assert song == known(file.with_suffix(".flac"), monkeypatch)
    assert (song.side is not None) == (odd == "cancels")
    assert bool(song._centred) == (odd == "offset")
    assert bool(song._raised) == (odd == "quiet")
    assert bool(song._cleaned) == (odd == "loud")


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("kind", ["mp3", "flac", "m4a", "opus"])
@pytest.mark.parametrize("piece", [100, 200_000])
def test_damage_does_not_stop_it(
    kind: str,
    piece: int,
    coded: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a little, nothing may be known. All is decoded where it is much."""
    file = tmp_path / f"song.{kind}"
    content = bytearray(coded(kind).read_bytes())
    middle = len(content) // 2
    content[middle : middle + piece] = np.random.default_rng(0).bytes(piece)
    file.write_bytes(content)
    song, exact = Song.open(file), known(file, monkeypatch)
    assert song == exact or piece == 100
    assert float(song.duration) == pytest.approx(float(exact.duration), abs=0.2)
    part = song.part(float(song.duration) - 10, 0.5)
    assert len(decoded(part)) == part.samples


def test_a_long_sound_may_be_too_long(noise: Path, heard: list[int]) -> None:
    with pytest.raises(SongError, match="longer than 2 minutes"):
        Song.open(noise, longest=120)
    assert sum(heard) < 0.2 * SECONDS * RATE


def test_a_second_track_is_looked_at(noise: Path, tmp_path: Path, heard: list[int]) -> None:
    file = tmp_path / "film.mp4"
    low = tmp_path / "low.wav"
    ffmpeg("-f", "lavfi", "-i", f"sine=220:r=48000:d={SECONDS}", low)
    ffmpeg("-i", low, "-i", noise, "-map", "0:a", "-map", "1:a", "-c:a", "aac", file)
    song = Song.open(file, track=2)
    assert (song.rate, song.channels) == (RATE, 2)
    assert sum(heard) < 0.2 * song.total
    assert len(decoded(song.part(120))) == song.part(120).samples


def test_an_hour_is_not_long(write_song: WriteSong) -> None:
    assert _survey.LONG >= 3600
    song = Song.open(write_song(tone(440, 1.0)))
    assert song.total == RATE
