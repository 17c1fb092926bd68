"""What models lack, from the Hugging Face Hub: with progress, and going on where it was broken off.

The hub's library takes a file as a whole, and throws away what it has of it when that is broken
off. So the weights, which are nearly all of a download, are taken here, into the place where that
library finds them; it does the rest. Until a file is whole, what there is of it lies beside its
place, under `PART`. Whole means that it has the SHA-256 that the hub names.

Whoever asks for a download is told of it all the time, and ends it by raising Cancelled then: what
is there by that time stays, and the next download of the same goes on with it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import re
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..errors import ModelError, MusvidError, quoted
from .families import CONFIG, INDEX, check_family, no_model, no_safetensors
from .models import Model, find, has_weights, hub_sources, part_of, read_index, repository
from .quiet import import_quietly
from .refusals import detail, explained, transient
from .style import Style

_log = logging.getLogger(__name__)

PART = ".musvid.incomplete"  # how the name of an unfinished file ends

_PROMPT = 0.1  # seconds between two looks at whether to go on
_TRIES = 5  # one after the other, of which none brings anything
_PATIENCE = 10.0  # seconds in which the hub must answer
_MANY = 10**8  # bytes of a download of which the log tells more than that it begins
_SMALL = (".json", ".txt", ".model", ".jinja")  # of parts: configurations and vocabularies
_HALF = re.compile(r"\.fp16[.-]")
_PLAIN = re.compile(r"(diffusion_pytorch_)?model(-\d+-of-\d+)?\.safetensors")
_NETWORK = re.compile(r"diffusion_pytorch_model[\w.-]*\.safetensors")
_OTHER = re.compile(r"(diffusion_pytorch_|pytorch_)?model(-\d+-of-\d+)?\.bin")


@dataclass(frozen=True)
class Download:
    """Where a download is.

    name: the hub id. done, total: bytes.
    """

    name: str
    done: int
    total: int

    def __str__(self) -> str:
        size, unit = (1e9, "GB") if self.total >= _MANY else (1e6, "MB")
        return f"Downloading {self.name}: {self.done / size:.1f} of {self.total / size:.1f} {unit}"


Told = Callable[[Download], object]
"""Called many times a second while something is downloaded; Cancelled, raised by it, ends that."""


@dataclass(frozen=True)
class _File:
    """A file of weights. path: in its repository. size: bytes. sha256: None where the hub does not
    name it, so that its library takes the file."""

    path: str
    size: int
    sha256: str | None


@dataclass(frozen=True)
class _Repository:
    """What the hub says of a repository. commit: its newest one."""

    name: str
    commit: str
    files: Mapping[str, _File]

    def place(self, file: _File) -> Path:
        """Where its content is once it is whole."""
        return repository(self.name) / "blobs" / str(file.sha256)

    def pointer(self, file: _File) -> Path:
        """Where it is found by its name then."""
        return repository(self.name) / "snapshots" / self.commit / file.path

    def part(self, file: _File) -> Path:
        """Where what there is of it lies until it is whole."""
        return self.place(file).with_name(f"{file.sha256}{PART}")

    def begun(self, file: _File) -> int:
        """How many bytes of it are here."""
        if self.pointer(file).exists():
            return file.size
        if file.sha256 is None:
            return 0
        if self.place(file).exists():
            return file.size
        part = self.part(file)
        return part.stat().st_size if part.exists() else 0


def fetch(style: Style, told: Told | None = None) -> None:
    """Download what a style's model, tiny autoencoder and LoRAs lack, if they lack anything.

    told: by default, the log is told.

    Raises ModelError where something cannot be had, and Cancelled where `told` does.
    """
    model, done = find(style.model), set[str]()
    # Which ControlNets fit is known once the model is here.
    while rest := [name for name in lacking(style) if name not in done]:
        for name in rest:
            _fetch(name, model, told)
        done.update(rest)


def _fetch(name: str, model: Model, told: Told | None) -> None:
    """Download a model, or an addition to it. Raises ModelError where it cannot be had."""
    try:
        if name == model.source:
            pipeline(model, told)
        else:
            addition(name, told)
    except MusvidError:
        raise
    except Exception as error:
        other = ModelError(f"{name} cannot be downloaded; choose another. ({detail(error)})")
        raise explained(error, name) or other from error


def lacking(style: Style) -> list[str]:
    """The hub ids of what a style is made of that are not here, or not whole."""
    sources = hub_sources(find(style.model), style.tiny_autoencoder, style.additions)
    return [name for name in sources if not here(name)]


def here(name: str) -> bool:
    """Whether the weights of a hub id are here, or the one of its files that is named."""
    hub_id, file = part_of(name)
    try:
        return has_weights(name) and (file is not None or not begun(hub_id))
    except OSError:
        return False


def pipeline(model: Model, told: Told | None = None) -> str | None:
    """Download a model of the hub; the variant of its weights that there is.

    Before its weights, only small files are fetched. Raises ModelError where these tell that the
    model cannot repaint pictures, and where there is no room for it; and what the hub's library
    raises, see `refusals.explained`.
    """
    import_quietly()
    from diffusers import DiffusionPipeline

    there = _ask(model.source)
    if INDEX not in there.files:
        raise no_model(model.source, there.files, _config(there))
    index = read_index(_small(there, INDEX).parent)
    check_family(model.name, index)
    weights = _weights(model.name, index, there.files.values())
    _take(there, weights, told, first=_described(index, there.files.values()))
    # What else its class may want, all of it small.
    options: dict[str, Any] = {"use_safetensors": True, "safety_checker": None}
    try:
        DiffusionPipeline.download(model.source, variant="fp16", **options)
    except ValueError as error:
        if "variant" not in str(error):
            raise
        DiffusionPipeline.download(model.source, **options)
        return None
    return "fp16"


def addition(name: str, told: Told | None = None) -> str:
    """The folder of an addition to a model, such as a LoRA: that in the hub's cache, once it is
    there.

    name: a hub id, or one with the only file of it that is wanted. Raises as `pipeline` does.
    """
    from huggingface_hub import snapshot_download

    hub_id, file = part_of(name)
    there = _ask(hub_id)
    if file is not None and file not in there.files:
        raise ModelError(f"{hub_id} has no file {quoted(file)}; choose one that it has.")
    wanted = [there.files[file]] if file else _of_addition(there.files.values())
    _take(there, wanted, told)
    return snapshot_download(hub_id, allow_patterns=["*.json", *(each.path for each in wanted)])


def _of_addition(files: Collection[_File]) -> list[_File]:
    """The weights of an addition: of one network, such as a ControlNet, those in half precision
    where there are such, and of LoRAs all."""
    safe = [file for file in files if _is_weights(file.path)]
    network = [file for file in safe if _NETWORK.fullmatch(file.path)]
    half = [file for file in network if _HALF.search(file.path)]
    return half or network or safe


def begun(name: str) -> bool:
    """Whether a download of a hub id was broken off here."""
    return any((repository(name) / "blobs").glob(f"*{PART}"))


def check_room(name: str, size: float) -> None:
    """Raise ModelError where the hub's cache has no room for so many bytes more of a hub id."""
    from huggingface_hub.constants import HF_HUB_CACHE

    folder = Path(HF_HUB_CACHE)
    there = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
    free = shutil.disk_usage(there).free
    if size > free:
        raise ModelError(
            f"{name} takes {size / 1e9:.1f} GB, and in {folder} {free / 1e9:.1f} GB are free; free "
            "some space, or name another folder with HF_HOME."
        )


class Logged:
    """Tells the log of a download: when it begins, and of a large one at each quarter."""

    def __init__(self) -> None:
        self._quarter: int | None = None

    def __call__(self, download: Download) -> None:
        quarter = 4 * download.done // max(1, download.total)
        if self._quarter is None:
            _log.info(
                "Downloading %s (about %.1f GB) from the Hugging Face Hub, this once.",
                download.name,
                download.total / 1e9,
            )
        elif quarter > self._quarter and download.total >= _MANY:
            _log.info("%s", download)
        self._quarter = quarter


def _ask(name: str) -> _Repository:
    """Ask the hub for a repository."""
    from huggingface_hub import HfApi
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]

    disable_progress_bars()
    # One question with a time limit first: the download itself would retry for half a minute.
    info = HfApi().model_info(name, files_metadata=True, timeout=15)
    files = [
        _File(each.rfilename, each.size or 0, each.lfs.sha256 if each.lfs else None)
        for each in info.siblings or []
    ]
    return _Repository(name, str(info.sha), {file.path: file for file in files})


def _small(there: _Repository, path: str) -> Path:
    """A small file of a repository, downloaded."""
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(there.name, path))


def _config(there: _Repository) -> object:
    """What a repository's config.json holds; None where there is none that can be read."""
    if CONFIG not in there.files or there.files[CONFIG].size > 10**6:
        return None
    with contextlib.suppress(OSError, ValueError, RecursionError):
        return json.loads(_small(there, CONFIG).read_text(encoding="utf-8"))
    return None


def _is_weights(path: str) -> bool:
    return path.endswith(".safetensors")


def _weights(name: str, index: object, files: Collection[_File]) -> list[_File]:
    """The weights of a pipeline among the files of its repository: of every part in half precision,
    where there are such, and else the plain ones. Others that lie beside them are not taken.

    index: what its model_index.json holds. Raises ModelError where a part has only weights that can
    carry programs.
    """
    found: list[_File] = []
    parts = index.items() if isinstance(index, dict) else ()
    for part, made_of in parts:
        if part == "safety_checker" or not isinstance(made_of, list) or not all(made_of):
            continue
        inside = [file for file in files if file.path.rpartition("/")[0] == part]
        names = {file.path: file.path.rpartition("/")[2] for file in inside}
        safe = [file for file in inside if _is_weights(file.path)]
        half = [file for file in safe if _HALF.search(file.path)]
        found += half or [file for file in safe if _PLAIN.fullmatch(names[file.path])]
        if not safe and any(_OTHER.fullmatch(each) for each in names.values()):
            raise no_safetensors(name, str(part))
    return found


def _described(index: object, files: Collection[_File]) -> list[str]:
    """The small files that say what the parts of a pipeline are, such as their configurations.

    Without them, weights would be loaded into another network than theirs.
    """
    parts = index if isinstance(index, dict) else {}
    return [
        file.path
        for file in files
        if file.path.rpartition("/")[0] in parts and file.path.endswith(_SMALL)
    ]


def _take(
    there: _Repository, files: list[_File], told: Told | None, first: Collection[str] = ()
) -> None:
    """Download weights of a repository, as far as they are not here.

    first: small files that are downloaded before. Raises ModelError where there is no room.
    """
    from huggingface_hub import snapshot_download

    total = sum(file.size for file in files)
    missing = total - sum(map(there.begun, files))
    if not missing:
        _tidy(there)
        return
    check_room(there.name, missing)
    told, before = told or Logged(), 0
    known = [file for file in files if file.sha256 is not None]
    for file in known:  # as long as one is there, the model is not whole
        if there.begun(file) < file.size:
            there.part(file).parent.mkdir(parents=True, exist_ok=True)
            there.part(file).touch()
    if first:
        snapshot_download(there.name, allow_patterns=list(first))
    for file in known:

        def tell(before: int = before, file: _File = file) -> None:
            told(Download(there.name, before + min(there.begun(file), file.size), total))

        tell()
        if not there.pointer(file).exists():
            with _alone(there, file, tell):
                _complete(there, file, tell)
        before += file.size
    _tidy(there)
    told(Download(there.name, before, total))


def _tidy(there: _Repository) -> None:
    """Remove parts of files that are whole now, or that another commit had."""
    for part in (repository(there.name) / "blobs").glob(f"*{PART}"):
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(there: _Repository, file: _File, tell: Callable[[], None]) -> Iterator[None]:
    """A context in which nobody else downloads a file: no other thread, and no other process, be it
    one of the hub's own library, whose lock it is."""
    folder = repository(there.name)
    path = folder.parent / ".locks" / folder.name / f"{file.sha256}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    with contextlib.suppress(NotImplementedError):  # a disk without locks
        while not lock.is_locked:
            with contextlib.suppress(Timeout):
                lock.acquire(timeout=_PROMPT)
            tell()
    try:
        yield
    finally:
        lock.release()


def _complete(there: _Repository, file: _File, tell: Callable[[], None]) -> None:
    """Download what a file lacks, and put it in its place."""
    place, part, pointer = there.place(file), there.part(file), there.pointer(file)
    if not place.exists():
        if _grown(there, file, tell) != file.sha256:
            part.unlink()
            raise ModelError(
                f"What arrived of {there.name} is damaged, and was thrown away; begin again."
            )
        part.replace(place)
    pointer.parent.mkdir(parents=True, exist_ok=True)
    try:
        up = "/".join(".." for _ in Path(file.path).parts)
        pointer.symlink_to(Path(up, "..", "blobs", place.name))
    except FileExistsError:
        pass
    except OSError:  # Windows, where links are not allowed
        shutil.move(place, pointer)


def _grown(there: _Repository, file: _File, tell: Callable[[], None]) -> str:
    """Download what a file lacks behind what there is of it; the SHA-256 of all."""
    digest, tries = hashlib.sha256(), 0
    with there.part(file).open("ab+", buffering=0) as out:
        out.seek(0)
        while known := out.read(1 << 20):
            digest.update(known)
            tell()
        while (size := out.tell()) < file.size:
            lost = None
            try:
                for chunk in _rest(there, file, size):
                    if chunk is None:  # the hub sends all of it
                        out.seek(0)
                        out.truncate()
                        digest = hashlib.sha256()
                        continue
                    out.write(chunk)
                    digest.update(chunk)
                    tell()
            except Exception as error:
                if not transient(error):
                    raise
                lost = error
            tries = 0 if out.tell() > size else tries + 1
            if tries >= _TRIES:
                raise ModelError(
                    f"The download of {there.name} broke off, because the connection was lost; "
                    "begin again, and it goes on where it was."
                ) from lost
            if out.tell() < file.size:
                _pause(tell)
    return digest.hexdigest()


def _pause(tell: Callable[[], None]) -> None:
    """Wait for a second, in which the hub may come back."""
    for _ in range(round(1 / _PROMPT)):
        tell()
        time.sleep(_PROMPT)


def _rest(there: _Repository, file: _File, begun: int) -> Iterator[bytes | None]:
    """What the hub sends of a file behind so many bytes; None first where it sends all of it."""
    from huggingface_hub import get_session, hf_hub_url
    from huggingface_hub.utils import (  # type: ignore[attr-defined]
        build_hf_headers,
        hf_raise_for_status,
    )

    address = hf_hub_url(there.name, file.path, revision=there.commit)
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    if begun:
        headers["Range"] = f"bytes={begun}-"
    with get_session().stream("GET", address, headers=headers, timeout=_PATIENCE) as answer:
        hf_raise_for_status(answer)
        if begun and answer.status_code != 206:
            yield None
        yield from answer.iter_bytes()
