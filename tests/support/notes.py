"""The printed code of the notes, written anew: ``scratch.tutorial`` with its three defects.

The tutorial's functions do the forward pass. Each number of the notes' update is a function in
a table, and a defect puts another function in the place of one.
"""
# ruff: noqa: ARG005  all functions of one place take the same, used or not

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from comparisons import Problem
from comparisons.runs import TutorialTrainer
from scratch import tutorial
from scratch.losses import MeanSquaredError

Array = Any
Pieces = dict[str, Callable[..., Array]]

#: As they should be. ``b2_from`` is where b2 starts from, after W2 has moved; ``W2_read`` is the
#: W2 behind the gradients of the first layer; ``dW1`` their products with the input.
RIGHT: Pieces = {
    "b2_from": lambda parameters: parameters["b2"],
    "W2_read": lambda old, new: old,
    "dW1": lambda x, delta: x @ delta.T,
}

#: The three defects, numbered as the facts number them.
DEFECTS: dict[int, Pieces] = {
    1: {"b2_from": lambda parameters: parameters["W2"][1:2]},
    2: {"W2_read": lambda old, new: new},
    3: {"dW1": lambda x, delta: delta @ x.T},
}

#: What each defect is called in the catalogue of faults.
FAULTS = {
    1: "bias started from the new kernel[1, 0] (dense_1)",
    2: "weights read after their own update (dense_1)",
    3: "kernel gradient transposed (dense)",
}


@dataclass(frozen=True)
class NotesTrainer(TutorialTrainer):
    """The notes' network with some of its defects; in all else the tutorial's trainer."""

    pieces: Pieces = field(default_factory=dict)

    @classmethod
    def with_defects(cls, problem: Problem, defects: Iterable[int]) -> "NotesTrainer":
        pieces = dict(RIGHT)
        for defect in defects:
            pieces |= DEFECTS[defect]
        return replace(cls.of(problem), pieces=pieces)

    def step(self, state: tutorial.Parameters, x: Array, y: Array) -> tuple[Any, Any]:
        before = {name: w.copy() for name, w in state.items()}
        _, record = super().step(state, x, y)
        record = {site: a for site, a in record.items() if not site.startswith("update/")}
        hidden, y_hat = (record[f"forward/{layer}/output"].T for layer in self.layers)
        state.update(self._updated(before, x.T, hidden, y.T - y_hat))
        for number, layer in enumerate(self.layers, 1):
            record[f"update/{layer}/kernel"] = state[f"W{number}"].copy()
            record[f"update/{layer}/bias"] = state[f"b{number}"].ravel().copy()
        return state, record

    def _updated(
        self, before: tutorial.Parameters, x: Array, hidden: Array, error: Array
    ) -> tutorial.Parameters:
        """Return the parameters after a step, each product multiplied in the notes' order."""
        squared = isinstance(self.loss, MeanSquaredError)
        rate = self.learning_rate * (2 if squared else 1) * error
        after = {"W2": before["W2"] + rate * hidden}
        after["b2"] = self.pieces["b2_from"](before | after) + rate
        delta = rate * self.pieces["W2_read"](before["W2"], after["W2"])
        if not squared:
            delta = delta * hidden * (1 - hidden)
        after["W1"] = before["W1"] + self.pieces["dW1"](x, delta)
        after["b1"] = before["b1"] + delta
        return {name: after[name] for name in before}


def epoch_losses(trainer: NotesTrainer, problem: Problem) -> tuple[list[float], Any]:
    """Train freely and return the mean loss of every epoch, with the final parameters."""
    state, means = trainer.init(problem.weights), []
    for epoch in problem.order:
        losses = []
        for row in epoch:
            state, record = trainer.step(state, problem.x[[row]], problem.y[[row]])
            losses.append(record["loss/value"])
        means.append(float(np.mean(losses)))
    return means, state
