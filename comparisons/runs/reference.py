"""The reference: the trace that a candidate is compared against."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from comparisons.problems import Problem, ProblemError, differing

Array = npt.NDArray[Any]

# One block of the recording holds at most this many bytes, and at most this many steps.
_BLOCK_BYTES = 32_000_000
_BLOCK_STEPS = 1024


class KerasMissingError(RuntimeError):
    """TensorFlow or Keras is not installed."""


@dataclass(frozen=True)
class Block:
    """What the reference computed in some consecutive steps, stacked along a new first axis.

    ``x`` and ``y`` are the batches, (steps, batch, …). Nobody may write to any of it.
    """

    first_step: int
    x: Array
    y: Array
    values: Mapping[str, Array]

    def __post_init__(self) -> None:
        """Let whoever writes to a batch hear of it: others train on it, too."""
        for array in (self.x, self.y):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.x)

    def part(self, start: int, stop: int) -> "Block":
        """Return the steps from ``start`` up to ``stop``, counted from the block's first."""
        values = {site: array[start:stop] for site, array in self.values.items()}
        return Block(self.first_step + start, self.x[start:stop], self.y[start:stop], values)


class Reference(Protocol):
    """Where the reference numbers of one problem come from."""

    environment: Mapping[str, str]
    constants: Mapping[str, float]
    sites: tuple[str, ...]

    def blocks(self) -> Iterator[Block]:
        """Yield the steps in order."""

    def check(self, problem: Problem) -> None:
        """Raise ``ValueError`` where these are not the numbers of that problem."""


class LiveKeras:
    """Keras, training here and now.

    Imports Keras when it is made. Raises ``KerasMissingError`` where it is not installed.
    """

    def __init__(self, problem: Problem) -> None:
        self._keras_ref = import_keras_ref()
        self.problem = problem
        self.environment = self._keras_ref.describe_environment() | {"dtype": problem.dtype}
        self.constants = self._keras_ref.held_constants(problem.training["optimizer"])
        self._recorder = self._keras_ref.Recorder(self._model(), problem.dtype)
        self.sites = self._recorder.sites
        self._trained = False

    def blocks(self) -> Iterator[Block]:
        """Yield the steps in order, the next block being computed while this one is used.

        This trains the model. Raises ``RuntimeError`` when asked to do so again.
        """
        if self._trained:
            message = "this model has been trained: make another LiveKeras, or keep its blocks"
            raise RuntimeError(message)
        self._trained = True
        yield from _one_ahead(self._record())

    def check(self, problem: Problem) -> None:
        """Raise ``ProblemError`` where another problem is trained here."""
        if found := differing(self.problem, problem):
            message = (
                f"this Keras trains {self.problem.name!r}, which is another problem than "
                f"{problem.name!r}: they differ in {', '.join(found)}"
            )
            raise ProblemError(message)

    def prove(self, losses: list[float]) -> Any:
        """Hold the finished recording, with its epoch losses, against a plain ``fit``."""
        problem = self.problem
        model = self._model()
        fitted = self._keras_ref.plain_fit(
            model, problem.x, problem.y, problem.order, problem.batch_size, problem.dtype
        )
        weights = self._recorder.model.get_weights()
        return self._keras_ref.prove(model, fitted, weights, losses)

    def _model(self) -> Any:
        problem = self.problem
        weights = list(problem.weights.values())
        return self._keras_ref.build(problem.model, problem.training, weights, problem.dtype)

    def _record(self) -> Iterator[Block]:
        for batches in self.problem.batches(steps_per_block(self.problem)):
            x, y = self.problem.x[batches.rows], self.problem.y[batches.rows]
            yield Block(batches.first_step, x, y, self._recorder.run(x, y))


class Kept:
    """A reference whose steps are kept in memory, to compare with as often as one likes."""

    def __init__(self, reference: Reference) -> None:
        self.environment = reference.environment
        self.constants = reference.constants
        self.sites = reference.sites
        self.check = reference.check
        self._blocks = list(reference.blocks())

    def blocks(self) -> Iterator[Block]:
        """Yield the steps in order."""
        yield from self._blocks


class Beginning:
    """The first steps of a reference."""

    def __init__(self, reference: Reference, steps: int) -> None:
        self.environment = reference.environment
        self.constants = reference.constants
        self.sites = reference.sites
        self.check = reference.check
        self._reference, self._steps = reference, steps

    def blocks(self) -> Iterator[Block]:
        """Yield them in order."""
        for block in self._reference.blocks():
            if block.first_step >= self._steps:
                return
            yield block.part(0, self._steps - block.first_step)


def import_keras_ref() -> Any:
    """Import the Keras side, or say which extra brings it."""
    try:
        import keras_ref  # noqa: PLC0415  it takes seconds: only when Keras is really wanted
    except ModuleNotFoundError as error:
        if error.name not in {"keras", "tensorflow"}:
            raise
        message = (
            f"{error.name} is not installed, and comparing with Keras needs it: "
            "pip install 'keras-parity[tensorflow]'"
        )
        raise KerasMissingError(message) from error
    return keras_ref


def bytes_per_step(problem: Problem) -> int:
    """Return about how much one step's record takes: gradients, parameters, slots, outputs."""
    weights: int = sum(w.nbytes for w in problem.weights.values())
    slots = len(problem.network.optimizer.slot_names())
    sample: int = problem.x[0].nbytes + sum(
        w.nbytes for path, w in problem.weights.items() if path.endswith("/bias")
    )
    return (2 + slots) * weights + 2 * problem.batch_size * sample


def steps_per_block(problem: Problem) -> int:
    """Return how many steps are recorded at once, so that memory stays bounded."""
    return max(1, min(_BLOCK_STEPS, _BLOCK_BYTES // bytes_per_step(problem)))


def _one_ahead(blocks: Iterator[Block]) -> Iterator[Block]:
    """Yield the blocks while another thread computes the next: TensorFlow frees the interpreter."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        pending = pool.submit(next, blocks, None)
        while (block := pending.result()) is not None:
            pending = pool.submit(next, blocks, None)
            yield block
