"""Sounds that are odd: what can be used is used as any other, and what cannot is said."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import threading
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import (
    PLAIN,
    RATE,
    ROOT,
    WriteSong,
    clicks,
    ffmpeg,
    music,
    sound_seconds,
    tone,
    video_frames,
)

from musvid import (
    Clock,
    Look,
    MusvidError,
    Recipe,
    SettingsError,
    Song,
    SongError,
    Store,
    Style,
    draw,
    render,
)
from musvid.music import bands, features
from musvid.music.samples import mono
from musvid.video.file import facts

BARE = Recipe(style=Style(strength=0.0), size=(64, 64), upscale=1)


def pictures(song: Song, look: Look | None = None, fps: int = 10) -> np.ndarray:
    clock = Clock(song.duration, Fraction(fps))
    return np.stack(list(draw(song, look or Look(), clock, size=(64, 64))))


def write_float(path: Path, sound: np.ndarray, rate: int = RATE) -> Path:
    """Samples as they are, in a WAV file of 32-bit floats."""
    channels = np.atleast_2d(sound).astype("<f4")
    raw = path.with_suffix(".raw")
    raw.write_bytes(channels.T.tobytes())
    ffmpeg(
        "-f",
        "f32le",
        "-ar",
        str(rate),
        "-ac",
        str(len(channels)),
        "-i",
        raw,
        "-c:a",
        "pcm_f32le",
        path,
    )
    raw.unlink()
    return path


def declared(path: Path, rate: int, channels: int, samples: int) -> Path:
    """A WAV file of silence that declares any rate and number of channels."""
    data = bytes(2 * channels * samples)
    size = (rate * channels * 2) & 0xFFFFFFFF
    form = struct.pack("<HHIIHH", 1, channels, rate, size, 2 * channels, 16)
    head = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body = head + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


# Files that were joined.


@pytest.mark.parametrize(
    ("one", "other"),
    [((44100, 1), (44100, 2)), ((44100, 2), (22050, 1)), ((48000, 2), (44100, 2))],
    ids=["mono, stereo", "half the rate", "another rate"],
)
def test_joined_files_are_one_sound(
    one: tuple[int, int], other: tuple[int, int], write_song: WriteSong, tmp_path: Path
) -> None:
    """cat a.mp3 b.mp3: a low tone, and a high one."""
    joined = tmp_path / "joined.mp3"
    with joined.open("wb") as file:
        for number, (rate, channels) in enumerate((one, other)):
            part = tmp_path / f"{number}.mp3"
            sound = np.stack([tone((220, 3520)[number], 3.0, rate=rate)] * channels)
            ffmpeg("-i", write_song(sound, rate=rate), "-c:a", "libmp3lame", part)
            file.write(part.read_bytes())
    song = Song.open(joined)
    assert (song.rate, song.channels) == (max(one[0], other[0]), 2)
    assert float(song.duration) == pytest.approx(6, abs=0.15)
    assert any("joined" in note for note in song.notes)
    light = pictures(song).mean((2, 3))  # (time, pitch from high to low)
    rows = light.argmax(1)
    assert (rows[5:25] == rows[15]).all()
    assert (rows[36:55] == rows[45]).all()
    assert rows[45] < rows[15] - 20  # four octaves higher
    assert light[36:55].max(1).min() > 20
    video = render(joined, BARE, tmp_path / "a.mp4")
    assert abs(sound_seconds(video) - song.duration) < Fraction(1, 1000)
    raw = ffmpeg("-ss", "4", "-i", video, "-map", "0:a", "-ac", "1", "-f", "f32le", "pipe:1")
    assert np.abs(np.frombuffer(raw, np.float32)[:8000]).max() > 0.1
    assert sum(map(len, mono(song))) == pytest.approx(float(song.duration) * 22050, abs=2)


def test_a_part_of_joined_files_is_cut_to_the_sample(write_song: WriteSong, tmp_path: Path) -> None:
    joined = tmp_path / "joined.mp3"
    for number, channels in enumerate((1, 2)):
        part = tmp_path / f"{number}.mp3"
        ffmpeg("-i", write_song(np.stack([music(3.0)] * channels)), "-b:a", "128k", part)
        with joined.open("ab") as file:
            file.write(part.read_bytes())
    whole = Song.open(joined)

    def decoded(song: Song) -> np.ndarray:
        graph = f"{song.sound}{song.filters}[a]"
        more = ("-filter_complex", graph, "-map", "[a]", "-f", "f32le", "pipe:1")
        return np.frombuffer(ffmpeg(*song.input(), *more), np.float32).reshape(-1, 2)

    everything = decoded(whole)
    assert len(everything) == whole.total
    part = whole.part(2.5, 2.0)
    np.testing.assert_array_equal(decoded(part), everything[part.first :][: part.samples])


# Samples that are none.


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_that_are_no_numbers_are_silent(
    wrong: float, channels: int, tmp_path: Path
) -> None:
    sound = np.stack([music(2.0)] * channels)
    holed = sound.copy()
    holed[-1, RATE : RATE + 100] = wrong
    song = Song.open(write_float(tmp_path / "song.wav", holed))
    assert any("100 samples" in note for note in song.notes)
    video = render(song, BARE, tmp_path / "a.mp4")
    assert sound_seconds(video) == 2
    whole = Song.open(write_float(tmp_path / "whole.wav", sound))
    assert not whole.notes
    apart = np.abs(pictures(song).astype(float) - pictures(whole)).mean((1, 2, 3))
    assert apart[:5].max() < 1
    assert np.isfinite(np.concatenate(list(mono(song)))).all()
    assert features.of(song).curves["loudness"].max() > 0.9


def test_samples_beyond_the_usual_range_are_lowered(tmp_path: Path) -> None:
    """Whole numbers of 16 bits, written as floats."""
    song = Song.open(write_float(tmp_path / "song.wav", 32767 * music(2.0)))
    assert any("lowered" in note for note in song.notes)
    wanted = pictures(Song.open(write_float(tmp_path / "usual.wav", music(2.0))))
    assert np.abs(pictures(song).astype(float) - wanted).mean() < 2
    video = render(song, BARE, tmp_path / "a.mp4")
    raw = ffmpeg("-i", video, "-map", "0:a", "-f", "f32le", "pipe:1")
    assert np.abs(np.frombuffer(raw, np.float32)).max() < 1.2


@pytest.mark.parametrize(
    ("rate", "channels", "told"),
    [(1, 1, "1 samples a second"), (7, 1, "7 samples"), (999, 2, "999 samples")]
    + [(4_000_000, 1, "4000000 samples"), (44100, 64, "64 channels"), (44100, 9, "9 channels")],
)
def test_what_is_out_of_range_is_told(rate: int, channels: int, told: str, tmp_path: Path) -> None:
    with pytest.raises(SongError, match=told):
        Song.open(declared(tmp_path / "song.wav", rate, channels, 400))


@pytest.mark.parametrize(("rate", "channels"), [(1000, 1), (768_000, 2), (44100, 8), (11025, 3)])
def test_what_is_at_the_edge_of_the_range_is_used(rate: int, channels: int, tmp_path: Path) -> None:
    path = declared(tmp_path / "song.wav", rate, channels, rate)
    assert sound_seconds(render(path, BARE, tmp_path / "a.mp4")) == 1


# Several tracks.


@pytest.fixture
def two_tracks(write_song: WriteSong, tmp_path: Path) -> Path:
    """A low tone of 1 s, and one of 2 s that is the default."""
    path = tmp_path / "film.mp4"
    sounds = [write_song(tone(220 * 8**n, 1.0 + n), f"{n}.wav") for n in range(2)]
    marks = ("-disposition:a:0", "0", "-disposition:a:1", "default")
    ffmpeg("-i", sounds[0], "-i", sounds[1], "-map", "0:a", "-map", "1:a", *marks, path)
    return path


def test_the_default_track_is_used(two_tracks: Path) -> None:
    song = Song.open(two_tracks)
    assert (song.track, song.tracks) == (2, 2)
    assert float(song.duration) == pytest.approx(2, abs=0.05)
    assert any("number 2 is used" in note for note in song.notes)
    assert pictures(song)[8].mean((1, 2)).argmax() < 40


def test_a_track_can_be_chosen(two_tracks: Path) -> None:
    song = Song.open(two_tracks, track=1)
    assert float(song.duration) == pytest.approx(1, abs=0.05)
    assert not song.notes
    assert pictures(song)[5].mean((1, 2)).argmax() > 40
    with pytest.raises(SettingsError, match="2 audio tracks, and no number 3"):
        Song.open(two_tracks, track=3)


def test_the_command_line_chooses_a_track_and_says_which(two_tracks: Path) -> None:
    def run(*options: str) -> subprocess.CompletedProcess[str]:
        bare = (*PLAIN, "--strength", "0", "--size", "64", "--interpolator", "blend", "--no-cache")
        command = [sys.executable, "-m", "musvid", two_tracks, *bare, *options]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)

    output = two_tracks.with_name("a.mp4")
    done = run("-o", str(output), "--track", "1")
    assert done.returncode == 0, done.stderr
    assert float(sound_seconds(output)) == pytest.approx(1, abs=0.05)
    done = run("-o", str(output), "--settings", str(output), "--duration", "0.5")
    assert done.returncode == 0, done.stderr
    assert pictures(Song.open(output))[2].mean((1, 2)).argmax() > 40  # the same track again
    done = run("-o", str(output))
    assert "number 2 is used" in done.stderr
    done = run("-o", str(output), "--track", "3")
    assert done.returncode == 2
    assert "no number 3" in done.stderr


def test_one_track_is_not_found_in_the_cache_of_another(two_tracks: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    videos = []
    for track in (1, 2):
        recipe = replace(BARE, track=track, duration=1.0)
        videos.append(render(two_tracks, recipe, tmp_path / f"{track}.mp4", store=store))
    one, other = (video_frames(video, 64, 64) for video in videos)
    assert np.abs(one[10].astype(int) - other[10]).max() > 50


# Files that are damaged, incomplete or protected.


@pytest.mark.parametrize("kind", ["mp3", "flac", "ogg", "wav", "mka"])
def test_a_file_that_ends_early_is_said(kind: str, write_song: WriteSong, tmp_path: Path) -> None:
    file = tmp_path / f"song.{kind}"
    ffmpeg("-i", write_song(music(20.0), "whole.wav"), file)
    assert not Song.open(file).notes
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert any("missing" in note for note in Song.open(file).notes)


def test_an_mp4_without_its_end_is_said(write_song: WriteSong, tmp_path: Path) -> None:
    file = tmp_path / "song.m4a"
    ffmpeg("-i", write_song(music(20.0)), file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(SongError, match="incomplete"):
        Song.open(file)


def test_a_damaged_middle_is_said(
    write_song: WriteSong, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "song.flac"
    ffmpeg("-i", write_song(music(20.0)), file)
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20000] = os.urandom(20000)
    file.write_bytes(content)
    song = Song.open(file)
    assert any("damaged" in note for note in song.notes)
    assert set(song.notes) <= {record.getMessage() for record in caplog.records}


def test_a_protected_file_is_said(write_song: WriteSong, tmp_path: Path) -> None:
    plain, file = tmp_path / "plain.m4a", tmp_path / "song.m4a"
    ffmpeg("-i", write_song(music(1.0)), plain)
    Song.open(plain)
    key = ("-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb")
    scheme = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_kid", "0" * 32)
    ffmpeg("-i", plain, "-c", "copy", *scheme, *key, file)
    audible = tmp_path / "book.aax"
    audible.write_bytes(plain.read_bytes().replace(b"ftypM4A ", b"ftypaax ", 1))
    for path in (file, audible):
        with pytest.raises(SongError, match="protected"):
            Song.open(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_refused_in_a_sentence(tmp_path: Path) -> None:
    pipe = tmp_path / "song.wav"
    os.mkfifo(pipe)
    for song in ("-", str(pipe), "/dev/stdin"):
        done = subprocess.run(
            [sys.executable, "-m", "musvid", song, "-o", tmp_path / "a.mp4"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 1
        assert "pipe" in done.stderr
        assert done.stderr.count("\n") == 1


# Sounds that are hard to follow.


def hard(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """A sound that is hard to follow, and the same as it usually is."""
    usual = np.maximum(
        -1, np.minimum(1, music(6.0) * 0.5 + clicks(np.arange(0, 6, 0.5), 6.0) * 0.4)
    )
    odd = {
        "cancels": np.stack([usual, -usual]),
        "offset": usual * 0.3 + 0.6,
        "quiet": usual * 1e-3,
        "all": np.stack([usual * 1e-3 + 0.2, -usual * 1e-3 - 0.2]),
    }[kind]
    return odd, np.stack([usual] * len(np.atleast_2d(odd)))


@pytest.mark.parametrize("kind", ["cancels", "offset", "quiet", "all"])
def test_hard_sounds_are_drawn_and_followed_as_others(kind: str, tmp_path: Path) -> None:
    odd, usual = hard(kind)
    song = Song.open(write_float(tmp_path / "odd.wav", odd))
    wanted = Song.open(write_float(tmp_path / "usual.wav", usual))
    seen, expected = (pictures(each).astype(float).mean((2, 3)) for each in (song, wanted))
    assert seen.mean() == pytest.approx(expected.mean(), rel=0.25)
    assert np.corrcoef(seen.ravel(), expected.ravel())[0, 1] > 0.95
    for name in ("loudness", "onsets", "low", "mid"):
        one, other = (features.of(each).curves[name] for each in (song, wanted))
        assert one.max() > 0.5, name
        assert np.corrcoef(one, other)[0, 1] > 0.9, name
    rises, usual_rises = (bands.listen(each).curves["all"] for each in (song, wanted))
    assert np.corrcoef(rises, usual_rises)[0, 1] > 0.9


def test_an_ordinary_song_needs_no_further_filters(write_song: WriteSong) -> None:
    """So that its pictures are the same as ever."""
    song = Song.open(write_song(np.stack([music(2.0), music(2.0, seed=1)])))
    assert song.even == song.filters == song.centred
    assert song.side is None
    assert song.sound == "[0:a:0]"
    assert not song.notes


def test_silence_stays_silent(write_song: WriteSong) -> None:
    dither = np.random.default_rng(0).integers(-1, 2, RATE) / 32767
    for name, sound in (("dither.wav", dither), ("zero.wav", np.zeros(RATE))):
        assert not Song.open(write_song(sound, name))._raised


# Limits, and what errors say.


def test_a_song_longer_than_is_asked_for_is_refused(write_song: WriteSong) -> None:
    path = write_song(np.zeros(61 * 8000), rate=8000)
    assert Song.open(path, longest=61).duration == 61
    with pytest.raises(SongError, match="longer than 1 minutes"):
        Song.open(path, longest=60)


def test_a_page_has_a_limit_of_its_own(write_song: WriteSong) -> None:
    from musvid.page.build import build
    from musvid.studio.limits import Limits
    from musvid.studio.studio import Studio

    assert Limits.of(public=True, environment={}).song == 180
    assert Limits.of(public=False, environment={}).song is None
    studio = Studio(device="cpu")
    build(studio, Limits.of(public=True, environment={"MUSVID_MAX_SONG_MINUTES": "0.5"}))
    with pytest.raises(SongError, match="longer than 30 seconds"):
        studio.song(write_song(np.zeros(31 * 8000), rate=8000))


def test_a_picture_that_fills_the_memory_is_not_decoded(
    write_song: WriteSong, tmp_path: Path
) -> None:
    """14,000 x 14,000 pixels attached to a song: 1.5 GB for each look at the file."""
    psutil = pytest.importorskip("psutil")
    from PIL import Image

    picture, file = tmp_path / "cover.png", tmp_path / "song.mka"
    Image.new("L", (14000, 14000)).save(picture)
    film = tmp_path / "film.mkv"
    ffmpeg("-i", picture, "-i", write_song(music(1.0)), "-c:v", "copy", "-c:a", "flac", film)
    shutil.copy(film, file)
    most = 0

    def watch() -> None:
        nonlocal most
        for child in psutil.Process().children(recursive=True):
            try:
                if "ffmpeg" in child.name():  # other tests' processes may live
                    most = max(most, child.memory_info().rss)
            except psutil.Error:
                continue

    done = threading.Event()

    def watching() -> None:
        while not done.wait(0.005):
            watch()

    thread = threading.Thread(target=watching)
    thread.start()
    try:
        assert Song.open(file).duration == 1
        with pytest.raises(MusvidError):
            facts(film)
    finally:
        done.set()
        thread.join()
    assert most < 300e6


def test_errors_do_not_name_folders(write_song: WriteSong, tmp_path: Path) -> None:
    """A visitor of a page learns nothing of the server's disk."""
    secret = tmp_path / "secret-folder"
    (secret / "folder").mkdir(parents=True)
    text = secret / "song.mp3"
    text.write_text("no song")
    song = Song.open(write_song(music(1.0)))
    gone = Song.open(shutil.copy(song.path, secret / "gone.wav"))
    gone.path.unlink()
    for work in (
        lambda: Song.open(secret / "folder"),
        lambda: Song.open(secret / "none.wav"),
        lambda: Song.open(text),
        lambda: pictures(gone),
        lambda: list(mono(gone)),
        lambda: render(gone, BARE, tmp_path / "a.mp4"),
        lambda: facts(text),
    ):
        with pytest.raises(MusvidError) as caught:
            work()
        assert "secret-folder" not in str(caught.value)
        assert "\n" not in str(caught.value)
