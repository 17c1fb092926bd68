"""What every entry point does around its work: the console, the signals, and one guard.

A console is never a reason for a render to fail: it may be gone (a closed pipe, a terminal that was
shut), be a file on a full disk, or not know a letter. `kill`, and a terminal that is shut, clean up
as Ctrl-C does. Whatever goes wrong is one sentence.

Imported before everything else, so that Ctrl-C while a command still imports ends it in a word.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from .errors import Cancelled, MusvidError

STOPPED = "Stopped; no video was written."


class _Console:
    """A text stream that swallows what cannot be shown."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                letters = getattr(self._stream, "encoding", None) or "ascii"
                self._stream.write(text.encode(letters, "backslashreplace").decode(letters))
        except (OSError, ValueError):
            self._give_up()
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._give_up()

    def _give_up(self) -> None:
        """Nobody is there: have Python's own last look at the stream go nowhere, too."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def console() -> Iterator[None]:
    """A context in which writing to the console never fails."""
    before = sys.stdout, sys.stderr
    # Without a console (pythonw, closed streams) Python has None there.
    ours = [_Console(stream or Path(os.devnull).open("w")) for stream in before]  # noqa: SIM115
    sys.stdout, sys.stderr = ours
    try:
        yield
    finally:
        for stream in ours:
            stream.flush()
        sys.stdout, sys.stderr = before


def end_by_signals() -> None:
    """Have `kill` and a shut terminal end the work as Ctrl-C does."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.suppress(ValueError):  # not the main thread
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # What somebody ignores (nohup) stays ignored.
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> None:
    if number == getattr(signal, "SIGHUP", None):  # which may come twice, while it cleans up
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def guarded(work: Callable[[], int], *, debug: bool = False, stopped: str = STOPPED) -> int:
    """The exit code of an entry point's work; what went wrong is told in one sentence.

    debug: pass errors on, for their traceback. stopped: what is said when it is stopped.
    """
    try:
        return work()
    except KeyboardInterrupt:
        if debug:
            raise
        print(stopped, file=sys.stderr)
        return Cancelled.exit_code
    except MusvidError as error:
        if debug:
            raise
        print(f"musvid: {error}", file=sys.stderr)
        return error.exit_code
    except Exception as error:
        if debug:
            raise
        print(f"musvid: {sentence(error)}", file=sys.stderr)
        return 1


def sentence(error: Exception) -> str:
    """One sentence for an error that nobody foresaw."""
    what = " ".join(str(error).split())[:200]
    if isinstance(error, MemoryError):
        return "The memory does not suffice; choose a smaller size, or a shorter part."
    if isinstance(error, OSError) and error.strerror:
        where = f" ({str(error.filename)[:200]})" if error.filename else ""
        return f"The system refused something: {error.strerror}{where}; --debug shows where."
    return (
        f"Something unforeseen went wrong ({type(error).__name__}: {what}); --debug shows where, "
        "and a report of it is welcome."
    )


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Ctrl-C before there is anything to clean up."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"{STOPPED}\n")
        sys.stderr.flush()
    os._exit(Cancelled.exit_code)


def _is_command() -> bool:
    """Whether this process was started as musvid's command, rather than by a user of the library.

    While ``python -m`` imports the package, sys.argv begins with "-m".
    """
    if sys.argv[:1] == ["-m"]:
        return any(pair == ("-m", "musvid") for pair in zip(sys.orig_argv, sys.orig_argv[1:]))  # noqa: B905
    return bool(sys.argv) and Path(sys.argv[0]).stem == "musvid"


if _is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    with contextlib.suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, _leave)
