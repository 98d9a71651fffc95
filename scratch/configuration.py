"""Keras's own config, read and written: the one description that both libraries share.

``serialize(layer)`` gives ``{"module": "keras.layers", "class_name": "Dense", "config": {…}, …}``
and Keras's ``from_config`` reads it; the configs that Keras writes are read here. What scratch
does not compute is refused by name, never passed over.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

T = TypeVar("T", bound="Configured")

#: Settings that Keras writes into its configs and that change no number while they hold one
#: of these values. ``...`` is any value: scratch computes in the dtype of its inputs, takes
#: its random numbers from a generator, and ``ema_momentum`` acts only with ``use_ema``.
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "dtype": (...,),
    "seed": (...,),
    "name": (...,),
    "ema_momentum": (...,),
    "trainable": (True,),
    "axis": (-1,),
    "data_format": ("channels_last",),
    "sparse": (False,),
    "ragged": (False,),
    "optional": (False,),
    "use_ema": (False,),
}


class Configured:
    """A frozen dataclass whose fields are Keras's constructor arguments, with its defaults."""

    module: ClassVar[str]

    def __post_init__(self) -> None:
        """Hold NumPy's numbers as Python's, which leave the dtype of what they multiply alone."""
        for name, value in vars(self).items():
            if isinstance(value, np.generic):
                self._set(name, float(value) if isinstance(value, np.floating) else value.item())

    def _set(self, name: str, value: Any) -> None:
        """Set a field while the value is being made: afterwards it is frozen."""
        object.__setattr__(self, name, value)

    def get_config(self) -> dict[str, Any]:
        """Return the fields in the form of Keras's ``get_config``."""
        # Every subclass is a dataclass; this base is none, so that it adds no field.
        names = [field.name for field in fields(self)]  # type: ignore[arg-type]
        return {name: _plain(getattr(self, name)) for name in names}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build from a config in Keras's form.

        Raises ``ValueError`` for a setting that Keras would act on and scratch would not.
        """
        names = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        refuse_settings(cls.__name__, config, names, NEUTRAL)
        try:
            return cls(**{name: value for name, value in config.items() if name in names})
        except TypeError as error:
            message = f"scratch cannot make {cls.__name__} of this config: {error}"
            raise ValueError(message) from error


def refuse_settings(
    of: str,
    config: Mapping[str, Any],
    known: Iterable[str],
    neutral: Mapping[str, tuple[Any, ...]],
) -> None:
    """Raise ``ValueError`` for a setting that Keras would act on and scratch would not."""
    for name, value in config.items():
        if name in known or value is None:
            continue
        allowed = neutral.get(name, ())
        if ... not in allowed and value not in allowed:
            message = f"scratch {of} has no {name!r}, so it cannot honour {value!r}"
            raise ValueError(message)


def _plain(value: Any) -> Any:
    if isinstance(value, Configured):
        return serialize(value)
    if callable(value):
        message = f"{value!r} has no name that a config could hold: give one by its name"
        raise ValueError(message)  # noqa: TRY004  a value that fits here and not into a config
    return list(value) if isinstance(value, tuple) else value


def serialize(thing: Configured) -> dict[str, Any]:
    """Return Keras's description of a layer, loss, optimizer or initializer."""
    return {
        "module": thing.module,
        "class_name": type(thing).__name__,
        "config": thing.get_config(),
        "registered_name": None,
    }


def snake_case(name: str) -> str:
    """Return ``name`` as Keras writes it in lower case: ``GlorotUniform`` → ``glorot_uniform``."""
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def resolve(
    base: type[T], classes: Mapping[str, type[T]], identifier: str | Mapping[str, Any] | T
) -> T:
    """Return the ``base`` meant by a name, by a config, by a class, or by the thing itself.

    ``classes`` maps names to classes. Raises ``ValueError`` for what is not there, with the names
    that are.
    """
    if isinstance(identifier, base):
        return identifier
    name: Any = identifier
    config: Mapping[str, Any] = {}
    if isinstance(identifier, type) and identifier in classes.values():
        name = identifier.__name__
    elif isinstance(identifier, Mapping) and not _is_ones_own(identifier):
        name, config = identifier.get("class_name"), identifier.get("config") or {}
    if not isinstance(config, Mapping):
        message = f"the config of {name!r} must be a dict, received {config!r}"
        raise ValueError(message)  # noqa: TRY004  a wrong value, like the others
    if not isinstance(name, str) or name not in classes:
        known = ", ".join(sorted({cls.__name__ for cls in classes.values()}))
        message = f"scratch has no {base.__name__.lower()} {name!r}; it has {known}"
        raise ValueError(message)
    return classes[name].from_config(config)


def _is_ones_own(config: Mapping[str, Any]) -> bool:
    """Return whether a config is of a class of one's own, which Keras writes ``package>Name``."""
    package, _, _ = str(config.get("module") or "keras").partition(".")
    return package != "keras" or ">" in str(config.get("registered_name"))


def by_name(*classes: type[T], **aliases: type[T]) -> dict[str, type[T]]:
    """Map class names, their lower-case forms, and any further aliases to the classes."""
    names = {cls.__name__: cls for cls in classes}
    return names | {snake_case(name): cls for name, cls in names.items()} | aliases
