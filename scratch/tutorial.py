"""The procedural network of the course notes: students, two features, layers 2-2-1.

Functions and a dict, no classes. The names are the notes', which write capital letters for
matrices: ``A`` for activations and ``X`` for inputs, both (features, batch); ``W`` (inputs,
units) and ``b`` (units, 1), numbered from 1. Everything is computed in the dtype of the
parameters. The two training functions take the same steps as ``Sequential.fit`` with batches of
one sample, in order.
"""
# ruff: noqa: N802, N803, N806  capital letters are matrices, here as in the notes

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from scratch.activations import logistic
from scratch.arrays import Array
from scratch.losses import BinaryCrossentropy

Parameters = dict[str, Array]

#: cgpa, profile_score, lpa: a salary to predict.
SALARIES = np.array([[8, 8, 4], [7, 9, 5], [6, 10, 6], [5, 12, 7]])

#: cgpa, profile_score, placed: 1 for a student who found a job, else 0.
PLACEMENTS = np.array([[8, 8, 1], [7, 9, 1], [6, 10, 0], [5, 5, 0]])


def initialize_parameters(
    layer_dims: list[int], *, dtype: npt.DTypeLike = np.float64
) -> Parameters:
    """Return ``W1``, ``b1``, ``W2``, … for layers of those widths, the input's first.

    Every weight is 0.1 and every bias 0. Units of a layer that start alike stay alike, which
    is why real networks start from random weights.
    """
    parameters = {}
    for layer, (n_prev, n) in enumerate(pairwise(layer_dims), start=1):
        parameters[f"W{layer}"] = np.full((n_prev, n), 0.1, dtype)
        parameters[f"b{layer}"] = np.zeros((n, 1), dtype)
    return parameters


def sigmoid(Z: Array) -> Array:
    """Return ``1 / (1 + exp(-Z))``, without overflow for any ``Z``."""
    return logistic(Z)


def linear_forward(A_prev: Array, W: Array, b: Array) -> Array:
    """Return ``Z = Wᵀ A_prev + b``, (units, batch)."""
    return W.T @ A_prev + b


def linear_forward_clf(A_prev: Array, W: Array, b: Array) -> Array:
    """Return ``A = sigmoid(Wᵀ A_prev + b)``, (units, batch)."""
    return sigmoid(linear_forward(A_prev, W, b))


def L_layer_forward(X: npt.ArrayLike, parameters: Parameters) -> tuple[Array, Array]:
    """Return the output of all the layers, each linear, and the input of the last of them."""
    return _forward(X, parameters, linear_forward)


def L_layer_forward_clf(X: npt.ArrayLike, parameters: Parameters) -> tuple[Array, Array]:
    """Return the output of all the layers, each sigmoid, and the input of the last of them."""
    return _forward(X, parameters, linear_forward_clf)


def _forward(
    X: npt.ArrayLike, parameters: Parameters, layer_forward: Callable[[Array, Array, Array], Array]
) -> tuple[Array, Array]:
    A = A_prev = np.asarray(X, parameters["W1"].dtype)
    features = len(parameters["W1"])
    if A.ndim != 2 or len(A) != features:
        message = (
            f"X must be (features, batch) with {features} features, received shape {A.shape}; "
            "one sample is a column, such as [[8], [8]]"
        )
        raise ValueError(message)
    for layer in range(1, len(parameters) // 2 + 1):
        A_prev, A = A, layer_forward(A, parameters[f"W{layer}"], parameters[f"b{layer}"])
    return A, A_prev


def update_parameters(
    parameters: Parameters,
    y: npt.ArrayLike,
    y_hat: npt.ArrayLike,
    A1: Array,
    X: npt.ArrayLike,
    learning_rate: float = 0.001,
) -> None:
    """Take one step down the slope of ``mean((y_hat - y)**2)``, in place; both layers linear.

    ``dZ2 = 2 (y_hat - y) / outputs`` and ``dZ1 = W2 dZ2``. The widths are any, the sample is one:
    ``X`` is (inputs, 1), ``A1`` (hidden, 1), ``y`` and ``y_hat`` (outputs, 1), or numbers where
    there is one output. Raises ``ValueError`` unless there are two layers.
    """
    dZ2 = 2 * _mean_error(parameters, y, y_hat)
    dZ1 = parameters["W2"] @ dZ2
    _descend(parameters, dZ1, dZ2, A1, X, learning_rate)


def update_parameters_clf(
    parameters: Parameters,
    y: npt.ArrayLike,
    y_hat: npt.ArrayLike,
    A1: Array,
    X: npt.ArrayLike,
    learning_rate: float = 0.0001,
) -> None:
    """Take one step down the slope of the binary cross-entropy, in place; both layers sigmoid.

    ``dZ2 = (y_hat - y) / outputs``: the slope of the logarithm and that of the last sigmoid
    cancel. The hidden sigmoid's own slope stays: ``dZ1 = W2 dZ2 * A1 (1 - A1)``. Shapes and
    errors as in ``update_parameters``.
    """
    dZ2 = _mean_error(parameters, y, y_hat)
    dZ1 = parameters["W2"] @ dZ2 * A1 * (1 - A1)
    _descend(parameters, dZ1, dZ2, A1, X, learning_rate)


def _mean_error(parameters: Parameters, y: npt.ArrayLike, y_hat: npt.ArrayLike) -> Array:
    """Return ``(y_hat - y) / outputs`` as (outputs, 1): a mean over outputs, as in Keras."""
    if parameters.keys() != {"W1", "b1", "W2", "b2"}:
        message = f"this update is for two layers, W1, b1, W2, b2, not {', '.join(parameters)}"
        raise ValueError(message)
    b2 = parameters["b2"]
    target, prediction = (np.asarray(a, b2.dtype).reshape(b2.shape) for a in (y, y_hat))
    error: Array = (prediction - target) / len(b2)
    return error


def _descend(
    parameters: Parameters, dZ1: Array, dZ2: Array, A1: Array, X: npt.ArrayLike, rate: float
) -> None:
    """Move every parameter by its gradient, ``dW = A_prev dZᵀ`` and ``db = dZ``.

    All gradients are formed before the first parameter moves: ``dZ1`` belongs to the ``W2``
    that made the prediction.
    """
    X = np.asarray(X, dZ1.dtype)
    gradients = {"W1": X @ dZ1.T, "b1": dZ1, "W2": A1 @ dZ2.T, "b2": dZ2}
    for name, gradient in gradients.items():
        parameters[name] -= gradient * rate


Report = Callable[[int, float], object]


def train_regression(
    parameters: Parameters,
    data: npt.ArrayLike = SALARIES,
    epochs: int = 5,
    learning_rate: float = 0.001,
    report: Report | None = None,
) -> tuple[list[float], Parameters]:
    """Train two linear layers on the rows of ``data``, features first and the target last.

    Returns the mean of ``(y - y_hat)**2`` over each epoch, every loss taken before its update,
    and the parameters, which are changed in place. ``report(epoch, loss)`` is called after each
    epoch, counted from 1.
    """

    def step(X: Array, y: Array) -> Any:
        y_hat, A1 = L_layer_forward(X, parameters)
        update_parameters(parameters, y, y_hat, A1, X, learning_rate)
        return np.mean((y - y_hat) ** 2)

    return _epochs(step, parameters, data, epochs, report), parameters


def train_classification(
    parameters: Parameters,
    data: npt.ArrayLike = PLACEMENTS,
    epochs: int = 50,
    learning_rate: float = 0.0001,
    report: Report | None = None,
) -> tuple[list[float], Parameters]:
    """Train two sigmoid layers on the rows of ``data``, features first and the 0 or 1 last.

    Returns the mean of ``-(y log y_hat + (1 - y) log(1 - y_hat))`` over each epoch, and the
    parameters; all else as in ``train_regression``.
    """
    # From logits: a probability near 0 or 1 has lost the digits that its logarithm needs.
    cross_entropy = BinaryCrossentropy(from_logits=True)

    def step(X: Array, y: Array) -> Any:
        y_hat, A1 = L_layer_forward_clf(X, parameters)
        loss, _ = cross_entropy(y, linear_forward(A1, parameters["W2"], parameters["b2"]))
        update_parameters_clf(parameters, y, y_hat, A1, X, learning_rate)
        return loss

    return _epochs(step, parameters, data, epochs, report), parameters


def _epochs(
    step: Callable[[Array, Array], Any],
    parameters: Parameters,
    data: npt.ArrayLike,
    epochs: int,
    report: Report | None,
) -> list[float]:
    rows = np.asarray(data, parameters["W1"].dtype)
    if rows.ndim != 2 or len(rows) == 0:
        message = f"data must have one row a sample, at least one, received shape {rows.shape}"
        raise ValueError(message)
    columns = rows[:, :, np.newaxis]
    means = []
    for epoch in range(1, epochs + 1):
        means.append(float(np.mean([step(column[:-1], column[-1:]) for column in columns])))
        if report is not None:
            report(epoch, means[-1])
    return means


def main() -> None:
    """Print what the notes print, for both problems."""
    for train in train_regression, train_classification:
        _, parameters = train(
            initialize_parameters([2, 2, 1]),
            report=lambda epoch, loss: print(f"Epoch - {epoch}, Average Loss - {loss}"),  # noqa: T201
        )
        print(parameters)  # noqa: T201


if __name__ == "__main__":
    main()
