"""Proof that recording changes nothing: the recorded run against a plain ``fit``.

Both start from the same weights and see the same batches. Final weights and epoch losses must
be the same bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_ref.models import everything_in

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Proof:
    """What was compared, and where it was not the same bits."""

    weights: int
    epochs: int
    differences: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every weight and every epoch loss agreed to the last bit."""
        return not self.differences


def plain_fit(
    model: Any, x: Array, y: Array, order: Sequence[Array], batch_size: int, dtype: str
) -> list[float]:
    """Train with Keras's ``fit`` and return the loss of each epoch.

    ``order`` has the row numbers of each epoch. ``fit`` keeps the order that it is given
    (``shuffle=False``); where the epochs differ it is called once for each, which changes
    nothing: slots and step count live in the optimizer.
    """
    losses: list[float] = []
    with everything_in(dtype):
        start = 0
        while start < len(order):
            stop = start + 1
            while stop < len(order) and np.array_equal(order[stop], order[start]):
                stop += 1
            history = model.fit(
                _in_order(x, order[start]),
                _in_order(y, order[start]),
                batch_size=batch_size,
                epochs=stop - start,
                shuffle=False,
                verbose=0,
            )
            losses += history.history["loss"]
            start = stop
    return losses


def _in_order(rows: Array, order: Array) -> Array:
    """Return the rows in that order, without a copy where they are in it already."""
    return rows if np.array_equal(order, np.arange(len(rows))) else rows[order]


def prove(
    model: Any, fit_losses: Sequence[float], weights: Sequence[Array], losses: Sequence[float]
) -> Proof:
    """Hold a recorded run's final ``weights`` and epoch ``losses`` against a fitted model's."""
    differences = []
    fitted = model.get_weights()
    for variable, fit_weight, weight in zip(model.weights, fitted, weights, strict=True):
        if not _same_bits(fit_weight, weight):
            differences.append(f"{variable.path} after the last step")
    for epoch, (fit_loss, loss) in enumerate(zip(fit_losses, losses, strict=True), 1):
        if not _same_bits(np.float64(fit_loss), np.float64(loss)):
            differences.append(f"loss of epoch {epoch}: fit {fit_loss!r}, recorded {loss!r}")
    return Proof(len(fitted), len(fit_losses), tuple(differences))


def _same_bits(fitted: Any, recorded: Any) -> bool:
    """Compare dtype, values and signs of zeros; one NaN is as good as another."""
    return (
        fitted.dtype == recorded.dtype
        and np.array_equal(fitted, recorded, equal_nan=True)
        and np.array_equal(_negative(fitted), _negative(recorded))
    )


def _negative(array: Any) -> Any:
    return np.signbit(array) & ~np.isnan(array)
