"""Finished frames on disk, addressed by what made them: what is known is not computed twice.

Six kinds of entries, each a file or a few that nothing ever changes:

``spectra``    the drawn spectrum of a sound, in strips of `STRIP` pictures; the address is a hash
               of the sound and of every setting that reaches the drawing.
``paintings``  one painted frame; the address is a hash of the frame that was painted and of
               everything that tells how. So a painting is found again whichever recipe led to it.
``videos``     a finished video, by a hash of everything.
``fits``       a few numbers that were fitted to paintings, by a hash of all that reaches those.
``curves``     what is heard in a sound, as arrays with names, by a hash of the sound.
``sounds``     a WAV file that was made from a sound, by a hash of that.

A file appears under its name when it is complete, and its content is checked when it is read: a
file that is cut off or damaged counts as missing. Everything here can be made again; when the
folder grows above its limit, the least recently used files are deleted.

A store never ends the work it is for: what cannot be written is not kept, and one warning says so.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import os
import shutil
import threading
import time
import uuid
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ._claims import Claim
from ._packing import pack, unpack
from .errors import OutputError, SettingsError, quoted
from .frame import Frame, closed

Draw = Callable[[], Iterator[Frame]]
Paint = Callable[[Iterator[Any]], Iterator[Frame]]

FOLDER = "MUSVID_CACHE"
"""The environment variable that names the folder."""

LIMIT = "MUSVID_CACHE_GB"
"""The environment variable that says how large it may become, in gigabytes (10^9 bytes)."""

_DEFAULT_GB = 5.0
STRIP = 32
"""Pictures of a spectrum per file."""

COMPILED = "compiled"
"""The folder in it of compiled networks, which torch keeps in its own way."""

_KINDS = ("spectra", "paintings", "videos", "fits", "curves", "sounds")
_DIGEST = 16  # bytes of a hash before arrays
_MARK = "musvid-cache"  # a file that says that the folder is one, so that no other is emptied
_TRIM_EVERY = 200_000_000  # bytes written between two looks at the limit
_PAUSE = 60.0  # seconds without writing after a failure: a full disk is left to the video

_log = logging.getLogger(__name__)


def address(*parts: Any) -> str:
    """A hash of numbers, texts, lists and dictionaries: 32 hexadecimal digits."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def content_of(path: str | os.PathLike[str]) -> str:
    """A hash of a file's content, whatever it is called."""
    digest = hashlib.blake2b(digest_size=16)
    with Path(path).open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def pixels_of(frame: Frame) -> str:
    """A hash of a picture's pixels."""
    return hashlib.blake2b(frame.tobytes(), digest_size=16).hexdigest()


def default_folder() -> Path:
    """The folder that `FOLDER` names, or else the platform's place for caches.

    Raises OutputError where there is no such place: the account has no home folder.
    """
    named = os.environ.get(FOLDER, "")
    try:
        if named:
            return Path(named).expanduser()
        from platformdirs import user_cache_path

        if (folder := user_cache_path("musvid")).is_absolute():
            return folder
    except (RuntimeError, KeyError):  # no such user, or one without an account
        pass
    raise OutputError(
        f"The cache {named or 'of musvid'} has no place, because there is no such home folder; "
        f"name a folder with {FOLDER}, or leave it out (--no-cache)."
    )


def usable() -> Store | None:
    """The user's store, or None and one warning where its folder cannot be used.

    Raises SettingsError when `LIMIT` is no size.
    """
    try:
        return Store()
    except OutputError as error:
        _log.warning("%s It goes on without a cache.", error)
        return None


def default_limit() -> int:
    """The limit that `LIMIT` names, in bytes. Raises SettingsError when it is no size."""
    text = os.environ.get(LIMIT, "")
    try:
        gigabytes = float(text or _DEFAULT_GB)
    except ValueError:
        gigabytes = -1.0
    if not 0 <= gigabytes < 1e6:
        raise SettingsError(f"{LIMIT} must be a number of gigabytes such as 5, not {quoted(text)}.")
    return int(gigabytes * 1e9)


class Store:
    """A folder of finished frames.

    folder: made if need be; by default `default_folder`. limit: bytes, by default `default_limit`.

    Several processes may use one folder at the same time, and it may be removed meanwhile. Raises
    OutputError when the folder cannot be used. What cannot be written later is told by a warning.
    """

    def __init__(
        self, folder: str | os.PathLike[str] | None = None, *, limit: int | None = None
    ) -> None:
        self.folder = Path(folder) if folder else default_folder()
        self.limit = default_limit() if limit is None else limit
        self._written = _TRIM_EVERY  # unknown yet: look at the first occasion
        self._making = threading.Lock()
        self._idle_until, self._warned = 0.0, False
        self._make()

    def _make(self) -> None:
        """Make the folder, and a desk in it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # In this order: another process may be making the folder, whose mark comes first.
            others = any(path.name != _MARK for path in self.folder.iterdir())
            if others and not (self.folder / _MARK).exists():
                raise OutputError(
                    f"The folder {self.folder} holds other things; choose an empty one "
                    f"for {FOLDER}."
                )
            (self.folder / _MARK).touch()
            for kind in _KINDS:
                (self.folder / kind).mkdir(exist_ok=True)
            desks = self.folder / "desks"
            desks.mkdir(exist_ok=True)
            self._claim = Claim(desks, desk=True)
            self._desk = self._claim.path  # a folder for what is being written
        except OSError as error:
            raise self._unusable(error) from None

    def spectrum(self, key: str, count: int, draw: Draw) -> Iterator[Frame]:
        """The `count` pictures of a spectrum, from the store, or else drawn and stored.

        From the first missing strip on, all strips are drawn again.
        """
        paths = [
            self.folder / "spectra" / key[:2] / key / f"{number:05d}"
            for number in range(-(-count // STRIP))
        ]
        there = 0
        for number, path in enumerate(paths):
            strip, wanted = self._load(path), min(STRIP, count - STRIP * number)
            if strip is None or len(strip) < wanted:
                break
            there += wanted
            yield from strip[:wanted]
        if there == count:
            return
        with closed(draw()) as drawn:
            pictures: list[Frame] = []
            for done, picture in enumerate(islice(drawn, there, count), there + 1):
                pictures.append(picture)
                # Before the last picture is handed on: nobody may ask for another one.
                if done % STRIP == 0 or done == count:
                    self._save(paths[(done - 1) // STRIP], np.stack(pictures))
                    pictures.clear()
                yield picture

    def paintings(
        self,
        frames: Iterable[Frame],
        key: str,
        paint: Paint,
        strokes: Iterable[Any] | None = None,
        *,
        keep: bool = True,
    ) -> Iterator[Frame]:
        """Frames painted: those that are known from the store, the others by `paint`, and stored.

        key: the address of everything that a painting depends on besides its frame. paint: a
        generator function, as many frames out as in; it is called for every run of frames that are
        not in the store.
        strokes: dataclasses with what changes from painting to painting, one for each frame.
        `paint` then gets pairs of frame and stroke.
        keep: whether what is painted is stored here; not where whoever paints it has done so.
        """
        source: Iterator[Any] = iter(frames if strokes is None else zip(frames, strokes))  # noqa: B905
        for frame in source:
            path = self._painting(frame, key)
            known = self._load(path)
            if known is not None:
                yield known[0]
                continue
            paths = deque([path])
            last: Frame | None = None

            def unknown(first: Any = frame, paths: deque[Path] = paths) -> Iterator[Frame]:
                nonlocal last
                yield first
                for following in source:
                    path = self._painting(following, key)
                    if (known := self._load(path)) is not None:
                        last = known[0]
                        return
                    paths.append(path)
                    yield following

            with closed(paint(unknown())) as made:
                for painting in made:
                    path = paths.popleft()
                    if keep:
                        self._save(path, painting[None])
                    yield painting
            if last is not None:
                yield last

    def keep_painting(self, frame: Frame, stroke: Any, key: str, painting: Frame) -> None:
        """Remember a painting that was made elsewhere, see `paintings`.

        stroke: how the frame was painted, or None where `paintings` gets none.
        """
        job = frame if stroke is None else (frame, stroke)
        self._save(self._painting(job, key), painting[None])

    def fit(self, key: str, make: Callable[[], Sequence[float]]) -> tuple[float, ...]:
        """Some finite numbers, from the store, or else made and stored."""
        path = self.folder / "fits" / key[:2] / key
        with contextlib.suppress(OSError, ValueError):
            digest, _, text = path.read_text("utf-8").partition(" ")
            if digest == address(text):
                os.utime(path)
                return tuple(map(float, text.split()))
        found = tuple(map(float, make()))
        text = " ".join(map(repr, found))
        if time.monotonic() >= self._idle_until:
            self._write(path, lambda new: new.write_text(f"{address(text)} {text}", "utf-8"))
        return found

    def arrays(
        self, key: str, make: Callable[[], Mapping[str, NDArray[Any]]]
    ) -> Mapping[str, NDArray[Any]]:
        """Some arrays of numbers by their names, from the store, or else made and stored."""
        path = self.folder / "curves" / key[:2] / key
        # What is no such file, or a damaged one, is made again.
        with contextlib.suppress(OSError, ValueError, KeyError, zipfile.BadZipFile):
            packed = path.read_bytes()
            digest, body = packed[:_DIGEST], packed[_DIGEST:]
            if digest == hashlib.blake2b(body, digest_size=_DIGEST).digest():
                with np.load(io.BytesIO(body), allow_pickle=False) as known:
                    found = dict(known)
                os.utime(path)
                return found
        made = make()
        if time.monotonic() >= self._idle_until:
            file = io.BytesIO()
            np.savez(file, **made)  # type: ignore[arg-type]  # no name is "allow_pickle"
            body = file.getvalue()
            packed = hashlib.blake2b(body, digest_size=_DIGEST).digest() + body
            self._write(path, lambda new: new.write_bytes(packed))
        return made

    def video(self, key: str) -> Path | None:
        """A finished video, where it is known, and whole."""
        return self._whole("videos", key, ".mp4")

    def keep_video(self, key: str, video: Path) -> None:
        """Remember a finished video."""
        if time.monotonic() < self._idle_until:
            return
        try:
            path = self.folder / "videos" / f"{key}-{content_of(video)}.mp4"
        except OSError:  # somebody has moved it away already
            return
        self._write(path, lambda new: shutil.copyfile(video, new))

    def sound(self, key: str) -> Path | None:
        """A WAV file, where it is known, and whole."""
        return self._whole("sounds", key, ".wav")

    def keep_sound(self, key: str, content: bytes) -> None:
        """Remember the content of a WAV file."""
        if time.monotonic() >= self._idle_until:
            digest = hashlib.blake2b(content, digest_size=16).hexdigest()
            path = self.folder / "sounds" / f"{key}-{digest}.wav"
            self._write(path, lambda new: new.write_bytes(content))

    def _whole(self, kind: str, key: str, ending: str) -> Path | None:
        """A file whose name holds a hash of its content, where it is known and that is so."""
        for path in (self.folder / kind).glob(f"{key}-*{ending}"):
            with contextlib.suppress(OSError):
                if path.stem == f"{key}-{content_of(path)}":
                    os.utime(path)
                    return path
                path.unlink()
        return None

    def clear(self) -> None:
        """Forget everything, and compiled networks, too."""
        for kind in (*_KINDS, COMPILED):
            shutil.rmtree(self.folder / kind, ignore_errors=True)

    def trim(self) -> None:
        """Delete the least recently used files, until the folder is within its limit."""
        # Unless somebody else is at it, or the folder is gone or may not be written.
        with (
            contextlib.suppress(Timeout, OSError, NotImplementedError),
            FileLock(self.folder / "trim.lock", timeout=0),
        ):
            self._trim()

    def _trim(self) -> None:
        entries = []
        for kind in _KINDS:
            for path in (self.folder / kind).rglob("*"):
                with contextlib.suppress(OSError):
                    facts = path.stat()
                    if path.is_file():
                        entries.append((facts.st_mtime_ns, facts.st_size, path))
        size = sum(entry[1] for entry in entries)
        for _, bytes_, path in sorted(entries) if size > self.limit else ():
            with contextlib.suppress(OSError):  # in use, on Windows
                path.unlink()
                size -= bytes_
            if size <= 0.9 * self.limit:
                break
        self._written = 0

    def _painting(self, job: Any, key: str) -> Path:
        frame, *stroke = job if isinstance(job, tuple) else (job,)
        name = address(key, frame.shape, pixels_of(frame), *map(asdict, stroke))
        return self.folder / "paintings" / name[:2] / name

    def _load(self, path: Path) -> Frame | None:
        """The pictures of a file, or None where there is none that is whole."""
        try:
            packed = path.read_bytes()
        except OSError:
            return None
        try:
            pictures = unpack(packed)
        except ValueError:
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used now
        return pictures

    def _save(self, path: Path, pictures: Frame) -> None:
        if time.monotonic() >= self._idle_until:
            packed = pack(pictures)
            self._write(path, lambda new: new.write_bytes(packed))

    def _write(self, path: Path, write: Callable[[Path], object]) -> None:
        """Make a file that appears when it is complete; warn where that does not succeed."""
        try:
            try:
                self._put(path, write)
            except FileNotFoundError:  # somebody has removed the folder
                self._make_again()
                self._put(path, write)
            self._warned = False
        except (OSError, OutputError) as error:
            self._idle_until = time.monotonic() + _PAUSE
            if not self._warned:
                self._warned = True
                told = self._unusable(error) if isinstance(error, OSError) else error
                _log.warning("%s It goes on without it.", told)
        if self._written > _TRIM_EVERY:
            self.trim()

    def _put(self, path: Path, write: Callable[[Path], object]) -> None:
        new = self._desk / uuid.uuid4().hex
        try:
            write(new)
            size = new.stat().st_size
            path.parent.mkdir(parents=True, exist_ok=True)
            new.replace(path)
            self._written += size
        finally:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)

    def _make_again(self) -> None:
        with self._making:  # of several threads, the first one makes it
            if not self._desk.is_dir():
                self._make()

    def _unusable(self, error: OSError) -> OutputError:
        return OutputError(
            f"The cache {self.folder} cannot be written ({error.strerror}); free some space, name "
            f"another folder with {FOLDER}, or leave it out (--no-cache)."
        )
