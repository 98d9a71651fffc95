"""The process that runs a file: it sets its own limits, runs the file, and answers.

It is started by ``start``, reads the key and a first message (the file's text, the problem, the
limits), says ``started``, runs the file, says ``ran``, binds its functions, says ``ready`` with
what was bound, and then answers one step after the other. Whatever goes wrong is one last
answer, ``failed``.
"""

import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from comparisons.sandbox import frames, kernel
from comparisons.sandbox.frames import Message
from comparisons.sandbox.limits import Limits
from comparisons.sandbox.runner import Runner
from comparisons.sandbox.telling import FailedError
from comparisons.sandbox.words import CHANNEL_LOST


def main(settings: Mapping[str, Any]) -> NoReturn:
    """Run a file and answer until the other side is gone."""
    kernel.bind_to_parent(settings["parent"])
    channel = _Channel(settings["commands"], settings["answers"])
    hello = channel.receive()
    limits = Limits(**hello.says["limits"])
    kernel.set_limits(limits)
    kernel.refuse_calls()
    failed = None
    try:
        runner = Runner(hello, settings, limits)
        channel.send(Message("started", {}, {}))
        channel.send(runner.run())
        channel.send(runner.bind())
        while True:
            channel.send(runner.answer(channel.receive()))
    except FailedError as failure:
        failed = failure
    channel.send(Message("failed", {"kind": failed.kind, "sentence": str(failed)}, {}))
    os._exit(0)


class _Channel:
    """The two pipes, as seen from here. Without them there is nothing left to do."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        # Kept: the file may replace them, and that is found only later.
        self._read, self._write, self._exit = os.read, os.write, os._exit
        key = bytes(self._bytes(frames.KEY_BYTES))
        self._sealer = frames.Sealer(key, "from the file")
        self._unpacker = frames.Unpacker(frames.Sealer(key, "to the file"), sys.maxsize)

    def receive(self) -> Message:
        try:
            return frames.receive(self._bytes, self._unpacker)
        except frames.FrameError:
            self._exit(CHANNEL_LOST)

    def send(self, message: Message) -> None:
        view = memoryview(frames.pack(message, self._sealer))
        try:
            while view:
                view = view[self._write(self._answers, view) :]
        except OSError:
            self._exit(CHANNEL_LOST)

    def _bytes(self, count: int) -> bytearray:
        """Return exactly that many bytes, or end: the other side is gone, or the pipe is."""
        received = bytearray()
        try:
            while len(received) < count:
                piece = self._read(self._commands, min(count - len(received), 1 << 20))
                if not piece:
                    self._exit(0)
                received += piece
        except OSError:
            self._exit(CHANNEL_LOST)
        return received
