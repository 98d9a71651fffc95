"""Trainers: whatever can do one training step.

The contract is two verbs. ``init`` starts from given parameters (and, for a run that restarts
at every step, from given slots and a step count); ``step`` trains on one batch and returns the
new state with its record, an ordered mapping from site to array.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from comparisons.problems import Problem
from scratch import activations, training
from scratch.layers import Activation, Dense, Layer
from scratch.optimizers import Adam, AdamW, Optimizer, bias_corrections

Array = npt.NDArray[Any]
Record = Mapping[str, Array]
#: Parameters by ``layer/tensor``, or slots by ``layer/tensor/slot``.
Arrays = Mapping[str, Array]


class Trainer(Protocol):
    """Something that trains, one step at a time.

    ``sites`` are those that its records have, or ``None`` for all that the reference has. What
    a trainer does not offer is not compared, and the verdict says so; what it offers and then
    leaves out of a record is incomparable.
    """

    @property
    def sites(self) -> Collection[str] | None:
        """The sites offered."""

    def init(self, weights: Arrays, slots: Arrays | None = None, iterations: int = 0) -> Any:
        """Return the state with these parameters; slots are 0 unless given."""

    def step(self, state: Any, x: Array, y: Array) -> tuple[Any, Record]:
        """Train on the batch ``x`` (batch, …), ``y``: return the new state and the record.

        The arrays of a record are not written to again; in a comparison, a candidate's are copied
        before it takes another step, so that it may work in place.
        """


@dataclass(frozen=True)
class ScratchTrainer:
    """Scratch as a trainer."""

    network: training.Network
    sites: None = None

    def init(
        self, weights: Arrays, slots: Arrays | None = None, iterations: int = 0
    ) -> training.State:
        """Return a scratch state with these parameters; slots are 0 unless given."""
        params: dict[str, dict[str, Array]] = {layer.name: {} for layer in self.network.layers}
        for path, w in weights.items():
            layer, tensor = path.split("/")
            params[layer][tensor] = w
        if slots is None:
            new = training.new_slots(self.network, params)
        else:
            new = {layer: {t: {} for t in tensors} for layer, tensors in params.items()}
            for path, array in slots.items():
                layer, tensor, slot = path.split("/")
                new[layer][tensor][slot] = array
        return training.State(params, new, iterations)

    def step(
        self, state: training.State, x: Array, y: Array
    ) -> tuple[training.State, training.Record]:
        """Take one step of ``scratch.training``."""
        return training.step(self.network, state, x, y)


@dataclass(frozen=True)
class InHigherPrecision:
    """The witness: scratch with all arrays brought to a wider dtype first."""

    trainer: ScratchTrainer
    dtype: npt.DTypeLike

    @classmethod
    def of(cls, trainer: ScratchTrainer, dtype: str, wider: npt.DTypeLike) -> "InHigherPrecision":
        """Return the witness of runs in ``dtype``, with the hyperparameters that these hold.

        The exact value of a float32 run is that of the learning rate rounded to float32. A beta
        or rho stays: what acts is one minus it, and that is rounded only after the subtraction.
        """
        optimizer: Any = trainer.network.optimizer
        rounded = {
            name: float(np.dtype(dtype).type(value))
            for name, value in vars(optimizer).items()
            if name in {"learning_rate", "momentum", "epsilon", "weight_decay"} and value
        }
        held = replace(optimizer, **rounded)
        return cls(ScratchTrainer(replace(trainer.network, optimizer=held)), wider)

    @property
    def sites(self) -> Collection[str] | None:
        """The sites offered by the trainer."""
        return self.trainer.sites

    def init(self, weights: Arrays, slots: Arrays | None = None, iterations: int = 0) -> Any:
        """Return the trainer's state with every array in the wider dtype."""
        wide = {path: w.astype(self.dtype) for path, w in weights.items()}
        if slots is not None:
            slots = {path: array.astype(self.dtype) for path, array in slots.items()}
        return self.trainer.init(wide, slots, iterations)

    def step(self, state: Any, x: Array, y: Array) -> tuple[Any, Record]:
        """Take one step in the wider dtype; class numbers stay whole."""
        targets = y if y.dtype.kind == "i" else y.astype(self.dtype)
        return self.trainer.step(state, x.astype(self.dtype), targets)


def witness_dtype(dtype: str) -> np.dtype[Any] | None:
    """Return the dtype in which a run is witnessed, or ``None`` where there is none wider."""
    if dtype == "float32":
        return np.dtype(np.float64)
    wider = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps
    return np.dtype(np.longdouble) if wider else None


def scratch_trainer(problem: Problem, constants: Mapping[str, float]) -> ScratchTrainer:
    """Return scratch for a problem, computing with the constants that Keras really holds.

    ``constants`` is what ``keras_ref.held_constants`` says; without it an honest run would
    differ in float64 by as much as float32 rounds. They are set from here because scratch
    is the textbook and knows nothing of them.
    """
    net = problem.network
    return ScratchTrainer(
        replace(
            net,
            layers=tuple(_layer_with(layer, constants) for layer in net.layers),
            optimizer=_optimizer_with(net.optimizer, constants),
        )
    )


def _layer_with(layer: Layer, constants: Mapping[str, float]) -> Layer:
    if isinstance(layer, Dense | Activation) and layer.activation == "leaky_relu":
        slope = constants["leaky_relu_slope"]
        return replace(layer, activation=partial(activations.leaky_relu, negative_slope=slope))
    return layer


def _optimizer_with(optimizer: Optimizer, constants: Mapping[str, float]) -> Optimizer:
    config = optimizer.get_config()
    held = config | {name: value for name, value in constants.items() if name in config}
    if isinstance(optimizer, Adam):
        return AdamAsHeld(
            **held,
            beta_1_in_powers=constants["beta_1_in_powers"],
            beta_2_in_powers=constants["beta_2_in_powers"],
        )
    return type(optimizer).from_config(held)


@dataclass(frozen=True)
class AdamAsHeld(Adam):
    """Adam whose bias corrections raise other numbers to the power ``t`` than its means use."""

    beta_1_in_powers: float = AdamW.beta_1
    beta_2_in_powers: float = AdamW.beta_2

    def bias_corrections(self, t: int, dtype: np.dtype[Any]) -> tuple[Any, Any]:
        """Return the corrections of the bases held for them."""
        return bias_corrections(self.beta_1_in_powers, self.beta_2_in_powers, t, dtype)
