"""What a file's own ``initialize_parameters(layer_dims)`` tells of the form of its parameters."""

from dataclasses import dataclass
from typing import Any

from comparisons.candidates.calling import call
from comparisons.candidates.choices import Choices
from comparisons.candidates.errors import CandidateError
from comparisons.candidates.forms import Form, Net
from comparisons.candidates.tensors import Container, container_of, taken


@dataclass(frozen=True)
class Declared:
    """The form of parameters as far as it can be seen: ``None`` where shapes do not tell."""

    container: Container
    units_first: bool | None
    bias: str | None

    def agrees(self, form: Form) -> bool:
        """Return whether a form is this one, as far as it can be seen."""
        return self.units_first in {None, form.units_first} and self.bias in {None, form.bias}

    def contradictions(self, form: Form) -> list[str]:
        """Return a sentence for each way in which a form is another."""
        said = []
        if self.units_first not in {None, form.units_first}:
            said.append(
                "the kernels that the file initializes are the other way round than forward needs"
            )
        if self.bias not in {None, form.bias}:
            said.append(
                f"the biases that the file initializes are {self.bias}, and its functions fit "
                f"with {form.bias}"
            )
        return said


def declared(choices: Choices, net: Net) -> Declared | None:
    """Return what the user's own function makes, if there is one that can be called."""
    for name, code in choices.options.get("initialize", {}).items():
        for args in ((list(net.widths),), net.widths, ()):
            try:
                made = call(name, code, *args)
            except CandidateError:
                continue
            if (found := _seen_in(made, net)) is not None:
                return found
    return None


def _seen_in(made: Any, net: Net) -> Declared | None:
    container, arrays = container_of(made, net.tensors), taken(made, net.tensors)
    if container is None or arrays is None:
        return None
    ways, biases = set[bool](), set[str]()
    for tensor, array in arrays.items():
        shape = getattr(array, "shape", None)
        inputs, units = net.widths[tensor.number - 1 : tensor.number + 1]
        if tensor.kind == "W" and inputs != units:
            kernels = {False: (inputs, units), True: (units, inputs)}
            ways |= {way for way, wanted in kernels.items() if shape == wanted}
        elif tensor.kind == "b" and units > 1:
            shapes = {"(n, 1)": (units, 1), "(n,)": (units,), "(1, n)": (1, units)}
            biases |= {bias for bias, wanted in shapes.items() if shape == wanted}
    return Declared(
        container,
        ways.pop() if len(ways) == 1 else None,
        biases.pop() if len(biases) == 1 else None,
    )
