"""Who may ask for how much of the page: refused with a reason, served in turn, never lost."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import tiny_models
from conftest import music, names, write_wav

from musvid import Recipe, Song
from musvid.job import resolve
from musvid.page.board import Board
from musvid.page.build import build
from musvid.page.launch import door
from musvid.page.letters import Letters
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio

DRY = {"style.strength": 0, "size": "64x64", "upscale": 1, "interpolator": "blend"}


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A public page in this process, whose upkeep tests do themselves."""
    patch = pytest.MonkeyPatch()
    place = tmp_path_factory.mktemp("temporary")
    patch.setattr(tempfile, "tempdir", str(place))
    patch.setenv("GRADIO_TEMP_DIR", str(place / "gradio"))
    limits = Limits(seconds=120, queue=8, keep=10, denoised=0.5, grace=5)
    made = build(Studio(device="cpu"), limits)
    made.blocks.launch(
        prevent_thread_lock=True, quiet=True, app_kwargs={"middleware": [door(made)]}
    )
    yield made
    made.blocks.close()
    patch.undo()


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("songs") / "song.wav", music(60.0))


class Visitor:
    """A program or a page, by what it sends."""

    def __init__(self, board: Board, address: str | None = None) -> None:
        self.board, self.name = board, uuid.uuid4().hex
        self.answers: dict[str, str] = {}
        self.open: Any = None
        self.head = {"Content-Type": "application/json"}
        if address:
            self.head["X-Forwarded-For"] = address

    def post(self, where: str, body: Any) -> Any:
        """What a request is answered."""
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self.board.blocks.local_api_url}{where}", data)
        for name, value in self.head.items():
            request.add_header(name, value)
        return json.loads(urllib.request.urlopen(request, timeout=60).read())

    def stream(self, where: str, timeout: float = 20) -> Any:
        """A stream of answers, open."""
        url = f"{self.board.blocks.local_api_url}{where}"
        return urllib.request.urlopen(url, timeout=timeout)

    def ask(self, endpoint: str, *given: Any) -> str:
        """Begin a call; the id of its event."""
        return str(
            self.post(f"call/{endpoint}", {"data": given, "session_hash": self.name})["event_id"]
        )

    def answer(self, event: str) -> str:
        """What a call of this session is answered at last."""
        while event not in self.answers:
            if self.open is None:
                self.open = self.stream(f"queue/data?session_hash={self.name}")
            line = self.open.readline().decode()
            if not line:
                self.open = None
            elif line.startswith("data: "):
                told = json.loads(line.removeprefix("data: "))
                if told["msg"] == "process_completed":
                    self.answers[told["event_id"]] = json.dumps(told)
        return self.answers[event]

    def once(self, endpoint: str, event: str) -> str:
        """What a call without a session is answered at last."""
        told, deadline = b"", time.monotonic() + 60
        with self.stream(f"call/{endpoint}/{event}") as stream:
            while line := stream.readline():
                told += line
                assert time.monotonic() < deadline, told  # a heartbeat is no answer
        return told.decode()

    def call(self, endpoint: str, *given: Any) -> str:
        """A call and its answer."""
        return self.answer(self.ask(endpoint, *given))

    def upload(self, path: Path) -> dict[str, Any]:
        """A file, uploaded."""
        edge = "edge"
        head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\n'
        body = head.encode() + path.read_bytes() + f"\r\n--{edge}--\r\n".encode()
        request = urllib.request.Request(
            f"{self.board.blocks.local_api_url}upload",
            body,
            {"Content-Type": f"multipart/form-data; boundary={edge}"},
        )
        (where,) = json.loads(urllib.request.urlopen(request, timeout=60).read())
        return {"path": where, "meta": {"_type": "gradio.FileData"}}


def until(true: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@pytest.fixture
def hold(board: Board) -> Iterator[Callable[[], None]]:
    """No render begins while the fixture is used, until what it gives is called."""
    board.studio._rendering.acquire()
    held = [True]

    def go() -> None:
        if held:
            held.clear()
            board.studio._rendering.release()

    yield go
    go()


def test_the_third_render_is_refused_and_light_events_are_answered(
    board: Board, song: Path, hold: Callable[[], None]
) -> None:
    one, other = Visitor(board), Visitor(board)
    file = one.upload(song)
    asked = {**DRY, "duration": 0.5}
    first, second = (one.ask("render", file, asked) for _ in range(2))
    told = one.call("render", file, asked)
    assert '"success": false' in told
    assert "2 renders of yours are not finished yet" in told
    waiting = other.ask("render", file, asked)
    for _ in range(30):
        began = time.monotonic()
        assert '"success": true' in other.call("plan", file, {"duration": 1})
        assert time.monotonic() - began < 30
    hold()
    for visitor, event in ((one, first), (other, waiting), (one, second)):
        assert '"success": true' in visitor.answer(event)


def test_calls_without_a_session_are_bounded_by_their_address(
    board: Board, song: Path, hold: Callable[[], None]
) -> None:
    crowd = Visitor(board, "8.8.4.4")
    file = crowd.upload(song)
    asked = {"data": [file, {**DRY, "duration": 0.5}]}

    def ask(visitor: Visitor) -> str:
        return str(visitor.post("call/render", asked)["event_id"])

    events = [ask(crowd)]
    until(lambda: any(board.line.active_jobs))  # or it is taken from the queue between two others
    events += [ask(crowd) for _ in range(7)]
    assert "from your address are waiting already" in crowd.once("render", events[-1])
    honest = Visitor(board, "8.8.8.8")
    event = ask(honest)
    hold()
    assert "event: complete" in honest.once("render", event)
    queue = board.line.event_queue_per_concurrency_id["render"].queue
    assert len(queue) >= 2, "the honest one had its turn before the crowd"
    until(lambda: not queue and not any(board.line.active_jobs), 60)


def test_whoever_waits_can_leave_the_queue(
    board: Board, song: Path, hold: Callable[[], None]
) -> None:
    one, other, settings = Visitor(board), Visitor(board), {**DRY, "duration": 1.0}
    first = one.ask("render", one.upload(song), settings)
    until(lambda: board.line._running("render"))
    second = other.ask("render", other.upload(song), settings)
    queue = board.line.event_queue_per_concurrency_id["render"].queue
    until(lambda: queue)
    board.line.leave(one.name, "render")  # what runs is stopped in another way
    board.line.leave(other.name, "render")
    assert '"success": true' in other.answer(second)
    assert not queue
    hold()
    assert '"success": true' in one.answer(first)


def test_nothing_gets_past_the_queue(board: Board) -> None:
    for index, event in board.blocks.fns.items():
        if event.queue and event.fn is not None:
            with pytest.raises(urllib.error.HTTPError) as refused:
                Visitor(board).post("run/predict", {"data": [], "fn_index": index})
            assert refused.value.code == 404


def test_too_much_work_is_refused_before_it_begins(board: Board, song: Path) -> None:
    visitor = Visitor(board)
    file = visitor.upload(song)
    hard = {"fps": 60, "stride": 1, "before": 1, "after": 1, "style.steps": 200, "duration": 60}
    for endpoint in ("plan", "render"):
        told = visitor.call(endpoint, file, hard)
        assert '"success": false' in told
        assert "Here a render may denoise 0.5 billion pixels" in told
    moment = {"style.steps": 200, "size": "512x512", "duration": 1, "upscale": 1}
    told = visitor.call("paint", file, 0.5, moment)
    assert "Here 5 million pixels may be denoised for a moment" in told
    recipe = Recipe.from_flat(hard | {"fps": 60})
    data, _ = board.filled(recipe, None)
    values = {part: data.get(part) for part in board.controls.values()}
    values[board.controls["duration"]] = 60
    values[board.controls["start"]] = 0
    line, _ = board.on_plan({**values, board["song"]: str(song)})
    assert "3600 paintings" in line
    assert "Here a render may denoise" in line


def test_a_render_whose_program_has_gone_ends(
    board: Board, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("musvid.page.presence._COMING", 0.5)
    visitor = Visitor(board)
    event = visitor.ask("render", visitor.upload(song), {**DRY, "size": "512x512"})
    stream = visitor.stream(f"call/render/{event}")
    until(lambda: [each for each in threading.enumerate() if each.name == "render"])
    stream.close()
    until(lambda: not [each for each in threading.enumerate() if each.name == "render"], 20)
    until(lambda: not any(board.line.active_jobs), 20)


def test_no_frames_of_a_programs_render_are_kept_and_its_files_expire(
    board: Board, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(board)
    file = visitor.upload(song)
    before = set(board.visits._root.glob("*/*"))
    answer = visitor.call("render", file, {**DRY, "duration": 1})
    (made,) = set(board.visits._root.glob("*/*")) - before
    assert names(made) == {"video.mp4"}
    served = Path(json.loads(answer)["output"]["data"][0]["path"])
    assert served.is_file()
    board.upkeep.once()
    assert made.exists()
    assert served.is_file()
    now = time.monotonic()
    later = now + 11 * 60
    monkeypatch.setattr(board.visits, "_now", lambda: later)
    monkeypatch.setattr(board.upkeep.served, "_now", lambda: later)
    board.upkeep.once()
    assert not made.exists()
    assert not served.exists()
    assert not Path(file["path"]).exists()  # on a public page


def test_sessions_of_programs_do_not_add_up(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    known = board.line.server_app.state_holder.session_data  # type: ignore[union-attr]
    before = len(known)
    for _ in range(20):  # each is a session of its own
        visitor = Visitor(board)
        event = visitor.post("call/settings", {"data": []})["event_id"]
        assert "event: complete" in visitor.once("settings", event)
    until(lambda: len(known) <= before)
    for _ in range(20):
        Visitor(board).call("settings")
    later = time.monotonic() + 120
    monkeypatch.setattr(board.presence, "_now", lambda: later)
    board.upkeep.once()
    assert len(known) <= before


def test_a_crowd_that_never_reads_costs_nobody_an_answer(
    board: Board, song: Path, hold: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board.line.pending_messages_per_session, "_room", 10)
    honest = Visitor(board, "8.8.8.8")
    file = honest.upload(song)
    asked = {"data": [file, {**DRY, "duration": 0.5}]}
    event = honest.post("call/render", asked)["event_id"]
    unread = honest.post("call/plan", {"data": [file, {"duration": 1}]})["event_id"]
    until(lambda: unread not in board.line._busy())
    crowd = Visitor(board, "8.8.4.4")
    for _ in range(30):  # each is a session of its own, whose answer nobody fetches
        crowd.post("call/render", asked)
    assert '"success": true' in Visitor(board).call("plan", file, {"duration": 1})
    hold()
    assert "event: complete" in honest.once("render", event)
    until(lambda: not any(board.line.active_jobs), 60)
    known = board.line.pending_messages_per_session
    assert unread not in known  # the oldest of those that were answered
    assert len(known) <= 20
    assert unread not in board.line.pending_event_ids_session


def test_a_message_to_a_session_that_has_gone_stops_nothing(
    board: Board, song: Path, hold: Callable[[], None]
) -> None:
    lost, other = Visitor(board), Visitor(board)
    file = other.upload(song)
    events = [lost.ask("render", file, {**DRY, "duration": 0.5}) for _ in range(2)]
    assert events
    del board.line.pending_messages_per_session[lost.name]
    waiting = other.ask("render", file, {**DRY, "duration": 0.5})
    hold()
    assert '"success": true' in other.answer(waiting)
    assert not board.line.stopped


def test_uploads_are_refused_while_there_is_no_room(
    board: Board, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board.upkeep, "full", True)
    with pytest.raises(urllib.error.HTTPError) as refused:
        Visitor(board).upload(song)
    assert refused.value.code == 507
    assert "no room for more files" in refused.value.read().decode()


def test_a_dropped_connection_loses_no_render(board: Board, song: Path) -> None:
    visitor = Visitor(board)
    render = next(one for one in board.blocks.fns.values() if one.name == "on_render")
    back = next(one for one in board.blocks.fns.values() if one.name == "on_return")
    path = visitor.upload(song)["path"]
    shown, _ = board.filled(Recipe.from_flat({**DRY, "size": "128x128", "duration": 12}), path)
    state = board.line.server_app.state_holder[visitor.name]  # type: ignore[union-attr]
    state[board["song"]._id] = path
    shown[board["moment"]] = 3.0
    values = {name: shown.get(part, board.first[name]) for name, part in board.controls.items()}
    shown[board.held] = json.dumps(values)
    data = [shown.get(part, board.first.get(name)) for part, name in _named(board, render.inputs)]
    board.visitors.arrive(visitor.name, "ab" * 16)
    heart = visitor.stream(f"heartbeat/{visitor.name}")
    join = {"session_hash": visitor.name, "fn_index": render._id, "data": data}
    visitor.post("queue/join", join)
    stream = visitor.stream(f"queue/data?session_hash={visitor.name}")
    until(lambda: board.runnings.busy("ab" * 16))
    stream.close()
    heart.close()
    until(lambda: board.presence.away(visitor.name) > 0)
    until(lambda: not any(board.line.active_jobs))
    board.upkeep.once()
    until(lambda: not board.runnings.busy("ab" * 16), 90)
    board.upkeep.once()  # the grace is not over
    for again in (False, True):  # the page is loaded again, and once more
        visitor = Visitor(board)
        join["session_hash"] = visitor.name
        event = visitor.post("queue/join", {**join, "fn_index": back._id, "data": ["ab" * 16]})[
            "event_id"
        ]
        told = visitor.answer(event)
        assert "Finished" in told
        assert "360 of 360 frames" in told
        assert again or " s.mp4" in told


def _named(board: Board, parts: Any) -> Iterator[tuple[Any, str]]:
    names = {part: name for name, part in board.controls.items()}
    for part in parts:
        yield part, names.get(part, "")


def test_frames_of_an_earlier_render_are_read_back(board: Board, song: Path) -> None:
    visitor = uuid.uuid4().hex
    job = resolve(Recipe.from_flat(DRY), Song.open(song).part(0, 1))
    folder, stopped = board.visits.new(visitor)
    (*_, _last) = board.studio.render(job, folder, stop=stopped)
    board.visits.new(visitor)
    assert names(folder) == {"video.mp4"}
    results = next(one for one in board.blocks.fns.values() if one.name == "on_pack")
    made = results.fn({"video": str(folder / "video.mp4")})  # type: ignore[misc]
    (update,) = made.values()
    import zipfile

    with zipfile.ZipFile(update["value"]) as archive:
        assert len(archive.namelist()) == 30


def test_a_session_may_be_dropped_by_each_of_its_streams() -> None:
    letters = Letters(set, lambda _: None)
    letters["one"] = []
    for _ in range(2):
        del letters["one"]
    assert "one" not in letters


@pytest.mark.parametrize(
    ("told", "others", "kept"),
    [
        pytest.param(b'data: {"msg":"close_stream"}', 0, True, id="read to its end"),
        pytest.param(b'data: {"msg":"heartbeat"}', 1, True, id="another one is open"),
        pytest.param(b'data: {"msg":"heartbeat"}', 0, False, id="gone"),
    ],
)
@pytest.mark.usefixtures("hold")
def test_a_stream_that_breaks_off_drops_nothing_of_who_is_still_there(
    board: Board, song: Path, told: bytes, others: int, kept: bool
) -> None:
    here = Visitor(board)
    data = here.upload(song)
    for _ in range(2):  # one runs, or waits as well
        here.ask("render", data, {**DRY, "duration": 0.5})
    line = board.line

    def waiting() -> int:
        queues = line.event_queue_per_concurrency_id.values()
        return sum(event.session_hash == here.name for one in queues for event in one.queue)

    until(waiting)

    async def breaks_off(_scope: Any, _receive: Any, send: Any) -> None:
        """What Gradio does where a browser has closed its stream."""
        await send({"type": "http.response.body", "body": told})
        del line.pending_messages_per_session[here.name]
        await line.clean_events(session_hash=here.name)

    async def sent(_message: Any) -> None:
        pass

    passes = door(board)
    app = passes.cls(breaks_off, *passes.args, **passes.kwargs)
    query = f"session_hash={here.name}".encode()
    scope = {"type": "http", "method": "GET", "path": "/queue/data", "query_string": query}
    with ExitStack() as stack:
        for _ in range(others):
            stack.enter_context(board.presence.streams.opened(here.name, sent))
        work = app(scope, None, sent)
        assert line._loop is not None
        asyncio.run_coroutine_threadsafe(work, line._loop).result(10)
    assert (here.name in line.pending_messages_per_session) == kept
    assert bool(waiting()) == kept


def test_memory_is_given_back_now_and_then(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[bool] = []
    monkeypatch.setattr("musvid.page.upkeep.give_back", lambda: given.append(True))
    monkeypatch.setattr(board.upkeep, "_trimmed", time.monotonic())
    board.upkeep.once()
    assert not given
    monkeypatch.setattr("musvid.page.upkeep._TRIM", 0.0)
    board.upkeep.once()
    assert given == [True]


def test_a_render_that_waits_for_a_download_is_in_nobodys_way(
    board: Board, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = tiny_models.sd15(tmp_path / "sd15")
    model = {"style.model": "tiny/one", "style.strength": 0.5, "style.steps": 1}
    asked = {**DRY, "duration": 0.5}
    with tiny_models.Hub({"tiny/one": published}) as hub:
        hub.instead(monkeypatch, tmp_path / "cache")
        hub.pace = 10_000
        one, other = Visitor(board), Visitor(board)
        file = one.upload(song)
        waiting = one.ask("render", file, {**asked, **model, "style.guidance": 1})
        until(lambda: hub.ranges)
        for kind in ("render", "paint"):
            given = (asked,) if kind == "render" else (0.1, {**asked, "style.strength": 0.5})
            assert '"success": true' in other.call(kind, file, *given)
        # The first one still waits; the other is forgotten a moment after it was answered.
        until(lambda: len(board.line._running("render")) == 1)
        hub.pace = None
        assert '"success": true' in one.answer(waiting)
    until(lambda: not any(board.line.active_jobs), 20)
    assert not any(board.line._aside.values())
