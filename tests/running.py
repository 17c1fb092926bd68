"""A page in a process of its own, for the tests that look at it from outside."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from conftest import ROOT


@contextmanager
def running_page(
    folder: Path,
    *options: str,
    command: Sequence[str | Path] = (sys.executable, ROOT / "app.py"),
    cwd: Path = ROOT,
    gently: bool = False,
    **environment: str,
) -> Iterator[str]:
    """``python app.py``, or another command, with its files in a folder; yields its address.

    gently: end it as a user does, which takes seconds where somebody has the page open. Else it is
    killed, with all that it has started.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    files = folder / "files"
    files.mkdir(parents=True)
    own = {"MUSVID_CACHE": str(folder / "cache"), "TMPDIR": str(files)}
    own["GRADIO_TEMP_DIR"] = str(files / "gradio")
    log = (folder / "log.txt").open("w")
    process = subprocess.Popen(
        [*map(str, command), "--port", str(port), *options],
        cwd=cwd,
        env={**os.environ, **own, **environment},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            assert process.poll() is None, (folder / "log.txt").read_text()
            try:
                urllib.request.urlopen(address, timeout=5).read()
                break
            except OSError:
                time.sleep(0.2)
        else:
            raise AssertionError("the page did not answer within two minutes")
        yield address
        assert process.poll() is None, (folder / "log.txt").read_text()
    finally:
        if gently:
            process.send_signal(signal.SIGTERM)
        else:
            _kill(process.pid)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _kill(number: int) -> None:
    with contextlib.suppress(psutil.Error):
        page = psutil.Process(number)
        for one in (page, *page.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                one.kill()


class Cable:
    """What lies between a visitor and a page, and can be cut."""

    def __init__(self, address: str) -> None:
        self._page = int(address.rsplit(":", 1)[1])
        self._open: list[socket.socket] = []
        self._whole = True
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Nothing goes through any more."""
        self._whole = False
        while self._open:
            with contextlib.suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """New connections go through."""
        self._whole = True

    def close(self) -> None:
        """The end."""
        self.cut()
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                if not self._whole:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._page))
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
