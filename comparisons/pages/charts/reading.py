"""Reading a run: numbers out of JSON, the two sides, parameters, pre-activations.

A number that is not finite is a string in the document, one that is missing is null: both become
a float that is not finite here, and a gap with a mark in a picture.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Run = Mapping[str, Any]
Layer = Mapping[str, Any]


@dataclass(frozen=True)
class Side:
    """One of the two sides: its key in the document and its name."""

    key: str
    name: str


def sides(run: Run) -> tuple[Side, Side]:
    """Return the reference, which is drawn first and below, and the candidate."""
    names = [str(run.get(key) or key) for key in ("reference", "candidate")]
    return Side("reference", names[0]), Side("candidate", names[1])


def number(value: Any) -> float:
    """Return a number of the document; ``nan`` where there is none."""
    if value is None:
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def numbers(values: Any) -> list[float]:
    """Return a list of numbers of the document."""
    return [number(value) for value in values or ()]


def array(value: Any) -> Array | None:
    """Return nested lists as an array; ``None`` where there are none, or of no one shape."""
    if value is None:
        return None
    try:
        return np.asarray(value, np.float64)
    except (TypeError, ValueError):
        return None


def steps(run: Run) -> Sequence[Mapping[str, Any]]:
    """Return the steps that are in the document in full."""
    return run.get("steps") or ()


def series(run: Run) -> Mapping[str, Any]:
    """Return the one number a step of each site, for all steps."""
    return run.get("series") or {}


def series_sites(run: Run) -> Mapping[str, Mapping[str, Sequence[Any]]]:
    """Return the series of each site that has any, in causal order."""
    found: Mapping[str, Any] = series(run).get("sites") or {}
    order = [site for site in run.get("sites") or found if site in found]
    return {site: found[site] for site in order if found[site].get("outcome")}


def layers(run: Run) -> Sequence[Layer]:
    """Return the layers in order."""
    return run.get("layers") or ()


def factor(run: Run) -> float:
    """Return how many times its budget a site may differ."""
    return number(run.get("factor", 4.0))


def value(step: Mapping[str, Any], site: str, side: Side) -> Array | None:
    """Return what a side computed at a site; ``None`` where it is missing or left out."""
    entry = step.get("sites", {}).get(site) or {}
    return array(entry.get(side.key))


def phase(site: str) -> str:
    """Return the first part of a site's name."""
    return site.partition("/")[0]


def rest(site: str) -> str:
    """Return a site's name without its phase: ``dense/kernel``."""
    return site.partition("/")[2]


def follows(run: Run, index: int) -> bool:
    """Return whether the step before this one is the element before it: steps may be left out."""
    if not index:
        return False
    before, step = steps(run)[index - 1 : index + 1]
    return int(before["number"]) == int(step["number"]) - 1


def parameters_before(run: Run, index: int, side: Side) -> dict[str, Array | None]:
    """Return the parameters with which a step began, by name (``dense/kernel``).

    They are those after the step before it, or the start's. Where that step is not in the
    document the step itself says them, or they are not known. In a locked run both sides begin
    with the reference's.
    """
    start = run.get("start") or {}
    step = steps(run)[index]
    whose = sides(run)[0] if run.get("mode") == "locked" else side
    if int(step["number"]) == 1:
        return {name: array(values) for name, values in start.items()}
    if follows(run, index):
        return {name: value(steps(run)[index - 1], f"update/{name}", whose) for name in start}
    said = (step.get("before") or {}).get(whose.key) or {}
    return {name: array(said.get(name)) for name in start}


@dataclass(frozen=True)
class Preactivation:
    """What a layer's activation was given, derived: ``z`` is (batch, units)."""

    layer: str
    activation: str
    z: Array


def preactivations(run: Run, index: int, side: Side) -> Iterator[Preactivation]:
    """Yield what can be derived of a step: ``z = x·W + b`` with the parameters before it."""
    step = steps(run)[index]
    params = parameters_before(run, index, side)
    before = array(step.get("x"))
    for layer in layers(run):
        name = str(layer["name"])
        z = _given_to_activation(layer, params, before)
        if z is not None:
            yield Preactivation(name, activation_of(layer), z)
        after = value(step, f"forward/{name}/output", side)
        if after is None and layer["class"] == "Flatten" and before is not None:
            after = before.reshape(len(before), -1)
        before = after


def activation_of(layer: Layer) -> str:
    """Return the name of a layer's activation."""
    return str(layer.get("activation") or "linear")


def _given_to_activation(
    layer: Layer, params: Mapping[str, Array | None], x: Array | None
) -> Array | None:
    if x is None or layer["class"] not in {"Dense", "Activation"}:
        return None
    if layer["class"] == "Activation":
        return x
    kernel = params.get(f"{layer['name']}/kernel")
    bias = params.get(f"{layer['name']}/bias")
    if kernel is None or kernel.ndim != 2 or x.shape[-1:] != kernel.shape[:1]:
        return None
    with np.errstate(all="ignore"):
        z = x @ kernel
        return z if bias is None else z + bias
