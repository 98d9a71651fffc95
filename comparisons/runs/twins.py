"""Nudged twins: how far apart honest arithmetic may be is measured, not guessed.

A twin is scratch in which every number that enters or leaves a layer, an activation, a loss or
an update rule is moved at random by one unit in its last place. How far twins spread
from the run that is not nudged, at a site and a step, is what rounding may do there. Layers,
losses and rules are pure functions, so a twin is made by wrapping them, and scratch knows
nothing of it.

Nudging results alone is not enough: inside a dot product whose terms cancel, what enters
matters. Nor is it enough to nudge what enters and leaves an activation or a loss: their formulas
have steps of their own, and each of these is nudged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from math import prod
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from comparisons.problems import Problem
from comparisons.runs.trainers import ScratchTrainer
from scratch import activations
from scratch.arrays import ActivationFunction, ActivationPullback, Params, Promise, Pullback
from scratch.layers import Activation, Dense, Layer
from scratch.losses import Loss
from scratch.optimizers import Optimizer, Slots

Array = npt.NDArray[Any]

# A model of up to this many parameters is small.
_SMALL = 10_000
# How many twins measure a budget: a large array is a sample in itself.
_TWINS_SMALL, _TWINS_LARGE = 8, 1
# How many nudged copies of an optimizer's hyperparameters a twin goes through in turn.
_RULES = 16
# Where in a long row of random units an array's own begin, call by call. A prime number of
# places: a step's calls then fall on other places in the next step.
_PLACES = range(0, 97 * 41, 41)


class Nudge:
    """Moves every number of an array up or down, at random, by one unit in its last place.

    ``x + x * u`` with ``u`` either -0.6 or 0.6 times the machine epsilon: that is between 0.6
    and 1.2 units in the last place, and the sum rounds to the neighbour of ``x``, whatever
    ``x``. Zeros stay. The ``u`` are drawn once; each call reads them from another place.
    """

    def __init__(self, dtype: npt.DTypeLike, largest: int, rng: np.random.Generator) -> None:
        self.dtype = np.dtype(dtype)
        self.rng = rng
        signs = rng.choice([-1.0, 1.0], largest + _PLACES[-1])
        self._units = Units((0.6 * np.finfo(self.dtype).eps * signs).astype(self.dtype))
        self._arithmetic: Any = type("TwinArray", (NudgedArray,), {"nudge": self})

    def __call__(self, x: Array) -> Array:
        """Return a nudged copy; whole numbers (classes) come back as they are."""
        if x.dtype != self.dtype:
            return x
        moved: Array = x * next(self._units[x.shape])
        moved += x
        return moved

    def arithmetic(self, x: Array) -> "NudgedArray":
        """Return ``x`` as an array whose arithmetic is nudged."""
        array: NudgedArray = np.asarray(x).view(self._arithmetic)
        return array

    def number(self, x: float) -> float:
        """Return a hyperparameter, nudged in the run's dtype; 0 stays."""
        number: Any = self.dtype.type
        towards = self.rng.choice([-np.inf, np.inf])
        return float(np.nextafter(number(x), number(towards))) if x else x


class Units(dict[tuple[int, ...], Iterator[Array]]):
    """For each shape, arrays of random units without end: views of one long row of them."""

    def __init__(self, units: Array) -> None:
        super().__init__()
        self.units = units

    def __missing__(self, shape: tuple[int, ...]) -> Iterator[Array]:
        """Cut the row at every place, once for each shape."""
        size = prod(shape)
        views = [self.units[place : place + size].reshape(shape) for place in _PLACES]
        self[shape] = endless = cycle(views)
        return endless


class NudgedArray(np.ndarray[Any, Any]):
    """An array that nudges the result of every arithmetic operation that it takes part in.

    For formulas with steps inside: where ``log(1 + x)`` with a small ``x`` is computed, what
    rounds is the sum, which neither the input nor the result betrays. Each twin has a subclass
    with its own ``nudge``.
    """

    nudge: ClassVar[Nudge]

    def __array_ufunc__(self, ufunc: np.ufunc, method: Any, *inputs: Any, **kwargs: Any) -> Any:
        plain = [x.view(np.ndarray) if isinstance(x, NudgedArray) else x for x in inputs]
        result = getattr(ufunc, method)(*plain, **kwargs)
        # Comparisons give truth values: there is nothing to nudge.
        if result.dtype.kind != "f":
            return result
        return np.asarray(self.nudge(result)).view(type(self))


class NudgedLayer:
    """A layer with nudged input, parameters, output and gradients."""

    def __init__(self, layer: Layer, nudge: Nudge) -> None:
        self.name = layer.name
        self.layer = layer
        self.nudge = nudge

    def __call__(self, params: Params, x: Array) -> tuple[Array, Pullback]:
        nudge = self.nudge
        y, pullback = self.layer({t: nudge(w) for t, w in params.items()}, nudge(x))

        def nudged_pullback(dy: Array) -> tuple[Promise, Params]:
            promise, dparams = pullback(nudge(dy))
            return lambda: nudge(promise()), {t: nudge(g) for t, g in dparams.items()}

        return nudge(y), nudged_pullback


@dataclass(frozen=True)
class NudgedLoss:
    """A loss with nudged targets and predictions, whose every intermediate result is nudged."""

    loss: Loss
    nudge: Nudge

    def __call__(self, y_true: Array, y_pred: Array) -> tuple[Any, Array]:
        arithmetic = self.nudge.arithmetic
        value, gradient = self.loss(arithmetic(self.nudge(y_true)), arithmetic(self.nudge(y_pred)))
        return np.asarray(value), np.asarray(gradient)


def nudged_activation(activation: ActivationFunction, nudge: Nudge) -> ActivationFunction:
    """Return an activation whose every intermediate result is nudged, in its pullback too.

    From a sigmoid near 1, one unit in the last place of ``y`` is much of ``1 - y``.
    """

    def nudged(x: Array) -> tuple[Array, ActivationPullback]:
        y, pullback = activation(nudge.arithmetic(x))
        return np.asarray(y), lambda dy: np.asarray(pullback(nudge(dy)))

    return nudged


class NudgedOptimizer:
    """An update rule with nudged hyperparameters and nudged results.

    The gradients that enter it were nudged when they left the pullback. The parameters and
    slots that it adds to are not nudged again: one unit in the last place of the result is
    what an honest sum may be off by.
    """

    def __init__(self, optimizer: Optimizer, nudge: Nudge) -> None:
        self.nudge = nudge
        numbers = {
            name: value for name, value in vars(optimizer).items() if isinstance(value, float)
        }
        self._rules = [
            _with(optimizer, {name: nudge.number(x) for name, x in numbers.items()})
            for _ in range(_RULES)
        ]
        self._calls = 0

    def slots(self, w: Array) -> Slots:
        """Return new slots: 0, which no nudge moves."""
        return self._rules[0].slots(w)

    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        """Apply a nudged rule."""
        nudge = self.nudge
        self._calls += 1
        new_w, new = self._rules[self._calls % _RULES].update(w, g, slots, t)
        return nudge(new_w), {slot: nudge(array) for slot, array in new.items()}


def _with(optimizer: Any, numbers: dict[str, float]) -> Optimizer:
    changed: Optimizer = replace(optimizer, **numbers)
    return changed


def is_small(problem: Problem) -> bool:
    """Return whether a problem's parameters are few."""
    return sum(w.size for w in problem.weights.values()) <= _SMALL


def usual_twins(problem: Problem) -> int:
    """Return how many twins measure the rounding budgets of a problem.

    Few where every parameter is a sample in itself: a large model may end in a single bias.
    """
    smallest = min((w.size for w in problem.weights.values()), default=0)
    return _TWINS_LARGE if not is_small(problem) and smallest >= _TWINS_SMALL else _TWINS_SMALL


def make_twins(
    trainer: ScratchTrainer, dtype: str, largest: int, count: int
) -> list[ScratchTrainer]:
    """Return ``count`` twins of a trainer, the same ones each time.

    ``largest`` is the size of the largest array that a step computes.
    """
    return [_twin(trainer, Nudge(dtype, largest, np.random.default_rng(k))) for k in range(count)]


def _twin(trainer: ScratchTrainer, nudge: Nudge) -> ScratchTrainer:
    """Return a trainer with everything in it wrapped that a nudge can reach."""
    net = trainer.network
    # The wrappers stand in for layers, loss and optimizer wherever a step calls them.
    wrapped: dict[str, Any] = {
        "layers": tuple(
            NudgedLayer(_with_nudged_activation(layer, nudge), nudge) for layer in net.layers
        ),
        "loss": NudgedLoss(net.loss, nudge),
        "optimizer": NudgedOptimizer(net.optimizer, nudge),
    }
    return ScratchTrainer(replace(net, **wrapped, head=nudged_activation(net.head, nudge)))


def _with_nudged_activation(layer: Layer, nudge: Nudge) -> Layer:
    if not isinstance(layer, Dense | Activation):
        return layer
    activation = activations.get(layer.activation)
    if activation is activations.elu:
        activation = _elu_by_subtraction
    return replace(layer, activation=nudged_activation(activation, nudge))


def _elu_by_subtraction(x: Array) -> tuple[Array, ActivationPullback]:
    """Elu as Keras on TensorFlow computes it: near 0, ``exp(x) - 1`` loses what ``expm1`` keeps.

    Both are honest arithmetic, so twins go this way while scratch goes the other.
    """
    y: Array = np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)
    return y, lambda dy: np.where(x > 0, dy, dy * (y + 1))
