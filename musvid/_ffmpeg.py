"""The one place that starts ffmpeg.

ffmpeg comes with imageio-ffmpeg, so that its version is known. Arguments are always a list and
never pass a shell; a user's file is opened through the ``file:`` protocol, so that its name is
just a name (``-x.mp3``, ``%04d``, ``http:...`` mean nothing), with whitelists that let media
containers in and playlists, scripts and network addresses not. An ffmpeg that gives no sign of life
while somebody waits for it is ended, with whatever it may have started.
"""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import TracebackType

import numpy as np

from .errors import FFmpegError, MusvidError, quoted
from .frame import Frame

# Demuxers of media containers only: nothing that names other files (hls, concat, dash, sdp,
# image2) and nothing that runs a script.
FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dts,eac3,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,"
    "mp3,mpc,mpc8,mpeg,mpegts,ogg,tak,tta,voc,w64,wav,wv"
)


PATIENCE = 60.0
"""Seconds that ffmpeg may take between two signs of life while it is waited for."""

MOST_PIXELS = 20_000_000
"""Pixels of a picture that is decoded at most, whether attached to a song or of a video. A file of
a megabyte can hold one that fills gigabytes; the largest that musvid makes has 16.8 million."""

_LAST_PATIENCE = 600.0  # a long video's index is moved to its front when all frames are in

_SPECIAL = re.compile(r"[=;#\\\r\n]")  # what a backslash stands before in ffmpeg's metadata format
_ESCAPED = r"\\\g<0>"

_FULL = os.strerror(errno.ENOSPC)

# More threads than this hardly help with a sound or small pictures, and cost memory each.
_THREADS = str(min(8, os.cpu_count() or 1))


@cache
def executable() -> str:
    """The path of ffmpeg. Raises MusvidError where there is none."""
    import imageio_ffmpeg

    named = os.environ.get("IMAGEIO_FFMPEG_EXE")
    if named and shutil.which(named) is None:
        raise MusvidError(
            f"IMAGEIO_FFMPEG_EXE names {quoted(named)}, which is no program; correct or unset it."
        )
    try:
        path: str = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        raise MusvidError(
            "There is no ffmpeg here; install imageio-ffmpeg again, or name one with "
            "IMAGEIO_FFMPEG_EXE."
        ) from None
    return path


def identity() -> list[object]:
    """What tells this ffmpeg from others."""
    path = shutil.which(executable()) or executable()
    facts = Path(path).stat()
    return [path, facts.st_size, facts.st_mtime_ns]


def media_input(path: str | os.PathLike[str], *, seek: int = 0, guess: bool = False) -> list[str]:
    """Arguments that open a user's file as media, and as nothing else.

    seek: seconds of the file that are skipped; what comes next begins at time 0. guess: whether
        their end may be guessed from the size of the file, where it takes long to find it.
    """
    return [
        *("-protocol_whitelist", "file,pipe"),
        *("-format_whitelist", FORMATS),
        *("-max_pixels", str(MOST_PIXELS)),
        *(("-fflags", "+fastseek") if seek and guess else ()),
        *(("-ss", str(seek)) if seek else ()),
        *("-i", _named(path)),
    ]


def metadata_input(path: str | os.PathLike[str]) -> list[str]:
    """Arguments that open a file of `metadata`, as musvid writes it."""
    return ["-protocol_whitelist", "file", "-f", "ffmetadata", "-i", _named(path)]


def metadata(texts: Mapping[str, str]) -> str:
    """A file of ffmpeg's metadata format that holds some texts, by their keys.

    The last one is kept as it is; of the others, one that ends in a backslash gets a space behind
    it, as ffmpeg would take the end of its line for a part of it.
    """
    lines = [f"{key}={_SPECIAL.sub(_ESCAPED, text)}" for key, text in texts.items()]
    for number, line in enumerate(lines[:-1]):
        lines[number] = f"{line} " if line.endswith("\\") else line
    return "\n".join([";FFMETADATA1", *lines])


def picture_input(path: str | os.PathLike[str]) -> list[str]:
    """Arguments that open a JPEG file that musvid wrote."""
    return ["-protocol_whitelist", "file", "-f", "mjpeg", "-i", _named(path)]


def _named(path: str | os.PathLike[str]) -> str:
    return "file:" + os.fspath(Path(path))


def _whole(argument: str) -> str:
    """An argument that names a file, with the whole path of that; any other one as it is."""
    file = argument.startswith("file:")
    return _named(Path(argument[5:]).absolute()) if file else argument


def raw_input(width: int, height: int, rate: object) -> list[str]:
    """Arguments that read frames, as `Process.write` sends them, from standard input."""
    return [
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"),
        *("-r", str(rate), "-i", "pipe:0"),
    ]


class Process:
    """A running ffmpeg; a context manager that leaves no process behind.

    Leaving the context normally waits for ffmpeg to end; leaving it by an exception (a closed
    generator, Ctrl-C) ends ffmpeg at once.

    arguments: everything behind ``ffmpeg -nostdin -v error``.
    stdin, stdout: whether to open these as pipes; they are closed otherwise.
    patience: seconds that may pass between two signs of life, beyond the usual `PATIENCE`.
    level: of what ffmpeg tells. hear: called, in another thread, with every line of it.
    folder: in which ffmpeg runs, for a filter that opens files by plain names. Files that the
        arguments name are where they were.
    """

    def __init__(
        self,
        arguments: list[str],
        *,
        stdin: bool = False,
        stdout: bool = False,
        patience: float = 0.0,
        level: str = "error",
        hear: Callable[[str], object] | None = None,
        folder: Path | None = None,
    ) -> None:
        program = executable()
        if folder is not None:
            program = os.path.abspath(shutil.which(program) or program)  # noqa: PTH100
            arguments = [_whole(part) for part in arguments]
        self._errors: deque[str] = deque(maxlen=40)
        self._hear, self._extra = hear, patience
        self._files = [part for part in arguments if part.startswith("file:")]
        self._deadline: float | None = None  # of whoever waits for ffmpeg
        self._gone, self._late = threading.Event(), False
        # A session of its own keeps the terminal's Ctrl-C away from ffmpeg: whoever drives it
        # decides when it ends.
        group: dict[str, object] = (
            {"creationflags": 0x08000200}  # CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP
            if sys.platform == "win32"
            else {"start_new_session": True}
        )
        try:
            self._process = subprocess.Popen(
                [program, "-nostdin", "-hide_banner", "-v", level]
                + ["-threads", _THREADS, "-filter_threads", _THREADS, *arguments],
                cwd=folder,
                # A copy: where another thread, as Ray's client, changes this process's own while a
                # program is begun, that cannot be (EFAULT).
                env=dict(os.environ),
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE if stdout else subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                **group,  # type: ignore[call-overload]
            )
        except OSError as error:
            if error.errno == errno.E2BIG:  # settings in the video, which the caller can tell
                raise
            raise MusvidError(
                f"ffmpeg cannot be started ({error.strerror}); see whether {executable()} is a "
                "program of this machine."
            ) from None
        self._drain = threading.Thread(target=self._collect_errors, daemon=True)
        self._drain.start()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def _watch(self) -> None:
        """End ffmpeg when somebody has waited for too long."""
        while not self._gone.wait(min(1.0, PATIENCE / 4)):
            deadline = self._deadline
            if deadline is not None and time.monotonic() > deadline:
                self._late = True
                self._end()
                return

    @contextlib.contextmanager
    def waiting(self, seconds: float | None = None) -> Iterator[None]:
        """A context in which ffmpeg is ended when it gives no sign of life for too long."""
        self._deadline = time.monotonic() + (seconds or PATIENCE + self._extra)
        try:
            yield
        finally:
            self._deadline = None

    def _collect_errors(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            while line := stream.readline(1000):
                text = line.decode(errors="replace").strip()
                self._errors.append(text)
                if self._hear:
                    self._hear(text)

    @property
    def errors(self) -> str:
        """The last lines that ffmpeg wrote about errors."""
        return "\n".join(self._errors)

    def read_bytes(self, count: int) -> bytes:
        """The next `count` bytes of ffmpeg's output; fewer only at its end."""
        assert self._process.stdout is not None
        with self.waiting():
            data: bytes = self._process.stdout.read(count)
        return data

    def write(self, frame: Frame) -> None:
        """Send one frame to ffmpeg's standard input."""
        assert self._process.stdin is not None
        try:
            with self.waiting():
                self._process.stdin.write(np.ascontiguousarray(frame).data)
        except (BrokenPipeError, OSError):
            self._failed()

    def close_input(self) -> None:
        """Tell ffmpeg that no more frames come."""
        assert self._process.stdin is not None
        # A broken pipe here means that ffmpeg is gone; `wait` tells why.
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def read(self, shape: tuple[int, ...], *, forever: bool = False) -> Frame | None:
        """The next uint8 array of that shape from ffmpeg's output, or None at its end.

        forever: whether ffmpeg may take as long as it likes, because it may wait for its input.
        """
        frame = np.empty(shape, np.uint8)
        view, filled = memoryview(frame.data).cast("B"), 0
        while filled < len(view):
            with contextlib.nullcontext() if forever else self.waiting():
                count = self._process.stdout.readinto(view[filled:])
            if not count:
                return None
            filled += count
        return frame

    def _failed(self) -> None:
        code = self._process.wait()
        self._drain.join(timeout=5)
        reason = self._errors[-1] if self._errors else f"it ended with code {code}"
        # What follows from a full disk is told after it.
        reason = next((line for line in self._errors if _FULL in line), reason)
        if self._late:
            reason = f"it gave no sign of life for {PATIENCE + self._extra:g} s, and was ended"
        for file in self._files:  # a visitor of a page learns nothing of its folders
            reason = reason.replace(file, Path(file).name).replace(file[5:], Path(file).name)
        raise FFmpegError(f"ffmpeg failed: {reason}")

    def wait(self) -> None:
        """Wait for ffmpeg to end. Raises FFmpegError if it failed."""
        with self.waiting(_LAST_PATIENCE):
            code = self._process.wait()
        if code:
            self._failed()
        self._drain.join(timeout=5)

    def kill(self) -> None:
        """End ffmpeg, and whatever it may have started, at once."""
        self._gone.set()
        self._end()
        self._process.wait()
        self._drain.join(timeout=5)
        self._watcher.join(timeout=5)

    def _end(self) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(OSError):
                if sys.platform == "win32":
                    self._process.kill()
                else:
                    os.killpg(self._process.pid, signal.SIGKILL)

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                if self._process.stdin is not None:
                    self.close_input()
                self.wait()
        finally:
            self.kill()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()


def read_frames(
    arguments: list[str], shape: tuple[int, ...], count: int, *, patience: float = 0.0
) -> Iterator[Frame]:
    """The first `count` raw uint8 arrays that ffmpeg writes to ``pipe:1``.

    patience: as for `Process`.

    Raises FFmpegError if ffmpeg ends before it has written that many.
    """
    limit = ["-frames:v", str(count), "-f", "rawvideo", "pipe:1"]
    with Process([*arguments, *limit], stdout=True, patience=patience) as process:
        for index in range(count):
            frame = process.read(shape)
            if frame is None:
                process.wait()
                raise FFmpegError(f"ffmpeg drew {index} of {count} pictures and then stopped.")
            yield frame


def filter_frames(
    arguments: list[str], frames: Iterable[Frame], shape: tuple[int, ...]
) -> Generator[Frame, None, None]:
    """Send frames through ffmpeg (``pipe:0`` to ``pipe:1``) and yield what comes back.

    The frames are taken in the caller's thread, one at a time, whenever ffmpeg has nothing ready;
    only the reading of ffmpeg's output has a thread of its own. So an error of the source (or
    Ctrl-C in it) arrives where it belongs, and memory holds what ffmpeg makes of a few frames.
    """
    with Process([*arguments, "-f", "rawvideo", "pipe:1"], stdin=True, stdout=True) as process:
        ready: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()

        def collect() -> None:
            while (frame := process.read(shape, forever=True)) is not None:
                ready.put(frame)
            ready.put(None)

        def take() -> Frame | None:
            with process.waiting():
                return ready.get()

        reader = threading.Thread(target=collect, daemon=True)
        reader.start()
        try:
            for frame in frames:
                process.write(frame)
                while not ready.empty():
                    if (made := ready.get()) is not None:
                        yield made
            process.close_input()
            while (made := take()) is not None:
                yield made
        except BaseException:
            process.kill()  # so that the reader meets the end of its pipe
            raise
        finally:
            reader.join()
