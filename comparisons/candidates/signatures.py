"""Functions by the names of their parameters: what each argument stands for."""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from comparisons.candidates.calling import call
from comparisons.candidates.errors import BindingError
from comparisons.candidates.vocabulary import ROLES, numbered_role, role_of


@dataclass(frozen=True)
class Function:
    """A function of the user's and the role of each argument that it is given by name.

    ``defaults`` are the arguments left as the user wrote them, because their names say nothing
    known; ``unknown`` are those that need a value, which is an error unless answered.
    """

    name: str
    call: Callable[..., Any]
    roles: Mapping[str, str]
    positional: tuple[str, ...]
    defaults: tuple[str, ...]
    unknown: tuple[str, ...]
    parameters: str

    @property
    def needs(self) -> frozenset[str]:
        """The roles it asks for."""
        return frozenset(self.roles.values())

    def has(self, kind: str) -> bool:
        """Return whether it takes each parameter, or gradient, as an argument of its own."""
        return any(role.startswith(f"{kind}:") for role in self.roles.values())

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """Call it with the values of its roles; raises ``CandidateError`` where it raises."""
        args = [values[self.roles[name]] for name in self.positional]
        named = {p: values[r] for p, r in self.roles.items() if p not in self.positional}
        return call(self.name, self.call, *args, **named)

    def optional(self, available: Collection[str]) -> "Function":
        """Return it without the arguments that have a default and no value to be given."""
        signature = inspect.signature(self.call)
        kept = {
            name: role
            for name, role in self.roles.items()
            if role in available or signature.parameters[name].default is inspect.Parameter.empty
        }
        left = tuple(name for name in self.roles if name not in kept)
        return Function(
            self.name,
            self.call,
            kept,
            self.positional,
            (*self.defaults, *left),
            self.unknown,
            self.parameters,
        )

    def __str__(self) -> str:
        return f"{self.name}({self.parameters})"


def function(
    name: str, code: Callable[..., Any], layers: int, names: Mapping[str, str]
) -> Function:
    """Return a function with its roles; ``names`` may settle one as ``function.argument``.

    Raises ``BindingError`` where its parameters cannot be read, or an answer is no role.
    """
    try:
        parameters = inspect.signature(code).parameters
    except (TypeError, ValueError) as error:
        raise BindingError(
            f"the parameters of {name} cannot be read: write it as a plain function"
        ) from error
    roles: dict[str, str] = {}
    positional, defaults, unknown = list[str](), list[str](), list[str]()
    for parameter in parameters.values():
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            continue
        role = _answered(name, parameter.name, layers, names) or role_of(parameter.name, layers)
        has_default = parameter.default is not parameter.empty
        if role is not None and role not in roles.values():
            roles[parameter.name] = role
            if parameter.kind is parameter.POSITIONAL_ONLY:
                positional.append(parameter.name)
        else:
            (defaults if has_default else unknown).append(parameter.name)
    shown = ", ".join(p.name for p in parameters.values())
    return Function(name, code, roles, tuple(positional), tuple(defaults), tuple(unknown), shown)


def _answered(name: str, argument: str, layers: int, names: Mapping[str, str]) -> str | None:
    answer = names.get(f"{name}.{argument}")
    if answer is None:
        return None
    if answer in ROLES:
        return answer
    role = role_of(answer, layers)
    if role is None:
        raise BindingError(
            f"names has '{name}.{argument}': {answer!r}, and one of {', '.join(sorted(ROLES))}, "
            "W1, b1, A1, Z1, dW1, db1, … was wanted"
        )
    return role


def global_parameters(code: Callable[..., Any]) -> tuple[str, ...]:
    """Return the parameters of a network that a function reads from outside of itself."""
    inner = getattr(code, "__code__", None)
    known = getattr(code, "__globals__", {})
    read = [name for name in getattr(inner, "co_names", ()) if name in known]
    return tuple(name for name in read if not callable(known[name]) and _is_parameter(name))


def _is_parameter(name: str) -> bool:
    numbered = numbered_role(name)
    return numbered.kind in "Wb" if numbered else role_of(name, 0) == "parameters"
