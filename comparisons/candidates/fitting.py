"""Find the form of a forward function's arrays, by calling it in each at the probes.

A form that gives scratch's numbers is the right one. Where none does, because there is a mistake
in the function, the shapes decide, then what the file's own ``initialize_parameters`` makes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from comparisons.candidates.choices import (
    Choices,
    Failures,
    furthest,
    parameters_of,
    question,
    takes_parameters,
    unmet,
)
from comparisons.candidates.declared import Declared
from comparisons.candidates.errors import BindingError, CandidateError
from comparisons.candidates.forms import Form, Net, forms
from comparisons.candidates.numbers import MisfitError
from comparisons.candidates.probing import Probe
from comparisons.candidates.returns import Seen, see
from comparisons.candidates.signatures import Function, global_parameters
from comparisons.candidates.steps import Plan
from comparisons.candidates.tensors import Container, spelling

#: Keys without a number: of a dict for each layer, or of lists by kind.
_KEYS = (("W", "b"), ("weights", "biases"), ("weights", "bias"), ("kernel", "bias"), ("w", "b"))


@dataclass(frozen=True)
class Fit:
    """A form in which a forward function returns an output of the right shape."""

    forward: Function
    net: Net
    form: Form
    seen: Seen


def fits(choices: Choices, net: Net, probes: Sequence[Probe], known: Declared | None) -> list[Fit]:
    """Return the forms that fit the one forward function that there is.

    Raises ``BindingError`` where there is none or more than one, and ``CandidateError`` where it
    fits in no form.
    """
    available = {"x", "parameters", "learning_rate", "samples"} | parameters_of(net)
    fine, others = choices.callable_with("forward", available, net.layers)
    whole = [code for code in fine if "x" in code.needs and takes_parameters(code)]
    whole = choices.preferred("forward", whole)
    if not whole:
        raise _none([*fine, *others], available)
    found: dict[str, list[Fit]] = {}
    failures: Failures = []
    for code in whole:
        if fitting := _Fitting(choices, net, probes, code).fits(known, failures):
            found[code.name] = fitting
    if not found:
        raise furthest(failures)
    if len(found) > 1:
        raise question("forward", [some[0].forward for some in found.values()])
    fitting = next(iter(found.values()))
    code = fitting[0].forward
    if choices.for_another_kind(code) and not fitting[0].seen.right and not choices.names:
        raise BindingError(
            f"{code} is named for another kind of problem than {choices.problem.name!r}, and gives "
            f"other numbers. If it is meant, answer with names={{'forward': {code.name!r}}}"
        )
    return fitting


def _none(found: Sequence[Function], available: set[str]) -> BindingError:
    for code in found:
        if not takes_parameters(code) and "x" in code.needs and not unmet(code, available):
            read = ", ".join(global_parameters(code.call))
            return BindingError(
                f"{code} takes no parameters, so it must read them from global variables"
                f"{f' ({read})' if read else ''}, which cannot be set for it: write it as "
                f"{code.name}({code.parameters}, parameters)"
            )
    asks = "; ".join(f"{code} asks for {unmet(code, available) or 'no inputs'}" for code in found)
    return BindingError(
        "no forward function was found: looked for one named like L_layer_forward, forward, "
        "feedforward or predict that takes the inputs (X, x, A0, inputs, …) and the parameters "
        f"(parameters, params, weights, … or W1, b1, …), and {asks or 'there is none so named'}. "
        "Name yours with names={'forward': 'my_forward'}, and what an argument stands for with "
        "names={'my_forward.argument': 'x'}"
    )


@dataclass(frozen=True)
class _Fitting:
    choices: Choices
    net: Net
    probes: Sequence[Probe]
    code: Function

    def fits(self, known: Declared | None, failures: Failures) -> list[Fit]:
        """Return the forms that fit, those in scratch's numbers if any are."""
        for container in self._containers(known):
            found = self._in(container, failures)
            agreeing = [fit for fit in found if known is not None and known.agrees(fit.form)]
            if right := [fit for fit in found if fit.seen.right]:
                return [fit for fit in right if fit in agreeing] or right
            if found:
                return agreeing or found
        return []

    def _containers(self, known: Declared | None) -> Iterator[Container]:
        if "parameters" not in self.code.needs:
            yield Container("arguments")
        elif known is not None:
            yield known.container
        else:
            yield from (Container(), Container("list"), Container("pairs"))
            for keys in _KEYS:
                yield from (Container("layers", keys), Container("kinds", keys))

    def _in(self, container: Container, failures: Failures) -> list[Fit]:
        """Return the forms that fit in a container, or in one with the keys looked for."""
        for _ in range(6):
            found, spelled, asked = list[Fit](), None, None
            for form in forms(
                [container], single=self.choices.problem.batch_size == 1, answers=self.names
            ):
                try:
                    found.append(self._fit(form))
                except BindingError as error:
                    asked = asked or error
                except (MisfitError, CandidateError) as error:
                    failures.append((self.code, error))
                    spelled = spelled or _spelled(container, error.__cause__)
            if asked is not None and not any(fit.seen.right for fit in found):
                raise asked
            if found or spelled is None:
                return found
            container = spelled
        return []

    @property
    def names(self) -> Mapping[str, str]:
        return self.choices.names

    def _fit(self, form: Form) -> Fit:
        plan = Plan.of(self.net, form, self.choices.problem, self.code)
        values = [
            plan.forward_pass(form.parameters(self.net, probe.weights), probe.x)[1]
            for probe in self.probes
        ]
        answer = self.names.get("output")
        return Fit(
            self.code, self.net, form, see(self.code, values, self.probes, form, self.net, answer)
        )


def _spelled(container: Container, error: BaseException | None) -> Container | None:
    """Return the container with the key that a function looked for and did not find."""
    if not isinstance(error, KeyError) or not error.args or container.shape != "dict":
        return None
    found = spelling(error.args[0])
    if found is None:
        return None
    kind, name, number = found
    names = list(container.names)
    names["Wb".index(kind)] = name
    first = min(number, container.first)
    other = replace(container, names=(names[0], names[1]), first=first)
    return None if other == container else other
