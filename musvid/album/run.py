"""An album rendered: one video for each song, by one model, again where it was stopped."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from .. import interpolate
from .._entry import sentence
from ..errors import Cancelled, MusvidError, OutputError, SettingsError, quoted
from ..job import Job, prepare
from ..paint.brush import Brush
from ..paint.painter import Painter
from ..paint.style import Style
from ..recipe import Recipe
from ..rendering import code, render
from ..spectrum.guiding import Guide
from ..store import address, content_of, pixels_of
from ..video.naming import is_video_of_ours, unused
from ..video.targets import find
from ..view.cover import load as load_cover
from ..view.logo import load as load_logo
from ..view.settings import RING
from ..words.settings import AUTO
from ..words.writing import beside
from . import notes, page, sheet, stills
from .cards import PICTURE, Card, title
from .notes import Note
from .songs import Entry

Painters = Callable[[Style], AbstractContextManager[Brush]]
"""The loaded model of a style, as a context in which it is painted with."""


class Progress(Protocol):
    """What is told while an album is rendered; from several threads where songs are abreast."""

    def __call__(self, song: str, stage: str, done: int, total: int) -> None:
        """How far a stage of a song is, as `musvid.render` tells it. song: its `Entry.name`."""

    def finished(self, song: str) -> None:
        """A song is rendered, or cannot be."""


class Album:
    """The videos of some songs in a folder. Making one looks at what is there, and writes nothing.

    entries: the songs, see `musvid.album.songs.find`. recipe: of all of them. folder: where videos,
        page and sheet are, or will be. name: what the album is called.
    settle: makes the job of a song, by default with the recipe as it is. more: what else tells this
        album's videos from those of the same recipe.
    overwrite: whether files under the album's names are replaced that musvid did not make.
    memory: the name of the file that remembers what was rendered.
    flavr_weights: as for `musvid.render`.

    A video that is there is kept where it is of the same song, the same recipe and the same code.

    Raises SettingsError where the recipe suits no song, and OutputError where the folder cannot be
    written.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        recipe: Recipe,
        folder: str | os.PathLike[str],
        *,
        name: str,
        settle: Callable[[Path], Job] | None = None,
        more: Sequence[object] = (),
        overwrite: bool = False,
        memory: str = notes.NAME,
        flavr_weights: str | os.PathLike[str] | None = None,
    ) -> None:
        self.entries, self.name, self.folder = list(entries), name, check_folder(folder)
        self.settled = recipe.resolve()
        self._settle = settle or (lambda path: prepare(path, recipe))
        self._overwrite, self._weights = overwrite, flavr_weights
        if recipe.stems or recipe.midi:
            raise SettingsError(
                "Stems and a MIDI file belong to one song; leave them out for a folder of songs."
            )
        view = self.settled.view
        cover = pixels_of(load_cover(view.cover)) if view.cover and view.kind == RING else ""
        words = self.settled.words
        logo = pixels_of(load_logo(words.logo)) if words.logo else ""
        guide = ""
        if recipe.guide:
            Guide(recipe.guide, (8, 8))  # one that is none is told now
            guide = content_of(recipe.guide)
        filling = interpolate.fingerprint(recipe.interpolator, flavr_weights)
        self._made_by = address(recipe.to_json(), cover, logo, guide, filling, code(), *more)
        self._path = self._own(memory, notes.is_ours)
        self._notes = notes.load(self._path)
        self.errors: dict[str, str] = {}
        """Why songs could not be rendered: a sentence for each, by `Entry.name`."""
        self.done = {
            entry.name: note
            for entry in self.entries
            if (note := self._notes.get(entry.content))
            and note.holds(self.folder, self._maker(entry))
        }
        """Of the songs whose videos are there, the notes, by `Entry.name`."""
        self._lock = threading.Lock()

    def _maker(self, entry: Entry) -> str:
        """What tells videos of a song that were made by these settings from others."""
        if self.settled.words.lyrics != AUTO or not (sung := beside(entry.path)):
            return self._made_by
        return address(self._made_by, content_of(sung))

    @property
    def missing(self) -> list[Entry]:
        """The songs that are to be rendered."""
        return [entry for entry in self.entries if entry.name not in self.done]

    def render(
        self,
        *,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
        painters: Painters | None = None,
        abreast: int = 1,
        device: str = "auto",
        precision: str = "auto",
        fast: str = "auto",
        **machine: Any,
    ) -> None:
        """Render what is missing.

        cancel: when this event is set, rendering stops. painters: gives the model of a style; it
            must stand being used by as many threads as songs are rendered at a time. By default
            one is loaded, which paints one song after the other. abreast: how many songs are
            rendered at a time. device, precision, fast, machine: as for `musvid.render`.

        A song that fails is noted in `errors`, and the next one goes on. Raises what `painters`
        raises, Cancelled, and OutputError where the folder cannot be made. Page and sheet are not
        written, see `present`.
        """
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"The folder {self.folder} cannot be made ({error.strerror}); choose another one."
            ) from None
        self.errors.clear()
        use = painters or _one(device, precision, fast)
        machine |= {"device": device, "precision": precision, "fast": fast}
        stop = cancel or threading.Event()

        def work(entry: Entry) -> None:
            if stop.is_set():
                raise Cancelled("The album was stopped.")
            with self._noting(entry):
                job = self._settle(entry.path)
            if entry.name not in self.errors:
                paints = job.recipe.paints
                with use(job.style) if paints else nullcontext() as painter, self._noting(entry):
                    self._render(entry, job, painter, stop, progress, machine)
            if progress:
                progress.finished(entry.name)

        if abreast <= 1:
            for entry in self.missing:
                work(entry)
        else:
            _abreast(work, self.missing, abreast, stop)

    def cards(self) -> list[Card]:
        """What is shown of each song, with pictures out of the videos."""
        return [self._card(number, entry) for number, entry in enumerate(self.entries, 1)]

    def present(self) -> Path | None:
        """Write the page of the album, and a contact sheet beside it, of what is there.

        Returns the path of the page; None where there is no folder to write it in. Raises
        OutputError.
        """
        if not self.folder.is_dir():
            return None
        cards = self.cards()
        beside = ""
        if any(card.picture is not None for card in cards):
            path = self._own(sheet.NAME, sheet.is_ours)
            notes.write(path, sheet.draw(self.name, cards))
            beside = path.name
        path = self._own(page.NAME, page.is_ours)
        notes.write(path, page.write(self.name, cards, beside))
        return path

    @contextmanager
    def _noting(self, entry: Entry) -> Iterator[None]:
        """A context in which a song may fail: why, is noted."""
        try:
            yield
        except Cancelled:
            raise
        except MusvidError as error:
            self.errors[entry.name] = str(error)
        except Exception as error:
            self.errors[entry.name] = sentence(error)

    def _render(
        self,
        entry: Entry,
        job: Job,
        painter: Brush | None,
        stop: threading.Event,
        progress: Progress | None,
        machine: dict[str, Any],
    ) -> None:
        """Render a song, and note that it is there."""
        with self._lock:
            path = self._video(entry)
        video = render(
            job,
            output=path,
            progress=partial(progress, entry.name) if progress else None,
            cancel=stop,
            painter=painter,
            flavr_weights=self._weights,
            **machine,
        )
        seconds = float(job.song.duration)
        moment = 0.0
        with suppress(MusvidError):  # the video is there, whatever its pictures are
            moment = stills.best(video, seconds)
        facts = (video.name, video.stat().st_size, self._maker(entry))
        note = Note(*facts, title(entry), seconds, moment)
        with self._lock:
            self.done[entry.name] = note
            if entry.content:
                self._notes[entry.content] = note
            notes.save(self._path, self._notes)

    def _video(self, entry: Entry) -> Path:
        """Where a song's video goes: never over what musvid did not make, or over another song's
        video."""
        ending = find(self.settled.target).kinds[0].ending
        wish = self.folder / f"{entry.name}{ending}"
        taken = {note.video for name, note in self.done.items() if name != entry.name}
        if self._overwrite and wish.name not in taken:
            return wish

        def free(path: Path) -> bool:
            return path.name not in taken and is_video_of_ours(path)

        (path,) = unused([wish], free, keep=entry.path)
        return path

    def _own(self, name: str, ours: Callable[[Path], bool]) -> Path:
        """Where a file of the album goes."""
        path = self.folder / name
        return path if self._overwrite else unused([path], ours)[0]

    def _card(self, number: int, entry: Entry) -> Card:
        note = self.done.get(entry.name)
        if note is None:
            return Card(number, title(entry), error=self.errors.get(entry.name, ""))
        video = self.folder / note.video
        picture = None
        with suppress(MusvidError):  # a song without a picture is one, too
            picture = stills.still(video, note.moment, PICTURE)
        return Card(number, note.title, video, note.seconds, picture)


def check_folder(folder: str | os.PathLike[str]) -> Path:
    """The path of a folder that can be written, or made. Raises OutputError."""
    path = Path(folder)
    try:
        there, within = path.is_dir(), path.parent.is_dir()
        other = path.is_symlink() or path.exists()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"The folder {quoted(path.name)} cannot be made ({reason}); choose another name."
        ) from None
    if other and not there:
        raise OutputError(f"{path} is a file; choose another folder for the album.")
    if not there and not within:
        raise OutputError(f"The folder {path.parent} does not exist; make it, or choose another.")
    if not os.access(path if there else path.parent, os.W_OK):
        raise OutputError(f"{path} cannot be written; choose a folder that is yours.")
    return path


def _one(device: str, precision: str, fast: str) -> Painters:
    """One model, which is loaded when it is first painted with, and stays for all songs."""
    loaded: dict[object, Painter] = {}
    turn = threading.Lock()

    @contextmanager
    def use(style: Style) -> Iterator[Brush]:
        with turn:
            if style.made_of not in loaded:
                loaded.clear()  # room for it
                made = Painter(style, device=device, precision=precision, fast=fast)
                loaded[style.made_of] = made
            yield loaded[style.made_of]

    return use


def _abreast(
    work: Callable[[Entry], None], entries: Sequence[Entry], count: int, stop: threading.Event
) -> None:
    """Work at several songs at a time. What one raises stops all of them."""
    with ThreadPoolExecutor(count, "song") as pool:
        try:
            for future in as_completed([pool.submit(work, entry) for entry in entries]):
                future.result()
        except BaseException:
            stop.set()
            raise
