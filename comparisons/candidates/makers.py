"""How to make an object anew for every run: a class, a function, or a copy of the one given."""

import copy
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from comparisons.candidates.errors import BindingError, CandidateError, raised
from comparisons.candidates.vocabulary import is_layer_dims, role_of, width_of
from comparisons.problems import Problem
from scratch.layers import Dense


@dataclass(frozen=True)
class Maker:
    """Something that makes objects.

    ``only`` says that it hands out the same one each time, and ``slow`` that making one takes so
    long that steps which need only weights should share one. ``how`` says for the binding where
    they come from, and ``place`` is the file and line of their class.
    """

    name: str
    make: Callable[[], Any]
    how: str
    only: bool = False
    slow: bool = False
    place: tuple[str, int] | tuple[()] = ()


def from_class(cls: type, problem: Problem) -> Maker:
    """Return a maker of a class; layer widths and a learning rate are given by their names.

    Raises ``BindingError`` where it needs other arguments, or the width of a hidden layer where
    there is not just one.
    """
    if unknown := unknown_arguments(cls):
        raise BindingError(
            f"{cls.__name__} needs arguments that are not known ({', '.join(unknown)}): give an "
            f"object, or a function without arguments that makes it, as in "
            f"def make(): return {cls.__name__}(…), with names={{'candidate': 'make'}} in a file"
        )
    arguments: dict[str, Any] = {}
    for parameter in _parameters(cls):
        if is_layer_dims(parameter.name):
            arguments[parameter.name] = widths(problem)
        elif (layer := width_of(parameter.name)) is not None:
            if (width := _width(parameter, layer, problem, cls)) is not None:
                arguments[parameter.name] = width
        elif role_of(parameter.name, 0) == "learning_rate":
            arguments[parameter.name] = problem.network.optimizer.learning_rate
    shown = ", ".join(f"{name}={value}" for name, value in arguments.items())
    return Maker(
        cls.__name__,
        lambda: cls(**arguments),
        f"made anew for every run by {cls.__name__}({shown})",
        place=_place(cls),
    )


def _width(parameter: inspect.Parameter, layer: str, problem: Problem, cls: type) -> int | None:
    """Return the width of a layer; ``None`` leaves an argument its default."""
    inputs, *hidden, outputs = widths(problem)
    if layer != "hidden":
        return inputs if layer == "inputs" else outputs
    if len(hidden) == 1:
        return hidden[0]
    if parameter.default is not parameter.empty:
        return None
    raise BindingError(
        f"{cls.__name__} needs {parameter.name}, for one hidden layer, and problem "
        f"{problem.name!r} has {len(hidden)}: check it with another problem, or take layer_sizes, "
        f"a list of all widths, instead"
    )


def unknown_arguments(cls: type) -> list[str]:
    """Return what a class needs besides layer widths and a learning rate."""
    return [
        parameter.name
        for parameter in _parameters(cls)
        if parameter.default is parameter.empty
        and not is_layer_dims(parameter.name)
        and width_of(parameter.name) is None
        and role_of(parameter.name, 0) != "learning_rate"
    ]


def _parameters(cls: type) -> list[inspect.Parameter]:
    try:
        parameters = inspect.signature(cls).parameters.values()
    except (TypeError, ValueError):
        return []
    variable = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    return [parameter for parameter in parameters if parameter.kind not in variable]


def widths(problem: Problem) -> list[int]:
    """Return the number of inputs and the units of each Dense layer."""
    units = [layer.units for layer in problem.network.layers if isinstance(layer, Dense)]
    return [int(problem.x.shape[-1]), *units]


@dataclass(frozen=True)
class Made:
    """What a function has made when it was called as ``by``, and the maker of more."""

    candidate: Any
    by: str
    maker: Maker


def needs(code: Callable[..., Any]) -> list[str] | None:
    """Return the arguments that a function or class needs, ``None`` where these cannot be read.

    Those that go only by their names cannot be given, and count as not to be read.
    """
    try:
        parameters = inspect.signature(code).parameters.values()
    except (TypeError, ValueError):
        return None
    variable = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    needed = [p for p in parameters if p.default is p.empty and p.kind not in variable]
    by_name = any(parameter.kind is parameter.KEYWORD_ONLY for parameter in needed)
    return None if by_name else [parameter.name for parameter in needed]


def from_function(name: str, code: Callable[..., Any], problem: Problem) -> Made | None:
    """Return what a function of the problem, or without arguments, makes.

    ``None`` where it needs other arguments. Raises ``BindingError`` where it raises or returns
    nothing: it may make no candidates at all.
    """
    needed = needs(code)
    if needed is None or len(needed) > 1:
        return None
    shown = f"{name}({', '.join(needed)})"
    make = partial(code, *(problem for _ in needed))
    given = "the problem" if needed else "nothing"
    must = (
        f"it was called with {given}, to make a candidate, which it must return; functions that "
        "compute are given as a module, or with bind_functions(problem, forward=…, update=…)"
    )
    made = _made_by(shown, make, must)
    if made is None:
        raise BindingError(f"{shown} returned None: {must}")
    how, cls = f"made anew for every run by {shown}", type(made)
    maker = Maker(cls.__name__, make, how, slow=_is_keras_s(made), place=_place(cls))
    return Made(made, shown, maker)


def _made_by(shown: str, make: "partial[Any]", must: str) -> Any:
    """Return what is made; what is raised becomes a sentence that ends with what it must do."""
    try:
        return make()
    except (BindingError, CandidateError):
        raise  # it has bound something itself
    except (Exception, SystemExit) as error:
        code = getattr(make.func, "__code__", None)
        told = raised(shown, error, getattr(code, "co_filename", None))
        if isinstance(error, SystemExit):
            raise told from error
        raise BindingError(f"{told}: {must}") from error


def from_object(candidate: Any) -> Maker:
    """Return a maker that copies an object, or hands out the object itself if it must.

    A Keras model is built again from its configs: a copy of one goes through a file.
    """
    cls = type(candidate)
    name, place = cls.__name__, _place(cls)
    if _is_keras_s(candidate):
        make = _from_configs(candidate)
        try:
            make()
        except Exception:  # noqa: BLE001  whatever its class cannot do, it cannot be made anew
            return Maker(name, lambda: candidate, "itself", only=True, place=place)
        return Maker(name, make, "made anew for every run from its configs", slow=True, place=place)
    try:
        kept = copy.deepcopy(candidate)
    except Exception:  # noqa: BLE001  the same
        return Maker(name, lambda: candidate, "itself", only=True, place=place)
    return Maker(name, lambda: copy.deepcopy(kept), "copied for every run", place=place)


def _is_keras_s(candidate: Any) -> bool:
    return any(
        cls.__module__.split(".")[0] in {"keras", "tf_keras"} for cls in type(candidate).__mro__
    )


def _from_configs(model: Any) -> Callable[[], Any]:
    config, training = model.get_config(), model.get_compile_config()

    def make() -> Any:
        made = type(model).from_config(config)
        made.compile_from_config(training)
        return made

    return make


def _place(cls: type) -> tuple[str, int] | tuple[()]:
    inner = getattr(getattr(cls, "train_on_batch", None), "__code__", None)
    return () if inner is None else (inner.co_filename, inner.co_firstlineno)
