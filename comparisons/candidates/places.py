"""Where in what a backward function returns its gradients are, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from comparisons.candidates.choices import Choices
from comparisons.candidates.errors import BindingError
from comparisons.candidates.signatures import Function, function
from comparisons.candidates.sources import unpacked_names
from comparisons.candidates.steps import Plan, Where, containers_in
from comparisons.candidates.tensors import Tensor
from comparisons.candidates.vocabulary import numbered_role


@dataclass(frozen=True)
class Places:
    """The places and orders in which a backward function may return its gradients."""

    code: Function
    plan: Plan
    choices: Choices

    def of(self, grads: Any) -> list[Where]:
        """Return the places to look at in what was returned, the likeliest first."""
        places: list[Where] = list(containers_in(self.code, grads, self.plan.net, "dW"))
        if len(places) < 2:
            return places
        if "gradients" in self.choices.names:
            return [self._answered()]
        likely = [] if self.received is None else [self.received]
        return list(dict.fromkeys([*likely, *places]))

    @property
    def received(self) -> Where | None:
        """The order in which the update receives them, or unpacks them; ``None`` if unknown."""
        found = set[tuple[Tensor, ...]]()
        for name, code in self.choices.options.get("update", {}).items():
            taken = function(name, code, self.plan.net.layers, self.choices.names).roles.values()
            gradients = [role.replace(":", "") for role in taken if role[0] == "d"]
            for names in (gradients, *unpacked_names(code)):
                order = self._order(names)
                found |= {order} if order is not None else set()
        return found.pop() if len(found) == 1 else None

    def question(self, fitting: Sequence[Where | None]) -> BindingError:
        """Return the error that asks for the order, with those that fit."""
        shown = [", ".join(f"d{t.kind}{t.number}" for t in order or ()) for order in fitting]
        return BindingError(
            f"in which order does {self.code} return its gradients, {' or '.join(shown)}? Answer "
            f"with names={{'gradients': {shown[0]!r}}}, or return them by name"
        )

    def _answered(self) -> Where:
        answer = self.choices.names["gradients"]
        order = self._order([part.strip() for part in answer.split(",")])
        if order is None:
            wanted = ", ".join(f"d{t.kind}{t.number}" for t in self.plan.net.tensors)
            raise BindingError(
                f"names has 'gradients': {answer!r}, and {wanted} in some order were wanted"
            )
        return order

    def _order(self, names: Sequence[str]) -> tuple[Tensor, ...] | None:
        roles = [numbered_role(name) for name in names]
        order = tuple(Tensor(r.kind[-1], r.number) for r in roles if r and r.kind in {"dW", "db"})
        whole = set(self.plan.net.tensors)
        return order if len(order) == len(names) == len(whole) and set(order) == whole else None
