"""A training step made of the user's functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.candidates.forms import Form, Net, described
from comparisons.candidates.numbers import MisfitError, numbers
from comparisons.candidates.returns import Path, Seen, pick
from comparisons.candidates.signatures import Function
from comparisons.candidates.sources import returned_names
from comparisons.candidates.tensors import Tensor, taken
from comparisons.candidates.vocabulary import numbered_role
from comparisons.problems import Problem

Array = npt.NDArray[Any]
Record = dict[str, Array]
#: Where arrays are in a returned value: a path to their container, or their order in a tuple.
Where = Path | tuple[Tensor, ...]


@dataclass(frozen=True)
class Targets:
    """How a function is handed ``y`` and ``y_hat``.

    Each is a ``number`` (one sample, one output), an ``array`` (in the candidate's form), or
    ``flat`` (batch,); class numbers may also become ``one-hot``.
    """

    y: str = "array"
    y_hat: str = "array"

    def values(self, form: Form, y: Array, y_hat: Any, units: int) -> dict[str, Any]:
        """Return ``y`` (batch, outputs) and the output as returned, as the function has them."""
        if self.y == "one-hot":
            target: Any = form.data(np.eye(units)[y[:, 0]])
        elif self.y == "number":
            target = y.item()
        else:
            target = y.ravel().copy() if self.y == "flat" else form.data(y)
        predicted = y_hat
        if self.y_hat != "array":
            predicted = np.ravel(np.asarray(y_hat))
            predicted = predicted[0] if self.y_hat == "number" else predicted
        return {"y": target, "y_hat": predicted}

    def __str__(self) -> str:
        return f"y as {_Y[self.y]}, y_hat as {_Y_HAT[self.y_hat]}"


_Y = {"number": "a number", "array": "an array", "flat": "(batch,)", "one-hot": "one-hot"}
_Y_HAT = {"number": "a number", "array": "forward returns it", "flat": "(batch,)"}


def targets(*, single: bool, outputs: int, classes: bool) -> list[Targets]:
    """Return the ways to hand over targets, the notes' first.

    ``single`` says that every batch is one sample; ``classes`` that ``y`` has class numbers.
    """
    if classes:
        return [Targets("one-hot"), Targets("flat"), Targets()]
    if outputs > 1:
        return [Targets()]
    flat = [Targets(), Targets("flat", "flat"), Targets("flat"), Targets("array", "flat")]
    if not single:
        return flat
    return [
        Targets("number", "number"),
        Targets(),
        Targets("flat", "flat"),
        Targets("number"),
        Targets("array", "number"),
        Targets("flat"),
    ]


@dataclass(frozen=True)
class Plan:
    """The user's functions, and how a step calls them.

    ``gradients`` are the names or the order in which a backward function returns a tuple of them,
    a path for a container; ``returned`` is where the update returns its parameters, ``None`` if it
    changes them in place. ``doubt`` says what is odd in the gradients' shapes.
    """

    net: Net
    form: Form
    learning_rate: float
    forward: Function
    seen: Seen
    update: Function
    targets: Targets = Targets()
    backward: Function | None = None
    backward_targets: Targets = Targets()
    gradients: Where | None = None
    loss: Function | None = None
    loss_targets: Targets = Targets()
    returned: Where | None = None
    offers_gradients: bool = True
    doubt: str = ""

    @classmethod
    def of(
        cls, net: Net, form: Form, problem: Problem, forward: Function, seen: Seen | None = None
    ) -> "Plan":
        """Return a plan that has its forward function only."""
        nothing = Seen((), {}, {}, None, right=False)
        rate = problem.network.optimizer.learning_rate
        return cls(net, form, rate, forward, nothing if seen is None else seen, forward)

    def forward_pass(self, parameters: Any, x: Array) -> tuple[dict[str, Any], Any]:
        """Call the forward function on (batch, features): the values so far, what it returned."""
        values = {
            "x": self.form.data(x),
            "parameters": parameters,
            "learning_rate": self.learning_rate,
            "samples": len(x),
        }
        own = taken(parameters, self.net.tensors) or {}
        values |= {f"{kind}:{number}": array for (kind, number), array in own.items()}
        return values, self.forward(values)

    def record_forward(self, returned: Any, batch: int) -> Record:
        """Return copies of the activations in what the forward function returned."""
        record, net = {}, self.net
        for number, path in sorted({**self.seen.hidden, net.layers: self.seen.output}.items()):
            what = f"what {self.forward.name} returned for layer {number}"
            part = pick(returned, path)
            record[net.outputs[number - 1]] = self.form.rows(
                part, batch, net.widths[number], net, what
            )
        return record

    def with_returned(self, values: Mapping[str, Any], returned: Any) -> dict[str, Any]:
        """Return the values together with the parts of what the forward function returned."""
        seen = self.seen
        more = {f"A:{n}": pick(returned, path) for n, path in seen.hidden.items()}
        more |= {f"Z:{n}": pick(returned, path) for n, path in seen.z.items()}
        if seen.cache is not None:
            more["cache"] = pick(returned, seen.cache)
        return {**values, **more, "output": pick(returned, seen.output)}

    def for_function(self, values: Mapping[str, Any], kinds: Targets, y: Array) -> dict[str, Any]:
        """Return the values with ``y`` and ``y_hat`` as one function is handed them."""
        units = self.net.widths[-1]
        return {**values, **kinds.values(self.form, y, values["output"], units)}

    def loss_of(self, values: Mapping[str, Any], y: Array) -> Array | None:
        """Return the loss function's number, or ``None`` without one."""
        if self.loss is None:
            return None
        value = self.loss(self.for_function(values, self.loss_targets, y))
        array = numbers(value, self.net.dtype, f"what {self.loss.name} returned")
        if array.size != 1:
            raise MisfitError(
                f"{self.loss.name} returned {described(value)}, and one number was wanted"
            )
        return array.reshape(())

    def run_backward(
        self, values: Mapping[str, Any], y: Array
    ) -> tuple[Any, dict[Tensor, Any] | None]:
        """Return what the backward function returned, and the gradients found in it."""
        if self.backward is None:
            return None, None
        returned = self.backward(self.for_function(values, self.backward_targets, y))
        return returned, self._tensors(returned, self.gradients)

    def run_update(
        self, values: Mapping[str, Any], grads: tuple[Any, dict[Tensor, Any] | None], y: Array
    ) -> Any:
        """Call the update; return what it returned."""
        more = self.for_function(values, self.targets, y)
        returned, found = grads
        if found is not None:
            more |= {"d{}:{}".format(*tensor): array for tensor, array in found.items()}
        if isinstance(self.gradients, tuple) and self.gradients and found is not None:
            first = self.gradients[0]
            returned = returned if isinstance(first, Tensor) else pick(returned, self.gradients)
        more["grads"] = returned
        return self.update(more)

    def updated(self, parameters: Any, returned: Any) -> Any:
        """Return the container with the parameters after an update."""
        if self.returned is None:
            return parameters
        found = self._tensors(returned, self.returned)
        if found is None:
            raise MisfitError(
                f"{self.update.name} returned {described(returned)}, "
                "and the parameters were wanted as before"
            )
        if self.returned and isinstance(self.returned[0], Tensor):
            return self.form.container.put({t: found[t] for t in self.net.tensors})
        return pick(returned, self.returned)

    def _tensors(self, value: Any, where: Where | None) -> dict[Tensor, Any] | None:
        if where is None:
            return None
        if where and isinstance(where[0], Tensor):
            if not isinstance(value, tuple | list) or len(value) != len(where):
                return None
            return dict(zip(where, value, strict=True))
        return taken(pick(value, where), self.net.tensors)

    def step(self, parameters: Any, x: Array, y: Array) -> tuple[Any, Record]:
        """Train on one batch: return the container after it, and the record.

        Raises ``MisfitError`` for what is returned in another shape or kind than at the probe.
        """
        values, returned = self.forward_pass(parameters, x)
        record = self.record_forward(returned, len(x))
        values = self.with_returned(values, returned)
        if (loss := self.loss_of(values, y)) is not None:
            record["loss/value"] = loss
        grads = self.run_backward(values, y)
        if grads[1] is not None and self.backward is not None and self.offers_gradients:
            what = f"what {self.backward.name} returned"
            record |= {
                f"backward/{path}": g for path, g in self.read_gradients(grads[1], what).items()
            }
        parameters = self.updated(parameters, self.run_update(values, grads, y))
        what = f"the parameters after {self.update.name}"
        after = self.read(parameters, what)
        return parameters, record | {f"update/{path}": w for path, w in after.items()}

    def read(self, parameters: Any, what: str) -> dict[str, Array]:
        """Return copies of the parameters by path."""
        return self.form.read(self.net, parameters, what)

    def read_gradients(self, found: Mapping[Tensor, Any], what: str) -> dict[str, Array]:
        """Return copies of gradients by path."""
        named = {"{}{}".format(*tensor): array for tensor, array in found.items()}
        return self.form.read(self.net, named, what, gradients=True)

    def misshaped(self, found: Mapping[Tensor, Any], by: str) -> str:
        """Return a sentence for the first gradient that has not its parameter's shape, or none."""
        for tensor in self.net.tensors:
            shape, wanted = np.shape(found[tensor]), self.form.tensor_shape(self.net, tensor)
            if shape == wanted:
                continue
            name, of = (self.form.name(tensor, gradients=of) for of in (True, False))
            said = f"{name} from {by} has shape {shape}, and {of} has {wanted}"
            if tensor.kind == "W" and shape == wanted[::-1]:
                return f"{said}: it is transposed"
            if 1 in wanted and shape == tuple(n for n in wanted if n != 1):
                return f"{said}: is keepdims=True missing?"
            return said
        return ""


def containers_in(
    code: Function, value: Any, net: Net, kinds: str
) -> list[Path | tuple[Tensor, ...]]:
    """Return where in a returned value there may be all parameters, or gradients.

    ``kinds`` is ``W`` or ``dW``. A tuple of arrays goes by the names in its return statement, or
    may have any of the usual orders.
    """
    tensors = net.tensors
    if isinstance(value, tuple | list) and len(value) == len(tensors):
        names = [numbered_role(name) for name in returned_names(code.call)]
        if len(names) == len(tensors) and all(names):
            order = tuple(Tensor(n.kind[-1], n.number) for n in names if n is not None)
            return [order] if set(order) == set(tensors) else []
        if taken(value, tensors) is not None and all(
            not isinstance(item, dict | tuple) for item in value
        ):
            if kinds == "W":
                return [tensors]
            return list(
                dict.fromkeys(
                    [
                        tensors,
                        tuple(sorted(tensors, key=lambda t: (-t.number, tensors.index(t)))),
                        tuple(sorted(tensors, key=lambda t: t.kind)),
                    ]
                )
            )
    if taken(value, tensors) is not None:
        return [()]
    if isinstance(value, tuple | list):
        found: list[Where] = [
            (i,) for i, part in enumerate(value) if taken(part, tensors) is not None
        ]
        return found[:1]
    return []
