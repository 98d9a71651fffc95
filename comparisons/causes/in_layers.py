"""Mistakes inside a Dense: forward, and its five gradients."""
# ruff: noqa: ARG001, ARG005  all pieces of a kind are handed the same, used or not

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import Any

import numpy as np

from comparisons.causes.fault import Fault
from comparisons.causes.pieces import (
    Passing,
    Piece,
    Seen,
    Updating,
    bias_gradient,
    kernel_gradient,
    update,
)
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
    rows_each: int
    """How many rows the layer sees of one sample."""
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

    def fault(
        self,
        kind: str,
        piece: str,
        site: str,
        formula: Piece,
        *text: str,
        of_the_batch: bool = False,
    ) -> Fault:
        """Return a fault that replaces one of this layer's pieces; sites are relative to it."""
        wrong, mend, shown_by = text
        name = self.layer.name
        head, _, tensor = piece.partition("/")
        pieces = {"/".join(filter(None, (head, name, tensor))): formula}
        return Fault(
            kind, site.format(name), pieces, wrong, mend, shown_by, name, of_the_batch=of_the_batch
        )


def faults(problem: Problem) -> Iterator[Fault]:
    """Yield the mistakes that each Dense of a problem can have."""
    places = list(_places(problem))
    for place in places:
        yield from _in_affine(place)
        yield from _in_gradients(place)
        yield from _in_slope(place)
        yield from _in_update(place)
        if place.below is not None:
            yield from _in_passing_down(place, place.below.name)
    yield from _in_all_gradients(places)


def _places(problem: Problem) -> Iterator[_Place]:
    net = problem.network
    dense = [layer for layer in net.layers if isinstance(layer, Dense)]
    shapes = {layer.name: problem.weights[f"{layer.name}/kernel"].shape for layer in dense}
    rows_each, shape = {}, problem.x.shape[1:]
    for each in net.layers:
        rows_each[each.name] = prod(shape[:-1])
        shape = each.output_shape(shape)
    for i, layer in enumerate(dense):
        alike = (d for d in dense if d is not layer and shapes[d.name] == shapes[layer.name])
        yield _Place(
            layer=layer,
            inputs=shapes[layer.name][0],
            rows_each=rows_each[layer.name],
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
        yield at.fault(
            "activation left out, its derivative kept", "activation", "forward/{}/output",
            lambda function, z: (z, function(z)[1]),
            "The activation is not applied on the way up, and on the way down its derivative is.",
            "Return f(z), not z.",
            "short_last_batch",
        )  # fmt: skip
    if by_output := _SLOPES_BY_OUTPUT.get(at.activation):
        yield at.fault(
            "activation left out, its derivative formula kept", "activation", "forward/{}/output",
            lambda function, z: (z, lambda dy: dy * by_output(z)),
            "The activation is not applied, so the formula for its derivative, such as a (1 - a), "
            "is given z.",
            "Return a = f(z), not z; the formula is then right.",
            "short_last_batch",
        )  # fmt: skip
    if at.above:
        yield from _in_hidden_activation(at)
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
            no_mistake=True,
        )  # fmt: skip


#: What a hidden layer may be given by mistake, with a problem that shows it.
_OTHER_ACTIVATIONS = {
    "sigmoid": "short_last_batch",
    "tanh": "classification_asymmetric",
    "relu": "short_last_batch",
}


def _in_hidden_activation(at: _Place) -> Iterator[Fault]:
    meant = at.activation or "no activation"
    for other, shown_by in _OTHER_ACTIVATIONS.items():
        if other != at.activation:
            yield at.fault(
                f"another activation: {other}", "activation", "forward/{}/output",
                partial(_another, other),
                f"The layer applies {other}, and takes its derivative, where the problem has "
                f"{meant}.",
                f"Apply {meant}." if at.activation else "Return z as it is.",
                shown_by,
            )  # fmt: skip


def _another(other: str, function: Any, z: Array) -> Any:
    return activations.get(other)(z)


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
    yield at.fault(
        "kernel gradient averaged once more", "kernel_gradient", kernel,
        _averaged_kernel_gradient,
        "The kernel gradient is divided by the batch size, which the loss has done already.",
        "Leave it at xᵀ @ dz.",
        "short_last_batch",
        of_the_batch=True,
    )  # fmt: skip
    yield at.fault(
        "kernel gradient not divided by the batch", "kernel_gradient", kernel,
        partial(_summed_kernel_gradient, at.rows_each),
        "This kernel's gradient is a sum over the batch; the others are means.",
        "Divide it by the batch size too, once.",
        "short_last_batch",
        of_the_batch=True,
    )  # fmt: skip
    if at.layer.use_bias:
        yield at.fault(
            "bias gradient averaged once more", "bias_gradient", bias,
            _averaged_bias_gradient,
            "The bias gradient is the mean of dz, though the loss has already divided.",
            "Sum dz over the batch: dz.sum(axis=0).",
            "short_last_batch",
            of_the_batch=True,
        )  # fmt: skip
        yield at.fault(
            "bias gradient not divided by the batch", "bias_gradient", bias,
            partial(_summed_bias_gradient, at.rows_each),
            "This bias's gradient is a sum over the batch; the others are means.",
            "Divide it by the batch size too, once.",
            "short_last_batch",
            of_the_batch=True,
        )  # fmt: skip
        yield at.fault(
            "bias gradient of one sample", "bias_gradient", bias,
            lambda dz: dz[-1],
            "The bias gradient is that of the batch's last sample alone.",
            "Sum dz over the batch: dz.sum(axis=0).",
            "short_last_batch",
            of_the_batch=True,
        )  # fmt: skip


def _averaged_kernel_gradient(seen: Seen, dz: Array) -> Array:
    return kernel_gradient(seen, dz) / len(dz)


def _averaged_bias_gradient(dz: Array) -> Array:
    return bias_gradient(dz) / len(dz)


def _summed_kernel_gradient(rows_each: int, seen: Seen, dz: Array) -> Array:
    return kernel_gradient(seen, dz) * (len(dz) // rows_each)


def _summed_bias_gradient(rows_each: int, dz: Array) -> Array:
    return bias_gradient(dz) * (len(dz) // rows_each)


def _in_all_gradients(places: list[_Place]) -> Iterator[Fault]:
    """Yield what is divided wrongly in all kernels or all biases; of one, its layer tells it."""
    biased = [at for at in places if at.layer.use_bias]
    for at_all, tensor, others, averaged, summed in (
        (places, "kernel", "biases", _averaged_kernel_gradient, _summed_kernel_gradient),
        (biased, "bias", "kernels", _averaged_bias_gradient, _summed_bias_gradient),
    ):
        if len(at_all) < 2:
            continue
        site = f"backward/{at_all[-1].layer.name}/{tensor}"
        piece, plural = f"{tensor}_gradient", "kernels" if tensor == "kernel" else "biases"
        yield Fault(
            f"{plural} averaged once more", site,
            {f"{piece}/{at.layer.name}": averaged for at in at_all},
            f"The gradients of all {plural} are divided by the batch size once too often; "
            f"those of the {others} are right.",
            "Divide once: where the loss has done so, sum over the batch.",
            "short_last_batch",
            of_the_batch=True,
        )  # fmt: skip
        yield Fault(
            f"{plural} not divided by the batch", site,
            {f"{piece}/{at.layer.name}": partial(summed, at.rows_each) for at in at_all},
            f"The gradients of all {plural} are sums over the batch; those of the {others} are "
            "means.",
            f"Divide those of the {plural} by the batch size too.",
            "short_last_batch",
            of_the_batch=True,
        )  # fmt: skip


#: f'(v) of the activations whose derivative is often written as a function of their own output.
_SLOPES_BY_OUTPUT = {"sigmoid": lambda v: v * (1 - v), "tanh": lambda v: 1 - v * v}

#: What is written in the place of these by mistake.
_OTHER_SLOPES: dict[str, tuple[tuple[str, Piece], ...]] = {
    "sigmoid": (("1 - a", lambda a: 1 - a), ("a", lambda a: a)),
    "tanh": (("a (1 - a)", lambda a: a * (1 - a)), ("1 - a", lambda a: 1 - a)),
}


def _other_slope(formula: Piece, pullback: ActivationPullback, dy: Array, seen: Seen) -> Array:
    dz: Array = dy * formula(seen.y)
    return dz


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
        for written, formula in _OTHER_SLOPES[name]:
            yield at.fault(
                f"derivative of {name} written as {written}", "slope", kernel,
                partial(_other_slope, formula),
                f"The derivative of {name} is taken to be {written}, where a is its output.",
                f"It is {'a (1 - a)' if name == 'sigmoid' else '1 - a²'}.",
                "classification_asymmetric" if name == "sigmoid" else "short_last_batch",
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
    if at.head is activations.softmax:
        yield at.fault(
            "p (1 - p) multiplied in behind softmax", "slope", kernel,
            lambda pullback, dy, seen: dy * (p := activations.softmax(seen.z)[0]) * (1 - p),
            "The error at the softmax is multiplied by p (1 - p), the derivative of a sigmoid.",
            "With a cross-entropy dz = p - y, and nothing more.",
            "softmax_sparse",
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
    site = f"update/{at.layer.name}/kernel"
    pieces = {f"update/{at.layer.name}/{t}": _left for t in ("kernel", "bias")}
    if at.above:
        yield Fault(
            "layer never updated", site, pieces,
            "The layer's kernel and bias keep their values.",
            "Update every layer" + ("." if at.below else ", the first included."),
            "regression",
            at.layer.name,
        )  # fmt: skip
    else:
        yield Fault(
            "last layer skipped", site, pieces,
            "The loop over the layers stops one short: the last layer's parameters never change.",
            "Update every layer, the last included.",
            "regression",
        )  # fmt: skip
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
