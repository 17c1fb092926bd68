"""The page's endpoints, as programs call them: what they give, and what they refuse."""

from __future__ import annotations

import contextlib
import http.server
import json
import math
import random
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, music, sound_seconds, tone, video_frames, write_wav
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from running import running_page
from test_hostile import odd_settings, thing

from musvid import Clock, Look, Recipe, Song, draw, load_settings


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_page(tmp_path_factory.mktemp("page"), MUSVID_MAX_SECONDS="20") as found:
        yield found


@pytest.fixture(scope="module")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(address, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("songs") / "two.wav", music(2.0))


def pixels(path: str) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def test_every_endpoint_is_named_and_documented(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    wanted = {"/plan", "/settings", "/beats", "/draw", "/paint", "/grid", "/render"}
    assert set(endpoints) == wanted
    for name, facts in endpoints.items():
        assert facts["description"], name
        taken = {"/settings": set(), "/beats": {"song"}}.get(name, {"song", "settings"})
        assert taken <= {each["parameter_name"] for each in facts["parameters"]}


def test_settings_are_the_defaults(client: Client) -> None:
    assert Recipe.from_flat(client.predict(api_name="/settings")) == Recipe()


def test_plan_counts_as_the_clock_does(client: Client, song: Path) -> None:
    made = client.predict(
        handle_file(song), {"stride": 10, "before": 8, "after": 1}, api_name="/plan"
    )
    clock = Clock(2, 30, 10, 8, 1)
    assert made["rate"] == "24"
    assert (made["keyframes"], made["paintings"]) == (clock.keyframes, clock.painted)
    assert (made["frames"], made["size"]) == (clock.frames, [512, 512])


def test_draw_is_the_picture_of_a_render(client: Client, song: Path) -> None:
    settings = {"look.palette": "fire", "size": "128x128"}
    made = pixels(client.predict(handle_file(song), 1.0, settings, api_name="/draw"))
    look = Look(palette="fire")
    frames = list(draw(Song.open(song), look, Clock(2), size=(128, 128)))
    assert np.array_equal(made, frames[30])


def test_paint_follows_prompt_and_strength(client: Client, song: Path) -> None:
    def painted(**settings: object) -> np.ndarray:
        given = {f"style.{name}": value for name, value in settings.items()}
        return pixels(client.predict(handle_file(song), 1.0, given, api_name="/paint"))

    plain = painted(strength=0)
    drawn = pixels(client.predict(handle_file(song), 1.0, api_name="/draw"))
    assert np.array_equal(plain, drawn)
    one, other = painted(prompt="crimson flames"), painted(prompt="cyan crystal")
    assert one[..., 0].mean() > one[..., 2].mean() + 10
    assert other[..., 2].mean() > other[..., 0].mean() + 10


def test_render_gives_a_whole_video_with_its_settings(client: Client, song: Path) -> None:
    settings = {"stride": 6, "before": 1, "after": 6, "duration": 1.5, "upscale": 1}
    made = Path(client.predict(handle_file(song), settings, api_name="/render"))
    assert len(video_frames(made, 512, 512)) == 45
    assert abs(float(sound_seconds(made)) - 1.5) <= 1 / 30 + 0.03
    assert load_settings(made).stride == 6


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"stride": 0}, "stride must be a whole number from 1 to 64"),
    ({"stride": 65}, "stride must be a whole number"),
    ({"stride": "8"}, "stride must be a whole number"),
    ({"stride": None}, "stride must be a whole number"),
    ({"stride": 2.5}, "stride must be a whole number"),
    ({"before": -1}, "before must be a whole number"),
    ({"before": True}, "before must be a whole number"),
    ({"after": 10**30}, "after must be a whole number"),
    ({"before": 16, "after": 16}, "frames a second"),
    ({"fps": "many"}, "fps must be a number"),
    ({"fps": "1/0"}, "fps must be a number"),
    ({"fps": 1000}, "fps must lie between"),
    ({"fps": [30]}, "fps must be a number"),
    ({"start": -1}, "start must be a number"),
    ({"start": 5000}, "lies beyond the end"),
    ({"start": "now"}, "start must be a number"),
    ({"duration": 0}, "duration must be a number"),
    ({"duration": []}, "duration must be a number"),
    ({"size": "12x12"}, "multiples of 8"),
    ({"size": "huge"}, "size must be a side"),
    ({"size": "2048x2048", "upscale": 8}, "choose a smaller size"),
    ({"upscale": 0}, "upscale must be a whole number"),
    ({"interpolator": "magic"}, "interpolator must be one of"),
    ({"interpolator": 3}, "interpolator must be one of"),
    ({"look.gain": "loud"}, "gain must be a number"),
    ({"look.gamma": 99}, "gamma must be a number from 1 to 7"),
    ({"look.tlength": -0.1}, "tlength must be a number"),
    ({"look.count": 1000}, "count must be a whole number"),
    ({"look.afterglow": {}}, "afterglow must be a number"),
    ({"look.palette": "../../etc/passwd"}, "palette must be one of"),
    ({"style.strength": 1.01}, "strength must be a number from 0 to 1"),
    ({"style.strength": "0.5"}, "strength must be a number"),
    ({"style.steps": 0}, "steps must be a whole number"),
    ({"style.guidance": 1e9}, "guidance must be a number"),
    ({"style.seed": -1}, "seed must be a whole number"),
    ({"style.seed": 2**32}, "seed must be a whole number"),
    ({"style.prompt": 7}, "prompt must be a text"),
    ({"style.prompt": "x" * 20_000}, "prompt must be a text of at most"),
    ({"style.symmetry": "mirror"}, "symmetry must be one of"),
    ({"style.model": "no-such-model"}, "no-such-model"),
    ({"style.model": 5}, "model must be a text"),
    ({"style.tiny_autoencoder": 5}, "tiny autoencoder must be a text"),
    ({"nonsense": 1}, "There is no setting 'nonsense'"),
    ({"look.nonsense": 1}, "There is no setting 'nonsense'"),
    ({"look": 3}, "look must be a JSON object"),
    ({"look": 3, "look.gamma": 2}, "look must be a JSON object"),
    ({"fps": True}, "fps must be a number"),
    ({"size": [256.7, 256.2]}, "size must be a side"),
    ({"lock.beats": "12"}, "beats must be a list"),
    ({"lock.beats": {"0": 1, "1": 2}}, "beats must be a list"),
    ({"style.prompt": "0:00 a | 25:00:00 b"}, "within 24 hours"),
    ({"style.prompt": "a\0b"}, "no letter"),
    ({"start": 100_000}, "start must be a number from 0 to 86400"),
    ({"strength_by.amount": 31}, "amount must be a number from -30 to 30"),
    ({"words.lyrics": "/etc/passwd"}, "Lyrics are a file, which settings cannot name"),
    ({"words.logo": "/etc/passwd"}, "A logo is a file, which settings cannot name"),
    ({"view.cover": "/etc/passwd"}, "A cover is a file, which settings cannot name"),
    ({"stems": {"drums": "/etc/passwd"}}, "Stems are files, which settings cannot name"),
    ({"stems": ["/etc/passwd"]}, "Stems are files, which settings cannot name"),
    ({"midi": "/etc/passwd"}, "A MIDI file is one that settings cannot name"),
    ({"view": {"kind": "ring", "cover": "a.png"}}, "A cover is a file, which settings cannot name"),
    ({"motion_fps": 50}, "motion_fps must be a whole multiple of the picture rate: 30, 60, 90"),
]


@pytest.mark.parametrize(("settings", "says"), WRONG, ids=[str(each)[:40] for each, _ in WRONG])
def test_wrong_settings_are_refused_with_a_sentence(
    client: Client, song: Path, settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(AppError) as refused:
        client.predict(handle_file(song), settings, api_name="/plan")
    text = str(refused.value)
    assert says in text
    assert "Traceback" not in text


LOCKED = {"lock.note": "1/4", "lock.bpm": 400, "lock.beat": 0.0}
FREEZING: list[dict[str, Any]] = [
    {"fps": "1e9999999"},
    {"lock.note": "1/4", "lock.bpm": "1e9999999"},
    {**LOCKED, "style.prompt": "0:00 a | 999999999:00 b"},
    {**LOCKED, "lock.beat": 1e6},
    {"stride": "9" * 1_000_000},
    {"x" * 1_000_000: 8},
]


@pytest.mark.parametrize("settings", FREEZING, ids=[str(each)[:40] for each in FREEZING])
def test_a_small_request_is_refused_at_once(
    client: Client, song: Path, settings: dict[str, Any]
) -> None:
    """And does not come back as it was sent."""
    began = time.monotonic()
    with pytest.raises(AppError) as refused:
        client.predict(handle_file(song), 0.0, settings, api_name="/paint")
    assert time.monotonic() - began < 30
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize("time", [-1, 3, 1e300, "soon", None, [1], True, 10**18])
def test_a_moment_outside_the_clip_is_refused(client: Client, song: Path, time: Any) -> None:
    with pytest.raises(AppError, match="time must be a number from 0 to 2"):
        client.predict(handle_file(song), time, api_name="/draw")


@pytest.mark.parametrize("endpoint", ["/plan", "/paint", "/render"])
@pytest.mark.parametrize("settings", ["fast", [1, 2], 5])
def test_settings_that_are_no_object_are_refused(
    client: Client, song: Path, endpoint: str, settings: Any
) -> None:
    given = (0.0, settings) if endpoint == "/paint" else (settings,)
    with pytest.raises(AppError, match="settings must be an object"):
        client.predict(handle_file(song), *given, api_name=endpoint)


@pytest.mark.parametrize("vary", ["strength=0.3,0.6", 5, [3], None, {"strength": [0.3, 0.6]}])
def test_values_to_compare_that_are_no_texts_are_refused(
    client: Client, song: Path, vary: Any
) -> None:
    with pytest.raises(AppError, match="vary must be a list of texts"):
        client.predict(handle_file(song), vary, api_name="/grid")


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ([], "one setting or two"),
        (["strength"], "NAME=VALUES"),
        (["strength=0.3"], "1 value"),
        (["speed of light=1,2"], "no setting"),
        (["seed=1,2", "duration=1,2"], "no setting"),
        (["seed=1,2,3,4,5,6,7", "strength=0.1,0.2,0.3,0.4,0.5,0.6"], "42 tiles"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(
    client: Client, song: Path, vary: list[str], said: str
) -> None:
    with pytest.raises(AppError, match=said):
        client.predict(handle_file(song), vary, api_name="/grid")


def post(address: str, endpoint: str, body: bytes) -> str:
    """What an endpoint answers to a body as it stands: the last event, or the error's text."""
    request = urllib.request.Request(
        f"{address}/gradio_api/call{endpoint}", body, {"Content-Type": "application/json"}
    )
    try:
        event = json.loads(urllib.request.urlopen(request, timeout=60).read())["event_id"]
        url = f"{address}/gradio_api/call{endpoint}/{event}"
        return urllib.request.urlopen(url, timeout=60).read().decode()
    except urllib.error.HTTPError as error:
        return f"event: error {error.code}"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400, "9" * 9999])
def test_numbers_that_are_none_are_refused(address: str, song: Path, number: str) -> None:
    uploaded = upload(address, song)
    data = f'{{"data": [{json.dumps(uploaded)}, {{"style.strength": {number}}}]}}'
    answer = post(address, "/plan", data.encode())
    assert "event: error" in answer
    assert "event: complete" not in answer


@pytest.mark.parametrize(
    "settings",
    [
        '{"style.prompt": "half \\ud83d"}',
        '{"stride": ' * 100_000,
        '{"stride": ' + "[" * 900 + "]" * 901,
    ],
    ids=["half a letter", "100,000 deep", "900 deep"],
)
def test_settings_that_no_client_would_send_are_refused(
    address: str, song: Path, settings: str
) -> None:
    answer = post(
        address, "/plan", f'{{"data": [{json.dumps(upload(address, song))}, {settings}]}}'.encode()
    )
    assert "event: error" in answer
    assert len(answer) < 1000
    assert "event: complete" in post(address, "/plan", asking("/plan", upload(address, song)))


@pytest.mark.parametrize("count", [40, pytest.param(400, marks=pytest.mark.thorough)])
def test_requests_made_by_chance_are_answered_or_refused(
    address: str, song: Path, count: int
) -> None:
    chance, uploaded = random.Random(count), upload(address, song)
    answers = []
    for number in range(count):
        given = chance.choice((uploaded, uploaded, uploaded, thing(chance)))
        rest = chance.choice(([odd_settings(chance)], [thing(chance) for _ in range(3)], []))
        body = json.dumps({"data": [given, *rest], thing(chance).__class__.__name__: 1}).encode()
        if number % 5 == 0:
            body = body[: chance.randrange(len(body))]
        endpoint = chance.choice(("/plan", "/plan", "/draw", "/settings"))
        began = time.monotonic()
        answer = post(address, endpoint, body)
        what = f"{number}: {endpoint} {body[:300]!r} -> {answer[:300]}"
        assert time.monotonic() - began < 30, what
        assert "event: error" in answer or "event: complete" in answer, what
        assert "error 5" not in answer, what
        assert not {"Traceback", 'File "', "Error:"} & set(answer.split()), what
        answers.append("complete" in answer)
    assert any(answers) and not all(answers)
    assert "event: complete" in post(address, "/plan", asking("/plan", uploaded))


def asking(endpoint: str, song: Any) -> bytes:
    """A body that is complete but for what is given as the song."""
    rest = [0.5, {"style.strength": 0}] if endpoint in ("/draw", "/paint") else [{"duration": 0.1}]
    return json.dumps({"data": [song, *rest]}).encode()


@pytest.mark.parametrize("endpoint", ["/plan", "/draw", "/paint"])
def test_what_the_next_tests_send_is_fine_but_for_the_song(
    address: str, song: Path, endpoint: str
) -> None:
    assert "event: complete" in post(address, endpoint, asking(endpoint, upload(address, song)))


def upload(address: str, path: Path) -> dict[str, Any]:
    """Upload a file as a browser does; how endpoints want to be told of it."""
    edge = "edge-of-a-part"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{path.name}"\r\n'
    body = head.encode() + b"\r\n" + path.read_bytes() + f"\r\n--{edge}--\r\n".encode()
    request = urllib.request.Request(
        f"{address}/gradio_api/upload",
        body,
        {"Content-Type": f"multipart/form-data; boundary={edge}"},
    )
    (where,) = json.loads(urllib.request.urlopen(request, timeout=60).read())
    return {"path": where, "meta": {"_type": "gradio.FileData"}}


class _Canary(http.server.BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(404)
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def canary() -> Iterator[str]:
    """The address of a server that remembers who asked it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Canary)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize("endpoint", ["/plan", "/draw", "/paint", "/render"])
@pytest.mark.parametrize("marked", [True, False])
def test_addresses_are_not_fetched(address: str, canary: str, endpoint: str, marked: bool) -> None:
    _Canary.asked.clear()
    meta = {"meta": {"_type": "gradio.FileData"}} if marked else {}
    for given in (
        {"path": f"{canary}/song.wav", **meta},
        {"path": "song.wav", "url": f"{canary}/song.wav", **meta},
        {"url": f"{canary}/song.wav", **meta},
        f"{canary}/song.wav",
    ):
        answer = post(address, endpoint, asking(endpoint, given))
        assert "event: error" in answer, given
        assert "event: complete" not in answer, given
        if marked and isinstance(given, dict) and given.get("path", "").startswith(canary):
            assert "Addresses are not fetched; upload the file itself." in answer
    assert not _Canary.asked


def test_hidden_events_do_not_fetch_either(address: str, canary: str) -> None:
    _Canary.asked.clear()
    config = json.loads(urllib.request.urlopen(f"{address}/config", timeout=60).read())
    file = {"path": f"{canary}/x.wav", "meta": {"_type": "gradio.FileData"}}
    for event in config["dependencies"]:
        body = {
            "data": [file] * len(event["inputs"]),
            "fn_index": event["id"],
            "session_hash": "someone",
        }
        request = urllib.request.Request(
            f"{address}/gradio_api/run/predict",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=60).read()
    assert not _Canary.asked


@pytest.mark.parametrize("marked", [True, False])
def test_paths_of_the_server_are_not_read(address: str, song: Path, marked: bool) -> None:
    meta = {"meta": {"_type": "gradio.FileData"}} if marked else {}
    inside = Path(upload(address, song)["path"]).parent / ".." / ".." / ".." / song.name
    for path in (str(song), "examples/loop.ogg", "/etc/hostname", "app.py", str(inside), "", None):
        answer = post(address, "/plan", asking("/plan", {"path": path, **meta}))
        assert "event: error" in answer, path
        assert "event: complete" not in answer, path


@pytest.mark.parametrize("given", [None, 5, [], {}, "", {"path": 7}, {"path": ["a"]}])
def test_what_is_no_file_is_refused(address: str, given: Any) -> None:
    answer = post(address, "/plan", asking("/plan", given))
    assert "event: error" in answer
    assert "event: complete" not in answer


def test_a_song_that_is_missing_is_refused(address: str) -> None:
    assert "event: error" in post(address, "/plan", b'{"data": []}')


def test_text_as_a_song_is_refused_with_a_sentence(client: Client, tmp_path: Path) -> None:
    bad = tmp_path / "lyrics.mp3"
    bad.write_text("la la la")
    with pytest.raises(AppError, match=r"lyrics\.mp3 is not a sound file"):
        client.predict(handle_file(bad), api_name="/plan")


def test_clips_above_the_limit_are_refused(client: Client, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "long.wav", tone(440, 21, rate=8000), 8000)
    with pytest.raises(AppError, match="at most 20 s long"):
        client.predict(handle_file(path), api_name="/plan")
    made = client.predict(handle_file(path), {"duration": 20}, api_name="/plan")
    assert made["frames"] == math.ceil(20 * 30)


@pytest.mark.thorough
def test_the_example_of_the_readme_works(address: str, tmp_path: Path) -> None:
    text = (ROOT / "musvid" / "page" / "README.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(from gradio_client.*?)```", text, re.DOTALL)
    song = write_wav(tmp_path / "song.wav", music(6.0))
    for old, new in (
        ("http://127.0.0.1:7860", address),
        ("song.mp3", str(song)),
        ('"start": 30, "duration": 15', '"start": 1, "duration": 3, "size": [64, 64]'),
        ("[1080, 1920]", "[108, 192]"),
    ):
        assert old in code
        code = code.replace(old, new)
    found: dict[str, Any] = {}
    exec(code, found)
    assert found["plan"]["frames"] > 60 and found["settings"]["stride"] == Recipe().stride
    assert Image.open(found["drawn"]).size == (64, 64)
    assert Image.open(found["sheet"]).width > 3 * 36  # three tiles, as the video shows them
    assert load_settings(found["video"]).style.prompt == "teal coral"
