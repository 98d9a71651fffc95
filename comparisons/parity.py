"""``check``: one call that passes silently or fails with the whole story."""

from collections.abc import Callable

from comparisons import problems
from comparisons.checking import Checked, examine
from comparisons.problems import Problem
from comparisons.reports import failure
from comparisons.runs import Reference, Trainer


class ParityError(AssertionError):
    """A candidate that does not go through Keras's numbers; ``checked`` is all that was found."""

    def __init__(self, checked: Checked) -> None:
        super().__init__(failure(checked))
        self.checked = checked


def check(
    candidate: Trainer | Callable[[Problem], Trainer],
    problem: Problem | str = "regression",
    *,
    dtype: str = "float64",
    reference: Reference | None = None,
) -> Checked:
    """Check that a candidate goes through Keras's numbers on a problem.

    ``candidate`` is a trainer (``init`` and ``step``), or a function that makes one for the
    problem. ``problem`` is one of the catalogue by its name, in ``dtype``, or one of your own.
    The reference is the recording that comes with the package, or else Keras itself. Returns
    what was found. Raises ``ParityError`` where the two part, ``ProblemError`` for an unknown
    name, and ``TypeError`` for what is no candidate.
    """
    __tracebackhide__ = True  # pytest then shows the test, and not these lines
    if isinstance(problem, str):
        problem = problems.get(problem).astype(dtype)
    trainer = candidate if _trains(candidate) or not callable(candidate) else candidate(problem)
    if not _trains(trainer):
        message = (
            f"a candidate has the methods init and step, but {type(trainer).__name__} has not "
            "both: pass a trainer, or a function that makes one for a problem"
        )
        raise TypeError(message)
    checked = examine(problem, trainer, reference)  # type: ignore[arg-type]
    if not checked.passed:
        raise ParityError(checked)
    return checked


def _trains(candidate: object) -> bool:
    return not isinstance(candidate, type) and all(
        callable(getattr(candidate, verb, None)) for verb in ("init", "step")
    )
