"""What a forward function returns: which part is the output, and which the hidden activations.

Three things tell: the numbers (scratch's at the probes, or those that the next layer makes of
them), the names in ``return A, A_prev`` or the keys of a dict, and the forms that everyone uses,
``A``, ``(A, A_prev)`` and ``(AL, caches)``. What none of them tells is not offered.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from comparisons.candidates.errors import BindingError
from comparisons.candidates.forms import Form, Net, described
from comparisons.candidates.numbers import MisfitError
from comparisons.candidates.probing import Probe, near
from comparisons.candidates.signatures import Function
from comparisons.candidates.sources import returned_names
from comparisons.candidates.vocabulary import role_of

Path = tuple[Any, ...]


@dataclass(frozen=True)
class Seen:
    """Where in the returned value things are, each a path of indices and keys.

    ``hidden`` and ``z`` are by layer; ``cache`` is what a backward function is handed. ``right``
    says that the output has scratch's numbers at the probes.
    """

    output: Path
    hidden: Mapping[int, Path]
    z: Mapping[int, Path]
    cache: Path | None
    right: bool


def pick(value: Any, path: Path) -> Any:
    """Return the part of a returned value at a path; raises ``MisfitError`` if there is none."""
    for key in path:
        try:
            value = value[key]
        except (LookupError, TypeError) as error:
            raise MisfitError(f"what is returned has no longer a part {list(path)}") from error
    return value


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the arrays and numbers in tuples, lists and dicts, with their paths."""
    if isinstance(value, Mapping):
        items: Any = value.items()
    elif isinstance(value, tuple) or (
        isinstance(value, list) and any(_is_part(item) for item in value)
    ):
        items = enumerate(value)
    else:
        if value is not None and not isinstance(value, str | bytes):
            yield path, value
        return
    if len(path) < 6:
        for key, item in items:
            yield from leaves(item, (*path, key))


def _is_part(item: Any) -> bool:
    return isinstance(item, np.ndarray | Mapping | tuple)


def see(
    function: Function,
    values: Sequence[Any],
    probes: Sequence[Probe],
    form: Form,
    net: Net,
    answer: str | None = None,
) -> Seen:
    """Return where things are in what a forward function returned at the probes.

    ``answer`` is the index or key of the output, where the user has said it. Raises
    ``MisfitError`` where nothing has the shape of an output, and ``BindingError`` where several
    have and nothing tells which it is.
    """
    search = _Search(function, values, probes, form, net)
    output, right = search.output(answer)
    hidden: dict[int, Path] = {}
    for n in reversed(range(1, net.layers)):
        path = search.activation(n, hidden.get(n + 1, output if n == net.layers - 1 else None))
        if path is not None:
            hidden[n] = path
    z = {n: path for n in range(1, net.layers + 1) if (path := search.named("Z", n)) is not None}
    return Seen(output, hidden, z, search.cache(output), right)


class _Search:
    def __init__(
        self,
        function: Function,
        values: Sequence[Any],
        probes: Sequence[Probe],
        form: Form,
        net: Net,
    ) -> None:
        self.function, self.values, self.probes = function, values, probes
        self.form, self.net = form, net
        self.paths = sorted((path for path, _ in leaves(values[0])), key=len)
        self.names = returned_names(function.call)

    def output(self, answer: str | None) -> tuple[Path, bool]:
        number = self.net.layers
        if answer is not None:
            path: Path = (int(answer) if answer.lstrip("-").isdigit() else answer,)
            self._shaped(path, number)
            return path, self._is_value(path, number)
        if (path_found := self._by_value(number)) is not None:
            return path_found, True
        if (path_found := self._by_name(f"A:{number}", number)) is not None:
            return path_found, False
        if self.paths == [()]:
            self._shaped((), number)
            return (), False
        fitting = [path for path in self.paths if len(path) == 1 and self._fits(path, number)]
        if not fitting:
            what = described(self.values[0])
            shape = self.form.shape(len(self.probes[0].x), self.net.widths[-1])
            raise MisfitError(
                f"{self.function.name} returned {what}, with no output of shape {shape} in it"
            )
        if len(fitting) == 1 or (len(self.values[0]) == 2 and fitting[0] == (0,)):
            return fitting[0], False
        places = " or ".join(str(path[0]) for path in fitting)
        raise BindingError(
            f"which of the values that {self.function} returns is the output of the last layer, "
            f"{places}? Answer with names={{'output': '{fitting[-1][0]}'}}"
        )

    def activation(self, number: int, following: Path | None) -> Path | None:
        """Return where the output of a hidden layer is; ``following`` is the next layer's."""
        found = self._by_value(number)
        if found is None:
            found = self._by_name(f"A:{number}", number)
        if found is None and following is not None:
            found = self._before(following, number)
        pair = isinstance(self.values[0], tuple) and len(self.values[0]) == 2
        if found is None and pair and number == self.net.layers - 1:
            # (A, A_prev): the input of the last layer. A cache would be no array.
            others = self.net.widths[-2] != self.net.widths[-1]
            if others and (1,) in self.paths and self._fits((1,), number):
                return (1,)
        return found

    def named(self, kind: str, number: int) -> Path | None:
        """Return where a pre-activation is."""
        rows = [probe.z[number - 1] for probe in self.probes]
        for path in self.paths:
            if self._same(path, rows, number):
                return path
        return self._by_name(f"{kind}:{number}", number)

    def cache(self, output: Path) -> Path | None:
        """Return what is handed to a backward function that asks for a cache."""
        value = self.values[0]
        for index, name in enumerate(self.names):
            if role_of(name, self.net.layers) == "cache":
                return (index,) if len(self.names) > 1 else ()
        if isinstance(value, Mapping) or len(output) > 1:
            return ()
        if isinstance(value, tuple | list) and len(value) == 2 and output:
            return (1 - output[0],)
        if isinstance(value, tuple) and output:
            parts = [i for i, item in enumerate(value) if isinstance(item, Mapping | list | tuple)]
            return (parts[0],) if len(parts) == 1 else None
        return None

    def _by_value(self, number: int) -> Path | None:
        return next((path for path in self.paths if self._is_value(path, number)), None)

    def _before(self, following: Path, number: int) -> Path | None:
        """Return where a layer's output is, known by what the next layer makes of it."""
        for path in self.paths:
            if path != following and self._fits(path, number):
                made = [
                    probe.layers[number](self._shaped(path, number, i))
                    for i, probe in enumerate(self.probes)
                ]
                if self._same(following, made, number + 1):
                    return path
        return None

    def _is_value(self, path: Path, number: int) -> bool:
        site = self.net.outputs[number - 1]
        return self._same(path, [probe.record[site] for probe in self.probes], number)

    def _same(self, path: Path, wanted: Sequence[Any], number: int) -> bool:
        try:
            return all(near(self._shaped(path, number, i), rows) for i, rows in enumerate(wanted))
        except MisfitError:
            return False

    def _by_name(self, role: str, number: int) -> Path | None:
        """Return where a name or a key says that a role is, and the shape agrees."""
        roles = {role, "y_hat"} if number == self.net.layers and role[0] == "A" else {role}
        for path in self.paths:
            name = path[-1] if path and isinstance(path[-1], str) else ""
            if len(path) == 1 and isinstance(path[0], int) and len(self.names) > path[0]:
                name = self.names[path[0]]
            if name and role_of(name, self.net.layers) in roles and self._fits(path, number):
                return path
        return None

    def _fits(self, path: Path, number: int) -> bool:
        try:
            self._shaped(path, number)
        except MisfitError:
            return False
        return True

    def _shaped(self, path: Path, number: int, index: int = 0) -> Any:
        rows = len(self.probes[index].x)
        what = f"what {self.function.name} returned"
        value = pick(self.values[index], path)
        return self.form.rows(value, rows, self.net.widths[number], self.net, what)
