"""A user's file as a trainer: it runs elsewhere, and only arrays come and go.

No process is asked about a step whose result by the reference it may have been shown. A locked
run shows it: the state before a step is the result of the step before. So two processes run
the file, started together, and each run goes to one that has been shown nothing later; where
there is none, another is started.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import cast
from weakref import ReferenceType, ref

import numpy as np

from comparisons.problems import Problem
from comparisons.runs import Record, Start
from comparisons.runs.trainers import Array, Arrays
from comparisons.sandbox.errors import SandboxError
from comparisons.sandbox.frames import Message
from comparisons.sandbox.limits import Limits
from comparisons.sandbox.process import Process, clean
from comparisons.sandbox.source import Source
from comparisons.sandbox.words import END, ITERATIONS, SLOT, STEP, STEP_WITH_SLOTS, WEIGHT, X, Y

#: One for the free run and one for the locked.
_AT_ONCE = 2
_MOST_TEXTS, _MOST_TEXT = 200, 2000


class RemoteState:
    """Where a run stands: at a start, or in a process that has taken a step."""

    def __init__(self, start: Start | None = None, process: Process | None = None) -> None:
        self.start = start
        self.process = process


class Remote:
    """A file under way, as a ``Trainer``; ``open_file`` makes it.

    ``binding`` says which of its names is used for what, ``notes`` what else was seen of it.
    From a state that a step has returned one more step can be taken, and only one: the process
    is then no longer in it. Every method raises ``SandboxError`` for what the file does, and
    from then on always the same.
    """

    def __init__(
        self, source: Source, problem: Problem, limits: Limits, names: Mapping[str, str] | None
    ) -> None:
        self._make = partial(Process, source, problem, limits, names)
        self._problem = problem
        self._name = source.path.name
        self._most_output = limits.output_bytes
        #: Each process with the state it is in; one whose state nobody holds is idle.
        self._processes: dict[Process, ReferenceType[RemoteState] | None] = {}
        self._failure: SandboxError | None = None
        self._printed = ""
        try:
            for _ in range(_AT_ONCE):
                self._processes[self._make()] = None
            first = next(iter(self._processes))
            with self._watched():
                self._ready = first.wait_until_ready().says
        except BaseException:
            self.close()
            raise
        self._from_import = first.output
        self.sites: frozenset[str] | None = None
        if self._ready["sites"] is not None:
            self.sites = frozenset(self._ready["sites"])
        self.binding = _texts(self._ready["binding"])
        self.notes = _texts(self._ready["notes"])
        self.free_only: bool = self._ready["free_only"]

    @property
    def output(self) -> str:
        """What the file printed: while it was run, and once it is over, in its steps."""
        return clean(f"{self._from_import}\n{self._printed}", 2 * self._most_output)

    def init(
        self, weights: Arrays, slots: Arrays | None = None, iterations: int = 0
    ) -> RemoteState:
        """Return the state with these parameters; the process hears of it with the next step."""
        return RemoteState(Start(weights, slots, iterations))

    def step(self, state: RemoteState, x: Array, y: Array) -> tuple[RemoteState, Record]:
        """Train on the batch ``x``, ``y`` in the other process.

        Raises ``ValueError`` for a state that no process is in any more.
        """
        with self._watched():
            process = self._process_for(state)
            arrays, what = {X: x, Y: y}, STEP
            if state.start is not None:
                weights, slots, iterations = state.start
                arrays |= {WEIGHT + path: w for path, w in weights.items()}
                arrays[ITERATIONS] = np.asarray(iterations, np.int64)
                if slots is not None:
                    what = STEP_WITH_SLOTS
                    arrays |= {SLOT + path: array for path, array in slots.items()}
            answer = process.ask(Message(what, {}, arrays), "record", "take a step")
            if self.sites is not None and not answer.arrays.keys() <= self.sites:
                raise SandboxError("channel", f"{self._name}: it answered what was not asked")
        after = RemoteState(process=process)
        self._processes[process] = ref(after)
        return after, answer.arrays

    def finish(self) -> None:
        """See that the file has left everything as it was, and end it.

        A run whose file has not been seen to its end in this way proves nothing.
        """
        with self._watched():
            for process in self._processes:
                if process.ready is not None:
                    ended = process.ask(Message(END, {}, {}), "ended", "end")
                    self._printed += str(ended.says["output"])
                    process.check_alone()
        self.close()

    def close(self) -> None:
        """End all processes."""
        while self._processes:
            self._processes.popitem()[0].close()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """End everything after the first failure, and keep to it."""
        if self._failure is not None:
            raise SandboxError(self._failure.kind, str(self._failure))
        try:
            yield
        except SandboxError as failure:
            self._failure = failure
            self.close()
            raise

    def _process_for(self, state: RemoteState) -> Process:
        """Return the process to take a step from a state, and note what this shows it."""
        if state.start is None:
            current = self._processes.get(state.process) if state.process else None
            if current is None or current() is not state:
                raise ValueError("a step from this state has been taken, or its run is over")
            return cast("Process", state.process)
        own = self._is_own(state.start)
        iterations = 0 if own else state.start.iterations
        idle = [p for p, current in self._processes.items() if current is None or not current()]
        fit = [process for process in idle if process.shown <= iterations]
        if fit:
            # What has been shown nothing is kept for a run from the problem's own start.
            process = fit[0] if own else max(reversed(fit), key=lambda process: process.shown)
        else:
            for used in idle[:1]:
                del self._processes[used]
                used.close()
            process = self._make()
            self._processes[process] = None
        ready = process.wait_until_ready().says
        if ready["sites"] != self._ready["sites"] or ready["binding"] != self._ready["binding"]:
            sentence = f"{self._name}: it defines other functions each time that it is run"
            raise SandboxError("binding", sentence)
        process.shown = max(process.shown, iterations)
        return process

    def _is_own(self, start: Start) -> bool:
        """Return whether a start is the problem's own, which everyone knows."""
        own = self._problem.weights
        return (
            start.iterations == 0
            and not start.slots
            and start.weights.keys() == own.keys()
            and all(np.array_equal(w, own[path]) for path, w in start.weights.items())
        )


def _texts(lines: Iterable[object]) -> tuple[str, ...]:
    return tuple(clean(line, _MOST_TEXT) for line in islice(lines, _MOST_TEXTS))


@contextmanager
def open_file(
    path: Path,
    problem: Problem,
    limits: Limits = Limits(),  # noqa: B008  frozen
    names: Mapping[str, str] | None = None,
) -> Iterator[Remote]:
    """Run a Python file in processes of its own and yield it as a trainer.

    ``names`` maps what is looked for to the file's own names, where these are not understood.
    On leaving, the file is seen to its end: what it did besides its steps is found there.

    Raises ``SandboxError`` for whatever is wrong with the file.
    """
    if os.name != "posix":
        raise SandboxError("platform", "files are run on Linux and macOS only, not on this system")
    remote = Remote(Source.read(path, limits.source_bytes), problem, limits, names)
    try:
        yield remote
        remote.finish()
    finally:
        remote.close()
