"""Print how fast it is: ratios from interleaved runs, their medians, and memory.

    python tests/benchmarks/benchmark.py [--pairs 5]

Every row runs two commands in turn, A B A B …, in fresh processes, and gives the median of the
ratios A / B. Times of parts are measured inside the processes, after all imports; the row
``compare`` takes whole processes.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import click
import numpy as np
from threadpoolctl import threadpool_limits

from comparisons import Problem, compare
from comparisons.problems.catalogue import define, get
from scratch import Dense, training
from scratch.losses import SparseCategoricalCrossentropy
from scratch.optimizers import SGD

ROWS, FEATURES, HIDDEN, CLASSES, BATCH = 60_000, 784, 128, 10, 32
SMALL_STEPS = 4_000


def wide() -> Problem:
    """Return 784-128-10 with batches of 32: one epoch of 1,875 steps."""
    rng = np.random.default_rng(0)
    x = rng.random((ROWS, FEATURES), dtype=np.float32)
    y = rng.integers(0, CLASSES, (ROWS, 1))
    return define(
        "wide",
        "How fast is it?",
        [Dense(HIDDEN, "tanh"), Dense(CLASSES, "softmax")],
        SparseCategoricalCrossentropy(),
        SGD(0.01),
        (x, y),
        weights=0.05,
        epochs=1,
        batch_size=BATCH,
        dtype="float32",
    )


def keras_fit() -> Callable[[], object]:
    """Plain ``fit`` of the wide model."""
    import keras_ref  # noqa: PLC0415  only where Keras is wanted

    problem = wide()
    weights = list(problem.weights.values())

    def run() -> object:
        model = keras_ref.build(problem.model, problem.training, weights, problem.dtype)
        return keras_ref.plain_fit(
            model, problem.x, problem.y, problem.order, problem.batch_size, problem.dtype
        )

    return run


def verified() -> Callable[[], object]:
    """Both sides of the wide model, every number of every step compared, twins included."""
    import keras_ref  # noqa: F401, PLC0415  imported before the clock starts

    problem = wide()

    def run() -> object:
        (verdict,) = compare(problem, modes=["free"])
        if not verdict.passed:
            raise SystemExit(verdict.sentence)
        return verdict

    return run


def scratch_wide() -> Callable[[], object]:
    """Scratch alone, on the wide model."""
    problem = wide()

    def run() -> object:
        model = problem.scratch_model
        model.set_weights(list(problem.weights.values()))
        with threadpool_limits(1, user_api="blas"):  # more only get in each other's way
            return model.fit(problem.x, problem.y, BATCH, 1, shuffle=False)

    return run


def scratch_small() -> Callable[[], object]:
    """Scratch on 2-2-1, one sample a step."""
    problem = get("regression")

    def run() -> object:
        state, net = problem.scratch_model.state, problem.network
        for step in range(SMALL_STEPS):
            row = slice(step % 4, step % 4 + 1)
            state, _ = training.step(net, state, problem.x[row], problem.y[row])
        return state

    return run


def by_hand_small() -> Callable[[], object]:
    """The same arithmetic written out: forward, loss, gradients and update of 2-2-1."""
    problem = get("regression")
    rate = 0.001

    def run() -> object:
        w1, b1, w2, b2 = (w.copy() for w in problem.weights.values())
        for step in range(SMALL_STEPS):
            row = slice(step % 4, step % 4 + 1)
            x, y = problem.x[row], problem.y[row]
            a = x @ w1 + b1
            error = a @ w2 + b2 - y
            loss = np.mean(error * error)
            d2 = 2 * error / error.size
            d1 = d2 @ w2.T
            g2, h2, g1, h1 = a.T @ d2, d2.sum(axis=0), x.T @ d1, d1.sum(axis=0)
            w1, b1, w2, b2 = w1 - rate * g1, b1 - rate * h1, w2 - rate * g2, b2 - rate * h2
        return loss, w1, b1, w2, b2

    return run


PARTS: dict[str, Callable[[], Callable[[], object]]] = {
    part.__name__: part
    for part in (keras_fit, verified, scratch_wide, scratch_small, by_hand_small)
}

COMPARE = [sys.executable, "-m", "comparisons", "compare"]

#: What a reader would write to see Keras's losses for both problems.
BARE_SCRIPT = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np
def train(data, activation, loss, rate, epochs):
    data = np.array(data, "float32")
    model = keras.Sequential([
        keras.Input((2,)),
        keras.layers.Dense(2, activation=activation),
        keras.layers.Dense(1, activation=activation),
    ])
    model.set_weights([np.full((2, 2), 0.1), np.zeros(2), np.full((2, 1), 0.1), np.zeros(1)])
    model.compile(keras.optimizers.SGD(rate), loss)
    history = model.fit(data[:, :2], data[:, 2:], 1, epochs, shuffle=False, verbose=0)
    print(history.history["loss"][-1])
train([[8, 8, 4], [7, 9, 5], [6, 10, 6], [5, 12, 7]], "linear", "mse", 0.001, 5)
train([[8, 8, 1], [7, 9, 1], [6, 10, 0], [5, 5, 0]], "sigmoid", "binary_crossentropy", 1e-4, 50)
"""
BARE = [sys.executable, "-c", BARE_SCRIPT]


def measure(name: str) -> tuple[float, float]:
    """Run a part in a process of its own: seconds of its run, and the process's peak in MB."""
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, __file__, "--part", name], check=True, capture_output=True, text=True
    )
    seconds, peak = json.loads(done.stdout.splitlines()[-1])
    return float(seconds), float(peak)


def whole(command: list[str]) -> tuple[float, float]:
    """Run a command: seconds from start to end, and 0 for its memory."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    return time.perf_counter() - start, 0.0


def run_part(name: str) -> None:
    """Run a part once in this process and print its seconds and the peak memory in MB."""
    run = PARTS[name]()
    start = time.perf_counter()
    run()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    click.echo(json.dumps([seconds, peak]))


@click.command()
@click.option("--pairs", default=5, show_default=True, help="Pairs of runs for each row.")
@click.option("--part", type=click.Choice(list(PARTS)), hidden=True)
def main(pairs: int, part: str | None) -> None:
    """Print the table."""
    if part is not None:
        run_part(part)
        return
    rows: list[
        tuple[str, Callable[[], tuple[float, float]], Callable[[], tuple[float, float]], str]
    ]
    rows = [
        (
            "verified training / fit",
            lambda: measure("verified"),
            lambda: measure("keras_fit"),
            "<= 1.0",
        ),
        ("scratch / fit", lambda: measure("scratch_wide"), lambda: measure("keras_fit"), "<= 0.2"),
        (
            "scratch / by hand, 2-2-1",
            lambda: measure("scratch_small"),
            lambda: measure("by_hand_small"),
            "<= 2.0",
        ),
        ("compare / bare script", lambda: whole(COMPARE), lambda: whole(BARE), "<= 1.0"),
    ]
    click.echo(f"{'A / B':28}{'A':>9}{'B':>9}{'ratio':>8}{'wanted':>9}{'more MB':>9}")
    for name, a, b, wanted in rows:
        runs = [(a(), b()) for _ in range(pairs)]
        ratio = median(first[0] / second[0] for first, second in runs)
        extra = median(first[1] - second[1] for first, second in runs)
        seconds = [median(pair[side][0] for pair in runs) for side in (0, 1)]
        memory = f"{extra:+9.0f}" if extra else ""
        click.echo(f"{name:28}{seconds[0]:8.2f}s{seconds[1]:8.2f}s{ratio:8.2f}{wanted:>9}{memory}")


if __name__ == "__main__":
    main()
