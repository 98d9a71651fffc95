"""Say what to do with a file in which nothing to compare was found."""

import re
from collections.abc import Mapping
from typing import Any

from comparisons.candidates.errors import BindingError
from comparisons.candidates.objects import VERBS
from comparisons.candidates.vocabulary import FUNCTIONS

_TRAINS = ("train", "fit")
#: Functions of a script that computes elsewhere: its whole training, or an activation.
_SCRIPT = re.compile(r"train|fit|main|run|sigmoid|relu|tanh|softmax|d_?(sigmoid|relu|tanh)")


def nothing_found(space: Mapping[str, Any]) -> BindingError:
    """Return the error for a file without functions or a class that can be bound."""
    cls = unfinished(space)
    if cls is not None:
        return BindingError(f"nothing to compare was found: {_to_finish(cls)}")
    if not [name for name in _callables(space) if not _SCRIPT.match(name.lower())]:
        return BindingError(
            f"nothing to compare was found: the file has {listed(space)}. Put one forward pass and "
            "one update into functions, forward(X, parameters) and update_parameters(parameters, "
            "…) (docs/candidates.md)"
        )
    return BindingError(
        "nothing to compare was found: looked for a forward function (L_layer_forward, "
        "forward, predict, …) and an update function (update_parameters, gradient_descent, "
        f"…), for a class with {', '.join(VERBS)}, or for a trainer with init and step; "
        f"the file has {listed(space)}. Name yours with names={{'forward': 'my_forward'}} "
        "and names={'update': 'my_update'}"
    )


def unfinished(space: Mapping[str, Any]) -> type | None:
    """Return the file's own class that is a network by its methods, without Keras's verbs."""
    home = space.get("__name__")
    own = [
        value
        for value in space.values()
        if isinstance(value, type) and (home is None or value.__module__ == home)
    ]
    trained = [cls for cls in own if any(name.startswith(_TRAINS) for name in _methods(cls))]
    forward = FUNCTIONS["forward"]
    run = [
        cls for cls in own if any(p.match(name.lower()) for p in forward for name in _methods(cls))
    ]
    both = [cls for cls in run if cls in trained]
    return next(reversed([*run, *trained, *both]), None)


def _to_finish(cls: type) -> str:
    methods = _methods(cls)
    missing = [verb for verb in VERBS if verb not in methods]
    shown = ", ".join(methods[:6]) + (", …" if len(methods) > 6 else "")
    wanted = " and ".join([", ".join(missing[:-1]), missing[-1]] if missing[1:] else missing)
    return (
        f"{cls.__name__} has {shown}: give it {wanted} (docs/candidates.md), or write functions "
        "forward and update"
    )


def _methods(cls: type) -> list[str]:
    """Return the public methods of a class, those of the file's own bases included."""
    names = dict.fromkeys(
        name
        for base in reversed(cls.__mro__[:-1])
        for name, value in vars(base).items()
        if callable(value)
    )
    return [name for name in names if not name.startswith("_")]


def _callables(space: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name, value in space.items()
        if callable(value) and not name.startswith("_") and not hasattr(value, "nin")
    ]


def listed(space: Mapping[str, Any]) -> str:
    """Return the first names of what can be called in a file."""
    shown = _callables(space)
    return ", ".join(shown[:12]) + (", …" if len(shown) > 12 else "") or "no functions"
