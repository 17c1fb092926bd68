"""Files that want to harm, and files that are broken: an answer or a sentence, and nothing else."""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PLAIN, RATE, ROOT, WriteSong, ffmpeg, music, names, sound_seconds, tone
from containers import CONTAINERS

from musvid import MusvidError, Recipe, Song, SongError, Style, load_settings, render
from musvid.__main__ import build_parser, main, recipe_from
from musvid.estimate import Plan
from musvid.job import resolve
from musvid.ranges import RANGES
from musvid.video.file import read_settings

BARE = Style(strength=0.0)
SMALL = {"size": (64, 64), "upscale": 1}
QUICK = 30.0  # seconds within which an answer comes, be the machine ever so busy


# Files that name other files, or places in the network.


@dataclass
class Trap:
    """A listener on loopback that counts who comes, and a file that nobody should read."""

    port: int
    visitors: list[object]
    canary: Path
    sound: Path


SECRET = b"CANARY-7f3a9c51"


@pytest.fixture
def trap(tmp_path: Path, write_song: WriteSong) -> Iterator[Trap]:
    canary = tmp_path / "secret" / "canary.txt"
    canary.parent.mkdir()
    canary.write_bytes(SECRET * 4000)
    sound = write_song(tone(440, 1.0)).replace(canary.with_name("secret.wav"))
    visitors: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                try:
                    connection, address = server.accept()
                except OSError:
                    continue
                visitors.append(address)
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield Trap(server.getsockname()[1], visitors, canary, sound)
        done.set()
        thread.join()


def playlist(target: str) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n".encode()


def concat(target: str) -> bytes:
    return f"ffconcat version 1.0\nfile '{target}'\n".encode()


def session(target: str) -> bytes:
    """An SDP description, which makes a player listen to and ask an address."""
    address = target.split("//")[-1].split(":")[0].split("/")[0] or "127.0.0.1"
    return (
        f"v=0\r\no=- 0 0 IN IP4 {address}\r\ns=x\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
        f"a=control:{target}\r\nm=audio 5004 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
    ).encode()


def drawing(target: str) -> bytes:
    return (
        '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64">'
        f'<image xlink:href="{target}" width="64" height="64"/></svg>'
    ).encode()


def manifest(target: str) -> bytes:
    """A DASH manifest."""
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-main:2011">'
        '<Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1">'
        f"<BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    ).encode()


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def hidden(target: str, *, audible: bool = False) -> bytes:
    """An AVI whose subtitles are a playlist (a GAB2 block), with or without sound of its own."""
    streams = []
    head = b"txts" + bytes(4) + struct.pack("<10I", 0, 0, 0, 1, 1, 0, 1, 0, 0, 0) + bytes(8)
    streams.append(chunk(b"LIST", b"strl" + chunk(b"strh", head) + chunk(b"strf", b"")))
    script = playlist(target)
    block = b"GAB2\0" + struct.pack("<HI", 2, 2) + "x\0".encode("utf-16-le")[:2]
    block += struct.pack("<HI", 4, len(script)) + script
    movie = chunk(b"00tx", block)
    if audible:
        rate, samples = 8000, np.zeros(8000, "<i2").tobytes()
        head = b"auds" + bytes(4) + struct.pack("<10I", 0, 0, 0, 1, rate, 0, 8000, 0, 0, 2)
        pcm = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
        streams.append(
            chunk(b"LIST", b"strl" + chunk(b"strh", head + bytes(8)) + chunk(b"strf", pcm))
        )
        movie += chunk(b"01wb", samples)
    main_header = struct.pack("<14I", 40000, 0, 0, 0, 25, 0, len(streams), 0, 0, 0, 0, 0, 0, 0)
    head_list = b"hdrl" + chunk(b"avih", main_header) + b"".join(streams)
    body = chunk(b"LIST", head_list) + chunk(b"LIST", b"movi" + movie)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"AVI " + body


SCRIPTS = {
    "m3u8": playlist,
    "concat": concat,
    "sdp": session,
    "svg": drawing,
    "dash": manifest,
    "hls in avi": hidden,
}


def targets(trap: Trap) -> dict[str, str]:
    return {
        "network": f"http://127.0.0.1:{trap.port}/song.mp3",
        "file": f"file://{trap.canary}",
        "sound": str(trap.sound),
        "joined": f"concat:{trap.canary}|{trap.sound}",
    }


@pytest.mark.parametrize("target", ["network", "file", "sound", "joined"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_in_disguise_is_not_followed(
    script: str, target: str, trap: Trap, tmp_path: Path
) -> None:
    """Or whoever sends a song could read the user's files, and knock on doors behind a wall."""
    file, out = tmp_path / "song.mp3", tmp_path / "out"
    out.mkdir()
    file.write_bytes(SCRIPTS[script](targets(trap)[target]))
    for work in (
        lambda: Song.open(file),
        lambda: render(file, Recipe(style=BARE, **SMALL), out / "a.mp4"),
        lambda: read_settings(file),
    ):
        began = time.monotonic()
        with pytest.raises(MusvidError) as caught:
            work()
        assert time.monotonic() - began < QUICK
        assert "\n" not in str(caught.value)
        assert SECRET.decode() not in str(caught.value)
    assert not trap.visitors
    assert not names(out)


@pytest.mark.parametrize("target", ["network", "file", "sound", "joined"])
def test_a_playlist_in_the_subtitles_of_a_song_is_not_followed(
    target: str, trap: Trap, tmp_path: Path
) -> None:
    file, output = tmp_path / "song.mp3", tmp_path / "a.mp4"
    file.write_bytes(hidden(targets(trap)[target], audible=True))
    assert Song.open(file).duration == 1
    render(file, Recipe(style=BARE, **SMALL), output)
    assert SECRET not in output.read_bytes()
    assert not trap.visitors


def test_the_trap_catches_a_careless_player(trap: Trap, tmp_path: Path) -> None:
    """What the tests above rely on: without whitelists, ffmpeg does follow."""
    file = tmp_path / "list.m3u8"
    file.write_bytes(playlist(targets(trap)["network"] + ".ts"))
    careless = ("-protocol_whitelist", "file,http,tcp,crypto", "-allowed_extensions", "ALL")
    with pytest.raises(subprocess.CalledProcessError):
        ffmpeg(*careless, "-f", "hls", "-i", file, "-f", "null", "-")
    assert trap.visitors


def test_the_command_line_refuses_scripts_in_a_sentence(trap: Trap, tmp_path: Path) -> None:
    for script, make in SCRIPTS.items():
        file = tmp_path / "song.mp3"
        file.write_bytes(make(targets(trap)["network"]))
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "musvid",
                file,
                *PLAIN,
                "-o",
                tmp_path / "a.mp4",
                "--strength",
                "0",
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 1, script
        assert done.stderr.startswith("musvid: "), script
        assert done.stderr.count("\n") == 1, script
    assert not trap.visitors
    assert not (tmp_path / "a.mp4").exists()


# Files that are broken.


def broken(content: bytes, donor: bytes, chance: random.Random) -> bytes:
    """A file with bits flipped, its end or middle cut off, zeros, or another file's beginning."""
    made, kind = bytearray(content), chance.choice(("bits", "bits", "cut", "hole", "zeros", "head"))
    length = len(made)
    if kind == "bits":
        # Headers, where lengths and offsets are, are hit as often as all the rest.
        reach = chance.choice((min(256, length), length))
        for _ in range(chance.choice((1, 4, 32))):
            made[chance.randrange(reach)] ^= 1 << chance.randrange(8)
    elif kind == "cut":
        del made[chance.randrange(1, length) :]
    elif kind == "hole":
        first = chance.randrange(length)
        del made[first : first + chance.randrange(1, length)]
        made = made or bytearray(b"\0")
    elif kind == "zeros":
        first = chance.randrange(length)
        part = made[first : first + chance.randrange(1, 2000)]
        made[first : first + len(part)] = chance.choice((b"\0", b"\xff")) * len(part)
    else:
        head = chance.randrange(4, 512)
        made[:head] = donor[:head]
    return bytes(made)


@pytest.mark.parametrize(
    ("mutations", "least"), [(2, 50), pytest.param(18, 500, marks=pytest.mark.deep)]
)
def test_broken_files_are_songs_or_sentences(
    mutations: int, least: int, write_song: WriteSong, tmp_path: Path
) -> None:
    """Never a hang, never a crash, never a traceback; some end up as videos, all the way."""
    song = write_song(np.stack([music(0.4)] * 2))
    whole: dict[str, bytes] = {}
    for kind, options in CONTAINERS.items():
        file = tmp_path / f"whole.{kind}"
        ffmpeg("-i", song, *options, file)
        assert Song.open(file).samples, kind
        whole[kind] = file.read_bytes()
    assert mutations * len(whole) >= least
    chance, files = random.Random(1), []
    for kind, content in whole.items():
        donor = whole[chance.choice(list(whole))]
        for number in range(mutations):
            file = tmp_path / f"{number}.{kind}"
            file.write_bytes(broken(content, donor, chance))
            files.append(file)

    def attempt(file: Path) -> str:
        began = time.monotonic()
        try:
            opened = Song.open(file)
            if int(file.stem) % 6 == 0:
                recipe = Recipe(style=BARE, duration=0.3, fps=Fraction(10), **SMALL)
                render(file, recipe, file.with_suffix(f".{file.suffix[1:]}.mp4"))
            answer = f"{opened.samples} samples"
        except MusvidError as error:
            answer = str(error)
        assert time.monotonic() - began < 60, file.name
        assert "\n" not in answer, file.name
        assert "Traceback" not in answer, file.name
        return answer

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(attempt, files))
    opened = sum("samples" in answer for answer in answers)
    assert 0.2 < opened / len(answers) < 0.95, "neither all harmless nor all beyond repair"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


# Sounds that are unusual.


@pytest.mark.parametrize(
    ("sound", "rate"),
    [
        pytest.param(np.full(1, 0.5), RATE, id="one sample"),
        pytest.param(tone(440, 0.1), RATE, id="0.1 s"),
        pytest.param(np.stack([music(1.0)] * 8), RATE, id="8 channels"),
        pytest.param(tone(440, 1.0, rate=8000), 8000, id="8 kHz"),
        pytest.param(tone(440, 1.0, rate=192000), 192000, id="192 kHz"),
        pytest.param(np.zeros(RATE), RATE, id="silence"),
    ],
)
def test_unusual_sounds_become_videos(
    sound: np.ndarray, rate: int, write_song: WriteSong, tmp_path: Path
) -> None:
    song = write_song(sound, rate=rate)
    recipe = Recipe(style=BARE, **SMALL)
    path = render(song, recipe, tmp_path / "a.mp4")
    seconds = np.atleast_2d(sound).shape[1] / rate
    assert float(sound_seconds(path)) == pytest.approx(seconds, abs=1 / 8000)


def test_pictures_without_sound_are_refused(tmp_path: Path) -> None:
    cover, film = tmp_path / "cover.mp3", tmp_path / "film.mp4"
    picture = ("-f", "lavfi", "-i", "color=red:s=64x64:d=0.04")
    ffmpeg(*picture, "-frames:v", "1", "-c:v", "png", tmp_path / "cover.png")
    image = (tmp_path / "cover.png").read_bytes()
    # An ID3 tag with a picture, and no sound behind it.
    frame = b"\0image/png\0\3\0" + image
    frame = b"APIC" + struct.pack(">IH", len(frame), 0) + frame
    size = bytes((len(frame) >> shift) & 127 for shift in (21, 14, 7, 0))
    cover.write_bytes(b"ID3\3\0\0" + size + frame)
    ffmpeg(*picture, film)
    for file in (cover, film):
        with pytest.raises(SongError, match="sound"):
            Song.open(file)


@pytest.mark.thorough
def test_three_hours_are_opened_and_cut_anywhere(tmp_path: Path) -> None:
    file = tmp_path / "long.flac"
    ffmpeg("-f", "lavfi", "-i", "sine=440:r=8000:d=10800", file)
    song = Song.open(file, start=10798)
    assert song.total == 10800 * 8000
    path = render(song, Recipe(style=BARE, **SMALL), tmp_path / "a.mp4")
    assert sound_seconds(path) == 2


def test_a_song_of_more_than_a_day_is_refused(
    write_song: WriteSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few bytes can stand for years of silence."""
    monkeypatch.setattr("musvid.song.LONGEST", 2)
    assert Song.open(write_song(np.zeros(2 * RATE))).duration == 2
    with pytest.raises(SongError, match="longer than"):
        Song.open(write_song(np.zeros(2 * RATE + 1)))


def test_an_ffmpeg_that_sleeps_is_ended(
    write_song: WriteSong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With everything that it has started."""
    if sys.platform == "win32":
        pytest.skip("needs a shell script in ffmpeg's place")
    started = tmp_path / "started"
    sleeper = tmp_path / "ffmpeg"
    sleeper.write_text(f"#!/bin/sh\nsleep 61 & echo $! > {started}\nsleep 62\n")
    sleeper.chmod(0o755)
    monkeypatch.setattr("musvid._ffmpeg.executable", lambda: str(sleeper))
    monkeypatch.setattr("musvid._ffmpeg.PATIENCE", 0.5)
    began = time.monotonic()
    with pytest.raises(MusvidError):
        Song.open(write_song(music(1.0)))
    assert time.monotonic() - began < 20
    deadline = time.monotonic() + 10
    while _alive(int(started.read_text())):
        assert time.monotonic() < deadline, "the child of the sleeper lives on"
        time.sleep(0.05)


def _alive(process: int) -> bool:
    import psutil

    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# Settings out of range.

NUMBERS = (
    *("--start", "--duration", "--stride", "--before", "--after", "--upscale", "--gamma"),
    *("--tlength", "--count", "--afterglow", "--strength", "--steps", "--guidance"),
)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-1", "1e300", "9" * 400, "x", ""])
@pytest.mark.parametrize("option", [*NUMBERS, "--fps", "--size", "--seed"])
def test_settings_out_of_range_are_refused_before_any_work(
    option: str,
    value: str,
    write_song: WriteSong,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if (option, value) == ("--seed", "-1"):
        pytest.skip("a seed by chance")
    song = write_song(music(0.2))
    output = tmp_path / "a.mp4"
    try:
        code = main([str(song), "-o", str(output), f"{option}={value}", "--quiet"])
    except SystemExit as end:  # argparse's own refusal
        code = int(end.code or 0)
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert code == 2, message
    assert "musvid" in message
    assert not output.exists()


@pytest.mark.parametrize(
    "size", ["1x1", "0x0", "99999x99999", "65x67", "64x101", "64x", "-64x64", "64.5x64"]
)
def test_sizes_out_of_range_are_refused(
    size: str, write_song: WriteSong, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "a.mp4"
    with pytest.raises(SystemExit) as end:
        main([str(write_song(music(0.2))), "-o", str(output), f"--size={size}"])
    assert end.value.code == 2
    assert "side" in capsys.readouterr().err
    assert not output.exists()


# Settings that want to harm: objects, JSON texts and command lines, made by chance.

TEXTS = (
    *(
        "",
        " ",
        "x",
        "off",
        "auto",
        "1/4",
        "~nobody/x",
        "1/32",
        "120",
        "8",
        "16:9 nebula",
        "../../etc/passwd",
    ),
    *("1e9999999", "-1e9999999", "1e-9999999", "1E+99999999", "9" * 400, "9" * 5000, "9" * 100_000),
    *("1/0", "0/0", "1/" + "9" * 400, "9" * 400 + "/7", "nan", "inf", "-inf", "0x10", "1_0", "٣٠"),
    *("23.976023976", "0." + "3" * 400, "120.00000000001", "1:30", "99999:00", "-1", "1e99", "²"),
    *("0:00 a | 999999999:00 b", "0:00 a | 23:59:59 b", f"{'9' * 400}:00 a", "0:08 a | 0:04 b"),
    *(
        "1:" * 2000,
        "|" * 5000,
        "0:00 a | " * 900,
        " | ".join(f"0:{n / 30:05.2f} a" for n in range(900)),
    ),
    *("\ud83d", "a\udcff", "a\0b", "a\nb", "\x1b[2J", "\u202e", "é" * 99, "x" * 1_000_000),
    *("256x256", "64x64x64", "64x" + "9" * 400, "8x8", "owner/" + "n" * 4000, "onsets:9:9:9"),
    *("onsets:nan", "onsets:" + "9" * 400, ":" * 9999, "{" * 9999, "%s%n", "--help", "$(reboot)"),
)
NUMBERS_OF_ALL_KINDS = (
    *(0, 1, -1, 8, 30, 64, 120, 1e6, -1e6, 86_400, 86_401, 10**30, 10**400, -(10**400), 0.5, -0.0),
    *(5e-324, 1e300, 2**32, float("nan"), float("inf"), float("-inf"), True, False, None),
)


def thing(chance: random.Random, depth: int = 0) -> Any:
    """A value that some setting may be given."""
    kind = chance.randrange(10 if depth < 3 else 7)
    if kind < 4:
        return chance.choice(TEXTS)
    if kind < 7:
        return chance.choice(NUMBERS_OF_ALL_KINDS)
    if kind == 7:
        return [thing(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 8:
        return {str(number): thing(chance, depth + 1) for number in range(chance.randrange(3))}
    nested: list[Any] = []
    for _ in range(chance.choice((5, 500))):
        nested = [nested]
    return chance.choice((nested, [0.2 * n for n in range(2000)], [1e5 * n for n in range(99)]))


def fitting(name: str, chance: random.Random) -> Any:
    """A value that a setting may have: its default, or an end of its range."""
    if name not in RANGES or chance.random() < 0.3:
        return Recipe().flat()[name]
    end = chance.choice((RANGES[name].low, RANGES[name].high))
    return str(end) if name == "fps" else end


def odd_settings(chance: random.Random) -> dict[str, Any]:
    """Some settings by name; the more of them are in order, the farther they come."""
    known = Recipe().flat()
    made: dict[str, Any] = {}
    if chance.random() < 0.5:
        made = {
            "lock.note": "1/32",
            "lock.bpm": chance.choice((20, 400, "174.3")),
            "lock.beat": 0.0,
        }
    for _ in range(chance.choice((1, 1, 2, 3))):
        name = chance.choice(list(known))
        if chance.random() < 0.1:
            name = chance.choice(
                ("look", "lock", "look.", ".", "x" * 9999, "look.look.gamma", "\udcff")
            )
        made[name] = thing(chance)
        if chance.random() < 0.6 and name in known:
            made[name] = fitting(name, chance)
    return made


def odd_json(chance: random.Random) -> bytes:
    """A settings file: of odd settings, cut, changed, nested or written in another way."""
    text = json.dumps(odd_settings(chance) | {"musvid": chance.choice((1, 1, 1, 2, "x", None))})
    kind = chance.randrange(6)
    if kind == 0:
        text = text[: chance.randrange(len(text) + 1)]
    elif kind == 1:
        text = chance.choice(('{"look":', "[", '{"lock": {"beats": [')) * 100_000 + text
    elif kind == 2:
        name = chance.choice(("stride", "start", "fps", "size", "style"))
        digits = "9" * chance.choice((9, 999, 99_999))
        text = f'{{"{name}": {chance.choice(("9", "-9", "9.", "9e"))}{digits}}}'
    elif kind == 3:
        text = f'{{"lock": {{"beats": [1, {"9" * 999}, 3]}}, "style": {{"prompt": "\\ud83d"}}}}'
    content = text.encode(chance.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32-le")))
    if kind == 4 and content:
        made = bytearray(content)
        for _ in range(9):
            made[chance.randrange(len(made))] = chance.randrange(256)
        content = bytes(made)
    return content


def odd_options(chance: random.Random) -> list[str]:
    """Some options of the command line."""
    names = ("start", "duration", "recipe", "stride", "before", "after", "interpolator", "fps")
    names += (
        "lock",
        "bpm",
        "beat",
        "bar",
        "strength-by",
        "guidance-by",
        "control-scale-by",
        "control-scale",
        "control",
        "scheduler",
        "lora",
        "seed-by",
        "drift-by",
        "morph",
        "gain",
        "gamma",
    )
    names += ("palette", "tlength", "count", "afterglow", "model", "prompt", "negative-prompt")
    names += ("strength", "steps", "guidance", "seed", "symmetry", "tiny-autoencoder", "size")
    names += ("upscale", "settings", "nonsense")
    made = []
    for _ in range(chance.choice((1, 1, 2, 3))):
        name, value = chance.choice(names), chance.choice((*TEXTS, *map(str, NUMBERS_OF_ALL_KINDS)))
        short = {known.rpartition(".")[2]: known for known in RANGES if "_by" not in known}
        if chance.random() < 0.5 and name in short and name != "side":
            value = str(fitting(short[name], chance))
        made.append(f"--{name}={value}")
    return made


LOCKED = {"lock.note": "1/4", "lock.bpm": 400, "lock.beat": 0.0}
FREEZING: tuple[dict[str, Any], ...] = (  # each held Python's lock, or filled the memory
    {"fps": "1e9999999"},
    {"lock.note": "1/4", "lock.bpm": "1e9999999"},
    {**LOCKED, "style.prompt": "0:00 a | 999999999:00 b"},
    {**LOCKED, "style.prompt": "0:00 a | 23:59:59 b", "lock.bar": 1},
    {**LOCKED, "style.prompt": " | ".join(f"{n // 60}:{n % 60:02} a" for n in range(1200))},
    {**LOCKED, "lock.beat": 1e6},
    {**LOCKED, "lock.beat": 86_400},
    {**LOCKED, "lock.beats": [86_300 + 0.1001 * number for number in range(900)]},
    {**LOCKED, "lock.beats": [0.1001 * number for number in range(90_000)]},
)


def try_settings(seed: int, count: int, song: Path, told: Connection) -> None:
    """Go the way of settings up to the first picture, and tell how each case ended."""
    chance, whole = random.Random(seed), Song.open(song)
    file = song.with_suffix(".json")
    makers = {"object": odd_settings, "json": odd_json, "options": odd_options}
    for number in range(count):
        kind = list(makers)[number % 3]
        case: Any = makers[kind](chance)
        if number < len(FREEZING):
            kind, case = "object", FREEZING[number]
        told.send(f"{kind} {number}: {case!r:.300}")
        said, began = io.StringIO(), time.monotonic()
        try:
            if kind == "object":
                recipe = Recipe.from_flat(case)
            elif kind == "json":
                file.write_bytes(case)
                recipe = load_settings(file)
            else:
                with contextlib.redirect_stderr(said):
                    recipe = recipe_from(build_parser().parse_args([str(song), *case]))
            assert Recipe.from_json(recipe.to_json()) == recipe
            recipe.to_json().encode()
            recipe.style.remarks()
            listens = any(recipe.followers.values()) or (recipe.lock and not recipe.lock.found)
            listens = listens or (recipe.drifts and recipe.drift_by)
            job = (
                resolve(recipe, whole.part(recipe.start, recipe.duration)) if not listens else None
            )
            if job:
                str(Plan.of(job))
                job.automation.stroke(0)
                if recipe.lock:
                    recipe.lock.bars(0, 1)
                    str(recipe.lock.shifted(1))
            answer = "taken"
        except MusvidError as error:
            answer = str(error)
        except SystemExit as end:  # argparse's own refusal
            answer = f"{end.code}: {said.getvalue().strip().splitlines()[-1]}"
        except Exception:
            answer = "Traceback\n" + traceback.format_exc()
        told.send((time.monotonic() - began, answer))
    told.send(None)


@pytest.mark.parametrize(
    ("seed", "count"), [(1, 240), pytest.param(2, 3000, marks=pytest.mark.thorough)]
)
def test_settings_made_by_chance_are_taken_or_refused_in_a_sentence(
    seed: int, count: int, write_song: WriteSong
) -> None:
    """Never a traceback, never a hang, never a megabyte repeated.

    In a process of its own: a giant number holds Python's lock, so that no other thread could
    notice.
    """
    song = write_song(music(0.5))
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=try_settings, args=(seed, count, song, there), daemon=True)
    process.start()
    case, answers = "the beginning", []
    try:
        while True:
            assert here.poll(60), f"no answer to {case}"
            told = here.recv()
            if told is None:
                break
            if isinstance(told, str):
                case = told
                continue
            seconds, answer = told
            assert seconds < QUICK, case
            assert "\n" not in answer, f"{case}\n{answer}"
            assert len(answer) < 1200, f"{case}\n{answer}"
            answer.encode()
            answers.append(answer)
    finally:
        process.kill()
        process.join()
    assert len(answers) == count
    assert count / 20 < answers.count("taken") < count / 2
