"""Settings and labels in an animated WebP, which ffmpeg writes without any: as XMP, in a chunk.

A WebP file is a RIFF of chunks, each with four letters, its length, and padding to an even one. The
first, VP8X, has a flag that says whether there is XMP, which stands behind the pictures.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from xml.sax.saxutils import escape, unescape

from .._tags import NONE, Tags

_HAS_XMP = 0x04  # in the first byte of VP8X
_MOST = 1 << 22  # bytes of XMP that are read
_FIELD = "<dc:{0}><rdf:Alt><rdf:li xml:lang='x-default'>{1}</rdf:li></rdf:Alt></dc:{0}>"
_PACKET = (
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'>"
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    "<rdf:Description rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/'>"
    "{}</rdf:Description></rdf:RDF></x:xmpmeta>"
)
_SETTINGS = re.compile(r"<dc:description><rdf:Alt><rdf:li [^>]*>(.*?)</rdf:li>", re.DOTALL)


def store(path: Path, settings: str, tags: Tags = NONE) -> None:
    """Put settings and tags into an animated WebP that has none. Raises OSError."""
    told = {"title": tags.title, "creator": tags.artist, "description": settings}
    fields = (_FIELD.format(name, escape(text)) for name, text in told.items() if text)
    packet = _PACKET.format("".join(fields)).encode()
    with path.open("r+b") as file:
        _, start, _ = next(_chunks(file))  # VP8X: whatever is animated has it
        file.seek(start)
        flags = file.read(1)[0]
        file.seek(start)
        file.write(bytes([flags | _HAS_XMP]))
        file.seek(0, os.SEEK_END)
        file.write(b"XMP " + struct.pack("<I", len(packet)) + packet + b"\0" * (len(packet) % 2))
        end = file.tell()
        file.seek(4)
        file.write(struct.pack("<I", end - 8))


def read(path: Path) -> str | None:
    """The settings that `store` put into a WebP; None where there are none, or it is none."""
    try:
        with path.open("rb") as file:
            for name, start, length in _chunks(file):
                if name == b"XMP " and length <= _MOST:
                    file.seek(start)
                    text = file.read(length).decode("utf-8", errors="replace")
                    found = _SETTINGS.search(text)
                    return unescape(found[1]) if found else None
    except (OSError, ValueError):
        pass
    return None


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """The letters of each chunk, where it begins in the file, and its length in bytes."""
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WEBP":
        return
    place = 12
    while len(told := file.read(8)) == 8:
        name, length = told[:4], struct.unpack("<I", told[4:])[0]
        yield name, place + 8, length
        place += 8 + length + length % 2
        file.seek(place)
