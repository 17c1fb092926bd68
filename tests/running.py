"""A page in a process of its own, for the tests that look at it from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from conftest import ROOT


@contextmanager
def running_page(
    folder: Path,
    *options: str,
    command: Sequence[str | Path] = (sys.executable, ROOT / "app.py"),
    cwd: Path = ROOT,
    **environment: str,
) -> Iterator[str]:
    """``python app.py``, or another command, with its files in a folder; yields its address."""
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
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()
