"""The configs of a problem: read once, written out in full, and unchangeable from then on."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NoReturn

import scratch
from comparisons.problems.errors import refusal, seen

DTYPES = ("float32", "float64")

_MODEL = "as Sequential.get_config() returns it"
_TRAINING = "as get_compile_config() of a compiled model returns it"


class Frozen(dict[str, Any]):
    """A dict that nobody can change; its ``copy.deepcopy`` is a plain one, to start another from.

    A dict and not a proxy of one, so that ``json`` and Keras read it like any other.
    """

    def _refuse(self, *arguments: object, **named: object) -> NoReturn:
        del arguments, named
        message = (
            "a problem does not change: make another with dataclasses.replace(problem, …), "
            "from a copy.deepcopy() of this"
        )
        raise TypeError(message)

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __deepcopy__(self, memo: object) -> dict[str, Any]:
        return {name: _thawed(value) for name, value in self.items()}

    def __reduce__(self) -> tuple[type, tuple[dict[str, Any]]]:
        return Frozen, (dict(self),)


def frozen(value: Any) -> Any:
    """Return a config whose dicts and lists, however deep, cannot be changed."""
    if isinstance(value, Mapping):
        return Frozen({name: frozen(inner) for name, inner in value.items()})
    return tuple(map(frozen, value)) if isinstance(value, list | tuple) else value


def _thawed(value: Any) -> Any:
    if isinstance(value, Frozen):
        return {name: _thawed(inner) for name, inner in value.items()}
    return [_thawed(inner) for inner in value] if isinstance(value, tuple) else deepcopy(value)


def compiled(problem: object, model: object, training: object, dtype: str) -> scratch.Sequential:
    """Return the scratch model that two configs describe, compiled.

    Layers, loss and optimizer may also stand in the configs as scratch's own objects, and the
    last two as names. Raises ``ProblemError`` for what cannot be read or run.
    """
    layers = _layers(problem, model)
    settings = _training(problem, training)
    with _reading(problem, f"its model must be {_MODEL}"):
        made = scratch.Sequential.from_config({**_mapping(model), "layers": layers}, dtype=dtype)
    _check_layers(problem, made)
    with _reading(problem, f"its training must be {_TRAINING}"):
        made.compile_from_config(settings)
    return made


@contextmanager
def _reading(problem: object, wanted: str) -> Iterator[None]:
    """Turn whatever goes wrong in reading a config into one sentence."""
    try:
        yield
    except ValueError as error:
        raise refusal(problem, error) from error
    # A config may hold anything, and what scratch makes of that may be any error.
    except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError) as error:
        raise refusal(problem, f"{wanted}, but reading it failed: {error}") from error


def _mapping(config: object) -> Mapping[str, Any]:
    return config if isinstance(config, Mapping) else {}


def _layers(problem: object, model: object) -> Sequence[Any]:
    """Return the layers that a model's config has, each with a dtype that a run may replace."""
    if not isinstance(model, Mapping) or not isinstance(model.get("layers"), list | tuple):
        what = "a dict without a list of 'layers'" if isinstance(model, Mapping) else seen(model)
        todo = ": give its .get_config()" if hasattr(model, "get_config") else ""
        raise refusal(problem, f"model must be a config, {_MODEL}, received {what}{todo}")
    if "input_layers" in model:
        raise refusal(
            problem,
            "model must be the config of a Sequential, received that of a functional model: "
            "build it as keras.Sequential([Input(…), …])",
        )
    if not isinstance(model.get("name", ""), str):
        raise refusal(problem, f"its model's name must be text, received {seen(model['name'])}")
    layers: Sequence[Any] = model["layers"]
    for number, layer in enumerate(layers):
        config = _mapping(_mapping(layer).get("config"))
        _check_policy(problem, f"layer {config.get('name', number)!r}", config.get("dtype"))
        if _mapping(layer).get("class_name") == "InputLayer" and not config.get("batch_shape"):
            raise refusal(
                problem,
                "its Input must name the shape of a sample as 'batch_shape', [None, …], "
                f"received {', '.join(map(repr, config)) or 'an empty config'}",
            )
    _check_policy(problem, "model", model.get("dtype"))
    return layers


def _check_policy(problem: object, owner: str, dtype: Any) -> None:
    """Refuse a dtype policy that computes otherwise than in one dtype throughout."""
    policy = _policy(dtype)
    if policy not in {None, *DTYPES}:
        raise refusal(
            problem,
            f"{owner} has the dtype policy {policy!r}, and a problem runs in float32 or float64 "
            "throughout, as its own dtype says: build the model with dtype='float32'",
        )


def _policy(dtype: Any) -> str | None:
    """Return the name of a dtype or of a dtype policy, in any form that Keras writes."""
    if not isinstance(dtype, Mapping):
        name = getattr(dtype, "name", dtype)
        return None if name is None else str(name)
    config = _mapping(dtype.get("config"))
    return str(config.get("name") or config.get("mode") or dtype.get("class_name"))


def _check_layers(problem: object, made: scratch.Sequential) -> None:
    if not made.layers:
        raise refusal(
            problem,
            "no problem can be made of a model without layers: give it an Input and, behind it, "
            "the layers to train",
        )
    first = made.get_config()["layers"][0]["class_name"]
    if first != "InputLayer":
        raise refusal(
            problem,
            "its model must begin with an Input that names the shape of a sample, "
            f"received a {first} first",
        )
    if not made.get_weights():
        raise refusal(problem, "its model has no weights to train: give it a Dense layer")


def _training(problem: object, training: object) -> Mapping[str, Any]:
    """Return what a training's config says, with an optimizer and a loss that can be looked up."""
    if not isinstance(training, Mapping):
        todo = ": give its .get_compile_config()" if hasattr(training, "get_compile_config") else ""
        raise refusal(
            problem, f"training must be a config, {_TRAINING}, received {seen(training)}{todo}"
        )
    for part in ("optimizer", "loss"):
        value = training.get(part)
        if value is None or (isinstance(value, Mapping) and "class_name" not in value):
            what = f"the {part} {value!r}" if part in training else f"no {part}"
            raise refusal(
                problem,
                "training must have an 'optimizer' and a 'loss', each a name or a config, "
                f"{_TRAINING}, received {what}: compile the model with both",
            )
    return training
