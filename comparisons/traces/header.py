"""The first line of an index: the problem as concrete values, and where the numbers come from."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.problems import DTYPES, Problem
from comparisons.runs import scratch_trainer
from comparisons.traces import files, tensors
from comparisons.traces.errors import RecordingError
from comparisons.traces.layout import Layout

Array = npt.NDArray[Any]

#: The name and number of the format; the number changes when old readers cannot read it.
FORMAT = "keras-parity/recording/1"

#: The file with the problem's data, initial weights and order.
PROBLEM_FILE = "problem.safetensors"

_FIELDS = {
    "format": str,
    "name": str,
    "question": str,
    "model": dict,
    "training": dict,
    "batch_size": int,
    "dtype": str,
    "weights": list,
    "bytes": int,
    "sha256": str,
    "environment": dict,
    "constants": dict,
    "sites": list,
}


@dataclass(frozen=True)
class Header:
    """What is known before the first step.

    ``environment`` says what computed the numbers, ``constants`` which ones it held otherwise
    than its configs say, and ``sites`` what was recorded, in causal order. ``restarts`` is
    whether scratch can start from the slots recorded, which another Keras may name otherwise.
    """

    problem: Problem
    environment: Mapping[str, str]
    constants: Mapping[str, float]
    sites: tuple[str, ...]
    restarts: bool = True

    def data(self) -> bytes:
        """Return the content of the file that holds the problem's arrays."""
        problem = self.problem
        arrays = {f"weight/{path}": weight for path, weight in problem.weights.items()}
        return tensors.encode({"x": problem.x, "y": problem.y, "order": problem.order} | arrays)

    def entry(self, data: bytes) -> dict[str, Any]:
        """Return the line of the index, given the content of the file beside it."""
        problem = self.problem
        return {
            "format": FORMAT,
            "name": problem.name,
            "question": problem.question,
            "model": problem.model,
            "training": problem.training,
            "batch_size": problem.batch_size,
            "dtype": problem.dtype,
            "weights": list(problem.weights),
            "bytes": len(data),
            "sha256": files.sha256(data),
            "environment": dict(self.environment),
            "constants": dict(self.constants),
            "sites": list(self.sites),
        }


def read(directory: Path, entry: Mapping[str, Any]) -> tuple[Header, Layout]:
    """Rebuild what an entry and the file beside it say, and check that all of it fits.

    Raises ``RecordingError`` where it does not.
    """
    if entry.get("format") != FORMAT:
        found = entry.get("format", "no format")
        message = (
            f"{directory} has the format {found!r}, and this version reads {FORMAT!r}: "
            "record again, or read it with the version that wrote it"
        )
        raise RecordingError(message)
    wrong = next((name for name, kind in _FIELDS.items() if type(entry.get(name)) is not kind), "")
    wrong = wrong or _wrong_inside(entry)
    if wrong:
        message = f"{directory} is not a recording: the {wrong} in its index is not what it must be"
        raise RecordingError(message)
    data = files.read_checked(directory / PROBLEM_FILE, entry["bytes"], entry["sha256"])
    arrays = tensors.decode(data, directory / PROBLEM_FILE)
    try:
        problem = _problem(entry, arrays)
        layout = Layout.of(problem, entry["sites"])
        slots = _slots_of_a_step(problem, entry["constants"])
    except RecordingError as error:
        message = f"{directory} is not a recording: {error}"
        raise RecordingError(message) from error
    # A config may hold anything, and what scratch makes of that may be any error.
    except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError) as error:
        message = f"{directory} is not a recording: no problem can be made of its configs"
        raise RecordingError(message) from error
    except ValueError as error:
        message = f"{directory} is not a recording: {error}"
        raise RecordingError(message) from error
    sites = tuple(entry["sites"])
    restarts = slots == {site for site in sites if site.startswith("slot/")}
    return Header(problem, entry["environment"], entry["constants"], sites, restarts), layout


def _slots_of_a_step(problem: Problem, constants: Mapping[str, float]) -> set[str]:
    """Let scratch take one step, which shows that the configs make sense; return its slots."""
    trainer = scratch_trainer(problem, constants)
    rows = problem.order[0][: problem.batch_size]
    with np.errstate(all="ignore"):
        _, record = trainer.step(trainer.init(problem.weights), problem.x[rows], problem.y[rows])
    return {site for site in record if site.startswith("slot/")}


def _wrong_inside(entry: Mapping[str, Any]) -> str:
    """Return the name of a field whose items are not what they must be, or ``""``."""
    environment, training = entry["environment"], entry["training"]
    told = {"keras", "backend", "device", "dtype", str(environment.get("backend"))}
    rule = training.get("optimizer")
    config = rule.get("config", {}) if isinstance(rule, dict) else {}
    right = {
        "weights": all(isinstance(path, str) for path in entry["weights"]),
        "sites": all(isinstance(site, str) for site in entry["sites"]),
        "environment": all(isinstance(value, str) for value in environment.values())
        and told <= set(environment)
        and environment["dtype"] == entry["dtype"],
        "constants": all(
            type(number) is float and math.isfinite(number)
            for number in entry["constants"].values()
        ),
        "dtype": entry["dtype"] in DTYPES,
        "training": all(type(training.get(name)) in {str, dict} for name in ("loss", "optimizer")),
        "optimizer": isinstance(config, dict)
        and not any(isinstance(value, list | dict) for value in config.values()),
        "model": isinstance(entry["model"].get("layers"), list),
    }
    return next((name for name, holds in right.items() if not holds), "")


def _problem(entry: Mapping[str, Any], arrays: Mapping[str, Array]) -> Problem:
    names = {f"weight/{path}": path for path in entry["weights"]}
    if set(arrays) != {"x", "y", "order", *names} or len(names) != len(entry["weights"]):
        message = f"{PROBLEM_FILE} does not have exactly x, y, order and the weights"
        raise RecordingError(message)
    for name, array in arrays.items():
        allowed = {"order": {"int64"}, "y": {"int64", entry["dtype"]}}.get(name, {entry["dtype"]})
        if str(array.dtype) not in allowed:
            message = f"{name} is {array.dtype} in a {entry['dtype']} problem"
            raise RecordingError(message)
    largest = max(max(array.shape, default=0) for array in arrays.values())
    if any(size > largest for size in _sizes(entry["model"]["layers"])):
        message = f"its model is larger than the weights in {PROBLEM_FILE}"
        raise RecordingError(message)
    return Problem(
        name=entry["name"],
        question=entry["question"],
        model=entry["model"],
        training=entry["training"],
        x=arrays["x"],
        y=arrays["y"],
        weights={path: arrays[name] for name, path in names.items()},
        order=arrays["order"],
        batch_size=entry["batch_size"],
        dtype=entry["dtype"],
    )


def _sizes(layers: list[Any]) -> list[int]:
    """Return the sizes that a model's config asks for: making it takes memory for them."""
    sizes: list[Any] = []
    for layer in layers:
        config = layer["config"]
        sizes += [config.get("units", 0), *config.get("batch_shape", ())]
    return [int(size) for size in sizes if isinstance(size, int | float) and np.isfinite(size)]
