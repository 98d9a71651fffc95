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
_DTYPES = {np.dtype(f"<{kind}") for kind in ("f4", "f8", "i1", "i2", "i4", "i8")}
_DTYPES |= {np.dtype(f"<{kind}") for kind in ("u1", "u2", "u4", "u8")}
_BY_NAME = {dtype.str: dtype for dtype in _DTYPES}
_MOST_DIMENSIONS = 32

Layout = tuple[tuple[str, str, tuple[int, ...]], ...]


class FrameError(ValueError):
    """Bytes that are no frame of ours."""


class Message(NamedTuple):
    """``what`` it is, the JSON that it ``says``, and its arrays by name."""

    what: str
    says: Mapping[str, Any]
    arrays: Mapping[str, Array]


def sendable(dtype: np.dtype[Any]) -> bool:
    """Return whether arrays of a dtype go through a frame: floats of 4 or 8 bytes, integers."""
    return dtype.newbyteorder("<") in _DTYPES


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
    layout = tuple((name, a.dtype.str, a.shape) for name, a in message.arrays.items())
    if message.says:
        described = _described(message.what, message.says, layout)
    else:
        described = _described_briefly(message.what, layout)
    parts = []
    for name, array in message.arrays.items():
        if not sendable(array.dtype):
            raise FrameError(f"{name} holds {array.dtype} values")
        parts.append(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
        parts.append(bytes(-array.nbytes % _ALIGN))
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
        what, says, layout = _read(described)
        arrays, at = {}, 0
        for name, dtype, shape in layout:
            size = prod(shape)
            try:
                arrays[name] = np.frombuffer(data, _BY_NAME[dtype], size, at).reshape(shape)
            except ValueError as error:
                raise FrameError(f"the bytes of {name} are missing") from error
            at += arrays[name].nbytes
            at += -at % _ALIGN
        if at != len(data):
            raise FrameError("there are bytes of no array")
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


@lru_cache(64)
def _read(described: bytes) -> tuple[str, Mapping[str, Any], Layout]:
    """Return what a description says; checked, although its seal is ours."""
    try:
        match json.loads(described):
            case [str(what), dict(says), list(entries)]:
                return what, says, tuple(_entry(entry) for entry in entries)
    except (ValueError, RecursionError) as error:
        raise FrameError("the description is not JSON") from error
    raise FrameError("the description is not ours")


def _entry(entry: object) -> tuple[str, str, tuple[int, ...]]:
    match entry:
        case [str(name), str(dtype), list(shape)] if (
            dtype in _BY_NAME
            and len(shape) <= _MOST_DIMENSIONS
            and all(type(n) is int and n >= 0 for n in shape)
        ):
            return name, dtype, tuple(shape)
    raise FrameError("an array is not described as ours are")
