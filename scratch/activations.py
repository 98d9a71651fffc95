"""Activations: each returns ``y = f(x)`` and the pullback ``dL/dy -> dL/dx``.

All act element by element, except ``softmax``, which acts on the last axis. Where a
derivative does not exist (a kink), the pullback takes the value that Keras takes on
TensorFlow, and the docstring names it.
"""

import numpy as np

from scratch.arrays import ActivationFunction, ActivationPullback, Array


def linear(x: Array) -> tuple[Array, ActivationPullback]:
    """The identity: ``y = x``."""
    return x, _unchanged


def _unchanged(dy: Array) -> Array:
    return dy


def sigmoid(x: Array) -> tuple[Array, ActivationPullback]:
    """``y = 1 / (1 + exp(-x))``, with ``dy/dx = y (1 - y)``."""
    y = logistic(x)
    return y, lambda dy: dy * y * (1 - y)


def logistic(x: Array) -> Array:
    """Return the sigmoid of any ``x``, without overflow.

    ``exp`` only ever sees ``-|x|``: for negative ``x`` the same fraction is written
    ``exp(x) / (1 + exp(x))``.
    """
    e = np.exp(-np.abs(x))
    y: Array = np.where(x >= 0, 1, e) / (1 + e)
    return y


def tanh(x: Array) -> tuple[Array, ActivationPullback]:
    """The hyperbolic tangent, with ``dy/dx = 1 - y**2``."""
    y = np.tanh(x)
    return y, lambda dy: dy * (1 - y * y)


def relu(x: Array) -> tuple[Array, ActivationPullback]:
    """``y = max(x, 0)``; the derivative at the kink is ``relu'(0) = 0``."""
    return np.maximum(x, 0), lambda dy: dy * (x > 0)


def leaky_relu(x: Array, negative_slope: float = 0.2) -> tuple[Array, ActivationPullback]:
    """``y = x`` where ``x > 0``, else ``negative_slope * x``; the kink takes the slope."""
    return (
        np.where(x > 0, x, x * negative_slope),
        lambda dy: np.where(x > 0, dy, dy * negative_slope),
    )


def elu(x: Array, alpha: float = 1.0) -> tuple[Array, ActivationPullback]:
    """``y = x`` where ``x > 0``, else ``alpha * (exp(x) - 1)``.

    ``expm1`` keeps the digits that ``exp(x) - 1`` loses near 0. On the negative side the
    derivative is ``y + alpha``, which has lost its digits where ``y`` is nearly ``-alpha``, as
    Keras's has; at 0 it is ``alpha``.
    """
    y: Array = np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))
    return y, lambda dy: np.where(x > 0, dy, dy * (y + alpha))


def softplus(x: Array) -> tuple[Array, ActivationPullback]:
    """``y = log(1 + exp(x))``, written ``max(x, 0) + log1p(exp(-|x|))``; ``dy/dx = sigmoid(x)``."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), lambda dy: dy * logistic(x)


def softmax(x: Array) -> tuple[Array, ActivationPullback]:
    """``y_i = exp(x_i) / sum_j exp(x_j)`` over the last axis.

    Subtracting the largest ``x`` first leaves ``y`` as it is and keeps ``exp`` from
    overflowing. The Jacobian is ``diag(y) - y yᵀ``, so the pullback is
    ``y * (dy - <dy, y>)``.
    """
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    y = e / e.sum(axis=-1, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(axis=-1, keepdims=True))


ACTIVATIONS: dict[str, ActivationFunction] = {
    "linear": linear,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "softplus": softplus,
    "softmax": softmax,
}


def named(activation: str | ActivationFunction | None) -> str | ActivationFunction:
    """Return the name of an activation; a function that has none here is itself.

    ``None`` is ``linear``. Raises ``ValueError`` as ``get`` does.
    """
    function = get(activation)
    return next((name for name, known in ACTIVATIONS.items() if known is function), function)


def get(activation: str | ActivationFunction | None) -> ActivationFunction:
    """Return the activation of that name; ``None`` is ``linear``, a function is itself.

    Raises ``ValueError`` for a name that is not in ``ACTIVATIONS``.
    """
    if activation is None:
        return linear
    if callable(activation):
        return activation
    # A config, as Keras writes one for a function of one's own, is no name either.
    if isinstance(activation, str) and activation in ACTIVATIONS:
        return ACTIVATIONS[activation]
    message = f"scratch has no activation {activation!r}; it has {', '.join(ACTIVATIONS)}"
    raise ValueError(message)
