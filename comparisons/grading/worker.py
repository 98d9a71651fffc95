"""A worker: a process that grades one submission after the other, until no more come.

It reads a line of JSON for each and writes one. It is a process of its own because the work is
ours as much as the submission's, because it can be ended at any moment, and because one that
dies takes nobody's grade with it.
"""

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from comparisons.grading.grading import Assignment, grade


def main() -> None:
    """Grade what is asked on standard input, answering on standard output."""
    signal.signal(signal.SIGTERM, _end)
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what anything prints by itself is no answer
    assignment = Assignment.from_plain(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        asked = json.loads(line)
        path = None if asked["path"] is None else Path(asked["path"])
        graded = grade(asked["name"], path, assignment, wrong=asked["wrong"])
        answers.write(json.dumps(graded.as_plain()) + "\n")
        answers.flush()


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Leave by an exception, once: on its way the submission's processes are ended."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1)


if __name__ == "__main__":
    main()
