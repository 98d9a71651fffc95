"""Mistakes in the update rule. Each differs from the rule as Keras holds it in one thing only."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from comparisons.causes.fault import Fault
from comparisons.problems import Problem
from comparisons.runs.trainers import AdamAsHeld, Array
from scratch.layers import Dense
from scratch.optimizers import SGD, Adam, Optimizer, RMSprop, Slots

#: What makes a rule another one; anything with an ``update`` will do.
Change = Callable[[Any], Any]


def faults(problem: Problem) -> Iterator[Fault]:
    """Yield the mistakes that the update rule of a problem can have."""
    rule = problem.network.optimizer
    first = next(layer.name for layer in problem.network.layers if isinstance(layer, Dense))
    update, slot = f"update/{first}/kernel", f"slot/{first}/kernel/momentum"
    # In these rules the learning rate stands inside the momentum, so there it shows first.
    rate = slot if not isinstance(rule, Adam) and "momentum" in rule.slot_names() else update
    for factor in (10, 0.1):
        text = "ten times too large" if factor > 1 else "ten times too small"
        yield _fault(
            f"learning rate {text}", rate, _rate_times(factor),
            f"The learning rate is {text}.", "Use the problem's learning rate.", "shuffled",
        )  # fmt: skip
    yield _fault(
        "step added", update, _Uphill,
        "The step is added to the parameters where it belongs subtracted; the gradients may be "
        "right.",
        "Go down: w = w - learning_rate * g.", "regression",
    )  # fmt: skip
    for off, dtype in ((1e-5, "float32"), (1e-12, "float64")):
        yield replace(
            _fault(
                f"learning rate off by {off:g}", rate, _rate_times(1 + off),
                f"The learning rate is off by a relative {off:g}.",
                "Write it with all its digits, in the precision of the run.", "shuffled",
            ),
            dtype=dtype,
        )  # fmt: skip
    if rule.slot_names():
        yield _fault(
            "slots cleared at every step", f"slot/{first}/kernel/{rule.slot_names()[0]}",
            _forgetful,
            "The rule begins with empty slots at every step.",
            "Keep what it returns for the next step.", "momentum",
        )  # fmt: skip
    if (site := _first_cast(rule, slot, update)) is not None:
        yield Fault(
            "constants not rounded to float32", site, {"constants": _as_written(rule)},
            *_held_words(rule),
            "adam" if isinstance(rule, Adam) else "momentum",
            dtype="float64",
            no_mistake=True,
        )  # fmt: skip
    if rule.weight_decay:
        yield from _in_decay(first)
    if isinstance(rule, SGD) and rule.momentum:
        yield from _in_momentum(rule, update, slot)
    if isinstance(rule, RMSprop):
        yield from _in_rmsprop(rule, update, slot)
    if isinstance(rule, Adam):
        yield from _in_adam(rule, update, slot)


def _fault(kind: str, site: str, change: Change, *text: str) -> Fault:
    wrong, mend, shown_by = text
    return Fault(kind, site, {"rule": change}, wrong, mend, shown_by)


def _rate_times(factor: float) -> Change:
    return lambda rule: replace(rule, learning_rate=rule.learning_rate * factor)


def _turned(cls: Any) -> Change:
    """Return what makes a rule one of a subclass, with the same hyperparameters."""
    return lambda rule: cls(**{f.name: getattr(rule, f.name) for f in fields(rule)})


@dataclass(frozen=True)
class _Uphill:
    """Any rule, its step taken the other way."""

    rule: Optimizer

    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        # From 0, which decays to itself, the rule moves by its step alone.
        step, slots = self.rule.update(np.zeros_like(w), g, slots, t)
        return self.rule.decayed(w) - step, slots


#: The default of PyTorch and of Adam's paper.
_PYTORCH_EPSILON = 1e-8


def _in_epsilon(name: str, right: float, site: str) -> Iterator[Fault]:
    if right != _PYTORCH_EPSILON:
        yield Fault(
            f"{name}'s epsilon 1e-8", site,
            {"epsilon": lambda rule: replace(rule, epsilon=_PYTORCH_EPSILON)},
            "Epsilon is 1e-8, as it is in PyTorch and in Adam's paper unless given.",
            f"Use the problem's, {right:g}; Keras takes 1e-7 unless given.", name.lower(),
        )  # fmt: skip


def _held_words(rule: Any) -> tuple[str, str]:
    """Return what to say where a rule's constants are not rounded as Keras rounds them."""
    rounded, written, means = list[str](), list[str](), ""
    if isinstance(rule, Adam):
        rounded.append("the betas of the bias correction")
        written.append(f"1 - float(np.float32({rule.beta_1:g}))**t in the bias correction")
        means = f" The running means keep {rule.beta_1:g} and {rule.beta_2:g}."
    if isinstance(rule, SGD) and rule.momentum:
        rounded.append("momentum")
        written.append(f"float(np.float32({rule.momentum:g})) in place of {rule.momentum:g}")
    if rule.weight_decay:
        rounded.append("weight_decay")
        written.append(f"float(np.float32({rule.weight_decay:g})) as weight_decay")
    give = "gives" if len(written) == 1 else "give"
    wrong = (
        "The rule's constants are used as they are written; Keras on TensorFlow rounds "
        f"{' and '.join(rounded)} to float32 first, even in float64."
    )
    mend = (
        f"This is Keras's own way and no mistake of yours: {' and '.join(written)} {give} its "
        f"numbers.{means}"
    )
    return wrong, mend


def _first_cast(rule: Any, slot: str, update: str) -> str | None:
    """Return the site at which a constant that Keras casts to float32 first shows, if any."""
    if isinstance(rule, Adam) or rule.weight_decay:
        return update
    return slot if isinstance(rule, SGD) and rule.momentum else None


def _as_written(written: Any) -> Change:
    """Return what puts the constants of the config in the place of those that Keras holds."""

    def change(rule: Any) -> Any:
        powers = {}
        if isinstance(rule, AdamAsHeld):
            powers = {"beta_1_in_powers": rule.beta_1, "beta_2_in_powers": rule.beta_2}
        numbers = {f.name: getattr(written, f.name) for f in fields(written)}
        return replace(rule, **numbers, **powers)

    return change


@dataclass(frozen=True)
class _Forgetful:
    """Any rule, given empty slots."""

    rule: Optimizer

    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        return self.rule.update(w, g, self.rule.slots(w), t)


def _forgetful(rule: Optimizer) -> Any:
    return _Forgetful(rule)


class _NotDecayed(AdamAsHeld):
    def decayed(self, w: Array) -> Array:
        return w


class _DecayedAfter(_NotDecayed):
    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        w, slots = super().update(w, g, slots, t)
        return Adam.decayed(self, w), slots


class _KernelsDecayed(AdamAsHeld):
    def decayed(self, w: Array) -> Array:
        return super().decayed(w) if w.ndim > 1 else w


class _DecayInGradient(_NotDecayed):
    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        return super().update(w, g + w * (self.weight_decay or 0), slots, t)


def _in_decay(first: str) -> Iterator[Fault]:
    update = f"update/{first}/kernel"
    yield _fault(
        "weight decay left out", update, _turned(_NotDecayed),
        "The weights are not decayed.",
        "Shrink them before the rule: w -= w * weight_decay * learning_rate.", "adamw",
    )  # fmt: skip
    yield _fault(
        "weight decay after the rule", update, _turned(_DecayedAfter),
        "The weights are decayed after the rule has moved them.",
        "Keras decays first, then applies the rule.", "adamw",
    )  # fmt: skip
    yield _fault(
        "biases not decayed", f"update/{first}/bias", _turned(_KernelsDecayed),
        "Only the kernels are decayed.",
        "Keras decays every parameter, the biases too.", "adamw",
    )  # fmt: skip
    yield _fault(
        "weight decay in the gradient", f"slot/{first}/kernel/momentum",
        _turned(_DecayInGradient),
        "The decay is added to the gradient, and so goes through the running means.",
        "AdamW's decay is decoupled: w -= w * weight_decay * learning_rate.", "adamw",
    )  # fmt: skip


class _RateOutside(SGD):
    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        m = slots["momentum"] * self.momentum - g
        ahead = m * self.momentum - g if self.nesterov else m
        return w + ahead * self.learning_rate, {"momentum": m}


class _Averaged(SGD):
    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        return super().update(w, g * (1 - self.momentum), slots, t)


class _NoMomentum(SGD):
    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        return w - g * self.learning_rate, slots


def _in_momentum(rule: SGD, update: str, slot: str) -> Iterator[Fault]:
    yield _fault(
        "learning rate outside the momentum", slot, _turned(_RateOutside),
        "The momentum sums gradients, and the learning rate is multiplied in afterwards.",
        "In Keras it stands inside: m = momentum * m - learning_rate * g.", "momentum",
    )  # fmt: skip
    yield _fault(
        "momentum as a running mean", slot, _turned(_Averaged),
        "The gradient enters the momentum with the weight 1 - momentum.",
        "It enters whole: m = momentum * m - learning_rate * g.", "momentum",
    )  # fmt: skip
    yield _fault(
        "momentum left out", slot, _turned(_NoMomentum),
        "The momentum is not used: this is plain gradient descent.",
        "Keep m from step to step and move by it.", "momentum",
    )  # fmt: skip
    if rule.nesterov:
        yield _fault(
            "Nesterov without the look-ahead", update, lambda r: replace(r, nesterov=False),
            "The parameter moves by the momentum itself.",
            "Look ahead: w += momentum * m - learning_rate * g, with the new m.", "nesterov",
        )  # fmt: skip
    else:
        yield _fault(
            "Nesterov where plain momentum is meant", update, lambda r: replace(r, nesterov=True),
            "The step looks ahead as Nesterov's does.",
            "Move by the momentum itself: w += m.", "momentum",
        )  # fmt: skip


class _RootThenEpsilon(RMSprop):
    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        _, new = super().update(w, g, slots, t)
        centre = new["average_gradient"] if self.centered else 0
        step = self.learning_rate * g / (np.sqrt(new["velocity"] - centre**2) + self.epsilon)
        if self.momentum:
            new["momentum"] = step = self.momentum * slots["momentum"] + step
        return self.decayed(w) - step, new


class _RateLast(RMSprop):
    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        unit = replace(self, learning_rate=1.0)
        _, new = RMSprop.update(unit, w, g, slots, t)
        return self.decayed(w) - self.learning_rate * new["momentum"], new


def _in_rmsprop(rule: RMSprop, update: str, slot: str) -> Iterator[Fault]:
    site = slot if rule.momentum else update
    yield from _in_epsilon("RMSprop", rule.epsilon, site)
    yield _fault(
        "RMSprop's epsilon outside the root", site, _turned(_RootThenEpsilon),
        "Epsilon is added to the root.",
        "In Keras it stands under the root: g / sqrt(v + epsilon).", "rmsprop",
    )  # fmt: skip
    if rule.momentum:
        yield _fault(
            "RMSprop's learning rate outside the momentum", slot, _turned(_RateLast),
            "The learning rate is multiplied in after the momentum.",
            "It stands inside: m = momentum * m + learning_rate * g / sqrt(…).", "rmsprop",
        )  # fmt: skip
    if rule.centered:
        yield _fault(
            "RMSprop not centered", site, _turned(_Uncentered),
            "The running mean of the gradient is kept and not subtracted.",
            "With centered, v - a² stands under the root.", "rmsprop",
        )  # fmt: skip


class _Uncentered(RMSprop):
    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        _, averages = super().update(w, g, slots, t)
        w, new = RMSprop.update(replace(self, centered=False), w, g, slots, t)
        return w, averages | new


class _Uncorrected(AdamAsHeld):
    def bias_corrections(self, t: int, dtype: np.dtype[Any]) -> tuple[Any, Any]:
        return dtype.type(1), dtype.type(1)


class _CountedFromZero(AdamAsHeld):
    def bias_corrections(self, t: int, dtype: np.dtype[Any]) -> tuple[Any, Any]:
        return super().bias_corrections(t - 1, dtype)


class _EpsilonInside(AdamAsHeld):
    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        _, new = super().update(w, g, slots, t)
        first, second = self.bias_corrections(t, w.dtype)
        rate = self.learning_rate * np.sqrt(second) / first
        velocity = new["velocity"] + self.epsilon
        return self.decayed(w) - new["momentum"] * rate / np.sqrt(velocity), new


class _EpsilonBesideCorrected(AdamAsHeld):
    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        _, second = self.bias_corrections(t, w.dtype)
        # Beside sqrt(v / c) instead of sqrt(v): the same as an epsilon times sqrt(c).
        smaller = replace(self, epsilon=self.epsilon * np.sqrt(second))
        return AdamAsHeld.update(smaller, w, g, slots, t)


def _exchanged(rule: AdamAsHeld) -> Optimizer:
    return replace(
        rule,
        beta_1=rule.beta_2,
        beta_2=rule.beta_1,
        beta_1_in_powers=rule.beta_2_in_powers,
        beta_2_in_powers=rule.beta_1_in_powers,
    )


def _rounded_everywhere(rule: AdamAsHeld) -> Optimizer:
    beta_1, beta_2 = (float(np.float32(beta)) for beta in (rule.beta_1, rule.beta_2))
    return replace(rule, beta_1=beta_1, beta_2=beta_2)


def _in_adam(rule: Adam, update: str, slot: str) -> Iterator[Fault]:
    yield from _in_epsilon("Adam", rule.epsilon, update)
    yield Fault(
        "Adam's betas rounded to float32 everywhere", slot, {"constants": _rounded_everywhere},
        "The running means use betas that are rounded to float32.",
        "Keras rounds them in the bias correction alone: the means keep "
        f"{rule.beta_1:g} and {rule.beta_2:g} as they are written.", "adam", dtype="float64",
    )  # fmt: skip
    yield _fault(
        "Adam without bias correction", update, _turned(_Uncorrected),
        "The running means are used as if they had not started at 0.",
        "Multiply the rate by sqrt(1 - beta_2**t) / (1 - beta_1**t).", "adam",
    )  # fmt: skip
    yield _fault(
        "Adam's steps counted from 0", update, _turned(_CountedFromZero),
        "The bias corrections see t = 0 at the first step.",
        "Count from 1: increase t before it is used.", "adam",
    )  # fmt: skip
    yield _fault(
        "Adam's epsilon under the root", update, _turned(_EpsilonInside),
        "Epsilon is added before the root is taken.",
        "It stands beside the root: m / (sqrt(v) + epsilon).", "adam",
    )  # fmt: skip
    yield _fault(
        "Adam's epsilon beside the corrected root", update, _turned(_EpsilonBesideCorrected),
        "Epsilon is added to sqrt(v / (1 - beta_2**t)), as in Algorithm 1 of the paper.",
        "Keras adds it to sqrt(v) and puts the corrections into the rate.", "adam",
    )  # fmt: skip
    yield _fault(
        "Adam's betas exchanged", slot, _exchanged,
        "beta_1 and beta_2 have changed places.",
        "beta_1 (0.9) is the momentum's and beta_2 (0.999) that of the squares.", "adam",
    )  # fmt: skip
