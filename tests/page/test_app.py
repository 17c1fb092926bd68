"""The page's command line, what it allows the public, and how it behaves as a Space."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import ROOT, WriteSong, music, tone, write_wav
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from running import running_page

import app


@pytest.mark.parametrize(
    ("arguments", "space", "public"),
    [
        ([], "", False),
        (["--host", "localhost"], "", False),
        (["--host", "127.0.0.9"], "", False),
        (["--host", "::1"], "", False),
        (["--host", "0.0.0.0"], "", True),
        (["--host", "192.168.1.5"], "", True),
        (["--host", "my-computer"], "", True),
        (["--share"], "", True),
        (["--public"], "", True),  # behind a proxy or tunnel, it is reached at 127.0.0.1
        (["--public", "--host", "127.0.0.1"], "", True),
        ([], "someone/musvid", True),
        (["--host", "127.0.0.1"], "someone/musvid", True),
    ],
)
def test_who_can_come_decides_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], space: str, public: bool
) -> None:
    monkeypatch.setenv("SPACE_ID", space)
    assert app.is_public(app.build_parser().parse_args(arguments)) is public


def test_help_names_every_option_and_limit(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        app.main(["--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    wanted = (
        "--host --port --share --public --mcp --device --cluster --any-model MUSVID_MAX_SECONDS "
        "MUSVID_MAX_SIDE MUSVID_MAX_UPLOAD_MB MUSVID_MAX_QUEUE MUSVID_KEEP_MINUTES "
        "MUSVID_MAX_DENOISED MUSVID_MAX_FILMED MUSVID_MAX_ESTIMATE MUSVID_MAX_RENDER "
        "MUSVID_MAX_DISK_GB MUSVID_GRACE_MINUTES MUSVID_ANY_MODEL"
    )
    for name in wanted.split():
        assert name in told


def test_a_wrong_limit_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSVID_MAX_SECONDS", "much")
    with pytest.raises(SystemExit, match="MUSVID_MAX_SECONDS must be a number above 0"):
        app.main([])


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A page for the public on this machine: as a Space with ZeroGPU, whose hub is away."""
    folder = tmp_path_factory.mktemp("space")
    log = folder / "spaces.log"
    environment = {
        "SPACE_ID": "someone/musvid",
        "SPACES_ZERO_GPU": "true",
        "PYTHONPATH": str(ROOT / "tests" / "zerogpu"),
        "SPACES_LOG": str(log),
        "HF_HOME": str(folder / "hub"),
        "no_proxy": "127.0.0.1,localhost",
    }
    with no_network(folder / "asked.txt") as proxy:
        environment |= dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), proxy)
        page = running_page(folder / "page", "--host", "127.0.0.1", gently=True, **environment)
        with page as address:
            yield address, log
    assert not list((folder / "page" / "files").glob("musvid-page-*"))


@contextmanager
def no_network(log: Path) -> Iterator[str]:
    """A proxy that leads nowhere, and writes down who was to be asked; yields its address."""

    class Refusing(BaseHTTPRequestHandler):
        def refuse(self) -> None:
            with log.open("a") as file:
                print(self.path, file=file)
            self.send_error(502)

        do_CONNECT = do_GET = do_HEAD = do_POST = refuse  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def asked(log: Path) -> list[list[object]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_a_space_sees_spaces_before_torch_and_asks_for_time_by_size(
    public: tuple[str, Path], write_song: WriteSong
) -> None:
    address, log = public
    assert asked(log)[0] == ["imported", False]
    client, song = Client(address, verbose=False), write_song(music(4.0))
    for seconds in (0.5, 4.0):
        settings = {"duration": seconds, "upscale": 1, "size": "64x64"}
        client.predict(handle_file(song), settings, api_name="/render")
    client.predict(handle_file(song), 1.0, {"size": "64x64"}, api_name="/paint")
    calls = asked(log)[1:]
    assert [name for name, _ in calls] == ["_render", "_render", "_paint"]
    short, long, one = (float(str(seconds)) for _, seconds in calls)
    assert 0 < short < long <= 300
    assert one <= 60
    # The hub was away: the page started with the model that it has, and said what is missing.
    said = (log.parent / "page" / "log.txt").read_text()
    assert "sd-turbo is not loaded" in said
    assert "sketch is not loaded" not in said
    assert "Traceback" not in said
    assert set((log.parent / "asked.txt").read_text().split()) == {"huggingface.co:443"}


@pytest.mark.parametrize(
    "settings",
    [
        {"style.model": "someone/something"},
        {"style.model": "/etc"},
        {"style.model": "model.safetensors"},
        {"style.tiny_autoencoder": "someone/something"},
        {"style.model": "sd-turbo", "style.lora": "someone/something"},
        {"style.model": "sd-turbo", "style.control": "edges"},
        {"style.model": "sd-turbo", "style.embedding": "someone/something"},
        {"size": "1024x1024"},
        {"duration": 61},
    ],
)
def test_the_public_cannot_go_beyond_the_limits(
    public: tuple[str, Path], tmp_path: Path, settings: dict[str, object]
) -> None:
    song = write_wav(tmp_path / "long.wav", tone(440, 70, rate=8000), 8000)
    client = Client(public[0], verbose=False)
    wanted = {"duration": 5, **settings}
    for endpoint, more in (("/plan", ()), ("/paint", (0.0,)), ("/render", ())):
        with pytest.raises(AppError, match="Here "):
            client.predict(handle_file(song), *more, wanted, api_name=endpoint)


def test_the_public_can_choose_models_of_the_table_only(public: tuple[str, Path]) -> None:
    config = json.loads(urllib.request.urlopen(f"{public[0]}/config", timeout=60).read())
    (model,) = (
        each["props"]
        for each in config["components"]
        if each["props"].get("label") == "Model" and each["type"] == "dropdown"
    )
    assert not model["allow_custom_value"]


def test_files_are_not_shown_unless_they_were_given_out(
    public: tuple[str, Path], tmp_path: Path
) -> None:
    address, log = public
    (tmp_path / "secret.txt").write_text("secret")
    inside = sorted((log.parent / "page" / "files").glob("musvid-page-*"))
    assert inside
    (inside[0] / "kept.txt").write_text("secret")
    for path in (
        tmp_path / "secret.txt",
        inside[0] / "kept.txt",
        ROOT / "app.py",
        ROOT / "requirements.txt",
        log,
        Path("/etc/hostname"),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{address}/gradio_api/file={path}", timeout=60)
        assert refused.value.code in (403, 404)


def test_a_page_without_a_cache_renders_and_leaves_nothing_when_it_ends(
    tmp_path: Path, write_song: WriteSong
) -> None:
    cache = "~nosuchuser/x"
    with running_page(tmp_path / "page", gently=True, MUSVID_CACHE=cache) as address:
        client = Client(address, verbose=False, download_files=tmp_path)
        song = write_song(music(0.5))
        settings = {"style.strength": 0, "size": "64x64", "interpolator": "blend"}
        client.predict(handle_file(song), settings, api_name="/render")
        assert list((tmp_path / "page" / "files").glob("musvid-page-*/*/*/video.mp4"))
    assert not list((tmp_path / "page" / "files").glob("musvid-page-*"))
    told = (tmp_path / "page" / "log.txt").read_text()
    assert told.count("MUSVID_CACHE") == 1
    assert "Traceback" not in told
