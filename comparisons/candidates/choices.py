"""The user's functions to choose from, and what they can be given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from comparisons.candidates.errors import BindingError, CandidateError
from comparisons.candidates.forms import Net
from comparisons.candidates.numbers import MisfitError
from comparisons.candidates.signatures import Function, function
from comparisons.candidates.vocabulary import FUNCTIONS, kind_of
from comparisons.problems import Problem
from scratch.losses import MeanAbsoluteError, MeanSquaredError

#: Functions by what they are for; of each there may be several to choose from.
Options = Mapping[str, Mapping[str, Callable[..., Any]]]
Failures = list[tuple[Function, Exception]]

#: What may be answered besides functions and their arguments.
ANSWERS = ("kernels", "biases", "features", "output", "gradients", "candidate", "weights")


def refuse_strange_answers(names: Mapping[str, str], options: Options) -> None:
    """Raise ``BindingError`` for an answer to what is not asked of such functions."""
    functions = {name for some in options.values() for name in some}
    for key in names:
        if key not in ANSWERS and key.split(".")[0] not in {*options, *functions}:
            raise BindingError(
                f"names has {key!r}, which is nothing that can be answered: "
                f"{', '.join([*options, *ANSWERS])} or 'function.argument' are"
            )


@dataclass(frozen=True)
class Choices:
    """Functions by what they are for, for one problem, and the user's answers to questions.

    Raises ``BindingError`` for an answer to nothing that is asked.
    """

    problem: Problem
    options: Options
    names: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse answers to what is not asked."""
        refuse_strange_answers(self.names, self.options)

    def callable_with(
        self, what: str, available: set[str], layers: int
    ) -> tuple[list[Function], list[Function]]:
        """Return the functions of a kind that can be given all they ask for, and the others."""
        fine, others = list[Function](), list[Function]()
        for name, code in self.options.get(what, {}).items():
            found = function(name, code, layers, self.names).optional(available)
            (fine if not unmet(found, available) else others).append(found)
        return fine, others

    def preferred(self, what: str, fine: Sequence[Function]) -> list[Function]:
        """Return those whose names say most surely that they are meant, for this kind of problem.

        Those named for another kind count only if there are no others.
        """
        regression = isinstance(self.problem.network.loss, MeanSquaredError | MeanAbsoluteError)
        kind = "regression" if regression else "classification"
        of_kind = (
            [code for code in fine if kind_of(code.name) == kind]
            or [code for code in fine if kind_of(code.name) is None]
            or list(fine)
        )
        for pattern in FUNCTIONS[what]:
            if found := [code for code in of_kind if pattern.match(code.name.lower())]:
                return found
        return of_kind

    def for_another_kind(self, code: Function) -> bool:
        """Return whether a function is, by its name, for another kind of problem."""
        regression = isinstance(self.problem.network.loss, MeanSquaredError | MeanAbsoluteError)
        kind = kind_of(code.name)
        return kind is not None and kind != ("regression" if regression else "classification")


def parameters_of(net: Net) -> set[str]:
    """Return the roles of a network's parameters."""
    return {f"{kind}:{number}" for kind, number in net.tensors}


def takes_parameters(code: Function) -> bool:
    """Return whether a function takes the parameters, together or each by itself."""
    return "parameters" in code.needs or code.has("W")


def unmet(code: Function, available: set[str]) -> str:
    """Return the arguments of a function for which there is no value."""
    return ", ".join(
        [*code.unknown, *(name for name, role in code.roles.items() if role not in available)]
    )


def question(what: str, functions: Sequence[Function | None]) -> BindingError:
    """Return the error that asks which of several functions is meant."""
    shown = [code for code in functions if code is not None]
    return BindingError(
        f"which is the {what} function, {' or '.join(str(code) for code in shown)}? "
        f"Answer with names={{{what!r}: {shown[0].name!r}}}"
    )


def furthest(failures: Failures) -> CandidateError:
    """Return the failure of the attempt that came the furthest: mostly the form that was meant."""

    def distance(failure: tuple[Function, Exception]) -> float:
        error = failure[1]
        if isinstance(error, MisfitError):
            return float("inf")  # it returned
        return float(getattr(error, "line", None) or 0)

    code, error = max(failures, key=distance)
    return as_candidate_error(code, error)


def as_candidate_error(code: Function, error: Exception) -> CandidateError:
    """Return the error for something that does not fit, with the line of the function."""
    if isinstance(error, CandidateError):
        return error
    inner = getattr(code.call, "__code__", None)
    place = (None, None) if inner is None else (inner.co_filename, inner.co_firstlineno)
    return CandidateError(str(error), *place)
