"""One process that runs a file: started, spoken with against the clock, and ended for certain."""

import contextlib
import json
import os
import secrets
import select
import signal
import site
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import scratch
from comparisons.problems import Problem
from comparisons.sandbox import frames
from comparisons.sandbox.directory import OwnDirectory
from comparisons.sandbox.errors import SandboxError
from comparisons.sandbox.frames import Message
from comparisons.sandbox.limits import Limits, in_words
from comparisons.sandbox.source import Source
from comparisons.sandbox.words import CHANNEL_LOST, WEIGHT

#: Starting Python and NumPy is our own time, not the file's; in seconds.
_STARTING = 60
_ENDING = 2
_PIPE_BYTES = 1 << 20
_MARK = "KERAS_PARITY_RUN"
_MAIN_ONLY = 'move what it does at the top level under `if __name__ == "__main__":`'
_ONE_THREAD = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM", "BLIS")


class Process:
    """A process that runs a file, from its start to its end.

    ``shown`` is the number of steps whose results by the reference it may have been shown.
    Every method but ``close`` raises ``SandboxError`` for what the file does.
    """

    def __init__(
        self, source: Source, problem: Problem, limits: Limits, names: Mapping[str, str] | None
    ) -> None:
        self.shown = 0
        self.ready: Message | None = None
        self._name = source.path.name
        self._limits = limits
        self._ran = False
        self._spent = 0.0
        self._printed = bytearray()
        self._printed_count = 0
        self._pending = memoryview(b"")
        self._received = bytearray()
        self._mark = secrets.token_hex(16)
        self._open: list[int] = []
        self._directory = OwnDirectory()
        try:
            self._process = self._started()
        except BaseException:
            self._close_pipes()
            self._directory.remove()
            raise
        key = secrets.token_bytes(frames.KEY_BYTES)
        self._sealer = frames.Sealer(key, "to the file")
        self._unpacker = frames.Unpacker(
            frames.Sealer(key, "from the file"), limits.answer_bytes + (1 << 16)
        )
        self._say(key + frames.pack(_hello(source, problem, limits, names), self._sealer))
        self._write()

    @property
    def output(self) -> str:
        """What was printed while the file was run, as far as it is kept."""
        return self._printed.decode("utf-8", "replace")

    def wait_until_ready(self) -> Message:
        """Return what was bound, once the file has been run."""
        if self.ready is None:
            self._answer(_STARTING, "started", "start")
            self._answer(self._limits.seconds, "ran", "run from top to bottom")
            self._ran = True
            self.ready = self._answer(self._limits.seconds, "ready", "answer first calls")
            self._read_prints()
        return self.ready

    def ask(self, message: Message, wanted: str, doing: str) -> Message:
        """Return the answer to a message; ``doing`` says what the file is at meanwhile."""
        self._say(frames.pack(message, self._sealer))
        return self._answer(self._limits.seconds, wanted, doing)

    def check_alone(self) -> None:
        """See that the file has started no process: where the system lets it, it is found here."""
        if self._others():
            sentence = "it started other processes, which is not allowed here"
            raise self._failure("processes", sentence)

    def close(self) -> None:
        """End the process with all that it has started, and remove its directory."""
        self._kill()
        self._close_pipes()
        self._directory.remove()

    def _started(self) -> "subprocess.Popen[bytes]":
        commands, self._commands = self._pipe()
        self._answers, answers = self._pipe()
        self._prints, prints = self._pipe()
        settings = _settings() | {"commands": commands, "answers": answers}
        process = subprocess.Popen(  # noqa: S603  Python itself, with our own words
            [
                sys.executable,
                *("-s", "-S", "-P", "-X", "utf8"),
                str(Path(__file__).with_name("start.py")),
                json.dumps(settings),
            ],
            stdin=subprocess.DEVNULL,
            stdout=prints,
            stderr=prints,
            pass_fds=(commands, answers),
            cwd=self._directory.path,
            env=self._environment(),
            start_new_session=True,
        )
        for end in (commands, answers, prints):
            os.close(end)
            self._open.remove(end)
        for end in (self._commands, self._answers, self._prints):
            os.set_blocking(end, False)
        self._poll = select.poll()
        self._poll.register(self._answers, select.POLLIN)
        self._poll.register(self._prints, select.POLLIN)
        return process

    def _pipe(self) -> tuple[int, int]:
        import fcntl  # noqa: PLC0415  there is none on Windows, where this is never called

        ends = os.pipe()
        self._open += ends
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):
                fcntl.fcntl(ends[0], fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        return ends

    def _environment(self) -> dict[str, str]:
        own = str(self._directory.path)
        passed = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
        return {
            **{name: os.environ[name] for name in passed if name in os.environ},
            **{f"{library}_NUM_THREADS": "1" for library in _ONE_THREAD},
            **dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME"), own),
            "PATH": os.defpath,
            "LC_ALL": "C.UTF-8",
            "MPLBACKEND": "Agg",
            "PYTHONHASHSEED": "0",
            _MARK: self._mark,
        }

    def _say(self, frame: bytes) -> None:
        self._pending = memoryview(frame)

    def _answer(self, seconds: float, wanted: str, doing: str) -> Message:
        """Return the next message, which must be the one wanted, within so many seconds."""
        before = time.monotonic()
        granted = self._limits.total_seconds - self._spent
        if wanted != "started":
            seconds = min(seconds, granted)
        self._deadline, self._doing, self._seconds = before + seconds, doing, seconds
        try:
            message = frames.receive(self._bytes, self._unpacker)
        except frames.FrameError as error:
            raise self._failure(
                "channel",
                "it wrote to the channel between the two processes, so that no answer can be "
                "trusted: write only to files that you open yourself",
            ) from error
        finally:
            if wanted != "started":
                self._spent += time.monotonic() - before
        if message.what == "failed":
            says = message.says
            raise SandboxError(clean(says["kind"], 40), clean(says["sentence"], 2000))
        if message.what != wanted:
            raise self._failure("channel", "it answered out of turn")
        return message

    def _bytes(self, count: int) -> bytearray:
        """Return exactly that many bytes of answers; what was asked is sent meanwhile."""
        self._write()
        while len(self._received) < count:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise self._too_late()
            if self._pending:
                self._poll.register(self._commands, select.POLLOUT)
            for end, _ in self._poll.poll(1000 * left + 1):
                if end == self._prints:
                    self._read_prints()
                elif end == self._answers:
                    self._read_answers(count)
                else:
                    self._write()
        received = self._received[:count]
        del self._received[:count]
        return received

    def _write(self) -> None:
        """Send what there is to send, as much as fits."""
        if not self._pending:
            return
        try:
            while self._pending:
                self._pending = self._pending[os.write(self._commands, self._pending) :]
        except BlockingIOError:
            return
        except BrokenPipeError:  # it has ended, which reading will find out
            self._pending = memoryview(b"")
        with contextlib.suppress(KeyError):
            self._poll.unregister(self._commands)

    def _read_answers(self, count: int) -> None:
        try:
            piece = os.read(self._answers, max(count - len(self._received), 1 << 16))
        except BlockingIOError:
            return
        if not piece:
            self._read_prints()
            raise self._ended()
        self._received += piece

    def _read_prints(self) -> None:
        """Read what was printed, keep the beginning, and end a file that prints without measure."""
        while True:
            try:
                piece = os.read(self._prints, 1 << 16)
            except BlockingIOError:
                return
            if not piece:
                with contextlib.suppress(KeyError):
                    self._poll.unregister(self._prints)
                return
            self._printed += piece[: max(self._limits.output_bytes - len(self._printed), 0)]
            self._printed_count += len(piece)
            if self._printed_count > self._limits.printed_bytes:
                raise self._printed_too_much()
            if len(piece) < 1 << 16:
                return

    def _printed_too_much(self) -> SandboxError:
        most = in_words(self._limits.printed_bytes)
        return self._failure("output", f"it printed more than {most}: print less")

    def _too_late(self) -> SandboxError:
        limits = self._limits
        if self._seconds < limits.seconds:
            took = f"it took more than {limits.total_seconds:g} seconds in all"
        else:
            took = f"it took more than {self._seconds:g} seconds to {self._doing}"
        hint = _MAIN_ONLY if not self._ran else "look for a loop that never ends"
        return self._failure("timeout", f"{took}: {hint}")

    def _ended(self) -> SandboxError:
        """Return what is to be said when the channel is closed."""
        closed = "it closed the channel between the two processes: close only what you open"
        try:
            status = self._process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            return self._failure("channel", closed)
        if status == CHANNEL_LOST:
            return self._failure("channel", closed)
        if status >= 0:
            return self._failure(
                "exit", f"it ended its process with status {status} while it was to {self._doing}"
            )
        number = signal.Signals(-status)
        if number == signal.SIGXCPU:
            return self._failure("timeout", "it used more processor time than it may")
        if number == signal.SIGKILL:
            why = ", as systems do when memory runs short"
        elif number == signal.SIGSEGV:
            why = ", as endless recursion does"
        else:
            why = ""
        return self._failure("exit", f"its process was ended by {number.name}{why}")

    def _failure(self, kind: str, sentence: str) -> SandboxError:
        return SandboxError(kind, f"{self._name}: {sentence}")

    def _kill(self) -> None:
        """Kill the process, its group, and whoever else carries its mark."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for number in self._others():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)

    def _others(self) -> list[int]:
        """Return the other processes that come from ours, wherever they have gone."""
        found = _marked(f"{_MARK}={self._mark}".encode())
        return [number for number in found if number != self._process.pid]

    def _close_pipes(self) -> None:
        while self._open:
            os.close(self._open.pop())


def clean(text: object, most: int) -> str:
    """Return a text without control characters, and not too long."""
    kept = "".join(c for c in str(text)[:most] if c.isprintable() or c in "\n\t")
    return kept.strip()


def _marked(mark: bytes) -> list[int]:
    """Return the processes whose environment has a mark, where the system tells."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in entry.read_bytes():
                found.append(int(entry.parent.name))
    return found


def _settings() -> dict[str, Any]:
    """Return where the other process finds what it needs."""
    here = Path(__file__).parent
    libraries = [*site.getsitepackages(), str(Path(np.__file__).parents[1])]
    if site.ENABLE_USER_SITE:
        libraries.append(site.getusersitepackages())
    return {
        "parent": os.getpid(),
        "root": str(Path(scratch.__file__).parents[1]),
        "packages": {"comparisons": str(here.parent), "comparisons.sandbox": str(here)},
        "libraries": list(dict.fromkeys(libraries)),
    }


#: Of data with more bytes than this, only the first batches are shown for binding.
_MOST_DATA = 8 << 20
_FIRST_BATCHES = 4


def _hello(
    source: Source, problem: Problem, limits: Limits, names: Mapping[str, str] | None
) -> Message:
    x, y, order = problem.x, problem.y, problem.order
    if x.nbytes + y.nbytes > _MOST_DATA:
        rows = order[0, : problem.batch_size * _FIRST_BATCHES]
        x, y, order = x[rows], y[rows], np.arange(len(rows))[np.newaxis]
    described = {
        field: getattr(problem, field)
        for field in ("name", "question", "model", "training", "batch_size", "dtype")
    }
    says = {
        "path": str(source.path),
        "text": source.text,
        "names": None if names is None else dict(names),
        "problem": described,
        "limits": asdict(limits),
    }
    weights = {WEIGHT + path: w for path, w in problem.weights.items()}
    return Message("hello", says, {"x": x, "y": y, "order": order, **weights})
