"""Paintings of several workers are those of one machine, to the bit; what is said where not."""

from __future__ import annotations

import dataclasses
import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import music, write_wav
from local import Local

from musvid import Lock, Painter, Recipe, SettingsError, Song, Style, _ffmpeg, between, render
from musvid.cluster import ClusterPainter, _identity, address
from musvid.cluster.actor import ActorHand, Agreed
from musvid.cluster.painter import _gaps
from musvid.cluster.pool import Pool
from musvid.cluster.worker import Facts, Loaded, Painting, Worker
from musvid.errors import ClusterError
from musvid.frame import Frame
from musvid.job import resolve
from musvid.paint.drift import Drift
from musvid.store import Store
from musvid.view.settings import View

# diffusers' schedulers, about the numpy of today.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STYLE = Style(strength=0.6)


@pytest.fixture(scope="module", autouse=True)
def _cores() -> Iterator[None]:
    """Workers say how many cores their process uses, and here that is the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSVID_CORES", "1")
        yield


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> list[Local]:
    """Two workers that see the store `store`."""
    store = Store(tmp_path_factory.mktemp("store") / "frames")
    (store.folder / "token").touch()
    make = partial(Worker, 1, "cpu", "off", str(store.folder), "token")
    return [Local(number, make) for number in range(2)]


@pytest.fixture(scope="module")
def store(hands: list[Local]) -> Store:
    return Store(hands[0]._made.args[3])


@pytest.fixture(scope="module")
def painter(hands: list[Local], store: Store) -> ClusterPainter:
    own = Painter(STYLE, device="cpu")
    loaded = Loaded(own.fingerprint, own.device, own.precision)
    return ClusterPainter(Pool(hands), loaded, own.precision, store)


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Song:
    return Song.open(write_wav(tmp_path_factory.mktemp("songs") / "song.wav", music(2.5)))


def recipe(**more: Any) -> Recipe:
    return Recipe(**{"size": (64, 64), "upscale": 1, "style": STYLE, **more})


RECIPES = {
    "relit": recipe(),
    "hybrid by the network": recipe(stride=8, before=4, after=2, interpolator="flavr"),
    "drifting story": recipe(
        drift=Drift(20.0, "up"), story="A: nebula; view mandala", form="0:00 A", size=(64, 96)
    ),
    "locked": recipe(lock=Lock("1/8", bpm=120.0, beat=0.1), relight=False, after=0),
    "tunnel": recipe(view=View(kind="tunnel", shown=(96, 96)), drift=Drift(15.0, "up")),
    "follows the music": dataclasses.replace(
        recipe(), style=dataclasses.replace(STYLE, prompt="0:00 nebula | 0:02 crystal")
    ),
}


IN_CI = ("drifting story", "tunnel", "locked", "follows the music")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.thorough) if name in IN_CI else name for name in RECIPES],
)
def test_the_video_is_that_of_one_machine(
    name: str, song: Song, painter: ClusterPainter, hands: list[Local], tmp_path: Path
) -> None:
    job = resolve(RECIPES[name], song)
    for hand in hands:
        hand.asked.clear()
    spread = render(job, output=tmp_path / "spread.mp4", painter=painter)
    alone = render(job, output=tmp_path / "alone.mp4", device="cpu")
    assert spread.read_bytes() == alone.read_bytes()
    asked = [what for hand in hands for what in hand.asked]
    assert all(hand.asked for hand in hands), "both have worked"
    painted = sum(len(what[1].jobs) for what in asked if what[0] == "paint")
    assert painted == job.clock.painted, "each once"
    assert any(what[0] == "fill" for what in asked) == ("network" in name)


@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, 18, 19, 20, 21, 33, 40])
@pytest.mark.parametrize("factor", [2, 5])
def test_spans_of_gaps_are_together_the_whole(count: int, factor: int) -> None:
    rng = np.random.default_rng(count)
    frames = [rng.integers(0, 256, (6, 8, 3), np.uint8) for _ in range(count)]
    made: list[Frame] = []
    for span in _gaps(frames, factor, interpolator="blend", weights=None):
        part = list(between(span.keyframes, factor, interpolator="blend"))
        made += part[span.skip : span.skip + span.count]
        assert len(span.keyframes) <= 16 + 1 + 2 * 3, "memory is bounded"
    whole = list(between(frames, factor, interpolator="blend"))
    assert np.array_equal(np.stack(made), np.stack(whole))


@pytest.mark.parametrize("factor", [2, 8, 16])
def test_the_network_fills_spans_as_it_fills_the_whole(factor: int, hands: list[Local]) -> None:
    rng = np.random.default_rng(1)
    small = rng.integers(0, 256, (36, 8, 8, 3), np.uint8)
    frames = list(small.repeat(4, 1).repeat(4, 2))
    made = ClusterPainter(Pool(hands), Loaded([], "cpu", "float32"), "float32", None).between(
        iter(frames), factor, interpolator="flavr", weights=None
    )
    whole = between(iter(frames), factor, interpolator="flavr", device="cpu")
    assert np.array_equal(np.stack(list(made)), np.stack(list(whole)))


def test_a_store_that_workers_see_has_everything_at_once(
    song: Song, painter: ClusterPainter, store: Store, hands: list[Local], tmp_path: Path
) -> None:
    store.clear()
    job = resolve(recipe(stride=8, after=8), song)
    first = render(job, output=tmp_path / "first.mp4", painter=painter, store=store)
    kept = {path: path.stat().st_ino for path in (store.folder / "paintings").rglob("*")}
    assert sum(path.is_file() for path in kept) == job.clock.painted
    for path in (store.folder / "videos").iterdir():
        path.unlink()
    for hand in hands:
        hand.asked.clear()
    again = render(job, output=tmp_path / "again.mp4", painter=painter, store=store)
    alone = render(job, output=tmp_path / "alone.mp4", device="cpu", store=store)
    assert first.read_bytes() == again.read_bytes() == alone.read_bytes()
    assert not any(hand.asked for hand in hands), "nothing is painted twice, nor sent"
    now = {path: path.stat().st_ino for path in (store.folder / "paintings").rglob("*")}
    assert now == kept, "on one machine, paintings have the same addresses"


def test_a_store_that_workers_do_not_see_is_filled_by_who_renders(
    song: Song, tmp_path: Path
) -> None:
    store = Store(tmp_path / "frames")
    own = Painter(STYLE, device="cpu")
    make = partial(Worker, 1, "cpu", "off", str(store.folder), "a token of elsewhere")
    hand = Local(0, make)
    loaded = Loaded(own.fingerprint, own.device, own.precision)
    painter = ClusterPainter(Pool([hand]), loaded, own.precision, store)
    job = resolve(recipe(stride=8, after=8), song)
    render(job, output=tmp_path / "one.mp4", painter=painter, store=store)
    assert hand.asked
    hand.asked.clear()
    (next((store.folder / "videos").iterdir())).unlink()
    render(job, output=tmp_path / "two.mp4", painter=painter, store=store)
    assert not hand.asked


def test_another_store_than_the_clusters_is_left_to_its_owner(
    song: Song, painter: ClusterPainter, tmp_path: Path
) -> None:
    store = Store(tmp_path / "mine")
    job = resolve(recipe(stride=8, after=8), song)
    render(job, output=tmp_path / "one.mp4", painter=painter, store=store)
    kept = [path for path in (store.folder / "paintings").rglob("*") if path.is_file()]
    assert len(kept) == job.clock.painted


def test_what_a_lost_worker_had_stored_is_not_painted_again(store: Store) -> None:
    class Counting(Painter):
        painted = 0

        def paint_each(self, jobs: Any, style: Style) -> Iterator[Frame]:
            for painting in super().paint_each(jobs, style):
                Counting.painted += 1
                yield painting

    store.clear()
    worker = Worker(1, "cpu", "off", str(store.folder), "token")
    worker._painters[STYLE.made_of, "float32"] = Counting(STYLE, device="cpu", precision="float32")
    frames = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)
    jobs = [(frame, STYLE.resolve().stroke) for frame in frames]
    kept, half = worker.paint(Painting(STYLE, "float32", jobs[:2], "key"))
    assert kept and len(half) == Counting.painted == 2
    _, whole = worker.paint(Painting(STYLE, "float32", jobs, "key"))
    assert Counting.painted == 4
    assert np.array_equal(np.stack(whole[:2]), np.stack(half))


def test_an_echo_is_refused_with_its_reason(
    song: Song, painter: ClusterPainter, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=r"each painting needs the one before it.*--echo 0"):
        render(resolve(recipe(echo=0.3), song), output=tmp_path / "a.mp4", painter=painter)
    assert not list(tmp_path.iterdir())


def test_strokes_and_none_are_painted_alike(painter: ClusterPainter) -> None:
    own = Painter(STYLE, device="cpu")
    frames = np.random.default_rng(2).integers(0, 256, (7, 64, 64, 3), np.uint8)
    plain = STYLE.resolve().stroke
    strokes = [dataclasses.replace(plain, strength=0.3 + 0.05 * number) for number in range(7)]
    for each in (None, strokes):
        spread = np.stack(list(painter.paint(iter(frames), STYLE, each)))
        assert np.array_equal(spread, np.stack(list(own.paint(iter(frames), STYLE, each))))
        assert spread.flags.writeable


# What is said.


@pytest.mark.parametrize(
    "text", ["auto", "ray://head.example:10001", "10.0.0.1:6379", "[::1]:6379"]
)
def test_addresses_that_are_ones(text: str) -> None:
    assert address.parse(f" {text} ") == text


@pytest.mark.parametrize("text", ["", "head", "http://head:1", "ray://head", "head:0", "a:99999"])
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(SettingsError, match=r"is no cluster; write auto, or"):
        address.parse(text)


def test_without_ray_its_name_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "find_spec", lambda _: None)
    with pytest.raises(ClusterError, match=r'needs Ray; .* pip install "musvid\[cluster\]"'):
        address.join("auto")


def test_a_cluster_that_does_not_answer_is_told_soon() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(ClusterError, match=rf"The cluster {where} does not answer"):
            address._check_there(where)


def test_ffmpeg_is_found_before_rays_client_changes_the_surroundings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: list[int] = []

    def there() -> bool:
        found.append(_ffmpeg.executable.cache_info().currsize)
        return True

    monkeypatch.setattr(address, "find_spec", lambda name: name == "ray")
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(is_initialized=there))
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"):
        monkeypatch.setenv(name, "0")
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    monkeypatch.delenv(address.ADDRESS, raising=False)
    _ffmpeg.executable.cache_clear()
    assert not address.join("auto") and found == [1]


def test_rays_client_is_tried_again_where_its_server_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def init(where: str, **_options: Any) -> None:
        tried.append(where)
        if len(tried) < deaths:
            raise ConnectionAbortedError

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=init))
    deaths = 3
    address._join_there("ray://head:10001", {})
    assert tried == ["ray://head:10001"] * 3
    deaths = 99
    with pytest.raises(ConnectionAbortedError):
        address._join_there("ray://head:10001", {})


@pytest.mark.parametrize("way", ["", "ray://"])
def test_a_token_is_shown_to_who_asks_for_one(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    grpc = pytest.importorskip("grpc")
    monkeypatch.setenv("RAY_AUTH_MODE", "")  # so that it is as before afterwards
    monkeypatch.delenv("RAY_AUTH_MODE")
    refusing = grpc.StatusCode.UNIMPLEMENTED

    class Refuses(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, _details: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(
                lambda _asked, context: context.abort(refusing, "no")
            )

    server = grpc.server(ThreadPoolExecutor(1), handlers=[Refuses()])
    where = f"{way}127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        address._show_token(where)
        assert "RAY_AUTH_MODE" not in os.environ, "Ray cannot work with a token where none is asked"
        refusing = grpc.StatusCode.UNAUTHENTICATED
        monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
        address._show_token(where)
        assert os.environ["RAY_AUTH_MODE"] == "disabled"
        monkeypatch.delenv("RAY_AUTH_MODE")
        address._show_token(where)
        assert os.environ["RAY_AUTH_MODE"] == "token"
    finally:
        server.stop(None)


def test_other_versions_are_named() -> None:
    here = _identity.versions()
    assert not _identity.difference(here, dict(here))
    assert _identity.difference(here, here | {"musvid": "else"}) == "another musvid"
    told = _identity.difference(here, here | {"torch": "1.0"})
    assert told == f"torch 1.0 rather than {here['torch']}"
    assert {"musvid", "Python", "torch", "numpy", "diffusers"} <= here.keys()


def test_a_worker_that_paints_other_pictures_is_refused() -> None:
    import threading

    first, *others = (
        Facts("one, process 1", "cpu", _identity.versions()),
        Facts("two, process 2", "cuda", _identity.versions()),
        Facts("three, process 3", "cpu", {**_identity.versions(), "torch": "1.0"}),
    )
    agreed = Agreed()

    class Says:
        def __init__(self, facts: Facts) -> None:
            self.hello, self._facts = self, facts

        def options(self, **_options: int) -> Says:
            return self

        def remote(self) -> Says:
            return self

        def future(self) -> Future[Facts]:
            told: Future[Facts] = Future()
            threading.Thread(target=told.set_result, args=[self._facts]).start()
            return told

    assert ActorHand(1, lambda: Says(first), agreed).begin().result(10) == first
    for facts, why in zip(others, ("cuda device, and others do not", "torch 1.0"), strict=True):
        with pytest.raises(ClusterError, match=why):
            ActorHand(2, lambda facts=facts: Says(facts), agreed).begin().result(10)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            "Version mismatch: The cluster was started with: Ray: 2.50 Python: 3.12",
            "runs another version of Ray or Python",
        ),
        ("something else", "cannot be joined: something else"),
    ],
)
def test_a_cluster_that_cannot_be_joined_says_why(error: str, told: str) -> None:
    assert told in str(address._unreachable("head:6379", RuntimeError(error)))


def test_the_first_one_says_what_all_have_to() -> None:
    agreed = Agreed()
    assert agreed.agree("cpu") == agreed.agree("cuda") == "cpu"


def test_a_worker_uses_as_many_cores_as_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    from musvid import _device

    monkeypatch.delenv("MUSVID_CORES", raising=False)
    here = _device.cores()
    for named, cores in (("1", 1), ("0", 1), (str(here + 5), here), ("many", here)):
        monkeypatch.setenv("MUSVID_CORES", named)
        assert _device.cores() == cores


def test_nothing_of_ray_is_imported_before_it_is_asked_for() -> None:
    import subprocess
    import sys

    code = "import sys, musvid, musvid.cluster, musvid.__main__; print('ray' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_the_extra_is_what_ci_installs() -> None:
    wanted = Path(__file__).with_name("requirements.txt").read_text().split()
    pyproject = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert f'cluster = ["{wanted[0]}"]' in pyproject
