"""Workers: so many processes grade a class, and none of them is waited for without end."""

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from comparisons.grading.directory import Found
from comparisons.grading.graded import INTERNAL, Graded, Part
from comparisons.grading.grading import Assignment

#: How a worker is started.
COMMAND = (sys.executable, "-P", "-m", "comparisons.grading.worker")
#: How long our own work on one problem may take besides the file's, before we give it up.
_OUR_SECONDS = 120
#: How long a worker that is told to end may take to clean up.
_ENDING = 5


class WorkerError(OSError):
    """The workers cannot be started at all."""


def grade_all(
    found: Iterable[Found],
    assignment: Assignment,
    jobs: int = 1,
    on_graded: Callable[[int], object] = lambda _: None,
    command: Sequence[str] = COMMAND,
) -> list[Graded]:
    """Grade submissions, so many at once, and return them in the order given.

    ``on_graded`` is told of each that is done, with the number 1. A worker that dies or goes on
    for ever is ended, its submission is told to be of the kind ``internal``, and another worker
    takes its place. Whatever is raised here, all processes are ended first.
    """
    waiting = deque(enumerate(found))
    graded: dict[int, Graded] = {}
    with contextlib.ExitStack() as stack:
        ready = selectors.DefaultSelector()
        stack.callback(ready.close)
        workers: list[_Worker] = []
        stack.callback(lambda: _end_all(workers))
        while waiting or workers:
            while waiting and len(workers) < jobs:
                worker = _Worker(assignment, command)
                workers.append(worker)
                ready.register(worker.answers, selectors.EVENT_READ, worker)
                worker.ask(*waiting.popleft())
            for worker in _done(ready, workers):
                number, result = worker.result()
                graded[number] = result
                on_graded(1)
                if waiting and worker.alive:
                    worker.ask(*waiting.popleft())
                else:
                    ready.unregister(worker.answers)
                    workers.remove(worker)
                    worker.end()
    return [graded[number] for number in sorted(graded)]


class _Worker:
    """One process, and the submission that it is at."""

    def __init__(self, assignment: Assignment, command: Sequence[str]) -> None:
        self._assignment = assignment
        try:
            process = subprocess.Popen(  # noqa: S603  Python itself, with our own words
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": _search_path()},
                # Ctrl-C reaches us alone, and we end it: two signals at once could stop its
                # cleaning up.
                start_new_session=True,
            )
        except OSError as error:
            raise WorkerError(f"a process to grade in cannot be started: {error}") from error
        if process.stdin is None or process.stdout is None:  # both are pipes
            raise WorkerError("a process to grade in was started without its pipes")
        self._process, self._questions, self._answers = process, process.stdin, process.stdout
        self.alive = True
        self._say(assignment.as_plain())

    @property
    def answers(self) -> int:
        """The pipe that is readable once there is a result."""
        return self._answers.fileno()

    def ask(self, number: int, found: Found) -> None:
        """Hand over the next submission."""
        self._number, self._found = number, found
        runs = len(self._assignment.runs)
        # A file's free and locked run and one more: each has a process with this limit.
        patience = 3 * self._assignment.seconds + _OUR_SECONDS * runs
        self.asked = time.monotonic()
        self.deadline = self.asked + patience
        path = None if found.path is None else str(found.path)
        self._say({"name": found.name, "path": path, "wrong": found.wrong})

    def result(self) -> tuple[int, Graded]:
        """Return the answer, or what is to be said of a worker that has none."""
        line = b""
        if time.monotonic() < self.deadline:
            line = self._answers.readline()
        try:
            return self._number, Graded.from_plain(json.loads(line))
        except (ValueError, KeyError, TypeError):
            self.alive = False
        why = "went on for ever" if time.monotonic() >= self.deadline else "ended on its own"
        sentence = (
            f"a mistake in keras-parity: the process that graded {self._found.name} {why}; grade "
            "it again, and report it if it happens again"
        )
        parts = tuple(
            Part(name, dtype, INTERNAL, INTERNAL, sentence, sentence)
            for name, dtype in self._assignment.runs
        )
        return self._number, Graded(self._found.name, parts, time.monotonic() - self.asked)

    def tell_to_end(self) -> None:
        """Tell the process to end, which then ends the submission's."""
        self._process.terminate()

    def end(self) -> None:
        """End the process, and wait until it is gone."""
        with contextlib.suppress(OSError):
            self._questions.close()
        if not self.alive:
            self.tell_to_end()
        try:
            self._process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()

    def _say(self, plain: object) -> None:
        with contextlib.suppress(BrokenPipeError):  # reading finds that it is gone
            self._questions.write(json.dumps(plain).encode("ascii") + b"\n")
            self._questions.flush()


def _done(ready: selectors.BaseSelector, workers: Sequence[_Worker]) -> list[_Worker]:
    """Wait until a worker has a result, or its time is over; return those."""
    soonest = min(worker.deadline for worker in workers)
    events = ready.select(max(soonest - time.monotonic(), 0))
    with_answer = [key.data for key, _ in events]
    now = time.monotonic()
    return [w for w in workers if w in with_answer or now >= w.deadline]


def _end_all(workers: Sequence[_Worker]) -> None:
    """End all processes that are still at work: all are told before the first is waited for."""
    for worker in workers:
        worker.tell_to_end()
    for worker in workers:
        worker.end()


def _search_path() -> str:
    """Return the path on which a worker finds the package that this one is."""
    root = str(Path(__file__).parents[2])
    return os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
