"""The file, run and bound, inside its process."""

import _thread
import builtins
import contextlib
import io
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from comparisons import candidates
from comparisons.problems import Problem
from comparisons.sandbox import frames, guards
from comparisons.sandbox.frames import Array, Message
from comparisons.sandbox.limits import Limits, in_words
from comparisons.sandbox.snapshots import Snapshot
from comparisons.sandbox.telling import FailedError, short, told
from comparisons.sandbox.words import END, ITERATIONS, SLOT, STEP_WITH_SLOTS, WEIGHT, X, Y

# Given free when memory runs out, so that there is some to say so.
_BALLAST_BYTES = 16 << 20
#: A thread that is ending may take so many seconds.
_GRACE = 0.05


class Runner:
    """The file, run and bound, with the one state that it is in."""

    def __init__(self, hello: Message, settings: Mapping[str, Any], limits: Limits) -> None:
        says = hello.says
        self._limits = limits
        self._file, self._name = says["path"], os.path.basename(says["path"])  # noqa: PTH119
        self._text, self._names = says["text"], says["names"]
        self._problem = _problem(hello)
        self._notes: list[str] = []
        self._ballast = bytearray(_BALLAST_BYTES)
        self._state: Any = None
        self._space: dict[str, Any] = {}
        self._bound: Any = None

        root = settings["root"]
        ours = [f"{root}/{name}" for name in ("comparisons", "scratch", "keras_ref")]
        ours += [os.path.realpath(folder) for folder in ours]
        self._guard = guards.Guard(self._name, self._file, os.getcwd(), settings["libraries"], ours)  # noqa: PTH109
        _offer_notebook_names()
        hidden = guards.hide_ours()
        sys.path.remove(root)
        sys.path.append(os.path.dirname(self._file))  # noqa: PTH120
        sys.argv = [self._file]
        sys.dont_write_bytecode = True  # ours is written, the file's is not
        sys.meta_path.insert(0, guards.NotOwn(self._name))
        self._snapshot = Snapshot(hidden)
        self._streams = sys.stdout, sys.stderr
        self._threads: Callable[[], int] = _thread._count  # noqa: SLF001  the kernel's is Linux only
        self._threads_before = self._threads()
        self._guard.install()

    def run(self) -> Message:
        """Run the file from top to bottom."""
        with self._speaking("import"):
            self._space = self._run()
        self._flush()
        self._check_others()
        return Message("ran", {}, {})

    def bind(self) -> Message:
        """Bind what the file defines, which calls its functions, and say how."""
        with self._speaking("binding"):
            self._bound = candidates.bind(self._space, self._problem, names=self._names)
        self._check_others()
        bound = self._bound
        says = {
            "sites": None if bound.sites is None else sorted(bound.sites),
            "binding": list(bound.binding),
            "notes": [*self._notes, *bound.notes],
            "free_only": bool(getattr(bound, "free_only", False)),
        }
        return Message("ready", says, {})

    def answer(self, asked: Message) -> Message:
        """Take one step, or end the run: see that everything is as it was."""
        if asked.what == END:
            self._check_others()
            self._check_printed()
            self._flush()
            return Message("ended", {"output": self._bound.output[: self._limits.output_bytes]}, {})
        arrays = asked.arrays
        with self._speaking("raised"):
            if ITERATIONS in arrays:
                weights, slots = _named(arrays, WEIGHT), _named(arrays, SLOT)
                with_slots = slots if asked.what == STEP_WITH_SLOTS else None
                iterations = int(arrays[ITERATIONS])
                self._state = self._bound.init(weights, with_slots, iterations)
            self._state, record = self._bound.step(self._state, arrays[X], arrays[Y])
            record = {site: self._sendable(site, value) for site, value in record.items()}
        if sum(a.nbytes for a in record.values()) > self._limits.answer_bytes:
            raise FailedError("memory", f"{self._name}: one step returned too large arrays")
        return Message("record", {}, record)

    def _flush(self) -> None:
        for stream in self._streams:
            with contextlib.suppress(OSError, ValueError):
                stream.flush()

    def _run(self) -> dict[str, Any]:
        code = self._compiled()
        stem = os.path.splitext(self._name)[0]  # noqa: PTH122
        taken = stem in sys.modules or stem in guards.NOT_OWN or stem == "__main__"
        module = ModuleType(f"submitted_{stem}" if taken else stem)
        module.__file__ = self._file
        sys.modules[module.__name__] = module
        exec(code, vars(module))  # noqa: S102  to run it is what we are for
        return vars(module)

    def _compiled(self) -> Any:
        """Return the file compiled, without a notebook's commands where it stumbles over them."""
        lines = io.StringIO(self._text, newline="").readlines()  # as Python counts them
        while True:
            try:
                return compile("".join(lines), self._file, "exec", dont_inherit=True)
            except SyntaxError as error:
                number = (error.lineno or 0) - 1
                line = lines[number] if 0 <= number < len(lines) else ""
                found = re.match(r"([ \t]*)([%!].*)", line)
                if found is None:
                    raise
                lines[number] = f"{found[1]}pass\n"
                left_out = f"a notebook's command and was left out: {short(found[2], 60)}"
                self._notes.append(f"line {number + 1} is {left_out}")

    def _sendable(self, site: str, value: Any) -> Array:
        try:
            return frames.little(np.asarray(value))
        except frames.FrameError as error:
            sentence = f"{self._name}: {site} holds {error}, wanted float32 or float64"
            raise FailedError("answer", sentence) from None

    @contextlib.contextmanager
    def _speaking(self, doing: str) -> Iterator[None]:
        """Turn whatever the file raises into a sentence, and look at what else it did."""
        try:
            yield
        except FailedError:
            raise
        except BaseException as error:  # noqa: BLE001  KeyboardInterrupt and SystemExit included
            self._snapshot.restore_builtins()
            self._ballast = bytearray()
            self._flush()
            self._check_refused()
            raise told(error, doing, self._name, self._file) from None
        self._snapshot.restore_builtins()
        self._check_refused()
        self._check_threads()

    def _check_refused(self) -> None:
        if self._guard.refused:
            first = self._guard.refused[0]
            raise FailedError(first.kind, str(first))

    def _check_threads(self) -> None:
        if self._threads() > self._threads_before:
            time.sleep(_GRACE)  # one that is ending may end
            if self._threads() > self._threads_before:
                raise FailedError(
                    "thread",
                    f"{self._name}: it left a thread running, which goes on behind the steps' "
                    "back: join its threads, or start none",
                )

    def _check_printed(self) -> None:
        """See how much was printed in the steps, which does not go through the pipe."""
        if self._bound.printed > self._limits.printed_bytes:
            most = in_words(self._limits.printed_bytes)
            raise FailedError("output", f"{self._name}: its functions printed more than {most}")

    def _check_others(self) -> None:
        replaced = self._snapshot.replaced()
        if replaced:
            raise FailedError(
                "patched",
                f"{self._name}: it replaced {', '.join(replaced)}: "
                "a file may change nothing but its own names",
            )


def _problem(hello: Message) -> Problem:
    arrays = hello.arrays
    weights = _named(arrays, WEIGHT)
    return Problem(
        **hello.says["problem"],
        x=arrays["x"],
        y=arrays["y"],
        order=arrays["order"],
        weights=weights,
    )


def _named(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}


def _nothing(*_arguments: Any, **_named: Any) -> None:
    """Do nothing."""


class _Notebook:
    """IPython where there is none: what exported notebooks ask of it does nothing."""

    run_line_magic = run_cell_magic = magic = system = getoutput = staticmethod(_nothing)


def _offer_notebook_names() -> None:
    for name, value in {"get_ipython": _Notebook, "display": _nothing}.items():
        setattr(builtins, name, value)
