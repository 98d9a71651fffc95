"""Frames: messages of plain arrays through a pipe, each with a seal.

A frame is a fixed head (magic, length of the description, length of the data, seal), then the
description in JSON, then the bytes of the arrays, little endian, each from a multiple of 8 on.
The seal is a keyed hash of the direction, the frame's number and its content. Whoever writes to
the pipe without the key is found, and so is whoever repeats or leaves out a frame.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from math import prod
from struct import Struct
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

KEY_BYTES = 32
#: Descriptions of more bytes than this are refused.
MOST_DESCRIBED = 1 << 20

_MAGIC = b"kp01"
_HEAD = Struct("<4sIQ16s")
HEAD_BYTES = _HEAD.size
_ALIGN = 8
_KINDS = ("f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
_BY_NAME = {dtype.str: dtype for kind in _KINDS for dtype in [np.dtype(f"<{kind}")]}
_MOST_DIMENSIONS = 32

Layout = tuple[tuple[str, str, tuple[int, ...]], ...]


class FrameError(ValueError):
    """Bytes that are no frame of ours."""


class Message(NamedTuple):
    """``what`` it is, the JSON that it ``says``, and its arrays by name."""

    what: str
    says: Mapping[str, Any]
    arrays: Mapping[str, Array]


def little(array: Array) -> Array:
    """Return an array as it goes through a frame; most are so already.

    Raises ``FrameError`` for what does not: all but floats of 4 or 8 bytes, and integers.
    """
    if array.dtype.str in _BY_NAME:
        return array
    dtype = array.dtype.newbyteorder("<")
    if dtype.str not in _BY_NAME:
        raise FrameError(f"{array.dtype} values")
    return array.astype(dtype)


class Sealer:
    """The seals of one direction, in the order of its frames."""

    def __init__(self, key: bytes, direction: Literal["to the file", "from the file"]) -> None:
        self._key = key
        self._person = direction.encode()[:16]
        self._count = 0

    def seal(self, described: bytes, data: bytes | bytearray | memoryview) -> bytes:
        """Return the seal of the next frame."""
        hashed = blake2b(
            self._count.to_bytes(8, "little"), digest_size=16, key=self._key, person=self._person
        )
        self._count += 1
        hashed.update(described)
        hashed.update(data)
        return hashed.digest()


def pack(message: Message, sealer: Sealer) -> bytes:
    """Return a message as a frame. Raises ``FrameError`` for arrays that are not sendable."""
    layout, parts = [], []
    for name, values in message.arrays.items():
        array = little(values)
        layout.append((name, array.dtype.str, array.shape))
        parts.append(array.tobytes())
        if array.nbytes % _ALIGN:
            parts.append(bytes(-array.nbytes % _ALIGN))
    if message.says:
        described = _described(message.what, message.says, tuple(layout))
    else:
        described = _described_briefly(message.what, tuple(layout))
    data = b"".join(parts)
    head = _HEAD.pack(_MAGIC, len(described), len(data), sealer.seal(described, data))
    return b"".join((head, described, data))


class Unpacker:
    """Frames from the bytes of a pipe; ``most`` is how many bytes the arrays of one may have."""

    def __init__(self, sealer: Sealer, most: int) -> None:
        self._sealer = sealer
        self._most = most

    def lengths(self, head: bytes | bytearray | memoryview) -> tuple[int, int]:
        """Return the lengths of the description and of the data that a head announces.

        Raises ``FrameError`` for what is no head, or for too much.
        """
        magic, described, data, _ = _HEAD.unpack(head)
        if magic != _MAGIC or described > MOST_DESCRIBED or data > self._most:
            raise FrameError("this is no frame")
        return described, data

    def message(self, head: bytes | bytearray | memoryview, rest: bytearray) -> Message:
        """Return the message of a whole frame; its arrays are views of ``rest``.

        Raises ``FrameError`` for a broken seal, and for what does not fit together.
        """
        length, _ = self.lengths(head)
        described, data = bytes(rest[:length]), memoryview(rest)[length:]
        if not compare_digest(self._sealer.seal(described, data), _HEAD.unpack(head)[3]):
            raise FrameError("the seal is not ours")
        what, says, places, total = _read(described)
        if total != len(data):
            raise FrameError("the bytes are not those of the arrays")
        arrays = {
            name: np.ndarray(shape, dtype, data, at if size else 0)
            for name, dtype, shape, size, at in places
        }
        return Message(what, says, arrays)


def receive(read: Callable[[int], bytearray], unpacker: Unpacker) -> Message:
    """Return the next message; ``read`` returns that many bytes, or raises."""
    head = read(HEAD_BYTES)
    return unpacker.message(head, read(sum(unpacker.lengths(head))))


def _described(what: str, says: Mapping[str, Any], layout: Layout) -> bytes:
    described = json.dumps([what, says, layout], separators=(",", ":")).encode()
    # The data begin at a multiple of 8, so that the arrays do.
    return described + b" " * (-len(described) % _ALIGN)


@lru_cache(64)
def _described_briefly(what: str, layout: Layout) -> bytes:
    """Return a description that recurs at every step."""
    return _described(what, {}, layout)


class _Place(NamedTuple):
    """Where an array is among the data of a frame, in bytes."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    size: int
    at: int


@lru_cache(64)
def _read(described: bytes) -> tuple[str, Mapping[str, Any], list[_Place], int]:
    """Return what a description says, and how many bytes of data it describes."""
    try:
        match json.loads(described):
            case [str(what), dict(says), list(entries)]:
                return what, says, *_places(entries)
    except (ValueError, RecursionError) as error:
        raise FrameError("the description is not JSON") from error
    raise FrameError("the description is not ours")


def _places(entries: list[object]) -> tuple[list[_Place], int]:
    places, at = [], 0
    for entry in entries:
        match entry:
            case [str(name), str(dtype), list(shape)] if (
                dtype in _BY_NAME
                and len(shape) <= _MOST_DIMENSIONS
                and all(type(n) is int and n >= 0 for n in shape)
            ):
                size = prod(shape) * _BY_NAME[dtype].itemsize
                places.append(_Place(name, _BY_NAME[dtype], tuple(shape), size, at))
                at += size + -size % _ALIGN
            case _:
                raise FrameError("an array is not described as ours are")
    return places, at
