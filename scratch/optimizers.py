"""Optimizers: each is a rule on one parameter, its gradient and its slots.

A slot is an array that an optimizer keeps for each parameter: a momentum, a running mean
of squares. ``slots(w)`` makes those of a new parameter, all 0, and
``update(w, g, slots, t)`` returns the new parameter and the new slots. Nothing is changed
in place. ``t`` counts the steps from 1.

With ``weight_decay`` every optimizer first shrinks the parameter, biases too:
``w <- w - w * weight_decay * learning_rate``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from scratch.arrays import Array, Params
from scratch.configuration import Configured, by_name, resolve

Slots = Params


class Optimizer(Configured):
    """What all optimizers share."""

    module: ClassVar[str] = "keras.optimizers"
    learning_rate: float
    weight_decay: float | None

    def __post_init__(self) -> None:
        """Refuse a schedule, which scratch does not compute."""
        super().__post_init__()
        if type(self.learning_rate) not in {int, float}:
            message = (
                f"{type(self).__name__}: learning_rate must be a number, not {self.learning_rate!r}"
            )
            raise ValueError(message)

    def slots(self, w: Array) -> Slots:
        """Return the slots of a new parameter, each 0 and shaped like it."""
        return {name: np.zeros_like(w) for name in self.slot_names()}

    def slot_names(self) -> tuple[str, ...]:
        """Return the names of the slots, as Keras names them, in the order of their update."""
        return ()

    def decayed(self, w: Array) -> Array:
        """Return the parameter after weight decay, before the rule."""
        if self.weight_decay is None:
            return w
        return w - w * self.weight_decay * self.learning_rate

    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        """Return the parameter and its slots after step ``t``, given ``g = dL/dw``."""
        raise NotImplementedError


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent::

        w <- w - learning_rate * g

    with momentum (the learning rate stands inside it)::

        m <- momentum * m - learning_rate * g
        w <- w + m                                      or, with nesterov,
        w <- w + momentum * m - learning_rate * g
    """

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float | None = None

    def slot_names(self) -> tuple[str, ...]:
        """Return ``momentum`` when there is any."""
        return ("momentum",) if self.momentum else ()

    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        """Apply the rule above."""
        w = self.decayed(w)
        step = g * self.learning_rate
        if not self.momentum:
            return w - step, slots
        m = slots["momentum"] * self.momentum - step
        ahead = m * self.momentum - step if self.nesterov else m
        return w + ahead, {"momentum": m}


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """The gradient divided by a running root mean square of itself::

        v <- rho * v + (1 - rho) * g**2
        d <- learning_rate * g / sqrt(v + epsilon)
        w <- w - d                                      or, with momentum,
        m <- momentum * m + d
        w <- w - m

    ``centered`` also keeps the running mean ``a`` of ``g`` and puts ``v - a**2`` for ``v``
    under the root. Note where ``epsilon`` stands: inside the root. When the gradient hardly
    changes, rounding can make ``v - a**2`` less than ``-epsilon``: the parameter is then NaN, here
    as in Keras.
    """

    learning_rate: float = 0.001
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False
    weight_decay: float | None = None

    def slot_names(self) -> tuple[str, ...]:
        """Return ``velocity`` and what ``centered`` and ``momentum`` add."""
        average = ("average_gradient",) if self.centered else ()
        return ("velocity", *average, "momentum") if self.momentum else ("velocity", *average)

    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        """Apply the rule above."""
        w = self.decayed(w)
        v = self.rho * slots["velocity"] + (1 - self.rho) * (g * g)
        new = {"velocity": v}
        if self.centered:
            a = self.rho * slots["average_gradient"] + (1 - self.rho) * g
            new["average_gradient"] = a
            v = v - a * a
        step = self.learning_rate * g / np.sqrt(v + self.epsilon)
        if self.momentum:
            new["momentum"] = step = self.momentum * slots["momentum"] + step
        return w - step, new


@dataclass(frozen=True)
class Adam(Optimizer):
    """Running means of the gradient and of its square, each freed from its start at 0::

        m <- m + (g - m) * (1 - beta_1)
        v <- v + (g**2 - v) * (1 - beta_2)
        α  = learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)
        w <- w - m * α / (sqrt(v) + epsilon)

    Kingma and Ba (2015), in the order of the last lines of their section 2: ``epsilon``
    stands beside ``sqrt(v)``, not beside ``sqrt(v / (1 - beta_2**t))`` as in their
    Algorithm 1. With ``amsgrad`` the largest ``v`` so far takes the place of ``v``.
    """

    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    amsgrad: bool = False
    weight_decay: float | None = None

    def slot_names(self) -> tuple[str, ...]:
        """Return ``momentum``, ``velocity`` and, with amsgrad, ``velocity_hat``."""
        return ("momentum", "velocity", *(("velocity_hat",) if self.amsgrad else ()))

    def bias_corrections(self, t: int, dtype: np.dtype[Any]) -> tuple[Any, Any]:
        """Return the ``bias_corrections`` of the two betas."""
        return bias_corrections(self.beta_1, self.beta_2, t, dtype)

    def update(self, w: Array, g: Array, slots: Slots, t: int) -> tuple[Array, Slots]:
        """Apply the rule above."""
        w = self.decayed(w)
        m, v = slots["momentum"], slots["velocity"]
        m = m + (g - m) * (1 - self.beta_1)
        v = v + (g * g - v) * (1 - self.beta_2)
        new = {"momentum": m, "velocity": v}
        if self.amsgrad:
            new["velocity_hat"] = v = np.maximum(slots["velocity_hat"], v)
        correction_1, correction_2 = self.bias_corrections(t, w.dtype)
        rate = self.learning_rate * np.sqrt(correction_2) / correction_1
        return w - m * rate / (np.sqrt(v) + self.epsilon), new


def bias_corrections(beta_1: float, beta_2: float, t: int, dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """Return ``1 - beta_1**t`` and ``1 - beta_2**t``, computed in that dtype."""
    base_1, base_2, steps = (dtype.type(x) for x in (beta_1, beta_2, t))
    return 1 - base_1**steps, 1 - base_2**steps


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: Loshchilov and Hutter (2019).

    Their decay is not scaled by the learning rate; as Keras has it, it is.
    """

    weight_decay: float | None = 0.004


OPTIMIZERS: dict[str, type[Optimizer]] = by_name(
    SGD, RMSprop, Adam, AdamW, sgd=SGD, rmsprop=RMSprop, adamw=AdamW
)


def get(identifier: str | Mapping[str, Any] | Optimizer) -> Optimizer:
    """Return the optimizer meant by a name or a config; raises ``ValueError`` if unknown."""
    return resolve(Optimizer, OPTIMIZERS, identifier)
