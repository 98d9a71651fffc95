"""Whether two problems are the same, and if not, in what they differ."""

import json
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from comparisons.problems.problem import Problem

Array = npt.NDArray[Any]


def differing(one: Problem, other: Problem) -> tuple[str, ...]:
    """Return what differs between two problems, in words; empty where they are the same.

    Configs are compared as JSON and arrays bit by bit. Names and questions do not count.
    """
    if one is other:
        return ()
    ours, theirs = _content(one), _content(other)
    return tuple(name for name, content in ours.items() if content != theirs[name])


def _content(problem: Problem) -> dict[str, Any]:
    return {
        "dtype": problem.dtype,
        "model": _json(problem.model["layers"]),
        "loss": _json(problem.training["loss"]),
        "optimizer": _json(problem.training["optimizer"]),
        "x": _bits({"x": problem.x}),
        "y": _bits({"y": problem.y}),
        "initial weights": _bits(problem.weights),
        "batch size": int(problem.batch_size),
        "order of the rows": _bits({"order": problem.order}),
    }


def _json(config: Any) -> str:
    return json.dumps(config, sort_keys=True, default=lambda number: number.item())


def _bits(arrays: Mapping[str, Array]) -> list[tuple[str, str, tuple[int, ...], bytes]]:
    return [(name, str(a.dtype), a.shape, a.tobytes()) for name, a in arrays.items()]
