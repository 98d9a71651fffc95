"""``check``: one call that passes silently or fails with the whole story."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

from comparisons import problems
from comparisons.candidates import bind, bind_functions, has_verbs, is_trainer
from comparisons.checking import Checked, examine
from comparisons.problems import Problem
from comparisons.replaying import replay_step
from comparisons.reports import failure, replayed
from comparisons.runs import Reference, Trainer


class ParityError(AssertionError):
    """A candidate that does not go through Keras's numbers; ``checked`` is all that was found."""

    def __init__(self, checked: Checked) -> None:
        super().__init__(failure(checked))
        self.checked = checked


def check(
    candidate: object = None,
    problem: Problem | str = "regression",
    *,
    forward: Callable[..., Any] | None = None,
    backward: Callable[..., Any] | None = None,
    update: Callable[..., Any] | None = None,
    loss: Callable[..., Any] | None = None,
    initialize: Callable[..., Any] | None = None,
    names: Mapping[str, str] | None = None,
    dtype: str = "float64",
    reference: Reference | None = None,
    through: Callable[[Problem, Trainer], Trainer] | None = None,
) -> Checked:
    """Check that a candidate goes through Keras's numbers on a problem.

    ``candidate`` is whatever ``bind`` takes: a module, an object with Keras's verbs (a Keras model
    is one) or its class, a trainer; or a function that makes one of these for the problem. In its
    place functions may be given by what they do, at least ``forward`` and ``update``. ``names``
    answers questions, as for ``bind``.

    ``problem`` is one of the catalogue by its name, in ``dtype``, or one of your own. The
    reference is the recording that comes with the package, or else Keras itself. ``through``
    returns the trainer to check in the place of the one it is given, to listen to it. Returns what
    was found, with what was taken for what. Raises ``ParityError`` where the two part,
    ``ProblemError`` for an unknown name, ``BindingError`` and ``CandidateError`` as ``bind`` does,
    and ``TypeError`` where nothing is given, or too much.
    """
    __tracebackhide__ = True  # pytest then shows the test, and not these lines
    functions = _functions(forward, backward, update, loss, initialize)
    problem = _problem(problem, dtype)
    trainer: Trainer = _bound(candidate, functions, problem, names)
    checked = examine(problem, through(problem, trainer) if through else trainer, reference)
    if not checked.passed:
        raise ParityError(checked)
    return checked


def replay(
    candidate: object = None,
    problem: Problem | str = "regression",
    *,
    step: int,
    forward: Callable[..., Any] | None = None,
    backward: Callable[..., Any] | None = None,
    update: Callable[..., Any] | None = None,
    loss: Callable[..., Any] | None = None,
    initialize: Callable[..., Any] | None = None,
    names: Mapping[str, str] | None = None,
    dtype: str = "float64",
    reference: Reference | None = None,
) -> str:
    """Return, as text to print, every number of both sides in one step, counted from 1.

    Otherwise as ``check``, which says in a failure which step to replay.
    """
    functions = _functions(forward, backward, update, loss, initialize)
    problem = _problem(problem, dtype)
    return replayed(
        replay_step(problem, _bound(candidate, functions, problem, names), step, reference)
    )


def _problem(problem: Problem | str, dtype: str) -> Problem:
    return problems.get(problem).astype(dtype) if isinstance(problem, str) else problem


def _functions(*given: Callable[..., Any] | None) -> dict[str, Callable[..., Any]]:
    """Return the functions that were given, by what they do."""
    does = ("forward", "backward", "update", "loss", "initialize")
    return {what: code for what, code in zip(does, given, strict=True) if code is not None}


def _bound(
    candidate: object,
    functions: Mapping[str, Any],
    problem: Problem,
    names: Mapping[str, str] | None,
) -> Trainer:
    """Return whatever was handed in as a trainer of the problem."""
    if functions:
        if candidate is not None:
            raise TypeError("give a candidate or functions, not both")
        if missing := {"forward", "update"} - functions.keys():
            message = f"{' and '.join(sorted(missing))} is missing: forward and update are needed"
            raise TypeError(message)
        return bind_functions(problem, **functions, names=names)
    if candidate is None:
        message = "nothing to check: give a candidate, or functions as forward=… and update=…"
        raise TypeError(message)
    if _makes_one(candidate):
        candidate = candidate(problem)  # type: ignore[operator]
    # A trainer speaks our language already; what is wrong in it is for the verdict to say.
    return candidate if _trains(candidate) else bind(candidate, problem, names=names)


def _makes_one(candidate: object) -> bool:
    """Return whether this is called with the problem: a function or class of one argument."""
    if not callable(candidate) or has_verbs(candidate) or _trains(candidate):
        return False
    try:
        parameters = inspect.signature(candidate).parameters.values()
    except (TypeError, ValueError):
        return False
    variable = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    return sum(p.default is p.empty and p.kind not in variable for p in parameters) == 1


def _trains(candidate: object) -> TypeGuard[Trainer]:
    return is_trainer(candidate) and not isinstance(candidate, type)
