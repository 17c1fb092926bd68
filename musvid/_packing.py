"""Pictures in few bytes, without loss and quickly: what a store and a running render keep.

Of mirrored pictures only the left half is kept, of grey ones one channel. From pixel to pixel
little changes, so that these steps take less room than the pixels. Where most of them are 0, as in
spectra, runs of them are what makes them small; elsewhere Huffman's code alone does, in less than
half the time that zlib's fastest search takes (``tests/benchmarks/store.py``).
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from .frame import Frame, grey, mirrored

_HEADER = struct.Struct(">4IB")  # pictures, height, width, channels; which of these they are
_HALF, _STEPS, _GREY = 1, 2, 4  # the left half; from pixel to pixel of a row; one channel of three
_APART = 16  # rows from one in which steps are counted to the next


def pack(pictures: Frame) -> bytes:
    """Pictures, uint8 (count, height, width, channels), as a file holds them."""
    width, channels = pictures.shape[2:]
    kind = _STEPS
    if all(map(mirrored, pictures)):
        kind |= _HALF
        pictures = pictures[:, :, : width // 2]
    if channels == 3 and all(map(grey, pictures)):
        kind |= _GREY
        pictures = pictures[..., :1]
    steps = np.diff(pictures, axis=2, prepend=np.uint8(0))
    some = steps[:, ::_APART]
    even = 2 * np.count_nonzero(some) < some.size
    packer = zlib.compressobj(1, strategy=zlib.Z_RLE if even else zlib.Z_HUFFMAN_ONLY)
    head = _HEADER.pack(*pictures.shape, kind)
    return packer.compress(head) + packer.compress(steps.tobytes()) + packer.flush()


def unpack(packed: bytes) -> Frame:
    """What was packed. Raises ValueError when it is not whole, which its checksum tells."""
    try:
        content = zlib.decompress(packed)
        count, height, width, channels, kind = _HEADER.unpack_from(content)
        pixels = np.frombuffer(content, np.uint8, offset=_HEADER.size)
        pictures = pixels.reshape(count, height, width, channels)
    except (zlib.error, struct.error) as error:
        raise ValueError(str(error)) from None
    if kind & _STEPS:  # else packed by an older musvid
        pictures = np.cumsum(pictures, axis=2, dtype=np.uint8)
    if kind & _HALF:
        pictures = np.concatenate([pictures, pictures[:, :, ::-1]], 2)
    if kind & _GREY:
        pictures = np.repeat(pictures, 3, 3)
    return pictures if pictures.flags.writeable else pictures.copy()
