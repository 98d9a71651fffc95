"""How the steps of a run lie in the arrays of a chunk.

Each site is one array: outputs with the rows of all batches one after the other, (rows, …),
since a last batch may be short; everything else stacked by step, (steps, …). The batches
themselves are not kept: they follow from the problem's data and order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.problems import Batches, Problem
from comparisons.runs import Block
from comparisons.traces.errors import RecordingError

Array = npt.NDArray[Any]

_PHASES = {"forward": 0, "loss": 1, "backward": 2, "slot": 3, "update": 3}


@dataclass(frozen=True)
class Site:
    """The place of one quantity: the shape of a step's array, without the batch for outputs."""

    name: str
    shape: tuple[int, ...]

    @property
    def by_row(self) -> bool:
        """Whether there is a value for each row of a batch."""
        return self.name.startswith("forward/")


@dataclass(frozen=True)
class Layout:
    """The sites of one problem's run, in causal order, and their shapes."""

    problem: Problem
    sites: tuple[Site, ...]

    @classmethod
    def of(cls, problem: Problem, names: Sequence[str]) -> "Layout":
        """Return the layout of these sites.

        Raises ``RecordingError`` for names that are not sites of the problem, that are not in
        causal order, or that leave out the loss or a parameter.
        """
        shapes = _shapes(problem)
        known = [name for name in names if _known(name) in shapes]
        if len(known) != len(names) or len(set(names)) != len(names):
            strange = next((name for name in names if name not in known), "a site twice")
            message = f"its sites are not those of its problem: it has {strange}"
            raise RecordingError(message)
        phases = [_PHASES[name.split("/")[0]] for name in names]
        if phases != sorted(phases):
            message = "its sites are not in causal order"
            raise RecordingError(message)
        needed = ["loss/value", *(f"update/{path}" for path in problem.weights)]
        missing = [name for name in needed if name not in names]
        if missing:
            message = f"its sites lack {', '.join(missing)}"
            raise RecordingError(message)
        return cls(problem, tuple(Site(name, shapes[_known(name)]) for name in names))

    def pack(self, blocks: Sequence[Block]) -> dict[str, Array]:
        """Return consecutive blocks as the arrays of one chunk.

        Raises ``RecordingError`` for values of another shape or dtype than the problem's.
        """
        chunk = {}
        for site in self.sites:
            parts = []
            for block in blocks:
                array = np.asarray(block.values[site.name])
                steps, rows = block.x.shape[:2]
                wanted = (steps, rows, *site.shape) if site.by_row else (steps, *site.shape)
                self._check(site, array, wanted)
                parts.append(array.reshape(-1, *site.shape))
            chunk[site.name] = np.concatenate(parts)
        return chunk

    def unpack(
        self, chunk: Mapping[str, Array], first_step: int, steps: int, most: int
    ) -> Iterator[Block]:
        """Yield a chunk's steps as blocks of at most ``most`` steps of equal batch size.

        Raises ``RecordingError`` for a chunk that has not exactly the arrays of these steps.
        """
        problem = self.problem
        stop = first_step + steps
        rows = sum(len(_rows(problem, step)) for step in range(first_step, stop))
        names = [site.name for site in self.sites]
        if set(chunk) != set(names):
            message = f"it does not have exactly the sites {', '.join(names)}"
            raise RecordingError(message)
        for site in self.sites:
            self._check(site, chunk[site.name], (rows if site.by_row else steps, *site.shape))
        row = 0
        for batches in _batches(problem, first_step, stop, most):
            x, y = problem.x[batches.rows], problem.y[batches.rows]
            here, (count, size) = batches.first_step - first_step, batches.rows.shape
            values = {}
            for site in self.sites:
                array = chunk[site.name]
                if site.by_row:
                    outputs = array[row : row + count * size]
                    values[site.name] = outputs.reshape(count, size, *site.shape)
                else:
                    values[site.name] = array[here : here + count]
            row += count * size
            yield Block(batches.first_step, x, y, values)

    def _check(self, site: Site, array: Array, shape: tuple[int, ...]) -> None:
        if array.shape != shape or array.dtype != self.problem.dtype:
            message = (
                f"{site.name} must be {self.problem.dtype} of shape {shape}, "
                f"received {array.dtype} of shape {array.shape}"
            )
            raise RecordingError(message)


def _known(name: str) -> str:
    """Return a site's name as ``_shapes`` has it: a slot may have any name of its own."""
    owner, _, slot = name.rpartition("/")
    return f"{owner}/*" if name.startswith("slot/") and slot else name


def _shapes(problem: Problem) -> dict[str, tuple[int, ...]]:
    """Return the shape of every site that the problem may have, outputs without the batch."""
    shapes: dict[str, tuple[int, ...]] = {"loss/value": ()}
    shape = tuple(problem.x.shape[1:])
    for layer in problem.scratch_model.layers:
        shape = layer.output_shape(shape)
        shapes[f"forward/{layer.name}/output"] = shape
    for path, weight in problem.weights.items():
        shapes |= dict.fromkeys((f"backward/{path}", f"update/{path}"), weight.shape)
        shapes[f"slot/{path}/*"] = weight.shape
    return shapes


def _rows(problem: Problem, step: int) -> Array:
    """Return the row numbers of a step's batch; ``step`` counts from 0."""
    epoch, batch = divmod(step, problem.steps_per_epoch)
    rows: Array = problem.order[epoch]
    return rows[batch * problem.batch_size : (batch + 1) * problem.batch_size]


def _batches(problem: Problem, first: int, stop: int, most: int) -> Iterator[Batches]:
    """Yield the steps from ``first`` up to ``stop`` in runs of equal batch size."""
    run: list[Array] = []
    for step in range(first, stop):
        rows = _rows(problem, step)
        if run and (len(run) == most or len(rows) != len(run[0])):
            yield Batches(step - len(run), np.stack(run))
            run = []
        run.append(rows)
    yield Batches(stop - len(run), np.stack(run))
