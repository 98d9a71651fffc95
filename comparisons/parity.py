"""``check``: one call that passes silently or fails with the whole story."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, TypedDict, TypeGuard, Unpack

from comparisons.candidates import (
    Bound,
    CandidateError,
    bind,
    bind_functions,
    has_verbs,
    is_trainer,
)
from comparisons.candidates.makers import from_function, needs
from comparisons.checking import Checked, examine, ground_for
from comparisons.problems import Problem, problem_of
from comparisons.replaying import replay_step
from comparisons.reports import failure, replayed
from comparisons.runs import Reference, Trainer


class ParityError(AssertionError):
    """A candidate that does not go through Keras's numbers; ``checked`` is all that was found."""

    def __init__(self, checked: Checked) -> None:
        super().__init__(failure(checked))
        self.checked = checked


class How(TypedDict, total=False):
    """What else may be said of a candidate, by keyword.

    ``forward``, ``update``, ``backward``, ``loss`` and ``initialize`` are functions by what they
    do, in the place of a candidate; the first two are needed. ``names`` answers questions, as for
    ``bind``. ``dtype`` is that of the run: unless it is said, float64 for a problem given by its
    name, and that of the problem else.
    """

    forward: Callable[..., Any]
    update: Callable[..., Any]
    backward: Callable[..., Any]
    loss: Callable[..., Any]
    initialize: Callable[..., Any]
    names: Mapping[str, str] | None
    dtype: str


def check(
    candidate: object = None,
    problem: Problem | str = "regression",
    *,
    reference: Reference | None = None,
    **how: Unpack[How],
) -> Checked:
    """Check that a candidate goes through Keras's numbers on a problem.

    ``candidate`` is whatever ``bind`` takes: a module, an object with Keras's verbs (a Keras model
    is one) or its class, a trainer; or a function that makes one of these for the problem. In its
    place functions may be given: ``check(problem=…, forward=…, update=…)``. ``How`` has all that
    may be said by keyword.

    ``problem`` is one of the catalogue by its name, or one of your own. The reference is the
    recording that comes with the package, or else Keras itself. Returns what was found, with
    what was taken for what. Raises ``ParityError`` where the two part, and what ``understand``
    raises.
    """
    __tracebackhide__ = True  # pytest then shows the test, and not these lines
    try:
        problem, trainer = understand(candidate, problem, **how)
    except (ValueError, TypeError, CandidateError) as error:
        # Said in a sentence: where in here it was noticed says no more.
        raise error.with_traceback(None) from error.__cause__
    checked = examine(problem, trainer, reference)
    if not checked.passed:
        raise ParityError(checked)
    return checked


def replay(
    candidate: object = None,
    problem: Problem | str = "regression",
    *,
    step: int,
    reference: Reference | None = None,
    **how: Unpack[How],
) -> str:
    """Return, as text to print, every number of both sides in one step, counted from 1.

    Otherwise as ``check``, which says in a failure which step to replay.
    """
    problem, trainer = understand(candidate, problem, **how)
    return replayed(replay_step(ground_for(problem, reference), trainer, step))


def understand(
    candidate: object, problem: Problem | str, **how: Unpack[How]
) -> tuple[Problem, Trainer]:
    """Return a problem, and whatever was handed in as a trainer of it; the words are ``check``'s.

    Raises ``ProblemError`` for an unknown name, ``BindingError`` and ``CandidateError`` as ``bind``
    does, and ``TypeError`` where nothing is given, or too much.
    """
    functions: dict[str, Any] = {**how}
    _refuse_unknown(functions)
    names = functions.pop("names", None)
    problem = _problem(problem, functions.pop("dtype", None))
    if functions:
        if candidate is not None:
            raise TypeError("give a candidate or functions, not both")
        if missing := {"forward", "update"} - functions.keys():
            message = f"{' and '.join(sorted(missing))} is missing: forward and update are needed"
            raise TypeError(message)
        return problem, bind_functions(problem, names=names, **functions)
    if candidate is None:
        message = "nothing to check: give a candidate, or functions as forward=… and update=…"
        raise TypeError(message)
    # A trainer speaks our language already; what is wrong in it is for the verdict to say.
    made = _made_for(candidate, problem)
    if _trains(made) and not isinstance(made, Bound):
        return problem, made
    return problem, bind(candidate, problem, names=names)


def _made_for(candidate: object, problem: Problem) -> object:
    """Return what a function or class of the problem makes of it, or else the candidate itself."""
    if not callable(candidate) or has_verbs(candidate) or _trains(candidate):
        return candidate
    if len(needs(candidate) or ()) != 1:
        return candidate
    made = from_function(getattr(candidate, "__name__", ""), candidate, problem)
    return candidate if made is None else made.candidate


def _refuse_unknown(how: Mapping[str, Any]) -> None:
    """Raise ``TypeError`` for a word that is none of ``How``'s."""
    known = ["problem", "reference", *How.__annotations__]
    for word in how:
        if word not in known:
            like = get_close_matches(word, known, 1)
            hint = f", did you mean {like[0]}?" if like else ""
            message = f"there is no argument {word!r}{hint}; there are {', '.join(known)}"
            raise TypeError(message)


def _problem(problem: Problem | str, dtype: str | None) -> Problem:
    """Return the problem meant, in the dtype asked for."""
    meant = problem_of(problem)
    return meant if dtype is None else meant.astype(dtype)


def _trains(candidate: object) -> TypeGuard[Trainer]:
    return is_trainer(candidate) and not isinstance(candidate, type)
