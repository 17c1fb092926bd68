"""The page is started here: options, limits, and the server."""

import argparse
import contextlib
import ipaddress
import logging
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Nothing about a visit leaves the machine.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: see musvid._device

from .gpu import ZERO, load_models  # isort: split

import gradio as gr

from .. import MODELS, _memory
from .._device import DEVICES, FAST, PRECISIONS
from .._entry import console, end_by_signals, guarded
from ..cluster import Cluster
from ..cluster.begun import begun
from ..cluster.option import add_option
from ..errors import ClusterError, MusvidError, quoted
from ..store import Store, usable
from ..studio.limits import Limits
from ..studio.machines import abreast
from ..studio.studio import Studio
from ..video.encoder import ENCODERS, pick
from .board import Board
from .browser import scripts, styles
from .build import build
from .presence import Door
from .song import EXAMPLES
from .theme import THEME

_log = logging.getLogger(__name__)


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    command = Path(sys.argv[0]).name
    parser = argparse.ArgumentParser(
        prog="app.py" if command == "app.py" else "musvid app",
        description="The page of musvid. Limits for visitors come from the environment: "
        "MUSVID_MAX_SECONDS (longest clip), MUSVID_MAX_SIDE (of a painting, pixels), "
        "MUSVID_MAX_UPLOAD_MB, MUSVID_MAX_QUEUE (who may wait), MUSVID_MAX_DENOISED (of a render, "
        "billions of pixels times steps), MUSVID_MAX_FILMED (billions of pixels in a video), "
        "MUSVID_MAX_ESTIMATE (expected seconds of a render), MUSVID_MAX_RENDER (seconds until it "
        "is stopped), MUSVID_MAX_DISK_GB (of all visitors' files), MUSVID_KEEP_MINUTES (until what "
        "was shown is deleted), MUSVID_GRACE_MINUTES (until the files of who left are deleted), "
        "MUSVID_ANY_MODEL=1 (visitors may type hub ids and paths).",
    )
    add = parser.add_argument
    on_space = bool(os.environ.get("SPACE_ID"))
    add("--host", default="0.0.0.0" if on_space else "127.0.0.1", help="(default: %(default)s)")
    add("--port", type=int, default=None, help="(default: the first free one from 7860 on)")
    add("--share", action="store_true", help="make a public link")
    add(
        "--public",
        action="store_true",
        help="others reach the page, by a proxy or tunnel: have the limits of a public one",
    )
    add("--mcp", action="store_true", help="be an MCP server, too (needs gradio[mcp])")
    add("--device", choices=DEVICES, default="auto")
    add("--precision", choices=PRECISIONS, default="auto")
    add("--encoder", choices=ENCODERS, default="auto", help="of videos (default: auto)")
    add("--fast", choices=FAST, default="auto", help="compile models for long renders")
    add_option(parser)
    add("--debug", action="store_true", help="show the traceback of an error")
    add("--any-model", action="store_true", help="let visitors of a public page type any model")
    return parser


def is_public(options: argparse.Namespace) -> bool:
    """Whether others than the one who starts it can reach the page."""
    loopback = options.host == "localhost"
    with contextlib.suppress(ValueError):
        loopback = ipaddress.ip_address(options.host).is_loopback
    told = options.public or options.share or bool(os.environ.get("SPACE_ID"))
    return told or not loopback


def main(arguments: list[str] | None = None) -> None:
    """Start the page, and load the default model behind it (with ZeroGPU all, before it)."""
    debug = "--debug" in (sys.argv if arguments is None else arguments)
    with console():
        end_by_signals()
        code = guarded(lambda: _serve(arguments), debug=debug, stopped="Stopped.")
    if code:
        raise SystemExit(code)


def _serve(arguments: list[str] | None) -> int:
    _memory.share()
    options = build_parser().parse_args(arguments)
    if not ZERO:  # there, the card comes with the call that asks for it
        pick(options.encoder)
    try:
        limits = Limits.of(public=is_public(options))
    except MusvidError as error:
        raise SystemExit(f"musvid: {error}") from None
    if ZERO and options.cluster:
        raise SystemExit(
            "musvid: With ZeroGPU the graphics card comes with each call; leave out --cluster."
        )
    if options.any_model:
        limits = replace(limits, any_model=True)
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    _check_temporary()
    _check_address(options.host, options.port)
    try:
        store = usable()
    except MusvidError as error:
        raise SystemExit(f"musvid: {error}") from None
    if options.mcp and find_spec("mcp") is None:
        raise SystemExit('musvid: --mcp needs another package; install "gradio[mcp]".')
    with _machines(options, store) as machines:
        _open(options, limits, store, machines)
    return 0


@contextlib.contextmanager
def _machines(options: argparse.Namespace, store: Store | None) -> Iterator[Cluster | None]:
    """A context with the cluster that the options name, if they do: as long as the page is there.

    Raises SystemExit where it cannot be had.
    """
    if options.cluster is None:
        yield None
        return
    more = {name: getattr(options, name) for name in ("device", "precision", "fast")}
    # It begins in a thread: a signal would end Ray in the middle, and leave processes of it behind.
    with begun(options.cluster, store=store, **more) as coming:
        try:
            cluster = coming.there()
        except MusvidError as error:
            raise SystemExit(f"musvid: {error}") from None
        yield cluster


def _open(
    options: argparse.Namespace, limits: Limits, store: Store | None, machines: Cluster | None
) -> None:
    """Open the page, until it is ended."""
    studio = Studio(
        device=options.device,
        precision=options.precision,
        encoder=options.encoder,
        fast="off" if ZERO else options.fast,  # a borrowed card goes back too soon
        store=store,
        models=len(MODELS) if ZERO else 2,
        longest=limits.render,
        # Half of it is for uploads; the other half holds all renders that work at a time.
        most=limits.disk_bytes and limits.disk_bytes / 2 / max(2, abreast(machines)),
        machines=machines,
    )
    refuse_addresses()
    board = build(studio, limits)
    if ZERO:  # before the page starts, and in this thread
        load_models(studio)
    board.blocks.launch(
        server_name=options.host,
        server_port=options.port,
        share=options.share,
        mcp_server=options.mcp,
        max_file_size=limits.upload * 10**6,
        state_session_capacity=1000,  # 0.3 MB each; `upkeep` forgets who is gone
        app_kwargs={"middleware": [door(board)]},
        theme=THEME,
        css_paths=styles(),
        head=scripts(),
        allowed_paths=[str(path) for path in EXAMPLES.values()],
        show_error=True,
        ssr_mode=False,
        footer_links=["api", "settings"],
        prevent_thread_lock=True,
    )
    board.upkeep.start()
    # Whoever answers requests waits less for threads that render.
    sys.setswitchinterval(0.0005)
    if not ZERO:  # there, only a call that asked for it has something to paint with
        threading.Thread(target=_warm, args=[studio], name="warm", daemon=True).start()
    end_by_signals()  # what was loaded meanwhile may have signals of its own
    board.blocks.block_thread()


def _warm(studio: Studio) -> None:
    """Warm a studio; a page that ends meanwhile can import nothing any more, and needs nothing."""
    try:
        studio.warm()
    except ClusterError as error:
        _log.warning("The cluster does not paint: %s", error)
    except (ImportError, RuntimeError) as error:
        # Pools refuse work a moment before the main thread counts as ended.
        if threading.main_thread().is_alive() and "shutdown" not in str(error):
            raise


def _check_temporary() -> None:
    """Raises SystemExit where uploads and renders have no place."""
    try:
        for folder in filter(None, (tempfile.gettempdir(), os.environ.get("GRADIO_TEMP_DIR"))):
            Path(folder).mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise SystemExit(
            f"musvid: There is no temporary folder that can be written ({error.strerror}); name "
            "one with TMPDIR."
        ) from None


def _check_address(host: str, port: int | None) -> None:
    """Raises SystemExit where no server can listen at an address."""
    try:
        family, kind, *_, address = socket.getaddrinfo(
            host.strip("[]"), port or 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            if os.name != "nt":  # there, it would let two servers share a port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError, UnicodeError) as error:
        if isinstance(error, socket.gaierror | UnicodeError):
            raise SystemExit(
                f"musvid: There is no host {quoted(host)} here; give --host an address of this "
                "machine, or leave it out."
            ) from None
        raise SystemExit(
            f"musvid: The page cannot listen at {quoted(host)}, port {port or 'any'} ({error}); "
            "choose another --port or --host, or leave them out."
        ) from None


def door(board: Board) -> Any:
    """What every request to the page passes, see `presence.Door`."""
    from starlette.middleware import Middleware

    def session(event_id: str) -> str:
        event = board.line.event_ids_to_events.get(event_id)
        return event.session_hash if event else event_id

    return Middleware(
        Door, presence=board.presence, full=lambda: board.upkeep.full, session=session
    )


def refuse_addresses() -> None:
    """Have Gradio refuse addresses where it would fetch what they name.

    It offers no setting for that. Pages and paths go through as before.
    """
    move = gr.blocks.Block.async_move_resource_to_block_cache

    async def refuse(self: Any, url_or_file_path: Any) -> Any:
        if str(url_or_file_path or "").lower().startswith(("http://", "https://")):
            raise gr.Error(
                "Addresses are not fetched; upload the file itself.", print_exception=False
            )
        return await move(self, url_or_file_path)

    gr.blocks.Block.async_move_resource_to_block_cache = refuse  # type: ignore[method-assign]
