"""How long a start and a step take in the sandbox. Run as a script, it prints them."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from comparisons import problems
from comparisons.candidates import bind
from comparisons.runs import Trainer
from comparisons.sandbox import open_file

FILE = Path(__file__).parents[1] / "support" / "submissions" / "right.py"
PROBLEM = problems.get("regression")
X, Y = PROBLEM.x[:1], PROBLEM.y[:1]


def free(trainer: Trainer) -> Callable[[], None]:
    state = trainer.init(PROBLEM.weights)

    def step() -> None:
        nonlocal state
        state, _ = trainer.step(state, X, Y)

    return step


def locked(trainer: Trainer) -> Callable[[], None]:
    weights, done = {path: w + 1 for path, w in PROBLEM.weights.items()}, 0

    def step() -> None:
        nonlocal done
        done += 1
        trainer.step(trainer.init(weights, {}, done), X, Y)

    return step


def microseconds(step: Callable[[], None], times: int) -> float:
    """Return the median time of a step."""
    took = []
    for _ in range(times):
        before = time.perf_counter()
        step()
        took.append(1e6 * (time.perf_counter() - before))
    return median(took)


def measured(times: int) -> dict[str, float]:
    before = time.perf_counter()
    with open_file(FILE, PROBLEM) as remote:
        start = 1e3 * (time.perf_counter() - before)
        freely = microseconds(free(remote), times)
        lockedly = microseconds(locked(remote), times)
        before = time.perf_counter()
    return {
        "start, ms": start,
        "free step, µs": freely,
        "locked step, µs": lockedly,
        "end, ms": 1e3 * (time.perf_counter() - before),
    }


def test_a_start_and_a_step_are_fast_enough_for_a_class() -> None:
    found = measured(200)
    assert found["start, ms"] < 3000
    assert found["free step, µs"] < 2000
    assert found["locked step, µs"] < 2000


if __name__ == "__main__":
    for _ in range(3):
        sys.stdout.write("  ".join(f"{name}: {n:.0f}" for name, n in measured(2000).items()) + "\n")
    from types import SimpleNamespace

    code = {"get_ipython": SimpleNamespace, "display": lambda _: None}
    source = FILE.read_text().replace("get_ipython()", "#")
    exec(compile(source, FILE, "exec"), code)  # noqa: S102
    here = microseconds(free(bind(code, PROBLEM)), 2000)
    sys.stdout.write(f"free step in this process, µs: {here:.0f}\n")
