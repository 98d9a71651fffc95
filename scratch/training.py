"""One training step, from end to end: the file to read first.

Forward, loss, backward, update. Everything that a step computes is also written into its
record: a mapping from a name such as ``backward/dense_1/kernel`` to the array, in the order
in which one thing causes the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scratch import activations
from scratch.arrays import ActivationFunction, Array, Params, Promise
from scratch.layers import Activation, Dense, Layer
from scratch.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    SparseCategoricalCrossentropy,
)
from scratch.optimizers import Optimizer, Slots

Record = dict[str, Array]


@dataclass(frozen=True)
class Network:
    """What is trained and how: layers in order, the loss they feed, and the update rule.

    ``head`` turns what the loss looks at into what the network predicts, and ``predicted_by``
    names the layers whose output that is. Mostly the loss looks at the prediction itself and
    ``head`` is ``linear``; ``network`` says when it does not.
    """

    layers: tuple[Layer, ...]
    loss: Loss
    optimizer: Optimizer
    head: ActivationFunction = activations.linear
    predicted_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class State:
    """What a step changes: parameters and slots, by layer, and the number of steps taken."""

    params: dict[str, Params]
    slots: dict[str, dict[str, Slots]]
    iterations: int = 0


def network(layers: Sequence[Layer], loss: Loss, optimizer: Optimizer) -> Network:
    """Return the network that Keras trains when given these parts.

    A cross-entropy after a sigmoid or a softmax loses digits: the probability saturates, then
    its logarithm undoes the exponential. The pair is better computed from the logits in one
    formula, whose derivative is ``p - y``. Keras on TensorFlow does so by itself when the last
    layer's activation is one of the two; so does this.

    Keras does not ask whether the two belong together. After a softmax, binary cross-entropy
    becomes that of the *sigmoids* of the logits, and after a sigmoid, categorical cross-entropy
    that of their softmax: other numbers than what the model predicts would give. That is Keras
    and not mathematics, and done here on purpose.
    """
    whole = Network(tuple(layers), loss, optimizer)
    entropies = (BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy)
    if not layers or not isinstance(loss, entropies):
        return whole
    # A linear Activation hands on what it is given, so the one before it still decides.
    last = len(layers) - 1
    while last > 0 and layers[last] == Activation("linear", name=layers[last].name):
        last -= 1
    layer = layers[last]
    if not isinstance(layer, Dense | Activation) or layer.activation not in ("sigmoid", "softmax"):
        return whole
    bare: Layer = replace(layer, activation="linear")
    return Network(
        layers=(*layers[:last], bare),
        loss=replace(loss, from_logits=True),
        optimizer=optimizer,
        head=activations.get(layer.activation),
        predicted_by=tuple(layer.name for layer in layers[last:]),
    )


def forward(net: Network, params: dict[str, Params], x: Array) -> Array:
    """Return what the loss looks at for a batch ``x``; ``net.head`` of it is the prediction."""
    for layer in net.layers:
        x, _ = layer(params[layer.name], x)
    return x


def new_slots(net: Network, params: dict[str, Params]) -> dict[str, dict[str, Slots]]:
    """Return the slots of parameters that no step has changed yet."""
    return {
        layer: {tensor: net.optimizer.slots(w) for tensor, w in tensors.items()}
        for layer, tensors in params.items()
    }


def step(net: Network, state: State, x: Array, y: Array) -> tuple[State, Record]:
    """Train on one batch: return the new state and the record of all that was computed.

    ``x`` is (batch, …), in the dtype of the parameters, and ``y`` what the loss takes. The loss and
    the gradients belong to the parameters before the update. No array in the record is written to
    again; the output of a first ``Flatten`` is ``x`` itself, in another shape.
    """
    record: Record = {}

    # Forward: each layer's output is the next one's input.
    pullbacks = []
    a = x
    for layer in net.layers:
        a, pullback = layer(state.params[layer.name], a)
        record[f"forward/{layer.name}/output"] = a
        pullbacks.append(pullback)
    for name in net.predicted_by:
        record[f"forward/{name}/output"] = net.head(a)[0]

    # Loss: how wrong the prediction is, and how that changes with it.
    value, da = net.loss(y, a)
    record["loss/value"] = np.asarray(value)

    # Backward: the chain rule, from the last layer to the first.
    gradients = {}
    promise: Promise = lambda: da  # noqa: E731  a def would say the same in two lines
    for layer, pullback in zip(reversed(net.layers), reversed(pullbacks), strict=True):
        promise, gradients[layer.name] = pullback(promise())
        for tensor, gradient in gradients[layer.name].items():
            record[f"backward/{layer.name}/{tensor}"] = gradient

    # Update: every parameter by its own gradient.
    t = state.iterations + 1
    params: dict[str, Params] = {}
    slots: dict[str, dict[str, Slots]] = {}
    for layer in net.layers:
        params[layer.name], slots[layer.name] = {}, {}
        for tensor, w in state.params[layer.name].items():
            new_w, new_slots = net.optimizer.update(
                w, gradients[layer.name][tensor], state.slots[layer.name][tensor], t
            )
            params[layer.name][tensor], slots[layer.name][tensor] = new_w, new_slots
            for slot, array in new_slots.items():
                record[f"slot/{layer.name}/{tensor}/{slot}"] = array
            record[f"update/{layer.name}/{tensor}"] = new_w
    return State(params, slots, t), record
