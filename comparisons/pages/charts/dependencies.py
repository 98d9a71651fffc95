"""The chain of dependencies: what is computed from what, and the chain rule back along it.

Downward, the forward pass: each quantity with its formula and its value in the first step. Upward,
the backward pass: beside each arrow the local derivative by which it multiplies.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from markupsafe import Markup

from comparisons.pages.charts import reading, svg
from comparisons.pages.charts.chart import Chart
from comparisons.pages.charts.numbers import counted, cut, short, subscript
from comparisons.pages.charts.reading import Array, Layer, Run

TITLE = "The chain of dependencies"

#: The middle of the chain, the sizes of its nodes, and how far apart they stand.
MIDDLE, WIDTH, HEIGHT, PITCH = 178.0, 52.0, 34.0, 84.0
TOP, WORDS = 30.0, MIDDLE + WIDTH / 2 + 12
#: The parameters beside it.
SIDE_WIDTH, SIDE = 60.0, 0.0

#: Layers up to which each is drawn; of more, so many at either end.
MOST_LAYERS, ENDS = 4, 2


@dataclass(frozen=True)
class Node:
    """A quantity; ``slope`` is its derivative by the node above, ``beside`` what else it takes."""

    symbol: str
    formula: str
    value: Array | None = None
    slope: str = ""
    beside: str = ""
    layer: str = ""
    gradients: tuple[str, ...] = ()


def draw(run: Run) -> Chart | None:
    """Return the chain, or ``None`` where the run does not say its layers."""
    if not reading.layers(run):
        return None
    every = _nodes(run)
    nodes = _folded(run, every)
    parts = [_node(node, TOP + PITCH * i) for i, node in enumerate(nodes)]
    parts += [_link(node, TOP + PITCH * i) for i, node in enumerate(nodes) if i]
    foot = TOP + PITCH * (len(nodes) - 1) + HEIGHT
    notes = _notes(run, every)
    parts += [
        svg.text(0, foot + 22 + 18 * i, cut(note, svg.WIDTH, svg.NORMAL), class_="note")
        for i, note in enumerate(notes)
    ]
    height = foot + 52 + 18 * len(notes)
    parts.append(_legend(height - 12))
    summary = _summary(every, nodes, _first(run))
    return Chart(
        key="dependencies",
        title=TITLE,
        summary=summary,
        svg=svg.picture(str(run["id"]), "dependencies", TITLE, summary, height, *parts),
        headers=("quantity", "computed as", "takes also", "local derivative", "gradients"),
        rows=tuple((n.symbol, n.formula, n.beside, n.slope, "; ".join(n.gradients)) for n in every),
    )


def _nodes(run: Run) -> list[Node]:
    """Return the chain from x to L, with the reference's values of the first step."""
    steps, side = reading.steps(run), reading.sides(run)[0]
    step: Mapping[str, Any] = steps[0] if steps else {}
    z = {p.layer: p.z for p in reading.preactivations(run, 0, side)} if steps else {}
    nodes = [Node("x", "the inputs of a batch", reading.array(step.get("x")))]
    layers = reading.layers(run)
    for k, layer in enumerate(layers, 1):
        name, before = str(layer["name"]), nodes[-1].symbol
        out = "ŷ" if k == len(layers) else f"a{subscript(k)}"
        after = reading.value(step, f"forward/{name}/output", side) if step else None
        if layer["class"] == "Dense":
            nodes.append(replace(_affine(layer, k, before), value=z.get(name)))
            before = nodes[-1].symbol
        nodes.append(replace(_activated(layer, before, out), value=after))
    loss = run.get("loss") or {}
    nodes.append(
        Node(
            "L",
            str(loss.get("class") or "the loss"),
            reading.value(step, "loss/value", side) if step else None,
            f"∂L/∂ŷ = {_loss_slope(loss)}",
            "y",
        )
    )
    return nodes


def _affine(layer: Layer, k: int, before: str) -> Node:
    """Return ``z = x W + b`` of a layer, with its parameters beside it."""
    n = subscript(k)
    biased = bool(layer.get("use_bias", True))
    gradients = [f"∂L/∂W{n} = {before}ᵀ · ∂L/∂z{n}"]
    if biased:
        gradients.append(f"∂L/∂b{n} = Σ ∂L/∂z{n}")
    return Node(
        f"z{n}",
        f"{before} · W{n}" + (f" + b{n}" if biased else ""),
        slope=f"∂z{n}/∂{before} = W{n}",
        beside=f"W{n}, b{n}" if biased else f"W{n}",
        layer=str(layer["name"]),
        gradients=tuple(gradients),
    )


def _activated(layer: Layer, before: str, out: str) -> Node:
    """Return what a layer hands on."""
    activation, class_ = reading.activation_of(layer), str(layer["class"])
    if class_ not in {"Dense", "Activation"}:
        slope = "1, in the old shape" if class_ == "Flatten" else f"that of {class_}"
        return Node(out, f"{class_}({before})", slope=f"∂{out}/∂{before}: {slope}")
    formula = before if activation == "linear" else f"{activation}({before})"
    return Node(out, formula, slope=f"∂{out}/∂{before} = {_slope(activation, before, out)}")


def _slope(activation: str, z: str, a: str) -> str:
    """Return the name of an activation's derivative."""
    return {
        "linear": "1",
        "sigmoid": f"{a} (1 − {a})",
        "tanh": f"1 − {a}²",
        "relu": f"1 ({z} > 0) or 0",
        "leaky_relu": f"1 ({z} > 0) or its slope",
        "elu": f"1 ({z} > 0) or {a} + α",
        "softplus": f"sigmoid({z})",
        "softmax": f"diag({a}) − {a}{a}ᵀ",
    }.get(activation, f"{activation}′({z})")


def _loss_slope(loss: Mapping[str, Any]) -> str:
    """Return the name of the loss's derivative by what it looks at."""
    logits = bool(loss.get("from_logits"))
    name = {
        "MeanSquaredError": "2 (ŷ − y)",
        "MeanAbsoluteError": "sign(ŷ − y)",
        "BinaryCrossentropy": "sigmoid(ŷ) − y" if logits else "(ŷ − y) / (ŷ (1 − ŷ))",
        "CategoricalCrossentropy": "softmax(ŷ) − y" if logits else "−y / ŷ",
        "SparseCategoricalCrossentropy": "softmax(ŷ) − y" if logits else "−y / ŷ",
    }.get(str(loss.get("class")))
    if name is None:
        return "that of the loss"
    if loss.get("reduction") == "sum" and loss.get("class") != "MeanSquaredError":
        return name
    return f"({name}) / n" if logits else f"{name} / n"


def _notes(run: Run, nodes: list[Node]) -> list[str]:
    """Return what the picture needs to be read: n, label smoothing, the famous shortcut."""
    loss, notes = run.get("loss") or {}, []
    if nodes[-1].slope.endswith("/ n") and (count := _divisor(run)):
        notes.append(f"n = {count}, what the loss divides by in step {_first(run)}")
    if loss.get("label_smoothing"):
        notes.append("y: after label smoothing")
    if loss.get("computed_from_logits") and not loss.get("from_logits"):
        z = next((node.symbol for node in reversed(nodes[:-2])), "z")
        notes.append(f"Keras takes the last two together: ∂L/∂{z} = (ŷ − y) / n")
    return notes


def _first(run: Run) -> str:
    """Return the number of the first step in the document."""
    steps = reading.steps(run)
    return f"{int(steps[0]['number']):,}" if steps else "1"


def _divisor(run: Run) -> int | None:
    """Return what the loss of the first step is divided by: rows, and for some losses values."""
    steps, layers = reading.steps(run), reading.layers(run)
    x = reading.array(steps[0].get("x")) if steps else None
    output = layers[-1].get("output_shape")
    if x is None or not output:
        return None
    loss = run.get("loss") or {}
    samples = 1 if loss.get("reduction") == "sum" else len(x) * math.prod(output[:-1])
    outputs = 1 if "Categorical" in str(loss.get("class")) else int(output[-1])
    return int(samples * outputs)


def _folded(run: Run, nodes: list[Node]) -> list[Node]:
    """Return a chain with the middle of a deep network in one node."""
    layers = reading.layers(run)
    if len(layers) <= MOST_LAYERS:
        return nodes
    sizes = [2 if layer["class"] == "Dense" else 1 for layer in layers]
    first, last = 1 + sum(sizes[:ENDS]), 1 + sum(sizes[-ENDS:])
    count = len(layers) - 2 * ENDS
    middle = Node("⋮", f"{counted(count, 'more layer')} alike", slope="their slopes, one by one")
    return [*nodes[:first], middle, *nodes[-last:]]


def _node(node: Node, y: float) -> Markup:
    """Return a node with its formula and value at the right and its parameters at the left."""
    middle = y + HEIGHT / 2
    known = node.value is not None and node.value.size > 0
    parts = [
        svg.rectangle(MIDDLE - WIDTH / 2, y, WIDTH, HEIGHT, "unit", HEIGHT / 2),
        svg.text(MIDDLE, middle + 5, node.symbol, class_="symbol", anchor="middle"),
        svg.text(
            WORDS,
            middle - 4 if known else middle + 4.5,
            cut(_equation(node), svg.WIDTH - WORDS, svg.NORMAL),
        ),
    ]
    if node.value is not None and known:
        words = cut(_shown(node.value), svg.WIDTH - WORDS, svg.NORMAL)
        parts.append(svg.text(WORDS, middle + 13, words, class_="note"))
    if node.beside:
        parts.append(_beside(node, y))
    return svg.group(*parts, class_="node")


def _equation(node: Node) -> str:
    if node.symbol in {"x", "⋮"}:
        return node.formula
    if node.symbol == "L":
        return f"L = {node.formula}"
    return f"{node.symbol} = {node.formula}"


def _shown(value: Array) -> str:
    """Return the numbers of a small array, the shape of a larger one."""
    if value.size <= 3:
        return ", ".join(short(v) for v in value.ravel().tolist())
    finite = value[np.isfinite(value)]
    span = (
        f", {short(float(finite.min()), 3)} … {short(float(finite.max()), 3)}"
        if finite.size
        else ""
    )
    return " × ".join(map(str, value.shape)) + span


def _beside(node: Node, y: float) -> Markup:
    """Return the parameters (or y) left of a node, and the arrows there and back."""
    middle, left, right = y + HEIGHT / 2, SIDE + SIDE_WIDTH, MIDDLE - WIDTH / 2
    parts = [
        svg.rectangle(SIDE, y + 3, SIDE_WIDTH, HEIGHT - 6, "parameter", 4),
        svg.text(SIDE + SIDE_WIDTH / 2, middle + 5, node.beside, class_="symbol", anchor="middle"),
    ]
    if not node.gradients:
        return svg.joined(*parts, svg.arrow([(left + 3, middle), (right - 3, middle)], "forward"))
    parts += [
        svg.arrow([(left + 3, middle - 5), (right - 3, middle - 5)], "forward"),
        svg.arrow([(right - 3, middle + 6), (left + 3, middle + 6)], "backward"),
        svg.text(SIDE, y - 5, cut(node.layer, MIDDLE - 30, svg.NORMAL), class_="heading"),
        *(
            svg.text(SIDE, y + HEIGHT + 14 + 16 * i, words, class_="slope")
            for i, words in enumerate(node.gradients)
        ),
    ]
    return svg.joined(*parts)


def _link(node: Node, y: float) -> Markup:
    """Return the arrow down to a node, and the one back up with the local derivative."""
    above = y - PITCH + HEIGHT
    down = svg.arrow([(MIDDLE - 8, above + 3), (MIDDLE - 8, y - 3)], "forward")
    if above == TOP + HEIGHT:
        # Nothing is learnt about the inputs: the chain rule ends at the first parameters.
        return svg.arrow([(MIDDLE, above + 3), (MIDDLE, y - 3)], "forward")
    # Formulas are narrower than words: brackets, spaces, small digits.
    words = cut(node.slope, 1.2 * (svg.WIDTH - MIDDLE - 22), svg.NORMAL)
    return svg.joined(
        down,
        svg.arrow([(MIDDLE + 8, y - 3), (MIDDLE + 8, above + 3)], "backward"),
        svg.text(MIDDLE + 22, (above + y) / 2 + 5, words, class_="slope"),
    )


def _legend(y: float) -> Markup:
    return svg.group(
        svg.arrow([(0, y - 4), (34, y - 4)], "forward"),
        svg.text(42, y, "forward: computed from", class_="key-label"),
        svg.arrow([(244, y - 4), (210, y - 4)], "backward"),
        svg.text(252, y, "backward: times", class_="key-label"),
        class_="legend",
    )


def _summary(every: list[Node], nodes: list[Node], step: str) -> str:
    chain = " → ".join(node.symbol for node in nodes)
    back = " · ".join(node.slope for node in reversed(nodes[2:]) if node.symbol != "⋮")
    final = every[-1].value
    value = (
        f" (L is {short(float(final))} in step {step})"
        if final is not None and final.size == 1
        else ""
    )
    return f"Forward: {chain}{value}; backward, the local derivatives in turn: {back}."
