"""Bind whatever was handed in: find out what it is, and in a file what is meant."""

from collections.abc import Callable, Mapping
from os import PathLike, fspath
from types import ModuleType
from typing import Any

from comparisons.candidates.bound import Bound
from comparisons.candidates.calling import Output, call, quietly
from comparisons.candidates.choices import refuse_strange_answers
from comparisons.candidates.errors import BindingError
from comparisons.candidates.functions import bind_options
from comparisons.candidates.makers import (
    Maker,
    from_class,
    from_function,
    from_object,
    needs,
    unknown_arguments,
)
from comparisons.candidates.objects import VERBS, bind_object, has_verbs
from comparisons.candidates.refusing import listed, nothing_found, unfinished
from comparisons.candidates.trainers import bind_trainer, is_trainer
from comparisons.candidates.vocabulary import FUNCTIONS
from comparisons.problems import Problem

Functions = dict[str, dict[str, Callable[..., Any]]]


def bind(candidate: object, problem: Problem, *, names: Mapping[str, str] | None = None) -> Bound:
    """Return a trainer of anyone's own implementation, for one problem.

    ``candidate`` is a module or the dict of one; an object with ``set_weights``, ``get_weights``
    and ``train_on_batch``, or its class; a trainer, with ``init`` and ``step``; or a function that
    makes one of these, of the problem or of nothing. What is bound already is returned as it is for
    the same problem, and for another one its candidate is bound anew. ``names`` answers questions:
    ``{"forward": "my_forward"}`` says which function it is, ``{"my_forward.q": "x"}`` what an
    argument stands for.

    Raises ``BindingError`` where something is missing or ambiguous, and ``CandidateError`` where
    the candidate raises, or returns what does not fit the problem.
    """
    own = {} if names is None else dict(names)
    if isinstance(candidate, Bound):
        return candidate.bound_for(problem, own)

    def again(other: Problem, answers: Mapping[str, str]) -> Bound:
        return bind(candidate, other, names=answers)

    return _bind(candidate, problem, own).keeping(again, own)


def bind_functions(
    problem: Problem,
    *,
    forward: Callable[..., Any],
    update: Callable[..., Any],
    backward: Callable[..., Any] | None = None,
    loss: Callable[..., Any] | None = None,
    initialize: Callable[..., Any] | None = None,
    names: Mapping[str, str] | None = None,
) -> Bound:
    """Return a trainer of functions, each named for what it does; otherwise as ``bind``."""
    given = {
        "forward": forward,
        "backward": backward,
        "update": update,
        "loss": loss,
        "initialize": initialize,
    }
    for what, code in given.items():
        if code is not None and not callable(code):
            raise BindingError(f"{what} must be a function, received {type(code).__name__}")
    options = {
        what: {} if code is None else {getattr(code, "__name__", what): code}
        for what, code in given.items()
    }
    own = {} if names is None else dict(names)

    def again(other: Problem, answers: Mapping[str, str]) -> Bound:
        return bind_options(other, options, answers).keeping(again, answers)

    return bind_options(problem, options, own).keeping(again, own)


def _bind(candidate: Any, problem: Problem, names: Mapping[str, str]) -> Bound:
    """Bind a file, or one thing."""
    if isinstance(candidate, str | PathLike):
        raise BindingError(
            f"a file is checked with `keras-parity check {fspath(candidate)}`, or imported and "
            f"given as a module; received {type(candidate).__name__} {fspath(candidate)!r}"
        )
    if isinstance(candidate, ModuleType):
        candidate = vars(candidate)
    if isinstance(candidate, Mapping):
        return _bind_file(candidate, problem, names)
    name = getattr(candidate, "__name__", type(candidate).__name__)
    return _bind_one(name, candidate, problem, names)


def _bind_one(name: str, candidate: Any, problem: Problem, names: Mapping[str, str]) -> Bound:
    """Bind an object, its class, a trainer, or what a function or class makes of the problem."""
    if isinstance(candidate, Bound):
        return candidate.bound_for(problem, _without_choice(names))
    if isinstance(candidate, type):
        return _bind_class(name, candidate, problem, names)
    if has_verbs(candidate):
        return bind_object(from_object(candidate), problem, names)
    if is_trainer(candidate):
        return bind_trainer(candidate, problem)
    if callable(candidate):
        return _bind_made(name, candidate, problem, names)
    raise _no_candidate(f"an object of type {type(candidate).__name__}")


def _bind_class(name: str, cls: type, problem: Problem, names: Mapping[str, str]) -> Bound:
    """Bind the objects of a class, or the trainer that it makes."""
    if has_verbs(cls):
        return bind_object(from_class(cls, problem), problem, names)
    if _is_of_a_problem(cls):
        return _bind_made(name, cls, problem, names)
    if is_trainer(cls):
        return bind_trainer(_made(from_class(cls, problem)), problem)
    raise _no_candidate(f"class {cls.__name__}")


def _bind_made(
    name: str, code: Callable[..., Any], problem: Problem, names: Mapping[str, str]
) -> Bound:
    """Bind what a function makes of the problem, or of nothing."""
    with quietly(Output()):
        made = from_function(name, code, problem)
    if made is None:
        raise _no_candidate(f"an object of type {type(code).__name__}")
    candidate = made.candidate
    if isinstance(candidate, Bound | ModuleType | Mapping | type):
        return bind(candidate, problem, names=_without_choice(names))
    if has_verbs(candidate):
        return bind_object(made.maker, problem, names)
    if is_trainer(candidate):
        return bind_trainer(candidate, problem)
    raise _no_candidate(f"what {made.by} makes, of type {type(candidate).__name__},")


def _no_candidate(what: str) -> BindingError:
    return BindingError(
        f"{what} cannot be bound: it has neither {', '.join(VERBS)} nor a trainer's init "
        "and step; functions are given as a module, or with bind_functions(problem, forward=…, "
        "update=…)"
    )


def _without_choice(names: Mapping[str, str]) -> dict[str, str]:
    """Return the answers without the one that has been used when the candidate was chosen."""
    return {key: answer for key, answer in names.items() if key != "candidate"}


def _made(maker: Maker) -> Any:
    with quietly(Output()):
        return call(maker.name, maker.make)


def _is_of_a_problem(cls: type) -> bool:
    """Return whether a class needs one argument, and that none of those known by name."""
    needed = needs(cls)
    return needed is not None and len(needed) == 1 and needed == unknown_arguments(cls)


def _bind_file(space: Mapping[str, Any], problem: Problem, names: Mapping[str, str]) -> Bound:
    """Bind what is meant in a namespace."""
    if (chosen := names.get("candidate")) is not None:
        if chosen not in space:
            raise BindingError(
                f"names has 'candidate': {chosen!r}, and the file has {listed(space)}"
            )
        return _bind_one(chosen, space[chosen], problem, names)
    objects = _objects(space)
    options = functions_in(space, names)
    if objects and options["forward"] and options["update"] and "forward" not in names:
        raise BindingError(
            f"which is meant, {' or '.join(objects)} or the functions "
            f"{' and '.join(next(iter(options[what])) for what in ('forward', 'update'))}? "
            f"Answer with names={{'candidate': {next(iter(objects))!r}}} or "
            f"names={{'forward': {next(iter(options['forward']))!r}}}"
        )
    if len(objects) > 1:
        raise BindingError(
            f"which is meant, {' or '.join(objects)}? "
            f"Answer with names={{'candidate': {next(iter(objects))!r}}}"
        )
    if objects and "forward" not in names:
        name, found = next(iter(objects.items()))
        return _bind_one(name, found, problem, names)
    if not any(options[what] for what in ("forward", "backward", "update")):
        refuse_strange_answers(names, options)
        raise nothing_found(space)
    if not (options["forward"] or options["update"]) and unfinished(space) is not None:
        raise nothing_found(space)
    return bind_options(problem, options, names)


def _objects(space: Mapping[str, Any]) -> dict[str, Any]:
    """Return the classes and objects in a file that could be meant, each once.

    An object says nothing that its own class does not, where that can be made for a problem: it
    was made for the file's own data. A class from elsewhere is not the file's, an object of it is.
    """
    home = space.get("__name__")
    classes = {
        name: value
        for name, value in space.items()
        if isinstance(value, type)
        and (has_verbs(value) or is_trainer(value))
        and (home is None or value.__module__ == home)
    }
    classes = {cls.__name__: cls for cls in classes.values()}
    inherited = {base for cls in classes.values() for base in cls.__mro__[1:]}
    classes = {name: cls for name, cls in classes.items() if cls not in inherited}
    objects: dict[str, Any] = {}
    for name, value in space.items():
        if isinstance(value, type | ModuleType) or name.startswith("__"):
            continue
        if not (has_verbs(value) or is_trainer(value)):
            continue
        if not any(value is other for other in objects.values()):
            objects[name] = value
    for name, cls in list(classes.items()):
        own = [key for key, value in objects.items() if type(value) is cls]
        if not own:
            continue
        if not unknown_arguments(cls):
            for key in own:
                del objects[key]
        else:
            del classes[name]
    return {**classes, **objects}


def functions_in(space: Mapping[str, Any], names: Mapping[str, str]) -> Functions:
    """Return a file's functions by what they may be for, judged by their names.

    ``names`` may say which one it is, or with an empty name that there is none.
    """
    plain = {
        name: value
        for name, value in space.items()
        if callable(value)
        and not isinstance(value, type)
        and not name.startswith("__")
        and not hasattr(value, "nin")  # NumPy's own functions of arrays
    }
    options: Functions = {}
    for what, patterns in FUNCTIONS.items():
        if what in names:
            options[what] = _answered(what, names[what], plain)
            continue
        options[what] = {}
        for pattern in patterns:
            found = {n: code for n, code in plain.items() if pattern.match(n.lower())}
            found = {n: code for n, code in found.items() if not _is_rather(what, n)}
            options[what] |= found
    return options


def _answered(
    what: str, name: str, plain: Mapping[str, Callable[..., Any]]
) -> dict[str, Callable[..., Any]]:
    if not name:
        return {}
    if name not in plain:
        raise BindingError(
            f"names has {what!r}: {name!r}, and the file has the functions "
            f"{', '.join(plain) or 'none'}"
        )
    return {name: plain[name]}


def _is_rather(what: str, name: str) -> bool:
    """Return whether a function that may be of a kind is rather of another."""
    others = {"backward": ("update",), "loss": ("update", "backward")}
    if what == "update":
        return bool(FUNCTIONS["backward"][0].match(name.lower()))
    patterns = [pattern for other in others.get(what, ()) for pattern in FUNCTIONS[other]]
    return any(pattern.match(name.lower()) for pattern in patterns)
