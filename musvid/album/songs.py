"""The songs of an album: which files of some folders they are, and what their videos are called."""

from __future__ import annotations

import logging
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import _tracks
from ..errors import SongError, listed, quoted
from ..store import content_of
from ..video.naming import is_video_of_ours, stem_of

_log = logging.getLogger(__name__)

# A file of such a name that holds no sound is a broken song; any other one is none.
_SOUND = re.compile(
    r"\.(aac|ac3|aifc?|aiff|alac|amr|ape|au|caf|dsf|flac|m4[ab]|mka|mp[23c]|og[ag]|opus|ra|tta|wav|"
    r"wma|wv)",
    re.IGNORECASE,
)
_UNNAMED = "songs"  # what an album is called whose folder has no name


@dataclass(frozen=True)
class Entry:
    """A song of an album.

    path: the file. name: what its video is called, without an ending; no other song of the album
    has it. content: a hash of the file, or "" where it cannot be read.
    """

    path: Path
    name: str
    content: str


def find(places: Sequence[str | os.PathLike[str]]) -> list[Entry]:
    """The songs of some folders and files, each once.

    places: of a folder, all files in it that hold sound are taken, but none of its own folders; a
        file that is named is taken whatever it holds, unless it is a video that musvid made.

    The songs of one folder stand together, in natural order ("2" before "10"); folders come as they
    are named first. A file with the content of another one is left out. What is left out, but for
    hidden files, is logged. Raises SongError where no song is left.
    """
    taken, silent, ours = _files([Path(place) for place in places])
    if silent:
        _log.info("Left out, because they hold no sound: %s.", _listed(silent))
    if ours:
        _log.info("Left out, because musvid made them: %s.", _listed(ours))
    entries: dict[str, Entry] = {}
    names: set[str] = set()
    for path in taken:
        try:
            content = content_of(path)
        except (OSError, ValueError):  # what is wrong with it is told when it is rendered
            content = ""
        if content and content in entries:
            other = entries[content].path.name
            _log.info("Left out, because it is %s again: %s.", shown(other), shown(path.name))
            continue
        entries[content or str(path)] = Entry(path, _unique(path, names), content)
    if not entries:
        where = listed([quoted(str(place)) for place in places])
        raise SongError(f"There is no song in {where}; name a folder with sound files, or files.")
    return list(entries.values())


def is_song(path: Path) -> bool:
    """Whether a file of a folder is a song, see `find`."""
    if _SOUND.fullmatch(path.suffix):
        return True
    return _sounds(path) and not is_video_of_ours(path)


def title(places: Sequence[str | os.PathLike[str]]) -> str:
    """What an album is called: as its folder, or as the folder of its first file."""
    path = Path(places[0]).absolute() if places else Path.cwd()
    folder = Path(os.path.normpath(path if path.is_dir() else path.parent))
    return folder.name or _UNNAMED


def shown(name: str) -> str:
    """A file's name that can be written everywhere, whatever bytes it has."""
    return os.fsencode(name).decode("utf-8", "replace")


def _files(places: Iterable[Path]) -> tuple[list[Path], list[Path], list[Path]]:
    """The songs in order, files without sound, and videos that musvid made."""
    taken: list[Path] = []
    silent: list[Path] = []
    ours: list[Path] = []
    seen: set[Path] = set()
    for path, named in _walked(places):
        real = path.resolve()
        if real in seen:
            continue
        seen.add(real)
        known = bool(_SOUND.fullmatch(path.suffix))
        if not known and not named and not _sounds(path):
            silent.append(path)
        elif not known and path.is_file() and is_video_of_ours(path):
            ours.append(path)
        else:
            taken.append(path)
    return taken, silent, ours


def _walked(places: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    """Every file, and whether it was named itself. Raises SongError for an unreadable folder."""
    folders: dict[Path, dict[Path, bool]] = {}
    for place in places:
        if not _is_folder(place):
            folders.setdefault(place.absolute().parent, {})[place] = True
            continue
        inside = folders.setdefault(place.absolute(), {})
        try:
            for path in place.iterdir():
                if not path.name.startswith(".") and path.is_file():
                    inside.setdefault(path, False)
        except OSError as error:
            raise SongError(
                f"The folder {quoted(str(place))} cannot be read ({error.strerror}); check its "
                "rights."
            ) from None
    for inside in folders.values():
        for path in sorted(inside, key=lambda path: _natural(path.name)):
            yield path, inside[path]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _sounds(path: Path) -> bool:
    """Whether ffmpeg finds sound in a file; one that cannot be read is told later."""
    try:
        return bool(_tracks.header(path).tracks)
    except OSError:
        return True


def _natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """What names are sorted by: numbers in them as numbers, letters whatever their case."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", folded)
    return [(0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts], name


def _unique(path: Path, names: set[str]) -> str:
    """A name for a song's video that no other one has, on file systems without case either."""
    stem = stem_of(path)
    ending = path.suffix[1:].lower()
    wishes = [stem, f"{stem} ({ending})"] if ending else [stem]
    wishes += [f"{stem} ({number})" for number in range(2, len(names) + 3)]
    for wish in wishes:
        folded = unicodedata.normalize("NFC", wish).casefold()
        if folded not in names:
            names.add(folded)
            return wish
    raise AssertionError("there are more names than songs")


def _listed(paths: Sequence[Path]) -> str:
    return listed([shown(path.name) for path in paths], 6)
