"""Scratch's training step taken apart, so that any piece of it can be replaced."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from comparisons.causes.pieces import TEXTBOOK, Passing, Piece, Seen, Updating
from comparisons.runs import Record, ScratchTrainer
from comparisons.runs.trainers import Array, Arrays
from scratch import activations
from scratch.arrays import Params
from scratch.layers import Dense, Layer
from scratch.optimizers import Optimizer
from scratch.training import Network, State

#: Given ``dL/dy``: the parameters' gradients, and ``dL/dx`` once these have been used.
OpenPullback = Callable[[Array], tuple[Params, Callable[[Params], Array]]]


@dataclass(frozen=True)
class OpenState(State):
    """A state that also remembers the steps before.

    ``gradients`` are those of the last one, by ``layer/tensor``; ``losses`` has for each its own
    loss and its number of rows.
    """

    gradients: Mapping[str, Array] = field(default_factory=dict)
    losses: tuple[tuple[Any, int], ...] = ()


@dataclass(frozen=True)
class OpenTrainer:
    """Scratch, piece by piece; ``replaced`` maps names of pieces to what stands in for them.

    With nothing replaced it goes through scratch's numbers, bit for bit. In one thing it is
    arranged otherwise: a layer's parameters are updated before the error is passed on to the
    layer below. To an honest step that makes no difference, and a faulty one can then read
    what it should not.
    """

    network: Network
    replaced: Mapping[str, Piece] = field(default_factory=dict)
    sites: None = None

    def init(self, weights: Arrays, slots: Arrays | None = None, iterations: int = 0) -> OpenState:
        """Return the state with these parameters, and no memory of any gradient."""
        state = ScratchTrainer(self.network).init(weights, slots, iterations)
        return OpenState(state.params, state.slots, state.iterations)

    def step(self, state: OpenState, x: Array, y: Array) -> tuple[OpenState, Record]:
        """Train on one batch: return the new state and the record, as ``scratch.training`` does."""
        net, record = self.network, dict[str, Array]()
        x, y = self._piece("batch")(state.iterations, x, y)
        a, pullbacks = self._forward(state.params, x, record)
        value, da = self._loss(y, a)

        gradients: dict[str, Array] = {}
        losses = (*state.losses, (value, len(x)))
        after = OpenState({}, {}, state.iterations + 1, gradients, losses)
        for layer in reversed(net.layers):
            dparams, pass_down = pullbacks[layer.name](da)
            for tensor, g in dparams.items():
                path = f"{layer.name}/{tensor}"
                dparams[tensor] = self._piece("gradient")(g, state.gradients.get(path))
                record[f"backward/{path}"] = gradients[path] = dparams[tensor]
            self._update(layer, state, after, dparams, record)
            if layer is not net.layers[0]:
                da = pass_down(after.params[layer.name])

        def afterwards() -> Any:
            prediction, _ = self._forward(after.params, x, {})
            return self._loss(y, prediction)[0]

        value = self._piece("report")(value, afterwards)
        value = self._piece("shown")(value, len(x), state.losses)
        record["loss/value"] = np.asarray(value, a.dtype)
        return after, record

    def _piece(self, name: str, layer: str = "") -> Piece:
        return self.replaced.get(f"{name}/{layer}" if layer else name, TEXTBOOK[name])

    @cached_property
    def _rule(self) -> Optimizer:
        with_constants: Optimizer = self._piece("constants")(self.network.optimizer)
        rule: Optimizer = self._piece("rule")(self._piece("epsilon")(with_constants))
        return rule

    def _loss(self, y: Array, prediction: Array) -> tuple[Any, Array]:
        """Return the value that is shown, and the gradient."""
        value, gradient = self._piece("loss")(self.network.loss, y, prediction)
        return self._piece("value")(value, self.network.loss, y, prediction), gradient

    def _forward(
        self, params: dict[str, Params], x: Array, record: dict[str, Array]
    ) -> tuple[Array, dict[str, OpenPullback]]:
        """Return what the loss looks at, and the pullbacks; write down the outputs."""
        net, pullbacks = self.network, {}
        for layer in net.layers:
            through = self._dense if isinstance(layer, Dense) else _closed
            x, pullbacks[layer.name] = through(layer, params, x)
            record[f"forward/{layer.name}/output"] = x
        for name in net.predicted_by:
            record[f"forward/{name}/output"] = net.head(x)[0]
        return x, pullbacks

    def _dense(self, layer: Any, params: dict[str, Params], x: Array) -> tuple[Array, OpenPullback]:
        """``scratch.layers.Dense``, formula by formula."""
        name = layer.name
        rows = x.reshape(-1, x.shape[-1])
        z = self._piece("affine", name)(params[name], rows)
        function = activations.get(layer.activation)
        y, activation_pullback = self._piece("activation", name)(function, z)
        seen = Seen(rows, z, y)

        def pullback(dy: Array) -> tuple[Params, Callable[[Params], Array]]:
            dz = self._piece("slope", name)(activation_pullback, dy.reshape(z.shape), seen)
            dparams = {"kernel": self._piece("kernel_gradient", name)(seen, dz)}
            if layer.use_bias:
                dparams["bias"] = self._piece("bias_gradient", name)(dz)

            def pass_down(updated: Params) -> Array:
                dx: Array = self._piece("input_gradient", name)(Passing(dz, name, params, updated))
                return dx.reshape(x.shape)

            return dparams, pass_down

        return y.reshape(*x.shape[:-1], layer.units), pullback

    def _update(
        self,
        layer: Layer,
        state: OpenState,
        after: OpenState,
        gradients: Params,
        record: dict[str, Array],
    ) -> None:
        """Update a layer's parameters and slots, and write them down."""
        name = layer.name
        before, slots = state.params[name], state.slots[name]
        updated, after.slots[name] = after.params.setdefault(name, {}), {}
        for tensor in before:
            one = Updating(
                self._rule, tensor, before, updated, gradients[tensor], slots[tensor],
                after.iterations,
            )  # fmt: skip
            w, new_slots = self._piece("update", f"{name}/{tensor}")(one)
            updated[tensor], after.slots[name][tensor] = self._piece("stored")(w), new_slots
            record[f"update/{name}/{tensor}"] = updated[tensor]
            for slot, array in new_slots.items():
                record[f"slot/{name}/{tensor}/{slot}"] = array


def _closed(layer: Layer, params: dict[str, Params], x: Array) -> tuple[Array, OpenPullback]:
    """A layer without parameters, as it is."""
    y, pullback = layer(params[layer.name], x)
    return y, lambda dy: ({}, lambda _: pullback(dy)[0]())
