"""Frames: what goes in comes out, and what anybody else writes is found."""

import numpy as np
import pytest

from comparisons.sandbox import frames
from comparisons.sandbox.frames import FrameError, Message, Sealer, Unpacker

KEY = bytes(range(32))
MESSAGE = Message(
    "record",
    {"names": {"a": "ü"}},
    {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3)[:, ::2],
        "empty": np.zeros((0, 3)),
        "number": np.asarray(np.nan),
        "classes": np.array([[1], [2]]),
        "small": np.array([1, 2, 3], np.uint8),
        "last": np.array([-0.0, np.inf, 5e-324]),
    },
)


def received(frame: bytes, unpacker: Unpacker | None = None) -> Message:
    rest = bytearray(frame)

    def read(count: int) -> bytearray:
        if count > len(rest):
            raise FrameError("the pipe has ended")
        piece = rest[:count]
        del rest[:count]
        return piece

    return frames.receive(read, unpacker or Unpacker(Sealer(KEY, "from the file"), 1 << 20))


def packed(message: Message = MESSAGE, key: bytes = KEY) -> bytes:
    return frames.pack(message, Sealer(key, "from the file"))


def test_a_message_comes_out_as_it_went_in() -> None:
    message = received(packed())
    assert message.what == "record"
    assert message.says == MESSAGE.says
    assert list(message.arrays) == list(MESSAGE.arrays)
    for name, array in MESSAGE.arrays.items():
        assert message.arrays[name].dtype == array.dtype
        assert message.arrays[name].shape == array.shape
        assert message.arrays[name].tobytes() == array.tobytes()
        assert message.arrays[name].flags.aligned


def test_big_endian_numbers_keep_their_values() -> None:
    message = received(packed(Message("x", {}, {"a": np.array([1.5, -2.5], ">f8")})))
    assert message.arrays["a"].tolist() == [1.5, -2.5]


@pytest.mark.parametrize(
    "array",
    [
        np.array([None], object),
        np.array([1j]),
        np.array(["a"]),
        np.array([True]),
        np.array([1], np.float16),
        np.array([1], np.longdouble),
    ],
)
def test_other_kinds_of_values_are_refused(array: np.ndarray) -> None:
    if array.dtype == np.float64:
        pytest.skip("long double is double here")
    with pytest.raises(FrameError, match="values"):
        packed(Message("x", {}, {"a": array}))


def test_every_bit_that_is_turned_is_found() -> None:
    frame = packed()
    for at in range(len(frame)):
        wrong = bytearray(frame)
        wrong[at] ^= 1 << at % 8
        with pytest.raises(FrameError):
            received(bytes(wrong))


@pytest.mark.parametrize("key", [bytes(32), bytes(range(1, 33))])
def test_without_the_key_there_is_no_seal(key: bytes) -> None:
    with pytest.raises(FrameError, match="seal"):
        received(packed(key=key))


def test_a_frame_is_not_taken_twice_nor_left_out_nor_sent_back() -> None:
    sealer = Sealer(KEY, "from the file")
    first, second = frames.pack(MESSAGE, sealer), frames.pack(MESSAGE, sealer)
    unpacker = Unpacker(Sealer(KEY, "from the file"), 1 << 20)
    received(first, unpacker)
    with pytest.raises(FrameError, match="seal"):
        received(first, unpacker)
    with pytest.raises(FrameError, match="seal"):
        received(second)
    with pytest.raises(FrameError, match="seal"):
        received(frames.pack(MESSAGE, Sealer(KEY, "to the file")))


def test_what_is_too_large_is_not_waited_for() -> None:
    frame = packed(Message("x", {}, {"a": np.zeros(1000)}))
    with pytest.raises(FrameError, match="no frame"):
        received(frame, Unpacker(Sealer(KEY, "from the file"), 7999))


@pytest.mark.parametrize(
    "described",
    [
        b"no JSON",
        b"[" * 100_000,
        b"{}",
        b'["x", {}, [["a", "<f8", [-1]]]]',
        b'["x", {}, [["a", "<f8", [1.0]]]]',
        b'["x", {}, [["a", "<f8", [true]]]]',
        b'["x", {}, [["a", "|O", [1]]]]',
        b'["x", {}, [["a", "<f8", [2]]]]',
        b'["x", {}, [["a", "<f8", [4611686018427387904, 4]]]]',
        b'["x", {}, [["a", "<f8", [' + b",".join([b"1"] * 33) + b"]]]]",
        b'["x", {}, []]',
    ],
)
def test_a_wrong_description_is_refused_even_under_our_seal(described: bytes) -> None:
    data = bytes(8)
    seal = Sealer(KEY, "from the file").seal(described, data)
    head = frames._HEAD.pack(b"kp01", len(described), len(data), seal)
    with pytest.raises(FrameError):
        received(head + described + data)
