"""Mistakes, planted by replacing a piece of a trainer: each must be found, and at its site."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from comparisons.runs import ScratchTrainer
from comparisons.runs.trainers import AdamAsHeld
from scratch.activations import relu
from scratch.optimizers import SGD

Array = Any


@dataclass(frozen=True)
class Mistake:
    """A planted mistake: the problem that shows it, and where it must first be seen.

    ``fault`` is what the catalogue of causes calls it, where its formula there has to be proved.
    """

    name: str
    problem: str
    site: str
    plant: Callable[[ScratchTrainer], Any]
    step: int = 1
    fault: str = ""


class Wrapped:
    """A piece with another call; everything else is the piece's own."""

    def __init__(self, piece: Any, call: Callable[..., Any]) -> None:
        self.piece, self.call = piece, call

    def __getattr__(self, name: str) -> Any:
        return getattr(self.piece, name)

    def __call__(self, *args: Any) -> Any:
        return self.call(*args)


def in_layer(index: int, change: Callable[..., Any]) -> Callable[[ScratchTrainer], ScratchTrainer]:
    """Replace a layer by one that calls ``change(layer, params, x)``."""

    def plant(trainer: ScratchTrainer) -> ScratchTrainer:
        layers: list[Any] = list(trainer.network.layers)
        layer = layers[index]
        layers[index] = Wrapped(layer, lambda params, x: change(layer, params, x))
        return ScratchTrainer(replace(trainer.network, layers=tuple(layers)))

    return plant


def in_gradients(index: int, change: Callable[[dict[str, Array]], dict[str, Array]]) -> Any:
    """Replace the parameter gradients of a layer."""

    def call(layer: Any, params: Any, x: Array) -> Any:
        y, pullback = layer(params, x)

        def changed(dy: Array) -> Any:
            promise, dparams = pullback(dy)
            return promise, change(dparams)

        return y, changed

    return in_layer(index, call)


def in_loss(change: Callable[..., Any]) -> Callable[[ScratchTrainer], ScratchTrainer]:
    """Replace value and gradient of the loss."""

    def plant(trainer: ScratchTrainer) -> ScratchTrainer:
        loss = trainer.network.loss
        wrapped: Any = Wrapped(loss, lambda y, p: change(*loss(y, p), y, p))
        return ScratchTrainer(replace(trainer.network, loss=wrapped))

    return plant


def with_rule(rule: type, **changes: float) -> Callable[[ScratchTrainer], ScratchTrainer]:
    """Replace the update rule, keeping its hyperparameters unless changed."""

    def plant(trainer: ScratchTrainer) -> ScratchTrainer:
        config = trainer.network.optimizer.get_config()
        known = {k: v for k, v in config.items() if k in rule.__dataclass_fields__}
        return ScratchTrainer(replace(trainer.network, optimizer=rule(**(known | changes))))

    return plant


def scaled_rate(factor: float) -> Callable[[ScratchTrainer], ScratchTrainer]:
    """Multiply the learning rate."""

    def plant(trainer: ScratchTrainer) -> ScratchTrainer:
        rule: Any = trainer.network.optimizer
        wrong = replace(rule, learning_rate=rule.learning_rate * factor)
        return ScratchTrainer(replace(trainer.network, optimizer=wrong))

    return plant


@dataclass(frozen=True)
class RateOutside(SGD):
    """Momentum with the learning rate outside: PyTorch's form."""

    def update(self, w: Array, g: Array, slots: Any, t: int) -> Any:
        m = slots["momentum"] * self.momentum - g
        return w + self.learning_rate * m, {"momentum": m}


@dataclass(frozen=True)
class NoLookAhead(SGD):
    """Nesterov in name only."""

    def update(self, w: Array, g: Array, slots: Any, t: int) -> Any:
        m = slots["momentum"] * self.momentum - g * self.learning_rate
        return w + m, {"momentum": m}


@dataclass(frozen=True)
class NoCorrection(AdamAsHeld):
    """Adam whose means are not freed from their start at 0."""

    def bias_corrections(self, t: int, dtype: Any) -> Any:
        return dtype.type(1), dtype.type(1)


@dataclass(frozen=True)
class EpsilonInside(AdamAsHeld):
    """Adam with epsilon under the root."""

    def update(self, w: Array, g: Array, slots: Any, t: int) -> Any:
        _, new = super().update(w, g, slots, t)
        first, second = self.bias_corrections(t, w.dtype)
        rate = self.learning_rate * np.sqrt(second) / first
        return w - new["momentum"] * rate / np.sqrt(new["velocity"] + self.epsilon), new


@dataclass(frozen=True)
class KernelsOnly(AdamAsHeld):
    """Weight decay that leaves the biases alone."""

    def decayed(self, w: Array) -> Array:
        return super().decayed(w) if w.ndim > 1 else w


@dataclass(frozen=True)
class AddedToAdam(AdamAsHeld):
    """Adam that adds its step."""

    def update(self, w: Array, g: Array, slots: Any, t: int) -> Any:
        _, new = super().update(w, g, slots, t)
        first, second = self.bias_corrections(t, w.dtype)
        rate = self.learning_rate * np.sqrt(second) / first
        return w + new["momentum"] * rate / (np.sqrt(new["velocity"]) + self.epsilon), new


def rounded_betas(trainer: ScratchTrainer) -> ScratchTrainer:
    """Round Adam's betas to float32 in the running means too."""
    rule: Any = trainer.network.optimizer
    betas = {name: float(np.float32(getattr(rule, name))) for name in ("beta_1", "beta_2")}
    return ScratchTrainer(replace(trainer.network, optimizer=replace(rule, **betas)))


class Stepping:
    """A trainer whose step is changed from outside: ``change(trainer, before, x, y, result)``."""

    sites = None

    def __init__(self, trainer: ScratchTrainer, change: Callable[..., Any]) -> None:
        self.trainer, self.change = trainer, change
        self.init = trainer.init

    def step(self, state: Any, x: Array, y: Array) -> Any:
        after, record = self.trainer.step(state, x, y)
        return self.change(self.trainer, state, x, y, after, dict(record))


def stepping(change: Callable[..., Any]) -> Callable[[ScratchTrainer], Stepping]:
    """Change what a step returns."""
    return lambda trainer: Stepping(trainer, change)


def _bias_from_weight(_t: Any, before: Any, _x: Array, _y: Array, after: Any, record: Any) -> Any:
    """b2 = W2[1, 0] - rate * gradient, as printed in the notes."""
    start = before.params["dense_1"]["kernel"][1]
    step = before.params["dense_1"]["bias"] - record["update/dense_1/bias"]
    record["update/dense_1/bias"] = start - step
    after.params["dense_1"]["bias"] = record["update/dense_1/bias"]
    return after, record


def _late_loss(trainer: Any, _b: Any, x: Array, y: Array, after: Any, record: Any) -> Any:
    """The loss of the batch after the update."""
    record["loss/value"] = trainer.step(after, x, y)[1]["loss/value"]
    return after, record


def _in_float32(_t: Any, _b: Any, _x: Array, _y: Array, after: Any, record: Any) -> Any:
    """Parameters kept in float32 in a float64 run."""
    for layer, params in after.params.items():
        for tensor, w in params.items():
            params[tensor] = record[f"update/{layer}/{tensor}"] = w.astype("f4").astype("f8")
    return after, record


def _first_layer_kept(_t: Any, before: Any, _x: Array, _y: Array, after: Any, record: Any) -> Any:
    """The first layer never updated."""
    for tensor, w in before.params["dense"].items():
        after.params["dense"][tensor] = record[f"update/dense/{tensor}"] = w
    return after, record


def _with_slope(slope: Callable[[Array], Array]) -> Callable[..., Any]:
    """The activation's derivative written in some other way, of its output."""

    def layer_with(layer: Any, params: Any, x: Array) -> Any:
        y, _ = layer(params, x)
        _, pullback = replace(layer, activation="linear")(params, x)
        return y, lambda dy: pullback(dy * slope(y))

    return layer_with


def _never_activated(layer: Any, params: Any, x: Array) -> Any:
    """The activation left out, and a (1 - a) kept."""
    z, pullback = replace(layer, activation="linear")(params, x)
    return z, lambda dy: pullback(dy * z * (1 - z))


def _squared_behind_sigmoid(value: Any, _gradient: Array, y: Array, z: Array) -> Any:
    p = 1 / (1 + np.exp(-z))
    return value, 2 * (p - y) * p * (1 - p) / p.size


def _logarithm_of_more(_value: Any, gradient: Array, y: Array, z: Array) -> Any:
    p = 1 / (1 + np.exp(-z))
    return -np.mean(y * np.log(p + 1e-8) + (1 - y) * np.log(1 - p + 1e-8)), gradient


def _no_activation_slope(layer: Any, params: Any, x: Array) -> Any:
    """The activation's derivative left out of the chain."""
    y, _ = layer(params, x)
    _, pullback = replace(layer, activation="linear")(params, x)
    return y, pullback


def _relu_slope_one_at_zero(x: Array) -> Any:
    return relu(x)[0], lambda dy: dy * (x >= 0)


MISTAKES = (
    Mistake(
        "kernel gradient transposed",
        "regression_asymmetric",
        "backward/dense/kernel",
        in_gradients(0, lambda d: d | {"kernel": d["kernel"].T}),
    ),
    Mistake(
        "bias gradient a mean over the batch",
        "short_last_batch",
        "backward/dense_1/bias",
        in_gradients(1, lambda d: d | {"bias": d["bias"] / 3}),
    ),
    Mistake(
        "factor 2 of the squared error missing",
        "regression",
        "backward/dense_1/kernel",
        in_loss(lambda value, gradient, _y, _p: (value, gradient / 2)),
    ),
    Mistake(
        "sum over the batch instead of mean",
        "several_outputs",
        "loss/value",
        in_loss(lambda value, gradient, y, _p: (value * len(y), gradient * len(y))),
    ),
    Mistake(
        "sign flipped",
        "classification",
        "backward/dense_1/kernel",
        in_loss(lambda value, gradient, _y, _p: (value, -gradient)),
    ),
    Mistake(
        "derivative of the hidden activation missing",
        "classification_asymmetric",
        "backward/dense/kernel",
        in_layer(0, _no_activation_slope),
    ),
    Mistake(
        "relu with slope 1 at 0",
        "relu_kinks",
        "backward/dense/kernel",
        in_layer(0, lambda lay, p, x: replace(lay, activation=_relu_slope_one_at_zero)(p, x)),
    ),
    Mistake(
        "forward without the bias",
        "regression_asymmetric",
        "forward/dense/output",
        in_layer(0, lambda lay, p, x: lay(p | {"bias": np.zeros_like(p["bias"])}, x)),
    ),
    Mistake(
        "learning rate ten times too large",
        "shuffled",
        "update/dense/kernel",
        scaled_rate(10),
    ),
    Mistake(
        "bias started from a weight",
        "regression_asymmetric",
        "update/dense_1/bias",
        stepping(_bias_from_weight),
    ),
    Mistake(
        "loss taken after the update",
        "softmax_sparse",
        "loss/value",
        stepping(_late_loss),
    ),
    Mistake(
        "momentum with the learning rate outside",
        "momentum",
        "slot/dense/kernel/momentum",
        with_rule(RateOutside),
    ),
    Mistake(
        "Nesterov without the look-ahead",
        "nesterov",
        "update/dense/kernel",
        with_rule(NoLookAhead),
    ),
    Mistake("Adam without bias correction", "adam", "update/dense/kernel", with_rule(NoCorrection)),
    Mistake(
        "Adam's epsilon under the root", "adam", "update/dense/kernel", with_rule(EpsilonInside)
    ),
    Mistake("biases not decayed", "adamw", "update/dense/bias", with_rule(KernelsOnly)),
    Mistake(
        "the step added",
        "regression",
        "update/dense/kernel",
        scaled_rate(-1),
        fault="step added",
    ),
    Mistake(
        "Adam's step added",
        "adam",
        "update/dense/kernel",
        with_rule(AddedToAdam),
        fault="step added",
    ),
    Mistake(
        "half the squared error shown",
        "regression",
        "loss/value",
        in_loss(lambda value, gradient, _y, _p: (value / 2, gradient)),
        fault="loss shown halved",
    ),
    Mistake(
        "the absolute error shown",
        "short_last_batch",
        "loss/value",
        in_loss(lambda _value, gradient, y, p: (np.abs(y - p).mean(), gradient)),
        fault="absolute error shown as the loss",
    ),
    Mistake(
        "the cross-entropy without its minus",
        "classification",
        "loss/value",
        in_loss(lambda value, gradient, _y, _p: (-value, gradient)),
        fault="loss shown with the wrong sign",
    ),
    Mistake(
        "the squared error's gradient",
        "classification",
        "backward/dense_1/kernel",
        in_loss(_squared_behind_sigmoid),
        fault="gradient of the squared error",
    ),
    Mistake(
        "tanh in place of sigmoid",
        "classification_asymmetric",
        "forward/dense/output",
        in_layer(0, lambda lay, p, x: replace(lay, activation="tanh")(p, x)),
        fault="another activation: tanh (dense)",
    ),
    Mistake(
        "sigmoid left out, a (1 - a) kept",
        "classification_asymmetric",
        "forward/dense/output",
        in_layer(0, _never_activated),
        fault="activation left out, its derivative formula kept (dense)",
    ),
    Mistake(
        "tanh's derivative written as sigmoid's",
        "short_last_batch",
        "backward/dense/kernel",
        in_layer(0, _with_slope(lambda a: a * (1 - a))),
        fault="derivative of tanh written as a (1 - a) (dense)",
    ),
    Mistake(
        "the first layer never updated",
        "regression",
        "update/dense/kernel",
        stepping(_first_layer_kept),
        fault="layer never updated (dense)",
    ),
)

#: Mistakes that only one precision can show.
IN_FLOAT32 = (
    Mistake(
        "learning rate off by 1 in 100,000",
        "shuffled",
        "update/dense/kernel",
        scaled_rate(1 + 1e-5),
    ),
)
IN_FLOAT64 = (
    Mistake(
        "learning rate off by 1 in 10^12",
        "shuffled",
        "update/dense/kernel",
        scaled_rate(1 + 1e-12),
    ),
    Mistake(
        "parameters kept in float32",
        "regression_asymmetric",
        "update/dense/kernel",
        stepping(_in_float32),
    ),
    Mistake(
        "epsilon as in PyTorch",
        "adam",
        "update/dense/kernel",
        with_rule(AdamAsHeld, epsilon=1e-8),
        fault="Adam's epsilon 1e-8",
    ),
    Mistake(
        "the betas rounded in the means too",
        "adam",
        "slot/dense/kernel/momentum",
        rounded_betas,
        fault="Adam's betas rounded to float32 everywhere",
    ),
    Mistake(
        "1e-8 added in the logarithm",
        "classification",
        "loss/value",
        in_loss(_logarithm_of_more),
        fault="1e-08 added in the logarithm",
    ),
)
