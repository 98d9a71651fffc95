"""Mistakes inside a Dense: forward, and its five gradients."""
# ruff: noqa: ARG001, ARG005  all pieces of a kind are handed the same, used or not

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from comparisons.causes.fault import Fault
from comparisons.causes.pieces import Passing, Piece, Seen, Updating, update
from comparisons.problems import Problem
from comparisons.runs.trainers import Array
from scratch import activations
from scratch.arrays import ActivationPullback
from scratch.layers import Dense


@dataclass(frozen=True)
class _Place:
    """A Dense in its network: what surrounds it decides which mistakes it can have."""

    layer: Dense
    inputs: int
    rows: int
    below: Dense | None
    above: tuple[Dense, ...]
    twin: Dense | None
    """Another layer whose kernel has the same shape."""
    head: Any
    """What turns the logits into probabilities, where this layer's are the logits."""

    @property
    def square(self) -> bool:
        return self.inputs == self.layer.units > 1

    @property
    def activation(self) -> str:
        """The activation's name, empty for none."""
        name = self.layer.activation or "linear"
        return "" if name == "linear" else str(name)

    def fault(self, kind: str, piece: str, site: str, formula: Piece, *text: str) -> Fault:
        """Return a fault that replaces one of this layer's pieces; sites are relative to it."""
        wrong, mend, shown_by = text
        name = self.layer.name
        head, _, tensor = piece.partition("/")
        pieces = {"/".join(filter(None, (head, name, tensor))): formula}
        return Fault(kind, site.format(name), pieces, wrong, mend, shown_by, name)


def faults(problem: Problem) -> Iterator[Fault]:
    """Yield the mistakes that each Dense of a problem can have."""
    for place in _places(problem):
        yield from _in_affine(place)
        yield from _in_gradients(place)
        yield from _in_slope(place)
        yield from _in_update(place)
        if place.below is not None:
            yield from _in_passing_down(place, place.below.name)


def _places(problem: Problem) -> Iterator[_Place]:
    net = problem.network
    dense = [layer for layer in net.layers if isinstance(layer, Dense)]
    shapes = {layer.name: problem.weights[f"{layer.name}/kernel"].shape for layer in dense}
    for i, layer in enumerate(dense):
        alike = (d for d in dense if d is not layer and shapes[d.name] == shapes[layer.name])
        yield _Place(
            layer=layer,
            inputs=shapes[layer.name][0],
            rows=problem.batch_size,
            below=dense[i - 1] if i else None,
            above=tuple(dense[i + 1 :]),
            twin=next(alike, None),
            head=net.head if net.predicted_by[:1] == (layer.name,) else None,
        )


def _in_affine(at: _Place) -> Iterator[Fault]:
    if at.layer.use_bias:
        yield at.fault(
            "bias left out", "affine", "forward/{}/output",
            lambda params, x: x @ params["kernel"],
            "The forward pass leaves the bias out.",
            "Add it: z = x @ kernel + bias.",
            "regression_asymmetric",
        )  # fmt: skip
    if at.square:
        yield at.fault(
            "kernel used transposed", "affine", "forward/{}/output",
            lambda params, x: x @ params["kernel"].T + params.get("bias", 0),
            "The forward pass multiplies by the transposed kernel.",
            "Multiply by the kernel as it is: x @ kernel, or kernelᵀ @ x with features first.",
            "regression_asymmetric",
        )  # fmt: skip
    if at.activation:
        yield at.fault(
            "activation left out", "activation", "forward/{}/output",
            lambda function, z: activations.linear(z),
            "The activation is not applied, so the layer is linear.",
            "Return f(z), not z.",
            "short_last_batch",
        )  # fmt: skip
    if at.activation == "leaky_relu":
        yield at.fault(
            "leaky_relu with the slope of the layer LeakyReLU", "activation", "forward/{}/output",
            lambda function, z: activations.leaky_relu(z, negative_slope=0.3),
            "Negative inputs are multiplied by 0.3, which is what the layer LeakyReLU does.",
            "Multiply by 0.2: the activation 'leaky_relu' has another slope than the layer.",
            "logits",
        )  # fmt: skip
        yield replace(
            at.fault(
                "slope not rounded to float32", "activation", "forward/{}/output",
                lambda function, z: activations.leaky_relu(z, negative_slope=0.2),
                "The slope 0.2 is used as it is written; Keras on TensorFlow rounds it to float32.",
                "This is Keras's own way and no mistake of yours: float(np.float32(0.2)) in place "
                "of 0.2 gives its numbers.",
                "logits",
            ),
            dtype="float64",
        )  # fmt: skip


def _in_gradients(at: _Place) -> Iterator[Fault]:
    kernel, bias = "backward/{}/kernel", "backward/{}/bias"
    if at.square:
        yield at.fault(
            "kernel gradient transposed", "kernel_gradient", kernel,
            lambda seen, dz: dz.T @ seen.x,
            "The kernel gradient is the transpose of what it should be.",
            "The kernel is (inputs, units), so its gradient is xᵀ @ dz and not dzᵀ @ x.",
            "regression_asymmetric",
        )  # fmt: skip
        yield at.fault(
            "kernel gradient formed with the output", "kernel_gradient", kernel,
            lambda seen, dz: seen.y.T @ dz,
            "The kernel gradient is formed with the layer's output in place of its input.",
            "Keep what came in: the gradient is xᵀ @ dz.",
            "regression_asymmetric",
        )  # fmt: skip
    if at.rows > 1:
        yield at.fault(
            "kernel gradient averaged once more", "kernel_gradient", kernel,
            lambda seen, dz: seen.x.T @ dz / len(dz),
            "The kernel gradient is divided by the batch size, which the loss has done already.",
            "Leave it at xᵀ @ dz.",
            "short_last_batch",
        )  # fmt: skip
        if at.layer.use_bias:
            yield at.fault(
                "bias gradient averaged once more", "bias_gradient", bias,
                lambda dz: dz.mean(axis=0),
                "The bias gradient is the mean of dz, though the loss has already divided.",
                "Sum dz over the batch: dz.sum(axis=0).",
                "short_last_batch",
            )  # fmt: skip
            yield at.fault(
                "bias gradient of one sample", "bias_gradient", bias,
                lambda dz: dz[-1],
                "The bias gradient is that of the batch's last sample alone.",
                "Sum dz over the batch: dz.sum(axis=0).",
                "short_last_batch",
            )  # fmt: skip


#: f'(v) of the activations whose derivative is often written as a function of their own output.
_SLOPES_BY_OUTPUT = {"sigmoid": lambda v: v * (1 - v), "tanh": lambda v: 1 - v * v}


def _in_slope(at: _Place) -> Iterator[Fault]:
    kernel, name = "backward/{}/kernel", at.activation
    if name:
        yield at.fault(
            "activation derivative missing", "slope", kernel,
            lambda pullback, dy, seen: dy,
            "The error is passed through the activation without its derivative.",
            "Multiply: dz = dy * f'(z).",
            "classification_asymmetric",
        )  # fmt: skip
    if by_output := _SLOPES_BY_OUTPUT.get(name):
        yield at.fault(
            "activation derivative taken at z", "slope", kernel,
            lambda pullback, dy, seen: dy * by_output(seen.z),
            "A formula for the derivative that expects the output, such as a (1 - a), is given z.",
            "Put the activation's output a into it.",
            "classification_asymmetric",
        )  # fmt: skip
        yield at.fault(
            "activation derivative taken at a", "slope", kernel,
            lambda pullback, dy, seen: activations.get(name)(seen.y)[1](dy),
            "A function for f'(z), which applies f itself, is given the output.",
            "Give it z, or use the formula in terms of the output.",
            "classification_asymmetric",
        )  # fmt: skip
        if at.square:
            yield at.fault(
                "activation derivative of the layer below", "slope", kernel,
                lambda pullback, dy, seen: dy * by_output(seen.x),
                "The activation's derivative is taken at the layer's input, "
                "the output of the layer below.",
                "Take it at this layer's own output.",
                "classification_asymmetric",
            )  # fmt: skip
    if name == "relu":
        yield at.fault(
            "relu derivative 1 at 0", "slope", kernel,
            lambda pullback, dy, seen: dy * (seen.z >= 0),
            "At exactly 0 the derivative of relu is taken as 1.",
            "Keras takes 0 there: dy * (z > 0).",
            "relu_kinks",
        )  # fmt: skip
        yield at.fault(
            "relu derivative taken from the error", "slope", kernel,
            lambda pullback, dy, seen: dy * (dy > 0),
            "The error is cut off where it is negative itself, not where the input was.",
            "Ask the forward pass: dy * (z > 0).",
            "relu_kinks",
        )  # fmt: skip
    if name == "softmax":
        yield at.fault(
            "softmax Jacobian's diagonal only", "slope", kernel,
            lambda pullback, dy, seen: dy * seen.y * (1 - seen.y),
            "Of the Jacobian of softmax only the diagonal y (1 - y) is used.",
            "Each output depends on every logit: dz = y * (dy - sum(dy * y)).",
            "softmax_clipped",
        )  # fmt: skip
    if at.head in (activations.sigmoid, activations.softmax):
        yield at.fault(
            f"{at.head.__name__} derivative applied twice", "slope", kernel,
            partial(_through_head, at.head),
            "The derivative of the last activation is multiplied in, "
            "though p - y already contains it.",
            "With a cross-entropy dz = p - y, and nothing more.",
            "classification" if at.head is activations.sigmoid else "softmax_sparse",
        )  # fmt: skip


def _through_head(head: Any, pullback: ActivationPullback, dy: Array, seen: Seen) -> Array:
    gradient: Array = head(seen.z)[1](dy)
    return gradient


def _in_passing_down(at: _Place, below: str) -> Iterator[Fault]:
    site = f"backward/{below}/kernel"
    yield at.fault(
        "weights read after their own update", "input_gradient", site,
        lambda down: down.dz @ down.updated["kernel"].T,
        "The error is passed down through the kernel after that has been updated.",
        "Form all gradients before the first parameter moves, or keep a copy of the kernel.",
        "regression",
    )  # fmt: skip
    if at.square:
        yield at.fault(
            "error passed down through the transposed kernel", "input_gradient", site,
            lambda down: down.dz @ down.params[down.layer]["kernel"],
            "The error goes down through the kernel where its transpose belongs.",
            "Pass down dz @ kernelᵀ.",
            "deep_tanh",
        )  # fmt: skip
    if at.twin is not None:
        other = at.twin.name
        yield at.fault(
            "error passed down through another layer's kernel", "input_gradient", site,
            partial(_through_kernel_of, other),
            f"The error is passed down through the kernel of {other}.",
            "Use the kernel that made this layer's output.",
            "deep_tanh",
        )  # fmt: skip
    if at.inputs > 1:
        yield at.fault(
            "error passed to the wrong units", "input_gradient", site,
            lambda down: (down.dz @ down.params[at.layer.name]["kernel"].T)[..., ::-1],
            "Each unit below gets the error of another: the kernel's rows are read backwards.",
            "The error of unit i goes through row i: dz @ kernel[i].",
            "regression_asymmetric",
        )  # fmt: skip
    yield at.fault(
        "error not passed down", "input_gradient", site,
        lambda down: np.zeros((len(down.dz), at.inputs), down.dz.dtype),
        "No error reaches the layers below, so only this layer and those above it learn.",
        "Pass down dz @ kernelᵀ.",
        "regression",
    )  # fmt: skip


def _through_kernel_of(other: str, down: Passing) -> Array:
    gradient: Array = down.dz @ down.params[other]["kernel"].T
    return gradient


def _in_update(at: _Place) -> Iterator[Fault]:
    if not at.above:
        yield Fault(
            "last layer skipped",
            f"update/{at.layer.name}/kernel",
            {f"update/{at.layer.name}/{t}": _left for t in ("kernel", "bias")},
            "The loop over the layers stops one short: the last layer's parameters never change.",
            "Update every layer, the last included.",
            "regression",
        )
    if not at.layer.use_bias:
        return
    site = "update/{}/bias"
    yield at.fault(
        "bias never updated", "update/bias", site, _left,
        "The bias keeps its value.",
        "Update it like the kernel: bias -= learning_rate * dbias.",
        "regression",
    )  # fmt: skip
    for row in range(min(at.inputs, 2)):
        where = f"kernel[{row}]" if at.layer.units > 1 else f"kernel[{row}, 0]"
        for when, read in (("old", _old), ("new", _new)):
            yield at.fault(
                f"bias started from the {when} {where}", "update/bias", site,
                partial(_from_kernel, row, read),
                f"The bias is not updated from itself: its step is added to {where}"
                + (", which has been updated before." if when == "new" else "."),
                "Start from the bias: bias = bias - learning_rate * dbias.",
                "regression_asymmetric",
            )  # fmt: skip


def _left(one: Updating) -> tuple[Array, Any]:
    return one.before[one.tensor], one.slots


def _old(one: Updating) -> Array:
    return one.before["kernel"]


def _new(one: Updating) -> Array:
    return one.updated["kernel"]


def _from_kernel(row: int, read: Piece, one: Updating) -> tuple[Array, Any]:
    return update(one._replace(before=one.before | {"bias": read(one)[row]}))
