"""Compare: run a problem on both sides, step by step, and judge as the steps come in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from comparisons.causes import Steps, differs_from, sensitivity
from comparisons.problems import Problem, problem_of
from comparisons.rounding import HonestRun, HonestSteps
from comparisons.runs import (
    Block,
    InHigherPrecision,
    LiveKeras,
    Mode,
    Reference,
    Run,
    ScratchTrainer,
    Start,
    Trainer,
    check_modes,
    guarded,
    is_small,
    modes_of,
    scratch_trainer,
    starts,
    usual_twins,
    witness_dtype,
)
from comparisons.verdicts import (
    EpochLosses,
    Evidence,
    Given,
    Judge,
    Measured,
    Sensitivity,
    Tolerance,
    Values,
    Verdict,
    kinks_of,
)
from scratch.sequential import WeightedMean

Array = npt.NDArray[Any]


def compare(
    problem: Problem | str,
    *,
    modes: Sequence[Mode] | None = None,
    candidate: Trainer | None = None,
    reference: Reference | None = None,
    tolerance: Tolerance | None = None,
    twins: int | None = None,
    witness: bool | None = None,
    sensitive: bool | None = None,
    honest: Mapping[Mode, HonestSteps] | None = None,
    on_steps: Callable[[int], object] = lambda _: None,
    on_values: Callable[[Mode, Values], object] = lambda _mode, _values: None,
) -> list[Verdict]:
    """Compare a candidate with a reference on one problem; return a verdict for each mode.

    The problem may be one of the catalogue by its name, then in float64. The candidate is scratch
    unless another trainer is given, and the reference is Keras, recorded once for all modes: those
    in which the candidate can run, unless they are given.
    ``twins`` is how many nudged runs measure the rounding budget, by default 8 for a small model
    and 1 for a large one; with a tolerance given by the user there are none. A witness runs by
    default for small models, and for these it is also measured which known mistakes a pass would
    have caught (``sensitive``), which keeps all blocks. The runs of scratch and its twins are
    taken from ``honest`` where they have been made already. ``on_steps`` is told how many more
    steps are done, after each part, and ``on_values`` what the candidate made of them.

    Raises ``KerasMissingError`` when Keras is needed and not installed, and ``ValueError``
    where the reference is of another problem, or a mode is none.
    """
    problem = problem_of(problem)
    modes = check_modes(modes_of(candidate) if modes is None else modes)
    reference = LiveKeras(problem) if reference is None else reference
    reference.check(problem)
    tolerance = Measured() if tolerance is None else tolerance
    small = is_small(problem)
    if twins is None:
        twins = usual_twins(problem)
    if isinstance(tolerance, Given):
        twins = 0
    witnessed = small if witness is None else witness
    sides = []
    for mode in modes:
        steps_of = None if honest is None else honest[mode]
        runners = _Runners.of(
            problem, mode, reference, candidate, twins, steps_of, witness=witnessed
        )
        sides.append(_Side(problem, mode, reference, tolerance, runners, on_values))
    losses, kept = list[Array](), list[tuple[Block, Sequence[Start]]]()
    before = Start(problem.weights, None, 0)
    # One thread for NumPy's products: its own threads and Keras's wait for each other.
    with threadpool_limits(1, user_api="blas"):
        for block in reference.blocks():
            *states, before = starts(block, before)
            losses.append(block.values["loss/value"])
            if small if sensitive is None else sensitive:
                kept.append((block, states))
            for side in sides:
                side.run(block, states)
            on_steps(len(block))
    steps = [(block, i, start) for block, states in kept for i, start in enumerate(states)]
    return [side.verdict(np.concatenate(losses), before.weights, steps) for side in sides]


@dataclass(frozen=True)
class _Runners:
    """Everyone who runs beside the reference; ``candidate`` is ``None`` where it is scratch.

    Each mode has its own, so that what one finds does not depend on the other being run.
    """

    scratch: ScratchTrainer
    honest: HonestSteps
    candidate: Trainer | None
    witness: Trainer | None
    witness_dtype: str | None

    @classmethod
    def of(
        cls,
        problem: Problem,
        mode: Mode,
        reference: Reference,
        candidate: Trainer | None,
        twins: int,
        honest: HonestSteps | None,
        *,
        witness: bool,
    ) -> "_Runners":
        textbook = scratch_trainer(problem, reference.constants)
        wide = witness_dtype(problem.dtype) if witness else None
        return cls(
            scratch=textbook,
            honest=HonestRun(textbook, problem, mode, twins) if honest is None else honest,
            candidate=None if candidate is None else guarded(candidate),
            witness=None if wide is None else InHigherPrecision.of(textbook, problem.dtype, wide),
            witness_dtype=None if wide is None else wide.name,
        )


class _Side:
    """One mode of a comparison: its runs, and its judge."""

    def __init__(
        self,
        problem: Problem,
        mode: Mode,
        reference: Reference,
        tolerance: Tolerance,
        runners: _Runners,
        on_values: Callable[[Mode, Values], object],
    ) -> None:
        def run(trainer: Trainer | None) -> Run | None:
            return None if trainer is None else Run(trainer, problem, mode)

        self.problem, self.mode, self.reference = problem, mode, reference
        self.runners, self.on_values = runners, on_values
        self.candidate = run(runners.candidate)
        self.witness = run(runners.witness)
        self.twins = 0
        offered = None if runners.candidate is None else runners.candidate.sites
        self.not_offered = (
            () if offered is None else tuple(s for s in reference.sites if s not in offered)
        )
        self.judge = Judge(
            [site for site in reference.sites if site not in self.not_offered],
            problem.dtype,
            tolerance,
            kinks_of(runners.scratch.network),
            never_decreasing=mode == "free",
        )
        self._losses: list[Array] = []
        self._last: dict[str, Array] = {}

    def run(self, block: Block, states: Sequence[Start]) -> None:
        """Run and judge the steps of a block; ``states`` are the reference's before each."""
        with np.errstate(all="ignore"):  # comparing finds what overflows; no warning is needed
            scratch, spread = self.runners.honest(block, states)
            self.twins = spread.twins
            candidate = scratch
            if self.candidate is not None:
                candidate = self.candidate.steps(block, states)
            self.on_values(self.mode, candidate)
            if self.judge.ended is None:
                self.judge.add(
                    Evidence(
                        first_step=block.first_step,
                        targets=block.y,
                        reference=block.values,
                        candidate=candidate,
                        scratch=scratch,
                        spread=spread,
                        witness=self.witness.steps(block, states) if self.witness else None,
                    )
                )
        # A candidate may show no loss, or what is none: its epochs then have none.
        losses = candidate.get("loss/value")
        shown = isinstance(losses, np.ndarray) and losses.shape == (len(block),)
        self._losses.append(np.asarray(losses) if shown else np.full(len(block), np.nan))
        self._last = {
            site.removeprefix("update/"): array[-1]
            for site, array in candidate.items()
            if site.startswith("update/")
        }

    def verdict(self, losses: Array, final: Mapping[str, Array], steps: Steps) -> Verdict:
        """Return what was found, given the reference's losses, final parameters and kept steps."""
        judge, problem = self.judge, self.problem
        budgets = judge.budgets
        return Verdict(
            problem=problem.name,
            dtype=problem.dtype,
            mode=self.mode,
            steps_per_epoch=problem.steps_per_epoch,
            tolerance=judge.tolerance,
            tables=judge.tables,
            not_offered=self.not_offered,
            first=judge.first,
            ended=judge.ended,
            undecided=() if budgets is None else tuple(budgets.undecided),
            undecided_count=0 if budgets is None else budgets.undecided_count,
            twins=self.twins,
            witness_dtype=self.runners.witness_dtype,
            epoch_losses=EpochLosses(
                candidate=epoch_losses(problem, np.concatenate(self._losses)),
                reference=epoch_losses(problem, losses),
            ),
            final_parameters={
                path: (self._last[path], w)
                for path, w in final.items()
                if path in self._last and self._last[path].shape == w.shape
            },
            environment=self.reference.environment,
            sensitivity=(
                self._sensitivity(steps) if steps and judge.tables and judge.first is None else None
            ),
        )

    def _sensitivity(self, steps: Steps) -> Sensitivity:
        """Return which known mistakes would have been caught within the bounds that held here."""
        tolerance, bounds = self.judge.tolerance, dict[str, Callable[[int], Any]]()
        for site, table in self.judge.tables.items():
            if isinstance(tolerance, Given):
                bounds[site] = partial(_given, tolerance, steps, site)
            else:
                bounds[site] = (tolerance.factor * table.column("budget")).__getitem__
        steps = steps[: max(len(table.column("budget")) for table in self.judge.tables.values())]
        return sensitivity(
            self.problem,
            self.runners.scratch,
            steps,
            differs_from(steps, bounds),
            self.mode,
            with_the_loop=self.candidate is None,  # to anyone else batches are handed out
        )


def _given(tolerance: Given, steps: Steps, site: str, number: int) -> Array:
    block, i, _ = steps[number]
    return tolerance.bound(block.values[site][i])


def epoch_losses(problem: Problem, losses: Array) -> tuple[float, ...]:
    """Return the loss of each epoch as ``fit`` reports it, given those of all steps."""
    rows, size, steps = problem.order.shape[1], problem.batch_size, problem.steps_per_epoch
    epochs = []
    for epoch in losses.reshape(-1, steps):
        mean = WeightedMean(problem.dtype)
        for step, loss in enumerate(epoch):
            mean.add(loss, min(size, rows - step * size))
        epochs.append(mean.result())
    return tuple(epochs)
